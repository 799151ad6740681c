"""Debian's packages unpacked into the data folder: no root is needed, and the system stays as it was."""

from __future__ import annotations

import os
import shutil
import subprocess
from pathlib import Path

from . import say
from .paths import Paths


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
