"""The parts of `make test`, in the order in which they run."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass

from . import nats, toolchain
from .outcome import Cargo, Node, Reader, Unittest, Vitest
from .stage import NODE_PROJECTS, Stage, Step, chromium


@dataclass(frozen=True)
class Part:
    """One line of the plan."""

    name: str
    what: str
    # How long it takes on two processors, in minutes: with everything fetched and compiled, and the first time.
    minutes: float
    first: float
    reader: type[Reader]
    # The commands of the part; the arguments are what `T` says. A generator, because a step may need the one before.
    steps: Callable[[Stage, list[str]], Iterator[Step]]
    # Whether the parts after it make sense when it has failed.
    required: bool = False


def _fetch(stage: Stage, _: list[str]) -> Iterator[Step]:
    stage.tools()
    for project in NODE_PROJECTS:
        toolchain.node_modules(stage.paths.root / project)
    chromium(stage.paths)
    yield ["cargo", "fetch", "--locked"], stage.paths.root, {}


def _programs(stage: Stage) -> Iterator[Step]:
    """What the tests of the whole system run."""
    _whatsapp_service(stage)
    yield ["cargo", "build", "--workspace", "--bins", "--locked"], stage.paths.root, toolchain.environment()


def _whatsapp_service(stage: Stage) -> None:
    """The real service, and the simulated WhatsApp behind it."""
    toolchain.node_build(stage.paths, "baileys")
    toolchain.node_build(stage.paths, "baileys", "build:test", "dist-test")


def _build(stage: Stage, _: list[str]) -> Iterator[Step]:
    yield from _programs(stage)
    yield ["cargo", "test", "--no-run", "--workspace", "--locked"], stage.paths.root, toolchain.environment()


def _driver(stage: Stage, arguments: list[str]) -> Iterator[Step]:
    chosen = arguments or ["discover", "-t", ".", "-s", "scripts/dev/tests"]
    yield [sys.executable, "-m", "unittest", *chosen], stage.paths.root, {}


def _rust(stage: Stage, arguments: list[str]) -> Iterator[Step]:
    yield from _programs(stage)
    surroundings = stage.tools() | {"DATABASE_URL": stage.database()}
    yield (["cargo", "test", "--workspace", "--locked", "--no-fail-fast", *arguments], stage.paths.root,
           toolchain.environment(surroundings))


def _baileys(stage: Stage, arguments: list[str]) -> Iterator[Step]:
    folder = stage.paths.root / "baileys"
    toolchain.node_modules(folder)
    surroundings = {"DATABASE_URL": stage.database()}
    if arguments:
        _whatsapp_service(stage)
        files = [f"dist-test/test/{name}.test.js" for name in arguments]
        yield ["node", "--test", "--test-reporter=spec", *files], folder, surroundings
        return
    yield ["npm", "run", "check"], folder, {}
    yield ["npm", "test"], folder, surroundings


def _frontend(stage: Stage, arguments: list[str]) -> Iterator[Step]:
    folder = stage.paths.root / "frontend"
    toolchain.node_modules(folder)
    if not arguments:
        yield ["npm", "run", "check"], folder, {}
    yield ["npm", "test", "--", *arguments], folder, {}


def browser(stage: Stage, arguments: list[str], script: str = "e2e") -> Iterator[Step]:
    """The web app in a real browser against the system as `make run` starts it."""
    folder = stage.paths.root / "frontend"
    toolchain.node_modules(folder)
    chromium(stage.paths)
    nats.binary(stage.paths)
    built = toolchain.build(stage.paths, "dev")
    yield ["npm", "run", script, "--", *arguments], folder, {"PROSAAS_BIN_DIR": str(built)}


PARTS = (
    Part("fetch", "the programs and packages that the tests need", 0.2, 3, Reader, _fetch, required=True),
    Part("build", "the programs and their tests, compiled", 0.5, 14, Reader, _build, required=True),
    Part("driver", "the development driver, and nginx.conf in a real nginx", 1, 1, Unittest, _driver),
    Part("rust", "unit tests, the parts with NATS and Postgres, the whole system, faults", 9, 9, Cargo, _rust),
    Part("baileys", "the WhatsApp service against a simulated WhatsApp", 4, 4, Node, _baileys),
    Part("frontend", "the web app: types, style, size, unit tests", 2, 2, Vitest, _frontend),
    Part("browser", "the web app in Chromium against the whole system", 4, 5, Vitest, browser),
)
