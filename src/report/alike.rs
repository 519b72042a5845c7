//! Failures of several calls that have one cause and one remedy, told once.

use std::collections::BTreeSet;

/// Stands for a call or a resource where two failures are compared.
const ANY: &str = "\u{0}";

/// One failure as it is told: which calls failed, in which words, and what mends it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Failure {
    calls: BTreeSet<String>,
    /// Of the first call: what follows "failed: ", and the remedy.
    rest: String,
    fix: String,
    key: [String; 2],
}

impl Failure {
    /// Takes apart what is said of a call: `CALL failed: WORDS`. `None` of anything else.
    pub fn parse(text: &str, fix: &str) -> Option<Self> {
        let (call, rest) = text.split_once(" failed: ")?;
        if call.contains(' ') || !call.contains(':') {
            return None;
        }
        // Services have different codes for the same cause, and a message names its own resource.
        let words = rest.split_once(" (").map_or(rest, |(_, words)| words);
        let key = [without_resource(words), fix.to_owned()].map(|text| text.replace(call, ANY));
        let calls = BTreeSet::from([call.to_owned()]);
        Some(Self { calls, rest: rest.to_owned(), fix: fix.to_owned(), key })
    }

    /// Whether another failure differs only in the call.
    pub fn is_like(&self, other: &Self) -> bool {
        self.key == other.key
    }

    pub fn join(&mut self, other: Self) {
        self.calls.extend(other.calls);
    }

    pub fn text(&self) -> String {
        format!("{} failed: {}", self.calls(), self.rest)
    }

    /// The remedy, of all the calls.
    pub fn fix(&self) -> String {
        match self.calls.len() {
            1 => self.fix.clone(),
            _ => self.key[1].replace(ANY, &self.calls()),
        }
    }

    fn calls(&self) -> String {
        let named: Vec<&str> = self.calls.iter().map(String::as_str).collect();
        match named.split_last() {
            Some((last, [])) => (*last).to_owned(),
            Some((last, before)) => format!("{} and {last}", before.join(", ")),
            None => String::new(),
        }
    }
}

/// The text with a placeholder for the resource that AWS names in a denial.
fn without_resource(text: &str) -> String {
    let Some((before, after)) = text.split_once("on resource: ") else { return text.to_owned() };
    let rest = after.find([' ', ')']).and_then(|end| after.get(end..)).unwrap_or_default();
    format!("{before}on resource: {ANY}{rest}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn calls_that_fail_alike_are_told_once_with_one_remedy() {
        let failure = |call: &str, code: &str, service: &str| {
            let text = format!(
                "{call} failed: {code} (U is not authorized to perform: {call} on resource: arn:aws:{service}:x with an explicit deny in a service control policy)"
            );
            Failure::parse(&text, &format!("A policy denies {call}.")).expect("a failure")
        };
        let mut first = failure("events:ListRules", "AccessDeniedException", "events");
        let second = failure("sns:GetTopicAttributes", "AuthorizationError", "sns");
        assert!(first.is_like(&second));
        first.join(second);
        assert!(first.text().starts_with(
            "events:ListRules and sns:GetTopicAttributes failed: AccessDeniedException (U is not"
        ));
        assert_eq!(first.fix(), "A policy denies events:ListRules and sns:GetTopicAttributes.");
        for call in ["a:A", "b:B", "c:C", "d:D"] {
            first.join(failure(call, "AccessDenied", "x"));
        }
        assert!(first.fix().contains("a:A, b:B, c:C, d:D, events:ListRules and sns:"), "{first:?}");
        let other = Failure::parse("events:ListRules failed: X (busy)", "Run again.");
        assert!(!first.is_like(&other.expect("a failure")));
        assert_eq!(Failure::parse("the rule is gone", "Run `ctguard apply`."), None);
    }
}
