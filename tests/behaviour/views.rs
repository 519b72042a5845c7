//! What a reviewer reads, for the cases that tell most: narrow and wide, in colour and without.

use crate::fleet;
use crate::laws;
use crate::world::blueprints::{PLAIN, TRAIL, keeping_a_trail};
use crate::world::{Screen, World};
use ctguard::report::Paint;
use ctguard::report::attribution::{self, drift};
use ctguard::report::plan::{Detail, PlanView, render};
use ctguard_core::drift::Culprit;
use ctguard_core::plan::Plan;
use ctguard_core::scope::{AccountId, Region};
use ctguard_sandbox::fresh::{AccountKind, new_account};
use ctguard_sandbox::state::Denied;
use ctguard_sandbox::{Sandbox, State};

const NARROW: usize = 80;
const BROAD: usize = 120;

/// The same view narrow and plain, and broad and in colour. Colour must not say anything by itself, and no line is
/// longer than the screen unless it is one name.
fn both(show: impl Fn(Screen) -> String) -> String {
    for width in [NARROW, BROAD] {
        let plain = show(Screen { width, color: false });
        let colored = show(Screen { width, color: true });
        assert_eq!(without_color(&colored), plain, "colour changes the text at {width} columns");
        for line in plain.lines() {
            let one_word = !line.trim_start().contains(' ');
            let fits = line.chars().count() <= width || one_word || line.starts_with("Next: ");
            assert!(fits, "longer than {width}: {line}");
        }
    }
    let narrow = show(Screen { width: NARROW, color: false });
    let broad = show(Screen { width: BROAD, color: true }).replace('\u{1b}', "␛");
    format!("=== {NARROW} columns\n{narrow}\n=== {BROAD} columns, in colour\n{broad}")
}

fn without_color(text: &str) -> String {
    let mut out = String::new();
    let mut escape = false;
    for c in text.chars() {
        match c {
            '\u{1b}' => escape = true,
            'm' if escape => escape = false,
            c if !escape => out.push(c),
            _ => {}
        }
    }
    out
}

fn run(world: &World, args: &[&str]) -> String {
    both(|screen| {
        let ran = world.on(screen, args);
        format!("exit {}\n{}", ran.code, ran.out)
    })
}

fn rendered(plan: &Plan, question: PlanView) -> String {
    both(|screen| {
        render(plan, question, Detail::Brief, Paint { color: screen.color, width: screen.width })
    })
}

#[test]
fn a_first_apply() {
    let world = World::bare(&keeping_a_trail());
    insta::assert_snapshot!(run(&world, &["plan", "-q", "--region", "us-east-1,eu-west-1"]));
}

/// A pattern, a policy, a message and a plain value have moved: each is told as what it means.
#[test]
fn drift_of_a_rule_and_what_hangs_on_it() {
    let world = World::settled(&keeping_a_trail());
    world.run(&["sandbox", "break", "narrow-pattern"]).expect(0);
    world.run(&["sandbox", "break", "condition-topic-policy"]).expect(0);
    world.run(&["sandbox", "break", "disable-rule", "new-user"]).expect(0);
    world.change(|state| {
        for regional in state.accounts.values_mut().flat_map(|a| a.regions.values_mut()) {
            for target in regional.rules.values_mut().flat_map(|rule| rule.targets.values_mut()) {
                if let ctguard_core::resource::rule::Input::Transformer(input) = &mut target.input {
                    input.template = input.template.replace("Ask whoever made it.", "Nothing.");
                }
            }
        }
    });
    insta::assert_snapshot!(run(&world, &["drift", "-q"]));
}

#[test]
fn moving_to_a_hub() {
    let world = World::empty();
    world.write("ctguard.yaml", &fleet::text("", fleet::ALERTS));
    let accounts = fleet::ACCOUNTS.join(",");
    world.run(&["sandbox", "new", "--account", &accounts]).expect(0);
    world.run(&["apply", "--yes"]).expect(0);
    world.run(&["sandbox", "confirm"]).expect(0);
    world.write("ctguard.yaml", &fleet::text(fleet::HUB, fleet::ALERTS));
    insta::assert_snapshot!(run(&world, &["plan", "-q"]));
}

const REGIONS: [&str; 17] = [
    "ap-northeast-1",
    "ap-northeast-2",
    "ap-northeast-3",
    "ap-south-1",
    "ap-southeast-1",
    "ap-southeast-2",
    "ca-central-1",
    "eu-central-1",
    "eu-north-1",
    "eu-west-1",
    "eu-west-2",
    "eu-west-3",
    "sa-east-1",
    "us-east-1",
    "us-east-2",
    "us-west-1",
    "us-west-2",
];

/// Three accounts in 17 regions each.
fn wide_fleet() -> State {
    let regions: Vec<Region> = REGIONS.iter().map(|name| Region::new(name).unwrap()).collect();
    let mut states = fleet::ACCOUNTS
        .iter()
        .map(|id| new_account(AccountKind::WithTrail, &AccountId::new(id).unwrap(), &regions));
    let mut state = states.next().unwrap();
    for other in states {
        state.accounts.extend(other.accounts);
    }
    state
}

