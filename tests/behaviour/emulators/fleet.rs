//! Other accounts, the organization, and the hub: roles and buses over HTTP.
//!
//! - A ministack of its own checks signatures, trust policies and identity policies, across accounts. It takes the calls
//!   about rules to be made on other ARNs than AWS does, so that what is printed is granted there on everything.
//! - ministack does not understand a whole `Policy` in PutPermission: it is read back on moto alone.
//! - moto knows organizations, and hands events on to the bus of another account and region.

use super::lane::{Kind, Lane, events, organizations, sqs};
use super::{Emulator, ministack, moto, perform_all, tags, url};
use crate::world::blueprints::keeping_a_trail;
use ctguard_aws::{Aws, Options};
use ctguard_core::action::Action;
use ctguard_core::blueprint::{Account, Accounts, AssumedRole};
use ctguard_core::cloud::{Cloud, CloudErrorKind};
use ctguard_core::permissions::{Purpose, policies};
use ctguard_core::resource::keys::RuleKey;
use ctguard_core::resource::rule::{Input, Rule, RuleState, Target, Targets};
use ctguard_core::resource::small_map::SmallMap;
use ctguard_core::resource::{BLUEPRINT_TAG, policy};
use ctguard_core::scope::{AccountId, Place, Region};
use ctguard_core::snapshot::Observed;
use ctguard_core::snapshot::{AccountReads, OrganizationReads, ReadSet};
use serde_json::{Value, json};
use std::collections::{BTreeMap, BTreeSet};

const NAME: &str = "ctguard-acme";

fn place(account: &str, region: &str) -> Place {
    Place::new(AccountId::new(account).unwrap(), Region::new(region).unwrap())
}

fn listed(account: &str, role: &str, external_id: Option<&str>) -> Accounts {
    let id = AccountId::new(account).unwrap();
    let role = AssumedRole {
        role: role.to_owned(),
        external_id: external_id.map(str::to_owned),
        session_name: None,
    };
    let account = Account {
        id: id.clone(),
        name: None,
        role: Some(role),
        omit: BTreeSet::new(),
        routes: BTreeMap::new(),
        span: None,
    };
    Accounts { listed: BTreeMap::from([(id, account)]), organization: None }
}

impl Emulator {
    async fn connect_to(&self, accounts: Accounts) -> Aws {
        Aws::connect(Options { accounts: Some(accounts), ..self.options() }).await.unwrap()
    }
}

fn checking(account: &'static str) -> Emulator {
    Emulator { url: url("CTGUARD_TEST_AUTH_URL"), account, is_moto: false }
}

fn trusts(account: &str, external_id: &str) -> Value {
    policy::document(vec![json!({
        "Effect": "Allow",
        "Principal": { "AWS": format!("arn:aws:iam::{account}:root") },
        "Action": "sts:AssumeRole",
        "Condition": { "StringEquals": { "sts:ExternalId": external_id } },
    })])
}

/// What a plan of the blueprint in [`keeping_a_trail`] reads, and of its name alone.
fn acme_reads(place: &Place) -> (ReadSet, AccountReads) {
    let reads = ReadSet {
        blueprint: "acme".to_owned(),
        rule_prefix: "ctguard-acme-".to_owned(),
        buses: BTreeSet::from([NAME.to_owned()]),
        topics: BTreeSet::from([place.arn("sns", "ctguard-acme-secops")]),
        queues: BTreeSet::from([place.arn("sqs", "ctguard-acme-targets")]),
        trails: true,
        ..ReadSet::default()
    };
    let account =
        AccountReads { roles: BTreeSet::from([NAME.to_owned()]), ..AccountReads::default() };
    (reads, account)
}

