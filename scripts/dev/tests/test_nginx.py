"""What nginx passes on and what it answers itself, while everything is up."""

import contextlib
import http.client
import time
import unittest

from scripts.dev.tests.nginx_server import CALL, FORM, MISSING, PROGRAM, STRANGER, TRUSTED, Nginx, Upstream, upstream


@unittest.skipIf(PROGRAM is None, MISSING)
class BeforeTheBackend(unittest.TestCase):
    @classmethod
    def setUpClass(cls) -> None:
        port = cls.enterClassContext(upstream())
        cls.nginx = Nginx(f"127.0.0.1:{port}", f"127.0.0.1:{port}")
        cls.addClassCleanup(cls.nginx.stop)

    def test_every_route_of_the_app_is_its_page(self) -> None:
        for path in ("/", "/leads", "/leads/5?q=%D7%A2", "/settings/hours"):
            answer, body = self.nginx.ask(path)
            self.assertEqual((answer.status, answer.headers["Content-Type"]), (200, "text/html; charset=utf-8"), path)
            self.assertIn(b"<title>app", body)
            self.assertEqual(answer.headers["Cache-Control"], "no-cache")
        self.assertEqual(self.nginx.ask("/", method="POST")[0].status, 405)

    def test_hashed_files_are_kept_for_ever_and_unknown_ones_are_not_the_page(self) -> None:
        answer, body = self.nginx.ask("/assets/app-1a2b3c.js", headers={"Accept-Encoding": "gzip"})
        self.assertEqual(answer.headers["Cache-Control"], "public, max-age=31536000, immutable")
        self.assertEqual(answer.headers["Content-Encoding"], "gzip")
        self.assertLess(len(body), 500)
        missing, _ = self.nginx.ask("/assets/app-000000.js")
        self.assertEqual((missing.status, missing.headers["Cache-Control"]), (404, "no-store"))
        self.assertEqual(self.nginx.ask("/sw.js")[0].headers["Cache-Control"], "no-cache")

    def test_security_headers_stand_once_on_every_answer(self) -> None:
        for path in ("/", "/assets/app-1a2b3c.js", "/assets/none.js", "/api/leads", "/ready", "/webhook/call_status"):
            answer, _ = self.nginx.ask(path)
            for name in ("Content-Security-Policy", "X-Content-Type-Options", "Referrer-Policy", "X-Frame-Options"):
                self.assertEqual(len(answer.headers.get_all(name) or ()), 1, f"{path} {name}")
            policy = answer.headers["Content-Security-Policy"]
            self.assertIn("default-src 'none'", policy)
            # Toasts and dialogs write styles; no script may.
            self.assertNotIn("unsafe", policy.replace("style-src 'self' 'unsafe-inline'", ""))
            self.assertIsNone(answer.headers["Strict-Transport-Security"])
            self.assertEqual(answer.headers["Server"], "nginx")
        over_tls, _ = self.nginx.ask("/", source=TRUSTED, headers={"X-Forwarded-Proto": "https"})
        self.assertEqual(over_tls.headers["Strict-Transport-Security"], "max-age=31536000")

    def test_what_is_for_machines_inside_is_not_found(self) -> None:
        for path in ("/ready", "/ready/", "/metrics", "/metrics?x", "/internal", "/internal/", "/internal/facts", "//ready",
                     "/api/../metrics", "/%6detrics", "/api/%2e%2e/ready", "/./internal/x", "/assets/../ready"):
            self.assertEqual(self.nginx.ask(path)[0].status, 404, path)

    def test_health(self) -> None:
        answer, body = self.nginx.ask("/health")
        self.assertEqual((answer.status, body), (200, b"ok"))

    def test_a_trusted_proxy_tells_scheme_and_client(self) -> None:
        forwarded = {"X-Forwarded-Proto": "https", "X-Forwarded-For": "6.6.6.6, 203.0.113.7", "Host": "prosaas.pro"}
        seen = self.nginx.told("/webhook/incoming_call", source=TRUSTED, headers=forwarded)["headers"]
        self.assertEqual((seen["x-forwarded-proto"], seen["x-forwarded-for"]), ("https", "203.0.113.7"))
        self.assertEqual((seen["host"], seen["x-forwarded-host"]), ("prosaas.pro", "prosaas.pro"))
        cloudflare = forwarded | {"CF-Connecting-IP": "2001:db8::7"}
        seen = self.nginx.told("/api/leads", source=TRUSTED, headers=cloudflare)["headers"]
        self.assertEqual((seen["x-forwarded-for"], seen["x-real-ip"]), ("2001:db8::7", "2001:db8::7"))
        self.assertNotIn("cf-connecting-ip", seen)

    def test_nobody_else_does(self) -> None:
        claimed = {"X-Forwarded-Proto": "https", "X-Forwarded-For": "6.6.6.6", "CF-Connecting-IP": "6.6.6.6",
                   "X-Forwarded-Host": "evil.example", "X-Real-IP": "6.6.6.6", "X-Request-Id": "chosen-by-me",
                   "Forwarded": "proto=https", "Host": "prosaas.pro:8080"}
        for path in ("/webhook/incoming_call", "/webhook/call_status", "/api/leads", "/api/auth/me", "/n8n/x"):
            seen = self.nginx.told(path, headers=claimed)["headers"]
            self.assertEqual(seen["x-forwarded-proto"], "http", path)
            self.assertEqual((seen["x-forwarded-for"], seen["x-real-ip"]), (STRANGER, STRANGER))
            self.assertEqual((seen["host"], seen["x-forwarded-host"]), ("prosaas.pro:8080", "prosaas.pro:8080"))
            self.assertRegex(seen["x-request-id"], r"^[0-9a-f]{32}$")
            self.assertNotIn("forwarded", seen)

    def test_a_malformed_client_is_nobody_s_address(self) -> None:
        for value in ("nonsense", "1.2.3.4, <script>", ""):
            seen = self.nginx.told("/api/leads", source=TRUSTED, headers={"X-Forwarded-For": value})["headers"]
            self.assertEqual(seen["x-forwarded-for"], TRUSTED, value)

    def test_twilio_s_request_line_and_body_arrive_byte_for_byte(self) -> None:
        line = "/webhook/incoming_call?b=2&a=%7e+x%20y&blank=&n=%D7%A2&q='%27{}|"
        seen = self.nginx.told(line, method="POST", body=CALL, headers=FORM)
        self.assertEqual((seen["path"], seen["body"]), (line, CALL))
        long_query = "/webhook/call_status?x=" + "y" * 9000
        self.assertEqual(self.nginx.told(long_query)["path"], long_query)

    def test_events_arrive_while_the_answer_is_still_open(self) -> None:
        Upstream.may_end.clear()
        with contextlib.closing(http.client.HTTPConnection("127.0.0.1", self.nginx.port, timeout=10)) as connection:
            connection.request("GET", "/api/live", headers={"Accept": "text/event-stream"})
            answer = connection.getresponse()
            self.assertEqual(answer.readline(), b"data: first\n")
            self.assertIsNone(answer.headers["Content-Encoding"])
            Upstream.may_end.set()

    def test_the_log_tells_what_came_and_nothing_personal(self) -> None:
        self.nginx.ask("/webhook/incoming_call?From=%2B972501234567", method="POST", body=CALL, headers=FORM)
        time.sleep(0.1)
        self.assertIn(("POST", "/webhook/incoming_call", 200),
                      {(line["method"], line["path"], line["status"]) for line in self.nginx.log()})
        whole = (self.nginx.folder / "access.log").read_text() + (self.nginx.folder / "error.log").read_text()
        self.assertNotIn("501234567", whole)
