//! Destinations: topics, formats, keys and who is subscribed.

use super::super::raw::RawDestination;
use super::super::reader::Spanned;
use super::super::secrets::SecretSource;
use super::super::{Destination, DestinationTopic, Format, Regions, Subscriber, TopicRole};
use super::{kebab_name, syntax};
use crate::codes;
use crate::diag::{Code, Diagnostic, Span};
use crate::resource::topic::{Endpoint, Protocol, TOPIC_NAME_MAX_CHARS};
use crate::scope::{Arn, Region};
use crate::secret;
use std::collections::{BTreeMap, BTreeSet};

/// Longest name of a destination, in characters: with the blueprint's name it fits into a target id.
const NAME_MAX_CHARS: usize = 31;

/// Where alerts are raised, and so where topics and keys must be; `None` is unclear, an error of its own.
pub(super) enum Raising<'a> {
    /// In each region that is covered.
    Everywhere(Option<&'a Regions>),
    /// In the hub's.
    Hub(Option<&'a Region>),
}

impl Raising<'_> {
    /// A region in which alerts are raised.
    fn first(&self) -> Option<&Region> {
        match self {
            Self::Everywhere(Some(Regions::List(list))) => list.first(),
            Self::Everywhere(_) => None,
            Self::Hub(region) => *region,
        }
    }

    /// Whether alerts are raised in this region and in no other. Unclear regions count as yes.
    fn only_in(&self, region: &str) -> bool {
        match self {
            Self::Everywhere(None) => true,
            Self::Everywhere(Some(Regions::List(list))) => {
                list.iter().all(|covered| covered.as_str() == region)
            }
            Self::Everywhere(Some(Regions::Enabled { .. })) => false,
            Self::Hub(hub) => hub.is_none_or(|hub| hub.as_str() == region),
        }
    }
}

/// Judges the destinations; one that is wrong keeps its name, so that references to it hold.
pub(super) fn destinations(
    raw: Vec<RawDestination>,
    blueprint: Option<&str>,
    raising: &Raising<'_>,
    out: &mut Vec<Diagnostic>,
) -> Vec<(String, Option<Destination>)> {
    let mut topics: BTreeMap<String, String> = BTreeMap::new();
    let mut destinations = Vec::new();
    for raw in raw {
        let name = raw.name.value.clone();
        if let Some(topic) = raw.topic.as_ref().or(raw.topic_arn.as_ref()) {
            if let Some(other) = topics.get(&topic.value) {
                error(
                    out,
                    codes::TOPIC_INVALID,
                    format!("`{name}` and `{other}` use the same topic"),
                    &topic.span,
                    "a topic carries one format: give each destination its own, or join the two",
                );
            }
            topics.insert(topic.value.clone(), name.clone());
        }
        let destination = destination(raw, blueprint, raising, out);
        destinations.push((name, destination));
    }
    destinations
}

fn destination(
    raw: RawDestination,
    blueprint: Option<&str>,
    raising: &Raising<'_>,
    out: &mut Vec<Diagnostic>,
) -> Option<Destination> {
    let before = out.len();
    let help = format!("use a-z, 0-9 and `-`, at most {NAME_MAX_CHARS} characters");
    let name = kebab_name(&raw.name, "a destination's name", NAME_MAX_CHARS, &help, out);
    let topic = topic(&raw, blueprint, raising, out);
    let format = match &raw.format {
        None => Some(Format::Text),
        Some(written) => {
            let format = Format::parse(&written.value);
            if format.is_none() {
                error(
                    out,
                    codes::VALUE_UNKNOWN,
                    format!("`{}` is not a format", written.value),
                    &written.span,
                    "write `mail` or `text` for people, `chat` for Slack or Teams, `json` or `raw` for machines",
                );
            }
            format
        }
    };
    let role = raw.role.as_ref().and_then(|role| topic_role(role, raw.topic_arn.is_some(), out));
    if let Some(key) = &raw.kms_key {
        let existing = raw.topic_arn.is_some();
        kms_key(key, existing && role != Some(TopicRole::Created), raising, out);
    }
    let mut seen = BTreeSet::new();
    let mut subscribers = Vec::new();
    for (kind, address) in &raw.subscribers {
        if !seen.insert((*kind, address.value.to_lowercase())) {
            error(
                out,
                codes::SUBSCRIBER_INVALID,
                format!("`{}` is subscribed twice", address.value),
                &address.span,
                "list each subscriber once",
            );
            continue;
        }
        subscribers.extend(subscriber(kind, address, format, out));
    }
    if out.len() > before {
        return None;
    }
    Some(Destination {
        name: name?,
        topic: topic?,
        format: format?,
        subscribers,
        kms_key: raw.kms_key.map(|key| key.value),
        role,
        span: Some(raw.span),
    })
}

