//! Whom a business may let be rung.

use std::collections::BTreeSet;

use super::{FORWARD_TIMEOUT_S, Findings, MAX_FORWARD_TO, SettingsError, SettingsProblem};
use crate::call_config::{CallConfig, CallMode, CallSettings, Ringing, Target, Who};

/// How long targets may ring one after the other at most, seconds.
const RING_LIMIT_S: (u16, u16) = (5, 300);

/// What a list of targets is checked with.
pub(super) struct Among<'a> {
    pub(super) settings: &'a CallSettings,
    /// Whether somebody has to be in it.
    pub(super) needed: bool,
}

/// Checks one list of targets.
pub(super) fn check_targets(found: &mut Findings, at: &str, targets: &[Target], among: &Among<'_>) {
    if among.needed && targets.is_empty() {
        found.add(at, SettingsProblem::NobodyToForwardTo);
    }
    if targets.len() > MAX_FORWARD_TO {
        found.add(at, SettingsProblem::TooMany { max: MAX_FORWARD_TO });
    }
    let mut seen = BTreeSet::new();
    for (index, target) in targets.iter().enumerate() {
        if !seen.insert(&target.who) {
            let problem = match target.who {
                Who::Number(_) => SettingsProblem::DuplicateNumber,
                Who::Member(_) => SettingsProblem::DuplicatePerson,
            };
            found.add(format_args!("{at}[{index}].who"), problem);
        }
        // Twilio refuses it, and the caller would be told nothing.
        if matches!(&target.who, Who::Number(number) if !number.is_plausible()) {
            found.add(format_args!("{at}[{index}].who"), SettingsProblem::NoNumber);
        }
        if let Some(timeout) = target.timeout_s {
            found.range(&format!("{at}[{index}].timeout_s"), timeout, FORWARD_TIMEOUT_S);
        }
    }
    let settings = among.settings;
    let rings = |target: &Target| u32::from(target.timeout_s.unwrap_or(settings.forward_timeout_s));
    let total = targets.iter().map(rings).sum::<u32>();
    if settings.ringing != Ringing::All && total > u32::from(settings.ring_limit_s) {
        found.add(at, SettingsProblem::RingsTooLong { max: settings.ring_limit_s });
    }
}

impl CallSettings {
    /// Checks whom calls are put through to.
    pub(super) fn check_forwarding(&self, found: &mut Findings) {
        if !self.targets.is_empty() {
            check_targets(found, "targets", &self.targets, &Among { settings: self, needed: false });
        }
        if self.mode == CallMode::Forward && self.targets.is_empty() && self.forward_to.is_empty() {
            found.add("targets", SettingsProblem::NobodyToForwardTo);
        }
        self.check_bare_numbers(found);
        found.range("forward_timeout_s", self.forward_timeout_s, FORWARD_TIMEOUT_S);
        found.range("ring_limit_s", self.ring_limit_s, RING_LIMIT_S);
    }

    fn check_bare_numbers(&self, found: &mut Findings) {
        if self.forward_to.len() > MAX_FORWARD_TO {
            found.add("forward_to", SettingsProblem::TooMany { max: MAX_FORWARD_TO });
        }
        let mut seen = BTreeSet::new();
        for (index, number) in self.forward_to.iter().enumerate() {
            if !seen.insert(number) {
                found.add(format_args!("forward_to[{index}]"), SettingsProblem::DuplicateNumber);
            }
            if !number.is_plausible() {
                found.add(format_args!("forward_to[{index}]"), SettingsProblem::NoNumber);
            }
        }
        if self.screening.len() > MAX_FORWARD_TO {
            found.add("screening", SettingsProblem::TooMany { max: MAX_FORWARD_TO });
        }
        let mut seen = BTreeSet::new();
        for (index, screening) in self.screening.iter().enumerate() {
            if !seen.insert(&screening.number) {
                found.add(format_args!("screening[{index}]"), SettingsProblem::DuplicateNumber);
            }
        }
    }
}

impl CallConfig {
    /// Whether a finding says that somebody can be rung no more who was among the targets of `before` already.
    pub fn is_unreachable_as_in(&self, before: &Self, found: &SettingsError) -> bool {
        let known: BTreeSet<_> =
            before.settings.target_lists().into_iter().flat_map(|(_, list)| list).map(|t| &t.who).collect();
        found.problem == SettingsProblem::NotReachable
            && self.settings.target_lists().iter().any(|(field, list)| {
                list.iter().enumerate().any(|(at, target)| {
                    found.field == format!("{field}[{at}].who") && known.contains(&target.who)
                })
            })
    }

    /// Nobody is rung at a number of the business itself, for that call would never end, and every person who is
    /// rung can be.
    pub(super) fn check_who_is_rung(&self, found: &mut Findings) {
        for (index, number) in self.settings.forward_to.iter().enumerate() {
            if self.numbers.contains(number) {
                found.add(format_args!("forward_to[{index}]"), SettingsProblem::OwnNumber);
            }
        }
        for (field, targets) in self.settings.target_lists() {
            for (index, target) in targets.iter().enumerate() {
                let problem = match self.number_of(target) {
                    None => SettingsProblem::NotReachable,
                    Some(number) if self.numbers.contains(number) => SettingsProblem::OwnNumber,
                    Some(_) => continue,
                };
                found.add(format_args!("{field}[{index}].who"), problem);
            }
        }
    }
}
