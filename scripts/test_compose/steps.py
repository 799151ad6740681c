"""What must be true of a deployment, in the order in which it is tried. Each step's first line is what it shows."""

from __future__ import annotations

import http.client
import json
import os
import re
import time
from contextlib import closing
from pathlib import Path

from . import twilio
from .system import CLOUDFLARE, EMAIL, SERVICES, System, run


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


def names_what_is_missing(system: System) -> None:
    """A setting that is missing, or still the example's, stops the start and is named"""
    file = system.clone / ".env.production"
    whole = file.read_text()
    try:
        for service, name in (("backend", "INTERNAL_SECRET"), ("backend", "PUBLIC_URL"), ("workers", "TWILIO_AUTH_TOKEN"),
                              ("baileys", "BAILEYS_ENCRYPTION_KEY"), ("nats", "NATS_SYS_PASSWORD"),
                              ("setup", "DATABASE_URL")):
            for value, complaint in (("", "not set"), ("CHANGE-ME", "example")):
                file.write_text(re.sub(rf"^{name}=.*$", f"{name}={value}", whole, flags=re.MULTILINE))
                told = system.compose("run", "--rm", "--no-deps", service, check=False)
                assert name in told and complaint in told, f"{service}, {name}={value}: {told[-500:]}"
    finally:
        file.write_text(whole)


def is_confined(system: System) -> None:
    """Only nginx has a port, nobody is root, roots are read-only, no capability is left"""
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


def serves_the_app(system: System) -> None:
    """The SPA, /health, and what is for machines only; n8n is away and takes nothing along"""
    status, headers, page = system.ask("GET", "/leads/1")
    policy = headers["Content-Security-Policy"]
    assert status == 200 and b'<div id="root">' in page and "default-src 'none'" in policy, (status, policy)
    assert "script-src 'self';" in policy, policy
    asset = re.search(rb'src="(/assets/[^"]+\.js)"', page)
    assert asset, "the page names no hashed script"
    status, headers, _ = system.ask("GET", asset[1].decode())
    assert status == 200 and "immutable" in headers["Cache-Control"]
    assert system.ask("GET", "/health")[2] == b"ok"
    for path in ("/ready", "/metrics", "/internal/x"):
        assert system.ask("GET", path)[0] == 404, path
    assert system.ask("GET", "/n8n/")[0] >= 500


def answers_twilio(system: System) -> None:
    """scripts/test_twilio_webhooks.sh through nginx, signed for another host name than PUBLIC_URL's"""
    told = twilio.script(system, "https://www.prosaas.pro", CLOUDFLARE | {"Host": "www.prosaas.pro"})
    assert re.search(r"^\d+ passed, 0 failed$", told, re.MULTILINE), told[-3000:]


def leads_to_https(system: System) -> None:
    """Plain HTTP leads to HTTPS, webhooks aside"""
    plain = {"X-Forwarded-Proto": "http"}
    status, headers, _ = system.ask("GET", "/leads/1", headers=plain)
    assert (status, headers["Location"]) == (308, "https://prosaas.pro/leads/1"), (status, headers["Location"])
    status, headers, _ = system.ask("POST", "/webhook/incoming_call", headers=plain)
    assert status in (400, 403, 415) and not headers["Location"], status


def waits_for_its_key(system: System) -> None:
    """A key that nginx may not read is named in its log; it does not start again and again, and goes on once it may"""
    key = system.clone / "secrets" / "certificates" / "key.pem"
    key.chmod(0o600)
    try:
        system.compose("up", "-d", "--no-deps", "--force-recreate", "frontend")
        system.until("the key is named", lambda: "nginx is not started" in system.compose("logs", "frontend"))
        found = system.inspect("frontend")
        assert found["State"]["Running"] and found["RestartCount"] == 0, found["State"]
        assert "key.pem" in system.compose("logs", "frontend")
    finally:
        key.chmod(0o644)
    system.until("nginx has started", lambda: system.healthy("frontend"))


def believes_no_stranger(system: System) -> None:
    """A container that claims https is not believed: it is led to https"""
    code = ("const http=require('http');const q=http.request({host:'frontend',port:8080,path:'/api/auth/me',"
            "agent:false,headers:{host:'prosaas.pro','x-forwarded-proto':'https'}},r=>console.log(r.statusCode,"
            "r.headers['strict-transport-security']));q.end()")
    told = run("docker", "exec", "prosaas-baileys", "node", "-e", code)
    assert told.split() == ["308", "undefined"], told


def logs_in_and_deletes(system: System) -> None:
    """A login; the sample call's lead appears, is deleted and comes back; WhatsApp's state"""
    login = {"email": EMAIL, "password": system.made_up["ADMIN_PASSWORD"]}
    status, headers, text = system.ask("POST", "/api/auth/login", login)
    assert status == 200, (status, text[:300])
    cookie = headers["Set-Cookie"]
    assert cookie.startswith("__Host-") and "Secure" in cookie and "HttpOnly" in cookie, "the cookie's attributes"
    system.cookie = cookie.partition(";")[0]
    business = system.business()
    leads = system.until("the caller became a lead", lambda: system.json("GET", f"/api/leads?{business}")["items"])
    path = f"/api/leads/{leads[0]['id']}"
    told = system.json("DELETE", f"{path}?{business}", headers={"Prefer": "wait=20"})
    assert told["operation"]["state"] == "succeeded", told
    assert not system.json("GET", f"/api/leads?{business}")["items"]
    system.json("POST", f"{path}/restore?{business}", headers={"Prefer": "wait=20"})
    assert system.json("GET", f"/api/leads?{business}")["items"]
    whatsapp = system.json("GET", f"/api/whatsapp/baileys/status?{business}")
    assert whatsapp["success"] is True, whatsapp


