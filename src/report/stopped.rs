//! Why an apply stopped before its first write, as text and as JSON.

use ctguard_core::plan::Guard;
use ctguard_core::plan::fingerprints::{How, Moved};
use ctguard_core::resource::Address;
use schemars::JsonSchema;
use serde::Serialize;

/// More objects than these are counted, not named.
const NAMED: usize = 20;

/// What keeps a plan from being applied. Nothing was changed.
#[derive(Debug, Clone, Serialize, JsonSchema)]
pub struct Stopped {
    /// The version of this format.
    #[schemars(extend("const" = 1))]
    pub format_version: u32,
    /// The name of the blueprint.
    pub blueprint: String,
    /// The objects that have changed since the plan was made.
    pub moved: Vec<Moved>,
    /// Changes of the saved plan that a new plan lacks or makes otherwise, although nothing moved.
    pub differs: Vec<Address>,
    /// Nothing but the values of secrets differs.
    #[serde(skip)]
    #[schemars(skip)]
    pub secrets_changed: bool,
    /// Guards that no flag has allowed.
    pub guards: Vec<Guard>,
}

impl Stopped {
    pub fn new(blueprint: &str) -> Self {
        Self {
            format_version: 1,
            blueprint: blueprint.to_owned(),
            moved: Vec::new(),
            differs: Vec::new(),
            secrets_changed: false,
            guards: Vec::new(),
        }
    }

    /// What to do about it.
    pub fn hint(&self) -> String {
        if self.guards.is_empty() {
            return "Plan again and review what is new. What an apply of this plan did before it was stopped counts as a change, too.".to_owned();
        }
        let flags: Vec<&str> = self.guards.iter().map(|guard| guard.kind.flag()).collect();
        format!("If this is intended, add {}.", flags.join(" "))
    }
}

/// Renders it as a fragment that fits after "error: ".
pub fn render(stopped: &Stopped) -> String {
    if !stopped.moved.is_empty() {
        let objects = stopped.moved.iter().map(moved).collect();
        return format!(
            "what the plan is based on has changed since; nothing was applied:\n  {}",
            listed(objects)
        );
    }
    if !stopped.differs.is_empty() {
        let objects = stopped.differs.iter().map(named).collect();
        if stopped.secrets_changed {
            return format!(
                "the value of a secret was changed after the plan was made, so it is for another address now; nothing was changed:\n  {}",
                listed(objects)
            );
        }
        return format!(
            "the same blueprint and accounts give another plan now: the file was edited, or made by another version of ctguard; nothing was changed:\n  {}",
            listed(objects)
        );
    }
    let said: Vec<&str> = stopped.guards.iter().map(|guard| guard.message.as_str()).collect();
    format!("nothing was changed. {}", said.join(" "))
}

/// Says that a plan made now has more than the saved one.
pub fn left_out(addresses: &[Address]) -> String {
    let objects: Vec<String> = addresses.iter().map(named).collect();
    format!("not in the plan, and left alone:\n  {}", listed(objects))
}

fn named(address: &Address) -> String {
    super::plan::asides::named(address, &super::AccountNames::new())
}

fn listed(mut objects: Vec<String>) -> String {
    let more = objects.len().saturating_sub(NAMED);
    objects.truncate(NAMED);
    if more > 0 {
        objects.push(format!("and {more} more"));
    }
    objects.join("\n  ")
}

fn moved(moved: &Moved) -> String {
    let how = match &moved.how {
        How::Appeared => "is new".to_owned(),
        How::Gone => "is gone".to_owned(),
        How::Changed(fields) if fields.is_empty() => "was changed".to_owned(),
        How::Changed(fields) => {
            let fields: Vec<&str> = fields.iter().map(String::as_str).collect();
            format!("was changed ({})", fields.join(", "))
        }
    };
    match moved.region.is_global() {
        true => format!("{} in {} {how}", moved.object, moved.account),
        false => format!("{} in {}/{} {how}", moved.object, moved.account, moved.region),
    }
}
