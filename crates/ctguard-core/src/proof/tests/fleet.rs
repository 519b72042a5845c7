//! Small fleets: a blueprint with a hub, what it wants, and accounts in which all of that is.

use crate::blueprint::{Account, Accounts, Blueprint, Hub, Risk, load_text};
use crate::desired::{Desired, DesiredPlace, Scope, ScopeAccount, ScopeOrganization, compile};
use crate::resource::Tags;
use crate::resource::bus::Bus;
use crate::resource::machine::{MachineStatus, machine_arn};
use crate::resource::policy;
use crate::resource::role::Role;
use crate::resource::small_map::SmallMap;
use crate::resource::topic::Topic;
use crate::resource::trail::{AdvancedSelector, FieldSelector, Selectors, Trail, TrailStatus};
use crate::scope::{AccountId, Place, Region};
use crate::snapshot::Live;
use crate::snapshot::{
    AccountSnapshot, LiveBus, LiveMachine, LiveQueue, LiveRole, LiveRule, LiveSubscription,
    LiveTopic, LiveTrail, Observed, Packed, PlaceSnapshot,
};
use std::collections::{BTreeMap, BTreeSet};

pub const HUB: &str = "111111111111";
pub const SPOKE: &str = "222222222222";
pub const OTHER: &str = "333333333333";
pub const REGIONS: [&str; 2] = ["eu-west-1", "us-east-1"];
pub const BUS: &str = "arn:aws:events:eu-west-1:111111111111:event-bus/ctguard-acme";
pub const ORGANIZATION: &str = "o-acme";

const ALERTS: &str = "
  - { id: route, title: Route, risk: high, why: Why., next: Next., events: [ec2:CreateRoute] }
  - { id: look, title: Look, risk: low, why: Why., next: Next., events: [sts:AssumeRole] }
  - { id: user, title: User, risk: high, why: Why., next: Next., events: [iam:CreateUser] }
";

/// What a fleet is made of.
#[derive(Debug, Clone)]
pub struct Town {
    pub accounts: Vec<String>,
    pub regions: Vec<String>,
    pub alerts: String,
    pub hub: bool,
    /// The accounts were discovered in the organization.
    pub discovered: bool,
    /// The organization that the hub is said to belong to.
    pub said: Option<String>,
    /// Accounts whose alerts notify nobody.
    pub unrouted: BTreeSet<String>,
}

impl Default for Town {
    fn default() -> Self {
        Self {
            accounts: [HUB, SPOKE, OTHER].map(str::to_owned).to_vec(),
            regions: REGIONS.map(str::to_owned).to_vec(),
            alerts: ALERTS.to_owned(),
            hub: true,
            discovered: false,
            said: None,
            unrouted: BTreeSet::new(),
        }
    }
}

/// An account as a blueprint lists it; `unrouted` where its alerts notify nobody.
fn listed(id: &str, unrouted: bool) -> Account {
    let routes = [Risk::Low, Risk::High].map(|risk| (risk, Vec::new()));
    let routes = routes.into_iter().filter(|_| unrouted).collect();
    Account { id: account(id), name: None, role: None, omit: BTreeSet::new(), routes, span: None }
}

pub fn account(id: &str) -> AccountId {
    AccountId::new(id).expect("an account id")
}

pub fn region(name: &str) -> Region {
    Region::new(name).expect("a region")
}

pub fn place(id: &str, name: &str) -> Place {
    Place::new(account(id), region(name))
}

impl Town {
    pub fn blueprint(&self) -> Blueprint {
        let text = format!(
            "version: 1\nname: acme\nregions: [{}]\ndestinations:\n  mail: {{ topic: mail, format: text, subscribers: [{{ email: a@acme.example }}] }}\nroutes: {{ high: [mail], low: [mail] }}\nalerts:{}",
            self.regions.join(", "),
            self.alerts
        );
        let loaded = load_text("ctguard.yaml", &text, None, jiff::civil::date(2026, 11, 22));
        let mut blueprint = loaded.blueprint.unwrap_or_else(|| panic!("{:#?}", loaded.diagnostics));
        blueprint.hub = self.hub.then(|| Hub {
            account: account(HUB),
            region: region("eu-west-1"),
            organization: self.said.clone(),
            span: None,
        });
        if !self.unrouted.is_empty() {
            let unrouted = |id: &String| self.unrouted.contains(id);
            let all = self.accounts.iter().map(|id| (account(id), listed(id, unrouted(id))));
            blueprint.accounts = Some(Accounts { listed: all.collect(), organization: None });
        }
        blueprint
    }

    pub fn scope(&self) -> Scope {
        let accounts = self.accounts.iter().map(|id| {
            let name = (id == SPOKE).then(|| "prod".to_owned());
            (account(id), ScopeAccount { name, discovered: self.discovered })
        });
        let places =
            self.accounts.iter().flat_map(|id| self.regions.iter().map(|name| place(id, name)));
        Scope {
            places: places.collect(),
            accounts: accounts.collect(),
            organization: self.discovered.then(|| ScopeOrganization {
                id: ORGANIZATION.to_owned(),
                management: None,
                unit_paths: BTreeSet::new(),
                excluded: BTreeSet::new(),
            }),
            ..Scope::default()
        }
    }

