//! Which topic a rule's target has a mail sent to.

use super::alert::EVENT;
use crate::resource::rule::Input;
use serde_json::Value;

/// The topic that the input of a machine's target names; `None` where it is not one of ctguard's.
pub fn topic_of(input: &Input) -> Option<String> {
    let Input::Transformer(transformer) = input else { return None };
    let template: Value =
        serde_json::from_str(&transformer.template.replace(EVENT, "null")).ok()?;
    template.get("topic")?.as_str().map(str::to_owned)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::resource::rule::InputTransformer;

    #[test]
    fn the_topic_is_read_from_the_template_and_nothing_else() {
        let template = |text: &str| {
            let template = text.to_owned();
            topic_of(&Input::Transformer(InputTransformer { paths: [].into(), template }))
        };
        let text = r#"{"event":<aws.events.event.json>,"topic":"arn:aws:sns:x:1:t"}"#;
        assert_eq!(template(text).as_deref(), Some("arn:aws:sns:x:1:t"));
        assert_eq!(template("\"quoted lines\""), None);
        assert_eq!(template(r#"{"topic":1}"#), None);
        assert_eq!(topic_of(&Input::Event), None);
    }
}
