"""The signed sample calls: the signature against a published example, the answers' judges."""

import unittest

from scripts.dev import webhooks


class Webhooks(unittest.TestCase):
    def test_the_signature_is_that_of_twilios_own_example(self) -> None:
        # From the tests of Twilio's Python library.
        parameters = {"CallSid": "CA1234567890ABCDE", "Digits": "1234", "From": "+14158675309", "To": "+18005551212",
                      "Caller": "+14158675309"}
        signed = webhooks.signature("12345", "https://mycompany.com/myapp.php?foo=1&bar=2", parameters)
        self.assertEqual(signed, "RSOYDt4T1cUTdK1PDd93/VVr8B8=")

    def test_twiml_is_told_from_what_is_none(self) -> None:
        self.assertIsNone(webhooks.twiml(200, "text/xml; charset=utf-8", "<Response><Hangup/></Response>"))
        self.assertIn("status 405", webhooks.twiml(405, "", "") or "")
        self.assertIn("content type", webhooks.twiml(200, "text/html", "<Response/>") or "")
        self.assertIn("not XML", webhooks.twiml(200, "text/xml", "<Response>") or "")
        self.assertIn("<html>", webhooks.twiml(200, "text/xml", "<html/>") or "")

    def test_a_refusal_is_expected_only_where_signatures_are_checked(self) -> None:
        for checked in (True, False):
            found = webhooks.cases("AC0", "+972000000001", checked=checked)
            self.assertEqual(any(case.tampered for case in found), checked)
            self.assertEqual({case.path for case in found},
                             {"/webhook/incoming_call", "/webhook/call_status", "/webhook/handle_recording"})


if __name__ == "__main__":
    unittest.main()
