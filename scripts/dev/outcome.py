"""What a test runner's output says: how many tests passed, which failed, and how to run just those again."""

from __future__ import annotations

import re
from dataclasses import dataclass, field

_ANSI = re.compile(r"\x1b\[[0-9;?]*[A-Za-z]")


@dataclass(frozen=True)
class Failure:
    """One test, or one program of tests, that failed."""

    name: str
    # What selects it again: failures of one scope are run by one command.
    scope: str = ""
    test: str = ""


@dataclass
class Outcome:
    """The figures of one part, as its runner prints them."""

    passed: int = 0
    failed: int = 0
    failures: list[Failure] = field(default_factory=list)

    def note(self, failure: Failure) -> None:
        """Runners print a failure where it happens and again at the end: it counts once."""
        if failure not in self.failures:
            self.failures.append(failure)


class Reader:
    """Reads one runner's output, line by line; this one counts nothing."""

    def __init__(self) -> None:
        self.outcome = Outcome()

    def read(self, line: str) -> bool:
        """Takes one line; whether a group of tests has just ended."""
        return self._line(_ANSI.sub("", line.rstrip()))

    def _line(self, _: str) -> bool:
        return False

    def end(self) -> None:
        """The runner has ended."""

    @staticmethod
    def again(scope: str, tests: list[str]) -> str:
        """What `T` is to be, so that only these tests run."""
        return " ".join([scope, *tests]).strip()


class Cargo(Reader):
    """`cargo test`."""

    def __init__(self) -> None:
        super().__init__()
        self._target = ""
        self._open = False

    def _line(self, line: str) -> bool:
        if found := re.match(r"\s+Running (unittests )?(\S+) \(\S*?/([^/]+?)-[0-9a-f]+\)$", line):
            self._begin(self._select(found[2], found[3], unit=bool(found[1])))
        elif found := re.match(r"\s+Doc-tests (\S+)$", line):
            self._begin(f"-p {found[1].replace('_', '-')} --doc")
        elif found := re.match(r"test (\S.*?)(?: - should panic)? \.\.\. FAILED$", line):
            self.outcome.note(Failure(found[1], self._target, found[1]))
        elif found := re.match(r"test result: \S+\. (\d+) passed; (\d+) failed;", line):
            self.outcome.passed += int(found[1])
            self.outcome.failed += int(found[2])
            self._open = False
            return True
        return False

    @staticmethod
    def _select(source: str, program: str, *, unit: bool) -> str:
        if not unit:
            return f"--test {program}"
        package = program.replace("_", "-")
        # A binary's unit tests stand in a program of the binary's name, a library's in one of the package's.
        return f"-p {package} --lib" if source == "src/lib.rs" else f"--bin {package}"

    def _begin(self, target: str) -> None:
        self.end()
        self._target, self._open = target, True

    def end(self) -> None:
        """A program that was killed, or that ended itself, prints no result."""
        if self._open:
            self.outcome.failed += 1
            self.outcome.note(Failure(f"the test program of `{self._target}` ended without a result", self._target))
            self._open = False

    @staticmethod
    def again(scope: str, tests: list[str]) -> str:
        return " ".join([scope, *(["--", *tests] if tests else [])])


class Unittest(Reader):
    """Python's unittest."""

    def __init__(self) -> None:
        super().__init__()
        self._ran = 0

    def _line(self, line: str) -> bool:
        if found := re.match(r"(?:FAIL|ERROR): (\S+) \((\S+)\)", line):
            # An import that failed has no place of its own: its name says which module.
            place = found[2] if found[2].endswith(found[1]) else f"{found[2]}.{found[1]}"
            self.outcome.note(Failure(place, "", place.removeprefix("unittest.loader._FailedTest.")))
        elif found := re.match(r"Ran (\d+) tests? in ", line):
            self._ran = int(found[1])
        elif line == "OK" or line.startswith(("OK (", "FAILED (")):
            self.outcome.failed += sum(int(n) for n in re.findall(r"(?:failures|errors)=(\d+)", line))
            skipped = sum(int(n) for n in re.findall(r"skipped=(\d+)", line))
            self.outcome.passed += self._ran - self.outcome.failed - skipped
            return True
        return False


class Node(Reader):
    """Node's test runner, with its reporter `spec`. Its end names the file of each failure, then the test."""

    def __init__(self) -> None:
        super().__init__()
        self._file = ""

    def _line(self, line: str) -> bool:
        if found := re.match(r"test at (?:.*/)?([^/:]+?)\.test\.js:\d+", line):
            self._file = found[1]
        elif self._file and (found := re.match(r"✖ (.+?)(?: \([\d.]+ms\))?$", line)):
            self.outcome.note(Failure(f"{self._file}: {found[1]}", self._file))
            self._file = ""
        elif found := re.match(r"ℹ (pass|fail|cancelled) (\d+)$", line):
            if found[1] == "pass":
                self.outcome.passed += int(found[2])
            else:
                self.outcome.failed += int(found[2])
            return found[1] == "cancelled"
        return False


class Vitest(Reader):
    """Vitest, unit tests and those in a browser alike."""

    def _line(self, line: str) -> bool:
        if found := re.match(r"\s*FAIL\s+(?:\|\S+\|\s+)?(\S+\.tsx?)(?: > (.+))?$", line):
            name = f"{found[1]}: {found[2]}" if found[2] else found[1]
            self.outcome.note(Failure(name, found[1]))
        elif found := re.match(r"\s*Tests\s+(.*\(\d+\))$", line):
            self.outcome.passed += sum(int(n) for n in re.findall(r"(\d+) passed", found[1]))
            self.outcome.failed += sum(int(n) for n in re.findall(r"(\d+) failed", found[1]))
            return True
        return False
