"""`make mutants`: changes the pure rules one place at a time; a unit test must notice each change.

cargo-mutants makes the changes in a copy. tests/mutants.toml names the rules, and each survivor with its reason.
"""

from __future__ import annotations

import json
import re
import shutil
import subprocess
import time
import tomllib
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path

from . import say, toolchain
from .paths import Paths
from .say import CannotGoOn

CARGO_MUTANTS = "27.1.0"
LIST = Path("tests", "mutants.toml")

# A mutant may loop for ever: then its tests are ended, which counts as noticed.
TEST_SECONDS = 120
BUILD_SECONDS = 900


@dataclass(frozen=True)
class Rule:
    """Files of one package whose unit tests are to notice every change."""

    name: str
    package: str
    files: tuple[str, ...]
    # Names of the tests that are run; all unit tests of the package without it.
    tests: tuple[str, ...] = ()


@dataclass(frozen=True)
class Listed:
    """The rules, the share in per cent that must be noticed, and survivors with their reasons."""

    share: float
    rules: tuple[Rule, ...]
    survivors: dict[str, str]


@dataclass
class Tally:
    """What became of the mutants."""

    noticed: int = 0
    survived: list[str] = field(default_factory=list)
    # Rules that were cut short or not begun.
    left: list[str] = field(default_factory=list)

    def viable(self) -> int:
        """Those that compile."""
        return self.noticed + len(self.survived)

    def share(self) -> float:
        """Per cent of them that were noticed."""
        return 100 * self.noticed / self.viable() if self.viable() else 0.0


def read(root: Path) -> Listed:
    """The list, checked: every file is there, every survivor has a reason and is in one of the files."""
    data = tomllib.loads((root / LIST).read_text(encoding="utf-8"))
    rules = tuple(Rule(rule["name"], rule["package"], tuple(rule["files"]), tuple(rule.get("tests", ())))
                  for rule in data["rules"])
    survivors = {entry["mutant"]: entry.get("reason", "") for entry in data.get("survivors", [])}
    files = {file for rule in rules for file in rule.files}
    wrong = [f"{file} is absent" for file in sorted(files) if not (root / file).is_file()]
    wrong += [f"no reason: {mutant}" for mutant, reason in survivors.items() if not reason.strip()]
    wrong += [f"in none of the files: {mutant}" for mutant in survivors if mutant.split(": ")[0] not in files]
    if wrong:
        raise CannotGoOn(f"{LIST}: " + "; ".join(wrong))
    return Listed(float(data["share"]), rules, survivors)


def placeless(name: str) -> str:
    """A mutant's name without line and column, which change with every edit above it."""
    return re.sub(r"^([^:]+):\d+:\d+: ", r"\1: ", name)


def count(outcomes: dict[str, object], tally: Tally) -> None:
    """Adds one run's outcomes.json; what does not compile says nothing."""
    for outcome in outcomes["outcomes"]:
        scenario, summary = outcome["scenario"], outcome["summary"]
        if scenario == "Baseline":
            continue
        if summary in ("CaughtMutant", "Timeout"):
            tally.noticed += 1
        elif summary == "MissedMutant":
            tally.survived.append(placeless(scenario["Mutant"]["name"]))


def judge(listed: Listed, tally: Tally) -> list[str]:
    """What is wrong with the result."""
    allowed, found = Counter(listed.survivors.keys()), Counter(set(tally.survived))
    wrong = [f"survived: {mutant}" for mutant in sorted((found - allowed).elements())]
    if tally.share() < listed.share:
        wrong.append(f"{tally.share():.1f} % were noticed; {listed.share:g} % must be")
    wrong += [f"not done in the time: {rule}" for rule in tally.left]
    return wrong


def run(paths: Paths, minutes: float, only: str) -> int:
    """Every rule in turn, or the one that is named, until the time is over."""
    toolchain.require(paths)
    listed = read(paths.root)
    rules = [rule for rule in listed.rules if only in ("", rule.name)]
    if not rules:
        raise CannotGoOn(f"no rule is called {only!r}; there are " + ", ".join(rule.name for rule in listed.rules))
    program = toolchain.cargo_program(paths, "mutants", CARGO_MUTANTS, minutes=2)
    end, tally = time.monotonic() + minutes * 60, Tally()
    for rule in rules:
        left = end - time.monotonic()
        before = (tally.noticed, len(tally.survived))
        if left <= 0 or not _mutate(paths, program, rule, left, tally):
            tally.left.append(rule.name)
        noticed, survived = tally.noticed - before[0], len(tally.survived) - before[1]
        say.note(f"{rule.name}: {noticed} of {noticed + survived} noticed")
    say.step(f"{tally.noticed} of {tally.viable()} mutants noticed ({tally.share():.1f} %)")
    wrong = judge(listed, tally)
    if wrong:
        raise CannotGoOn("\n    ".join(["the unit tests do not notice enough:", *wrong])
                         + f"\nAdd the test that notices it, or a survivor with its reason to {LIST}")
    return 0


def _mutate(paths: Paths, program: str, rule: Rule, seconds: float, tally: Tally) -> bool:
    """The mutants of one rule; false when the time was over before the last."""
    say.step(f"mutants of {rule.name}")
    output = paths.folder("mutants") / rule.name.replace(" ", "-")
    shutil.rmtree(output, ignore_errors=True)
    output.mkdir(parents=True)
    command = [program, "mutants", "--package", rule.package, "--jobs", "1", "--no-shuffle", "--no-times",
               "--timeout", str(TEST_SECONDS), "--build-timeout", str(BUILD_SECONDS), "--output", str(output)]
    for file in rule.files:
        command += ["--file", file]
    command += ["--", "--locked", "--lib", *rule.tests]
    # The copy's packages are others to Cargo, but what they need is compiled already.
    environment = toolchain.environment({"CARGO_TARGET_DIR": str(paths.target())})
    whole = True
    with subprocess.Popen(command, cwd=paths.root, env=environment) as running:
        try:
            code = running.wait(timeout=seconds)
        except subprocess.TimeoutExpired:
            whole, code = False, 0
        finally:
            # It ends its tests itself.
            running.terminate()
    # 2: some survived; 3: some ran into the time limit.
    if code not in (0, 2, 3):
        raise CannotGoOn(f"cargo-mutants failed (exit code {code}); see {output}")
    told = output / "mutants.out" / "outcomes.json"
    if told.exists():
        count(json.loads(told.read_text(encoding="utf-8")), tally)
    return whole
