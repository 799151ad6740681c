"""Ports on this machine."""

from __future__ import annotations

import atexit
import random
import socket

from .say import CannotGoOn

# Below the ports that the kernel lends to outgoing connections (32768 and up): between our look and the program's
# start, one of those could take the port. The tests in Rust and Node take theirs from the same range.
_RANGE = range(15_000, 32_000)
# UDP sockets on the numbers that this process has given away. Nothing of ours speaks UDP: a number whose UDP half is
# taken is reserved, by this or another process that keeps to the same rule, until that process ends.
_reserved: list[socket.socket] = []
atexit.register(lambda: [reservation.close() for reservation in _reserved])


def _reserve(port: int) -> bool:
    """Whether the number is free, for TCP too, and now ours."""
    reservation = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    try:
        reservation.bind(("127.0.0.1", port))
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", port))
    except OSError:
        reservation.close()
        return False
    _reserved.append(reservation)
    return True


def free() -> int:
    """A port on loopback that nobody listens on, and that no other run of ours is given while this process lives."""
    for port in random.sample(_RANGE, len(_RANGE)):
        if _reserve(port):
            return port
    raise CannotGoOn("no port of 127.0.0.1 is free")


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
