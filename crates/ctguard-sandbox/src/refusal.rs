//! Refusals: AWS's error codes, and the rules that several services share.

use super::state::locate;
use ctguard_core::cloud::CloudErrorKind;
use ctguard_core::resource::Tags;
use ctguard_core::scope::{Arn, Place};
use std::collections::BTreeMap;

/// Most tags on one resource.
///
/// Source: <https://docs.aws.amazon.com/tag-editor/latest/userguide/tagging.html>
const TAGS_MAX: usize = 50;

/// A call that AWS would refuse.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Refusal {
    pub code: &'static str,
    pub message: String,
    pub kind: CloudErrorKind,
    /// The refused call, if it is not the requested one.
    pub operation: Option<&'static str>,
}

/// The result of an action.
pub type Done = Result<(), Refusal>;

pub fn refuse(code: &'static str, message: impl Into<String>) -> Refusal {
    Refusal { code, message: message.into(), kind: CloudErrorKind::Refused, operation: None }
}

/// A refusal because of the caller.
pub fn deny(code: &'static str, message: impl Into<String>) -> Refusal {
    Refusal { kind: CloudErrorKind::AccessDenied, ..refuse(code, message) }
}

/// Fails with `code` unless `condition` holds.
pub fn ensure(condition: bool, code: &'static str, message: impl FnOnce() -> String) -> Done {
    if condition { Ok(()) } else { Err(refuse(code, message())) }
}

/// Whether a name has between 1 and `max` letters, digits and characters of `others`.
pub fn is_name(name: &str, max: usize, others: &str) -> bool {
    let allowed = |c: char| c.is_ascii_alphanumeric() || others.contains(c);
    !name.is_empty() && name.len() <= max && name.chars().all(allowed)
}

/// Checks tags, together with those that the resource has.
///
/// Source: <https://docs.aws.amazon.com/tag-editor/latest/userguide/tagging.html>
pub fn check_tags(new: &Tags, there: &Tags, code: &'static str) -> Done {
    let good = |c: char| c.is_alphanumeric() || c == ' ' || "_.:/=+-@".contains(c);
    for (key, value) in new {
        let sizes = (1..=128).contains(&key.chars().count()) && value.chars().count() <= 256;
        let plain = key.chars().chain(value.chars()).all(good);
        let reserved = key.to_ascii_lowercase().starts_with("aws:");
        ensure(sizes && plain && !reserved, code, || format!("`{key}={value}` is not a tag"))?;
    }
    let all: BTreeMap<_, _> = there.iter().chain(new).collect();
    ensure(all.len() <= TAGS_MAX, code, || format!("more than {TAGS_MAX} tags"))
}

/// Whether this is the ARN of a role.
pub fn is_role(arn: &str) -> bool {
    Arn::parse(arn).is_some_and(|arn| arn.service == "iam" && arn.resource.starts_with("role/"))
}

/// Whether this is the ARN of a standard queue in `place`, the only kind that accepts dead letters
/// there.
///
/// Source: <https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-rule-dlq.html>
pub fn is_dead_letter_queue(arn: &str, place: &Place) -> bool {
    locate(arn, "sqs").is_some_and(|(there, name)| there == *place && !name.ends_with(".fifo"))
}
