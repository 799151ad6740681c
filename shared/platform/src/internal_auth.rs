//! Signed requests between our own processes, both ways: HMAC-SHA256 under
//! `INTERNAL_SECRET` over time, nonce, method, path with query, and the body's hash.
//!
//! A request counts for 60 s around the receiver's clock, and once. The WhatsApp service
//! does the same (`baileys/src/signing.ts`); `tests/fixtures/internal-auth.json` holds
//! what both must give.

use std::{
    collections::{HashSet, VecDeque},
    sync::{Mutex, PoisonError},
};

use chrono::{DateTime, Utc};
use hmac::{Hmac, KeyInit as _, Mac as _};
use secrecy::{ExposeSecret as _, SecretString};
use sha2::{Digest as _, Sha256};
use subtle::ConstantTimeEq as _;

/// Unix seconds, decimal.
pub const TIMESTAMP: &str = "x-prosaas-timestamp";
/// 16 random bytes, lower-case hex.
pub const NONCE: &str = "x-prosaas-nonce";
/// The signature, lower-case hex.
pub const SIGNATURE: &str = "x-prosaas-signature";

/// How far the sender's clock may be off, seconds.
const WINDOW_S: i64 = 60;

/// Most requests that are remembered. Far above what a service sends in two minutes.
const MAX_SEEN: usize = 100_000;

/// What a signature covers.
#[derive(Debug, Clone, Copy)]
pub struct Request<'a> {
    /// In capitals.
    pub method: &'a str,
    /// As on the request line.
    pub path_and_query: &'a str,
    /// The whole body; empty for none.
    pub body: &'a [u8],
}

/// The three headers of a signed request.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Signature {
    /// [`TIMESTAMP`].
    pub timestamp: String,
    /// [`NONCE`].
    pub nonce: String,
    /// [`SIGNATURE`].
    pub signature: String,
}

impl Signature {
    /// Names and values.
    pub fn headers(&self) -> [(&'static str, &str); 3] {
        [(TIMESTAMP, &self.timestamp), (NONCE, &self.nonce), (SIGNATURE, &self.signature)]
    }
}

/// Why a request is not taken.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Refusal {
    /// A header is missing.
    #[error("a signature's header is missing")]
    Missing,
    /// The signature is not the request's, or a header is malformed.
    #[error("the signature is wrong")]
    Wrong,
    /// The clocks differ by more than a minute, or the request is old.
    #[error("the request's time is more than {WINDOW_S} s away")]
    Stale,
    /// The same request came before.
    #[error("the request came before")]
    Replayed,
    /// No more requests can be remembered now; a later try may pass.
    #[error("too many requests at once")]
    Busy,
}

/// There is no randomness for a nonce.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the system gives no random bytes")]
pub struct NoRandomness;

/// Signs a request with a fresh nonce.
pub fn sign(
    secret: &SecretString,
    request: Request<'_>,
    now: DateTime<Utc>,
) -> Result<Signature, NoRandomness> {
    let mut nonce = [0_u8; 16];
    getrandom::fill(&mut nonce).map_err(|_| NoRandomness)?;
    Ok(sign_with(secret, request, now, nonce))
}

/// Signs a request with that nonce.
pub fn sign_with(
    secret: &SecretString,
    request: Request<'_>,
    now: DateTime<Utc>,
    nonce: [u8; 16],
) -> Signature {
    let (timestamp, nonce) = (now.timestamp().to_string(), hex::encode(nonce));
    let signature = hex::encode(mac(secret, &timestamp, &nonce, request));
    Signature { timestamp, nonce, signature }
}

fn mac(secret: &SecretString, timestamp: &str, nonce: &str, request: Request<'_>) -> [u8; 32] {
    let Request { method, path_and_query, body } = request;
    let body_hash = hex::encode(Sha256::digest(body));
    let canonical = format!("v1\n{timestamp}\n{nonce}\n{method}\n{path_and_query}\n{body_hash}");
    // HMAC takes keys of every length; the error cannot occur.
    let Ok(mut mac) = Hmac::<Sha256>::new_from_slice(secret.expose_secret().as_bytes()) else {
        return [0; 32];
    };
    mac.update(canonical.as_bytes());
    mac.finalize().into_bytes().into()
}

/// Checks signed requests, and remembers them for as long as they would count.
pub struct Verifier {
    secret: SecretString,
    max_seen: usize,
    seen: Mutex<Seen>,
}

