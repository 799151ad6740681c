"""The incoming-call webhook as a good Flask service would have it.

The official validator checks the signature over the public URL, a pooled connection to Postgres keeps the call in
one statement and one commit, and only then the caller is answered. A retry of a call is one row.
"""

from __future__ import annotations

import logging
import os

from flask import Flask, Response, abort, request
from psycopg.types.json import Jsonb
from psycopg_pool import ConnectionPool
from twilio.request_validator import RequestValidator
from twilio.twiml.voice_response import VoiceResponse

# ON CONFLICT: Twilio sends a call again when the first answer did not arrive.
INSERT = """
INSERT INTO calls (call_sid, account_sid, caller, called, status, parameters)
VALUES (%s, %s, %s, %s, %s, %s)
ON CONFLICT (call_sid) DO NOTHING
"""

GREETING = "שלום, הגעתם אל העסק שלנו. אפשר להשאיר הודעה לאחר הצליל."


def twiml() -> str:
    """The answer, the same for every call: written once, not for each request."""
    answer = VoiceResponse()
    answer.say(GREETING, language="he-IL", voice="Google.he-IL-Wavenet-A")
    answer.record(
        action="/webhook/handle_recording", max_length=300, play_beep=True,
        recording_status_callback="/webhook/handle_recording",
    )
    return str(answer)


def create_app() -> Flask:
    """One application for each worker process, with a pool of its own: one connection for each thread."""
    app = Flask(__name__)
    logging.basicConfig(level=logging.INFO)
    validator = RequestValidator(os.environ["TWILIO_AUTH_TOKEN"])
    account = os.environ["TWILIO_ACCOUNT_SID"]
    public_url = os.environ["PUBLIC_URL"].rstrip("/")
    threads = int(os.environ["THREADS"])
    pool = ConnectionPool(
        os.environ["DATABASE_URL"], min_size=threads, max_size=threads, open=True, timeout=10,
        # The same statement for every call: prepared at once instead of after five.
        kwargs={"autocommit": True, "prepare_threshold": 1},
    )
    document = twiml()
    log = logging.getLogger("webhook")

    @app.post("/webhook/incoming_call")
    def incoming_call() -> Response:
        form = request.form
        signature = request.headers.get("X-Twilio-Signature", "")
        # full_path ends in a question mark where there is no query.
        path = request.full_path if request.query_string else request.path
        if not validator.validate(public_url + path, form, signature) or form.get("AccountSid") != account:
            abort(403)
        call = form["CallSid"]
        row = (call, account, form["From"], form["To"], form["CallStatus"], Jsonb(form.to_dict()))
        with pool.connection() as connection:
            connection.execute(INSERT, row)
        log.info("call.answered call_sid=%s", call)
        return Response(document, content_type="text/xml; charset=utf-8")

    @app.get("/health")
    def health() -> str:
        return "ok"

    return app
