//! Entering other accounts: one role, one call, one answer for all that is asked there; and the time that one place
//! may take.

use super::{TIMING, connect_as, counts, here, in_sync, reads};
use crate::stub::{Call, Reply, Stub};
use ctguard_aws::Timing;
use ctguard_core::action::Action;
use ctguard_core::blueprint::{Account, Accounts, AssumedRole, OrganizationAccounts};
use ctguard_core::cloud::{Cloud, CloudErrorKind};
use ctguard_core::resource::small_map::SmallMap;
use ctguard_core::scope::{AccountId, Place, Region};
use ctguard_core::snapshot::AccountReads;
use ctguard_core::snapshot::PlaceSnapshot;
use futures::join;
use jiff::{SignedDuration, Timestamp};
use serde_json::json;
use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

const OTHER: &str = "222222222222";

fn place(account: &str, region: &str) -> Place {
    Place::new(AccountId::new(account).unwrap(), Region::new(region).unwrap())
}

fn role(role: &str, external_id: Option<&str>) -> AssumedRole {
    AssumedRole {
        role: role.to_owned(),
        external_id: external_id.map(str::to_owned),
        session_name: None,
    }
}

fn listed(id: &str, role: Option<AssumedRole>) -> Accounts {
    let id = AccountId::new(id).unwrap();
    let account = Account {
        id: id.clone(),
        name: None,
        role,
        omit: BTreeSet::new(),
        routes: BTreeMap::new(),
        span: None,
    };
    Accounts { listed: BTreeMap::from([(id, account)]), organization: None }
}

fn other_with_role() -> Option<Accounts> {
    Some(listed(OTHER, Some(role("ops/ctguard", Some("fleet-1")))))
}

/// Credentials that are good for some seconds.
fn session(key: &str, seconds: i64) -> Reply {
    let end = Timestamp::now() + SignedDuration::from_secs(seconds);
    Reply::Xml(format!(
        "<Credentials><AccessKeyId>{key}</AccessKeyId><SecretAccessKey>secret</SecretAccessKey>\
         <SessionToken>token</SessionToken><Expiration>{end:.0}</Expiration></Credentials>"
    ))
}

/// In sync in any account: the search for tags only knows the caller's, so that each object is asked.
fn anywhere(call: &Call) -> Option<Reply> {
    match call.operation.as_str() {
        "ListTagsForResource" if call.has("ResourceArn") => Some(Reply::Xml("<Tags/>".to_owned())),
        "ListTagsForResource" | "ListQueueTags" => Some(Reply::Json(json!({}))),
        "ListTags" => Some(Reply::Json(json!({ "ResourceTagList": [] }))),
        _ => in_sync(call),
    }
}

fn keys(calls: &[Call], operation: &str) -> BTreeSet<String> {
    let of_operation = calls.iter().filter(|call| call.operation == operation);
    of_operation.map(|call| call.key.clone()).collect()
}

#[tokio::test]
async fn a_role_is_assumed_once_for_all_regions_of_its_account() {
    let stub = Stub::start(|call| match call.operation.as_str() {
        "AssumeRole" => Some(session("ASIAOTHER", 3600)),
        "GetRole" => Some(Reply::Error(404, "NoSuchEntity", "none")),
        _ => anywhere(call),
    });
    let aws = connect_as(&stub, TIMING, other_with_role()).await;
    let regions = [place(OTHER, "eu-west-1"), place(OTHER, "us-east-1"), here()];
    let account = AccountReads { roles: BTreeSet::from(["r".to_owned()]), ..Default::default() };
    let reads = reads();
    let (one, two, own, account) = join!(
        aws.observe(&regions[0], &reads),
        aws.observe(&regions[1], &reads),
        aws.observe(&regions[2], &reads),
        aws.observe_account(&regions[0].account, &account),
    );
    for seen in [&one, &two, &own] {
        assert!(seen.rules.known().is_some_and(|rules| rules.len() == 2), "{seen:?}");
    }
    assert_eq!(account.roles["r"], ctguard_core::snapshot::Observed::Absent);

    let calls = stub.calls();
    let assumed: Vec<&Call> = calls.iter().filter(|call| call.operation == "AssumeRole").collect();
    assert_eq!(assumed.len(), 1, "one for two regions and the account");
    let sent = |name: &str| assumed[0].form(name);
    assert_eq!(sent("RoleArn"), format!("arn:aws:iam::{OTHER}:role/ops/ctguard"));
    assert_eq!((sent("ExternalId"), sent("RoleSessionName")), ("fleet-1".into(), "ctguard".into()));
    assert_eq!((assumed[0].key.as_str(), assumed[0].region.as_str()), ("AKID", "eu-west-1"));
    let agent = &assumed[0].headers["user-agent"];
    assert!(agent.contains("app/ctguard"), "{agent}");
    assert_eq!(keys(&calls, "GetRole"), BTreeSet::from(["ASIAOTHER".to_owned()]));
    let both = BTreeSet::from(["AKID".to_owned(), "ASIAOTHER".to_owned()]);
    assert_eq!(keys(&calls, "ListRules"), both, "the caller's own account is asked as the caller");
    let abroad =
        calls.iter().filter(|call| call.region == "us-east-1" && call.operation == "ListRules");
    assert!(abroad.into_iter().all(|call| call.key == "ASIAOTHER"));
    assert_eq!(aws.calls()["sts:AssumeRole"], 1);
}

