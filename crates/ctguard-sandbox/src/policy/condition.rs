//! The `Condition` block of a statement, for a request whose keys are given, known to be absent, or
//! unknown.

use super::{Principal, Request, glob, list};
use ctguard_core::resource::policy::condition_keys::{REQUESTED, is_nowhere, of_data_keys};
use ctguard_core::scope::Arn;
use serde_json::Value;

/// Whether something holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Held {
    Yes,
    No,
    /// It depends on something that the sandbox does not know.
    Unknown,
}

impl From<bool> for Held {
    fn from(holds: bool) -> Self {
        if holds { Self::Yes } else { Self::No }
    }
}

/// Keys of people, of sessions and of the networks that they are in. No service that calls by itself
/// has them.
///
/// Source: <https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_condition-keys.html>
const NOT_OF_SERVICES: &[&str] = &[
    "aws:assumedroot",
    "aws:chatbotsourcearn",
    "aws:ec2instancesourceprivateipv4",
    "aws:ec2instancesourcevpc",
    "aws:federatedprovider",
    "aws:multifactorauthage",
    "aws:multifactorauthpresent",
    "aws:principalorgid",
    "aws:principalorgpaths",
    "aws:referer",
    "aws:sourceidentity",
    "aws:sourcevpc",
    "aws:sourcevpcarn",
    "aws:sourcevpce",
    "aws:tagkeys",
    "aws:tokenissuetime",
    "aws:username",
    "aws:vpceaccount",
    "aws:vpceorgid",
    "aws:vpceorgpaths",
    "aws:vpcsourceip",
    // Keys of Subscribe and of AssumeRole by people.
    "sns:endpoint",
    "sns:protocol",
    "sts:externalid",
];

/// Keys that the calls of services lack or fill with something of AWS's own.
const OF_AWS: &[&str] = &[
    "aws:principalarn",
    "aws:principalaccount",
    "aws:principaltype",
    "aws:userid",
    "aws:sourceip",
    "kms:calleraccount",
];

/// Keys that say for whom a service acts. Where the caller gives none, there is none.
const SOURCES: &[&str] = &["aws:sourcearn", "aws:sourceaccount", "aws:sourceowner"];

/// Keys that can have several values. Without a set operator AWS does not say how they are
/// compared.
///
/// Source: <https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_condition-single-vs-multi-valued-context-keys.html>
const SEVERAL: &[&str] = &["aws:principalorgpaths", "aws:principalservicenameslist"];

const ENCRYPTION_CONTEXT: &str = "kms:encryptioncontext:";