#[tokio::test]
async fn a_trust_policy_with_an_external_id_lets_in_who_knows_it_and_only_to_what_is_granted() {
    let (caller, spoke) = ("310000000001", "310000000002");
    let as_of = jiff::civil::date(2026, 11, 22);
    let loaded = ctguard_core::blueprint::load_text("b.yaml", &keeping_a_trail(), None, as_of);
    let blueprint = loaded.blueprint.unwrap_or_else(|| panic!("{:?}", loaded.diagnostics));
    let there = place(spoke, "eu-west-1");
    let all = policies(&blueprint, Purpose::Plan, None);
    let statements = policy::statements(&all[0].document).into_iter();
    let mut statements: Vec<Value> = statements.cloned().collect();
    for statement in &mut statements {
        statement["Resource"] = json!("*");
    }
    let owner = checking(spoke).connect().await;
    perform_all(
        &owner,
        &there,
        &[
            Action::CreateRole {
                name: "audit".to_owned(),
                trust: trusts(caller, "right"),
                tags: tags(&[("team", "security")]),
            },
            Action::PutRolePolicy {
                role: "audit".to_owned(),
                name: "read".to_owned(),
                policy: policy::document(statements),
            },
            // What the reader finds there.
            Action::PutRule {
                name: "ctguard-acme-x".into(),
                rule: rule("acme.test"),
                tags: tags(&[(BLUEPRINT_TAG, "acme")]),
            },
        ],
    )
    .await;

    let (reads, account) = acme_reads(&there);
    let aws = checking(caller).connect_to(listed(spoke, "audit", Some("right"))).await;
    let seen = aws.observe(&there, &reads).await;
    let rules = seen.rules.known().unwrap_or_else(|| panic!("{:?}", seen.rules));
    let found = &rules["ctguard-acme-x"];
    assert!(found.targets.known().is_some() && found.tags.known().is_some(), "{found:?}");
    assert_eq!(seen.buses[NAME], Observed::Absent);
    assert!(seen.topics.values().all(|topic| *topic == Observed::Absent), "{:?}", seen.topics);
    assert!(seen.queues.values().all(|queue| *queue == Observed::Absent), "{:?}", seen.queues);
    assert!(seen.trails.known().is_some(), "{:?}", seen.trails);
    let seen = aws.observe_account(&there.account, &account).await;
    assert_eq!(seen.roles[NAME], Observed::Absent);
    let delete = Action::DeleteRule { name: "ctguard-acme-x".into() };
    let error = aws.perform(&there, &delete).await.unwrap_err();
    assert_eq!(error.kind, CloudErrorKind::AccessDenied, "{error}");

    for (role, external_id) in
        [("audit", Some("wrong")), ("audit", None), ("nobody", Some("right"))]
    {
        let aws = checking(caller).connect_to(listed(spoke, role, external_id)).await;
        let seen = aws.observe(&there, &reads).await;
        let why = seen.rules.unreadable().unwrap_or_else(|| panic!("{external_id:?}: {seen:?}"));
        assert_eq!((why.operation.as_str(), why.code.as_str()), ("sts:AssumeRole", "AccessDenied"));
        for part in
            [format!("arn:aws:iam::{spoke}:role/{role}"), format!("arn:aws:iam::{caller}:root")]
        {
            assert!(why.message.contains(&part), "{part}: {}", why.message);
        }
        assert_eq!(aws.calls()["sts:AssumeRole"], 1);
    }
}

fn rule(source: &str) -> Rule {
    Rule {
        state: RuleState::Enabled,
        event_pattern: Some(json!({ "source": [source] }).to_string()),
        schedule_expression: None,
        description: None,
        role_arn: None,
        managed_by: None,
    }
}

fn target(arn: &str, role_arn: Option<&str>) -> Targets {
    let target = Target {
        arn: arn.to_owned(),
        role_arn: role_arn.map(str::to_owned),
        input: Input::Event,
        dead_letter_arn: None,
        retry_policy: None,
        other_parameters: Vec::new(),
    };
    Targets::from([(NAME.to_owned(), target)])
}

fn forwarding_role(bus_arn: &str) -> [Action; 4] {
    let trust = policy::document(vec![json!({
        "Effect": "Allow",
        "Principal": { "Service": "events.amazonaws.com" },
        "Action": "sts:AssumeRole",
    })]);
    let put = json!({ "Effect": "Allow", "Action": "events:PutEvents", "Resource": bus_arn });
    let tags = tags(&[(BLUEPRINT_TAG, "acme"), ("ctguard:version", "1")]);
    let name = || NAME.to_owned();
    [
        Action::CreateRole { name: name(), trust: trust.clone(), tags: tags.clone() },
        Action::UpdateAssumeRolePolicy { role: name(), trust },
        Action::PutRolePolicy { role: name(), name: name(), policy: policy::document(vec![put]) },
        Action::TagRole { name: name(), tags },
    ]
}