/// What is the same in many places is one line, whatever it is.
#[test]
fn fifty_one_identical_places() {
    const ALERT: &str =
        "  - { id: route, title: Route, risk: high, events: [ec2:CreateRoute], why: w, next: n }";
    let everywhere = fleet::text("", ALERT)
        .replace("[us-east-1, eu-west-1]", &format!("[{}]", REGIONS.join(", ")));
    let sandbox = Sandbox::in_memory(wide_fleet());
    let before = laws::read(&everywhere);
    fleet::settle(&sandbox, &before);
    let after =
        laws::read(&everywhere.replace("[ec2:CreateRoute]", "[ec2:CreateRoute, ec2:ReplaceRoute]"));
    let plan = laws::plan(&sandbox, &after);
    assert_eq!(plan.changes.len(), 51, "one rule in each place");
    insta::assert_snapshot!(rendered(&plan, PlanView::Plan));
}

#[test]
fn an_account_that_cannot_be_read() {
    let mut state = fleet::fleet();
    let account = AccountId::new(fleet::ACCOUNTS[1]);
    state.denied.push(Denied { operation: "*".into(), account, region: None });
    let plan = laws::plan(&Sandbox::in_memory(state), &laws::read(&fleet::text("", fleet::ALERTS)));
    insta::assert_snapshot!(rendered(&plan, PlanView::Plan));
}

/// An alert leaves the blueprint, and another loses its people in one region.
#[test]
fn lost_coverage() {
    let world = World::settled(&keeping_a_trail());
    let less =
        PLAIN.replace("id: route\n", "id: other\n").replace("ec2:CreateRoute", "ec2:DeleteRoute");
    world.write("ctguard.yaml", &format!("{less}{TRAIL}"));
    insta::assert_snapshot!(run(&world, &["plan", "-q"]));
}

#[test]
fn taking_over_what_is_in_the_way() {
    let world = World::settled(&keeping_a_trail());
    world.run(&["sandbox", "break", "narrow-pattern", "route"]).expect(0);
    world.run(&["sandbox", "break", "strip-tags", "ctguard-acme-route"]).expect(0);
    insta::assert_snapshot!(run(&world, &["plan", "-q", "--adopt"]));
}

#[test]
fn removing_everything() {
    let world = World::settled(&keeping_a_trail());
    insta::assert_snapshot!(run(&world, &["plan", "-q", "--destroy"]));
}

#[test]
fn a_stale_plan() {
    let world = World::settled(&keeping_a_trail());
    world.run(&["sandbox", "break", "disable-rule", "route"]).expect(0);
    let plan = world.path("plan.json").display().to_string();
    world.run(&["plan", "--out", &plan]).expect(0);
    world.run(&["sandbox", "break", "disable-rule", "new-user"]).expect(0);
    world.run(&["sandbox", "break", "unsubscribe"]).expect(0);
    let account = world.path("account.json").display().to_string();
    let line = ["ctguard", "--sandbox", &account, "apply", &plan, "--yes"].map(Into::into);
    insta::assert_snapshot!(world.command(line.to_vec(), None).expect(5).seen());
}

#[test]
fn an_apply_and_the_verdict_after_it() {
    let world = World::bare(&keeping_a_trail());
    let denied = |operation: &str| Denied {
        operation: operation.into(),
        account: None,
        region: Region::new("eu-west-1"),
    };
    world.change(|state| state.denied.push(denied("events:PutTargets")));
    let file = world.read("account.json");
    let shown = run_anew(&world, &file, &["apply", "--yes", "-q", "--report"]);
    insta::assert_snapshot!("an_apply_that_stops_part_way", shown);
    insta::assert_snapshot!("a_verdict", run(&world, &["verify", "-q"]));
}

/// A command that changes the account, each time on the account as it was.
fn run_anew(world: &World, file: &str, args: &[&str]) -> String {
    let args: Vec<&str> = args.iter().copied().filter(|arg| *arg != "--report").collect();
    both(|screen| {
        world.write("account.json", file);
        let ran = world.on(screen, &args);
        let report = ran.out.find("✗ failed").or(ran.out.find("Applied ")).unwrap_or(0);
        let start = ran.out[..report].rfind('\n').map_or(0, |at| at + 1);
        format!("exit {}\n{}", ran.code, &ran.out[start..])
    })
}

