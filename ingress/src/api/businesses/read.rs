//! `GET /api/businesses/{business_id}`.

use axum::{Json, extract::State};
use prosaas_domain::{ids::BusinessId, rights::Right};

use super::model::{Business, BusinessRow};
use crate::{
    http::{extract::ApiPath, problem::Problem, session::Session},
    request::scope,
    state::App,
};

/// A business's profile.
#[utoipa::path(
    get,
    path = "/api/businesses/{business_id}",
    operation_id = "get_business",
    tag = "businesses",
    params(("business_id" = BusinessId, Path)),
    responses((status = 200, description = "The business", body = Business)),
)]
pub async fn read(
    State(app): State<App>,
    session: Session,
    ApiPath(business): ApiPath<BusinessId>,
) -> Result<Json<Business>, Problem> {
    scope::of_path(&app, &session, business, Right::ReadCrm).await?;
    let row = sqlx::query_as!(
        BusinessRow,
        r#"SELECT b.id, b.name, b.time_zone, b.active, b.created_at,
                  ARRAY(SELECT n.e164 FROM prosaas.business_numbers n
                        WHERE n.business_id = b.id AND n.released_at IS NULL
                        ORDER BY n.e164) AS "numbers!"
           FROM prosaas.businesses b
           WHERE b.id = $1 AND b.deleted_at IS NULL"#,
        business.0
    )
    .fetch_optional(&app.api.database)
    .await?
    .ok_or_else(Problem::not_found)?;
    Ok(Json(row.into()))
}
