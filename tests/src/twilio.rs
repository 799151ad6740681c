//! Twilio as a caller of webhooks, through nginx: signed, with forwarded headers.

use std::{collections::BTreeMap, net::SocketAddr};

use base64::{Engine as _, engine::general_purpose::STANDARD};
use hmac::{Hmac, KeyInit as _, Mac as _};
use sha1::Sha1;
use uuid::Uuid;

use crate::http1::{Reply, Request};

/// Our account.
pub const ACCOUNT: &str = "AC00000000000000000000000000000001";

/// Its auth token.
pub const TOKEN: &str = "0123456789abcdef0123456789abcdef";

/// The address that Twilio knows.
pub const PUBLIC: &str = "https://prosaas.pro";

/// The number of the first business. No numbering plan gives it out.
pub const NUMBER: &str = "+972000000001";

/// A caller's number.
pub const CALLER: &str = "+972000000077";

/// Parameters in the order in which they are sent.
pub type Pairs = Vec<(String, String)>;

/// Owned pairs of borrowed ones.
pub fn pairs(given: &[(&str, &str)]) -> Pairs {
    given.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect()
}

/// A CallSid that nobody else has.
pub fn call_sid() -> String {
    format!("CA{}", Uuid::new_v4().simple())
}

/// A RecordingSid that nobody else has.
pub fn recording_sid() -> String {
    format!("RE{}", Uuid::new_v4().simple())
}

/// Twilio's signature: HMAC-SHA1 of the URL and, in the keys' order, each key and
/// its value (<https://www.twilio.com/docs/usage/security#validating-requests>).
pub fn signature(token: &str, url: &str, parameters: &Pairs) -> String {
    let mut sorted: BTreeMap<&str, Vec<&str>> = BTreeMap::new();
    for (name, value) in parameters {
        sorted.entry(name).or_default().push(value);
    }
    let mut signed = url.to_owned();
    for (name, mut values) in sorted {
        values.sort_unstable();
        values.dedup();
        for value in values {
            signed.push_str(name);
            signed.push_str(value);
        }
    }
    // HMAC takes a key of any length.
    let Ok(mut mac) = Hmac::<Sha1>::new_from_slice(token.as_bytes()) else { return String::new() };
    mac.update(signed.as_bytes());
    STANDARD.encode(mac.finalize().into_bytes())
}

/// A form body.
pub fn form(parameters: &Pairs) -> String {
    url::form_urlencoded::Serializer::new(String::new()).extend_pairs(parameters).finish()
}

/// What nginx adds behind Cloudflare.
pub fn nginx_headers() -> Vec<(&'static str, String)> {
    vec![
        ("Host", "prosaas.pro".to_owned()),
        ("X-Real-IP", "203.0.113.9".to_owned()),
        ("X-Forwarded-For", "203.0.113.9".to_owned()),
        ("X-Forwarded-Proto", "https".to_owned()),
        ("CF-Connecting-IP", "203.0.113.9".to_owned()),
        ("User-Agent", "TwilioProxy/1.1".to_owned()),
    ]
}

/// Twilio, with our account and token, sending to one ingress.
#[derive(Debug, Clone)]
pub struct Twilio {
    /// Where the ingress listens.
    pub ingress: SocketAddr,
}

impl Twilio {
    /// A signed POST of a form.
    pub async fn post(&self, target: &str, parameters: &Pairs) -> anyhow::Result<Reply> {
        let signed = signature(TOKEN, &format!("{PUBLIC}{target}"), parameters);
        self.post_with(target, parameters, Some(&signed)).await
    }

    /// A POST of a form with a signature of one's own, or none.
    pub async fn post_with(
        &self,
        target: &str,
        parameters: &Pairs,
        signature: Option<&str>,
    ) -> anyhow::Result<Reply> {
        let mut headers = nginx_headers();
        headers.push(("Content-Type", "application/x-www-form-urlencoded; charset=utf-8".to_owned()));
        headers.extend(signature.map(|text| ("X-Twilio-Signature", text.to_owned())));
        let body = form(parameters);
        Request { method: "POST", target, headers, body: body.as_bytes() }.send(self.ingress).await
    }

    /// A call comes in.
    pub async fn incoming(&self, call: &str, from: &str, to: &str) -> anyhow::Result<Reply> {
        self.post("/webhook/incoming_call", &incoming_parameters(call, from, to)).await
    }

    /// A status callback; `more` are parameters beside the usual ones.
    pub async fn status(
        &self,
        call: &str,
        status: &str,
        sequence: u32,
        more: &[(&str, &str)],
    ) -> anyhow::Result<Reply> {
        let sequence = sequence.to_string();
        let mut parameters = pairs(&[
            ("CallSid", call),
            ("AccountSid", ACCOUNT),
            ("From", CALLER),
            ("To", NUMBER),
            ("Direction", "inbound"),
            ("ApiVersion", "2010-04-01"),
            ("CallbackSource", "call-progress-events"),
            ("CallStatus", status),
            ("SequenceNumber", &sequence),
        ]);
        parameters.extend(pairs(more));
        self.post("/webhook/call_status", &parameters).await
    }

    /// A recording status callback.
    pub async fn recording(&self, call: &str, recording: &str, status: &str) -> anyhow::Result<Reply> {
        let url = format!("https://api.twilio.com/2010-04-01/Accounts/{ACCOUNT}/Recordings/{recording}");
        let parameters = pairs(&[
            ("CallSid", call),
            ("AccountSid", ACCOUNT),
            ("RecordingSid", recording),
            ("RecordingStatus", status),
            ("RecordingUrl", &url),
            ("RecordingDuration", "7"),
            ("RecordingChannels", "1"),
            ("RecordingSource", "RecordVerb"),
        ]);
        self.post("/webhook/handle_recording", &parameters).await
    }
}

/// What Twilio sends when a call comes in.
pub fn incoming_parameters(call: &str, from: &str, to: &str) -> Pairs {
    pairs(&[
        ("CallSid", call),
        ("AccountSid", ACCOUNT),
        ("From", from),
        ("To", to),
        ("Caller", from),
        ("Called", to),
        ("CallStatus", "ringing"),
        ("ApiVersion", "2010-04-01"),
        ("Direction", "inbound"),
        ("FromCity", ""),
        ("CallerName", "דנה כהן"),
    ])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_example_of_twilio_s_documentation_is_signed_alike() {
        let parameters = pairs(&[
            ("CallSid", "CA1234567890ABCDE"),
            ("Caller", "+14158675310"),
            ("Digits", "1234"),
            ("From", "+14158675310"),
            ("To", "+18005551212"),
        ]);
        let signed = signature("12345", "https://example.com/myapp.php?foo=1&bar=2", &parameters);
        assert_eq!(signed, "L/OH5YylLD5NRKLltdqwSvS0BnU=");
    }
}
