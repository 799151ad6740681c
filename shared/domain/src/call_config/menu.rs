//! What a caller may choose by pressing a digit.

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::Target;

/// Deepest menu inside a menu; the first is 1.
pub const MAX_MENU_DEPTH: usize = 3;
/// Most menus and options of a business together.
pub const MAX_MENU_NODES: usize = 40;
/// Largest menu as JSON, bytes.
pub const MAX_MENU_BYTES: usize = 64_000;

/// What a caller hears and may press. The caller who presses nothing, or nothing that is there, goes on as if there were
/// no menu: they are put through or leave a message, as the business's `mode` says.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema, ToSchema)]
#[serde(default, deny_unknown_fields)]
pub struct Menu {
    /// What the caller hears; when absent, the options by their labels ("For sales, press 1").
    #[serde(skip_serializing_if = "Option::is_none")]
    pub prompt: Option<String>,
    /// What may be pressed.
    pub options: BTreeMap<Key, MenuOption>,
    /// How often it is said to a caller who presses nothing, 1 to 3.
    #[schemars(range(min = 1, max = 3), extend("x-visible" = true))]
    #[schema(minimum = 1, maximum = 3)]
    pub silent_limit: Limit,
    /// How often a caller may press what is not there, 1 to 3.
    #[schemars(range(min = 1, max = 3), extend("x-visible" = true))]
    #[schema(minimum = 1, maximum = 3)]
    pub wrong_limit: Limit,
}

/// How often something may happen, 1 to 3; 2 unless said otherwise.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema, ToSchema)]
#[serde(transparent)]
#[schemars(extend("x-visible" = true))]
pub struct Limit(pub u8);

impl Default for Limit {
    fn default() -> Self {
        Self(2)
    }
}

impl Limit {
    /// Largest that is allowed.
    pub const MAX: u8 = 3;

    /// The number, in its range whatever was stored.
    pub fn times(self) -> u8 {
        self.0.clamp(1, Self::MAX)
    }
}

/// A digit that may be pressed.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize, JsonSchema, ToSchema,
)]
#[serde(try_from = "String", into = "String")]
#[schemars(with = "String", extend("pattern" = "^[0-9]$", "x-visible" = "id"))]
#[schema(value_type = String, pattern = "^[0-9]$")]
pub struct Key(u8);

/// The text is no digit.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("a key is one digit, 0 to 9")]
pub struct NotAKey;

impl Key {
    /// The key of that text.
    ///
    /// # Errors
    /// Unless it is one ASCII digit.
    pub fn parse(text: &str) -> Result<Self, NotAKey> {
        match text.as_bytes() {
            [digit @ b'0'..=b'9'] => Ok(Self(digit - b'0')),
            _ => Err(NotAKey),
        }
    }

    /// The digit.
    pub const fn digit(self) -> char {
        (b'0' + self.0) as char
    }
}

impl TryFrom<String> for Key {
    type Error = NotAKey;

    fn try_from(text: String) -> Result<Self, NotAKey> {
        Self::parse(&text)
    }
}

impl From<Key> for String {
    fn from(key: Key) -> String {
        key.digit().to_string()
    }
}

/// One choice.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct MenuOption {
    /// What people call it: "sales".
    pub label: String,
    /// What happens.
    pub then: Then,
}

/// What happens when a digit was pressed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema, ToSchema)]
#[serde(rename_all = "snake_case", tag = "do", deny_unknown_fields)]
#[schema(no_recursion)]
pub enum Then {
    /// The caller is put through.
    Forward {
        /// To whom; 1 to 10, in the business's way of ringing.
        #[schemars(length(max = 10))]
        #[schema(max_items = 10)]
        targets: Vec<Target>,
    },
    /// The caller leaves a message. (With braces, so that a field that is not there is refused.)
    Record {},
    /// The caller hears something, and the call ends.
    Say {
        /// What.
        text: String,
    },
    /// The caller chooses on.
    Menu {
        /// Of what.
        menu: Menu,
    },
}

/// The digits that lead to a menu or a choice, from the first menu on: "" is the first menu itself.
#[derive(Debug, Clone, Default, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
#[serde(try_from = "String", into = "String")]
#[schemars(with = "String", extend("x-visible" = "id"))]
pub struct MenuPath(Vec<Key>);

