//! What a person writes of a lead, and what of it is refused at once.

use prosaas_domain::{ids::UserId, name::Name};
use prosaas_events::crm::lead::{LeadChanges, LeadFields, LeadSource, LeadStatus};
use serde::{Deserialize, Deserializer};
use sqlx::PgPool;
use utoipa::ToSchema;
use uuid::Uuid;

use crate::http::problem::{FieldError, Problem};

const MAX_EMAIL: usize = 320;
const MAX_PHONES: usize = 10;
const MAX_PHONE: usize = 100;
const MAX_TAGS: usize = 20;
const MAX_TAG: usize = 50;
const MAX_NOTES: usize = 20_000;

/// A new lead: at least a name, an e-mail address or a phone number.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct NewLead {
    #[schema(min_length = 1, max_length = 200)]
    name: Option<String>,
    #[schema(min_length = 3, max_length = 320)]
    email: Option<String>,
    /// Numbers in any spelling, the main one first; Israeli ones need no country code.
    #[serde(default)]
    #[schema(max_items = 10)]
    phones: Vec<String>,
    /// `new` when absent.
    status: Option<LeadStatus>,
    /// `manual` when absent.
    source: Option<LeadSource>,
    /// Somebody of the business.
    owner_id: Option<UserId>,
    #[serde(default)]
    #[schema(max_items = 20)]
    tags: Vec<String>,
    #[serde(default)]
    #[schema(max_length = 20000)]
    notes: String,
}

/// What changes of a lead: what is absent stays, `null` empties.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[expect(clippy::option_option, reason = "absent, null and a value are three things")]
pub struct LeadPatch {
    #[serde(default, deserialize_with = "present")]
    #[schema(value_type = Option<String>, min_length = 1, max_length = 200)]
    name: Option<Option<String>>,
    #[serde(default, deserialize_with = "present")]
    #[schema(value_type = Option<String>, min_length = 3, max_length = 320)]
    email: Option<Option<String>>,
    /// All its numbers, in any spelling, the main one first.
    #[schema(max_items = 10)]
    phones: Option<Vec<String>>,
    status: Option<LeadStatus>,
    /// Somebody of the business.
    #[serde(default, deserialize_with = "present")]
    #[schema(value_type = Option<UserId>)]
    owner_id: Option<Option<UserId>>,
    /// All its tags.
    #[schema(max_items = 20)]
    tags: Option<Vec<String>>,
    #[schema(max_length = 20000)]
    notes: Option<String>,
}

#[expect(clippy::option_option, reason = "absent, null and a value are three things")]
fn present<'de, T: Deserialize<'de>, D: Deserializer<'de>>(value: D) -> Result<Option<Option<T>>, D::Error> {
    Option::deserialize(value).map(Some)
}

/// Collects what is wrong, so that a person sees all of it at once.
#[derive(Default)]
struct Findings(Vec<FieldError>);

impl Findings {
    fn add(&mut self, field: &str, code: &str, error: impl Into<String>) {
        self.0.push(FieldError { field: field.to_owned(), code: code.to_owned(), error: error.into() });
    }

    fn line(&mut self, field: &str, text: &str, least: usize, most: usize) -> String {
        let text = text.trim();
        if !(least..=most).contains(&text.chars().count()) {
            self.add(field, "length", format!("{field} has {least} to {most} characters."));
        }
        if text.chars().any(char::is_control) {
            self.add(field, "format", format!("{field} has no control characters."));
        }
        text.to_owned()
    }

    fn name(&mut self, text: &str) -> String {
        match Name::parse(text) {
            Ok(name) => name.into(),
            Err(why) => {
                self.add("name", why.code(), why.to_string());
                String::new()
            }
        }
    }

    fn email(&mut self, text: &str) -> String {
        let email = self.line("email", text, 3, MAX_EMAIL);
        let sound = email.split_once('@').is_some_and(|(who, host)| {
            !who.is_empty() && !host.is_empty() && !host.contains('@') && !email.contains(char::is_whitespace)
        });
        if !sound {
            self.add("email", "format", "This is no e-mail address.");
        }
        email
    }

    fn lines(&mut self, field: &str, texts: &[String], count: usize, most: usize) -> Vec<String> {
        if texts.len() > count {
            self.add(field, "count", format!("There can be at most {count} {field}."));
        }
        let mut kept: Vec<String> = Vec::new();
        for (at, text) in texts.iter().take(count).enumerate() {
            let text = self.line(&format!("{field}[{at}]"), text, 1, most);
            if !kept.contains(&text) {
                kept.push(text);
            }
        }
        kept
    }

    fn phones(&mut self, texts: &[String]) -> Vec<String> {
        let phones = self.lines("phones", texts, MAX_PHONES, MAX_PHONE);
        if phones.iter().any(|phone| !phone.chars().any(char::is_numeric)) {
            self.add("phones", "format", "A phone number has digits.");
        }
        phones
    }

