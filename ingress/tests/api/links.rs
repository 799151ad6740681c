//! Links in mails: invitations and password resets.

use anyhow::Result;
use http::StatusCode;
use prosaas_domain::rights::Role;
use serde_json::json;

use crate::support::{Ingress, PASSWORD};

const NEW: &str = "lawnmower-on-tuesday";

#[tokio::test]
async fn a_reset_works_once_for_an_hour_and_ends_every_session() -> Result<()> {
    let mut ingress = Ingress::start().await?;
    let shop = ingress.business("Shop").await?;
    ingress.person("dana", Role::Owner, Some(shop)).await?;
    let asked = json!({ "email": "dana@shop.example" });
    let taken = ingress.stranger("203.0.113.1").post("/api/auth/password-reset", asked.clone()).await?;
    assert_eq!(taken.status, StatusCode::ACCEPTED);
    let first = ingress.mailbox.next().await?;
    assert_eq!(first.to, "dana@shop.example");
    ingress.stranger("203.0.113.1").post("/api/auth/password-reset", asked).await?;
    let token = ingress.mailbox.next().await?.token()?;

    let nobody = ingress.stranger("203.0.113.1");
    let dana = ingress.log_in("dana").await?;
    let path = "/api/auth/password-reset/confirm";
    let confirm = |token: &str, password: &str| json!({ "token": token, "password": password });
    assert_eq!(nobody.post(path, confirm("x", NEW)).await?.status, StatusCode::GONE);
    let common = nobody.post(path, confirm(&token, "password1")).await?;
    assert_eq!(common.status, StatusCode::UNPROCESSABLE_ENTITY, "and the link still works");

    ingress.run("UPDATE prosaas.single_use_tokens SET expires_at = now() - interval '1 second'").await?;
    assert_eq!(nobody.post(path, confirm(&token, NEW)).await?.status, StatusCode::GONE);
    ingress.run("UPDATE prosaas.single_use_tokens SET expires_at = now() + interval '1 hour'").await?;

    let attempts = (0..4).map(|_| nobody.post(path, confirm(&token, NEW)));
    let answers = futures_util::future::try_join_all(attempts).await?;
    let mut statuses: Vec<u16> = answers.iter().map(|a| a.status.as_u16()).collect();
    statuses.sort_unstable();
    assert_eq!(statuses, [204, 410, 410, 410]);
    assert_eq!(
        nobody.post(path, confirm(&first.token()?, NEW)).await?.status,
        StatusCode::GONE,
        "earlier links end"
    );
    assert_eq!(dana.get("/api/auth/me").await?.status, StatusCode::UNAUTHORIZED);
    assert_eq!(nobody.try_password("dana", PASSWORD).await?.status, StatusCode::UNAUTHORIZED);
    assert_eq!(nobody.try_password("dana", NEW).await?.status, StatusCode::OK);
    let kept = "SELECT count(*) FROM prosaas.audit_records WHERE action = 'password.reset'";
    assert_eq!(ingress.count(kept).await?, 1);
    Ok(())
}

#[tokio::test]
async fn an_earlier_reset_link_ends_with_a_later_one() -> Result<()> {
    let mut ingress = Ingress::start().await?;
    ingress.person("dana", Role::SystemAdmin, None).await?;
    let mut tokens = Vec::new();
    for _ in 0..2 {
        let asked = json!({ "email": "Dana@shop.example" });
        ingress.stranger("203.0.113.1").post("/api/auth/password-reset", asked).await?;
        tokens.push(ingress.mailbox.next().await?.token()?);
    }
    let nobody = ingress.stranger("203.0.113.1");
    let mut answers = Vec::new();
    for token in tokens {
        let confirm = json!({ "token": token, "password": NEW });
        answers.push(nobody.post("/api/auth/password-reset/confirm", confirm).await?.status.as_u16());
    }
    assert_eq!(answers, [410, 204]);
    Ok(())
}

#[tokio::test]
async fn nobody_learns_by_a_reset_who_has_an_account() -> Result<()> {
    let mut ingress = Ingress::start().await?;
    let shop = ingress.business("Shop").await?;
    ingress.person("dana", Role::Owner, Some(shop)).await?;
    ingress.run("UPDATE prosaas.users SET deleted_at = now()").await?;
    for email in ["dana@shop.example", "nobody@shop.example", "not an address", ""] {
        let answer = ingress
            .stranger("203.0.113.1")
            .post("/api/auth/password-reset", json!({ "email": email }))
            .await?;
        assert_eq!(
            (answer.status, answer.body),
            (StatusCode::ACCEPTED, json!({ "success": true })),
            "{email}"
        );
    }
    // The first mail is that of the account that is asked for last.
    ingress.person("omer", Role::Owner, Some(shop)).await?;
    let asked = json!({ "email": "omer@shop.example" });
    ingress.stranger("203.0.113.1").post("/api/auth/password-reset", asked).await?;
    assert_eq!(ingress.mailbox.next().await?.to, "omer@shop.example");
    Ok(())
}

