//! `verify`, as the built program with the AWS adapter, on answers in AWS's own words that no emulator
//! gives: mail that nobody confirmed, files that cannot be written, trails of an organization, keys and
//! regions that are not there to be used.
//!
//! `scenarios` has the answers; `account` answers everything else as an account in sync does.

mod account;
mod history;
mod scenarios;

use crate::program;
use crate::stub::{ACCOUNT, Call, Reply, Stub};
use crate::verdict::{self, Verdict};
use crate::world::{Ran, World};
use ctguard_core::scope::{Place, Region};
use ctguard_sandbox::State;
use ctguard_sandbox::state::{StoredKey, StoredQueue};
use scenarios::{MEMBER, Recorded, SCENARIOS};
use serde_json::json;
use std::collections::BTreeSet;

const BLUEPRINT: &str = r#"
version: 1
name: acme
regions: [us-east-1, eu-west-1]
destinations:
  mail: { topic: mail, format: text, subscribers: [{ email: secops@acme.example }] }
  siem: { topic: siem, format: json, kms_key: alias/alerts, subscribers: [{ sqs: "arn:aws:sqs:eu-west-1:111122223333:siem" }] }
alerts:
  - { id: route, title: Route, risk: high, events: [ec2:CreateRoute], notify: [mail, siem], why: w, next: n }
  - { id: trail, title: Trail, risk: high, events: [cloudtrail:StopLogging], notify: [mail], why: w, next: n }
"#;

/// A folder with the blueprint, and the account that serves it, in sync and confirmed.
struct Settled {
    world: World,
    state: State,
}

impl Settled {
    fn new() -> Self {
        let world = World::with_trail(BLUEPRINT);
        world.change(|state| {
            for region in ["us-east-1", "eu-west-1"] {
                let policy = json!({ "Version": "2012-10-17", "Statement": [{
                    "Effect": "Allow", "Principal": { "Service": "events.amazonaws.com" },
                    "Action": ["kms:GenerateDataKey*", "kms:Decrypt"], "Resource": "*",
                }] });
                let aliases = BTreeSet::from(["alias/alerts".to_owned()]);
                let key = StoredKey {
                    aliases,
                    enabled: true,
                    aws_managed: false,
                    asymmetric: false,
                    policy,
                };
                let place = place(region);
                state.region_mut(&place).keys.insert("0000-alerts".to_owned(), key);
            }
            let mut inbox = StoredQueue::default();
            inbox.queue.policy = Some(json!({ "Version": "2012-10-17", "Statement": [{
                "Effect": "Allow", "Principal": { "Service": "sns.amazonaws.com" },
                "Action": "sqs:SendMessage", "Resource": place("eu-west-1").arn("sqs", "siem"),
            }] }));
            state.region_mut(&place("eu-west-1")).queues.insert("siem".to_owned(), inbox);
        });
        world.run(&["apply", "--yes"]).expect(0);
        world.run(&["sandbox", "confirm"]).expect(0);
        let state = world.state();
        Self { world, state }
    }

    /// Runs a command of the built program against a server that gives these answers first.
    fn run(
        &self,
        args: &[&str],
        recorded: impl Fn(&Call) -> Option<Reply> + Send + Sync + 'static,
    ) -> (Ran, Vec<Call>) {
        let state = self.state.clone();
        let stub = Stub::start(move |call| {
            Some(recorded(call).unwrap_or_else(|| account::answer(&state, call)))
        });
        let credentials = [("AWS_ACCESS_KEY_ID", "AKID"), ("AWS_SECRET_ACCESS_KEY", "secret")];
        let ran = program::against(&stub.url(), &self.world.path(""), args, credentials);
        (ran, stub.calls())
    }

    fn verify(&self, answers: &'static [Recorded]) -> (Verdict, Vec<Call>) {
        let recorded = |call: &Call| answers.iter().find_map(|answer| answer.reply(call));
        let (ran, calls) = self.run(&["verify", "--format", "json"], recorded);
        (Verdict::of(&ran, ACCOUNT), calls)
    }

    /// The trail of the account and its bucket, which the sandbox has named.
    fn trail(&self) -> (String, String) {
        let home = &self.state.accounts[&self.state.caller.account].regions[&region("us-east-1")];
        let (name, trail) = home.trails.first_key_value().unwrap();
        (format!("trail/{name}"), trail.trail.bucket.replace(ACCOUNT, "{account}"))
    }
}

fn region(name: &str) -> Region {
    Region::new(name).unwrap()
}

fn place(name: &str) -> Place {
    Place::new(ctguard_core::scope::AccountId::new(ACCOUNT).unwrap(), region(name))
}

/// The codes that are shown here.
pub fn codes() -> BTreeSet<&'static str> {
    SCENARIOS.iter().flat_map(|scenario| scenario.says).map(|said| verdict::code(said)).collect()
}

