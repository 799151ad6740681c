//! Texts that people type.

use prosaas_domain::name::Name;

use crate::http::problem::Problem;

/// A name, blanks around it cut off.
pub fn name(field: &str, text: &str) -> Result<String, Problem> {
    Name::parse(text).map(String::from).map_err(|why| Problem::invalid(field, why.code(), why.to_string()))
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

/// Whether mails can be sent there: one address and nothing else.
pub fn is_address(text: &str) -> bool {
    (3..=320).contains(&text.chars().count()) && text.parse::<lettre::Address>().is_ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_people_type_is_taken_literally() {
        assert_eq!(name("name", " דנה "), Ok("דנה".to_owned()));
        assert!(name("name", " ").is_err() && name("name", "a\u{0}b").is_err());
        assert!(name("name", &"x".repeat(201)).is_err() && name("name", "a\u{202e}b").is_err());
    }

    #[test]
    fn an_address_is_one_address() {
        assert!(is_address("dana@shop.example"));
        for bad in
            ["", "dana", "dana@", "a@b.example, c@d.example", "Dana <dana@shop.example>", "a@b\n.example"]
        {
            assert!(!is_address(bad), "{bad}");
        }
    }
}
