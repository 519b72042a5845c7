//! What became of an event in the sandbox, as people read it.

use super::Paint;
use crate::cloud::sandbox::deliver::Delivery;
use std::fmt::Write;

/// Renders a delivery: the trail, the rules that fired, and what each subscriber reads.
pub fn render(delivery: &Delivery, paint: Paint) -> String {
    let mut out = String::new();
    let mark = |good: bool| if good { paint.good("✓") } else { paint.bad("✗") };
    let _ = writeln!(out, "{} in {}", paint.head(&delivery.event), delivery.place);
    let _ =
        writeln!(out, "  {} trail: {}", mark(delivery.trail.reaches_bus), delivery.trail.reason);
    for rule in delivery.rules.iter().filter(|rule| rule.fired) {
        let _ = writeln!(out, "  {} rule {}: {}", mark(true), rule.rule, rule.reason);
        for target in &rule.targets {
            let _ = writeln!(
                out,
                "    {} target {}: {}",
                mark(target.accepted),
                target.id,
                target.reason
            );
            for subscriber in &target.subscribers {
                let _ = writeln!(
                    out,
                    "      {} {}: {}",
                    mark(subscriber.received),
                    subscriber.endpoint,
                    subscriber.reason
                );
            }
        }
    }
    let silent = delivery.rules.iter().filter(|rule| !rule.fired).count();
    if silent > 0 {
        let _ = writeln!(
            out,
            "  {}",
            paint.dim(format!("{} did not fire", super::count(silent, "other rule")))
        );
    }
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
        for line in received.text.lines() {
            let _ = writeln!(out, "  {line}");
        }
    }
    if delivery.received.is_empty() {
        let _ = writeln!(out, "\n{}", paint.bad("Nobody hears of it."));
    }
    out
}
