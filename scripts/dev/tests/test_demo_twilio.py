from __future__ import annotations

import base64
import threading
import unittest
import urllib.error
import urllib.request

from scripts.dev import demo_twilio


class DemoTwilio(unittest.TestCase):
    def setUp(self) -> None:
        self.server = demo_twilio.serve(0, "AC1", "token")
        threading.Thread(target=self.server.serve_forever, daemon=True).start()
        self.addCleanup(self.server.server_close)
        self.addCleanup(self.server.shutdown)

    def get(self, path: str, secret: str) -> tuple[int, bytes]:
        request = urllib.request.Request(f"http://127.0.0.1:{self.server.server_port}{path}")
        request.add_header("Authorization", "Basic " + base64.b64encode(secret.encode()).decode())
        opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
        try:
            with opener.open(request, timeout=5) as answer:
                return answer.status, answer.read()
        except urllib.error.HTTPError as refused:
            with refused:
                return refused.code, b""

    def test_a_recording_is_audio_for_the_account_and_nobody_else(self) -> None:
        path = "/2010-04-01/Accounts/AC1/Recordings/RE1.mp3"
        status, body = self.get(path, "AC1:token")
        self.assertEqual(status, 200)
        frames = [body[at:at + 2] for at in range(0, len(body), 144)]
        self.assertEqual(set(frames), {b"\xff\xf3"})
        self.assertAlmostEqual(len(frames) * 0.036, 4.0, places=1)
        self.assertEqual(self.get(path, "AC1:wrong")[0], 401)
        self.assertEqual(self.get("/2010-04-01/Accounts/AC1.json", "AC1:token")[0], 501)
        self.assertEqual(self.get(path.replace("AC1", "AC2"), "AC1:token")[0], 404)

    def test_no_call_is_known(self) -> None:
        path = "/2010-04-01/Accounts/AC1/Calls/CA1.json"
        self.assertEqual((self.get(path, "AC1:token")[0], self.get(path, "AC1:wrong")[0]), (404, 401))
