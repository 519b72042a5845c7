//! Renders the delivery of an event in the sandbox.

use super::Paint;
use ctguard_sandbox::deliver::{Delivery, RuleVerdict};
use std::fmt::Write;

/// Renders a delivery: the trail, the rules that fired, and what each subscriber reads.
pub fn render(delivery: &Delivery, paint: Paint) -> String {
    let mut out = String::new();
    let mark = |good: bool| if good { paint.good("✓") } else { paint.bad("✗") };
    let _ = writeln!(out, "{} in {}", paint.head(&delivery.event), delivery.place);
    let _ =
        writeln!(out, "  {} trail: {}", mark(delivery.trail.reaches_bus), delivery.trail.reason);
    rules(&mut out, &delivery.rules, "  ", paint);
    for letter in &delivery.dead_letters {
        let _ = writeln!(
            out,
            "  {} dead letter in {}: {} {}",
            paint.warn("!"),
            letter.queue,
            letter.code,
            letter.reason
        );
    }
    for received in &delivery.received {
        let _ = writeln!(out, "\n{} reads:", paint.head(&received.endpoint));
        if let Some(subject) = &received.subject {
            let _ = writeln!(out, "  Subject: {subject}\n");
        }
        for line in received.text.lines() {
            let _ = writeln!(out, "  {line}");
        }
    }
    if delivery.received.is_empty() {
        let _ = writeln!(out, "\n{}", paint.bad("Nobody is notified."));
    }
    out
}

/// The rules of one bus that fired, each with its targets; below a target that is a bus, the rules
/// there.
fn rules(out: &mut String, all: &[RuleVerdict], indent: &str, paint: Paint) {
    let mark = |good: bool| if good { paint.good("✓") } else { paint.bad("✗") };
    for rule in all.iter().filter(|rule| rule.fired) {
        let _ = writeln!(out, "{indent}{} rule {}: {}", mark(true), rule.rule, rule.reason);
        for target in &rule.targets {
            let (good, id, reason) = (mark(target.accepted), &target.id, &target.reason);
            let _ = writeln!(out, "{indent}  {good} target {id}: {reason}");
            for subscriber in &target.subscribers {
                let (good, endpoint) = (mark(subscriber.received), &subscriber.endpoint);
                let _ = writeln!(out, "{indent}    {good} {endpoint}: {}", subscriber.reason);
            }
            if let Some(onward) = &target.onward {
                let _ = writeln!(out, "{indent}    bus {} in {}", onward.bus, onward.place);
                rules(out, &onward.rules, &format!("{indent}      "), paint);
            }
        }
    }
    let silent = all.iter().filter(|rule| !rule.fired).count();
    if silent > 0 {
        let said = format!("{} did not fire", ctguard_core::plural::count(silent, "other rule"));
        let _ = writeln!(out, "{indent}{}", paint.dim(said));
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use ctguard_sandbox::deliver::{Onward, TargetVerdict, TrailVerdict};

    fn rule(name: &str, targets: Vec<TargetVerdict>) -> RuleVerdict {
        let reason = "its pattern matches".to_owned();
        RuleVerdict { rule: name.to_owned(), fired: true, reason, targets }
    }

    #[test]
    fn the_rules_of_the_other_bus_stand_below_the_target_with_their_place() {
        let onward = Onward {
            place: "111122223333/us-east-1".to_owned(),
            bus: "ctguard-acme".to_owned(),
            rules: vec![
                rule("ctguard-acme-root", Vec::new()),
                RuleVerdict { fired: false, ..rule("ctguard-acme-other", Vec::new()) },
            ],
        };
        let target = TargetVerdict {
            id: "ctguard-acme".to_owned(),
            arn: String::new(),
            accepted: true,
            reason: "it accepted the event".to_owned(),
            subscribers: Vec::new(),
            onward: Some(onward),
        };
        let delivery = Delivery {
            event: "ec2:CreateRoute".to_owned(),
            place: "222233334444/eu-west-1".to_owned(),
            trail: TrailVerdict { reaches_bus: true, reason: "a trail".to_owned(), trails: vec![] },
            rules: vec![rule("ctguard-acme-forward-1", vec![target])],
            received: Vec::new(),
            dead_letters: Vec::new(),
            failed_executions: Vec::new(),
            executions: Vec::new(),
            calls: Vec::new(),
        };
        let text = render(&delivery, Paint { color: false, width: 100 });
        let lines: Vec<&str> = text.lines().skip(2).collect();
        assert_eq!(
            lines,
            [
                "  ✓ rule ctguard-acme-forward-1: its pattern matches",
                "    ✓ target ctguard-acme: it accepted the event",
                "      bus ctguard-acme in 111122223333/us-east-1",
                "        ✓ rule ctguard-acme-root: its pattern matches",
                "        1 other rule did not fire",
                "",
                "Nobody is notified.",
            ]
        );
    }
}
