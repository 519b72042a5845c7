//! Which events reach somebody now and will reach nobody.

use super::{Lost, LostAlerts};
use crate::blueprint::Risk;
use crate::desired::Desired;
use crate::event;
use crate::plan::raising::{EventName, Raises, Watched, is_on, named, on_bus, own, shared};
use crate::plan::reach;
use crate::resource::rule::bus_of;
use crate::resource::{Address, Kind};
use crate::scope::Place;
use crate::snapshot::Live;
use std::collections::{BTreeMap, BTreeSet};

/// What is lost of each alert of high or critical risk. `touched`: the rules that the plan changes
/// or removes.
pub(super) fn lost(desired: &Desired, live: &Live, touched: &BTreeSet<&Address>) -> LostAlerts {
    let watched = Watched::by(desired);
    let mut hub: BTreeMap<(Place, String), Option<Vec<Raises<'_>>>> = BTreeMap::new();
    let mut all = LostAlerts::new();
    for (place, _) in desired.own_places() {
        let Some(seen) = live.places.get(place) else { continue };
        for (name, rule) in own(desired, seen.rules.as_ref()).filter(|(_, rule)| is_on(rule)) {
            let address = Address::new(place, Kind::Rule, name.clone());
            let events = watched.unwatched(place, named(rule));
            if events.is_empty() {
                continue;
            }
            if !desired.names.is_forward(name) {
                if touched.contains(&address) && reach::rule(live, seen, rule) {
                    let raises = Raises::of(live, seen, address, rule);
                    note(&mut all, desired, place, &raises, &events);
                }
                continue;
            }
            // A forwarded event reaches somebody where the hub has a rule for it.
            for (there, bus) in
                rule.targets.known().into_iter().flat_map(|t| t.values()).filter_map(bus_of)
            {
                let key = (there.clone(), bus.to_owned());
                let raising = hub.entry(key).or_insert_with(|| on_bus(desired, live, &there, bus));
                let Some(raising) = raising else {
                    // What cannot be read may reach somebody, whatever its risk.
                    if touched.contains(&address) {
                        let forward = Raises::of(live, seen, address.clone(), rule);
                        let one = Raises { alert: "", risk: None, ..forward };
                        note(&mut all, desired, place, &one, &events);
                    }
                    continue;
                };
                for one in raising.iter().filter(|one| one.heard) {
                    let lost = shared(&one.events, &events);
                    let changes = touched.contains(&address) || touched.contains(&one.address);
                    if changes && !lost.is_empty() {
                        note(&mut all, desired, place, one, &lost);
                    }
                }
            }
        }
    }
    all
}

fn note(
    all: &mut LostAlerts,
    desired: &Desired,
    place: &Place,
    raises: &Raises<'_>,
    events: &BTreeSet<EventName>,
) {
    let wanted = desired.alerts.iter().find(|alert| alert.id == raises.alert);
    let risk = raises.risk.max(wanted.map(|alert| alert.risk));
    if risk.is_some_and(|risk| risk < Risk::High) {
        return;
    }
    let alert = match raises.alert {
        "" => raises.address.name.clone(),
        alert => alert.to_owned(),
    };
    let lost = all.entry(alert).or_insert_with(|| Lost { risk, ..Lost::default() });
    lost.risk = lost.risk.max(risk);
    lost.places.insert(place.clone());
    lost.rules.insert(raises.address.clone());
    lost.events.extend(events.iter().map(|(source, name)| event::short(source, name)));
}