#[tokio::test]
async fn a_discovered_account_is_entered_with_the_organizations_role_and_the_callers_own_is_not() {
    let stub = Stub::start(|call| match call.operation.as_str() {
        "AssumeRole" => Some(session("ASIAOTHER", 3600)),
        "DeleteRule" => Some(Reply::Json(json!({}))),
        _ => anywhere(call),
    });
    let accounts = Accounts {
        listed: BTreeMap::new(),
        organization: Some(OrganizationAccounts {
            include_units: BTreeSet::new(),
            exclude: BTreeSet::new(),
            role: AssumedRole { session_name: Some("nightly".to_owned()), ..role("ctguard", None) },
            span: None,
        }),
    };
    let aws = connect_as(&stub, TIMING, Some(accounts)).await;
    let delete = Action::DeleteRule { name: "r".into() };
    assert_eq!(aws.perform(&here(), &delete).await, Ok(()));
    assert_eq!(stub.counts().get("AssumeRole"), None);
    drop(aws.observe(&place(OTHER, "eu-west-1"), &reads()).await);
    let calls = stub.calls();
    let assumed = calls.iter().find(|call| call.operation == "AssumeRole").unwrap();
    assert_eq!(assumed.form("RoleArn"), format!("arn:aws:iam::{OTHER}:role/ctguard"));
    assert_eq!(assumed.form("RoleSessionName"), "nightly");
    assert!(!assumed.has("ExternalId"));
}

#[tokio::test]
async fn credentials_about_to_run_out_are_renewed_and_serve_on_where_that_fails() {
    let stub = Stub::start(|call| match (call.operation.as_str(), call.before) {
        ("AssumeRole", 0) => Some(session("FIRST", 60)),
        ("AssumeRole", 1) => Some(Reply::Error(403, "AccessDenied", "not any more")),
        ("AssumeRole", _) => Some(session("SECOND", 3600)),
        _ => anywhere(call),
    });
    let aws = connect_as(&stub, TIMING, other_with_role()).await;
    let there = place(OTHER, "eu-west-1");
    let trails = ctguard_core::snapshot::ReadSet { trails: true, ..Default::default() };
    let first = aws.observe(&there, &trails).await;
    assert!(first.trails.known().is_some(), "{first:?}");
    let second = aws.observe(&there, &trails).await;
    assert!(second.trails.known().is_some(), "{second:?}");
    let of = keys(&stub.calls(), "DescribeTrails");
    assert_eq!(of, BTreeSet::from(["FIRST".to_owned(), "SECOND".to_owned()]));
    assert_eq!(stub.counts()["AssumeRole"], 3);
}

fn reasons(seen: &PlaceSnapshot) -> BTreeSet<(String, String, String)> {
    let rules = seen.rules.unreadable().into_iter();
    let trails = seen.trails.unreadable().into_iter();
    let topics = seen.topics.values().filter_map(|part| part.unreadable());
    let queues = seen.queues.values().filter_map(|part| part.unreadable());
    let buses = seen.buses.values().filter_map(|part| part.unreadable());
    let all = rules.chain(trails).chain(topics).chain(queues).chain(buses);
    all.map(|why| (why.operation.clone(), why.code.clone(), why.message.clone())).collect()
}

