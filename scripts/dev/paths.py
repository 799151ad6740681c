"""Where things lie."""

from __future__ import annotations

import hashlib
import os
from dataclasses import dataclass
from pathlib import Path

from .say import CannotGoOn

ROOT = Path(__file__).resolve().parents[2]


@dataclass(frozen=True)
class Paths:
    """The repository and its data folder."""

    root: Path
    data: Path

    @staticmethod
    def find() -> Paths:
        """The folders of this repository; `PROSAAS_DATA_DIR` moves the data folder."""
        given = os.environ.get("PROSAAS_DATA_DIR")
        return Paths(ROOT, Path(given).expanduser().absolute() if given else ROOT / ".data")

    def make(self) -> None:
        """Makes the data folder: for its owner only, but root's lets Postgres's own user pass through."""
        try:
            self.data.mkdir(parents=True, exist_ok=True)
            if self.data.stat().st_uid == os.geteuid():
                self.data.chmod(0o711 if os.geteuid() == 0 else 0o700)
        except (PermissionError, FileExistsError) as cause:
            raise CannotGoOn(f"the data folder {self.data} cannot be made: {cause.strerror}") from cause
        if not os.access(self.data, os.W_OK | os.X_OK):
            raise CannotGoOn(
                f"the data folder {self.data} belongs to somebody else. "
                "Remove it, or choose another with PROSAAS_DATA_DIR"
            )

    def folder(self, name: str) -> Path:
        """A folder inside the data folder, made when absent."""
        path = self.data / name
        path.mkdir(parents=True, exist_ok=True)
        return path

    def target(self) -> Path:
        """Cargo's target folder."""
        return self.root / (os.environ.get("CARGO_TARGET_DIR") or "target")

    def system_folder(self) -> Path:
        """Stands in for the data folder where another user must reach what this folder's owner hides."""
        return Path("/var/lib") / f"prosaas-dev-{hashlib.sha256(bytes(self.data)).hexdigest()[:10]}"


def stamp(*files: Path) -> str:
    """Changes when one of the files does."""
    digest = hashlib.sha256()
    for file in files:
        digest.update(file.read_bytes())
    return digest.hexdigest()
