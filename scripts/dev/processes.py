"""Starting, watching and stopping the system's processes."""

from __future__ import annotations

import contextlib
import os
import shutil
import signal
import subprocess
import threading
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import ClassVar

from . import say
from .say import CannotGoOn

_COLOURS = ("cyan", "magenta", "green", "yellow", "blue")


@dataclass(frozen=True)
class Service:
    """One process to run until it is told to stop."""

    name: str
    command: list[str]
    environment: Mapping[str, str]
    # Services of the highest stage stop first; those of one stage together.
    stage: int
    # How long it may take to stop before it is killed, in seconds.
    patience: float
    stop_signal: signal.Signals = signal.SIGTERM
    # Its output goes to this file; to the terminal, each line behind its name, when there is none.
    log: Path | None = None
    user: int | None = None
    group: int | None = None


@dataclass
class _Running:
    service: Service
    process: subprocess.Popen[str]
    reader: threading.Thread | None


@dataclass
class Supervisor:
    """The services that run now."""

    _running: list[_Running] = field(default_factory=list)
    # Files and folders that go once everything has stopped.
    passing: list[Path] = field(default_factory=list)
    # Whether it is stopping, when a signal must not break off what it does.
    stopping: ClassVar[bool] = False

    def __enter__(self) -> Supervisor:
        return self

    def __exit__(self, *_: object) -> None:
        Supervisor.stopping = True
        self.stop_all()
        Supervisor.stopping = False

    def start(self, service: Service) -> None:
        """Starts it in a session of its own: Ctrl-C reaches only the driver, which stops all in order."""
        out = subprocess.PIPE if service.log is None else _open_log(service.log)
        try:
            process = subprocess.Popen(
                _tied(service), env=dict(service.environment), stdin=subprocess.DEVNULL, stdout=out,
                stderr=subprocess.STDOUT, text=True, errors="replace", start_new_session=True, user=service.user,
                group=service.group, extra_groups=None if service.user is None else [],
            )
        except OSError as cause:
            raise CannotGoOn(f"{service.name} cannot be started: {service.command[0]}: {cause.strerror}") from cause
        finally:
            if out is not subprocess.PIPE:
                os.close(out)
        reader = None
        if process.stdout is not None:
            colour = _COLOURS[len(self._running) % len(_COLOURS)]
            reader = threading.Thread(target=_pass_on, args=(process.stdout, service.name, colour), daemon=True)
            reader.start()
        self._running.append(_Running(service, process, reader))

    def run(self, service: Service, limit: float) -> None:
        """Runs it to its end and refuses anything but success."""
        self.start(service)
        running = self._running[-1]
        try:
            code = running.process.wait(limit)
        except subprocess.TimeoutExpired as cause:
            raise CannotGoOn(f"{service.name} did not end within {limit:.0f} s") from cause
        self._running.remove(running)
        _drain(running)
        if code:
            raise CannotGoOn(f"{service.name} failed ({_ending(code)})")

    def check(self) -> None:
        """Refuses to go on when a service has ended by itself."""
        for running in self._running:
            code = running.process.poll()
            if code is not None:
                _drain(running)
                raise CannotGoOn(f"{running.service.name} has ended ({_ending(code)}){_tail(running.service.log)}")

    def stop(self, name: str) -> None:
        """Stops one service."""
        self._stop([running for running in self._running if running.service.name == name])

    def stop_all(self) -> None:
        """Stops every service, stage by stage, and kills what does not stop in its time."""
        while self._running:
            stage = max(running.service.stage for running in self._running)
            self._stop([running for running in self._running if running.service.stage == stage])
        for path in self.passing:
            if path.is_file():
                path.unlink()
            shutil.rmtree(path, ignore_errors=True)

    def _stop(self, those: list[_Running]) -> None:
        started = time.monotonic()
        for running in those:
            with contextlib.suppress(ProcessLookupError):
                running.process.send_signal(running.service.stop_signal)
        for running in those:
            left = running.service.patience - (time.monotonic() - started)
            try:
                running.process.wait(max(left, 0))
            except subprocess.TimeoutExpired:
                say.warn(f"{running.service.name} did not stop within {running.service.patience:.0f} s and is killed")
            # What it left behind goes with it; nothing is there when it ended well.
            with contextlib.suppress(ProcessLookupError, PermissionError):
                os.killpg(running.process.pid, signal.SIGKILL)
            running.process.wait()
            _drain(running)
            self._running.remove(running)


def _tied(service: Service) -> list[str]:
    """The command, tied to the driver's life: when the driver is killed, the kernel stops the service."""
    setpriv = shutil.which("setpriv", path="/usr/bin:/bin:/usr/sbin:/sbin")
    if setpriv is None:
        return service.command
    return [setpriv, "--pdeathsig", service.stop_signal.name.removeprefix("SIG"), "--", *service.command]


def _open_log(path: Path) -> int:
    path.parent.mkdir(parents=True, exist_ok=True)
    return os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)


def _pass_on(stream: object, name: str, colour: str) -> None:
    prefix = say.paint(f"{name:>8} |", colour)
    for text in stream:  # type: ignore[attr-defined]
        say.line(f"{prefix} {text.rstrip()}")


def _drain(running: _Running) -> None:
    """Passes on what it still said; a child of its own that lives on may hold the pipe open."""
    if running.reader is not None:
        running.reader.join(timeout=1)
        if not running.reader.is_alive() and running.process.stdout is not None:
            running.process.stdout.close()


def _ending(code: int) -> str:
    return f"exit code {code}" if code >= 0 else f"killed by {signal.Signals(-code).name}"


def _tail(log: Path | None) -> str:
    """The end of its log, for a service whose output nobody saw."""
    if log is None:
        return ""
    lines = log.read_text(errors="replace").splitlines()[-15:]
    return "".join(f"\n    {text}" for text in (f"the end of {log}:", *lines))
