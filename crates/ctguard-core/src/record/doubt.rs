//! Values that a field could hold and hardly ever does: what is written there is most likely a slip.
//!
//! AWS's pages do not exclude them, so that they are warned about and never held to be impossible.

use super::request::Parameter;
use super::scenario::{Place, Subject, place};
use super::texts::Texts;
use super::words::shown;
use crate::catalogue;
use eventbridge_pattern::{Matcher, TextKind, TextTest};
use serde_json::Value;
use std::net::IpAddr;

/// What is odd about an operator, and what to write instead.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Doubt {
    pub message: String,
    pub help: String,
}

/// Tells what is odd about an operator at a path of an event's records; none where nothing is.
pub(super) fn doubt(path: &str, matcher: &Matcher, subject: &Subject) -> Option<Doubt> {
    let help =
        star(path, matcher).or_else(|| of_path(path, matcher, subject)).or_else(|| match place(
            path, subject,
        ) {
            Place::Parameter(parameter) => of_parameter(parameter, matcher),
            _ => None,
        })?;
    Some(Doubt { message: format!("`{path}` is hardly ever {}", shown(matcher)), help })
}

fn exact(matcher: &Matcher) -> Option<&str> {
    match matcher {
        Matcher::Exact(Value::String(text)) => Some(text),
        _ => None,
    }
}

/// A `*` at an end of a plain text that is a name, an id or a user agent.
fn star(path: &str, matcher: &Matcher) -> Option<String> {
    /// Fewest other characters beside the star.
    const OTHERS_MIN: usize = 2;
    let text = exact(matcher)?;
    let star = text.starts_with('*') || text.ends_with('*');
    let named = path == "userAgent" || path == "errorMessage" || {
        let last = path.rsplit('.').next().unwrap_or(path).to_ascii_lowercase();
        ["name", "id", "arn"].iter().any(|end| last.ends_with(end))
    };
    let long = text.chars().filter(|one| *one != '*').count() >= OTHERS_MIN;
    (star && named && long)
        .then(|| format!("`*` is a plain character here: write {{ wildcard: \"{text}\" }}"))
}

fn of_path(path: &str, matcher: &Matcher, subject: &Subject) -> Option<String> {
    match path {
        "eventName" => event_name(matcher, subject),
        "eventSource" => event_source(exact(matcher)?),
        "errorCode" => error_code(exact(matcher)?, subject),
        "errorMessage" if subject.is_login() => other_case(exact(matcher)?, MESSAGES),
        _ if path.ends_with("VersioningConfiguration.Status") => {
            other_case(exact(matcher)?, &["Enabled", "Suspended"])
        }
        "sourceIPAddress" => address(exact(matcher)?),
        "userIdentity.userName" => name(matcher, false),
        "userIdentity.sessionContext.sessionIssuer.userName" => name(matcher, true),
        "userIdentity.principalId" | "userIdentity.sessionContext.sessionIssuer.principalId" => {
            // That of a web identity begins with its provider's ARN, as GitHub's does.
            let provider = begins_within(matcher, ":oidc-provider/");
            (begins(matcher, "arn:") && !provider)
                .then(|| "it is an id: write the ARN for `userIdentity.arn`".to_owned())
        }
        "userIdentity.accessKeyId" => {
            let of_others = ["AROA", "AIDA", "AGPA", "ANPA", "arn:"];
            let odd = of_others.iter().any(|id| begins(matcher, id));
            odd.then(|| {
                "access keys begin with `AKIA`, those of sessions with `ASIA`: ids such as `AROA…` stand in `userIdentity.principalId`".to_owned()
            })
        }
        _ => None,
    }
}

/// Whether the text that is taken, or its beginning, has these words.
fn begins_within(matcher: &Matcher, words: &str) -> bool {
    match matcher {
        Matcher::Text(test) => test.text.contains(words),
        matcher => exact(matcher).is_some_and(|text| text.contains(words)),
    }
}

/// Whether everything that is taken begins so.
fn begins(matcher: &Matcher, beginning: &str) -> bool {
    match matcher {
        Matcher::Text(TextTest { kind: TextKind::Prefix | TextKind::Wildcard, text }) => {
            text.starts_with(beginning)
        }
        matcher => exact(matcher).is_some_and(|text| text.starts_with(beginning)),
    }
}

/// Messages of failed sign-ins.
///
/// Source: <https://docs.aws.amazon.com/awscloudtrail/latest/userguide/cloudtrail-event-reference-aws-console-sign-in-events.html>
const MESSAGES: &[&str] = &["Failed authentication", "No username found in supplied account"];

/// Codes that many services write.
///
/// Source: <https://docs.aws.amazon.com/IAM/latest/APIReference/CommonErrors.html>
const CODES: &[&str] = &[
    "AccessDenied",
    "AccessDeniedException",
    "UnauthorizedOperation",
    "Client.UnauthorizedOperation",
    "ThrottlingException",
    "ValidationException",
];

/// Services whose codes do not tell on whose side the fault is, as EC2's do.
const WITHOUT_SIDE: &[&str] = &["cloudtrail", "dynamodb", "iam", "kms", "lambda", "s3", "sts"];

fn other_case(text: &str, known: &[&str]) -> Option<String> {
    let same = known.contains(&text);
    let like = known.iter().find(|one| one.eq_ignore_ascii_case(text));
    like.filter(|_| !same).map(|one| format!("AWS writes \"{one}\""))
}

fn error_code(text: &str, subject: &Subject) -> Option<String> {
    let service = subject.source.as_deref()?.strip_suffix(".amazonaws.com")?;
    if let Some(code) = text.strip_prefix("Client.").filter(|_| WITHOUT_SIDE.contains(&service)) {
        let code = if code == "UnauthorizedOperation" { "AccessDenied" } else { code };
        return Some(format!("only EC2 writes `Client.`: write \"{code}\""));
    }
    other_case(text, CODES)
}

