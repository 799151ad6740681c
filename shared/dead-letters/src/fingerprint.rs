//! What makes two failures the same: the worker, and the cause as people see it, without what
//! differs from one event to the next.

use prosaas_events::{
    mask,
    tokens::{Piece, digits, pieces},
};
use sha2::{Digest as _, Sha256};

/// The fingerprint of a failure: 16 hexadecimal digits. Neither the type of the event nor what
/// the runtime made of the failure counts: both may differ where the cause is one, and a list
/// of causes would then show two rows that nobody can tell apart.
pub fn fingerprint(consumer: &str, error_chain: &[String]) -> String {
    let cause = error_chain.last().map(|error| normal(&mask::sentence(error)));
    let mut hash = Sha256::new();
    for part in [consumer, cause.as_deref().unwrap_or_default()] {
        hash.update((part.len() as u64).to_be_bytes());
        hash.update(part.as_bytes());
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
        fingerprint("calls", &[error.to_owned()])
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
    fn the_worker_and_the_innermost_cause_count_alone() {
        let chain = |errors: &[&str]| errors.iter().map(|&error| error.to_owned()).collect::<Vec<_>>();
        let one = fingerprint("calls", &chain(&["the database refuses it", "no such day"]));
        assert_eq!(one, fingerprint("calls", &chain(&["trying again cannot help", "query", "no such day"])));
        assert_ne!(one, fingerprint("crm", &chain(&["the database refuses it", "no such day"])));
        assert_ne!(one, fingerprint("calls", &chain(&["the database refuses it", "no such month"])));
        assert_ne!(fingerprint("calls", &[]), fingerprint("crm", &[]));
    }
}