#[tokio::test]
async fn an_invitation_becomes_a_command_once() -> Result<()> {
    let mut ingress = Ingress::start().await?;
    let shop = ingress.business("Shop").await?;
    let owner = ingress.person("omer", Role::Owner, Some(shop)).await?;
    let path = format!("/api/businesses/{shop}/invitations");
    let invite = json!({ "email": "dana@shop.example", "name": "Dana", "role": "agent" });
    let invited = ingress.log_in("omer").await?.post(&path, invite.clone()).await?;
    assert_eq!(invited.status, StatusCode::CREATED, "{}", invited.body);
    let withdrawn = ingress.mailbox.next().await?.token()?;
    ingress.log_in("omer").await?.post(&path, invite).await?;
    let mail = ingress.mailbox.next().await?;
    assert!(mail.body.contains("omer") && mail.body.contains("Shop"), "{}", mail.body);
    let token = mail.token()?;

    let nobody = ingress.stranger("203.0.113.1");
    let inspect = |token: &str| nobody.post("/api/auth/invitations/inspect", json!({ "token": token }));
    assert_eq!(inspect(&withdrawn).await?.status, StatusCode::GONE, "the second invitation replaced it");
    let preview = inspect(&token).await?.body;
    assert_eq!((&preview["role"], &preview["business_name"]), (&json!("agent"), &json!("Shop")));

    let accept = json!({ "token": token, "name": "Dana Levi", "password": NEW });
    let headers = [("prefer", "wait=0")];
    let send =
        || nobody.send(http::Method::POST, "/api/auth/invitations/accept", Some(accept.clone()), &headers);
    let answers = futures_util::future::try_join_all((0..3).map(|_| send())).await?;
    let mut statuses: Vec<u16> = answers.iter().map(|a| a.status.as_u16()).collect();
    statuses.sort_unstable();
    assert_eq!(statuses, [202, 410, 410], "{answers:?}");

    let kept = ingress.kept().await?;
    assert_eq!(kept.len(), 1, "{kept:?}");
    let (subject, event) = &kept[0];
    assert!(subject.starts_with("crm.user.create."), "{subject}");
    assert_eq!(event["actorid"], owner.to_string(), "in the name of who invited");
    assert_eq!(event["businessid"], shop.to_string());
    assert_eq!(event["data"]["args"]["role"], "agent");
    let text = event.to_string();
    assert!(
        !text.contains(NEW) && !text.contains(&token) && !text.contains("argon2"),
        "no secret in an event"
    );
    assert_eq!(ingress.count("SELECT count(*) FROM prosaas.user_credentials").await?, 2);
    Ok(())
}

#[tokio::test]
async fn an_invitation_ends_by_time_and_by_hand() -> Result<()> {
    let mut ingress = Ingress::start().await?;
    let shop = ingress.business("Shop").await?;
    ingress.person("omer", Role::Owner, Some(shop)).await?;
    let path = format!("/api/businesses/{shop}/invitations");
    let invite = json!({ "email": "dana@shop.example", "role": "agent" });
    let invited = ingress.log_in("omer").await?.post(&path, invite).await?;
    let id = invited.body["invitation"]["id"].as_str().unwrap_or_default().to_owned();
    let token = ingress.mailbox.next().await?.token()?;
    let accept = json!({ "token": token, "name": "Dana", "password": NEW });
    let nobody = ingress.stranger("203.0.113.1");
    ingress.run("UPDATE prosaas.single_use_tokens SET expires_at = now() - interval '1 second'").await?;
    assert_eq!(nobody.post("/api/auth/invitations/accept", accept.clone()).await?.status, StatusCode::GONE);
    ingress.run("UPDATE prosaas.single_use_tokens SET expires_at = now() + interval '1 day'").await?;
    let omer = ingress.log_in("omer").await?;
    assert_eq!(omer.get(&path).await?.body["items"][0]["email"], "dana@shop.example");
    assert_eq!(omer.delete(&format!("{path}/{id}")).await?.status, StatusCode::NO_CONTENT);
    assert_eq!(nobody.post("/api/auth/invitations/accept", accept).await?.status, StatusCode::GONE);
    assert_eq!(omer.get(&path).await?.body["items"], json!([]));
    assert!(ingress.kept().await?.is_empty());
    Ok(())
}
