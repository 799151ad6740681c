"""`make fuzz`: the fuzzers and property tests with new seeds, round after round. `make test` has fixed ones."""

from __future__ import annotations

import secrets
import shlex
import time
from dataclasses import dataclass, field

from . import say, toolchain
from .parts import PARTS, Part
from .paths import Paths
from .stage import Stage


@dataclass(frozen=True)
class Fuzzer:
    """Tests that draw from a seed."""

    name: str
    # A part of `make test`, and what `T` is to be.
    part: str
    arguments: str
    # The variable that takes the seed.
    seed: str
    more: dict[str, str] = field(default_factory=dict)


# The quick ones first: a round may be cut short by the time.
FUZZERS = (
    Fuzzer("property tests", "rust", "--lib --bins --test twilio", "PROPTEST_RNG_SEED", {"PROPTEST_CASES": "2048"}),
    Fuzzer("WhatsApp service killed", "baileys", "kill", "SEED"),
    Fuzzer("the API against its document", "rust", "--test end_to_end contract::", "PROSAAS_TEST_SEED"),
    Fuzzer("ingress and all killed", "rust", "--test end_to_end ingress_killed::", "PROSAAS_TEST_SEED"),
    Fuzzer("fault suite", "rust", "--test faults", "PROSAAS_FAULT_SEED"),
)


@dataclass
class Tally:
    """What has been run."""

    runs: int = 0
    passed: int = 0
    failed: int = 0
    # Commands that repeat what failed.
    again: list[str] = field(default_factory=list)


def rounds(paths: Paths, minutes: float) -> int:
    """Rounds of all fuzzers until the time is over; each prints its seed before it begins."""
    toolchain.require(paths, node=True)
    parts = {part.name: part for part in PARTS}
    tally = Tally()
    say.step(f"make fuzz: {len(FUZZERS)} fuzzers with new seeds, for {minutes:g} minutes")
    with Stage(paths) as stage:
        for name in ("fetch", "build"):
            _prepare(stage, parts[name])
        end = time.monotonic() + minutes * 60
        while time.monotonic() < end:
            for fuzzer in FUZZERS:
                _run(stage, parts[fuzzer.part], fuzzer, tally)
                if time.monotonic() >= end:
                    break
    for command in tally.again:
        say.note(f"again: {command}")
    say.step(f"{tally.runs} runs, {len(tally.again)} of them failed")
    say.line(f"{tally.passed} passed, {tally.failed} failed")
    return 1 if tally.again else 0


def _prepare(stage: Stage, part: Part) -> None:
    log = stage.paths.folder("fuzz") / f"{part.name}.log"
    log.write_text("")
    for command, folder, extra in part.steps(stage, []):
        say.step(shlex.join(command))
        if stage.watch(part.reader(), command, folder=folder, log=log, extra=extra, shown=False):
            raise say.CannotGoOn(f"`{shlex.join(command)}` failed: the end of {log} says why")


def _run(stage: Stage, part: Part, fuzzer: Fuzzer, tally: Tally) -> None:
    seed, began = str(secrets.randbelow(2**32)), time.monotonic()
    say.step(f"{fuzzer.name}: {fuzzer.seed}={seed}")
    tally.runs += 1
    log = stage.paths.folder("fuzz") / f"{tally.runs:03}.log"
    log.write_text("")
    surroundings = fuzzer.more | {fuzzer.seed: seed}
    reader, codes = part.reader(), []
    for command, folder, extra in part.steps(stage, shlex.split(fuzzer.arguments)):
        codes.append(stage.watch(reader, command, folder=folder, log=log, extra=dict(extra) | surroundings,
                                 shown=False))
    outcome = reader.outcome
    # No test run is no proof: a name that no test has any more would pass for ever.
    well = not any(codes) and outcome.passed > 0 and not outcome.failed
    tally.passed += outcome.passed
    tally.failed += outcome.failed or (0 if well else 1)
    say.note(f"{outcome.passed} passed, {outcome.failed} failed in {(time.monotonic() - began) / 60:.1f} min")
    if well:
        log.unlink()
        return
    for failure in outcome.failures:
        say.note(f"FAILED {failure.name}")
    given = " ".join(f"{name}={value}" for name, value in surroundings.items())
    tally.again.append(f"{given} make test P={part.name} T={shlex.quote(fuzzer.arguments)}   # {log}")
