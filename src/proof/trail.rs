//! Does a trail record this event where it lands? Without one that does, nothing reaches EventBridge.
//!
//! Source: <https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-service-event-cloudtrail.html>

use super::{Link, LinkCode, Mender, Status, unreadable};
use crate::blueprint::EventRef;
use crate::desired::Desired;
use crate::event::{Access, EventKind};
use crate::plan::Live;
use crate::resource::trail::{EXCLUDABLE_SOURCES, Selectors};
use crate::resource::{BLUEPRINT_TAG, Tags};
use crate::scope::{Arn, Place};
use crate::snapshot::{LiveTrail, Observed};

/// What decides whether a trail records an event: many events ask the same question.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Question<'a> {
    place: &'a Place,
    access: Access,
    /// Only where it matters: data events, and sources that selectors can leave out.
    source: Option<&'a str>,
    data: bool,
    global: bool,
}

impl<'a> Question<'a> {
    pub fn of(place: &'a Place, event: &'a EventRef) -> Self {
        let data = event.kind == EventKind::Data;
        let named = data || EXCLUDABLE_SOURCES.contains(&event.source.as_str());
        Self {
            place,
            access: event.access,
            source: named.then_some(event.source.as_str()),
            data,
            global: event.landing.region_in(place.region.partition()).is_some(),
        }
    }

    fn source(&self) -> &str {
        self.source.unwrap_or("any source")
    }

    fn what(&self) -> String {
        let access = if self.access == Access::Read { "read-only" } else { "write" };
        let class = if self.data { "data" } else { "management" };
        match self.source {
            Some(source) => format!("{access} {class} events of {source}"),
            None => format!("{access} {class} events"),
        }
    }
}

/// What one trail does with the event.
enum Answer {
    Records,
    /// Records it as far as can be judged.
    Assumed(String),
    Unknown(Link),
    NotLogging(String),
    LeavesOut(String),
}

pub fn judge(desired: &Desired, live: &Live, question: &Question<'_>) -> Link {
    let place = question.place;
    let here = place.arn("cloudtrail", "trail/*");
    let trails = match live.places.get(place).map(|seen| &seen.trails) {
        Some(Observed::Known(trails)) => trails,
        Some(Observed::Unreadable(why)) => {
            return unreadable(LinkCode::TrailMissing, place, here, why);
        }
        Some(Observed::Absent) | None => return missing(desired, place, here),
    };
    // The best answer of any trail decides: one that records is enough.
    let mut assumed = None;
    let mut unknown = None;
    let mut leaves_out = None;
    let mut not_logging = None;
    for (arn, trail) in trails {
        let link = |status, code, cause: String, fix: String| Link {
            code,
            status,
            place: place.clone(),
            object: arn.clone(),
            cause,
            fix,
            mender: mender(desired, live, arn, trail),
        };
        match ask(live, question, arn, trail) {
            Answer::Records => {
                let cause =
                    format!("it is logging in {} and records {}", place.region, question.what());
                return link(Status::Proven, LinkCode::TrailMissing, cause, String::new());
            }
            Answer::Assumed(cause) => {
                assumed = assumed.or(Some(link(
                    Status::Assumed,
                    LinkCode::TrailSelectors,
                    cause,
                    "Check that the trail's data selectors name the resources that matter."
                        .to_owned(),
                )));
            }
            Answer::Unknown(found) => unknown = unknown.or(Some(found)),
            Answer::LeavesOut(cause) => {
                let fix = fix(desired, live, arn, trail, "record the event");
                leaves_out =
                    leaves_out.or(Some(link(Status::Broken, LinkCode::TrailSelectors, cause, fix)));
            }
            Answer::NotLogging(cause) => {
                let fix = fix(desired, live, arn, trail, "start logging");
                not_logging = not_logging.or(Some(link(
                    Status::Broken,
                    LinkCode::TrailNotLogging,
                    cause,
                    fix,
                )));
            }
        }
    }
    assumed
        .or(unknown)
        .or(leaves_out)
        .or(not_logging)
        .unwrap_or_else(|| missing(desired, place, here))
}

fn ask(live: &Live, question: &Question<'_>, arn: &str, trail: &LiveTrail) -> Answer {
    let place = question.place;
    match &trail.status {
        Observed::Known(status) if status.logging => {}
        Observed::Known(status) => {
            let since = status.stop_logging_time.as_deref().map(|time| format!(" since {time}"));
            return Answer::NotLogging(format!("it is not logging{}", since.unwrap_or_default()));
        }
        Observed::Absent => {
            return Answer::NotLogging("it has no status in this region".to_owned());
        }
        Observed::Unreadable(why) => {
            return Answer::Unknown(unreadable(
                LinkCode::TrailNotLogging,
                place,
                arn.to_owned(),
                why,
            ));
        }
    }
    if !trail.trail.multi_region && trail.home_region != place.region {
        return Answer::NotLogging(format!("it logs in {} only", trail.home_region));
    }
    if question.global && !trail.trail.global_service_events {
        return Answer::LeavesOut("it does not include the events of global services".to_owned());
    }
    let selectors = match selectors(live, arn, trail) {
        Observed::Known(selectors) => selectors,
        Observed::Unreadable(why) => {
            return Answer::Unknown(unreadable(
                LinkCode::TrailSelectors,
                place,
                arn.to_owned(),
                &why,
            ));
        }
        Observed::Absent => {
            return Answer::Unknown(Link {
                code: LinkCode::TrailSelectors,
                status: Status::Unknown,
                place: place.clone(),
                object: arn.to_owned(),
                cause: format!(
                    "its event selectors are kept in {}, which was not read",
                    owner_place(arn, trail)
                ),
                fix: "Run ctguard where the trail's home region and account can be read."
                    .to_owned(),
                mender: Mender::Person,
            });
        }
    };
    let included = if question.data {
        selectors.include_data(question.source(), question.access)
    } else {
        selectors.include_management(question.source(), question.access)
    };
    match (included, question.data) {
        (false, _) => {
            Answer::LeavesOut(format!("its event selectors leave out {}", question.what()))
        }
        (true, false) => Answer::Records,
        (true, true) => Answer::Assumed(format!(
            "its data selectors record {}; which resources they name is not judged",
            question.what()
        )),
    }
}

