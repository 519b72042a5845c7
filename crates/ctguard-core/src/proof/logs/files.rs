//! The names of a trail's files, place by place, and those among them that a policy may mean.
//!
//! Source: <https://docs.aws.amazon.com/awscloudtrail/latest/userguide/get-and-view-cloudtrail-log-files.html>

use super::expiry;
use crate::desired::Desired;
use crate::resource::policy::statements;
use crate::resource::trail::Trail;
use crate::scope::Place;
use serde_json::Value;
use std::collections::BTreeSet;

/// A day and a minute of a file, and another.
const TIMES: [(&str, &str); 2] =
    [("2026/11/22", "20261122T1200Z_a"), ("2031/02/03", "20310203T0405Z_B7c")];

/// The name of a file of a place; `below` is the folder of an organization, or empty.
pub fn name(trail: &Trail, below: &str, place: &Place, kind: &str) -> String {
    timed(trail, below, place, kind, TIMES[0])
}

fn timed(
    trail: &Trail,
    below: &str,
    place: &Place,
    kind: &str,
    (day, minute): (&str, &str),
) -> String {
    let (account, region) = (&place.account, &place.region);
    let folder = expiry::folder(trail);
    format!(
        "{folder}AWSLogs/{below}{account}/{kind}/{region}/{day}/{account}_{kind}_{region}_{minute}.json.gz"
    )
}

/// Files of every covered place that the trail records, where a statement of the policy is about
/// some of the bucket's files only: ordinary ones, and those that its patterns mean.
pub fn names(
    desired: &Desired,
    home: &Place,
    trail: &Trail,
    policy: &Value,
    bucket: &str,
) -> Vec<String> {
    let patterns = narrow(policy, bucket);
    if patterns.is_empty() {
        return Vec::new();
    }
    let below = folder(desired, trail);
    let mut kinds = vec!["CloudTrail"];
    if trail.log_file_validation {
        kinds.push("CloudTrail-Digest");
    }
    let mut found = Vec::new();
    for place in desired.covered.iter().filter(|place| records(trail, home, place)) {
        for kind in &kinds {
            found.extend(TIMES.map(|time| timed(trail, &below, place, kind, time)));
            let day = ("20##/##/##", "20######T####Z_################");
            let form = format!("{bucket}/{}", timed(trail, &below, place, kind, day));
            let meant = patterns.iter().filter_map(|pattern| both_match(pattern, &form));
            let inside = format!("{bucket}/");
            let meant = meant.filter_map(|arn| Some(arn.strip_prefix(&inside)?.to_owned()));
            found.extend(meant.filter(|name| !is_past(name, kind, place)));
        }
    }
    found
}

/// The folder of the organization's accounts; of one that is not known, one like it.
fn folder(desired: &Desired, trail: &Trail) -> String {
    if !trail.organization {
        return String::new();
    }
    let found = desired.organization.as_ref().map(|found| found.id.as_str());
    let id = found.or(desired.said_organization.as_deref()).unwrap_or("o-0000000000");
    format!("{id}/")
}

/// Whether a file is of a year that is over, in which no more are written.
fn is_past(name: &str, kind: &str, place: &Place) -> bool {
    let day = name.split_once(&format!("/{kind}/{}/", place.region)).map(|(_, day)| day);
    day.is_some_and(|day| *day < *TIMES[0].0.split('/').next().unwrap_or_default())
}

fn records(trail: &Trail, home: &Place, place: &Place) -> bool {
    (trail.organization || place.account == home.account)
        && (trail.multi_region || place.region == home.region)
}

/// The patterns of a policy that mean some of the bucket's files, and not all of them.
fn narrow<'p>(policy: &'p Value, bucket: &str) -> BTreeSet<&'p str> {
    let all = format!("{bucket}/*");
    let elements = ["Resource", "NotResource"];
    let found = statements(policy).into_iter();
    let found = found.flat_map(|one| elements.iter().filter_map(|name| one.get(name)));
    found
        .flat_map(|value| match value {
            Value::Array(many) => many.iter().filter_map(Value::as_str).collect(),
            one => one.as_str().into_iter().collect::<Vec<_>>(),
        })
        .filter(|pattern| *pattern != bucket && *pattern != all && *pattern != "*")
        .collect()
}

/// A text that a pattern of IAM's and a form admit. In a form `#` is one character of a file's
/// name that differs from file to file, a digit.
fn both_match(pattern: &str, form: &str) -> Option<String> {
    let form: Vec<Option<char>> =
        form.chars().map(|c| if c == '#' { None } else { Some(c) }).collect();
    let pattern: Vec<char> = pattern.chars().collect();
    // `reach[p][f]`: the rest of the pattern and of the form have a text in common.
    let mut reach = vec![vec![false; form.len() + 1]; pattern.len() + 1];
    reach[pattern.len()][form.len()] = true;
    for p in (0..pattern.len()).rev() {
        for f in (0..=form.len()).rev() {
            reach[p][f] = match pattern[p] {
                '*' => reach[p + 1][f] || f < form.len() && reach[p][f + 1],
                c => f < form.len() && fits(c, form[f]) && reach[p + 1][f + 1],
            };
        }
    }
    if !reach[0][0] {
        return None;
    }
    let (mut p, mut out) = (0, String::new());
    for (f, of_form) in form.iter().enumerate() {
        while pattern.get(p) == Some(&'*') && reach[p + 1][f] {
            p += 1;
        }
        out.push(match (pattern.get(p).copied(), *of_form) {
            (_, Some(c)) => c,
            (Some(c), None) if c != '*' && c != '?' => c,
            _ => '1',
        });
        if pattern.get(p) != Some(&'*') {
            p += 1;
        }
    }
    Some(out)
}

fn fits(c: char, of_form: Option<char>) -> bool {
    match of_form {
        Some(own) => c == '?' || c == own,
        None => c == '?' || c.is_ascii_digit(),
    }
}

#[cfg(test)]
mod tests {
    use super::super::super::policy::glob;
    use super::*;

    const FORM: &str = "arn:aws:s3:::logs/AWSLogs/111122223333/CloudTrail/eu-west-1/20##/##/##/111122223333_CloudTrail_eu-west-1_20######T####Z_################.json.gz";

    #[test]
    fn a_pattern_and_a_form_have_a_file_in_common() {
        for (pattern, meant) in [
            ("arn:aws:s3:::logs/*", true),
            ("arn:aws:s3:::logs/AWSLogs/*/CloudTrail/eu-west-1/*", true),
            ("arn:aws:s3:::logs/AWSLogs/*/CloudTrail/us-east-1/*", false),
            ("arn:aws:s3:::logs/AWSLogs/444455556666/*", false),
            ("arn:aws:s3:::logs/*2027*", true),
            ("arn:aws:s3:::logs/*/2027/*", true),
            ("arn:aws:s3:::logs/*/2027/01/*", true),
            ("arn:aws:s3:::logs/*/1999/01/*", false),
            ("arn:aws:s3:::logs/*/????/*.gz", true),
            ("arn:aws:s3:::logs/*_20270101T*", true),
            ("arn:aws:s3:::logs/*.parquet", false),
            ("arn:aws:s3:::logs/*.json.gz", true),
            ("arn:aws:s3:::other/*", false),
        ] {
            let found = both_match(pattern, FORM);
            assert_eq!(found.is_some(), meant, "{pattern}: {found:?}");
            if let Some(found) = found {
                assert!(glob(pattern, &found), "{pattern}: {found}");
            }
        }
    }
}
