//! Rules that exist in accounts.
//!
//! ```text
//!  rules of every bus ──► fate: passed over, refused, unread
//!                          └──► groups: one name, pattern and set of topics, in several places
//!                                └──► covered: the places that one blueprint can cover
//!                                      └──► alerts, destinations, and what takes over
//! ```
//!
//! A rule's topics stay what they are and become destinations. Its other targets stay with the
//! rule, which then is not taken away but loses the topics that the blueprint sends to.

mod covered;
mod fate;
mod sent;

use super::draft::{Draft, Origin};
use super::frame::{Destination, Frame};
use super::notes::Notes;
use super::pattern::{self, Rule};
use super::{Collected, PassedOver, Refused, Unread, taken};
use crate::blueprint::{Risk, spelled};
use crate::resource::rule::RuleState;
use crate::scope::{AccountId, Place, Region};
use crate::snapshot::{Live, LiveRule, Observed, ReadSet, Unreadable};
use fate::Fate;
use jiff::civil::Date;
use sent::{Sent, Topic};
use std::collections::{BTreeMap, BTreeSet};

/// What was read, and how the accounts were entered.
#[derive(Debug, Clone, Copy)]
pub struct Survey<'a> {
    pub live: &'a Live,
    /// The account of the credentials in use.
    pub caller: &'a AccountId,
    /// The role that was assumed in the other accounts.
    pub role: Option<&'a str>,
    /// Accounts whose regions could not be listed.
    pub unread: &'a BTreeMap<AccountId, Unreadable>,
}

/// A rule where it stands.
#[derive(Debug, Clone, Copy)]
struct Found<'a> {
    place: &'a Place,
    bus: Option<&'a str>,
    name: &'a str,
    rule: &'a LiveRule,
}

impl Found<'_> {
    fn named(&self) -> String {
        match self.bus {
            Some(bus) => format!("{}: {bus}/{}", self.place, self.name),
            None => format!("{}: {}", self.place, self.name),
        }
    }

    fn from(&self) -> Origin {
        Origin {
            file: self.place.to_string(),
            line: None,
            rule: self.name.to_owned(),
            id: None,
            author: None,
        }
    }
}

/// What is the same rule in several places: name, pattern and topics.
type GroupKey = (String, String, BTreeSet<Topic>);

/// One rule in several places.
#[derive(Debug)]
struct Group<'a> {
    all: Vec<Found<'a>>,
    sent: Sent,
    draft: Draft,
    /// Where its alert can be raised, of the places that were read.
    lands: BTreeSet<Place>,
}

/// A blueprint whose accounts and regions are those to read.
pub fn scope_text(accounts: &[(AccountId, Option<String>)], regions: &[Region]) -> String {
    let mut text = "version: 1\nname: imported\n".to_owned();
    if !accounts.is_empty() {
        let one = |(id, role): &(AccountId, Option<String>)| match role {
            Some(role) => format!("{{ id: \"{id}\", role: \"{role}\" }}"),
            None => format!("{{ id: \"{id}\" }}"),
        };
        let all: Vec<String> = accounts.iter().map(one).collect();
        text.push_str(&format!("accounts: [{}]\n", all.join(", ")));
    }
    if !regions.is_empty() {
        let names: Vec<String> = regions.iter().map(|one| spelled(one.as_str())).collect();
        text.push_str(&format!("regions: [{}]\n", names.join(", ")));
    }
    // What it alerts on is of no interest; this lands in every region.
    text.push_str("alerts: [{ id: any, title: Any, risk: low, events: [ec2:CreateRoute] }]\n");
    text
}

/// The topics to read: those that rules about CloudTrail send to, in each place that was read, since
/// a blueprint sends to the same topic in every place.
pub fn topics(live: &Live) -> BTreeMap<Place, ReadSet> {
    let mut wanted: BTreeSet<Topic> = BTreeSet::new();
    for found in every_rule(live) {
        if let Fate::Comes(sent) = Fate::of(&found) {
            wanted.extend(sent.topics.into_keys());
        }
    }
    let places = live.places.keys().filter(|_| !wanted.is_empty());
    let reads = |place: &Place| ReadSet {
        topics: wanted.iter().map(|topic| topic.arn_in(place)).collect(),
        ..ReadSet::default()
    };
    places.map(|place| (place.clone(), reads(place))).collect()
}