/// A trail's selectors, read in its home region.
fn selectors<'a>(live: &'a Live, arn: &str, trail: &LiveTrail) -> Observed<&'a Selectors> {
    let home = live.places.iter().find(|(place, _)| {
        place.region == trail.home_region
            && Arn::parse(arn).is_some_and(|arn| arn.account == place.account.as_str())
    });
    let Some((_, seen)) = home else { return Observed::Absent };
    match &seen.trails {
        Observed::Known(trails) => {
            trails.get(arn).map_or(Observed::Absent, |trail| trail.selectors.as_ref())
        }
        Observed::Absent => Observed::Absent,
        Observed::Unreadable(why) => Observed::Unreadable(why.clone()),
    }
}

fn owner_place(arn: &str, trail: &LiveTrail) -> String {
    let account = Arn::parse(arn).map_or("another account", |arn| arn.account);
    format!("{account}/{}", trail.home_region)
}

/// Whether this is the trail that the blueprint keeps and ctguard owns, or would adopt.
fn kept(desired: &Desired, live: &Live, arn: &str) -> bool {
    desired.places.iter().any(|(place, here)| {
        here.trail.as_ref().is_some_and(|kept| {
            let tags = live
                .places
                .get(place)
                .and_then(|seen| seen.trails.known())
                .and_then(|trails| trails.get(arn))
                .and_then(|trail| trail.tags.known());
            place.arn("cloudtrail", &format!("trail/{}", kept.name)) == arn
                && (kept.adopt || owned(tags, &desired.name))
        })
    })
}

fn owned(tags: Option<&Tags>, name: &str) -> bool {
    tags.and_then(|tags| tags.get(BLUEPRINT_TAG)).is_some_and(|owner| owner == name)
}

fn mender(desired: &Desired, live: &Live, arn: &str, _trail: &LiveTrail) -> Mender {
    if kept(desired, live, arn) { Mender::Apply } else { Mender::Person }
}

/// Who can do it, and how.
fn fix(desired: &Desired, live: &Live, arn: &str, trail: &LiveTrail, what: &str) -> String {
    if kept(desired, live, arn) {
        return "Run `ctguard apply`.".to_owned();
    }
    let account = Arn::parse(arn).map_or("its owner", |arn| arn.account);
    let whose = if trail.trail.organization {
        "the organization's trail, in account"
    } else {
        "a trail of account"
    };
    let command = match what {
        "start logging" => {
            format!("`aws cloudtrail start-logging --name {arn} --region {}`", trail.home_region)
        }
        _ => format!(
            "`aws cloudtrail put-event-selectors --trail-name {arn} --region {}`",
            trail.home_region
        ),
    };
    format!(
        "It is {whose} {account}: whoever administers it can {what} with {command}. ctguard changes only the trail under `trail:`."
    )
}

fn missing(desired: &Desired, place: &Place, object: String) -> Link {
    let kept = desired
        .places
        .iter()
        .any(|(other, here)| other.account == place.account && here.trail.is_some());
    Link {
        code: LinkCode::TrailMissing,
        status: Status::Broken,
        place: place.clone(),
        object,
        cause: "no trail covers the region, so no CloudTrail event reaches EventBridge there"
            .to_owned(),
        fix: if kept {
            "Run `ctguard apply`.".to_owned()
        } else {
            "Add `trail:` to the blueprint and apply it, or have a multi-region trail made."
                .to_owned()
        },
        mender: if kept { Mender::Apply } else { Mender::Person },
    }
}

/// Trouble of a trail that keeps no event from EventBridge.
pub fn remarks(desired: &Desired, live: &Live, remarks: &mut Vec<String>) {
    for place in desired.places.keys() {
        let Some(trails) = live.places.get(place).and_then(|seen| seen.trails.known()) else {
            continue;
        };
        for (arn, trail) in trails.iter().filter(|(_, trail)| trail.home_region == place.region) {
            let Some(status) = trail.status.known() else { continue };
            if let Some(error) = &status.latest_delivery_error {
                remarks.push(format!(
                    "{arn} cannot write its log files: {error}. Events still reach EventBridge."
                ));
            }
            if let Some(error) = &status.latest_digest_delivery_error {
                remarks.push(format!(
                    "{arn} cannot write its digest files: {error}. Events still reach EventBridge."
                ));
            }
        }
    }
}
