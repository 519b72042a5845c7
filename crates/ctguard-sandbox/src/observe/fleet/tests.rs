use super::*;
use crate::state::{Denied, MemberStatus, State, StoredBus, StoredMember, StoredRule, StoredUnit};
use crate::{fresh, observe};
use ctguard_core::resource::rule::{Rule, RuleState, Targets};
use ctguard_core::resource::{BLUEPRINT_TAG, Tags};
use ctguard_core::scope::{Place, Region};
use ctguard_core::snapshot::AccountReads;
use serde_json::json;

fn id(text: &str) -> AccountId {
    AccountId::new(text).expect("an account")
}

/// The management account at the root, one account in a unit, a suspended one in the unit below.
fn state() -> State {
    let (mut state, place) = fresh::for_tests();
    let member = |name: &str, status, unit: &str| StoredMember {
        name: name.to_owned(),
        status,
        unit: unit.to_owned(),
    };
    let unit = |parent: &str| StoredUnit { name: "unit".to_owned(), parent: parent.to_owned() };
    state.organization = Some(StoredOrganization {
        distrusts_cloudtrail: false,
        id: "o-a1b2c3d4e5".into(),
        management: place.account.clone(),
        root: "r-ab12".into(),
        units: BTreeMap::from([
            ("ou-ab12-11111111".to_owned(), unit("r-ab12")),
            ("ou-ab12-22222222".to_owned(), unit("ou-ab12-11111111")),
        ]),
        members: BTreeMap::from([
            (place.account, member("main", MemberStatus::Active, "r-ab12")),
            (id("222233334444"), member("shop", MemberStatus::Active, "ou-ab12-11111111")),
            (id("333344445555"), member("old", MemberStatus::Suspended, "ou-ab12-22222222")),
        ]),
    });
    state
}

fn ask_organization(state: &State, units: &[&str]) -> (Observed<Organization>, Vec<String>) {
    let place = Place::new(state.caller.account.clone(), Region::global());
    let mut calls = Vec::new();
    let reads = OrganizationReads { units: units.iter().map(|&unit| unit.to_owned()).collect() };
    let seen = organization(&mut Reader { state, place: &place, calls: &mut calls }, &reads);
    assert!(calls.iter().all(|call| !call.mutating));
    (seen, calls.into_iter().map(|call| call.operation).collect())
}

#[test]
fn the_organization_is_told_whole_or_by_unit_with_what_is_below() {
    let state = state();
    let (seen, calls) = ask_organization(&state, &[]);
    let seen = seen.known().expect("known").clone();
    assert_eq!((seen.id.as_str(), seen.members.len()), ("o-a1b2c3d4e5", 3));
    assert!(seen.members[&id("222233334444")].active && !seen.members[&id("333344445555")].active);
    assert!(seen.unit_paths.is_empty());
    assert_eq!(calls, ["organizations:DescribeOrganization", "organizations:ListAccounts"]);

    let (seen, calls) = ask_organization(&state, &["ou-ab12-11111111"]);
    let seen = seen.known().expect("known").clone();
    assert_eq!(
        seen.members.keys().map(AccountId::as_str).collect::<Vec<_>>(),
        ["222233334444", "333344445555"]
    );
    assert_eq!(seen.unit_paths["ou-ab12-11111111"], "o-a1b2c3d4e5/r-ab12/ou-ab12-11111111/");
    assert!(calls.contains(&"organizations:ListAccountsForParent".to_owned()), "{calls:?}");

    let (seen, _) = ask_organization(&state, &["ou-ab12-22222222"]);
    let seen = seen.known().expect("known").clone();
    assert_eq!(seen.members.len(), 1);
    let path = "o-a1b2c3d4e5/r-ab12/ou-ab12-11111111/ou-ab12-22222222/";
    assert_eq!(seen.unit_paths["ou-ab12-22222222"], path);
}

#[test]
fn an_organization_is_absent_or_not_for_everybody_to_look_through() {
    let alone = fresh::for_tests().0;
    assert_eq!(ask_organization(&alone, &[]).0, Observed::Absent);
    let code = |state: &State, units: &[&str]| {
        let seen = ask_organization(state, units).0;
        seen.unreadable().map(|why| (why.operation.clone(), why.code.clone()))
    };
    let said = |operation: &str, code: &str| Some((operation.to_owned(), code.to_owned()));
    let none = code(&state(), &["ou-ab12-99999999"]);
    assert_eq!(none, said("organizations:ListParents", "ChildNotFoundException"));
    let mut member = state();
    member.caller.account = id("222233334444");
    member.accounts.insert(id("222233334444"), Default::default());
    let denied = said("organizations:ListAccounts", "AccessDeniedException");
    assert_eq!(code(&member, &[]), denied);
    let mut shut = state();
    shut.denied.push(Denied {
        operation: "organizations:Describe*".into(),
        account: None,
        region: None,
    });
    let denied = said("organizations:DescribeOrganization", "AccessDeniedException");
    assert_eq!(code(&shut, &[]), denied);
}

