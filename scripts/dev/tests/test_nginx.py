"""nginx.conf in a real nginx, before an upstream that tells what reached it."""

import concurrent.futures
import contextlib
import http.client
import json
import os
import re
import shutil
import subprocess
import tempfile
import threading
import time
import unittest
import xml.etree.ElementTree as ElementTree
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

from scripts.dev import nginx, ports
from scripts.dev.paths import ROOT, Paths

# Other than the rest of loopback, so that one peer is trusted and another is not.
TRUSTED, STRANGER = "127.0.0.2", "127.0.0.1"
FORM = {"Content-Type": "application/x-www-form-urlencoded"}
CALL = "CallSid=CA1&From=%2B15005550006&To=%2B972000000001"


class Upstream(BaseHTTPRequestHandler):
    """Answers what it was asked, as JSON; some paths do more."""

    protocol_version = "HTTP/1.1"
    # An answer goes out whole: nginx hangs up after the head of one that it replaces by its own, and what then still
    # comes would reset the connection.
    wbufsize = -1
    may_end = threading.Event()

    def do_GET(self) -> None:
        length = int(self.headers.get("Content-Length") or 0)
        body = self.rfile.read(length).decode()
        wanted = re.search(r"answer=(\d+)", self.path)
        if self.path == "/api/live":
            self._stream()
            return
        told = json.dumps({"path": self.path, "headers": {k.lower(): v for k, v in self.headers.items()},
                           "body": body}).encode()
        self.send_response(int(wanted[1]) if wanted else 200)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(told)))
        self.send_header("X-Content-Type-Options", "nosniff")
        self.send_header("Set-Cookie", "n8n-auth=1; Path=/; HttpOnly")
        self.end_headers()
        self.wfile.write(told)

    do_POST = do_GET

    def _stream(self) -> None:
        self.send_response(200)
        self.send_header("Content-Type", "text/event-stream")
        self.send_header("Connection", "close")
        self.end_headers()
        self.wfile.write(b"data: first\n\n")
        self.wfile.flush()
        self.may_end.wait(10)
        self.close_connection = True

    def log_message(self, *_: object) -> None:
        pass


class Server(ThreadingHTTPServer):
    request_queue_size = 512
    daemon_threads = True


@contextlib.contextmanager
def upstream(port: int = 0) -> Iterator[int]:
    server = Server(("127.0.0.1", port), Upstream)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05})
    thread.start()
    try:
        yield server.server_address[1]
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


class Nginx:
    """The repository's configuration in a folder of its own, with what must differ here replaced."""

    def __init__(self, program: Path, backend: str, n8n: str) -> None:
        self.folder = Path(tempfile.mkdtemp(prefix="prosaas-nginx-"))
        # Root's nginx works as `nobody`.
        self.folder.chmod(0o755)
        self.port = ports.free()
        configuration = nginx.copy(ROOT / nginx.CONFIGURATION, self.folder)
        (self.folder / "nginx" / "trusted-proxies.conf").write_text(f"{TRUSTED} 1;\n")
        self._write_site()
        text = configuration.read_text()
        for old, new in {
            "listen 8080 default_server;": f"listen 127.0.0.1:{self.port} default_server;",
            "set $backend backend:5000;": f"set $backend {backend};",
            "set $n8n n8n:5678;": f"set $n8n {n8n};",
            "root /usr/share/nginx/html;": f"root {self.folder}/site;",
            f"pid {self.folder}/nginx.pid;": f"daemon off; pid {self.folder}/nginx.pid;",
            "error_log /dev/stderr": f"error_log {self.folder}/error.log",
            "worker_processes auto;": "worker_processes 1;",
        }.items():
            assert text.count(old) == 1, old
            text = text.replace(old, new)
        configuration.write_text(text)
        log = self.folder / "nginx" / "log.conf"
        log.write_text(log.read_text().replace("/dev/stdout", f"{self.folder}/access.log"))
        self.process = subprocess.Popen(
            [program, "-e", self.folder / "start.log", "-c", configuration],
            stdin=subprocess.DEVNULL,
        )
        deadline = time.monotonic() + 20
        while not ports.answers(self.port):
            if self.process.poll() is not None or time.monotonic() > deadline:
                raise AssertionError(f"nginx did not start: {(self.folder / 'start.log').read_text()}")
            time.sleep(0.05)

    def _write_site(self) -> None:
        site = self.folder / "site"
        (site / "assets").mkdir(parents=True)
        (site / "index.html").write_text("<!doctype html><title>app</title>")
        (site / "sw.js").write_text("//")
        (site / "assets" / "app-1a2b3c.js").write_text("//" + "x" * 3000)

    def ask(self, path: str, *, method: str = "GET", body: str | None = None, source: str = STRANGER,
            headers: dict[str, str] | None = None) -> tuple[http.client.HTTPResponse, bytes]:
        """One request, its path sent byte for byte."""
        with contextlib.closing(http.client.HTTPConnection("127.0.0.1", self.port, timeout=20,
                                                           source_address=(source, 0))) as connection:
            connection.request(method, path, body, headers or {})
            answer = connection.getresponse()
            return answer, answer.read()

    def told(self, path: str, **more: object) -> dict:
        """What the upstream saw."""
        answer, body = self.ask(path, **more)
        assert answer.status == 200, (answer.status, body)
        return json.loads(body)

    def stop(self) -> None:
        self.process.terminate()
        self.process.wait(10)
        shutil.rmtree(self.folder, ignore_errors=True)


