//! Logging in, and guessing.

use anyhow::Result;
use http::{StatusCode, header};
use prosaas_accounts::people;
use prosaas_domain::rights::Role;
use secrecy::SecretString;

use crate::support::{Ingress, PASSWORD, tight};

#[tokio::test]
async fn who_has_the_password_gets_a_guarded_cookie_and_nobody_else_learns_anything() -> Result<()> {
    let ingress = Ingress::start().await?;
    let shop = ingress.business("Shop").await?;
    ingress.person("dana", Role::Owner, Some(shop)).await?;
    let stranger = ingress.stranger("203.0.113.1");

    let right = stranger.try_password("DANA", PASSWORD).await?;
    assert_eq!(right.status, StatusCode::OK);
    assert_eq!(right.body["user"]["business"]["name"], "Shop");
    let cookie = right.headers[header::SET_COOKIE].to_str()?;
    assert!(cookie.starts_with("prosaas_session=") && cookie.contains("HttpOnly; SameSite=Lax"), "{cookie}");
    assert_eq!(right.headers[header::CACHE_CONTROL], "no-store");
    assert_eq!(right.headers[header::X_CONTENT_TYPE_OPTIONS], "nosniff");

    let wrong = stranger.try_password("dana", "something else").await?;
    let unknown = stranger.try_password("nobody", "something else").await?;
    assert_eq!((wrong.status, unknown.status), (StatusCode::UNAUTHORIZED, StatusCode::UNAUTHORIZED));
    assert_eq!(wrong.kind(), "/problems/wrong-credentials");
    assert_eq!((wrong.kind(), &wrong.body["error"]), (unknown.kind(), &unknown.body["error"]));
    assert_eq!(wrong.body["request_id"].as_str(), wrong.headers["x-request-id"].to_str().ok());
    assert_eq!(wrong.cookie(), None);

    let audit = ingress.count("SELECT count(*) FROM prosaas.audit_records WHERE action = 'session.begin' AND host(ip) = '203.0.113.1'");
    assert_eq!(audit.await?, 1);
    let tokens =
        ingress.count("SELECT count(*) FROM prosaas.user_sessions WHERE octet_length(token_hash) = 32");
    assert_eq!(tokens.await?, 1);
    Ok(())
}

#[tokio::test]
async fn guessing_is_slowed_and_the_owner_is_not_locked_out() -> Result<()> {
    let ingress = Ingress::start().await?;
    let shop = ingress.business("Shop").await?;
    ingress.person("dana", Role::Owner, Some(shop)).await?;
    // The owner was here before.
    ingress.log_in("dana").await?;

    let guesser = ingress.stranger("198.51.100.7");
    let mut slowed = None;
    for _ in 0..8 {
        let answer = guesser.try_password("dana", "a guess of many").await?;
        if answer.status == StatusCode::TOO_MANY_REQUESTS {
            slowed = Some(answer);
            break;
        }
        assert_eq!(answer.status, StatusCode::UNAUTHORIZED);
    }
    let slowed = slowed.expect("the sixth guess waits");
    assert!(slowed.headers[header::RETRY_AFTER].to_str()?.parse::<u32>()? >= 1);
    // The first pauses are shorter than a busy machine may take for a request.
    let many_more =
        "UPDATE prosaas.login_attempts SET failures = failures + 10, last_failure_at = clock_timestamp()
         WHERE failures >= 5";
    ingress.run(many_more).await?;
    let right = guesser.try_password("dana", PASSWORD).await?;
    assert_eq!(right.status, StatusCode::TOO_MANY_REQUESTS, "not even the right password is looked at");

    let home = ingress.stranger("203.0.113.1").try_password("dana", PASSWORD).await?;
    assert_eq!(home.status, StatusCode::OK, "{}", home.body);
    Ok(())
}

/// Guesses at Dana's password from thirty networks.
async fn attack(ingress: &Ingress) -> Result<()> {
    for network in 0..30 {
        ingress.stranger(&format!("192.0.2.{network}")).try_password("dana", "a guess of many").await?;
    }
    Ok(())
}

#[tokio::test]
async fn during_an_attack_a_right_password_gets_in_within_a_minute() -> Result<()> {
    let ingress = Ingress::start().await?;
    let shop = ingress.business("Shop").await?;
    ingress.person("dana", Role::Owner, Some(shop)).await?;
    ingress.log_in("dana").await?;
    attack(&ingress).await?;
    let home = ingress.stranger("203.0.113.1").try_password("dana", PASSWORD).await?;
    assert_eq!(home.status, StatusCode::OK, "a known place does not notice: {}", home.body);

    let new_place = ingress.stranger("198.51.100.200");
    assert_eq!(new_place.try_password("dana", "mistyped this").await?.status, StatusCode::UNAUTHORIZED);
    let slowed = new_place.try_password("dana", PASSWORD).await?;
    assert_eq!(slowed.status, StatusCode::TOO_MANY_REQUESTS);
    let wait: u32 = slowed.headers[header::RETRY_AFTER].to_str()?.parse()?;
    assert!((1..=60).contains(&wait), "{wait}");

    // The minute passes, and the attack goes on in it.
    let later = "UPDATE prosaas.login_attempts SET last_failure_at = last_failure_at - interval '60 seconds'";
    ingress.run(later).await?;
    attack(&ingress).await?;
    let again = new_place.try_password("dana", PASSWORD).await?;
    assert_eq!(again.status, StatusCode::OK, "{}", again.body);

    attack(&ingress).await?;
    let another = ingress.stranger("198.51.100.201").try_password("dana", PASSWORD).await?;
    assert_eq!(another.status, StatusCode::OK, "at once, where nobody guessed: {}", another.body);
    Ok(())
}

