//! Alerts: ids, texts, events, conditions, exceptions and who is told.

use super::super::raw::{RawAlert, RawException, RawFilter, RawOperator, RawTest};
use super::super::reader::Spanned;
use super::super::source::normalise;
use super::super::{Alert, AlertTest, Exception, Expect, Outcome, Risk};
use super::Resolved;
use super::landings::Landings;
use super::{AlertNotes, allow, date, events, grounds, kebab_name, length, line, references};
use crate::catalogue::nearest;
use crate::codes;
use crate::diag::{Diagnostic, Span};
use crate::resource::names::Names;
use eventbridge_pattern::{Filter, OPERATORS, PatternError};
use serde_json::{Value, json};
use std::collections::BTreeMap;
use std::path::Path;

/// Longest id of an alert, in characters: with the blueprint's name it fits into a rule's name.
const ID_MAX_CHARS: usize = 31;

/// Longest title, in characters: chat titles end at 250.
///
/// Source: <https://docs.aws.amazon.com/chatbot/latest/adminguide/custom-notifs.html>
const TITLE_MAX_CHARS: usize = 200;

/// Longest `why` and `next`, in characters: a message template holds 8,192 in all.
const TEXT_MAX_CHARS: usize = 1_500;

/// What the rest of the blueprint says.
pub(super) struct Context<'a> {
    pub destinations: &'a [&'a str],
    pub routes: &'a BTreeMap<Risk, Vec<String>>,
}

pub(super) fn alert(
    raw: RawAlert,
    context: &Context<'_>,
    landings: &mut Landings<'_>,
    out: &mut Vec<Diagnostic>,
) -> Option<(Alert, AlertNotes)> {
    let id_help = format!("use a-z, 0-9 and `-`, at most {ID_MAX_CHARS} characters");
    let id =
        raw.id.as_ref().and_then(|id| kebab_name(id, "an alert's id", ID_MAX_CHARS, &id_help, out));
    if let Some(id) = &raw.id {
        reserved(id, out);
    }
    if let Some(title) = &raw.title {
        line(title, "title", TITLE_MAX_CHARS, out);
    }
    for (text, what) in [(&raw.why, "why"), (&raw.next, "next")] {
        if let Some(text) = text {
            length(text, what, TEXT_MAX_CHARS, out);
        }
    }
    let risk = raw.risk.as_ref().and_then(|risk| {
        let read = Risk::parse(&risk.value);
        if read.is_none() {
            unknown(risk, "a risk", "write `critical`, `high`, `medium` or `low`", out);
        }
        read
    });
    let outcome = match &raw.outcome {
        None => Some(Outcome::Any),
        Some(written) => {
            let read = Outcome::parse(&written.value);
            if read.is_none() {
                unknown(written, "an outcome", "write `any`, `success` or `failure`", out);
            }
            read
        }
    };

    let asked = raw.events.len();
    let mut resolved = Vec::new();
    let mut recognised = 0;
    for event in raw.events {
        let found = events::resolve(event, out);
        recognised += usize::from(!found.is_empty());
        resolved.extend(found);
    }
    let in_scope = landings.cover(raw.id.as_ref().map(|id| id.value.as_str()), &resolved);
    let narrowed = raw.filter.is_some() || no_family(&resolved, out);

    let only_root = raw
        .filter
        .as_ref()
        .is_some_and(|filter| filter.json.get("userIdentity.type") == Some(&json!(["Root"])));
    let filter = raw.filter.as_ref().map(|raw| filter(raw, out));
    let excepted = raw.except.len();
    let conditions = |raw: Option<&RawFilter>| raw.map(|raw| raw.conditions.clone());
    let written = conditions(raw.filter.as_ref()).unwrap_or_default();
    let written_except =
        raw.except.iter().map(|one| conditions(one.filter.as_ref()).unwrap_or_default()).collect();
    let except: Vec<Exception> =
        raw.except.into_iter().filter_map(|raw| exception(raw, out)).collect();
    let listed = raw.tests.len();
    let tests: Vec<AlertTest> = raw.tests.into_iter().filter_map(|raw| test(raw, out)).collect();
    let own_notify = raw.notify.is_some();
    let notify = match &raw.notify {
        Some(names) => references(names, context.destinations, "notify", out),
        None => risk.and_then(|risk| context.routes.get(&risk).cloned()).unwrap_or_default(),
    };
    let notes = AlertNotes {
        allow: allow(&raw.allow, out),
        events: resolved,
        only_root,
        filter: written,
        except: written_except,
    };

    let sources = grounds::addresses(raw.sources, out);
    let attack = grounds::techniques(raw.attack, out);
    let controls = grounds::controls(raw.controls, out);
    let complete = except.len() == excepted && tests.len() == listed;
    if recognised < asked || notes.events.is_empty() || !complete || !in_scope || !narrowed {
        return None;
    }
    let mut events: Vec<_> = notes.events.iter().map(|resolved| resolved.event.clone()).collect();
    events.sort();
    events.dedup();
    let alert = Alert {
        id: id?,
        title: raw.title?.value,
        risk: risk?,
        events,
        filter: match filter {
            Some(filter) => Some(filter?),
            None => None,
        },
        outcome: outcome?,
        except,
        why: raw.why.map(|text| text.value).unwrap_or_default(),
        next: raw.next.map(|text| text.value).unwrap_or_default(),
        notify,
        own_notify,
        sources: sources?,
        attack: attack?,
        controls: controls?,
        tests,
        span: Some(raw.span),
    };
    Some((alert, notes))
}

