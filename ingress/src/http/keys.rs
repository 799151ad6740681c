//! Keys and random tokens.

use std::fmt;

use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use hmac::{Hmac, KeyInit as _, Mac as _};
use secrecy::{ExposeSecret as _, SecretString};
use sha2::{Digest as _, Sha256};
use subtle::ConstantTimeEq as _;

use crate::http::problem::Problem;

/// SHA-256, as the database keeps tokens.
pub type Hash = [u8; 32];

/// Length of a tag in bytes: 128 bits.
pub const TAG_LEN: usize = 16;

/// A key for one purpose, derived from `INTERNAL_SECRET`.
#[derive(Clone)]
pub struct Key(Hash);

impl Key {
    /// The key for a purpose. Another purpose has another key, so that what one
    /// signed means nothing to the other.
    pub fn derive(secret: &SecretString, purpose: &str) -> Self {
        Self(hmac(secret.expose_secret().as_bytes(), &[purpose.as_bytes()]))
    }

    /// The tag over several parts.
    pub fn tag(&self, parts: &[&[u8]]) -> [u8; TAG_LEN] {
        let mac = hmac(&self.0, parts);
        let mut tag = [0; TAG_LEN];
        tag.iter_mut().zip(mac).for_each(|(to, from)| *to = from);
        tag
    }

    /// Whether the tag is that of the parts, in constant time.
    pub fn verify(&self, parts: &[&[u8]], tag: &[u8]) -> bool {
        self.tag(parts).ct_eq(tag).into()
    }
}

impl fmt::Debug for Key {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Key")
    }
}

/// Each part goes in behind its length: no two lists of parts are the same input.
fn hmac(key: &[u8], parts: &[&[u8]]) -> Hash {
    // HMAC takes keys of every length; the error cannot occur.
    let Ok(mut mac) = Hmac::<Sha256>::new_from_slice(key) else { return [0; 32] };
    for part in parts {
        mac.update(&(part.len() as u64).to_be_bytes());
        mac.update(part);
    }
    mac.finalize().into_bytes().into()
}

/// SHA-256 over several parts, each behind its length.
pub fn digest(parts: &[&[u8]]) -> Hash {
    let mut hash = Sha256::new();
    for part in parts {
        hash.update((part.len() as u64).to_be_bytes());
        hash.update(part);
    }
    hash.finalize().into()
}

/// 256 random bits as 43 characters: a cookie's or a link's token. Never logged.
#[derive(Clone)]
pub struct Token(SecretString);

impl Token {
    /// A token that nobody can guess.
    pub fn random() -> Result<Self, Problem> {
        let mut bytes = [0_u8; 32];
        getrandom::fill(&mut bytes).map_err(|error| {
            tracing::error!(event = "api.no_randomness", %error);
            Problem::internal()
        })?;
        Ok(Self(URL_SAFE_NO_PAD.encode(bytes).into()))
    }

    /// Its text, for the cookie or the link.
    pub fn expose(&self) -> &str {
        self.0.expose_secret()
    }

    /// What the database keeps.
    pub fn hash(&self) -> Hash {
        hash_token(self.expose())
    }
}

/// What the database keeps of a token that somebody sent.
pub fn hash_token(text: &str) -> Hash {
    Sha256::digest(text.as_bytes()).into()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_tag_belongs_to_its_purpose_and_its_parts() {
        let secret = SecretString::from("a secret of more than thirty-two characters");
        let key = Key::derive(&secret, "one");
        let tag = key.tag(&[b"ab", b"c"]);
        assert!(key.verify(&[b"ab", b"c"], &tag));
        assert!(!key.verify(&[b"a", b"bc"], &tag));
        assert!(!key.verify(&[b"ab", b"c"], &tag[..15]));
        assert!(!Key::derive(&secret, "two").verify(&[b"ab", b"c"], &tag));
    }

    #[test]
    fn tokens_differ_and_have_256_bits() -> Result<(), Problem> {
        let (one, two) = (Token::random()?, Token::random()?);
        assert_ne!(one.expose(), two.expose());
        assert_eq!(one.expose().len(), 43);
        assert_eq!(one.hash(), hash_token(one.expose()));
        Ok(())
    }
}
