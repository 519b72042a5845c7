//! Suggestions for a name that the catalogue does not have. Only errors come here, so a search over
//! 20,000 names is fast enough.

use super::{CatalogueEvent, SOURCES, all, find, find_in, knows_source, row_of, sources_of};
use crate::event;
use std::collections::BTreeSet;

/// Most suggestions that are made.
const MAX: usize = 3;

/// What people call services whose events carry another name.
///
/// Source: <https://docs.aws.amazon.com/eventbridge/latest/ref/events.html>
const KNOWN_AS: &[(&str, &str)] = &[
    ("apigatewayv2", "apigateway"),
    ("cloudwatch", "monitoring"),
    ("cloudwatchlogs", "logs"),
    ("console", "signin"),
    ("efs", "elasticfilesystem"),
    ("elb", "elasticloadbalancing"),
    ("elbv2", "elasticloadbalancing"),
    ("emr", "elasticmapreduce"),
    ("eventbridge", "events"),
    ("identitycenter", "sso"),
    ("login", "signin"),
    ("opensearch", "es"),
    ("sfn", "states"),
    ("sign-in", "signin"),
    ("stepfunctions", "states"),
    ("trail", "cloudtrail"),
    ("vpc", "ec2"),
];

/// Names close to `text`, best first, as people write them (`ec2:CreateRoute`), at most three.
///
/// With a source that exists, the same name elsewhere comes first, then the source's own close
/// names; with one that does not, the name under services of a close name; without one, close names
/// anywhere.
pub fn suggest(text: &str, source: Option<&str>) -> Vec<String> {
    let mut found: Vec<String> = Vec::new();
    let mut add = |name: String| {
        if !found.contains(&name) && found.len() < MAX {
            found.push(name);
        }
    };
    match source {
        Some(source) if knows_source(source) => {
            // The right name in the wrong service is likelier than a typo.
            for event in sources_of(text) {
                add(event.short());
            }
            let names = row_of(source).into_iter().flat_map(|row| row.2.lines());
            for name in nearest(text, names.filter_map(|line| line.split(' ').next())) {
                add(event::short(source, name));
            }
        }
        Some(source) => {
            for row in suggest_service(source).iter().filter_map(|source| row_of(source)) {
                if let Some(event) = find_in(row, text) {
                    add(event.short());
                }
            }
            for event in sources_of(text) {
                add(event.short());
            }
        }
        None => {
            let names: BTreeSet<&str> = all().map(|event| event.name).collect();
            for name in nearest(text, names.into_iter()) {
                for event in sources_of(name) {
                    add(event.short());
                }
            }
        }
    }
    found
}

/// Events of a source whose names differ from one by a letter or two, as one and many do.
pub fn nearly(source: &str, name: &str) -> Vec<CatalogueEvent> {
    const LETTERS: usize = 2;
    let names = row_of(source).into_iter().flat_map(|row| row.2.lines());
    let near = nearest(name, names.filter_map(|line| line.split(' ').next())).into_iter();
    let close = |own: &&str| {
        let distance = strsim::osa_distance(own, name);
        distance <= LETTERS && distance * 6 <= name.len()
    };
    near.filter(close).filter_map(|own| find(source, own)).collect()
}

/// Event sources whose service may have been meant, best first.
pub fn suggest_service(text: &str) -> Vec<String> {
    let wanted = event::service(text).to_ascii_lowercase();
    let known_as = KNOWN_AS.iter().filter(|(alias, _)| *alias == wanted).map(|row| row.1);
    let near = nearest(&wanted, SOURCES.iter().map(|row| event::service(row.0)));
    known_as.chain(near).map(|service| format!("{service}.amazonaws.com")).collect()
}

/// The closest of `names`, best first; none that differs in more than a third of its letters.
pub fn nearest<'a>(text: &str, names: impl Iterator<Item = &'a str>) -> Vec<&'a str> {
    let wanted = text.to_ascii_lowercase();
    let limit = (wanted.chars().count() / 3).clamp(1, 4);
    let mut close: Vec<(usize, &str)> = names
        .filter(|name| name.len().abs_diff(wanted.len()) <= limit)
        .map(|name| (strsim::osa_distance(&wanted, &name.to_ascii_lowercase()), name))
        .filter(|(distance, _)| *distance <= limit)
        .collect();
    close.sort_unstable();
    close.dedup();
    close.into_iter().map(|(_, name)| name).take(MAX).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_slip_of_the_finger_is_recognised() {
        let first = |text: &str, source: Option<&str>| suggest(text, source).into_iter().next();
        for (text, source, meant) in [
            ("StopLoging", Some("cloudtrail.amazonaws.com"), "cloudtrail:StopLogging"),
            ("stoplogging", Some("cloudtrail.amazonaws.com"), "cloudtrail:StopLogging"),
            ("StopLoging", None, "cloudtrail:StopLogging"),
            ("ConsoleLogn", None, "signin:ConsoleLogin"),
            ("CreateSecurityGroup", Some("rds.amazonaws.com"), "ec2:CreateSecurityGroup"),
            ("DeleteAlarms", Some("cloudwatch.amazonaws.com"), "monitoring:DeleteAlarms"),
            ("CreateRoute", Some("ec3.amazonaws.com"), "ec2:CreateRoute"),
        ] {
            assert_eq!(first(text, source).as_deref(), Some(meant), "{text} {source:?}");
        }
    }

    #[test]
    fn nothing_close_suggests_nothing() {
        assert!(suggest("Xyzzyxyzzy", Some("ec2.amazonaws.com")).is_empty());
        assert!(suggest("Xyzzyxyzzy", None).is_empty());
    }

    #[test]
    fn at_most_three_are_suggested() {
        assert!(suggest("CreateUser", None).len() <= MAX);
        assert!(suggest("CreateUser", Some("nosuch.amazonaws.com")).len() <= MAX);
    }
}
