//! Texts that people type.

use crate::{api::mail::is_address, problem::Problem};

/// Longest name, characters.
pub const MAX_NAME: usize = 200;

/// A name: 1 to 200 characters without control characters, blanks around it cut off.
pub fn name(field: &str, text: &str) -> Result<String, Problem> {
    let name = text.trim();
    if name.is_empty() || name.chars().count() > MAX_NAME {
        return Err(Problem::invalid(field, "length", "A name has 1 to 200 characters."));
    }
    if name.chars().any(char::is_control) {
        return Err(Problem::invalid(field, "format", "A name has no control characters."));
    }
    Ok(name.to_owned())
}

/// An e-mail address, blanks around it cut off.
pub fn email(field: &str, text: &str) -> Result<String, Problem> {
    let email = text.trim();
    if is_address(email) {
        Ok(email.to_owned())
    } else {
        Err(Problem::invalid(field, "format", "This is no e-mail address."))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_people_type_is_taken_literally() {
        assert_eq!(name("name", " דנה "), Ok("דנה".to_owned()));
        assert!(name("name", " ").is_err() && name("name", "a\u{0}b").is_err());
        assert!(name("name", &"x".repeat(201)).is_err());
    }
}
