//! `PUT /api/admin/businesses/{business_id}/numbers`.

use axum::extract::State;
use prosaas_domain::{ids::BusinessId, rights::Right};
use prosaas_events::crm::business::BusinessSetNumbersV1;
use serde::Deserialize;
use utoipa::ToSchema;

use super::model::{check_free, numbers};
use crate::{
    http::{
        extract::{ApiJson, ApiPath},
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

/// The numbers of a business.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct NumbersInput {
    /// All of them; those that are not named are given up.
    #[schema(max_items = 50)]
    numbers: Vec<String>,
}

/// Sets the numbers that a business owns, all of them.
#[utoipa::path(
    put,
    path = "/api/admin/businesses/{business_id}/numbers",
    operation_id = "set_business_numbers",
    tag = "businesses",
    params(("business_id" = BusinessId, Path)),
    request_body = NumbersInput,
    responses(CommandResponse),
)]
pub async fn set_numbers(
    State(app): State<App>,
    session: Session,
    ApiPath(business_id): ApiPath<BusinessId>,
    meta: RequestMeta,
    ApiJson(input): ApiJson<NumbersInput>,
) -> Result<CommandResponse, Problem> {
    scope::of_path(&app, &session, business_id, Right::Administer).await?;
    let numbers = numbers(&input.numbers)?;
    check_free(&app.api.database, business_id, &numbers).await?;
    submit(&app, &session, &meta, Some(business_id), BusinessSetNumbersV1 { business_id, numbers }).await
}
