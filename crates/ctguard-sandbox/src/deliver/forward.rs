//! From a rule to another bus: the role that EventBridge assumes, its permissions, and the policy
//! of the bus. An event is forwarded only once.

use super::target::Sending;
use super::{Delivery, On, Onward, Refused, bus_key_admits};
use crate::hop::{self, Hop};
use crate::roles;
use crate::state::locate;
use ctguard_core::resource::rule::Target;

/// Puts the event on the bus that is a rule's target, and evaluates the rules there.
pub fn forward(
    sending: &Sending<'_>,
    target: &Target,
    delivery: &mut Delivery,
) -> Result<Onward, Refused> {
    let Sending { on, rule_arn } = *sending;
    let bus_arn = &target.arn;
    // AWS: an event that came from another account, Region or bus is not sent on to a third.
    // https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-cross-account.html
    if on.bus.is_some() || on.at != &on.event.place {
        let why = "an event that was forwarded once is not forwarded again";
        return Err(Refused::new("THIRD_ACCOUNT_HOP_DETECTED", why));
    }
    // The effect of another input on an event for a bus is not documented.
    if !target.input.is_event() {
        let why = format!("{bus_arn} takes the event only as it is");
        return Err(Refused::new("INVALID_PARAMETER", why));
    }
    let role_arn = target.role_arn.as_deref().ok_or_else(|| {
        Refused::new("NO_PERMISSIONS", format!("there is no role to put events on {bus_arn} with"))
    })?;
    let role = roles::assumed(on.state, on.at, rule_arn, role_arn)
        .map_err(|why| Refused::new("FAILED_TO_ASSUME_ROLE", why))?;
    let hop = Hop {
        state: on.state,
        from: on.at,
        role_arn,
        action: hop::PUT,
        to: bus_arn,
        event: Some(on.event.envelope),
    };
    hop.is_allowed(role).map_err(|why| Refused::new("NO_PERMISSIONS", why))?;
    let found = locate(bus_arn, "events").and_then(|(place, resource)| {
        let bus = resource.strip_prefix("event-bus/")?;
        on.state.region(&place).buses.contains_key(bus).then_some((place, bus))
    });
    let (place, bus) = found.ok_or_else(|| {
        Refused::new("NO_RESOURCE", format!("event bus {bus_arn} does not exist"))
    })?;
    hop.is_admitted().map_err(|why| Refused::new("NO_PERMISSIONS", why))?;
    if let Some(key) = on.state.region(&place).buses.get(bus).and_then(|bus| bus.kms_key.as_ref()) {
        bus_key_admits(on.state, &place, bus_arn, key)?;
    }
    let rules = On { at: &place, bus: Some(bus), ..on }.fire(delivery);
    Ok(Onward { place: place.to_string(), bus: bus.to_owned(), rules })
}

#[cfg(test)]
mod tests;
