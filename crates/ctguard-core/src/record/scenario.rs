//! What a field can hold in a record of one event: depending on who made the call and how it ended.
//!
//! Fields of one record depend on each other: a session has no `userName`, a call that succeeded no
//! `errorCode`. A [`Scenario`] fixes what they depend on, so that two conditions can hold together if
//! and only if both can in one scenario.

use super::common::{CENTER_ARNS, FIELDS, TIMES, USUAL_ARNS, arns, field_at};
use super::field::{Field, Holds, Kinds, Presence, Who};
use super::request::{Confidence, Form, Found, Parameter, Payload, request_of, response_of};
use super::texts::Texts;
use crate::catalogue::{self, Evidence};
use crate::event::{Access, EVERY_SOURCE, EventRef};
use serde_json::{Value, json};
use std::sync::OnceLock;

/// An event that is asked for, as far as it is known.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Subject {
    pub source: Option<String>,
    /// Absent where every event of the source is meant, or names of one beginning.
    pub name: Option<String>,
    pub kinds: Kinds,
    /// The events, where it is no single one.
    pub family: Option<EventRef>,
    /// What is known of its request parameters.
    pub request: Option<Payload>,
    /// What is known of its response elements.
    pub response: Option<Payload>,
    members: OnceLock<Vec<Payload>>,
}

impl Subject {
    pub fn of(event: &EventRef) -> Self {
        let source = (event.source != EVERY_SOURCE).then(|| event.source.clone());
        let name = (!event.is_family()).then(|| event.name.clone());
        let known = |of: fn(&str, &str) -> Option<Payload>| {
            let payload = of(source.as_deref()?, name.as_deref()?)?;
            (payload.confidence == Confidence::High).then_some(payload)
        };
        let kinds = Kinds::of(event.kind);
        let request = known(request_of);
        // Service events and console actions are not calls of the API.
        let response = if Kinds::CALLS.has(kinds) { known(response_of) } else { None };
        let family = event.is_family().then(|| event.clone());
        Self { source, name, kinds, family, request, response, members: OnceLock::new() }
    }

    /// Whether its records are known to have no response.
    pub fn answers_nothing(&self) -> bool {
        self.response.as_ref().is_some_and(Payload::is_nothing)
    }

    /// The requests of a family of one service, as far as they are modelled.
    pub fn members(&self) -> &[Payload] {
        self.members.get_or_init(|| {
            let (Some(family), Some(source)) = (&self.family, &self.source) else {
                return Vec::new();
            };
            let names = catalogue::of_source(source)
                .filter(|one| family.includes(one.source, one.name))
                .filter_map(|one| request_of(one.source, one.name));
            names.collect()
        })
    }

    /// Whether its sign-in tells the result under `responseElements`, as ConsoleLogin does.
    pub fn is_login(&self) -> bool {
        self.kinds == Kinds::SIGN_IN && self.name.as_deref() == Some("ConsoleLogin")
    }
}

/// Who made the call, and whether it failed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Scenario {
    pub who: Who,
    pub failed: bool,
    /// Also leaves out what AWS's pages exclude and records may yet have.
    pub strict: bool,
}

/// How many scenarios there are of each strictness.
pub(super) const SCENARIOS: usize = 2 * Who::NAMES.len();

impl Scenario {
    /// Every scenario, numbered.
    pub fn all(strict: bool) -> impl Iterator<Item = (usize, Self)> {
        let both = Who::NAMES.iter().flat_map(move |(who, _)| {
            [false, true].map(|failed| Self { who: *who, failed, strict })
        });
        both.enumerate()
    }
}

/// What stands at a path in the records of a scenario.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Possible {
    pub values: Values,
    /// Records without the field are possible, too.
    pub absent: bool,
}

#[derive(Debug, Clone, PartialEq)]
pub(super) enum Values {
    /// Nothing ever stands there.
    Nothing,
    /// Only an object or a list of objects, which no operator takes.
    Object,
    /// One of these values.
    Exactly(Vec<Value>),
    /// A text of one of these sets.
    Texts(Vec<Texts>),
    /// A text of these sets that may be an IP address.
    Addresses(Vec<Texts>),
    AnyText,
    Number,
    /// Nothing is known.
    Any,
}

