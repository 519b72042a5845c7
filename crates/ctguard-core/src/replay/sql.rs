//! The query that gives a replay's counts over the table of CloudTrail logs that AWS documents for Athena.
//!
//! A condition becomes an expression that is true, false or unknown (`NULL`): what the table does not hold well
//! enough to decide is unknown, SQL's own logic carries it through, and the query counts it in a column of its own.
//! What the table does not hold at all is refused. So a count is never silently wrong.
//!
//! Table: <https://docs.aws.amazon.com/athena/latest/ug/create-cloudtrail-table-partition-projection.html>

mod column;
mod leaf;

use super::Setup;
use super::time::day;
use super::time::{day_number, day_start};
use crate::desired::pattern::Origin;
use crate::offline::OfflineRule;
use crate::resource::rule::RuleState;
use crate::scope::{AccountId, Region};
use eventbridge_pattern::Filter;
use jiff::civil::Date;
use std::fmt::Write;

/// The longest query that Athena takes, in bytes.
///
/// Source: <https://docs.aws.amazon.com/athena/latest/ug/service-limits.html>
pub const QUERY_MAX: usize = 262_144;

/// Why a condition has no exact expression.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{path}`: {why}")]
pub struct Inexpressible {
    pub path: String,
    pub why: String,
}

/// A query.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Query {
    pub text: String,
    /// Alerts that it does not count, and why.
    pub refused: Vec<(String, Inexpressible)>,
}

/// Writes the query over a table. Its rows: `alert`, `raised`, `not_delivered`, `undecided`.
pub fn query(setup: &Setup, blueprint: &str, table: &str) -> Query {
    let mut judged: Vec<String> = Vec::new();
    let mut counted: Vec<(usize, &str)> = Vec::new();
    let mut refused = Vec::new();
    for (index, alert) in setup.alerts.iter().enumerate() {
        let rules: Vec<&OfflineRule> =
            setup.rules.iter().filter(|rule| rule.alert == index).collect();
        match alert_expressions(&rules) {
            Ok((matched, raised)) => {
                let number = index + 1;
                judged.push(format!("    {matched} AS matched_{number}"));
                judged.push(format!("    {raised} AS raised_{number}"));
                counted.push((number, &alert.id));
            }
            Err(why) => refused.push((alert.id.clone(), why)),
        }
    }
    Query { text: text(setup, blueprint, table, &judged, &counted, &refused), refused }
}

/// Whether an alert's patterns match, and whether a rule that is given the event has one that does.
fn alert_expressions(rules: &[&OfflineRule]) -> Result<(String, String), Inexpressible> {
    let mut matched = Vec::new();
    let mut raised = Vec::new();
    for rule in rules {
        let matches = condition(&rule.pattern.filter)?;
        let given: Vec<String> =
            [delivered(rule.state), hears(&rule.accounts)].into_iter().flatten().collect();
        raised.push(all(std::iter::once(matches.clone()).chain(given).collect()));
        matched.push(matches);
    }
    Ok((any(matched), any(raised)))
}

/// Read-only management events do not reach a rule in the plain state. An event that does not say is unknown.
fn delivered(state: RuleState) -> Option<String> {
    let plain = state == RuleState::Enabled;
    plain.then(|| "NOT (readonly = 'true' AND eventcategory = 'Management')".to_owned())
}

/// Accounts that leave the alert out.
fn hears(accounts: &Origin) -> Option<String> {
    let (accounts, not) = match accounts {
        Origin::Any => return None,
        Origin::Only(accounts) => (accounts, ""),
        Origin::Except(accounts) => (accounts, "NOT "),
    };
    let listed: Vec<String> = accounts.iter().map(|id| leaf::quoted(id.as_str())).collect();
    let account = "coalesce(recipientaccountid, useridentity.accountid, 'unknown')";
    Some(format!("{account} {not}IN ({})", listed.join(", ")))
}

fn condition(filter: &Filter) -> Result<String, Inexpressible> {
    let members = |filters: &[Filter]| filters.iter().map(condition).collect::<Result<Vec<_>, _>>();
    match filter {
        Filter::All(filters) => Ok(all(members(filters)?)),
        Filter::Any(filters) => Ok(any(members(filters)?)),
        Filter::Field { path, matchers } => {
            leaf::condition(path, matchers).map_err(|why| Inexpressible { path: path.clone(), why })
        }
    }
}

