"""No crate and no room of the ingress imports upward, and no files import each other in a circle (docs/ARCHITECTURE.md,
Directions)."""

import re
import tomllib
import unittest
from collections.abc import Iterator
from pathlib import Path

from scripts.dev import structure
from scripts.dev.paths import ROOT
from scripts.dev.tests.rust_sources import manifests

# Each crate knows only crates of earlier lines.
LAYERS = (
    {"prosaas-domain", "prosaas-twilio"},
    {"prosaas-events"},
    {"prosaas-platform", "prosaas-dead-letters", "prosaas-accounts"},
    {"prosaas-audit", "prosaas-whatsapp-service", "prosaas-event-log"},
    {"prosaas-ingress", "prosaas-workers"},
    {"prosaas-ops"},
)
# Each room of the ingress knows only rooms of earlier lines, and itself.
ROOMS = (
    {"answer", "config", "counters"}, {"http"}, {"services"}, {"state"}, {"request"},
    {"health"}, {"webhooks", "api", "internal"}, {"router"}, {"serve"},
)
# What words mean knows no database, no bus and no HTTP.
FORBIDDEN_TO_DOMAIN = {"sqlx", "axum", "async-nats"}


def rank(name: str, order: tuple[set[str], ...]) -> int:
    """The line that a name is in."""
    return next(place for place, names in enumerate(order) if name in names)


def rooms_named(code: str) -> Iterator[str]:
    """First names behind `crate::`, alone or in braces."""
    for start in re.finditer(r"\bcrate::(\{?)", code):
        rest = code[start.end():]
        if not start[1]:
            yield re.match(r"\w*", rest)[0]
            continue
        depth, name = 1, ""
        for char in rest:
            depth += {"{": 1, "}": -1}.get(char, 0)
            if depth == 0:
                break
            if depth == 1:
                name += char
        yield from re.findall(r"(?:^|,)\s*(\w+)", name)


class Directions(unittest.TestCase):
    def dependencies(self) -> Iterator[tuple[str, set[str]]]:
        for manifest in manifests():
            read = tomllib.loads(manifest.read_text())
            yield read["package"]["name"], set(read["dependencies"])

    def test_no_crate_knows_one_above_or_beside_it(self) -> None:
        wrong, seen = [], set()
        for name, dependencies in self.dependencies():
            seen.add(name)
            wrong += [f"{name} -> {other}" for other in sorted(dependencies) if other.startswith("prosaas-")
                      and rank(other, LAYERS) >= rank(name, LAYERS)]
        self.assertEqual(wrong, [])
        self.assertEqual(seen, set().union(*LAYERS))

    def test_the_domain_knows_no_database_no_bus_and_no_http(self) -> None:
        self.assertEqual(dict(self.dependencies())["prosaas-domain"] & FORBIDDEN_TO_DOMAIN, set())

    def test_no_room_of_the_ingress_knows_one_above_it(self) -> None:
        source, wrong, seen = ROOT / "ingress" / "src", [], set()
        for file in sorted(source.rglob("*.rs")):
            room = Path(file.relative_to(source).parts[0]).stem
            if room in ("lib", "main"):
                continue
            seen.add(room)
            code = re.sub(r"//.*", "", file.read_text().split("#[cfg(test)]\nmod tests {")[0])
            wrong += [f"{file.relative_to(ROOT)} -> {other}" for other in rooms_named(code)
                      if "tests" not in file.stem and "tests" not in file.parts and other != room
                      and rank(other, ROOMS) >= rank(room, ROOMS)]
        self.assertEqual(wrong, [])
        self.assertEqual(seen, set().union(*ROOMS))

    def test_no_files_import_each_other_in_a_circle(self) -> None:
        found = {crate.name: structure.circles(structure.arrows(crate)) for crate in structure.crates()}
        self.assertEqual({name: circles for name, circles in found.items() if circles}, {})
        # The reader of imports sees some: what it finds circles in is not empty.
        self.assertGreater(sum(len(to) for crate in structure.crates() for to in structure.arrows(crate).values()), 500)

    def test_a_circle_is_seen(self) -> None:
        a, b, c = Path("a.rs"), Path("b.rs"), Path("c.rs")
        self.assertEqual(structure.circles({a: {b}, b: {c}, c: {b}}), [[b, c]])
        self.assertEqual(structure.circles({a: {b, c}, b: {c}, c: set()}), [])


if __name__ == "__main__":
    unittest.main()
