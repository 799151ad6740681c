"""docs/LOGGING.md is the one list of the fields that log lines and spans have."""

import re
import unittest

from scripts.dev.paths import ROOT
from scripts.dev.tests.rust_sources import rust_sources

CALL = re.compile(r"tracing::(?:trace|debug|info|warn|error)(?:_span)?!\(")
RECORD = re.compile(r'\.record\(\s*"([\w.]+)"')
ATTRIBUTE = re.compile(r"#\[(?:tracing::)?instrument\b(.*?)\)?\]\s*\n", re.DOTALL)
# A macro by its bare name would be missed above.
IMPORT = re.compile(r"use tracing::[^;]*\b(?:trace|debug|info|warn|error|event|span|instrument)\b")
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


def sources() -> dict[str, str]:
    """The code of our programs by file, tests aside."""
    return {str(file.relative_to(ROOT)): file.read_text().split("#[cfg(test)]")[0] for file in rust_sources()}


def fields(code: str) -> set[str]:
    """What one file gives to log lines and spans."""
    found = set(RECORD.findall(code))
    starts = [call.end() for call in CALL.finditer(code)]
    for attribute in ATTRIBUTE.finditer(code):
        if (at := code.find("fields(", attribute.start(), attribute.end())) >= 0:
            starts.append(at + len("fields("))
    for start in starts:
        found |= {field[1] for argument in arguments(code, start) if (field := FIELD.match(argument))}
    return found


def logged() -> set[str]:
    """Fields in the code of our programs."""
    return set().union(*(fields(code) for code in sources().values()))


def listed() -> set[str]:
    """Names in the first cells of the page's first table."""
    page = (ROOT / "docs" / "LOGGING.md").read_text()
    table = page[page.index("## Fields"):page.index("## ", page.index("## Fields") + 3)]
    return {name for cell in re.findall(r"^\| (`.*?`) \|", table, re.MULTILINE) for name in re.findall(r"`([\w.]+)`", cell)}


class LogFields(unittest.TestCase):
    def test_a_field_is_on_the_list(self) -> None:
        self.assertGreater(len(logged()), 40, "the fields are found in the code")
        self.assertEqual(logged() - listed(), set(), "add them to docs/LOGGING.md, if they hold nothing personal")

    def test_every_way_to_a_field_is_found(self) -> None:
        code = """
            tracing::info!(event = "a.b", name = %lead.name, "text");
            tracing::Span::current().record("phone", &number);
            #[tracing::instrument(name = "a", skip_all, fields(email = %due.email, n = due.n()))]
            async fn call() {}
        """
        self.assertEqual(fields(code), {"event", "name", "phone", "email", "n"})

    def test_no_argument_of_a_function_is_logged_unseen(self) -> None:
        for file, code in sources().items():
            self.assertIsNone(IMPORT.search(code), f"{file}: write tracing::info!, so that its fields are found")
            for attribute in ATTRIBUTE.finditer(code):
                self.assertIn("skip_all", attribute[1], f"{file}: an argument is a field that nobody listed")
