"""Code, `.env.production.example`, docs/SETTINGS.md and docker-compose.yml name the same settings."""

import re
import unittest

from scripts.dev import settings
from scripts.dev.paths import ROOT
from scripts.dev.tests.rust_sources import rust_sources

NAME = r"[A-Z][A-Z0-9]*(?:_[A-Z0-9]+)+"
# What the driver passes on and nobody's configuration names: other spellings of the object stores' SDKs.
SDK_SPELLINGS = {"AWS_DEFAULT_REGION", "AWS_ENDPOINT_URL", "AWS_ALLOW_HTTP"}
# Where the simulated WhatsApp listens, in development only: production's build has nothing that reads it.
SIMULATOR = {"SIM_URL"}


def read_by_rust() -> set[str]:
    """Names in the code of our programs, tests aside, where it deals with `Env`."""
    found: set[str] = set()
    for file in rust_sources():
        code = file.read_text().split("#[cfg(test)]")[0]
        if re.search(r"\bEnv\b", code):
            found |= set(re.findall(rf'(?<!env!\()"({NAME})"', code))
    return found


def read_by_node() -> set[str]:
    """Names that the WhatsApp service's configuration asks for."""
    code = (ROOT / "baileys" / "src" / "config.ts").read_text()
    return set(re.findall(rf"(?:read|required)\(env, '({NAME})'\)", code))


def read_by_nats() -> set[str]:
    """Variables of nats-server's configuration."""
    lines = (ROOT / "nats" / "nats-server.conf").read_text().splitlines()
    return {name for line in lines if not line.strip().startswith("#")
            for name in re.findall(rf"[:\s]\$({NAME})\b", line)}


def example() -> dict[str, str]:
    """The example's variables, those commented out included."""
    lines = (ROOT / ".env.production.example").read_text().splitlines()
    pairs = (re.match(rf"(?:# )?({NAME})=(.*)$", line) for line in lines)
    return {pair[1]: pair[2] for pair in pairs if pair}


def comment_on(name: str) -> str:
    """What the example says above a variable, from the heading on, as one line."""
    before = re.split(rf"(?m)^(?:# )?{name}=", (ROOT / ".env.production.example").read_text())[0]
    return " ".join(line.removeprefix("# ") for line in before.rpartition("# ----")[2].splitlines())


def documented() -> dict[str, list[str]]:
    """Rows of the page's tables."""
    rows = re.findall(rf"^\| `({NAME})` \| (.*) \|$", (ROOT / "docs" / "SETTINGS.md").read_text(), re.MULTILINE)
    return {name: cells.split(" | ") for name, cells in rows}


def services() -> dict[str, dict[str, str]]:
    """Each service's own environment in docker-compose.yml; read line by line, Python has no YAML."""
    found: dict[str, dict[str, str]] = {}
    service = key = ""
    for line in (ROOT / "docker-compose.yml").read_text().splitlines():
        if re.match(r"^[a-z]", line):
            service = ""
        elif named := re.match(r"^  ([a-z0-9-]+):$", line):
            service = named[1]
            found[service] = {}
        elif named := re.match(r"^    ([a-z_]+):", line):
            key = named[1]
            if key == "env_file" and ".env.production" in line:
                found[service]["env_file"] = line
        elif service and key == "environment" and (pair := re.match(rf"^      ({NAME}): (.*)$", line)):
            found[service][pair[1]] = pair[2].strip('"')
    return found


