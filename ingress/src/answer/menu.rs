//! What a caller may choose, rendered; and what comes of what they press.

use std::collections::BTreeMap;

use bytes::Bytes;
use prosaas_domain::call_config::{Key, MenuPath, Then};
use prosaas_events::call::{MenuResult, MenuThen};

use super::{
    documents::{self, Script},
    place::Asked,
    ringing::Callees,
    twiml::{TwimlError, Verbs, document},
};

/// A business's menus by the keys that lead to them.
#[derive(Debug, Clone)]
pub(super) struct Menus {
    menus: BTreeMap<MenuPath, Menu>,
    /// Said to a caller who pressed what is not there.
    not_there: Verbs,
}

#[derive(Debug, Clone)]
struct Menu {
    prompt: Verbs,
    silent_limit: u8,
    wrong_limit: u8,
    options: BTreeMap<Key, Choice>,
}

/// One choice.
#[derive(Debug, Clone)]
pub(super) struct Choice {
    label: String,
    pub(super) way: Way,
}

/// Where a choice leads.
#[derive(Debug, Clone)]
pub(super) enum Way {
    Forward(Callees),
    Record,
    Say(Bytes),
    Menu,
}

/// What a caller did when asked.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Pressed {
    /// What it came to.
    pub result: MenuResult,
    /// The key, where one was pressed that a menu can have.
    pub key: Option<Key>,
    /// What the business calls the choice.
    pub label: Option<String>,
    /// Where it leads.
    pub then: Option<MenuThen>,
}

/// What comes next.
pub(super) enum Next<'a> {
    /// The caller is asked (again).
    Ask(Bytes),
    /// They go where they chose.
    Go(MenuPath, &'a Way),
    /// They chose nothing: the call goes on as if there were no menu.
    GiveUp,
}

impl Menus {
    /// Renders the menus. Fails where a document would be larger than Twilio takes.
    pub(super) fn new(script: &Script<'_>) -> Result<Option<Self>, TwimlError> {
        let config = script.config();
        let Some(first) = config.settings.menu.as_ref().filter(|menu| !menu.options.is_empty()) else {
            return Ok(None);
        };
        let mut menus = BTreeMap::new();
        for (path, menu) in first.menus() {
            let mut options = BTreeMap::new();
            for (key, option) in &menu.options {
                let way = match &option.then {
                    Then::Forward { targets } => Way::Forward(Callees::new(config, targets)),
                    Then::Record {} => Way::Record,
                    Then::Say { text } => Way::Say(script.say_and_end(text)?),
                    Then::Menu { .. } => Way::Menu,
                };
                options.insert(*key, Choice { label: option.label.clone(), way });
            }
            let compiled = Menu {
                prompt: script.prompt(menu)?,
                silent_limit: menu.silent_limit.times(),
                wrong_limit: menu.wrong_limit.times(),
                options,
            };
            menus.insert(path, compiled);
        }
        let menus = Self { menus, not_there: script.not_there()? };
        for path in menus.menus.keys() {
            menus.ask(&Asked { at: path.clone(), silent: 0, wrong: 1 })?;
        }
        Ok(Some(menus))
    }

    /// Asks for the first time, behind what is said before.
    pub(super) fn open(&self, greeting: &Verbs) -> Result<Bytes, TwimlError> {
        let asked = Asked::default();
        document(|response| {
            response.put(greeting);
            self.menus.get(&asked.at).map_or(Ok(()), |menu| response.choose(&asked.action(), &menu.prompt))
        })
    }

    fn ask(&self, asked: &Asked) -> Result<Option<Bytes>, TwimlError> {
        let Some(menu) = self.menus.get(&asked.at) else { return Ok(None) };
        let asking = document(|response| {
            if asked.wrong > 0 {
                response.put(&self.not_there);
            }
            response.choose(&asked.action(), &menu.prompt)
        })?;
        Ok(Some(asking))
    }

    /// What comes of the keys that a caller pressed at that menu. None where there is no such menu, because the
    /// settings have changed since.
    pub(super) fn pressed(&self, asked: &Asked, digits: Option<&str>) -> Option<(Pressed, Next<'_>)> {
        let menu = self.menus.get(&asked.at)?;
        let Some(digits) = digits else {
            let silent = asked.silent.saturating_add(1);
            let again = Asked { silent, ..asked.clone() };
            let next = self.again(&again, silent < menu.silent_limit);
            return Some((Pressed { result: MenuResult::Silent, key: None, label: None, then: None }, next));
        };
        let key = Key::parse(digits).ok();
        let Some((key, choice)) = key.and_then(|key| Some((key, menu.options.get(&key)?))) else {
            let wrong = asked.wrong.saturating_add(1);
            let again = Asked { wrong, ..asked.clone() };
            let next = self.again(&again, wrong < menu.wrong_limit);
            return Some((Pressed { result: MenuResult::Wrong, key, label: None, then: None }, next));
        };
        let path = asked.at.then(key);
        let then = match choice.way {
            Way::Forward(_) => MenuThen::Forward,
            Way::Record => MenuThen::Record,
            Way::Say(_) => MenuThen::Say,
            Way::Menu => MenuThen::Menu,
        };
        let next = match &choice.way {
            Way::Menu => self.again(&Asked { at: path, ..Asked::default() }, true),
            way => Next::Go(path, way),
        };
        let label = Some(choice.label.clone());
        Some((Pressed { result: MenuResult::Chosen, key: Some(key), label, then: Some(then) }, next))
    }

    fn again(&self, asked: &Asked, may: bool) -> Next<'_> {
        let document = if may { documents::or_log(self.ask(asked)).flatten() } else { None };
        document.map_or(Next::GiveUp, Next::Ask)
    }

    /// The targets behind a choice.
    pub(super) fn callees(&self, path: &MenuPath) -> Option<&Callees> {
        let (last, before) = path.keys().split_last()?;
        match &self.menus.get(&MenuPath::of(before))?.options.get(last)?.way {
            Way::Forward(callees) => Some(callees),
            _ => None,
        }
    }

    /// Whether anybody who is rung from a menu is asked before the caller is put through.
    pub(super) fn asks(&self) -> bool {
        let choices = self.menus.values().flat_map(|menu| menu.options.values());
        choices.into_iter().any(|choice| matches!(&choice.way, Way::Forward(callees) if callees.asks()))
    }
}
