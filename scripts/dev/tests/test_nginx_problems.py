"""nginx's own errors: problem documents (RFC 9457) in the API's form and words."""

import http.client
import json
import re
import unittest

from scripts.dev import ports
from scripts.dev.paths import ROOT
from scripts.dev.tests.nginx_server import CALL, FORM, MISSING, PROGRAM, Nginx, upstream


@unittest.skipIf(PROGRAM is None, MISSING)
class Problems(unittest.TestCase):
    @classmethod
    def setUpClass(cls) -> None:
        port = cls.enterClassContext(upstream())
        cls.nginx = Nginx(f"127.0.0.1:{port}", "n8n:5678")
        cls.addClassCleanup(cls.nginx.stop)
        # Where nobody listens.
        cls.alone = Nginx(f"127.0.0.1:{ports.free()}", f"127.0.0.1:{ports.free()}")
        cls.addClassCleanup(cls.alone.stop)

    def _is_problem(self, answer: http.client.HTTPResponse, body: bytes, status: int, kind: str) -> None:
        self.assertEqual((answer.status, answer.headers["Content-Type"]), (status, "application/problem+json"), body)
        problem = json.loads(body)
        self.assertEqual((problem["status"], problem["type"], problem["success"]), (status, f"/problems/{kind}", False))
        self.assertRegex(problem["error"], r"^[A-Z].*\.$")
        self.assertRegex(problem["request_id"], r"^[0-9a-f]{32}$")
        self.assertTrue(problem["title"])
        self.assertEqual(answer.headers["Cache-Control"], "no-store")
        self.assertEqual(answer.headers["Retry-After"], "2" if status in (429, 503) else None)
        self.assertEqual(len(answer.headers.get_all("Content-Security-Policy")), 1)

    def test_each_refusal_of_nginx_is_one(self) -> None:
        large = "x" * 1_100_000
        for path, method, body, status, kind in (
                ("/api/leads", "POST", large, 413, "too-large"),
                ("/api/auth/login", "POST", "x" * 70_000, 413, "too-large"),
                ("/webhook/call_status", "POST", "x" * 70_000, 413, "too-large"),
                ("/webhook/incoming_call", "POST", "x" * 70_000, 413, "too-large"),
                ("/leads", "POST", "x", 405, "method-not-allowed"),
                ("/ready", "GET", None, 404, "not-found"),
                ("/internal/facts", "POST", "x", 404, "not-found"),
                ("/api", "GET", None, 404, "not-found"),
                ("/assets/gone.js", "GET", None, 404, "not-found"),
                ("/nginx-problem", "GET", None, 404, "not-found"),
                ("/api/" + "x" * 17_000, "GET", None, 414, "too-large")):
            with self.subTest(path[:40], status=status):
                self._is_problem(*self.nginx.ask(path, method=method, body=body, headers=FORM), status, kind)
        self._is_problem(*self.nginx.ask("/api/leads", headers={"X-Long": "x" * 17_000}), 400, "bad-request")

    def test_what_no_program_should_send_is_answered_with_one(self) -> None:
        for request, status in ((b"nonsense\r\n\r\n", 400), (b"GET /api/leads HTTP/1.1\r\n\r\n", 400),
                                (b"GET /api/leads HTTP/1.1\r\nHost: a b\r\n\r\n", 400),
                                (b"POST /api/leads HTTP/1.1\r\nHost: a\r\nContent-Length: -1\r\n\r\n", 400),
                                (b"POST /api/leads HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: gzip\r\n\r\n", 501),
                                (b"GET /api/leads HTTP/3.7\r\nHost: a\r\n\r\n", 505)):
            with self.subTest(request):
                self._is_problem(*self.nginx.send(request), status, "bad-request")

    def test_a_service_that_is_away_is_one(self) -> None:
        for path in ("/api/leads", "/api/live", "/api/auth/me", "/n8n/webhook/x", "/webhook/call_status"):
            with self.subTest(path):
                self._is_problem(*self.alone.ask(path), 503, "unavailable")

    def test_the_backend_s_own_answers_stay(self) -> None:
        for status in (400, 404, 405, 413, 429, 500, 502, 503, 504):
            for path in ("/api/leads", "/api/auth/me", "/webhook/call_status"):
                answer, body = self.nginx.ask(f"{path}?answer={status}")
                self.assertEqual(answer.status, status, path)
                self.assertIn("headers", json.loads(body), "the backend's own words")

    def test_stand_ins_stay(self) -> None:
        answer, body = self.alone.ask("/webhook/incoming_call", method="POST", body=CALL, headers=FORM)
        self.assertEqual((answer.status, answer.headers.get_content_type()), (200, "text/xml"))
        self.assertIn(b"<Record ", body)

    def test_the_log_names_the_address_that_was_asked(self) -> None:
        self.nginx.ask("/api/leads?q=dana", method="POST", body="x" * 1_100_000)
        self.nginx.send(b"nonsense?q=dana\r\n\r\n")
        lines = self.nginx.log()
        self.assertIn(("/api/leads", 413), {(line["path"], line["status"]) for line in lines})
        self.assertNotIn("dana", json.dumps(lines))


class Words(unittest.TestCase):
    def test_types_and_titles_are_the_api_s(self) -> None:
        maps = (ROOT / "nginx" / "problems-maps.conf").read_text()

        def values(name: str) -> dict[str, str]:
            body = re.search(rf"map \$status \${name} {{(.*?)}}", maps, re.DOTALL)[1]
            return dict(re.findall(r'^\s+(\w+)\s+"?([^"]*?)"?;$', body, re.MULTILINE))

        sources = "".join(file.read_text() for file in (ROOT / "ingress" / "src").rglob("*.rs"))
        types, titles = values("problem_type"), values("problem_title")
        self.assertGreater(len(types), 5)
        for status, kind in types.items():
            title = titles.get(status, titles["default"])
            self.assertRegex(sources, rf'"{kind}",\s*"{title}"', status)
        self.assertEqual(set(values("problem_error")) | {"501"}, set(types))