fn topic(
    raw: &RawDestination,
    blueprint: Option<&str>,
    raising: &Raising<'_>,
    out: &mut Vec<Diagnostic>,
) -> Option<DestinationTopic> {
    match (&raw.topic, &raw.topic_arn) {
        (Some(topic), None) => {
            let well_formed =
                topic.value.bytes().all(|b| b.is_ascii_alphanumeric() || b"_-".contains(&b));
            let prefix = "ctguard--".len() + blueprint.map_or(super::NAME_MAX_CHARS, str::len);
            if !well_formed || prefix + topic.value.len() > TOPIC_NAME_MAX_CHARS {
                error(
                    out,
                    codes::TOPIC_INVALID,
                    format!("`{}` cannot be part of a topic's name", topic.value),
                    &topic.span,
                    "use letters, digits, `_` and `-`; an existing topic is named with `topic_arn:`",
                );
            }
            Some(DestinationTopic::Managed(topic.value.clone()))
        }
        (None, Some(arn)) => {
            existing_topic(arn, raising, out);
            Some(DestinationTopic::Existing(arn.value.clone()))
        }
        (topic, _) => {
            let message = match topic {
                Some(_) => format!("`{}` has both `topic` and `topic_arn`", raw.name.value),
                None => format!("`{}` has no topic", raw.name.value),
            };
            error(
                out,
                codes::DESTINATION_TOPIC,
                message,
                &raw.span,
                "write `topic: NAME` for a topic that ctguard keeps, or `topic_arn: ARN` for one that exists",
            );
            None
        }
    }
}

fn existing_topic(arn: &Spanned<String>, raising: &Raising<'_>, out: &mut Vec<Diagnostic>) {
    const HELP: &str =
        "write `arn:aws:sns:{region}:{account}:NAME`; the braces stand for each place's own";
    let filled = fill(&arn.value, raising);
    match whole_arn(&arn.value, &filled, "sns", raising) {
        Err(problem) => {
            let message = format!("`{}` is not a topic's ARN: {problem}", arn.value);
            error(out, codes::ARN_INVALID, message, &arn.span, HELP);
        }
        Ok(parts) if parts.resource.contains([':', '{', '}']) => {
            let message = format!("`{}` is not a topic's ARN", arn.value);
            error(out, codes::ARN_INVALID, message, &arn.span, HELP);
        }
        Ok(parts) if parts.resource.ends_with(".fifo") => error(
            out,
            codes::TOPIC_INVALID,
            "EventBridge cannot send to FIFO topics",
            &arn.span,
            "name a standard topic",
        ),
        Ok(parts) => {
            if !arn.value.contains("{region}") && !raising.only_in(parts.region) {
                let help = match raising {
                    Raising::Everywhere(_) => {
                        "write `{region}` in its place, with a topic of that name in each region, or cover that region alone"
                    }
                    Raising::Hub(_) => {
                        "name a topic in the hub's region: all alerts are raised there"
                    }
                };
                error(
                    out,
                    codes::TOPIC_INVALID,
                    format!("rules of other regions cannot send to a topic in `{}`", parts.region),
                    &arn.span,
                    help,
                );
            }
        }
    }
}