#[tokio::test]
async fn a_crowd_of_networks_guesses_once_each_and_then_rarely() -> Result<()> {
    let ingress = Ingress::start().await?;
    ingress.person("dana", Role::SystemAdmin, None).await?;
    attack(&ingress).await?;
    let looked_at = |status| usize::from(status == StatusCode::UNAUTHORIZED);
    let mut guesses = 0;
    for network in 100..110 {
        let guesser = ingress.stranger(&format!("192.0.2.{network}"));
        for _ in 0..5 {
            guesses += looked_at(guesser.try_password("dana", "a guess of many").await?.status);
        }
    }
    assert_eq!(guesses, 10, "one of each");
    // All of one customer's IPv6 addresses are one place.
    let mut guesses = 0;
    for net in 0..10 {
        let guesser = ingress.stranger(&format!("2001:db8:7:{net}::1"));
        guesses += looked_at(guesser.try_password("dana", "a guess of many").await?.status);
    }
    assert_eq!(guesses, 1);
    Ok(())
}

#[tokio::test]
async fn many_guesses_at_once_gain_nothing() -> Result<()> {
    let ingress = Ingress::start().await?;
    ingress.person("root", Role::SystemAdmin, None).await?;
    let guesser = ingress.stranger("198.51.100.7");
    for _ in 0..5 {
        guesser.try_password("root", "a guess of many").await?;
    }
    // Long ago: the next guess is looked at, and the pause after it is minutes long.
    ingress
        .run(
            "UPDATE prosaas.login_attempts
             SET failures = failures + 7, last_failure_at = clock_timestamp() - interval '1 hour'",
        )
        .await?;
    let guesses = (0..20).map(|_| guesser.try_password("root", "a guess of many"));
    let answers = futures_util::future::join_all(guesses).await;
    let looked_at = answers.iter().flatten().filter(|a| a.status == StatusCode::UNAUTHORIZED).count();
    assert_eq!(looked_at, 1, "of twenty");
    Ok(())
}

#[tokio::test]
async fn the_removed_and_those_of_a_resting_business_cannot_log_in() -> Result<()> {
    let ingress = Ingress::start().await?;
    let shop = ingress.business("Shop").await?;
    ingress.person("dana", Role::Owner, Some(shop)).await?;
    let stranger = ingress.stranger("203.0.113.1");
    ingress.run("UPDATE prosaas.businesses SET active = false").await?;
    assert_eq!(stranger.try_password("dana", PASSWORD).await?.status, StatusCode::UNAUTHORIZED);
    ingress.run("UPDATE prosaas.businesses SET active = true").await?;
    ingress.run("UPDATE prosaas.users SET deleted_at = now()").await?;
    assert_eq!(stranger.try_password("dana", PASSWORD).await?.status, StatusCode::UNAUTHORIZED);
    ingress.run("UPDATE prosaas.users SET deleted_at = NULL").await?;
    assert_eq!(stranger.try_password("dana", PASSWORD).await?.status, StatusCode::OK);
    Ok(())
}

#[tokio::test]
async fn a_session_and_a_network_have_their_rates() -> Result<()> {
    let ingress = Ingress::with(|api| api.limits = tight()).await?;
    ingress.person("root", Role::SystemAdmin, None).await?;
    let root = ingress.log_in("root").await?;
    for _ in 0..4 {
        assert_eq!(root.get("/api/auth/me").await?.status, StatusCode::OK);
    }
    let limited = root.get("/api/auth/me").await?;
    assert_eq!(limited.status, StatusCode::TOO_MANY_REQUESTS);
    assert!(limited.headers.contains_key(header::RETRY_AFTER));
    let mut last = StatusCode::OK;
    for _ in 0..60 {
        last = ingress.stranger("192.0.2.9").get("/api/nothing").await?.status;
    }
    assert_eq!(last, StatusCode::TOO_MANY_REQUESTS);
    assert_eq!(ingress.stranger("192.0.2.10").get("/api/nothing").await?.status, StatusCode::NOT_FOUND);
    Ok(())
}

#[tokio::test]
async fn without_postgres_a_problem_says_so() -> Result<()> {
    let ingress = Ingress::start().await?;
    ingress.lose_database().await?;
    let answer = ingress.stranger("203.0.113.1").try_password("dana", PASSWORD).await?;
    assert_eq!((answer.status, answer.kind()), (StatusCode::SERVICE_UNAVAILABLE, "/problems/unavailable"));
    assert!(answer.headers.contains_key(header::RETRY_AFTER));
    Ok(())
}

#[tokio::test]
async fn the_first_admin_is_made_once() -> Result<()> {
    let ingress = Ingress::start().await?;
    let password = SecretString::from(PASSWORD);
    let made = (0..5).map(|_| people::ensure_admin(&ingress.pool, "first@shop.example", &password));
    let made = futures_util::future::try_join_all(made).await?;
    assert_eq!(made.iter().flatten().count(), 1);
    assert_eq!(ingress.stranger("203.0.113.1").try_password("first", PASSWORD).await?.status, StatusCode::OK);
    let twice = ingress.person("FIRST", Role::SystemAdmin, None).await;
    assert!(twice.is_err_and(|error| error.to_string().contains("exists already")));
    Ok(())
}
