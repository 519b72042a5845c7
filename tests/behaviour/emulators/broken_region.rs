//! A region in which every call fails, in front of an account that an emulator has: what is behind it is not
//! known, and the other region is read, planned and proven as ever.

use super::lane::{Kind, Lane, counts, events, reads};
use super::story::blueprint_for;
use serde_json::{Value, json};
use std::collections::BTreeSet;

const WORKING: &str = "us-east-1";
const BROKEN: &str = "eu-west-1";
const RULE: &str = "ctguard-story-trail-stopped";

#[test]
fn a_region_that_errors_on_every_call_is_named_and_keeps_no_other_from_being_read() {
    let lane = Lane::start(Kind::Ministack, "210000000009");
    lane.blueprint(&blueprint_for(lane.account));
    lane.inbox(WORKING, "siem");
    lane.ctguard(&["apply", "--yes"]).expect(0);
    // Something to find in the region that works.
    lane.json(WORKING, events("DisableRule"), &json!({ "Name": RULE }));

    for (status, code) in [(500, "InternalFailure"), (403, "AccessDeniedException")] {
        lane.break_region(BROKEN, status, code);
        let (planned, calls) = lane.counted(&["plan", "--detailed-exitcode", "--format", "json"]);
        let planned = planned.expect(4);
        let writes = counts(calls.iter().filter(|call| !reads(call)));
        assert!(writes.keys().all(|call| call == "AssumeRole" || call == "GetCallerIdentity"));
        let plan: Value = serde_json::from_str(&planned.out).unwrap();
        let list = |name: &str| plan[name].as_array().unwrap().clone();
        let unknown = list("unknown");
        let parts: BTreeSet<&str> =
            unknown.iter().map(|part| part["part"].as_str().unwrap()).collect();
        assert!(parts.contains("rules") && parts.contains("trails"), "{parts:?}");
        for part in &unknown {
            assert_eq!((&part["region"], &part["why"]["code"]), (&json!(BROKEN), &json!(code)));
        }
        let changes = list("changes");
        let changed: Vec<(&Value, &Value)> = changes
            .iter()
            .map(|change| (&change["address"]["region"], &change["address"]["name"]))
            .collect();
        assert_eq!(changed, [(&json!(WORKING), &json!(RULE))], "{code}");

        let verdict = lane.ctguard(&["verify"]).expect(4);
        let counted = "1 broken, 13 unknown, 1 assumed, 12 proven";
        assert!(verdict.out.contains(counted), "{code}: {}", verdict.out);
        assert!(verdict.out.contains(BROKEN) && verdict.out.contains(code), "{}", verdict.out);
    }
}