#[test]
fn each_recorded_answer_makes_verify_say_its_code_and_nothing_else() {
    let settled = Settled::new();
    let (before, _) = settled.verify(&[]);
    let broken: Vec<_> = before.said.keys().filter(|said| said.starts_with("broken")).collect();
    assert!(broken.is_empty(), "the account is not in sync: {broken:#?}");
    let (trail, bucket) = settled.trail();
    let mut wrong = Vec::new();
    for scenario in SCENARIOS {
        let (after, _) = settled.verify(scenario.answers);
        let says = |said: &&str| said.replace("{trail}", &trail).replace("{bucket}", &bucket);
        let says: BTreeSet<String> = scenario.says.iter().map(says).collect();
        let new: BTreeSet<String> =
            after.new_since(&before).into_iter().map(str::to_owned).collect();
        if new != says {
            wrong.push(format!("{}: verify says {new:#?}, not {says:#?}", scenario.name));
        }
        if after.code != after.expected_code(&before) {
            wrong.push(format!("{}: verify ends with {}", scenario.name, after.code));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn a_mailbox_that_has_not_confirmed_is_never_asked_for_its_attributes() {
    let settled = Settled::new();
    let (before, _) = settled.verify(&[]);
    // The list says it in one word; what Subscribe says, and what the console shows, has two.
    for words in ["PendingConfirmation", "pending confirmation", "Pending confirmation"] {
        let recorded = move |call: &Call| {
            let scenario = &SCENARIOS[0].answers[0];
            match scenario.reply(call)? {
                Reply::Xml(text) => Some(Reply::Xml(text.replace("PendingConfirmation", words))),
                _ => None,
            }
        };
        let (ran, calls) = settled.run(&["verify", "--format", "json"], recorded);
        let after = Verdict::of(&ran, ACCOUNT);
        let new = after.new_since(&before);
        let said: Vec<_> = new.iter().map(|said| verdict::code(said)).collect();
        assert_eq!(said, ["subscriber-pending"], "{words}");
        assert_eq!(after.code, after.expected_code(&before), "{words}");
        let asked = calls.iter().filter(|call| {
            call.operation == "GetSubscriptionAttributes" && call.region == "eu-west-1"
        });
        let asked: Vec<_> = asked.map(|call| call.form("SubscriptionArn")).collect();
        assert!(asked.iter().all(|arn| arn.starts_with("arn:")), "{words}: {asked:?}");
    }
}

/// A member is refused the selectors of the organization's trail, so ctguard does not ask; its status it
/// gets by the full ARN only.
#[test]
fn of_an_organizations_trail_a_member_asks_no_more_than_it_may() {
    let settled = Settled::new();
    let (_, calls) = settled.verify(MEMBER);
    let arn = "arn:aws:cloudtrail:us-east-1:999988887777:trail/everybody";
    let about = |operation: &str| {
        let calls = calls.iter().filter(|call| call.operation == operation);
        calls.map(|call| call.body.clone()).collect::<Vec<_>>()
    };
    assert_eq!(about("GetEventSelectors"), Vec::<String>::new());
    let status = about("GetTrailStatus");
    assert_eq!(status.len(), 2, "once in each region");
    assert!(status.iter().all(|body| body.contains(arn)), "{status:?}");
}

#[test]
fn only_regions_that_are_enabled_are_covered_by_enabled() {
    let settled = Settled::new();
    let blueprint = BLUEPRINT.replace("regions: [us-east-1, eu-west-1]\n", "");
    settled.world.write("ctguard.yaml", &blueprint);
    let regions = include_str!("recorded/answers/regions.json");
    let (ran, calls) = settled.run(&["verify", "--format", "json"], move |call| {
        let listing = call.path.to_ascii_lowercase().contains("listregions");
        listing.then(|| Reply::Json(serde_json::from_str(regions).unwrap()))
    });
    let read: BTreeSet<&str> = calls
        .iter()
        .filter(|call| call.operation == "ListRules")
        .map(|call| call.region.as_str())
        .collect();
    assert_eq!(read, BTreeSet::from(["eu-south-2", "eu-west-1", "us-east-1"]), "{}", ran.err);
    let verdict = Verdict::of(&ran, ACCOUNT);
    assert!(
        verdict.said.contains_key("broken rule-missing eu-south-2 rule/ctguard-acme-route"),
        "{:#?}",
        verdict.said
    );
}

/// Outside of the regions that are on by default, AWS knows no credentials until the region is enabled.
///
/// Source: <https://docs.aws.amazon.com/accounts/latest/reference/manage-acct-regions.html>
#[test]
fn a_region_that_is_not_enabled_is_unknown_and_the_others_are_judged() {
    let settled = Settled::new();
    let (before, _) = settled.verify(&[]);
    let more = BLUEPRINT.replace("eu-west-1]\n", "eu-west-1, ap-east-1]\n");
    settled.world.write("ctguard.yaml", &more);
    let (ran, _) = settled.run(&["verify", "--format", "json"], |call| {
        (call.region == "ap-east-1").then(|| {
            let message = "The security token included in the request is invalid.";
            match call.operation.as_str() {
                "GetTopicAttributes" | "ListSubscriptionsByTopic" => {
                    Reply::Error(403, "InvalidClientTokenId", message)
                }
                _ => Reply::Error(400, "UnrecognizedClientException", message),
            }
        })
    });
    let after = Verdict::of(&ran, ACCOUNT);
    let new = after.new_since(&before);
    let there = |said: &&str| said.starts_with("unknown") && said.contains(" ap-east-1 ");
    assert!(new.iter().all(there), "{new:#?}");
    for code in ["trail-missing", "rule-missing", "topic-missing"] {
        assert!(new.iter().any(|said| verdict::code(said) == code), "{code} in {new:#?}");
    }
    assert_eq!(after.code, 4);
    assert!(ran.out.contains("The region ap-east-1 is not enabled in the account"), "{}", ran.out);
    assert!(
        ran.out.contains("except: [{ region: ap-east-1, reason: not enabled }]"),
        "{}",
        ran.out
    );
}
