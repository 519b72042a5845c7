use super::*;
use crate::blueprint::{
    Account, Accounts, AssumedRole, Destination, Format, Hub, OrganizationAccounts,
};
use crate::scope::AccountId;
use std::collections::{BTreeMap, BTreeSet};

/// What the adapter's files say, so that a call added there and forgotten here is found.
fn adapter() -> Vec<String> {
    let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/../ctguard-aws/src");
    let files = std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
    let code = |text: String| text.split("mod tests {").next().unwrap_or_default().to_owned();
    let texts = files.filter(|path| path.is_file()).map(std::fs::read_to_string);
    texts.map(|text| code(text.unwrap())).collect()
}

/// What stands in the adapter's files and needs no grant: whoever has credentials may ask whose they are,
/// and asking IAM what they may do is a courtesy that does without.
const UNGRANTED: [&str; 4] = [
    // Only to who drills: a test of its own.
    "sns:Publish",
    // Whoever has the token may: the role's trust policy decides.
    "sts:AssumeRoleWithWebIdentity",
    "iam:SimulatePrincipalPolicy",
    "sts:GetCallerIdentity",
];

fn account(id: &str) -> AccountId {
    AccountId::new(id).unwrap()
}

/// A blueprint that uses everything there is.
fn blueprint() -> Blueprint {
    let role =
        |role: &str| AssumedRole { role: role.to_owned(), external_id: None, session_name: None };
    let listed = Account {
        id: account("222222222222"),
        name: None,
        role: Some(role("ops/ctguard")),
        omit: BTreeSet::new(),
        routes: BTreeMap::new(),
        span: None,
    };
    let organization = OrganizationAccounts {
        include_units: BTreeSet::from(["ou-ab12-11111111".to_owned()]),
        exclude: BTreeSet::new(),
        role: role("ctguard"),
        span: None,
    };
    let mut one = in_one_account();
    let mail = Destination { format: Format::Mail, ..one.destinations["func"].clone() };
    one.destinations.insert("mail".to_owned(), mail);
    one.trail.as_mut().unwrap().account = Some(account("111122223333"));
    Blueprint {
        accounts: Some(Accounts {
            listed: BTreeMap::from([(listed.id.clone(), listed)]),
            organization: Some(organization),
        }),
        hub: Some(Hub {
            account: account("111122223333"),
            region: Region::new("eu-west-1").unwrap(),
            organization: None,
            span: None,
        }),
        heal: healing("mail"),
        ..one
    }
}

/// The trail and rules are put back.
pub(crate) fn healing(notify: &str) -> Option<crate::blueprint::Heal> {
    crate::blueprint::Heal::new(&crate::blueprint::heal::Asked {
        blueprint: "acme",
        trail: "main",
        notify,
        limit: 6,
        rules: true,
        span: None,
    })
}

fn in_one_account() -> Blueprint {
    let text = "version: 1\nname: acme\nregions: [eu-west-1]\ntrail: { name: main, bucket: logs, home_region: eu-west-1 }\ndestinations: { func: { topic: func, format: json, subscribers: [{ lambda: 'arn:aws:lambda:eu-west-1:111122223333:function:triage:prod' }, { secret: 'ssm:/alerts/hook' }, { secret: 'secretsmanager:alerts/hook#url' }] } }\nalerts: []\n";
    let loaded = crate::blueprint::load_text("b.yaml", text, None, jiff::civil::date(2026, 11, 22));
    loaded.blueprint.unwrap_or_else(|| panic!("{:?}", loaded.diagnostics))
}

/// What stands in the text as `"service:Operation"`.
fn operations(text: &str) -> BTreeSet<String> {
    text.split('"')
        .filter(|word| {
            word.split_once(':').is_some_and(|(service, name)| {
                service.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit())
                    && name.starts_with(|c: char| c.is_ascii_uppercase())
                    && name.bytes().all(|b| b.is_ascii_alphanumeric())
            })
        })
        .map(str::to_owned)
        .collect()
}

