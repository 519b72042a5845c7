//! The `chat` format: the custom schema of Amazon Q Developer in chat applications, which drops
//! every payload that it does not know.
//!
//! Schema and limits: <https://docs.aws.amazon.com/chatbot/latest/adminguide/custom-notifs.html>.

use super::{MessageError, link, variables, within, words};
use crate::blueprint::Alert;
use crate::scope::Partition;
use serde_json::json;

const TITLE_MAX_CHARS: usize = 250;
const DESCRIPTION_MAX_CHARS: usize = 8_000;
const NEXT_STEP_MAX_CHARS: usize = 350;
const KEYWORD_MAX_CHARS: usize = 75;

/// Room kept in the description for the values that EventBridge puts in place of the variables.
const VALUES_CHARS: usize = 1_500;

pub(super) fn template(alert: &Alert, partition: Partition) -> Result<String, MessageError> {
    let title = format!("[{}] {}", alert.risk.as_str().to_uppercase(), words(&alert.title));
    let line = |(what, how): &(&str, String)| format!("*{what}:* {how}");
    // A title tells of what is done: whether it was stands right below.
    let mut lines: Vec<String> = variables::outcome(alert).iter().map(line).collect();
    if !alert.why.is_empty() {
        lines.push(format!("*Why:* {}", words(&alert.why)));
    }
    lines.push("*Account:* <account>   *Region:* <region>".to_owned());
    lines.extend(variables::who(alert).iter().map(line));
    lines.extend([
        "*From:* <source-ip>".to_owned(),
        "*What:* <event-name> (<event-source>)".to_owned(),
        "*When:* <time>".to_owned(),
    ]);
    lines.push(link(partition).unwrap_or_else(|| "*Event:* <event-id>".to_owned()));
    let description = lines.join("\n");
    let next = words(&alert.next);
    let steps: Vec<&str> =
        Some(next.as_str()).filter(|next| !next.is_empty()).into_iter().collect();
    let keywords = [alert.risk.as_str().to_owned(), words(&alert.id)];

    let chars = |text: &str| text.chars().count();
    within(alert, "title of the chat message", chars(&title), TITLE_MAX_CHARS)?;
    let described = chars(&description) + VALUES_CHARS;
    within(alert, "description of the chat message", described, DESCRIPTION_MAX_CHARS)?;
    within(alert, "next step of the chat message", chars(&next), NEXT_STEP_MAX_CHARS)?;
    for keyword in &keywords {
        within(alert, "keyword of the chat message", chars(keyword), KEYWORD_MAX_CHARS)?;
    }
    let message = json!({
        "version": "1.0",
        "source": "custom",
        "content": {
            "textType": "client-markdown",
            "title": title,
            "description": description,
            "nextSteps": steps,
            "keywords": keywords,
        },
        "metadata": {
            // One thread an event: a second delivery joins the first, and no alert hides in the
            // thread of an older one.
            "threadId": "<event-id>",
            "summary": format!("{title} in <account> <region>"),
            "additionalContext": {
                "alert": words(&alert.id),
                "risk": alert.risk.as_str(),
                "account": "<account>",
                "region": "<region>",
                "eventID": "<event-id>",
            },
        },
    });
    Ok(message.to_string())
}
