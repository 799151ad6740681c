//! People of all businesses, for system admins: `/api/admin/users`.

use axum::{Json, extract::State};
use prosaas_domain::{
    ids::{BusinessId, UserId},
    rights::{Right, Role},
};
use serde::Deserialize;

use super::{
    change::{self, UpdateUser},
    list::{self, Deleted, UserFilter, UserItem},
    target::Target,
};
use crate::{
    http::{
        extract::{ApiJson, ApiPath, ApiQuery},
        page::Page,
        problem::Problem,
        session::Session,
    },
    request::{command::CommandResponse, meta::RequestMeta},
    state::App,
};

/// Which people of all.
#[derive(Debug, Deserialize, utoipa::IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct AllUsersFilter {
    /// Only people of this business.
    business_id: Option<BusinessId>,
    /// Only people of this role.
    role: Option<Role>,
    /// Parts of name or address.
    #[param(max_length = 200)]
    q: Option<String>,
    /// Only people who were removed; they are left out otherwise.
    #[param(inline)]
    deleted: Option<Deleted>,
    /// Where to go on, from the page before.
    cursor: Option<String>,
    /// Rows of a page.
    #[param(minimum = 1, maximum = 200)]
    limit: Option<u32>,
}

/// People of all businesses, the latest first.
#[utoipa::path(
    get,
    path = "/api/admin/users",
    operation_id = "list_all_users",
    tag = "people",
    params(AllUsersFilter),
    responses((status = 200, description = "A page", body = Page<UserItem>)),
)]
pub async fn list_all_users(
    State(app): State<App>,
    session: Session,
    ApiQuery(all): ApiQuery<AllUsersFilter>,
) -> Result<Json<Page<UserItem>>, Problem> {
    session.require(Right::Administer, None)?;
    let filter =
        UserFilter { role: all.role, q: all.q, deleted: all.deleted, cursor: all.cursor, limit: all.limit };
    Ok(Json(list::list(&app, all.business_id, &filter).await?))
}

/// Removes a person: they cannot log in, open sessions end with the commit, their
/// address is free again. Nobody removes themselves; the last system admin stays.
#[utoipa::path(
    delete,
    path = "/api/admin/users/{user_id}",
    operation_id = "delete_user",
    tag = "people",
    params(("user_id" = UserId, Path, description = "Whom")),
    responses(CommandResponse),
)]
pub async fn delete_user(
    State(app): State<App>,
    session: Session,
    meta: RequestMeta,
    ApiPath(id): ApiPath<UserId>,
) -> Result<CommandResponse, Problem> {
    session.require(Right::Administer, None)?;
    let target = Target::find(&app.api.database, id, None).await?;
    change::delete(&app, &session, &meta, &target).await
}

/// Brings a removed person back. No session of theirs revives.
#[utoipa::path(
    post,
    path = "/api/admin/users/{user_id}/restore",
    operation_id = "restore_user",
    tag = "people",
    params(("user_id" = UserId, Path, description = "Whom")),
    responses(CommandResponse),
)]
pub async fn restore_user(
    State(app): State<App>,
    session: Session,
    meta: RequestMeta,
    ApiPath(id): ApiPath<UserId>,
) -> Result<CommandResponse, Problem> {
    session.require(Right::Administer, None)?;
    let target = Target::find(&app.api.database, id, None).await?;
    change::restore(&app, &session, &meta, &target).await
}

/// Changes a person's name or role.
#[utoipa::path(
    patch,
    path = "/api/admin/users/{user_id}",
    operation_id = "update_user",
    tag = "people",
    params(("user_id" = UserId, Path, description = "Whom")),
    request_body = UpdateUser,
    responses(CommandResponse),
)]
pub async fn update_user(
    State(app): State<App>,
    session: Session,
    meta: RequestMeta,
    ApiPath(id): ApiPath<UserId>,
    ApiJson(update): ApiJson<UpdateUser>,
) -> Result<CommandResponse, Problem> {
    session.require(Right::Administer, None)?;
    let target = Target::find(&app.api.database, id, None).await?;
    change::update(&app, &session, &meta, &target, update).await
}
