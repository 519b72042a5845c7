//! What is wrong with an event pattern: what EventBridge makes of it, and what of it no event of
//! CloudTrail can be.
//!
//! Only patterns that ask for CloudTrail's events are held against the catalogue: those with one of
//! its detail-types, or with `detail.eventName` or `detail.eventSource`.

use super::super::tree::Node;
use super::clause::{Choice, Clause, Item, may_take};
use super::finding::{Findings, either};
use super::name;
use super::{condition, envelope};
use crate::catalogue::{self, CatalogueEvent, nearest};
use crate::codes;
use crate::event::{Access, EVERY_SOURCE, EventKind, EventRef, Landing, bus_source};
use crate::resource::rule::RuleState;
use eventbridge_pattern::check::{Effect, check};
use eventbridge_pattern::{Matcher, TextKind};
use std::collections::{BTreeMap, BTreeSet};
use std::sync::OnceLock;

/// What detail-types of CloudTrail end in.
const VIA: &str = " via cloudtrail";

/// The fields that name events.
const NAMING: [&str; 4] = ["source", "detail-type", "detail.eventSource", "detail.eventName"];

/// With what the detail-types of CloudTrail's begin, and those of no other events.
const BEGIN: [&str; 5] =
    ["AWS API Call", "AWS Console", "AWS Service Event", "AWS Network Activity", "AWS Insight"];

/// Most clauses of a pattern whose conditions are held against the model of records.
const MAX_CONDITIONED: usize = 64;

/// The state of the rule that has a pattern.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum State {
    Written(RuleState),
    /// The rule has none: `PutRule` then makes it `ENABLED`.
    ///
    /// Source: <https://docs.aws.amazon.com/eventbridge/latest/APIReference/API_PutRule.html>
    Default,
    /// It is not told where the pattern stands.
    NotKnown,
}

/// Says everything that is wrong with a pattern.
pub(super) fn judge(pattern: &Node, state: State, findings: &mut Findings) {
    taken(pattern, findings);
    catalogued(pattern, state, findings);
}

/// Says what of a pattern no event of CloudTrail can be.
pub(super) fn catalogued(pattern: &Node, state: State, findings: &mut Findings) {
    // Clauses of `$or` mostly share what names the events.
    let mut judged: BTreeMap<Naming, Option<Vec<EventRef>>> = BTreeMap::new();
    let clauses = Clause::all(pattern);
    let is_for_a_bus = envelope::is_for_a_bus(&clauses);
    for (number, clause) in clauses.iter().enumerate() {
        let own = (NAMING.map(|path| clause.identity(path)), has_fields_of_records(clause));
        let events = judged.entry(own).or_insert_with(|| Judge::of(clause, state).run(findings));
        if number < MAX_CONDITIONED {
            let asked = events.as_deref().unwrap_or_default();
            if is_for_a_bus {
                envelope::judge(clause, events.is_some(), asked, findings);
            }
            condition::judge(clause, asked, findings);
        }
    }
}

/// What names the events of a clause, as addresses, and whether it asks for fields of records.
type Naming = ([Option<*const Node>; 4], bool);

/// Whether a clause asks for a field that only records of CloudTrail have, in any case.
fn has_fields_of_records(clause: &Clause<'_>) -> bool {
    clause.fields().any(|(path, _)| {
        let field = path.strip_prefix("detail.").and_then(|path| path.split('.').next());
        field.is_some_and(|field| {
            envelope::OF_RECORDS.iter().any(|own| own.eq_ignore_ascii_case(field))
        })
    })
}

/// Says what EventBridge refuses, loses or misreads.
fn taken(pattern: &Node, findings: &mut Findings) {
    let open = pattern.has_hole();
    for one in check(&pattern.to_json()) {
        let node = pattern.at(&one.path).unwrap_or(pattern);
        // What is filled in later may be right; only what is written out can be judged.
        if open && (one.effect != Effect::Refused || one.path.is_empty() || node.has_hole()) {
            continue;
        }
        let help = one.instead.map(|text| format!("write {text}"));
        let help = help.unwrap_or_else(|| "write it as EventBridge takes it".to_owned());
        let message = one.message.trim_end_matches('.').to_owned();
        let field = if one.path.is_empty() { String::new() } else { format!("`{}`: ", one.path) };
        match one.effect {
            Effect::Refused => {
                let message = format!("EventBridge refuses this: {field}{message}");
                findings.error(codes::PATTERN_REFUSED, &node.span, message, help);
            }
            Effect::Lost => {
                let code = codes::LinkCode::PatternLosesAlternative.code();
                findings.error(code, &node.span, message, help);
            }
            Effect::Misread => {
                findings.warning(codes::PATTERN_READS_OTHERWISE, &node.span, message, help);
            }
        }
    }
}

