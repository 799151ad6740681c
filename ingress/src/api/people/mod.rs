//! Who works where: system admins see and manage everyone, owners the lower ranks of
//! their own business.

mod admin;
mod business;
mod change;
mod end_sessions;
mod invitations;
mod invite;
mod list;
mod target;

use utoipa_axum::{router::OpenApiRouter, routes};

use crate::app::App;

/// The routes under `/api/admin/users` and `/api/businesses/{business_id}`.
pub fn routes() -> OpenApiRouter<App> {
    OpenApiRouter::new()
        .routes(routes!(admin::list_all_users))
        .routes(routes!(admin::delete_user, admin::update_user))
        .routes(routes!(admin::restore_user))
        .routes(routes!(end_sessions::end_user_sessions))
        .routes(routes!(invite::invite_user))
        .routes(routes!(business::list_users))
        .routes(routes!(business::delete_business_user, business::update_business_user))
        .routes(routes!(business::restore_business_user))
        .routes(routes!(invitations::list_invitations, invite::invite_business_user))
        .routes(routes!(invitations::withdraw_invitation))
}