/// What the calls of these operations are made on.
fn made_on(operation: &str) -> &'static str {
    let (service, name) = operation.split_once(':').unwrap();
    match (service, name) {
        ("events", "ListRules") => "arn:aws:events:eu-west-1:111122223333:rule/*",
        ("events", "ListEventBuses") => "?",
        ("events", "PutPermission") => "?",
        ("events", call) if call.ends_with("EventBus") => {
            "arn:aws:events:eu-west-1:111122223333:event-bus/ctguard-acme"
        }
        ("iam", "GetPolicy" | "GetPolicyVersion") => "arn:aws:iam::aws:policy/AWSDenyAll",
        ("iam", _) => "arn:aws:iam::111122223333:role/ctguard-acme",
        ("sts", _) => "arn:aws:iam::222222222222:role/ops/ctguard",
        ("events", _) => "arn:aws:events:eu-west-1:111122223333:rule/ctguard-acme-root-login",
        // AWS asks for these with no resource at all.
        ("sns", "GetSubscriptionAttributes" | "SetSubscriptionAttributes" | "Unsubscribe") => "?",
        ("sns", _) => "arn:aws:sns:eu-west-1:111122223333:ctguard-acme-secops",
        ("sqs", _) => "arn:aws:sqs:eu-west-1:111122223333:ctguard-acme-targets",
        ("cloudtrail", "DescribeTrails" | "LookupEvents") => "?",
        ("cloudtrail", _) => "arn:aws:cloudtrail:eu-west-1:111122223333:trail/main",
        ("s3", _) => "arn:aws:s3:::logs",
        // A pause is ended on what heals alone.
        ("states", "UntagResource") => {
            "arn:aws:states:eu-west-1:111122223333:stateMachine:ctguard-acme-heal"
        }
        ("states", _) => "arn:aws:states:eu-west-1:111122223333:stateMachine:ctguard-acme-mail",
        ("lambda", _) => "arn:aws:lambda:eu-west-1:111122223333:function:triage:prod",
        ("ssm", _) => "arn:aws:ssm:eu-west-1:111122223333:parameter/alerts/hook",
        ("secretsmanager", _) => {
            "arn:aws:secretsmanager:eu-west-1:111122223333:secret:alerts/hook-a1B2c3"
        }
        ("kms", _) => "arn:aws:kms:eu-west-1:111122223333:key/1",
        _ => "?",
    }
}

/// The policy of one identity.
fn of(blueprint: &Blueprint, purpose: Purpose, identity: Identity) -> Value {
    let all = policies(blueprint, purpose, None);
    let found = all.iter().find(|policy| policy.identity == identity);
    found.unwrap_or_else(|| panic!("no {identity}: {all:?}")).document.clone()
}

/// The operations that all identities are granted together, each with its resources.
fn granted(purpose: Purpose) -> BTreeMap<String, Vec<String>> {
    let mut whole = blueprint();
    whole.accounts.as_mut().unwrap().organization.as_mut().unwrap().include_units.clear();
    let all = [blueprint(), whole].map(|blueprint| policies(&blueprint, purpose, None)).concat();
    let statements = all.iter().flat_map(|p| policy::statements(&p.document)).cloned();
    granted_by(&policy::document(statements.collect()))
}

fn granted_by(policy: &Value) -> BTreeMap<String, Vec<String>> {
    let mut granted: BTreeMap<String, Vec<String>> = BTreeMap::new();
    for statement in policy::statements(policy) {
        for action in strings(&statement["Action"]) {
            let resources = strings(&statement["Resource"]).into_iter().map(str::to_owned);
            granted.entry(action.to_owned()).or_default().extend(resources);
        }
    }
    granted
}

fn writes() -> BTreeSet<String> {
    let port = include_str!("../action.rs");
    let names = port.split_once("pub fn operation(&self)").unwrap().1;
    let names = operations(names);
    names.into_iter().filter(|name| !UNGRANTED.contains(&name.as_str())).collect()
}

fn reads() -> BTreeSet<String> {
    let all: BTreeSet<String> = adapter().iter().flat_map(|text| operations(text)).collect();
    all.difference(&writes()).filter(|name| !UNGRANTED.contains(&name.as_str())).cloned().collect()
}

fn allows(granted: &BTreeMap<String, Vec<String>>, operation: &str) -> bool {
    let glob = crate::proof::policy::glob;
    granted.get(operation).is_some_and(|resources| {
        resources.iter().any(|resource| resource == "*" || glob(resource, made_on(operation)))
    })
}

