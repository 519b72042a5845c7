//! Does a trail record this event where it lands? Without one that does, nothing reaches
//! EventBridge.
//!
//! Every trail visible in the place is judged, and the best result counts, since one trail that
//! records the event is enough.
//!
//! Source: <https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-service-event-cloudtrail.html>

mod home;
mod landing;
mod owner;
mod unseen;

pub(super) use landing::cannot_land;

use super::{FixedBy, Link, LinkCode, LinkObject, Status};
use crate::blueprint::Records;
use crate::desired::Desired;
use crate::event::{self, Access, EVERY_SOURCE, EventKind, EventRef, Landing};
use crate::resource::small_map::SmallMap;
use crate::resource::trail::{EXCLUDABLE_SOURCES, Selectors, Subject};
use crate::scope::{AccountId, Arn, Partition, Place};
use crate::snapshot::Live;
use crate::snapshot::{LiveTrail, Observed, Unreadable};
use owner::{Repair, fix, fixed_by};
use std::cmp::Reverse;
use std::collections::BTreeSet;

/// The properties that decide whether a trail records an event; many events share them.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct TrailQuery<'a> {
    place: &'a Place,
    access: Access,
    /// Only where it matters: data events, and event sources that selectors can exclude.
    source: Option<&'a str>,
    /// The event's own name and type, only where a trail's selectors tell events apart by them.
    name: Option<&'a str>,
    event_type: Option<&'static str>,
    class: Class,
    global: GlobalEvents,
    /// The event is wanted, but may well be recorded in another way: what this asks for is then no
    /// loss that is sure.
    in_doubt: bool,
}

/// What a trail's selectors tell apart.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Class {
    Management,
    Data,
    Network,
    Insight,
}

impl Class {
    fn of(kind: EventKind) -> Self {
        match kind {
            EventKind::Data => Self::Data,
            EventKind::Network => Self::Network,
            EventKind::Insight => Self::Insight,
            EventKind::Api | EventKind::Signin | EventKind::Console | EventKind::Service => {
                Self::Management
            }
        }
    }
}

/// Whether a trail records the event only if it includes those of global services.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum GlobalEvents {
    No,
    /// Calls to the global endpoint are global, those to the regional endpoint are not.
    OneEndpoint,
    /// Events of every service, those of global services among them.
    Among,
    Yes,
}

impl<'a> TrailQuery<'a> {
    /// `each`: whether a trail's selectors tell events apart by more than their class.
    fn of(place: &'a Place, event: &'a EventRef, each: bool) -> Self {
        let class = Class::of(event.kind);
        let named = each && event.source != EVERY_SOURCE
            || class != Class::Management
            || EXCLUDABLE_SOURCES.contains(&&*event.source);
        let leader =
            place.region.partition() == Partition::Aws && place.region.as_str() == "us-east-1";
        let global = match event.landing {
            _ if event.landing.region_in(place.region.partition()).is_some() => GlobalEvents::Yes,
            Landing::Endpoint if leader => GlobalEvents::OneEndpoint,
            _ if leader && event.source == EVERY_SOURCE => GlobalEvents::Among,
            _ => GlobalEvents::No,
        };
        let source = named.then_some(event.source.as_str());
        let name = (each && !event.is_family()).then_some(event.name.as_str());
        let event_type = if each { event_type(event.kind) } else { None };
        let access = event.access;
        Self { place, access, source, name, event_type, class, global, in_doubt: false }
    }

