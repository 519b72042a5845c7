//! Finds what every verb would refuse, without AWS: compiles the blueprint for representative
//! places.

mod assumed;
#[cfg(test)]
mod tests;
mod text;

use super::rules::rules;
use crate::blueprint::{Alert, Blueprint, Loaded};
use crate::codes::Code;
use crate::desired::compile;
use crate::desired::compile::alert_patterns;
use crate::desired::pattern::Origin;
use crate::diag;
use crate::diag::{Diagnostic, Span};
use jiff::civil::Date;
use std::collections::BTreeSet;

/// Finds what keeps a valid blueprint from being compiled, each problem once: alerts that can never
/// fire or have no exact pattern, messages and policies that are too large, quotas, topics and
/// subscribers out of reach.
///
/// What depends on the live accounts is not judged: the module `assumed` says what is assumed.
pub fn check(blueprint: &Blueprint, as_of: Date) -> Vec<Diagnostic> {
    let mut problems = rules(blueprint, as_of).err().unwrap_or_default();
    // An alert without a pattern has none in any place.
    let told: BTreeSet<(Code, Option<Span>)> =
        problems.iter().map(|problem| (problem.code, problem.span.clone())).collect();
    let compiled = compile(blueprint, &assumed::scope(blueprint, as_of), as_of);
    let more = compiled.err().unwrap_or_default();
    problems.extend(more.into_iter().filter(|one| !told.contains(&(one.code, one.span.clone()))));
    diag::sort(&mut problems);
    problems
}

/// Checks a blueprint that was read, too, and reports all problems together, with warnings about the
/// messages. Of one that has errors already, the patterns of the alerts that could be read are checked.
pub fn checked(mut loaded: Loaded, as_of: Date) -> Loaded {
    if let Some(blueprint) = &loaded.blueprint {
        loaded.diagnostics.extend(text::warnings(blueprint, &loaded.allowed));
        diag::sort(&mut loaded.diagnostics);
    }
    let mut problems = match &loaded.blueprint {
        Some(blueprint) => check(blueprint, as_of),
        None => pattern_problems(&loaded.alerts, as_of),
    };
    diag::bound(&mut problems);
    if !problems.is_empty() {
        loaded.blueprint = None;
        loaded.diagnostics.extend(problems);
        diag::sort(&mut loaded.diagnostics);
    }
    loaded
}

fn pattern_problems(alerts: &[Alert], as_of: Date) -> Vec<Diagnostic> {
    let patterns = |alert: &Alert| alert_patterns(alert, &alert.events, &Origin::Any, as_of);
    alerts.iter().filter_map(|alert| patterns(alert).err()).flatten().collect()
}
