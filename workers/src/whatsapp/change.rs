//! A session in the transaction that applies its facts.

use prosaas_domain::ids::{BusinessId, WhatsappSessionId};
use prosaas_events::whatsapp::{WhatsappFact, WhatsappFactV1};
use serde_json::{Value, json};

use super::fold::{Standing, apply};
use crate::{
    audit::{Actor, Record},
    domain_events::Trigger,
    runtime::Meta,
};

/// A fact with its envelope.
pub(super) type Told<'a> = (&'a Meta, &'a WhatsappFactV1);

/// What facts make of a session.
pub(super) struct Change {
    /// The session.
    pub session: WhatsappSessionId,
    /// How it stands.
    pub after: Standing,
    /// Whether a pairing code means nothing any more.
    pub ends_code: bool,
    /// The last fact that changed something.
    pub trigger: Trigger,
    entries: Vec<Entry>,
}

impl Change {
    /// The session after its facts, in the order in which they are applied; none where they change nothing.
    pub fn of(
        session: WhatsappSessionId,
        business: BusinessId,
        before: &Standing,
        facts: &[Told<'_>],
    ) -> Option<Self> {
        let (mut standing, mut last) = (before.clone(), None);
        let (mut entries, mut ends_code) = (Vec::new(), false);
        for (meta, told) in facts {
            let after = apply(&standing, told);
            if after == standing {
                continue;
            }
            last = Some(*meta);
            ends_code |= ends_a_code(&told.fact);
            let (said, says) = (summary(&standing), summary(&after));
            // Tries in a row stand in the history; only what changes for people is audited.
            if said != says {
                entries.push(Entry {
                    business,
                    actor: Actor::of(meta),
                    key: meta.key(),
                    action: format!("whatsapp.{}", told.fact.kind()),
                    session: session.to_string(),
                    before: said,
                    after: says,
                });
            }
            standing = after;
        }
        let trigger = Trigger::of(last?);
        Some(Self { session, after: standing, ends_code, trigger, entries })
    }

    /// The audit records of it, one for each fact that changed something for people.
    pub fn records(&self) -> impl Iterator<Item = Record<'_>> {
        self.entries.iter().map(Entry::record)
    }
}

/// Whether a pairing code means nothing any more. The others may have been raised in
/// front of the code and come after it.
fn ends_a_code(fact: &WhatsappFact) -> bool {
    matches!(
        fact,
        WhatsappFact::Paired(_)
            | WhatsappFact::Connected(_)
            | WhatsappFact::Expired(_)
            | WhatsappFact::Interrupted(_)
            | WhatsappFact::Replaced(_)
            | WhatsappFact::Unlinked(_)
            | WhatsappFact::LoggedOut(_)
            | WhatsappFact::Stopped(_)
    )
}

/// What one fact changed for people, for the audit.
struct Entry {
    business: BusinessId,
    actor: Actor,
    key: String,
    action: String,
    session: String,
    before: Value,
    after: Value,
}

impl Entry {
    fn record(&self) -> Record<'_> {
        Record {
            business: Some(self.business),
            actor: &self.actor,
            request: None,
            event_id: Some(&self.key),
            action: &self.action,
            entity_type: "whatsapp",
            entity_id: &self.session,
            before: Some(self.before.clone()),
            after: Some(self.after.clone()),
        }
    }
}

/// The session for the audit, without the account's number: an audit record can never
/// be changed.
fn summary(standing: &Standing) -> Value {
    json!({
        "state": standing.state,
        "linked": standing.linked,
        "code": standing.last_code,
        "reason": standing.reason,
    })
}
