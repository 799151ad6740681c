"""What one client may hold and ask, and that the others do not notice it."""

import concurrent.futures
import contextlib
import json
import re
import resource
import socket
import time
import unittest
from collections.abc import Callable, Iterator

from scripts.dev.paths import ROOT
from scripts.dev.tests.nginx_server import CALL, FORM, MISSING, PROGRAM, STRANGER, TRUSTED, Nginx, upstream

OTHER = "127.0.0.9"
SLOW_HEADER = b"GET /api/leads HTTP/1.1\r\nHost: prosaas.pro\r\nX-Slow: "


def slow_body(path: str, header: str = "X-Slow: 1") -> bytes:
    """The beginning of a request whose body does not come."""
    return f"POST {path} HTTP/1.1\r\nHost: prosaas.pro\r\n{header}\r\nContent-Length: 50000\r\n\r\nx".encode()


@contextlib.contextmanager
def slow_connections(server: Nginx, count: int, sent: bytes) -> Iterator[list[socket.socket]]:
    """Connections of one client that have sent this much and stay."""
    with contextlib.ExitStack() as stack:
        connections = []
        for _ in range(count):
            connection = stack.enter_context(socket.create_connection(("127.0.0.1", server.port), timeout=20,
                                                                      source_address=(STRANGER, 0)))
            with contextlib.suppress(ConnectionError):
                connection.sendall(sent)
            connections.append(connection)
        yield connections


def heard(connection: socket.socket) -> bytes | None:
    """What nginx has sent so far: None while it says nothing, empty where it has hung up without a word."""
    connection.setblocking(False)
    try:
        return connection.recv(12, socket.MSG_PEEK)
    except BlockingIOError:
        return None
    except ConnectionError:
        return b""


def answered(server: Nginx, path: str, body: str | None = None) -> int:
    """What another client's request is answered; 0 where nginx hangs up."""
    with contextlib.suppress(OSError):
        return server.ask(path, method="POST" if body else "GET", body=body, source=OTHER,
                          headers=FORM if body else {})[0].status
    return 0


