//! `GET /api/auth/me`: who is logged in.

use axum::{Json, extract::State};
use chrono::{DateTime, Utc};
use prosaas_domain::{
    ids::{BusinessId, UserId},
    rights::Role,
};
use serde::Serialize;
use sqlx::PgPool;
use utoipa::ToSchema;

use crate::{
    http::{problem::Problem, session::Session},
    state::App,
};

/// A person, as they see themselves.
#[derive(Debug, Serialize, ToSchema)]
pub struct Me {
    /// Their id.
    pub id: UserId,
    /// The address that they log in with.
    pub email: String,
    /// What they are called.
    pub name: String,
    /// Their role.
    pub role: Role,
    /// Where they work; null for a system admin.
    #[schema(required = true)]
    pub business: Option<MyBusiness>,
}

/// A business, as those who work there need it everywhere.
#[derive(Debug, Serialize, ToSchema)]
pub struct MyBusiness {
    /// Its id.
    pub id: BusinessId,
    /// Its name.
    pub name: String,
    /// Its time zone (IANA name).
    pub time_zone: String,
}

/// Who is logged in.
#[derive(Debug, Serialize, ToSchema)]
pub struct MeAnswer {
    /// Always true.
    pub success: bool,
    /// The person.
    pub user: Me,
    /// When the session ends, whatever happens.
    pub session_expires_at: DateTime<Utc>,
}

impl MeAnswer {
    /// Reads what the session itself does not hold.
    pub async fn of(database: &PgPool, session: Session) -> Result<Self, Problem> {
        let business = match session.business_id {
            None => None,
            Some(id) => sqlx::query!("SELECT name, time_zone FROM prosaas.businesses WHERE id = $1", id.0)
                .fetch_optional(database)
                .await?
                .map(|row| MyBusiness { id, name: row.name, time_zone: row.time_zone }),
        };
        let user = Me {
            id: session.user_id,
            email: session.email,
            name: session.name,
            role: session.role,
            business,
        };
        Ok(Self { success: true, user, session_expires_at: session.expires_at })
    }
}

/// Who is logged in.
#[utoipa::path(
    get,
    path = "/api/auth/me",
    operation_id = "me",
    tag = "auth",
    responses((status = 200, description = "The person", body = MeAnswer)),
)]
pub async fn me(State(app): State<App>, session: Session) -> Result<Json<MeAnswer>, Problem> {
    Ok(Json(MeAnswer::of(&app.api.logins, session).await?))
}
