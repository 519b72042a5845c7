//! Calls that somebody makes: what they change, with their event.

use crate::deliver::Delivery;
use crate::state::State;
use crate::{Sandbox, SandboxError};
use ctguard_core::resource::keys::RuleKey;
use ctguard_core::resource::rule::RuleState;
use ctguard_core::scope::{AccountId, Place, Region};
use serde_json::{Value, json};

impl Sandbox {
    /// Sends the event of a call that stops or deletes a trail, or that disables or deletes a rule or
    /// removes its targets, and makes the call. A trail that is not named is the only one that is at
    /// home there, a rule the first. `None` where it is no such call, or there is no such object.
    ///
    /// # Errors
    /// When the file cannot be written.
    pub fn send_made(&self, event: &Value) -> Result<Option<Delivery>, SandboxError> {
        let Some(made) = Made::of(&self.state(), event) else { return Ok(None) };
        self.call_made(&made.event, |state| made.change(state)).map(Some)
    }
}

/// A call that is made, and what it is made on.
struct Made {
    event: Value,
    place: Place,
    on: Object,
}

enum Object {
    Trail(String),
    Rule(RuleKey),
}

impl Made {
    fn of(state: &State, event: &Value) -> Option<Self> {
        let detail = &event["detail"];
        let account = AccountId::new(event["account"].as_str()?)?;
        let place = Place::new(account, Region::new(event["region"].as_str()?)?);
        let mut event = event.clone();
        if let Some(id) = detail["eventID"].as_str() {
            event["detail"]["eventID"] = json!(id_of_call(state, &place, id));
        }
        let on = match (detail["eventSource"].as_str()?, detail["eventName"].as_str()?) {
            ("cloudtrail.amazonaws.com", "StopLogging" | "DeleteTrail") => {
                let name = trail(state, &place, &detail["requestParameters"])?;
                event["detail"]["requestParameters"]["name"] = json!(name);
                Object::Trail(name)
            }
            ("events.amazonaws.com", call @ ("DisableRule" | "DeleteRule" | "RemoveTargets")) => {
                let field = if call == "RemoveTargets" { "rule" } else { "name" };
                let key = rule(state, &place, &detail["requestParameters"], field)?;
                event["detail"]["requestParameters"][field] = json!(key.name());
                event["detail"]["requestParameters"]["eventBusName"] =
                    json!(key.bus().unwrap_or("default"));
                Object::Rule(key)
            }
            _ => return None,
        };
        Some(Self { event, place, on })
    }

    /// What the call changes. EventBridge deletes a rule without targets only.
    fn change(&self, state: &mut State) {
        let here = state.region_mut(&self.place);
        let call = self.event["detail"]["eventName"].as_str().unwrap_or_default();
        match &self.on {
            Object::Trail(name) => match here.trails.get_mut(name) {
                Some(trail) if call == "StopLogging" => trail.status.logging = false,
                _ => drop(here.trails.remove(name)),
            },
            Object::Rule(key) => {
                let Some(rules) = here.rules_of_mut(key.bus()) else { return };
                match rules.get_mut(key.name()) {
                    Some(found) if call == "DisableRule" => found.rule.state = RuleState::Disabled,
                    Some(found) if call == "RemoveTargets" => found.targets.clear(),
                    _ => drop(rules.remove(key.name())),
                }
            }
        }
    }
}

/// A call that is made once more is another event: its id ends with how many executions there were.
fn id_of_call(state: &State, place: &Place, id: &str) -> String {
    let began: usize = state.region(place).executions.values().map(Vec::len).sum();
    match id.rsplit_once('-') {
        Some((start, _)) if began > 0 => format!("{start}-{began:012x}"),
        _ => id.to_owned(),
    }
}

/// A sample has a name of its own.
fn trail(state: &State, place: &Place, asked: &Value) -> Option<String> {
    let trails = &state.region(place).trails;
    let asked = asked["name"].as_str();
    let asked = asked.map(|name| name.rsplit('/').next().unwrap_or(name).to_owned());
    match (asked.filter(|name| trails.contains_key(name)), trails.len()) {
        (Some(name), _) => Some(name),
        (None, 1) => trails.keys().next().cloned(),
        (None, _) => None,
    }
}

fn rule(state: &State, place: &Place, asked: &Value, field: &str) -> Option<RuleKey> {
    let here = state.region(place);
    let bus = asked["eventBusName"].as_str().map(|bus| bus.rsplit('/').next().unwrap_or(bus));
    let bus = bus.filter(|bus| *bus != "default" && here.rules_of(Some(bus)).is_some());
    let rules = here.rules_of(bus)?;
    let named = asked[field].as_str().filter(|name| rules.contains_key(*name));
    // Those that heal come last: disabled, they heal nothing.
    let mut others: Vec<&str> = rules.keys().map(String::as_str).collect();
    others.sort_by_key(|name| name.contains("-heal."));
    let name = named.or_else(|| others.first().copied())?;
    Some(RuleKey::on(bus, name))
}
