"""What is read of each runner's output: figures, names, and how to run just those again."""

import unittest

from scripts.dev.outcome import Cargo, Failure, Node, Outcome, Reader, Unittest, Vitest

CARGO = """\
     Running unittests src/lib.rs (target/debug/deps/prosaas_ingress-0f1e2d)
test answer::hours::open_at_noon ... ok
test result: ok. 137 passed; 0 failed; 1 ignored; 0 measured; 0 filtered out; finished in 4.20s
     Running unittests src/main.rs (target/debug/deps/prosaas_ops-0f1e2d)
test result: ok. 0 passed; 0 failed; 0 ignored; 0 measured; 0 filtered out; finished in 0.00s
     Running tests/it/main.rs (target/debug/deps/it-5a1eb2bc39e0e0aa)
test calls::statuses_in_any_order ... FAILED
test pool::panics - should panic ... FAILED
failures:
    calls::statuses_in_any_order
test result: FAILED. 85 passed; 2 failed; 0 ignored; 0 measured; 0 filtered out; finished in 12.00s
     Running tests/faults/main.rs (target/debug/deps/faults-5a1eb2bc39e0e0aa)
error: test failed, to rerun pass `-p prosaas-tests --test faults`
   Doc-tests prosaas_domain
test result: ok. 2 passed; 0 failed; 0 ignored; 0 measured; 0 filtered out; finished in 0.10s
"""

UNITTEST = """\
FAIL: test_a_port (scripts.dev.tests.test_setup.Ports.test_a_port)
ERROR: test_gone (unittest.loader._FailedTest.test_gone)
Ran 64 tests in 30.1s

FAILED (failures=1, errors=1, skipped=2)
"""

NODE = """\
✔ good one (2.596795ms)
▶ group
  ✖ bad one (with words) (1.211148ms)
✖ group (1.731634ms)
ℹ tests 4
ℹ pass 2
ℹ fail 1
ℹ cancelled 1

✖ failing tests:

test at dist-test/test/kill.test.js:3:24
✖ bad one (with words) (1.211148ms)
  AssertionError [ERR_ASSERTION]: 1 == 2

test at dist-test/test/drops.test.js:4:1
✖ hangs (51.140014ms)
"""

VITEST = """\
 \x1b[41m FAIL \x1b[49m src/routes/scope.test.tsx > a page > shows its scope
 FAIL  src/shared/form.test.tsx
 Test Files  2 failed | 20 passed (22)
      Tests  1 failed | 79 passed (80)
"""


def read(reader: Reader, text: str) -> Outcome:
    """What the reader makes of an output."""
    for line in text.splitlines(keepends=True):
        reader.read(line)
    reader.end()
    return reader.outcome


class Readers(unittest.TestCase):
    def test_cargo(self) -> None:
        said = read(Cargo(), CARGO)
        self.assertEqual((said.passed, said.failed), (137 + 85 + 2, 2 + 1))
        self.assertEqual(said.failures, [
            Failure("calls::statuses_in_any_order", "--test it", "calls::statuses_in_any_order"),
            Failure("pool::panics", "--test it", "pool::panics"),
            Failure("the test program of `--test faults` ended without a result", "--test faults"),
        ])
        self.assertEqual(Cargo.again("--test it", ["calls::a", "pool::b"]), "--test it -- calls::a pool::b")

    def test_cargo_names_the_package_of_a_unit_test(self) -> None:
        running = "     Running unittests src/lib.rs (target/debug/deps/prosaas_ingress-0f1e2d)\ntest a::b ... FAILED\n"
        self.assertEqual(read(Cargo(), running).failures[0].scope, "-p prosaas-ingress --lib")

    def test_unittest(self) -> None:
        said = read(Unittest(), UNITTEST)
        self.assertEqual((said.passed, said.failed), (60, 2))
        self.assertEqual([failure.test for failure in said.failures],
                         ["scripts.dev.tests.test_setup.Ports.test_a_port", "test_gone"])

    def test_unittest_in_which_all_is_well(self) -> None:
        said = read(Unittest(), "Ran 64 tests in 30.1s\n\nOK (skipped=1)\n")
        self.assertEqual((said.passed, said.failed, said.failures), (63, 0, []))

    def test_node(self) -> None:
        said = read(Node(), NODE)
        self.assertEqual((said.passed, said.failed), (2, 2))
        self.assertEqual(said.failures, [Failure("kill: bad one (with words)", "kill"), Failure("drops: hangs", "drops")])
        self.assertEqual(Node.again("kill", []), "kill")

    def test_vitest(self) -> None:
        said = read(Vitest(), VITEST)
        self.assertEqual((said.passed, said.failed), (79, 1))
        self.assertEqual([failure.scope for failure in said.failures],
                         ["src/routes/scope.test.tsx", "src/shared/form.test.tsx"])

    def test_a_failure_that_is_printed_twice_counts_once(self) -> None:
        said = read(Vitest(), VITEST + VITEST)
        self.assertEqual(len(said.failures), 2)