    /// What a trail is asked for the events of a path. Of a family, no trail has to record what
    /// costs extra; what is recorded is taken.
    pub fn all(live: &Live, place: &'a Place, events: &'a [EventRef]) -> Vec<Asked<'a>> {
        let each = tell_events_apart(live, place);
        let mut all: BTreeSet<Asked<'a>> = BTreeSet::new();
        // The ways in which one event may be recorded stand side by side.
        let same_name = |a: &EventRef, b: &EventRef| (&a.source, &a.name) == (&b.source, &b.name);
        for ways in events.chunk_by(same_name) {
            // An event that no list has is taken as every kind that it might be.
            let is_guess = event::UNLISTED_KINDS
                .iter()
                .all(|kind| ways.iter().any(|event| event.kind == *kind));
            for event in ways {
                let question = Self::of(place, event, each);
                // A family has data events where it has nothing else, and Insights where they
                // are asked for.
                let needless = match question.class {
                    Class::Management => false,
                    Class::Network => event.is_family() || is_guess,
                    Class::Data | Class::Insight => is_guess,
                };
                if needless {
                    continue;
                }
                let several = ways.len() > 1 && !event.is_family();
                let name = several.then_some((&*event.source, &*event.name));
                all.insert(Asked { question, name });
                if event.source == EVERY_SOURCE {
                    let excludable = EXCLUDABLE_SOURCES.into_iter().map(|source| {
                        let source = Some(source);
                        Asked { question: Self { source, in_doubt: true, ..question }, name }
                    });
                    all.extend(excludable);
                }
            }
        }
        all.into_iter().collect()
    }

    /// The same, of an event that may be recorded in another way.
    pub fn in_doubt(self) -> Self {
        Self { in_doubt: true, ..self }
    }

    /// The source of an event that has one by its class.
    fn source(&self) -> &str {
        self.source.unwrap_or(EVERY_SOURCE)
    }

    fn subject(&self) -> Subject<'_> {
        let Self { access, source, name, event_type, .. } = *self;
        Subject { access, source, name, event_type }
    }

    fn what(&self) -> String {
        let access = if self.access == Access::Read { "read-only" } else { "write" };
        let class = match self.class {
            Class::Management => format!("{access} management events"),
            Class::Data => format!("{access} data events"),
            Class::Network => "network activity events".to_owned(),
            Class::Insight => "Insights".to_owned(),
        };
        match (self.source, self.name) {
            (Some(source), _) if self.class == Class::Insight => {
                format!("{class} on calls to {source}")
            }
            (Some(source), Some(name)) => format!("{class} {name} of {source}"),
            (Some(source), None) => format!("{class} of {source}"),
            (None, _) => class,
        }
    }
}

/// What the record of an event has as `eventType`, by its kind.
///
/// Source: <https://docs.aws.amazon.com/awscloudtrail/latest/userguide/cloudtrail-event-reference-record-contents.html>
fn event_type(kind: EventKind) -> Option<&'static str> {
    match kind {
        EventKind::Api => Some("AwsApiCall"),
        EventKind::Signin => Some("AwsConsoleSignIn"),
        EventKind::Console => Some("AwsConsoleAction"),
        EventKind::Service => Some("AwsServiceEvent"),
        EventKind::Data | EventKind::Network | EventKind::Insight => None,
    }
}

/// Whether the selectors of a trail that a place sees tell events apart by more than their class.
fn tell_events_apart(live: &Live, place: &Place) -> bool {
    let trails = live.places.get(place).and_then(|seen| seen.trails.known());
    trails.into_iter().flatten().any(|(arn, trail)| {
        selectors(live, arn, trail).known().is_some_and(|one| one.tell_events_apart())
    })
}

/// A question, and the source and name of the event that it is about where that event may be
/// recorded in several ways.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Asked<'a> {
    pub question: TrailQuery<'a>,
    pub name: Option<(&'a str, &'a str)>,
}

pub fn judge(desired: &Desired, live: &Live, question: &TrailQuery<'_>) -> Link {
    let link = surely(desired, live, question);
    match link.status {
        Status::Broken if question.in_doubt => Link { status: Status::Assumed, ..link },
        _ => link,
    }
}

