"""The Docker engine that the test runs on."""

from __future__ import annotations

import os
import re
import shutil
import subprocess

from .system import ROOT, run

# Where a pinned image is not to be had, one of the same family that the engine holds stands in.
FAMILIES = {"rust": "rust:1-bookworm", "node": "node:20-bookworm-slim", "debian": "debian:bookworm-slim",
            "nginx": "nginx:stable", "nats": "nats:2-alpine", "postgres": "postgres:16"}


class CannotBegin(Exception):
    """There is no engine, or it is in use."""


def require() -> None:
    """An engine, compose, and nothing of ProSaaS on it."""
    for tool in ("docker", "openssl"):
        if not shutil.which(tool):
            raise CannotBegin(f"there is no {tool} command here")
    for command in (("docker", "info"), ("docker", "compose", "version")):
        if subprocess.run(command, capture_output=True, check=False).returncode:
            where = os.environ.get("DOCKER_HOST") or "the default socket"
            raise CannotBegin(f"no Docker engine with compose answers at {where} (DOCKER_HOST chooses another)")
    there = run("docker", "ps", "-aq", "--filter", "name=^/prosaas-") + run("docker", "volume", "ls", "-q", "--filter",
                                                                           "name=^prosaas_")
    if there.strip():
        raise CannotBegin("this engine already holds containers or volumes of ProSaaS, which the test would take away")


def stand_ins() -> list[str]:
    """Gives local images the pinned names where those are absent and cannot be pulled; the names so made."""
    text = (ROOT / "docker" / "Dockerfile").read_text() + (ROOT / "docker-compose.yml").read_text()
    made = []
    for image in sorted(set(re.findall(r"(?:_IMAGE=|image: )((?:rust|node|debian|nginx|nats|postgres):\S+)", text))):
        have = ["docker", "image", "inspect", image]
        if subprocess.run(have, capture_output=True, check=False).returncode == 0:
            continue
        local = FAMILIES[image.partition(":")[0]]
        if subprocess.run([*have[:-1], local], capture_output=True, check=False).returncode == 0:
            print(f"note: {local} of this engine stands in for {image}")
            run("docker", "tag", local, image)
            made.append(image)
    return made