/// Writes a bus with a rule, and a role; twice, for every action can be repeated; reads them; takes them away.
async fn bus_and_role(emulator: Emulator) {
    let aws = emulator.connect().await;
    let here = Place::new(emulator.place().account, Region::new("eu-central-1").unwrap());
    let bus_arn = here.arn("events", "event-bus/ctguard-acme");
    let admits = policy::document(vec![json!({
        "Sid": "ctguard-acme-account-222222222222",
        "Effect": "Allow",
        "Principal": { "AWS": "arn:aws:iam::222222222222:root" },
        "Action": "events:PutEvents",
        "Resource": bus_arn,
    })]);
    let owned = tags(&[(BLUEPRINT_TAG, "acme"), ("ctguard:version", "1")]);
    let key = RuleKey::from("ctguard-acme/ctguard-acme-login");
    let targets = target(&here.arn("sqs", "inbox"), None);
    let mut writes = vec![
        Action::CreateEventBus { name: NAME.to_owned(), tags: owned.clone() },
        Action::PutBusPolicy { bus: NAME.to_owned(), policy: admits.clone() },
        Action::TagEventBus { name: NAME.to_owned(), tags: owned.clone() },
        Action::PutRule { name: key.clone(), rule: rule("acme.test"), tags: owned.clone() },
        Action::TagRule { name: key.clone(), tags: owned.clone() },
        Action::PutTargets { rule: key.clone(), targets: targets.clone() },
    ];
    writes.extend(forwarding_role(&bus_arn));
    let (mut reads, account) = acme_reads(&here);
    reads.trails = false;
    for named in [true, false] {
        perform_all(&aws, &here, &writes).await;
        if !named {
            // Then the search for the tag finds it.
            reads.buses.clear();
        }
        let seen = aws.observe(&here, &reads).await;
        let bus = seen.buses[NAME].known().unwrap_or_else(|| panic!("{:?}", seen.buses));
        assert_eq!(bus.tags, Observed::Known(owned.clone()));
        if emulator.is_moto {
            assert_eq!(bus.bus.policy, Some(admits.clone()));
        }
        let found = &bus.rules.known().unwrap()["ctguard-acme-login"];
        assert_eq!(*found.rule, rule("acme.test"));
        assert_eq!(found.targets, Observed::Known(targets.clone()));
        assert_eq!(found.tags, Observed::Known(owned.clone()));
        assert_eq!(seen.rules, Observed::Known(SmallMap::new()), "none on the default bus");

        let seen = aws.observe_account(&here.account, &account).await;
        let role = seen.roles[NAME].known().unwrap_or_else(|| panic!("{:?}", seen.roles));
        assert_eq!(role.tags, Observed::Known(owned.clone()));
        let Action::UpdateAssumeRolePolicy { trust, .. } = &writes[7] else { panic!() };
        assert_eq!(role.role.trust, *trust);
        assert_eq!(role.role.policies[NAME]["Statement"][0]["Resource"], bus_arn);
    }
    let name = || NAME.to_owned();
    let removals = [
        Action::RemoveTargets { rule: key.clone(), ids: BTreeSet::from([name()]) },
        Action::DeleteRule { name: key },
        Action::DeleteEventBus { name: name() },
        Action::DeleteRolePolicy { role: name(), name: name() },
        Action::DeleteRole { name: name() },
    ];
    for _ in 0..2 {
        perform_all(&aws, &here, &removals).await;
        let (mut reads, account) = acme_reads(&here);
        reads.trails = false;
        assert_eq!(aws.observe(&here, &reads).await.buses[NAME], Observed::Absent);
        let seen = aws.observe_account(&here.account, &account).await;
        assert_eq!(seen.roles[NAME], Observed::Absent);
    }
}

#[tokio::test]
async fn ministack_reads_the_bus_and_the_role_that_were_written() {
    bus_and_role(ministack("310000000003")).await;
}

#[tokio::test]
async fn moto_reads_the_bus_and_the_role_that_were_written() {
    bus_and_role(moto()).await;
}

