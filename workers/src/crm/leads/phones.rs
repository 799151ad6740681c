//! The phone numbers of leads.

use std::collections::HashSet;

use prosaas_domain::{
    ids::{BusinessId, LeadId},
    phone::{self, E164, Number, READER},
};
use sqlx::PgConnection;
use uuid::Uuid;

use crate::{crm::refusal::Refusal, text::storable};

const MAX_PHONES: usize = 10;
const MAX_RAW: usize = 100;

/// A number as typed, and as it is dialled where that can be told.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Phone {
    /// As typed.
    pub raw: String,
    /// In E.164 form; none where the text holds no such number.
    pub e164: Option<E164>,
}

impl Phone {
    fn read(raw: String) -> Self {
        let e164 = phone::read(&raw).and_then(Number::e164);
        Self { raw, e164 }
    }
}

/// Numbers as they are stored: blanks around them gone, each once.
pub(super) fn read_all(texts: &[String]) -> Result<Vec<Phone>, Refusal> {
    let mut seen = HashSet::new();
    let mut phones = Vec::new();
    for text in texts {
        let raw = storable(text.trim());
        if raw.is_empty() {
            continue;
        }
        if raw.chars().count() > MAX_RAW {
            return Err(Refusal::invalid("phones", "length", "A phone number has at most 100 characters."));
        }
        let meaning = phone::read(&raw).map(|number| number.as_str().to_owned());
        if seen.insert(meaning.unwrap_or_else(|| raw.clone())) {
            phones.push(Phone::read(raw));
        }
    }
    if phones.len() > MAX_PHONES {
        return Err(Refusal::invalid("phones", "count", "A lead has at most 10 phone numbers."));
    }
    Ok(phones)
}

/// Those that are numbers.
pub(super) fn numbers(phones: &[Phone]) -> Vec<String> {
    phones.iter().filter_map(|phone| phone.e164.as_ref()).map(ToString::to_string).collect()
}

/// A lead's numbers, the main one first.
pub(super) async fn load(
    connection: &mut PgConnection,
    business: BusinessId,
    lead: LeadId,
) -> Result<Vec<Phone>, sqlx::Error> {
    let rows = sqlx::query!(
        "SELECT raw, e164 FROM prosaas.lead_phones WHERE business_id = $1 AND lead_id = $2
         ORDER BY position, id",
        business.0,
        lead.0
    )
    .fetch_all(connection)
    .await?;
    let phone =
        |raw: String, e164: Option<String>| Phone { raw, e164: e164.and_then(|n| E164::parse(&n).ok()) };
    Ok(rows.into_iter().map(|row| phone(row.raw, row.e164)).collect())
}

/// Makes these the lead's numbers: what stays keeps its row, and since when it is there.
/// Whom callers are taken for is settled afterwards, by [`settle`].
pub(super) async fn replace(
    connection: &mut PgConnection,
    business: BusinessId,
    lead: LeadId,
    phones: &[Phone],
) -> Result<(), sqlx::Error> {
    let raws: Vec<String> = phones.iter().map(|phone| phone.raw.clone()).collect();
    let e164s: Vec<Option<String>> =
        phones.iter().map(|phone| phone.e164.as_ref().map(ToString::to_string)).collect();
    let digits: Vec<String> = phones.iter().map(|phone| phone::search_digits(&phone.raw)).collect();
    let ids: Vec<Uuid> = phones.iter().map(|_| Uuid::now_v7()).collect();
    sqlx::query!(
        "DELETE FROM prosaas.lead_phones WHERE business_id = $1 AND lead_id = $2 AND raw <> ALL ($3)",
        business.0,
        lead.0,
        &raws
    )
    .execute(&mut *connection)
    .await?;
    sqlx::query!(
        "UPDATE prosaas.lead_phones p
         SET position = (n.at - 1)::smallint, e164 = n.e164, search_digits = n.digits, reader = $6
         FROM unnest($3::text[], $4::text[], $5::text[]) WITH ORDINALITY AS n (raw, e164, digits, at)
         WHERE p.business_id = $1 AND p.lead_id = $2 AND p.raw = n.raw",
        business.0,
        lead.0,
        &raws,
        &e164s as &[Option<String>],
        &digits,
        READER
    )
    .execute(&mut *connection)
    .await?;
    sqlx::query!(
        "INSERT INTO prosaas.lead_phones
            (id, business_id, lead_id, e164, raw, search_digits, reader, position, matches_callers, created_at)
         SELECT n.id, $1, $2, n.e164, n.raw, n.digits, $7, (n.at - 1)::smallint, false, now()
         FROM unnest($3::uuid[], $4::text[], $5::text[], $6::text[])
             WITH ORDINALITY AS n (id, e164, raw, digits, at)
         WHERE NOT EXISTS (
             SELECT FROM prosaas.lead_phones p
             WHERE p.business_id = $1 AND p.lead_id = $2 AND p.raw = n.raw
         )",
        business.0,
        lead.0,
        &ids,
        &e164s as &[Option<String>],
        &raws,
        &digits,
        READER
    )
    .execute(connection)
    .await?;
    Ok(())
}

/// Settles whom callers from these numbers are taken for: nobody in the trash, and
/// where a number has lost its lead, the oldest living one that holds it.
pub(crate) async fn settle(
    connection: &mut PgConnection,
    business: BusinessId,
    numbers: &[String],
) -> Result<(), sqlx::Error> {
    if numbers.is_empty() {
        return Ok(());
    }
    sqlx::query!(
        "UPDATE prosaas.lead_phones p SET matches_callers = false
         FROM prosaas.leads l
         WHERE p.business_id = $1 AND p.e164 = ANY ($2) AND p.matches_callers
           AND l.business_id = p.business_id AND l.id = p.lead_id AND l.deleted_at IS NOT NULL",
        business.0,
        numbers
    )
    .execute(&mut *connection)
    .await?;
    sqlx::query!(
        "UPDATE prosaas.lead_phones SET matches_callers = true
         WHERE id IN (
             SELECT DISTINCT ON (p.e164) p.id
             FROM prosaas.lead_phones p
             JOIN prosaas.leads l ON l.business_id = p.business_id AND l.id = p.lead_id
             WHERE p.business_id = $1 AND p.e164 = ANY ($2) AND l.deleted_at IS NULL
               AND NOT EXISTS (
                   SELECT FROM prosaas.lead_phones m
                   WHERE m.business_id = $1 AND m.e164 = p.e164 AND m.matches_callers
               )
             ORDER BY p.e164, l.created_at, l.id, p.id
         )",
        business.0,
        numbers
    )
    .execute(connection)
    .await?;
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_same_number_in_two_spellings_is_one() {
        let texts = ["054-1234567", " ", "+972541234567", "*2700", "2700*"].map(str::to_owned);
        let phones = read_all(&texts).expect("valid");
        assert_eq!(phones.iter().map(|p| p.raw.as_str()).collect::<Vec<_>>(), ["054-1234567", "*2700"]);
        let many: Vec<String> = (0..11).map(|n| format!("05412345{n:02}")).collect();
        assert!(read_all(&many).is_err());
    }
}
