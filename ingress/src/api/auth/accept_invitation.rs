//! `POST /api/auth/invitations/accept`: an invited person chooses a password and joins.

use axum::extract::State;
use prosaas_events::crm::user::UserCreateV1;
use secrecy::SecretString;
use serde::Deserialize;
use utoipa::ToSchema;

use super::{change_password, inspect_invitation::OpenInvitation};
use crate::{
    http::{
        extract::ApiJson,
        keys::{digest, hash_token},
        prefer::Wait,
        problem::Problem,
        text,
    },
    request::{
        audit_record::{self, Actor, Change},
        command::{self, CommandResponse},
        meta::RequestMeta,
        operation::OperationAnswer,
    },
    services::passwords::{self, Asker},
    state::App,
};

/// How long to wait for the person to be made when the client says nothing.
const WAIT_S: u64 = 10;

/// The link's token, a name and a password.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct AcceptInvitation {
    /// What stands behind `#` in the link.
    token: String,
    /// What they are called, 1 to 200 characters.
    #[schema(min_length = 1, max_length = 200)]
    name: String,
    /// The password, 8 to 128 characters.
    #[schema(value_type = String, format = Password, min_length = 8, max_length = 128)]
    password: SecretString,
}

/// Makes the invited person, in the name of who invited them: who may not invite any
/// more when it is applied, invites nobody. Works once. Waits for the outcome.
#[utoipa::path(
    post,
    path = "/api/auth/invitations/accept",
    operation_id = "accept_invitation",
    tag = "auth",
    security(),
    request_body = AcceptInvitation,
    responses(
        (status = 200, description = "Joined; log in with the password", body = OperationAnswer),
        (status = 202, description = "Accepted; log in in a moment", body = OperationAnswer),
        (status = 403, description = "Who invited may not do so any more"),
        (status = 404, description = "The business is gone"),
        (status = 409, description = "Somebody has this address already"),
        (status = 410, description = "The link was used, has expired, or never was"),
    ),
)]
pub async fn accept_invitation(
    State(app): State<App>,
    meta: RequestMeta,
    ApiJson(accept): ApiJson<AcceptInvitation>,
) -> Result<CommandResponse, Problem> {
    let token = hash_token(&accept.token);
    let open = OpenInvitation::find(&app.api.logins, &token).await?;
    let name = text::name("name", &accept.name)?;
    passwords::check("password", &accept.password, &open.email, &name)?;
    let asker = Asker::new(meta.ip, &open.email, true);
    let hash = app.api.passwords.hash(&asker, accept.password).await?;

    let mut transaction = app.api.logins.begin().await?;
    // Of several at once the row's lock lets one through; the others find it used.
    let used = sqlx::query!(
        "UPDATE prosaas.single_use_tokens SET used_at = now()
         WHERE id = $1 AND used_at IS NULL AND expires_at > now()",
        open.id
    )
    .execute(&mut *transaction)
    .await?;
    if used.rows_affected() != 1 {
        return Err(Problem::link_gone());
    }
    let taken = sqlx::query_scalar!(
        r#"SELECT EXISTS (
               SELECT FROM prosaas.users WHERE prosaas.fold_email(email) = prosaas.fold_email($1) AND deleted_at IS NULL
           ) AS "taken!""#,
        open.email
    )
    .fetch_one(&mut *transaction)
    .await?;
    if taken {
        return Err(Problem::conflict(
            "/problems/email-taken",
            "Somebody with this address has joined already.",
        ));
    }
    change_password::set(&mut transaction, open.user, &hash).await?;
    let change = Change {
        action: "invitation.accept",
        entity_type: "invitation",
        entity_id: open.id,
        before: None,
        after: None,
        actor: Actor { id: Some(open.user), name: &name, business: open.business },
    };
    audit_record::write(&mut transaction, &meta, change).await?;

    // The command is kept before the link counts as used. Should the commit fail, the
    // same link makes the same command again.
    let fingerprint = digest(&[b"invitation", open.id.as_bytes()]);
    let key = open.id.to_string();
    let request = command::Request {
        actor: open.inviter,
        business: open.business,
        key: &key,
        fingerprint: &fingerprint,
    };
    let args = UserCreateV1 { user_id: open.user, email: open.email.clone(), name, role: open.role };
    let accepted = command::accept(&app, &request, &meta, args, true).await?;
    transaction.commit().await?;
    tracing::info!(event = "auth.invitation_accepted", user_id = %open.user);
    accepted.outcome(&app, Some(meta.wait.unwrap_or(Wait::seconds(WAIT_S)))).await
}
