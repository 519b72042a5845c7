//! What EventBridge makes of a pattern, and what of it no event can be, as people read it.

use super::{Paint, wrap};
use ctguard_core::diag::Severity;
use ctguard_core::events::OfPattern;
use ctguard_core::plural::count;
use eventbridge_pattern::check::{Effect, Finding};
use serde::Serialize;

/// What comes of what is said of a pattern.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Outcome {
    /// EventBridge refuses the rule.
    Refused,
    /// Some events that the pattern describes are not matched.
    Lost,
    /// No event of CloudTrail is what is asked for.
    Never,
    /// It matches otherwise than a reader expects.
    Misread,
    /// As far as is known, no event is what is asked for.
    Doubtful,
    /// What it helps to know.
    Note,
}

/// One thing that is said of a pattern.
#[derive(Debug, Clone, Serialize)]
pub struct Told {
    code: String,
    pub effect: Outcome,
    /// Dotted path of the field; empty for the whole pattern.
    path: String,
    message: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    instead: Option<String>,
}

impl From<Finding> for Told {
    fn from(finding: Finding) -> Self {
        Self {
            code: finding.code.to_owned(),
            effect: match finding.effect {
                Effect::Refused => Outcome::Refused,
                Effect::Lost => Outcome::Lost,
                Effect::Misread => Outcome::Misread,
            },
            path: finding.path,
            message: finding.message,
            instead: finding.instead,
        }
    }
}

impl From<OfPattern> for Told {
    fn from(OfPattern { path, diagnostic }: OfPattern) -> Self {
        Self {
            code: diagnostic.code.to_string(),
            effect: match diagnostic.severity {
                Severity::Error => Outcome::Never,
                Severity::Warning => Outcome::Doubtful,
                Severity::Note => Outcome::Note,
            },
            path,
            message: diagnostic.message,
            instead: diagnostic.help,
        }
    }
}

/// All that is said of one pattern.
pub fn page(name: &str, found: &[Told], paint: Paint) -> String {
    if found.is_empty() {
        let good = paint.good("EventBridge takes this pattern, and matches what it says.");
        return format!("{name}: {good}\n");
    }
    format!("{name}: {}\n{}", count(found.len(), "finding"), findings(found, paint))
}

/// Findings one below the other.
pub fn findings(found: &[Told], paint: Paint) -> String {
    found.iter().map(|finding| one(finding, paint)).collect()
}

fn one(finding: &Told, paint: Paint) -> String {
    let code = &finding.code;
    let head = match finding.effect {
        Outcome::Refused => paint.bad(format!("refused[{code}]")),
        Outcome::Lost => paint.bad(format!("loses events[{code}]")),
        Outcome::Never => paint.bad(format!("never matches[{code}]")),
        Outcome::Misread => paint.warn(format!("misread[{code}]")),
        Outcome::Doubtful => paint.warn(format!("doubtful[{code}]")),
        Outcome::Note => paint.dim(format!("note[{code}]")),
    };
    let at = match finding.path.as_str() {
        "" => String::new(),
        path => format!(" at `{path}`"),
    };
    let said = wrap::fit(&format!("  {}\n", finding.message), paint.width);
    // What is to be written instead is copied.
    let instead = finding.instead.iter().map(|text| format!("  Instead: {text}\n"));
    format!("{head}{at}\n{said}{}", instead.collect::<String>())
}
