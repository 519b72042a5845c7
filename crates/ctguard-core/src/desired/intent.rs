//! The intent beyond the blueprint: adopting objects, or removing everything.

use crate::resource::Address;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use std::collections::BTreeSet;

/// What the name of a rule that is taken over begins with, as its ARN has it.
pub const RULE: &str = "rule/";

/// The intent of a command. The default is to bring the accounts to what the blueprint says and to
/// touch nothing foreign.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize, JsonSchema)]
#[serde(default)]
pub struct Intent {
    /// Remove everything that the blueprint owns.
    #[serde(skip_serializing_if = "is_false")]
    pub destroy: bool,
    /// Objects without this blueprint's tag that may be taken over; absent when there are none.
    #[serde(skip_serializing_if = "Adoption::is_nothing")]
    pub adopt: Adoption,
}

/// Which foreign objects may be taken over.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize, JsonSchema)]
#[serde(default)]
pub struct Adoption {
    /// Everything that is in the way and carries no blueprint's tag.
    #[serde(skip_serializing_if = "is_false")]
    pub untagged: bool,
    /// Objects by name, including those of other blueprints; `rule/NAME` is a rule of the default bus
    /// whose events the blueprint's alerts take over.
    #[serde(skip_serializing_if = "BTreeSet::is_empty")]
    pub names: BTreeSet<String>,
}

impl Intent {
    pub fn is_usual(&self) -> bool {
        *self == Self::default()
    }
}

impl Adoption {
    pub fn is_nothing(&self) -> bool {
        *self == Self::default()
    }

    /// Whether an object that carries no blueprint's tag may be taken over.
    pub fn takes(&self, address: &Address) -> bool {
        self.untagged || self.names.contains(&address.name)
    }

    /// Names of rules of the default bus whose events the blueprint's alerts take over.
    pub fn rules(&self) -> impl Iterator<Item = &str> {
        self.names.iter().filter_map(|name| name.strip_prefix(RULE))
    }

    /// Whether an object of another blueprint may be taken over: only one that is named.
    pub fn takes_away(&self, address: &Address) -> bool {
        self.names.contains(&address.name)
    }
}

fn is_false(value: &bool) -> bool {
    !value
}