/// The text knows nothing that the JSON does not.
#[test]
fn text_is_made_from_the_json_alone() {
    let world = World::settled(&keeping_a_trail());
    world.run(&["sandbox", "break", "narrow-pattern"]).expect(0);
    world.run(&["sandbox", "break", "rewrite-topic-policy"]).expect(0);
    let paint = Paint { color: false, width: crate::world::WIDE.width };
    for (verb, question) in [("plan", PlanView::Plan), ("drift", PlanView::Drift { by_others: 0 })]
    {
        let json = world.run(&[verb, "--format", "json"]).out;
        let plan: Plan = serde_json::from_str(&json).unwrap();
        let text = world.run(&[verb]).out;
        let text = text.split("\nNext: ").next().unwrap();
        let rendered = match question {
            PlanView::Plan => {
                let value: serde_json::Value = serde_json::from_str(&json).unwrap();
                let culprits = value.get("culprits").cloned().unwrap_or_default();
                let culprits: Option<Vec<Culprit>> = serde_json::from_value(culprits).unwrap();
                attribution::plan(&plan, &culprits.unwrap_or_default(), Detail::Brief, paint)
            }
            PlanView::Drift { .. } => drift(&serde_json::from_str(&json).unwrap(), paint),
        };
        assert_eq!(rendered, text, "{verb}");
    }
    let report = serde_json::from_str(&world.run(&["verify", "--format", "json"]).out).unwrap();
    let text = world.run(&["verify"]).out;
    assert_eq!(ctguard::report::verify::render(&report, paint), text);

    let file = world.read("account.json");
    let text = world.run(&["apply", "--yes"]).out;
    world.write("account.json", &file);
    let report = serde_json::from_str(&world.run(&["apply", "--yes", "--format", "json"]).out);
    let rendered = ctguard::report::apply::render(&report.unwrap(), paint);
    assert!(text.ends_with(&rendered), "{text}\n{rendered}");
}

#[test]
fn the_next_command_is_the_one_to_type() {
    let world = World::bare(&keeping_a_trail());
    let next = |args: &[&str]| {
        let out = world.run(args).out;
        out.lines().find_map(|line| line.strip_prefix("Next: ").map(str::to_owned)).unwrap()
    };
    let typed = ["plan", "--region", "us-east-1", "--as-of", "2026-11-22"];
    assert_eq!(
        next(&typed),
        "ctguard apply FOLDER/ctguard.yaml --region us-east-1 --as-of 2026-11-22"
    );
    // A saved plan says itself what it covers.
    let out = world.path("plan.json").display().to_string();
    assert_eq!(next(&[&typed[..], &["--out", &out]].concat()), "ctguard apply FOLDER/plan.json");
    // Without the account, the next command would change another one.
    let account = world.path("./account.json").display().to_string();
    let file = world.path("ctguard.yaml").display().to_string();
    let line = ["ctguard", "--sandbox", &account, "plan", &file].map(Into::into);
    let ran = world.command(line.to_vec(), None).expect(0);
    assert!(ran.out.contains("ctguard.yaml --sandbox FOLDER/./account.json"), "{}", ran.out);
    world.run(&["apply", "--yes"]).expect(0);
    assert_eq!(next(&["plan"]), "ctguard verify FOLDER/ctguard.yaml");
    assert_eq!(next(&["plan", "--destroy"]), "ctguard destroy FOLDER/ctguard.yaml");
}

#[test]
fn no_command_is_proposed_that_would_be_refused() {
    let world = World::settled(&keeping_a_trail());
    let next = |line: &[&str]| {
        let ran = world.command(line.iter().map(Into::into).collect(), None);
        ran.out.lines().find_map(|line| line.strip_prefix("Next: ").map(str::to_owned))
    };
    let file = world.path("ctguard.yaml").display().to_string();
    let snapshot = world.path("live.json").display().to_string();
    // A snapshot cannot be changed, but what it holds can be proven.
    world.run(&["snapshot", "--out", &snapshot]).expect(0);
    let recorded = ["ctguard", "plan", &file, "--snapshot", &snapshot];
    let says = "ctguard verify FOLDER/ctguard.yaml --snapshot FOLDER/live.json";
    assert_eq!(next(&recorded).as_deref(), Some(says));
    world.run(&["sandbox", "break", "disable-rule"]).expect(0);
    world.run(&["snapshot", "--out", &snapshot]).expect(0);
    let says = "look at the live accounts: ctguard plan FOLDER/ctguard.yaml";
    assert_eq!(next(&recorded).as_deref(), Some(says));
    // Nothing is left of a plan that went into a pipe or a device.
    let account = world.path("account.json").display().to_string();
    let live = ["ctguard", "plan", &file, "--sandbox", &account, "--out"];
    assert_eq!(next(&[&live[..], &["/dev/null"]].concat()), None);
    // What is in the way is not changed by another apply.
    world.run(&["apply", "--yes"]).expect(0);
    world.change(|state| {
        for regional in state.accounts.values_mut().flat_map(|one| one.regions.values_mut()) {
            regional.rules.values_mut().for_each(|rule| rule.tags.clear());
        }
    });
    let says = next(&live[..5]).unwrap_or_default();
    assert!(says.starts_with("mend what is refused, then ctguard plan FOLDER/"), "{says}");
}
