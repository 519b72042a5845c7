//! Each built-in over a made-up month of an ordinary account, and over the attack that it is for.
//!
//! The month is that of `make noise`, with no line of its table made more than 750 times: what fires more than hourly
//! does so here, too, and what fires less often is counted to the last record.

#[path = "../../benches/corpus/month.rs"]
mod month;
#[path = "../../benches/corpus/random.rs"]
mod random;

use crate::world::World;
use ctguard_core::blueprint::builtin;
use month::Month;
use serde_json::Value;
use std::path::Path;

const HEAD: &str = "version: 1
name: noise
regions: enabled
destinations: { soc: { topic: soc, format: json, subscribers: [{ sqs: 'arn:aws:sqs:us-east-1:111122223333:soc' }] } }
routes: { critical: [soc], high: [soc], medium: [soc], low: [soc] }
include:
";
const HOURLY: u64 = 30 * 24;
/// What docs/blueprints.md tells people to omit, or to copy with an exception.
const LOUD: [&str; 1] = ["cis-unauthorized-call"];

/// The alerts of a replay of the month by the blueprint's text.
fn alerts(blueprint: &str, month: &Month) -> Vec<Value> {
    let world = World::empty();
    world.write("ctguard.yaml", blueprint);
    let written = month.write(&world.path("logs"));
    let line = ["ctguard", "replay", "--quiet", "--format", "json", "--blueprint"];
    let mut line: Vec<std::ffi::OsString> = line.iter().map(Into::into).collect();
    line.extend([world.path("ctguard.yaml").into(), world.path("logs").into()]);
    let report = world.command(line, None).expect(0).json();
    assert_eq!(report["events"], written, "a record was not read");
    report["alerts"].as_array().unwrap().clone()
}

fn everything() -> String {
    let ids = builtin::ids().map(|id| format!("  - builtin: {id}\n"));
    HEAD.to_owned() + &ids.collect::<String>()
}

fn count(alert: &Value) -> u64 {
    alert["count"].as_u64().unwrap()
}

fn id(alert: &Value) -> &str {
    alert["id"].as_str().unwrap()
}

fn page() -> String {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    std::fs::read_to_string(root.join("docs/blueprints.md")).unwrap()
}

#[test]
fn an_ordinary_month_is_quiet_and_the_page_says_how_quiet() {
    let page = page();
    for alert in alerts(&everything(), &Month::ordinary(HOURLY + 30)) {
        let (id, count) = (id(&alert), count(&alert));
        assert_eq!(alert["undelivered"], serde_json::json!({}), "{id}");
        let table = page.split_once("\n## Noise\n").unwrap().1;
        let row = table.lines().find(|line| {
            line.contains(&format!(" | `{id}` | ")) && !line.contains("CIS") && line.ends_with(" |")
        });
        let row = row.unwrap_or_else(|| panic!("{id} is not in the table of `make noise`"));
        let told = row.split(" | ").nth(3).unwrap().replace("never", "0").parse::<u64>().unwrap();
        if count < HOURLY {
            assert_eq!(told, count, "{id}: run `make noise`");
        } else {
            assert!(told >= count, "{id}: run `make noise`");
        }
        if LOUD.contains(&id) {
            assert!(count > HOURLY, "{id} is loud no more: say so in the page");
            let advice = format!("`{id}` is loud");
            assert!(page.contains(&advice), "the page does not say that {id} is loud");
        } else {
            assert!(count < HOURLY, "{id} fires more than hourly: {count}");
        }
        if alert["risk"] == "critical" {
            assert!(count <= 5, "{id} is critical, and fires {count} times in a quiet month");
        }
    }
}

#[test]
fn what_is_loud_is_quiet_once_the_scanner_is_excepted() {
    let shipped = builtin::text("cis-aws-foundations").unwrap();
    let from = shipped.find("  - id: cis-unauthorized-call").unwrap();
    let alert = &shipped[from..];
    let alert = &alert[..alert[4..].find("\n  - id: ").unwrap() + 5];
    let own = alert.replace("id: cis-unauthorized-call", "id: denied-call").replace(
        "    allow: [",
        "    except:\n      - where: { userIdentity.sessionContext.sessionIssuer.arn: ['arn:aws:iam::111122223333:role/posture-scanner'] }\n        reason: it reads everything\n    allow: [",
    );
    let head = HEAD.trim_end_matches("include:\n");
    let alerts = alerts(&format!("{head}alerts:\n{own}"), &Month::ordinary(HOURLY + 30));
    assert!((1..HOURLY).contains(&count(&alerts[0])), "{}", alerts[0]);
}

#[test]
fn each_attack_is_heard_by_every_alert_of_its_builtin() {
    for builtin in builtin::ids() {
        let attack = Month::attack(builtin).unwrap_or_else(|| panic!("no attack is on {builtin}"));
        let alerts = alerts(&format!("{HEAD}  - builtin: {builtin}\n"), &attack);
        let silent: Vec<&str> = alerts.iter().filter(|alert| count(alert) == 0).map(id).collect();
        assert!(silent.is_empty(), "{builtin}: nothing is heard of {silent:?}");
    }
}