/// What the model knows of a path, for one event.
#[derive(Debug, Clone, Copy)]
pub(super) enum Place<'s> {
    Common(&'static Field),
    Parameter(&'s Parameter),
    /// The result of a sign-in, under its event's name.
    Result,
    /// A response element, which calls that failed mostly lack.
    Element(&'s Parameter),
    /// The path goes through a part that is not modelled.
    Open,
    /// No record has the path; `sure` where nothing like it can be new.
    Missing {
        sure: bool,
    },
}

/// Looks a path up for an event.
pub(super) fn place<'s>(path: &str, subject: &'s Subject) -> Place<'s> {
    if let Some(field) = field_at(path) {
        return match field.kinds.has(subject.kinds) {
            true => Place::Common(field),
            false => Place::Missing { sure: true },
        };
    }
    let (first, rest) = path.split_once('.').unwrap_or((path, ""));
    match first {
        "requestParameters" if is_beside_model(subject, rest) => Place::Open,
        "requestParameters" => match &subject.request {
            Some(request) => parameter(request, rest),
            None => in_family(subject, rest),
        },
        "responseElements" if subject.is_login() => match rest {
            "ConsoleLogin" => Place::Result,
            _ => Place::Missing { sure: true },
        },
        "responseElements" => match &subject.response {
            Some(response) => element(response, rest),
            None => Place::Open,
        },
        _ => below(path, subject),
    }
}

/// A path in a response: services answer more than their API says, but nothing where there is none.
fn element<'s>(response: &'s Payload, path: &str) -> Place<'s> {
    match parameter(response, path) {
        Place::Parameter(parameter) => Place::Element(parameter),
        Place::Missing { .. } => Place::Missing { sure: response.is_nothing() },
        other => other,
    }
}

/// A parameter of a family: open, unless none of its events that are modelled has it and it is a slip
/// of one that they have, or each of them surely lacks it.
fn in_family<'s>(subject: &'s Subject, path: &str) -> Place<'s> {
    let steps: Vec<&str> = path.split('.').collect();
    let members = subject.members();
    let sure = |request: &&Payload| request.confidence == Confidence::High;
    let has = |request: &Payload| matches!(request.find(&steps), Found::Parameter(_));
    let lacks = |request: &Payload| matches!(request.find(&steps), Found::Missing { .. });
    let other_case = |request: &Payload| {
        let same = |one: &Parameter| steps.first().is_some_and(|step| one.name == *step);
        let like =
            |one: &Parameter| steps.first().is_some_and(|step| one.name.eq_ignore_ascii_case(step));
        request.parameters.iter().any(like) && !request.parameters.iter().any(same)
    };
    let first = |request: &Payload| {
        steps.first().is_some_and(|step| request.parameters.iter().any(|one| one.name == *step))
    };
    let slip = members.iter().filter(sure).any(other_case) && !members.iter().any(first);
    let all_lack = !members.is_empty() && members.iter().all(|one| sure(&one) && lacks(one));
    match !members.iter().any(has) && (slip || all_lack) {
        true => Place::Missing { sure: false },
        false => Place::Open,
    }
}

/// Whether records have a parameter that the service's API model has not: the console attaches
/// volumes with a member of its own.
fn is_beside_model(subject: &Subject, path: &str) -> bool {
    const KNOWN: [(&str, &str, &str); 1] =
        [("ec2.amazonaws.com", "AttachVolume", "deleteOnTermination")];
    KNOWN.iter().any(|(source, name, parameter)| {
        subject.source.as_deref() == Some(source)
            && subject.name.as_deref() == Some(name)
            && *parameter == path
    })
}

fn parameter<'s>(payload: &'s Payload, path: &str) -> Place<'s> {
    let steps: Vec<&str> = path.split('.').collect();
    match payload.find(&steps) {
        Found::Parameter(parameter) => Place::Parameter(parameter),
        Found::Open => Place::Open,
        Found::Missing { .. } => Place::Missing { sure: true },
    }
}

/// A path that is not in the table: open where its nearest parent is.
fn below(path: &str, subject: &Subject) -> Place<'static> {
    let mut parent = path;
    while let Some((shorter, _)) = parent.rsplit_once('.') {
        parent = shorter;
        let Some(field) = field_at(parent) else { continue };
        if !field.kinds.has(subject.kinds) {
            return Place::Missing { sure: true };
        }
        return match field.holds {
            Holds::Map => beside(path),
            // AWS may add a field to what it describes as an object.
            Holds::Object | Holds::List | Holds::Nullable => Place::Missing { sure: false },
            _ => Place::Missing { sure: true },
        };
    }
    Place::Missing { sure: false }
}

/// A path in an object that is not all known: open, unless it is a slip for a field that is.
fn beside(path: &str) -> Place<'static> {
    /// Shortest name that is held to be a slip of another.
    const NAME_MIN_CHARS: usize = 5;
    let Some((parent, name)) = path.rsplit_once('.') else { return Place::Open };
    let known =
        FIELDS.iter().filter_map(|field| field.path.strip_prefix(parent)?.strip_prefix('.'));
    let (mut same, mut near) = (false, false);
    for other in known.filter(|other| !other.contains('.')) {
        same |= other.eq_ignore_ascii_case(name);
        near |= name.len() >= NAME_MIN_CHARS && strsim::osa_distance(other, name) == 1;
    }
    match same || near {
        true => Place::Missing { sure: same },
        false => Place::Open,
    }
}

