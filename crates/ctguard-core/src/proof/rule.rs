//! Do the rules take the event?

use super::{FixedBy, Link, LinkCode, LinkObject, target};
use crate::desired::{Desired, DesiredRule, DestinationPath, Forward};
use crate::resource::keys::RuleKey;
use crate::resource::rule::{RuleState, WILDCARD_RULES_PER_BUS, rules_per_bus};
use crate::scope::{AccountId, Place};
use crate::snapshot::Live;
use crate::snapshot::{LiveRule, Observed};
use eventbridge_pattern::beside::{Beside, beside_ignore_case};
use eventbridge_pattern::{Coverage, Filter, Matcher, Pattern, ruler};

/// Judges rules where they should be, by their keys, and what they hand to the destinations. `from`:
/// only the events of this account matter.
pub fn judge(
    desired: &Desired,
    live: &Live,
    place: &Place,
    keys: &[RuleKey],
    destinations: &[DestinationPath],
    from: Option<&AccountId>,
    links: &mut Vec<Link>,
) {
    for key in keys {
        let judge = match find(desired, live, place, key) {
            Found::There(judge) => RuleJudge { from, ..judge },
            Found::Lacking(link) => {
                links.push(link);
                continue;
            }
            Found::Unwanted => continue,
        };
        links.push(judge.rule());
        let (wanted, rule, fixed_by) = (judge.wanted, judge.rule, judge.fixed_by);
        for destination in destinations.iter().filter(|d| wanted.targets.contains_key(&d.target_id))
        {
            let target = target::Judge { place, name: key.as_str(), wanted, rule, fixed_by };
            links.push(target.link(destination));
        }
    }
}

/// Judges a rule that forwards events to the hub, and its target.
pub fn forwards(
    desired: &Desired,
    live: &Live,
    place: &Place,
    key: &RuleKey,
    forward: &Forward,
) -> Vec<Link> {
    match find(desired, live, place, key) {
        Found::There(judge) => {
            let (wanted, rule, fixed_by) = (judge.wanted, judge.rule, judge.fixed_by);
            let target = target::Judge { place, name: key.as_str(), wanted, rule, fixed_by };
            vec![judge.rule(), target.to_hub(forward)]
        }
        Found::Lacking(link) => vec![link],
        Found::Unwanted => Vec::new(),
    }
}

/// What became of a rule that should be in a place.
enum Found<'a> {
    There(RuleJudge<'a>),
    Lacking(Link),
    /// Nothing is wanted under that key.
    Unwanted,
}

fn find<'a>(desired: &'a Desired, live: &'a Live, place: &'a Place, key: &'a RuleKey) -> Found<'a> {
    let Some(wanted) = desired.places.get(place).and_then(|here| here.rules.get(key)) else {
        return Found::Unwanted;
    };
    let object = LinkObject::rule(place, key.as_str());
    let rule = match live.places.get(place).map(|seen| seen.rules_of(key.bus())) {
        Some(Observed::Known(rules)) => rules.get(key.name()),
        Some(Observed::Unreadable(why)) => {
            return Found::Lacking(Link::unreadable(LinkCode::RuleMissing, place, object, &why));
        }
        Some(Observed::Absent) | None => None,
    };
    match rule {
        Some(rule) => {
            let fixed_by = fixed_by(desired, rule);
            let name = key.as_str();
            let from = None;
            Found::There(RuleJudge { desired, place, key, name, wanted, rule, fixed_by, from })
        }
        None => Found::Lacking(missing(live, place, key, wanted, object)),
    }
}

/// A rule that is not where it should be. One of the default bus may be on another, or there may be no room for it.
fn missing(
    live: &Live,
    place: &Place,
    key: &RuleKey,
    wanted: &DesiredRule,
    object: LinkObject,
) -> Link {
    if key.bus().is_some() {
        let cause = "it does not exist on the hub's bus".to_owned();
        return Link::broken(LinkCode::RuleMissing, place, object, cause, FixedBy::Apply);
    }
    let name = key.name();
    let seen = live.places.get(place);
    let stray = seen.and_then(|seen| seen.stray_rules.get(name));
    if let Some(bus) = stray {
        let cause =
            format!("it is on the event bus {bus}, and CloudTrail sends to the default bus only");
        return Link::broken(LinkCode::RuleOnWrongBus, place, object, cause, FixedBy::Apply);
    }
    let wild = seen.and_then(|seen| seen.wildcard_rules_on_bus);
    if let Some(count) = wild.filter(|count| *count >= WILDCARD_RULES_PER_BUS)
        && wanted.compiled.pattern.has_wildcard()
    {
        let cause = format!(
            "it does not exist and has a wildcard, and the default bus has {count} rules with one, where AWS's quota is {WILDCARD_RULES_PER_BUS}"
        );
        return Link {
            fix: "Remove rules with wildcards that nobody needs, or put the alert without one: AWS does not raise this quota. Then run `ctguard apply`.".to_owned(),
            ..Link::broken(LinkCode::RuleQuota, place, object, cause, FixedBy::Person)
        };
    }
    let most = rules_per_bus(&place.region);
    match seen.and_then(|seen| seen.rules_on_bus).filter(|count| *count >= most) {
        Some(count) => Link {
            fix: "Remove rules that nobody needs, or ask AWS to raise the quota of rules on an event bus (L-244521F2), and run `ctguard apply`.".to_owned(),
            ..Link::broken(
                LinkCode::RuleQuota,
                place,
                object,
                format!("it does not exist, and the default bus has {count} rules, where AWS's quota is {most}"),
                FixedBy::Person,
            )
        },
        None => {
            Link::broken(LinkCode::RuleMissing, place, object, "it does not exist".to_owned(), FixedBy::Apply)
        }
    }
}

