//! What a blueprint may say, and where each mistake is pointed at.
//!
//! Conditions (`where:`) are left to the tests of the built-in blueprint and of `pattern`.

mod files;
mod fleet;
mod mistakes;
mod schema;
mod warnings;

use super::*;
use crate::diag::{Diagnostic, Severity};
use crate::event::{Access, EventKind, Landing};
use jiff::civil::{Date, date};
use std::collections::BTreeSet;

const AS_OF: Date = date(2026, 11, 22);

/// A blueprint that is valid and has nothing to be warned about.
const GOOD: &str = r#"version: 1
name: acme
regions: [us-east-1, eu-west-1]
destinations:
  ops: { topic: ops, format: json, subscribers: [{ sqs: "arn:aws:sqs:us-east-1:111122223333:ops" }] }
routes: { high: [ops] }
alerts:
  - id: trail
    title: Logging stopped
    risk: high
    events: [cloudtrail:StopLogging]
    why: Nothing is recorded.
    next: Start it again.
"#;

fn read(text: &str) -> Loaded {
    load_text("b.yaml", text, None, AS_OF)
}

/// `line:column code`, in the order of the report.
fn places(loaded: &Loaded) -> Vec<String> {
    let place = |diagnostic: &Diagnostic| match &diagnostic.span {
        Some(span) => format!("{}:{} {}", span.line, span.column, diagnostic.code),
        None => diagnostic.code.to_string(),
    };
    loaded.diagnostics.iter().map(place).collect()
}

fn good(text: &str) -> Blueprint {
    let loaded = read(text);
    assert_eq!(places(&loaded), Vec::<String>::new(), "{text}\n{:#?}", loaded.diagnostics);
    loaded.blueprint.unwrap()
}

/// The good blueprint with one text replaced.
fn with(from: &str, to: &str) -> String {
    assert!(GOOD.contains(from), "{from}");
    GOOD.replacen(from, to, 1)
}

#[test]
fn a_good_blueprint_says_what_it_says() {
    let blueprint = good(GOOD);
    assert_eq!(blueprint.name, "acme");
    assert_eq!(blueprint.trail, None);
    let [alert] = &blueprint.alerts[..] else { panic!("one alert") };
    assert_eq!((alert.id.as_str(), alert.risk), ("trail", Risk::High));
    assert_eq!(alert.notify, ["ops"]);
    assert_eq!(alert.events[0].short(), "cloudtrail:StopLogging");
    assert_eq!(alert.outcome, Outcome::Any);
    let ops = &blueprint.destinations["ops"];
    assert_eq!(ops.topic, DestinationTopic::Managed("ops".to_owned()));
    assert_eq!(ops.format, Format::Json);
}

#[test]
fn a_blueprint_without_regions_covers_every_enabled_one() {
    let blueprint = good(&with("regions: [us-east-1, eu-west-1]\n", ""));
    assert_eq!(blueprint.regions, Regions::Enabled { except: vec![] });
    assert_eq!(good(&with("[us-east-1, eu-west-1]", "enabled")).regions, blueprint.regions);
}

#[test]
fn a_region_newer_than_the_catalogue_is_marked_wherever_it_stands() {
    let new = "{ name: xx-new-1, unchecked: true }";
    let blueprint = good(&with("eu-west-1", new));
    let Regions::List(list) = &blueprint.regions else { panic!("a list") };
    assert_eq!(list[1].as_str(), "xx-new-1");
    let hub = format!("hub: {{ account: '111122223333', region: {new} }}\nroutes:");
    let text = with("[us-east-1, eu-west-1]", &format!("[us-east-1, {new}]"));
    let hub = good(&text.replace("routes:", &hub)).hub.unwrap();
    assert_eq!(hub.region.as_str(), "xx-new-1");
    let home = format!("trail: {{ name: abc, bucket: abc, home_region: {new} }}\nroutes:");
    assert_eq!(
        good(&text.replace("routes:", &home)).trail.unwrap().home_region.as_str(),
        "xx-new-1"
    );
    let except = format!("{{ enabled: true, except: [{{ region: {new}, reason: closed }}] }}");
    let Regions::Enabled { except } = good(&with("[us-east-1, eu-west-1]", &except)).regions else {
        panic!("enabled")
    };
    assert_eq!(except[0].region.as_str(), "xx-new-1");
    // An ARN has no room for the mark: it counts for the whole blueprint.
    let queue = "arn:aws:sqs:us-east-1:111122223333:ops";
    good(&text.replace(queue, &queue.replace("us-east-1", "xx-new-1")));
}

