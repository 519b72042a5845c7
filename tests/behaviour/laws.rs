//! Laws of the design, held over generated blueprints and accounts.

use ctguard::run;
use ctguard::run::{Applied, OutcomeKind, Survey};
use ctguard_core::blueprint::{Blueprint, load_text};
use ctguard_core::cloud::Cloud;
use ctguard_core::plan::{Plan, Stage, diff};
use ctguard_core::resource::rule::{Rule, RuleState};
use ctguard_core::scope::{AccountId, Place, Region};
use ctguard_sandbox::faults::{Aim, Fault};
use ctguard_sandbox::fresh::{AccountKind, new_account};
use ctguard_sandbox::people::ConfirmFilter;
use ctguard_sandbox::state::{StoredQueue, StoredRule, StoredTopic};
use ctguard_sandbox::{Sandbox, State};
use proptest::prelude::*;
use std::sync::atomic::AtomicBool;

use crate::world::TODAY;

/// Alerts to choose from: write and read-only, global and regional, sign-in, with conditions and exceptions.
const ALERTS: [&str; 7] = [
    "  - { id: route, title: Route, risk: high, events: [ec2:CreateRoute, ec2:ReplaceRoute], why: w, next: n }",
    "  - { id: user, title: User, risk: critical, events: [iam:CreateUser], outcome: success, why: w, next: n }",
    "  - { id: assume, title: Assume, risk: low, events: [sts:AssumeRole], why: w, next: n }",
    "  - { id: signin, title: Sign-in, risk: medium, events: [signin:ConsoleLogin], where: { userIdentity.type: [Root] }, why: w, next: n }",
    "  - { id: trail, title: Trail, risk: critical, events: [cloudtrail:StopLogging, cloudtrail:DeleteTrail], except: [{ where: { userIdentity.arn: [\"arn:aws:iam::111122223333:user/break-glass\"] }, reason: drills }], why: w, next: n }",
    "  - { id: replaced, title: Replaced, risk: medium, events: [ec2:ReplaceRoute], why: w, next: n }",
    "  - { id: mixed, title: Mixed, risk: medium, events: [ec2:CreateSecurityGroup, rds:CreateDBInstance, kms:DisableKey], why: w, next: n }",
];

const DESTINATIONS: [&str; 4] = [
    "  mail: { topic: mail, format: text, subscribers: [{ email: a@acme.example }, { email: b@acme.example }] }",
    "  hook: { topic: hook, format: json, subscribers: [{ https: \"https://hooks.acme.example/in\" }] }",
    "  chat: { topic: chat, format: chat, subscribers: [{ chat: \"arn:aws:chatbot::111122223333:chat-configuration/slack-channel/c\" }] }",
    "  post: { topic: post, format: mail, subscribers: [{ email: a@acme.example }] }",
];

const TAGS: &str = "tags: { CostCenter: \"42\", Owner: sec ops, topic: { DataClass: internal }, bucket: { Owner: audit } }\n";

/// A blueprint by its choices.
#[derive(Debug, Clone)]
pub struct Choice {
    alerts: Vec<usize>,
    /// Of [`DESTINATIONS`]; the first is always there.
    more: Vec<bool>,
    trail: bool,
    /// The first alert leaves its second event to others.
    narrow: bool,
    /// It has tags beside ctguard's own.
    tags: bool,
}

pub fn choice() -> impl Strategy<Value = Choice> {
    let alerts =
        proptest::sample::subsequence((0..ALERTS.len()).collect::<Vec<_>>(), 0..=ALERTS.len());
    (alerts.prop_shuffle(), proptest::collection::vec(any::<bool>(), 3), any::<[bool; 3]>())
        .prop_map(|(alerts, more, [trail, narrow, tags])| Choice {
            alerts,
            more,
            trail,
            narrow,
            tags,
        })
}

/// The second choice, keeping a trail where the first one does.
pub fn with_the_trail_of(first: &Choice, second: Choice) -> Choice {
    Choice { trail: first.trail, ..second }
}

