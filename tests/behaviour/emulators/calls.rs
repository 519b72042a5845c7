//! What a plan costs in calls: the formula of docs/performance.md, counted on an account in sync.

use super::lane::{Counts, Kind, Lane, counts, reads};
use super::story::blueprint_for;
use std::collections::BTreeSet;

/// Adds up an account in sync: what is written is what ctguard's documentation says.
struct InSync {
    regions: usize,
    /// In each region.
    rules: usize,
    topics: usize,
    /// Confirmed ones, of all topics.
    subscriptions: usize,
    queues: usize,
    /// Queues of subscribers, in all regions.
    inboxes: usize,
    /// Functions that subscribe, in all regions.
    functions: usize,
}

impl InSync {
    /// By operation, with no list so long that it takes a second page.
    fn calls(&self) -> Counts {
        let everywhere = |each: usize| self.regions * each;
        let queues = everywhere(self.queues) + self.inboxes;
        [
            ("GetCallerIdentity", 1),
            // The role that events would be forwarded with: there is none.
            ("GetRole", 1),
            ("ListRules", everywhere(1)),
            // Root's sign-ins have a rule in one region alone.
            ("ListTargetsByRule", everywhere(self.rules) + 1),
            ("GetResources", everywhere(1)),
            ("GetTopicAttributes", everywhere(self.topics)),
            ("ListSubscriptionsByTopic", everywhere(self.topics)),
            ("GetSubscriptionAttributes", everywhere(self.subscriptions)),
            ("GetQueueUrl", queues),
            ("GetQueueAttributes", queues),
            // Which key the default bus has.
            ("DescribeEventBus", everywhere(1)),
            ("DescribeTrails", everywhere(1)),
            ("GetTrailStatus", everywhere(1)),
            ("GetEventSelectors", 1),
            ("GetPolicy", self.functions),
        ]
        .into_iter()
        .map(|(operation, count)| (operation.to_owned(), count))
        .collect()
    }
}

/// One of each: whether the bucket is there, its six settings, and its tags.
const BUCKET_CALLS: usize = 8;

#[test]
fn a_plan_in_sync_makes_the_calls_that_are_written_down_and_a_second_apply_no_more() {
    let lane = Lane::start(Kind::Ministack, "210000000003");
    let two = "regions: [us-east-1, eu-west-1]";
    let three = "regions: [us-east-1, eu-west-1, ap-southeast-2]";
    let queue = format!("      - sqs: {}\n", lane.arn("sqs", "us-east-1", "siem"));
    let triage = lane.function("us-east-1", "triage");
    let called = format!("{queue}      - lambda: {triage}\n");
    lane.blueprint(&blueprint_for(lane.account).replace(two, three).replace(&queue, &called));
    lane.inbox("us-east-1", "siem");
    lane.ctguard(&["apply", "--yes"]).expect(0);

    let (planned, calls) = lane.counted(&["plan", "--detailed-exitcode"]);
    planned.expect(0);
    let bucket: Vec<_> =
        calls.iter().filter(|call| call.path.starts_with("/story-cloudtrail-logs-")).collect();
    assert_eq!(bucket.len(), BUCKET_CALLS, "{bucket:?}");
    let mut counted = counts(&calls);
    let policies = counted.remove("GET /2015-03-31/functions/triage/policy").unwrap_or_default();
    counted.retain(|operation, _| !operation.contains(' '));
    counted.insert("GetPolicy".to_owned(), policies);
    let expected = InSync {
        regions: 3,
        rules: 13,
        topics: 2,
        subscriptions: 3,
        queues: 2,
        inboxes: 1,
        functions: 1,
    };
    assert_eq!(counted, expected.calls());

    let distinct: BTreeSet<_> =
        calls.iter().map(|call| (&call.operation, &call.region, &call.body)).collect();
    assert_eq!(distinct.len(), calls.len(), "something is read twice");

    // What drift, verify and an apply with nothing to do look at is the same; and verify asks for what was
    // counted, over a day and over a month.
    for verb in [&["drift"][..], &["verify"], &["apply", "--yes"]] {
        let (ran, again) = lane.counted(verb);
        ran.expect(0);
        assert!(again.iter().all(reads), "{verb:?} writes");
        let mut counted = counts(&again);
        let metrics = counted.remove("GetMetricData");
        assert_eq!(metrics, (verb == ["verify"]).then_some(3 * 2), "{verb:?}");
        assert_eq!(counted, counts(&calls), "{verb:?}");
    }
}
