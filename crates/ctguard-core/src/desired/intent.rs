//! What is to be done with a blueprint beyond what it says: taking objects over, or taking everything away.

use crate::resource::Address;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use std::collections::BTreeSet;

/// What is meant. The default is to make the accounts as the blueprint says and to touch nothing of others.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize, JsonSchema)]
#[serde(default)]
pub struct Intent {
    /// Remove everything that the blueprint owns.
    #[serde(skip_serializing_if = "is_false")]
    pub destroy: bool,
    #[serde(skip_serializing_if = "Adoption::is_nothing")]
    pub adopt: Adoption,
}

/// Which objects of others may be taken over.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize, JsonSchema)]
#[serde(default)]
pub struct Adoption {
    /// Whatever is in the way and carries no blueprint's tag.
    #[serde(skip_serializing_if = "is_false")]
    pub untagged: bool,
    /// Objects by name, those of other blueprints too.
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

    /// Whether an object of another blueprint may be taken over: only one that is named.
    pub fn takes_away(&self, address: &Address) -> bool {
        self.names.contains(&address.name)
    }
}

fn is_false(value: &bool) -> bool {
    !value
}
