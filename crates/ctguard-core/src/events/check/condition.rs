//! The other conditions of a clause, held against the model of records.

use super::clause::Clause;
use super::finding::Findings;
use crate::codes;
use crate::codes::Code;
use crate::event::EventRef;
use crate::events::tree::Node;
use crate::record::{self, Asked, Finding};
use eventbridge_pattern::{Filter, Matcher};
use std::ops::Range;

/// Most events that are held against the conditions of one clause: more are a family, of which the
/// first say enough.
const MAX_EVENTS: usize = 200;

/// Fields of `detail` that the catalogue has judged.
const JUDGED: [&str; 2] = ["detail.eventSource", "detail.eventName"];

/// Says which conditions no record of these events satisfies.
pub(super) fn judge(clause: &Clause<'_>, events: &[EventRef], findings: &mut Findings) {
    let events = &events[..events.len().min(MAX_EVENTS)];
    let conditions: Vec<(&str, &Node, Filter)> = clause
        .fields()
        .filter(|(path, node)| !JUDGED.contains(path) && !node.has_hole())
        .filter_map(|(path, node)| {
            let path = path.strip_prefix("detail.")?;
            let items = clause.choice(&format!("detail.{path}"))?.items;
            let matchers: Vec<Matcher> = items.into_iter().map(|item| item.matcher).collect();
            let field = Filter::Field { path: path.to_owned(), matchers };
            Some((path, node, field))
        })
        .collect();
    // Of Insights more is in a record than the model has.
    let of_insights = conditions.iter().any(|(path, ..)| path.starts_with("insightDetails"));
    if events.is_empty() || conditions.is_empty() || of_insights {
        return;
    }
    let filter = Filter::All(conditions.iter().map(|(.., field)| field.clone()).collect());
    let asked = Asked { events, filter: Some(&filter), failed: None, except: &[] };
    for finding in record::check(&asked).findings {
        let at = place(&finding, clause, &conditions);
        let code = of_check(finding.code);
        let beside = beside_detail(&finding.path);
        let (message, help) = (finding.message, beside.unwrap_or(finding.help));
        match finding.sure {
            true => findings.error(code, &at, message, help),
            false => findings.warning(code, &at, message, help),
        }
    }
}

/// Fields of the event around the record.
///
/// Source: <https://docs.aws.amazon.com/eventbridge/latest/ref/overiew-event-structure.html>
const ENVELOPE: [&str; 7] = ["account", "detail-type", "id", "region", "source", "time", "version"];

/// What to do about a field within `detail` that stands beside it.
fn beside_detail(path: &str) -> Option<String> {
    let help =
        || format!("`{path}` stands beside `detail` in an event: write it there, not within");
    ENVELOPE.contains(&path).then(help)
}

/// The model's own codes are warnings about a blueprint; a file of another tool has no `allow:`.
fn of_check(code: Code) -> Code {
    match code.as_str() {
        "path-unknown" => codes::CONDITION_ON_UNKNOWN_PATH,
        "value-never" => codes::CONDITION_NEVER_HOLDS,
        _ => codes::CONDITIONS_EXCLUDE_EACH_OTHER,
    }
}

/// Where a finding stands: at its operator, or at the values of its path.
fn place(
    finding: &Finding,
    clause: &Clause<'_>,
    conditions: &[(&str, &Node, Filter)],
) -> Range<usize> {
    let own = format!("detail.{}", finding.path);
    let items = clause.choice(&own).map(|choice| choice.items).unwrap_or_default();
    let item = items.iter().find(|item| finding.matcher.as_ref() == Some(&item.matcher));
    let node = conditions.iter().find(|(path, ..)| *path == finding.path).map(|(_, node, _)| *node);
    let first = conditions.first().map(|(_, node, _)| *node);
    item.map(|item| item.node).or(node).or(first).map(|node| node.span.clone()).unwrap_or_default()
}
