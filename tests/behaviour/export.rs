//! Export: what another engine makes of it is what an apply would have made.

mod engine;
mod folders;
mod terraform;

use crate::world::World;
use ctguard_sandbox::{Sandbox, State};
use engine::{Organization, deploy};
use proptest::prelude::*;
use serde_json::Value;
use std::collections::BTreeMap;

const ACCOUNTS: [&str; 4] = ["111122223333", "222233334444", "333344445555", "444455556666"];

/// The address that is in no file.
const HOOK: &str = "https://hooks.acme.example/in?token=planted-in-a-parameter";

/// A blueprint by its choices.
#[derive(Debug, Clone)]
struct Choice {
    topology: Topology,
    /// Where alerts are raised.
    hub: Option<&'static str>,
    trail: bool,
    heal: bool,
    mail: bool,
    json: bool,
    names: bool,
    omits: bool,
    regions: Vec<&'static str>,
    alerts: Vec<usize>,
}

/// Which accounts are covered.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Topology {
    Own,
    Listed,
    Found,
}

const ALERTS: [&str; 7] = [
    "  - { id: route, title: \"Route ${x} {{y}} \\\"z\\\" ü\", risk: high, events: [ec2:CreateRoute], why: w, next: n }",
    "  - { id: user, title: User, risk: critical, events: [iam:CreateUser], outcome: success, why: w, next: n }",
    "  - { id: assume, title: Assume, risk: medium, events: [sts:AssumeRole], why: w, next: n }",
    "  - { id: signin, title: Sign-in, risk: medium, events: [signin:ConsoleLogin], why: w, next: n }",
    "  - { id: one, title: One, risk: high, events: [ec2:ReplaceRoute], where: { recipientAccountId: [\"333344445555\"] }, why: w, next: n }",
    "  - { id: there, title: There, risk: high, events: [rds:CreateDBInstance], where: { awsRegion: [eu-west-1] }, why: w, next: n }",
    "  - { id: nothing, title: Nothing, risk: medium, events: [kms:DisableKey], where: { requestParameters: [null] }, why: w, next: n }",
];

fn choices() -> impl Strategy<Value = Choice> {
    let topology = prop_oneof![Just(Topology::Own), Just(Topology::Listed), Just(Topology::Found)];
    let hub = prop_oneof![Just(None), Just(Some("us-east-1")), Just(Some("eu-west-1"))];
    let more = proptest::sample::subsequence(vec!["us-east-2", "eu-north-1", "af-south-1"], 0..=3);
    let alerts = proptest::sample::subsequence((0..ALERTS.len()).collect::<Vec<_>>(), 1..=7);
    (topology, hub, more, alerts, any::<[bool; 6]>()).prop_map(
        |(topology, hub, more, alerts, [trail, heal, mail, json, names, omits])| Choice {
            topology,
            // An account that is not named has no id for a hub.
            hub: hub.filter(|_| topology != Topology::Own),
            trail,
            heal: heal && trail,
            mail: mail || heal,
            json,
            names,
            omits,
            regions: ["us-east-1", "eu-west-1"].into_iter().chain(more).collect(),
            alerts,
        },
    )
}

