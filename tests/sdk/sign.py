"""Signs requests with Twilio's official Python SDK.

Reads one JSON object a line, ``{url, params: [[key, value], ...] | body, token, algorithm?}``,
and prints one signature a line, in the same order, as soon as it is known. For a ``body``
(JSON text) the URL must already carry its ``bodySHA256``: the URL alone is signed. Without
both it is a GET. ``algorithm`` is HMAC_SHA1 (the default) or HMAC_SHA256.

Install (PROSAAS_VENV is the virtual environment, .data/venv in development)::

    python3 -m venv "$PROSAAS_VENV"
    "$PROSAAS_VENV/bin/pip" install --require-hashes --no-deps -r tests/sdk/requirements.txt

Run with ``"$PROSAAS_VENV/bin/python" tests/sdk/sign.py``.
"""

import json
import sys

from twilio.request_validator import RequestValidator


class MultiDict(dict):
    """The one method of Django's QueryDict that the SDK asks for: all values of a key."""

    def __init__(self, pairs):
        super().__init__()
        for key, value in pairs:
            self.setdefault(key, []).append(value)

    def getlist(self, key):
        return self[key]


def signature(request):
    """The official signature of one request."""
    fields = {} if request.get("body") is not None else MultiDict(request.get("params") or [])
    validator = RequestValidator(request["token"])
    return validator.compute_signature(request["url"], fields, request.get("algorithm"))


def main():
    for line in sys.stdin:
        if line.strip():
            print(signature(json.loads(line)), flush=True)


if __name__ == "__main__":
    sys.stdin.reconfigure(encoding="utf-8")
    main()
