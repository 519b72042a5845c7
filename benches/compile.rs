//! How long ctguard itself takes for a large blueprint: 300 alerts in 20 regions, everything in sync.
//!
//! Reads, compiles, compares and proves, without a network: the account is a sandbox in memory. Built as an
//! example and not as a bench target, since those are compiled without `panic = "abort"`, and so would
//! compile the whole SDK once more.

#![allow(clippy::unwrap_used, clippy::panic)]

use ctguard::run;
use ctguard_core::blueprint::{Blueprint, load_text};
use ctguard_core::desired;
use ctguard_core::desired::{Narrow, Scope};
use ctguard_core::plan::{Stage, diff};
use ctguard_core::proof::prove;
use ctguard_core::scope::{AccountId, Region};
use ctguard_sandbox::Sandbox;
use ctguard_sandbox::fresh::{AccountKind, DEFAULT_ACCOUNT, new_account};
use std::fmt::Write as _;
use std::hint::black_box;
use std::sync::atomic::AtomicBool;
use std::time::{Duration, Instant};

const ALERTS: usize = 300;
const REGIONS: usize = 20;
const ROUNDS: usize = 10;
const TODAY: jiff::civil::Date = jiff::civil::date(2026, 11, 22);

/// Alerts differ in their filters; a third has an exception, which takes the most compiling.
const EVENTS: [&str; 6] = [
    "ec2:CreateRoute, ec2:ReplaceRoute",
    "ec2:CreateSecurityGroup",
    "cloudtrail:StopLogging, cloudtrail:DeleteTrail",
    "rds:ModifyDBInstance",
    "kms:ScheduleKeyDeletion, kms:DisableKey",
    "lambda:AddPermission",
];

fn text() -> String {
    let regions: Vec<String> = regions().iter().map(ToString::to_string).collect();
    let mut text = format!(
        "version: 1\nname: bench\nregions: [{}]\ndestinations:\n  \
         mail: {{ topic: mail, format: text, subscribers: [{{ email: a@acme.example }}] }}\n\
         routes: {{ high: [mail] }}\nalerts:\n",
        regions.join(", ")
    );
    for n in 0..ALERTS {
        let events = EVENTS[n % EVENTS.len()];
        let except = if n % 3 == 0 {
            ", except: [{ where: { sourceIPAddress: [{ cidr: 203.0.113.0/28 }] }, reason: office, owner: secops, until: 2027-01-31 }]"
        } else {
            ""
        };
        writeln!(
            text,
            "  - {{ id: alert-{n:03}, title: Alert {n}, risk: high, why: Because., next: Call., \
             events: [{events}], where: {{ userIdentity.userName: [user-{n:03}] }}{except} }}"
        )
        .unwrap();
    }
    text
}

fn regions() -> Vec<Region> {
    let areas = ["us-east", "us-west", "eu-west", "eu-central", "ap-south"];
    let names = areas.iter().flat_map(|area| (1..=4).map(move |n| format!("{area}-{n}")));
    names.take(REGIONS).map(|name| Region::new(&name).unwrap()).collect()
}

fn read(text: &str) -> Blueprint {
    let loaded = load_text("bench.yaml", text, None, TODAY);
    loaded.blueprint.unwrap_or_else(|| panic!("{:#?}", loaded.diagnostics))
}

/// The fastest of some rounds: what the work takes when nothing else is in its way.
fn fastest<T>(work: impl Fn() -> T) -> Duration {
    let round = || {
        let begun = Instant::now();
        black_box(work());
        begun.elapsed()
    };
    (0..ROUNDS).map(|_| round()).min().unwrap()
}

#[tokio::main(flavor = "current_thread")]
async fn main() {
    let text = text();
    let blueprint = read(&text);
    let account = AccountId::new(DEFAULT_ACCOUNT).unwrap();
    let sandbox = Sandbox::in_memory(new_account(AccountKind::WithTrail, &account, &regions()));
    let survey =
        run::survey(&sandbox, &blueprint, TODAY, &Narrow::default(), 1, &|_| {}).await.unwrap();
    let plan = diff(&survey.desired, &survey.live, Stage::Planned);
    let from_zero = plan.changes.len();
    let stop = AtomicBool::new(false);
    run::apply(&sandbox, &survey.desired, &plan, 1, &stop, &|_| {}).await;
    let survey =
        run::survey(&sandbox, &blueprint, TODAY, &Narrow::default(), 1, &|_| {}).await.unwrap();
    let plan = diff(&survey.desired, &survey.live, Stage::Planned);
    assert!(plan.is_empty(), "{} changes are left of {from_zero}", plan.changes.len());

    let mut scope = Scope::of_accounts(&blueprint, &account, None).unwrap();
    scope.add_regions(&blueprint, &account, Ok(&[]), TODAY).unwrap();
    println!(
        "{ALERTS} alerts × {REGIONS} regions, {} objects in sync; fastest of {ROUNDS} rounds",
        plan.in_sync
    );
    let rows = [
        ("read and validate the blueprint", fastest(|| read(&text))),
        ("compile", fastest(|| desired::compile(&blueprint, &scope, TODAY))),
        ("diff", fastest(|| diff(&survey.desired, &survey.live, Stage::Planned))),
        ("prove", fastest(|| prove(&survey.desired, &survey.live).counts())),
    ];
    for (what, took) in rows {
        println!("  {what:<34}{:>9.1} ms", took.as_secs_f64() * 1000.0);
    }
}