#[test]
fn a_trail_without_home_lives_in_the_first_region_listed() {
    let blueprint = good(&with("routes:", "trail: { name: abc, bucket: abc }\nroutes:"));
    let trail = blueprint.trail.unwrap();
    assert_eq!(trail.home_region.as_str(), "us-east-1");
    assert!(!trail.adopt && !trail.additional);
}

#[test]
fn nothing_but_a_name_and_no_alerts_is_valid() {
    let blueprint = good("version: 1\nname: acme\nalerts: []\n");
    assert!(blueprint.alerts.is_empty() && blueprint.destinations.is_empty());
}

#[test]
fn events_are_taken_as_cloudtrail_logs_them() {
    let events = |text: &str| {
        let loaded = read(&with("[cloudtrail:StopLogging]", text));
        let notes: Vec<&str> = loaded.diagnostics.iter().map(|one| one.code.as_str()).collect();
        let short: Vec<String> = match loaded.blueprint {
            Some(blueprint) => {
                let mut short: Vec<String> =
                    blueprint.alerts[0].events.iter().map(EventRef::short).collect();
                short.dedup();
                short
            }
            None => panic!("{text}: {:#?}", loaded.diagnostics),
        };
        (short.join(" "), notes)
    };
    assert_eq!(events("[StopLogging]"), ("cloudtrail:StopLogging".to_owned(), vec![]));
    assert_eq!(
        events("[cloudtrail.amazonaws.com:StopLogging, StopLogging]"),
        ("cloudtrail:StopLogging".to_owned(), vec!["event-repeated"])
    );
    assert_eq!(
        events("[lambda:AddPermission]"),
        ("lambda:AddPermission20150331v2".to_owned(), vec!["event-renamed"])
    );
    assert_eq!(
        events("[PutPublicAccessBlock]"),
        (
            "s3:PutAccountPublicAccessBlock s3:PutBucketPublicAccessBlock".to_owned(),
            vec!["event-renamed"]
        )
    );
    assert_eq!(
        events("[cloudfront:AssociateAlias]").0,
        "cloudfront:AssociateAlias cloudfront:AssociateAlias2020_05_31"
    );
    assert_eq!(
        events("[{ source: new.amazonaws.com, name: DescribeNew, unchecked: true }]"),
        ("new:DescribeNew".to_owned(), vec![])
    );
}

/// What the first alert's events are taken as: kinds and accesses, without repeats.
fn taken(events: &str) -> (Vec<EventKind>, Vec<Access>, Landing) {
    let text = with("[cloudtrail:StopLogging]", events);
    let found = &good(&text).alerts[0].events;
    let kinds: BTreeSet<EventKind> = found.iter().map(|event| event.kind).collect();
    let accesses: BTreeSet<Access> = found.iter().map(|event| event.access).collect();
    (kinds.into_iter().collect(), accesses.into_iter().collect(), found[0].landing)
}

#[test]
fn what_is_not_said_of_an_unchecked_event_is_taken_either_way() {
    use EventKind::{Api, Console, Insight, Network, Service, Signin};
    let event = |text: &str| taken(&format!("[{{ unchecked: true, {text} }}]"));
    let both = vec![Access::Read, Access::Write];
    let every = vec![Api, Signin, Console, Service, Network];
    for name in ["DescribeNewThings", "CreateNewThing"] {
        let (kinds, accesses, _) = event(&format!("source: ec2, name: {name}"));
        assert_eq!((kinds, accesses), (every.clone(), both.clone()));
    }
    let said = event("source: ec2, name: DescribeNewThings, read_only: false, kind: console");
    assert_eq!((said.0, said.1), (vec![Console], vec![Access::Write]));
    let insight = event("source: ec2, name: RunInstances, kind: insight");
    assert_eq!((insight.0, insight.1), (vec![Insight], both));
    // A global service's new call lands where its other calls do.
    assert_eq!(event("source: iam, name: CreateNewThing").2, Landing::Leader);
}