fn surely(desired: &Desired, live: &Live, question: &TrailQuery<'_>) -> Link {
    let place = question.place;
    let nothing = SmallMap::new();
    let trails = match live.places.get(place).map(|seen| &seen.trails) {
        Some(Observed::Known(trails)) => trails,
        Some(Observed::Unreadable(why)) => {
            let here = LinkObject::Trails(place.clone());
            return Link::unreadable(LinkCode::TrailMissing, place, here, why);
        }
        Some(Observed::Absent) | None => &nothing,
    };
    let answers = trails.iter().map(|(arn, trail)| {
        let asked = TrailJudge { desired, live, question, arn, trail };
        asked.link()
    });
    let best = answers.min_by_key(|link| (link.status, Reverse(link.code)));
    match best {
        Some(link) if link.status < Status::Broken => return link,
        // One of the account's own that does not record is no reason while the organization's
        // is still to come.
        Some(link) if unseen::is_shown(desired, place, trails) => return link,
        _ => {}
    }
    unseen::of_organization(desired, live, place)
        .or(best)
        .unwrap_or_else(|| unseen::missing(desired, live, place))
}

/// Judges one trail for one kind of event.
struct TrailJudge<'a> {
    desired: &'a Desired,
    live: &'a Live,
    question: &'a TrailQuery<'a>,
    arn: &'a str,
    trail: &'a LiveTrail,
}

