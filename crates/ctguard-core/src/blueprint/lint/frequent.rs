//! Warnings about calls that are made all day: an alert on each of them is a flood.

use super::super::validate::{AlertNotes, Resolved};
use super::super::{Alert, Outcome};
use super::Linter;
use crate::codes;
use crate::event::{Access, EventKind, EventRef};
use crate::plural::some;
use std::collections::BTreeSet;

/// What consoles, tools and controllers ask for every minute, and AWS Config by itself: lists and
/// descriptions. Calls that hand out one thing (`Get…`) may be rare, such as `ec2:GetPasswordData`.
const ASKED_ALL_DAY: [&str; 2] = ["Describe", "List"];

/// Other calls of programs and of AWS's services, which are made for each request, start or
/// deployment: all that an ordinary month (`benches/corpus/ordinary.txt`) has thousands of times.
///
/// Of KMS, AWS says so itself:
/// <https://docs.aws.amazon.com/awscloudtrail/latest/userguide/logging-management-events-with-cloudtrail.html>
const MADE_ALL_DAY: [(&str, &[&str]); 9] = [
    ("config.amazonaws.com", &["PutEvaluations"]),
    ("ecr.amazonaws.com", &["BatchGetImage", "GetAuthorizationToken", "GetDownloadUrlForLayer"]),
    ("iam.amazonaws.com", &["GetRole"]),
    (
        "kms.amazonaws.com",
        &["Decrypt", "Encrypt", "GenerateDataKey", "GenerateDataKeyWithoutPlaintext"],
    ),
    ("logs.amazonaws.com", &["CreateLogStream", "FilterLogEvents"]),
    ("s3.amazonaws.com", &["GetBucketAcl", "GetBucketLocation"]),
    ("secretsmanager.amazonaws.com", &["GetSecretValue"]),
    (
        "ssm.amazonaws.com",
        &["GetParameter", "GetParameters", "GetParametersByPath", "UpdateInstanceInformation"],
    ),
    ("sts.amazonaws.com", &["AssumeRole", "AssumeRoleWithWebIdentity", "GetCallerIdentity"]),
];

/// Whether an event is made all day in an ordinary account. Data events have a warning of their own.
fn is_frequent(event: &EventRef) -> bool {
    let named = MADE_ALL_DAY
        .iter()
        .any(|(source, names)| event.source == *source && names.contains(&event.name.as_str()));
    let asked = event.access == Access::Read
        && ASKED_ALL_DAY.iter().any(|start| event.name.starts_with(start));
    event.kind == EventKind::Api && !event.is_family() && (named || asked)
}

impl Linter<'_> {
    /// An alert on each of calls that are made all day.
    pub(super) fn frequent_calls(&mut self, alert: &Alert, notes: &AlertNotes) {
        if alert.filter.is_some() || alert.outcome == Outcome::Failure {
            return;
        }
        let found: Vec<&Resolved> =
            notes.events.iter().filter(|one| !one.unchecked && is_frequent(&one.event)).collect();
        let Some(first) = found.first() else { return };
        let names: BTreeSet<String> = found.iter().map(|found| found.event.short()).collect();
        let are = if names.len() == 1 { "is" } else { "are" };
        self.warn(
            codes::EVENT_FREQUENT,
            Some(notes),
            Some(&first.span),
            format!(
                "{} {are} called all day by programs and tools, and `{}` is raised by each",
                some(&names),
                alert.id
            ),
            "each is a message of its own, and is billed: say in `where` which matter, or write \
             `outcome: failure` for those that fail; `ctguard replay` says how many come"
                .to_owned(),
        );
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::catalogue;
    use std::collections::BTreeMap;

    /// More of a call in a month make more than six messages an hour.
    const LOUD: u32 = 5_000;

    /// The calls of the ordinary month, with how often they are made.
    fn calls() -> BTreeMap<(String, String), u32> {
        let mut calls = BTreeMap::new();
        let month = include_str!("../../../../../benches/corpus/ordinary.txt");
        for line in month.lines().filter(|line| !line.trim_start().starts_with('#')) {
            let mut cells = line.split('|').map(str::trim);
            let (Some(times), Some(_), Some(call)) = (cells.next(), cells.next(), cells.next())
            else {
                continue;
            };
            let (Ok(times), Some((source, name))) = (
                times.parse::<u32>(),
                call.split(' ').next().and_then(|call| call.split_once(':')),
            ) else {
                continue;
            };
            let call = (format!("{source}.amazonaws.com"), name.to_owned());
            *calls.entry(call).or_default() += times;
        }
        calls
    }

    #[test]
    fn what_an_ordinary_month_is_full_of_is_frequent_and_what_is_rare_is_not() {
        let calls = calls();
        let mut tried = (0, 0);
        for ((source, name), times) in &calls {
            let Some(event) = catalogue::find(source, name) else { continue };
            let frequent = event.to_refs().iter().any(is_frequent);
            match times {
                LOUD.. => {
                    tried.0 += 1;
                    assert!(frequent, "{source} {name}: {times}");
                }
                // What changes something a few times a day is what alerts are for.
                ..200 if !event.may_read() => {
                    tried.1 += 1;
                    assert!(!frequent, "{source} {name}: {times}");
                }
                _ => {}
            }
        }
        assert!(tried.0 > 20 && tried.1 > 50, "{tried:?}");
    }

    #[test]
    fn every_call_that_is_named_is_in_the_catalogue() {
        for (source, names) in MADE_ALL_DAY {
            for name in names {
                let event = catalogue::find(source, name);
                let event = event.unwrap_or_else(|| panic!("{source} {name}"));
                assert!(event.to_refs().iter().any(is_frequent), "{source} {name}");
            }
        }
    }
}