/// Makes alerts of the rules that were read, topics included.
pub fn live(survey: &Survey<'_>, risk: Risk, as_of: Date) -> Collected {
    let mut collected = Collected { unread: unread(survey), ..Collected::default() };
    let mut passed: BTreeMap<&'static str, Vec<String>> = BTreeMap::new();
    let mut kept: BTreeMap<GroupKey, (Vec<Found<'_>>, Sent)> = BTreeMap::new();
    for found in every_rule(survey.live) {
        match Fate::of(&found) {
            Fate::PassedOver(why) => passed.entry(why).or_default().push(found.named()),
            Fate::Refused(reason) => collected.refused.push(Refused { from: found.from(), reason }),
            Fate::Unread(part, why) => {
                collected.unread.push(unread_part(found.place.to_string(), &part, why));
            }
            Fate::Comes(sent) => {
                let topics = sent.topics.keys().cloned().collect();
                let key = (found.name.to_owned(), fate::canonical(found.rule), topics);
                let (all, known) = kept.entry(key).or_default();
                all.push(found);
                known.add(sent);
            }
        }
    }
    collected.passed_over =
        passed.into_iter().map(|(why, rules)| PassedOver { why: why.to_owned(), rules }).collect();
    let mut groups = Vec::new();
    for (all, sent) in kept.into_values() {
        match group(survey.live, all, sent, risk, as_of) {
            Ok(group) => groups.push(group),
            Err(refused) => collected.refused.extend(refused),
        }
    }
    let (places, left) = covered::places(survey.live, &groups);
    for (group, reason) in &left {
        let from = groups[*group].all.iter().map(Found::from);
        collected.refused.extend(from.map(|from| Refused { from, reason: reason.clone() }));
    }
    let left: BTreeSet<usize> = left.into_iter().map(|(group, _)| group).collect();
    let mut number = 0;
    groups.retain(|_| {
        number += 1;
        !left.contains(&(number - 1))
    });
    collected.frame = frame(survey, &places, &groups);
    let destinations = collected.frame.destinations.clone();
    collected.drafts =
        groups.into_iter().map(|group| finished(group, &places, &destinations)).collect();
    collected
}

/// Every rule that could be read.
fn every_rule(live: &Live) -> impl Iterator<Item = Found<'_>> {
    live.places.iter().flat_map(|(place, seen)| {
        let default = seen.rules.known().into_iter().flatten();
        let default = default.map(move |(name, rule)| Found { place, bus: None, name, rule });
        let buses = seen.buses.iter().filter_map(|(bus, seen)| Some((bus, seen.known()?)));
        let custom = buses.flat_map(move |(bus, seen)| {
            let rules = seen.rules.known().into_iter().flatten();
            rules.map(move |(name, rule)| Found { place, bus: Some(bus), name, rule })
        });
        default.chain(custom)
    })
}

/// What could not be read of whole accounts and places.
fn unread(survey: &Survey<'_>) -> Vec<Unread> {
    let accounts = survey.unread.iter();
    let mut all: Vec<Unread> = accounts
        .map(|(account, why)| unread_part(account.to_string(), "which regions are enabled", why))
        .collect();
    for (place, seen) in &survey.live.places {
        let mut tell = |part: &str, why: &Unreadable| {
            all.push(unread_part(place.to_string(), part, why));
        };
        if let Some(why) = seen.rules.unreadable() {
            tell("the rules of the default bus", why);
        }
        for (bus, seen) in &seen.buses {
            match seen {
                Observed::Unreadable(why) if bus == "*" => tell("the custom buses", why),
                Observed::Unreadable(why) => tell(&format!("the bus {bus}"), why),
                Observed::Known(seen) => {
                    if let Some(why) = seen.rules.unreadable() {
                        tell(&format!("the rules of the bus {bus}"), why);
                    }
                }
                Observed::Absent => {}
            }
        }
        for (arn, topic) in &seen.topics {
            match topic {
                Observed::Unreadable(why) => tell(&format!("the topic {arn}"), why),
                Observed::Known(topic) => {
                    if let Some(why) = topic.subscriptions.unreadable() {
                        tell(&format!("who subscribes to the topic {arn}"), why);
                    }
                }
                Observed::Absent => {}
            }
        }
    }
    all
}