PROGRAM = nginx.program(Paths.find()) if os.environ.get("PROSAAS_NGINX") != "skip" else None


@unittest.skipIf(PROGRAM is None, "no nginx here, and Debian's packages cannot be had")
class BeforeTheBackend(unittest.TestCase):
    """Everything is up."""

    @classmethod
    def setUpClass(cls) -> None:
        port = cls.enterClassContext(upstream())
        cls.nginx = Nginx(PROGRAM, f"127.0.0.1:{port}", f"127.0.0.1:{port}")
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
        self.assertEqual((missing.status, missing.headers["Cache-Control"]), (404, None))
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

    def test_a_body_that_is_too_large_is_refused(self) -> None:
        answer, _ = self.nginx.ask("/webhook/incoming_call", method="POST", body="x" * 70_000, headers=FORM)
        self.assertEqual(answer.status, 413)
        answer, body = self.nginx.ask("/api/leads", method="POST", body="x" * 1_100_000, headers=FORM)
        self.assertEqual((answer.status, json.loads(body)["success"]), (413, False))

    def test_events_arrive_while_the_answer_is_still_open(self) -> None:
        Upstream.may_end.clear()
        with contextlib.closing(http.client.HTTPConnection("127.0.0.1", self.nginx.port, timeout=10)) as connection:
            connection.request("GET", "/api/live", headers={"Accept": "text/event-stream"})
            answer = connection.getresponse()
            self.assertEqual(answer.readline(), b"data: first\n")
            self.assertIsNone(answer.headers["Content-Encoding"])
            Upstream.may_end.set()

    def test_limits_meet_people_and_never_twilio(self) -> None:
        def statuses(path: str, count: int) -> list[int]:
            with concurrent.futures.ThreadPoolExecutor(16) as pool:
                return list(pool.map(lambda _: self.nginx.ask(path, source="127.0.0.9")[0].status, range(count)))

        self.assertIn(429, statuses("/api/auth/login", 60))
        answer, body = self.nginx.ask("/api/auth/login", source="127.0.0.9")
        if answer.status == 429:
            self.assertEqual(answer.headers["Content-Type"], "application/problem+json")
            self.assertEqual(json.loads(body)["status"], 429)
        for path in ("/webhook/incoming_call", "/webhook/call_status", "/webhook/handle_recording"):
            self.assertEqual(set(statuses(path, 300)), {200}, path)

    def test_a_refusal_of_the_backend_stays_and_its_fault_becomes_an_answer(self) -> None:
        for status in (403, 400, 413, 429):
            answer, _ = self.nginx.ask(f"/webhook/incoming_call?answer={status}")
            self.assertEqual(answer.status, status)
        for status in (500, 502, 503, 504):
            answer, body = self.nginx.ask(f"/webhook/incoming_call?answer={status}")
            self.assertEqual((answer.status, ElementTree.fromstring(body).tag), (200, "Response"))
        self.assertEqual(self.nginx.ask("/api/leads?answer=503")[0].status, 503)
        self.assertIn("headers", json.loads(self.nginx.ask("/api/leads?answer=503")[1]), "the API's own words")

    def test_n8n_never_sees_the_crm_s_cookies(self) -> None:
        for sent, passed in {
            "__Host-prosaas_session=s3cret": None,
            "__Host-prosaas_session=s3cret; n8n-auth=a": "n8n-auth=a",
            "n8n-auth=a; __Host-prosaas_session=s3cret": "n8n-auth=a",
            "x=1; __Host-prosaas_session=s3cret; n8n-auth=a": "x=1; n8n-auth=a",
            "prosaas_session=s3cret; x=1; __Host-prosaas_session=s3cret;y=2": "x=1; y=2",
            "n8n-auth=a; y=2": "n8n-auth=a; y=2",
            "prosaas_a=1; prosaas_b=2; prosaas_c=3; prosaas_d=s3cret": None,
        }.items():
            seen = self.nginx.told("/n8n/rest/login?a=%20b", headers={"Cookie": sent})
            self.assertEqual(seen["path"], "/rest/login?a=%20b")
            self.assertEqual(seen["headers"].get("cookie"), passed, sent)

    def test_n8n_may_upgrade_and_sets_cookies_for_its_own_path_only(self) -> None:
        seen = self.nginx.told("/n8n/rest/push", headers={"Connection": "Upgrade", "Upgrade": "websocket"})["headers"]
        self.assertEqual((seen["connection"], seen["upgrade"]), ("upgrade", "websocket"))
        answer, _ = self.nginx.ask("/n8n/")
        self.assertIn("Path=/n8n/", answer.headers["Set-Cookie"].replace("path", "Path"))
        self.assertIsNone(answer.headers["Content-Security-Policy"])
        self.assertEqual(self.nginx.ask("/n8n")[0].headers["Location"], "/n8n/")

    def test_the_log_tells_what_came_and_nothing_personal(self) -> None:
        self.nginx.ask("/webhook/incoming_call?From=%2B972501234567", method="POST", body=CALL, headers=FORM)
        time.sleep(0.1)
        lines = [json.loads(line) for line in (self.nginx.folder / "access.log").read_text().splitlines()]
        self.assertIn(("POST", "/webhook/incoming_call", 200), {(i["method"], i["path"], i["status"]) for i in lines})
        whole = (self.nginx.folder / "access.log").read_text() + (self.nginx.folder / "error.log").read_text()
        self.assertNotIn("501234567", whole)