/// What can stand at a place in a scenario.
pub(super) fn possible(place: Place<'_>, subject: &Subject, scenario: Scenario) -> Possible {
    match place {
        Place::Missing { .. } => Possible { values: Values::Nothing, absent: true },
        Place::Open => Possible { values: Values::Any, absent: true },
        Place::Parameter(parameter) => Possible { values: of_parameter(parameter), absent: true },
        Place::Element(_) if scenario.failed && scenario.strict => NEVER,
        Place::Element(parameter) => Possible { values: of_parameter(parameter), absent: true },
        Place::Result => {
            let result = if scenario.failed { "Failure" } else { "Success" };
            exactly([result.into()], false)
        }
        Place::Common(field) => of_field(field, subject, scenario),
    }
}

fn exactly(values: impl IntoIterator<Item = Value>, absent: bool) -> Possible {
    Possible { values: Values::Exactly(values.into_iter().collect()), absent }
}

const NEVER: Possible = Possible { values: Values::Nothing, absent: true };

fn of_field(field: &Field, subject: &Subject, scenario: Scenario) -> Possible {
    if !field.of.has(scenario.who) {
        return NEVER;
    }
    let kinds = subject.kinds;
    let known =
        |text: &Option<String>| text.as_ref().map(|text| exactly([text.as_str().into()], false));
    let special = match field.path {
        // Every version that AWS's page lists is a 1.
        "eventVersion" if scenario.strict => {
            let texts = vec![Texts::format("1.{digits}")];
            Some(Possible { values: Values::Texts(texts), absent: false })
        }
        "eventSource" => known(&subject.source),
        "eventName" => known(&subject.name),
        // The `detail-type` of a family is that of many events, and new ones come.
        "eventType" | "eventCategory" | "managementEvent"
            if subject.family.is_some() && !scenario.strict =>
        {
            None
        }
        "eventCategory" if subject.family.is_some() && kinds.has(Kinds::CALLS) => {
            Some(exactly(["Management".into(), "Data".into()], false))
        }
        "managementEvent" if subject.family.is_some() => None,
        "eventType" => {
            event_types(kinds).map(|types| exactly(types.iter().map(|one| json!(one)), false))
        }
        "eventCategory" => category(kinds).map(|one| exactly([one.into()], false)),
        "managementEvent" => {
            let management = !kinds.has(Kinds::DATA.or(Kinds::NETWORK));
            Some(exactly([management.into()], !scenario.strict))
        }
        "userIdentity.type" => Some(identity_type(scenario.who)),
        "userIdentity.arn" => {
            let own = arns(scenario.who);
            let formats = match (scenario.strict, scenario.who) {
                // Of a service nothing but `invokedBy` is told.
                (true, Who::AWS_SERVICE) => return NEVER,
                (true, Who::IDENTITY_CENTER) => CENTER_ARNS,
                (true, _) if own.len() > 1 => USUAL_ARNS,
                _ => own,
            };
            let formats = formats.iter().map(|format| Texts::format(format));
            let told = scenario.strict && own.len() == 1;
            Some(Possible { values: Values::Texts(formats.collect()), absent: !told })
        }
        "userIdentity.userName" => user_name(scenario),
        "userIdentity.principalId" if scenario.strict && scenario.who == Who::USER => {
            // Ids of users begin with AIDA; examples have others, and none that of a role.
            let formats = ["AI{any}", "EX{any}", "{digits}{any}"].map(Texts::format);
            Some(Possible { values: Values::Texts(formats.into()), absent: true })
        }
        "userIdentity.invokedBy" if scenario.strict && scenario.who == Who::AWS_SERVICE => {
            Some(Possible { values: of_holds(field), absent: false })
        }
        "userIdentity.sessionContext.attributes.mfaAuthenticated"
            if scenario.strict && scenario.who == Who::AWS_SERVICE =>
        {
            Some(NEVER)
        }
        "errorMessage" if scenario.strict && !scenario.failed && tells_result(subject) => {
            Some(NEVER)
        }
        "readOnly" => read_only(subject, scenario),
        "errorCode" => error_code(subject, scenario),
        _ => None,
    };
    special.unwrap_or_else(|| {
        let always = match field.presence {
            Presence::Always => true,
            Presence::Usually => scenario.strict,
            Presence::Sometimes => false,
        };
        Possible { values: of_holds(field), absent: !always }
    })
}