/// A key in a request.
enum Key<'a> {
    Values(Vec<&'a str>),
    /// Absent, or this value.
    Perhaps(&'a str),
    /// A value of which this is the beginning.
    Starting(&'a str),
    /// This value, and perhaps others.
    Among(&'a str),
    Absent,
    /// Absent, or something that AWS gives itself.
    OfAws,
    /// There, within the years that a sandbox is in.
    Time,
    Unknown,
}

/// Checks all conditions; with a result other than `Yes` comes the key that decides it.
pub fn check(block: Option<&Value>, request: &Request<'_>, resolves: bool) -> (Held, String) {
    let Some(block) = block else { return (Held::Yes, String::new()) };
    let Some(operators) = block.as_object() else {
        return (Held::Unknown, "an unreadable block".to_owned());
    };
    let mut result = (Held::Yes, String::new());
    for (operator, keys) in operators {
        let Some(keys) = keys.as_object() else {
            result = (Held::Unknown, operator.clone());
            continue;
        };
        for (key, wanted) in keys {
            match holds(operator, key, wanted, request, resolves) {
                Held::Yes => {}
                Held::No => return (Held::No, key.clone()),
                Held::Unknown => result = (Held::Unknown, key.clone()),
            }
        }
    }
    result
}

fn look_up<'a>(key: &str, request: &Request<'a>) -> Key<'a> {
    // SNS's own name for the account. A key sees whose call it is in the same way.
    let key = match (key, request.principal) {
        ("aws:sourceowner", Principal::Service(_)) => "aws:sourceaccount",
        ("kms:calleraccount", Principal::Role { .. }) if request.action.starts_with("kms:") => {
            "aws:principalaccount"
        }
        (key, _) => key,
    };
    let values: Vec<&str> =
        request.context.iter().filter(|(name, _)| *name == key).map(|(_, value)| *value).collect();
    if let ([value], true) = (values.as_slice(), request.unsure.contains(&key)) {
        return Key::Perhaps(value);
    }
    if !values.is_empty() {
        return Key::Values(values);
    }
    if is_nowhere(key, request.action.split(':').next().unwrap_or_default()) {
        return Key::Absent;
    }
    let resource = Arn::parse(request.resource);
    if let Some(known) = of_data_keys(key).filter(|_| request.action.starts_with("kms:")) {
        return known.map_or(Key::Absent, |value| Key::Values(vec![value]));
    }
    match (key, resource) {
        ("aws:currenttime" | "aws:epochtime", _) => return Key::Time,
        ("aws:resourceaccount", Some(arn)) if !arn.account.is_empty() => {
            return Key::Values(vec![arn.account]);
        }
        _ => {}
    }
    match request.principal {
        Principal::Service(service) => of_service(key, service, request),
        Principal::Role { .. } | Principal::Holder => match key {
            "aws:requestedregion" => match Arn::parse(request.resource) {
                Some(arn) if !arn.region.is_empty() => Key::Values(vec![arn.region]),
                _ => Key::Unknown,
            },
            // The tags that the role has are in the context.
            key if key.starts_with("aws:principaltag/") || key.starts_with("aws:requesttag/") => {
                Key::Absent
            }
            "aws:sourceip" => Key::OfAws,
            // The session is made for the call.
            "aws:tokenissuetime" => Key::Time,
            // Of a key whether it counts that SNS calls is not documented.
            "aws:viaawsservice" if request.action.starts_with("kms:") => Key::Unknown,
            "aws:viaawsservice" => Key::Values(vec!["false"]),
            // AWS: absent, or false where a service took the role on.
            "aws:multifactorauthpresent" => Key::Perhaps("false"),
            // The id of the role, a colon, and the name of the session.
            // https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_variables.html#principaltable
            "aws:userid" => Key::Starting("AROA"),
            "aws:principaltype" => Key::Values(vec!["AssumedRole"]),
            "aws:principalorgid"
            | "aws:principalorgpaths"
            | "aws:federatedprovider"
            | "aws:referer"
            | "aws:tagkeys"
            | "aws:sourceidentity"
            | "aws:sourcevpc"
            | "aws:sourcevpcarn"
            | "aws:sourcevpce"
            | "aws:vpceaccount"
            | "aws:vpceorgid"
            | "aws:vpceorgpaths"
            | "aws:vpcsourceip"
            | "aws:username"
            | "aws:multifactorauthage"
            | "aws:principalservicename"
            | "aws:principalservicenameslist"
            | "aws:calledvia"
            | "aws:calledviafirst"
            | "aws:calledvialast" => Key::Absent,
            _ => Key::Unknown,
        },
        Principal::Account(_) => Key::Unknown,
    }
}

fn of_service<'a>(key: &str, service: &'a str, request: &Request<'a>) -> Key<'a> {
    let tagged = key.starts_with("aws:principaltag/") || key.starts_with("aws:requesttag/");
    if tagged || NOT_OF_SERVICES.contains(&key) || SOURCES.contains(&key) {
        return Key::Absent;
    }
    if OF_AWS.contains(&key) {
        return Key::OfAws;
    }
    if key == "aws:sourceorgid" || key == "aws:sourceorgpaths" {
        let named = request.context.iter().any(|(name, _)| *name == "aws:sourceaccount");
        return if named { Key::Unknown } else { Key::Absent };
    }
    // What the service tells the key is all of it.
    let told = request.context.iter().any(|(name, _)| name.starts_with(ENCRYPTION_CONTEXT));
    if told && key.starts_with(ENCRYPTION_CONTEXT) {
        return Key::Absent;
    }
    // A key sees the service through the one that it uses, and not as that one sees it.
    let direct = request.context.contains(&("aws:principalisawsservice", "true"));
    if !direct {
        return Key::Unknown;
    }
    match key {
        "aws:principalservicename" => Key::Values(vec![service]),
        "aws:principalservicenameslist" => Key::Among(service),
        "aws:viaawsservice" => Key::Values(vec!["false"]),
        // Only of requests on behalf of somebody.
        "kms:viaservice" => Key::Absent,
        "aws:calledvia" | "aws:calledviafirst" | "aws:calledvialast" => Key::Absent,
        "aws:requestedregion" => match Arn::parse(request.resource) {
            Some(arn) if !arn.region.is_empty() => Key::Values(vec![arn.region]),
            _ => Key::Unknown,
        },
        _ => Key::Unknown,
    }
}

/// Whether one condition holds.
fn holds(operator: &str, key: &str, wanted: &Value, request: &Request<'_>, resolves: bool) -> Held {
    let key = key.to_ascii_lowercase();
    let lower = operator.to_ascii_lowercase();
    let (quantifier, test) = lower.rsplit_once(':').unwrap_or(("", &lower));
    if !["", "foranyvalue", "forallvalues"].contains(&quantifier) {
        return Held::Unknown;
    }
    let found = look_up(&key, request);
    if test == "null" {
        return null(wanted, &found);
    }
    let (test, if_exists) = match test.strip_suffix("ifexists") {
        Some(test) => (test, true),
        None => (test, false),
    };
    let Some((matches, negated)) = comparison(test) else { return Held::Unknown };
    if quantifier.is_empty() && SEVERAL.contains(&key.as_str()) && !matches!(found, Key::Absent) {
        return Held::Unknown;
    }
    let mut texts = Vec::new();
    for value in list(Some(wanted)) {
        match spelled(value, request, resolves) {
            Some(text) => texts.push(text),
            None => return Held::Unknown,
        }
    }
    // AWS: an absent key fails `ForAnyValue` and satisfies `ForAllValues`.
    let when_absent = match quantifier {
        "forallvalues" => true,
        "foranyvalue" => if_exists,
        _ => if_exists || negated,
    };
    match found {
        Key::Absent => when_absent.into(),
        Key::Unknown | Key::OfAws if all_match(test, &texts) && negated != when_absent => {
            when_absent.into()
        }
        Key::Unknown => Held::Unknown,
        Key::Time => before_now(test, negated, &texts),
        Key::Perhaps(value) => match compared_with(value, &texts, matches) {
            Some(hit) if (hit != negated) == when_absent => when_absent.into(),
            _ => Held::Unknown,
        },
        Key::Starting(start) => match starting(test, start, &texts) {
            Some(hit) => (hit != negated).into(),
            None => Held::Unknown,
        },
        Key::OfAws => {
            let narrow = texts.iter().all(|text| is_narrow(test, text));
            if narrow && when_absent == negated { negated.into() } else { Held::Unknown }
        }
        Key::Among(value) => {
            let hits: Vec<Option<bool>> = texts.iter().map(|text| matches(text, value)).collect();
            let hit = match () {
                () if hits.contains(&Some(true)) => true,
                () if hits.contains(&None) => return Held::Unknown,
                () => false,
            };
            // What the others are decides where this one does not.
            match (quantifier, hit != negated) {
                ("foranyvalue", true) => Held::Yes,
                ("forallvalues", false) => Held::No,
                _ => Held::Unknown,
            }
        }
        Key::Values(values) => {
            let mut outcomes = Vec::new();
            for value in values {
                let Some(hit) = compared_with(value, &texts, matches) else {
                    return Held::Unknown;
                };
                outcomes.push(hit != negated);
            }
            match quantifier {
                "foranyvalue" => outcomes.contains(&true).into(),
                _ => outcomes.iter().all(|holds| *holds).into(),
            }
        }
    }
}

/// Whether every value matches one of the texts.
fn all_match(test: &str, texts: &[String]) -> bool {
    let is_star = |text: &String| !text.is_empty() && text.chars().all(|c| c == '*');
    ["stringlike", "stringnotlike"].contains(&test) && texts.iter().any(is_star)
}

/// Whether one of the texts matches a value; `None` when that is not known.
fn compared_with(value: &str, texts: &[String], matches: Matches) -> Option<bool> {
    let hits: Vec<Option<bool>> = texts.iter().map(|text| matches(text, value)).collect();
    match hits.contains(&Some(true)) {
        true => Some(true),
        false if hits.contains(&None) => None,
        false => Some(false),
    }
}

/// Whether one of the texts matches every value with this beginning, or none matches any.
fn starting(test: &str, start: &str, texts: &[String]) -> Option<bool> {
    let ignore = test.contains("ignorecase");
    let patterns = test.ends_with("like") && test.starts_with("string");
    if !patterns && !test.starts_with("string") {
        return None;
    }
    let start = if ignore { start.to_ascii_lowercase() } else { start.to_owned() };
    let mut none = true;
    for text in texts {
        let text = if ignore { text.to_ascii_lowercase() } else { text.clone() };
        if !patterns {
            none &= !(verbatim(&text).starts_with(&start) && verbatim(&text) != start);
            continue;
        }
        let star = text.find(['*', '?', ESCAPE]).unwrap_or(text.len());
        let (plain, wild) = text.split_at(star);
        if wild.ends_with('*') && !text.contains(ESCAPE) && glob(&text, &start) {
            return Some(true);
        }
        let further = plain.len() > start.len() && plain.starts_with(&start);
        none &= !(further || !wild.is_empty() && start.starts_with(plain));
    }
    none.then_some(false)
}

fn null(wanted: &Value, found: &Key<'_>) -> Held {
    let wanted = list(Some(wanted));
    let [wanted] = wanted.as_slice() else { return Held::Unknown };
    let absent = match wanted {
        Value::Bool(flag) => *flag,
        Value::String(text) if text.eq_ignore_ascii_case("true") => true,
        Value::String(text) if text.eq_ignore_ascii_case("false") => false,
        _ => return Held::Unknown,
    };
    match found {
        Key::Absent => absent.into(),
        Key::Values(_) | Key::Starting(_) | Key::Among(_) | Key::Time => (!absent).into(),
        Key::Perhaps(_) | Key::OfAws | Key::Unknown => Held::Unknown,
    }
}

/// Whether no value of AWS's own can be meant.
fn is_narrow(test: &str, text: &str) -> bool {
    let plain = text.replace(&format!("{ESCAPE}*"), "").replace(&format!("{ESCAPE}?"), "");
    let mut numbers = text.split([':', '/', '*']);
    let names_account =
        numbers.any(|part| part.len() == 12 && part.chars().all(|c| c.is_ascii_digit()));
    match test {
        "ipaddress" | "notipaddress" => {
            let (address, bits) = text.split_once('/').unwrap_or((text, "128"));
            let is_block = address.parse::<std::net::IpAddr>().is_ok();
            let is_private =
                address.parse::<std::net::Ipv4Addr>().is_ok_and(|start| start.is_private());
            let least = if is_private { 8 } else { 9 };
            is_block && bits.parse::<u8>().is_ok_and(|bits| (least..=128).contains(&bits))
        }
        "stringlike" | "stringnotlike" | "arnlike" | "arnequals" | "arnnotlike"
        | "arnnotequals" => !plain.contains(['*', '?']) || names_account,
        test => test.starts_with("string") || test == "bool",
    }
}

/// Compares times that are past, or far away; of one between, the answer changes with the clock.
fn before_now(test: &str, negated: bool, texts: &[String]) -> Held {
    let Some(order) = test.strip_prefix("date").or_else(|| test.strip_prefix("numeric")) else {
        return Held::Unknown;
    };
    let dates = test.starts_with("date");
    let second = |text: &String| if dates { time(text) } else { text.parse().ok() };
    let hit = |text: &String| {
        let second: i64 = second(text)?;
        let apart = !REQUESTED.contains(&second);
        let past = second < REQUESTED.start;
        apart.then_some(match order {
            "greaterthan" | "greaterthanequals" => past,
            "lessthan" | "lessthanequals" => !past,
            _ => false,
        })
    };
    let hits: Vec<Option<bool>> = texts.iter().map(hit).collect();
    match hits.contains(&Some(true)) {
        true => (!negated).into(),
        false if hits.contains(&None) || hits.is_empty() => Held::Unknown,
        false => negated.into(),
    }
}

fn time(text: &str) -> Option<i64> {
    if let Ok(number) = text.parse() {
        return Some(number);
    }
    let whole = if text.contains('T') { text.to_owned() } else { format!("{text}T00:00:00Z") };
    whole.parse::<jiff::Timestamp>().ok().map(|time| time.as_second())
}

type Matches = fn(&str, &str) -> Option<bool>;

/// How an operator compares the policy's value with the request's, and whether it is negated.
fn comparison(test: &str) -> Option<(Matches, bool)> {
    Some(match test {
        "stringequals" => (|wanted, value| Some(verbatim(wanted) == value), false),
        "stringnotequals" => (|wanted, value| Some(verbatim(wanted) == value), true),
        "stringequalsignorecase" => {
            (|wanted, value| Some(verbatim(wanted).eq_ignore_ascii_case(value)), false)
        }
        "stringnotequalsignorecase" => {
            (|wanted, value| Some(verbatim(wanted).eq_ignore_ascii_case(value)), true)
        }
        "stringlike" => (|wanted, value| Some(like(wanted, value)), false),
        "stringnotlike" => (|wanted, value| Some(like(wanted, value)), true),
        // AWS: "ArnEquals and ArnLike behave identically."
        "arnlike" | "arnequals" => (|wanted, value| Some(arn_like(wanted, value)), false),
        "arnnotlike" | "arnnotequals" => (|wanted, value| Some(arn_like(wanted, value)), true),
        "bool" => (|wanted, value| Some(wanted.eq_ignore_ascii_case(value)), false),
        "ipaddress" => (|_, _| None, false),
        "notipaddress" => (|_, _| None, true),
        // No service is known to send bytes.
        "binaryequals" => (|_, _| Some(false), false),
        "numericequals" => (|wanted, value| number(wanted, value, |a, b| a == b), false),
        "numericnotequals" => (|wanted, value| compared(wanted, value, |a, b| a == b), true),
        "numericlessthan" => (|wanted, value| number(wanted, value, |a, b| a < b), false),
        "numericlessthanequals" => (|wanted, value| number(wanted, value, |a, b| a <= b), false),
        "numericgreaterthan" => (|wanted, value| number(wanted, value, |a, b| a > b), false),
        "numericgreaterthanequals" => (|wanted, value| number(wanted, value, |a, b| a >= b), false),
        "dateequals" => (|wanted, value| dated(wanted, value, |a, b| a == b), false),
        "datenotequals" => (|wanted, value| dated(wanted, value, |a, b| a == b), true),
        "datelessthan" => (|wanted, value| dated(wanted, value, |a, b| a < b), false),
        "datelessthanequals" => (|wanted, value| dated(wanted, value, |a, b| a <= b), false),
        "dategreaterthan" => (|wanted, value| dated(wanted, value, |a, b| a > b), false),
        "dategreaterthanequals" => (|wanted, value| dated(wanted, value, |a, b| a >= b), false),
        _ => return None,
    })
}

/// The same, where a text of the request is no number that matches.
fn number(wanted: &str, value: &str, holds: fn(f64, f64) -> bool) -> Option<bool> {
    match value.parse::<f64>() {
        Ok(_) => compared(wanted, value, holds),
        Err(_) => Some(false),
    }
}

/// Compares the request's number with the policy's.
fn compared(wanted: &str, value: &str, holds: fn(f64, f64) -> bool) -> Option<bool> {
    Some(holds(value.parse().ok()?, wanted.parse().ok()?))
}

/// Compares the request's time with the policy's.
fn dated(wanted: &str, value: &str, holds: fn(i64, i64) -> bool) -> Option<bool> {
    Some(holds(time(value)?, time(wanted)?))
}

/// A value of a policy as text, its variables replaced; `None` when that is not possible.
fn spelled(value: &Value, request: &Request<'_>, resolves: bool) -> Option<String> {
    match value {
        Value::String(text) if resolves => replaced(text, request),
        Value::String(text) => Some(text.clone()),
        Value::Bool(_) | Value::Number(_) => Some(value.to_string()),
        _ => None,
    }
}

/// Stands before a character that is meant as it is.
const ESCAPE: char = '\u{1b}';

/// Replaces `${key}` by the request's value.
pub fn replaced(text: &str, request: &Request<'_>) -> Option<String> {
    let mut parts = text.split("${");
    let mut out = parts.next().unwrap_or_default().to_owned();
    for part in parts {
        let (name, rest) = part.split_once('}')?;
        let mut names = name.splitn(2, ',');
        let key = names.next().unwrap_or_default().trim().to_ascii_lowercase();
        let otherwise = names.next().map(|text| text.trim().trim_matches('\''));
        let value = match key.as_str() {
            "*" | "?" | "$" => key.clone(),
            _ => match look_up(&key, request) {
                Key::Values(values) if values.len() == 1 => values[0].to_owned(),
                Key::Absent => otherwise?.to_owned(),
                _ => return None,
            },
        };
        for c in value.chars() {
            if ['*', '?'].contains(&c) {
                out.push(ESCAPE);
            }
            out.push(c);
        }
        out.push_str(rest);
    }
    Some(out)
}

fn verbatim(text: &str) -> String {
    text.chars().filter(|c| *c != ESCAPE).collect()
}

/// A glob in which an escaped star is a star.
pub fn like(wanted: &str, value: &str) -> bool {
    if !wanted.contains(ESCAPE) {
        return glob(wanted, value);
    }
    // No text of AWS's has these two characters.
    let hide =
        |text: &str, star: &str, one: &str| text.replace(star, "\u{2}").replace(one, "\u{3}");
    glob(&hide(wanted, "\u{1b}*", "\u{1b}?"), &hide(value, "*", "?"))
}

/// Compares the six fields of an ARN one by one: a star does not match a colon.
fn arn_like(wanted: &str, value: &str) -> bool {
    let (wanted, value): (Vec<_>, Vec<_>) =
        (wanted.splitn(6, ':').collect(), value.splitn(6, ':').collect());
    wanted.len() == 6
        && value.len() == 6
        && wanted.iter().zip(&value).all(|(wanted, value)| like(wanted, value))
}
