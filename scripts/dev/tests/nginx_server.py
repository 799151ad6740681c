"""The repository's nginx.conf in a real nginx, before an upstream that tells what reached it."""

from __future__ import annotations

import contextlib
import http.client
import json
import os
import re
import shutil
import socket
import subprocess
import tempfile
import threading
import time
from collections.abc import Iterator, Mapping
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

from scripts.dev import nginx, ports
from scripts.dev.paths import ROOT, Paths

# Other than the rest of loopback, so that one peer is trusted and another is not.
TRUSTED, STRANGER = "127.0.0.2", "127.0.0.1"
FORM = {"Content-Type": "application/x-www-form-urlencoded"}
CALL = "CallSid=CA1&From=%2B15005550006&To=%2B972000000001"
PROGRAM = nginx.program(Paths.find()) if os.environ.get("PROSAAS_NGINX") != "skip" else None
MISSING = "no nginx here, and Debian's packages cannot be had"


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
        # Not `self.path`, in which Python has merged slashes at the beginning.
        target = self.requestline.split(" ")[1]
        told = json.dumps({"path": target, "headers": {k.lower(): v for k, v in self.headers.items()},
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
        self.may_end.wait(60)
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


def version() -> tuple[int, ...]:
    """That of the program."""
    told = subprocess.run([PROGRAM, "-v"], capture_output=True, text=True, check=True).stderr
    return tuple(int(part) for part in re.findall(r"nginx/(\d+)\.(\d+)\.(\d+)", told)[0])


def certificate(folder: Path) -> None:
    """key.pem and certificate.pem for prosaas.pro."""
    subprocess.run(
        ["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes",
         "-subj", "/CN=prosaas.pro", "-keyout", folder / "key.pem", "-out", folder / "certificate.pem"],
        capture_output=True, check=True)


def example(name: str, certificates: Path) -> str:
    """One of nginx/examples, with its certificates there. Debian's nginx knows HTTP/2 by an older name."""
    text = (ROOT / "nginx" / "examples" / name).read_text().replace("/etc/nginx/certificates", str(certificates))
    if version() < (1, 25, 1):
        text = text.replace("http2 on;\n", "").replace(" ssl default_server;", " ssl http2 default_server;")
    return text


class Nginx:
    """The configuration in a folder of its own, with what must differ here replaced."""

    def __init__(self, backend: str, n8n: str, *, tls: bool = False,
                 changed: Mapping[str, Mapping[str, str]] | None = None) -> None:
        """`changed`: other replacements, by file."""
        self.folder = Path(tempfile.mkdtemp(prefix="prosaas-nginx-"))
        # Root's nginx works as `nobody`.
        self.folder.chmod(0o755)
        self.port = ports.free()
        configuration = nginx.copy(ROOT / nginx.CONFIGURATION, self.folder)
        (self.folder / "nginx" / "trusted-proxies.conf").write_text(f"{TRUSTED} 1;\n")
        self._write_site()
        self._replace(configuration, {
            "listen 8080 default_server;": f"listen 127.0.0.1:{self.port} default_server;",
            "set $backend backend:5000;": f"set $backend {backend};",
            "set $n8n claimed-n8n:5678;": f"set $n8n {n8n};",
            "root /usr/share/nginx/html;": f"root {self.folder}/site;",
            f"pid {self.folder}/nginx.pid;": f"daemon off; pid {self.folder}/nginx.pid;",
            "error_log /dev/stderr": f"error_log {self.folder}/error.log",
            "worker_processes auto;": "worker_processes 1;",
        })
        self._replace(self.folder / "nginx" / "log.conf", {"/dev/stdout": f"{self.folder}/access.log"})
        for name, replacements in (changed or {}).items():
            self._replace(self.folder / name, replacements)
        if tls:
            self.tls_port = ports.free()
            certificate(self.folder)
            (self.folder / "nginx" / "listen").mkdir()
            text = example("tls.conf", self.folder).replace("listen 8443", f"listen 127.0.0.1:{self.tls_port}")
            (self.folder / "nginx" / "listen" / "tls.conf").write_text(text)
        self.process = subprocess.Popen(
            [PROGRAM, "-e", self.folder / "start.log", "-c", configuration],
            stdin=subprocess.DEVNULL,
        )
        deadline = time.monotonic() + 20
        while not ports.answers(self.port):
            if self.process.poll() is not None or time.monotonic() > deadline:
                raise AssertionError(f"nginx did not start: {(self.folder / 'start.log').read_text()}")
            time.sleep(0.05)

    @staticmethod
    def _replace(file: Path, replacements: Mapping[str, str]) -> None:
        text = file.read_text()
        for old, new in replacements.items():
            assert text.count(old) == 1, old
            text = text.replace(old, new)
        file.write_text(text)

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

    def send(self, request: bytes) -> tuple[http.client.HTTPResponse, bytes]:
        """The answer to bytes that no client library would send."""
        with socket.create_connection(("127.0.0.1", self.port), timeout=20) as connection:
            connection.sendall(request)
            answer = http.client.HTTPResponse(connection)
            answer.begin()
            return answer, answer.read()

    def log(self) -> list[dict]:
        """The lines of the access log."""
        return [json.loads(line) for line in (self.folder / "access.log").read_text().splitlines()]

    def stop(self) -> None:
        self.process.terminate()
        self.process.wait(60)
        shutil.rmtree(self.folder, ignore_errors=True)
