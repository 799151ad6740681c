//! People of one business, for its owner: `/api/businesses/{business_id}/users`.

use axum::{Json, extract::State};
use prosaas_domain::{
    ids::{BusinessId, UserId},
    rights::Right,
};

use super::{
    change::{self, UpdateUser},
    list::{self, UserFilter, UserItem},
    target::Target,
};
use crate::{
    http::{
        extract::{ApiJson, ApiPath, ApiQuery},
        page::Page,
        problem::Problem,
        session::Session,
    },
    request::{command::CommandResponse, meta::RequestMeta, scope},
    state::App,
};

/// The business's people, the latest first. Those who were removed are for its owner.
#[utoipa::path(
    get,
    path = "/api/businesses/{business_id}/users",
    operation_id = "list_users",
    tag = "people",
    params(("business_id" = BusinessId, Path, description = "The business"), UserFilter),
    responses((status = 200, description = "A page", body = Page<UserItem>)),
)]
pub async fn list_users(
    State(app): State<App>,
    session: Session,
    ApiPath(business): ApiPath<BusinessId>,
    ApiQuery(filter): ApiQuery<UserFilter>,
) -> Result<Json<Page<UserItem>>, Problem> {
    let right = if filter.deleted.is_some() { Right::ManageBusiness } else { Right::ReadPeople };
    let business = scope::of_path(&app, &session, business, right).await?;
    Ok(Json(list::list(&app, Some(business), &filter).await?))
}

/// Removes a person of lower rank: they cannot log in, open sessions end with the
/// commit, their address is free again.
#[utoipa::path(
    delete,
    path = "/api/businesses/{business_id}/users/{user_id}",
    operation_id = "delete_business_user",
    tag = "people",
    params(
        ("business_id" = BusinessId, Path, description = "The business"),
        ("user_id" = UserId, Path, description = "Whom"),
    ),
    responses(CommandResponse),
)]
pub async fn delete_business_user(
    State(app): State<App>,
    session: Session,
    meta: RequestMeta,
    ApiPath((business, id)): ApiPath<(BusinessId, UserId)>,
) -> Result<CommandResponse, Problem> {
    let target = manageable(&app, &session, business, id).await?;
    change::delete(&app, &session, &meta, &target).await
}

/// Brings a removed person of lower rank back. No session of theirs revives.
#[utoipa::path(
    post,
    path = "/api/businesses/{business_id}/users/{user_id}/restore",
    operation_id = "restore_business_user",
    tag = "people",
    params(
        ("business_id" = BusinessId, Path, description = "The business"),
        ("user_id" = UserId, Path, description = "Whom"),
    ),
    responses(CommandResponse),
)]
pub async fn restore_business_user(
    State(app): State<App>,
    session: Session,
    meta: RequestMeta,
    ApiPath((business, id)): ApiPath<(BusinessId, UserId)>,
) -> Result<CommandResponse, Problem> {
    let target = manageable(&app, &session, business, id).await?;
    change::restore(&app, &session, &meta, &target).await
}

/// Changes the name or role of a person of lower rank.
#[utoipa::path(
    patch,
    path = "/api/businesses/{business_id}/users/{user_id}",
    operation_id = "update_business_user",
    tag = "people",
    params(
        ("business_id" = BusinessId, Path, description = "The business"),
        ("user_id" = UserId, Path, description = "Whom"),
    ),
    request_body = UpdateUser,
    responses(CommandResponse),
)]
pub async fn update_business_user(
    State(app): State<App>,
    session: Session,
    meta: RequestMeta,
    ApiPath((business, id)): ApiPath<(BusinessId, UserId)>,
    ApiJson(update): ApiJson<UpdateUser>,
) -> Result<CommandResponse, Problem> {
    let target = manageable(&app, &session, business, id).await?;
    change::update(&app, &session, &meta, &target, update).await
}

async fn manageable(
    app: &App,
    session: &Session,
    business: BusinessId,
    user: UserId,
) -> Result<Target, Problem> {
    let business = scope::of_path(app, session, business, Right::ManageBusiness).await?;
    Target::find(&app.api.database, user, Some(business)).await
}
