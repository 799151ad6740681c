//! What an older release has read is read again, once, and what holds no number is listed.

use anyhow::Result;
use prosaas_workers::rereading::{self, Kind, Reread};
use serde_json::{Value, json};
use uuid::Uuid;

use crate::{
    crm::{business, person},
    support::Database,
};

/// As the release before wrote it: the reader's columns have their defaults.
const OLD: &str = "
    INSERT INTO prosaas.leads (id, business_id, name, source, created_at, updated_at)
    SELECT ('00000000-0000-7000-8000-00000000000' || n)::uuid, b.id, 'lead ' || n, 'manual', now(), now()
    FROM prosaas.businesses b, generate_series(1, 4) n;
    INSERT INTO prosaas.lead_phones (id, business_id, lead_id, e164, raw, matches_callers, created_at)
    SELECT gen_random_uuid(), l.business_id, l.id, v.e164, v.raw, v.e164 IS NOT NULL, now()
    FROM prosaas.leads l
    JOIN (VALUES ('lead 1', NULL, '054־700־0120'), ('lead 2', '+9720547000109', '+9720547000109'),
                 ('lead 3', '+972547000103', '054-7000103'), ('lead 4', NULL, 'אין לו 5'))
         AS v (name, e164, raw) ON v.name = l.name;
    INSERT INTO prosaas.business_numbers (id, business_id, e164)
    SELECT gen_random_uuid(), id, '+9720375555' || n FROM prosaas.businesses, generate_series(10, 11) n;
    INSERT INTO prosaas.business_numbers (id, business_id, e164)
    SELECT gen_random_uuid(), id, '+97254111999' FROM prosaas.businesses;
    UPDATE prosaas.businesses
    SET call_settings = '{\"mode\": \"forward\", \"forward_to\": [\"+9720547000111\", \"+9722700\"]}';
    INSERT INTO prosaas.calls
        (call_sid, business_id, from_raw, to_raw, direction, answer, details_source, details_at,
         details_event_id, status, started_at, missed)
    SELECT 'CA0000000000000000000000000000000' || n, b.id, v.from_raw, '+97237555510', 'inbound', 'record',
           'incoming', now(), 'e' || n, 'completed', now(), true
    FROM prosaas.businesses b,
         (VALUES (1, '0547000120'), (2, 'sip:+972547000199@pbx.example'), (3, 'anonymous'), (4, '12345'))
             AS v (n, from_raw);";

type Call = (String, Option<String>, Option<String>, bool);

#[tokio::test]
async fn what_an_older_release_read_is_read_again() -> Result<()> {
    let database = Database::migrated().await?;
    let pool = &database.pool;
    let shop = business(pool).await?;
    person(pool, Some(shop), "owner", "owner@example.com").await?;
    sqlx::raw_sql(OLD).execute(pool).await?;

    let done = rereading::run(pool).await?;
    assert_eq!(done, Reread { businesses: 1, lead_phones: 4, calls: 2 });
    let phones: Vec<(String, Option<String>, bool)> = sqlx::query_as(
        "SELECT l.name, p.e164, p.matches_callers FROM prosaas.lead_phones p
         JOIN prosaas.leads l ON l.id = p.lead_id WHERE l.source = 'manual' ORDER BY l.name",
    )
    .fetch_all(pool)
    .await?;
    let is =
        |name: &str, number: Option<&str>| (name.to_owned(), number.map(str::to_owned), number.is_some());
    let read = [
        is("lead 1", Some("+972547000120")),
        is("lead 2", Some("+972547000109")),
        is("lead 3", Some("+972547000103")),
        is("lead 4", None),
    ];
    assert_eq!(phones, read);
    // It is found by the number that it is known to be now.
    let found: Vec<String> = sqlx::query_scalar(
        "SELECT name FROM prosaas.leads WHERE fold_text LIKE '%0547000109%' OR fold_text LIKE '%0547000120%'
         ORDER BY name",
    )
    .fetch_all(pool)
    .await?;
    assert_eq!(found, ["lead 1", "lead 2"]);

    let calls: Vec<Call> = sqlx::query_as(
        "SELECT c.from_raw, c.from_e164, l.name, c.callback_needed FROM prosaas.calls c
         LEFT JOIN prosaas.leads l ON l.id = c.lead_id ORDER BY c.call_sid",
    )
    .fetch_all(pool)
    .await?;
    let call = |raw: &str, number: Option<&str>, lead: Option<&str>| {
        (raw.to_owned(), number.map(str::to_owned), lead.map(str::to_owned), number.is_some())
    };
    assert_eq!(calls[0], call("0547000120", Some("+972547000120"), Some("lead 1")));
    assert_eq!(calls[1], call("sip:+972547000199@pbx.example", Some("+972547000199"), None));
    assert_eq!(calls[2..], [call("anonymous", None, None), call("12345", None, None)]);
    let new = "SELECT count(*) FROM prosaas.leads WHERE source = 'call'";
    assert_eq!(database.count(new).await?, 1, "the second caller was nobody's lead");

    let (settings, revision): (Value, i64) = sqlx::query_as(
        "SELECT call_settings -> 'forward_to', call_settings_revision FROM prosaas.businesses",
    )
    .fetch_one(pool)
    .await?;
    assert_eq!((settings, revision), (json!(["+972547000111", "+9722700"]), 2));
    let own: Vec<String> =
        sqlx::query_scalar("SELECT e164 FROM prosaas.business_numbers ORDER BY e164").fetch_all(pool).await?;
    assert_eq!(own, ["+97237555510", "+97237555511", "+97254111999"]);

    let unread = rereading::unread(pool, 100).await?;
    let told: Vec<(Kind, &str)> = unread.iter().map(|row| (row.kind, row.text.as_str())).collect();
    let wanted = [
        (Kind::BusinessNumber, "***999"),
        (Kind::ForwardTo, "***700"),
        (Kind::LeadPhone, "***ו 5"),
        (Kind::Caller, "***"),
    ];
    assert_eq!(told, wanted);
    let records = "SELECT count(*) FROM prosaas.audit_records WHERE action LIKE '%.reread_%'";
    assert_eq!(database.count(records).await?, 5, "a record of each change");

    assert_eq!(rereading::run(pool).await?, Reread::default(), "a second run finds nothing");
    assert_eq!(database.count(records).await?, 5);
    Ok(())
}

#[tokio::test]
async fn a_number_that_two_leads_mean_has_one_of_them() -> Result<()> {
    let database = Database::migrated().await?;
    let pool = &database.pool;
    business(pool).await?;
    sqlx::raw_sql(
        "INSERT INTO prosaas.leads (id, business_id, name, source, created_at, updated_at)
         SELECT gen_random_uuid(), b.id, 'lead ' || n, 'manual', now() + n * interval '1 s', now()
         FROM prosaas.businesses b, generate_series(1, 1200) n;
         INSERT INTO prosaas.lead_phones (id, business_id, lead_id, e164, raw, created_at)
         SELECT gen_random_uuid(), business_id, id, NULL, '+972 054-7000109', now() FROM prosaas.leads;",
    )
    .execute(pool)
    .await?;
    assert_eq!(rereading::run(pool).await?.lead_phones, 1200, "several batches");
    let matching: Vec<(Uuid, String)> = sqlx::query_as(
        "SELECT l.id, l.name FROM prosaas.lead_phones p JOIN prosaas.leads l ON l.id = p.lead_id
         WHERE p.matches_callers AND p.e164 = '+972547000109'",
    )
    .fetch_all(pool)
    .await?;
    assert_eq!(matching.len(), 1);
    Ok(())
}
