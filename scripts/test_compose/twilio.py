"""Twilio as a caller of webhooks."""

from __future__ import annotations

import base64
import hashlib
import hmac
import http.client
import json
import os
import secrets
import threading
import urllib.parse
from collections.abc import Iterator
from contextlib import contextmanager

from .system import NUMBER, System, run

CALLER = "+15005550006"


def post(system: System, webhook: str, call: str, **more: str) -> tuple[int, bytes]:
    """One signed request about a call."""
    form = {"CallSid": call, "AccountSid": system.account, "From": CALLER, "To": NUMBER, "Direction": "inbound",
            "ApiVersion": "2010-04-01"} | more
    signed = f"https://prosaas.pro/webhook/{webhook}" + "".join(name + form[name] for name in sorted(form))
    mac = hmac.new(system.made_up["TWILIO_AUTH_TOKEN"].encode(), signed.encode(), hashlib.sha1).digest()
    headers = {"Content-Type": "application/x-www-form-urlencoded", "X-Twilio-Signature": base64.b64encode(mac).decode()}
    status, _, body = system.ask("POST", f"/webhook/{webhook}", urllib.parse.urlencode(form), headers)
    return status, body


def call_sid() -> str:
    """One that nobody else has."""
    return "CA" + secrets.token_hex(16)


@contextmanager
def calls(system: System) -> Iterator[list[str]]:
    """An incoming call every 100 ms; what each was answered."""
    answers: list[str] = []
    over = threading.Event()

    def one() -> str:
        try:
            status, body = post(system, "incoming_call", call_sid(), CallStatus="ringing")
        except (OSError, http.client.HTTPException) as cause:
            # While nginx itself is away, Twilio asks the number's fallback URL.
            return "fallback" if system.nginx_away else f"no answer: {cause}"
        return "twiml" if status == 200 and b"<Response>" in body else f"{status} {body[:80]!r}"

    def ring() -> None:
        while not over.wait(0.1):
            answers.append(one())

    caller = threading.Thread(target=ring)
    caller.start()
    try:
        yield answers
    finally:
        over.set()
        caller.join()


def script(system: System, signed_for: str, headers: dict[str, str]) -> str:
    """scripts/test_twilio_webhooks.sh. curl reads the headers from its own settings' file: the script stays the users'."""
    folder = system.clone / "curl"
    folder.mkdir(exist_ok=True)
    (folder / ".curlrc").write_text("".join(f"header = {json.dumps(f'{k}: {v}')}\n" for k, v in headers.items()))
    return run("bash", "scripts/test_twilio_webhooks.sh", f"http://127.0.0.1:{system.port}", cwd=system.clone,
               check=False, env=os.environ | {
                   "CURL_HOME": str(folder), "PUBLIC_URL": signed_for, "TWILIO_ACCOUNT_SID": system.account,
                   "TWILIO_AUTH_TOKEN": system.made_up["TWILIO_AUTH_TOKEN"], "TWILIO_PHONE_NUMBER": NUMBER})
