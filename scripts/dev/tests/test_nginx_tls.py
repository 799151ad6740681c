"""TLS with certificates of one's own (docker-compose.tls.yml), and how the container starts."""

import os
import pwd
import shutil
import signal
import socket
import ssl
import subprocess
import tempfile
import time
import unittest
from pathlib import Path

from scripts.dev import nginx, ports
from scripts.dev.paths import ROOT, Paths
from scripts.dev.tests.nginx_server import (CALL, FORM, MISSING, PROGRAM, TRUSTED, Nginx, certificate, example, upstream)

OPENSSL = shutil.which("openssl")
HTTP_2 = shutil.which("curl") and b"HTTP2" in subprocess.run(["curl", "-V"], capture_output=True, check=True).stdout
# What a client of HTTP/2 sends first, with empty settings; the server's own settings follow.
PREFACE = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n" + b"\x00\x00\x00\x04\x00\x00\x00\x00\x00"


@unittest.skipIf(PROGRAM is None or OPENSSL is None, MISSING + ", or no openssl")
class Tls(unittest.TestCase):
    @classmethod
    def setUpClass(cls) -> None:
        port = cls.enterClassContext(upstream())
        cls.nginx = Nginx(f"127.0.0.1:{port}", "n8n:5678", tls=True)
        cls.addClassCleanup(cls.nginx.stop)

    def _connect(self, *protocols: str) -> ssl.SSLSocket:
        context = ssl.create_default_context(cafile=self.nginx.folder / "certificate.pem")
        context.set_alpn_protocols(protocols)
        plain = socket.create_connection(("127.0.0.1", self.nginx.tls_port), timeout=20)
        connection = context.wrap_socket(plain, server_hostname="prosaas.pro")
        self.addCleanup(connection.close)
        return connection

    def test_plain_http_leads_to_https(self) -> None:
        for path in ("/", "/leads?q=%D7%A2", "/api/leads", "/n8n/", "/assets/app-1a2b3c.js", "/api/../webhook/x",
                     "//webhook/x", "/healthy"):
            answer, _ = self.nginx.ask(path, method="POST", headers={"Host": "www.prosaas.pro:80"})
            self.assertEqual((answer.status, answer.headers["Location"]), (308, f"https://www.prosaas.pro{path}"))

    def test_webhooks_and_what_a_proxy_has_decrypted_are_answered_as_they_came(self) -> None:
        for path in ("/webhook/incoming_call", "/webhook/call_status", "/webhook/handle_recording?x=1"):
            seen = self.nginx.told(path, method="POST", body=CALL, headers=FORM)
            self.assertEqual((seen["path"], seen["headers"]["x-forwarded-proto"]), (path, "http"))
        self.assertEqual(self.nginx.ask("/health")[0].status, 200)
        self.assertEqual(self.nginx.ask("/", source=TRUSTED, headers={"X-Forwarded-Proto": "https"})[0].status, 200)
        self.assertEqual(self.nginx.ask("/", source=TRUSTED, headers={"X-Forwarded-Proto": "http"})[0].status, 308)
        self.assertEqual(self.nginx.ask("/", headers={"X-Forwarded-Proto": "https"})[0].status, 308, "a stranger's claim")

    def test_https_is_answered_by_http_1_and_http_2(self) -> None:
        connection = self._connect("http/1.1")
        self.assertEqual(connection.selected_alpn_protocol(), "http/1.1")
        connection.sendall(b"GET /webhook/call_status HTTP/1.0\r\nHost: prosaas.pro\r\n\r\n")
        text = connection.makefile("rb").read()
        self.assertTrue(text.startswith(b"HTTP/1.1 200"), text[:100])
        self.assertIn(b'"x-forwarded-proto": "https"', text)
        connection = self._connect("h2", "http/1.1")
        self.assertEqual(connection.selected_alpn_protocol(), "h2")
        connection.sendall(PREFACE)
        self.assertEqual(connection.recv(4)[3:], b"\x04", "a frame of settings")

    @unittest.skipUnless(HTTP_2, "no curl here that speaks HTTP/2")
    def test_an_http_2_request_arrives_as_it_was_sent(self) -> None:
        done = subprocess.run(
            ["curl", "-sS", "--http2", "--cacert", self.nginx.folder / "certificate.pem", "--connect-to",
             f"prosaas.pro:443:127.0.0.1:{self.nginx.tls_port}", "-w", "\n%{http_version}", "-d", CALL,
             "https://prosaas.pro/webhook/incoming_call?a=%7e&q='"], capture_output=True, text=True, check=False)
        self.assertEqual(done.returncode, 0, done.stderr)
        for part in ('"path": "/webhook/incoming_call?a=%7e&q=\'"', '"x-forwarded-host": "prosaas.pro"', f'"body": "{CALL}"'):
            self.assertIn(part, done.stdout)
        self.assertTrue(done.stdout.endswith("\n2"), done.stdout)


