//! Which business a request is about.

use axum::extract::{FromRequestParts, Query};
use http::{StatusCode, request::Parts};
use prosaas_domain::{ids::BusinessId, rights::Right};
use serde::Deserialize;
use sqlx::PgPool;

use crate::{
    http::{
        problem::Problem,
        session::{Session, not_theirs},
    },
    services::planned_reads::PlannedRead,
    state::App,
};

/// The person and the business of a request on leads, calls and the like: their own,
/// or, for a system admin, the one that `?business_id=` names.
#[derive(Debug, Clone)]
pub struct BusinessScope {
    /// Who asks.
    pub session: Session,
    /// The business, which the person may see.
    pub business_id: BusinessId,
}

impl BusinessScope {
    /// Whether they may do this there.
    pub fn require(&self, right: Right) -> Result<(), Problem> {
        self.session.require(right, Some(self.business_id))
    }

    /// Begins a read of the business that may be expensive.
    pub async fn begin_read(&self, app: &App) -> Result<PlannedRead, Problem> {
        app.api.reads.begin(&self.session, Some(self.business_id)).await
    }
}

#[derive(Deserialize)]
struct Named {
    business_id: Option<BusinessId>,
}

impl FromRequestParts<App> for BusinessScope {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, app: &App) -> Result<Self, Problem> {
        let session = <Session as FromRequestParts<App>>::from_request_parts(parts, app).await?;
        let Query(Named { business_id: named }) =
            Query::try_from_uri(&parts.uri).map_err(|_| Problem::not_found())?;
        let business_id = match (session.business_id, named) {
            (Some(own), None) => own,
            (Some(own), Some(named)) if own == named => own,
            (Some(_), Some(_)) => return Err(not_theirs()),
            (None, Some(named)) => existing(&app.api.database, named).await?,
            (None, None) => return Err(unnamed()),
        };
        Ok(Self { session, business_id })
    }
}

/// The business of a path such as `/api/businesses/{business_id}/users`, when the
/// person may do this there.
pub async fn of_path(
    app: &App,
    session: &Session,
    business: BusinessId,
    right: Right,
) -> Result<BusinessId, Problem> {
    session.require(right, Some(business))?;
    if session.is_admin() { existing(&app.api.database, business).await } else { Ok(business) }
}

async fn existing(database: &PgPool, business: BusinessId) -> Result<BusinessId, Problem> {
    let found = sqlx::query_scalar!(
        r#"SELECT EXISTS (SELECT FROM prosaas.businesses WHERE id = $1 AND deleted_at IS NULL) AS "found!""#,
        business.0
    )
    .fetch_one(database)
    .await?;
    if found { Ok(business) } else { Err(Problem::not_found()) }
}

fn unnamed() -> Problem {
    Problem::new(
        StatusCode::BAD_REQUEST,
        "/problems/business-required",
        "Which business?",
        "A system admin names the business by the query parameter business_id.",
    )
}
