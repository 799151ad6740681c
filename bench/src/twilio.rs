//! Requests as Twilio's voice service sends them and nginx passes them on,
//! each with a CallSid and a signature of its own.
//!
//! All of a run's requests differ in three fields of fixed width, so one
//! template serves them all: only the varying bytes are made ahead, and sending
//! a request costs the load generator two copies.

use anyhow::Context as _;
use base64::{Engine as _, engine::general_purpose::STANDARD};
use hmac::{Hmac, KeyInit as _, Mac as _};
use sha1::Sha1;
use url::form_urlencoded;
use uuid::Uuid;

/// Letters of a CallSid.
const SID_LEN: usize = 34;
/// Letters of a SHA-1 in base64.
const SIGNATURE_LEN: usize = 28;

/// Stand-ins that the template holds where each request differs.
const SID_MARK: &str = "CA________________________________";
const SIGNATURE_MARK: &str = "............................";

/// Who sends, and to whom.
#[derive(Debug, Clone)]
pub struct Sender {
    /// The account.
    pub account_sid: String,
    /// Its auth token.
    pub auth_token: String,
    /// The address that Twilio was given, without a path.
    pub public_url: String,
    /// The called number.
    pub called: String,
}

/// The bytes of a request, less what differs.
#[derive(Debug, Clone)]
pub struct Template {
    bytes: Vec<u8>,
    sids: Vec<usize>,
    signature: usize,
    /// HMAC over everything before the CallSid.
    before: Hmac<Sha1>,
    /// What is signed after it.
    after: String,
}

/// What makes one request differ from the others.
#[derive(Debug, Clone, Copy)]
pub struct Varying {
    sid: [u8; SID_LEN],
    signature: [u8; SIGNATURE_LEN],
}

impl Template {
    /// The template of `POST /webhook/incoming_call`.
    pub fn incoming_call(sender: &Sender) -> anyhow::Result<Self> {
        let path = "/webhook/incoming_call";
        let params = parameters(sender);
        let body = form_urlencoded::Serializer::new(String::new()).extend_pairs(&params).finish();
        let host = sender.public_url.split_once("://").map_or(sender.public_url.as_str(), |(_, host)| host);
        let text = format!(
            "POST {path} HTTP/1.1\r\n\
             Host: {host}\r\n\
             X-Real-IP: 203.0.113.7\r\n\
             X-Forwarded-For: 203.0.113.7\r\n\
             X-Forwarded-Proto: https\r\n\
             Content-Length: {length}\r\n\
             Accept: */*\r\n\
             User-Agent: TwilioProxy/1.1\r\n\
             Content-Type: application/x-www-form-urlencoded; charset=UTF-8\r\n\
             I-Twilio-Idempotency-Token: {SID_MARK}\r\n\
             X-Twilio-Signature: {SIGNATURE_MARK}\r\n\
             \r\n\
             {body}",
            length = body.len(),
        );
        let (before, after) = signed_around_the_sid(&format!("{}{path}", sender.public_url), params)?;
        let mut key = Hmac::<Sha1>::new_from_slice(sender.auth_token.as_bytes())?;
        key.update(before.as_bytes());
        let signature = text.find(SIGNATURE_MARK).context("the template has no signature")?;
        let sids = text.match_indices(SID_MARK).map(|(at, _)| at).collect();
        Ok(Self { bytes: text.into_bytes(), sids, signature, before: key, after })
    }

    /// The bytes to send, once they are filled.
    pub fn blank(&self) -> Vec<u8> {
        self.bytes.clone()
    }

    /// Signs `count` requests whose CallSids nobody has used before.
    pub fn sign(&self, count: usize) -> anyhow::Result<Vec<Varying>> {
        let run = Uuid::new_v4().as_u64_pair().0;
        (0..count).map(|number| self.sign_one(run, number)).collect()
    }

    fn sign_one(&self, run: u64, number: usize) -> anyhow::Result<Varying> {
        let sid = format!("CA{run:016x}{number:016x}");
        let mut mac = self.before.clone();
        mac.update(sid.as_bytes());
        mac.update(self.after.as_bytes());
        let signature = STANDARD.encode(mac.finalize().into_bytes());
        Ok(Varying { sid: sid.as_bytes().try_into()?, signature: signature.as_bytes().try_into()? })
    }

