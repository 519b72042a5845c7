//! Findings in words: what cannot be, and what to write instead.

use super::check::Part;
use super::common::FIELDS;
use super::field::{Field, Holds, Kinds};
use super::request::{Form, Parameter};
use super::scenario::{Place, Subject, Values, of_holds, place};
use super::suggest::Suggestion;
use super::texts::Texts;
use crate::catalogue::nearest;
use crate::event::{Access, EventRef};
use eventbridge_pattern::{Filter, Matcher, Pattern};
use serde_json::Value;

/// Most events, values or fields that a sentence lists.
const LISTED_MAX: usize = 4;

/// The ARN of a role, which is in no `userIdentity.arn`.
const ROLE_ARN: &str = "arn:{partition}:iam::{account}:role/{any}";
/// The ARN of a session of a role.
const SESSION_ARN: &str = "arn:{partition}:sts::{account}:assumed-role/{any}";
const ISSUER_ARN: &str = "userIdentity.sessionContext.sessionIssuer.arn";

/// An operator as a pattern has it.
pub(super) fn shown(matcher: &Matcher) -> String {
    let filter = Filter::Field { path: "x".to_owned(), matchers: vec![matcher.clone()] };
    let json = Pattern { filter }.to_json();
    let list = json.strip_prefix("{\"x\":[").and_then(|rest| rest.strip_suffix("]}"));
    list.unwrap_or(&json).to_owned()
}

fn listed(names: &[String]) -> String {
    let more = names.len().saturating_sub(LISTED_MAX);
    let shown: Vec<String> =
        names.iter().take(LISTED_MAX).map(|name| format!("`{name}`")).collect();
    match (shown.as_slice(), more) {
        ([], _) => String::new(),
        ([one], 0) => one.clone(),
        ([first @ .., last], 0) => format!("{} and {last}", first.join(", ")),
        (all, more) => format!("{} and {more} more", all.join(", ")),
    }
}

fn events(events: &[&EventRef]) -> String {
    let mut names: Vec<String> = events.iter().map(|event| event.short()).collect();
    names.dedup();
    listed(&names)
}

/// Says that no record has a path.
pub(super) fn no_record(path: &str, asked: &[EventRef]) -> String {
    let events = events(&asked.iter().collect::<Vec<_>>());
    format!("no record of {events} has `{path}`")
}

/// What to say of a path in a response where there is none.
pub(super) fn without_response(
    path: &str,
    events: &[EventRef],
    subjects: &[Subject],
) -> Option<String> {
    let nothing = path.starts_with("responseElements.")
        && !subjects.is_empty()
        && subjects.iter().all(Subject::answers_nothing);
    let reads = events.iter().all(|event| event.access == Access::Read);
    nothing.then(|| {
        let why = match reads {
            true => "read-only calls have no responseElements",
            false => "these calls return nothing, so that responseElements is null",
        };
        format!("{why}: leave the condition out, or name what was asked for, in requestParameters")
    })
}

/// What to write in place of a path that no record has.
pub(super) fn instead_of_path(path: &str, suggestion: Option<Suggestion>) -> String {
    if let Some(field) = FIELDS.iter().find(|field| field.path == path) {
        let kinds = Kinds::NAMES.iter().filter(|(kind, _)| field.kinds.has(*kind));
        let kinds: Vec<&str> = kinds.map(|(_, name)| *name).collect();
        return format!(
            "only {} have it: put the condition into an alert for them",
            kinds.join(", ")
        );
    }
    let single = |field: &&Field| {
        let object =
            matches!(field.holds, Holds::Object | Holds::List | Holds::Nullable | Holds::Map);
        !object && path.strip_prefix(field.path).is_some_and(|rest| rest.starts_with('.'))
    };
    if let Some(field) = FIELDS.iter().find(single) {
        return format!("`{}` is a single value: nothing stands below it", field.path);
    }
    match suggestion {
        Some(one) => one.help,
        None => "look at a record of the event, or at the fields in docs/records.md".to_owned(),
    }
}

/// Says why an operator can take nothing at a path, and what to write instead.
pub(super) fn never(path: &str, matcher: &Matcher, subjects: &[&Subject]) -> (String, String) {
    let Some(subject) = subjects.first() else { return (String::new(), String::new()) };
    let place = place(path, subject);
    let values = values(place);
    match matcher {
        Matcher::Exists(false) => (
            format!("`{path}` is in every record"),
            "leave the condition out, or name a field that can be missing".to_owned(),
        ),
        matcher if values == Values::Object => of_object(path, place, matcher),
        Matcher::Exists(true) => nothing(path, subject),
        _ => {
            let what = shown(matcher);
            if path == "errorCode" && subject.kinds == Kinds::SIGN_IN {
                return nothing(path, subject);
            }
            let message = match matcher {
                Matcher::Exact(Value::Bool(_)) => {
                    format!("`{path}` is never {what}, without quotes")
                }
                _ => format!("`{path}` is never {what}"),
            };
            let help = instead(path, place, &values, matcher, subject);
            (message, help)
        }
    }
}