/// `create`, or the ARN of a role in which `{account}` may stand.
fn topic_role(
    role: &Spanned<String>,
    existing: bool,
    out: &mut Vec<Diagnostic>,
) -> Option<TopicRole> {
    const HELP: &str =
        "write `role: create` for one that ctguard keeps, or `arn:aws:iam::{account}:role/NAME`";
    if !existing {
        let message = "`role` is for topics of other accounts, which `topic_arn` names";
        error(
            out,
            codes::ARN_INVALID,
            message,
            &role.span,
            "remove it: a rule reaches a topic of its own account without one",
        );
        return None;
    }
    if role.value == "create" {
        return Some(TopicRole::Created);
    }
    let filled = role.value.replace("{account}", "111122223333");
    let wrong = match syntax::arn_of(&filled, "iam") {
        Err(problem) => format!("`{}` is not a role's ARN: {problem}", role.value),
        Ok(arn) if !arn.resource.starts_with("role/") || arn.resource.ends_with('/') => {
            format!("`{}` is not a role's ARN", role.value)
        }
        Ok(_) => return Some(TopicRole::Existing(role.value.clone())),
    };
    error(out, codes::ARN_INVALID, wrong, &role.span, HELP);
    None
}

/// `alias/NAME` or the ARN of a key or alias, in which `{region}` and `{account}` may stand.
fn kms_key(
    key: &Spanned<String>,
    existing: bool,
    raising: &Raising<'_>,
    out: &mut Vec<Diagnostic>,
) {
    const FORMS: &str =
        "write `alias/NAME`, or `arn:aws:kms:{region}:{account}:key/ID` of a customer-managed key";
    if existing {
        let message = "`kms_key` is for topics that ctguard keeps";
        error(out, codes::KMS_KEY, message, &key.span, "remove it: an existing topic has its own");
        return;
    }
    let filled = fill(&key.value, raising);
    let (resource, region) = if filled.starts_with("alias/") {
        (filled.as_str(), None)
    } else {
        match whole_arn(&key.value, &filled, "kms", raising) {
            Ok(arn) => (arn.resource, Some(arn.region)),
            Err(problem) => {
                let message = format!("`{}` is not a key: {problem}", key.value);
                error(out, codes::KMS_KEY, message, &key.span, FORMS);
                return;
            }
        }
    };
    if resource.starts_with("alias/aws/") {
        // Source: <https://docs.aws.amazon.com/sns/latest/dg/sns-key-management.html>
        error(
            out,
            codes::KMS_KEY,
            format!("EventBridge cannot publish to a topic encrypted with `{resource}`"),
            &key.span,
            "the policy of AWS's own key cannot let EventBridge in: use a customer-managed key, or none",
        );
    } else if !["alias/", "key/"]
        .iter()
        .any(|kind| resource.strip_prefix(kind).is_some_and(|id| !id.is_empty()))
    {
        let message = format!("`{}` is not a key or alias", key.value);
        error(out, codes::KMS_KEY, message, &key.span, FORMS);
    } else if let Some(region) = region
        && !key.value.contains("{region}")
        && !raising.only_in(region)
    {
        error(
            out,
            codes::KMS_KEY,
            format!("topics of other regions cannot use a key in `{region}`"),
            &key.span,
            FORMS,
        );
    }
}

