//! What always holds of compiled patterns, whatever is asked for.
//!
//! What was asked for is said here once more, from the words of the design and not from the
//! compiler, and evaluated on the event itself.

use super::*;
use crate::event::Access;
use crate::event::Landing;
use crate::event::outcome::SIGN_INS;
use eventbridge_pattern::Coverage;
use eventbridge_pattern::beside::beside_ignore_case;
use eventbridge_pattern::samples::{filter, filter_of, leaf, plain_event, plain_matchers, put};
use proptest::prelude::*;
use serde_json::json;

// The first of each is drawn most often, so that events and selections meet.
const SOURCES: [&str; 4] =
    ["ec2.amazonaws.com", "ec2.amazonaws.com", "signin.amazonaws.com", "rds.amazonaws.com"];
const NAMES: [&str; 5] =
    ["ConsoleLogin", "ConsoleLogin", "CreateRoute", "CreateRoute", "SwitchRole"];
const KINDS: [EventKind; 5] =
    [EventKind::Api, EventKind::Data, EventKind::Signin, EventKind::Console, EventKind::Service];

/// Fields of conditions; some may stand in an array.
const CONDITIONS: &[&str] = &[
    "sourceIPAddress",
    "userIdentity.type",
    "errorCode",
    "requestParameters.set.c",
    "requestParameters.set.d",
];

/// Fields of exceptions, none of which stands in an array.
const EXCEPTIONS: &[&str] = &[
    "eventName",
    "sourceIPAddress",
    "userIdentity.type",
    "userIdentity.arn",
    "requestParameters.name",
    "requestParameters.force",
    "errorCode",
];

#[derive(Debug)]
struct Ask {
    events: Vec<EventRef>,
    filter: Option<Filter>,
    outcome: Outcome,
    except: Vec<Filter>,
    max_chars: usize,
}

fn event_ref() -> impl Strategy<Value = EventRef> {
    use prop::sample::select;
    let access = prop_oneof![Just(Access::Read), Just(Access::Write)];
    let one = (select(&SOURCES[..]), select(&NAMES[..]));
    let family = prop_oneof![
        (select(&SOURCES[..]), select(&["*", "Create*", "Cre*"][..])),
        Just((EVERY_SOURCE, "*")),
    ];
    (prop_oneof![6 => one, 1 => family], select(&KINDS[..]), access).prop_map(
        |((source, name), kind, access)| EventRef {
            source: source.to_owned(),
            name: name.to_owned(),
            kind,
            access,
            landing: Landing::CallRegion,
        },
    )
}

fn ask() -> impl Strategy<Value = Ask> {
    let outcomes = [Outcome::Any, Outcome::Success, Outcome::Failure];
    let plain = || filter_of(EXCEPTIONS, plain_matchers().boxed());
    // Exceptions of several fields that share fields and values.
    let several = prop::sample::subsequence(EXCEPTIONS, 2..4).prop_flat_map(|paths| {
        let list = prop::collection::vec(leaf().prop_map(Matcher::Exact), 1..3);
        prop::collection::vec(list, paths.len()).prop_map(move |lists| {
            let field =
                |(path, matchers): (&&str, _)| Filter::Field { path: (*path).to_owned(), matchers };
            Filter::All(paths.iter().zip(lists).map(field).collect())
        })
    });
    let except = prop_oneof![
        5 => plain().boxed(),
        4 => several.boxed(),
        1 => filter(EXCEPTIONS).boxed(),
    ];
    let condition = prop_oneof![
        2 => filter_of(CONDITIONS, plain_matchers().boxed()).boxed(),
        1 => filter(CONDITIONS).boxed(),
    ];
    (
        prop::collection::vec(event_ref(), 1..6),
        prop::option::of(condition),
        prop::sample::select(outcomes.to_vec()),
        prop::collection::vec(except, 0..5),
        prop_oneof![Just(EVENT_PATTERN_MAX_CHARS), 250_usize..900],
    )
        .prop_map(|(events, filter, outcome, except, max_chars)| Ask {
            events,
            filter,
            outcome,
            except,
            max_chars,
        })
}

