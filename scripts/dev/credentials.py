"""Secrets of the development system, made once and kept in `.data/secrets.env`, readable by its owner only."""

from __future__ import annotations

import base64
import os
import secrets
import string
from collections.abc import Callable, Mapping

from .paths import Paths


def _password() -> str:
    """Letters and digits, a letter first: nats-server would read `12k` as a number."""
    rest = "".join(secrets.choice(string.ascii_letters + string.digits) for _ in range(31))
    return secrets.choice(string.ascii_letters) + rest


def _key() -> str:
    """32 bytes in base64."""
    return base64.b64encode(secrets.token_bytes(32)).decode()


MAKERS: dict[str, Callable[[], str]] = {
    "NATS_INGRESS_PASSWORD": _password,
    "NATS_WORKERS_PASSWORD": _password,
    "NATS_OPS_PASSWORD": _password,
    "NATS_SYS_PASSWORD": _password,
    "POSTGRES_PASSWORD": _password,
    # Not secret, but the script that sends sample calls finds it here too.
    "TWILIO_ACCOUNT_SID": lambda: f"AC{secrets.token_hex(16)}",
    "TWILIO_AUTH_TOKEN": lambda: secrets.token_hex(16),
    "INTERNAL_SECRET": _password,
    "BAILEYS_ENCRYPTION_KEY": _key,
    "ADMIN_PASSWORD": _password,
}


def parse(text: str) -> dict[str, str]:
    """Reads `NAME=value` lines; others are comments."""
    pairs = (line.partition("=") for line in text.splitlines() if not line.startswith("#"))
    return {name.strip(): value for name, equals, value in pairs if equals}


def load(paths: Paths, environment: Mapping[str, str]) -> dict[str, str]:
    """Every secret: the environment's own first, then the file's; what neither has is made and added to the file."""
    file = paths.data / "secrets.env"
    kept = parse(file.read_text()) if file.exists() else {}
    missing = {name: make() for name, make in MAKERS.items() if name not in kept}
    if missing:
        head = "" if kept else "# Made by `make run` for this machine only. Remove the file to get new ones.\n"
        descriptor = os.open(file, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
        with os.fdopen(descriptor, "a") as out:
            out.write(head + "".join(f"{name}={value}\n" for name, value in missing.items()))
    kept |= missing
    return {name: environment.get(name) or kept[name] for name in MAKERS}