#[test]
fn every_call_is_granted_on_what_it_is_made_on() {
    assert!(writes().len() > 25 && reads().len() > 20, "the lists are not found in the sources");
    let [plan, drift, verify, apply, all] =
        [Purpose::Plan, Purpose::Drift, Purpose::Verify, Purpose::Apply, Purpose::All].map(granted);
    let received = "sqs:ReceiveMessage";
    assert!(reads().contains(received) && !all.contains_key(received));
    for operation in reads().into_iter().filter(|operation| operation != received) {
        assert!(allows(&all, &operation), "nobody is granted {operation}");
        let (metrics, history) = ("cloudwatch:GetMetricData", "cloudtrail:LookupEvents");
        assert_eq!(allows(&verify, &operation), operation != history, "verify: {operation}");
        assert_eq!(allows(&drift, &operation), operation != metrics, "drift: {operation}");
        let either = operation != metrics && operation != history;
        assert_eq!(allows(&plan, &operation), either, "plan: {operation}");
        assert_eq!(allows(&apply, &operation), either, "apply: {operation}");
    }
    let both: BTreeSet<&String> = drift.keys().chain(verify.keys()).collect();
    assert_eq!(granted(Purpose::Read).keys().collect::<BTreeSet<_>>(), both);
    for operation in writes() {
        assert!(allows(&all, &operation), "nobody is granted {operation}");
        assert!(allows(&apply, &operation), "the apply policy does not grant {operation}");
        for read in [&plan, &drift, &verify, &granted(Purpose::Read)] {
            assert!(!read.contains_key(&operation), "a reading policy grants {operation}");
        }
    }
    let destroy = granted(Purpose::Destroy);
    for operation in destroy.keys().filter(|operation| writes().contains(*operation)) {
        let (_, call) = operation.split_once(':').unwrap();
        let takes = ["Delete", "Remove", "Unsubscribe"].iter().any(|verb| call.starts_with(verb));
        let releases = ["s3:PutBucketTagging", "cloudtrail:AddTags"].contains(&operation.as_str());
        assert!(takes || releases, "destroy makes no {operation}");
    }
    // What is only removed is found by its tag, and no address is read for it.
    let secrets = ["ssm:GetParameter", "secretsmanager:GetSecretValue", "kms:Decrypt"];
    for operation in plan.keys().filter(|operation| !secrets.contains(&operation.as_str())) {
        assert!(destroy.contains_key(operation), "destroy plans, too: {operation}");
    }
}

#[test]
fn a_drill_may_do_with_its_own_objects_what_it_does_and_nothing_to_others() {
    let drill = granted(Purpose::Drill);
    let plan = granted(Purpose::Plan);
    let glob = crate::proof::policy::glob;
    let names = crate::resource::names::Names::new("acme");
    let reach = |operation: &str, resource: &str| {
        drill.get(operation).is_some_and(|all| all.iter().any(|one| glob(one, resource)))
    };
    let arn =
        |service: &str, what: &str| format!("arn:aws:{service}:eu-west-1:111122223333:{what}");
    let role = |name: String| format!("arn:aws:iam::111122223333:role/{name}");
    for (operation, own, other) in [
        (
            "events:PutRule",
            arn("events", &format!("rule/{}", names.drill_rule())),
            arn("events", "rule/ctguard-acme-root-login"),
        ),
        (
            "events:PutTargets",
            arn("events", &format!("rule/{}", names.stand_in(3))),
            arn("events", "rule/ctguard-acme-drill"),
        ),
        (
            "events:DeleteRule",
            arn("events", &format!("rule/{}", names.stand_in_forward(3))),
            arn("events", "rule/ctguard-acme-forward-1"),
        ),
        (
            "events:PutRule",
            arn("events", &format!("rule/ctguard-acme/{}", names.stand_in(0))),
            arn("events", "rule/ctguard-acme/ctguard-acme-root-login"),
        ),
        (
            "sqs:ReceiveMessage",
            arn("sqs", &names.drill_receipt()),
            arn("sqs", "ctguard-acme-targets"),
        ),
        ("sqs:DeleteQueue", arn("sqs", &names.drill()), arn("sqs", "ctguard-acme-targets")),
        ("sns:DeleteTopic", arn("sns", &names.drill()), arn("sns", "ctguard-acme-secops")),
        ("iam:DeleteRole", role(names.drill()), role(names.role())),
    ] {
        assert!(reach(operation, &own), "{operation} on {own}");
        assert!(!reach(operation, &other), "{operation} on {other}");
    }
    for operation in ["sns:Subscribe", "sns:Publish"] {
        assert!(reach(operation, &arn("sns", "ctguard-acme-secops")), "{operation}");
    }
    assert!(
        !drill.contains_key("cloudtrail:CreateTrail") && !drill.contains_key("s3:CreateBucket")
    );
    for operation in plan.keys().chain([&"cloudtrail:LookupEvents".to_owned()]) {
        assert!(drill.contains_key(operation), "a drill reads as a plan does: {operation}");
    }
}

