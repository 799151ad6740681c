"""The tools that must be on the machine, and Cargo's part of the work."""

from __future__ import annotations

import hashlib
import os
import re
import shutil
import subprocess
from collections.abc import Mapping
from pathlib import Path

from . import pip, say
from .paths import Paths, stamp
from .say import CannotGoOn

OLDEST_NODE = 20

# What `make run` and the browser's tests start.
PROGRAMS = ("prosaas-ingress", "prosaas-workers", "prosaas-ops")


def _version(command: list[str]) -> tuple[int, ...]:
    """The first dotted number that the program prints about itself."""
    told = subprocess.run(command, capture_output=True, text=True, check=False)
    match = re.search(r"(\d+)\.(\d+)", told.stdout)
    return tuple(int(part) for part in match.groups()) if match else ()


def require(paths: Paths, *, node: bool = False) -> None:
    """Says everything that is missing at once, and how to get it."""
    cargo_home = Path(os.environ.get("CARGO_HOME") or Path.home() / ".cargo") / "bin"
    if not shutil.which("cargo") and (cargo_home / "cargo").exists():
        # rustup was installed, but this shell was not started anew since.
        os.environ["PATH"] = f"{cargo_home}{os.pathsep}{os.environ.get('PATH', '')}"
    missing = []
    oldest = re.search(r'^rust-version = "(\d+)\.(\d+)', (paths.root / "Cargo.toml").read_text(), re.MULTILINE)
    wanted = tuple(int(part) for part in oldest.groups()) if oldest else ()
    if not shutil.which("cargo"):
        missing.append("Rust (cargo): install it with rustup")
    elif (found := _version(["rustc", "--version"])) < wanted:
        missing.append(f"Rust {'.'.join(map(str, wanted))} or newer (here: {'.'.join(map(str, found)) or 'none'}): "
                       "rustup update stable")
    if not shutil.which(os.environ.get("CC") or "cc"):
        missing.append("a C compiler (cc): Debian: apt-get install build-essential")
    if node and (not shutil.which("node") or _version(["node", "--version"]) < (OLDEST_NODE,)):
        missing.append(f"Node {OLDEST_NODE} or newer")
    if node and not shutil.which("npm"):
        missing.append("npm")
    if missing:
        raise CannotGoOn("this machine lacks:\n" + "\n".join(f"    {item}" for item in missing))


def environment(extra: Mapping[str, str] | None = None) -> dict[str, str]:
    """Cargo's: queries are checked against `.sqlx/`, and make's own variables do not reach its job server."""
    kept = {name: value for name, value in os.environ.items() if name not in ("MAKEFLAGS", "MFLAGS", "MAKELEVEL")}
    return kept | {"SQLX_OFFLINE": "true"} | dict(extra or {})


def cargo(paths: Paths, *arguments: str, extra: Mapping[str, str] | None = None) -> None:
    """Runs cargo in the repository, its output as it is."""
    command = ["cargo", *arguments]
    code = subprocess.run(command, cwd=paths.root, env=environment(extra), check=False).returncode
    if code:
        raise CannotGoOn(f"`{' '.join(command)}` failed (exit code {code})")


def cargo_program(paths: Paths, name: str, version: str, *, minutes: int) -> str:
    """`cargo-<name>` in that version: the machine's own, else one that is compiled once."""
    program = f"cargo-{name}"
    own = paths.data / "cargo" / "bin" / program
    for place in (str(own) if own.exists() else None, shutil.which(program)):
        if place:
            told = subprocess.run([place, name, "--version"], capture_output=True, text=True, check=False)
            if told.stdout.strip().endswith(f" {version}"):
                return place
    say.step(f"compiling {program} {version} (once, about {minutes} minutes)")
    cargo(paths, "install", "--locked", "-q", "--root", str(paths.data / "cargo"), "--version", f"={version}", program,
          extra={"CARGO_TARGET_DIR": str(paths.data / "cargo" / "target")})
    shutil.rmtree(paths.data / "cargo" / "target", ignore_errors=True)
    return str(own)


def profile() -> str:
    """`dev`, or `release` when PROSAAS_PROFILE says so."""
    given = os.environ.get("PROSAAS_PROFILE") or "dev"
    if given not in ("dev", "release"):
        raise CannotGoOn(f"PROSAAS_PROFILE is {given!r}; it can be dev or release")
    return given


def build(paths: Paths, with_profile: str) -> Path:
    """Builds the programs and returns the folder that holds them."""
    say.step(f"building {', '.join(PROGRAMS)} ({with_profile} profile; the first time takes some minutes)")
    chosen = [part for package in PROGRAMS for part in ("-p", package)]
    cargo(paths, "build", "--locked", "--bins", "--profile", with_profile, *chosen)
    return paths.target() / ("debug" if with_profile == "dev" else with_profile)


def node_modules(folder: Path) -> None:
    """`npm ci` where the lock file has changed since the last time."""
    mark = folder / "node_modules" / ".prosaas-stamp"
    wanted = stamp(folder / "package-lock.json")
    if mark.exists() and mark.read_text() == wanted:
        return
    say.step(f"npm ci in {folder}")
    code = subprocess.run(["npm", "ci", "--no-audit", "--no-fund"], cwd=folder, check=False,
                          stdin=subprocess.DEVNULL).returncode
    if code:
        raise CannotGoOn(f"npm ci failed in {folder} (exit code {code})")
    mark.write_text(wanted)


def node_script(folder: Path, script: str, environment: Mapping[str, str] | None = None) -> None:
    """`npm run SCRIPT` in a project whose packages are installed."""
    code = subprocess.run(["npm", "run", script], cwd=folder, check=False, stdin=subprocess.DEVNULL,
                          env={**os.environ, **(environment or {})}).returncode
    if code:
        raise CannotGoOn(f"npm run {script} failed in {folder} (exit code {code})")


def node_build(paths: Paths, project: str, script: str = "build", output: str = "dist") -> None:
    """Builds a Node project into its output folder where one of its files has changed since the last time."""
    folder = paths.root / project
    node_modules(folder)
    listed = subprocess.run(["git", "ls-files", "-co", "--exclude-standard", "-z", "."], cwd=folder, check=False,
                            capture_output=True).stdout.decode().split("\0")
    sources = [file for name in sorted(listed) if name and (file := folder / name).is_file()]
    wanted = hashlib.sha256(b"".join(hashlib.sha256(file.read_bytes()).digest() for file in sources)).hexdigest()
    mark = paths.folder("tmp") / f"{project}.{output}.built"
    if mark.exists() and mark.read_text() == wanted and (folder / output).is_dir():
        return
    say.step(f"building {project}/{output}")
    node_script(folder, script)
    mark.write_text(wanted)


def python_environment(paths: Paths) -> Path | None:
    """The environment with what tests and benchmark need; None while neither asks for anything."""
    folders = ("tests/sdk", "tests/contract", "bench/peers")
    asked = [file for name in folders if (file := paths.root / name / "requirements.txt").exists()]
    return pip.environment(paths, asked) if asked else None
