//! Saved plans: what they must hold to be applied later, and what of them still holds.

use super::{Change, Plan, Waiting, WaitingFor, fingerprints};
use crate::blueprint::{Blueprint, Loaded, load_sources};
use crate::desired::Narrow;
use crate::digest;
use crate::resource::Address;
use crate::scope::AccountId;
use crate::secret;
use crate::snapshot::Live;
use jiff::civil::Date;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize, Serializer};
use serde_json::{Value, json};
use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

/// The key that distinguishes a plan file from a blueprint.
pub const PLAN_KEY: &str = "ctguard_plan";

/// All the texts that a blueprint was read from, including built-in blueprints, so that it can be
/// read from them again.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Resolved {
    /// The blueprint's own file, among the sources.
    pub file: String,
    /// By file, as seen from the blueprint's folder.
    pub sources: BTreeMap<String, String>,
}

/// Why a plan file cannot be used.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum PlanFileError {
    #[error("it is not a plan: {0}")]
    NotAPlan(String),
    #[error("it has format version {0}, and this ctguard reads {known}", known = super::FORMAT_VERSION)]
    Version(String),
    #[error("{0}")]
    Field(String),
    #[error("it was made without the blueprint or the fingerprints that an apply needs")]
    Partial,
    #[error("the blueprint in it is not the one that it was made from: somebody edited the file")]
    Edited,
    #[error("what it covers (`scope`) is not what it was made for: somebody edited the file")]
    EditedScope,
    #[error("it is not as it was saved (`sha256` is another): somebody edited the file")]
    EditedPlan,
}

/// Keys with which a plan begins, as it is written and with its keys sorted. A blueprint has none of them.
const FIRST_KEYS: [&str; 4] = [PLAN_KEY, "as_of", "assumed", "blueprint"];

/// Whether a text is the beginning of a plan, going by its first key.
pub fn is_plan(text: &str) -> bool {
    let rest = bare(text).strip_prefix('{').map(str::trim_start);
    let key = rest.and_then(|rest| rest.strip_prefix('"')).and_then(|rest| rest.split_once('"'));
    key.is_some_and(|(key, _)| FIRST_KEYS.contains(&key))
}

/// A text without the byte-order mark that some programs of Windows put before it.
pub fn bare(text: &str) -> &str {
    text.trim_start_matches('\u{feff}').trim_start()
}

/// Reads a plan.
///
/// # Errors
/// When it is not a plan, has another version or is damaged; names the field at fault.
pub fn read(text: &str) -> Result<Plan, PlanFileError> {
    let hollow = |why: &str| PlanFileError::NotAPlan(why.to_owned());
    let value: Value = serde_json::from_str(bare(text))
        .map_err(|error| hollow(&format!("it is not JSON ({error})")))?;
    let version = value.get(PLAN_KEY).ok_or_else(|| hollow("it has no `ctguard_plan`"))?;
    if version.as_u64() != Some(super::FORMAT_VERSION.into()) {
        return Err(PlanFileError::Version(version.to_string()));
    }
    serde_path_to_error::deserialize(value)
        .map_err(|error| PlanFileError::Field(format!("{}: {}", error.path(), error.inner())))
}

impl Resolved {
    /// The texts of a blueprint, under names relative to its folder, without the secrets in them.
    pub fn new(file: &str, sources: &BTreeMap<String, String>) -> Self {
        let folder = Path::new(file).parent().unwrap_or(Path::new(""));
        // Windows has a second separator, and a plan that was made there is read elsewhere.
        let bare = |name: &str| match Path::new(name).strip_prefix(folder) {
            Ok(below) => {
                let parts: Vec<_> = below.iter().map(|part| part.to_string_lossy()).collect();
                parts.join("/")
            }
            Err(_) => name.to_owned(),
        };
        Self {
            file: bare(file),
            sources: sources
                .iter()
                .map(|(name, text)| (bare(name), secret::hidden(text).into_owned()))
                .collect(),
        }
    }

    /// The SHA-256 of the texts.
    pub fn digest(&self) -> String {
        digest::sha256(&json!([self.file, self.sources]))
    }

    /// Reads the blueprint again.
    pub fn load(&self, as_of: Date) -> Loaded {
        load_sources(&self.file, &self.sources, as_of)
    }
}

/// A saved plan: it holds everything that an apply of it needs.
#[derive(Debug, Clone, PartialEq)]
pub struct SavedPlan {
    plan: Plan,
    resolved: Resolved,
    caller: AccountId,
}

impl SavedPlan {
    /// Completes a plan: the blueprint's texts, what it was narrowed to, who asked, and what was
    /// read.
    pub fn new(
        mut plan: Plan,
        resolved: Resolved,
        narrow: &Narrow,
        caller: &AccountId,
        live: &Live,
    ) -> Self {
        plan.blueprint.digest = Some(resolved.digest());
        plan.blueprint.resolved = Some(resolved.clone());
        plan.scope.narrowed_to(narrow);
        plan.scope.caller = Some(caller.clone());
        plan.scope.sha256 = Some(plan.scope.hash());
        plan.fingerprints = fingerprints::of(live);
        let plan = plan.sealed();
        Self { plan, resolved, caller: caller.clone() }
    }

