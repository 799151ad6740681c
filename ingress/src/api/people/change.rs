//! Removing, restoring and changing people: the same for system admins and owners, who
//! reach them by different paths.

use prosaas_domain::rights::Role;
use prosaas_events::crm::user::{UserDeleteV1, UserRestoreV1, UserUpdateV1};
use serde::Deserialize;
use utoipa::ToSchema;

use super::target::Target;
use crate::{
    http::{problem::Problem, session::Session, text},
    request::{
        command::{CommandResponse, submit},
        meta::RequestMeta,
    },
    state::App,
};

/// What changes; what is absent stays.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(min_properties = 1)]
pub struct UpdateUser {
    /// What they are called from now on, 1 to 200 characters.
    #[schema(min_length = 1, max_length = 200)]
    name: Option<String>,
    /// Their role from now on.
    role: Option<Role>,
}

/// Removes a person.
pub async fn delete(
    app: &App,
    session: &Session,
    meta: &RequestMeta,
    target: &Target,
) -> Result<CommandResponse, Problem> {
    target.manageable_by(session)?;
    target.must_be_present()?;
    submit(app, session, meta, target.business, UserDeleteV1 { user_id: target.id }).await
}

/// Brings a removed person back.
pub async fn restore(
    app: &App,
    session: &Session,
    meta: &RequestMeta,
    target: &Target,
) -> Result<CommandResponse, Problem> {
    target.manageable_by(session)?;
    target.must_be_removed()?;
    submit(app, session, meta, target.business, UserRestoreV1 { user_id: target.id }).await
}

/// Changes a person's name or role.
pub async fn update(
    app: &App,
    session: &Session,
    meta: &RequestMeta,
    target: &Target,
    change: UpdateUser,
) -> Result<CommandResponse, Problem> {
    target.manageable_by(session)?;
    target.must_be_present()?;
    if change.name.is_none() && change.role.is_none() {
        return Err(Problem::invalid("", "empty", "Say what changes: name or role."));
    }
    let name = change.name.map(|name| text::name("name", &name)).transpose()?;
    if let Some(role) = change.role {
        Target::assignable_by(session, role)?;
        if (role == Role::SystemAdmin) != target.business.is_none() {
            return Err(Problem::invalid(
                "role",
                "business",
                "A system admin belongs to no business, and everybody else to one: invite them anew.",
            ));
        }
    }
    let args = UserUpdateV1 { user_id: target.id, name, role: change.role };
    submit(app, session, meta, target.business, args).await
}