/// What stands at a place, whoever made the call.
fn values(place: Place<'_>) -> Values {
    match place {
        Place::Common(field) => of_holds(field),
        Place::Parameter(parameter) | Place::Element(parameter) => {
            match parameter.element.unwrap_or(parameter.form) {
                Form::Text => Values::AnyText,
                Form::Number => Values::Number,
                Form::Boolean => Values::Exactly(vec![true.into(), false.into()]),
                Form::Object => Values::Object,
                _ => Values::Any,
            }
        }
        Place::Result => Values::Exactly(vec!["Success".into(), "Failure".into()]),
        Place::Open => Values::Any,
        Place::Missing { .. } => Values::Nothing,
    }
}

fn nothing(path: &str, subject: &Subject) -> (String, String) {
    let event = subject.name.as_deref().unwrap_or("the event");
    let help = match path {
        "errorCode" => "a failed sign-in says `errorMessage: [\"Failed authentication\"]` and `responseElements.ConsoleLogin: [Failure]`: write `outcome: failure`".to_owned(),
        _ => "leave the condition out".to_owned(),
    };
    (format!("a record of `{event}` has no `{path}`"), help)
}

/// EventBridge tests single values, never an object.
///
/// Source: <https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-create-pattern-operators.html>
fn of_object(path: &str, place: Place<'_>, matcher: &Matcher) -> (String, String) {
    let message = format!("`{path}` is an object, and EventBridge tests only single values");
    let help = match place {
        Place::Parameter(Parameter { fields, .. }) | Place::Element(Parameter { fields, .. }) => {
            match fields.iter().find(|field| field.name == "value").or(fields.first()) {
                Some(field) if field.name == "value" => {
                    format!("write `{path}.value: [{}]`", shown(matcher))
                }
                Some(field) => format!("name a field in it, such as `{path}.{}`", field.name),
                None => "name a field in it".to_owned(),
            }
        }
        _ => {
            let below = |field: &&Field| {
                field.path.strip_prefix(path).is_some_and(|rest| rest.starts_with('.'))
            };
            match FIELDS.iter().find(below) {
                Some(field) => format!("name a field in it, such as `{}`", field.path),
                None => "name a field in it".to_owned(),
            }
        }
    };
    (message, help)
}

/// What to write in place of an operator.
fn instead(
    path: &str,
    place: Place<'_>,
    values: &Values,
    matcher: &Matcher,
    subject: &Subject,
) -> String {
    if let Some(own) = pinned(path, subject) {
        return own;
    }
    if path == "readOnly" && matches!(matcher, Matcher::Exact(Value::Bool(_))) {
        return "it follows from `events`: leave the condition out".to_owned();
    }
    let text = match matcher {
        Matcher::Exact(Value::String(text)) => Some(text.as_str()),
        Matcher::Text(test) => Some(test.text.as_str()),
        _ => None,
    };
    if let Some(text) = text
        && let Some(help) = of_text(path, text, matches!(matcher, Matcher::Exact(_)))
    {
        return help;
    }
    if let (Place::Parameter(Parameter { values: known, .. }), Matcher::Exact(_)) = (place, matcher)
        && !known.is_empty()
    {
        let all: Vec<Value> = known.iter().map(|one| one.as_str().into()).collect();
        return of_vocabulary(&all, matcher);
    }
    match (values, matcher) {
        (Values::Exactly(all), matcher) => of_vocabulary(all, matcher),
        (Values::Number, Matcher::Exact(Value::String(text))) => {
            format!(
                "it is a number: write {text} without quotes, or {{ numeric: [\"=\", {text}] }}"
            )
        }
        (Values::Number, _) => {
            "it is a number: write the number itself, or `{ numeric: [...] }`".to_owned()
        }
        (_, Matcher::Cidr(_)) => {
            "it holds no IP address: the caller's is in `sourceIPAddress`".to_owned()
        }
        (_, Matcher::Numeric(_)) => {
            "it is text, which `numeric` never takes: write the value in quotes".to_owned()
        }
        (_, Matcher::Exact(value @ (Value::Number(_) | Value::Bool(_)))) => {
            format!("it is text: write \"{value}\", in quotes")
        }
        (_, Matcher::Digits(digits)) => format!("it is text: write \"{digits}\", in quotes"),
        _ => match place {
            Place::Common(field) => format(field),
            _ => "look at a record of the event".to_owned(),
        },
    }
}

