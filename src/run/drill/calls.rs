//! The calls of a drill, before any is made.

use super::Exercise;
use crate::run::Survey;
use ctguard_core::action::Action;
use ctguard_core::drill::{CallPurpose, DrillCall, Watching, raised, tags};
use ctguard_core::resource::Kind;
use ctguard_core::scope::Place;
use std::collections::BTreeMap;

impl Exercise<'_> {
    /// Every call that the drill would make, but for the removal of leftovers.
    pub fn planned(&self) -> Vec<DrillCall> {
        let mut calls = self.between(&self.watching());
        let announced = |messages: Vec<(Place, Action)>| -> Vec<DrillCall> {
            let messages = messages.iter();
            let call = |(place, action): &(Place, Action)| {
                DrillCall::planned(place, action, CallPurpose::Announcement)
            };
            messages.map(call).collect()
        };
        let (first, last) = (announced(self.begins(&calls)), announced(self.over(&calls, "")));
        calls.splice(0..0, first);
        calls.extend(last);
        calls
    }

    /// The same without what subscribers are told before and after.
    pub(super) fn between(&self, watching: &Watching) -> Vec<DrillCall> {
        let mut calls = Vec::new();
        let mut add = |place: &Place, action: &Action, purpose| {
            let alerts = self.raised(place, action);
            calls.push(DrillCall { alerts, ..DrillCall::planned(place, action, purpose) });
        };
        for (place, actions) in self.receipts(watching) {
            for action in &actions {
                add(&place, action, CallPurpose::Receipt);
            }
        }
        for (place, action) in self.stand_ins() {
            add(&place, &action, CallPurpose::StandIn);
        }
        for (place, deeds) in &self.drill.deeds {
            for deed in deeds {
                add(place, &deed.action, CallPurpose::Event);
            }
        }
        for (place, action) in self.removals(watching) {
            add(&place, &action, CallPurpose::CleanUp);
        }
        calls
    }

    pub(super) fn raised(&self, place: &Place, action: &Action) -> Vec<String> {
        let Survey { desired, caller, .. } = self.survey;
        raised(self.blueprint, desired, caller, place, action)
    }

    pub(super) fn watching(&self) -> Watching {
        Watching::of(&self.survey.desired, self.drill)
    }

    pub(super) fn receipts(&self, watching: &Watching) -> BTreeMap<Place, Vec<Action>> {
        let Survey { desired, live, .. } = self.survey;
        let calls = |place: &Place| watching.calls(self.blueprint, desired, live, place);
        watching.topics.keys().map(|place| (place.clone(), calls(place))).collect()
    }

    /// The rules that stand in, on the hub's bus before those that forward to it.
    pub(super) fn stand_ins(&self) -> Vec<(Place, Action)> {
        let tags = tags(self.blueprint, Kind::Rule);
        let mut rules: Vec<_> = self.drill.stand_ins.iter().collect();
        rules.sort_by_key(|one| one.key.bus().is_none());
        let calls = rules.into_iter().flat_map(|one| {
            let put = Action::PutRule {
                name: one.key.clone(),
                rule: one.rule.clone(),
                tags: tags.clone(),
            };
            let targets =
                Action::PutTargets { rule: one.key.clone(), targets: one.targets.clone() };
            [(one.place.clone(), put), (one.place.clone(), targets)]
        });
        calls.collect()
    }

    /// What cleaning up will take, as far as it can be named beforehand.
    fn removals(&self, watching: &Watching) -> Vec<(Place, Action)> {
        let names = &self.survey.desired.names;
        let mut calls = Vec::new();
        for (place, topics) in &watching.topics {
            for topic in topics {
                let arn = place.arn("sns", topic);
                calls.push((place.clone(), Action::Unsubscribe { arn }));
            }
        }
        for one in &self.drill.stand_ins {
            let ids = one.targets.keys().cloned().collect();
            let (rule, name) = (one.key.clone(), one.key.clone());
            calls.push((one.place.clone(), Action::RemoveTargets { rule, ids }));
            calls.push((one.place.clone(), Action::DeleteRule { name }));
        }
        for place in watching.topics.keys() {
            calls.push((place.clone(), Action::DeleteQueue { name: names.drill_receipt() }));
        }
        calls
    }
}