struct RuleJudge<'a> {
    desired: &'a Desired,
    place: &'a Place,
    key: &'a RuleKey,
    name: &'a str,
    wanted: &'a DesiredRule,
    rule: &'a LiveRule,
    fixed_by: FixedBy,
    /// Whose events matter; all that it is for, when nothing is said.
    from: Option<&'a AccountId>,
}

/// Whether some rules that serve many accounts are there, and take less than they should: then it
/// depends on the account what they take. One that joined lately is not among those of the rule.
pub fn take_less(desired: &Desired, live: &Live, place: &Place, keys: &[RuleKey]) -> bool {
    keys.iter().any(|key| match find(desired, live, place, key) {
        Found::There(judge) => judge.rule().code == LinkCode::RulePattern,
        Found::Lacking(_) | Found::Unwanted => false,
    })
}

/// The part of a pattern that is about one account.
fn of_account(filter: &Filter, account: &AccountId) -> Filter {
    let all = |parts: &[Filter]| parts.iter().map(|part| of_account(part, account)).collect();
    match filter {
        Filter::All(parts) => Filter::All(all(parts)),
        Filter::Any(parts) => Filter::Any(all(parts)),
        Filter::Field { path, .. } if path == "account" => Filter::Field {
            path: path.clone(),
            matchers: vec![Matcher::Exact(account.as_str().into())],
        },
        other => other.clone(),
    }
}

impl RuleJudge<'_> {
    fn rule(&self) -> Link {
        let object = LinkObject::rule(self.place, self.name);
        let (state, wanted) = (self.rule.rule.state, self.wanted.rule.state);
        let break_at =
            |code, cause| Link::broken(code, self.place, object.clone(), cause, self.fixed_by);
        if state == RuleState::Disabled {
            return break_at(LinkCode::RuleDisabled, "its state is DISABLED".to_owned());
        }
        if state < wanted {
            let cause = format!(
                "its state is {}, which drops the read-only events of this alert; it should be {}",
                state.as_str(),
                wanted.as_str()
            );
            return break_at(LinkCode::RuleState, cause);
        }
        let pattern = self.rule.rule.event_pattern.as_deref().unwrap_or_default();
        let wanted = &self.wanted.compiled;
        // Most patterns are as they were written: a fleet has many thousands of the same.
        if pattern == wanted.json {
            return self.takes_all(object);
        }
        let read = Pattern::parse(pattern);
        let coverage = read.as_ref().map(|live| live.coverage_of(&wanted.pattern));
        match coverage {
            Ok(Coverage::Equal | Coverage::Wider) => self.takes_all(object),
            Ok(Coverage::NotShown) if read.as_ref().is_ok_and(|live| self.takes_account(live)) => {
                self.takes_all(object)
            }
            Ok(Coverage::NotShown) => {
                let live = read.as_ref().map(|live| &live.filter).ok();
                match live.and_then(|live| ruler::losses(live).into_iter().next()) {
                    Some(loss) => break_at(
                        LinkCode::PatternLosesAlternative,
                        format!("of its event pattern, {loss}"),
                    ),
                    None => break_at(
                        LinkCode::RulePattern,
                        "its event pattern was changed and is not shown to match every event it \
                         should"
                            .to_owned(),
                    ),
                }
            }
            Err(error) => {
                break_at(LinkCode::RulePattern, format!("its event pattern is invalid: {error}"))
            }
        }
    }
}

impl RuleJudge<'_> {
    /// Whether the live pattern takes what it should of the account whose events matter.
    fn takes_account(&self, live: &Pattern) -> bool {
        let Some(account) = self.from else { return false };
        let filter = of_account(&self.wanted.compiled.pattern.filter, account);
        live.coverage_of(&Pattern { filter }) != Coverage::NotShown
    }

    fn takes_all(&self, object: LinkObject) -> Link {
        if let Some(beside) = self.misread() {
            let cause = format!(
                "beside the wildcard `{}` in a rule of the same bus, EventBridge lets any character stand for the \
                 first of `{}`, which is left out on `{}`",
                beside.wildcard, beside.ignoring_case, beside.path
            );
            return Link {
                fix: "Write the spellings that occur as plain values in the alert, or a wildcard \
                      that does not begin with `*`, and run `ctguard apply`."
                    .to_owned(),
                ..Link::broken(LinkCode::PatternMisread, self.place, object, cause, FixedBy::Person)
            };
        }
        let cause = format!(
            "its state is {} and its pattern takes every event asked for",
            self.rule.rule.state.as_str()
        );
        Link::proven(LinkCode::RuleMissing, self.place, object, cause)
    }
}

impl RuleJudge<'_> {
    /// A test of this rule that misses events because of a wildcard in a rule of the same bus.
    fn misread(&self) -> Option<Beside> {
        // Few patterns have such a test, and a fleet has many rules.
        if !self.wanted.compiled.json.contains("equals-ignore-case") {
            return None;
        }
        let here = self.desired.places.get(self.place)?;
        let beside = here.rules.iter().filter(|(key, _)| key.bus() == self.key.bus());
        let all: Vec<&Filter> = beside.map(|(_, rule)| &rule.compiled.pattern.filter).collect();
        let own = &self.wanted.compiled.pattern.filter;
        beside_ignore_case(&all)
            .into_iter()
            .find(|beside| beside.misses && own.ignores_case_at(&beside.path))
    }
}

/// ctguard mends only what it owns.
fn fixed_by(desired: &Desired, rule: &LiveRule) -> FixedBy {
    let owned = rule.tags.name_owner(&desired.name);
    if owned && rule.rule.managed_by.is_none() { FixedBy::Apply } else { FixedBy::Person }
}