pub fn blueprint(choice: &Choice) -> Blueprint {
    let mut names = vec!["mail"];
    let mut destinations = vec![DESTINATIONS[0]];
    for (index, name) in ["hook", "chat", "post"].iter().enumerate() {
        if choice.more[index] {
            names.push(name);
            destinations.push(DESTINATIONS[index + 1]);
        }
    }
    let all = names.join(", ");
    let trail = if choice.trail {
        "trail: { name: acme-management, bucket: acme-logs-111122223333, home_region: us-east-1, additional: true }\n"
    } else {
        ""
    };
    let heal = match (choice.trail && choice.more[2], choice.tags) {
        (true, true) => "heal: { logging: { trails: managed, notify: mail }, rules: true }\n",
        (true, false) => "heal: { logging: { trails: managed, notify: mail } }\n",
        (false, _) => "",
    };
    let tags = if choice.tags { TAGS } else { "" };
    let alerts: Vec<&str> = choice.alerts.iter().map(|index| ALERTS[*index]).collect();
    let alerts = if alerts.is_empty() {
        "alerts: []".to_owned()
    } else {
        format!("alerts:\n{}", alerts.join("\n"))
    };
    let alerts = if choice.narrow { alerts.replace(", ec2:ReplaceRoute]", "]") } else { alerts };
    read(&format!(
        "version: 1\nname: acme\nregions: [us-east-1, eu-west-1]\n{trail}{heal}{tags}destinations:\n{}\nroutes: {{ critical: [{all}], high: [mail], medium: [{all}], low: [mail] }}\n{alerts}\n",
        destinations.join("\n")
    ))
}

pub fn read(text: &str) -> Blueprint {
    let loaded = load_text("test.yaml", text, None, TODAY);
    loaded.blueprint.unwrap_or_else(|| panic!("{:#?}\n{text}", loaded.diagnostics))
}

pub fn account(kind: AccountKind) -> State {
    let regions = ["us-east-1", "eu-west-1"].map(|name| Region::new(name).unwrap());
    new_account(kind, &AccountId::new("111122223333").unwrap(), &regions)
}

pub fn wait<T>(work: impl Future<Output = T>) -> T {
    tokio::runtime::Builder::new_current_thread().build().unwrap().block_on(work)
}

pub fn survey(sandbox: &Sandbox, blueprint: &Blueprint) -> Survey {
    wait(run::survey(
        sandbox,
        blueprint,
        TODAY,
        &ctguard_core::desired::Narrow::default(),
        4,
        &|_| {},
    ))
    .unwrap()
}

/// A survey with what AWS has counted.
pub fn survey_to_prove(cloud: &dyn Cloud, blueprint: &Blueprint) -> Survey {
    wait(async {
        let survey = run::survey(
            cloud,
            blueprint,
            TODAY,
            &ctguard_core::desired::Narrow::default(),
            4,
            &|_| {},
        )
        .await;
        let mut survey = survey.unwrap();
        let rules = survey.desired.signal_reads();
        run::observe_signals(cloud, rules, &mut survey.live, 4, &|_| {}).await;
        survey
    })
}

pub fn plan(sandbox: &Sandbox, blueprint: &Blueprint) -> Plan {
    let survey = survey(sandbox, blueprint);
    diff(&survey.desired, &survey.live, Stage::Planned)
}

pub fn apply(sandbox: &Sandbox, blueprint: &Blueprint) -> Applied {
    let survey = survey(sandbox, blueprint);
    let plan = diff(&survey.desired, &survey.live, Stage::Planned);
    wait(run::apply(sandbox, &survey.desired, &plan, 4, &AtomicBool::new(false), &|_| {}))
}

pub fn confirm(sandbox: &Sandbox) {
    sandbox.confirm(&ConfirmFilter::default()).unwrap();
}

