//! The rules that forward events, and those of the hub.

use super::*;

fn forwarding(live: &mut Live, change: impl FnOnce(&mut LiveRule)) {
    forwarding_rule(live, FORWARD, change);
}

/// What only the wider state is given has a rule of its own.
fn forwarding_reads(live: &mut Live, change: impl FnOnce(&mut LiveRule)) {
    forwarding_rule(live, FORWARD_READS, change);
}

fn forwarding_rule(live: &mut Live, name: &str, change: impl FnOnce(&mut LiveRule)) {
    let seen = live.places.get_mut(&place(SPOKE, "us-east-1")).expect("the spoke");
    let Observed::Known(rules) = &mut seen.rules else { panic!("no rules") };
    change(rules.get_mut(name).expect("the rule"));
}

fn target(live: &mut Live, change: impl FnOnce(&mut Target)) {
    forwarding(live, |rule| {
        let Observed::Known(targets) = &mut rule.targets else { panic!("no targets") };
        change(targets.values_mut().next().expect("a target"));
    });
}

fn in_hub(live: &mut Live, change: impl FnOnce(&mut Rule)) {
    bus(live, |bus| {
        let Observed::Known(rules) = &mut bus.rules else { panic!("no rules") };
        change(Arc::make_mut(&mut rules.get_mut("ctguard-acme-route").expect("the rule").rule));
    });
}

pub(super) fn rows() -> Vec<Row> {
    use FixedBy::{Apply, Person};
    vec![
        (
            "forward without a role",
            |live| target(live, |target| target.role_arn = None),
            &["broken forward-role event-bus/ctguard-acme ×1"],
            Apply,
        ),
        (
            "forward as another role",
            |live| {
                target(live, |target| {
                    target.role_arn = Some("arn:aws:iam::222222222222:role/x".to_owned())
                })
            },
            &["broken forward-role event-bus/ctguard-acme ×1"],
            Apply,
        ),
        (
            "forward something else than the event",
            |live| target(live, |target| target.input = Input::Path("$.detail".to_owned())),
            &["broken target-input event-bus/ctguard-acme ×1"],
            Apply,
        ),
        (
            "forward to another bus",
            |live| target(live, |target| target.arn = BUS.replace("ctguard-acme", "other")),
            &["broken target-elsewhere event-bus/ctguard-acme ×1"],
            Apply,
        ),
        (
            "forward to nobody",
            |live| forwarding(live, |rule| rule.targets = Observed::Known([].into())),
            &["broken target-missing event-bus/ctguard-acme ×1"],
            Apply,
        ),
        (
            "delete the forwarding rule",
            |live| {
                let seen = live.places.get_mut(&place(SPOKE, "us-east-1")).expect("the spoke");
                let Observed::Known(rules) = &mut seen.rules else { panic!("no rules") };
                rules.remove(FORWARD);
            },
            &["broken rule-missing rule/ctguard-acme-forward-1 ×1"],
            Apply,
        ),
        (
            "make the forwarding rule on a custom bus",
            |live| {
                let seen = live.places.get_mut(&place(SPOKE, "us-east-1")).expect("the spoke");
                let Observed::Known(rules) = &mut seen.rules else { panic!("no rules") };
                rules.remove(FORWARD);
                seen.stray_rules.insert(FORWARD.to_owned(), "mine".to_owned());
            },
            &["broken rule-on-wrong-bus rule/ctguard-acme-forward-1 ×1"],
            Apply,
        ),
        (
            "disable the forwarding rule",
            |live| {
                forwarding(live, |rule| Arc::make_mut(&mut rule.rule).state = RuleState::Disabled)
            },
            &["broken rule-disabled rule/ctguard-acme-forward-1 ×1"],
            Apply,
        ),
        (
            "enable the forwarding rule plainly",
            |live| {
                forwarding_reads(live, |rule| {
                    Arc::make_mut(&mut rule.rule).state = RuleState::Enabled
                })
            },
            &["broken rule-state rule/ctguard-acme-forward-2 ×1"],
            Apply,
        ),
        (
            "narrow the forwarding rule",
            |live| {
                forwarding(live, |rule| {
                    Arc::make_mut(&mut rule.rule).event_pattern =
                        Some(r#"{"source":["aws.iam"]}"#.to_owned())
                })
            },
            &["broken rule-pattern rule/ctguard-acme-forward-1 ×1"],
            Apply,
        ),
        (
            "delete the hub's rule",
            |live| {
                bus(live, |bus| {
                    let Observed::Known(rules) = &mut bus.rules else { panic!("no rules") };
                    rules.remove("ctguard-acme-route");
                })
            },
            &["broken rule-missing rule/ctguard-acme/ctguard-acme-route ×1"],
            Apply,
        ),
        (
            "disable the hub's rule",
            |live| in_hub(live, |rule| rule.state = RuleState::Disabled),
            &["broken rule-disabled rule/ctguard-acme/ctguard-acme-route ×1"],
            Apply,
        ),
        (
            "leave an account out of the hub's rule",
            |live| {
                in_hub(live, |rule| {
                    let pattern = rule.event_pattern.take().expect("a pattern");
                    rule.event_pattern = Some(pattern.replace(&format!(",\"{OTHER}\""), ""));
                })
            },
            &["broken rule-pattern rule/ctguard-acme/ctguard-acme-route ×1"],
            Apply,
        ),
        (
            "keep nothing that the bus refuses",
            |live| target(live, |target| target.dead_letter_arn = None),
            &["remark dead-letter-queue ×1"],
            Person,
        ),
    ]
}
