"""Brings the whole of production up from a clean clone, by the users' own command, and tries it: make test-compose.

Needs a Docker engine (the current DOCKER_HOST) on which nothing of ProSaaS runs, and openssl. n8n, a profile of its own,
is left out: nginx must start without it. What it
makes, volumes included, goes again at the end; KEEP=1 leaves it running. Exit code: 0 all passed, 1 something failed,
2 it could not begin.
"""

from __future__ import annotations

import os
import shutil
import sys
import tempfile
import time
from pathlib import Path

from . import engine, steps
from .system import System, run


def main() -> int:
    """Every step in order; the next one runs also after one that failed, unless nothing came up."""
    try:
        engine.require()
    except engine.CannotBegin as cause:
        print(f"make test-compose: {cause}. Nothing was tried.")
        return 2
    names = engine.stand_ins()
    ran = failed = 0
    with tempfile.TemporaryDirectory(prefix="prosaas-compose-") as folder:
        system = System(Path(folder))
        try:
            system.prepare()
            for step in steps.STEPS:
                started = time.monotonic()
                ran += 1
                text = " ".join((step.__doc__ or step.__name__).split())
                try:
                    step(system)
                except Exception as cause:  # noqa: BLE001 - every fault of a step is that step's failure
                    failed += 1
                    print(f"FAIL  {text} ({time.monotonic() - started:.0f} s)\n      {type(cause).__name__}: {cause}", flush=True)
                    if step is steps.comes_up:
                        break
                else:
                    print(f"pass  {text} ({time.monotonic() - started:.0f} s)", flush=True)
        finally:
            if os.environ.get("KEEP"):
                shutil.copytree(system.clone, f"{folder}-kept", dirs_exist_ok=True)
                print(f"kept running, from {folder}-kept; docker compose down -v there takes it away")
            else:
                system.compose("down", "-v", "--remove-orphans", "--rmi", "local", check=False)
                for name in names:
                    run("docker", "rmi", "--no-prune", name, check=False)
    if ran < len(steps.STEPS):
        print(f"{len(steps.STEPS) - ran} of {len(steps.STEPS)} steps were not run")
    print(f"{ran - failed} passed, {failed} failed")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
