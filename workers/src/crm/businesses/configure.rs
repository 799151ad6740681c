//! `crm.business.configure`: how a business answers its calls.

use prosaas_domain::{
    call_config::{CallConfig, MAX_AHEAD},
    ids::BusinessId,
    rights::Right,
};
use prosaas_events::crm::business::BusinessConfigureV1;
use serde_json::json;
use sqlx::PgConnection;

use super::{change, check_but_who_left, hold, loops, refuse, told};
use crate::{
    crm::{
        command::{Applied, Apply, Scene},
        refusal::{Refusal, Stop},
    },
    runtime::Failure,
};

impl Apply for BusinessConfigureV1 {
    const RIGHT: Right = Right::ManageBusiness;

    fn business(&self) -> Option<BusinessId> {
        Some(self.business_id)
    }

    fn configures(&self, _: Option<BusinessId>) -> Option<BusinessId> {
        Some(self.business_id)
    }

    async fn apply(&self, scene: &mut Scene<'_>) -> Result<Applied, Stop> {
        let before = hold(scene.connection, self.business_id).await?.config;
        let after = changed(&before, self)?;
        if self.settings.for_now.is_some_and(|for_now| for_now.until > scene.meta.time + MAX_AHEAD) {
            let error = "This is more than 31 days ahead.";
            return Err(Refusal::invalid("for_now.until", "too_far", error).into());
        }
        refuse(&loops::in_settings(scene.connection, &after).await?)?;
        save(scene.connection, &after).await?;
        let result = json!({ "revision": after.revision });
        let change = change(&after, "business.configure", Some(told(&before)), told(&after));
        Ok(Applied { changes: vec![change], result })
    }
}

/// The configuration after the command. Pure.
fn changed(before: &CallConfig, command: &BusinessConfigureV1) -> Result<CallConfig, Refusal> {
    if command.expected_revision.is_some_and(|expected| expected != before.revision) {
        return Err(Refusal::stale("business"));
    }
    let after = CallConfig {
        business_id: before.business_id,
        business_name: command.name.as_deref().unwrap_or(&before.business_name).trim().to_owned(),
        numbers: before.numbers.clone(),
        time_zone: command.time_zone.unwrap_or(before.time_zone),
        people: before.people.clone(),
        revision: before.revision + 1,
        settings: command.settings.clone(),
    };
    check_but_who_left(before, &after)?;
    Ok(after)
}

async fn save(connection: &mut PgConnection, config: &CallConfig) -> Result<(), Stop> {
    let settings = serde_json::to_value(&config.settings).map_err(Failure::fail)?;
    sqlx::query!(
        "UPDATE prosaas.businesses
         SET name = $2, time_zone = $3, call_settings = $4, call_settings_revision = $5, updated_at = now()
         WHERE id = $1",
        config.business_id.0,
        config.business_name,
        config.time_zone.name(),
        settings,
        config.revision
    )
    .execute(connection)
    .await?;
    Ok(())
}

#[cfg(test)]
mod tests {
    use prosaas_domain::call_config::{CallMode, CallSettings};
    use uuid::Uuid;

    use super::*;

    fn before() -> CallConfig {
        CallConfig {
            business_id: BusinessId(Uuid::nil()),
            business_name: "Dana".to_owned(),
            numbers: Vec::new(),
            time_zone: chrono_tz::Asia::Jerusalem,
            people: Vec::new(),
            revision: 7,
            settings: CallSettings::default(),
        }
    }

    fn command(expected_revision: Option<i64>, settings: CallSettings) -> BusinessConfigureV1 {
        let business_id = BusinessId(Uuid::nil());
        BusinessConfigureV1 { business_id, name: None, time_zone: None, expected_revision, settings }
    }

    #[test]
    fn a_change_raises_the_revision_and_keeps_what_is_not_named() {
        let settings = CallSettings { max_message_s: 60, ..CallSettings::default() };
        for expected in [None, Some(7)] {
            let after = changed(&before(), &command(expected, settings.clone())).expect("applied");
            assert_eq!((after.revision, after.settings.max_message_s), (8, 60));
            assert_eq!(after.business_name, "Dana");
        }
    }

    #[test]
    fn a_stale_or_invalid_command_is_refused() {
        let stale = changed(&before(), &command(Some(6), CallSettings::default()));
        assert_eq!(stale.err().map(|refusal| refusal.status), Some(412));
        let to_nobody = CallSettings { mode: CallMode::Forward, ..CallSettings::default() };
        let invalid = changed(&before(), &command(None, to_nobody)).expect_err("refused");
        assert_eq!((invalid.status, invalid.errors[0].field.as_str()), (422, "targets"));
        assert_eq!(invalid.errors[0].code, "nobody_to_forward_to");
    }
}
