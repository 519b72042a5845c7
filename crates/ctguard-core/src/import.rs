//! Bringing over what people have: rules of other tools as alerts of a blueprint.
//!
//! ```text
//!  Sigma ──► sigma ───┐              ┌──► asked: `events:` and `where:`
//!  patterns ► pattern ┴► Formula ────┤
//!  accounts ► live ─┘    negations,  └──► draft: texts, ids, YAML ──► judged as `validate` does
//!                        alternatives     frame: what stands around the alerts
//! ```
//!
//! A rule comes over whole or not at all: what EventBridge cannot decide is [`Refused`] with the
//! reason. An alert may be raised by more than its rule asks for, which is told, and by less only
//! where it is said to come over in part ([`Brought::partly`]).

mod asked;
mod draft;
mod formula;
mod frame;
mod guard;
mod live;
mod notes;
mod pattern;
mod sigma;
mod taken;
mod wildcard;

pub use draft::{Draft, EventLine, Origin, sentence};
pub use frame::{Destination, Frame};
pub use live::{Survey, live, scope_text, topics};
pub use pattern::pattern;
pub use sigma::sigma;
pub use taken::{Wanted, wanted};

use crate::blueprint;
use crate::codes;
use crate::diag::{Diagnostic, Severity};
use jiff::civil::Date;
use schemars::JsonSchema;
use serde::Serialize;
use std::collections::BTreeSet;

/// A file that rules are read from.
#[derive(Debug, Clone)]
pub struct SourceFile {
    /// As the user named it.
    pub name: String,
    pub text: String,
}

/// A rule that cannot come over.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, JsonSchema)]
pub struct Refused {
    #[serde(flatten)]
    pub from: Origin,
    /// Why, as a sentence without its full stop.
    pub reason: String,
}

/// An alert that came over.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, JsonSchema)]
pub struct Brought {
    /// The id of the alert.
    pub alert: String,
    #[serde(flatten)]
    pub from: Origin,
    /// Whether the alert hears less than its rule: a note says what.
    pub partly: bool,
    /// Where the alert and its rule differ, and what is wrong with the rule.
    pub notes: Vec<String>,
}

/// What the rules of files became.
#[derive(Debug, Clone, Default)]
pub struct Collected {
    pub drafts: Vec<Draft>,
    pub refused: Vec<Refused>,
    /// Rules of an account that are none of an import's business.
    pub passed_over: Vec<PassedOver>,
    /// Parts of an account that could not be read.
    pub unread: Vec<Unread>,
    pub frame: Frame,
}

/// Rules that an import has nothing to do with, and why.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, JsonSchema)]
pub struct PassedOver {
    /// Why, as words that follow "rules".
    pub why: String,
    /// Each by place and name.
    pub rules: Vec<String>,
}

/// A part of an account that could not be read.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, JsonSchema)]
pub struct Unread {
    /// An account, or an account and a region.
    pub place: String,
    /// What it is.
    pub part: String,
    /// The failed call and AWS's answer.
    pub why: String,
    /// What would make it readable.
    pub remedy: String,
}

/// What the blueprint around the alerts says.
#[derive(Debug, Clone, Copy)]
pub struct Around<'a> {
    /// The name of the blueprint.
    pub name: &'a str,
    /// Who is told.
    pub email: &'a str,
    /// Without everything around: the list of alerts alone.
    pub alerts_only: bool,
}

/// The result of an import.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, JsonSchema)]
pub struct Import {
    /// The version of this format.
    #[schemars(extend("const" = 1))]
    pub format_version: u32,
    /// Whether every rule came over, and everything could be read.
    pub complete: bool,
    /// The alerts that came over, in the order of their rules.
    pub alerts: Vec<Brought>,
    /// The rules that cannot come over.
    pub refused: Vec<Refused>,
    /// Rules of an account that are about something else.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub passed_over: Vec<PassedOver>,
    /// Parts of an account that could not be read.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub unread: Vec<Unread>,
    /// What `--adopt=` of `plan` and `apply` takes over, once the alerts are proven: `rule/NAME`.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub adopt: Vec<String>,
    /// What is to be known of several alerts together.
    pub warnings: Vec<String>,
    /// The YAML text: a blueprint, or its list of alerts.
    pub blueprint: String,
}

