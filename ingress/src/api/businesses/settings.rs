//! `GET` and `PUT /api/businesses/{business_id}/settings`.

use axum::{
    Json,
    extract::State,
    response::{IntoResponse as _, Response},
};
use http::header;
use prosaas_domain::{call_config::CallSettings, ids::BusinessId, rights::Right};
use prosaas_events::crm::business::BusinessConfigureV1;
use serde::Serialize;
use utoipa::ToSchema;

use super::model::{SettingsInput, configuration};
use crate::{
    http::{
        etag::{IfMatch, entity_tag},
        extract::{ApiJson, ApiPath},
        idempotency,
        problem::Problem,
        session::Session,
    },
    request::{
        command::{CommandResponse, submit},
        meta::RequestMeta,
        scope,
    },
    state::App,
};

/// How a business answers its calls.
#[derive(Debug, Serialize, ToSchema)]
pub struct BusinessSettings {
    /// Its name, as the default greeting says it.
    name: String,
    /// Where its hours are counted (IANA name).
    time_zone: String,
    /// The numbers that it owns; a system admin changes them.
    numbers: Vec<String>,
    /// Grows with every change; the `ETag` is this number in quotes.
    revision: i64,
    /// The settings.
    settings: CallSettings,
}

/// How a business answers its calls. The `ETag` is what a change names by `If-Match`.
#[utoipa::path(
    get,
    path = "/api/businesses/{business_id}/settings",
    operation_id = "get_settings",
    tag = "businesses",
    params(("business_id" = BusinessId, Path)),
    responses((
        status = 200, description = "The settings", body = BusinessSettings,
        headers(("etag" = String, description = "Their revision")),
    )),
)]
pub async fn read(
    State(app): State<App>,
    session: Session,
    ApiPath(business): ApiPath<BusinessId>,
) -> Result<Response, Problem> {
    scope::of_path(&app, &session, business, Right::ReadPeople).await?;
    let config = configuration(&app.api.database, business).await?;
    let tag = [(header::ETAG, entity_tag(config.revision))];
    let settings = BusinessSettings {
        name: config.business_name,
        time_zone: config.time_zone.name().to_owned(),
        numbers: config.numbers.into_iter().map(String::from).collect(),
        revision: config.revision,
        settings: config.settings,
    };
    Ok((tag, Json(settings)).into_response())
}

/// Changes how a business answers its calls; the next call is answered so.
#[utoipa::path(
    put,
    path = "/api/businesses/{business_id}/settings",
    operation_id = "update_settings",
    tag = "businesses",
    params(
        ("business_id" = BusinessId, Path),
        ("if-match" = String, Header, description = "`ETag` of the revision that is changed"),
    ),
    request_body = SettingsInput,
    responses(
        CommandResponse,
        (status = 412, description = "Another revision is there"),
        (status = 428, description = "If-Match is missing"),
    ),
)]
pub async fn write(
    State(app): State<App>,
    session: Session,
    ApiPath(business): ApiPath<BusinessId>,
    meta: RequestMeta,
    if_match: IfMatch,
    ApiJson(input): ApiJson<SettingsInput>,
) -> Result<CommandResponse, Problem> {
    scope::of_path(&app, &session, business, Right::ManageBusiness).await?;
    let database = &app.api.database;
    let before = configuration(database, business).await?;
    let (name, zone) = (input.name.is_some(), input.time_zone.is_some());
    let after = input.applied(&before)?;
    let repeated = idempotency::known(database, session.user_id, meta.idempotency_key.as_ref()).await?;
    let expected = match if_match.version().filter(|_| repeated) {
        Some(named) => named,
        None => if_match.matches(before.revision)?,
    };
    let args = BusinessConfigureV1 {
        business_id: business,
        name: name.then_some(after.business_name),
        time_zone: zone.then_some(after.time_zone),
        expected_revision: Some(expected),
        settings: after.settings,
    };
    submit(&app, &session, &meta, Some(business), args).await
}
