//! What EventBridge makes of a pattern, as people read it.

use super::Paint;
use ctguard_core::plural::count;
use eventbridge_pattern::check::{Effect, Finding};

/// All findings of one pattern.
pub fn page(name: &str, found: &[Finding], paint: Paint) -> String {
    if found.is_empty() {
        let good = paint.good("EventBridge takes this pattern, and matches what it says.");
        return format!("{name}: {good}\n");
    }
    format!("{name}: {}\n{}", count(found.len(), "finding"), findings(found, paint))
}

/// Findings one below the other.
pub fn findings(found: &[Finding], paint: Paint) -> String {
    found.iter().map(|finding| one(finding, paint)).collect()
}

fn one(finding: &Finding, paint: Paint) -> String {
    let head = match finding.effect {
        Effect::Refused => paint.bad(format!("refused[{}]", finding.code)),
        Effect::Lost => paint.bad(format!("loses events[{}]", finding.code)),
        Effect::Misread => paint.warn(format!("misread[{}]", finding.code)),
    };
    let at = match finding.path.as_str() {
        "" => String::new(),
        path => format!(" at `{path}`"),
    };
    let instead = finding.instead.iter().map(|text| format!("  Instead: {text}\n"));
    format!("{head}{at}\n  {}\n{}", finding.message, instead.collect::<String>())
}