#[test]
fn nothing_is_granted_that_is_not_called() {
    let called: BTreeSet<String> = reads().union(&writes()).cloned().collect();
    for operation in granted(Purpose::All).keys() {
        // Permissions that other calls ask for.
        if ["iam:PassRole", "kms:Decrypt"].contains(&operation.as_str()) {
            continue;
        }
        assert!(called.contains(operation), "{operation} is granted and never called");
    }
}

#[test]
fn nothing_of_others_can_be_written() {
    let apply = granted(Purpose::Apply);
    for operation in writes().iter().filter(|name| made_on(name) != "?") {
        let others = made_on(operation)
            .replace("acme", "other")
            .replace("logs", "theirs")
            .replace("trail/main", "trail/theirs");
        let reached =
            apply[operation].iter().any(|resource| crate::proof::policy::glob(resource, &others));
        let of_own_tags = ["cloudtrail:AddTags", "cloudtrail:RemoveTags"];
        assert!(
            !reached || of_own_tags.contains(&operation.as_str()),
            "{operation} reaches {others}"
        );
    }
}

#[test]
fn rules_of_the_hubs_bus_are_granted_as_those_of_the_default_one() {
    let apply = granted(Purpose::Apply);
    let glob = crate::proof::policy::glob;
    let operations = ["PutRule", "PutTargets", "TagResource", "DeleteRule", "ListTargetsByRule"];
    for operation in operations.map(|name| format!("events:{name}")) {
        let operation = &operation;
        let rule = "arn:aws:events:eu-west-1:111122223333:rule/ctguard-acme/ctguard-acme-login";
        assert!(apply[operation].iter().any(|arn| glob(arn, rule)), "{operation}");
        let other = rule.replace("/ctguard-acme/", "/theirs/");
        assert!(!apply[operation].iter().any(|arn| glob(arn, &other)), "{operation}");
    }
}

#[test]
fn what_is_only_for_fleets_and_hubs_is_granted_only_there() {
    let one = granted_by(&of(&in_one_account(), Purpose::Apply, Identity::Ci));
    for operation in ["iam:PassRole", "iam:CreateRole", "iam:PutRolePolicy", "sts:AssumeRole"] {
        assert!(!one.contains_key(operation), "{operation}");
    }
    assert!(!one.keys().any(|operation| operation.starts_with("organizations:")));
    let own = ["ctguard-acme", "ctguard-acme-*"];
    assert_eq!(one["iam:DeleteRole"], own.map(|role| format!("arn:aws:iam::*:role/{role}")));
    // A role that is assumed does not go on from account to account.
    for identity in [Identity::Hub, Identity::Spoke] {
        let inside = granted_by(&of(&blueprint(), Purpose::All, identity));
        assert!(!inside.contains_key("sts:AssumeRole"), "{identity}");
    }

    let fleet = granted_by(&of(&blueprint(), Purpose::Plan, Identity::Ci));
    let roles = ["arn:aws:iam::*:role/ctguard", "arn:aws:iam::222222222222:role/ops/ctguard"];
    assert_eq!(fleet["sts:AssumeRole"], roles);
    assert!(fleet.contains_key("organizations:ListAccountsForParent"));
    assert!(!fleet.contains_key("organizations:ListAccounts"), "units are asked for theirs");
    let mut whole = blueprint();
    whole.accounts.as_mut().unwrap().organization.as_mut().unwrap().include_units.clear();
    let whole = granted_by(&of(&whole, Purpose::Plan, Identity::Ci));
    assert!(whole.contains_key("organizations:ListAccounts"));
    assert!(!whole.contains_key("organizations:ListAccountsForParent"));
}

/// Listed accounts: the caller's own, the hub, the keeper of the trail, and another.
fn four() -> Blueprint {
    let text = "version: 1\nname: acme\nregions: [eu-west-1]\naccounts: [{ id: '111111111111' }, { id: '222222222222', role: audit/hub }, { id: '333333333333', role: ctguard }, { id: '444444444444', role: ctguard }]\nhub: { account: '222222222222', region: eu-west-1 }\ntrail: { name: main, bucket: logs, account: '333333333333' }\ndestinations: { siem: { topic: siem, format: json, subscribers: [{ sqs: 'arn:aws:sqs:eu-west-1:444444444444:siem' }] } }\nalerts: []\n";
    let loaded = crate::blueprint::load_text("b.yaml", text, None, jiff::civil::date(2026, 11, 22));
    loaded.blueprint.unwrap_or_else(|| panic!("{:?}", loaded.diagnostics))
}