fn event() -> impl Strategy<Value = Value> {
    use prop::sample::select;
    let types: Vec<&str> = KINDS.iter().flat_map(|kind| kind.detail_types()).copied().collect();
    let element = || {
        (prop::option::of(leaf()), prop::option::of(leaf())).prop_map(|(c, d)| {
            let mut element = json!({});
            for (key, value) in [("c", c), ("d", d)] {
                if let Some(value) = value {
                    put(&mut element, key, value);
                }
            }
            element
        })
    };
    let set = prop_oneof![element(), prop::collection::vec(element(), 0..3).prop_map(Value::from)];
    let result = || prop::option::of(select(&["Success", "Failure", "Other"][..]));
    let fields = plain_event(&[
        "sourceIPAddress",
        "userIdentity.type",
        "userIdentity.arn",
        "requestParameters.name",
        "requestParameters.force",
        "errorCode",
    ]);
    (
        (select(&SOURCES[..]), prop::bool::weighted(0.05), select(&NAMES[..]), select(types)),
        fields,
        set,
        (result(), result(), prop::option::weighted(0.3, select(&["", "200"][..]))),
        (prop::bool::weighted(0.2), prop::option::weighted(0.9, prop::bool::ANY)),
    )
        .prop_map(
            |((source, foreign, name, kind), mut detail, set, results, (omitted, reads))| {
                if let Some(no_error) = results.2 {
                    detail["errorCode"] = no_error.into();
                }
                let bus =
                    if foreign { "aws.other".to_owned() } else { crate::event::bus_source(source) };
                put(&mut detail, "eventSource", source.into());
                put(&mut detail, "eventName", name.into());
                if let Some(reads) = reads {
                    put(&mut detail, "readOnly", reads.into());
                }
                put(&mut detail, "requestParameters.set", set);
                if omitted {
                    put(&mut detail, "requestParameters.omitted", true.into());
                }
                for (parent, result) in
                    [("responseElements", results.0), ("serviceEventDetails", results.1)]
                {
                    if let Some(result) = result {
                        put(&mut detail, &format!("{parent}.{name}"), result.into());
                    }
                }
                json!({"source": bus, "detail-type": kind, "detail": detail})
            },
        )
}

impl Ask {
    fn compile(&self) -> Result<Vec<Compiled>, CompileError> {
        let except: Vec<&Filter> = self.except.iter().collect();
        let selection = Selection {
            events: &self.events,
            filter: self.filter.as_ref(),
            outcome: self.outcome,
            origin: &Origin::Any,
            except: &except,
        };
        compile_within(self.max_chars, &selection)
    }

    fn is_met(&self, event: &Value) -> bool {
        let detail = &event["detail"];
        let omitted = detail["requestParameters"]["omitted"] == json!(true);
        let of_parameters = |path: &str| path.starts_with("requestParameters.");
        let selected = self.events.iter().any(|asked| {
            let types = asked.kind.detail_types();
            let source = event["source"].as_str().unwrap_or_default();
            let of_source = match asked.source.as_str() {
                EVERY_SOURCE => source.starts_with("aws."),
                own => source == crate::event::bus_source(own) && detail["eventSource"] == own,
            };
            let of_access = match (asked.is_family(), asked.access) {
                (false, _) => true,
                (true, Access::Read) => detail["readOnly"] == json!(true),
                (true, Access::Write) => [json!(false), Value::Null].contains(&detail["readOnly"]),
            };
            let name = detail["eventName"].as_str().unwrap_or_default();
            let of_name = match asked.name.strip_suffix('*') {
                Some(prefix) => name.starts_with(prefix),
                None => name == asked.name,
            };
            of_source
                && of_access
                && of_name
                && types.iter().any(|kind| event["detail-type"] == *kind)
                && self.outcome_is_met(asked, event)
        });
        let condition = self.filter.as_ref().is_none_or(|filter| {
            let unseen = |path: &str, _: &[Matcher]| of_parameters(path).then_some(true);
            filter.matches(detail) || (omitted && decided(filter, &unseen).matches(detail))
        });
        let excepted = self.except.iter().any(|filter| {
            let unseen = |path: &str, list: &[Matcher]| {
                let by_absence = list.iter().any(Matcher::accepts_absent);
                (omitted && by_absence && of_parameters(path)).then_some(false)
            };
            decided(filter, &unseen).matches(detail)
        });
        selected && condition && !excepted
    }

    fn outcome_is_met(&self, asked: &EventRef, event: &Value) -> bool {
        let detail = &event["detail"];
        if asked.is_family() {
            return self.outcome_of_a_family(asked, detail);
        }
        let name = detail["eventName"].as_str().unwrap_or_default();
        let kind = event["detail-type"].as_str().unwrap_or_default();
        let result = if kind.contains("Sign") {
            Some(&detail["responseElements"][name])
        } else if kind.contains("Service") && detail["eventSource"] == "signin.amazonaws.com" {
            Some(&detail["serviceEventDetails"][name])
        } else {
            None
        };
        let failed = match result {
            Some(result) => *result == "Failure",
            None => is_error(detail),
        };
        match self.outcome {
            Outcome::Any => true,
            Outcome::Failure => failed,
            Outcome::Success if name == "ConsoleLogin" && result.is_some() => {
                result.is_some_and(|result| *result == "Success")
            }
            Outcome::Success => !failed,
        }
    }

