//! Forwarding that comes back: a call would ring in a circle until Twilio ends it.

use std::collections::BTreeSet;

use prosaas_domain::{
    call_config::{CallConfig, SettingsError, SettingsProblem},
    ids::BusinessId,
    phone::E164,
};
use sqlx::PgConnection;

use crate::crm::business::{self, LoadError};

/// How many businesses a circle may have that is looked for.
const MAX_HOPS: usize = 10;

/// The targets of a configuration from which a call would come back.
pub(super) async fn in_settings(
    connection: &mut PgConnection,
    config: &CallConfig,
) -> Result<Vec<SettingsError>, LoadError> {
    let mut found = Vec::new();
    for (field, number) in rung(config) {
        if leads_back(connection, config.business_id, &number).await? {
            found.push(SettingsError { field, problem: SettingsProblem::Loop });
        }
    }
    Ok(found)
}

/// Whether a call that `business` puts through to that number can come back to it: the number is another business's,
/// which rings somebody (at whatever hour, from whatever menu) whose number is the first one's, or leads there.
pub(in crate::crm) async fn leads_back(
    connection: &mut PgConnection,
    business: BusinessId,
    number: &E164,
) -> Result<bool, LoadError> {
    // Two businesses that begin to ring each other at once: the second sees the first.
    sqlx::query!("SELECT pg_advisory_xact_lock(hashtextextended('prosaas.forwarding', 0))")
        .execute(&mut *connection)
        .await?;
    let (mut seen, mut numbers) = (BTreeSet::new(), vec![number.to_string()]);
    for _ in 0..MAX_HOPS {
        let owners = sqlx::query_scalar!(
            "SELECT DISTINCT business_id FROM prosaas.business_numbers
             WHERE e164 = ANY ($1) AND released_at IS NULL",
            &numbers
        )
        .fetch_all(&mut *connection)
        .await?;
        numbers.clear();
        for owner in owners.into_iter().map(BusinessId) {
            if owner == business {
                return Ok(true);
            }
            // What cannot be read rings nobody.
            if let (true, Ok(Some(held))) = (seen.insert(owner), business::read(connection, owner).await) {
                numbers.extend(rung(&held.config).into_iter().map(|(_, number)| number.to_string()));
            }
        }
        if numbers.is_empty() {
            return Ok(false);
        }
    }
    Ok(false)
}

/// Every number that a configuration may ring, at whatever hour, with its field.
fn rung(config: &CallConfig) -> Vec<(String, E164)> {
    let settings = &config.settings;
    let mut lists = settings.target_lists();
    lists.retain(|(field, _)| field != "targets");
    let main = if settings.forwards() { settings.targets() } else { Vec::new() };
    let field = if settings.targets.is_empty() { "forward_to" } else { "targets" };
    let mut all = Vec::new();
    for (field, targets) in lists.into_iter().chain([(field.to_owned(), main.as_slice())]) {
        for (at, target) in targets.iter().enumerate() {
            all.extend(config.number_of(target).map(|number| (format!("{field}[{at}].who"), number.clone())));
        }
    }
    all
}
