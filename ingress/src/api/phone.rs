//! Phone numbers in any spelling.

use phonenumber::{Mode, country};
use prosaas_shared::phone::E164;

/// The number that a text means, Israeli where it has no country code; none when it
/// is no number that exists there.
pub fn e164(text: &str) -> Option<E164> {
    let number = phonenumber::parse(Some(country::IL), text).ok()?;
    let valid = phonenumber::is_valid(&number);
    E164::parse(&number.format().mode(Mode::E164).to_string()).ok().filter(|_| valid)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn any_spelling_is_one_number() {
        for text in ["054-123-4567", "0541234567", "+972 54 123 4567", "00972541234567", "(054) 123 4567"] {
            assert_eq!(e164(text).map(|n| n.to_string()).as_deref(), Some("+972541234567"), "{text}");
        }
        assert_eq!(e164("+1 415 867 5309").map(|n| n.to_string()).as_deref(), Some("+14158675309"));
        for none in ["", "dana", "12", "+972"] {
            assert_eq!(e164(none), None, "{none}");
        }
    }
}