/// Objects of others, with names that could be taken for ours.
fn add_foreigners(state: &mut State) {
    for region in ["us-east-1", "eu-west-1"] {
        let place = Place::new(state.caller.account.clone(), Region::new(region).unwrap());
        let rule = Rule {
            state: RuleState::Enabled,
            event_pattern: Some(r#"{"source":["aws.ec2"]}"#.into()),
            schedule_expression: None,
            description: None,
            role_arn: None,
            managed_by: None,
        };
        let regional = state.region_mut(&place);
        for (name, tag) in [
            ("ctguard-acme-theirs", None),
            ("ctguard-acme-two-route", Some("acme-two")),
            ("theirs", Some("other")),
        ] {
            let tags = tag
                .map(|tag| ("ctguard:blueprint".to_owned(), tag.to_owned()))
                .into_iter()
                .collect();
            regional.rules.insert(
                name.into(),
                StoredRule { rule: rule.clone(), targets: Default::default(), tags },
            );
        }
        let topic = StoredTopic {
            tags: [("team".to_owned(), "net".to_owned())].into(),
            ..Default::default()
        };
        regional.topics.insert("ctguard-acme-theirs".into(), topic);
        regional.queues.insert("ctguard-acme-theirs".into(), StoredQueue::default());
    }
}

/// What others own: what is left when ctguard's own is taken out.
fn foreign(state: &State) -> State {
    let mut state = state.clone();
    let ours = |tags: &ctguard_core::resource::Tags| {
        tags.get("ctguard:blueprint").is_some_and(|name| name == "acme")
    };
    for account in state.accounts.values_mut() {
        for regional in account.regions.values_mut() {
            regional.rules.retain(|_, rule| !ours(&rule.tags));
            regional.topics.retain(|_, topic| !ours(&topic.tags));
            regional.queues.retain(|_, queue| !ours(&queue.tags));
            regional.machines.retain(|_, machine| !ours(&machine.tags));
            regional.trails.retain(|name, trail| name != "acme-management" && !ours(&trail.tags));
            regional.outbox.clear();
            regional.executions.clear();
        }
        account.regions.retain(|_, regional| *regional != Default::default());
        account
            .global
            .buckets
            .retain(|name, bucket| name != "acme-logs-111122223333" && !ours(&bucket.tags));
    }
    state
}

/// Faults that take nothing from others, leave ownership readable and let calls through.
fn fault() -> impl Strategy<Value = Fault> {
    let all: Vec<Fault> = Fault::ALL
        .into_iter()
        .filter(|fault| !matches!(fault, Fault::StripTags | Fault::DisableKey | Fault::RequireTag))
        // IAM deletes no role that others have attached a policy to.
        .filter(|fault| !matches!(fault, Fault::AttachPolicy | Fault::DenyRole))
        .filter(|fault| !fault.is_about_calls())
        .collect();
    proptest::sample::select(all)
}

/// Whether others did what no apply undoes, so that what a rule hands over is not proven.
fn stays(fault: Fault) -> bool {
    matches!(
        fault,
        Fault::EncryptBus
            | Fault::BoundRole
            | Fault::DenyTopic
            | Fault::DenyQueue
            | Fault::DenyFunction
            | Fault::DenyKey
    )
}

/// The same with keys and lists sorted: a policy is written as it was read, in AWS's order.
pub fn whatever_order(value: serde_json::Value) -> serde_json::Value {
    use serde_json::Value;
    match value {
        Value::Array(items) => {
            let mut items: Vec<Value> = items.into_iter().map(whatever_order).collect();
            items.sort_by_key(Value::to_string);
            Value::Array(items)
        }
        Value::Object(entries) => {
            let sorted: std::collections::BTreeMap<String, Value> =
                entries.into_iter().map(|(key, value)| (key, whatever_order(value))).collect();
            Value::Object(sorted.into_iter().collect())
        }
        single => single,
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 48, ..ProptestConfig::default() })]

    /// Law 1, converges: from any account, plan after apply is empty but for what waits, and applying
    /// again writes nothing. Once everybody has confirmed, nothing waits either.
    #[test]
    fn plan_after_apply_is_empty(first in choice(), second in choice(), faults in proptest::collection::vec(fault(), 0..4), bare in any::<bool>()) {
        let mut state = account(if bare { AccountKind::Bare } else { AccountKind::WithTrail });
        add_foreigners(&mut state);
        let sandbox = Sandbox::in_memory(state);
        apply(&sandbox, &blueprint(&first));
        confirm(&sandbox);
        // Chat subscribes by itself: a filter there is a person's to take off, and what waits for it waits on.
        let chat = first.more[1];
        let stays = faults.iter().copied().any(stays);
        for fault in faults.into_iter().filter(|fault| !chat || *fault != Fault::FilterSubscription) {
            // Not every fault has something to break in every account.
            let _ = sandbox.inflict(fault, &Aim::default());
        }
        let second = blueprint(&second);
        let applied = apply(&sandbox, &second);
        prop_assert_eq!(applied.count(OutcomeKind::Failed), 0, "{:#?}", applied.outcomes);
        let after = plan(&sandbox, &second);
        prop_assert!(after.is_empty(), "{:#?}", after.changes);

        let before = sandbox.state();
        sandbox.forget_calls();
        apply(&sandbox, &second);
        prop_assert!(sandbox.calls().iter().all(|call| !call.mutating), "a second apply writes");
        prop_assert_eq!(sandbox.state(), before);

        confirm(&sandbox);
        apply(&sandbox, &second);
        let settled = plan(&sandbox, &second);
        let waits = !stays && !settled.waiting.is_empty();
        prop_assert!(settled.is_empty() && !waits, "{:#?}", settled);
    }

    /// Law 2, touches only its own: what does not carry the tag is as it was, byte for byte.
    #[test]
    fn foreign_objects_are_untouched(first in choice(), second in choice()) {
        let mut state = account(AccountKind::WithTrail);
        add_foreigners(&mut state);
        let before = foreign(&state);
        let sandbox = Sandbox::in_memory(state);
        for choice in [first, second] {
            apply(&sandbox, &blueprint(&choice));
            confirm(&sandbox);
            apply(&sandbox, &blueprint(&choice));
        }
        apply(&sandbox, &read("version: 1\nname: acme\nregions: [us-east-1, eu-west-1]\nalerts: []\n"));
        prop_assert_eq!(foreign(&sandbox.state()), before);
    }

    /// Law 3, reads are reads: surveying, planning and proving make no mutating call.
    #[test]
    fn reading_changes_nothing(choice in choice()) {
        let sandbox = Sandbox::in_memory(account(AccountKind::WithTrail));
        let blueprint = blueprint(&choice);
        apply(&sandbox, &blueprint);
        sandbox.forget_calls();
        let before = sandbox.state();
        let survey = survey(&sandbox, &blueprint);
        diff(&survey.desired, &survey.live, Stage::Planned);
        ctguard_core::proof::prove(&survey.desired, &survey.live);
        prop_assert!(sandbox.calls().iter().all(|call| !call.mutating));
        prop_assert_eq!(sandbox.state(), before);
    }

    /// Law 5, same input, same bytes: the order of alerts and the number of places read at once
    /// change nothing.
    #[test]
    fn order_and_concurrency_do_not_change_a_byte(choice in choice(), seed in any::<u64>()) {
        let sandbox = Sandbox::in_memory(account(AccountKind::WithTrail));
        let mut shuffled = choice.clone();
        if !shuffled.alerts.is_empty() {
            let by = usize::try_from(seed % 7).unwrap() % shuffled.alerts.len();
            shuffled.alerts.rotate_left(by);
        }
        let bytes = |choice: &Choice, width: usize| {
            let survey = wait(run::survey(&sandbox, &blueprint(choice), TODAY, &ctguard_core::desired::Narrow::default(), width, &|_| {})).unwrap();
            let plan = diff(&survey.desired, &survey.live, Stage::Planned);
            let report = ctguard_core::proof::prove(&survey.desired, &survey.live).report(&survey.desired);
            (serde_json::to_string(&plan).unwrap(), serde_json::to_string(&report).unwrap())
        };
        prop_assert_eq!(bytes(&choice, 1), bytes(&shuffled, 16));
    }

    /// A plan read back from its JSON is the plan that was written.
    #[test]
    fn a_plan_survives_its_json(first in choice(), second in choice(), faults in proptest::collection::vec(fault(), 0..4), confirmed in any::<bool>()) {
        let sandbox = Sandbox::in_memory(account(AccountKind::WithTrail));
        apply(&sandbox, &blueprint(&first));
        if confirmed {
            confirm(&sandbox);
        }
        for fault in faults {
            let _ = sandbox.inflict(fault, &Aim::default());
        }
        let plan = plan(&sandbox, &blueprint(&second));
        let text = serde_json::to_string(&plan).unwrap();
        prop_assert_eq!(serde_json::from_str::<Plan>(&text).unwrap(), plan);
    }

    /// Law 1 again: killed after any call and run again, an apply reaches the same end as one that was not.
    #[test]
    fn an_apply_stopped_at_any_call_goes_on_to_the_same_end(first in choice(), second in choice(), cut in 0usize..90) {
        let end = |stops: &[usize]| {
            let sandbox = Sandbox::in_memory(account(AccountKind::WithTrail));
            apply(&sandbox, &blueprint(&first));
            confirm(&sandbox);
            for stop in stops {
                sandbox.stop_after(*stop);
                apply(&sandbox, &blueprint(&second));
                sandbox.go_on();
            }
            apply(&sandbox, &blueprint(&second));
            confirm(&sandbox);
            apply(&sandbox, &blueprint(&second));
            let state = serde_json::to_value(sandbox.state()).unwrap();
            serde_json::to_string_pretty(&whatever_order(state)).unwrap()
        };
        let (whole, resumed) = (end(&[]), end(&[cut, cut / 2]));
        let diff = similar::TextDiff::from_lines(&whole, &resumed);
        prop_assert!(whole == resumed, "{}", diff.unified_diff());
    }
}