/// What is fixed by the events that are asked for.
fn pinned(path: &str, subject: &Subject) -> Option<String> {
    let value = match path {
        "eventSource" => subject.source.as_deref()?,
        "eventName" => subject.name.as_deref()?,
        "eventType" | "eventCategory" | "managementEvent" if subject.family.is_some() => {
            return Some("no event of them that is known is of that kind".to_owned());
        }
        "eventType" | "eventCategory" | "managementEvent" => {
            return Some("leave the condition out: it follows from `events`".to_owned());
        }
        _ => return None,
    };
    Some(format!("it is `{value}` here: leave the condition out, `events` says it"))
}

/// What is known of a text that is in the wrong place, or written in another way.
fn of_text(path: &str, text: &str, exact: bool) -> Option<String> {
    let role = Texts::format(ROLE_ARN);
    let like = |format: &Texts| {
        format.has(&text.replace('*', "0")) || format.has(&text.replace('*', "111122223333"))
    };
    if path == "userIdentity.arn" && (is_of_role(text) || like(&role)) {
        return Some(format!(
            "a role acts through sessions, whose ARN is `arn:aws:sts::…:assumed-role/NAME/SESSION`: write `{ISSUER_ARN}`"
        ));
    }
    if path == ISSUER_ARN && (text.contains(":assumed-role/") || like(&Texts::format(SESSION_ARN)))
    {
        return Some("the ARN of a session stands in `userIdentity.arn`; here write that of the role, `arn:aws:iam::…:role/NAME`".to_owned());
    }
    if path == "sourceIPAddress" && exact && text.contains('/') {
        return Some(format!("a block is written {{ cidr: {text} }}"));
    }
    if exact && text.contains('*') {
        let prefix = text.strip_suffix('*').filter(|rest| !rest.contains('*') && !rest.is_empty());
        let or = prefix.map(|rest| format!(" or {{ prefix: \"{rest}\" }}")).unwrap_or_default();
        return Some(format!(
            "`*` is a plain character here: write {{ wildcard: \"{text}\" }}{or}"
        ));
    }
    if path == "errorCode" && exact && !text.contains('.') {
        let name = if text.starts_with("AccessDenied") { "UnauthorizedOperation" } else { text };
        return Some(format!("EC2 writes `Client.{name}`"));
    }
    let digits: String = text.chars().filter(char::is_ascii_digit).collect();
    if path.to_ascii_lowercase().ends_with("accountid") && digits.len() == 12 {
        return Some(format!("write its twelve digits alone: \"{digits}\""));
    }
    if path == "awsRegion" {
        let zone = text.strip_suffix(|c: char| c.is_ascii_lowercase());
        return Some(match zone.filter(|region| region.ends_with(|c: char| c.is_ascii_digit())) {
            Some(region) => format!("that is an Availability Zone: write `{region}`"),
            None => "a Region is written as `eu-west-1`".to_owned(),
        });
    }
    None
}

/// Whether a text is of a role's ARN, and not of a session's.
fn is_of_role(text: &str) -> bool {
    text.contains(":role/") || text.starts_with("role/")
}

fn of_vocabulary(all: &[Value], matcher: &Matcher) -> String {
    let words: Vec<&str> = all.iter().filter_map(Value::as_str).collect();
    let written = match matcher {
        Matcher::Exact(Value::String(text)) => text.clone(),
        Matcher::Exact(value) => value.to_string(),
        Matcher::Text(test) => test.text.clone(),
        Matcher::Digits(digits) => digits.clone(),
        _ => String::new(),
    };
    if words.is_empty() {
        let lower = written.to_ascii_lowercase();
        return match lower.as_str() {
            "true" | "false" => format!("it is a truth value: write {lower} without quotes"),
            _ => "it is a truth value: write true or false, without quotes".to_owned(),
        };
    }
    if let Some(word) = words.iter().find(|word| word.eq_ignore_ascii_case(&written)) {
        return format!("write \"{word}\", as text");
    }
    if let Some(near) = nearest(&written, words.iter().copied()).first() {
        return format!("did you mean \"{near}\"?");
    }
    format!(
        "it is one of {}",
        words.iter().map(|word| format!("\"{word}\"")).collect::<Vec<_>>().join(", ")
    )
}

