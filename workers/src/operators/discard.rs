//! `ops.dead_letter.discard`: dead letters that nobody needs.

use prosaas_dead_letters::replays::masked_selection;
use prosaas_domain::rights::Right;
use prosaas_events::{ops::DeadLetterDiscardV1, subjects::LiveKind};
use serde_json::json;

use super::check_reason;
use crate::{
    crm::{
        command::{Applied, Apply, Change, Scene},
        refusal::Stop,
    },
    dead_letters::discard::discard,
};

impl Apply for DeadLetterDiscardV1 {
    const RIGHT: Right = Right::Administer;

    async fn apply(&self, scene: &mut Scene<'_>) -> Result<Applied, Stop> {
        check_reason(&self.reason)?;
        let by = scene.actor.name.clone();
        let discarded =
            discard(scene.connection, &self.selection, self.expected_count, &self.reason, &by).await?;
        let change = Change {
            business: None,
            action: "dead_letter.discard",
            kind: LiveKind::DeadLetter,
            id: self.batch_id.to_string(),
            before: None,
            after: Some(json!({
                "count": discarded, "reason": self.reason,
                "selection": masked_selection(&json!(self.selection)),
            })),
        };
        Ok(Applied { changes: vec![change], result: json!({ "discarded": discarded }) })
    }
}
