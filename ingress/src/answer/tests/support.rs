//! Reading documents back, and businesses to answer for.

use chrono::TimeZone;
use prosaas_domain::{
    call_config::{CallMode, CallSettings, WeeklyHours},
    phone::E164,
};
use quick_xml::{Reader, events::Event};

use super::super::*;

/// One verb or noun of a document: its name, attributes and text.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Element {
    pub(super) name: String,
    attributes: Vec<(String, String)>,
    pub(super) text: String,
}

impl Element {
    pub(super) fn attribute(&self, name: &str) -> Option<&str> {
        self.attributes.iter().find(|(n, _)| n == name).map(|(_, value)| value.as_str())
    }
}

/// Reads a document back, strictly; `<Response>` itself is left out.
pub(super) fn parse(xml: &[u8]) -> Vec<Element> {
    let xml = std::str::from_utf8(xml).unwrap();
    assert!(xml.starts_with("<?xml version=\"1.0\" encoding=\"UTF-8\"?><Response>"), "{xml}");
    assert!(xml.chars().all(|c| matches!(c, '\t' | '\n' | '\r' | ' '..='\u{FFFD}' | '\u{10000}'..)));
    let mut reader = Reader::from_str(xml);
    reader.config_mut().check_end_names = true;
    let (mut elements, mut depth): (Vec<Element>, i32) = (Vec::new(), 0);
    loop {
        let event = reader.read_event().unwrap();
        match &event {
            Event::Start(tag) | Event::Empty(tag) => {
                depth += i32::from(matches!(event, Event::Start(_)));
                let attributes = tag.attributes().map(|a| {
                    let a = a.unwrap();
                    (a.key.as_ref().to_owned(), quick_xml::escape::unescape(&a.value).unwrap().into_owned())
                });
                elements.push(Element {
                    name: tag.name().as_ref().to_owned(),
                    attributes: attributes.collect(),
                    text: String::new(),
                });
            }
            Event::End(_) => depth -= 1,
            Event::Text(text) => elements.last_mut().unwrap().text.push_str(text),
            Event::GeneralRef(entity) => {
                let text = format!("&{};", &**entity);
                elements.last_mut().unwrap().text.push_str(&quick_xml::escape::unescape(&text).unwrap());
            }
            Event::Eof => break,
            Event::Decl(_) => {}
            other => panic!("{other:?}"),
        }
    }
    assert_eq!(depth, 0);
    assert_eq!(elements.remove(0).name, "Response");
    elements
}

pub(super) fn names(xml: &[u8]) -> Vec<String> {
    parse(xml).into_iter().map(|e| e.name).collect()
}

pub(super) fn said(xml: &[u8]) -> String {
    parse(xml).into_iter().filter(|e| e.name == "Say").map(|e| e.text).collect()
}

/// Who calls.
pub(super) const CALLER: &str = "+972527654321";

/// Somebody who calls our number.
pub(super) fn caller(from: &str) -> Caller<'_> {
    Caller { from, to: "+972540000000" }
}

pub(super) fn number(n: u32) -> E164 {
    E164::parse(&format!("+97254{n:07}")).unwrap()
}

pub(super) fn config(change: impl FnOnce(&mut CallSettings)) -> CallConfig {
    let mut settings = CallSettings::default();
    change(&mut settings);
    let business_name = match settings.language {
        Language::He => "דני שיפוצים בע\"מ",
        Language::En => "Dana & Sons",
    };
    CallConfig {
        business_id: uuid::Uuid::nil().into(),
        business_name: business_name.to_owned(),
        numbers: vec![number(0)],
        time_zone: chrono_tz::Asia::Jerusalem,
        people: Vec::new(),
        revision: 1,
        settings,
    }
}

pub(super) fn compiled(change: impl FnOnce(&mut CallSettings)) -> CompiledAnswers {
    CompiledAnswers::compile(&config(change)).unwrap()
}

pub(super) fn noon() -> DateTime<Utc> {
    Utc.with_ymd_and_hms(2026, 2, 15, 10, 0, 0).unwrap()
}

pub(super) fn forward(settings: &mut CallSettings) {
    settings.mode = CallMode::Forward;
    settings.forward_to = vec![number(1), number(2)];
}

pub(super) fn never_open(settings: &mut CallSettings) {
    settings.hours = Some(WeeklyHours::default());
}
