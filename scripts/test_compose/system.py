"""A clean clone with settings, and the composition made from it."""

from __future__ import annotations

import base64
import http.client
import json
import os
import secrets
import subprocess
import time
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

from . import surroundings

ROOT = Path(__file__).resolve().parent.parent.parent
SERVICES = ("frontend", "backend", "workers", "baileys", "nats", "db")
CLOUDFLARE = {"Host": "prosaas.pro", "X-Forwarded-Proto": "https", "CF-Connecting-IP": "203.0.113.7",
              "X-Forwarded-For": "203.0.113.7", "CF-Visitor": '{"scheme":"https"}', "CF-Ray": "8f00000000000000-TLV"}
NUMBER = "+972000000001"
EMAIL = "admin@prosaas.example"


def run(*command: str | Path, cwd: Path | None = None, check: bool = True, errors: bool = True, **more: object) -> str:
    """A command's output, with its errors' where it is for people."""
    done = subprocess.run([str(part) for part in command], cwd=cwd, stdin=subprocess.DEVNULL, text=True, check=False,
                          stdout=subprocess.PIPE, stderr=subprocess.STDOUT if errors else subprocess.DEVNULL, **more)
    if check and done.returncode:
        raise AssertionError(f"{' '.join(map(str, command[:5]))} ended with {done.returncode}:\n{done.stdout[-4000:]}")
    return done.stdout


class System:
    """The deployment under test."""

    def __init__(self, folder: Path) -> None:
        self.clone = folder / "prosaas"
        self.port = int(os.environ.get("PORT", "8180"))
        self.cookie = ""
        self.nginx_away = False
        self.made_up = {name: "p" + secrets.token_hex(24) for name in
                        ("NATS_INGRESS_PASSWORD", "NATS_WORKERS_PASSWORD", "NATS_OPS_PASSWORD", "NATS_SYS_PASSWORD",
                         "POSTGRES_PASSWORD", "ADMIN_PASSWORD")}
        self.made_up |= {"INTERNAL_SECRET": secrets.token_hex(32), "TWILIO_AUTH_TOKEN": secrets.token_hex(16),
                         "BAILEYS_ENCRYPTION_KEY": base64.b64encode(secrets.token_bytes(32)).decode()}
        self.account = "AC" + secrets.token_hex(16)
        files = ("docker-compose.yml", "docker-compose.tls.yml", "scripts/test_compose/override.yml")
        self.environment = os.environ | {
            "COMPOSE_PROFILES": "db", "COMPOSE_FILE": ":".join(files), "DOCKER_BUILDKIT": "1",
            "PROSAAS_HTTP_PORT": f"127.0.0.1:{self.port}", "PROSAAS_HTTPS_PORT": f"127.0.0.1:{self.port + 1}"}

    def prepare(self) -> None:
        """The clone, its .env.production from the example, and what lies around it."""
        run("git", "clone", "-q", ROOT, self.clone)
        password = self.made_up["POSTGRES_PASSWORD"]
        values = self.made_up | {
            "DATABASE_URL": f"postgres://prosaas:{password}@{surroundings.POOLER}/prosaas?sslmode=disable",
            "TWILIO_ACCOUNT_SID": self.account, "TWILIO_PHONE_NUMBER": NUMBER, "ADMIN_EMAIL": EMAIL,
        }
        lines = []
        for line in (self.clone / ".env.production.example").read_text().splitlines():
            name = line.removeprefix("# ").partition("=")[0]
            lines.append(f"{name}={values.pop(name)}" if name in values else line)
        assert not values, f"the example lacks {', '.join(values)}"
        (self.clone / ".env.production").write_text("\n".join(lines) + "\n")
        surroundings.make(self.clone, account=self.account, token=self.made_up["TWILIO_AUTH_TOKEN"], number=NUMBER,
                          database_password=password)

    def compose(self, *arguments: str, check: bool = True, errors: bool = True) -> str:
        """A command of docker compose, in the clone."""
        return run("docker", "compose", *arguments, cwd=self.clone, env=self.environment, check=check, errors=errors)

    def up(self) -> None:
        """The users' command, and a wait for its end."""
        self.compose("up", "-d", "--build", "--wait", "--wait-timeout", "300")

    def ask(self, method: str, path: str, body: object = None, headers: dict[str, str] | None = None,
            ) -> tuple[int, http.client.HTTPMessage, bytes]:
        """A request as it comes from Cloudflare, with the session where there is one."""
        sent = CLOUDFLARE | {"Origin": "https://prosaas.pro", "Content-Type": "application/json"} | (headers or {})
        if self.cookie:
            sent["Cookie"] = self.cookie
        text = body if isinstance(body, str) or body is None else json.dumps(body)
        with closing(http.client.HTTPConnection("127.0.0.1", self.port, timeout=30)) as connection:
            connection.request(method, path, text, sent)
            answer = connection.getresponse()
            return answer.status, answer.headers, answer.read()

    def json(self, method: str, path: str, body: object = None, headers: dict[str, str] | None = None) -> dict:
        """An answer that must be one of success."""
        status, _, text = self.ask(method, path, body, headers)
        assert status < 300, f"{method} {path}: {status} {text[:300]!r}"
        return json.loads(text)

    def business(self) -> str:
        """The first business, as a query."""
        return f"business_id={self.json('GET', '/api/admin/businesses')['items'][0]['id']}"

    def inspect(self, service: str) -> dict:
        """What the engine knows of a service's container."""
        return json.loads(run("docker", "inspect", f"prosaas-{service}"))[0]

    def healthy(self, service: str) -> bool:
        """Whether its health check passes."""
        return self.inspect(service)["State"].get("Health", {}).get("Status") == "healthy"

    def until(self, what: str, check: Callable[[], object], seconds: float = 90) -> object:
        """Asks again and again; the last complaint is told when time is up."""
        deadline, said = time.monotonic() + seconds, "no"
        while time.monotonic() < deadline:
            try:
                if found := check():
                    return found
            except (AssertionError, OSError, http.client.HTTPException) as cause:
                said = str(cause)
            time.sleep(0.5)
        raise AssertionError(f"{what}: not within {seconds:.0f} s ({said})")
