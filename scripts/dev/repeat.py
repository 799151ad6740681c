"""`make test-repeat`: `make test` many times on a clean clone, some of them beside busy processors.

A log keeps a line for each run that has ended; started again, it goes on where it stopped.
"""

from __future__ import annotations

import contextlib
import json
import os
import re
import subprocess
import time
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from pathlib import Path

from . import say
from .paths import Paths
from .processes import Service, Supervisor
from .say import CannotGoOn


@dataclass(frozen=True)
class Run:
    """One run of `make test` that has ended."""

    commit: str
    number: int
    busy: bool
    # Whether the clone had compiled nothing before.
    cold: bool
    minutes: float
    passed: int
    failed: int


def tests(paths: Paths, runs: int, busy: int) -> int:
    """Runs what the log lacks for this commit. `PROSAAS_REPEAT_DIR` names another folder for clone and log."""
    commit = _git(paths.root, "rev-parse", "HEAD")
    if _git(paths.root, "status", "--porcelain"):
        say.warn(f"what is not committed is not tested: the clone is of {commit[:12]}")
    given = os.environ.get("PROSAAS_REPEAT_DIR")
    folder = Path(given).expanduser().absolute() if given else paths.folder("repeat")
    folder.mkdir(parents=True, exist_ok=True)
    log, clone = folder / "runs.jsonl", folder / commit[:12]
    if not clone.exists():
        _git(paths.root, "clone", "--quiet", "--no-hardlinks", str(paths.root), str(clone))
        _git(clone, "checkout", "--quiet", "--detach", commit)
    done = {run.number: run for run in _read(log) if run.commit == commit}
    for number in range(1, runs + 1):
        if number not in done:
            # Spread over all runs: the second of ten, the fourth, …
            is_busy = number * busy // runs > (number - 1) * busy // runs
            done[number] = _run(clone, commit, number, is_busy, folder)
            with log.open("a", encoding="utf-8") as kept:
                kept.write(json.dumps(asdict(done[number])) + "\n")
        _tell(done[number])
    failed = sum(1 for run in done.values() if run.failed)
    say.line(f"{len(done) - failed} passed, {failed} failed")
    return 1 if failed else 0


def _run(clone: Path, commit: str, number: int, busy: bool, folder: Path) -> Run:
    output = folder / f"{commit[:12]}-{number:02}.log"
    say.step(f"run {number}{', beside busy processors' if busy else ''}: its output is in {output}")
    cold, began = not (clone / "target").exists(), time.monotonic()
    with output.open("wb") as kept, _busy_processors() if busy else contextlib.nullcontext():
        code = subprocess.run(["make", "test"], cwd=clone, stdin=subprocess.DEVNULL, stdout=kept,
                              stderr=subprocess.STDOUT, check=False, env=_plain_environment()).returncode
    found = re.findall(r"^(\d+) passed, (\d+) failed$", output.read_text(errors="replace"), re.MULTILINE)
    if not found and code == 0:
        raise CannotGoOn(f"`make test` said nothing of its tests: {output}")
    passed, failed = map(int, found[-1]) if found else (0, 1)
    return Run(commit, number, busy, cold, round((time.monotonic() - began) / 60, 1), passed, max(failed, int(code > 0)))


def _plain_environment() -> dict[str, str]:
    """Without the settings of ours that this shell may have, as on a fresh machine."""
    ours = re.compile(r"^(PROSAAS_|TWILIO_|DATABASE_URL$|NATS_URL$|APP_ENV$|RUST_LOG$|VALIDATE_|CARGO_TARGET_DIR$|MAKE)")
    return {name: value for name, value in os.environ.items() if not ours.match(name)}


@contextlib.contextmanager
def _busy_processors() -> Iterator[None]:
    """A loop for each processor, which ends with this process."""
    with Supervisor() as supervisor:
        for number in range(os.cpu_count() or 1):
            supervisor.start(Service(f"busy-{number}", ["sh", "-c", "while :; do :; done"], os.environ, 0, 1))
        yield


def _tell(run: Run) -> None:
    kind = ", ".join(word for word, said in (("busy", run.busy), ("cold", run.cold)) if said) or "quiet"
    say.note(f"run {run.number:>2} ({kind}): {run.passed} passed, {run.failed} failed in {run.minutes} min")


def _read(log: Path) -> list[Run]:
    if not log.exists():
        return []
    return [Run(**json.loads(line)) for line in log.read_text().splitlines() if line]


def _git(folder: Path, *arguments: str) -> str:
    done = subprocess.run(["git", *arguments], cwd=folder, capture_output=True, text=True, check=False)
    if done.returncode:
        raise CannotGoOn(f"git {arguments[0]} failed: {done.stderr.strip()}")
    return done.stdout.strip()
