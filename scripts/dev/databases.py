"""A Postgres for tests, benchmarks and checks: brought up for them and taken away again."""

from __future__ import annotations

import contextlib
import os
import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path

from . import postgres, say, settings
from .paths import Paths
from .processes import Supervisor


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


@contextlib.contextmanager
def database(paths: Paths, *, lasting: bool = False) -> Iterator[str]:
    """An administrator's database: the one given, or one of a cluster made for this."""
    given = os.environ.get("DATABASE_URL")
    if given:
        say.step("using the Postgres of DATABASE_URL: its user must be allowed to create databases")
        yield given
        return
    say.step("starting a Postgres for the tests")
    with passing_cluster(paths, lasting=lasting) as cluster:
        yield cluster.url("postgres")
