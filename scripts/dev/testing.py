"""`make test`: a plan of its parts, a running count, and at the end what failed and how to run just that again."""

from __future__ import annotations

import json
import shlex
import time
from collections import defaultdict
from dataclasses import dataclass, field
from pathlib import Path

from . import say, toolchain
from .lock import Lock, RunningAlready
from .outcome import Failure, Outcome
from .parts import PARTS, Part, browser
from .paths import Paths
from .say import CannotGoOn
from .stage import Stage

# The end of a run is ten lines: so many failures, so many commands, and three that say how many there are.
_FAILURES, _COMMANDS = 4, 3


@dataclass
class Progress:
    """What has run so far."""

    planned: float
    began: float = field(default_factory=time.monotonic)
    passed: int = 0
    failed: int = 0
    # Each failure with the part that it belongs to.
    failures: list[tuple[Part, Failure]] = field(default_factory=list)

    def count(self, current: Outcome | None = None) -> str:
        """So far, with what the part that runs now has counted."""
        passed = self.passed + (current.passed if current else 0)
        failed = self.failed + (current.failed if current else 0)
        minutes = (time.monotonic() - self.began) / 60
        return f"{passed} passed, {failed} failed so far; {minutes:.1f} of about {self.planned:.0f} min"

    def take(self, part: Part, outcome: Outcome, trouble: str | None) -> None:
        """A part has ended; `trouble` says how, unless well. What no test stands for counts as one failure."""
        if trouble and not outcome.failed:
            outcome.failed += 1
            outcome.note(Failure(trouble))
        self.passed += outcome.passed
        self.failed += outcome.failed
        self.failures += [(part, failure) for failure in outcome.failures]


class Times:
    """How long each part took here, the last time that it passed."""

    def __init__(self, folder: Path) -> None:
        self._file = folder / "times.json"
        try:
            self._minutes = {str(name): float(minutes) for name, minutes in json.loads(self._file.read_text()).items()}
        except (OSError, ValueError, TypeError, AttributeError):
            self._minutes = {}

    def expected(self, part: Part, *, first: bool) -> float:
        """Minutes."""
        return part.first if first and part.required else self._minutes.get(part.name, part.minutes)

    def keep(self, part: Part, minutes: float) -> None:
        """For the next plan."""
        self._minutes[part.name] = round(minutes, 2)
        self._file.write_text(json.dumps(self._minutes, indent=1))


def everything(paths: Paths, chosen: str, arguments: list[str]) -> int:
    """Every part, or the one that is named; arguments go to its runner. Without a name they are for `rust`."""
    toolchain.require(paths, node=True)
    parts = _parts(chosen or ("rust" if arguments else ""))
    folder = paths.folder("test")
    times = Times(folder)
    first = not (paths.target() / "debug" / "prosaas-workers").exists()
    progress = Progress(sum(times.expected(part, first=first) for part in parts))
    _plan(parts, times, progress, folder, first=first)
    with _alone(paths), Stage(paths) as stage:
        for number, part in enumerate(parts, 1):
            say.step(say.paint(f"{number} of {len(parts)}: {part.name} ({progress.count()})", "bold"))
            given = arguments if part is parts[-1] else []
            began = time.monotonic()
            trouble = _run(stage, part, given, progress, folder / f"{part.name}.log")
            if trouble is None and not given:
                times.keep(part, (time.monotonic() - began) / 60)
            if trouble and part.required:
                break
    return _end(progress, folder)


def _alone(paths: Paths) -> Lock:
    """Two runs in one checkout would build and write in one place; two checkouts share nothing."""
    try:
        return Lock(paths, "test")
    except RunningAlready as other:
        raise CannotGoOn(f"tests run already in this checkout ({other}): wait, or use another checkout") from other


def _parts(chosen: str) -> list[Part]:
    """The parts to run: all, or the named one, which fetches and builds what it needs."""
    named = {part.name: part for part in PARTS}
    if chosen and chosen not in named:
        raise CannotGoOn(f"there is no part {chosen!r} of the tests; there are {', '.join(named)}")
    return [named[chosen]] if chosen else list(PARTS)


def _plan(parts: list[Part], times: Times, progress: Progress, folder: Path, *, first: bool) -> None:
    """What will be done and how long that takes."""
    later = sum(times.expected(part, first=False) for part in parts)
    after = f", {later:.0f} from then on" if first else ""
    say.step(f"make test: {len(parts)} part{'s' if len(parts) > 1 else ''}, about {progress.planned:.0f} min{after}")
    for number, part in enumerate(parts, 1):
        say.note(f"{number}  {part.name:<9} {part.what:<72} {times.expected(part, first=first):>4.1f} min")
    say.note(f"One alone: make test P=rust. What each prints is kept in {folder}/")


def _run(stage: Stage, part: Part, arguments: list[str], progress: Progress, log: Path) -> str | None:
    """Runs one part; every command of it, also after one that failed. Returns how it failed."""
    reader = part.reader()
    log.write_text("")
    failed = []
    try:
        for command, folder, extra in part.steps(stage, arguments):
            said = shlex.join(str(word) for word in command)
            say.step(said)
            code = stage.watch(reader, command, folder=folder, log=log, extra=extra,
                               told=lambda: say.note(progress.count(reader.outcome)))
            if code:
                failed.append(f"`{said}` ended with exit code {code}: the end of {log} says why")
    except CannotGoOn as error:
        say.error(str(error))
        failed.append(str(error).splitlines()[0])
    trouble = failed[0] if failed else None
    progress.take(part, reader.outcome, trouble)
    return trouble


def _end(progress: Progress, folder: Path) -> int:
    """The last ten lines."""
    minutes = (time.monotonic() - progress.began) / 60
    if progress.failures:
        say.step(say.paint(f"failed after {minutes:.1f} minutes:", "red"))
        for part, failure in progress.failures[:_FAILURES]:
            say.note(f"{part.name}: {failure.name}")
        more = len(progress.failures) - _FAILURES
        if more > 0:
            say.note(f"and {more} more: {folder}/{{{','.join(dict.fromkeys(p.name for p, _ in progress.failures))}}}.log")
        for command in _again(progress.failures):
            say.note(f"again: {command}")
    else:
        say.step(f"passed in {minutes:.1f} minutes")
    say.line(f"{progress.passed} passed, {progress.failed} failed")
    return 1 if progress.failed else 0


def _again(failures: list[tuple[Part, Failure]]) -> list[str]:
    """The commands that run just these again: one for each program of tests, or for the whole parts."""
    scopes: defaultdict[tuple[Part, str], list[str]] = defaultdict(list)
    for part, failure in failures:
        tests = scopes[part, failure.scope]
        if failure.test:
            tests.append(failure.test)
    commands = []
    for (part, scope), tests in scopes.items():
        chosen = part.reader.again(scope, tests)
        commands.append(f"make test P={part.name}" + (f" T={shlex.quote(chosen)}" if chosen else ""))
    if len(commands) > _COMMANDS:
        commands = [f"make test P={name}" for name in dict.fromkeys(part.name for part, _ in failures)]
    return commands[:_COMMANDS]


def unit(paths: Paths) -> int:
    """The driver's own tests."""
    return everything(paths, "driver", [])


def web(paths: Paths, *, screenshots: bool = False) -> int:
    """The web app in a real browser against the system as `make run` starts it."""
    if not screenshots:
        return everything(paths, "browser", [])
    toolchain.require(paths, node=True)
    with Stage(paths) as stage:
        for command, folder, extra in browser(stage, [], "screenshots"):
            toolchain.node_script(folder, command[2], extra)
    return 0
