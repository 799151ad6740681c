//! `X-Twilio-Signature` (<https://www.twilio.com/docs/usage/webhooks/webhooks-security>).
//!
//! base64(HMAC(secret, URL + each key and value, sorted by key, then by value)), where
//! the same pair counts once. HMAC-SHA1 under the account's token, or what
//! `X-Twilio-Webhooks-Signature-Settings: key=…,algorithm=HMAC_SHA256` announces
//! (<https://www.twilio.com/docs/usage/webhooks/webhook-shared-keys>). A JSON body is
//! bound by its SHA-256 in the URL.
//!
//! The URL counts byte for byte, save in two spellings on which Twilio itself is not
//! constant: the port, and an apostrophe in the query. Where the official validators
//! disagree: `docs/decisions/0002-signature-disagreements.md`.

use base64::{Engine as _, engine::general_purpose::STANDARD};
use hmac::{Hmac, KeyInit, Mac, digest::CtOutput};
use http::{HeaderMap, HeaderName};
use secrecy::{ExposeSecret, SecretString};
use sha1::Sha1;
use sha2::{Digest, Sha256};

use super::Params;

const SIGNATURE: HeaderName = HeaderName::from_static("x-twilio-signature");
const SETTINGS: HeaderName = HeaderName::from_static("x-twilio-webhooks-signature-settings");

/// What of the body is signed.
#[derive(Debug, Clone, Copy)]
pub enum Body<'a> {
    /// A form: every parameter.
    Form(&'a Params),
    /// JSON: the raw bytes, by the hash that the URL carries.
    Json(&'a [u8]),
    /// A GET: nothing but the URL.
    None,
}

/// The headers that a signature travels in.
#[derive(Debug, Clone, Copy, Default)]
pub struct SignatureHeaders<'a> {
    /// `X-Twilio-Signature`.
    pub signature: Option<&'a str>,
    /// `X-Twilio-Webhooks-Signature-Settings`.
    pub settings: Option<&'a str>,
}

impl<'a> SignatureHeaders<'a> {
    /// Reads both. A header that comes several times or is no text is kept as one that
    /// nothing matches, for a request that says two things says neither.
    pub fn new(headers: &'a HeaderMap) -> Self {
        let read = |name: &HeaderName| {
            let mut values = headers.get_all(name).iter();
            let first = values.next()?;
            Some(if values.next().is_some() { AMBIGUOUS } else { first.to_str().unwrap_or(AMBIGUOUS) })
        };
        Self { signature: read(&SIGNATURE), settings: read(&SETTINGS) }
    }
}

/// Neither base64 nor an algorithm.
const AMBIGUOUS: &str = "algorithm=ambiguous";

/// Why a request is refused. Every cause is the same 403 to the sender; they differ in
/// our log and metrics only.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum SignatureError {
    /// The request carries no signature.
    #[error("the request is not signed")]
    Missing,
    /// The signature is not one that our tokens give for this request.
    #[error("the signature is wrong")]
    Wrong,
    /// The request announces an algorithm that we do not know.
    #[error("the signature's algorithm is not supported")]
    UnsupportedAlgorithm,
    /// There is no token to check with.
    #[error("no auth token is configured, so no request can be accepted")]
    NoToken,
}

/// Checks signatures against one or several tokens.
pub struct Validator {
    keys: Vec<Key>,
}

/// A token as the two keyed states, so that a request does not pay for the key again.
struct Key {
    sha1: Hmac<Sha1>,
    sha256: Hmac<Sha256>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Algorithm {
    Sha1,
    Sha256,
}

impl Validator {
    /// `tokens`, the primary first. Blank ones are left out: anybody can sign with an
    /// empty key. Without a token every request is refused.
    pub fn new(tokens: &[SecretString]) -> Self {
        let keys = tokens.iter().filter_map(|token| Key::new(token.expose_secret().trim())).collect();
        Self { keys }
    }

    /// Accepts a request whose signature one of the tokens gives for one of `urls`, the
    /// likeliest first.
    pub fn verify(
        &self,
        urls: &[String],
        body: Body<'_>,
        headers: SignatureHeaders<'_>,
    ) -> Result<(), SignatureError> {
        if self.keys.is_empty() {
            return Err(SignatureError::NoToken);
        }
        let signature = headers.signature.filter(|text| !text.is_empty()).ok_or(SignatureError::Missing)?;
        let fields = match body {
            Body::Form(params) => sorted_set(params),
            Body::Json(_) | Body::None => Vec::new(),
        };
        let signed_url = match algorithm(headers.settings).ok_or(SignatureError::UnsupportedAlgorithm)? {
            Algorithm::Sha1 => {
                decoded::<20>(signature).and_then(|tag| self.signed_url(urls, &fields, &tag, |key| &key.sha1))
            }
            Algorithm::Sha256 => decoded::<32>(signature)
                .and_then(|tag| self.signed_url(urls, &fields, &tag, |key| &key.sha256)),
        };
        match (signed_url, body) {
            (Some(url), Body::Json(body)) if !body_hash_matches(url, body) => Err(SignatureError::Wrong),
            (Some(_), _) => Ok(()),
            (None, _) => Err(SignatureError::Wrong),
        }
    }