type Key = (i64, [u8; 16]);

#[derive(Default)]
struct Seen {
    keys: HashSet<Key>,
    /// In order of arrival, with the second from which each may be forgotten.
    order: VecDeque<(i64, Key)>,
}

impl Verifier {
    /// A verifier that has seen nothing.
    pub fn new(secret: SecretString) -> Self {
        Self { secret, max_seen: MAX_SEEN, seen: Mutex::default() }
    }

    /// The same, remembering at most so many requests.
    #[must_use]
    pub fn with_max_seen(self, max_seen: usize) -> Self {
        Self { max_seen, ..self }
    }

    /// Takes a request once; `header` gives a header's value where there is one.
    pub fn verify<'h>(
        &self,
        header: impl Fn(&'static str) -> Option<&'h str>,
        request: Request<'_>,
        now: DateTime<Utc>,
    ) -> Result<(), Refusal> {
        let (Some(timestamp), Some(nonce), Some(signature)) =
            (header(TIMESTAMP), header(NONCE), header(SIGNATURE))
        else {
            return Err(Refusal::Missing);
        };
        let (at, nonce_bytes) = (second(timestamp)?, lower_hex::<16>(nonce)?);
        let signature = lower_hex::<32>(signature)?;
        let second = now.timestamp();
        if second.abs_diff(at) > WINDOW_S.unsigned_abs() {
            return Err(Refusal::Stale);
        }
        let expected = mac(&self.secret, timestamp, nonce, request);
        if !bool::from(expected.ct_eq(&signature)) {
            return Err(Refusal::Wrong);
        }
        // Only genuine requests are remembered, so that nobody else can fill the memory.
        self.seen.lock().unwrap_or_else(PoisonError::into_inner).take(
            (at, nonce_bytes),
            second,
            self.max_seen,
        )
    }
}

impl std::fmt::Debug for Verifier {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Verifier")
    }
}

impl Seen {
    fn take(&mut self, key: Key, second: i64, max: usize) -> Result<(), Refusal> {
        while let Some((until, old)) = self.order.front()
            && *until <= second
        {
            self.keys.remove(old);
            self.order.pop_front();
        }
        if self.keys.contains(&key) {
            return Err(Refusal::Replayed);
        }
        if self.keys.len() >= max {
            return Err(Refusal::Busy);
        }
        self.keys.insert(key);
        self.order.push_back((second + 2 * WINDOW_S + 1, key));
        Ok(())
    }
}

fn second(text: &str) -> Result<i64, Refusal> {
    let digits = (1..=12).contains(&text.len()) && text.bytes().all(|b| b.is_ascii_digit());
    if !digits {
        return Err(Refusal::Wrong);
    }
    text.parse().map_err(|_| Refusal::Wrong)
}

