#!/usr/bin/env python3
"""Brings the whole of production up from a clean clone, by the users' own command, and tries it: make test-compose.

Needs a Docker engine (the current DOCKER_HOST) on which nothing of ProSaaS runs. n8n is left out. What it makes,
volumes included, goes again at the end; KEEP=1 leaves it running. Exit code: 0 all passed, 1 something failed, 2 it
could not begin.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import http.client
import json
import os
import re
import secrets
import shutil
import subprocess
import sys
import tempfile
import threading
import time
import urllib.parse
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
SERVICES = ("frontend", "backend", "workers", "baileys", "nats", "db")
# Where a pinned image is not to be had, one of the same family that the engine holds stands in.
FAMILIES = {"rust": "rust:1-bookworm", "node": "node:20-bookworm-slim", "debian": "debian:bookworm-slim",
            "nginx": "nginx:stable", "nats": "nats:2-alpine", "postgres": "postgres:16"}
# The published port's requests reach nginx from the bridges' gateways: they play Cloudflare here.
SUBNETS = {"prosaas-network": "172.29.71", "n8n": "172.29.72"}
CLOUDFLARE = {"Host": "prosaas.pro", "X-Forwarded-Proto": "https", "CF-Connecting-IP": "203.0.113.7",
              "X-Forwarded-For": "203.0.113.7", "CF-Visitor": '{"scheme":"https"}', "CF-Ray": "8f00000000000000-TLV"}
NUMBER, CALLER = "+972000000001", "+15005550006"
EMAIL = "admin@prosaas.example"


class CannotBegin(Exception):
    """There is no engine, or it is in use."""


def run(*command: str | Path, cwd: Path | None = None, check: bool = True, **more: object) -> str:
    """A command's output."""
    done = subprocess.run([str(part) for part in command], cwd=cwd, stdin=subprocess.DEVNULL, text=True, check=False,
                          stdout=subprocess.PIPE, stderr=subprocess.STDOUT, **more)
    if check and done.returncode:
        raise AssertionError(f"{' '.join(map(str, command[:5]))} ended with {done.returncode}:\n{done.stdout[-4000:]}")
    return done.stdout


class System:
    """A clean clone with settings, and the composition made from it."""

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
        self.environment = os.environ | {"COMPOSE_PROFILES": "db", "PROSAAS_HTTP_PORT": f"127.0.0.1:{self.port}",
                                         "COMPOSE_FILE": "docker-compose.yml:override.yml", "DOCKER_BUILDKIT": "1"}

    def compose(self, *arguments: str, check: bool = True) -> str:
        return run("docker", "compose", *arguments, cwd=self.clone, env=self.environment, check=check)

    def prepare(self) -> None:
        """The clone, its .env.production from the example, and an override for this engine."""
        run("git", "clone", "-q", ROOT, self.clone)
        values = self.made_up | {
            "DATABASE_URL": f"postgres://prosaas:{self.made_up['POSTGRES_PASSWORD']}@db:5432/prosaas?sslmode=disable",
            "TWILIO_ACCOUNT_SID": self.account, "TWILIO_PHONE_NUMBER": NUMBER, "ADMIN_EMAIL": EMAIL,
        }
        lines = []
        for line in (self.clone / ".env.production.example").read_text().splitlines():
            name = line.removeprefix("# ").partition("=")[0]
            lines.append(f"{name}={values.pop(name)}" if name in values else line)
        assert not values, f"the example lacks {', '.join(values)}"
        (self.clone / ".env.production").write_text("\n".join(lines) + "\n")
        gateways = "".join(f"{subnet}.1 1;\n" for subnet in SUBNETS.values())
        (self.clone / "gateways.conf").write_text(gateways)
        self.override()

    def override(self, log: str = "info") -> None:
        networks = "".join(f"  {name}: {{ ipam: {{ config: [{{ subnet: {subnet}.0/24 }}] }} }}\n"
                           for name, subnet in SUBNETS.items())
        (self.clone / "override.yml").write_text(
            "services:\n  n8n: { profiles: [never] }\n"
            "  frontend: { volumes: ['./gateways.conf:/etc/nginx/nginx/trusted-proxies.conf:ro'] }\n"
            f"  backend: {{ environment: {{ RUST_LOG: '{log}' }} }}\n"
            f"  workers: {{ environment: {{ RUST_LOG: '{log}' }} }}\nnetworks:\n{networks}")

    def up(self) -> None:
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
        status, _, text = self.ask(method, path, body, headers)
        assert status < 300, f"{method} {path}: {status} {text[:300]!r}"
        return json.loads(text)

    def inspect(self, service: str) -> dict:
        return json.loads(run("docker", "inspect", f"prosaas-{service}"))[0]

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

    def healthy(self, service: str) -> bool:
        return self.inspect(service)["State"].get("Health", {}).get("Status") == "healthy"


