"""`make bench`: the benchmark, on release builds and a Postgres that keeps its promises."""

from __future__ import annotations

from . import databases, nats, say, toolchain
from .paths import Paths


def bench(paths: Paths, arguments: list[str]) -> int:
    """The whole benchmark, or the part that the arguments name; `whatsapp` is the WhatsApp service's own."""
    toolchain.require(paths)
    if arguments != ["whatsapp"]:
        _rust(paths, arguments)
    if not arguments or arguments == ["whatsapp"]:
        toolchain.node_modules(paths.root / "baileys")
        with databases.database(paths, lasting=True) as url:
            say.step("npm run bench in baileys/")
            toolchain.node_script(paths.root / "baileys", "bench", {"DATABASE_URL": url})
    return 0


def _rust(paths: Paths, arguments: list[str]) -> None:
    found = toolchain.python_environment(paths)
    extra = {"NATS_SERVER_BIN": str(nats.binary(paths))} | ({"PROSAAS_VENV": str(found)} if found else {})
    say.step("building the workspace (release profile)")
    toolchain.cargo(paths, "build", "--workspace", "--bins", "--locked", "--release")
    extra["PROSAAS_BIN_DIR"] = str(paths.target() / "release")
    with databases.database(paths, lasting=True) as url:
        toolchain.cargo(paths, "run", "--release", "--locked", "-q", "--bin", "prosaas-bench", "--", *arguments,
                        extra=extra | {"DATABASE_URL": url})
