//! Passwords: which ones are taken, and how they are kept. argon2id in PHC form.

mod common;

use std::sync::LazyLock;

use argon2::{
    Algorithm, Argon2, Params, PasswordHasher as _, PasswordVerifier as _, Version,
    password_hash::phc::PasswordHash,
};
use secrecy::{ExposeSecret as _, SecretString};

/// Shortest password, characters (NIST SP 800-63B, section 3.1.1.2; OWASP ASVS 5, 6.2.1).
pub const MIN_LENGTH: usize = 8;

/// Longest password, characters: enough for any phrase, and bounds the work of hashing.
pub const MAX_LENGTH: usize = 128;

/// Memory in KiB, passes, lanes: OWASP's first choice for argon2id
/// (<https://cheatsheetseries.owasp.org/cheatsheets/Password_Storage_Cheat_Sheet.html>).
const COST: (u32, u32, u32) = (19 * 1024, 2, 1);

/// Why a password is not taken. There are no rules of composition.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Unfit {
    /// Too short or too long.
    #[error("a password has {MIN_LENGTH} to {MAX_LENGTH} characters")]
    Length,
    /// Among those that are tried first.
    #[error("this password is too common; choose another one")]
    Common,
    /// It is, or contains little besides, the person's own name or address.
    #[error("a password must not be your own name or address")]
    Personal,
}

impl Unfit {
    /// A word for a client to translate.
    pub const fn code(self) -> &'static str {
        match self {
            Self::Length => "length",
            Self::Common => "common",
            Self::Personal => "personal",
        }
    }
}

/// A password cannot be hashed: no randomness, or no memory.
#[derive(Debug, thiserror::Error)]
#[error("the password cannot be hashed: {0}")]
pub struct HashError(String);

/// Whether a password may be chosen by a person of that address and name.
pub fn check(password: &SecretString, email: &str, name: &str) -> Result<(), Unfit> {
    let password = password.expose_secret();
    if !(MIN_LENGTH..=MAX_LENGTH).contains(&password.chars().count()) {
        return Err(Unfit::Length);
    }
    if common::is_common(password) {
        return Err(Unfit::Common);
    }
    let local = email.split('@').next().unwrap_or_default();
    if [email, local, name].into_iter().any(|own| common::is_little_more_than(password, own)) {
        return Err(Unfit::Personal);
    }
    Ok(())
}

fn argon2() -> Result<Argon2<'static>, HashError> {
    let (memory, passes, lanes) = COST;
    let params = Params::new(memory, passes, lanes, None).map_err(|e| HashError(e.to_string()))?;
    Ok(Argon2::new(Algorithm::Argon2id, Version::V0x13, params))
}

/// Hashes a password. Takes tens of milliseconds and 19 MiB: not on a runtime's thread.
pub fn hash(password: &SecretString) -> Result<String, HashError> {
    let hash: PasswordHash =
        argon2()?.hash_password(password.expose_secret().as_bytes()).map_err(|e| HashError(e.to_string()))?;
    Ok(hash.to_string())
}

/// Whether the password is the one of the hash. Without a hash, which is an unknown
/// account, the same work is done, so that the time it takes tells nothing.
pub fn verify(password: &SecretString, hash: Option<&str>) -> bool {
    static NOBODYS: LazyLock<Option<String>> =
        LazyLock::new(|| self::hash(&SecretString::from("nobody has this one")).ok());
    let Some(stored) = hash.or(NOBODYS.as_deref()) else { return false };
    let Ok(parsed) = PasswordHash::new(stored) else { return false };
    let fits = Argon2::default().verify_password(password.expose_secret().as_bytes(), &parsed).is_ok();
    fits && hash.is_some()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn fit(password: &str) -> Result<(), Unfit> {
        check(&SecretString::from(password), "dana.levi@shop.example", "Dana Levi")
    }

    #[test]
    fn long_enough_and_not_among_the_first_tried() {
        assert_eq!(fit("short"), Err(Unfit::Length));
        assert_eq!(fit(&"x".repeat(129)), Err(Unfit::Length));
        for common in [
            "password",
            "Passw0rd!",
            "P@ssword123",
            "12345678",
            "123456789012",
            "qwertyui",
            "1q2w3e4r",
            "iloveyou1",
            "Welcome2024",
            "aaaaaaaa",
            "abcd1234",
            "Israel2023",
            "12121212",
            "admin123",
            "87654321",
            "letmein!!",
        ] {
            assert_eq!(fit(common), Err(Unfit::Common), "{common}");
        }
        for personal in ["dana.levi", "DanaLevi1", "dana.levi@shop.example"] {
            assert_eq!(fit(personal), Err(Unfit::Personal), "{personal}");
        }
        for good in [
            "correct horse battery",
            "סיסמה ארוכה וטובה",
            "tr9-vlkQ",
            "lawnmower-on-tuesday",
            "        x y z",
        ] {
            assert_eq!(fit(good), Ok(()), "{good}");
        }
    }

    #[test]
    fn only_the_password_itself_fits_its_hash() -> Result<(), HashError> {
        let password = SecretString::from("correct horse battery");
        let stored = hash(&password)?;
        assert!(stored.starts_with("$argon2id$v=19$m=19456,t=2,p=1$"), "{stored}");
        assert!(verify(&password, Some(&stored)));
        assert!(!verify(&SecretString::from("correct horse batterz"), Some(&stored)));
        assert!(!verify(&SecretString::from("nobody has this one"), None));
        assert!(!verify(&password, Some("not a hash")));
        assert_ne!(hash(&password)?, stored, "each hash has its own salt");
        Ok(())
    }
}