#[test]
fn a_kind_is_added_to_what_the_catalogue_knows() {
    use EventKind::{Api, Network, Service};
    for (kind, kinds) in
        [("api", vec![Api]), ("service", vec![Api, Service]), ("network", vec![Api, Network])]
    {
        let found = taken(&format!("[{{ name: ec2:CreateRoute, kind: {kind} }}]"));
        assert_eq!((found.0, found.1), (kinds, vec![Access::Write]), "{kind}");
    }
}

#[test]
fn a_family_is_of_every_kind_that_its_service_may_log() {
    use EventKind::{Api, Console, Network, Service, Signin};
    let family = |text: &str| {
        let allow = "allow: [family-frequent, family-regions, sign-in-regions]";
        taken(&format!("[{text}]\n    where: {{ errorCode: [A] }}\n    {allow}"))
    };
    let both = vec![Access::Read, Access::Write];
    let (kinds, accesses, landing) = family("'iam:*'");
    assert_eq!((kinds, accesses), (vec![Api, Console, Service, Network], both.clone()));
    assert_eq!(landing, Landing::Leader);
    let (kinds, accesses, _) = family("{ name: signin:Console*, access: write }");
    assert_eq!(
        (kinds, accesses),
        (vec![Api, Signin, Console, Service, Network], vec![Access::Write])
    );
    let every = family("any");
    assert_eq!(
        (every.0, every.1, every.2),
        (vec![Api, Signin, Console, Service, Network], both, Landing::CallRegion)
    );
}

#[test]
fn exceptions_are_kept_with_their_reason_owner_and_end() {
    let text = with(
        "why: N",
        "except:\n      - where: { sourceIPAddress: [{ cidr: 203.0.113.0/24 }] }\n        reason: office\n        owner: ops\n        until: 2026-11-30\n    why: N",
    );
    let loaded = read(&text);
    assert_eq!(places(&loaded), ["13:9 exception-expires-soon"]);
    let exception = &loaded.blueprint.unwrap().alerts[0].except[0];
    assert_eq!((exception.reason.as_str(), exception.owner.as_deref()), ("office", Some("ops")));
    assert_eq!(exception.until, Some(date(2026, 11, 30)));
}

/// Every fenced block of the page, as YAML of the part that it shows.
#[test]
fn the_examples_of_the_page_are_valid() {
    let page = include_str!("../../../../docs/blueprint.md");
    let blocks: Vec<&str> =
        page.split("```yaml\n").skip(1).filter_map(|rest| rest.split("```").next()).collect();
    let block = |start: &str| {
        let found = blocks.iter().find(|block| block.starts_with(start));
        (*found.unwrap_or_else(|| panic!("no example begins with {start:?}"))).to_owned()
    };
    let regions = block("regions: enabled").split_once("regions:   ").unwrap().1.to_owned();
    let include = block("include:");
    let include = include.split("  - path").next().unwrap();
    let mut texts = vec![block("version: 1\nname: acme\nregions")];
    for part in
        [format!("regions: {regions}"), block("trail:"), include.to_owned(), block("allow:")]
    {
        texts.push(format!("version: 1\nname: acme\nalerts: []\n{part}"));
    }
    let whole = [block("destinations:"), block("routes:"), block("alerts:")].concat();
    texts.push(format!("version: 1\nname: acme\nregions: [us-east-1]\n{whole}"));
    let fleet = [block("accounts:"), block("hub:")].concat();
    texts.push(format!("{}{fleet}", block("version: 1\nname: acme\nregions")));
    let indented = |text: &str| text.replace('\n', "\n    ");
    let all = |start: &str| -> Vec<String> {
        let found = blocks.iter().filter(|block| block.starts_with(start));
        found.map(|block| (*block).to_owned()).collect()
    };
    for alerts in all("alerts:") {
        let routed = [block("destinations:"), block("routes:"), alerts].concat();
        texts.push(format!("version: 1\nname: acme\nregions: [us-east-1]\n{routed}"));
    }
    for part in [all("events:"), all("where:")].concat() {
        let alert = format!("{GOOD}    {}", indented(&part));
        let alert = if part.starts_with("events:") {
            alert.replace("    events: [cloudtrail:StopLogging]\n", "")
        } else {
            alert
        };
        texts.push(alert.trim_end().to_owned());
    }
    for text in texts {
        let loaded = read(&text);
        let errors: Vec<&Diagnostic> =
            loaded.diagnostics.iter().filter(|one| one.severity == Severity::Error).collect();
        assert_eq!(errors, Vec::<&Diagnostic>::new(), "{text}");
    }
}