#[tokio::test]
async fn an_organization_of_two_pages_is_read_whole_and_by_unit() {
    let emulator = moto();
    let ask = |operation, parameters| {
        Lane::start(Kind::Moto, "123456789012").json(
            "us-east-1",
            organizations(operation),
            &parameters,
        )
    };
    let aws = emulator.connect().await;
    let all = OrganizationReads::default();
    assert_eq!(aws.organization(&all).await, Observed::Absent);
    let made = ask("CreateOrganization", json!({ "FeatureSet": "ALL" }));
    let id = made["Organization"]["Id"].as_str().unwrap();
    let roots = ask("ListRoots", json!({}));
    let root = roots["Roots"][0]["Id"].as_str().unwrap();
    let unit = |parent: &str, name: &str| {
        let made = ask("CreateOrganizationalUnit", json!({ "ParentId": parent, "Name": name }));
        made["OrganizationalUnit"]["Id"].as_str().unwrap().to_owned()
    };
    let outer = unit(root, "outer");
    let inner = unit(&outer, "inner");
    let mut made = BTreeSet::new();
    for number in 0..25 {
        let email = format!("a{number}@acme.example");
        let account =
            ask("CreateAccount", json!({ "AccountName": format!("a{number}"), "Email": email }));
        let account = account["CreateAccountStatus"]["AccountId"].as_str().unwrap().to_owned();
        if number < 22 {
            let parent = if number == 0 { &outer } else { &inner };
            let to = json!({ "AccountId": account, "SourceParentId": root, "DestinationParentId": parent });
            ask("MoveAccount", to);
            made.insert(AccountId::new(&account).unwrap());
        }
    }

    let Observed::Known(found) = aws.organization(&all).await else { panic!("not known") };
    assert_eq!((found.id.as_str(), found.management.as_str()), (id, emulator.account));
    assert_eq!(found.members.len(), 26, "25 and the one that manages them");
    assert!(found.members.values().all(|member| member.active));
    assert_eq!(aws.calls()["organizations:ListAccounts"], 2);

    let units = OrganizationReads { units: BTreeSet::from([outer.clone()]) };
    let Observed::Known(found) = aws.organization(&units).await else { panic!("not known") };
    assert_eq!(found.members.into_keys().collect::<BTreeSet<_>>(), made);
    assert_eq!(found.unit_paths[&outer], format!("{id}/{root}/{outer}/"));
    let units = OrganizationReads { units: BTreeSet::from([inner.clone()]) };
    let Observed::Known(found) = aws.organization(&units).await else { panic!("not known") };
    assert_eq!(found.members.len(), 21);
    assert_eq!(found.unit_paths[&inner], format!("{id}/{root}/{outer}/{inner}/"));
}

#[tokio::test]
async fn an_event_is_forwarded_to_the_bus_of_another_account_and_region() {
    let (spoke, hub) = (place("123456789012", "eu-west-2"), place("320000000001", "us-east-2"));
    let aws = moto().connect_to(listed(hub.account.as_str(), "ctguard", None)).await;
    let bus_arn = hub.arn("events", "event-bus/ctguard-acme");
    let role_arn = format!("arn:aws:iam::{}:role/{NAME}", spoke.account);
    let lane = |account: &'static str| Lane::start(Kind::Moto, account);
    let in_hub = lane("320000000001");
    let queue = in_hub.json("us-east-2", sqs("CreateQueue"), &json!({ "QueueName": "siem" }));
    let owned = || tags(&[(BLUEPRINT_TAG, "acme")]);
    let raise = RuleKey::from("ctguard-acme/ctguard-acme-login");
    let sent = json!({ "Effect": "Allow", "Principal": { "AWS": format!("arn:aws:iam::{}:root", spoke.account) },
        "Sid": "ctguard-acme-account", "Action": "events:PutEvents", "Resource": bus_arn });
    perform_all(
        &aws,
        &hub,
        &[
            Action::CreateEventBus { name: NAME.to_owned(), tags: owned() },
            Action::PutBusPolicy { bus: NAME.to_owned(), policy: policy::document(vec![sent]) },
            Action::PutRule { name: raise.clone(), rule: rule("acme.forward"), tags: owned() },
            Action::PutTargets { rule: raise, targets: target(&hub.arn("sqs", "siem"), None) },
        ],
    )
    .await;
    let forward = RuleKey::from("ctguard-acme-forward-1");
    let to_hub = target(&bus_arn, Some(&role_arn));
    perform_all(
        &aws,
        &spoke,
        &[
            Action::PutRule { name: forward.clone(), rule: rule("acme.forward"), tags: owned() },
            Action::PutTargets { rule: forward.clone(), targets: to_hub.clone() },
        ],
    )
    .await;

    let (mut reads, _) = acme_reads(&spoke);
    (reads.trails, reads.buses) = (false, BTreeSet::new());
    let seen = aws.observe(&spoke, &reads).await;
    assert_eq!(seen.rules.known().unwrap()[forward.as_str()].targets, Observed::Known(to_hub));

    let event = json!({ "Source": "acme.forward", "DetailType": "test", "Detail": "{\"n\":1}" });
    let in_spoke = lane("123456789012");
    in_spoke.json("eu-west-2", events("PutEvents"), &json!({ "Entries": [event] }));
    let receive = json!({ "QueueUrl": queue["QueueUrl"] });
    let received = in_hub.json("us-east-2", sqs("ReceiveMessage"), &receive);
    let body = received["Messages"][0]["Body"].as_str().unwrap_or_else(|| panic!("{received}"));
    let event: Value = serde_json::from_str(body).unwrap();
    assert_eq!((&event["source"], &event["detail"]["n"]), (&json!("acme.forward"), &json!(1)));
}
