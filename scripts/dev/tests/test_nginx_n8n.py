"""/n8n/: whose cookies go where, and which addresses n8n is asked for."""

import re
import unittest

from scripts.dev.paths import ROOT
from scripts.dev.tests.nginx_server import MISSING, PROGRAM, Nginx, upstream


@unittest.skipIf(PROGRAM is None, MISSING)
class UnderItsPath(unittest.TestCase):
    @classmethod
    def setUpClass(cls) -> None:
        port = cls.enterClassContext(upstream())
        cls.nginx = Nginx(f"127.0.0.1:{port}", f"127.0.0.1:{port}")
        cls.addClassCleanup(cls.nginx.stop)

    def test_n8n_never_sees_the_crm_s_cookies(self) -> None:
        for sent, passed in {
            "__Host-prosaas_session=s3cret": None,
            "__Host-prosaas_session=s3cret; n8n-auth=a": "n8n-auth=a",
            "n8n-auth=a; __Host-prosaas_session=s3cret": "n8n-auth=a",
            "x=1; __Host-prosaas_session=s3cret; n8n-auth=a": "x=1; n8n-auth=a",
            "prosaas_session=s3cret; x=1; __Host-prosaas_session=s3cret;y=2": "x=1; y=2",
            "n8n-auth=a; y=2": "n8n-auth=a; y=2",
            "prosaas_a=1; prosaas_b=2; prosaas_c=3; prosaas_d=s3cret": None,
        }.items():
            seen = self.nginx.told("/n8n/rest/login?a=%20b", headers={"Cookie": sent})
            self.assertEqual(seen["path"], "/rest/login?a=%20b")
            self.assertEqual(seen["headers"].get("cookie"), passed, sent)

    def test_n8n_may_upgrade_and_sets_cookies_for_its_own_path_only(self) -> None:
        seen = self.nginx.told("/n8n/rest/push", headers={"Connection": "Upgrade", "Upgrade": "websocket"})["headers"]
        self.assertEqual((seen["connection"], seen["upgrade"]), ("upgrade", "websocket"))
        answer, _ = self.nginx.ask("/n8n/")
        self.assertIn("Path=/n8n/", answer.headers["Set-Cookie"].replace("path", "Path"))
        self.assertIsNone(answer.headers["Content-Security-Policy"])
        self.assertEqual(self.nginx.ask("/n8n")[0].headers["Location"], "/n8n/")

    def test_an_address_arrives_byte_for_byte_without_the_prefix(self) -> None:
        for asked in ("/", "/rest/workflows/a%2Fb", "/webhook/x//y", "//healthz", "/webhook/%D7%A2%20?a=%2F&b=//",
                      "/files/..%2fx", "/a%3Fb", "/static/a+b"):
            self.assertEqual(self.nginx.told(f"/n8n{asked}")["path"], asked)

    def test_what_is_below_the_prefix_after_decoding_only_is_not_found(self) -> None:
        for asked in ("//n8n/rest/login", "/%6e8n/rest/login", "/x/../n8n/rest/login"):
            self.assertEqual(self.nginx.ask(asked)[0].status, 404, asked)


class Owner(unittest.TestCase):
    """An n8n without an owner belongs to whoever opens it first: none is started, and none is published."""

    def setUp(self) -> None:
        compose = (ROOT / "docker-compose.yml").read_text()
        self.compose = compose
        self.service = re.search(r"^  n8n:\n(.*?)^(?=\S|  \S)", compose, re.MULTILINE | re.DOTALL)[1]

    def test_it_is_started_on_demand_and_with_an_owner_from_the_settings(self) -> None:
        self.assertIn("profiles: [n8n]", self.service)
        # `environment` wins over a file: nobody turns it off by accident.
        self.assertRegex(self.service, r"\n    environment:\n(      .*\n)*?      N8N_INSTANCE_OWNER_MANAGED_BY_ENV: \"true\"\n")
        example = (ROOT / ".env.n8n.example").read_text()
        for name in ("EMAIL", "PASSWORD_HASH"):
            self.assertRegex(example, rf"(?m)^N8N_INSTANCE_OWNER_{name}='?CHANGE-ME'?$")

    def test_nginx_knows_it_by_a_name_that_no_other_container_has(self) -> None:
        name = "claimed-n8n"
        self.assertIn(f"networks: {{ n8n: {{ aliases: [{name}] }} }}", self.service)
        self.assertEqual(self.compose.count(name), 1)
        for file in ("nginx.conf", "nginx/examples/n8n-host.conf"):
            self.assertEqual(re.findall(r"set \$n8n (\S+);", (ROOT / file).read_text()), [f"{name}:5678"], file)
