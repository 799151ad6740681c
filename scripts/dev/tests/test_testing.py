"""`make test`: its plan, its count, and what its end says."""

import contextlib
import io
import os
import sys
import tempfile
import time
import unittest
from collections.abc import Iterator
from pathlib import Path
from unittest import mock

from scripts.dev import fuzz, repeat, testing
from scripts.dev.outcome import Cargo, Failure, Outcome, Reader
from scripts.dev.parts import PARTS, Part
from scripts.dev.paths import ROOT, Paths
from scripts.dev.say import CannotGoOn
from scripts.dev.stage import Stage, Step


def part(name: str, *scripts: str, reader: type[Reader] = Cargo, required: bool = False) -> Part:
    """A part that runs these Python scripts."""

    def steps(_: Stage, arguments: list[str]) -> Iterator[Step]:
        for script in scripts:
            yield [sys.executable, "-c", script, *arguments], ROOT, {}

    return Part(name, f"the part {name}", 1, 5, reader, steps, required=required)


PASSES = "print('test result: ok. 3 passed; 0 failed; 0 ignored')"
FAILS = ("print('     Running tests/it/main.rs (target/debug/deps/it-5a1e)'); print('test a::b ... FAILED'); "
         "print('test result: FAILED. 1 passed; 1 failed; 0 ignored'); exit(101)")


class Runs(unittest.TestCase):
    def run_parts(self, *parts: Part, chosen: str = "", arguments: tuple[str, ...] = ()) -> tuple[int, str]:
        """The exit code and all that was printed."""
        said = io.StringIO()
        with (tempfile.TemporaryDirectory() as made, contextlib.redirect_stdout(said),
              mock.patch.object(testing, "PARTS", parts), mock.patch.object(testing.toolchain, "require"),
              # Somebody's own target folder may be full of programs.
              mock.patch.dict(os.environ, {"CARGO_TARGET_DIR": ""})):
            paths = Paths(Path(made), Path(made, ".data"))
            paths.make()
            code = testing.everything(paths, chosen, list(arguments))
        return code, said.getvalue()

    def test_the_plan_comes_first_and_the_count_last(self) -> None:
        code, said = self.run_parts(part("build", "", required=True), part("one", PASSES), part("two", PASSES))
        lines = said.splitlines()
        self.assertEqual(code, 0)
        self.assertIn("make test: 3 parts, about 7 min, 3 from then on", lines[0])
        self.assertIn("2  one", lines[2])
        self.assertIn("0 passed, 0 failed so far", said)
        self.assertIn("3 passed, 0 failed so far", said)
        self.assertEqual(lines[-1], "6 passed, 0 failed")

    def test_what_failed_is_named_in_ten_lines_with_the_command_that_runs_it_again(self) -> None:
        code, said = self.run_parts(part("one", FAILS), part("two", PASSES, "print('lost'); exit(3)"))
        self.assertEqual(code, 1)
        self.assertEqual(said.splitlines()[-1], "4 passed, 2 failed")
        end = said[said.index("failed after"):]
        self.assertIn("one: a::b", end)
        self.assertIn("again: make test P=one T='--test it -- a::b'", end)
        self.assertIn("ended with exit code 3", end)
        self.assertIn("again: make test P=two", end)
        self.assertLessEqual(len(end.splitlines()), 10)

    def test_many_failures_still_end_in_ten_lines(self) -> None:
        crowd = [(PARTS[number % 3], Failure(f"test {number}", f"--test t{number}", f"test {number}"))
                 for number in range(40)]
        said = io.StringIO()
        with contextlib.redirect_stdout(said):
            testing._end(testing.Progress(1, passed=1, failed=40, failures=crowd), Path("logs"))
        self.assertLessEqual(len(said.getvalue().splitlines()), 10)
        self.assertIn("and 36 more", said.getvalue())

    def test_nothing_runs_behind_a_build_that_failed(self) -> None:
        code, said = self.run_parts(part("build", "exit(1)", reader=Reader, required=True), part("one", PASSES))
        self.assertEqual((code, said.splitlines()[-1]), (1, "0 passed, 1 failed"))

    def test_one_part_alone_gets_the_arguments(self) -> None:
        code, said = self.run_parts(part("one", PASSES), part("two", "import sys; print(sys.argv[1:])"), chosen="two",
                                    arguments=("a", "b c"))
        self.assertEqual(code, 0)
        self.assertIn("['a', 'b c']", said)
        self.assertNotIn("3 passed", said)

    def test_a_part_that_is_not_there_is_refused_with_those_that_are(self) -> None:
        with self.assertRaisesRegex(CannotGoOn, "no part 'tow' of the tests; there are one, two"):
            self.run_parts(part("one", PASSES), part("two", PASSES), chosen="tow")

    def test_a_second_run_in_the_same_checkout_is_refused(self) -> None:
        with tempfile.TemporaryDirectory() as made:
            paths = Paths(Path(made), Path(made, ".data"))
            paths.make()
            with testing._alone(paths), self.assertRaisesRegex(CannotGoOn, f"process {os.getpid()}"):
                testing._alone(paths)
            with testing._alone(paths):
                pass

    def test_an_exit_code_counts_though_every_test_passed(self) -> None:
        progress = testing.Progress(1)
        progress.take(PARTS[0], Outcome(passed=2), "`x` ended with exit code 1")
        self.assertEqual((progress.passed, progress.failed), (2, 1))


