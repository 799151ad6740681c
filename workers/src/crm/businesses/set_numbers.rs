//! `crm.business.set_numbers`: the numbers that a business owns, all of them.

use prosaas_domain::{call_config::CallConfig, ids::BusinessId, rights::Right};
use prosaas_events::crm::business::BusinessSetNumbersV1;
use serde_json::json;

use super::{add_number, change, check_change, distinct, hold, loops, refuse};
use crate::crm::{
    command::{Applied, Apply, Scene},
    refusal::Stop,
};

impl Apply for BusinessSetNumbersV1 {
    const RIGHT: Right = Right::Administer;

    fn business(&self) -> Option<BusinessId> {
        Some(self.business_id)
    }

    fn configures(&self, _: Option<BusinessId>) -> Option<BusinessId> {
        Some(self.business_id)
    }

    async fn apply(&self, scene: &mut Scene<'_>) -> Result<Applied, Stop> {
        let before = hold(scene.connection, self.business_id).await?.config;
        let numbers = distinct(&self.numbers)?;
        if numbers == before.numbers {
            let result = json!({ "revision": before.revision, "numbers": numbers });
            return Ok(Applied { changes: Vec::new(), result });
        }
        let after = CallConfig { numbers, revision: before.revision + 1, ..before.clone() };
        check_change(&before, &after)?;
        let kept: Vec<String> = after.numbers.iter().map(ToString::to_string).collect();
        sqlx::query!(
            "UPDATE prosaas.business_numbers SET released_at = now()
             WHERE business_id = $1 AND released_at IS NULL AND e164 <> ALL ($2)",
            self.business_id.0,
            &kept
        )
        .execute(&mut *scene.connection)
        .await?;
        for number in after.numbers.iter().filter(|number| !before.numbers.contains(number)) {
            add_number(scene.connection, self.business_id, number).await?;
        }
        refuse(&loops::in_settings(scene.connection, &after).await?)?;
        sqlx::query!(
            "UPDATE prosaas.businesses SET call_settings_revision = $2, updated_at = now() WHERE id = $1",
            self.business_id.0,
            after.revision
        )
        .execute(&mut *scene.connection)
        .await?;
        let result = json!({ "revision": after.revision, "numbers": after.numbers });
        let numbers = |config: &CallConfig| json!({ "numbers": config.numbers });
        let change = change(&after, "business.set_numbers", Some(numbers(&before)), numbers(&after));
        Ok(Applied { changes: vec![change], result })
    }
}
