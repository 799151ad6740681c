//! Called numbers and their answers.

use std::{
    collections::{BTreeMap, HashMap},
    sync::Arc,
};

use arc_swap::ArcSwap;
use prosaas_domain::{call_config::CallConfig, ids::BusinessId, phone};

use crate::answer::CompiledAnswers;

/// One business, with its documents rendered.
#[derive(Debug)]
pub struct BusinessAnswers {
    /// Its configuration.
    pub config: CallConfig,
    /// Its TwiML.
    pub answers: CompiledAnswers,
}

/// All businesses, by id and by number. It never changes: a change makes a new one.
#[derive(Debug, Default, Clone)]
pub struct Directory {
    businesses: BTreeMap<BusinessId, Arc<BusinessAnswers>>,
    numbers: HashMap<Box<str>, Arc<BusinessAnswers>>,
}

/// The directory in force, read without a lock.
pub type SharedDirectory = Arc<ArcSwap<Directory>>;

impl Directory {
    /// A directory of these configurations. One whose documents cannot be
    /// rendered is left out and logged; its numbers then get the default.
    pub fn of(configs: impl IntoIterator<Item = CallConfig>) -> Self {
        let mut directory = Self::default();
        for config in configs {
            directory.insert(config);
        }
        directory.index();
        directory
    }

    /// The same with one business added or replaced, unless a newer revision is there.
    #[must_use]
    pub fn with(&self, config: CallConfig) -> Self {
        let mut next = self.clone();
        next.insert(config);
        next.index();
        next
    }

    /// The same without one business.
    #[must_use]
    pub fn without(&self, business: BusinessId) -> Self {
        let mut next = self.clone();
        next.businesses.remove(&business);
        next.index();
        next
    }

    fn insert(&mut self, config: CallConfig) {
        let id = config.business_id;
        if self.businesses.get(&id).is_some_and(|held| held.config.revision > config.revision) {
            return;
        }
        match CompiledAnswers::compile(&config) {
            Ok(answers) => {
                let answers = match self.businesses.get(&id) {
                    Some(held) => answers.continuing(&held.answers),
                    None => answers,
                };
                self.businesses.insert(id, Arc::new(BusinessAnswers { config, answers }));
            }
            Err(error) => {
                tracing::error!(event = "call_config.unusable", business_id = %id, %error, "kept the former answers");
            }
        }
    }

    fn index(&mut self) {
        // Numbers are unique in Postgres. While a number moves from one business to
        // another both may name it for a moment: the later change wins.
        let mut order: Vec<_> = self.businesses.values().collect();
        order.sort_by_key(|business| business.config.revision);
        self.numbers = order
            .into_iter()
            .flat_map(|business| {
                business.config.numbers.iter().map(|n| (Box::from(n.as_str()), Arc::clone(business)))
            })
            .collect();
    }

    /// Who owns the called number. Twilio sends E.164; a SIP trunk may send it otherwise.
    pub fn by_number(&self, called: &str) -> Option<&Arc<BusinessAnswers>> {
        let read = || self.numbers.get(phone::caller(called)?.as_str());
        self.numbers.get(called).or_else(read)
    }

    /// That business.
    pub fn by_id(&self, business: BusinessId) -> Option<&Arc<BusinessAnswers>> {
        self.businesses.get(&business)
    }

    /// Every configuration.
    pub fn configs(&self) -> impl Iterator<Item = &CallConfig> {
        self.businesses.values().map(|business| &business.config)
    }

    /// How many businesses there are.
    pub fn len(&self) -> usize {
        self.businesses.len()
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.businesses.is_empty()
    }
}

#[cfg(test)]
mod tests {
    use prosaas_domain::{call_config::CallSettings, phone::E164};
    use uuid::Uuid;

    use super::*;

    fn config(id: u128, revision: i64, numbers: &[&str]) -> CallConfig {
        CallConfig {
            business_id: Uuid::from_u128(id).into(),
            business_name: format!("עסק {id}"),
            numbers: numbers.iter().map(|n| E164::parse(n).unwrap()).collect(),
            time_zone: chrono_tz::Asia::Jerusalem,
            people: Vec::new(),
            revision,
            settings: CallSettings::default(),
        }
    }

    fn owner(directory: &Directory, number: &str) -> Option<(u128, i64)> {
        directory.by_number(number).map(|b| (b.config.business_id.0.as_u128(), b.config.revision))
    }

    #[test]
    fn an_older_revision_never_replaces_a_newer_one() {
        let directory =
            Directory::of([config(1, 5, &["+97233724000"])]).with(config(1, 4, &["+97233724001"]));
        assert_eq!(owner(&directory, "+97233724000"), Some((1, 5)));
        assert_eq!(owner(&directory, "+97233724001"), None);
    }

    #[test]
    fn a_number_that_moves_belongs_to_the_later_change() {
        let directory = Directory::of([config(1, 9, &["+97233724000"]), config(2, 3, &["+97233724000"])]);
        assert_eq!(owner(&directory, "+97233724000"), Some((1, 9)));
        let moved = directory.with(config(1, 10, &[])).with(config(2, 11, &["+97233724000"]));
        assert_eq!(owner(&moved, "+97233724000"), Some((2, 11)));
        assert_eq!(owner(&moved.without(Uuid::from_u128(2).into()), "+97233724000"), None);
    }
}
