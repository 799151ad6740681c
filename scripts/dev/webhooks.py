"""Signed sample calls to the three webhooks, as Twilio would send them: scripts/test_twilio_webhooks.sh."""

from __future__ import annotations

import argparse
import base64
import hashlib
import hmac
import os
import secrets
import sys
import urllib.error
import urllib.parse
import urllib.request
import xml.etree.ElementTree as ElementTree
from collections.abc import Callable, Mapping
from dataclasses import dataclass

from . import say, settings
from .paths import Paths
from .say import CannotGoOn


def signature(token: str, url: str, parameters: Mapping[str, str]) -> str:
    """X-Twilio-Signature: the URL and the sorted parameters, name and value joined, under HMAC-SHA1."""
    text = url + "".join(f"{name}{parameters[name]}" for name in sorted(parameters))
    return base64.b64encode(hmac.new(token.encode(), text.encode(), hashlib.sha1).digest()).decode()


def twiml(status: int, kind: str, body: str) -> str | None:
    """What is wrong with an answer that must be TwiML; None when nothing."""
    if status != 200:
        return f"status {status} instead of 200"
    if not kind.startswith("text/xml"):
        return f"content type {kind!r} instead of text/xml"
    try:
        root = ElementTree.fromstring(body)
    except ElementTree.ParseError as cause:
        return f"not XML: {cause}"
    return None if root.tag == "Response" else f"the root is <{root.tag}> instead of <Response>"


def _nothing(status: int, _: str, __: str) -> str | None:
    return None if status == 204 else f"status {status} instead of 204"


def _refused(status: int, _: str, __: str) -> str | None:
    return None if status == 403 else f"status {status} instead of 403"


@dataclass(frozen=True)
class Case:
    """One request and what its answer must be."""

    name: str
    path: str
    parameters: Mapping[str, str]
    judge: Callable[[int, str, str], str | None]
    method: str = "POST"
    tampered: bool = False


def cases(account: str, number: str, *, checked: bool) -> list[Case]:
    """A call from its first ring to its recording. Ids are new each time, so that every run is a new call."""
    call, recording = f"CA{secrets.token_hex(16)}", f"RE{secrets.token_hex(16)}"
    common = {"AccountSid": account, "CallSid": call, "From": "+972000000000", "To": number,
              "ApiVersion": "2010-04-01", "Direction": "inbound", "CallerName": "ישראל ישראלי"}
    recorded = common | {
        "RecordingSid": recording, "RecordingStatus": "completed", "RecordingDuration": "7",
        "RecordingUrl": f"https://api.twilio.com/2010-04-01/Accounts/{account}/Recordings/{recording}",
    }
    found = [
        Case("incoming call", "/webhook/incoming_call", common | {"CallStatus": "ringing"}, twiml),
        Case("incoming call, GET", "/webhook/incoming_call", common | {"CallStatus": "ringing"}, twiml, method="GET"),
        Case("call status", "/webhook/call_status",
             common | {"CallStatus": "completed", "CallDuration": "12", "SequenceNumber": "3"}, _nothing),
        Case("recording", "/webhook/handle_recording", recorded, twiml),
    ]
    if checked:
        found.append(Case("a wrong signature is refused", "/webhook/incoming_call", common, _refused, tampered=True))
    return found


def send(base: str, token: str, case: Case) -> str | None:
    """Sends one; returns what is wrong with the answer, None when nothing."""
    encoded = urllib.parse.urlencode(case.parameters)
    path = f"{case.path}?{encoded}" if case.method == "GET" else case.path
    signed = {} if case.method == "GET" else case.parameters
    headers = {"X-Twilio-Signature": signature(token + ("x" if case.tampered else ""), base + path, signed),
               "User-Agent": "TwilioProxy/1.1", "Content-Type": "application/x-www-form-urlencoded; charset=UTF-8"}
    request = urllib.request.Request(base + path, method=case.method, headers=headers,
                                     data=encoded.encode() if case.method == "POST" else None)
    # A proxy of the environment has no business with this machine's own addresses.
    here = urllib.parse.urlsplit(base).hostname in ("127.0.0.1", "::1", "localhost")
    opener = urllib.request.build_opener(*([urllib.request.ProxyHandler({})] if here else []))
    try:
        with opener.open(request, timeout=15) as answer:
            return case.judge(answer.status, answer.headers.get("Content-Type", ""), answer.read().decode())
    except urllib.error.HTTPError as answer:
        return case.judge(answer.code, "", "")
    except OSError as cause:
        return f"no answer: {cause}"


def main() -> int:
    """Says pass or fail for each; the exit code is 1 when one failed."""
    parser = argparse.ArgumentParser(prog="scripts/test_twilio_webhooks.sh", description=__doc__)
    parser.add_argument("base_url", nargs="?", help="default: PUBLIC_URL, else the address of make run")
    given = parser.parse_args().base_url
    try:
        paths = Paths.find()
        paths.make()
        chosen = settings.load(paths, os.environ)
    except CannotGoOn as cause:
        say.error(str(cause))
        return 1
    base = (given or chosen.need("PUBLIC_URL")).rstrip("/")
    token = chosen.need("TWILIO_AUTH_TOKEN").split(",")[0].strip()
    checked = (chosen.get("VALIDATE_TWILIO_SIGNATURE") or "true") != "false"
    failed = 0
    for case in cases(chosen.need("TWILIO_ACCOUNT_SID"), chosen.need("TWILIO_PHONE_NUMBER"), checked=checked):
        wrong = send(base, token, case)
        failed += wrong is not None
        verdict = say.paint("PASS", "green") if wrong is None else say.paint("FAIL", "red")
        say.line(f"{verdict}  {case.method:4} {case.path:26} {case.name}{'' if wrong is None else f': {wrong}'}")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
