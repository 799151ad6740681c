//! What holds no number where one is meant: an operator, or the business, writes it anew.

use prosaas_domain::phone::{self, E164, Number, is_withheld, masked};
use serde::Serialize;
use sqlx::{FromRow, PgPool};
use uuid::Uuid;

/// Where it is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Kind {
    /// A number that a business owns: no call reaches it.
    BusinessNumber,
    /// A number that a business forwards to: forwarding to it fails.
    ForwardTo,
    /// The text of a lead: no caller is taken for it.
    LeadPhone,
    /// The caller of a call: nobody can call back.
    Caller,
}

impl Kind {
    /// Its word in lists.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::BusinessNumber => "business_number",
            Self::ForwardTo => "forward_to",
            Self::LeadPhone => "lead_phone",
            Self::Caller => "caller",
        }
    }
}

/// One text that could not be read.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Unread {
    /// Where it is written.
    pub kind: Kind,
    /// Whose it is; none for a call to a number of nobody.
    pub business_id: Option<Uuid>,
    /// The business, the lead or the call.
    pub id: String,
    /// The text, masked.
    pub text: String,
}

#[derive(FromRow)]
struct Row {
    business_id: Option<Uuid>,
    id: String,
    text: String,
}

/// What is to be dialled first; of each kind the first `limit`.
pub async fn unread(pool: &PgPool, limit: usize) -> Result<Vec<Unread>, sqlx::Error> {
    let mut found = Vec::new();
    for (kind, sql) in [
        (Kind::BusinessNumber, BUSINESS_NUMBERS),
        (Kind::ForwardTo, TARGETS),
        (Kind::LeadPhone, LEAD_PHONES),
        (Kind::Caller, CALLERS),
    ] {
        let rows: Vec<Row> = sqlx::query_as(sql).fetch_all(pool).await?;
        let unread = rows.into_iter().filter(|row| !is_read(kind, &row.text)).take(limit);
        found.extend(unread.map(|row| Unread {
            kind,
            business_id: row.business_id,
            id: row.id,
            text: masked(&row.text),
        }));
    }
    Ok(found)
}

fn is_read(kind: Kind, text: &str) -> bool {
    match kind {
        Kind::BusinessNumber | Kind::ForwardTo => E164::parse(text).is_ok_and(|number| number.is_plausible()),
        Kind::LeadPhone => phone::read(text).is_some(),
        Kind::Caller => is_withheld(text) || phone::read(text).and_then(Number::e164).is_some(),
    }
}

const BUSINESS_NUMBERS: &str = "SELECT business_id, business_id::text AS id, e164 AS text
    FROM prosaas.business_numbers WHERE released_at IS NULL ORDER BY business_id, e164";

const TARGETS: &str = "SELECT b.id AS business_id, b.id::text AS id, t.target AS text
    FROM prosaas.businesses b,
         jsonb_array_elements_text(
             CASE jsonb_typeof(b.call_settings -> 'forward_to')
                 WHEN 'array' THEN b.call_settings -> 'forward_to' ELSE '[]'::jsonb END
         ) AS t (target)
    WHERE b.deleted_at IS NULL ORDER BY b.id, t.target";

const LEAD_PHONES: &str = "SELECT p.business_id, p.lead_id::text AS id, p.raw AS text
    FROM prosaas.lead_phones p
    JOIN prosaas.leads l ON l.business_id = p.business_id AND l.id = p.lead_id
    WHERE p.e164 IS NULL AND l.deleted_at IS NULL ORDER BY p.id LIMIT 100000";

const CALLERS: &str = "SELECT business_id, call_sid AS id, from_raw AS text
    FROM prosaas.calls
    WHERE from_raw IS NOT NULL AND from_e164 IS NULL AND from_raw ~ '[0-9]' ORDER BY call_sid LIMIT 100000";
