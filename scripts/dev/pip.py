"""pip, wherever this machine has it: as a module, inside Python's own bundle, or from Debian's package of wheels."""

from __future__ import annotations

import functools
import importlib.util
import os
import subprocess
import sys
import tempfile
from pathlib import Path

from . import apt, say
from .paths import Paths, stamp
from .say import CannotGoOn

MISSING = "pip is missing and could not be fetched: install it (Debian: apt-get install python3-venv)"


@functools.cache
def _module_path(paths: Paths) -> str | None:
    """What PYTHONPATH needs to hold so that `python3 -m pip` works; None when nothing."""
    if importlib.util.find_spec("pip"):
        return None
    if importlib.util.find_spec("ensurepip"):
        import ensurepip  # noqa: PLC0415 - Debian splits it off

        bundled = [*Path(ensurepip.__file__).parent.glob("_bundled/pip-*.whl"),
                   *Path("/usr/share/python-wheels").glob("pip-*.whl")]
        if bundled:
            return str(bundled[0])
    unpacked = apt.unpack(paths, ["python3-pip-whl"])
    wheels = sorted(unpacked.glob("usr/share/python-wheels/pip-*.whl")) if unpacked else []
    if not wheels:
        raise CannotGoOn(MISSING)
    return str(wheels[-1])


def run(paths: Paths, *arguments: str | Path, cwd: Path | None = None) -> None:
    """Runs pip with settings that would send files elsewhere switched off; an index that people set stays."""
    environment = {name: value for name, value in os.environ.items() if name not in ("PIP_TARGET", "PIP_PREFIX")}
    environment |= {"PIP_USER": "0", "PIP_REQUIRE_VIRTUALENV": "0", "PIP_DISABLE_PIP_VERSION_CHECK": "1",
                    "PIP_NO_INPUT": "1", "PIP_QUIET": "1"}
    module_path = _module_path(paths)
    if module_path:
        environment["PYTHONPATH"] = module_path
    done = subprocess.run([sys.executable, "-m", "pip", *arguments], cwd=cwd, env=environment,
                          stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
                          check=False)
    if done.returncode:
        raise CannotGoOn(f"pip {arguments[0]} failed:\n{done.stdout.strip()[-1500:]}")


def environment(paths: Paths, requirements: list[Path]) -> Path:
    """A virtual environment that holds what the files ask for; made again only when one of them changes."""
    folder = paths.data / "venv"
    mark = folder / "requirements.stamp"
    wanted = stamp(*requirements)
    if mark.exists() and mark.read_text() == wanted:
        return folder
    say.step(f"making the Python environment {folder}")
    # Without pip inside: Debian splits off what would put it there, and ours can install from outside.
    subprocess.run([sys.executable, "-m", "venv", "--clear", "--without-pip", folder], check=True)
    files = [part for file in requirements for part in ("-r", str(file))]
    run(paths, "--python", folder / "bin" / "python", "install", "--only-binary", ":all:", *files)
    mark.write_text(wanted)
    return folder


def download(paths: Paths, requirement: str) -> Path:
    """Fetches one wheel for this machine into a folder of its own and returns its path."""
    folder = Path(tempfile.mkdtemp(prefix="wheel-", dir=paths.folder("tmp")))
    run(paths, "download", "--no-deps", "--only-binary", ":all:", "--dest", folder, requirement)
    wheels = list(folder.glob("*.whl"))
    if len(wheels) != 1:
        raise CannotGoOn(f"fetching {requirement} gave {len(wheels)} files instead of one")
    return wheels[0]