/// How what a field holds is written.
fn format(field: &Field) -> String {
    match field.holds {
        Holds::Formats(formats) => {
            let shown: Vec<String> = formats
                .iter()
                .filter(|one| !["", "{any}"].contains(*one))
                .map(|one| format!("`{one}`"))
                .collect();
            match shown.is_empty() {
                true => "look at a record of the event".to_owned(),
                false => format!("it is written {}", shown.join(", ")),
            }
        }
        Holds::Time => "it is written `2026-11-01T12:00:00Z`, in UTC".to_owned(),
        Holds::Boolean => "it is true or false, without quotes".to_owned(),
        _ => "look at a record of the event".to_owned(),
    }
}

/// Says which conditions exclude each other.
pub(super) fn contradiction(
    leaves: &[(&str, &[Matcher])],
    outcome: bool,
    of: &[&EventRef],
    whole: bool,
    subjects: &[Subject],
    part: Part,
) -> (String, String) {
    let these = conditions(leaves, outcome);
    let one = leaves.len() == 1 && !outcome;
    let message = match (part, whole) {
        (Part::Except(_), _) => {
            format!("the exception holds for no record of {}: {these}", events(of))
        }
        (Part::Where, true) => format!("the alert never fires: {these}"),
        (Part::Where, false) => format!(
            "{} never raise{} the alert: {these}",
            events(of),
            if of.len() == 1 { "s" } else { "" }
        ),
    };
    let message = match one {
        true => {
            format!("{message} is in no record of {}", if whole { "these events" } else { "them" })
        }
        false => format!("{message} hold in no record together"),
    };
    let help = match one && !whole {
        true => "give these events an alert of their own, or an alternative in `$or`".to_owned(),
        false => advice(leaves, outcome, subjects),
    };
    (message, help)
}

/// Says that one alternative of `$or` holds in no record.
pub(super) fn dead_alternative(
    leaves: &[(&str, &[Matcher])],
    outcome: bool,
    subjects: &[Subject],
) -> (String, String) {
    let message = format!(
        "an alternative of `$or` never holds: {} hold in no record together",
        conditions(leaves, outcome)
    );
    (message, advice(leaves, outcome, subjects))
}

/// Says that an exception takes every record of some events.
pub(super) fn leaves_nothing(of: &[&EventRef]) -> (String, String) {
    let message = format!("the exception takes every record of {}: they never fire", events(of));
    (message, "leave the exception out, or let it ask for less".to_owned())
}

/// Says that an exception takes no record that the alert is for.
pub(super) fn hides_nothing() -> (String, String) {
    (
        "the exception takes nothing away: it and `where` hold in no record together".to_owned(),
        "leave the exception out, or correct it".to_owned(),
    )
}

fn conditions(leaves: &[(&str, &[Matcher])], outcome: bool) -> String {
    let mut all: Vec<String> = leaves
        .iter()
        .map(|(path, matchers)| {
            let values: Vec<String> = matchers.iter().take(LISTED_MAX).map(shown).collect();
            format!("`{path}: [{}]`", values.join(", "))
        })
        .collect();
    if outcome {
        all.push("`outcome`".to_owned());
    }
    match all.as_slice() {
        [] => "its conditions".to_owned(),
        [one] => one.clone(),
        [first @ .., last] => format!("{} and {last}", first.join(", ")),
    }
}

/// What to do about conditions that exclude each other.
fn advice(leaves: &[(&str, &[Matcher])], outcome: bool, subjects: &[Subject]) -> String {
    let has = |wanted: &str| leaves.iter().any(|(path, _)| *path == wanted);
    let below = |wanted: &str| leaves.iter().any(|(path, _)| path.starts_with(wanted));
    if below("responseElements.") && (outcome || has("errorCode")) {
        return "responseElements of failed calls are null: name what was asked for, in requestParameters"
            .to_owned();
    }
    if outcome && has("errorCode") {
        return "`outcome` says it already: leave the condition on `errorCode` out".to_owned();
    }
    if has("userIdentity.userName") && has("userIdentity.type") {
        return "only users have a name there: of a session it is in `userIdentity.sessionContext.sessionIssuer.userName`, and Root has none but the account's alias".to_owned();
    }
    if below("userIdentity.sessionContext.sessionIssuer") && has("userIdentity.type") {
        return "users and Root have no issuer: it is for `userIdentity.type: [AssumedRole]`"
            .to_owned();
    }
    if has("userIdentity.arn") && has("userIdentity.type") {
        return "each type of identity has ARNs of its own: `…:root`, `…:user/NAME`, `…:assumed-role/NAME/SESSION`".to_owned();
    }
    let known = leaves.iter().all(|(path, _)| {
        subjects.iter().any(|one| !matches!(place(path, one), Place::Missing { .. }))
    });
    match known {
        true => "write them as alternatives in `$or`, or leave one out".to_owned(),
        false => "write each for the events that have it".to_owned(),
    }
}
