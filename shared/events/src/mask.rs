//! Personal data is hidden unless somebody asks for it, which is audited.

use std::{collections::BTreeMap, sync::LazyLock};

use serde_json::Value;

pub use crate::sentence::sentence;
use crate::{
    CloudEvent, EventData,
    catalogue::{Visitor, visit},
    crm::{Command, CommandArgs},
    visible::Form,
};

/// The form of every event, by its type.
static EVENTS: LazyLock<BTreeMap<&'static str, Form>> = LazyLock::new(|| {
    let mut forms = Forms::default();
    visit(&mut forms);
    forms.0
});

/// The envelope alone.
static ENVELOPE: LazyLock<Form> = LazyLock::new(Form::of::<CloudEvent<Value>>);

#[derive(Default)]
struct Forms(BTreeMap<&'static str, Form>);

impl Visitor for Forms {
    fn fact<T: EventData>(&mut self) {
        self.0.insert(T::TYPE, Form::of::<CloudEvent<T>>());
    }

    fn command<T: CommandArgs>(&mut self) {
        self.fact::<Command<T>>();
    }
}

/// An event: what its type declares visible is seen. Of a type that we do not know, the
/// envelope.
pub fn event(value: &Value) -> Value {
    let known = value.get("type").and_then(Value::as_str).and_then(|name| EVENTS.get(name));
    known.unwrap_or(&ENVELOPE).seen(value)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_sentence_hides_numbers_addresses_and_names() {
        assert_eq!(
            sentence(
                "no lead for +972541234567 (dana@shop.example, דנה), call CA0123456789abcdef0123456789abcdef"
            ),
            "no lead for ***567 (***, ***), call CA0123456789abcdef0123456789abcdef"
        );
        assert_eq!(sentence("constraint \"leads_pk\" at line 12"), "constraint \"leads_pk\" at line 12");
        assert_eq!(sentence("054-123 123456 1234567 a1234567"), "054-123 123456 ***567 a1234567");
        assert_eq!(sentence("1234567890123456"), "1234567890123456", "a hash is an id");
    }

    #[test]
    fn an_event_shows_its_envelope_and_what_its_type_declares() {
        let seen = event(&json!({
            "specversion": "1.0", "id": "call.incoming:CA1", "source": "/twilio/AC1",
            "type": "pro.prosaas.call.incoming.v1", "subject": "CA1", "time": "2026-01-01T00:00:00Z",
            "datacontenttype": "application/json", "businessid": "7c9e6679-7425-40de-944b-e07fc1f90ae7",
            "data": { "call_sid": "CA1", "from": "+972541234567", "to": "dana", "status": "in-progress",
                      "caller_name": "dana", "answer": "dana", "name": "dana", "direction": "inbound" }
        }));
        assert_eq!(
            seen,
            json!({
                "specversion": "1.0", "id": "call.incoming:CA1", "source": "/twilio/AC1",
                "type": "pro.prosaas.call.incoming.v1", "subject": "CA1", "time": "2026-01-01T00:00:00Z",
                "datacontenttype": "application/json", "businessid": "7c9e6679-7425-40de-944b-e07fc1f90ae7",
                "data": { "call_sid": "CA1", "from": "***567", "to": "***", "status": "in-progress",
                          "caller_name": "***", "answer": "***", "***": "***", "direction": "inbound" }
            })
        );
    }

    #[test]
    fn of_an_unknown_type_the_envelope_is_seen() {
        let seen = event(
            &json!({ "id": "e1", "type": "pro.prosaas.patient.v1", "data": { "dana": "levi", "age": 7 } }),
        );
        assert_eq!(seen, json!({ "id": "e1", "type": "pro.prosaas.patient.v1", "data": "***" }));
        assert_eq!(event(&json!("dana")), "***");
        assert_eq!(event(&json!([{ "dana": 1 }])), json!(["***"]));
    }
}
