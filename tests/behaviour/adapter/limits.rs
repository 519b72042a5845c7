//! Reads that do not come to their end: what is cut short is unread, and never complete.

use super::{TIMING, arn, connect, here, in_sync, reads};
use crate::program::against;
use crate::stub::{Call, Reply, Stub};
use crate::world::World;
use crate::world::blueprints::PLAIN;
use aws_credential_types::Credentials;
use aws_credential_types::provider::SharedCredentialsProvider;
use ctguard_aws::{Aws, Limits, Options, RunLimit, Timing};
use ctguard_core::action::Action;
use ctguard_core::cause::{Cause, Obstacle};
use ctguard_core::cloud::Cloud;
use ctguard_core::resource::topic::{Endpoint, Protocol};
use ctguard_core::scope::Region;
use ctguard_core::snapshot::{
    AccountReads, LiveSubscription, Observed, PlaceSnapshot, ReadSet, Unreadable,
};
use serde_json::json;
use std::collections::{BTreeMap, BTreeSet};
use std::time::{Duration, Instant};

async fn connect_within(
    stub: &Stub,
    limits: Limits,
    run: Option<RunLimit>,
    place: Duration,
) -> Aws {
    let credentials = Credentials::new("AKID", "secret", None, None, "test");
    Aws::connect(Options {
        region: Region::new("eu-west-1"),
        endpoint_url: Some(stub.url()),
        credentials: Some(SharedCredentialsProvider::new(credentials)),
        timing: Timing { place, ..TIMING },
        limits,
        run,
        ..Options::default()
    })
    .await
    .unwrap()
}

/// A topic with subscriptions from this number on, 100 a page.
fn many(call: &Call, topic: &str, of: usize) -> Reply {
    let first: usize = call.form("NextToken").parse().unwrap_or(0);
    let last = of.min(first + 100);
    let members = (first..last).map(|n| {
        format!(
            "<member><SubscriptionArn>{topic}:{n}</SubscriptionArn><Protocol>email</Protocol><Endpoint>p{n}@acme.example</Endpoint></member>"
        )
    });
    let members: String = members.collect();
    let next = if last < of { format!("<NextToken>{last}</NextToken>") } else { String::new() };
    Reply::Xml(format!("<Subscriptions>{members}</Subscriptions>{next}"))
}

/// Everything of a place that could not be read.
fn unread(seen: &PlaceSnapshot) -> Vec<Unreadable> {
    let rules = || seen.rules.known().into_iter().flat_map(|rules| rules.values());
    let topics = || seen.topics.values().filter_map(Observed::known);
    (seen.rules.unreadable().into_iter())
        .chain(rules().filter_map(|rule| rule.targets.unreadable()))
        .chain(seen.trails.unreadable())
        .chain(seen.topics.values().filter_map(Observed::unreadable))
        .chain(topics().filter_map(|topic| topic.subscriptions.unreadable()))
        .chain(topics().filter_map(|topic| topic.tags.unreadable()))
        .chain(seen.queues.values().filter_map(Observed::unreadable))
        .cloned()
        .collect()
}

/// The attributes of a topic's subscriptions that are known, and how many there are.
fn asked(seen: &Observed<BTreeMap<Endpoint, LiveSubscription>>) -> (BTreeSet<String>, usize) {
    let all = seen.known().expect("they are listed");
    let known = all.iter().filter_map(|(endpoint, one)| match one {
        LiveSubscription::Confirmed { attributes: Observed::Known(_), .. } => {
            Some(endpoint.address().to_owned())
        }
        _ => None,
    });
    (known.collect(), all.len())
}

#[tokio::test]
async fn of_a_topic_of_others_with_many_subscribers_the_listed_ones_are_asked() {
    let topic = arn("sns", "everybody");
    let listed = topic.clone();
    let stub = Stub::start(move |call| match call.operation.as_str() {
        "ListSubscriptionsByTopic" => Some(many(call, &topic, 450)),
        _ => in_sync(call),
    });
    let ours = Endpoint::new(Protocol::Email, "p449@acme.example");
    let topics = BTreeSet::from([listed.clone()]);
    let wanted = ReadSet {
        topics,
        listed: BTreeMap::from([(listed.clone(), BTreeSet::from([ours.clone()]))]),
        ..ReadSet::default()
    };
    let seen = connect(&stub).await.observe(&here(), &wanted).await;
    let subscriptions = &seen.topics[&listed].known().expect("the topic").subscriptions;
    let (known, all) = asked(subscriptions);
    assert_eq!((known, all), (BTreeSet::from([ours.address().to_owned()]), 450));
    assert_eq!(stub.counts()["GetSubscriptionAttributes"], 1);
    // The others are listed, and nothing is said of how they are.
    let other = &subscriptions.known().unwrap()[&Endpoint::new(Protocol::Email, "p0@acme.example")];
    let LiveSubscription::Confirmed { attributes: Observed::Unreadable(why), .. } = other else {
        panic!("{other:?}");
    };
    assert_eq!(why.cause, Cause::NotAsked);
}

