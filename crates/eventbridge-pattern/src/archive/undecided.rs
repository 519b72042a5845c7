//! What a table does not hold well enough to tell.
//!
//! A row of a table has some fields of the record, and those for which the table has no column are not absent: nobody knows
//! them. A condition on such a field is unknown, and so is a pattern that no other condition decides.

use super::row::{Columns, Taken};
use crate::set::{BadRecord, PatternSet};
use crate::{Event, Filter};

/// A pattern that a row does not decide.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Undecided {
    /// The pattern, by number.
    pub rule: u32,
    /// The field that it asks for and that the table has no column for.
    pub field: String,
}

/// The patterns that the record of a row does not decide, by number, ascending.
///
/// # Errors
/// When the record is no JSON object.
pub fn undecided(
    set: &PatternSet,
    record: &[u8],
    columns: &Columns,
) -> Result<Vec<Undecided>, BadRecord> {
    let known = |path: &str| columns.of_path(path) == Taken::Column;
    if set.paths().all(known) {
        return Ok(Vec::new());
    }
    let event = set.event_of(record)?;
    let unknown = |(rule, filter): (u32, &Filter)| match told(filter, &event, columns) {
        Told::Unknown(field) => Some(Undecided { rule, field }),
        Told::Yes | Told::No => None,
    };
    Ok(set.filters().filter_map(unknown).collect())
}

/// Whether a condition holds, as far as a row tells.
enum Told {
    No,
    /// It hangs on this field.
    Unknown(String),
    Yes,
}

fn told(filter: &Filter, event: &Event<'_>, columns: &Columns) -> Told {
    match filter {
        Filter::All(members) => {
            let mut all = Told::Yes;
            for member in members {
                match told(member, event, columns) {
                    Told::No => return Told::No,
                    Told::Unknown(field) => all = Told::Unknown(field),
                    Told::Yes => {}
                }
            }
            all
        }
        Filter::Any(members) => {
            let mut any = Told::No;
            for member in members {
                match told(member, event, columns) {
                    Told::Yes => return Told::Yes,
                    Told::Unknown(field) => any = Told::Unknown(field),
                    Told::No => {}
                }
            }
            any
        }
        Filter::Field { path, .. } => match (columns.of_path(path), filter.matches_event(event)) {
            (Taken::Nothing(field), _) => Told::Unknown(field),
            (Taken::StandIn(field), false) => Told::Unknown(field.to_owned()),
            (_, true) => Told::Yes,
            (_, false) => Told::No,
        },
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Pattern;

    #[test]
    fn what_hangs_on_a_field_without_a_column_is_undecided_and_nothing_else() {
        let patterns = [
            r#"{"detail":{"eventName":["Stop"],"userIdentity":{"type":["Root"]}}}"#,
            r#"{"detail":{"eventName":["Start"],"userIdentity":{"type":["Root"]}}}"#,
            r#"{"detail":{"eventName":["Stop"]},"detail-type":["AWS API Call via CloudTrail"]}"#,
            r#"{"detail":{"eventName":["Stop"]},"detail-type":["AWS Service Event via CloudTrail"]}"#,
            r#"{"detail":{"eventName":["Stop"],"errorCode":[{"exists":false}]}}"#,
            r#"{"detail":{"$or":[{"eventName":["Stop"]},{"errorCode":["x"]}]}}"#,
        ];
        let set = PatternSet::new(patterns.map(|text| Pattern::parse(text).unwrap()));
        let record = br#"{"eventName":"Stop","eventSource":"x.amazonaws.com"}"#;
        let found = undecided(&set, record, &Columns::of(["eventname", "eventsource"])).unwrap();
        let found: Vec<_> = found.iter().map(|one| (one.rule, one.field.as_str())).collect();
        assert_eq!(found, [(0, "userIdentity"), (3, "eventType"), (4, "errorCode")]);
        let all = ["eventname", "eventsource", "eventtype", "useridentity", "errorcode"];
        assert_eq!(undecided(&set, record, &Columns::of(all)), Ok(Vec::new()));
    }
}
