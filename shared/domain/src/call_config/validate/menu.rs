//! What a business may let its callers choose.

use super::{
    Findings, MAX_LABEL_CHARS, MAX_TEXT_CHARS, SettingsProblem,
    targets::{Among, check_targets},
};
use crate::call_config::{
    CallSettings, Limit, MAX_MENU_BYTES, MAX_MENU_DEPTH, MAX_MENU_NODES, Menu, MenuPath, Target, Then,
};

impl CallSettings {
    /// Checks the menu and those inside it.
    pub(super) fn check_menu(&self, found: &mut Findings) {
        let Some(menu) = &self.menu else { return };
        let menus = menu.menus();
        if serde_json::to_vec(menu).map_or(usize::MAX, |bytes| bytes.len()) > MAX_MENU_BYTES {
            found.add("menu", SettingsProblem::MenuTooLarge { max: MAX_MENU_BYTES });
        }
        // The first menu, and every option with what it opens.
        if 1 + menus.iter().map(|(_, menu)| menu.options.len()).sum::<usize>() > MAX_MENU_NODES {
            found.add("menu", SettingsProblem::TooMany { max: MAX_MENU_NODES });
        }
        for (path, menu) in menus {
            self.check_one_menu(found, &field(&path), path.keys().len() + 1, menu);
        }
    }

    /// Every list of targets, with its field.
    pub fn target_lists(&self) -> Vec<(String, &[Target])> {
        let mut lists = vec![("targets".to_owned(), self.targets.as_slice())];
        for (path, within) in self.menu.iter().flat_map(|first| first.menus()) {
            for (key, option) in &within.options {
                if let Then::Forward { targets } = &option.then {
                    let field = format!("{}.options.{}.then.targets", field(&path), key.digit());
                    lists.push((field, targets));
                }
            }
        }
        lists
    }

    fn check_one_menu(&self, found: &mut Findings, at: &str, depth: usize, menu: &Menu) {
        if depth > MAX_MENU_DEPTH {
            found.add(at, SettingsProblem::MenuTooDeep { max: MAX_MENU_DEPTH });
        }
        if menu.options.is_empty() {
            found.add(format_args!("{at}.options"), SettingsProblem::NothingToChoose);
        }
        if let Some(prompt) = &menu.prompt {
            found.text(format_args!("{at}.prompt"), prompt, MAX_TEXT_CHARS);
        }
        for (name, limit) in [("silent_limit", menu.silent_limit), ("wrong_limit", menu.wrong_limit)] {
            if limit.0 != limit.times() {
                let problem = SettingsProblem::OutOfTimes { min: 1, max: Limit::MAX };
                found.add(format_args!("{at}.{name}"), problem);
            }
        }
        for (key, option) in &menu.options {
            let at = format!("{at}.options.{}", key.digit());
            found.text(format_args!("{at}.label"), &option.label, MAX_LABEL_CHARS);
            match &option.then {
                Then::Forward { targets } => {
                    let among = Among { settings: self, needed: true };
                    check_targets(found, &format!("{at}.then.targets"), targets, &among);
                }
                Then::Say { text } => found.text(format_args!("{at}.then.text"), text, MAX_TEXT_CHARS),
                Then::Record {} | Then::Menu { .. } => {}
            }
        }
    }
}

/// The field of the menu at a path.
fn field(path: &MenuPath) -> String {
    let inside = path.keys().iter().map(|key| format!(".options.{}.then.menu", key.digit()));
    std::iter::once("menu".to_owned()).chain(inside).collect()
}
