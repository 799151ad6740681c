"""What documents name is there."""

import re
import subprocess
import unittest
from pathlib import Path

from scripts.dev.paths import ROOT


def tracked() -> set[str]:
    """Files and folders of the repository."""
    told = subprocess.run(["git", "ls-files", "--cached", "--others", "--exclude-standard"], cwd=ROOT, capture_output=True,
                          text=True, check=True).stdout
    files = {file for file in told.splitlines() if (ROOT / file).exists()}
    return files | {str(folder) for file in files for folder in Path(file).parents}


class Paths(unittest.TestCase):
    def test_every_path_in_a_document_leads_somewhere(self) -> None:
        names = tracked()
        # A document may leave out the folder that it is about: `src/subjects.rs` in the section on shared/.
        endings = {"/".join(parts[start:]) for parts in (name.split("/") for name in names) for start in range(len(parts))}
        missing = []
        for document in sorted(name for name in names if name.endswith(".md")):
            text = (ROOT / document).read_text()
            for link in re.findall(r"\]\(([^)#:]+)\)", text):
                if not (ROOT / document).parent.joinpath(link).resolve().exists():
                    missing.append(f"{document}: {link}")
            for path in re.findall(r"`((?:[\w.-]+/)+[\w.-]*)`", text):
                path = path.removeprefix("./").rstrip("/")
                # What running programs make is in no repository.
                if path.split("/")[0] != ".data" and path not in endings:
                    missing.append(f"{document}: {path}")
        self.assertEqual(missing, [])
