//! What a search finds, and that an index carries it.

use std::collections::BTreeSet;

use anyhow::Result;
use prosaas_domain::{ids::LeadId, phone, text};
use prosaas_events::crm::lead::{LeadCreateV1, LeadFields};
use uuid::Uuid;

use super::{Crm, business};

/// As the API's list asks it, of each form of the words.
const FOUND: &str = "SELECT name FROM prosaas.leads
    WHERE business_id = $1 AND deleted_at IS NULL
      AND fold_pieces @> prosaas.fold_query($1, $2)
      AND fold_text LIKE ALL (prosaas.fold_patterns($2))
    ORDER BY name";

/// The names that a search finds.
async fn found(crm: &Crm, asked: &str) -> Result<Vec<String>> {
    let forms = phone::search_key(asked).map_or_else(|| text::search_words(asked), |number| vec![number]);
    let mut names: Vec<String> = Vec::new();
    for words in forms {
        names.extend(
            sqlx::query_scalar::<_, String>(FOUND)
                .bind(crm.business.0)
                .bind(words)
                .fetch_all(crm.pool())
                .await?,
        );
    }
    names.sort();
    names.dedup();
    Ok(names)
}

fn lead(name: &str, phone: &str, email: &str) -> LeadCreateV1 {
    let fields = LeadFields {
        name: Some(name.to_owned()),
        email: Some(email.to_owned()).filter(|text| !text.is_empty()),
        phones: vec![phone.to_owned()],
        tags: vec!["קיץ 2025".to_owned()],
        ..LeadFields::default()
    };
    LeadCreateV1 { lead_id: LeadId(Uuid::now_v7()), fields }
}

#[tokio::test]
async fn a_lead_is_found_by_any_part_of_it() -> Result<()> {
    let crm = Crm::quiet().await?;
    for args in [
        lead("דנה לוי", "054-123-4567", "Dana.Levi@example.com"),
        lead("דָּנִי כהן", "+1 415 867 5309", ""),
        lead("O'Brien", "*2700", ""),
    ] {
        assert_eq!(crm.own(crm.agent, args).await?.status(), 200);
    }
    let other = business(crm.pool()).await?;
    assert_eq!(crm.send(crm.admin, Some(other), lead("דנה", "0541234567", "")).await?.status(), 200);
    let (levi, cohen, brien) = ("דנה לוי", "דָּנִי כהן", "O'Brien");
    for (asked, wanted) in [
        ("דנה", vec![levi]),
        ("ד", vec![cohen, levi]),
        ("דני", vec![cohen]),
        ("לו", vec![levi]),
        ("  לוי   דנה ", vec![levi]),
        ("נה", vec![]),
        ("dana.levi@EXAMPLE", vec![levi]),
        ("ample.c", vec![levi]),
        ("0541234567", vec![levi]),
        ("054-123", vec![levi]),
        ("(054) 123 4567", vec![levi]),
        ("+972 54-123-4567", vec![levi]),
        ("00972541234567", vec![levi]),
        ("4567", vec![levi]),
        ("8675309", vec![cohen]),
        ("2700", vec![brien]),
        ("*2700", vec![brien]),
        ("brien", vec![brien]),
        ("obrien", vec![brien]),
        ("O’Brien", vec![brien]),
        ("o br", vec![brien]),
        ("דנה 054", vec![levi]),
        ("קיץ", vec![brien, cohen, levi]),
        ("%", vec![]),
        ("d%i", vec![]),
        ("נועה", vec![]),
    ] {
        let mut wanted: Vec<String> = wanted.into_iter().map(str::to_owned).collect();
        wanted.sort();
        assert_eq!(found(&crm, asked).await?, wanted, "{asked}");
    }
    Ok(())
}

