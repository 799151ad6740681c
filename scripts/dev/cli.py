"""The driver's commands."""

from __future__ import annotations

import argparse
import os
import shlex
import signal
import sys
import time
from types import FrameType

from . import benching, checks, fuzz, mutants, repeat, run, say, testing
from .paths import Paths
from .processes import Supervisor
from .say import CannotGoOn


class Interrupted(BaseException):
    """A signal asks to stop. No `except Exception` may take it for an error."""


def _listen_for_signals() -> None:
    """The first signal unwinds, which stops all services in order; a later one, seconds after, is impatience."""
    first: list[float] = []

    def arrived(_: int, __: FrameType | None) -> None:
        if not first:
            first.append(time.monotonic())
            say.line()
            if not Supervisor.stopping:
                say.step("stopping")
                raise Interrupted
        elif time.monotonic() - first[0] > 1:
            # The services are tied to this process: the kernel stops them.
            say.warn("stopping at once")
            os._exit(1)

    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, arrived)


def main() -> int:
    """Runs one command; returns the exit code."""
    parser = argparse.ArgumentParser(prog="python3 -m scripts.dev", description="ProSaaS, development")
    commands = parser.add_subparsers(dest="command", required=True)
    for name, text in {
        "run": "set up and start the whole system",
        "services": "start NATS and Postgres only",
        "unit": "test this driver",
        "sqlx": "write the offline data of the SQL queries",
        "sqlx-check": "compare the offline data with the queries",
        "generated": "write generated files",
        "generated-check": "compare generated files with what makes them",
        "deny": "licences, bans and sources of dependencies",
        "deny-advisories": "known vulnerabilities of dependencies (needs the advisory database)",
        "lint-scripts": "compile Python, check shell scripts",
        "e2e": "the web app in a browser against the whole system",
        "screenshots": "photograph every screen of the web app",
    }.items():
        commands.add_parser(name, help=text)
    tests = commands.add_parser("test", help="set up and run every test")
    tests.add_argument("--part", default="", help="only this part of the plan")
    tests.add_argument("filter", nargs="?", default="", help="arguments for the part's runner (cargo test by default)")
    again = commands.add_parser("test-repeat", help="every test many times on a clean clone, with a log")
    again.add_argument("--runs", type=int, default=10, help="how many runs in all (10)")
    again.add_argument("--busy", type=int, default=5, help="how many of them beside busy processors (5)")
    fuzzer = commands.add_parser("fuzz", help="the fuzzers and property tests with new seeds")
    fuzzer.add_argument("--minutes", type=float, default=30, help="for how long (30)")
    mutant = commands.add_parser("mutants", help="changes to the pure rules, each of which a unit test must notice")
    mutant.add_argument("--minutes", type=float, default=240, help="for how long at most (240)")
    mutant.add_argument("--rule", default="", help="only this rule of tests/mutants.toml")
    bench = commands.add_parser("bench", help="the benchmark")
    bench.add_argument("arguments", nargs="?", default="", help="arguments for the benchmark: see bench/README.md")
    chosen = parser.parse_args()

    os.umask(0o022)
    paths = Paths.find()
    _listen_for_signals()
    actions = {
        "run": lambda: run.everything(paths), "services": lambda: run.services(paths),
        "test": lambda: testing.everything(paths, chosen.part, shlex.split(chosen.filter)),
        "test-repeat": lambda: repeat.tests(paths, chosen.runs, chosen.busy),
        "fuzz": lambda: fuzz.rounds(paths, chosen.minutes),
        "mutants": lambda: mutants.run(paths, chosen.minutes, chosen.rule),
        "unit": lambda: testing.unit(paths),
        "e2e": lambda: testing.web(paths), "screenshots": lambda: testing.web(paths, screenshots=True),
        "bench": lambda: benching.bench(paths, shlex.split(chosen.arguments)),
        "sqlx": lambda: checks.sqlx(paths, write=True),
        "sqlx-check": lambda: checks.sqlx(paths, write=False),
        "generated": lambda: checks.generated(paths, write=True),
        "generated-check": lambda: checks.generated(paths, write=False),
        "deny": lambda: checks.deny(paths, "bans", "licenses", "sources"),
        "deny-advisories": lambda: checks.deny(paths, "advisories"),
        "lint-scripts": lambda: checks.scripts(paths),
    }
    try:
        paths.make()
        return actions[chosen.command]()
    except CannotGoOn as cause:
        say.error(str(cause))
        return 1
    except PermissionError as cause:
        say.error(f"{cause.filename}: {cause.strerror}. Does the data folder {paths.data} belong to somebody else?")
        return 1
    except Interrupted:
        say.step("stopped")
        # Asked to stop, and stopped: that is success for what runs until then, not for what was cut short.
        return 0 if chosen.command in ("run", "services") else 130
    finally:
        sys.stdout.flush()
