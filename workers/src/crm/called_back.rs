//! `crm.call.mark_called_back`: somebody has called back whom the business had missed.

use prosaas_domain::rights::Right;
use prosaas_events::{crm::call::CallMarkCalledBackV1, subjects::LiveKind};
use serde_json::json;

use super::{
    command::{Applied, Apply, Change, Scene},
    refusal::{Refusal, Stop},
};
use crate::calls;

impl Apply for CallMarkCalledBackV1 {
    const RIGHT: Right = Right::WriteCrm;

    /// The first mark stays: who calls back a second time changes nothing.
    async fn apply(&self, scene: &mut Scene<'_>) -> Result<Applied, Stop> {
        let business = scene.business()?;
        calls::store::lock(scene.connection, &self.call_sid).await?;
        let call = sqlx::query!(
            "SELECT missed, called_back_at FROM prosaas.calls WHERE business_id = $1 AND call_sid = $2",
            business.0,
            self.call_sid.as_str()
        )
        .fetch_optional(&mut *scene.connection)
        .await?;
        let Some(call) = call else { return Err(Stop::Missing(Refusal::not_found("call"))) };
        if !call.missed {
            return Err(Refusal::conflict("/problems/call-not-missed", "This call was not missed.").into());
        }
        let result = json!({ "called_back": true });
        if call.called_back_at.is_some() {
            return Ok(Applied { changes: Vec::new(), result });
        }
        sqlx::query!(
            "UPDATE prosaas.calls SET called_back_at = $3, called_back_by = $4, updated_at = now()
             WHERE business_id = $1 AND call_sid = $2",
            business.0,
            self.call_sid.as_str(),
            scene.meta.time,
            scene.actor.id.0
        )
        .execute(&mut *scene.connection)
        .await?;
        let change = Change {
            business: Some(business),
            action: "call.mark_called_back",
            kind: LiveKind::Call,
            id: self.call_sid.to_string(),
            before: Some(json!({ "called_back": false })),
            after: Some(json!({ "called_back": true })),
        };
        Ok(Applied { changes: vec![change], result })
    }
}
