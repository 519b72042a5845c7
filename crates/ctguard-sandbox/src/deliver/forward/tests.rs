use crate::deliver::{Delivery, RuleVerdict, follow};
use crate::fresh;
use crate::fresh::AccountKind;
use crate::state::{
    MemberStatus, State, StoredBus, StoredMember, StoredOrganization, StoredQueue, StoredRole,
    StoredRule, StoredTopic, StoredUnit,
};
use crate::{buses, topics};
use ctguard_core::event::sample::{Identity, Sample, sample_event};
use ctguard_core::event::{Access, EventKind};
use ctguard_core::resource::Tags;
use ctguard_core::resource::rule::{Input, Rule, RuleState, Target, Targets};
use ctguard_core::resource::topic::{Endpoint, Protocol, SubscriptionAttributes};
use ctguard_core::scope::{AccountId, Place, Region};
use serde_json::{Value, json};
use std::collections::BTreeMap;

const WIDE: RuleState = RuleState::EnabledWithAllCloudtrailManagementEvents;

fn at(account: &str, region: &str) -> Place {
    let account = AccountId::new(account).expect("an account");
    Place::new(account, Region::new(region).expect("a region"))
}

fn spoke() -> Place {
    at("222233334444", "eu-west-1")
}

fn hub() -> Place {
    at(fresh::DEFAULT_ACCOUNT, "us-east-1")
}

/// A role's ARN in the spoke's account.
const ROLE: &str = "arn:aws:iam::222233334444:role/forward";

