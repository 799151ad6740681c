"""`make run`: the whole system on this machine."""

from __future__ import annotations

import json
import os
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from . import nats, ports, postgres, say, settings, toolchain
from .lock import Lock, RunningAlready
from .paths import Paths
from .processes import Service, Supervisor
from .say import CannotGoOn
from .settings import Settings

# Ours drain for up to 10 s; Postgres and nats-server then have 4 s: all of it stays under 15 s.
_DRAIN = 10.5
READY_WITHIN = 180.0


# `PROSAAS_WHATSAPP=simulated make run`: linking and messages without a phone, as in the tests.
SIMULATED = "PROSAAS_WHATSAPP"


@dataclass(frozen=True)
class Program:
    """One of our own programs, in the order in which they start."""

    name: str
    command: Callable[[Paths, Path], list[str]]
    # Not there yet in an older checkout, or not wanted: then it is left out.
    wanted: Callable[[Paths, Settings], bool] = lambda _, __: True


def _runs_whatsapp(paths: Paths, chosen: Settings) -> bool:
    return (paths.root / "baileys" / "package.json").exists() and chosen.runs_whatsapp()


def _simulated() -> bool:
    """Whether WhatsApp itself is played by the simulator of the service's tests."""
    given = os.environ.get(SIMULATED) or "real"
    if given not in ("real", "simulated"):
        raise CannotGoOn(f"{SIMULATED} is {given!r}; it can be real or simulated")
    return given == "simulated"


def _whatsapp(paths: Paths, _: Path) -> list[str]:
    folder = paths.root / "baileys"
    preload = ["--import", str(folder / "dist-test/test/simulator/preload.js")] if _simulated() else []
    return ["node", *preload, str(folder / "dist/main.js")]


PROGRAMS = [
    Program("baileys", _whatsapp, _runs_whatsapp),
    Program("workers", lambda _, built: [str(built / "prosaas-workers")]),
    Program("ingress", lambda _, built: [str(built / "prosaas-ingress")]),
]


def _start_stores(paths: Paths, chosen: Settings, supervisor: Supervisor) -> Settings:
    """NATS and Postgres, where the environment does not name others."""
    if chosen.get("NATS_URL"):
        say.step("using the NATS of NATS_URL")
    else:
        say.step("starting nats-server")
        chosen = chosen.with_defaults(NATS_URL=nats.start(paths, chosen, supervisor),
                                      NATS_STORE_DIR=str(paths.folder("nats")))
    if chosen.get("DATABASE_URL"):
        say.step("using the Postgres of DATABASE_URL")
    else:
        say.step("starting Postgres")
        folder = postgres.home(paths, postgres.Owner.find()) / "postgres"
        cluster = postgres.start(paths, chosen, supervisor, folder, lasting=True)
        cluster.make_database("prosaas_dev")
        chosen = chosen.with_defaults(DATABASE_URL=cluster.url("prosaas_dev"))
    return chosen


def services(paths: Paths) -> int:
    """NATS and Postgres only, for work on one part."""
    with _alone(paths) as lock, Supervisor() as supervisor:
        chosen = _start_stores(paths, settings.load(paths, os.environ), supervisor)
        file = paths.data / "services.env"
        supervisor.passing.append(file)
        file.touch(mode=0o600)
        users = {name: chosen.environment(name)["NATS_URL"] for name in ("ingress", "workers", "ops")}
        file.write_text(f"DATABASE_URL={chosen.need('DATABASE_URL')}\n"
                        + "".join(f"{name.upper()}_NATS_URL={url}\n" for name, url in users.items()))
        lock.write(f"NATS and Postgres only; their addresses are in {file}")
        say.step(f"NATS and Postgres run. Their addresses are in {file}; Ctrl-C stops them")
        _watch(supervisor)
    return 0


def everything(paths: Paths) -> int:
    """Sets up, builds, starts, waits until all of it is ready, and watches."""
    with _alone(paths) as lock:
        toolchain.require(paths, node=any((paths.root / name).exists() for name in ("baileys", "frontend")))
        if (paths.root / "frontend" / "package.json").exists() and not os.environ.get("STATIC_DIR"):
            toolchain.node_build(paths, "frontend")
        chosen = settings.load(paths, os.environ)
        listens = ["INGRESS_LISTEN", "INGRESS_INTERNAL_LISTEN"]
        if _runs_whatsapp(paths, chosen):
            listens.append("BAILEYS_LISTEN")
        for variable in listens:
            ports.require_free(chosen.need(variable), variable)
        if _runs_whatsapp(paths, chosen):
            toolchain.node_build(paths, "baileys")
            if _simulated():
                toolchain.node_build(paths, "baileys", "build:test", "dist-test")
        else:
            say.step("using the WhatsApp service of BAILEYS_BASE_URL")
        # Tests built them already.
        given = os.environ.get("PROSAAS_BIN_DIR")
        built = Path(given) if given else toolchain.build(paths, toolchain.profile())
        for folder in ("ingress", "recordings"):
            paths.folder(folder).chmod(0o700)
        with Supervisor() as supervisor:
            chosen = _start_stores(paths, chosen, supervisor)
            say.step("migrations, streams, and a demo business where there is none")
            supervisor.run(_service("ops", [str(built / "prosaas-ops"), "setup"], chosen), limit=180)
            chosen = _demo_twilio(chosen, supervisor)
            if _runs_whatsapp(paths, chosen) and _simulated():
                chosen = _simulated_whatsapp(paths, chosen, supervisor)
            for program in PROGRAMS:
                if program.wanted(paths, chosen):
                    say.step(f"starting {program.name}")
                    supervisor.start(_service(program.name, program.command(paths, built), chosen))
            base = f"http://{ports.reach(chosen.need('INGRESS_LISTEN'), 'INGRESS_LISTEN')}"
            _wait_until_ready(f"{base}/ready", supervisor)
            # For tests, people who look into the database, and scripts/ops; gone with the system.
            file = paths.data / "run.env"
            supervisor.passing.append(file)
            file.touch(mode=0o600)
            lines = chosen.of_operators() | {"PROSAAS_OPS": str(built / "prosaas-ops")}
            file.write_text("".join(f"{name}={value}\n" for name, value in lines.items()))
            lock.write(f"at {base}")
            _tell(paths, chosen, base)
            _watch(supervisor)
    return 0