    /// Makes `request`, which began as [`Self::blank`], the one that `varying` says.
    pub fn fill(&self, request: &mut [u8], varying: &Varying) {
        for at in &self.sids {
            if let Some(place) = request.get_mut(*at..at + SID_LEN) {
                place.copy_from_slice(&varying.sid);
            }
        }
        if let Some(place) = request.get_mut(self.signature..self.signature + SIGNATURE_LEN) {
            place.copy_from_slice(&varying.signature);
        }
    }
}

/// What Twilio sends of a call from Israel
/// (<https://www.twilio.com/docs/voice/twiml#request-parameters>).
fn parameters(sender: &Sender) -> Vec<(&'static str, String)> {
    let caller = "+972000000042";
    [
        ("AccountSid", sender.account_sid.as_str()),
        ("ApiVersion", "2010-04-01"),
        ("CallSid", SID_MARK),
        ("CallStatus", "ringing"),
        ("CallToken", "%7B%22parentCallInfoToken%22%3A%22eyJhbGciOiJFUzI1NiJ9%22%7D"),
        ("Called", &sender.called),
        ("CalledCity", ""),
        ("CalledCountry", "IL"),
        ("CalledState", ""),
        ("CalledZip", ""),
        ("Caller", caller),
        ("CallerCity", "תל אביב"),
        ("CallerCountry", "IL"),
        ("CallerState", ""),
        ("CallerZip", ""),
        ("Direction", "inbound"),
        ("From", caller),
        ("FromCity", "תל אביב"),
        ("FromCountry", "IL"),
        ("FromState", ""),
        ("FromZip", ""),
        ("StirVerstat", "TN-Validation-Passed-A"),
        ("To", &sender.called),
        ("ToCity", ""),
        ("ToCountry", "IL"),
        ("ToState", ""),
        ("ToZip", ""),
    ]
    .map(|(name, value)| (name, value.to_owned()))
    .to_vec()
}

/// What is signed: the address, then each name and value by name, cut at the CallSid.
fn signed_around_the_sid(
    url: &str,
    mut params: Vec<(&'static str, String)>,
) -> anyhow::Result<(String, String)> {
    params.sort_unstable();
    let signed = params.into_iter().fold(url.to_owned(), |text, (name, value)| text + name + &value);
    let (before, after) = signed.split_once(SID_MARK).context("the CallSid is not signed")?;
    Ok((before.to_owned(), after.to_owned()))
}

#[cfg(test)]
mod tests {
    use prosaas_twilio as twilio;

    use super::*;

    #[test]
    fn what_it_signs_is_valid_and_unique() -> anyhow::Result<()> {
        let sender = Sender {
            account_sid: "AC1".to_owned(),
            auth_token: "token".to_owned(),
            public_url: "https://bench.example".to_owned(),
            called: "+972000000001".to_owned(),
        };
        let template = Template::incoming_call(&sender)?;
        let signed = template.sign(2)?;
        assert_ne!(signed[0].sid, signed[1].sid);
        for varying in &signed {
            let mut request = template.blank();
            template.fill(&mut request, varying);
            let text = String::from_utf8(request)?;
            let (head, body) = text.split_once("\r\n\r\n").context("no body")?;
            assert!(head.contains(&format!("Content-Length: {}\r\n", body.len())));
            let headers: http::HeaderMap = head
                .lines()
                .skip(1)
                .filter_map(|line| line.split_once(": "))
                .map(|(name, value)| {
                    Ok((name.parse::<http::HeaderName>()?, value.parse::<http::HeaderValue>()?))
                })
                .collect::<anyhow::Result<_>>()?;
            let params = twilio::parse_form(body.as_bytes())?;
            let validator = twilio::Validator::new(&["token".to_owned().into()]);
            let url = "https://bench.example/webhook/incoming_call".to_owned();
            validator.verify(&[url], twilio::Body::Form(&params), twilio::SignatureHeaders::new(&headers))?;
        }
        Ok(())
    }
}
