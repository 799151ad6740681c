//! Commands about businesses.

mod configure;
mod create;
pub(in crate::crm) mod loops;
mod set_active;
mod set_numbers;

use std::collections::BTreeSet;

use prosaas_domain::{
    call_config::{CallConfig, SettingsError},
    ids::BusinessId,
    phone::E164,
};
use prosaas_events::subjects::LiveKind;
use serde_json::{Value, json};
use sqlx::PgConnection;
use uuid::Uuid;

use super::{
    business::{Held, LoadError},
    command::Change,
    refusal::{FieldError, Refusal, Stop},
};
use crate::runtime::Failure;

/// Most numbers of one business.
const MAX_NUMBERS: usize = 100;

impl From<LoadError> for Stop {
    fn from(error: LoadError) -> Self {
        match error {
            LoadError::Database(error) => error.into(),
            LoadError::Settings(..) => Self::Failed(Failure::fail(error)),
        }
    }
}

/// The business for the command that is about it, locked.
async fn hold(connection: &mut PgConnection, business: BusinessId) -> Result<Held, Stop> {
    let held = super::business::hold(connection, business).await?;
    held.ok_or_else(|| Stop::Missing(Refusal::not_found("business")))
}

fn change(
    config: &CallConfig,
    action: &'static str,
    before: Option<Value>,
    after: impl serde::Serialize,
) -> Change {
    Change {
        business: Some(config.business_id),
        action,
        kind: LiveKind::Business,
        id: config.business_id.to_string(),
        before,
        after: Some(json!(after)),
    }
}

/// A configuration for the audit, without its people's numbers: those are theirs, and a record can never be changed.
fn told(config: &CallConfig) -> Value {
    json!(CallConfig { people: Vec::new(), ..config.clone() })
}

/// Numbers, each once, in order. One that nobody can have would answer no call.
fn distinct(numbers: &[E164]) -> Result<Vec<E164>, Refusal> {
    if let Some(at) = numbers.iter().position(|number| !number.is_plausible()) {
        return Err(Refusal::invalid(&format!("numbers[{at}]"), "format", "This is no phone number."));
    }
    let distinct: BTreeSet<_> = numbers.iter().cloned().collect();
    if distinct.len() > MAX_NUMBERS {
        return Err(Refusal::invalid("numbers", "length", "A business has at most 100 numbers."));
    }
    Ok(distinct.into_iter().collect())
}

/// Refuses a configuration that the ingress could not answer by.
fn check(config: &CallConfig) -> Result<(), Refusal> {
    refuse(&config.validate().err().unwrap_or_default())
}

/// The same, but for people who were among the targets and can be rung no more: they are passed over, and must not keep
/// an owner from saying anything else.
fn check_but_who_left(before: &CallConfig, after: &CallConfig) -> Result<(), Refusal> {
    let mut problems = after.validate().err().unwrap_or_default();
    problems.retain(|problem| !after.is_unreachable_as_in(before, problem));
    refuse(&problems)
}

/// The same where only a part changes: what was wrong before is somebody else's to fix.
fn check_change(before: &CallConfig, after: &CallConfig) -> Result<(), Refusal> {
    let known = before.validate().err().unwrap_or_default();
    let mut problems = after.validate().err().unwrap_or_default();
    problems.retain(|problem| !known.contains(problem));
    refuse(&problems)
}

pub(in crate::crm) fn refuse(problems: &[SettingsError]) -> Result<(), Refusal> {
    if problems.is_empty() {
        return Ok(());
    }
    let errors = problems.iter().map(|error| FieldError {
        field: error.field.clone(),
        code: error.problem.code(),
        error: error.problem.to_string(),
    });
    Err(Refusal::invalid_fields(errors.collect()))
}

async fn add_number(
    connection: &mut PgConnection,
    business: BusinessId,
    number: &E164,
) -> Result<(), sqlx::Error> {
    sqlx::query!(
        "INSERT INTO prosaas.business_numbers (id, business_id, e164) VALUES ($1, $2, $3)",
        Uuid::now_v7(),
        business.0,
        number.as_str()
    )
    .execute(connection)
    .await?;
    Ok(())
}