fn all(parts: Vec<String>) -> String {
    joined(parts, " AND ", "TRUE")
}

fn any(parts: Vec<String>) -> String {
    joined(parts, " OR ", "FALSE")
}

fn joined(mut parts: Vec<String>, between: &str, of_none: &str) -> String {
    match (parts.pop(), parts.is_empty()) {
        (None, _) => of_none.to_owned(),
        (Some(only), true) => only,
        (Some(last), false) => {
            parts.push(last);
            format!("({})", parts.join(between))
        }
    }
}

fn text(
    setup: &Setup,
    blueprint: &str,
    table: &str,
    judged: &[String],
    counted: &[(usize, &str)],
    refused: &[(String, Inexpressible)],
) -> String {
    let mut out = format!(
        "-- What the blueprint {blueprint} would have alerted on, for Athena (engine version 3), over the table that AWS documents.\n\
         -- raised: records that raise the alert. not_delivered: its patterns match, and its rules are not given the record.\n\
         -- undecided: this table cannot tell; `ctguard replay` on the log files can. Records above 256 KB count as raised.\n\
         -- A condition on the table's partitions makes it read less.\n"
    );
    for (alert, why) in refused {
        let _ = writeln!(
            out,
            "-- NOT COUNTED: {alert}: {}",
            why.to_string().replace(['\n', '\r'], " ")
        );
    }
    if counted.is_empty() {
        out.push_str("SELECT 'no alert can be counted' AS alert, CAST(NULL AS bigint) AS raised, CAST(NULL AS bigint) AS not_delivered, CAST(NULL AS bigint) AS undecided;\n");
        return out;
    }
    let _ = write!(
        out,
        "WITH judged AS (\n  SELECT\n{}\n  FROM {table}\n{}), counted AS (\n  SELECT\n",
        judged.join(",\n"),
        within(setup)
    );
    let columns: Vec<String> = counted
        .iter()
        .map(|(number, _)| {
            format!(
                "    count_if(raised_{number}) AS raised_{number},\n    count_if(matched_{number} AND NOT raised_{number}) AS held_{number},\n    count_if(raised_{number} IS NULL) AS unknown_{number}"
            )
        })
        .collect();
    let _ = write!(
        out,
        "{}\n  FROM judged\n)\nSELECT\n  alerts.alert AS alert,\n",
        columns.join(",\n")
    );
    for (index, (prefix, name)) in
        [("raised", "raised"), ("held", "not_delivered"), ("unknown", "undecided")]
            .iter()
            .enumerate()
    {
        let cases: Vec<String> = counted
            .iter()
            .map(|(number, _)| format!("WHEN {number} THEN {prefix}_{number}"))
            .collect();
        let comma = if index < 2 { "," } else { "" };
        let _ = writeln!(out, "  CASE alerts.number {} END AS {name}{comma}", cases.join(" "));
    }
    let rows: Vec<String> =
        counted.iter().map(|(number, id)| format!("({number}, {})", leaf::quoted(id))).collect();
    let _ = write!(
        out,
        "FROM counted CROSS JOIN (VALUES {}) AS alerts (number, alert)\nORDER BY alerts.number;\n",
        rows.join(", ")
    );
    out
}

/// The days, accounts and regions asked for. Times are texts that sort as they follow one another.
fn within(setup: &Setup) -> String {
    let period = setup.period;
    let after = |last: Date| day(day_number(day_start(last)) + 1);
    let since = period.since.map(|since| format!("eventtime >= '{since}'"));
    let until = period.until.map(|until| format!("eventtime < '{}'", after(until)));
    // A record that does not say is counted.
    let among = |column: &str, names: Vec<&str>| {
        let listed: Vec<String> = names.into_iter().map(leaf::quoted).collect();
        let listed = (!listed.is_empty()).then(|| listed.join(", "));
        listed.map(|listed| format!("coalesce({column} IN ({listed}), true)"))
    };
    let accounts = setup.narrow.accounts.iter().map(AccountId::as_str).collect();
    let regions = setup.narrow.regions.iter().map(Region::as_str).collect();
    let bounds: Vec<String> = since
        .into_iter()
        .chain(until)
        .chain(among("coalesce(recipientaccountid, useridentity.accountid)", accounts))
        .chain(among("awsregion", regions))
        .collect();
    match bounds.is_empty() {
        true => String::new(),
        false => format!("  WHERE {}\n", bounds.join(" AND ")),
    }
}

#[cfg(test)]
mod tests;
