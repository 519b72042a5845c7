//! Rules of others that the blueprint takes over: `--adopt=rule/NAME`.
//!
//! Such a rule keeps its name and loses its work. Its alerts are raised by rules of the blueprint,
//! which are made first; once these are proven, the topics that they send to are taken off it, and
//! when nothing is left, the rule. What it sends to otherwise stays, and so does a rule of which some
//! event is not shown to be heard.

use crate::action::Action;
use crate::desired::{DesiredPlace, DesiredRule};
use crate::import::{Wanted, wanted};
use crate::plan::Verb;
use crate::plan::draft::{Differ, Draft};
use crate::plan::fields::FieldChanges;
use crate::resource::keys::RuleKey;
use crate::resource::rule::{RuleState, Targets};
use crate::resource::{Address, Kind};
use crate::scope::{Arn, Place};
use crate::snapshot::{LiveRule, Observed, PlaceSnapshot};
use eventbridge_pattern::{Coverage, Pattern};
use serde_json::Value;
use std::collections::BTreeSet;

/// Most events that a refusal names.
const NAMED: usize = 5;

pub fn diff(differ: &mut Differ<'_>, place: &Place, here: &DesiredPlace, seen: &PlaceSnapshot) {
    for (name, rule) in &seen.other_rules {
        match rule {
            Observed::Known(rule) => one(differ, place, here, &RuleKey::on(None, name), rule),
            // It is gone, as it should be, or was never there.
            Observed::Absent => {}
            Observed::Unreadable(why) => differ.unknown(place, &format!("rule {name}"), why),
        }
    }
}

fn one(
    differ: &mut Differ<'_>,
    place: &Place,
    here: &DesiredPlace,
    key: &RuleKey,
    live: &LiveRule,
) {
    let address = Address::of_rule(place, key);
    if let Some(service) = &live.rule.managed_by {
        let help = "Leave it out of `--adopt`: AWS does not let such a rule be changed.";
        return differ.refuse(address, format!("it is managed by {service}"), help);
    }
    if live.rule.state == RuleState::Disabled {
        let said = format!("The rule {key} in {place} is disabled, and stays as it is.");
        return differ.warn(said);
    }
    if differ.desired.paths.iter().any(|path| path.lands == *place && path.forward.is_some()) {
        let reason = "with a hub, the alerts are raised there and sent to the hub's topics: whoever \
                      hears this rule's own topic would no longer hear";
        let help = "Take the rule over by a blueprint without `hub:` (as `ctguard import live` \
                    writes it) and add the hub afterwards: each alert moves there once it is \
                    proven. Or leave the rule out of `--adopt`, and delete it yourself once \
                    `ctguard verify` proves its alerts and everybody is told by them.";
        return differ.refuse(address, reason.to_owned(), help);
    }
    let replaced = match Replaced::of(differ, place, here, live) {
        Ok(replaced) => replaced,
        Err(reason) => {
            let help = "`ctguard import live` makes an alert of it; or leave it out of `--adopt`.";
            return differ.refuse(address, reason, help);
        }
    };
    match &live.targets {
        Observed::Known(targets) => take(differ, place, key, targets, &replaced),
        Observed::Absent => {}
        Observed::Unreadable(why) => differ.unknown(place, &format!("targets of rule {key}"), why),
    }
}