class Settings(unittest.TestCase):
    def test_every_setting_of_the_code_is_in_the_example_and_documented(self) -> None:
        read = read_by_rust() | read_by_node() | read_by_nats()
        self.assertGreater(len(read), 30, "the names are found in the code")
        self.assertEqual(read - set(example()), set(), "missing in .env.production.example")
        self.assertEqual(read - set(documented()), set(), "missing in docs/SETTINGS.md")

    def test_the_example_and_the_page_name_the_same(self) -> None:
        self.assertEqual(set(example()), set(documented()))

    def test_nothing_is_documented_that_nobody_reads(self) -> None:
        driver = {name for names in settings.READS.values() for name in names} - SIMULATOR
        self.assertEqual(driver - SDK_SPELLINGS - set(documented()), set(), "the driver passes on what is unknown")
        read = read_by_rust() | read_by_node() | read_by_nats() | driver | {"POSTGRES_PASSWORD"}
        self.assertEqual(set(documented()) - read, set())

    def test_defaults_and_bounds_are_the_same_on_the_page_and_in_the_example(self) -> None:
        """The code's are held against the page's by running its parsers: tests/src/settings.rs, and
        baileys/test/settings.test.ts."""
        values = example()
        for name, cells in documented().items():
            if len(cells) != 3:
                self.assertEqual(values[name], "" if cells[0].startswith("not set") else cells[0], name)
            elif " " not in cells[1] and cells[1] not in ("required", "optional", "off"):
                self.assertEqual(values[name], cells[1], name)
            bounds = re.search(r"\d+ to \d+ \w+|at least \d+ [a-z ]*characters", cells[-1])
            if bounds:
                self.assertIn(bounds[0], comment_on(name), name)

    def test_the_first_password_s_least_length_is_every_password_s(self) -> None:
        rule = (ROOT / "shared" / "accounts" / "src" / "password" / "mod.rs").read_text()
        least = re.search(r"pub const MIN_LENGTH: usize = (\d+);", rule)[1]
        self.assertIn(f"at least {least} characters", documented()["ADMIN_PASSWORD"][-1])

    def test_what_is_required_must_be_filled_in(self) -> None:
        for name, (_, needed, *_) in {n: c for n, c in documented().items() if len(c) == 3}.items():
            if needed == "required" and name not in ("PUBLIC_URL", "RECORDINGS_URL"):
                self.assertIn("CHANGE-ME", example()[name], name)

    def test_compose_gives_each_service_what_it_reads_and_no_secret_besides(self) -> None:
        secret = re.compile(r"PASSWORD|SECRET|TOKEN$|_KEY|_URL$|SERVICE_ACCOUNT$|ADMIN_EMAIL|ACCESS_KEY")
        public = {"PUBLIC_URL", "NATS_URL", "BAILEYS_BASE_URL", "INGRESS_INTERNAL_URL", "RECORDINGS_URL"}
        found = services()
        readers = {name: cells[0].split(", ") for name, cells in documented().items() if len(cells) == 3}
        for service, environment in found.items():
            if "env_file" not in environment:
                continue
            blanked = {name for name, value in environment.items() if value == ""}
            for name, who in readers.items():
                if service in who:
                    self.assertNotIn(name, blanked, f"{service} reads {name}")
                elif secret.search(name) and name not in public:
                    self.assertIn(name, blanked, f"{service} must not see {name}")
        self.assertNotIn("env_file", found["n8n"])
        self.assertNotIn("env_file", found["frontend"])


class Versions(unittest.TestCase):
    def test_every_image_is_pinned_to_a_minor_release_at_least_and_in_one_place(self) -> None:
        dockerfile = (ROOT / "docker" / "Dockerfile").read_text()
        arguments = dict(re.findall(r"^ARG ([A-Z]+_IMAGE)=(\S+)$", dockerfile, re.MULTILINE))
        stages = set(re.findall(r" AS ([a-z-]+)$", dockerfile, re.MULTILINE))
        for source in re.findall(r"^FROM (\S+)", dockerfile, re.MULTILINE):
            self.assertTrue(source in stages or source.strip("${}") in arguments, source)
        compose = (ROOT / "docker-compose.yml").read_text()
        ours = {"prosaas-" + name for name in ("frontend", "backend", "workers", "baileys", "nats")}
        others = set(re.findall(r"^    image: (\S+)$", compose, re.MULTILINE)) - ours
        for image in (*arguments.values(), *others):
            self.assertRegex(image, r"^[a-z0-9/]+:\d+\.\d+", image)
        self.assertNotIn("# syntax", dockerfile)