#[tokio::test]
async fn what_waits_for_ctguards_own_pace_is_not_out_of_time() {
    let stub = Stub::start(|call| match call.operation.as_str() {
        "ListSubscriptionsByTopic" => Some(many(call, &arn("sns", "ctguard-acme-secops"), 120)),
        _ => in_sync(call),
    });
    // 120 calls at 27 a second, the first 27 at once, take longer than that.
    let patience = Duration::from_secs(3);
    let aws = connect_within(&stub, Limits::default(), None, patience).await;
    let topic = arn("sns", "ctguard-acme-secops");
    let wanted = ReadSet { topics: BTreeSet::from([topic.clone()]), ..reads() };
    let begun = Instant::now();
    let seen = aws.observe(&here(), &wanted).await;
    let (known, all) = asked(&seen.topics[&topic].known().expect("the topic").subscriptions);
    assert_eq!((known.len(), all), (120, 120), "after {:?}", begun.elapsed());
}

/// A list, and what its second page is asked with.
const LISTS: [(&str, &str); 4] = [
    ("ListRules", "NextToken"),
    ("ListTargetsByRule", "NextToken"),
    ("GetResources", "PaginationToken"),
    ("ListSubscriptionsByTopic", "NextToken"),
];

fn is_later(call: &Call, token: &str) -> bool {
    !call.parameter(token).is_null() || call.has(token)
}

#[tokio::test]
async fn a_list_of_which_a_later_page_fails_is_unread() {
    for (list, token) in LISTS {
        let stub = Stub::start(move |call| match call.operation == list && is_later(call, token) {
            true => Some(Reply::Error(403, "AccessDenied", "No more.")),
            false => in_sync(call),
        });
        let seen = connect(&stub).await.observe(&here(), &reads()).await;
        let failed: Vec<String> = unread(&seen).into_iter().map(|why| why.operation).collect();
        assert!(failed.iter().any(|operation| operation.ends_with(list)), "{list}: {failed:?}");
    }
}

#[tokio::test]
async fn a_list_of_which_a_later_page_does_not_come_in_time_is_unread() {
    let late = LISTS.map(|(list, token)| async move {
        let stub = Stub::start(move |call| match call.operation == list && is_later(call, token) {
            true => Some(Reply::Hang),
            false => in_sync(call),
        });
        let hurry = Duration::from_secs(4);
        let aws = connect_within(&stub, Limits::default(), None, hurry).await;
        let seen = aws.observe(&here(), &reads()).await;
        let late = unread(&seen).into_iter().find(|why| why.operation.ends_with(list));
        let late = late.unwrap_or_else(|| panic!("{list}: {seen:#?}"));
        assert_eq!(late.cause, Cause::Unreachable(Obstacle::Timeout), "{list}");
    });
    futures::future::join_all(late).await;
}

#[tokio::test]
async fn a_list_without_an_end_is_given_up() {
    for (list, _) in LISTS {
        let stub = Stub::start(move |call| {
            let token = call.before;
            Some(match call.operation.as_str() {
                operation if operation != list => return in_sync(call),
                "ListRules" => Reply::Json(json!({ "Rules": [], "NextToken": token.to_string() })),
                "ListTargetsByRule" => {
                    Reply::Json(json!({ "Targets": [], "NextToken": token.to_string() }))
                }
                "GetResources" => Reply::Json(json!({
                    "ResourceTagMappingList": [], "PaginationToken": token.to_string(),
                })),
                _ => Reply::Xml(format!("<Subscriptions/><NextToken>{token}</NextToken>")),
            })
        });
        let limits = Limits { pages: 4, ..Limits::default() };
        let aws = connect_within(&stub, limits, None, TIMING.place).await;
        let seen = aws.observe(&here(), &reads()).await;
        let given_up = unread(&seen).into_iter().find(|why| why.operation.ends_with(list));
        let given_up = given_up.unwrap_or_else(|| panic!("{list}: {seen:#?}"));
        assert_eq!((given_up.code.as_str(), given_up.cause), ("AnswerTooLarge", Cause::TooLarge));
        assert!(given_up.message.contains("more than 4 pages"), "{given_up}");
        assert!(given_up.remedy_at(&here()).contains("AWS_ENDPOINT_URL"));
        // Two rules have targets.
        assert!((4..=8).contains(&stub.counts()[list]), "{:?}", stub.counts());
    }
}

