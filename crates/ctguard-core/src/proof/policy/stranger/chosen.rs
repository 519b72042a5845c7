//! What strangers choose of a request: the event that they put, and whatever is of their own
//! account, such as names, tags, sessions and networks.
//!
//! A value of a key that only one account or network has is nobody else's. AWS calls a policy public
//! for the same reason where its conditions are on other keys, or have patterns for values.
//!
//! Sources: <https://docs.aws.amazon.com/AmazonS3/latest/userguide/access-control-block-public-access.html#access-control-block-public-access-policy-status>,
//! <https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_condition-keys.html>

use super::super::{glob, texts};
use super::{ACCOUNT, ORGANIZATION, theirs};
use crate::resource::policy::statements;
use serde_json::Value;
use std::collections::{BTreeMap, BTreeSet};

/// More values than these of a key are not tried.
const TRIED: usize = 12;

/// More combinations of values than these are not tried.
const COMBINED: usize = 2_000;

/// A stranger's choice: the value of a key in lower case, or none of it.
pub type Choice = BTreeMap<String, Option<String>>;

/// An address of a stranger's for each protocol that has one of one's own.
const ENDPOINTS: [&str; 3] = [
    "https://stranger.invalid/x",
    "stranger@stranger.invalid",
    "arn:aws:sqs:us-east-1:000000000000:stranger",
];

/// The choices of a stranger that a policy may tell apart.
pub fn all(policy: &Value, action: &str) -> Vec<Choice> {
    let mut all = vec![Choice::new()];
    for key in keys(policy) {
        let Some(candidates) = candidates(&key, &values(policy, &key), action) else { continue };
        let more = all.iter().flat_map(|choice| {
            candidates.iter().map(|value| {
                let mut choice = choice.clone();
                choice.insert(key.clone(), value.clone());
                choice
            })
        });
        all = more.take(COMBINED).collect();
    }
    all
}

/// The conditions of a policy: each key as it is written, and what it is compared with.
fn conditions(policy: &Value) -> impl Iterator<Item = (&String, &Value)> {
    let blocks = statements(policy).into_iter().filter_map(|one| one.get("Condition")?.as_object());
    blocks.flat_map(|block| block.values()).filter_map(Value::as_object).flatten()
}

/// The keys of a policy's conditions, in lower case.
fn keys(policy: &Value) -> BTreeSet<String> {
    conditions(policy).map(|(key, _)| key.to_ascii_lowercase()).collect()
}

/// The values that a policy compares a key with.
pub fn values(policy: &Value, key: &str) -> Vec<String> {
    let of_key = conditions(policy).filter(|(name, _)| name.eq_ignore_ascii_case(key));
    let mut all: Vec<String> =
        of_key.flat_map(|(_, value)| texts(value).map(str::to_owned)).collect();
    all.sort();
    all.dedup();
    all.truncate(TRIED);
    all
}