fn rule(state: RuleState, target: Target) -> StoredRule {
    let rule = Rule {
        state,
        event_pattern: Some(r#"{"source":["aws.ec2"],"account":["222233334444"]}"#.to_owned()),
        schedule_expression: None,
        description: None,
        role_arn: None,
        managed_by: None,
    };
    StoredRule { rule, targets: Targets::from([("t".to_owned(), target)]), tags: Tags::new() }
}

fn to(arn: String) -> Target {
    Target {
        arn,
        role_arn: None,
        input: Input::Event,
        dead_letter_arn: None,
        retry_policy: None,
        other_parameters: Vec::new(),
    }
}

/// Lets EventBridge use something.
fn granted(action: &str, resource: &str) -> Value {
    json!({ "Statement": [{
        "Effect": "Allow", "Principal": { "Service": "events.amazonaws.com" },
        "Action": action, "Resource": resource,
    }] })
}

fn admitting(principal: Value) -> Value {
    json!({ "Statement": [{
        "Effect": "Allow", "Principal": principal,
        "Action": "events:PutEvents", "Resource": buses::arn(&hub(), "hub"),
    }] })
}

/// A topic with an e-mail address that hears of what is published.
fn heard(state: &mut State, at: &Place) {
    let mut topic = StoredTopic::default();
    topic.topic.policy = Some(granted("sns:Publish", &at.arn("sns", "secops")));
    let mail = Endpoint::new(Protocol::Email, "a@acme.example");
    let subscription = topics::confirmed(at, "secops", &mail, SubscriptionAttributes::default());
    topic.subscriptions.insert(mail, subscription);
    state.region_mut(at).topics.insert("secops".into(), topic);
}

/// Two accounts of an organization: what happens in one is forwarded to a bus of the other in another
/// region, and heard of there.
fn working() -> State {
    let regions = ["eu-west-1", "us-east-1"].map(|name| Region::new(name).expect("a region"));
    let mut state = fresh::new_account(AccountKind::Bare, &hub().account, &regions);
    let of_spoke = fresh::new_account(AccountKind::WithTrail, &spoke().account, &regions);
    state.accounts.extend(of_spoke.accounts);
    let member = |unit: &str| StoredMember {
        name: "a".to_owned(),
        status: MemberStatus::Active,
        unit: unit.to_owned(),
    };
    let unit = StoredUnit { name: "spokes".into(), parent: "r-ab12".into() };
    state.organization = Some(StoredOrganization {
        distrusts_cloudtrail: false,
        id: "o-a1b2c3d4e5".into(),
        management: hub().account,
        root: "r-ab12".into(),
        units: BTreeMap::from([("ou-ab12-11111111".to_owned(), unit)]),
        members: BTreeMap::from([
            (hub().account, member("r-ab12")),
            (spoke().account, member("ou-ab12-11111111")),
        ]),
    });
    let trust = json!({ "Statement": [{
        "Effect": "Allow", "Principal": { "Service": "events.amazonaws.com" },
        "Action": "sts:AssumeRole",
        "Condition": {
            "StringEquals": { "aws:SourceAccount": "222233334444" },
            "ArnLike": { "aws:SourceArn": "arn:aws:events:*:222233334444:rule/forward-*" },
        },
    }] });
    let put = json!({ "Statement": [{
        "Effect": "Allow", "Action": "events:PutEvents", "Resource": buses::arn(&hub(), "hub"),
    }] });
    let role = StoredRole {
        trust,
        policies: BTreeMap::from([("put".to_owned(), put)]),
        permissions_boundary: None,
        attached: Default::default(),
        tags: Tags::new(),
    };
    let account = state.accounts.get_mut(&spoke().account).expect("the account");
    account.global.roles.insert("forward".into(), role);
    let forwarding = Target {
        role_arn: Some(ROLE.to_owned()),
        dead_letter_arn: Some(spoke().arn("sqs", "dead")),
        ..to(buses::arn(&hub(), "hub"))
    };
    let here = state.region_mut(&spoke());
    here.rules.insert("forward-1".into(), rule(WIDE, forwarding));
    let mut dead = StoredQueue::default();
    dead.queue.policy = Some(granted("sqs:SendMessage", &spoke().arn("sqs", "dead")));
    here.queues.insert("dead".into(), dead);
    let alert = rule(WIDE, to(hub().arn("sns", "secops")));
    let bus = StoredBus {
        kms_key: None,
        policy: Some(admitting(json!({ "AWS": "222233334444" }))),
        tags: Tags::new(),
        rules: BTreeMap::from([("alert".to_owned(), alert)]),
    };
    state.region_mut(&hub()).buses.insert("hub".into(), bus);
    heard(&mut state, &hub());
    state
}

fn event(state: &State, place: Place, access: Access) -> Value {
    sample_event(&Sample {
        source: "ec2.amazonaws.com".into(),
        name: if access == Access::Read { "DescribeInstances" } else { "RunInstances" }.into(),
        kind: EventKind::Api,
        access,
        place,
        identity: Identity::User("eve".into()),
        time: state.clock,
        detail: json!({}),
    })
}

fn delivered(state: &State) -> Delivery {
    follow(state, &event(state, spoke(), Access::Write))
}

fn forwarding(state: &mut State) -> &mut StoredRule {
    state.region_mut(&spoke()).rules.get_mut("forward-1").expect("the rule")
}

fn target(state: &mut State) -> &mut Target {
    forwarding(state).targets.get_mut("t").expect("the target")
}

fn role(state: &mut State) -> &mut StoredRole {
    let account = state.accounts.get_mut(&spoke().account).expect("the account");
    account.global.roles.get_mut("forward").expect("the role")
}

/// Encrypts the hub's bus with a key that admits EventBridge for one bus, or for any.
fn encrypt(state: &mut State, enabled: bool, only: Option<&str>) {
    let mut statement = json!({ "Effect": "Allow", "Principal": { "Service": "events.amazonaws.com" },
        "Action": ["kms:GenerateDataKey*", "kms:Decrypt"], "Resource": "*" });
    if let Some(only) = only {
        let context = json!({ "kms:EncryptionContext:aws:events:event-bus:arn": only });
        statement["Condition"] = json!({ "StringEquals": context });
    }
    let key = crate::state::StoredKey {
        aliases: Default::default(),
        enabled,
        aws_managed: false,
        asymmetric: false,
        policy: json!({ "Statement": [statement] }),
    };
    state.region_mut(&hub()).keys.insert("k".into(), key);
    bus(state).kms_key = Some("k".into());
}

fn bus(state: &mut State) -> &mut StoredBus {
    state.region_mut(&hub()).buses.get_mut("hub").expect("the bus")
}

fn alert(state: &mut State) -> &mut StoredRule {
    bus(state).rules.get_mut("alert").expect("the rule")
}

#[test]
fn an_event_crosses_to_the_hub_unchanged_and_is_heard_of_there() {
    let state = working();
    let event = event(&state, spoke(), Access::Write);
    let delivery = follow(&state, &event);
    let [RuleVerdict { targets, .. }] = delivery.rules.as_slice() else { panic!("{delivery:?}") };
    let onward = targets[0].onward.as_ref().expect("taken by the bus");
    assert_eq!((onward.place.as_str(), onward.bus.as_str()), ("111122223333/us-east-1", "hub"));
    assert!(onward.rules[0].fired && onward.rules[0].targets[0].accepted, "{onward:?}");
    let [received] = delivery.received.as_slice() else { panic!("one: {delivery:?}") };
    assert_eq!(received.topic, hub().arn("sns", "secops"));
    let text: Value = serde_json::from_str(&received.text).expect("JSON");
    assert_eq!(text, event, "account, region and source are the spoke's");
    assert_eq!(delivery.dead_letters, []);
    let read: Delivery = serde_json::from_value(serde_json::to_value(&delivery).expect("JSON"))
        .expect("what was written");
    assert_eq!(read, delivery);
}

#[test]
fn what_keeps_the_event_from_the_bus_is_kept_in_the_forwarding_targets_queue() {
    type Change = fn(&mut State);
    let cases: [(&str, &str, Change); 22] = [
        ("NO_PERMISSIONS", "no role", |state| target(state).role_arn = None),
        ("FAILED_TO_ASSUME_ROLE", "a role that is gone", |state| {
            let account = state.accounts.get_mut(&spoke().account).expect("the account");
            account.global.roles.clear();
        }),
        ("FAILED_TO_ASSUME_ROLE", "a role of the hub's account", |state| {
            let of_hub = role(state).clone();
            let account = state.accounts.get_mut(&hub().account).expect("the account");
            account.global.roles.insert("forward".into(), of_hub);
            target(state).role_arn = Some("arn:aws:iam::111122223333:role/forward".into());
        }),
        ("FAILED_TO_ASSUME_ROLE", "trust for another rule", |state| {
            role(state).trust["Statement"][0]["Condition"]["ArnLike"]["aws:SourceArn"] =
                json!("arn:aws:events:*:222233334444:rule/other-*");
        }),
        ("FAILED_TO_ASSUME_ROLE", "trust for another account", |state| {
            role(state).trust["Statement"][0]["Condition"]["StringEquals"]["aws:SourceAccount"] =
                json!("111122223333");
        }),
        ("NO_PERMISSIONS", "a role that may do nothing", |state| role(state).policies.clear()),
        ("NO_PERMISSIONS", "a role for another bus", |state| {
            role(state).policies.get_mut("put").expect("the policy")["Statement"][0]["Resource"] =
                json!("arn:aws:events:us-east-1:111122223333:event-bus/other");
        }),
        ("NO_PERMISSIONS", "a role that is denied it", |state| {
            let deny =
                json!({ "Statement": { "Effect": "Deny", "Action": "events:*", "Resource": "*" } });
            role(state).policies.insert("no".into(), deny);
        }),
        ("NO_PERMISSIONS", "a bounded role", |state| {
            role(state).permissions_boundary =
                Some("arn:aws:iam::aws:policy/ReadOnlyAccess".into());
        }),
        ("NO_PERMISSIONS", "a role that is bounded by nothing", |state| {
            role(state).permissions_boundary = Some("arn:aws:iam::aws:policy/gone".into());
        }),
        ("NO_PERMISSIONS", "a role with an attached denial", |state| {
            role(state).attached.insert("arn:aws:iam::aws:policy/AWSDenyAll".into());
        }),
        ("NO_PERMISSIONS", "a bus whose key is gone", |state| {
            bus(state).kms_key = Some("gone".into());
        }),
        ("NO_PERMISSIONS", "a bus whose key is disabled", |state| encrypt(state, false, None)),
        ("NO_PERMISSIONS", "a bus whose key is for another bus", |state| {
            encrypt(state, true, Some("arn:aws:events:us-east-1:111122223333:event-bus/other"));
        }),
        ("NO_RESOURCE", "a bus that is gone", |state| state.region_mut(&hub()).buses.clear()),
        ("NO_PERMISSIONS", "a bus without a policy", |state| bus(state).policy = None),
        ("NO_PERMISSIONS", "a bus for others", |state| {
            bus(state).policy = Some(admitting(json!({ "AWS": "444455556666" })));
        }),
        ("NO_PERMISSIONS", "a condition that does not hold", |state| {
            let mut policy = admitting(json!("*"));
            policy["Statement"][0]["Condition"] =
                json!({ "StringEquals": { "aws:PrincipalOrgID": "o-other00000" } });
            bus(state).policy = Some(policy);
        }),
        ("NO_PERMISSIONS", "an account that has left the organization", |state| {
            let mut policy = admitting(json!("*"));
            policy["Statement"][0]["Condition"] =
                json!({ "StringEquals": { "aws:PrincipalOrgID": "o-a1b2c3d4e5" } });
            bus(state).policy = Some(policy);
            let organization = state.organization.as_mut().expect("the organization");
            organization.members.remove(&spoke().account);
        }),
        ("NO_PERMISSIONS", "a Deny beside the Allow", |state| {
            let policy = bus(state).policy.as_mut().expect("a policy");
            let mut deny = policy["Statement"][0].clone();
            deny["Effect"] = json!("Deny");
            policy["Statement"].as_array_mut().expect("a list").push(deny);
        }),
        ("INVALID_PARAMETER", "an input", |state| {
            target(state).input = Input::Path("$.detail".into());
        }),
        ("NO_RESOURCE", "the hub's default bus", |state| {
            target(state).arn = buses::arn(&hub(), "default");
            role(state).policies.get_mut("put").expect("the policy")["Statement"][0]["Resource"] =
                json!("*");
        }),
    ];
    for (code, what, change) in cases {
        let mut state = working();
        change(&mut state);
        let delivery = delivered(&state);
        assert_eq!(delivery.received, [], "{what}");
        let target = &delivery.rules[0].targets[0];
        assert!(!target.accepted && target.onward.is_none(), "{what}: {target:?}");
        let [letter] = delivery.dead_letters.as_slice() else { panic!("{what}: {delivery:?}") };
        assert_eq!(
            (letter.code.as_str(), &letter.queue),
            (code, &spoke().arn("sqs", "dead")),
            "{what}"
        );
    }
}

#[test]
fn whoever_the_organization_holds_is_admitted_by_it_or_by_their_unit() {
    let condition = |condition: Value| {
        let mut state = working();
        let mut policy = admitting(json!("*"));
        policy["Statement"][0]["Condition"] = condition;
        bus(&mut state).policy = Some(policy);
        !delivered(&state).received.is_empty()
    };
    let id = json!({ "aws:PrincipalOrgID": "o-a1b2c3d4e5" });
    let paths = |path: &str| json!({ "aws:PrincipalOrgPaths": [path] });
    assert!(condition(json!({ "StringEquals": id })));
    let own = paths("o-a1b2c3d4e5/r-ab12/ou-ab12-11111111/*");
    assert!(condition(json!({ "StringEquals": id, "ForAnyValue:StringLike": own })));
    let other = paths("o-a1b2c3d4e5/r-ab12/ou-ab12-22222222/*");
    assert!(!condition(json!({ "StringEquals": id, "ForAnyValue:StringLike": other })));
    let but = json!({ "aws:PrincipalAccount": ["222233334444"] });
    assert!(!condition(json!({ "StringEquals": id, "StringNotEquals": but })));
}

#[test]
fn a_policy_may_tell_events_apart_by_their_source_and_detail_type() {
    let api = "AWS API Call via CloudTrail";
    for (key, operator, value, arrives) in [
        ("events:source", "StringEquals", "aws.ec2", true),
        ("events:source", "StringEquals", "aws.iam", false),
        ("events:source", "ForAllValues:StringEquals", "acme.shop", false),
        ("events:source", "StringNotEquals", "aws.ec2", false),
        ("events:detail-type", "StringEquals", api, true),
        ("events:detail-type", "StringLike", "* via CloudTrail", true),
        ("events:detail-type", "StringEquals", "newOrderCreated", false),
        ("events:eventBusInvocation", "Bool", "true", true),
    ] {
        let condition = json!({ operator: { key: value } });
        let mut state = working();
        let mut policy = admitting(json!("*"));
        policy["Statement"][0]["Condition"] = condition.clone();
        bus(&mut state).policy = Some(policy);
        assert_eq!(!delivered(&state).received.is_empty(), arrives, "the bus: {condition}");

        let mut state = working();
        let own = role(&mut state).policies.get_mut("put").expect("the policy");
        own["Statement"][0]["Condition"] = condition.clone();
        assert_eq!(!delivered(&state).received.is_empty(), arrives, "the role: {condition}");
    }
}

#[test]
fn within_one_account_and_region_the_role_is_enough_but_a_deny_is_heard() {
    let mut state = working();
    let home = spoke();
    let mut moved = bus(&mut state).clone();
    moved.policy = None;
    let arn = buses::arn(&home, "hub");
    moved.rules.get_mut("alert").expect("the rule").targets =
        Targets::from([("t".to_owned(), to(home.arn("sns", "secops")))]);
    state.region_mut(&home).buses.insert("hub".into(), moved.clone());
    heard(&mut state, &home);
    target(&mut state).arn.clone_from(&arn);
    role(&mut state).policies.get_mut("put").expect("the policy")["Statement"][0]["Resource"] =
        json!(arn);
    assert_eq!(delivered(&state).received.len(), 1);
    moved.policy = Some(json!({ "Statement": {
        "Effect": "Deny", "Principal": "*", "Action": "events:PutEvents", "Resource": arn,
    } }));
    state.region_mut(&home).buses.insert("hub".into(), moved.clone());
    assert_eq!(delivered(&state).received, []);

    // The same account in another region needs the bus's policy too.
    let away = at("222233334444", "us-east-1");
    moved.policy = None;
    moved.rules.get_mut("alert").expect("the rule").targets =
        Targets::from([("t".to_owned(), to(away.arn("sns", "secops")))]);
    let arn = buses::arn(&away, "hub");
    target(&mut state).arn.clone_from(&arn);
    role(&mut state).policies.get_mut("put").expect("the policy")["Statement"][0]["Resource"] =
        json!(arn);
    state.region_mut(&away).buses.insert("hub".into(), moved.clone());
    heard(&mut state, &away);
    assert_eq!(delivered(&state).received, []);
    let mut policy = admitting(json!({ "AWS": "222233334444" }));
    policy["Statement"][0]["Resource"] = json!(arn);
    moved.policy = Some(policy);
    state.region_mut(&away).buses.insert("hub".into(), moved);
    assert_eq!(delivered(&state).received.len(), 1);
}

#[test]
fn read_only_events_need_the_wide_state_on_both_hops() {
    use RuleState::{Disabled, Enabled};
    for (here, there, access, arrives) in [
        (WIDE, WIDE, Access::Read, true),
        (Enabled, WIDE, Access::Read, false),
        (WIDE, Enabled, Access::Read, false),
        (Enabled, Enabled, Access::Write, true),
        (Disabled, WIDE, Access::Write, false),
        (WIDE, Disabled, Access::Write, false),
    ] {
        let mut state = working();
        forwarding(&mut state).rule.state = here;
        alert(&mut state).rule.state = there;
        let delivery = follow(&state, &event(&state, spoke(), access));
        assert_eq!(!delivery.received.is_empty(), arrives, "{here:?} {there:?} {access:?}");
    }
}

#[test]
fn an_event_is_not_forwarded_twice() {
    let mut state = working();
    let next = buses::arn(&hub(), "next");
    let on_next = rule(WIDE, to(hub().arn("sns", "secops")));
    let bus = StoredBus {
        kms_key: None,
        policy: None,
        tags: Tags::new(),
        rules: BTreeMap::from([("alert".to_owned(), on_next)]),
    };
    state.region_mut(&hub()).buses.insert("next".into(), bus);
    alert(&mut state).targets = Targets::from([("t".to_owned(), to(next))]);
    let delivery = delivered(&state);
    assert_eq!(delivery.received, []);
    let onward = delivery.rules[0].targets[0].onward.as_ref().expect("the first hop");
    let reason = &onward.rules[0].targets[0].reason;
    assert!(reason.contains("not forwarded again"), "{reason}");
}

#[test]
fn a_topic_of_another_place_hears_nothing_of_a_rule_at_the_hub() {
    let mut state = working();
    heard(&mut state, &spoke());
    alert(&mut state).targets = Targets::from([("t".to_owned(), to(spoke().arn("sns", "secops")))]);
    assert_eq!(delivered(&state).received, []);
    // And what lands in the hub's own place is not on its custom bus.
    let state = working();
    let own = follow(&state, &event(&state, hub(), Access::Write));
    assert_eq!((own.rules.len(), own.received.len()), (0, 0));
}