fn unread_part(place: String, part: &str, why: &Unreadable) -> Unread {
    Unread { place, part: part.to_owned(), why: why.to_string(), remedy: why.remedy() }
}

/// The alert of a rule, and where it can be raised.
fn group<'a>(
    live: &Live,
    all: Vec<Found<'a>>,
    sent: Sent,
    risk: Risk,
    as_of: Date,
) -> Result<Group<'a>, Vec<Refused>> {
    let refuse = |reason: String| -> Vec<Refused> {
        all.iter().map(|one| Refused { from: one.from(), reason: reason.clone() }).collect()
    };
    let Some(first) = all.first() else { return Err(Vec::new()) };
    let text = first.rule.rule.event_pattern.clone().unwrap_or_default();
    let places: Vec<String> = all.iter().map(|one| one.place.to_string()).collect();
    let rule = Rule {
        from: Origin { file: places.join(", "), ..first.from() },
        description: first.rule.rule.description.clone(),
        risk,
        notes: Notes::default(),
        plain: all.iter().all(|one| one.rule.rule.state == RuleState::Enabled),
    };
    let draft = pattern::draft(&text, rule).map_err(refuse)?;
    let alert = taken::alert(&draft, &Frame::default(), as_of).map_err(refuse)?;
    let lands = |place: &&Place| {
        let lands = (*place).into();
        alert
            .events
            .iter()
            .any(|event| crate::desired::landing::can_land(&alert, event, lands, as_of))
    };
    let lands = live.places.keys().filter(lands).cloned().collect();
    Ok(Group { all, sent, draft, lands })
}

/// What stands around the alerts.
fn frame(survey: &Survey<'_>, places: &BTreeSet<Place>, groups: &[Group<'_>]) -> Frame {
    let ids: BTreeSet<&AccountId> = places.iter().map(|place| &place.account).collect();
    let regions: BTreeSet<&Region> = places.iter().map(|place| &place.region).collect();
    let role = |id: &AccountId| survey.role.filter(|_| id != survey.caller).map(str::to_owned);
    let own = ids.iter().all(|id| *id == survey.caller);
    Frame {
        accounts: match own {
            true => Vec::new(),
            false => ids.into_iter().map(|id| (id.clone(), role(id))).collect(),
        },
        regions: regions.into_iter().cloned().collect(),
        destinations: destinations(survey.live, places, groups),
    }
}

fn destinations(live: &Live, places: &BTreeSet<Place>, groups: &[Group<'_>]) -> Vec<Destination> {
    let mut topics: BTreeMap<&Topic, bool> = BTreeMap::new();
    for (topic, whole) in groups.iter().flat_map(|group| &group.sent.topics) {
        *topics.entry(topic).or_default() |= whole;
    }
    let mut taken = BTreeSet::from(["people".to_owned()]);
    let made = topics.into_iter().map(|(topic, whole)| {
        let name = topic.free_name(&taken);
        taken.insert(name.clone());
        topic.destination(name, whole, live, places)
    });
    made.collect()
}

/// The alert with its destinations, and with what is to be told of its rule.
fn finished(group: Group<'_>, places: &BTreeSet<Place>, destinations: &[Destination]) -> Draft {
    let Group { all, sent, mut draft, lands } = group;
    let of = |topic: &Topic| destinations.iter().find(|one| topic.is(one));
    draft.notify = sent.topics.keys().filter_map(of).map(|one| one.name.clone()).collect();
    let own: BTreeSet<&Place> = all.iter().map(|one| one.place).collect();
    if places.intersection(&lands).any(|place| !own.contains(place)) {
        draft.note(
            "the alert is raised wherever the blueprint covers; the rule is not everywhere there"
                .to_owned(),
        );
    }
    for (topic, whole) in &sent.topics {
        let raw = of(topic).is_some_and(|one| one.format == "raw");
        match (whole, raw) {
            (false, true) => draft.note(format!(
                "what the rule makes of the event for {} is replaced by the whole event, which \
                 another rule sends there",
                topic.name()
            )),
            (false, false) => draft.note(format!(
                "what the rule makes of the event for {} is replaced by ctguard's text",
                topic.name()
            )),
            (true, _) => {}
        }
    }
    sent.notes(&mut draft);
    if !sent.topics.is_empty() && !sent.has_schedule() {
        draft.takes_over = all.first().map(|one| one.name.to_owned());
    }
    draft
}
