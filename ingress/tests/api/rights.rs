//! Who reaches whom. The full matrix over every route is the end-to-end suite's.

use anyhow::Result;
use http::{Method, StatusCode};
use prosaas_domain::rights::Role;
use serde_json::json;

use crate::support::Ingress;

#[tokio::test]
async fn an_owner_reaches_lower_ranks_of_the_own_business_only() -> Result<()> {
    let ingress = Ingress::start().await?;
    let (shop, other) = (ingress.business("Shop").await?, ingress.business("Other").await?);
    let omer = ingress.person("omer", Role::Owner, Some(shop)).await?;
    let second = ingress.person("second", Role::Owner, Some(shop)).await?;
    let maya = ingress.person("maya", Role::Manager, Some(shop)).await?;
    let stranger = ingress.person("stranger", Role::Agent, Some(other)).await?;
    let root = ingress.person("root", Role::SystemAdmin, None).await?;

    let owner = ingress.log_in("omer").await?;
    let delete = |business, user| {
        let (owner, path) = (owner.clone(), format!("/api/businesses/{business}/users/{user}"));
        async move { anyhow::Ok(owner.delete(&path).await?.status.as_u16()) }
    };
    assert_eq!(delete(shop, maya).await?, 202);
    assert_eq!(delete(shop, second).await?, 403, "the same rank");
    assert_eq!(delete(shop, omer).await?, 403, "oneself");
    assert_eq!(delete(shop, stranger).await?, 404, "another business's person");
    assert_eq!(delete(other, stranger).await?, 404, "another business");
    assert_eq!(delete(shop, root).await?, 404, "a system admin belongs to no business");
    assert_eq!(owner.delete(&format!("/api/admin/users/{maya}")).await?.status, StatusCode::FORBIDDEN);

    let path = format!("/api/businesses/{shop}/users/{maya}");
    let promote = |role| owner.send(Method::PATCH, &path, Some(json!({ "role": role })), &[]);
    assert_eq!(promote("owner").await?.status, StatusCode::FORBIDDEN, "nobody is made one's equal");
    assert_eq!(promote("system_admin").await?.status, StatusCode::FORBIDDEN);
    assert_eq!(promote("agent").await?.status, StatusCode::ACCEPTED);

    let manager = ingress.log_in("maya").await?;
    assert_eq!(manager.get(&format!("/api/businesses/{shop}/users")).await?.status, StatusCode::OK);
    assert_eq!(
        manager.get(&format!("/api/businesses/{shop}/users?deleted=only")).await?.status,
        StatusCode::FORBIDDEN
    );
    assert_eq!(manager.delete(&path).await?.status, StatusCode::FORBIDDEN);
    assert_eq!(manager.get(&format!("/api/businesses/{shop}/audit")).await?.status, StatusCode::FORBIDDEN);
    Ok(())
}

#[tokio::test]
async fn a_system_admin_reaches_everyone_but_themselves() -> Result<()> {
    let ingress = Ingress::start().await?;
    let shop = ingress.business("Shop").await?;
    let omer = ingress.person("omer", Role::Owner, Some(shop)).await?;
    let me = ingress.person("root", Role::SystemAdmin, None).await?;
    let other = ingress.person("root2", Role::SystemAdmin, None).await?;
    let root = ingress.log_in("root").await?;
    for (user, status) in [(omer, 202), (other, 202), (me, 403)] {
        assert_eq!(root.delete(&format!("/api/admin/users/{user}")).await?.status.as_u16(), status);
    }
    assert_eq!(root.delete(&format!("/api/admin/users/{shop}")).await?.status, StatusCode::NOT_FOUND);
    assert_eq!(root.delete("/api/admin/users/nobody").await?.status, StatusCode::NOT_FOUND);
    let restore = root.post(&format!("/api/admin/users/{omer}/restore"), json!(null)).await?;
    assert_eq!(restore.status, StatusCode::CONFLICT, "who was not removed");
    ingress.run("UPDATE prosaas.users SET deleted_at = now() WHERE role = 'owner'").await?;
    assert_eq!(root.delete(&format!("/api/admin/users/{omer}")).await?.status, StatusCode::CONFLICT);
    let restore = root.post(&format!("/api/admin/users/{omer}/restore"), json!(null)).await?;
    assert_eq!(restore.status, StatusCode::ACCEPTED);
    Ok(())
}

#[tokio::test]
async fn an_invitation_tells_an_owner_nothing_of_other_businesses() -> Result<()> {
    let ingress = Ingress::start().await?;
    let (shop, other) = (ingress.business("Shop").await?, ingress.business("Other").await?);
    ingress.person("omer", Role::Owner, Some(shop)).await?;
    ingress.person("maya", Role::Agent, Some(shop)).await?;
    ingress.person("elsewhere", Role::Agent, Some(other)).await?;
    let owner = ingress.log_in("omer").await?;
    let path = format!("/api/businesses/{shop}/invitations");
    let invite = |name: &str, role: &str| {
        owner.send(
            Method::POST,
            &path,
            Some(json!({ "email": format!("{name}@shop.example"), "role": role })),
            &[],
        )
    };
    assert_eq!(invite("maya", "agent").await?.status, StatusCode::CONFLICT);
    assert_eq!(invite("elsewhere", "agent").await?.status, StatusCode::CREATED);
    assert_eq!(invite("new", "owner").await?.status, StatusCode::FORBIDDEN);
    assert_eq!(invite("no address", "agent").await?.status, StatusCode::UNPROCESSABLE_ENTITY);
    let elsewhere = format!("/api/businesses/{other}/invitations");
    let foreign = owner.post(&elsewhere, json!({ "email": "a@b.example", "role": "agent" })).await?;
    assert_eq!(foreign.status, StatusCode::NOT_FOUND);
    Ok(())
}