# ---- the steps, in order ----------------------------------------------------------------------------------------------

def names_what_is_missing(system: System) -> None:
    """A setting that still is the example's stops the start, by its name."""
    file = system.clone / ".env.production"
    whole = file.read_text()
    file.write_text(re.sub(r"^INTERNAL_SECRET=.*$", "INTERNAL_SECRET=CHANGE-ME", whole, flags=re.MULTILINE))
    told = system.compose("run", "--rm", "--no-deps", "backend", check=False)
    file.write_text(whole)
    assert "INTERNAL_SECRET" in told and "example" in told, told[-500:]


def comes_up(system: System) -> None:
    """docker compose up -d --build --wait"""
    try:
        system.up()
    except AssertionError:
        print(system.compose("logs", "--tail", "30", check=False)[-8000:])
        raise
    state = system.inspect("setup")["State"]
    assert (state["Status"], state["ExitCode"]) == ("exited", 0), state
    for service in SERVICES:
        assert system.healthy(service), service


def is_confined(system: System) -> None:
    """Only nginx has a port, nobody is root, roots are read-only, no capability is left."""
    for service in SERVICES:
        found = system.inspect(service)
        host, config = found["HostConfig"], found["Config"]
        assert config["User"] not in ("", "0", "root"), f"{service} runs as root"
        assert host["ReadonlyRootfs"] and host["CapDrop"] == ["ALL"] and not host["CapAdd"], service
        assert host["Memory"] > 0 and host["RestartPolicy"]["Name"] == "unless-stopped", service
        assert host["LogConfig"]["Config"].get("max-size"), service
        assert bool(host["PortBindings"]) == (service == "frontend"), f"{service} publishes a port"
        environment = " ".join(config["Env"])
        allowed = {"frontend": 0, "db": 1, "baileys": 3, "nats": 4, "backend": 4, "workers": 4}[service]
        held = [name for name, value in system.made_up.items() if f"{name}={value}" in environment]
        assert len(held) <= allowed, f"{service} holds {held}"
    logs = system.compose("logs", "--no-color")
    assert not [name for name, value in system.made_up.items() if value in logs], "a secret is in the logs"


def serves_the_app(system: System) -> None:
    """The SPA, /health, and what is for machines only"""
    status, headers, page = system.ask("GET", "/leads/1")
    assert status == 200 and b'<div id="root">' in page and "default-src 'none'" in headers["Content-Security-Policy"]
    asset = re.search(rb'src="(/assets/[^"]+\.js)"', page)
    assert asset, "the page names no hashed script"
    status, headers, _ = system.ask("GET", asset[1].decode())
    assert status == 200 and "immutable" in headers["Cache-Control"]
    assert system.ask("GET", "/health")[2] == b"ok"
    for path in ("/ready", "/metrics", "/internal/x"):
        assert system.ask("GET", path)[0] == 404, path


def answers_twilio(system: System) -> None:
    """scripts/test_twilio_webhooks.sh through nginx, signed for another host name than PUBLIC_URL's"""
    told = twilio_script(system, "https://www.prosaas.pro", CLOUDFLARE | {"Host": "www.prosaas.pro"})
    assert re.search(r"^\d+ passed, 0 failed$", told, re.MULTILINE), told[-3000:]


def believes_no_stranger(system: System) -> None:
    """A container that claims https is not believed: a signature for https is refused"""
    code = ("const http=require('http');const q=http.request({host:'frontend',port:8080,path:'/api/auth/me',"
            "headers:{host:'prosaas.pro','x-forwarded-proto':'https'}},r=>console.log(r.statusCode,"
            "r.headers['strict-transport-security']));q.end()")
    told = run("docker", "exec", "prosaas-baileys", "node", "-e", code)
    assert told.split() == ["401", "undefined"], told