impl TrailJudge<'_> {
    fn link(&self) -> Link {
        match &self.trail.status {
            Observed::Known(status) if status.logging => {}
            Observed::Known(status) => {
                let since = status.stop_logging_time.as_deref();
                let since = since.map(|time| format!(" since {time}")).unwrap_or_default();
                let cause = format!("it is not logging{since}");
                return self.broken(LinkCode::TrailNotLogging, cause, Repair::StartLogging);
            }
            Observed::Absent => {
                let cause = "it has no status in this region".to_owned();
                return self.broken(LinkCode::TrailNotLogging, cause, Repair::StartLogging);
            }
            Observed::Unreadable(why) => {
                return self.unreadable(LinkCode::TrailNotLogging, why);
            }
        }
        if !self.trail.trail.multi_region && self.trail.home_region != self.question.place.region {
            let cause = format!("it logs in {} only", self.trail.home_region);
            return self.broken(LinkCode::TrailNotHere, cause, Repair::MultiRegion);
        }
        if let Some(silent) = home::silences(self) {
            return silent;
        }
        let lacks_global = !self.trail.trail.global_service_events;
        if lacks_global && self.question.global == GlobalEvents::Yes {
            let cause = "it leaves out the events of global services".to_owned();
            return self.broken(LinkCode::GlobalEventsMissing, cause, Repair::GlobalEvents);
        }
        let link = self.selected();
        let lost = match self.question.global {
            GlobalEvents::OneEndpoint => {
                "calls to the global STS endpoint among them; calls to the region's own endpoint are recorded"
            }
            GlobalEvents::Among => "such as IAM; those of all others are recorded",
            GlobalEvents::No | GlobalEvents::Yes => return link,
        };
        if link.status == Status::Proven && lacks_global {
            let cause = format!("it leaves out the events of global services, {lost}");
            return Link {
                status: Status::Assumed,
                ..self.broken(LinkCode::GlobalEventsMissing, cause, Repair::GlobalEvents)
            };
        }
        link
    }

    /// What the event selectors do with the event.
    fn selected(&self) -> Link {
        let question = self.question;
        if question.class == Class::Insight {
            return self.insights();
        }
        let selectors = match selectors(self.live, self.arn, self.trail) {
            Observed::Known(selectors) => selectors,
            Observed::Unreadable(why) => {
                return self.trusted().unwrap_or_else(|| self.selectors_unread(&why));
            }
            Observed::Absent => return self.trusted().unwrap_or_else(|| self.kept_elsewhere()),
        };
        let what = question.what();
        let leaves_out = |code| {
            let cause = format!("its event selectors leave out {what}");
            self.broken(code, cause, Repair::Selectors)
        };
        if question.class == Class::Network {
            return self.network(selectors);
        }
        if question.class == Class::Data {
            if !selectors.include_data(question.source(), &question.subject()) {
                // Data events are billed each: ctguard adds none by itself.
                return Link {
                    fix: format!(
                        "Add a data event selector for {} to the trail with `aws cloudtrail put-event-selectors --trail-name {} --region {}`; data events are billed, so ctguard adds none.",
                        question.source(),
                        self.arn,
                        self.trail.home_region
                    ),
                    fixed_by: FixedBy::Person,
                    ..leaves_out(LinkCode::DataSelectorMissing)
                };
            }
            return Link {
                fix: "Check that the trail's data selectors name the resources that matter."
                    .to_owned(),
                ..self.assumed(
                    LinkCode::DataSelectorMissing,
                    format!(
                        "its data selectors record {what}; which resources they name is not judged"
                    ),
                )
            };
        }
        let recorded = selectors.management(&question.subject());
        if recorded == Some(true) {
            let cause = format!("it is logging in {} and records {what}", question.place.region);
            return Link {
                fix: String::new(),
                status: Status::Proven,
                ..self.assumed(LinkCode::TrailMissing, cause)
            };
        }
        if recorded.is_none() {
            let cause = match selectors.unjudged_fields().as_slice() {
                [] => format!("its event selectors record only some of the {what}"),
                fields => format!(
                    "its event selectors record {what} only where {} match, which is not judged",
                    fields.join(" and ")
                ),
            };
            let broken = self.broken(LinkCode::SelectorsExcludeSource, cause, Repair::Selectors);
            return Link { status: Status::Assumed, ..broken };
        }
        let ordinary = |access| selectors.management(&Subject::ordinary(access)) != Some(false);
        match (ordinary(Access::Read), ordinary(Access::Write), question.access) {
            (false, false, _) => leaves_out(LinkCode::SelectorsDropManagement),
            (false, _, Access::Read) => leaves_out(LinkCode::SelectorsDropReads),
            (_, false, Access::Write) => leaves_out(LinkCode::SelectorsDropWrites),
            _ => leaves_out(LinkCode::SelectorsExcludeSource),
        }
    }

    /// What the network activity selectors do with the event.
    ///
    /// Source: <https://docs.aws.amazon.com/awscloudtrail/latest/userguide/logging-network-events-with-cloudtrail.html>
    fn network(&self, selectors: &Selectors) -> Link {
        let source = self.question.source();
        if selectors.include_network(&self.question.subject()) {
            let cause = format!(
                "its selectors record {}; which calls and endpoints they name is not judged",
                self.question.what()
            );
            return Link {
                fix: "Check what the trail's network activity selectors narrow.".to_owned(),
                ..self.assumed(LinkCode::NetworkSelectorMissing, cause)
            };
        }
        let cause = format!("its event selectors leave out {}", self.question.what());
        let fix = format!(
            "Add a network activity selector for {source} to the trail with `aws cloudtrail put-event-selectors --trail-name {} --region {}`; these events are billed, so ctguard adds none.",
            self.arn, self.trail.home_region
        );
        Link {
            fix,
            fixed_by: FixedBy::Person,
            ..self.broken(LinkCode::NetworkSelectorMissing, cause, Repair::Selectors)
        }
    }

    /// Whether the trail looks for unusual rates. Which ones is not read.
    ///
    /// Source: <https://docs.aws.amazon.com/awscloudtrail/latest/APIReference/API_Trail.html>
    fn insights(&self) -> Link {
        if self.trail.insights {
            let cause =
                "it has Insights selectors; whether of calls or of errors is not read".to_owned();
            return Link {
                fix: "Check which Insights the trail records.".to_owned(),
                ..self.assumed(LinkCode::InsightSelectorMissing, cause)
            };
        }
        let fix = format!(
            "Turn Insights on with `aws cloudtrail put-insight-selectors --trail-name {} --region {}`; they are billed, so ctguard does not.",
            self.arn, self.trail.home_region
        );
        Link {
            fix,
            fixed_by: FixedBy::Person,
            ..self.broken(
                LinkCode::InsightSelectorMissing,
                "it has no Insights selectors".to_owned(),
                Repair::Selectors,
            )
        }
    }

    /// What the blueprint says of a trail whose selectors cannot be read.
    fn trusted(&self) -> Option<Link> {
        let trust = self.desired.trusted.get(self.arn)?;
        let question = self.question;
        if question.class != Class::Management {
            return None;
        }
        if trust.records == Records::Write && question.access == Access::Read {
            let cause =
                format!("the blueprint says that it records writes only ({})", trust.reason);
            return Some(self.broken(LinkCode::SelectorsDropReads, cause, Repair::Selectors));
        }
        let cause = format!(
            "it is logging; that it records {} is what the blueprint says ({})",
            question.what(),
            trust.reason
        );
        let fix = "Run ctguard where the trail's home region and account can be read.".to_owned();
        Some(Link { fix, ..self.assumed(LinkCode::TrailOfOrganization, cause) })
    }

    fn kept_elsewhere(&self) -> Link {
        let owner = Arn::parse(self.arn).map_or("another account", |arn| arn.account);
        let own = owner == self.question.place.account.as_str();
        let code = if own { LinkCode::SelectorsUnread } else { LinkCode::TrailOfOrganization };
        let cause = format!(
            "its event selectors are kept in {owner}/{}, which was not read",
            self.trail.home_region
        );
        let fix = format!(
            "Run ctguard where the trail's home region and account can be read, or say what it records: `trust_trails: [{{ arn: \"{}\", records: all, reason: ... }}]`.",
            self.arn
        );
        Link { status: Status::Unknown, fix, ..self.assumed(code, cause) }
    }

    fn broken(&self, code: LinkCode, cause: String, repair: Repair) -> Link {
        let (fix, fixed_by) = (
            fix(self.desired, self.live, self.arn, self.trail, repair),
            fixed_by(self.desired, self.live, self.arn),
        );
        Link { status: Status::Broken, fix, fixed_by, ..self.assumed(code, cause) }
    }

    fn unreadable(&self, code: LinkCode, why: &Unreadable) -> Link {
        self.unreadable_in(self.question.place, code, why)
    }

    /// Selectors are read in the trail's home, wherever the event lands.
    fn selectors_unread(&self, why: &Unreadable) -> Link {
        let home = home_of(self.arn, self.trail);
        let read = home.as_ref().unwrap_or(self.question.place);
        self.unreadable_in(read, LinkCode::SelectorsUnread, why)
    }

    fn unreadable_in(&self, read: &Place, code: LinkCode, why: &Unreadable) -> Link {
        let place = self.question.place;
        Link {
            per: owner::per(place, self.arn, self.trail),
            ..Link::unreadable_in(read, code, place, LinkObject::Trail(self.arn.to_owned()), why)
        }
    }

    fn assumed(&self, code: LinkCode, cause: String) -> Link {
        let per = owner::per(self.question.place, self.arn, self.trail);
        Link::assumed(code, self.question.place, LinkObject::Trail(self.arn.to_owned()), cause)
            .one_per(per)
    }
}

/// Where a trail is kept: its home region, in the account of its owner.
fn home_of(arn: &str, trail: &LiveTrail) -> Option<Place> {
    let owner = AccountId::new(Arn::parse(arn)?.account)?;
    Some(Place::new(owner, trail.home_region.clone()))
}

/// A trail's selectors, read in its home region.
fn selectors<'a>(live: &'a Live, arn: &str, trail: &LiveTrail) -> Observed<&'a Selectors> {
    let Some(seen) = home_of(arn, trail).and_then(|home| live.places.get(&home)) else {
        return Observed::Absent;
    };
    match &seen.trails {
        Observed::Known(trails) => {
            trails.get(arn).map_or(Observed::Absent, |trail| trail.selectors.as_ref())
        }
        Observed::Absent => Observed::Absent,
        Observed::Unreadable(why) => Observed::Unreadable(why.clone()),
    }
}