impl Choice {
    fn blueprint(&self) -> String {
        let name = |name: &str| match self.names {
            true => format!(", name: {name}"),
            false => String::new(),
        };
        let omit = match self.omits {
            true => ", omit: [route]",
            false => "",
        };
        let omit = if self.alerts.contains(&0) { omit } else { "" };
        let [first, second, third, fourth] = ACCOUNTS;
        let listed = format!(
            "accounts:\n  - {{ id: \"{first}\"{} }}\n  - {{ id: \"{second}\"{}, role: ctguard{omit} }}\n",
            name("security"),
            name("prod")
        );
        let accounts = match self.topology {
            Topology::Own => String::new(),
            Topology::Listed => format!(
                "{listed}  - {{ id: \"{third}\"{}, role: ctguard }}\n  - {{ id: \"{fourth}\"{}, role: ctguard }}\n",
                name("dev"),
                name("development"),
            ),
            Topology::Found => format!("{listed}  - organization: {{ role: ctguard }}\n"),
        };
        let hub = self.hub.map_or_else(String::new, |region| {
            format!("hub: {{ account: \"{second}\", region: {region} }}\n")
        });
        let keeper = match self.topology {
            Topology::Own => String::new(),
            _ => format!(", account: \"{first}\""),
        };
        let organization = match self.topology {
            Topology::Found => ", organization: true",
            _ => "",
        };
        let trail = match self.trail {
            true => format!(
                "trail: {{ name: acme, bucket: acme-logs{keeper}{organization}, home_region: us-east-1 }}\n"
            ),
            false => String::new(),
        };
        let heal = match self.heal {
            true => "heal: { logging: { trails: managed, notify: people }, rules: true }\n",
            false => "",
        };
        let format = if self.mail { "mail" } else { "text" };
        let machines = match self.json {
            true => format!(
                "  machines: {{ topic: machines, format: json, subscribers: [{{ https: \"{HOOK}\" }}] }}\n"
            ),
            false => String::new(),
        };
        let to = if self.json { "people, machines" } else { "people" };
        let alerts: Vec<&str> = self.alerts.iter().map(|index| ALERTS[*index]).collect();
        let alerts = alerts.join("\n");
        // The third account is covered by two of three topologies.
        let alerts = match self.topology {
            Topology::Own => {
                alerts.replace(", where: { recipientAccountId: [\"333344445555\"] }", "")
            }
            _ => alerts,
        };
        format!(
            "version: 1\nname: acme\nregions: [{}]\n{accounts}{hub}{trail}{heal}tags: {{ Owner: sec ops, topic: {{ Class: internal }} }}\ndestinations:\n  people: {{ topic: people, format: {format}, subscribers: [{{ email: SecOps@acme.example }}] }}\n{machines}routes: {{ critical: [{to}], high: [people], medium: [{to}], low: [people] }}\nalerts:\n{alerts}\n",
            self.regions.join(", ")
        )
    }

    /// A folder with the blueprint and bare accounts.
    fn world(&self) -> World {
        let world = World::empty();
        world.write("ctguard.yaml", &self.blueprint());
        let mut line = vec!["sandbox", "new", "--bare"];
        let accounts = if self.topology == Topology::Own { &ACCOUNTS[..1] } else { &ACCOUNTS[..] };
        accounts.iter().for_each(|account| line.extend(["--account", *account]));
        self.regions.iter().for_each(|region| line.extend(["--region", *region]));
        if self.topology == Topology::Found {
            line.push("--organization");
        }
        world.run(&line).expect(0);
        world
    }

    fn organization(&self) -> Organization<'static> {
        let found = self.topology == Topology::Found;
        Organization {
            management: found.then_some(ACCOUNTS[0]),
            members: if found { &ACCOUNTS } else { &[] },
            own: ACCOUNTS[0],
        }
    }
}

/// Exports, and has the small engine deploy it in the world's accounts.
fn exported(world: &World, organization: &Organization<'_>) {
    let folder = world.path("deploy");
    let out = folder.display().to_string();
    let file = world.path("ctguard.yaml").display().to_string();
    world.run(&["export", "cloudformation", &file, "--out", &out]).expect(0);
    world.run(&["export", "--check", &out, &file]).expect(0);
    let sandbox = Sandbox::open(&world.path("account.json")).unwrap();
    let secrets = BTreeMap::from([("hook", HOOK)]);
    deploy(&folder, &sandbox, organization, &secrets);
}

/// What is in the accounts, without what only says when and how it came there.
fn made(state: &State) -> Value {
    let mut state = state.clone();
    for account in state.accounts.values_mut() {
        for here in account.regions.values_mut() {
            here.queues.values_mut().for_each(|queue| queue.created = None);
            here.outbox.clear();
            here.executions.clear();
        }
        account.regions.retain(|_, here| *here != Default::default());
    }
    let mut value = crate::laws::whatever_order(serde_json::to_value(&state).unwrap());
    forget(&mut value);
    value
}