#[tokio::test]
async fn an_answer_without_an_end_is_given_up() {
    for (operation, named) in [
        ("ListRules", "events:ListRules"),
        ("GetTopicAttributes", "sns:GetTopicAttributes"),
        ("DescribeTrails", "cloudtrail:DescribeTrails"),
    ] {
        let stub = Stub::start(move |call| match call.operation == operation {
            true => Some(Reply::Endless),
            false => in_sync(call),
        });
        let limits = Limits { answer_bytes: 100_000, ..Limits::default() };
        let aws = connect_within(&stub, limits, None, TIMING.place).await;
        let seen = aws.observe(&here(), &reads()).await;
        let why = unread(&seen).into_iter().find(|why| why.operation == named);
        let why = why.unwrap_or_else(|| panic!("{operation}: {seen:#?}"));
        assert_eq!((why.code.as_str(), why.cause), ("AnswerTooLarge", Cause::TooLarge), "{why}");
        assert!(why.message.contains("100000 bytes"), "{why}");
    }
}

#[tokio::test]
async fn a_list_that_goes_on_and_does_not_say_where_is_unread() {
    let stub = Stub::start(|call| {
        match call.form("Action").as_str() {
        "GetRole" => Some(Reply::Xml(
            "<Role><Path>/</Path><RoleName>ctguard-acme</RoleName><RoleId>AROA</RoleId><Arn>arn:aws:iam::111122223333:role/ctguard-acme</Arn><CreateDate>2026-01-01T00:00:00Z</CreateDate><AssumeRolePolicyDocument>%7B%7D</AssumeRolePolicyDocument></Role>".to_owned(),
        )),
        "ListRolePolicies" => Some(Reply::Xml(
            "<PolicyNames/><IsTruncated>true</IsTruncated>".to_owned(),
        )),
        "ListAttachedRolePolicies" => Some(Reply::Xml(
            "<AttachedPolicies/><IsTruncated>false</IsTruncated>".to_owned(),
        )),
        _ => in_sync(call),
    }
    });
    let wanted = AccountReads {
        roles: BTreeSet::from(["ctguard-acme".to_owned()]),
        ..AccountReads::default()
    };
    let seen = connect(&stub).await.observe_account(&here().account, &wanted).await;
    let why = seen.roles["ctguard-acme"].unreadable().expect("not all of it was read");
    assert_eq!(
        (why.operation.as_str(), why.code.as_str()),
        ("iam:ListRolePolicies", "BadResponse")
    );
}

#[tokio::test]
async fn a_list_of_subscriptions_that_is_missing_is_not_empty() {
    let stub = Stub::start(|call| match call.operation.as_str() {
        "ListSubscriptionsByTopic" => Some(Reply::Xml(String::new())),
        _ => in_sync(call),
    });
    let seen = connect(&stub).await.observe(&here(), &reads()).await;
    let codes: Vec<_> = unread(&seen).into_iter().map(|why| (why.operation, why.code)).collect();
    let expected = ("sns:ListSubscriptionsByTopic".to_owned(), "BadResponse".to_owned());
    assert!(codes.contains(&expected), "{codes:?}");
}

