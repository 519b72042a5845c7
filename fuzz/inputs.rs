//! What others write, as bytes: each function takes any bytes and must end soon, without a panic.

use ctguard_core::blueprint::load_text;
use ctguard_core::offline::Given;
use ctguard_core::plan::{SavedPlan, file};
use ctguard_core::resource::policy as policies;
use ctguard_core::snapshot::file::Recording;
use ctguard_sandbox::policy::{Principal, Request, decide};
use eventbridge_pattern::archive::{Flow, Reader};
use eventbridge_pattern::{Event, Mismatch, Pattern};
use serde_json::Value;

/// A kind of input.
pub type Input = fn(&[u8]);

/// Every kind, by the name of its target.
pub const INPUTS: [(&str, Input); 7] = [
    ("blueprint", blueprint),
    ("pattern", pattern),
    ("event", event),
    ("archive", archive),
    ("snapshot", snapshot),
    ("plan", plan),
    ("policy", policy),
];

pub fn blueprint(bytes: &[u8]) {
    let Ok(text) = std::str::from_utf8(bytes) else { return };
    let loaded = load_text("ctguard.yaml", text, None, jiff::civil::date(2026, 11, 22));
    assert!(loaded.blueprint.is_some() || !loaded.diagnostics.is_empty(), "refused with a reason");
}

pub fn pattern(bytes: &[u8]) {
    let Ok(text) = std::str::from_utf8(bytes) else { return };
    let Ok(pattern) = Pattern::parse(text) else { return };
    let event: Value = serde_json::json!({ "source": "aws.iam", "detail": { "a": [1, "x"] } });
    let decided = pattern.filter.matches(&event);
    let mismatches = pattern.filter.mismatches(&Event::from(&event));
    // What holds as it is written may be lost by EventBridge, and then that is the reason; else there is another.
    let lost = |one: &Mismatch| matches!(one, Mismatch::Lost { .. });
    match decided {
        true => assert!(mismatches.iter().all(lost), "{text}"),
        false => assert!(mismatches.iter().any(|one| !lost(one)), "{text}"),
    }
}

pub fn event(bytes: &[u8]) {
    if let Ok(given) = Given::parse(bytes) {
        let _ = (given.id(), given.name(), given.deed(), given.record().to_string());
    }
}

/// A log file of any form, packed or not.
pub fn archive(bytes: &[u8]) {
    let mut items = 0_u32;
    Reader::default().stream(&mut { bytes }, &mut |_| {
        items += 1;
        if items > 10_000 { Flow::Break(()) } else { Flow::Continue(()) }
    });
}

pub fn snapshot(bytes: &[u8]) {
    let Ok(recording) = Recording::read(&mut { bytes }) else { return };
    let mut written = Vec::new();
    if recording.write(&mut written).is_ok() {
        assert!(Recording::read(&mut written.as_slice()).is_ok(), "what is written is read");
    }
}

pub fn plan(bytes: &[u8]) {
    let Ok(text) = std::str::from_utf8(bytes) else { return };
    if let Ok(plan) = file::read(text) {
        drop(SavedPlan::check(plan));
    }
}

pub fn policy(bytes: &[u8]) {
    let Ok(policy) = serde_json::from_slice::<Value>(bytes) else { return };
    let canonical = policies::canonical(&policy);
    assert!(policies::same(&policy, &canonical), "{policy}");
    let request = Request {
        principal: Principal::Service("events.amazonaws.com"),
        action: "sns:Publish",
        resource: "arn:aws:sns:us-east-1:111122223333:a",
        context: &[("aws:sourceaccount", "111122223333")],
        unsure: &[],
    };
    let _ = decide(Some(&policy), &request);
}
