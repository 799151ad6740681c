//! `ops.replay.start` and `ops.replay.cancel`.

use prosaas_domain::rights::Right;
use prosaas_events::{
    ops::{ReplayCancelV1, ReplayStartV1},
    subjects::LiveKind,
};
use serde_json::json;

use super::check_reason;
use crate::{
    crm::{
        command::{Applied, Apply, Change, Scene},
        refusal::Stop,
    },
    replays::{NewReplay, cancel, start},
};

impl Apply for ReplayStartV1 {
    const RIGHT: Right = Right::Administer;

    async fn apply(&self, scene: &mut Scene<'_>) -> Result<Applied, Stop> {
        check_reason(&self.reason)?;
        let name = scene.actor.name.clone();
        let new = NewReplay {
            id: self.replay_id,
            reason: &self.reason,
            rate: self.rate,
            by: Some(scene.actor.id),
            by_name: &name,
        };
        let started = start(scene.connection, &new, &self.selection, self.expected_count).await?;
        let change = Change {
            business: None,
            action: "replay.start",
            kind: LiveKind::Replay,
            id: self.replay_id.to_string(),
            before: None,
            after: Some(started.audit(&new)),
        };
        let result = json!({ "replay_id": self.replay_id, "number": started.number, "count": started.count });
        Ok(Applied { changes: vec![change], result })
    }
}

impl Apply for ReplayCancelV1 {
    const RIGHT: Right = Right::Administer;

    async fn apply(&self, scene: &mut Scene<'_>) -> Result<Applied, Stop> {
        check_reason(&self.reason)?;
        let cancelled = cancel(scene.connection, self.replay_id).await?;
        let change = Change {
            business: None,
            action: "replay.cancel",
            kind: LiveKind::Replay,
            id: self.replay_id.to_string(),
            before: Some(json!({ "state": "running" })),
            after: Some(json!({ "state": "cancelled", "cancelled": cancelled, "reason": self.reason })),
        };
        Ok(Applied { changes: vec![change], result: json!({ "cancelled": cancelled }) })
    }
}
