//! Where and when people take calls: `/api/businesses/{business_id}/availability` for oneself,
//! `…/users/{user_id}/availability` for others.

use axum::{Json, extract::State};
use chrono::{DateTime, Utc};
use prosaas_domain::{
    call_config::{MAX_AHEAD, SettingsProblem, WeeklyHours},
    ids::{BusinessId, UserId},
    phone,
    rights::Right,
};
use prosaas_events::crm::user::UserSetAvailabilityV1;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::target::Target;
use crate::{
    http::{
        extract::{ApiJson, ApiPath},
        problem::{FieldError, Problem},
        session::Session,
    },
    request::{
        command::{CommandResponse, submit},
        meta::RequestMeta,
        scope,
    },
    state::App,
};

/// Where and when somebody takes calls.
#[derive(Debug, Serialize, ToSchema)]
pub struct Availability {
    /// Where they are reached; null for somebody who takes none.
    #[schema(required = true)]
    number: Option<String>,
    /// When; null for always.
    #[schema(required = true)]
    hours: Option<WeeklyHours>,
    /// They take none before then; null where nothing of the kind was said, or its time has come.
    #[schema(required = true)]
    not_before: Option<DateTime<Utc>>,
}

/// Where and when somebody shall take calls, whole: what is absent is none.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct SetAvailability {
    /// Where they are reached, in any spelling.
    #[schema(max_length = 100)]
    number: Option<String>,
    /// When; always, when absent.
    hours: Option<WeeklyHours>,
    /// They take no calls before then; at most 31 days ahead.
    not_before: Option<DateTime<Utc>>,
}

/// Where and when the person who is logged in takes calls.
#[utoipa::path(
    get,
    path = "/api/businesses/{business_id}/availability",
    operation_id = "get_availability",
    tag = "people",
    params(("business_id" = BusinessId, Path, description = "The business")),
    responses((status = 200, description = "Where and when", body = Availability)),
)]
pub async fn get_availability(
    State(app): State<App>,
    session: Session,
    ApiPath(business): ApiPath<BusinessId>,
) -> Result<Json<Availability>, Problem> {
    scope::of_path(&app, &session, business, Right::ReadCrm).await?;
    read(&app, session.user_id).await
}

/// Changes where and when the person who is logged in takes calls.
#[utoipa::path(
    put,
    path = "/api/businesses/{business_id}/availability",
    operation_id = "set_availability",
    tag = "people",
    params(("business_id" = BusinessId, Path, description = "The business")),
    request_body = SetAvailability,
    responses(CommandResponse),
)]
pub async fn set_availability(
    State(app): State<App>,
    session: Session,
    meta: RequestMeta,
    ApiPath(business): ApiPath<BusinessId>,
    ApiJson(wanted): ApiJson<SetAvailability>,
) -> Result<CommandResponse, Problem> {
    let business = scope::of_path(&app, &session, business, Right::WriteCrm).await?;
    let args = wanted.checked(&app, business, session.user_id)?;
    submit(&app, &session, &meta, Some(business), args).await
}

/// Where and when a person of the business takes calls.
#[utoipa::path(
    get,
    path = "/api/businesses/{business_id}/users/{user_id}/availability",
    operation_id = "get_user_availability",
    tag = "people",
    params(
        ("business_id" = BusinessId, Path, description = "The business"),
        ("user_id" = UserId, Path, description = "Who"),
    ),
    responses((status = 200, description = "Where and when", body = Availability)),
)]
pub async fn get_user_availability(
    State(app): State<App>,
    session: Session,
    ApiPath((business, id)): ApiPath<(BusinessId, UserId)>,
) -> Result<Json<Availability>, Problem> {
    let business = scope::of_path(&app, &session, business, Right::ReadPeople).await?;
    let target = Target::find(&app.api.database, id, Some(business)).await?;
    read(&app, target.id).await
}

/// Changes where and when a person of lower rank takes calls.
#[utoipa::path(
    put,
    path = "/api/businesses/{business_id}/users/{user_id}/availability",
    operation_id = "set_user_availability",
    tag = "people",
    params(
        ("business_id" = BusinessId, Path, description = "The business"),
        ("user_id" = UserId, Path, description = "Whose"),
    ),
    request_body = SetAvailability,
    responses(CommandResponse),
)]
pub async fn set_user_availability(
    State(app): State<App>,
    session: Session,
    meta: RequestMeta,
    ApiPath((business, id)): ApiPath<(BusinessId, UserId)>,
    ApiJson(wanted): ApiJson<SetAvailability>,
) -> Result<CommandResponse, Problem> {
    let business = scope::of_path(&app, &session, business, Right::ManageBusiness).await?;
    let target = Target::find(&app.api.database, id, Some(business)).await?;
    target.manageable_by(&session)?;
    target.must_be_present()?;
    let args = wanted.checked(&app, business, target.id)?;
    submit(&app, &session, &meta, Some(business), args).await
}

impl SetAvailability {
    /// The command. What only the worker can know (the business's own numbers, circles) it looks at itself.
    fn checked(
        self,
        app: &App,
        business: BusinessId,
        user: UserId,
    ) -> Result<UserSetAvailabilityV1, Problem> {
        let mut wrong = Vec::new();
        let mut add = |field: &str, code: String, error: String| {
            wrong.push(FieldError { field: field.to_owned(), code, error });
        };
        let typed = self.number.as_deref().filter(|text| !text.trim().is_empty());
        let number = typed.and_then(|text| {
            let read = phone::dialable(text).map_err(SettingsProblem::from);
            read.inspect_err(|why| add("number", why.code(), why.to_string())).ok()
        });
        for error in self.hours.as_ref().map_or(Ok(()), WeeklyHours::validate).err().unwrap_or_default() {
            add(&error.field, error.problem.code(), error.problem.to_string());
        }
        if self.not_before.is_some_and(|until| until > app.clock.now() + MAX_AHEAD) {
            add("not_before", "too_far".to_owned(), "This is more than 31 days ahead.".to_owned());
        }
        if !wrong.is_empty() {
            return Err(Problem::invalid_fields(wrong));
        }
        let not_before = self.not_before.filter(|until| *until > app.clock.now());
        Ok(UserSetAvailabilityV1 {
            business_id: business,
            user_id: user,
            number,
            hours: self.hours,
            not_before,
        })
    }
}

async fn read(app: &App, user: UserId) -> Result<Json<Availability>, Problem> {
    let row =
        sqlx::query!("SELECT number, hours, not_before FROM prosaas.call_people WHERE user_id = $1", user.0)
            .fetch_optional(&app.api.database)
            .await?;
    let Some(row) = row else {
        return Ok(Json(Availability { number: None, hours: None, not_before: None }));
    };
    Ok(Json(Availability {
        number: row.number,
        hours: row.hours.map(serde_json::from_value).transpose().map_err(|_| Problem::internal())?,
        not_before: row.not_before.filter(|until| *until > app.clock.now()),
    }))
}