fn event_types(kinds: Kinds) -> Option<&'static [&'static str]> {
    Some(match kinds {
        Kinds::API | Kinds::DATA => &["AwsApiCall"],
        Kinds::SIGN_IN => &["AwsConsoleSignIn"],
        Kinds::CONSOLE => &["AwsConsoleAction"],
        Kinds::SERVICE => &["AwsServiceEvent"],
        Kinds::NETWORK => &["AwsVpceEvent", "AwsVpceEvents"],
        Kinds::INSIGHT => &["AwsCloudTrailInsight"],
        _ => return None,
    })
}

fn category(kinds: Kinds) -> Option<&'static str> {
    Some(match kinds {
        Kinds::DATA => "Data",
        Kinds::NETWORK => "NetworkActivity",
        Kinds::INSIGHT => "Insight",
        Kinds::API | Kinds::SIGN_IN | Kinds::CONSOLE => "Management",
        // There are service events of the data plane.
        _ => return None,
    })
}

/// Whether it is known of each record of an event whether the call failed.
fn tells_result(subject: &Subject) -> bool {
    subject.is_login() || Kinds::CALLS.but(subject.kinds) != Kinds::CALLS
}

/// Whether a call only reads, where it is known: for sure where AWS's pages or records say so.
fn read_only(subject: &Subject, scenario: Scenario) -> Option<Possible> {
    let (source, name) = subject.source.as_deref().zip(subject.name.as_deref())?;
    let known = catalogue::find(source, name)?;
    let [access] = known.accesses() else { return None };
    let sure = known.evidence().any(|one| one == Evidence::Documented);
    let calls = Kinds::CALLS.has(subject.kinds);
    (calls && (sure || scenario.strict))
        .then(|| exactly([json!(*access == Access::Read)], !scenario.strict))
}

fn identity_type(who: Who) -> Possible {
    match Who::NAMES.iter().find(|(one, _)| *one == who) {
        Some((_, Some(name))) => exactly([json!(name)], false),
        _ => NEVER,
    }
}

/// Root has a name only where the account has an alias, which then stands there.
///
/// Source: the page of `userIdentity`.
fn user_name(scenario: Scenario) -> Option<Possible> {
    match (scenario.who, scenario.strict) {
        (Who::ROOT | Who::AWS_SERVICE, true) => Some(NEVER),
        _ => None,
    }
}

/// Failed calls have a code, others none; some services write an empty one or `200`.
fn error_code(subject: &Subject, scenario: Scenario) -> Option<Possible> {
    if subject.is_login() {
        return Some(NEVER);
    }
    if subject.kinds == Kinds::SIGN_IN && scenario.strict {
        return Some(NEVER);
    }
    if !subject.kinds.has(Kinds::CALLS) {
        return None;
    }
    if !scenario.failed {
        return Some(exactly([json!(""), json!("200")], true));
    }
    // EC2 says on whose side the fault is.
    // https://docs.aws.amazon.com/ec2/latest/devguide/errors-overview.html
    let ec2 = scenario.strict && subject.source.as_deref() == Some("ec2.amazonaws.com");
    let formats: &[&str] = if ec2 { &["Client.{any}", "Server.{any}"] } else { &["{any}"] };
    let texts = formats.iter().map(|format| Texts::format(format)).collect();
    Some(Possible { values: Values::Texts(texts), absent: false })
}

/// What a field of the table holds, whoever made the call.
pub(super) fn of_holds(field: &Field) -> Values {
    let texts = |formats: &[&str]| formats.iter().map(|format| Texts::format(format)).collect();
    match field.holds {
        Holds::Text => Values::AnyText,
        Holds::Words(words) => Values::Exactly(words.iter().map(|word| json!(word)).collect()),
        Holds::OpenWords(_) => Values::Texts(texts(&["{any}"])),
        Holds::Formats(formats) if field.path == "sourceIPAddress" => {
            Values::Addresses(texts(formats))
        }
        Holds::Formats(formats) => Values::Texts(texts(formats)),
        Holds::Time => Values::Texts(texts(TIMES)),
        Holds::Boolean => Values::Exactly(vec![json!(true), json!(false)]),
        Holds::Number => Values::Number,
        Holds::Object | Holds::List | Holds::Nullable => Values::Object,
        Holds::Map => Values::Object,
    }
}

fn of_parameter(parameter: &Parameter) -> Values {
    let scalar = |form: Form| match form {
        Form::Text => Values::AnyText,
        Form::Number => Values::Number,
        Form::Boolean => Values::Exactly(vec![json!(true), json!(false)]),
        Form::Object => Values::Object,
        // Times are written as text or as a number; lists in lists and maps are not looked into.
        Form::Time | Form::List | Form::Map | Form::Any => Values::Any,
    };
    match parameter.form {
        Form::List => parameter.element.map_or(Values::Any, scalar),
        Form::Map => Values::Any,
        form => scalar(form),
    }
}