@unittest.skipIf(PROGRAM is None, "no nginx here, and Debian's packages cannot be had")
class Alone(unittest.TestCase):
    """The backend's and n8n's names do not even resolve: nginx starts all the same, and callers hear an answer."""

    @classmethod
    def setUpClass(cls) -> None:
        cls.nginx = Nginx(PROGRAM, "backend:5000", "n8n:5678")
        cls.addClassCleanup(cls.nginx.stop)

    def test_people_and_machines_get_an_answer(self) -> None:
        self.assertEqual(self.nginx.ask("/health")[1], b"ok")
        self.assertEqual(self.nginx.ask("/leads")[0].status, 200)
        self.assertGreaterEqual(self.nginx.ask("/n8n/")[0].status, 500)
        answer, body = self.nginx.ask("/api/leads")
        problem = json.loads(body)
        self.assertEqual((answer.status, problem["status"], problem["success"]), (503, 503, False))
        self.assertEqual(answer.headers["Content-Type"], "application/problem+json")
        self.assertEqual(len(answer.headers.get_all("Content-Security-Policy")), 1)

    def test_a_caller_leaves_a_message(self) -> None:
        for method, path, body in (("POST", "", CALL), ("GET", "?" + CALL, None)):
            started = time.monotonic()
            answer, twiml = self.nginx.ask("/webhook/incoming_call" + path, method=method, body=body, headers=FORM)
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

        self.assertEqual(verbs("/webhook/dial_result", CALL + "&DialCallStatus=completed"), ["Hangup"])
        self.assertIn("Record", verbs("/webhook/dial_result", CALL + "&DialCallStatus=no-answer"))
        self.assertEqual(verbs("/webhook/handle_recording", CALL + "&RecordingUrl=x&Digits=hangup"), ["Say", "Hangup"])

    def test_reports_that_nobody_listens_to_fail_visibly(self) -> None:
        for path, body in (("/webhook/handle_recording", CALL + "&RecordingStatus=completed"),
                           ("/webhook/call_status", CALL + "&CallStatus=completed")):
            answer, _ = self.nginx.ask(path, method="POST", body=body, headers=FORM)
            self.assertGreaterEqual(answer.status, 500)


@unittest.skipIf(PROGRAM is None, "no nginx here, and Debian's packages cannot be had")
class WhileTheBackendIsReplaced(unittest.TestCase):
    def test_every_call_is_answered(self) -> None:
        port = ports.free()
        server = Nginx(PROGRAM, f"127.0.0.1:{port}", "n8n:5678")
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


@unittest.skipIf(PROGRAM is None, "no nginx here, and Debian's packages cannot be had")
class Examples(unittest.TestCase):
    def test_they_are_sound(self) -> None:
        with tempfile.TemporaryDirectory() as folder:
            place = Path(folder)
            shutil.copytree(ROOT / "nginx", place / "nginx")
            shutil.copy(ROOT / nginx.CONFIGURATION, place)
            self.assertIsNone(nginx.check(Paths.find(), place / nginx.CONFIGURATION))
            made = subprocess.run(
                ["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes",
                 "-subj", "/CN=prosaas.pro", "-keyout", place / "key.pem", "-out", place / "certificate.pem"],
                capture_output=True, check=False)
            if made.returncode:
                self.skipTest("no openssl here")
            for name, target in (("tls.conf", "listen"), ("n8n-host.conf", "servers")):
                text = (ROOT / "nginx" / "examples" / name).read_text().replace("/etc/nginx/certificates", folder)
                (place / "nginx" / target).mkdir(exist_ok=True)
                (place / "nginx" / target / name).write_text(text)
            self.assertIsNone(nginx.check(Paths.find(), place / nginx.CONFIGURATION))
