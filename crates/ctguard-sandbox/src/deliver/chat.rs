//! What Amazon Q Developer in chat applications shows, and what it drops silently.

use serde_json::Value;

/// Longest texts of the custom schema, in characters.
///
/// Source: <https://docs.aws.amazon.com/chatbot/latest/adminguide/custom-notifs.html>
const TITLE_MAX: usize = 250;
const DESCRIPTION_MAX: usize = 8_000;
const NEXT_STEP_MAX: usize = 350;
const KEYWORD_MAX: usize = 75;

/// Whether the chat service shows a message: an event of AWS as it is, or its custom schema.
///
/// Source: <https://docs.aws.amazon.com/chatbot/latest/adminguide/chatbot-troubleshooting.html>
pub fn accepts(text: &str, event: &Value, raw: bool) -> Result<(), String> {
    if raw {
        return Err("raw message delivery is on".to_owned());
    }
    let message: Value = serde_json::from_str(text)
        .map_err(|_| "it is neither an event nor the custom schema".to_owned())?;
    if message == *event {
        return Ok(());
    }
    let is = |key: &str, wanted: &str| message.get(key).and_then(Value::as_str) == Some(wanted);
    if !is("source", "custom") || !is("version", "1.0") {
        return Err("it is neither an event nor the custom schema".to_owned());
    }
    let content = message.get("content").ok_or("the custom schema has no content")?;
    if let Some(kind) = content.get("textType")
        && kind != "client-markdown"
    {
        return Err("textType is not client-markdown".to_owned());
    }
    let text = |key: &str| content.get(key).and_then(Value::as_str);
    let description = text("description").unwrap_or_default();
    fits("description", description, DESCRIPTION_MAX)?;
    if content.get("title").is_some() {
        fits("title", text("title").unwrap_or_default(), TITLE_MAX)?;
    }
    texts(content.get("nextSteps"), "nextSteps", NEXT_STEP_MAX)?;
    texts(content.get("keywords"), "keywords", KEYWORD_MAX)?;
    let Some(metadata) = message.get("metadata") else {
        return Ok(());
    };
    for key in ["threadId", "summary", "eventType"] {
        if metadata.get(key).is_some_and(|value| !value.is_string()) {
            return Err(format!("{key} is not a text"));
        }
    }
    texts(metadata.get("relatedResources"), "relatedResources", usize::MAX)?;
    let context = metadata.get("additionalContext");
    match context
        .is_none_or(|map| map.as_object().is_some_and(|map| map.values().all(Value::is_string)))
    {
        true => Ok(()),
        false => Err("additionalContext is not a map of texts".to_owned()),
    }
}

fn fits(name: &str, text: &str, max: usize) -> Result<(), String> {
    match text.chars().count() {
        0 => Err(format!("{name} is missing or empty")),
        chars if chars > max => Err(format!("{name} has {chars} characters, more than {max}")),
        _ => Ok(()),
    }
}

fn texts(value: Option<&Value>, name: &str, max: usize) -> Result<(), String> {
    let Some(value) = value else {
        return Ok(());
    };
    let items = value.as_array().ok_or_else(|| format!("{name} is not a list"))?;
    items.iter().try_for_each(|item| fits(name, item.as_str().unwrap_or_default(), max))
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn the_chat_service_shows_its_schema_and_plain_events_and_drops_the_rest() {
        let event = json!({ "source": "aws.ec2", "detail": {} });
        let custom =
            |content: Value| json!({ "version": "1.0", "source": "custom", "content": content });
        for (message, shown) in [
            (event.clone(), true),
            (json!({ "source": "aws.ec2", "detail": { "changed": 1 } }), false),
            (custom(json!({ "description": "d" })), true),
            (
                custom(
                    json!({ "textType": "client-markdown", "title": "t", "description": "d", "nextSteps": ["n"], "keywords": ["k"] }),
                ),
                true,
            ),
            (custom(json!({ "title": "t" })), false),
            (custom(json!({ "description": "" })), false),
            (custom(json!({ "description": "d".repeat(8_001) })), false),
            (custom(json!({ "description": "d", "title": "t".repeat(251) })), false),
            (custom(json!({ "description": "d", "textType": "plain" })), false),
            (custom(json!({ "description": "d", "nextSteps": ["n".repeat(351)] })), false),
            (custom(json!({ "description": "d", "keywords": "k" })), false),
            (
                json!({ "version": "1.0", "source": "custom", "content": { "description": "d" }, "metadata": { "additionalContext": { "a": 1 } } }),
                false,
            ),
            (json!("plain text"), false),
        ] {
            assert_eq!(accepts(&message.to_string(), &event, false).is_ok(), shown, "{message}");
        }
        assert!(accepts("plain words", &event, false).is_err());
        assert!(accepts(&event.to_string(), &event, true).is_err(), "raw delivery");
    }
}