def logs_in_and_deletes(system: System) -> None:
    """A login; the sample call's lead appears, is deleted and comes back; WhatsApp's state"""
    login = {"email": EMAIL, "password": system.made_up["ADMIN_PASSWORD"]}
    status, headers, text = system.ask("POST", "/api/auth/login", login)
    assert status == 200, (status, text[:300])
    cookie = headers["Set-Cookie"]
    assert cookie.startswith("__Host-") and "Secure" in cookie and "HttpOnly" in cookie, "the cookie's attributes"
    system.cookie = cookie.partition(";")[0]
    business = f"business_id={system.json('GET', '/api/admin/businesses')['items'][0]['id']}"
    leads = system.until("the caller became a lead", lambda: system.json("GET", f"/api/leads?{business}")["items"])
    path = f"/api/leads/{leads[0]['id']}"
    told = system.json("DELETE", f"{path}?{business}", headers={"Prefer": "wait=20"})
    assert told["state"] == "succeeded", told
    assert not system.json("GET", f"/api/leads?{business}")["items"]
    system.json("POST", f"{path}/restore?{business}", headers={"Prefer": "wait=20"})
    assert system.json("GET", f"/api/leads?{business}")["items"]
    whatsapp = system.json("GET", f"/api/whatsapp/baileys/status?{business}")
    assert whatsapp["success"] is True, whatsapp


def streams_live(system: System) -> None:
    """Server-sent events arrive through nginx while the answer is open"""
    business = system.json("GET", "/api/admin/businesses")["items"][0]["id"]
    with closing(http.client.HTTPConnection("127.0.0.1", system.port, timeout=40)) as connection:
        connection.request("GET", f"/api/live?business_id={business}",
                           headers=CLOUDFLARE | {"Cookie": system.cookie, "Accept": "text/event-stream"})
        answer = connection.getresponse()
        assert answer.status == 200 and answer.headers["Content-Type"].startswith("text/event-stream"), answer.status
        assert answer.readline(), "nothing came"


def survives_kills(system: System) -> None:
    """Each container is killed and comes back; callers hear an answer meanwhile"""
    with calls(system) as answers:
        for service in SERVICES:
            system.nginx_away = service == "frontend"
            before = system.inspect(service)
            pid, ran = before["State"]["Pid"], before["RestartCount"]
            if before["Id"] in _cgroup(pid):
                os.kill(pid, 9)
                system.until(f"{service} is started again", lambda s=service, r=ran: system.inspect(s)["RestartCount"] > r)
            else:
                # The engine is elsewhere: it takes a kill by command for a wish to stop.
                run("docker", "restart", "-t", "0", f"prosaas-{service}")
            system.until(f"{service} is back", lambda s=service: system.healthy(s))
            system.nginx_away = False
    assert len(answers) > 50
    wrong = [answer for answer in answers if answer not in ("twiml", "fallback")]
    assert not wrong, f"{len(wrong)} of {len(answers)} calls: {set(wrong)}"


def _cgroup(pid: int) -> str:
    try:
        return Path(f"/proc/{pid}/cgroup").read_text() + Path(f"/proc/{pid}/mountinfo").read_text()
    except OSError:
        return ""


def deploys_without_dropping_a_call(system: System) -> None:
    """docker compose up -d --build again, with a call every 100 ms; data kept"""
    business = f"business_id={system.json('GET', '/api/admin/businesses')['items'][0]['id']}"
    before = system.json("GET", f"/api/leads?{business}")["items"]
    backend = system.inspect("backend")["Id"]
    system.override("info,prosaas_ingress=info")
    with calls(system) as answers:
        system.up()
    assert system.inspect("backend")["Id"] != backend, "the backend was not replaced"
    wrong = [answer for answer in answers if answer != "twiml"]
    assert len(answers) > 20 and not wrong, f"{len(wrong)} of {len(answers)} calls: {set(wrong)}"
    after = system.json("GET", f"/api/leads?{business}")["items"]
    assert {lead["id"] for lead in before} <= {lead["id"] for lead in after}, "data is gone"
    answers_twilio(system)


@contextmanager
def calls(system: System) -> Iterator[list[str]]:
    """An incoming call every 100 ms, signed as Twilio signs."""
    answers: list[str] = []
    over = threading.Event()
    url = "https://prosaas.pro/webhook/incoming_call"

    def one() -> str:
        form = {"CallSid": "CA" + secrets.token_hex(16), "AccountSid": system.account, "From": CALLER, "To": NUMBER,
                "CallStatus": "ringing", "Direction": "inbound", "ApiVersion": "2010-04-01"}
        signed = url + "".join(name + form[name] for name in sorted(form))
        mac = hmac.new(system.made_up["TWILIO_AUTH_TOKEN"].encode(), signed.encode(), hashlib.sha1).digest()
        headers = {"Content-Type": "application/x-www-form-urlencoded",
                   "X-Twilio-Signature": base64.b64encode(mac).decode()}
        try:
            status, _, body = system.ask("POST", "/webhook/incoming_call", urllib.parse.urlencode(form), headers)
        except (OSError, http.client.HTTPException) as cause:
            # While nginx itself is away, Twilio asks the number's fallback URL.
            return "fallback" if system.nginx_away else f"no answer: {cause}"
        return "twiml" if status == 200 and b"<Response>" in body else f"{status} {body[:80]!r}"

    def ring() -> None:
        while not over.wait(0.1):
            answers.append(one())

    caller = threading.Thread(target=ring)
    caller.start()
    try:
        yield answers
    finally:
        over.set()
        caller.join()


