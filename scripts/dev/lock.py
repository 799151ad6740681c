"""One system, and one run of the tests, at a time in one data folder."""

from __future__ import annotations

import fcntl
import os

from .paths import Paths


class RunningAlready(Exception):
    """Another driver holds the folder; the text is what that one wrote about itself."""


class Lock:
    """`.data/run.lock`: locked while the system runs (the kernel lets go when the driver dies), and says where.

    `.data/test.lock` is the tests' own.
    """

    def __init__(self, paths: Paths, name: str = "run") -> None:
        self._file = os.open(paths.data / f"{name}.lock", os.O_RDWR | os.O_CREAT, 0o600)
        try:
            fcntl.flock(self._file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as cause:
            text = os.read(self._file, 4096).decode()
            os.close(self._file)
            raise RunningAlready(text.strip()) from cause
        self.write("starting")

    def __enter__(self) -> Lock:
        return self

    def __exit__(self, *_: object) -> None:
        os.close(self._file)

    def write(self, where: str) -> None:
        """What a second start tells people."""
        os.ftruncate(self._file, 0)
        os.pwrite(self._file, f"process {os.getpid()}, {where}\n".encode(), 0)