/// Takes off what the blueprint's rules send to as well, and the rule with its last target.
fn take(
    differ: &mut Differ<'_>,
    place: &Place,
    key: &RuleKey,
    targets: &Targets,
    replaced: &Replaced<'_>,
) {
    let reason = match replaced.alert {
        Some(alert) => format!("the alert {alert} takes over"),
        None => "no event of it arrives here".to_owned(),
    };
    let (gone, kept): (Vec<_>, Vec<_>) =
        targets.iter().partition(|(_, target)| replaced.sends_to(&target.arn));
    let mut needs = Vec::new();
    for (id, target) in gone {
        let mut fields = FieldChanges::default();
        fields.differ("arn", &target.arn, &Value::Null);
        let call = Action::RemoveTargets { rule: key.clone(), ids: BTreeSet::from([id.clone()]) };
        let name = key.target(id).to_string();
        needs.push(Address::of_target(place, key.target(id)));
        let draft = Draft::new(place, Kind::Target, &name, Verb::Delete, &reason);
        differ.change(draft.alert(replaced.alert), fields.into_vec(), vec![call]);
    }
    if kept.is_empty() {
        let draft = Draft::new(place, Kind::Rule, key.as_str(), Verb::Delete, &reason);
        let draft = draft.alert(replaced.alert).needs(needs);
        return differ.change(draft, Vec::new(), vec![Action::DeleteRule { name: key.clone() }]);
    }
    let kept: BTreeSet<&str> = kept.iter().map(|(_, target)| target.arn.as_str()).collect();
    let kept: Vec<&str> = kept.into_iter().collect();
    differ.warn(format!(
        "The rule {key} in {place} stays with {}, to which the blueprint does not send what it does.",
        kept.join(", ")
    ));
}

/// What takes over from a rule.
struct Replaced<'a> {
    alert: Option<&'a str>,
    /// For each pattern of the rule, the blueprint's rules that match as much.
    by: Vec<Vec<&'a DesiredRule>>,
}

impl<'a> Replaced<'a> {
    /// # Errors
    /// With the reason, when something that the rule matches is not shown to be heard.
    fn of(
        differ: &Differ<'_>,
        place: &Place,
        here: &'a DesiredPlace,
        live: &LiveRule,
    ) -> Result<Self, String> {
        if live.rule.schedule_expression.is_some() {
            return Err("it has a schedule, which no alert has".to_owned());
        }
        let text = live.rule.event_pattern.as_deref().unwrap_or_default();
        let own: Vec<&DesiredRule> = here
            .rules
            .iter()
            .filter(|(key, rule)| key.bus().is_none() && rule.alert.is_some())
            .map(|(_, rule)| rule)
            .collect();
        // A rule that matches all that this one does takes over, whatever it is about.
        if let Ok(pattern) = Pattern::parse(text)
            && let by = covering(&own, &pattern)
            && !by.is_empty()
        {
            return Ok(Self { alert: by[0].alert.as_deref(), by: vec![by] });
        }
        let wanted = wanted(text, place, differ.desired.as_of)
            .map_err(|why| format!("its pattern is not shown to be heard: {why}"))?;
        let mut by = Vec::new();
        let mut lost = BTreeSet::new();
        for Wanted { event, patterns } in &wanted {
            for pattern in patterns {
                let rules = covering(&own, pattern);
                if rules.is_empty() {
                    lost.insert(event.as_str());
                }
                by.push(rules);
            }
        }
        if lost.is_empty() {
            let alert = by.iter().flatten().find_map(|rule| rule.alert.as_deref());
            return Ok(Self { alert, by });
        }
        let more = lost.len().saturating_sub(NAMED);
        let mut named: Vec<String> = lost.into_iter().take(NAMED).map(str::to_owned).collect();
        if more > 0 {
            named.push(format!("{more} more"));
        }
        Err(format!(
            "no alert of the blueprint is shown to hear all that it does of {}",
            named.join(", ")
        ))
    }

    /// Whether everything that the rule sends to a topic comes from the blueprint's rules, too.
    fn sends_to(&self, arn: &str) -> bool {
        let sends = |rule: &&DesiredRule| rule.targets.values().any(|target| target.arn == arn);
        Arn::parse(arn).is_some_and(|arn| arn.service == "sns")
            && self.by.iter().all(|rules| rules.iter().any(sends))
    }
}

/// The rules that match at least what a pattern does.
fn covering<'a>(own: &[&'a DesiredRule], pattern: &Pattern) -> Vec<&'a DesiredRule> {
    let covers =
        |rule: &&&DesiredRule| rule.compiled.pattern.coverage_of(pattern) != Coverage::NotShown;
    own.iter().filter(covers).copied().collect()
}
