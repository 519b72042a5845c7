//! How many rules the built-ins take, and that docs/blueprints.md says so.

use crate::world::World;
use ctguard_core::blueprint::builtin;
use serde_json::Value;
use std::path::Path;

const HEAD: &str = "version: 1
name: acme
regions: [us-east-1, eu-west-1]
destinations: { soc: { topic: soc, format: json, subscribers: [{ sqs: 'arn:aws:sqs:us-east-1:111122223333:soc' }] } }
routes: { critical: [soc], high: [soc], medium: [soc], low: [soc] }
include:
";
/// What a bus takes by default.
/// <https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-quota.html>
const RULES_ON_A_BUS: usize = 300;

/// The rules that a plan makes in an empty account.
fn rules(include: &str) -> Vec<Value> {
    let world = World::bare(&format!("{HEAD}{include}"));
    let blueprint = world.path("ctguard.yaml").display().to_string();
    let plan = world.run(&["plan", &blueprint, "--format", "json"]).json();
    let changes = plan["changes"].as_array().unwrap();
    changes.iter().filter(|change| change["address"]["kind"] == "rule").cloned().collect()
}

fn in_region(rules: &[Value], region: &str) -> usize {
    rules.iter().filter(|rule| rule["address"]["region"] == region).count()
}

/// The last two cells of the first row that begins so.
fn told(page: &str, start: &str) -> (usize, usize) {
    let row = page.lines().find(|line| line.starts_with(start));
    let row = row.unwrap_or_else(|| panic!("no row begins with {start}"));
    let cells: Vec<&str> = row.trim_matches('|').split('|').map(str::trim).collect();
    (cells[cells.len() - 2].parse().unwrap(), cells[cells.len() - 1].parse().unwrap())
}

#[test]
fn the_page_says_how_many_rules_each_takes_and_all_of_them_fit_a_bus() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let page = std::fs::read_to_string(root.join("docs/blueprints.md")).unwrap();
    for id in builtin::ids() {
        let rules = rules(&format!("  - builtin: {id}\n"));
        let counted = (in_region(&rules, "us-east-1"), in_region(&rules, "eu-west-1"));
        assert_eq!(counted, told(&page, &format!("| [`{id}`]")), "{id}");
    }
    let all: String = builtin::ids().map(|id| format!("  - builtin: {id}\n")).collect();
    let rules = rules(&all);
    let counted = (in_region(&rules, "us-east-1"), in_region(&rules, "eu-west-1"));
    assert_eq!(counted, told(&page, "| together"));
    assert!(counted.0 <= RULES_ON_A_BUS);
    let wild = rules.iter().filter(|rule| {
        rule["address"]["region"] == "us-east-1" && rule["fields"].to_string().contains("wildcard")
    });
    assert_eq!(wild.count(), 8, "the page says how many rules have a wildcard");
    assert!(page.contains("Eight rules have\na wildcard"));
}