/// What a stranger can have for a key; `None` of a key that they do not choose.
fn candidates(key: &str, named: &[String], action: &str) -> Option<Vec<Option<String>>> {
    let fixed = |all: &[&str]| all.iter().map(|one| Some((*one).to_owned())).collect::<Vec<_>>();
    let filled = || {
        let filled = named.iter().map(|value| Some(fill(value)));
        filled.chain([Some("something.else".to_owned())]).collect::<Vec<_>>()
    };
    let or_none = |mut all: Vec<Option<String>>| {
        all.push(None);
        all
    };
    let wild = || named.iter().filter(|one| is_wild(one)).map(|one| Some(fill(one)));
    let arns = || named.iter().filter_map(|pattern| theirs(pattern)).map(Some);
    let accounts = || named.iter().filter_map(|pattern| account(pattern)).map(Some);
    let is_put = action.starts_with("events:");
    let subscribes = action.eq_ignore_ascii_case("sns:Subscribe");
    Some(match key {
        "events:source" | "events:detail-type" if is_put => filled(),
        "events:eventbusinvocation" if is_put => fixed(&["true", "false"]),
        "sns:protocol" if subscribes => filled(),
        "sns:endpoint" if subscribes => fixed(&ENDPOINTS),
        "aws:securetransport" => fixed(&["true", "false"]),
        "aws:multifactorauthpresent" => or_none(fixed(&["true", "false"])),
        "aws:multifactorauthage" => or_none(fixed(&["1", "1000000"])),
        "aws:principaltype" => fixed(&["AssumedRole", "User", "FederatedUser", "Account"]),
        "aws:useragent" | "aws:referer" | "aws:username" | "aws:sourceidentity"
        // AWS names it for the call that begins a session only; it would keep nobody out.
        | "sts:rolesessionname" => or_none(filled()),
        key if key.starts_with("aws:principaltag/") => or_none(filled()),
        // How a file is asked for or written is up to whoever does it.
        "s3:x-amz-acl" | "s3:prefix" | "s3:delimiter" | "s3:authtype" | "s3:signatureversion" => {
            or_none(filled())
        }
        "aws:principalarn" => {
            let own = format!("arn:aws:iam::{ACCOUNT}:role/anybody");
            let short = named.iter().flat_map(|pattern| role_arns(pattern)).map(Some);
            [Some(own)].into_iter().chain(arns()).chain(short).collect()
        }
        "aws:federatedprovider" => {
            let shared = named.iter().filter(|one| !one.starts_with("arn:"));
            or_none(shared.map(|one| Some(fill(one))).chain(arns()).collect())
        }
        "aws:sourcevpcarn" => or_none(arns().collect()),
        "aws:sourcevpc" | "aws:sourcevpce" | "aws:vpceorgid" | "aws:vpceorgpaths" => {
            or_none(wild().collect())
        }
        "aws:principalaccount" => {
            [Some(ACCOUNT.to_owned())].into_iter().chain(accounts()).collect()
        }
        "aws:vpceaccount" => or_none(accounts().collect()),
        "aws:principalorgid" => {
            [Some(ORGANIZATION.to_owned())].into_iter().chain(wild()).collect()
        }
        "aws:principalorgpaths" => {
            let path = format!("{ORGANIZATION}/r-0000/");
            let others = named.iter().filter(|path| {
                path.split('/').next().is_some_and(is_wild)
            });
            [Some(path)].into_iter().chain(others.map(|path| Some(fill(path)))).collect()
        }
        "aws:userid" => {
            let own = Some(format!("{ROLE_ID}:anybody"));
            [own].into_iter().chain(named.iter().filter_map(|one| user_id(one)).map(Some)).collect()
        }
        _ => return None,
    })
}

/// An id that AWS gives to no role.
const ROLE_ID: &str = "AROA0000000000000000";

/// The `aws:userid` of a session of a stranger's role that a pattern admits.
fn user_id(pattern: &str) -> Option<String> {
    let (id, session) = pattern.split_once(':')?;
    glob(id, ROLE_ID).then(|| format!("{ROLE_ID}:{}", fill(session)))
}

/// ARNs in a stranger's account that a pattern admits which does not begin as an ARN does.
fn role_arns(pattern: &str) -> Vec<String> {
    let rest = pattern.rsplit(':').next().unwrap_or_default();
    let name = rest.trim_start_matches('*');
    let own =
        ["", "role/", "user/"].map(|kind| format!("arn:aws:iam::{ACCOUNT}:{kind}{}", fill(name)));
    own.into_iter().filter(|arn| glob(pattern, arn)).collect()
}

fn is_wild(pattern: &str) -> bool {
    pattern.contains(['*', '?'])
}

/// A text that a pattern admits.
fn fill(pattern: &str) -> String {
    pattern.replace(['*', '?'], "x")
}

/// The id of an account that is not the one that a pattern names, where it names more than one.
pub fn account(pattern: &str) -> Option<String> {
    if glob(pattern, ACCOUNT) {
        return Some(ACCOUNT.to_owned());
    }
    if !is_wild(pattern) {
        return None;
    }
    let plain = pattern.chars().filter(|c| *c != '*').count();
    let zeros = "0".repeat(ACCOUNT.len().checked_sub(plain)?);
    let all = pattern.replacen('*', &zeros, 1).replace('*', "").replace('?', "0");
    let is_account = all.len() == ACCOUNT.len() && all.bytes().all(|byte| byte.is_ascii_digit());
    is_account.then_some(all)
}