#[tokio::test]
async fn an_index_carries_the_search() -> Result<()> {
    let crm = Crm::quiet().await?;
    sqlx::query(
        "INSERT INTO prosaas.leads (id, business_id, name, source, created_at, updated_at)
         SELECT gen_random_uuid(), $1, 'lead ' || md5(n::text), 'manual', now(), now()
         FROM generate_series(1, 5000) n",
    )
    .bind(crm.business.0)
    .execute(crm.pool())
    .await?;
    sqlx::query(
        "INSERT INTO prosaas.lead_phones (id, business_id, lead_id, e164, raw, created_at)
         SELECT gen_random_uuid(), business_id, id, '+97254' || lpad((row_number() OVER ())::text, 7, '0'), 'x', now()
         FROM prosaas.leads",
    )
    .execute(crm.pool())
    .await?;
    // It also empties the index's list of pending entries, which makes the index dear to the planner
    // for as long as no autovacuum comes by.
    sqlx::query("VACUUM ANALYZE prosaas.leads").execute(crm.pool()).await?;
    for asked in ["c4ca4238a0b9", "0540004321"] {
        let plan: Vec<String> = sqlx::query_scalar(sqlx::AssertSqlSafe(format!("EXPLAIN {FOUND}")))
            .bind(crm.business.0)
            .bind(asked)
            .fetch_all(crm.pool())
            .await?;
        assert!(plan.iter().any(|line| line.contains("leads_fold_ix")), "{asked}: {plan:#?}");
        assert_eq!(found(&crm, asked).await?.len(), 1, "{asked}");
    }
    Ok(())
}

/// Names as they are stored, what somebody types, why it must find them.
const NAMES: &str = include_str!("../../../../tests/fixtures/names.tsv");

#[tokio::test]
async fn a_name_is_found_as_people_type_it() -> Result<()> {
    let crm = Crm::quiet().await?;
    let rows: Vec<Vec<&str>> =
        NAMES.lines().filter(|line| !line.starts_with('#')).map(|line| line.split('\t').collect()).collect();
    assert!(rows.len() >= 9, "{} rows", rows.len());
    let stored: BTreeSet<&str> = rows.iter().map(|row| row[0]).collect();
    for name in &stored {
        assert_eq!(crm.own(crm.agent, lead(name, "*2700", "")).await?.status(), 200);
    }
    for row in &rows {
        let [name, typed, why] = row[..] else { anyhow::bail!("{row:?}") };
        assert_eq!(found(&crm, typed).await?, [name], "{typed}: {why}");
    }
    // Whatever is stored is found by itself.
    for name in stored {
        assert_eq!(found(&crm, name).await?, [name]);
    }
    Ok(())
}

/// Scripts that names are written in, what stands between their words, compatibility forms
/// of both, and every mark and format character of them. Left out are control characters,
/// which no name has, and letters that are younger than Postgres 15 and its C library:
/// U+0558, U+058B, U+058C, U+1C89, U+209D to U+209F.
const COMPARED: [(u32, u32); 11] = [
    (0x20, 0x7e),
    (0xa0, 0x52f),
    (0x530, 0x557),
    (0x559, 0x58a),
    (0x58d, 0x1c88),
    (0x1c8a, 0x1fff),
    (0x2000, 0x209c),
    (0x20a0, 0x2bff),
    (0x3000, 0x30ff),
    (0xf900, 0xfffd),
    (0xe0000, 0xe0fff),
];

#[tokio::test]
async fn rust_and_sql_fold_alike() -> Result<()> {
    let crm = Crm::quiet().await?;
    let codes = COMPARED.into_iter().flat_map(|(first, last)| first..=last);
    let texts: Vec<String> = codes.filter_map(char::from_u32).map(|c| format!("A{c}b{c}")).collect();
    let folded: Vec<(String, String, String)> = sqlx::query_as(
        "SELECT prosaas.fold(t), prosaas.fold_words(prosaas.fold(t), ''), prosaas.fold_words(prosaas.fold(t), ' ')
         FROM unnest($1::text[]) WITH ORDINALITY AS given (t, at) ORDER BY at",
    )
    .bind(&texts)
    .fetch_all(crm.pool())
    .await?;
    assert_eq!(folded.len(), texts.len());
    let mut differ = Vec::new();
    for (text, (sql, plain, broken)) in texts.iter().zip(folded) {
        let mut forms = vec![plain, broken];
        forms.dedup();
        forms.retain(|words| !words.is_empty());
        if text::fold(text) != sql || text::search_words(text) != forms {
            differ.push(format!("{} {sql:?} {:?} {forms:?}", text.escape_unicode(), text::fold(text)));
        }
    }
    assert!(differ.is_empty(), "{}: {:#?}", differ.len(), &differ[..differ.len().min(60)]);
    Ok(())
}