#[test]
fn each_account_gets_what_is_done_in_it_and_no_more() {
    let blueprint = four();
    let all = policies(&blueprint, Purpose::Apply, None);
    let seen: Vec<_> = all
        .iter()
        .map(|p| {
            let accounts: Vec<&str> = p.accounts.iter().map(AccountId::as_str).collect();
            (p.identity, accounts.join(","), p.roles.join(","))
        })
        .collect();
    let row = |identity, account: &str, role: &str| (identity, account.to_owned(), role.to_owned());
    assert_eq!(
        seen,
        [
            row(Identity::Hub, "222222222222", "audit/hub"),
            row(Identity::Trail, "333333333333", "ctguard"),
            row(Identity::Spoke, "444444444444", "ctguard"),
            row(Identity::Ci, "111111111111", ""),
        ]
    );
    let of = |identity| granted_by(&of(&blueprint, Purpose::Apply, identity));
    let [hub, trail, spoke, ci] =
        [Identity::Hub, Identity::Trail, Identity::Spoke, Identity::Ci].map(of);
    for (operation, holders) in [
        ("events:CreateEventBus", vec![&hub]),
        ("events:PutPermission", vec![&hub]),
        ("sns:CreateTopic", vec![&hub]),
        ("sns:Subscribe", vec![&hub]),
        ("sns:GetSubscriptionAttributes", vec![&hub]),
        ("cloudtrail:CreateTrail", vec![&trail]),
        ("s3:CreateBucket", vec![&trail]),
        ("s3:ListBucket", vec![&trail]),
        ("iam:PassRole", vec![&hub, &trail, &spoke, &ci]),
        ("events:PutRule", vec![&hub, &trail, &spoke, &ci]),
        ("sns:DeleteTopic", vec![&hub, &trail, &spoke, &ci]),
        ("sts:AssumeRole", vec![&ci]),
    ] {
        let expected: Vec<bool> =
            [&hub, &trail, &spoke, &ci].iter().map(|one| holders.contains(one)).collect();
        let found: Vec<bool> =
            [&hub, &trail, &spoke, &ci].iter().map(|one| one.contains_key(operation)).collect();
        assert_eq!(found, expected, "{operation}: hub, trail, spoke, ci");
    }
    let queue = "arn:aws:sqs:eu-west-1:444444444444:siem".to_owned();
    assert!(spoke["sqs:GetQueueAttributes"].contains(&queue), "the subscriber's queue is read");
    assert!(!hub["sqs:GetQueueAttributes"].contains(&queue), "and not from the hub");
    assert!(!hub["sqs:GetQueueAttributes"].contains(&"*".to_owned()));
    let bus_rule = "arn:aws:events:*:*:rule/ctguard-acme/ctguard-acme-*".to_owned();
    assert!(
        hub["events:PutRule"].contains(&bus_rule) && !spoke["events:PutRule"].contains(&bus_rule)
    );
}

#[test]
fn who_discovers_accounts_is_at_home_where_it_says() {
    let blueprint = blueprint();
    let own = |id: &str| {
        let all = policies(&blueprint, Purpose::Apply, Some(&account(id)));
        let identities: Vec<Identity> = all.iter().map(|policy| policy.identity).collect();
        (identities, granted_by(&all.last().unwrap().document))
    };
    let (identities, in_hub) = own("111122223333");
    assert_eq!(identities, [Identity::Spoke, Identity::Ci], "the hub's role is not assumed");
    assert!(in_hub.contains_key("events:CreateEventBus"));
    let (identities, listed) = own("222222222222");
    assert_eq!(identities, [Identity::Hub, Identity::Spoke, Identity::Ci]);
    assert!(!listed.contains_key("events:PutRule"), "its role is assumed there, too: {listed:?}");
    let (_, member) = own("999999999999");
    assert!(member.contains_key("events:PutRule") && !member.contains_key("sns:CreateTopic"));
}