struct Judge<'n> {
    source: Option<Choice<'n>>,
    detail_type: Option<Choice<'n>>,
    event_source: Option<Choice<'n>>,
    event_name: Option<Choice<'n>>,
    has_fields_of_records: bool,
    state: State,
}

impl<'n> Judge<'n> {
    fn of(clause: &Clause<'n>, state: State) -> Self {
        let [source, detail_type, event_source, event_name] =
            NAMING.map(|path| clause.choice(path));
        let has_fields_of_records = has_fields_of_records(clause);
        Self { source, detail_type, event_source, event_name, has_fields_of_records, state }
    }

    /// Judges the clause without its other conditions; gives the events that it asks for. `None`
    /// tells that they may be of others than CloudTrail; none, that what is asked for is wrong.
    fn run(mut self, findings: &mut Findings) -> Option<Vec<EventRef>> {
        if !self.is_of_trail() {
            return None;
        }
        let mixed = self.takes_others();
        let misspelt = self.detail_types(findings);
        let (source, event_source) = self.sources(findings);
        // What is wrong is said once, and the names are judged as if it were not there.
        self.source = self.source.filter(|_| source);
        self.event_source = self.event_source.filter(|_| event_source);
        self.detail_type = self.detail_type.filter(|_| !misspelt);
        let mut asked = Vec::new();
        for item in self.event_name.iter().flat_map(|choice| &choice.items) {
            asked.extend(self.name(item, findings));
        }
        // Other events have other fields.
        if mixed && self.event_name.is_none() {
            return None;
        }
        // What a variable adds may have other fields, and of names that are left out any may be.
        Some(match self.event_name.as_ref().is_none_or(is_open) {
            true => self.families(),
            false => asked,
        })
    }

    /// Every event of the sources that are asked for.
    fn families(&self) -> Vec<EventRef> {
        let kinds: Vec<EventKind> = EventKind::ALL
            .into_iter()
            .filter(|kind| kind.detail_types().iter().any(|one| may_take(&self.detail_type, one)))
            .collect();
        let mut sources: Vec<String> = Vec::new();
        if let Some(choice) = self.event_source.as_ref().filter(|choice| !is_open(choice)) {
            sources = choice.items.iter().filter_map(Item::exact).map(str::to_owned).collect();
            sources.truncate(if sources.len() == choice.items.len() { sources.len() } else { 0 });
        } else if let Some(choice) = self.source.as_ref().filter(|choice| !is_open(choice)) {
            let service = |item: &Item<'_>| item.exact()?.strip_prefix("aws.").map(str::to_owned);
            let named: Option<Vec<String>> = choice.items.iter().map(service).collect();
            let named = named.unwrap_or_default().into_iter();
            sources = named.map(|service| format!("{service}.amazonaws.com")).collect();
        }
        let of = |source: &str| {
            let landing = match source {
                EVERY_SOURCE => Landing::CallRegion,
                source => catalogue::landing_of_source(source),
            };
            let name = "*".to_owned();
            let event = EventRef {
                source: source.to_owned(),
                name,
                kind: EventKind::Api,
                access: Access::Write,
                landing,
            };
            kinds.iter().map(move |kind| EventRef { kind: *kind, ..event.clone() })
        };
        match sources.is_empty() {
            true => of(EVERY_SOURCE).collect(),
            false => sources.iter().flat_map(|source| of(source)).collect(),
        }
    }

    /// Whether it asks for events of CloudTrail: others have an `eventName`, too.
    fn is_of_trail(&self) -> bool {
        if let Some(choice) = self.detail_type.as_ref().filter(|choice| !choice.open) {
            let known = || EventKind::ALL.into_iter().flat_map(EventKind::detail_types);
            return choice.items.iter().any(|item| {
                item.exact().is_some_and(is_nearly_of_trail)
                    || known().any(|known| item.takes(known))
            });
        }
        let of_aws = |text: &str| {
            text.starts_with("aws.") && !text.starts_with("aws.partner/")
                || catalogue::knows_source(text)
        };
        let known = |text: &str| {
            !catalogue::sources_of(text).is_empty() || !catalogue::renames_of(text).is_empty()
        };
        let named = self.event_source.is_some() || self.event_name.is_some();
        let other =
            self.source.iter().flat_map(|choice| &choice.items).any(|item| match item.exact() {
                Some(text) => !of_aws(text),
                None => !bus_sources().iter().any(|source| item.takes(source)),
            });
        let named = named || self.has_fields_of_records;
        named
            && !other
            && (self.source.is_some()
                || self.has_fields_of_records
                    && self.event_source.is_none()
                    && self.event_name.is_none()
                || exacts(&self.event_source).any(|(_, text)| text.ends_with(".amazonaws.com"))
                || exacts(&self.event_name).any(|(_, text)| known(text)))
    }

