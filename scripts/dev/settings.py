"""The settings of DESIGN's table: what the environment gives, else the default in development.

Each process gets only the variables that it reads.
"""

from __future__ import annotations

import urllib.parse
from collections.abc import Mapping
from dataclasses import dataclass

from . import credentials, ports
from .paths import Paths
from .say import CannotGoOn

# What a program needs to run at all, whatever it does.
SURROUNDINGS = (
    "PATH", "HOME", "USER", "LANG", "LC_ALL", "TZ", "TMPDIR", "NO_COLOR", "RUST_BACKTRACE",
    "SSL_CERT_FILE", "SSL_CERT_DIR", "NODE_EXTRA_CA_CERTS",
)
_EVERYWHERE = ("APP_ENV", "RUST_LOG", "LOG_FORMAT", "OTEL_EXPORTER_OTLP_ENDPOINT", "DATABASE_URL", "NATS_URL")
_TWILIO = ("TWILIO_ACCOUNT_SID", "TWILIO_AUTH_TOKEN", "TWILIO_API_BASE", "TWILIO_PHONE_NUMBER")
# Credentials of the object stores and of speech services have their SDKs' own names.
_STORES = ("RECORDINGS_URL", "GOOGLE_APPLICATION_CREDENTIALS", "GOOGLE_SERVICE_ACCOUNT", "AWS_ACCESS_KEY_ID",
           "AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN", "AWS_REGION", "AWS_DEFAULT_REGION", "AWS_ENDPOINT",
           "AWS_ENDPOINT_URL", "AWS_ALLOW_HTTP")
READS: dict[str, tuple[str, ...]] = {
    "ingress": (
        *_EVERYWHERE, *_TWILIO, *_STORES, "PUBLIC_URL", "INGRESS_LISTEN", "INGRESS_INTERNAL_LISTEN", "STATIC_DIR",
        "EVENT_LOG_PATH", "EVENT_LOG_MAX_BYTES", "VALIDATE_TWILIO_SIGNATURE", "TRUSTED_PROXIES", "BAILEYS_BASE_URL",
        "INTERNAL_SECRET", "SMTP_URL", "MAIL_FROM",
    ),
    "workers": (
        *_EVERYWHERE, *_TWILIO, *_STORES, "WORKERS_LISTEN", "RECORDINGS_DELETE_AT_TWILIO", "BAILEYS_BASE_URL",
        "INTERNAL_SECRET", "OPENAI_API_KEY",
    ),
    "ops": (*_EVERYWHERE, "TWILIO_PHONE_NUMBER", "ADMIN_EMAIL", "ADMIN_PASSWORD", "NATS_STORE_MAX_BYTES"),
    "baileys": (
        "APP_ENV", "DATABASE_URL", "BAILEYS_LISTEN", "INTERNAL_SECRET", "INGRESS_INTERNAL_URL",
        "BAILEYS_ENCRYPTION_KEY", "BAILEYS_LEASE_SECONDS", "BAILEYS_CONTACT_DAYS", "WA_WEB_VERSION",
        "LOG_LEVEL",
        # Only the simulator's preload reads it.
        "SIM_URL",
    ),
    "simulator": (),
    "demo-twilio": ("TWILIO_ACCOUNT_SID", "TWILIO_AUTH_TOKEN"),
}
# What the operators' command line reads beside a running system: the doctor looks at every part's settings.
OPERATORS = (*READS["ops"], *_TWILIO, *_STORES, "PUBLIC_URL", "EVENT_LOG_PATH", "EVENT_LOG_MAX_BYTES", "NATS_STORE_DIR",
             "BAILEYS_BASE_URL", "INTERNAL_SECRET", "BAILEYS_ENCRYPTION_KEY")
# nats-server's own users: each program connects as its own.
_NATS_USERS = {name: f"NATS_{name.upper()}_PASSWORD" for name in ("ingress", "workers", "ops")}


