"""docs/LOGGING.md is the one list of the fields that log lines and spans have."""

import re
import unittest

from scripts.dev.paths import ROOT

CALL = re.compile(r"tracing::(?:trace|debug|info|warn|error)(?:_span)?!\(")
FIELD = re.compile(r"\s*[%?]?([a-z_][\w.]*)(?:\s*=(?!=).*|\s*)$", re.DOTALL)


def arguments(code: str, start: int) -> list[str]:
    """What stands between the commas of a call whose bracket opens before `start`."""
    found, depth, quoted = [""], 1, False
    for at in range(start, len(code)):
        char = code[at]
        if char == '"' and code[at - 1] != "\\":
            quoted = not quoted
        elif not quoted:
            depth += (char in "([{") - (char in ")]}")
            if depth == 0:
                return found
            if char == "," and depth == 1:
                found.append("")
                continue
        found[-1] += char
    return found


def logged() -> set[str]:
    """Fields in the code of our programs, tests aside."""
    found: set[str] = set()
    for package in ("shared", "ingress", "workers"):
        for file in (ROOT / package / "src").rglob("*.rs"):
            code = file.read_text().split("#[cfg(test)]")[0]
            for call in CALL.finditer(code):
                found |= {field[1] for argument in arguments(code, call.end()) if (field := FIELD.match(argument))}
    return found


def listed() -> set[str]:
    """Names in the first cells of the page's first table."""
    page = (ROOT / "docs" / "LOGGING.md").read_text()
    table = page[page.index("## Fields"):page.index("## ", page.index("## Fields") + 3)]
    return {name for cell in re.findall(r"^\| (`.*?`) \|", table, re.MULTILINE) for name in re.findall(r"`([\w.]+)`", cell)}


class LogFields(unittest.TestCase):
    def test_a_field_is_on_the_list(self) -> None:
        self.assertGreater(len(logged()), 40, "the fields are found in the code")
        self.assertEqual(logged() - listed(), set(), "add them to docs/LOGGING.md, if they hold nothing personal")