    /// Whether a detail-type that is asked for is that of other events.
    fn takes_others(&self) -> bool {
        let begins = |text: &str| BEGIN.iter().any(|begin| text.starts_with(begin));
        let of_trail = |item: &Item<'_>| match &item.matcher {
            Matcher::Text(test) => {
                let fixed = test.text.split('*').next().unwrap_or_default();
                test.kind != TextKind::Suffix && begins(fixed) || is_nearly_of_trail(&test.text)
            }
            _ => item.exact().is_some_and(is_nearly_of_trail),
        };
        self.detail_type.as_ref().is_some_and(|choice| !choice.items.iter().all(of_trail))
    }

    /// Says which detail-types are misspelt; whether one is, and no other is right.
    fn detail_types(&self, findings: &mut Findings) -> bool {
        let Some(choice) = &self.detail_type else { return false };
        let known: Vec<&str> =
            EventKind::ALL.iter().flat_map(|kind| kind.detail_types()).copied().collect();
        let (mut wrong, mut right) = (false, choice.open);
        for item in &choice.items {
            if known.iter().any(|known| item.takes(known)) {
                right = true;
                continue;
            }
            let Some(text) = item.exact().filter(|text| is_nearly_of_trail(text)) else { continue };
            wrong = true;
            let near = nearest(text, known.iter().copied());
            let help = match near.first() {
                Some(near) => format!("write `{near}`"),
                None => format!("CloudTrail's are {}", quoted(&known)),
            };
            let message = format!("no event has the detail-type `{text}`");
            findings.error(codes::DETAIL_TYPE_UNKNOWN, &item.node.span, message, help);
        }
        let [right_spelling, other] = EventKind::Signin.detail_types() else { return wrong };
        let other_alone = choice.items.iter().find(|item| item.exact() == Some(other));
        if let Some(item) = other_alone.filter(|_| !choice.takes(right_spelling)) {
            let message = format!("no known event has the detail-type `{other}`");
            let help = format!("write `{right_spelling}`, or both");
            findings.warning(codes::DETAIL_TYPE_SPELLING, &item.node.span, message, help);
        }
        wrong && !right
    }

    /// Says which sources are unknown or do not fit each other; whether names can be judged by
    /// `source`, and by `detail.eventSource`.
    fn sources(&self, findings: &mut Findings) -> (bool, bool) {
        let (mut source, mut event_source) = (true, true);
        for (item, text) in exacts(&self.event_source) {
            if !catalogue::knows_source(text) {
                event_source = false;
                name::unknown_source(text, None, &item.node.span, findings);
            } else if !may_take(&self.source, &bus_source(text))
                && !may_take(&self.source, &EventKind::Insight.bus_source(text))
            {
                source = false;
                let message = format!("events of `{text}` have none of the `source`s asked for");
                let help = format!("their `source` is `{}`", bus_source(text));
                findings.error(codes::SOURCE_DIFFERS, &item.node.span, message, help);
            }
        }
        for (item, text) in exacts(&self.source) {
            let known = text.strip_prefix("aws.").is_some_and(|service| {
                catalogue::knows_source(&format!("{service}.amazonaws.com"))
            });
            if !known {
                source = false;
                name::unknown_source(text, None, &item.node.span, findings);
            }
        }
        (source, event_source)
    }

    fn name(&self, item: &Item<'_>, findings: &mut Findings) -> Vec<EventRef> {
        if !item.is_positive() {
            return Vec::new();
        }
        let (text, at) = (shown(item), &item.node.span);
        let events = named(item);
        let here: Vec<CatalogueEvent> =
            events.iter().filter(|one| self.from(one)).copied().collect();
        if here.is_empty() {
            self.nowhere(&text, &events, item, findings);
            return Vec::new();
        }
        let fitting: Vec<CatalogueEvent> =
            here.iter().filter(|event| self.kinds(event).next().is_some()).copied().collect();
        if fitting.is_empty() {
            let mut types: Vec<&str> =
                here.iter().flat_map(CatalogueEvent::kinds).map(EventKind::detail_type).collect();
            types.sort_unstable();
            types.dedup();
            let message = format!("`{text}` never has the detail-type that is asked for");
            let help = format!("it is logged as {}", quoted(&types));
            findings.error(codes::DETAIL_TYPE_DIFFERS, at, message, help);
            return Vec::new();
        }
        self.delivered(&text, &fitting, item, findings);
        let kinds = fitting.iter().flat_map(|event| self.kinds(event));
        name::selectors(&text, kinds, at, findings);
        let taken = |name: &str| self.event_name.as_ref().is_some_and(|choice| choice.takes(name));
        name::also(&text, &fitting, &taken, at, findings);
        let refs = |event: &CatalogueEvent| {
            let kinds: Vec<EventKind> = self.kinds(event).collect();
            event.to_refs().into_iter().filter(move |one| kinds.contains(&one.kind))
        };
        fitting.iter().flat_map(refs).collect()
    }

    /// Says that nothing of the sources that are asked for has this name.
    fn nowhere(
        &self,
        text: &str,
        events: &[CatalogueEvent],
        item: &Item<'_>,
        findings: &mut Findings,
    ) {
        let sources = exacts(&self.event_source).map(|(_, text)| text.to_owned());
        let mut sources: Vec<String> = sources.collect();
        if self.event_source.is_none() {
            let of_bus = exacts(&self.source).filter_map(|(_, text)| text.strip_prefix("aws."));
            sources = of_bus.map(|service| format!("{service}.amazonaws.com")).collect();
        }
        let source = match sources.as_slice() {
            [only] => Some(only.as_str()),
            _ => None,
        };
        name::nothing(text, source, events, &item.node.span, findings);
    }

    /// Says that the rule's state keeps read-only events from it.
    fn delivered(
        &self,
        text: &str,
        events: &[CatalogueEvent],
        item: &Item<'_>,
        findings: &mut Findings,
    ) {
        let read_only = |event: &CatalogueEvent| {
            let network = catalogue::has_network_activity(event.source);
            let mut kinds = self.kinds(event).filter(|kind| network || *kind != EventKind::Network);
            event.accesses() == [Access::Read] && kinds.all(EventKind::is_management)
        };
        let why = match self.state {
            State::Written(RuleState::Enabled) => "its state is `ENABLED`",
            State::Default => "it has no state, which makes it `ENABLED`",
            State::Written(_) | State::NotKnown => return,
        };
        if !events.iter().all(read_only) {
            return;
        }
        let wide = RuleState::EnabledWithAllCloudtrailManagementEvents.as_str();
        let message = format!(
            "`{text}` is a read-only management event, and the rule is not given those: {why}"
        );
        let help = format!("set the state to `{wide}`");
        findings.error(codes::NAME_READ_ONLY, &item.node.span, message, help);
    }

    /// Whether an event may be of the sources that are asked for.
    fn from(&self, event: &CatalogueEvent) -> bool {
        may_take(&self.event_source, event.source)
            && event.kinds().any(|kind| may_take(&self.source, &kind.bus_source(event.source)))
    }

    /// The kinds as which an event may have a detail-type that is asked for. Any call may be
    /// network activity: AWS adds sources.
    fn kinds(&self, event: &CatalogueEvent) -> impl Iterator<Item = EventKind> {
        let asked = |kind: &EventKind| {
            kind.detail_types().iter().any(|one| may_take(&self.detail_type, one))
        };
        let call = event.is(EventKind::Api) || event.is(EventKind::Data);
        event.kinds().chain(call.then_some(EventKind::Network)).filter(asked)
    }
}

