//! Which dead letters a list shows.

use chrono::{DateTime, Utc};
use prosaas_domain::ids::BusinessId;
use prosaas_events::selection::{DeadLetterFilter, State};
use serde::Deserialize;

use crate::http::{problem::Problem, query};

/// Longest text of a filter, characters.
const MAX_TEXT: usize = 200;

/// Which dead letters, and which page of them.
#[derive(Debug, Deserialize, utoipa::IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct DeadLettersQuery {
    /// Only of this worker: `calls`, `recordings`, `crm`, `whatsapp`, `ops`, `pump`.
    #[param(max_length = 200)]
    worker: Option<String>,
    /// Only this type, such as `pro.prosaas.call.status.v1`, or all of a kind, such as
    /// `pro.prosaas.call.`.
    #[serde(rename = "type")]
    #[param(rename = "type", max_length = 200)]
    event_type: Option<String>,
    /// Only of this business.
    business_id: Option<BusinessId>,
    /// Only with this id, phone number or e-mail address in the event.
    #[param(max_length = 200)]
    entity: Option<String>,
    /// Only failures of this kind.
    #[param(max_length = 200)]
    fingerprint: Option<String>,
    /// Only in this state.
    state: Option<State>,
    /// Only what was given up since then.
    from: Option<DateTime<Utc>>,
    /// Only what was given up before then.
    to: Option<DateTime<Utc>>,
    /// Where to go on, from the page before.
    #[param(max_length = 2000)]
    pub(super) cursor: Option<String>,
    /// Rows of a page.
    #[param(minimum = 1, maximum = 200)]
    pub(super) limit: Option<u32>,
}

impl DeadLettersQuery {
    /// The filter in it.
    pub(super) fn filter(&self) -> Result<DeadLetterFilter, Problem> {
        let text = |name, value: &Option<String>| query::text(name, value.as_deref(), MAX_TEXT);
        Ok(DeadLetterFilter {
            worker: text("worker", &self.worker)?,
            event_type: text("type", &self.event_type)?,
            business_id: self.business_id,
            entity: text("entity", &self.entity)?,
            fingerprint: text("fingerprint", &self.fingerprint)?,
            state: self.state,
            from: self.from.map(|at| query::moment("from", at)).transpose()?,
            to: self.to.map(|at| query::moment("to", at)).transpose()?,
            filed_before: None,
        })
    }
}

/// Whether the database can look for it.
pub(super) fn check(filter: &DeadLetterFilter) -> Result<(), Problem> {
    let texts = [
        ("worker", &filter.worker),
        ("type", &filter.event_type),
        ("entity", &filter.entity),
        ("fingerprint", &filter.fingerprint),
    ];
    for (name, value) in texts {
        query::text(name, value.as_deref(), MAX_TEXT)?;
    }
    for (name, at) in [("from", filter.from), ("to", filter.to), ("filed_before", filter.filed_before)] {
        at.map(|at| query::moment(name, at)).transpose()?;
    }
    Ok(())
}
