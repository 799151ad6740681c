"""A stand-in for Twilio's recordings on a machine without an account: `python -m scripts.dev.demo_twilio PORT`.

`make run` starts it only while no Twilio account is configured, so that a sample call gets a recording that plays,
and so that demo credentials are never sent to Twilio. Account and token come from the environment.
"""

from __future__ import annotations

import base64
import hmac
import os
import re
import sys
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

CALL = re.compile(r"^/2010-04-01/Accounts/(AC\w+)/Calls/(CA\w+)\.json$")
MEDIA = re.compile(r"^/2010-04-01/Accounts/(AC\w+)/Recordings/(RE\w+)\.(mp3|json)(?:\?.*)?$")


def silence(seconds: float = 4.0) -> bytes:
    """An MP3 file of silence: MPEG-2 layer III, mono, 16 kHz, 32 kbit/s, so 144 bytes for each 36 ms."""
    header = bytes((0xFF, 0xF3, 0x48, 0xC4))
    frame = header + bytes(144 - len(header))
    return frame * round(seconds / 0.036)


class Handler(BaseHTTPRequestHandler):
    """Serves every recording of the one account."""

    protocol_version = "HTTP/1.1"
    account = token = ""
    audio = b""

    def do_GET(self) -> None:  # noqa: N802 - the name that http.server calls
        found = MEDIA.match(self.path)
        if not self._authorized():
            self._answer(401, b"")
        elif CALL.match(self.path):
            # Nobody has called: such a call is one that somebody made up.
            self._answer(404, b"")
        elif found is None:
            # No part of Twilio's API but recordings and calls: the doctor tells that from an account that is not known.
            self._answer(501, b"")
        elif found[1] != self.account or found[3] != "mp3":
            self._answer(404, b"")
        else:
            self._answer(200, self.audio, "audio/mpeg")

    def do_DELETE(self) -> None:  # noqa: N802 - the name that http.server calls
        self._answer(204 if self._authorized() else 401, b"")

    def _authorized(self) -> bool:
        wanted = "Basic " + base64.b64encode(f"{self.account}:{self.token}".encode()).decode()
        return hmac.compare_digest(self.headers.get("Authorization", ""), wanted)

    def _answer(self, status: int, body: bytes, kind: str = "text/plain") -> None:
        self.send_response(status)
        if status != 204:
            self.send_header("Content-Type", kind)
            self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - http.server's own name
        """Says nothing: addresses hold ids of recordings."""


def serve(port: int, account: str, token: str) -> ThreadingHTTPServer:
    """A server on loopback that is ready to run."""
    handler = type("DemoHandler", (Handler,), {"account": account, "token": token, "audio": silence()})
    return ThreadingHTTPServer(("127.0.0.1", port), handler)


if __name__ == "__main__":
    server = serve(int(sys.argv[1]), os.environ["TWILIO_ACCOUNT_SID"], os.environ["TWILIO_AUTH_TOKEN"].split(",")[0])
    try:
        server.serve_forever()
    except KeyboardInterrupt:
        pass
