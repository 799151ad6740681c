//! `crm.business.create`: a system admin takes a business in.

use prosaas_domain::{
    call_config::{CallConfig, CallSettings},
    ids::BusinessId,
    rights::Right,
};
use prosaas_events::crm::business::BusinessCreateV1;
use serde_json::json;

use super::{add_number, change, check, distinct};
use crate::crm::{
    command::{Applied, Apply, Scene},
    refusal::Stop,
};

impl Apply for BusinessCreateV1 {
    const RIGHT: Right = Right::Administer;

    fn business(&self) -> Option<BusinessId> {
        Some(self.business_id)
    }

    fn configures(&self, _: Option<BusinessId>) -> Option<BusinessId> {
        Some(self.business_id)
    }

    async fn apply(&self, scene: &mut Scene<'_>) -> Result<Applied, Stop> {
        let config = CallConfig {
            business_id: self.business_id,
            business_name: self.name.trim().to_owned(),
            numbers: distinct(&self.numbers)?,
            time_zone: self.time_zone,
            people: Vec::new(),
            revision: 1,
            settings: CallSettings::default(),
        };
        check(&config)?;
        sqlx::query!(
            "INSERT INTO prosaas.businesses (id, name, time_zone, created_at) VALUES ($1, $2, $3, $4)",
            config.business_id.0,
            config.business_name,
            config.time_zone.name(),
            scene.meta.time
        )
        .execute(&mut *scene.connection)
        .await?;
        for number in &config.numbers {
            add_number(scene.connection, config.business_id, number).await?;
        }
        let result = json!({ "business_id": config.business_id, "revision": config.revision });
        Ok(Applied { changes: vec![change(&config, "business.create", None, &config)], result })
    }
}
