//! Without a hub: each place raises the alerts of the events that land in it.

use super::Compiler;
use crate::blueprint::Alert;
use crate::desired::landing::landing_in;
use crate::desired::pattern::Origin;
use crate::desired::{AlertPath, Desired, DesiredPlace, Way};
use crate::scope::Place;
use std::sync::Arc;

impl<'a> Compiler<'a> {
    pub(super) fn local(&mut self, desired: &mut Desired) {
        let blueprint = self.blueprint;
        for (index, alert) in blueprint.alerts.iter().enumerate() {
            let id = Arc::from(alert.id.as_str());
            for (place, here) in &mut desired.places {
                desired.paths.extend(self.raised_where_it_lands(index, (&id, alert), place, here));
            }
        }
    }

    /// Adds what an alert needs in a place; `None` when none of its events can land there, or it
    /// notifies nobody.
    pub(super) fn raised_where_it_lands(
        &mut self,
        index: usize,
        (id, alert): (&Arc<str>, &'a Alert),
        place: &Place,
        here: &mut DesiredPlace,
    ) -> Option<AlertPath> {
        let notify = self.blueprint.notify_in(alert, &place.account);
        let events = landing_in(alert, place, self.as_of);
        if events.is_empty() || notify.is_empty() {
            return None;
        }
        let (targets, destinations) = self.targets(index, alert, notify, place, here)?;
        let mut rules = Vec::new();
        for compiled in self.patterns(index, alert, &events, &Origin::Any) {
            self.rules(alert, &compiled, &targets, None, here, &mut rules);
        }
        let way = Way {
            alert: id.clone(),
            raised: place.clone(),
            forward: None,
            events: events.into_iter().cloned().collect(),
            rules: rules.into(),
            destinations: destinations.into(),
        };
        Some(AlertPath { lands: place.clone(), way: Arc::new(way) })
    }
}
