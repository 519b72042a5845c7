//! Which of an alert's messages pass a subscription's filter policy.
//!
//! Source: <https://docs.aws.amazon.com/sns/latest/dg/sns-message-filtering.html>

use crate::blueprint::Format;
use crate::resource::topic::SubscriptionAttributes;
use eventbridge_pattern::Pattern;
use serde_json::json;

#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Passage {
    All,
    /// Some may be dropped.
    Some(String),
    /// Every message is dropped.
    None(String),
}

pub fn passage(attributes: &SubscriptionAttributes, format: Format) -> Passage {
    let Some(policy) = attributes.filter_policy.as_ref() else { return Passage::All };
    if policy.as_object().is_some_and(serde_json::Map::is_empty) {
        return Passage::All;
    }
    let Ok(filter) = Pattern::parse(&policy.to_string()) else {
        return Passage::None("its filter policy is not one that SNS takes".to_owned());
    };
    if attributes.filter_policy_scope.as_deref() == Some("MessageBody") {
        return match format {
            Format::Mail | Format::Text => Passage::None(
                "its filter policy is on the body, and a message for people is not JSON".to_owned(),
            ),
            _ => Passage::Some(
                "a filter policy on the body decides which messages it gets".to_owned(),
            ),
        };
    }
    // EventBridge sends no message attributes, so a filter on one drops everything.
    if filter.matches(&json!({})) {
        return Passage::All;
    }
    Passage::None(
        "its filter policy asks for message attributes, and EventBridge sends none".to_owned(),
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::Value;

    fn of(policy: Value, scope: Option<&str>, format: Format) -> Passage {
        let attributes = SubscriptionAttributes {
            filter_policy: Some(policy),
            filter_policy_scope: scope.map(str::to_owned),
            ..SubscriptionAttributes::default()
        };
        passage(&attributes, format)
    }

    #[test]
    fn a_filter_is_judged_by_what_eventbridge_sends() {
        let risk = json!({ "risk": ["high"] });
        assert_eq!(of(json!({}), None, Format::Text), Passage::All);
        assert_eq!(of(json!({ "risk": [{ "exists": false }] }), None, Format::Text), Passage::All);
        assert!(matches!(of(risk.clone(), None, Format::Json), Passage::None(_)));
        assert!(matches!(of(risk.clone(), Some("MessageBody"), Format::Text), Passage::None(_)));
        assert!(matches!(of(risk, Some("MessageBody"), Format::Json), Passage::Some(_)));
    }
}
