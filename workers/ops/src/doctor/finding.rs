//! What the doctor sees, and how it is shown.

use anyhow::Result;
use serde::Serialize;

use crate::output::Out;

/// How a check ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Outcome {
    /// As it should be.
    Ok,
    /// It works, and could be better.
    Advice,
    /// Something must be mended.
    Broken,
    /// It could not be looked at; why stands beside it.
    Skipped,
}

impl Outcome {
    const fn as_str(self) -> &'static str {
        match self {
            Self::Ok => "ok",
            Self::Advice => "advice",
            Self::Broken => "BROKEN",
            Self::Skipped => "skipped",
        }
    }
}

/// One check's end. No text of it holds a secret.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Finding {
    /// Which part of the deployment.
    pub area: &'static str,
    /// What was looked at.
    pub check: String,
    /// How it ended.
    pub outcome: Outcome,
    /// What was found.
    pub found: String,
    /// What to do, in one sentence.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub fix: Option<String>,
}

/// Makes the findings of one area.
#[derive(Debug, Clone, Copy)]
pub struct Area(pub &'static str);

impl Area {
    /// As it should be.
    pub fn ok(self, check: impl Into<String>, found: impl Into<String>) -> Finding {
        self.finding(check, Outcome::Ok, found, None)
    }

    /// It works, and could be better.
    pub fn advice(self, check: impl Into<String>, found: impl Into<String>, fix: &str) -> Finding {
        self.finding(check, Outcome::Advice, found, Some(fix.to_owned()))
    }

    /// Something must be mended.
    pub fn broken(
        self,
        check: impl Into<String>,
        found: impl Into<String>,
        fix: impl Into<String>,
    ) -> Finding {
        self.finding(check, Outcome::Broken, found, Some(fix.into()))
    }

    /// It cannot be looked at.
    pub fn skipped(self, check: impl Into<String>, why: impl std::fmt::Display) -> Finding {
        self.finding(check, Outcome::Skipped, why.to_string(), None)
    }

    fn finding(
        self,
        check: impl Into<String>,
        outcome: Outcome,
        found: impl Into<String>,
        fix: Option<String>,
    ) -> Finding {
        Finding { area: self.0, check: check.into(), outcome, found: found.into(), fix }
    }
}

/// Shows everything: a table and what to mend, or JSON.
pub fn show(out: Out, findings: &[Finding]) -> Result<()> {
    out.rows(&["area", "check", "result", "found"], findings, |finding| {
        vec![
            finding.area.to_owned(),
            finding.check.clone(),
            finding.outcome.as_str().to_owned(),
            finding.found.clone(),
        ]
    })?;
    for (outcome, head) in
        [(Outcome::Broken, "To be mended:"), (Outcome::Advice, "Better, though nothing is broken:")]
    {
        let of_it: Vec<&Finding> = findings.iter().filter(|finding| finding.outcome == outcome).collect();
        if !of_it.is_empty() {
            out.tell(&format!("\n{head}"));
        }
        for finding in of_it {
            let fix = finding.fix.as_deref().unwrap_or(&finding.found);
            out.tell(&format!("- {}, {}: {fix}", finding.area, finding.check));
        }
    }
    let broken = findings.iter().filter(|finding| finding.outcome == Outcome::Broken).count();
    let skipped = findings.iter().filter(|finding| finding.outcome == Outcome::Skipped).count();
    out.tell(&format!("\n{} checks, {broken} broken, {skipped} skipped", findings.len()));
    Ok(())
}
