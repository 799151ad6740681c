//! What became of a command, for whoever asked.

use prosaas_events::crm::{Command, CommandArgs};
use serde_json::Value;
use sqlx::PgConnection;

use super::refusal::Refusal;
use crate::{
    runtime::Meta,
    text::{storable_json, storable_value},
};

/// Writes the operation's row. A command that succeeds in a replay says so in the row
/// that its failure left.
pub(super) async fn write<T: CommandArgs>(
    connection: &mut PgConnection,
    meta: &Meta,
    command: &Command<T>,
    outcome: &Result<Value, Refusal>,
) -> Result<(), sqlx::Error> {
    let (state, result, problem) = match outcome {
        Ok(result) => ("succeeded", Some(storable_value(result.clone())), None),
        Err(refusal) => {
            let problem = storable_json(refusal).map_err(|e| sqlx::Error::Encode(e.into()))?;
            ("failed", None, Some(problem))
        }
    };
    sqlx::query!(
        "INSERT INTO prosaas.operations (id, business_id, actor_id, action, entity_id, state, result, problem)
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8)
         ON CONFLICT ON CONSTRAINT operations_pk DO UPDATE
             SET state = $6, result = $7, problem = $8, finished_at = now()",
        command.meta.operation_id.0,
        meta.business.map(|business| business.0),
        meta.actor.map(|actor| actor.0),
        T::ACTION,
        command.args.entity(),
        state,
        result,
        problem
    )
    .execute(connection)
    .await?;
    Ok(())
}