impl MenuPath {
    /// The path of that text.
    ///
    /// # Errors
    /// Unless it is as many digits as menus go deep, at most.
    pub fn parse(text: &str) -> Result<Self, NotAKey> {
        if text.len() > MAX_MENU_DEPTH {
            return Err(NotAKey);
        }
        text.chars().map(|c| Key::parse(c.encode_utf8(&mut [0; 4]))).collect::<Result<_, _>>().map(Self)
    }

    /// The path of those keys.
    pub fn of(keys: &[Key]) -> Self {
        Self(keys.to_vec())
    }

    /// The path one digit on.
    #[must_use]
    pub fn then(&self, key: Key) -> Self {
        Self(self.0.iter().copied().chain([key]).collect())
    }

    /// Its digits.
    pub fn keys(&self) -> &[Key] {
        &self.0
    }
}

impl std::fmt::Display for MenuPath {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        self.0.iter().try_for_each(|key| write!(f, "{}", key.digit()))
    }
}

impl TryFrom<String> for MenuPath {
    type Error = NotAKey;

    fn try_from(text: String) -> Result<Self, NotAKey> {
        Self::parse(&text)
    }
}

impl From<MenuPath> for String {
    fn from(path: MenuPath) -> String {
        path.to_string()
    }
}

impl Menu {
    /// The menu at a path; none where there is no menu.
    pub fn at(&self, path: &MenuPath) -> Option<&Self> {
        path.keys().iter().try_fold(self, |menu, key| match &menu.options.get(key)?.then {
            Then::Menu { menu } => Some(menu),
            _ => None,
        })
    }

    /// The choice at a path.
    pub fn option(&self, path: &MenuPath) -> Option<&MenuOption> {
        let (last, before) = path.keys().split_last()?;
        self.at(&MenuPath::of(before))?.options.get(last)
    }

    /// Every menu with its path, this one first.
    pub fn menus(&self) -> Vec<(MenuPath, &Self)> {
        let mut found = vec![(MenuPath::default(), self)];
        let mut next = 0;
        while let Some((path, menu)) = found.get(next).cloned() {
            for (key, option) in &menu.options {
                if let Then::Menu { menu } = &option.then {
                    found.push((path.then(*key), menu));
                }
            }
            next += 1;
        }
        found
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn menu() -> Menu {
        serde_json::from_value(json!({ "options": {
            "1": { "label": "sales", "then": { "do": "record" } },
            "2": { "label": "more", "then": { "do": "menu", "menu": { "options": {
                "0": { "label": "hours", "then": { "do": "say", "text": "nine to five" } },
            } } } },
        } }))
        .unwrap()
    }

    #[test]
    fn a_path_leads_to_menus_and_choices() -> anyhow::Result<()> {
        let menu = menu();
        let label = |path: &str| menu.option(&MenuPath::parse(path).unwrap()).map(|o| o.label.as_str());
        assert_eq!((label("1"), label("2"), label("20")), (Some("sales"), Some("more"), Some("hours")));
        assert_eq!((label(""), label("3"), label("11"), label("200")), (None, None, None, None));
        assert!(menu.at(&MenuPath::parse("2")?).is_some() && menu.at(&MenuPath::parse("1")?).is_none());
        let paths: Vec<_> = menu.menus().into_iter().map(|(path, _)| path.to_string()).collect();
        assert_eq!(paths, ["", "2"]);
        Ok(())
    }

    #[test]
    fn a_path_is_a_few_digits() {
        for good in ["", "0", "999"] {
            assert_eq!(MenuPath::parse(good).map(|path| path.to_string()).as_deref(), Ok(good));
        }
        for bad in ["1234", "a", "١", "-1", " 1", "1é"] {
            assert!(MenuPath::parse(bad).is_err(), "{bad:?}");
        }
    }

    #[test]
    fn what_a_menu_does_not_say_has_a_default_and_what_it_does_not_know_is_refused() {
        let empty: Menu = serde_json::from_value(json!({})).unwrap();
        assert_eq!((empty.silent_limit.times(), empty.wrong_limit.times()), (2, 2));
        assert_eq!((Limit(0).times(), Limit(9).times()), (1, 3));
        for bad in [
            json!({ "options": { "10": { "label": "x", "then": { "do": "record" } } } }),
            json!({ "options": { "1": { "label": "x", "then": { "do": "dance" } } } }),
            json!({ "options": { "1": { "label": "x", "then": { "do": "record", "loud": true } } } }),
            json!({ "option": {} }),
        ] {
            assert!(serde_json::from_value::<Menu>(bad.clone()).is_err(), "{bad}");
        }
    }
}