/// Refuses the ids that would give an alert's rule the name of a forwarding rule.
fn reserved(id: &Spanned<String>, out: &mut Vec<Diagnostic>) {
    let names = Names::new("");
    if names.is_forward(&names.rule(&id.value, 0)) {
        out.push(
            Diagnostic::error(
                codes::NAME_INVALID,
                format!("`{}` cannot be an alert's id", id.value),
            )
            .at(Some(id.span.clone()))
            .label("rules of this name forward events to a hub")
            .help("choose another: `forward-` and a number name ctguard's own rules"),
        );
    }
}

/// Refuses a family of events without a condition: everything that happens would raise the alert.
fn no_family(events: &[Resolved], out: &mut Vec<Diagnostic>) -> bool {
    let Some(family) = events.iter().find(|resolved| resolved.event.is_family()) else {
        return true;
    };
    out.push(
        Diagnostic::error(
            codes::FAMILY_WITHOUT_WHERE,
            format!("`{}` without `where` raises the alert for each of its events", family.event.short()),
        )
        .at(Some(family.span.clone()))
        .help("say which of them matter, such as `where: { userIdentity.type: [Root] }`, or list the events"),
    );
    false
}

fn exception(raw: RawException, out: &mut Vec<Diagnostic>) -> Option<Exception> {
    let filter = raw.filter.as_ref().and_then(|raw| filter(raw, out));
    let until = date(raw.until.as_ref(), out);
    Some(Exception {
        filter: filter?,
        reason: raw.reason?.value,
        owner: raw.owner.map(|owner| owner.value),
        until: until.ok()?,
        span: Some(raw.span),
    })
}

/// A sample event: a file in the folder of the blueprint or below it, as an included file is.
fn test(raw: RawTest, out: &mut Vec<Diagnostic>) -> Option<AlertTest> {
    let expect = raw.expect.as_ref().and_then(|written| {
        let read = Expect::parse(&written.value);
        if read.is_none() {
            unknown(written, "an expectation", "write `match` or `ignore`", out);
        }
        read
    });
    let event = raw.event?;
    let Some(relative) = normalise(&event.value) else {
        out.push(
            Diagnostic::error(
                codes::TEST_OUTSIDE,
                format!("`{}` is outside the blueprint's folder", event.value),
            )
            .at(Some(event.span.clone()))
            .help("sample events stand in the folder of the file that lists them or below it: move or copy it there"),
        );
        return None;
    };
    let folder = Path::new(&event.span.file).parent().unwrap_or(Path::new(""));
    Some(AlertTest {
        file: folder.join(&relative),
        event: relative,
        expect: expect?,
        span: Some(raw.span),
    })
}

fn filter(raw: &RawFilter, out: &mut Vec<Diagnostic>) -> Option<Filter> {
    let mut valid = true;
    for (key, span) in &raw.keys {
        if key == "detail" || key.starts_with("detail.") {
            valid = false;
            let below = key.strip_prefix("detail").unwrap_or(key).trim_start_matches('.');
            let help = match below {
                "" => "write what stands below it, such as `userIdentity.type`".to_owned(),
                below => format!("write `{below}`"),
            };
            out.push(
                Diagnostic::error(codes::FILTER_INVALID, "paths begin below `detail`")
                    .at(Some(span.clone()))
                    .help(help),
            );
        }
    }
    match Filter::parse(&raw.json) {
        Ok(filter) => valid.then_some(filter),
        Err(error) => {
            if valid {
                out.push(filter_error(raw, &error));
            }
            None
        }
    }
}