@dataclass(frozen=True)
class Settings:
    """What was given, and what stands in for what was not."""

    given: Mapping[str, str]
    defaults: Mapping[str, str]
    secrets: Mapping[str, str]

    def get(self, name: str) -> str | None:
        """One setting. An empty value counts as none, as in a compose file."""
        return self.given.get(name) or self.defaults.get(name)

    def need(self, name: str) -> str:
        """One setting that has a default or was asked for before."""
        value = self.get(name)
        if value is None:
            raise CannotGoOn(f"{name} is not set")
        return value

    def with_defaults(self, **more: str) -> Settings:
        """The same with more defaults; what was given still wins."""
        return Settings(self.given, {**self.defaults, **more}, self.secrets)

    def runs_whatsapp(self) -> bool:
        """Whether the WhatsApp service is ours to start: not when the environment names one that is elsewhere."""
        given = self.given.get("BAILEYS_BASE_URL")
        return not given or bool(self.given.get("BAILEYS_LISTEN")) or _local(given) is not None

    def surroundings(self) -> dict[str, str]:
        """What every program gets."""
        return {name: self.given[name] for name in SURROUNDINGS if name in self.given}

    def environment(self, program: str) -> dict[str, str]:
        """The whole environment of one of our programs."""
        environment = self.surroundings()
        for name in READS[program]:
            value = self.get(name)
            if value is not None:
                environment[name] = value
        if program in _NATS_USERS and "NATS_URL" in environment and not self.given.get("NATS_URL"):
            password = self.secrets[_NATS_USERS[program]]
            environment["NATS_URL"] = environment["NATS_URL"].replace("//", f"//{program}:{password}@", 1)
        return environment


    def of_operators(self) -> dict[str, str]:
        """What `scripts/ops` sets: all that the system was started with and its parts are judged by."""
        known = {name: self.get(name) for name in OPERATORS}
        found = {name: value for name, value in known.items() if value is not None}
        return found | {name: value for name, value in self.environment("ops").items() if name not in SURROUNDINGS}


def _local(url: str | None) -> str | None:
    """Where a service of this machine would listen to be reached under that address; None for one elsewhere."""
    parts = urllib.parse.urlsplit(url or "")
    try:
        port = parts.port
    except ValueError:
        return None
    if parts.scheme != "http" or parts.hostname not in ("127.0.0.1", "localhost", "::1"):
        return None
    host = f"[{parts.hostname}]" if ":" in parts.hostname else parts.hostname
    return f"{host}:{port or 80}"


def load(paths: Paths, given: Mapping[str, str]) -> Settings:
    """Defaults for a machine that has nothing set. The addresses of Postgres and NATS are added once known."""
    secrets = credentials.load(paths, given)
    listen = given.get("INGRESS_LISTEN") or "127.0.0.1:5000"
    internal = given.get("INGRESS_INTERNAL_LISTEN") or "127.0.0.1:5001"
    baileys = given.get("BAILEYS_LISTEN") or _local(given.get("BAILEYS_BASE_URL")) or "127.0.0.1:3300"
    built_spa = paths.root / "frontend" / "dist"
    defaults = {
        "APP_ENV": "development",
        "INGRESS_LISTEN": listen,
        "INGRESS_INTERNAL_LISTEN": internal,
        "PUBLIC_URL": f"http://{ports.reach(listen, 'INGRESS_LISTEN')}",
        "INGRESS_INTERNAL_URL": f"http://{ports.reach(internal, 'INGRESS_INTERNAL_LISTEN')}",
        "EVENT_LOG_PATH": str(paths.data / "ingress"),
        "NATS_STORE_MAX_BYTES": str(4 << 30),
        "RECORDINGS_URL": (paths.data / "recordings").as_uri(),
        "TWILIO_ACCOUNT_SID": secrets["TWILIO_ACCOUNT_SID"],
        # A number that no numbering plan gives out: the demo never reaches a person.
        "TWILIO_PHONE_NUMBER": "+972000000001",
        "TWILIO_AUTH_TOKEN": secrets["TWILIO_AUTH_TOKEN"],
        "BAILEYS_LISTEN": baileys,
        "BAILEYS_BASE_URL": f"http://{ports.reach(baileys, 'BAILEYS_LISTEN')}",
        "INTERNAL_SECRET": secrets["INTERNAL_SECRET"],
        "BAILEYS_ENCRYPTION_KEY": secrets["BAILEYS_ENCRYPTION_KEY"],
        "ADMIN_EMAIL": "admin@prosaas.example",
        "ADMIN_PASSWORD": secrets["ADMIN_PASSWORD"],
    }
    if built_spa.is_dir():
        defaults["STATIC_DIR"] = str(built_spa)
    return Settings(given, defaults, secrets)