class Stops(unittest.TestCase):
    def test_what_a_program_started_ends_with_it(self) -> None:
        script = ("import subprocess; child = subprocess.Popen(['sleep', '600'], stdout=subprocess.DEVNULL); "
                  "print('test result: ok. 1 passed; 0 failed; child', child.pid, flush=True); child.wait()")
        seen = Cargo()

        def interrupted() -> None:
            raise KeyboardInterrupt

        with tempfile.TemporaryDirectory() as made, contextlib.redirect_stdout(io.StringIO()) as said:
            paths = Paths(Path(made), Path(made, ".data"))
            with Stage(paths) as stage, self.assertRaises(KeyboardInterrupt):
                stage.watch(seen, [sys.executable, "-c", script], folder=ROOT, log=Path(made, "log"), told=interrupted)
        child = Path("/proc", said.getvalue().split()[-1], "stat")
        deadline = time.monotonic() + 60
        while child.exists() and child.read_text().split()[2] != "Z" and time.monotonic() < deadline:
            time.sleep(0.05)
        self.assertTrue(not child.exists() or child.read_text().split()[2] == "Z")


class Fuzzers(unittest.TestCase):
    def test_each_names_a_part_of_the_tests(self) -> None:
        self.assertLessEqual({fuzzer.part for fuzzer in fuzz.FUZZERS}, {each.name for each in PARTS})

    def test_a_run_of_no_test_failed(self) -> None:
        fuzzer = fuzz.Fuzzer("nothing", "one", "", "SEED")
        with tempfile.TemporaryDirectory() as made, contextlib.redirect_stdout(io.StringIO()):
            paths = Paths(Path(made), Path(made, ".data"))
            paths.make()
            tally = fuzz.Tally()
            with Stage(paths) as stage:
                fuzz._run(stage, part("one", "print('test result: ok. 0 passed; 0 failed;')"), fuzzer, tally)
                fuzz._run(stage, part("one", PASSES), fuzzer, tally)
        self.assertEqual((tally.runs, tally.passed, tally.failed, len(tally.again)), (2, 3, 1, 1))


class Repeats(unittest.TestCase):
    def test_it_goes_on_where_it_stopped(self) -> None:
        with tempfile.TemporaryDirectory() as made, contextlib.redirect_stdout(io.StringIO()) as said:
            root = Path(made, "repo")
            root.mkdir()
            for command in (["init", "-q"], ["-c", "user.name=x", "-c", "user.email=x@example.com", "commit", "-q",
                                             "--allow-empty", "-m", "x"]):
                repeat._git(root, *command)
            paths = Paths(root, Path(made, "data"))
            paths.make()
            ran: list[tuple[int, bool]] = []

            def once(_: Path, commit: str, number: int, busy: bool, __: Path) -> repeat.Run:
                ran.append((number, busy))
                if len(ran) == 3:
                    raise KeyboardInterrupt
                return repeat.Run(commit, number, busy, number == 1, 1.0, 9, 0)

            with mock.patch.object(repeat, "_run", once):
                with self.assertRaises(KeyboardInterrupt):
                    repeat.tests(paths, 4, 2)
                self.assertEqual(repeat.tests(paths, 4, 2), 0)
        self.assertEqual(ran, [(1, False), (2, True), (3, False), (3, False), (4, True)])
        self.assertEqual(said.getvalue().splitlines()[-1], "4 passed, 0 failed")