/// Takes out what is different each time: times, and ids of subscriptions and machines.
fn forget(value: &mut Value) {
    match value {
        Value::Object(map) => {
            for key in ["clock", "since", "created", "history", "calls", "indexed"] {
                map.remove(key);
            }
            // Of a subscription.
            if map.contains_key("attributes") {
                map.remove("arn");
            }
            map.values_mut().for_each(forget);
        }
        Value::Array(list) => list.iter_mut().for_each(forget),
        _ => {}
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 14, ..ProptestConfig::default() })]

    /// Equality: after a deployment the plan is empty, and what is there is what an apply would have
    /// made, object by object, attribute by attribute.
    #[test]
    fn a_deployment_makes_what_an_apply_makes(choice in choices()) {
        let (applied, deployed) = (choice.world(), choice.world());
        applied.run(&["apply", "--yes"]).expect(0);
        exported(&deployed, &choice.organization());
        let plan = deployed.run(&["plan", "--detailed-exitcode"]);
        prop_assert_eq!(plan.code, 0, "{}\n{}\n{}", plan.out, plan.err, choice.blueprint());
        let before = deployed.state();
        deployed.run(&["apply", "--yes"]).expect(0);
        prop_assert_eq!(deployed.state(), before, "an apply changes what was deployed");
        let (applied, deployed) = (made(&applied.state()), made(&deployed.state()));
        prop_assert_eq!(
            serde_json::to_string_pretty(&applied).unwrap(),
            serde_json::to_string_pretty(&deployed).unwrap()
        );
    }
}

/// Every account of today is listed, and special: there is nobody yet whose class a new one could take over.
#[test]
fn an_account_that_joins_gets_what_was_exported_before() {
    let [first, second, third, _] = ACCOUNTS;
    for hub in [
        String::new(),
        format!(
            "hub: {{ account: \"{second}\", region: eu-west-1, organization: o-sandbox0000 }}\n"
        ),
    ] {
        let blueprint = format!(
            "version: 1\nname: acme\nregions: [us-east-1, eu-west-1]\n{hub}accounts:\n  - {{ id: \"{first}\" }}\n  - {{ id: \"{second}\", role: ctguard, omit: [route] }}\n  - organization: {{ role: ctguard }}\ndestinations: {{ people: {{ topic: people, subscribers: [{{ email: secops@acme.example }}] }} }}\nroutes: {{ high: [people], critical: [people] }}\nalerts:\n{}\n{}\n",
            ALERTS[0], ALERTS[1]
        );
        let world = |accounts: &[&str]| {
            let world = World::empty();
            world.write("ctguard.yaml", &blueprint);
            let mut line = vec!["sandbox", "new", "--bare", "--organization"];
            accounts.iter().for_each(|account| line.extend(["--account", *account]));
            world.run(&line).expect(0);
            world
        };
        let (today, later) = (world(&[first, second]), world(&[first, second, third]));
        let folder = today.path("deploy");
        let (out, file) =
            (folder.display().to_string(), today.path("ctguard.yaml").display().to_string());
        today.run(&["export", "cloudformation", &file, "--out", &out]).expect(0);
        let stacks: Value = serde_json::from_str(&today.read("deploy/stacks.json")).unwrap();
        let joins = |set: &&Value| set["auto_deployment"] == true;
        assert!(stacks["stacks"].as_array().unwrap().iter().any(|set| joins(&set)), "{stacks:#}");
        let sandbox = Sandbox::open(&later.path("account.json")).unwrap();
        let members = &[first, second, third];
        let organization = Organization { management: Some(first), members, own: first };
        deploy(&folder, &sandbox, &organization, &BTreeMap::new());
        let plan = later.run(&["plan", "--detailed-exitcode"]);
        assert_eq!(plan.code, 0, "{}\n{}", plan.out, plan.err);

        let modules = today.path("modules").display().to_string();
        today.run(&["export", "terraform", &file, "--out", &modules]).expect(0);
        let root: Value = serde_json::from_str(&today.read("modules/member/main.tf.json")).unwrap();
        let guard = root["resource"]["terraform_data"]["account"]["lifecycle"].to_string();
        assert!(guard.contains("terraform.workspace") && guard.contains(second), "{guard}");
        assert!(!guard.contains(third), "{guard}");
    }
}
