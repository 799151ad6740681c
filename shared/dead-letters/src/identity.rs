//! What makes a dead letter the same as another.
//!
//! A replay travels with headers that say what it is:
//!
//! | header | value |
//! |---|---|
//! | `Nats-Msg-Id` | `replay:<dead letter>:<n>`, or `replay:<replay>:<position>` for history |
//! | `Prosaas-Replay-Of` | the dead letter; none for history |
//! | `Prosaas-Replay-Count` | which replay of it, from 1 |
//! | `Prosaas-Replay-Again` | the replay's number, where a succeeded event runs again |
//! | `Prosaas-Replay-Item` | `<replay>:<position>` |
//! | `Prosaas-Original-Msg-Id` | the id under which it was published first |

use sha2::{Digest as _, Sha256};
use uuid::Uuid;

/// The dead letter that is replayed.
pub const REPLAY_OF: &str = "Prosaas-Replay-Of";
/// Which replay of it this is.
pub const REPLAY_COUNT: &str = "Prosaas-Replay-Count";
/// Number of the replay that runs a succeeded event again.
pub const REPLAY_AGAIN: &str = "Prosaas-Replay-Again";
/// Item of the replay.
pub const REPLAY_ITEM: &str = "Prosaas-Replay-Item";
/// The message id of the original.
pub const ORIGINAL_ID: &str = "Prosaas-Original-Msg-Id";

/// The dead letter of an event that a consumer gave up: by the processed mark's key
/// where the event can be read, else by the message's `<stream>:<sequence>:<consumer>`.
pub fn dead_letter_id(consumer: &str, key: &str) -> Uuid {
    let mut hash = Sha256::new();
    for part in ["dead letter", consumer, key] {
        hash.update((part.len() as u64).to_be_bytes());
        hash.update(part.as_bytes());
    }
    let mut bytes = [0; 16];
    bytes.iter_mut().zip(hash.finalize()).for_each(|(to, from)| *to = from);
    uuid::Builder::from_custom_bytes(bytes).into_uuid()
}

/// The key of an event's processed mark: its id, with the replay's number where it had
/// succeeded and runs again.
pub fn processed_key(event_id: &str, again: Option<i64>) -> String {
    again.map_or_else(|| event_id.to_owned(), |number| format!("{event_id}#{number}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_event_of_one_consumer_is_one_dead_letter() {
        assert_eq!(dead_letter_id("calls", "e1"), dead_letter_id("calls", "e1"));
        assert_ne!(dead_letter_id("calls", "e1"), dead_letter_id("crm", "e1"));
        assert_ne!(dead_letter_id("call", "se1"), dead_letter_id("calls", "e1"));
        assert_eq!(processed_key("e1", Some(7)), "e1#7");
    }
}