#[tokio::test]
async fn at_the_end_of_the_run_nothing_is_read_any_more_and_what_has_begun_is_finished() {
    let stub = Stub::start(|call| match call.operation.as_str() {
        "DeleteTopic" => Some(Reply::Xml(String::new())),
        _ => in_sync(call),
    });
    let limit = Duration::from_secs(90);
    let over = RunLimit { until: Instant::now(), limit };
    let aws = connect_within(&stub, Limits::default(), Some(over), TIMING.place).await;
    let caller = aws.caller().await.unwrap_err();
    assert_eq!((caller.code.as_str(), caller.cause), ("RunTimeout", Cause::RunTime));
    assert!(caller.message.contains("90s"), "{caller}");
    assert!(caller.remedy().contains("--timeout"), "{}", caller.remedy());
    let seen = aws.observe(&here(), &reads()).await;
    let unread = unread(&seen);
    assert!(unread.len() > 3, "{seen:#?}");
    assert!(unread.iter().all(|why| why.cause == Cause::RunTime), "{unread:#?}");
    let change = Action::DeleteTopic { name: "ctguard-acme-old".to_owned() };
    aws.perform(&here(), &change).await.expect("it is no read");
}

const KEYS: [(&str, &str); 2] =
    [("AWS_ACCESS_KEY_ID", "AKID"), ("AWS_SECRET_ACCESS_KEY", "secret")];

/// The built program against a server of which one region never answers.
#[test]
fn a_run_with_a_limit_tells_what_it_did_not_read() {
    let stub = Stub::start(|call| match call.operation.as_str() {
        "DescribeTrails" if call.region == "eu-west-1" => Some(Reply::Hang),
        _ => in_sync(call),
    });
    let world = World::empty();
    world.write("ctguard.yaml", PLAIN);
    for verb in ["plan", "verify"] {
        let begun = Instant::now();
        let line = [verb, "ctguard.yaml", "--timeout", "3s"];
        let ran = against(&stub.url(), &world.path(""), &line, KEYS);
        let said = ran.out + &ran.err;
        assert_eq!(ran.code, 4, "{said}");
        assert!(said.contains("cloudtrail:DescribeTrails") && said.contains("--timeout"), "{said}");
        assert!(!said.contains("events:ListRules failed"), "{said}");
        assert!(begun.elapsed() < Duration::from_secs(15), "{:?}", begun.elapsed());
    }
}

#[test]
fn an_apply_stops_at_the_end_of_the_run_as_on_ctrl_c_and_says_so() {
    let world = World::with_trail(PLAIN);
    let stopped = world.run(&["apply", "--yes", "--timeout", "1ms"]).expect(4);
    assert!(stopped.out.contains("stopped by --timeout"), "{}", stopped.out);
    let json =
        world.run(&["apply", "--yes", "--timeout", "1ms", "--format", "json"]).expect(4).json();
    assert_eq!((&json["interrupted"], &json["timed_out"]), (&json!(true), &json!(true)));
    assert_eq!(json["done"], 0);
    // 0 is no limit, and the next run goes on.
    world.run(&["apply", "--yes", "--timeout", "0"]).expect(0);
    world.run(&["plan", "--timeout", "soon"]).expect(64);
}

/// The built program against a server that goes on refusing what mostly passes.
#[test]
fn an_apply_does_not_try_a_refused_write_beyond_the_end_of_the_run() {
    let stub = Stub::start(|call| {
        Some(match call.operation.as_str() {
            "CreateQueue" => Reply::Error(400, "QueueDeletedRecently", "wait 60 seconds"),
            "GetQueueUrl" => Reply::Error(400, "QueueDoesNotExist", "none"),
            "GetTopicAttributes" => Reply::Error(404, "NotFound", "none"),
            "GetResources" => Reply::Json(json!({ "ResourceTagMappingList": [] })),
            "DescribeTrails" => Reply::Json(json!({ "trailList": [] })),
            "ListRules" => Reply::Json(json!({ "Rules": [] })),
            _ => return in_sync(call),
        })
    });
    let world = World::empty();
    world.write("ctguard.yaml", PLAIN);
    let line = ["apply", "ctguard.yaml", "--yes", "--allow-lost-coverage", "--timeout", "8s"];
    let begun = Instant::now();
    let ran = against(&stub.url(), &world.path(""), &line, KEYS);
    let said = ran.out + &ran.err;
    assert_eq!(ran.code, 4, "{said}");
    assert!(said.contains("the run's time limit of 8s is over"), "{said}");
    assert!(said.contains("QueueDeletedRecently"), "{said}");
    assert!(stub.counts()["CreateQueue"] > 1, "{:?}", stub.counts());
    assert!(!stub.counts().contains_key("PutRule"), "{:?}", stub.counts());
    assert!(begun.elapsed() < Duration::from_secs(20), "{:?}", begun.elapsed());
}