/// Points at the key that the pattern module reports.
fn filter_error(raw: &RawFilter, error: &PatternError) -> Diagnostic {
    let exact = raw.keys.iter().find(|(key, _)| *key == error.path);
    let below = || {
        raw.keys.iter().find(|(key, _)| {
            !key.is_empty()
                && (error.path.starts_with(&format!("{key}."))
                    || error.path.ends_with(&format!(".{key}")))
        })
    };
    if let Some((span, help)) = operator_error(raw, error) {
        return Diagnostic::error(codes::FILTER_INVALID, error.message.clone())
            .at(Some(span))
            .help(help);
    }
    let (label, span) = match exact.or_else(below) {
        Some((_, span)) => (None, span),
        None if error.path.is_empty() => (None, &raw.span),
        None => (Some(format!("at `{}`", error.path)), &raw.span),
    };
    let scalar = raw.json.get(&error.path).filter(|value| !value.is_array() && !value.is_object());
    let help = match scalar {
        Some(Value::String(text)) => format!("values stand in a list: `{}: [{text}]`", error.path),
        Some(value) => format!("values stand in a list: `{}: [{value}]`", error.path),
        None => operator_without_list(raw, error).unwrap_or_else(|| {
            "conditions are EventBridge's own: a list of values or operators for each path"
                .to_owned()
        }),
    };
    let mut diagnostic = Diagnostic::error(codes::FILTER_INVALID, error.message.clone())
        .at(Some(span.clone()))
        .help(help);
    diagnostic.label = label;
    diagnostic
}

/// What to do where an operator stands outside of a list, and so is read as a field.
fn operator_without_list(raw: &RawFilter, error: &PatternError) -> Option<String> {
    let (path, name) = error.path.rsplit_once('.')?;
    let operator = raw.json.get(path).filter(|value| value.get(name).is_some())?;
    let is_operator = OPERATORS.contains(&name) && operator.as_object()?.len() == 1;
    let value = operator.get(name).filter(|_| is_operator)?;
    Some(format!("operators stand in a list, too: `{path}: [{{ {name}: {value} }}]`"))
}

/// Where the operator stands that is wrong by itself, and what to do.
fn operator_error(raw: &RawFilter, error: &PatternError) -> Option<(Span, String)> {
    let all = raw.conditions.iter().filter(|condition| condition.path == error.path);
    let wrong = |one: &&RawOperator| {
        let alone = Filter::parse(&json!({ error.path.as_str(): [one.value] }));
        alone.is_err_and(|alone| alone.message == error.message)
    };
    let operator = all.flat_map(|condition| &condition.operators).find(wrong)?;
    let names: Vec<&str> =
        operator.value.as_object().into_iter().flatten().map(|(name, _)| name.as_str()).collect();
    let plain = |value: Option<&Value>| match value {
        Some(Value::String(text)) => text.clone(),
        Some(value) => value.to_string(),
        None => "VALUE".to_owned(),
    };
    Some(match names.as_slice() {
        [name] if OPERATORS.contains(name) => (
            operator.operand.clone(),
            format!("`{name}` takes another value: see docs/patterns.md"),
        ),
        [name @ ("equals" | "eq" | "is" | "in")] => {
            let value = plain(operator.value.get(name));
            let value = value.trim_start_matches('[').trim_end_matches(']').to_owned();
            (
                operator.span.clone(),
                format!("values stand by themselves: `{}: [{value}]`", error.path),
            )
        }
        [name @ ("not" | "not-equals" | "ne")] => {
            let value = plain(operator.value.get(name));
            (operator.span.clone(), format!("write `{{ anything-but: {value} }}`"))
        }
        [name @ ("contains" | "regex" | "matches" | "like")] => {
            let value = plain(operator.value.get(name));
            (operator.span.clone(), format!("write `{{ wildcard: \"*{value}*\" }}`"))
        }
        [name] => match nearest(name, OPERATORS.iter().copied()).first() {
            Some(meant) => (operator.span.clone(), format!("did you mean `{meant}`?")),
            None => return None,
        },
        [first, ..] => (
            operator.span.clone(),
            format!(
                "write each by itself: `[{{ {first}: ... }}, ...]`; one of them is enough then"
            ),
        ),
        [] => (operator.span.clone(), "write a value, or an operator in braces".to_owned()),
    })
}

fn unknown(written: &Spanned<String>, what: &str, help: &str, out: &mut Vec<Diagnostic>) {
    out.push(
        Diagnostic::error(codes::VALUE_UNKNOWN, format!("`{}` is not {what}", written.value))
            .at(Some(written.span.clone()))
            .help(help),
    );
}
