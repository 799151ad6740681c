"""The structure of the Rust code: which crate imports which, how many files import each other, and every circle.

An import counts from file to file. What a module passes on (`pub use child::Item`) is for whoever imports it an import
of the child; passing on and declaring a module are none. Tests are left out. Prints the directions and fails on a circle.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

from scripts.dev.paths import ROOT

_PASSED_ON = re.compile(r"\bpub(?:\([^)]*\))?\s+use\s+([^;]+);")
_USE = re.compile(r"\buse\s+([^;]+);")
_INLINE = re.compile(r"(?<![\w:])((?:crate|super|[a-z_0-9]+)(?:::\w+)+)")
_TOKEN = re.compile(r"[\w*]+|::|[{},]")


@dataclass
class Crate:
    """A crate: its modules by path, and what each passes on."""

    name: str
    source: Path
    files: dict[tuple[str, ...], Path] = field(default_factory=dict)
    passed_on: dict[tuple[str, ...], dict[str, tuple[str, ...]]] = field(default_factory=dict)


def code_of(file: Path) -> str:
    """The code without comments and without the tests at its end."""
    text = re.sub(r"//.*", "", file.read_text())
    text = re.split(r"#\[cfg\(test\)\]\s*mod \w+ \{", text)[0]
    return re.sub(r"#\[cfg\(test\)\]\s*mod \w+;", "", text)


def crates() -> list[Crate]:
    """Every crate of the programs."""
    found = []
    for folder in ("shared", "ingress", "workers"):
        for manifest in sorted((ROOT / folder).rglob("Cargo.toml")):
            crate = Crate(re.search(r'^name = "([\w-]+)"', manifest.read_text(), re.MULTILINE)[1], manifest.parent / "src")
            for file in sorted(crate.source.rglob("*.rs")):
                path = file.relative_to(crate.source).with_suffix("").parts
                if file.stem == "main" or "tests" in path or file.stem.endswith("_tests"):
                    continue
                crate.files[path[:-1] if path[-1] in ("mod", "lib") else path] = file
            for path, file in crate.files.items():
                passed = {}
                for use in _PASSED_ON.finditer(code_of(file)):
                    for name, target in spread(use[1]):
                        passed[name] = absolute(target, path)
                crate.passed_on[path] = passed
            found.append(crate)
    return found


def spread(tree: str) -> Iterator[tuple[str, tuple[str, ...]]]:
    """Each name that a `use` brings in, with its whole path."""
    tokens = _TOKEN.findall(re.sub(r"\s+as\s+(\w+)", "", tree))

    def walk(at: int, before: tuple[str, ...]) -> Iterator[tuple[int, tuple[str, ...] | None]]:
        path = before
        while at < len(tokens):
            token = tokens[at]
            if token == "{":
                at += 1
                while tokens[at] != "}":
                    for at, leaf in walk(at, path):
                        if leaf is not None:
                            yield at, leaf
                    if tokens[at] == ",":
                        at += 1
                yield at + 1, None
                return
            if token in (",", "}"):
                break
            if token != "::":
                path = (*path, token)
            at += 1
        yield at, path if path != before else None

    for _, leaf in walk(0, ()):
        if leaf:
            leaf = leaf[:-1] if leaf[-1] == "self" else leaf
            if leaf:
                yield leaf[-1], leaf


def absolute(path: tuple[str, ...], module: tuple[str, ...]) -> tuple[str, ...]:
    """A path from the crate's root; another crate's begins with its name."""
    if path[0] == "crate":
        return path[1:]
    here = module
    if path[0] == "self":
        return (*here, *path[1:])
    while path and path[0] == "super":
        here, path = here[:-1], path[1:]
    if here != module:
        return (*here, *path)
    return (*module, *path)


def target(crate: Crate, path: tuple[str, ...]) -> Path | None:
    """The file that a path leads to, through what modules pass on."""
    for _ in range(8):
        for length in range(len(path), -1, -1):
            module = path[:length]
            if module in crate.files:
                break
        else:
            return None
        rest = path[len(module):]
        onward = crate.passed_on[module].get(rest[0]) if rest else None
        if onward is None or onward == path:
            return crate.files[module] if module or rest else None
        path = (*onward, *rest[1:])
    return None


def arrows(crate: Crate) -> dict[Path, set[Path]]:
    """What each file imports of its own crate."""
    found = {}
    for module, file in crate.files.items():
        code, seen = _PASSED_ON.sub("", code_of(file)), set()
        paths = [leaf for use in _USE.finditer(code) for _, leaf in spread(use[1])]
        paths += [tuple(inline[1].split("::")) for inline in _INLINE.finditer(_USE.sub("", code))]
        for path in paths:
            if path[0] not in ("crate", "super", "self") and (*module, path[0]) not in crate.files:
                continue
            reached = target(crate, absolute(path, module))
            if reached and reached != file:
                seen.add(reached)
        found[file] = seen
    return found


def circles(graph: dict[Path, set[Path]]) -> list[list[Path]]:
    """Files that import each other, each circle once (Tarjan's strongly connected components)."""
    index, low, stack, result = {}, {}, [], []

    def visit(node: Path) -> None:
        index[node] = low[node] = len(index)
        stack.append(node)
        for other in graph.get(node, ()):
            if other not in index:
                visit(other)
                low[node] = min(low[node], low[other])
            elif other in stack:
                low[node] = min(low[node], index[other])
        if low[node] == index[node]:
            part = []
            while not part or part[-1] != node:
                part.append(stack.pop())
            if len(part) > 1:
                result.append(sorted(part))

    for node in graph:
        if node not in index:
            visit(node)
    return result


def show() -> int:
    """Prints everything; 1 where there is a circle."""
    found = 0
    for crate in crates():
        graph = arrows(crate)
        manifest = (crate.source.parent / "Cargo.toml").read_text()
        knows = sorted(set(re.findall(r"^(prosaas-[\w-]+)\b", manifest.split("[dev-dependencies]")[0], re.MULTILINE)))
        print(f"{crate.name}: {len(graph)} files, {sum(map(len, graph.values()))} arrows; knows {', '.join(knows) or 'nobody'}")
        for circle in circles(graph):
            found += 1
            print("  circle: " + ", ".join(str(file.relative_to(crate.source)) for file in circle))
    print(f"{found} circles")
    return 1 if found else 0


if __name__ == "__main__":
    raise SystemExit(show())
