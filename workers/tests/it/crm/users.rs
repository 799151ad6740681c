//! People: ranks, the last admin, sessions, addresses.

use std::sync::Arc;

use anyhow::Result;
use prosaas_domain::{ids::UserId, rights::Role};
use prosaas_events::crm::user::{UserCreateV1, UserDeleteV1, UserRestoreV1, UserUpdateV1};
use serde_json::json;
use uuid::Uuid;

use super::{Crm, business, person, session};

fn delete(user_id: UserId) -> UserDeleteV1 {
    UserDeleteV1 { user_id }
}

fn create(email: &str, role: Role) -> UserCreateV1 {
    UserCreateV1 { user_id: UserId(Uuid::now_v7()), email: email.to_owned(), name: " Noa ".to_owned(), role }
}

fn role(user_id: UserId, role: Role) -> UserUpdateV1 {
    UserUpdateV1 { user_id, name: None, role: Some(role) }
}

#[tokio::test]
async fn a_removed_person_is_out_with_the_commit_and_may_come_back_without_a_session() -> Result<()> {
    let crm = Crm::quiet().await?;
    for _ in 0..2 {
        session(crm.pool(), crm.agent).await?;
    }
    session(crm.pool(), crm.owner).await?;
    let open = "SELECT count(*) FROM prosaas.user_sessions WHERE ended_at IS NULL";
    assert_eq!(crm.own(crm.owner, delete(crm.agent)).await?.status(), 200);
    assert_eq!(crm.database.count(open).await?, 1, "only the owner's");
    let again = crm.own(crm.owner, delete(crm.agent)).await?;
    assert_eq!((again.status(), again.kind()), (409, "/problems/user-deleted"));

    let taken = create("AGENT@example.com", Role::Agent);
    let heir = taken.user_id;
    assert_eq!(crm.own(crm.owner, taken).await?.status(), 200, "the address is free again");
    let back = crm.own(crm.owner, UserRestoreV1 { user_id: crm.agent }).await?;
    assert_eq!((back.status(), back.kind()), (409, "/problems/email-taken"));
    assert_eq!(crm.own(crm.owner, delete(heir)).await?.status(), 200);
    assert_eq!(crm.own(crm.owner, UserRestoreV1 { user_id: crm.agent }).await?.status(), 200);
    let twice = crm.own(crm.owner, UserRestoreV1 { user_id: crm.agent }).await?;
    assert_eq!(twice.kind(), "/problems/user-not-deleted");
    assert_eq!(crm.database.count(open).await?, 1, "a restore revives no session");
    assert_eq!(crm.actions().await?, ["user.delete", "user.create", "user.delete", "user.restore"]);
    let name: String = sqlx::query_scalar("SELECT name FROM prosaas.users WHERE id = $1")
        .bind(heir.0)
        .fetch_one(crm.pool())
        .await?;
    assert_eq!(name, "Noa");
    Ok(())
}

#[tokio::test]
async fn ranks_hold_at_apply_time() -> Result<()> {
    let crm = Crm::quiet().await?;
    let own = Some(crm.business);
    let partner = person(crm.pool(), own, "owner", "partner@example.com").await?;
    let other = business(crm.pool()).await?;
    let stranger = person(crm.pool(), Some(other), "agent", "stranger@example.com").await?;
    for (actor, business, subject, status, kind) in [
        (crm.owner, own, crm.owner, 403, "/problems/oneself"),
        (crm.owner, own, partner, 403, "/problems/rank"),
        (crm.manager, own, crm.agent, 403, "/problems/forbidden"),
        (crm.agent, own, crm.manager, 403, "/problems/forbidden"),
        (crm.owner, Some(other), stranger, 404, "/problems/not-found"),
        (crm.owner, None, stranger, 403, "/problems/forbidden"),
        (crm.admin, None, crm.admin, 403, "/problems/oneself"),
    ] {
        let outcome = crm.send(actor, business, delete(subject)).await?;
        assert_eq!((outcome.status(), outcome.kind()), (status, kind));
    }
    assert!(crm.audit().await?.is_empty(), "what is refused is audited as nothing");
    assert_eq!(crm.database.count("SELECT count(*) FROM prosaas.users WHERE deleted_at IS NULL").await?, 6);
    // A system admin removes anybody else, a business's last owner too.
    for subject in [partner, crm.owner, stranger] {
        assert_eq!(crm.send(crm.admin, None, delete(subject)).await?.status(), 200);
    }
    Ok(())
}