/// Digits and dots that are no address.
fn address(text: &str) -> Option<String> {
    let digits = text.chars().all(|one| one.is_ascii_digit() || one == '.');
    if text.is_empty() || !digits || text.parse::<IpAddr>().is_ok() {
        return None;
    }
    let parts = text.trim_end_matches('.').split('.').count();
    Some(match parts < 4 {
        true => format!(
            "that is a part of an address: write {{ prefix: \"{}.\" }}, or {{ cidr: … }}",
            text.trim_end_matches('.')
        ),
        false => "that is no IP address".to_owned(),
    })
}

/// A name, which is no ARN; names of roles have no `/` in them.
fn name(matcher: &Matcher, of_role: bool) -> Option<String> {
    if begins(matcher, "arn:") {
        let arn = match of_role {
            true => "userIdentity.sessionContext.sessionIssuer.arn",
            false => "userIdentity.arn",
        };
        return Some(format!("it is a name: write the ARN for `{arn}`"));
    }
    let text = exact(matcher).filter(|text| of_role && text.contains('/'))?;
    let role = text.split('/').next().unwrap_or(text);
    Some(format!(
        "it is the role's name alone, such as \"{role}\": its session stands in `userIdentity.arn`"
    ))
}

fn event_source(text: &str) -> Option<String> {
    let lower = text.to_ascii_lowercase();
    (lower != text && catalogue::knows_source(&lower) && !catalogue::knows_source(text))
        .then(|| format!("AWS writes \"{lower}\""))
}

/// A name that no event of a family has, as far as is known.
fn event_name(matcher: &Matcher, subject: &Subject) -> Option<String> {
    let family = subject.family.as_ref()?;
    if let Some((_, name)) = exact(matcher).and_then(|text| text.split_once(':')) {
        return Some(format!("the name stands alone: write \"{name}\""));
    }
    let Some(source) = subject.source.as_deref() else {
        let text = exact(matcher)?;
        if !catalogue::sources_of(text).is_empty() {
            return None;
        }
        let like = catalogue::all().find(|one| one.name.eq_ignore_ascii_case(text))?;
        return Some(format!("AWS writes \"{}\"", like.name));
    };
    let taken = Texts::taken_by(matcher)?;
    let members =
        || catalogue::of_source(source).filter(|one| family.includes(one.source, one.name));
    if members().next().is_none() || members().any(|one| taken.has(one.name)) {
        return None;
    }
    let like =
        exact(matcher).and_then(|text| members().find(|one| one.name.eq_ignore_ascii_case(text)));
    Some(match like {
        Some(one) => format!("AWS writes \"{}\"", one.name),
        None => format!("no event of `{}` is known by that name", family.short()),
    })
}

fn of_parameter(parameter: &Parameter, matcher: &Matcher) -> Option<String> {
    case_of_values(&parameter.values, matcher)
        .or_else(|| no_arn(&parameter.name, matcher))
        .or_else(|| no_port(&parameter.name, matcher))
        .or_else(|| no_count(&parameter.name, matcher))
}

/// A known value in another case.
fn case_of_values(values: &[String], matcher: &Matcher) -> Option<String> {
    let taken = Texts::taken_by(matcher)?;
    if values.is_empty() || values.iter().any(|value| taken.has(value)) {
        return None;
    }
    let test = match matcher {
        Matcher::Exact(Value::String(text)) => {
            TextTest { kind: TextKind::IgnoreCase, text: text.clone() }
        }
        Matcher::Text(test) => TextTest { kind: test.kind, text: test.text.to_ascii_lowercase() },
        _ => return None,
    };
    let lower = Texts::taken_by(&Matcher::Text(test))?;
    let meant = values.iter().find(|value| lower.has(&value.to_ascii_lowercase()))?;
    Some(format!("AWS writes \"{meant}\""))
}

/// Something that is no ARN, for a parameter that is called one.
fn no_arn(name: &str, matcher: &Matcher) -> Option<String> {
    /// What stands in place of a value that is hidden.
    const HIDDEN: &str = "HIDDEN";
    if !(name.ends_with("Arn") || name.ends_with("ARN")) {
        return None;
    }
    let text = match matcher {
        Matcher::Exact(Value::String(text)) => text,
        Matcher::Text(TextTest { kind: TextKind::Prefix, text }) => text,
        _ => return None,
    };
    let like = text.is_empty() || text.starts_with("arn:") || "arn:".starts_with(text.as_str());
    let odd = !like && !text.starts_with(HIDDEN) && !text.contains('*');
    odd.then(|| format!("it is a whole ARN: write {{ suffix: \"/{text}\" }}, or all of it"))
}

/// A number that no port has.
fn no_port(name: &str, matcher: &Matcher) -> Option<String> {
    const HIGHEST: f64 = 65_535.0;
    if !(name.ends_with("Port") || name == "port") {
        return None;
    }
    let beyond = match matcher {
        Matcher::Exact(value) => value.as_f64().is_some_and(|at| at > HIGHEST),
        Matcher::Numeric(range) => {
            [HIGHEST, -1.0].iter().all(|at| !range.contains(*at))
                && range.low.as_ref().is_some_and(|low| low.at >= HIGHEST)
        }
        _ => false,
    };
    beyond.then(|| "a port is at most 65535".to_owned())
}

/// A number of instances as text.
fn no_count(name: &str, matcher: &Matcher) -> Option<String> {
    let digits = exact(matcher).filter(|text| text.parse::<u32>().is_ok())?;
    (name == "minCount" || name == "maxCount")
        .then(|| format!("it is a number: write {digits} without quotes"))
}
