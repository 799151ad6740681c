//! Which dead letters a command is about.

use clap::Args;
use prosaas_domain::ids::BusinessId;
use prosaas_events::selection::{DeadLetterFilter, State};
use prosaas_platform::clock;

use super::time::{self, When};

/// Which dead letters.
#[derive(Debug, Clone, Args)]
pub struct Filter {
    /// The worker that failed: calls, recordings, crm, whatsapp, ops, pump.
    #[arg(long)]
    worker: Option<String>,
    /// The event's type, whole, or its beginning up to a dot.
    #[arg(long = "type")]
    event_type: Option<String>,
    /// The business's id.
    #[arg(long)]
    business: Option<BusinessId>,
    /// A CallSid, another id, a phone number in any spelling, or an e-mail address.
    #[arg(long)]
    entity: Option<String>,
    /// The error's fingerprint, see `dead stats`.
    #[arg(long)]
    fingerprint: Option<String>,
    /// new, replaying, replayed or discarded.
    #[arg(long)]
    state: Option<State>,
    /// Died since: a time, or 30m, 2h, 7d ago.
    #[arg(long, value_parser = time::parse)]
    from: Option<When>,
    /// Died before.
    #[arg(long, value_parser = time::parse)]
    to: Option<When>,
}

impl Filter {
    /// As the database is asked.
    pub fn read(self) -> DeadLetterFilter {
        let now = clock::system().now();
        DeadLetterFilter {
            worker: self.worker,
            event_type: self.event_type,
            business_id: self.business,
            entity: self.entity,
            fingerprint: self.fingerprint,
            state: self.state,
            from: self.from.map(|when| when.at(now)),
            to: self.to.map(|when| when.at(now)),
            filed_before: None,
        }
    }
}
