//! Read-only events, which a rule in the plain state does not get.

use super::super::draft::EventLine;
use crate::catalogue;
use crate::event::EventRef;
use serde_json::Value;

/// Says which events an alert hears that its rule, in the state `ENABLED`, does not.
///
/// Source: <https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-service-event-cloudtrail-management.html>
pub(in super::super) fn reads(events: &[EventLine], filter: Option<&Value>) -> Option<String> {
    if filter.is_some_and(|filter| filter.get("readOnly").is_some()) {
        return None;
    }
    let heard: Vec<String> = events.iter().filter_map(reading).collect();
    let family = heard.iter().any(|name| name == "any" || name.ends_with('*'));
    let narrow = match family {
        true => "; with `access: write` a family leaves them out",
        false => "",
    };
    (!heard.is_empty()).then(|| {
        format!(
            "the rule's state is ENABLED, which read-only events do not reach: it never fires on \
             {}{}; the alert does{narrow}",
            if family { "those of " } else { "" },
            heard.join(", ")
        )
    })
}

/// The name of a line, where an event of it may be read-only.
fn reading(line: &EventLine) -> Option<String> {
    let EventLine::Named(short) = line else { return None };
    let Some((service, name)) = short.split_once(':') else { return Some(short.clone()) };
    if name.ends_with('*') {
        return Some(short.clone());
    }
    let event = catalogue::find(&format!("{service}.amazonaws.com"), name)?;
    event.to_refs().iter().any(EventRef::needs_wide_state).then(|| short.clone())
}
