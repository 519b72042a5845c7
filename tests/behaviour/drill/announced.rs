//! Subscribers are told that a drill begins, and that it is over.

use super::{Sandboxed, drill, plain, standing};
use crate::world::World;
use ctguard_core::drill::Asked;
use ctguard_core::resource::topic::Protocol;
use serde_json::Value;

/// Subjects and texts of what a protocol's subscribers got of a topic, in order.
fn received(world: &World, topic: &str, protocol: Protocol) -> Vec<(String, String)> {
    let state = world.state();
    let regions = state.accounts.values().flat_map(|account| account.regions.values());
    let all = regions.flat_map(|region| region.outbox.clone());
    let of_topic =
        all.filter(|one| one.topic.contains(&format!(":us-east-1:111122223333:{topic}")));
    let to = of_topic.filter(|one| one.endpoint.protocol == protocol);
    to.map(|one| (one.subject.unwrap_or_default(), one.text)).collect()
}

#[test]
fn subscribers_are_told_before_the_first_alert_and_after_the_last() {
    let world = plain();
    let ran = drill(&world, &["topics", "selectors", "--yes"]).expect(0);
    let mails = received(&world, "ctguard-acme-mail", Protocol::Email);
    let ((begins, who), (over, result)) = (mails.first().unwrap(), mails.last().unwrap());
    assert!(begins.starts_with("DRILL begins: acme, until 20"), "{begins}\n{}", ran.out);
    for said in [
        "Who:     arn:aws:iam::111122223333:",
        "topics in 111122223333/us-east-1",
        "topics in 111122223333/eu-west-1",
        "cloudtrail:PutEventSelectors on acme-management in 111122223333/us-east-1",
        "Any other alert is none",
    ] {
        assert!(who.contains(said), "{said} is not in\n{who}");
    }
    assert_eq!(over, "DRILL is over: acme, 4 received, 0 missing, 0 unknown");
    assert!(result.starts_with("DRILL is over"), "{result}");
    let alerts: Vec<_> = mails.iter().filter(|(_, text)| text.contains("[HIGH]")).collect();
    assert!(!alerts.is_empty() && alerts.len() + 2 <= mails.len(), "{mails:#?}");
    // A program gets JSON.
    let posted = received(&world, "ctguard-acme-hook", Protocol::Https);
    for (_, text) in [posted.first().unwrap(), posted.last().unwrap()] {
        let said: Value = serde_json::from_str(text).unwrap();
        assert_eq!(said["drill"], true, "{text}");
    }
    // Another alert of the same calls is told, too: a queue is made for the receipts.
    let raw = received(&world, "ctguard-acme-raw", Protocol::Https);
    assert!(raw.first().is_some_and(|(subject, _)| subject.starts_with("DRILL begins")));
}

#[test]
fn the_plan_shows_what_would_be_told_unless_nobody_is_to_be() {
    let world = plain();
    let shown = drill(&world, &["topics"]).expect(0);
    assert!(shown.out.contains("sns:Publish ctguard-acme-mail"), "{}", shown.out);
    let shown = drill(&world, &["topics", "--unannounced"]).expect(0);
    assert!(!shown.out.contains("sns:Publish"), "{}", shown.out);
    drill(&world, &["topics", "--yes", "--unannounced"]).expect(0);
    let mails = received(&world, "ctguard-acme-mail", Protocol::Email);
    assert!(!mails.is_empty() && mails.iter().all(|(subject, _)| !subject.contains("DRILL")));
}

#[test]
fn a_drill_that_cannot_be_announced_does_not_begin() {
    let world = plain();
    world.run(&["sandbox", "break", "deny-calls", "sns:Publish"]).expect(0);
    let before = world.state();
    let ran = drill(&world, &["topics", "--yes"]).expect(4);
    assert!(ran.out.contains("--unannounced"), "{}", ran.out);
    assert_eq!(standing(&world.state()), standing(&before));
    assert!(received(&world, "ctguard-acme-mail", Protocol::Email).is_empty());
    drill(&world, &["topics", "--yes", "--unannounced"]).expect(0);
}

#[test]
fn the_end_of_a_killed_drill_is_told_when_it_is_cleaned_up() {
    let world = plain();
    let sandboxed = Sandboxed::of(&world.read("ctguard.yaml"), world.state());
    sandboxed.sandbox.stop_after(30);
    sandboxed.drill(Asked::Alerts(&super::every_id()));
    world.change(|state| *state = sandboxed.sandbox.state());
    drill(&world, &["--clean-up", "--yes"]).expect(0);
    let mails = received(&world, "ctguard-acme-mail", Protocol::Email);
    assert!(mails.first().unwrap().0.starts_with("DRILL begins"), "{mails:#?}");
    assert!(mails.last().unwrap().0.starts_with("DRILL is over: acme, it was killed"));
}
