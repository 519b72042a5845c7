//! The `chat` format: the custom schema of Amazon Q Developer in chat applications, which drops
//! every payload that it does not know.
//!
//! Schema and limits: <https://docs.aws.amazon.com/chatbot/latest/adminguide/custom-notifs.html>.

use super::object::Object;
use super::{MessageError, headline, link, variables, within, words};
use crate::blueprint::Alert;
use crate::scope::Partition;
use serde_json::json;

const TITLE_MAX_CHARS: usize = 250;
const DESCRIPTION_MAX_CHARS: usize = 8_000;
const NEXT_STEP_MAX_CHARS: usize = 350;
const KEYWORD_MAX_CHARS: usize = 75;

/// Room kept in the title for the values of its variables: the longest error codes have some sixty
/// characters.
const OUTCOME_CHARS: usize = 100;

/// Room kept in the description for the values that EventBridge puts in place of the variables, and
/// for those that say what was touched.
const VALUES_CHARS: usize = 1_500;
const TOUCHED_CHARS: usize = 1_500;

pub(super) fn template(
    alert: &Alert,
    partition: Partition,
    object: Option<&Object>,
) -> Result<String, MessageError> {
    let risk = alert.risk.as_str().to_uppercase();
    let mut title = format!("[{risk}] {}", words(&alert.title));
    let line = |(what, how): &(&str, String)| format!("*{what}:* {how}");
    let mut lines: Vec<String> = Vec::new();
    let headline = format!("[{risk}] {}", headline::of(alert, &words(&alert.title)));
    // Where both do not fit, how it ended stands right below.
    if headline.chars().count() + OUTCOME_CHARS <= TITLE_MAX_CHARS {
        title = headline;
    } else if headline != title {
        lines.push(headline);
    }
    if !alert.why.is_empty() {
        lines.push(format!("*Why:* {}", words(&alert.why)));
    }
    lines.push("*Account:* <account>   *Region:* <region>".to_owned());
    lines.extend(variables::who(alert).iter().map(line));
    let (name, source) = variables::event(alert);
    lines.extend(["*From:* <source-ip>".to_owned(), format!("*What:* {name} ({source})")]);
    if let Some(object) = object {
        let touched = object.lines().into_iter();
        lines.extend(touched.map(|(what, how)| format!("*{what}:* {how}")));
    }
    lines.push("*When:* <time>".to_owned());
    lines.push(link(partition).unwrap_or_else(|| "*Event:* <event-id>".to_owned()));
    let description = lines.join("\n");
    let next = words(&alert.next);
    let steps: Vec<&str> =
        Some(next.as_str()).filter(|next| !next.is_empty()).into_iter().collect();
    let keywords = [alert.risk.as_str().to_owned(), words(&alert.id)];

    let chars = |text: &str| text.chars().count();
    within(alert, "title of the chat message", chars(&title), TITLE_MAX_CHARS)?;
    let touched = if object.is_some() { TOUCHED_CHARS } else { 0 };
    let described = chars(&description) + VALUES_CHARS + touched;
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