#[tokio::test]
async fn a_role_that_cannot_be_assumed_is_asked_for_once_and_every_part_says_why() {
    let stub = Stub::start(|call| {
        (call.operation == "AssumeRole").then(|| {
            Reply::Error(403, "AccessDenied", "User is not authorized to perform: sts:AssumeRole")
        })
    });
    let aws = connect_as(&stub, TIMING, other_with_role()).await;
    let mut reads = reads();
    reads.buses.insert("ctguard-acme".to_owned());
    let mut said = BTreeSet::new();
    for region in ["eu-west-1", "us-east-1", "ap-southeast-2"] {
        let seen = aws.observe(&place(OTHER, region), &reads).await;
        assert!(seen.rules.unreadable().is_some() && seen.trails.unreadable().is_some());
        assert!(seen.topics.values().all(|part| part.unreadable().is_some()));
        assert_eq!(seen.buses.len(), 1);
        said.extend(reasons(&seen));
    }
    let account = AccountReads {
        enabled_regions: true,
        buckets: BTreeSet::from([("logs".to_owned(), here().region)]),
        roles: BTreeSet::from(["ctguard-acme".to_owned()]),
    };
    let account = aws.observe_account(&AccountId::new(OTHER).unwrap(), &account).await;
    assert!(account.enabled_regions.unreadable().is_some());
    assert!(account.buckets["logs"].unreadable().is_some());
    assert!(account.roles["ctguard-acme"].unreadable().is_some());
    let delete = Action::DeleteTopic { name: "t".to_owned() };
    let error = aws.perform(&place(OTHER, "eu-west-1"), &delete).await.unwrap_err();
    assert_eq!(error.kind, CloudErrorKind::AccessDenied);

    assert_eq!(stub.counts(), counts(&[("AssumeRole", 1), ("GetCallerIdentity", 1)]));
    let said: Vec<_> = said.into_iter().collect();
    let [(operation, code, message)] = said.as_slice() else { panic!("{said:?}") };
    assert_eq!((operation.as_str(), code.as_str()), ("sts:AssumeRole", "AccessDenied"));
    for part in [
        "arn:aws:iam::222222222222:role/ops/ctguard",
        "arn:aws:iam::111122223333:user/test",
        "trust policy",
        "another external id",
        "service control policy",
        "User is not authorized",
    ] {
        assert!(message.contains(part), "{part}: {message}");
    }
}

#[tokio::test]
async fn a_throttled_assumption_is_repeated_and_the_throttles_are_counted() {
    let stub = Stub::start(|call| match (call.operation.as_str(), call.before) {
        ("AssumeRole", 0..5) => Some(Reply::Error(400, "Throttling", "Rate exceeded")),
        ("AssumeRole", _) => Some(session("ASIAOTHER", 3600)),
        ("DescribeTrails", 0) => Some(Reply::Error(400, "ThrottlingException", "Rate exceeded")),
        _ => anywhere(call),
    });
    let aws = connect_as(&stub, TIMING, other_with_role()).await;
    let seen = aws.observe(&place(OTHER, "eu-west-1"), &reads()).await;
    assert!(reasons(&seen).is_empty(), "{seen:?}");
    assert_eq!(stub.counts()["AssumeRole"], 6, "more often than the SDK tries by itself");
    assert_eq!(aws.throttled(), 6);
}

#[tokio::test]
async fn an_account_that_nothing_says_how_to_enter_is_refused_by_name() {
    let stub = Stub::start(|_| None);
    let foreign = Some(role("arn:aws:iam::333333333333:role/ctguard", None));
    for (accounts, expected) in [
        (listed(OTHER, None), "add `role:` to the account 222222222222"),
        (listed("333333333333", None), "list 222222222222 under `accounts:`"),
        (listed(OTHER, foreign), "333333333333:role/ctguard is not one of account 222222222222"),
    ] {
        let aws = connect_as(&stub, TIMING, Some(accounts)).await;
        let seen = aws.observe(&place(OTHER, "eu-west-1"), &reads()).await;
        let why = seen.rules.unreadable().unwrap();
        assert_eq!((why.operation.as_str(), why.code.as_str()), ("sts:AssumeRole", "OtherAccount"));
        assert!(why.message.contains(expected), "{why:?}");
    }
    assert_eq!(stub.counts(), counts(&[("GetCallerIdentity", 3)]));
}

#[tokio::test]
async fn what_a_place_has_not_answered_in_its_time_is_unreadable_and_the_rest_is_kept() {
    let stub = Stub::start(|call| match (call.operation.as_str(), call.region.as_str()) {
        ("DescribeTrails" | "GetTopicAttributes", "eu-west-1") => Some(Reply::Hang),
        // Connections are accepted in the other region, and that is all.
        ("GetCallerIdentity", _) | (_, "eu-west-1") => in_sync(call),
        _ => Some(Reply::Hang),
    });
    let timing = Timing { place: Duration::from_secs(3), ..TIMING };
    let aws = connect_as(&stub, timing, None).await;
    let (reads, dead) = (reads(), place(&here().account.to_string(), "us-east-1"));
    let here = here();
    let limit = Duration::from_secs(20);
    let both = async { join!(aws.observe(&here, &reads), aws.observe(&dead, &reads)) };
    let (seen, nothing) =
        tokio::time::timeout(limit, both).await.expect("one attempt takes longer");

    assert_eq!(seen.rules.known().map(SmallMap::len), Some(2));
    assert!(seen.queues.values().all(|queue| queue.known().is_some()));
    for why in [seen.trails.unreadable(), nothing.rules.unreadable(), nothing.trails.unreadable()] {
        assert_eq!(why.map(|why| why.code.as_str()), Some("Timeout"));
    }
    assert!(seen.topics.values().all(|topic| topic.unreadable().is_some()));
    assert!(nothing.queues.values().all(|queue| queue.unreadable().is_some()));
}