    /// Checks that a plan that was read can be applied. Without its own digest, which somebody takes
    /// out who takes changes out, the rest is checked: an apply compares each change anyway.
    ///
    /// # Errors
    /// When something that an apply needs is missing, or the plan was edited.
    pub fn check(plan: Plan) -> Result<Self, PlanFileError> {
        let from = &plan.blueprint;
        let (Some(resolved), Some(digest), Some(caller), Some(scope)) =
            (&from.resolved, &from.digest, &plan.scope.caller, &plan.scope.sha256)
        else {
            return Err(PlanFileError::Partial);
        };
        if resolved.digest() != *digest {
            return Err(PlanFileError::Edited);
        }
        if plan.scope.hash() != *scope {
            return Err(PlanFileError::EditedScope);
        }
        let (resolved, caller) = (resolved.clone(), caller.clone());
        Self::intact(&plan)?;
        Ok(Self { plan, resolved, caller })
    }

    /// Checks that a plan that has a digest is as it was saved.
    ///
    /// # Errors
    /// When it is not.
    pub fn intact(plan: &Plan) -> Result<(), PlanFileError> {
        match plan.is_intact() {
            Some(false) => Err(PlanFileError::EditedPlan),
            _ => Ok(()),
        }
    }

    /// Returns the plan, complete.
    pub fn plan(&self) -> &Plan {
        &self.plan
    }

    /// Returns what the blueprint can be compiled from again.
    pub fn resolved(&self) -> &Resolved {
        &self.resolved
    }

    /// Returns the account of the credentials that it was made with.
    pub fn caller(&self) -> &AccountId {
        &self.caller
    }
}

impl Serialize for SavedPlan {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        self.plan.serialize(serializer)
    }
}

/// Exceptions and trusts that ended after the plan was made: an apply with the plan's date would
/// still honour them. One sentence each.
pub fn ended(blueprint: &Blueprint, planned: Date, today: Date) -> Vec<String> {
    let ended = |until: Option<Date>| until.filter(|until| (planned..today).contains(until));
    let mut all = Vec::new();
    for alert in &blueprint.alerts {
        for exception in &alert.except {
            if let Some(until) = ended(exception.until) {
                let (id, reason) = (&alert.id, &exception.reason);
                all.push(format!("the exception of alert `{id}` ({reason}) ended on {until}"));
            }
        }
    }
    if let crate::blueprint::Regions::Enabled { except } = &blueprint.regions {
        for exception in except {
            if let Some(until) = ended(exception.until) {
                all.push(format!("the exception of {} ended on {until}", exception.region));
            }
        }
    }
    for trust in &blueprint.trust_trails {
        if let Some(until) = ended(trust.until) {
            all.push(format!("the trust in trail {} ended on {until}", trust.arn));
        }
    }
    all
}

type ByAddress<'a> = BTreeMap<&'a Address, Vec<&'a Change>>;

fn by_address(changes: &[Change]) -> ByAddress<'_> {
    let mut all = ByAddress::new();
    for change in changes {
        all.entry(&change.address).or_default().push(change);
    }
    all
}

/// What a saved plan and one that was made again have in common.
#[derive(Debug, Clone, PartialEq)]
pub struct Common {
    /// The new plan, with only what the saved one has too.
    pub plan: Plan,
    /// What the new plan lacks or has otherwise.
    pub missing: Vec<Address>,
    /// What only the new plan has.
    pub left_out: Vec<Address>,
}

/// Keeps of a new plan what the saved one contains, change for change. What depends on an omitted
/// change is omitted too.
pub fn common(saved: &Plan, mut now: Plan) -> Common {
    let known = by_address(&saved.changes);
    let made_now = by_address(&now.changes);
    let has = |all: &ByAddress<'_>, change: &Change| {
        all.get(&change.address).is_some_and(|same| same.contains(&change))
    };
    let missing = saved.changes.iter().filter(|change| !has(&made_now, change));
    let missing: Vec<Address> = missing.map(|change| change.address.clone()).collect();
    let (mut kept, left): (Vec<Change>, Vec<Change>) =
        std::mem::take(&mut now.changes).into_iter().partition(|change| has(&known, change));
    let mut left_out: BTreeSet<Address> = left.into_iter().map(|change| change.address).collect();
    loop {
        let (go, stay): (Vec<Change>, Vec<Change>) =
            kept.into_iter().partition(|change| change.needs.iter().any(|a| left_out.contains(a)));
        kept = stay;
        if go.is_empty() {
            break;
        }
        left_out.extend(go.into_iter().map(|change| change.address));
    }
    now.changes = kept;
    let waited: BTreeSet<&Waiting> = saved.waiting.iter().collect();
    now.waiting.retain(|waiting| waiting.what != WaitingFor::Removal || waited.contains(waiting));
    Common { plan: now, missing, left_out: left_out.into_iter().collect() }
}
