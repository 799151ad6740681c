//! How far a call has got. It travels in the addresses that our documents give Twilio, so that any ingress can go on, and
//! Twilio's signature covers it. Whatever it says, a call ends: of each part one can only go on to the next.

use std::fmt::Write as _;

use prosaas_domain::{call_config::MenuPath, ids::UserId};

/// Where Twilio asks on when a forwarded call ends. `nginx/callers-maps.conf` reads `screened`, too.
const DIAL_URL: &str = "/webhook/dial_result";
/// Where Twilio asks on when a caller has pressed a key, or none.
const MENU_URL: &str = "/webhook/menu";

/// Which targets are being rung, and how many of them have been.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Round {
    /// The choice that led to them; empty where they are those of the business.
    pub menu: MenuPath,
    /// With which of them the call began.
    pub first: usize,
    /// Which one after that is rung; none where all are at once.
    pub step: Option<usize>,
    /// When the first of them was rung, seconds since 1970; none where all are at once.
    pub since: Option<i64>,
}

/// A menu that a caller was asked to choose from.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Asked {
    /// Which.
    pub at: MenuPath,
    /// How often nothing was pressed before.
    pub silent: u8,
    /// How often something was pressed before that is not there.
    pub wrong: u8,
}

/// Writes an address with those parameters that have a value.
fn address(path: &str, parameters: &[(&str, Option<String>)]) -> String {
    let mut address = path.to_owned();
    let mut separator = '?';
    for (name, value) in parameters {
        if let Some(value) = value {
            let _ = write!(address, "{separator}{name}={value}");
            separator = '&';
        }
    }
    address
}

impl Round {
    /// Where Twilio asks on when this round ends. `user`: the person who is rung, where it is one alone.
    pub(super) fn action(&self, screened: bool, user: Option<UserId>) -> String {
        address(
            DIAL_URL,
            &[
                ("screened", screened.then(|| "1".to_owned())),
                ("menu", (self.menu != MenuPath::default()).then(|| self.menu.to_string())),
                ("first", (self.first > 0).then(|| self.first.to_string())),
                ("step", self.step.map(|step| step.to_string())),
                ("since", self.since.map(|since| since.to_string())),
                ("user", user.map(|user| user.to_string())),
            ],
        )
    }

    /// The round that an address says.
    pub fn read<'a>(address: impl Fn(&str) -> Option<&'a str>) -> Self {
        let since = address("since").and_then(|text| text.parse().ok());
        let number = |name| address(name).and_then(|text| text.parse().ok());
        Self {
            menu: path(address("menu")),
            first: number("first").unwrap_or_default(),
            step: number("step"),
            since,
        }
    }
}

impl Asked {
    /// Where Twilio asks on when a key was pressed, or none.
    pub(super) fn action(&self) -> String {
        let count = |times: u8| (times > 0).then(|| times.to_string());
        let at = ("at", Some(self.at.to_string()));
        address(MENU_URL, &[at, ("silent", count(self.silent)), ("wrong", count(self.wrong))])
    }

    /// What an address says was asked.
    pub fn read<'a>(address: impl Fn(&str) -> Option<&'a str>) -> Self {
        let count = |name| address(name).and_then(|text| text.parse().ok()).unwrap_or_default();
        Self { at: path(address("at")), silent: count("silent"), wrong: count("wrong") }
    }
}

fn path(text: Option<&str>) -> MenuPath {
    text.and_then(|text| MenuPath::parse(text).ok()).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use std::collections::HashMap;

    use super::*;

    fn parameters(address: &str) -> HashMap<&str, &str> {
        let query = address.split_once('?').map_or("", |(_, query)| query);
        query.split('&').filter_map(|pair| pair.split_once('=')).collect()
    }

    #[test]
    fn what_an_address_says_is_read_back() -> anyhow::Result<()> {
        assert_eq!(Round::default().action(false, None), "/webhook/dial_result");
        assert_eq!(Round::default().action(true, None), "/webhook/dial_result?screened=1");
        for round in [
            Round::default(),
            Round { menu: MenuPath::parse("20")?, first: 3, step: Some(0), since: Some(1_790_000_000) },
            Round { menu: MenuPath::default(), first: 0, step: Some(9), since: None },
        ] {
            let address = round.action(true, Some(UserId(uuid::Uuid::nil())));
            let parameters = parameters(&address);
            assert_eq!(Round::read(|name| parameters.get(name).copied()), round, "{address}");
            assert_eq!(parameters.get("user"), Some(&"00000000-0000-0000-0000-000000000000"));
        }
        for asked in [Asked::default(), Asked { at: MenuPath::parse("123")?, silent: 1, wrong: 2 }] {
            let address = asked.action();
            let parameters = parameters(&address);
            assert_eq!(Asked::read(|name| parameters.get(name).copied()), asked, "{address}");
        }
        Ok(())
    }

    #[test]
    fn nonsense_is_the_beginning() {
        let nonsense = |_: &str| Some("-1x");
        assert_eq!(Round::read(nonsense), Round::default());
        assert_eq!(Asked::read(nonsense), Asked::default());
    }
}