    /// Whether a family's outcome stands in several fields, so that its patterns may meet.
    fn tells_in_several_fields(&self) -> bool {
        self.outcome != Outcome::Any
            && self.events.iter().any(|event| {
                event.is_family() && matches!(event.kind, EventKind::Signin | EventKind::Service)
            })
    }

    /// The name of an event does not say where a family's results stand.
    fn outcome_of_a_family(&self, asked: &EventRef, detail: &Value) -> bool {
        let failure = |parent: &str, names: &[&str]| {
            names
                .iter()
                .any(|name| asked.names().include(name) && detail[parent][name] == "Failure")
        };
        let signs_in = asked.includes_source("signin.amazonaws.com");
        let has_code = !["", "200"].contains(&detail["errorCode"].as_str().unwrap_or("x"))
            && detail.get("errorCode").is_some();
        let words = &SIGN_INS[..];
        let failed = match asked.kind {
            EventKind::Signin if signs_in && words.iter().any(|n| asked.names().include(n)) => {
                failure("responseElements", words)
            }
            _ => has_code,
        };
        match self.outcome {
            Outcome::Any => true,
            Outcome::Success => !failed,
            Outcome::Failure => failed,
        }
    }
}

/// Empty text, and the status of HTTP, are no errors.
fn is_error(detail: &Value) -> bool {
    detail.get("errorCode").is_some_and(|code| *code != "" && *code != "200")
}

/// The filter with some of its fields already decided.
fn decided(filter: &Filter, decide: &dyn Fn(&str, &[Matcher]) -> Option<bool>) -> Filter {
    let members = |filters: &[Filter]| filters.iter().map(|f| decided(f, decide)).collect();
    match filter {
        Filter::All(filters) => Filter::All(members(filters)),
        Filter::Any(filters) => Filter::Any(members(filters)),
        Filter::Field { path, matchers } => match decide(path, matchers) {
            Some(true) => Filter::All(Vec::new()),
            Some(false) => Filter::Any(Vec::new()),
            None => filter.clone(),
        },
    }
}

/// Whether a wildcard stands beside a test that ignores case.
fn misread(pattern: &Pattern) -> bool {
    !beside_ignore_case(&[&pattern.filter]).is_empty()
}

/// How many cases each law is tried on; more in a longer run.
fn cases() -> u32 {
    let said = std::env::var("CTGUARD_LAW_CASES").ok();
    said.and_then(|text| text.parse().ok()).unwrap_or(160)
}

proptest! {
    #![proptest_config(ProptestConfig { cases: cases(), failure_persistence: None, ..Default::default() })]

    #[test]
    fn exactly_one_pattern_matches_what_was_asked_for_and_none_anything_else(
        ask in ask(), events in prop::collection::vec(event(), 24),
    ) {
        let compiled = match ask.compile() {
            Ok(compiled) => compiled,
            Err(CompileError::NeverMatches) => Vec::new(),
            Err(_) => return Ok(()),
        };
        // Of these the user is warned: they do not say what EventBridge does.
        if compiled.iter().any(|part| misread(&part.pattern)) {
            return Ok(());
        }
        for part in &compiled {
            prop_assert_eq!(ruler::losses(&part.pattern.filter), vec![], "{}", &part.json);
        }
        // What stands in a list may have two values of a list that was split.
        let in_a_list = ask.filter.iter().flat_map(Filter::paths).any(|p| p.contains(".set."));
        for event in &events {
            let matching = compiled.iter().filter(|part| part.pattern.matches(event)).count();
            let matching = if in_a_list || ask.tells_in_several_fields() { matching.min(1) } else { matching };
            prop_assert_eq!(matching, usize::from(ask.is_met(event)), "{} in {:#?}", event,
                compiled.iter().map(|part| &part.json).collect::<Vec<_>>());
        }
    }

    #[test]
    fn every_compiled_pattern_is_one_that_eventbridge_takes(ask in ask()) {
        for part in ask.compile().unwrap_or_default() {
            let read = Pattern::parse(&part.json);
            prop_assert!(read.is_ok(), "{:?} {}", read, part.json);
            let coverage = read.expect("checked above").coverage_of(&part.pattern);
            prop_assert!(misread(&part.pattern) || coverage == Coverage::Equal, "{}", part.json);
            prop_assert!(part.json.chars().count() <= ask.max_chars);
            prop_assert_eq!(part.pattern.to_json(), part.json);
        }
    }

    #[test]
    fn the_order_of_events_does_not_change_a_byte(ask in ask()) {
        let mut reversed = Ask { events: ask.events.clone(), filter: ask.filter.clone(),
            except: ask.except.clone(), ..ask };
        reversed.events.reverse();
        prop_assert_eq!(reversed.compile(), ask.compile());
    }
}