def twilio_script(system: System, signed_for: str, headers: dict[str, str]) -> str:
    """curl reads the headers from its own settings' file, so that the script stays the users' own."""
    folder = system.clone / "curl"
    folder.mkdir(exist_ok=True)
    (folder / ".curlrc").write_text("".join(f"header = {json.dumps(f'{k}: {v}')}\n" for k, v in headers.items()))
    return run("bash", "scripts/test_twilio_webhooks.sh", f"http://127.0.0.1:{system.port}", cwd=system.clone,
               check=False, env=os.environ | {
                   "CURL_HOME": str(folder), "PUBLIC_URL": signed_for, "TWILIO_ACCOUNT_SID": system.account,
                   "TWILIO_AUTH_TOKEN": system.made_up["TWILIO_AUTH_TOKEN"], "TWILIO_PHONE_NUMBER": NUMBER})


STEPS = (comes_up, names_what_is_missing, is_confined, serves_the_app, answers_twilio, believes_no_stranger,
         logs_in_and_deletes, streams_live, survives_kills, deploys_without_dropping_a_call)


# ---- before and after -------------------------------------------------------------------------------------------------

def require_engine() -> None:
    """An engine, compose, and nothing of ProSaaS on it."""
    if not shutil.which("docker"):
        raise CannotBegin("there is no docker command here")
    for command in (("docker", "info"), ("docker", "compose", "version")):
        if subprocess.run(command, capture_output=True, check=False).returncode:
            where = os.environ.get("DOCKER_HOST") or "the default socket"
            raise CannotBegin(f"no Docker engine with compose answers at {where} (DOCKER_HOST chooses another)")
    there = run("docker", "ps", "-aq", "--filter", "name=^/prosaas-") + run("docker", "volume", "ls", "-q", "--filter",
                                                                           "name=^prosaas_")
    if there.strip():
        raise CannotBegin("this engine already holds containers or volumes of ProSaaS, which the test would take away")


def stand_ins() -> list[str]:
    """Gives local images the pinned names where those are absent and cannot be pulled; the names so made."""
    text = (ROOT / "docker" / "Dockerfile").read_text() + (ROOT / "docker-compose.yml").read_text()
    made = []
    for image in sorted(set(re.findall(r"(?:_IMAGE=|image: )((?:rust|node|debian|nginx|nats|postgres):\S+)", text))):
        have = ["docker", "image", "inspect", image]
        if subprocess.run(have, capture_output=True, check=False).returncode == 0:
            continue
        local = FAMILIES[image.partition(":")[0]]
        if subprocess.run([*have[:-1], local], capture_output=True, check=False).returncode == 0:
            print(f"note: {local} of this engine stands in for {image}")
            run("docker", "tag", local, image)
            made.append(image)
    return made


def main() -> int:
    try:
        require_engine()
    except CannotBegin as cause:
        print(f"make test-compose: {cause}. Nothing was tried.")
        return 2
    names = stand_ins()
    failed = 0
    with tempfile.TemporaryDirectory(prefix="prosaas-compose-") as folder:
        system = System(Path(folder))
        try:
            system.prepare()
            for step in STEPS:
                started = time.monotonic()
                text = " ".join((step.__doc__ or step.__name__).split())
                try:
                    step(system)
                except Exception as cause:  # noqa: BLE001 - every fault of a step is that step's failure
                    failed += 1
                    print(f"FAIL  {text} ({time.monotonic() - started:.0f} s)\n      {type(cause).__name__}: {cause}", flush=True)
                    if step is comes_up:
                        break
                else:
                    print(f"pass  {text} ({time.monotonic() - started:.0f} s)", flush=True)
        finally:
            if os.environ.get("KEEP"):
                shutil.copytree(system.clone, f"{folder}-kept", dirs_exist_ok=True)
                print(f"kept running, from {folder}-kept; docker compose down -v there takes it away")
            else:
                system.compose("down", "-v", "--remove-orphans", "--rmi", "local", check=False)
                for name in names:
                    run("docker", "rmi", "--no-prune", name, check=False)
    print(f"{len(STEPS) - failed} passed, {failed} failed")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