#[test]
fn what_does_not_fit_one_managed_policy_is_split_between_statements() {
    let mut blueprint = blueprint();
    blueprint.accounts.as_mut().unwrap().organization = None;
    let listed = blueprint.accounts.clone().unwrap().listed.into_values().next().unwrap();
    let numbered = |number: usize| {
        let id = account(&format!("{number:012}"));
        (id.clone(), Account { id, ..listed.clone() })
    };
    for (count, named) in [(ROLES_NAMED, ROLES_NAMED), (ROLES_NAMED + 1, 1)] {
        let all = (0..count).map(numbered).collect();
        blueprint.accounts.as_mut().unwrap().listed = all;
        let ci = granted_by(&of(&blueprint, Purpose::All, Identity::Ci));
        assert_eq!(ci["sts:AssumeRole"].len(), named);
    }
    for purpose in [Purpose::Plan, Purpose::All] {
        for blueprint in [four(), in_one_account(), super::tests::blueprint()] {
            for policy in policies(&blueprint, purpose, None) {
                let parts = policy.parts();
                let whole: Vec<_> = policy::statements(&policy.document).into_iter().collect();
                let split: Vec<_> = parts.iter().flat_map(policy::statements).collect();
                assert_eq!(split, whole, "nothing is lost");
                for part in &parts {
                    assert!(characters(part) <= MANAGED_POLICY_MAX_CHARS, "{}", policy.identity);
                }
                assert!(policy.characters() <= INLINE_POLICIES_MAX_CHARS, "{}", policy.identity);
            }
        }
    }
}

#[test]
fn statements_have_names_of_their_own() {
    for policy in policies(&four(), Purpose::All, None).iter().chain(&policies(
        &in_one_account(),
        Purpose::All,
        None,
    )) {
        let statements = policy::statements(&policy.document);
        let sids: BTreeSet<&str> = statements.iter().map(|s| s["Sid"].as_str().unwrap()).collect();
        assert_eq!(sids.len(), statements.len());
        assert!(
            sids.iter().all(|sid| sid.chars().all(|c| c.is_ascii_alphanumeric())),
            "IAM's rule"
        );
    }
}

#[test]
fn the_role_is_passed_to_eventbridge_alone() {
    let policy = of(&blueprint(), Purpose::Apply, Identity::Spoke);
    let passing: Vec<_> = policy::statements(&policy)
        .into_iter()
        .filter(|statement| strings(&statement["Action"]).contains(&"iam:PassRole"))
        .collect();
    assert_eq!(passing.len(), 1);
    assert_eq!(passing[0]["Resource"], "arn:aws:iam::*:role/ctguard-acme");
    let to = &passing[0]["Condition"]["StringEquals"]["iam:PassedToService"];
    assert_eq!(to, "events.amazonaws.com");
}

#[test]
fn what_is_asked_of_the_simulator_is_in_the_account_that_asks() {
    let place = Place::new(account("111122223333"), Region::new("eu-west-1").unwrap());
    let wanted = wanted(&blueprint(), Purpose::Apply, &place.account, &place);
    let has = |operation: &str, resource: &str| {
        wanted.contains(&Permission {
            operation: operation.to_owned(),
            resource: resource.to_owned(),
        })
    };
    assert!(has("iam:CreateRole", "arn:aws:iam::111122223333:role/ctguard-acme"), "{wanted:?}");
    assert!(has("sts:AssumeRole", "arn:aws:iam::222222222222:role/ops/ctguard"));
    let rule = "arn:aws:events:eu-west-1:111122223333:rule/ctguard-acme/ctguard-acme-check";
    assert!(has("events:PutRule", rule));
    assert!(!wanted.iter().any(|permission| permission.operation == "iam:PassRole"));
}

#[test]
fn secrets_are_read_by_who_runs_it_and_no_others() {
    let ci = of(&blueprint(), Purpose::Plan, Identity::Ci);
    let granted = granted_by(&ci);
    assert_eq!(granted["ssm:GetParameter"], ["arn:aws:ssm:*:*:parameter/alerts/hook"]);
    assert_eq!(
        granted["secretsmanager:GetSecretValue"],
        ["arn:aws:secretsmanager:*:*:secret:alerts/hook-??????"]
    );
    let statements = policy::statements(&ci);
    let decrypt =
        statements.iter().find(|one| one["Sid"] == "DecryptSecrets").expect("a statement for keys");
    assert_eq!(
        decrypt["Condition"]["StringLike"]["kms:ViaService"],
        json!(["ssm.*.amazonaws.com", "secretsmanager.*.amazonaws.com"])
    );
    for other in [Identity::Hub, Identity::Spoke] {
        assert!(
            !granted_by(&of(&blueprint(), Purpose::Plan, other)).contains_key("ssm:GetParameter")
        );
    }
}