/// The values of a field that are plain texts.
fn exacts<'c, 'n>(choice: &'c Option<Choice<'n>>) -> impl Iterator<Item = (&'c Item<'n>, &'c str)> {
    let items = choice.iter().flat_map(|choice| &choice.items);
    items.filter_map(|item| Some((item, item.exact()?)))
}

/// The events whose names a value takes.
fn named(item: &Item<'_>) -> Vec<CatalogueEvent> {
    match item.exact() {
        Some(name) => catalogue::sources_of(name),
        None => catalogue::all().filter(|event| item.takes(event.name)).collect(),
    }
}

/// A value as a message names it: a test is written as a family.
fn shown(item: &Item<'_>) -> String {
    match &item.matcher {
        Matcher::Text(test) => match test.kind {
            TextKind::Prefix => format!("{}*", test.text),
            TextKind::Suffix => format!("*{}", test.text),
            _ => test.text.clone(),
        },
        _ => item.exact().map_or_else(|| item.node.to_json(), str::to_owned),
    }
}

/// The `source` of each service's events.
fn bus_sources() -> &'static BTreeSet<String> {
    static SOURCES: OnceLock<BTreeSet<String>> = OnceLock::new();
    SOURCES.get_or_init(|| catalogue::all().map(|event| bus_source(event.source)).collect())
}

/// Whether any value may be meant beside those that are listed.
fn is_open(choice: &Choice<'_>) -> bool {
    choice.open || choice.items.iter().any(|item| !item.is_positive())
}

/// Whether a text is a detail-type of CloudTrail's, or is meant to be one.
fn is_nearly_of_trail(detail_type: &str) -> bool {
    let known = || EventKind::ALL.into_iter().flat_map(EventKind::detail_types).copied();
    detail_type.to_ascii_lowercase().trim_end().ends_with(VIA)
        || !nearest(detail_type, known()).is_empty()
}

fn quoted(words: &[&str]) -> String {
    let words: Vec<String> = words.iter().map(|word| format!("`{word}`")).collect();
    either(&words)
}
