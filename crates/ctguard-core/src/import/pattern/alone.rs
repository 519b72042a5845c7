//! Whether a pattern hears events of CloudTrail alone.
//!
//! An alert hears nothing else, so that a pattern that may match an event from elsewhere is taken
//! over by none: the other events would be heard by nobody, without a word.

use super::super::asked::{NAME, SOURCE};
use eventbridge_pattern::Matcher;
use eventbridge_pattern::ruler::Alternative;
use serde_json::Value;

/// How each `detail-type` of CloudTrail's ends.
///
/// Source: <https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-service-event-cloudtrail.html>
const VIA: &str = " via cloudtrail";

/// With what the `detail-type`s of CloudTrail's begin, and those of no other events.
const BEGIN: [&str; 5] =
    ["AWS API", "AWS Console", "AWS Service Event", "AWS Network Activity", "AWS Insight"];

/// Says what an alternative may hear beside CloudTrail's events; nothing when that is shown to be none.
pub(super) fn beyond(alternative: &Alternative) -> Option<String> {
    let more = "it hears events outside CloudTrail, too, which no alert does";
    if let Some(list) = alternative.get("detail-type") {
        let other: Vec<String> = list
            .iter()
            .filter(|one| !is_detail_type(one))
            .map(|one| one.to_value().to_string())
            .collect();
        return (!other.is_empty())
            .then(|| format!("{more}: its `detail-type` takes {}", other.join(", ")));
    }
    let named = |path: &str, is: fn(&Matcher) -> bool| {
        alternative.get(&format!("detail.{path}")).is_some_and(|list| list.iter().all(is))
    };
    if named(SOURCE, |one| text_of(one).is_some()) || named(NAME, is_event_name) {
        return None;
    }
    match [NAME, SOURCE].iter().any(|path| alternative.contains_key(&format!("detail.{path}"))) {
        true => Some(format!(
            "{more}: it has no `detail-type`, and what it asks of `eventName` and `eventSource` does \
             not show that an event is of CloudTrail"
        )),
        false => Some(
            "it has no `detail-type` and names no event: it is not about CloudTrail alone"
                .to_owned(),
        ),
    }
}

/// A test that a text must pass, by the operator; of an exact value the operator is empty.
fn text_of(matcher: &Matcher) -> Option<(String, String)> {
    let (kind, value) = match matcher.to_value() {
        Value::String(text) => return Some((String::new(), text)),
        Value::Object(test) => test.into_iter().next()?,
        _ => return None,
    };
    let kinds = ["exactly", "prefix", "suffix", "equals-ignore-case", "wildcard"];
    let text: &str = match &value {
        Value::String(text) => text,
        Value::Object(inner) => inner.get("equals-ignore-case")?.as_str()?,
        _ => return None,
    };
    kinds.contains(&kind.as_str()).then(|| (kind, text.to_owned()))
}

/// Whether whatever an operator takes is a `detail-type` of CloudTrail's, or none of any event.
fn is_detail_type(matcher: &Matcher) -> bool {
    let Some((kind, text)) = text_of(matcher) else { return false };
    let begins = || {
        let fixed = text.split('*').next().unwrap_or_default();
        BEGIN.iter().any(|begin| {
            fixed.get(..begin.len()).is_some_and(|start| start.eq_ignore_ascii_case(begin))
        })
    };
    let ends = || text.to_ascii_lowercase().ends_with(VIA);
    match kind.as_str() {
        "prefix" => begins(),
        "wildcard" => begins() || ends(),
        _ => ends(),
    }
}

/// Whether an operator takes names of CloudTrail's events alone.
///
/// ECS has an `eventName`, too, in capitals: `SERVICE_STEADY_STATE`.
///
/// Source: <https://docs.aws.amazon.com/AmazonECS/latest/developerguide/ecs_service_events.html>
fn is_event_name(matcher: &Matcher) -> bool {
    text_of(matcher).is_some_and(|(kind, text)| {
        // Letters of any case are taken: what has no `_` is no name of theirs.
        let folded = matcher.to_value().to_string().contains("\"equals-ignore-case\"");
        match folded {
            true => kind == "equals-ignore-case" && !text.contains('_'),
            false => text.bytes().any(|one| one.is_ascii_lowercase()),
        }
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use eventbridge_pattern::{Pattern, ruler};

    fn heard(text: &str) -> Vec<Option<String>> {
        let pattern = Pattern::parse(text).unwrap();
        ruler::alternatives(&pattern.filter).unwrap().iter().map(beyond).collect()
    }

    #[test]
    fn what_may_be_of_another_service_is_never_cloudtrails_alone() {
        for list in [
            r#""AWS API Call via CloudTrail", "GuardDuty Finding""#,
            r#""AWS API Call via CloudTrail", "Object Created""#,
            r#"{"prefix": "AWS API"}, {"prefix": "EC2 "}"#,
            r#"{"prefix": "A"}"#,
            r#"{"prefix": "AWS "}"#,
            r#"{"prefix": ""}"#,
            r#"{"suffix": "l"}"#,
            r#"{"wildcard": "*C*"}"#,
            r#"{"wildcard": "AWS *"}"#,
            r#"{"anything-but": "GuardDuty Finding"}"#,
            r#"{"anything-but": {"prefix": "EC2"}}"#,
            r#"{"exists": true}"#,
            r#"{"exists": false}"#,
        ] {
            let all = heard(&format!(r#"{{"source": ["aws.iam"], "detail-type": [{list}]}}"#));
            assert!(all.iter().all(Option::is_some), "{list}");
        }
        for detail in [
            r#""$or": [{"eventName": ["RunInstances"]}, {"state": ["stopped"]}]"#,
            r#""eventName": [{"exists": true}]"#,
            r#""eventName": ["SERVICE_STEADY_STATE"]"#,
            r#""eventName": [{"anything-but": "RunInstances"}]"#,
            r#""eventName": ["RunInstances", {"exists": false}]"#,
            r#""eventName": [{"prefix": "S"}]"#,
            r#""eventSource": [{"exists": false}]"#,
            r#""eventSource": [{"anything-but": "ec2.amazonaws.com"}]"#,
            r#""state": ["stopped"]"#,
        ] {
            let all = heard(&format!(r#"{{"source": ["aws.ec2"], "detail": {{{detail}}}}}"#));
            assert!(all.iter().any(Option::is_some), "{detail}");
        }
    }

    #[test]
    fn what_only_cloudtrail_sends_is_shown() {
        for text in [
            r#"{"detail-type": ["AWS API Call via CloudTrail", "AWS Service Event via CloudTrail"]}"#,
            r#"{"detail-type": [{"suffix": " via CloudTrail"}]}"#,
            r#"{"detail-type": [{"prefix": "AWS API Call"}]}"#,
            r#"{"detail-type": [{"wildcard": "AWS Console*"}, {"wildcard": "* via CloudTrail"}]}"#,
            r#"{"detail-type": [{"equals-ignore-case": "aws api call via cloudtrail"}]}"#,
            r#"{"source": ["aws.kms"], "detail": {"eventName": ["DisableKey", {"prefix": "Create"}]}}"#,
            r#"{"detail": {"eventSource": ["kms.amazonaws.com"]}}"#,
        ] {
            assert_eq!(heard(text), [None], "{text}");
        }
    }
}
