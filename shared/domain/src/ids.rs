//! Identifiers, parsed at the edge so that no bare string travels inside.

use std::{fmt, str::FromStr};

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use uuid::Uuid;

/// Longest identifier of a provider that we accept, in bytes. Twilio's have 34.
pub const MAX_SID_LEN: usize = 64;

/// An identifier that is empty, too long, or holds a character that must not
/// reach a subject, a file name or a log line.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("{kind} must be 1 to {MAX_SID_LEN} ASCII letters, digits, '-' or '_'")]
pub struct InvalidSid {
    kind: &'static str,
}

/// Twilio's identifiers are two letters and 32 hexadecimal digits. Its test
/// tools and our users' own checks send others (`TEST123`), so the grammar is
/// the one that is safe as a token of a NATS subject and as a file name.
fn is_safe_token(s: &str) -> bool {
    !s.is_empty()
        && s.len() <= MAX_SID_LEN
        && s.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-' || b == b'_')
}

macro_rules! sid {
    ($(#[$doc:meta])* $name:ident) => {
        $(#[$doc])*
        #[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize, JsonSchema, utoipa::ToSchema)]
        #[serde(try_from = "String", into = "String")]
        #[schemars(with = "String", extend("x-visible" = "id"))]
        #[schema(value_type = String, min_length = 1, max_length = 64, pattern = "^[A-Za-z0-9_-]+$")]
        pub struct $name(Box<str>);

        impl $name {
            /// The identifier as the provider sent it.
            pub fn as_str(&self) -> &str {
                &self.0
            }
        }

        impl FromStr for $name {
            type Err = InvalidSid;

            fn from_str(s: &str) -> Result<Self, InvalidSid> {
                if is_safe_token(s) {
                    Ok(Self(s.into()))
                } else {
                    Err(InvalidSid { kind: stringify!($name) })
                }
            }
        }

        impl TryFrom<String> for $name {
            type Error = InvalidSid;

            fn try_from(s: String) -> Result<Self, InvalidSid> {
                s.parse()
            }
        }

        impl From<$name> for String {
            fn from(sid: $name) -> String {
                sid.0.into_string()
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(&self.0)
            }
        }
    };
}

sid! {
    /// Twilio's id of one call leg, `CA…`.
    CallSid
}
sid! {
    /// Twilio's id of an account, `AC…`.
    AccountSid
}
sid! {
    /// Twilio's id of one recording, `RE…`.
    RecordingSid
}

macro_rules! uuid_id {
    ($(#[$doc:meta])* $name:ident) => {
        $(#[$doc])*
        #[derive(
            Debug,
            Clone,
            Copy,
            PartialEq,
            Eq,
            Hash,
            PartialOrd,
            Ord,
            Serialize,
            Deserialize,
            JsonSchema,
            utoipa::ToSchema,
        )]
        #[serde(transparent)]
        #[schemars(extend("x-visible" = true))]
        pub struct $name(pub Uuid);

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                self.0.fmt(f)
            }
        }

        impl FromStr for $name {
            type Err = uuid::Error;

            fn from_str(s: &str) -> Result<Self, uuid::Error> {
                s.parse().map(Self)
            }
        }

        impl From<Uuid> for $name {
            fn from(id: Uuid) -> Self {
                Self(id)
            }
        }
    };
}

uuid_id! {
    /// A business: the tenant, whose rows nobody else sees.
    BusinessId
}
uuid_id! {
    /// A lead of a business.
    LeadId
}
uuid_id! {
    /// A person who logs in.
    UserId
}

uuid_id! {
    /// An operation: what became of a command. The first half of the SHA-256 that
    /// is the command's message id, so that a command sent twice is one operation.
    OperationId
}
uuid_id! {
    /// A WhatsApp session: one device that a business links to its account.
    WhatsappSessionId
}
uuid_id! {
    /// Several entities that one command is about.
    BatchId
}
uuid_id! {
    /// A replay of dead letters or of history.
    ReplayId
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_sid_is_a_safe_subject_token() {
        for good in ["TEST", "TEST123", "CA0123456789abcdef0123456789abcdef", "a-b_c"] {
            assert_eq!(good.parse::<CallSid>().map(|s| s.to_string()), Ok(good.to_owned()));
        }
        let long = "x".repeat(MAX_SID_LEN + 1);
        for bad in ["", "a.b", "a>b", "*", "a b", "שלום", "a/b", "..", "a\n", long.as_str()] {
            assert!(bad.parse::<CallSid>().is_err(), "{bad:?} must be refused");
        }
    }
}
