//! `crm.user.set_availability`: where and when a person takes calls.

use prosaas_domain::{
    call_config::{MAX_AHEAD, SettingsError, SettingsProblem},
    ids::{BusinessId, UserId},
    phone::E164,
    rights::{Right, may_manage},
};
use prosaas_events::{crm::user::UserSetAvailabilityV1, subjects::LiveKind};
use serde_json::{Value, json};
use sqlx::PgConnection;

use super::{load, removed};
use crate::{
    crm::{
        business,
        businesses::{self, loops},
        command::{Applied, Apply, Change, Scene},
        refusal::{Refusal, Stop},
    },
    runtime::Failure,
};

impl Apply for UserSetAvailabilityV1 {
    /// Their own is everybody's; that of others is a matter of rank.
    const RIGHT: Right = Right::WriteCrm;

    fn business(&self) -> Option<BusinessId> {
        Some(self.business_id)
    }

    fn configures(&self, _: Option<BusinessId>) -> Option<BusinessId> {
        Some(self.business_id)
    }

    async fn apply(&self, scene: &mut Scene<'_>) -> Result<Applied, Stop> {
        let user = load(scene, self.user_id).await?;
        if user.business != Some(self.business_id) {
            return Err(Refusal::not_found("person").into());
        }
        if scene.actor.id != user.id {
            may_manage(scene.actor.role, user.role, false)?;
        }
        removed(&user)?;
        check(self, scene).await?;
        let before = summary(scene.connection, user.id).await?;
        save(self, scene.connection).await?;
        changed(scene.connection, user.id).await?;
        let after = summary(scene.connection, user.id).await?;
        let change = Change {
            business: user.business,
            action: "user.set_availability",
            kind: LiveKind::User,
            id: user.id.to_string(),
            before,
            after,
        };
        Ok(Applied { changes: vec![change], result: json!({ "user_id": user.id }) })
    }
}

async fn check(wanted: &UserSetAvailabilityV1, scene: &mut Scene<'_>) -> Result<(), Stop> {
    if let Some(week) = &wanted.hours {
        businesses::refuse(&week.validate().err().unwrap_or_default())?;
    }
    let latest = scene.meta.time + MAX_AHEAD;
    if wanted.not_before.is_some_and(|until| until > latest) {
        return Err(Refusal::invalid("not_before", "too_far", "This is more than 31 days ahead.").into());
    }
    let Some(number) = &wanted.number else { return Ok(()) };
    let held = business::hold(scene.connection, wanted.business_id).await?;
    let config = held.ok_or_else(|| Refusal::not_found("business"))?.config;
    let problem = if !number.is_plausible() {
        SettingsProblem::NoNumber
    } else if config.numbers.contains(number) {
        SettingsProblem::OwnNumber
    } else if loops::leads_back(scene.connection, wanted.business_id, number).await? {
        SettingsProblem::Loop
    } else {
        return Ok(());
    };
    businesses::refuse(&[SettingsError { field: "number".to_owned(), problem }])?;
    Ok(())
}

async fn save(wanted: &UserSetAvailabilityV1, connection: &mut PgConnection) -> Result<(), Stop> {
    let hours = wanted.hours.as_ref().map(serde_json::to_value).transpose().map_err(Failure::fail)?;
    sqlx::query!(
        "INSERT INTO prosaas.call_people (user_id, number, hours, not_before) VALUES ($1, $2, $3, $4)
         ON CONFLICT ON CONSTRAINT call_people_pk DO UPDATE
         SET number = EXCLUDED.number, hours = EXCLUDED.hours, not_before = EXCLUDED.not_before,
             updated_at = now()",
        wanted.user_id.0,
        wanted.number.as_ref().map(E164::as_str),
        hours,
        wanted.not_before
    )
    .execute(connection)
    .await?;
    Ok(())
}

/// For the audit, without the number, which stands in the row: a record can never be changed.
async fn summary(connection: &mut PgConnection, user: UserId) -> Result<Option<Value>, sqlx::Error> {
    let row = sqlx::query!(
        "SELECT number IS NOT NULL AS \"takes_calls!\", hours, not_before FROM prosaas.call_people WHERE user_id = $1",
        user.0
    )
    .fetch_optional(connection)
    .await?;
    Ok(row.map(
        |row| json!({ "takes_calls": row.takes_calls, "hours": row.hours, "not_before": row.not_before }),
    ))
}

/// Whoever takes calls is a part of how their business answers: its revision grows, so that every ingress hears of it.
pub(super) async fn changed(connection: &mut PgConnection, user: UserId) -> Result<(), sqlx::Error> {
    sqlx::query!(
        "UPDATE prosaas.businesses b SET call_settings_revision = call_settings_revision + 1
         FROM prosaas.users u JOIN prosaas.call_people p ON p.user_id = u.id
         WHERE u.id = $1 AND b.id = u.business_id",
        user.0
    )
    .execute(connection)
    .await?;
    Ok(())
}

/// Who is removed takes no calls; the number was theirs.
pub(super) async fn forget(connection: &mut PgConnection, user: UserId) -> Result<(), sqlx::Error> {
    changed(&mut *connection, user).await?;
    sqlx::query!("DELETE FROM prosaas.call_people WHERE user_id = $1", user.0).execute(connection).await?;
    Ok(())
}