def streams_live(system: System) -> None:
    """Server-sent events arrive through nginx while the answer is open"""
    with closing(http.client.HTTPConnection("127.0.0.1", system.port, timeout=40)) as connection:
        connection.request("GET", f"/api/live?{system.business()}",
                           headers=CLOUDFLARE | {"Cookie": system.cookie, "Accept": "text/event-stream"})
        answer = connection.getresponse()
        assert answer.status == 200 and answer.headers["Content-Type"].startswith("text/event-stream"), answer.status
        assert answer.readline(), "nothing came"


def is_well(system: System) -> None:
    """docker compose run --rm setup doctor finds nothing to mend, and a wrong token where there is one"""
    def doctor(*environment: str) -> dict[tuple[str, str], str]:
        told = system.compose("run", "--rm", "-T", *environment, "setup", "doctor", "--json", check=False, errors=False)
        assert not [name for name, value in system.made_up.items() if value in told], "it prints a secret"
        findings = json.loads(told)
        return {(finding["area"], finding["check"]): finding["outcome"] + ": " + finding["found"] for finding in findings}

    found = doctor()
    unwell = {check: outcome for check, outcome in found.items() if not outcome.startswith("ok")}
    assert not unwell and len(found) >= 18, unwell or found
    forged = doctor("-e", "TWILIO_AUTH_TOKEN=" + "0a1b2c3d" * 4)
    broken = {check for check, outcome in forged.items() if outcome.startswith("broken")}
    assert broken == {("public address", "a signed webhook"), ("Twilio", "credentials")}, forged


def answers_without_the_backend(system: System) -> None:
    """While the backend is away nginx takes a message; the call's later statuses make its row"""
    business, call = system.business(), twilio.call_sid()
    run("docker", "stop", "prosaas-backend")
    try:
        status, twiml = twilio.post(system, "incoming_call", call, CallStatus="ringing")
        assert status == 200 and b"<Record " in twiml, (status, twiml[:200])
        status, _ = twilio.post(system, "call_status", call, CallStatus="in-progress", SequenceNumber="1")
        assert status >= 500, "a report that nobody kept looks kept"
    finally:
        run("docker", "start", "prosaas-backend")
    system.until("the backend is back", lambda: system.healthy("backend"))
    assert system.ask("GET", f"/api/calls/{call}?{business}")[0] == 404
    status, _ = twilio.post(system, "call_status", call, CallStatus="completed", SequenceNumber="2", CallDuration="9")
    assert status == 204, status
    system.until("the call has its row", lambda: system.json("GET", f"/api/calls/{call}?{business}"))


def survives_kills(system: System) -> None:
    """Each container is killed and comes back; callers hear an answer meanwhile"""
    with twilio.calls(system) as answers:
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
            # The pooler notices a moment later that Postgres is there again.
            system.until(f"people are answered after {service} was away", system.business)
    assert len(answers) > 50
    wrong = [answer for answer in answers if answer not in ("twiml", "fallback")]
    assert not wrong, f"{len(wrong)} of {len(answers)} calls: {set(wrong)}"


def _cgroup(pid: int) -> str:
    try:
        return Path(f"/proc/{pid}/cgroup").read_text() + Path(f"/proc/{pid}/mountinfo").read_text()
    except OSError:
        return ""


def deploys_without_dropping_a_call(system: System) -> None:
    """docker compose up -d --build of another release, with a call every 100 ms; data kept"""
    business = system.business()
    before = system.json("GET", f"/api/leads?{business}")["items"]
    services = ("backend", "workers", "baileys")
    containers = {service: system.inspect(service)["Id"] for service in services}
    # Every program's image has this file: all of them are built and replaced.
    healthy = system.clone / "docker" / "healthy"
    healthy.write_text(healthy.read_text() + "# another release\n")
    with twilio.calls(system) as answers:
        started = time.monotonic()
        system.up()
        took = time.monotonic() - started
    for service, container in containers.items():
        assert system.inspect(service)["Id"] != container, f"{service} was not replaced"
    wrong = [answer for answer in answers if answer != "twiml"]
    assert len(answers) > 20 and not wrong, f"{len(wrong)} of {len(answers)} calls: {set(wrong)}"
    print(f"note: {len(answers)} calls in the {took:.0f} s of the deploy, each answered with TwiML")
    after = system.json("GET", f"/api/leads?{business}")["items"]
    assert {lead["id"] for lead in before} <= {lead["id"] for lead in after}, "data is gone"
    answers_twilio(system)


def keeps_secrets(system: System) -> None:
    """No secret and no caller's number is in any log"""
    logs = system.compose("logs", "--no-color")
    assert not [name for name, value in system.made_up.items() if value in logs], "a secret is in the logs"
    assert twilio.CALLER.removeprefix("+") not in logs, "a caller's number is in the logs"


def shares_its_connections(system: System) -> None:
    """All of it ran through a transaction pooler with five connections to Postgres"""
    system.business()
    query = "SELECT count(*) FROM pg_stat_activity WHERE usename = 'prosaas' AND client_addr IS NOT NULL"
    count = int(run("docker", "exec", "prosaas-db", "psql", "-U", "prosaas", "-d", "prosaas", "-Atc", query))
    assert 0 < count <= 5, f"{count} connections"


STEPS = (comes_up, names_what_is_missing, is_confined, serves_the_app, leads_to_https, waits_for_its_key, answers_twilio,
         believes_no_stranger, logs_in_and_deletes, streams_live, is_well, answers_without_the_backend, survives_kills,
         deploys_without_dropping_a_call, keeps_secrets, shares_its_connections)