    pub fn desired(&self) -> Desired {
        compile(&self.blueprint(), &self.scope(), jiff::civil::date(2026, 11, 22))
            .unwrap_or_else(|problems| panic!("{problems:#?}"))
    }
}

/// Accounts in which everything is as it should be, and everybody has confirmed.
pub fn settled(desired: &Desired) -> Live {
    let mut live = Live::default();
    for (at, here) in &desired.places {
        live.places.insert(at.clone(), seen(at, here));
        live.accounts.entry(at.account.clone()).or_insert_with(|| AccountSnapshot {
            account: at.account.clone(),
            enabled_regions: Observed::Absent,
            buckets: BTreeMap::new(),
            roles: BTreeMap::new(),
        });
    }
    for (id, role) in &desired.roles {
        let known = LiveRole {
            role: Role {
                trust: role.trust.clone(),
                policies: role.policies.clone(),
                permissions_boundary: None,
            },
            tags: Observed::Known(role.tags.clone()),
            attached: Observed::Known(BTreeMap::new()),
            boundary: Observed::Absent,
        };
        if let Some(account) = live.accounts.get_mut(id) {
            account.roles.insert(role.name.clone(), Observed::Known(known));
        }
    }
    live
}

fn seen(at: &Place, here: &DesiredPlace) -> PlaceSnapshot {
    let rules_of = |bus: Option<&str>| {
        let own = here.rules.iter().filter_map(|(key, wanted)| {
            let rule = LiveRule {
                rule: wanted.rule.clone(),
                targets: Observed::Known(wanted.targets.clone()),
                tags: Observed::Known(wanted.tags.clone()),
            };
            (key.bus() == bus).then(|| (key.name().to_owned(), rule))
        });
        Observed::Known(own.collect())
    };
    let bus = here.bus.iter().map(|bus| {
        let live = LiveBus {
            bus: Bus { policy: Some(policy::document(bus.own_statements.clone())), kms_key: None },
            tags: Observed::Known(bus.tags.clone()),
            rules: rules_of(Some(&bus.name)),
            others: Observed::Known(BTreeMap::new()),
        };
        (bus.name.clone(), Observed::Known(live))
    });
    let topics = here.topics.iter().map(|(name, wanted)| {
        let subscriptions = wanted.subscriptions.iter().map(|(endpoint, attributes)| {
            let arn = format!("{}:1", at.arn("sns", name));
            let attributes = Observed::Known(attributes.clone());
            (endpoint.clone(), LiveSubscription::Confirmed { arn, attributes })
        });
        let topic = LiveTopic {
            topic: Topic {
                policy: Some(policy::document(wanted.own_statements.clone())),
                ..Topic::default()
            },
            subscriptions: Observed::Known(subscriptions.collect()),
            tags: Observed::Known(wanted.tags.clone()),
        };
        (at.arn("sns", name), Observed::Known(topic))
    });
    let queues = here.queues.iter().map(|(name, wanted)| {
        let mut queue = wanted.queue.clone();
        queue.policy = Some(policy::document(vec![wanted.own_statement(at, name)]));
        let tags = Observed::Known(wanted.tags.clone());
        (
            at.arn("sqs", name),
            Observed::Known(LiveQueue {
                queue: Packed::of(&queue),
                tags,
                messages: 0,
                age_hours: None,
            }),
        )
    });
    let machines = here.machines.iter().map(|(name, wanted)| {
        let (machine, tags) = (wanted.machine.clone(), Observed::Known(wanted.tags.clone()));
        let live = LiveMachine { machine, status: MachineStatus::Active, tags };
        (machine_arn(at, name), Observed::Known(live))
    });
    PlaceSnapshot {
        place: at.clone(),
        rules: rules_of(None),
        buses: bus.collect(),
        default_bus_key: Observed::Absent,
        rules_on_bus: None,
        wildcard_rules_on_bus: None,
        stray_rules: BTreeMap::new(),
        other_rules: BTreeMap::new(),
        functions: BTreeMap::new(),
        signals: SmallMap::new(),
        executions: BTreeMap::new(),
        machines: machines.collect(),
        topics: topics.collect(),
        queues: queues.collect(),
        trails: Observed::Known(SmallMap::from([trail(at)])),
        keys: BTreeMap::new(),
    }
}

/// A trail of the account, at home in us-east-1, as a region sees it.
fn trail(at: &Place) -> (String, LiveTrail) {
    let home = region("us-east-1");
    let management = FieldSelector {
        field: "eventCategory".to_owned(),
        equals: vec!["Management".to_owned()],
        ..FieldSelector::default()
    };
    let selectors =
        Selectors::Advanced(vec![AdvancedSelector { name: None, fields: vec![management] }]);
    let trail = LiveTrail {
        name: "all".to_owned(),
        home_region: home.clone(),
        trail: Trail {
            bucket: "logs".to_owned(),
            key_prefix: None,
            multi_region: true,
            organization: false,
            global_service_events: true,
            log_file_validation: true,
            kms_key: None,
        },
        insights: false,
        status: Observed::Known(TrailStatus { logging: true, ..TrailStatus::default() }),
        selectors: if at.region == home { Observed::Known(selectors) } else { Observed::Absent },
        tags: Observed::Known(Tags::new()),
    };
    (Place::new(at.account.clone(), home).arn("cloudtrail", "trail/all"), trail)
}