fn subscriber(
    kind: &str,
    address: &Spanned<String>,
    format: Option<Format>,
    out: &mut Vec<Diagnostic>,
) -> Option<Subscriber> {
    let text = address.value.as_str();
    let fail = |out: &mut Vec<Diagnostic>, code: Code, message: String, help: &str| {
        error(out, code, message, &address.span, help);
        None
    };
    let (protocol, arn) = match kind {
        "email" => {
            if let Err(problem) = syntax::email(text) {
                let message = format!("`{text}` is not an e-mail address: {problem}");
                return fail(out, codes::EMAIL_INVALID, message, "write `email: name@example.com`");
            }
            return Some(Subscriber::Endpoint(Endpoint::new(Protocol::Email, text)));
        }
        "https" => {
            if let Err(problem) = syntax::https_url(text) {
                let message =
                    format!("`{}` cannot be subscribed: {problem}", secret::shown_roughly(text));
                return fail(
                    out,
                    codes::URL_INVALID,
                    message,
                    "write `https: https://hooks.example.com/alert`",
                );
            }
            return Some(Subscriber::Endpoint(Endpoint::new(Protocol::Https, text)));
        }
        "secret" => match SecretSource::parse(text) {
            Ok(source) => return Some(Subscriber::Endpoint(source.unresolved())),
            Err(problem) => {
                let message = format!("this secret cannot be looked up: {problem}");
                return fail(out, codes::SECRET_INVALID, message, SecretSource::HELP);
            }
        },
        "sqs" => (Some(Protocol::Sqs), own_partition(text, "sqs")),
        "lambda" => (Some(Protocol::Lambda), own_partition(text, "lambda")),
        _ => (None, syntax::arn_of(text, "chatbot")),
    };
    let arn = match arn {
        Ok(arn) => arn,
        Err(problem) => {
            let message = format!("`{text}` is not the ARN that `{kind}` asks for: {problem}");
            let help = match kind {
                "sqs" => "write `arn:aws:sqs:REGION:ACCOUNT:QUEUE`",
                "lambda" => "write `arn:aws:lambda:REGION:ACCOUNT:function:NAME`",
                _ => "write `arn:aws:chatbot::ACCOUNT:chat-configuration/slack-channel/NAME`",
            };
            return fail(out, codes::ARN_INVALID, message, help);
        }
    };
    match protocol {
        // Source: <https://docs.aws.amazon.com/sns/latest/dg/sns-fifo-topics.html>
        Some(Protocol::Sqs) if arn.resource.ends_with(".fifo") => fail(
            out,
            codes::SUBSCRIBER_INVALID,
            "a FIFO queue cannot subscribe to a standard topic".to_owned(),
            "name a standard queue",
        ),
        Some(Protocol::Lambda) if !arn.resource.starts_with("function:") => fail(
            out,
            codes::ARN_INVALID,
            format!("`{text}` is not a function's ARN"),
            "write `arn:aws:lambda:REGION:ACCOUNT:function:NAME`",
        ),
        Some(protocol) => Some(Subscriber::Endpoint(Endpoint::new(protocol, text))),
        None if !arn.resource.starts_with("chat-configuration/") => fail(
            out,
            codes::ARN_INVALID,
            format!("`{text}` is not a chat configuration's ARN"),
            "write `arn:aws:chatbot::ACCOUNT:chat-configuration/slack-channel/NAME`",
        ),
        // Source: <https://docs.aws.amazon.com/chatbot/latest/adminguide/custom-notifs.html>
        None if format.is_some_and(|format| format != Format::Chat) => fail(
            out,
            codes::CHAT_FORMAT,
            "a chat channel shows nothing of this destination's format".to_owned(),
            "write `format: chat`; people with other endpoints need a destination of their own",
        ),
        None => Some(Subscriber::Chat(text.to_owned())),
    }
}

/// Takes apart an ARN in a region of its partition.
fn own_partition<'a>(text: &'a str, service: &str) -> Result<Arn<'a>, String> {
    let arn = syntax::regional_arn(text, service)?;
    syntax::fits_partition(&arn).map(|()| arn)
}

/// Takes apart an ARN in which a place's values were put. Which partition it must be of is known
/// where a region is: written, or one in which alerts are raised.
fn whole_arn<'a>(
    written: &str,
    filled: &'a str,
    service: &str,
    raising: &Raising<'_>,
) -> Result<Arn<'a>, String> {
    match written.contains("{region}") && raising.first().is_none() {
        true => syntax::regional_arn(filled, service),
        false => own_partition(filled, service),
    }
}

/// Puts a place's values where `{account}` and `{region}` stand, to judge the rest.
fn fill(text: &str, raising: &Raising<'_>) -> String {
    let region = raising.first().map_or("us-east-1", Region::as_str);
    text.replace("{account}", "111122223333").replace("{region}", region)
}

fn error(
    out: &mut Vec<Diagnostic>,
    code: Code,
    message: impl Into<String>,
    span: &Span,
    help: &str,
) {
    out.push(Diagnostic::error(code, message).at(Some(span.clone())).help(help));
}
