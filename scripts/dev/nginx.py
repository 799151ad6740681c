"""nginx, to try the repository's configuration with: the machine's own, else Debian's package unpacked."""

from __future__ import annotations

import functools
import shutil
import subprocess
import tempfile
from pathlib import Path

from . import apt
from .paths import Paths

CONFIGURATION = "nginx.conf"
# In Debian's package, and what it needs beside it.
BINARY = "usr/sbin/nginx"
PACKAGES = ["nginx", "libpcre2-8-0", "libssl3", "libcrypt1"]


@functools.cache
def program(paths: Paths) -> Path | None:
    """The program, or None where there is none and Debian's packages cannot be had."""
    return apt.program(paths, BINARY, PACKAGES)


def copy(configuration: Path, folder: Path) -> Path:
    """The configuration and what it includes, in a folder that also gets what it writes to /tmp."""
    shutil.copytree(configuration.parent / "nginx", folder / "nginx")
    copied = folder / CONFIGURATION
    copied.write_text(configuration.read_text().replace(" /tmp/", f" {folder}/"))
    return copied


def check(paths: Paths, configuration: Path) -> str | None:
    """What `nginx -t` complains of, or None."""
    nginx = program(paths)
    if nginx is None:
        return None
    with tempfile.TemporaryDirectory() as folder:
        # nginx opens its pid file to try it; in /tmp somebody else's may lie.
        done = subprocess.run([nginx, "-t", "-q", "-e", "stderr", "-c", copy(configuration, Path(folder))],
                              stdin=subprocess.DEVNULL, capture_output=True, text=True, check=False)
    return done.stderr.strip() if done.returncode else None
