//! What people write of a lead, as it is stored.

use prosaas_domain::{
    name::{Name, NotAName},
    text::fold,
};

use crate::{crm::refusal::Refusal, text::storable};

const MAX_EMAIL: usize = 320;
const MAX_NOTES: usize = 20_000;
const MAX_TAGS: usize = 20;
const MAX_TAG: usize = 50;

/// A name, or none where nothing of it is seen.
pub(super) fn name(text: Option<&str>) -> Result<Option<String>, Refusal> {
    match text.map(Name::parse) {
        None | Some(Err(NotAName::Blank)) => Ok(None),
        Some(Ok(name)) => Ok(Some(name.into())),
        Some(Err(why)) => Err(Refusal::invalid("name", why.code(), &why.to_string())),
    }
}

/// An address: something, an at sign, something, and no blanks.
pub(super) fn email(text: Option<&str>) -> Result<Option<String>, Refusal> {
    let Some(email) = trimmed(text) else { return Ok(None) };
    let shaped = email.split_once('@').is_some_and(|(local, domain)| {
        !local.is_empty()
            && !domain.is_empty()
            && !domain.contains('@')
            && !email.contains(char::is_whitespace)
    });
    if !shaped || email.chars().count() > MAX_EMAIL {
        return Err(Refusal::invalid("email", "format", "This is no e-mail address."));
    }
    Ok(Some(email))
}

fn trimmed(text: Option<&str>) -> Option<String> {
    text.map(|text| storable(text.trim())).filter(|text| !text.is_empty())
}

/// Notes, as they are.
pub(super) fn notes(text: &str) -> Result<String, Refusal> {
    if text.chars().count() > MAX_NOTES {
        return Err(Refusal::invalid("notes", "length", "Notes have at most 20,000 characters."));
    }
    Ok(storable(text))
}

/// Tags with one blank between their words; each once, however it is spelled; the first
/// spelling stays.
pub(super) fn tags(texts: &[String]) -> Result<Vec<String>, Refusal> {
    let mut tags: Vec<String> = Vec::new();
    for text in texts {
        let tag = storable(&text.split_whitespace().collect::<Vec<_>>().join(" "));
        let folded = fold(&tag);
        if tag.is_empty() || tags.iter().any(|held| fold(held) == folded) {
            continue;
        }
        if tag.chars().count() > MAX_TAG {
            return Err(Refusal::invalid("tags", "length", "A tag has at most 50 characters."));
        }
        tags.push(tag);
    }
    if tags.len() > MAX_TAGS {
        return Err(Refusal::invalid("tags", "count", "A lead has at most 20 tags."));
    }
    Ok(tags)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_blank_is_nothing() {
        assert_eq!(name(Some("  דנה ")), Ok(Some("דנה".to_owned())));
        assert_eq!((name(Some("  ")), name(None)), (Ok(None), Ok(None)));
        assert_eq!(name(Some("\u{200b}")), Ok(None));
        assert!(name(Some(&"x".repeat(201))).is_err() && name(Some("a\u{202e}b")).is_err());
        assert_eq!(email(Some(" dana@example.com ")), Ok(Some("dana@example.com".to_owned())));
        for bad in ["dana", "@x", "dana@", "a b@c", "a@b@c"] {
            assert!(email(Some(bad)).is_err(), "{bad}");
        }
    }

    #[test]
    fn tags_are_normalised() {
        let of = |texts: &[&str]| tags(&texts.iter().map(|t| (*t).to_owned()).collect::<Vec<_>>());
        assert_eq!(
            of(&[" VIP ", "vip", "", "very  hot", "\u{200f}vip"]),
            Ok(vec!["VIP".to_owned(), "very hot".to_owned()])
        );
        assert!(of(&[&"x".repeat(51)]).is_err());
        let many: Vec<String> = (0..21).map(|n| n.to_string()).collect();
        assert!(tags(&many).is_err());
    }
}
