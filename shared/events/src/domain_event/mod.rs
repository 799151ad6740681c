//! Domain events: what a worker's transaction has changed. Everything outward starts from one.
//!
//! They say that something happened to which thing, and no more of it than decides who has to act: never a name, a
//! number, an address or a text. Whoever needs those reads the row, where they can be corrected and erased.
//! `version` is the row's: of two events about one thing the higher one is the later.

pub mod call;
pub mod dead_letter;
pub mod lead;
pub mod recording;
pub mod user;
pub mod whatsapp;

use super::EventData;

/// The data of a domain event.
pub trait DomainEventData: EventData {
    /// `call.missed`: the middle of its subject.
    const NAME: &'static str;

    /// What it happened to, the last token of its subject.
    fn entity(&self) -> String;
}

macro_rules! domain_event {
    ($data:ident, $type:literal, $name:literal, $entity:ident) => {
        impl $crate::EventData for $data {
            const TYPE: &'static str = $type;
        }

        impl $crate::domain_event::DomainEventData for $data {
            const NAME: &'static str = $name;

            fn entity(&self) -> String {
                self.$entity.to_string()
            }
        }
    };
}
pub(crate) use domain_event;
