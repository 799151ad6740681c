//! What makes two failures the same: worker, type, and the error without what
//! differs from one event to the next.

use prosaas_events::tokens::{Piece, digits, pieces};
use sha2::{Digest as _, Sha256};

/// The fingerprint of a failure: 16 hexadecimal digits.
pub fn fingerprint(consumer: &str, event_type: Option<&str>, error_chain: &[String]) -> String {
    let mut hash = Sha256::new();
    let mut part = |text: &str| {
        hash.update((text.len() as u64).to_be_bytes());
        hash.update(text.as_bytes());
    };
    part(consumer);
    part(event_type.unwrap_or_default());
    for error in error_chain {
        part(&normal(error));
    }
    let mut text = hex::encode(hash.finalize());
    text.truncate(16);
    text
}

/// The error with `#` for every word that holds a digit or an address, and `…` for
/// words that are not ASCII, which errors only quote.
fn normal(error: &str) -> String {
    pieces(error)
        .map(|piece| match piece {
            Piece::Word(word) if !word.is_ascii() => "…",
            Piece::Word(word) if digits(word) > 0 || word.contains('@') => "#",
            Piece::Word(text) | Piece::Between(text) => text,
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(error: &str) -> String {
        fingerprint("calls", Some("pro.prosaas.call.status.v1"), &[error.to_owned()])
    }

    #[test]
    fn what_differs_between_events_does_not_count() {
        let one = of("no business for +972541234567 (call CA01) at line 3");
        assert_eq!(one, of("no business for +972529999999 (call CA77) at line 812"));
        assert_ne!(one, of("no lead for +972541234567 (call CA01) at line 3"));
        assert_eq!(of("the name דנה is taken"), of("the name יוסי is taken"));
        assert_eq!(of("sent to a@b.example"), of("sent to dana.k@c.example"));
        assert_eq!(one.len(), 16);
    }

    #[test]
    fn worker_type_and_each_cause_count() {
        let chain = ["a".to_owned(), "b".to_owned()];
        let one = fingerprint("calls", None, &chain);
        assert_ne!(one, fingerprint("crm", None, &chain));
        assert_ne!(one, fingerprint("calls", Some("t"), &chain));
        assert_ne!(one, fingerprint("calls", None, &["ab".to_owned()]));
    }
}
