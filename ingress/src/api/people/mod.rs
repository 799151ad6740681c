//! Who works where: system admins see and manage everyone, owners the lower ranks of
//! their own business.

mod admin;
mod availability;
mod business;
mod change;
mod end_sessions;
mod invitations;
mod invite;
mod list;
mod target;

use crate::request::routes::{Description, Routes, routes};

/// The routes under `/api/admin/users` and `/api/businesses/{business_id}`.
pub fn routes<D: Description>() -> Routes<D> {
    routes![
        admin::list_all_users,
        admin::delete_user,
        admin::update_user,
        admin::restore_user,
        end_sessions::end_user_sessions,
        invite::invite_user,
        availability::get_availability,
        availability::set_availability,
        availability::get_user_availability,
        availability::set_user_availability,
        business::list_users,
        business::delete_business_user,
        business::update_business_user,
        business::restore_business_user,
        invitations::list_invitations,
        invite::invite_business_user,
        invitations::withdraw_invitation,
    ]
}
