"""What lies around a deployment: proxies, a certificate, a pooler, Twilio's API."""

from __future__ import annotations

import base64
import json
import subprocess
from pathlib import Path

PUBLIC = "https://prosaas.pro:8443"
# As in override.yml.
GATEWAYS = ("172.29.71.1", "172.29.72.1")
POOLER = "pooler:6432"


def make(clone: Path, *, account: str, token: str, number: str, database_password: str) -> None:
    """Writes the files that override.yml mounts."""
    made = clone / "made"
    made.mkdir()
    (made / "trusted-proxies.conf").write_text("".join(f"{gateway} 1;\n" for gateway in GATEWAYS))
    (made / "twilio.conf").write_text(_twilio(account, token, number))
    (made / "users.txt").write_text(f'"prosaas" "{database_password}"\n')
    (made / "pgbouncer.ini").write_text(
        f"[databases]\nprosaas = host=db port=5432 dbname=prosaas user=prosaas password={database_password}\n"
        "[pgbouncer]\nlisten_addr = *\nlisten_port = 6432\nauth_type = scram-sha-256\nauth_file = /made/users.txt\n"
        # Fewer connections than the services hold, so that they do share them.
        "pool_mode = transaction\ndefault_pool_size = 5\nmax_client_conn = 200\nmax_prepared_statements = 200\n"
        "server_login_retry = 1\nignore_startup_parameters = extra_float_digits\nunix_socket_dir =\n")
    _certificate(clone / "secrets" / "certificates")


def _certificate(folder: Path) -> None:
    """For docker-compose.tls.yml; it is its own authority."""
    folder.mkdir(parents=True)
    key, certificate = folder / "key.pem", folder / "certificate.pem"
    subprocess.run(
        ["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-days", "2",
         "-subj", "/CN=prosaas.pro", "-addext", "basicConstraints=critical,CA:FALSE",
         "-addext", "subjectAltName=DNS:prosaas.pro,DNS:api.twilio.test", "-keyout", key, "-out", certificate],
        capture_output=True, check=True)
    # nginx's user is another one.
    key.chmod(0o644)


def _twilio(account: str, token: str, number: str) -> str:
    """A server of nginx that answers what Twilio's API would."""
    settings = {"phone_number": number, "voice_url": f"{PUBLIC}/webhook/incoming_call", "voice_method": "POST",
                "voice_fallback_url": "https://handler.twilio.com/twiml/EH1", "trunk_sid": None,
                "status_callback": f"{PUBLIC}/webhook/call_status", "status_callback_method": "POST",
                "voice_application_sid": ""}
    basic = base64.b64encode(f"{account}:{token}".encode()).decode()
    answers = {f"{account}.json": {"status": "active"},
               f"{account}/IncomingPhoneNumbers.json": {"incoming_phone_numbers": [settings]}}
    locations = "".join(
        f"    location = /2010-04-01/Accounts/{path} {{\n"
        f'        if ($http_authorization != "Basic {basic}") {{ return 401; }}\n'
        f"        default_type application/json;\n        return 200 '{json.dumps(answer)}';\n    }}\n"
        for path, answer in answers.items())
    return ("server {\n    listen 8443 ssl;\n    server_name api.twilio.test;\n"
            "    ssl_certificate /etc/nginx/certificates/certificate.pem;\n"
            f"    ssl_certificate_key /etc/nginx/certificates/key.pem;\n{locations}}}\n")