@unittest.skipIf(PROGRAM is None, MISSING)
class SlowConnections(unittest.TestCase):
    def _server(self, changed: dict[str, dict[str, str]]) -> Nginx:
        port = self.enterContext(upstream())
        server = Nginx(f"127.0.0.1:{port}", "n8n:5678", changed=changed)
        self.addCleanup(server.stop)
        return server

    def _until(self, check: Callable[[], bool], what: str) -> None:
        deadline = time.monotonic() + 60
        while not check():
            self.assertLess(time.monotonic(), deadline, what)
            time.sleep(0.02)

    def _others_are_served(self, server: Nginx) -> None:
        """At once, but for refused connections that are still being closed (lingering_timeout)."""
        for path, body in (("/health", None), ("/api/leads", None), ("/webhook/incoming_call", CALL)):
            self._until(lambda: answered(server, path, body) == 200, path)  # noqa: B023 - called at once

    def test_four_thousand_headers_that_come_slowly_keep_nobody_out(self) -> None:
        count = 4100
        soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
        if hard != resource.RLIM_INFINITY and hard < count + 200:
            self.skipTest(f"a process may open {hard} files here")
        resource.setrlimit(resource.RLIMIT_NOFILE, (max(soft, count + 200), hard))
        self.addCleanup(resource.setrlimit, resource.RLIMIT_NOFILE, (soft, hard))
        # Nothing runs out of time meanwhile, on a slow machine either.
        server = self._server({"nginx.conf": {"client_header_timeout 10s;": "client_header_timeout 600s;"}})
        with slow_connections(server, count, SLOW_HEADER) as connections:
            self._others_are_served(server)
            self.assertEqual({heard(connection) for connection in connections}, {None}, "there is room for all of them")

    def test_a_header_that_does_not_come_ends_its_connection(self) -> None:
        server = self._server({"nginx.conf": {"client_header_timeout 10s;": "client_header_timeout 1s;"}})
        with slow_connections(server, 5, SLOW_HEADER) as connections:
            self._until(lambda: {heard(connection) for connection in connections} == {b""}, "they are closed")

    def test_what_one_client_holds_is_bounded(self) -> None:
        server = self._server({"nginx.conf": {"worker_connections 16384;": "worker_connections 64;",
                                              "client_body_timeout 10s;": "client_body_timeout 600s;",
                                              "limit_conn clients 200;": "limit_conn clients 20;"},
                               "nginx/webhook.conf": {"limit_conn callers 1000;": "limit_conn callers 20;"}})
        for path in ("/api/leads", "/webhook/call_status"):
            with self.subTest(path), slow_connections(server, 100, slow_body(path)) as connections:
                self._until(lambda: sum(heard(connection) is None for connection in connections) <= 20, "20 are held")
                self._others_are_served(server)
                self.assertIn(b"HTTP/1.1 429", {heard(connection) for connection in connections})

    def test_a_client_is_who_a_trusted_proxy_names_and_a_whole_network_of_ipv6(self) -> None:
        server = self._server({"nginx.conf": {"client_body_timeout 10s;": "client_body_timeout 600s;",
                                              "limit_conn clients 200;": "limit_conn clients 1;"}})

        def status(client: str) -> int:
            return server.ask("/api/leads", source=TRUSTED, headers={"CF-Connecting-IP": client})[0].status

        for client in ("203.0.113.7", "2001:db8:1:2::1", "2001:db8::7"):
            connection = socket.create_connection(("127.0.0.1", server.port), timeout=20, source_address=(TRUSTED, 0))
            self.addCleanup(connection.close)
            connection.sendall(slow_body("/api/leads", f"CF-Connecting-IP: {client}"))
            self._until(lambda: status(client) == 429, client)  # noqa: B023 - called at once
        self.assertEqual({client: status(client) for client in (
            "203.0.113.7", "203.0.113.8", "2001:db8:1:2:3:4:5:6", "2001:db8:1:2::ffff", "2001:db8:1:3::1", "2001:db8::9",
            "2001:db9::9", "::1")}, {
            "203.0.113.7": 429, "203.0.113.8": 200, "2001:db8:1:2:3:4:5:6": 429, "2001:db8:1:2::ffff": 429,
            "2001:db8:1:3::1": 200, "2001:db8::9": 429, "2001:db9::9": 200, "::1": 200})

    def test_a_caller_too_many_is_answered_all_the_same(self) -> None:
        server = self._server({"nginx.conf": {"client_body_timeout 10s;": "client_body_timeout 600s;"},
                               "nginx/webhook.conf": {"limit_conn callers 1000;": "limit_conn callers 1;"}})
        with slow_connections(server, 1, slow_body("/webhook/call_status")):
            def report() -> int:
                return server.ask("/webhook/call_status", method="POST", body=CALL, headers=FORM)[0].status

            self._until(lambda: report() == 429, "one is held")
            answer, body = server.ask("/webhook/incoming_call", method="POST", body=CALL, headers=FORM)
            self.assertEqual((answer.status, answer.headers.get_content_type()), (200, "text/xml"))
            self.assertIn(b"<Record ", body)


@unittest.skipIf(PROGRAM is None, MISSING)
class Rates(unittest.TestCase):
    @classmethod
    def setUpClass(cls) -> None:
        port = cls.enterClassContext(upstream())
        cls.nginx = Nginx(f"127.0.0.1:{port}", "n8n:5678")
        cls.addClassCleanup(cls.nginx.stop)

    def _statuses(self, path: str, count: int, method: str = "GET") -> list[int]:
        def ask(_: int) -> int:
            return self.nginx.ask(path, method=method, body="{}" if method == "POST" else None, source=OTHER)[0].status

        with concurrent.futures.ThreadPoolExecutor(16) as pool:
            return list(pool.map(ask, range(count)))

    def test_guesses_are_slowed_and_reading_who_is_logged_in_is_not(self) -> None:
        self.assertIn(429, self._statuses("/api/auth/login", 60, "POST"))
        answer, body = self.nginx.ask("/api/auth/login", method="POST", body="{}", source=OTHER)
        if answer.status == 429:
            self.assertEqual((json.loads(body)["status"], answer.headers["Retry-After"]), (429, "2"))
        for path in ("/api/auth/me", "/api/auth/sessions"):
            self.assertEqual(set(self._statuses(path, 40)), {200}, path)

    def test_twilio_is_never_slowed(self) -> None:
        for path in ("/webhook/incoming_call", "/webhook/call_status", "/webhook/handle_recording"):
            self.assertEqual(set(self._statuses(path, 300)), {200}, path)


class Room(unittest.TestCase):
    """The numbers fit together."""

    def test_a_worker_may_open_what_its_connections_need(self) -> None:
        text = (ROOT / "nginx.conf").read_text()
        connections = int(re.search(r"worker_connections (\d+);", text)[1])
        self.assertGreaterEqual(int(re.search(r"worker_rlimit_nofile (\d+);", text)[1]), 3 * connections)
        self.assertGreaterEqual(connections, 50 * int(re.search(r"limit_conn clients (\d+);", text)[1]))
