"""docs/LOGGING.md names the metrics that the code records, and no others."""

import re
import unittest

from scripts.dev.paths import ROOT
from scripts.dev.tests.rust_sources import rust_sources


def recorded() -> set[str]:
    """Names in the code of our programs."""
    rust = {name for file in rust_sources()
            for name in re.findall(r'(?:counter|gauge|histogram)!\(\s*"prosaas_(\w+)"', file.read_text())}
    whatsapp = (ROOT / "baileys" / "src" / "metrics.ts").read_text()
    counters = whatsapp[whatsapp.index("const COUNTERS"):whatsapp.index("as const")]
    return rust | set(re.findall(r"'prosaas_(\w+)'", whatsapp)) | {
        f"whatsapp_{name}_total" for name in re.findall(r"^ {2}(\w+):", counters, re.MULTILINE)}


def documented() -> set[str]:
    """Names in the first cells of the page's tables."""
    page = (ROOT / "docs" / "LOGGING.md").read_text()
    cells = re.findall(r"^\| (`.*?`) \|", page[page.index("## Metrics"):], re.MULTILINE)
    return {name for cell in cells for name in re.findall(r"`(\w+)(?:\{[\w,]+\})?`", cell)}


class Metrics(unittest.TestCase):
    def test_the_page_names_what_is_recorded(self) -> None:
        self.assertEqual(recorded(), documented())