@unittest.skipIf(PROGRAM is None or OPENSSL is None, MISSING + ", or no openssl")
class Start(unittest.TestCase):
    """docker/nginx-start."""

    def setUp(self) -> None:
        self.folder = Path(self.enterContext(tempfile.TemporaryDirectory(prefix="prosaas-nginx-")))
        self.folder.chmod(0o755)
        self.port = ports.free()
        certificate(self.folder)
        configuration = nginx.copy(ROOT / nginx.CONFIGURATION, self.folder)
        (self.folder / "nginx" / "listen").mkdir()
        (self.folder / "nginx" / "listen" / "tls.conf").write_text(
            example("tls.conf", self.folder).replace("listen 8443", f"listen 127.0.0.1:{ports.free()}"))
        configuration.write_text(configuration.read_text().replace("listen 8080", f"listen 127.0.0.1:{self.port}")
                                 .replace("/dev/stderr", f"{self.folder}/error.log"))
        log = self.folder / "nginx" / "log.conf"
        log.write_text(log.read_text().replace("/dev/stdout", f"{self.folder}/access.log"))
        # As in the container, where the configuration has the place that nginx looks at.
        command = self.folder / "bin" / "nginx"
        command.parent.mkdir()
        command.write_text(f'#!/bin/sh\nexec "{PROGRAM}" -e stderr -c "{configuration}" "$@"\n')
        command.chmod(0o755)

    def _start(self) -> subprocess.Popen:
        user = {}
        if os.geteuid() == 0:
            # Root reads everything.
            nobody = pwd.getpwnam("nobody")
            user = {"user": nobody.pw_uid, "group": nobody.pw_gid}
            subprocess.run(["chown", "-R", f"{nobody.pw_uid}:{nobody.pw_gid}", self.folder], check=True)
            if (self.folder / "key.pem").exists():
                os.chown(self.folder / "key.pem", 0, 0)
        self.output = (self.folder / "output").open("wb")
        self.addCleanup(self.output.close)
        environment = os.environ | {"PATH": f"{self.folder}/bin:{os.environ['PATH']}"}
        try:
            process = subprocess.Popen([ROOT / "docker" / "nginx-start"], stdin=subprocess.DEVNULL, stdout=self.output,
                                       stderr=subprocess.STDOUT, env=environment, **user)
        except PermissionError:
            self.skipTest("this folder is root's alone")
        self.addCleanup(self._stop, process)
        return process

    @staticmethod
    def _stop(process: subprocess.Popen) -> None:
        process.send_signal(signal.SIGQUIT)
        process.wait(60)

    def _told(self, *parts: str) -> str:
        """What it says, once it says this."""
        deadline = time.monotonic() + 20
        while time.monotonic() < deadline:
            text = (self.folder / "output").read_text()
            if all(part in text for part in parts):
                return text
            time.sleep(0.05)
        raise AssertionError(text)

    def _answers(self) -> None:
        deadline = time.monotonic() + 20
        while not ports.answers(self.port):
            self.assertLess(time.monotonic(), deadline, (self.folder / "output").read_text())
            time.sleep(0.05)

    def test_a_key_that_cannot_be_read_is_told_once_and_waited_for(self) -> None:
        key = self.folder / "key.pem"
        key.chmod(0o600 if os.geteuid() == 0 else 0)
        process = self._start()
        self._told("key.pem", "ermission denied", "nginx is not started", "user ")
        time.sleep(2.5)
        text = (self.folder / "output").read_text()
        self.assertEqual(text.count("nginx is not started"), 1, text)
        self.assertIsNone(process.poll(), "it does not end and start again for ever")
        self.assertFalse(ports.answers(self.port))
        key.chmod(0o644)
        self._answers()

    def test_a_key_that_is_none_and_one_that_is_missing_are_told_each(self) -> None:
        key = self.folder / "key.pem"
        whole = key.read_bytes()
        key.write_text("nonsense")
        key.chmod(0o644)
        process = self._start()
        self._told("key.pem", "nginx is not started")
        key.unlink()
        self._told("No such file")
        self.assertIsNone(process.poll())
        key.write_bytes(whole)
        key.chmod(0o644)
        self._answers()

    def test_it_ends_when_it_is_told_to_while_it_waits(self) -> None:
        (self.folder / "key.pem").unlink()
        process = self._start()
        self._told("nginx is not started")
        for _ in range(3):
            process.send_signal(signal.SIGTERM)
        self.assertEqual(process.wait(60), 0)

    def test_nothing_is_said_where_all_is_well(self) -> None:
        (self.folder / "key.pem").chmod(0o644)
        self._start()
        self._answers()
        self.assertEqual((self.folder / "output").read_text(), "")


@unittest.skipIf(PROGRAM is None or OPENSSL is None, MISSING + ", or no openssl")
class Examples(unittest.TestCase):
    def test_they_are_sound(self) -> None:
        with tempfile.TemporaryDirectory() as folder:
            place = Path(folder)
            shutil.copytree(ROOT / "nginx", place / "nginx")
            shutil.copy(ROOT / nginx.CONFIGURATION, place)
            self.assertIsNone(nginx.check(Paths.find(), place / nginx.CONFIGURATION))
            certificate(place)
            for name, target in (("tls.conf", "listen"), ("n8n-host.conf", "servers")):
                (place / "nginx" / target).mkdir(exist_ok=True)
                (place / "nginx" / target / name).write_text(example(name, place))
            self.assertIsNone(nginx.check(Paths.find(), place / nginx.CONFIGURATION))
