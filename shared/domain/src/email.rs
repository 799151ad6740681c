//! E-mail addresses as they are compared.

/// The form in which two addresses are the same account: blanks around it cut off, A to Z
/// in lower case, everything else as it is.
///
/// `prosaas.fold_email` of the migrations is the same function. Only ASCII is folded: what
/// `İ` or `ẞ` becomes depends on a locale in Postgres and on a version of Unicode here,
/// and two that disagree count an attempt against another account than they find.
pub fn fold(email: &str) -> String {
    email.trim_matches(' ').to_ascii_lowercase()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_ascii_letters_are_folded() {
        assert_eq!(fold(" Dana@SHOP.Example "), "dana@shop.example");
        assert_eq!(fold("D\u{130}na@shop.example"), "d\u{130}na@shop.example");
        assert_eq!(fold("\u{212a}obi@shop.example"), "\u{212a}obi@shop.example");
    }
}