#[test]
fn a_role_is_read_with_its_policies_or_not_at_all() {
    let (mut state, place) = fresh::for_tests();
    let stored = StoredRole {
        trust: json!({ "Statement": [] }),
        policies: BTreeMap::from([("p".to_owned(), json!({}))]),
        permissions_boundary: Some("arn:aws:iam::aws:policy/AWSDenyAll".into()),
        attached: ["arn:aws:iam::aws:policy/AdministratorAccess".to_owned()].into(),
        tags: Tags::from([("a".into(), "b".into())]),
    };
    let roles = &mut state.accounts.get_mut(&place.account).expect("the account").global.roles;
    roles.insert("forward".into(), stored.clone());
    let reads = AccountReads {
        roles: BTreeSet::from(["forward".to_owned(), "none".to_owned()]),
        ..AccountReads::default()
    };
    let look = |state: &State| {
        let mut calls = Vec::new();
        let mut reader = Reader { state, place: &place, calls: &mut calls };
        observe::account(&mut reader, &place.account, &reads).roles
    };
    let roles = look(&state);
    let role = roles["forward"].known().expect("known");
    assert_eq!((&role.role.trust, &role.role.policies), (&stored.trust, &stored.policies));
    assert_eq!(role.role.permissions_boundary, stored.permissions_boundary);
    let attached = role.attached.known().expect("known");
    let document = attached["arn:aws:iam::aws:policy/AdministratorAccess"].known();
    assert_eq!(document.map(|document| &document["Statement"]["Effect"]), Some(&json!("Allow")));
    let boundary = role.boundary.known().map(|boundary| &boundary["Statement"]["Effect"]);
    assert_eq!(boundary, Some(&json!("Deny")));
    assert_eq!(role.tags, Observed::Known(stored.tags));
    assert_eq!(roles["none"], Observed::Absent);
    state.denied.push(Denied {
        operation: "iam:GetRolePolicy".into(),
        account: None,
        region: None,
    });
    let why = look(&state)["forward"].unreadable().expect("unreadable").clone();
    assert_eq!((why.operation.as_str(), why.code.as_str()), ("iam:GetRolePolicy", "AccessDenied"));
}

/// Three buses: asked for, tagged, and neither.
fn with_buses() -> (State, Place, ReadSet) {
    let (mut state, place) = fresh::for_tests();
    let tagged = Tags::from([(BLUEPRINT_TAG.to_owned(), "acme".to_owned())]);
    let rule = StoredRule {
        rule: Rule {
            state: RuleState::Enabled,
            event_pattern: Some("{}".into()),
            schedule_expression: None,
            description: None,
            role_arn: None,
            managed_by: None,
        },
        targets: Targets::new(),
        tags: Tags::new(),
    };
    let bus = |tags: Tags| StoredBus {
        kms_key: None,
        policy: Some(json!({ "Statement": [] })),
        tags,
        rules: ["ctguard-acme-a", "theirs"].map(|name| (name.to_owned(), rule.clone())).into(),
    };
    let buses = &mut state.region_mut(&place).buses;
    buses.insert("ctguard-acme".into(), bus(Tags::new()));
    buses.insert("old-hub".into(), bus(tagged));
    buses.insert("theirs".into(), bus(Tags::new()));
    let reads = ReadSet {
        blueprint: "acme".into(),
        rule_prefix: "ctguard-acme-".into(),
        rules: BTreeSet::from(["ctguard-acme-forward-1".to_owned()]),
        buses: BTreeSet::from(["ctguard-acme".to_owned(), "gone".to_owned()]),
        ..ReadSet::default()
    };
    (state, place, reads)
}

#[test]
fn buses_are_read_by_name_and_by_tag_with_the_rules_that_could_be_ours() {
    let (state, place, reads) = with_buses();
    let mut calls = Vec::new();
    let mut reader = Reader { state: &state, place: &place, calls: &mut calls };
    let seen = observe::place(&mut reader, &reads);
    let names: Vec<_> = seen.buses.keys().map(String::as_str).collect();
    assert_eq!(names, ["ctguard-acme", "gone", "old-hub"]);
    assert_eq!(seen.buses["gone"], Observed::Absent);
    let bus = seen.buses["ctguard-acme"].known().expect("known");
    assert_eq!(bus.bus.policy, Some(json!({ "Statement": [] })));
    let rules: Vec<_> = bus.rules.known().expect("known").keys().collect();
    assert_eq!(rules, ["ctguard-acme-a"]);
    assert!(seen.rule(&"ctguard-acme/ctguard-acme-a".into()).is_some());
    // What is read anyway is not astray.
    let stray = BTreeMap::from([("ctguard-acme-a".to_owned(), "theirs".to_owned())]);
    assert_eq!(seen.stray_rules, stray);
    let made = |operation: &str| calls.iter().filter(|call| call.operation == operation).count();
    assert_eq!((made("events:DescribeEventBus"), made("events:ListTargetsByRule")), (4, 4));
}

#[test]
fn buses_that_a_denied_search_would_have_found_stay_in_sight() {
    let (mut state, place, reads) = with_buses();
    let deny =
        |operation: &str| Denied { operation: operation.into(), account: None, region: None };
    state.denied = vec![deny("tag:GetResources"), deny("events:DescribeEventBus")];
    let mut calls = Vec::new();
    let mut reader = Reader { state: &state, place: &place, calls: &mut calls };
    let seen = observe::place(&mut reader, &reads);
    let why = |name: &str| seen.buses[name].unreadable().map(|why| why.operation.as_str());
    assert_eq!(why("ctguard-acme-*"), Some("tag:GetResources"));
    assert_eq!(why("ctguard-acme"), Some("events:DescribeEventBus"));
    assert!(!seen.buses.contains_key("old-hub"));
}
