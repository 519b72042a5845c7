//! What others added to the blueprint's objects that opens or undoes something, while every alert
//! still gets through.
//!
//! ctguard takes nothing away that others wrote, so no apply ends it: `verify` and `drift` tell it.

use super::policy::stranger;
use super::role::PUT_EVENTS;
use super::{LinkCode, LinkObject, Remark, RemarkSeverity};
use crate::desired::{Desired, DesiredPlace};
use crate::scope::Place;
use crate::snapshot::{Live, Observed, PlaceSnapshot};

/// Every addition, in the order of remarks.
pub fn find(desired: &Desired, live: &Live) -> Vec<Remark> {
    let mut found = Vec::new();
    for (place, here) in desired.own_places() {
        let Some(seen) = live.places.get(place) else { continue };
        found.extend(open_bus(desired, place, here, seen));
        found.extend(open_topics(desired, place, here, seen));
    }
    found.sort();
    found.dedup();
    found
}

fn remark(code: LinkCode, place: &Place, object: LinkObject, text: String) -> Remark {
    Remark { severity: RemarkSeverity::Degraded, code, place: place.clone(), object, text }
}

/// A hub's bus that takes events from anybody.
///
/// Source: <https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-event-bus-permissions-manage.html>
fn open_bus(
    desired: &Desired,
    place: &Place,
    here: &DesiredPlace,
    seen: &PlaceSnapshot,
) -> Option<Remark> {
    let name = &here.bus.as_ref()?.name;
    let bus = seen.buses.get(name)?.known()?;
    if !bus.tags.name_owner(&desired.name) {
        return None;
    }
    let arn = place.arn("events", &format!("event-bus/{name}"));
    let statement = stranger::opening(bus.bus.policy.as_ref(), PUT_EVENTS, &arn)?;
    let text = format!(
        "Anybody can put events on it, by {statement} of its policy: alerts can be forged. Take the statement out, or let it ask who sends, such as by aws:PrincipalOrgID."
    );
    let object = LinkObject::Bus { hub: place.clone(), name: name.clone() };
    Some(remark(LinkCode::BusOpenToAll, place, object, text))
}

/// Topics that anybody can publish to.
///
/// Source: <https://docs.aws.amazon.com/sns/latest/dg/sns-security-best-practices.html>
fn open_topics(
    desired: &Desired,
    place: &Place,
    here: &DesiredPlace,
    seen: &PlaceSnapshot,
) -> Vec<Remark> {
    let mut found = Vec::new();
    for name in here.topics.keys() {
        let arn = place.arn("sns", name);
        let Some(Observed::Known(topic)) = seen.topics.get(&arn) else { continue };
        if !topic.tags.name_owner(&desired.name) {
            continue;
        }
        let policy = topic.topic.policy.as_ref();
        if let Some(statement) = stranger::opening(policy, "sns:Publish", &arn) {
            let text = format!(
                "Anybody can publish to it, by {statement} of its policy: alerts can be forged. Take the statement out, or let it ask who publishes, such as by aws:PrincipalOrgID."
            );
            found.push(remark(LinkCode::TopicOpenToAll, place, LinkObject::Topic(arn), text));
        }
    }
    found
}
