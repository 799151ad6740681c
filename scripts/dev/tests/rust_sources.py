"""The Rust code of our programs, tests and benchmarks aside."""

from pathlib import Path

from scripts.dev.paths import ROOT


def manifests() -> list[Path]:
    """The manifest of every crate of the programs."""
    return [manifest for folder in ("shared", "ingress", "workers") for manifest in sorted((ROOT / folder).rglob("Cargo.toml"))]


def rust_sources() -> list[Path]:
    """Files under `src/` of each of these crates."""
    return [file for manifest in manifests() for file in sorted((manifest.parent / "src").rglob("*.rs"))]
