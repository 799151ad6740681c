//! A selection of dead letters as SQL.

use prosaas_events::selection::{DeadLetterFilter, Selection};
use sqlx::{Postgres, QueryBuilder};

use super::terms;

/// Adds a filter's conditions, each behind an AND, on the table `dead_letters` by the name `d`.
pub fn push_filter(query: &mut QueryBuilder<Postgres>, filter: &DeadLetterFilter) {
    if let Some(worker) = &filter.worker {
        query.push(" AND d.consumer = ").push_bind(worker.clone());
    }
    if let Some(event_type) = &filter.event_type {
        if event_type.ends_with('.') {
            query.push(" AND d.event_type LIKE ").push_bind(format!("{}%", escaped(event_type)));
        } else {
            query.push(" AND d.event_type = ").push_bind(event_type.clone());
        }
    }
    if let Some(business) = filter.business_id {
        query.push(" AND d.business_id = ").push_bind(business.0);
    }
    if let Some(entity) = &filter.entity {
        query.push(" AND d.terms @> ").push_bind(vec![terms::normal(entity)]);
    }
    if let Some(fingerprint) = &filter.fingerprint {
        query.push(" AND d.fingerprint = ").push_bind(fingerprint.clone());
    }
    if let Some(state) = filter.state {
        query.push(" AND d.state = ").push_bind(state.as_str());
    }
    if let Some(from) = filter.from {
        query.push(" AND d.died_at >= ").push_bind(from);
    }
    if let Some(to) = filter.to {
        query.push(" AND d.died_at < ").push_bind(to);
    }
    if let Some(filed) = filter.filed_before {
        query.push(" AND d.filed_at <= ").push_bind(filed);
    }
}

/// Adds a selection's conditions, as [`push_filter`] does.
pub fn push_selection(query: &mut QueryBuilder<Postgres>, selection: &Selection) {
    match selection {
        Selection::Ids(ids) => {
            query.push(" AND d.id = ANY (").push_bind(ids.clone()).push(")");
        }
        Selection::Filter(filter) => push_filter(query, filter),
    }
}

fn escaped(text: &str) -> String {
    text.replace('\\', "\\\\").replace('%', "\\%").replace('_', "\\_")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_value_is_bound_and_a_wildcard_is_none() {
        let filter = DeadLetterFilter {
            worker: Some("'; DROP TABLE x; --".to_owned()),
            event_type: Some("pro.%_.".to_owned()),
            ..DeadLetterFilter::default()
        };
        let mut query = QueryBuilder::new("SELECT");
        push_filter(&mut query, &filter);
        assert_eq!(query.into_string(), "SELECT AND d.consumer = $1 AND d.event_type LIKE $2");
        assert_eq!(escaped("pro.%_."), "pro.\\%\\_.");
    }
}