def _demo_twilio(chosen: Settings, supervisor: Supervisor) -> Settings:
    """Recordings for sample calls, while no account of Twilio's is configured."""
    if chosen.given.get("TWILIO_ACCOUNT_SID") or chosen.get("TWILIO_API_BASE"):
        return chosen
    port = ports.free()
    say.step("no Twilio account is configured: starting a stand-in for its recordings")
    command = [sys.executable, "-m", "scripts.dev.demo_twilio", str(port)]
    supervisor.start(_service("demo-twilio", command, chosen))
    return chosen.with_defaults(TWILIO_API_BASE=f"http://127.0.0.1:{port}")


def _simulated_whatsapp(paths: Paths, chosen: Settings, supervisor: Supervisor) -> Settings:
    """The simulator; what it can do stands in `baileys/README.md`."""
    port = ports.free()
    say.step(f"starting a simulated WhatsApp at http://127.0.0.1:{port}/control/")
    main = paths.root / "baileys" / "dist-test/test/simulator/main.js"
    supervisor.start(_service("simulator", ["node", str(main), "--port", str(port)], chosen))
    return chosen.with_defaults(SIM_URL=f"ws://127.0.0.1:{port}/ws/chat")


def _service(name: str, command: list[str], chosen: Settings) -> Service:
    return Service(name=name, command=command, environment=chosen.environment(name), stage=1, patience=_DRAIN)


class _alone:  # noqa: N801 - reads as a verb at its use
    """Holds the lock; says where the other one is when there is one."""

    def __init__(self, paths: Paths) -> None:
        self._paths = paths

    def __enter__(self) -> Lock:
        try:
            return Lock(self._paths)
        except RunningAlready as other:
            raise CannotGoOn(f"it is running already: {other}") from other

    def __exit__(self, *_: object) -> None:
        """The kernel lets go of the lock with the process."""


def _wait_until_ready(url: str, supervisor: Supervisor) -> None:
    """Asks `/ready` until it says yes, and passes on what it says is missing."""
    say.step(f"waiting for {url}")
    # A proxy of the environment has no business with this machine's own addresses.
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    started = told = time.monotonic()
    while True:
        supervisor.check()
        try:
            with opener.open(url, timeout=5):
                return
        except urllib.error.HTTPError as answer:
            said = answer.read(2000).decode(errors="replace")
        except OSError as cause:
            said = str(cause)
        now = time.monotonic()
        if now - started > READY_WITHIN:
            raise CannotGoOn(f"not ready within {READY_WITHIN:.0f} s: {said}")
        if now - told > 10:
            say.note(f"not ready yet: {said}")
            told = now
        time.sleep(0.2)


def _watch(supervisor: Supervisor) -> None:
    """Until a service dies or a signal arrives (as an exception, see cli)."""
    while True:
        supervisor.check()
        time.sleep(0.3)


def _tell(paths: Paths, chosen: Settings, base: str) -> None:
    """Addresses, logins and what to try next."""
    checked = (chosen.get("VALIDATE_TWILIO_SIGNATURE") or "true") != "false"
    # Made for this machine only; one that people chose themselves is not shown.
    password = "as given in ADMIN_PASSWORD" if chosen.given.get("ADMIN_PASSWORD") else chosen.need("ADMIN_PASSWORD")
    answer = "403: it carries no signature" if checked else "TwiML"
    say.line()
    say.line(say.paint("ProSaaS is up.", "bold"))
    for text in (
        f"web app        {base}/ (the API and Twilio's webhooks too)",
        f"metrics        {chosen.need('INGRESS_INTERNAL_URL')}/metrics",
        f"demo number    {chosen.need('TWILIO_PHONE_NUMBER')}",
        f"login          {chosen.need('ADMIN_EMAIL')}, password {password}",
        f"data           {paths.data} (logs of NATS and Postgres in logs/)",
        "",
        "Try next, in another terminal:",
        f"  curl -i {base}/ready",
        f"  ./scripts/test_twilio_webhooks.sh {base}      signed calls to all three webhooks",
        "  ./scripts/ops workers list      what operators see; docs/OPERATIONS.md",
        f"  curl -v -X POST {json.dumps(base + '/webhook/incoming_call')} "
        '-d "CallSid=TEST123&From=%2B972000000000&To=%2B972000000001"',
        f"      answers {answer}; VALIDATE_TWILIO_SIGNATURE={'false' if checked else 'true'} make run for the other",
        "",
        "Ctrl-C stops everything.",
    ):
        say.note(text)
