"""What the driver tells people, and how it gives up."""

from __future__ import annotations

import os
import sys
import threading

_LOCK = threading.Lock()
_COLOURS = {"red": 31, "green": 32, "yellow": 33, "blue": 34, "magenta": 35, "cyan": 36, "bold": 1, "dim": 2}


class CannotGoOn(Exception):
    """Something is missing or wrong; the message says what, and what to do about it."""


def colourful() -> bool:
    """Whether to colour: only for a terminal, and not against https://no-color.org."""
    return sys.stdout.isatty() and not os.environ.get("NO_COLOR")


def paint(text: str, colour: str) -> str:
    """The text in a colour, where there are colours."""
    return f"\x1b[{_COLOURS[colour]}m{text}\x1b[0m" if colourful() else text


def line(text: str = "") -> None:
    """Prints one line whole, whatever other threads print."""
    with _LOCK:
        try:
            print(text, flush=True)
        except BrokenPipeError:
            # Nobody reads any more (`make run | head`). The services must still be stopped in order, so carry on.
            sys.stdout = open(os.devnull, "w", encoding="utf-8")  # noqa: SIM115 - lives as long as the process


def step(text: str) -> None:
    """Says what is being done now."""
    line(f"{paint('==>', 'blue')} {text}")


def note(text: str) -> None:
    """Says something that people may want to know."""
    line(f"    {text}")


def warn(text: str) -> None:
    """Says something that people should know."""
    line(f"{paint('warning:', 'yellow')} {text}")


def error(text: str) -> None:
    """Says why it cannot go on."""
    line(f"{paint('error:', 'red')} {text}")
