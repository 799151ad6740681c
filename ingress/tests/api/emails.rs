//! Which spellings of an address are one account.

use anyhow::Result;
use http::StatusCode;
use prosaas_domain::{email, rights::Role};
use serde_json::json;

use crate::support::{Ingress, PASSWORD};

#[tokio::test]
async fn postgres_and_the_programs_fold_every_character_alike() -> Result<()> {
    const FOLD: &str =
        "SELECT prosaas.fold_email(t) FROM unnest($1::text[]) WITH ORDINALITY AS u (t, n) ORDER BY n";
    let ingress = Ingress::start().await?;
    // U+0000 is in no text of Postgres.
    let mut all: Vec<String> = ('\u{1}'..=char::MAX).map(|c| format!("a{c}b")).collect();
    all.push("  A@B ".to_owned());
    for some in all.chunks(100_000) {
        let folded: Vec<String> = sqlx::query_scalar(FOLD).bind(some).fetch_all(&ingress.pool).await?;
        let differs = some.iter().zip(&folded).find(|(text, folded)| email::fold(text) != **folded);
        assert_eq!(differs, None);
    }
    Ok(())
}

/// `\u{130}` is `i` to one lower-casing and `i` with a dot above to another, and the Kelvin
/// sign is `k`: an account that is found by one and counted by the other is guessed at
/// without end.
#[tokio::test]
async fn an_address_is_counted_as_it_is_found() -> Result<()> {
    let ingress = Ingress::start().await?;
    ingress.person("kim", Role::SystemAdmin, None).await?;
    let guesser = ingress.stranger("198.51.100.7");
    for (spelling, found) in [
        (" KIM@Shop.example ", true),
        ("k\u{130}m@shop.example", false),
        ("\u{212a}im@shop.example", false),
        ("kim@\u{17f}hop.example", false),
    ] {
        let login = json!({ "email": spelling, "password": PASSWORD });
        let status = guesser.post("/api/auth/login", login).await?.status;
        let wanted = if found { StatusCode::OK } else { StatusCode::UNAUTHORIZED };
        assert_eq!(status, wanted, "{spelling}");
    }
    Ok(())
}
