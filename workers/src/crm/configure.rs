//! `crm.business.configure`: how a business answers its calls.

use std::time::Duration;

use prosaas_shared::{call_config::CallConfig, events::crm::business::BusinessConfigureV1};
use serde_json::{Value, json};
use sqlx::{PgConnection, PgPool};

use super::business::{self, LoadError};
use crate::{
    audit::{self, Actor, Record},
    runtime::{Done, Failure, Mark, Meta, mark_processed},
};

/// An event whose entity is missing is tried for a minute: ten seconds, six times.
const MISSING_PAUSE: Duration = Duration::from_secs(10);
const MISSING_ATTEMPTS: u64 = 6;

/// Why a command changes nothing. It is an answer to whoever asked, not a failure.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
enum Refusal {
    #[error("the settings were changed meanwhile")]
    Stale { found: i64 },
    #[error("the settings are not valid")]
    Invalid(Value),
}

impl From<LoadError> for Failure {
    fn from(error: LoadError) -> Self {
        match error {
            LoadError::Database(error) => error.into(),
            LoadError::Settings(..) => Self::fail(error),
        }
    }
}

/// Applies the command, or records why it was refused.
pub async fn configure(
    pool: &PgPool,
    consumer: &str,
    attempt: u64,
    meta: &Meta,
    command: &BusinessConfigureV1,
) -> Result<Done, Failure> {
    if meta.business.is_some_and(|business| business != command.business_id) {
        return Err(Failure::fail("the command is about another business than its envelope"));
    }
    let mut transaction = pool.begin().await?;
    if mark_processed(&mut transaction, consumer, &meta.id).await? == Mark::Known {
        return Ok(Done::AlreadyApplied);
    }
    let Some(before) = business::load(&mut transaction, command.business_id, true).await? else {
        return Err(missing(attempt));
    };
    match changed(&before, command) {
        Ok(after) => {
            save(&mut transaction, &after).await?;
            record(&mut transaction, meta, "business.configure", Some(&before), json!(after)).await?;
        }
        Err(refusal) => {
            let why = json!({
                "refused": refusal.to_string(),
                "expected_revision": command.expected_revision,
                "detail": match &refusal {
                    Refusal::Stale { found } => json!({ "revision": found }),
                    Refusal::Invalid(problems) => problems.clone(),
                },
            });
            record(&mut transaction, meta, "business.configure_refused", Some(&before), why).await?;
        }
    }
    transaction.commit().await?;
    Ok(Done::Applied)
}

fn missing(attempt: u64) -> Failure {
    let cause = "there is no such living, active business";
    if attempt > MISSING_ATTEMPTS {
        return Failure::fail(cause);
    }
    Failure::Retry { after: Some(MISSING_PAUSE), cause: cause.into() }
}

/// The configuration after the command. Pure.
fn changed(before: &CallConfig, command: &BusinessConfigureV1) -> Result<CallConfig, Refusal> {
    if command.expected_revision.is_some_and(|expected| expected != before.revision) {
        return Err(Refusal::Stale { found: before.revision });
    }
    let after = CallConfig {
        business_id: before.business_id,
        business_name: command.name.clone().unwrap_or_else(|| before.business_name.clone()),
        numbers: before.numbers.clone(),
        time_zone: command.time_zone.unwrap_or(before.time_zone),
        revision: before.revision + 1,
        settings: command.settings.clone(),
    };
    after.validate().map_err(|problems| Refusal::Invalid(json!(problems)))?;
    Ok(after)
}

async fn save(connection: &mut PgConnection, config: &CallConfig) -> Result<(), Failure> {
    let settings = serde_json::to_value(&config.settings).map_err(Failure::fail)?;
    let rows = sqlx::query!(
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
    .await?
    .rows_affected();
    if rows == 1 { Ok(()) } else { Err(Failure::retry("the business's row was not there to be changed")) }
}

async fn record(
    connection: &mut PgConnection,
    meta: &Meta,
    action: &str,
    before: Option<&CallConfig>,
    after: Value,
) -> Result<(), sqlx::Error> {
    let id = before.map(|b| b.business_id);
    let record = Record {
        business: id,
        actor: &Actor::of(meta),
        event_id: Some(&meta.id),
        action,
        entity_type: "business",
        entity_id: &id.map(|b| b.to_string()).unwrap_or_default(),
        before: before.map(|b| json!(b)),
        after: Some(after),
    };
    audit::write(connection, record).await
}

#[cfg(test)]
mod tests {
    use prosaas_shared::{
        call_config::{CallMode, CallSettings},
        ids::BusinessId,
    };
    use uuid::Uuid;

    use super::*;

    fn before() -> CallConfig {
        CallConfig {
            business_id: BusinessId(Uuid::nil()),
            business_name: "Dana".to_owned(),
            numbers: Vec::new(),
            time_zone: chrono_tz::Asia::Jerusalem,
            revision: 7,
            settings: CallSettings::default(),
        }
    }

    fn command(expected_revision: Option<i64>, settings: CallSettings) -> BusinessConfigureV1 {
        let business_id = BusinessId(Uuid::nil());
        BusinessConfigureV1 { business_id, name: None, time_zone: None, expected_revision, settings }
    }

    #[test]
    fn a_change_raises_the_revision_and_keeps_what_is_not_named() -> anyhow::Result<()> {
        let settings = CallSettings { max_message_s: 60, ..CallSettings::default() };
        for expected in [None, Some(7)] {
            let after = changed(&before(), &command(expected, settings.clone()))?;
            assert_eq!((after.revision, after.settings.max_message_s), (8, 60));
            assert_eq!(after.business_name, "Dana");
        }
        Ok(())
    }

    #[test]
    fn a_stale_or_invalid_command_is_refused() {
        let stale = changed(&before(), &command(Some(6), CallSettings::default()));
        assert_eq!(stale.err(), Some(Refusal::Stale { found: 7 }));
        let to_nobody = CallSettings { mode: CallMode::Forward, ..CallSettings::default() };
        let invalid = changed(&before(), &command(None, to_nobody));
        assert!(matches!(invalid, Err(Refusal::Invalid(_))));
    }
}
