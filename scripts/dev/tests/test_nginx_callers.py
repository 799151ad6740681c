"""What callers hear, and what Twilio is told, while the backend is away or breaks."""

import threading
import time
import unittest
import xml.etree.ElementTree as ElementTree

from scripts.dev import ports
from scripts.dev.paths import ROOT
from scripts.dev.tests.nginx_server import CALL, FORM, MISSING, PROGRAM, Nginx, upstream


@unittest.skipIf(PROGRAM is None, MISSING)
class BeforeTheBackend(unittest.TestCase):
    def test_a_refusal_of_the_backend_stays_and_its_fault_becomes_an_answer(self) -> None:
        port = self.enterContext(upstream())
        server = Nginx(f"127.0.0.1:{port}", "n8n:5678")
        self.addCleanup(server.stop)
        for status in (403, 400, 413, 429):
            self.assertEqual(server.ask(f"/webhook/incoming_call?answer={status}")[0].status, status)
        for status in (403, 400, 429):
            self.assertIn(b"headers", server.ask(f"/webhook/incoming_call?answer={status}")[1], "its own words")
        for status in (400, 403, 429, 500, 503):
            answer, body = server.ask(f"/webhook/screen?answer={status}")
            self.assertEqual((answer.status, [verb.tag for verb in ElementTree.fromstring(body)]), (200, ["Hangup"]))
        answer, body = server.ask("/webhook/menu?answer=404")
        self.assertIn("Record", [verb.tag for verb in ElementTree.fromstring(body)])
        for status in (500, 502, 503, 504):
            answer, body = server.ask(f"/webhook/incoming_call?answer={status}")
            self.assertEqual((answer.status, ElementTree.fromstring(body).tag), (200, "Response"))


@unittest.skipIf(PROGRAM is None, MISSING)
class Alone(unittest.TestCase):
    """The backend's and n8n's names do not even resolve: nginx starts all the same, and callers hear an answer."""

    @classmethod
    def setUpClass(cls) -> None:
        cls.nginx = Nginx("backend:5000", "n8n:5678")
        cls.addClassCleanup(cls.nginx.stop)

    def test_people_and_machines_get_an_answer(self) -> None:
        self.assertEqual(self.nginx.ask("/health")[1], b"ok")
        self.assertEqual(self.nginx.ask("/leads")[0].status, 200)
        for path in ("/n8n/", "/api/leads"):
            self.assertEqual(self.nginx.ask(path)[0].status, 503, path)

    def test_a_caller_leaves_a_message(self) -> None:
        for method, path, body in (
            ("POST", "/webhook/incoming_call", CALL), ("GET", "/webhook/incoming_call?" + CALL, None),
            # In the middle of a menu.
            ("POST", "/webhook/menu?at=2&wrong=1", CALL + "&Digits=1"), ("GET", "/webhook/menu?at=&" + CALL, None),
        ):
            started = time.monotonic()
            answer, twiml = self.nginx.ask(path, method=method, body=body, headers=FORM)
            self.assertLess(time.monotonic() - started, 5)
            self.assertEqual((answer.status, answer.headers.get_content_type()), (200, "text/xml"))
            self.assertTrue(twiml.startswith(b"<?xml"))
            self.assertEqual([verb.tag for verb in ElementTree.fromstring(twiml)],
                             ["Say"] * 4 + ["Record"] + ["Say"] * 2 + ["Hangup"])

    def test_its_words_are_the_ingress_s(self) -> None:
        snapshots = ROOT / "ingress" / "src" / "answer" / "snapshots"
        told: set[str] = set()
        for language in ("he", "en"):
            text = (snapshots / f"prosaas_ingress__answer__tests__nobody_answered_{language}.snap").read_text()
            told |= {ElementTree.tostring(verb).strip() for verb in ElementTree.fromstring(text[text.index("<Response"):])}
        _, twiml = self.nginx.ask("/webhook/incoming_call", method="POST", body=CALL, headers=FORM)
        self.assertEqual({ElementTree.tostring(verb) for verb in ElementTree.fromstring(twiml)}, told)

    def test_after_forwarding_and_after_a_message(self) -> None:
        def verbs(path: str, body: str) -> list[str]:
            answer, twiml = self.nginx.ask(path, method="POST", body=body, headers=FORM)
            self.assertEqual(answer.status, 200)
            return [verb.tag for verb in ElementTree.fromstring(twiml)]

        # The rule of was_put_through, with its table.
        for address, bridged, outcome, spoke in (
            ("?screened=1", "true", "completed", True), ("?screened=1", "false", "completed", False),
            ("?screened=1", None, "completed", False), ("?screened=1", "true", "no-answer", False),
            ("", "true", "completed", True), ("", None, "completed", True), ("", "false", "completed", False),
            ("", None, "busy", False), ("", "true", "answered", True), ("", "", "completed", True),
            ("?screened=1", "", "completed", False), ("", "true", "busy", False),
        ):
            said = [f"DialCallStatus={outcome}"] + ([] if bridged is None else [f"DialBridged={bridged}"])
            for order in (said, said[::-1]):
                answer = verbs("/webhook/dial_result" + address, "&".join([CALL, *order]))
                self.assertEqual(answer == ["Hangup"], spoke, (address, order))
                self.assertEqual("Record" in answer, not spoke)
        self.assertEqual(verbs("/webhook/handle_recording", CALL + "&RecordingUrl=x&Digits=hangup"), ["Say", "Hangup"])

    def test_whoever_was_asked_is_hung_up_on_and_the_caller_goes_on(self) -> None:
        for method, path, body in (("POST", "?business=b", CALL), ("POST", "?business=b", CALL + "&Digits=1"),
                                   ("GET", "?business=b&" + CALL, None)):
            answer, twiml = self.nginx.ask("/webhook/screen" + path, method=method, body=body, headers=FORM)
            self.assertEqual((answer.status, answer.headers.get_content_type()), (200, "text/xml"))
            self.assertEqual([verb.tag for verb in ElementTree.fromstring(twiml)], ["Hangup"])

    def test_reports_that_nobody_listens_to_fail_visibly(self) -> None:
        for path, body in (("/webhook/handle_recording", CALL + "&RecordingStatus=completed"),
                           ("/webhook/call_status", CALL + "&CallStatus=completed")):
            answer, _ = self.nginx.ask(path, method="POST", body=body, headers=FORM)
            self.assertGreaterEqual(answer.status, 500)


@unittest.skipIf(PROGRAM is None, MISSING)
class WhileTheBackendIsReplaced(unittest.TestCase):
    def test_every_call_is_answered(self) -> None:
        port = ports.free()
        server = Nginx(f"127.0.0.1:{port}", "n8n:5678")
        self.addCleanup(server.stop)
        answers: list[tuple[int, bytes]] = []
        over = threading.Event()

        def call() -> None:
            while not over.wait(0.02):
                answer, body = server.ask("/webhook/incoming_call", method="POST", body=CALL, headers=FORM)
                answers.append((answer.status, body))

        caller = threading.Thread(target=call)
        caller.start()
        for _ in range(2):
            with upstream(port):
                time.sleep(0.5)
            time.sleep(0.5)
        over.set()
        caller.join()
        self.assertEqual({status for status, _ in answers}, {200})
        self.assertEqual({body[:1] for _, body in answers}, {b"{", b"<"}, "both have answered")