#[tokio::test]
async fn nobody_is_raised_to_the_own_rank() -> Result<()> {
    let crm = Crm::quiet().await?;
    let own = Some(crm.business);
    let other_admin = person(crm.pool(), None, "system_admin", "second@example.com").await?;
    for (actor, business, args, status) in [
        (crm.owner, own, role(crm.agent, Role::Manager), 200),
        (crm.owner, own, role(crm.agent, Role::Owner), 403),
        (crm.owner, own, role(crm.agent, Role::SystemAdmin), 403),
        (crm.owner, own, role(crm.owner, Role::Agent), 403),
        (crm.manager, own, role(crm.agent, Role::Agent), 403),
        (crm.admin, own, role(crm.agent, Role::Owner), 200),
        (crm.admin, own, role(crm.agent, Role::SystemAdmin), 422),
        (crm.admin, None, role(other_admin, Role::Agent), 422),
    ] {
        assert_eq!(crm.send(actor, business, args.clone()).await?.status(), status, "{args:?}");
    }
    let rename = UserUpdateV1 { user_id: crm.owner, name: Some("Dana".to_owned()), role: None };
    assert_eq!(crm.own(crm.owner, rename).await?.status(), 200, "their own name");
    let blank = UserUpdateV1 { user_id: crm.manager, name: Some("  ".to_owned()), role: None };
    assert_eq!(crm.own(crm.owner, blank).await?.status(), 422);
    for (actor, business, asked, status) in [
        (crm.owner, own, Role::Manager, 200),
        (crm.owner, own, Role::Owner, 403),
        (crm.manager, own, Role::Agent, 403),
        (crm.admin, own, Role::Owner, 200),
        (crm.admin, own, Role::SystemAdmin, 422),
        (crm.admin, None, Role::Agent, 422),
        (crm.admin, None, Role::SystemAdmin, 200),
    ] {
        let email = format!("{}@example.com", Uuid::new_v4());
        assert_eq!(crm.send(actor, business, create(&email, asked)).await?.status(), status, "{asked:?}");
    }
    let taken = crm.own(crm.owner, create("Manager@Example.com", Role::Agent)).await?;
    assert_eq!((taken.status(), taken.kind()), (409, "/problems/email-taken"));
    let problem = taken.problem.clone().unwrap_or_default();
    assert_eq!(
        (&problem["errors"][0]["field"], &problem["errors"][0]["code"]),
        (&json!("email"), &json!("taken"))
    );
    Ok(())
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn of_two_admins_who_remove_each_other_one_stays() -> Result<()> {
    let crm = Arc::new(Crm::quiet().await?);
    let second = person(crm.pool(), None, "system_admin", "second@example.com").await?;
    for round in 0..50 {
        let remove = |actor, subject| {
            let crm = crm.clone();
            tokio::spawn(async move { crm.send(actor, None, delete(subject)).await })
        };
        let (one, two) = (remove(crm.admin, second), remove(second, crm.admin));
        let mut statuses = [one.await??.status(), two.await??.status()];
        statuses.sort_unstable();
        assert_eq!(statuses, [200, 403], "round {round}");
        let left = "SELECT count(*) FROM prosaas.users WHERE role = 'system_admin' AND deleted_at IS NULL";
        assert_eq!(crm.database.count(left).await?, 1, "round {round}");
        sqlx::query("UPDATE prosaas.users SET deleted_at = NULL WHERE role = 'system_admin'")
            .execute(crm.pool())
            .await?;
    }
    Ok(())
}
