//! `ops.worker.pause` and `ops.worker.resume`.

use prosaas_domain::rights::Right;
use prosaas_events::{
    crm::CommandArgs as _,
    ops::{WorkerPauseV1, WorkerResumeV1},
    subjects::LiveKind,
};
use serde_json::json;

use super::{check_reason, pauses};
use crate::crm::{
    command::{Applied, Apply, Change, Scene},
    refusal::Stop,
};

impl Apply for WorkerPauseV1 {
    const RIGHT: Right = Right::Administer;

    async fn apply(&self, scene: &mut Scene<'_>) -> Result<Applied, Stop> {
        check_reason(&self.reason)?;
        let by = scene.actor.name.clone();
        let was = pauses::set(scene.connection, &self.worker, Some(self.minutes), &self.reason, &by).await?;
        let after = json!({
            "worker": self.worker, "paused": true, "minutes": self.minutes, "reason": self.reason,
        });
        let change = Change {
            business: None,
            action: "worker.pause",
            kind: LiveKind::Worker,
            id: self.entity().to_string(),
            before: Some(json!({ "paused": was })),
            after: Some(after),
        };
        Ok(Applied { changes: vec![change], result: json!({ "paused": true }) })
    }
}

impl Apply for WorkerResumeV1 {
    const RIGHT: Right = Right::Administer;

    async fn apply(&self, scene: &mut Scene<'_>) -> Result<Applied, Stop> {
        check_reason(&self.reason)?;
        let by = scene.actor.name.clone();
        let was = pauses::set(scene.connection, &self.worker, None, &self.reason, &by).await?;
        let after = json!({ "worker": self.worker, "paused": false, "reason": self.reason });
        let change = Change {
            business: None,
            action: "worker.resume",
            kind: LiveKind::Worker,
            id: self.entity().to_string(),
            before: Some(json!({ "paused": was })),
            after: Some(after),
        };
        Ok(Applied { changes: vec![change], result: json!({ "paused": false }) })
    }
}
