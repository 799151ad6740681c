"""The Rust code of our programs, tests and benchmarks aside."""

from pathlib import Path

from scripts.dev.paths import ROOT


def rust_sources() -> list[Path]:
    """Files under `src/` of every crate of the programs."""
    manifests = (manifest for folder in ("shared", "ingress", "workers") for manifest in (ROOT / folder).rglob("Cargo.toml"))
    return [file for manifest in manifests for file in sorted((manifest.parent / "src").rglob("*.rs"))]
