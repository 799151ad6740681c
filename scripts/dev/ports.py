"""Ports on this machine."""

from __future__ import annotations

import random
import socket
from pathlib import Path

from .say import CannotGoOn

# Below the ports that the kernel lends to outgoing connections: between our look and the
# program's start, one of those could take the port.
_LOWEST = 20_000
_LENT = Path("/proc/sys/net/ipv4/ip_local_port_range")
_given: set[int] = set()


def _lent_from() -> int:
    """The first port that outgoing connections may get."""
    try:
        return int(_LENT.read_text().split()[0])
    except (OSError, ValueError, IndexError):
        return 32_768


def _bindable(port: int) -> int | None:
    with socket.socket() as probe:
        try:
            probe.bind(("127.0.0.1", port))
        except OSError:
            return None
        return int(probe.getsockname()[1])


def free() -> int:
    """A port on loopback that nobody listens on now, and that nobody gets by chance before its program starts."""
    candidates = range(_LOWEST, max(_lent_from(), _LOWEST))
    for port in random.sample(candidates, min(100, len(candidates))):
        if port not in _given and _bindable(port):
            _given.add(port)
            return port
    # A machine that lends them all: then what the kernel gives.
    return _bindable(0) or 0


def split(listen: str, variable: str) -> tuple[str, int]:
    """Host and port of `host:port` or `[v6]:port`."""
    host, colon, port = listen.rpartition(":")
    if not colon or not port.isdigit() or not 0 < int(port) < 65536:
        raise CannotGoOn(f"{variable} is {listen!r}; it must be an address and a port, such as 127.0.0.1:5000")
    return host.strip("[]"), int(port)


def require_free(listen: str, variable: str) -> None:
    """Says in plain words that another program has the port, before minutes go into a build."""
    host, port = split(listen, variable)
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    with socket.socket(family) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((host, port))
        except OSError as cause:
            raise CannotGoOn(
                f"{listen} cannot be used: {cause.strerror}. Stop the program that has it, or choose another, "
                f"for example: {variable}=127.0.0.1:{free()} make run"
            ) from cause


def reach(listen: str, variable: str) -> str:
    """The address under which this machine reaches a listener, also one that listens everywhere."""
    host, port = split(listen, variable)
    host = {"0.0.0.0": "127.0.0.1", "::": "::1", "": "127.0.0.1"}.get(host, host)
    return f"[{host}]:{port}" if ":" in host else f"{host}:{port}"


def answers(port: int) -> bool:
    """Whether something listens on the port of 127.0.0.1."""
    try:
        socket.create_connection(("127.0.0.1", port), timeout=1).close()
    except OSError:
        return False
    return True