/// Makes a blueprint of what was collected. An alert that `validate` would refuse is refused.
pub fn finish(collected: Collected, around: &Around<'_>, as_of: Date) -> Import {
    let Collected { drafts, mut refused, passed_over, unread, frame } = collected;
    let mut taken = BTreeSet::new();
    let mut kept: Vec<Draft> = Vec::new();
    for mut draft in drafts {
        draft.id = draft::free_id(&draft.id, &taken);
        if around.alerts_only {
            (draft.notify, draft.takes_over) = (Vec::new(), None);
        }
        match judged(&mut draft, &frame, as_of) {
            Ok(()) => {
                taken.insert(draft.id.clone());
                kept.push(draft);
            }
            Err(reason) => refused.push(Refused { from: draft.from, reason }),
        }
    }
    if !around.alerts_only {
        refused.extend(guard::apart(&mut kept, &frame, as_of));
    }
    let blueprint = match around.alerts_only {
        true => draft::list(&kept, ""),
        false => frame::blueprint(&kept, around, &frame),
    };
    let warnings = beside_each_other(&kept, &frame, as_of);
    let adopt = taken::adopt(&kept, &refused);
    let brought = |draft: Draft| Brought {
        alert: draft.id,
        from: draft.from,
        partly: draft.partly,
        notes: draft.notes,
    };
    Import {
        format_version: 1,
        complete: refused.is_empty() && unread.is_empty(),
        alerts: kept.into_iter().map(brought).collect(),
        refused,
        passed_over,
        unread,
        adopt,
        warnings,
        blueprint,
    }
}

/// What EventBridge makes of conditions of several alerts on one bus.
fn beside_each_other(drafts: &[Draft], frame: &Frame, as_of: Date) -> Vec<String> {
    let around = Around { name: "imported", email: draft::NOBODY, alerts_only: false };
    let text = frame::blueprint(drafts, &around, frame);
    let loaded = blueprint::load_text("import.yaml", &text, None, as_of);
    let beside = |one: &Diagnostic| one.code.as_str() == "wildcard-beside-ignore-case";
    let told = loaded.diagnostics.into_iter().filter(beside).map(|one| one.message);
    let told: BTreeSet<String> = told.collect();
    told.into_iter().collect()
}

/// Warnings that tell of the alert itself, and not of the blueprint around it.
const TOLD: [&str; 4] = ["path-unknown", "value-never", "never-fires", "event-renamed"];

/// Holds one alert against all that `validate` checks, and adds what it says of the alert.
fn judged(draft: &mut Draft, frame: &Frame, as_of: Date) -> Result<(), String> {
    let said = guard::checked(std::slice::from_ref(draft), frame, as_of);
    if let Some(error) = said.iter().find(|one| one.severity == Severity::Error) {
        return Err(guard::words(error));
    }
    if let Some(complex) = said.iter().find(|one| one.code == codes::WILDCARDS_COMPLEX) {
        let help = complex.help.as_deref().unwrap_or_default();
        return Err(format!(
            "its wildcards are too complex for EventBridge, which would refuse the rule ({help})"
        ));
    }
    let told = |one: &&Diagnostic| {
        // That a field is never missing is said of each "not", which takes a missing one, too.
        TOLD.contains(&one.code.as_str())
            && !one.message.ends_with("is in every record")
            && !guard::is_of_import(&one.message, draft)
    };
    let notes: Vec<String> = said.iter().filter(told).map(guard::words).collect();
    notes.into_iter().for_each(|note| draft.note(note));
    Ok(())
}