    /// The one of `urls` whose signature is `tag`. First all of them as they stand, which
    /// nearly always decides at the first; then their other spellings.
    fn signed_url<'u, M: Mac + Clone>(
        &self,
        urls: &'u [String],
        fields: &[(&str, &str)],
        tag: &[u8],
        keyed: impl Fn(&Key) -> &M,
    ) -> Option<&'u str> {
        let matches = |parts: &[&str]| {
            self.keys.iter().any(|key| {
                let mut mac = keyed(key).clone();
                for part in parts {
                    mac.update(part.as_bytes());
                }
                for (name, value) in fields {
                    mac.update(name.as_bytes());
                    mac.update(value.as_bytes());
                }
                mac.verify_slice(tag).is_ok()
            })
        };
        let as_given = urls.iter().find(|url| matches(&[url.as_str()]));
        as_given.or_else(|| urls.iter().find(|url| other_spelling(url, &matches))).map(String::as_str)
    }
}

impl std::fmt::Debug for Validator {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Validator({} tokens)", self.keys.len())
    }
}

impl Key {
    fn new(token: &str) -> Option<Self> {
        if token.is_empty() {
            return None;
        }
        let sha1 = Hmac::new_from_slice(token.as_bytes()).ok()?;
        let sha256 = Hmac::new_from_slice(token.as_bytes()).ok()?;
        Some(Self { sha1, sha256 })
    }
}

/// The algorithm that the settings header announces: the first `algorithm=` that names
/// one, HMAC-SHA1 when none does, nothing when it is unknown.
fn algorithm(settings: Option<&str>) -> Option<Algorithm> {
    let mut entries = settings.unwrap_or_default().split(',').filter_map(|entry| entry.split_once('='));
    let named = entries.find(|(name, value)| name.trim() == "algorithm" && !value.trim().is_empty());
    let name = named.map_or("HMAC_SHA1", |(_, value)| value.trim());
    let known = [("HMAC_SHA1", Algorithm::Sha1), ("HMAC_SHA256", Algorithm::Sha256)];
    known.into_iter().find(|(known, _)| name.eq_ignore_ascii_case(known)).map(|(_, algorithm)| algorithm)
}

/// The tag that a signature's base64 stands for, when it is exactly `N` bytes.
fn decoded<const N: usize>(signature: &str) -> Option<[u8; N]> {
    let mut buffer = [0; 48];
    let length = STANDARD.decode_slice(signature, &mut buffer).ok()?;
    buffer.get(..length)?.try_into().ok()
}

/// Each distinct pair once, by key and then by value. Twilio sorts by code point, which
/// is the order of UTF-8's bytes.
fn sorted_set(params: &Params) -> Vec<(&str, &str)> {
    let mut fields: Vec<_> = params.iter().collect();
    fields.sort_unstable();
    fields.dedup();
    fields
}

/// Whether another spelling of `url` matches: without its port or with its scheme's own,
/// and with the apostrophes of its query escaped or not.
fn other_spelling(url: &str, matches: &impl Fn(&[&str]) -> bool) -> bool {
    let Some((origin, port, path, query)) = split(url) else { return false };
    let https = origin.get(..8).is_some_and(|scheme| scheme.eq_ignore_ascii_case("https://"));
    let default_port = if https { ":443" } else { ":80" };
    let other_port = if port.is_empty() { default_port } else { "" };
    if matches(&[origin, other_port, path, query]) {
        return true;
    }
    let escaped = query.contains('\'').then(|| query.replace('\'', "%27"));
    let plain = query.contains("%27").then(|| query.replace("%27", "'"));
    [escaped, plain]
        .iter()
        .flatten()
        .any(|query| matches(&[origin, port, path, query]) || matches(&[origin, other_port, path, query]))
}

/// Scheme and host (with user-info), port with its colon, path, query with its question
/// mark; each may be empty save the first.
fn split(url: &str) -> Option<(&str, &str, &str, &str)> {
    let authority_start = url.find("://")? + 3;
    let (before, query) = url.split_at(url.find('?').unwrap_or(url.len()));
    let after_scheme = before.get(authority_start..)?;
    let authority_end = authority_start + after_scheme.find('/').unwrap_or(after_scheme.len());
    let (authority, path) = before.split_at_checked(authority_end)?;
    // A colon before an `@` or inside an IPv6 literal starts no port.
    let port_start = authority.rfind(':').filter(|&colon| {
        colon >= authority_start
            && authority
                .get(colon + 1..)
                .is_some_and(|p| !p.is_empty() && p.bytes().all(|b| b.is_ascii_digit()))
    });
    let (origin, port) = authority.split_at(port_start.unwrap_or(authority.len()));
    Some((origin, port, path, query))
}

/// Whether the URL's first `bodySHA256` is the SHA-256 of `body` in lower-case hex.
fn body_hash_matches(url: &str, body: &[u8]) -> bool {
    let query = url.split_once('?').map_or("", |(_, query)| query);
    let announced = query.split('&').find_map(|pair| pair.strip_prefix("bodySHA256="));
    let mut hash = [0; 32];
    let well_formed = announced.is_some_and(|text| {
        !text.bytes().any(|b| b.is_ascii_uppercase()) && hex::decode_to_slice(text, &mut hash).is_ok()
    });
    well_formed && CtOutput::<Sha256>::new(hash.into()) == CtOutput::new(Sha256::digest(body))
}