fn lower_hex<const N: usize>(text: &str) -> Result<[u8; N], Refusal> {
    let mut bytes = [0; N];
    if text.bytes().any(|b| b.is_ascii_uppercase()) || hex::decode_to_slice(text, &mut bytes).is_err() {
        return Err(Refusal::Wrong);
    }
    Ok(bytes)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde::Deserialize;

    use super::*;

    const SECRET: &str = "kq8Zt3vN1rYw6uBs9eLm";

    fn at(second: i64) -> DateTime<Utc> {
        DateTime::from_timestamp(second, 0).unwrap()
    }

    fn verify(
        verifier: &Verifier,
        signed: &Signature,
        request: Request<'_>,
        second: i64,
    ) -> Result<(), Refusal> {
        let headers = signed.headers();
        let header = |name| headers.iter().find(|(held, _)| *held == name).map(|(_, value)| *value);
        verifier.verify(header, request, at(second))
    }

    fn verifier() -> Verifier {
        Verifier::new(SECRET.into())
    }

    const REQUEST: Request<'_> =
        Request { method: "POST", path_and_query: "/sessions/x/start?a=b", body: b"{}" };

    #[derive(Deserialize)]
    struct Vector {
        secret: String,
        timestamp: i64,
        nonce: String,
        method: String,
        path_and_query: String,
        body: String,
        signature: String,
    }

    #[test]
    fn the_shared_vectors() -> anyhow::Result<()> {
        let text = include_str!("../../../tests/fixtures/internal-auth.json");
        let vectors: Vec<Vector> = serde_json::from_str(text)?;
        assert!(vectors.len() >= 3);
        for vector in vectors {
            let (secret, nonce) = (SecretString::from(vector.secret), lower_hex(&vector.nonce)?);
            let (method, path_and_query) = (vector.method.as_str(), vector.path_and_query.as_str());
            let request = Request { method, path_and_query, body: vector.body.as_bytes() };
            let signed = sign_with(&secret, request, at(vector.timestamp), nonce);
            assert_eq!(signed.signature, vector.signature, "{path_and_query}");
            assert_eq!(verify(&Verifier::new(secret), &signed, request, vector.timestamp), Ok(()));
        }
        Ok(())
    }

    #[test]
    fn a_request_counts_once_and_for_a_minute() {
        let now = 1_800_000_000;
        for (sent, wanted) in [
            (now, Ok(())),
            (now - 60, Ok(())),
            (now + 60, Ok(())),
            (now - 61, Err(Refusal::Stale)),
            (now + 61, Err(Refusal::Stale)),
        ] {
            let signed = sign_with(&SECRET.into(), REQUEST, at(sent), [7; 16]);
            let verifier = verifier();
            assert_eq!(verify(&verifier, &signed, REQUEST, now), wanted, "{sent}");
            if wanted.is_ok() {
                assert_eq!(verify(&verifier, &signed, REQUEST, now), Err(Refusal::Replayed));
            }
        }
    }

    #[test]
    fn what_is_forgotten_does_not_count_any_more() -> anyhow::Result<()> {
        let now = 1_800_000_000;
        let verifier = verifier().with_max_seen(2);
        let early = sign(&SECRET.into(), REQUEST, at(now + 60))?;
        assert_eq!(verify(&verifier, &early, REQUEST, now), Ok(()));
        assert_eq!(verify(&verifier, &sign(&SECRET.into(), REQUEST, at(now))?, REQUEST, now), Ok(()));
        let third = sign(&SECRET.into(), REQUEST, at(now))?;
        assert_eq!(verify(&verifier, &third, REQUEST, now), Err(Refusal::Busy));
        for later in [now + 60, now + 120] {
            let again = verify(&verifier, &early, REQUEST, later);
            assert_eq!(again, Err(Refusal::Replayed), "{later}: as long as it would count");
        }
        assert_eq!(verify(&verifier, &early, REQUEST, now + 121), Err(Refusal::Stale));
        let fresh = sign(&SECRET.into(), REQUEST, at(now + 121))?;
        assert_eq!(verify(&verifier, &fresh, REQUEST, now + 121), Ok(()), "there is room again");
        Ok(())
    }

    #[test]
    fn headers_that_are_missing_or_malformed() {
        let now = 1_800_000_000;
        let signed = sign_with(&SECRET.into(), REQUEST, at(now), [7; 16]);
        let found = verifier().verify(|_| None, REQUEST, at(now));
        assert_eq!(found, Err(Refusal::Missing));
        for broken in [
            Signature { signature: signed.signature.to_uppercase(), ..signed.clone() },
            Signature { signature: "ff".into(), ..signed.clone() },
            Signature { nonce: signed.nonce.replace('0', "g"), ..signed.clone() },
            Signature { timestamp: format!("+{now}"), ..signed.clone() },
            Signature { timestamp: String::new(), ..signed.clone() },
        ] {
            assert_eq!(verify(&verifier(), &broken, REQUEST, now), Err(Refusal::Wrong), "{broken:?}");
        }
    }

    proptest! {
        #[test]
        fn any_change_is_noticed(
            method in "GET|POST|DELETE",
            path in "/[a-z]{1,20}",
            body in proptest::collection::vec(any::<u8>(), 0..64),
            (other_method, other_path) in ("GET|POST|DELETE", "/[a-z]{1,20}"),
            other_body in proptest::collection::vec(any::<u8>(), 0..64),
        ) {
            let request = Request { method: &method, path_and_query: &path, body: &body };
            let signed = sign_with(&SECRET.into(), request, at(1_800_000_000), [1; 16]);
            let other = Request { method: &other_method, path_and_query: &other_path, body: &other_body };
            let same = (&method, &path, &body) == (&other_method, &other_path, &other_body);
            let wanted = if same { Ok(()) } else { Err(Refusal::Wrong) };
            prop_assert_eq!(verify(&verifier(), &signed, other, 1_800_000_000), wanted);
            let stranger = Verifier::new("another secret here".into());
            prop_assert_eq!(verify(&stranger, &signed, request, 1_800_000_000), Err(Refusal::Wrong));
        }
    }
}
