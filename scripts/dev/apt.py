"""Debian's packages unpacked into the data folder: no root is needed, and the system stays as it was."""

from __future__ import annotations

import os
import shutil
import subprocess
from pathlib import Path

from . import say
from .paths import Paths
from .say import CannotGoOn


def unpack(paths: Paths, packages: list[str]) -> Path | None:
    """The folder that holds the packages' files, or None where apt is absent or refuses.

    The package lists are fetched into the data folder too: a fresh machine may have none.
    """
    if not (shutil.which("apt-get") and shutil.which("dpkg-deb")):
        return None
    base = paths.folder("apt")
    for folder in ("lists/partial", "cache/archives/partial", "root", "packages"):
        (base / folder).mkdir(parents=True, exist_ok=True)
    options = [f"-oDir::State::Lists={base}/lists", f"-oDir::Cache={base}/cache", "-oDebug::NoLocking=1",
               "-oAPT::Sandbox::User="]
    say.step(f"fetching Debian's packages into {base}: {' '.join(packages)}")
    for command in (["update", "-q"], ["download", "-q", *packages]):
        done = subprocess.run(["apt-get", *options, *command], cwd=base / "packages", stdin=subprocess.DEVNULL,
                              stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, check=False,
                              env=os.environ | {"LC_ALL": "C"})
        if done.returncode:
            say.warn(f"apt-get {command[0]} failed: {done.stdout.strip()[-400:]}")
            return None
    for package in packages:
        for archive in (base / "packages").glob(f"{package}_*.deb"):
            subprocess.run(["dpkg-deb", "-x", archive, base / "root"], check=True)
    return base / "root"


def program(paths: Paths, binary: str, packages: list[str], **folders: str) -> Path | None:
    """The machine's own program, else Debian's behind a wrapper that names its libraries; None where neither can be
    had. `binary` is its place in the packages, `folders` are settings that name others."""
    name = Path(binary).name
    found = shutil.which(name, path=f"{os.environ.get('PATH', '')}:/usr/sbin:/usr/local/sbin")
    if found:
        return Path(found)
    wrapper = paths.folder("bin") / name
    if wrapper.exists():
        return wrapper
    root = unpack(paths, packages)
    if root is None or not (root / binary).exists():
        return None
    libraries = ":".join(str(folder) for base in ("usr/lib", "lib") for folder in (root / base).glob("*-linux-gnu"))
    settings = {"LD_LIBRARY_PATH": libraries} | {key: str(root / folder) for key, folder in folders.items()}
    given = " ".join(f'{key}="{value}"' for key, value in settings.items())
    wrapper.write_text(f'#!/bin/sh\n{given} exec "{root / binary}" "$@"\n')
    wrapper.chmod(0o755)
    return wrapper


def required_program(paths: Paths, binary: str, packages: list[str], **folders: str) -> Path:
    """The program; says how to install it where it cannot be had."""
    found = program(paths, binary, packages, **folders)
    if found is None:
        name = Path(binary).name
        raise CannotGoOn(f"{name} is missing and could not be fetched: install it (Debian: apt-get install {name})")
    return found
