"""What `make mutants` makes of a run, and its list."""

import tempfile
import unittest
from pathlib import Path

from scripts.dev.mutants import Listed, Rule, Tally, count, judge, placeless, read
from scripts.dev.paths import ROOT
from scripts.dev.say import CannotGoOn


def outcome(summary: str, name: str = "a.rs:1:2: replace f with ()") -> dict[str, object]:
    return {"scenario": {"Mutant": {"name": name}}, "summary": summary}


class Mutants(unittest.TestCase):
    def test_the_list_of_the_repository_is_sound(self) -> None:
        listed = read(ROOT)
        self.assertGreaterEqual(listed.share, 97)
        self.assertGreaterEqual(len(listed.rules), 14)
        self.assertEqual(len({rule.name for rule in listed.rules}), len(listed.rules))

    def test_a_list_is_refused_when_a_file_is_gone_or_a_reason_is_missing(self) -> None:
        with tempfile.TemporaryDirectory() as made:
            root = Path(made)
            (root / "tests").mkdir()
            (root / "tests" / "mutants.toml").write_text(
                'share = 97\n[[rules]]\nname = "r"\npackage = "p"\nfiles = ["a.rs"]\n'
                '[[survivors]]\nmutant = "b.rs: replace f with ()"\nreason = " "\n')
            with self.assertRaises(CannotGoOn) as refused:
                read(root)
            for cause in ("a.rs is absent", "no reason", "in none of the files"):
                self.assertIn(cause, str(refused.exception))

    def test_outcomes_are_counted_and_places_dropped(self) -> None:
        tally = Tally()
        count({"outcomes": [
            {"scenario": "Baseline", "summary": "Success"}, outcome("CaughtMutant"), outcome("Timeout"),
            outcome("Unviable"), outcome("MissedMutant", "a.rs:7:12: replace > with >= in f"),
        ]}, tally)
        self.assertEqual((tally.noticed, tally.survived), (2, ["a.rs: replace > with >= in f"]))
        self.assertEqual(placeless("x/b.rs:70:5: replace a::b -> bool with true"), "x/b.rs: replace a::b -> bool with true")

    def test_what_fails(self) -> None:
        listed = Listed(97, (Rule("r", "p", ("a.rs",)),), {"a.rs: known": "both sides are equal"})
        self.assertEqual(judge(listed, Tally(noticed=100, survived=["a.rs: known"])), [])
        self.assertEqual(judge(listed, Tally(noticed=100, survived=["a.rs: new"])), ["survived: a.rs: new"])
        self.assertEqual(judge(listed, Tally(noticed=1, survived=["a.rs: known"])),
                         ["50.0 % were noticed; 97 % must be"])
        self.assertEqual(judge(listed, Tally(noticed=5, left=["r"])), ["not done in the time: r"])
