"""`make link-order`: which functions the released ingress runs, from its start through a load of calls.

The linker puts them side by side (ingress/build.rs), so that few pages of the program are ever touched.
"""

from __future__ import annotations

import re
import subprocess
import tempfile
from collections import defaultdict
from collections.abc import Iterable
from pathlib import Path

from . import apt, databases, nats, say, toolchain
from .paths import Paths
from .say import CannotGoOn

PROGRAM = "prosaas-ingress"
WRITES = "ingress/link-order.txt"
# Basic blocks between two notes of what ran so far: the last one before the end is lost.
NOTE_EVERY = 20_000_000


def write(paths: Paths) -> int:
    """Builds, runs the benchmark's first part on valgrind's slow processor, and writes the list."""
    toolchain.require(paths)
    valgrind = apt.required_program(paths, "usr/bin/valgrind", ["valgrind"], VALGRIND_LIB="usr/libexec/valgrind")
    say.step("building the ingress and the benchmark (release profile)")
    toolchain.cargo(paths, "build", "--locked", "--release", "-p", "prosaas-ingress", "-p", "prosaas-bench")
    program = paths.target() / "release" / PROGRAM
    sizes = _sizes(program)
    with tempfile.TemporaryDirectory(dir=paths.folder("tmp")) as made, databases.passing_cluster(paths) as cluster:
        wrapper = Path(made, PROGRAM)
        wrapper.write_text(f'#!/bin/sh\nexec "{valgrind}" --tool=callgrind --demangle=no --dump-every-bb={NOTE_EVERY} '
                           f'--callgrind-out-file="{made}/ran" "{program}" "$@"\n')
        wrapper.chmod(0o755)
        say.step("answering calls under callgrind")
        # Its figures and its verdict mean nothing on a processor that is fifty times slower.
        subprocess.run([paths.target() / "release" / "prosaas-bench", "ack", "--only", "prosaas", "--quick"],
                       cwd=paths.root, check=False, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
                       env=toolchain.environment() | {
                           "DATABASE_URL": cluster.url("postgres"), "NATS_SERVER_BIN": str(nats.binary(paths)),
                           "PROSAAS_BIN_DIR": made})
        ran = {name for note in Path(made).glob("ran.*") for name in _functions(note) if name in sizes}
    if len(ran) < 1_000:
        raise CannotGoOn(f"only {len(ran)} functions were seen: did the ingress start? Try `make bench B='ack --quick'`")
    listed = _patterns(ran, sizes)
    Path(paths.root, WRITES).write_text("".join(f"{pattern}\n" for pattern in listed))
    say.note(f"{len(ran)} functions of {len(sizes)}, {sum(sizes[name] for name in ran) / 1e6:.1f} MB, "
             f"are {len(listed)} lines of {WRITES}")
    return 0


def _sizes(program: Path) -> dict[str, int]:
    """Bytes of each function, by its symbol."""
    told = subprocess.run(["nm", "-S", "--defined-only", program], check=True, capture_output=True, text=True).stdout
    rows = (line.split() for line in told.splitlines())
    return {row[3]: int(row[1], 16) for row in rows if len(row) == 4 and row[2] in "tTwW"}


def _functions(note: Path) -> Iterable[str]:
    """Callers and callees: `fn=(1) name` or `cfn=(1) name`, where `'2` marks a recursion."""
    for found in re.finditer(r"^c?fn=\(\d+\) (\S+)$", note.read_text(errors="replace"), re.MULTILINE):
        yield re.sub(r"'\d+$", "", found[1])


def _pattern(symbol: str) -> str:
    """The symbol without what the next compiler or dependency changes: hashes, and clones of the optimiser."""
    rust = re.match(r"(_ZN.*17h)[0-9a-f]{16}E", symbol)
    if rust:
        return f"{rust[1]}*"
    # The standard library's own symbols (`_R…`) have a hash for each crate.
    symbol = re.sub(r"Cs[0-9A-Za-z]+_", "Cs*_", symbol) if symbol.startswith("_R") else symbol
    plain = re.sub(r"\.(llvm|constprop|part|isra|cold)\b.*", "", symbol)
    return plain if plain == symbol else f"{plain}.*"


def _patterns(ran: set[str], sizes: dict[str, int]) -> list[str]:
    """Without its hash a name stands for every instance of a generic function. First come those of which all ran,
    last those of which nearly none did, so that the pages between stay untouched."""
    total: defaultdict[str, int] = defaultdict(int)
    touched: defaultdict[str, int] = defaultdict(int)
    for symbol, size in sizes.items():
        pattern = _pattern(symbol)
        total[pattern] += size
        if symbol in ran:
            touched[pattern] += size
    return sorted(touched, key=lambda pattern: (-round(touched[pattern] / max(total[pattern], 1), 2), pattern))