    fn notes(&mut self, text: String) -> String {
        if text.chars().count() > MAX_NOTES {
            self.add("notes", "length", format!("notes has at most {MAX_NOTES} characters."));
        }
        if text.contains('\0') {
            self.add("notes", "format", "notes holds a character that cannot be kept.");
        }
        text
    }

    fn end<T>(self, sound: T) -> Result<T, Problem> {
        if self.0.is_empty() { Ok(sound) } else { Err(Problem::invalid_fields(self.0)) }
    }
}

impl NewLead {
    /// What the command carries.
    pub(super) fn checked(self) -> Result<LeadFields, Problem> {
        let mut findings = Findings::default();
        let fields = LeadFields {
            name: self.name.map(|name| findings.name(&name)),
            email: self.email.map(|email| findings.email(&email)),
            phones: findings.phones(&self.phones),
            status: self.status,
            source: self.source,
            owner_id: self.owner_id,
            tags: findings.lines("tags", &self.tags, MAX_TAGS, MAX_TAG),
            notes: findings.notes(self.notes),
        };
        if fields.name.is_none() && fields.email.is_none() && fields.phones.is_empty() {
            findings.add("name", "required", "A lead has a name, an e-mail address or a phone number.");
        }
        findings.end(fields)
    }
}

impl LeadPatch {
    /// What the command carries.
    pub(super) fn checked(self) -> Result<LeadChanges, Problem> {
        let mut findings = Findings::default();
        let changes = LeadChanges {
            name: self.name.map(|name| name.map(|name| findings.name(&name))),
            email: self.email.map(|email| email.map(|email| findings.email(&email))),
            phones: self.phones.map(|phones| findings.phones(&phones)),
            status: self.status,
            owner_id: self.owner_id,
            tags: self.tags.map(|tags| findings.lines("tags", &tags, MAX_TAGS, MAX_TAG)),
            notes: self.notes.map(|notes| findings.notes(notes)),
        };
        if changes == LeadChanges::default() {
            findings.add("", "empty", "Nothing is to be changed.");
        }
        findings.end(changes)
    }
}

/// Whoever looks after a lead works in its business.
pub(super) async fn check_owner(
    database: &PgPool,
    business: Uuid,
    owner: Option<UserId>,
) -> Result<(), Problem> {
    let Some(owner) = owner else { return Ok(()) };
    let works_there = sqlx::query_scalar!(
        r#"SELECT EXISTS (
               SELECT FROM prosaas.users WHERE business_id = $1 AND id = $2 AND deleted_at IS NULL
           ) AS "works_there!""#,
        business,
        owner.0
    )
    .fetch_one(database)
    .await?;
    if works_there {
        Ok(())
    } else {
        Err(Problem::invalid("owner_id", "unknown", "Nobody of this business has this id."))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn wrong(json: &str) -> Vec<(String, String)> {
        let problem = serde_json::from_str::<NewLead>(json).unwrap().checked().unwrap_err();
        problem.errors.iter().map(|e| (e.field.clone(), e.code.clone())).collect()
    }

    #[test]
    fn everything_that_is_wrong_is_told_at_once() {
        let pair = |field: &str, code: &str| (field.to_owned(), code.to_owned());
        assert_eq!(wrong("{}"), [pair("name", "required")]);
        assert_eq!(
            wrong(r#"{"name":" ","email":"dana","tags":["a","\u0007"],"phones":["abc"],"notes":"\u0000"}"#),
            [
                pair("name", "length"),
                pair("email", "format"),
                pair("phones", "format"),
                pair("tags[1]", "format"),
                pair("notes", "format"),
            ]
        );
        for hidden in ["a\u{202e}b", "\u{200b}", "a\u{e0041}"] {
            let [(field, _)] = &wrong(&serde_json::json!({ "name": hidden }).to_string())[..] else {
                panic!("{hidden:?}")
            };
            assert_eq!(field, "name");
        }
        let many = format!(r#"{{"name":"x","phones":[{}]}}"#, ["\"1\""; 11].join(","));
        assert_eq!(wrong(&many), [pair("phones", "count")]);
    }

    #[test]
    fn a_lead_is_trimmed_and_its_tags_are_told_once() -> Result<(), Problem> {
        let lead = r#"{"name":" דנה ","phones":[" 054-123 4567"],"tags":["vip"," vip "]}"#;
        let lead = serde_json::from_str::<NewLead>(lead).unwrap().checked()?;
        assert_eq!(lead.name.as_deref(), Some("דנה"));
        assert_eq!(lead.phones, ["054-123 4567"]);
        assert_eq!(lead.tags, ["vip"]);
        Ok(())
    }

    #[test]
    fn absent_and_null_differ() -> Result<(), Problem> {
        let patch = |json: &str| serde_json::from_str::<LeadPatch>(json).unwrap().checked();
        assert_eq!(patch(r#"{"email":null}"#)?.email, Some(None));
        assert_eq!(patch(r#"{"notes":""}"#)?.email, None);
        assert_eq!(patch("{}").map_err(|problem| problem.status), Err(422));
        assert!(serde_json::from_str::<LeadPatch>(r#"{"source":"call"}"#).is_err());
        Ok(())
    }
}
