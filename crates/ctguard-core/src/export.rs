//! The desired resources for engines that make the calls in ctguard's place: CloudFormation and
//! Terraform.
//!
//! ```text
//!  blueprint ──► representatives: two accounts of each kind, every region
//!                      │ compile
//!                      ▼
//!                items of each place ──► classes: places whose items are the same text but for
//!                                        their own account, region and name
//!                                          │
//!                      files  ◄────────────┘  one template a class, and where it belongs
//! ```
//!
//! What is compiled does not grow with the accounts: those of one kind are alike, and two of them
//! show where the account's id stands and where one is meant that only happens to be the same.
//! Every name, tag and id is what [`crate::plan`] expects, so that a plan after a deployment is
//! empty.

mod align;
pub mod classes;
pub mod cloudformation;
mod items;
mod kinds;
pub mod stack_sets;
pub mod terraform;
#[cfg(test)]
mod tests;
pub mod text;

pub use classes::{Accounts, Class, Deployment};
pub use items::{Item, Subscription};
pub use kinds::regions_of;
pub use stack_sets::RollOut;

use crate::blueprint::source::Source;
use crate::blueprint::{AssumedRole, Blueprint};
use crate::codes;
use crate::desired::{Desired, Scope, compile};
use crate::diag::Diagnostic;
use crate::scope::{AccountId, Partition, Region};
use crate::snapshot::Organization;
use classes::ClassError;
use jiff::civil::Date;
use kinds::AccountKind;
use std::collections::{BTreeMap, BTreeSet};

/// A file to write, by its path below the folder of the export.
pub type Files = BTreeMap<String, String>;

/// The desired resources, by class of place.
#[derive(Debug, Clone, PartialEq)]
pub struct Export {
    /// The blueprint's name.
    pub name: String,
    pub partition: Partition,
    /// The region in which the resources of an account that are in no region are made.
    pub home: Region,
    /// In the order in which they are deployed.
    pub classes: Vec<Class>,
    /// The organization in which accounts are found.
    pub organization: Option<OrganizationTarget>,
    /// The names of accounts, as far as messages say them.
    pub account_names: BTreeMap<AccountId, String>,
    /// The roles that reach accounts, where the blueprint lists them.
    pub roles: BTreeMap<AccountId, AssumedRole>,
    /// The accounts that the blueprint lists.
    pub listed: BTreeSet<AccountId>,
    /// What whoever deploys should know.
    pub notes: Vec<String>,
    /// What is not known where the export is written; the files say nothing of it.
    pub unknown: Vec<String>,
}

/// The organization that a roll-out is for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OrganizationTarget {
    pub id: String,
    pub management: AccountId,
    /// The units that are covered; empty: the whole organization.
    pub units: BTreeSet<String>,
    /// Its accounts, as far as they are covered.
    pub members: BTreeSet<AccountId>,
    /// Assumed in its accounts, those left out that the blueprint lists.
    pub role: AssumedRole,
}

/// Sorts what a blueprint wants by class of place.
///
/// `caller` stands for the account of the credentials in use, where the blueprint lists none; with
/// `organization`, accounts are found in it.
///
/// # Errors
/// The problems of a blueprint that does not compile for its accounts and regions.
pub fn export(
    blueprint: &Blueprint,
    caller: &AccountId,
    organization: Option<&Organization>,
    as_of: Date,
) -> Result<Export, ExportError> {
    let mut scope = Scope::of_accounts(blueprint, caller, organization)?;
    let (regions, mut notes) = kinds::regions(blueprint, as_of);
    let home = kinds::home(blueprint, &regions);
    let mut kinds = kinds::kinds(blueprint, &scope);
    // Accounts that join get the class of the others, and there may be no other yet.
    let mut with_joined = kinds::joiners(blueprint, &scope, &kinds).map(|(kind, with)| {
        kinds.insert(0, kind);
        with
    });
    let of = |kinds: &[AccountKind], scope: &mut Scope| {
        let all = kinds.iter().flat_map(|kind| &kind.representatives);
        let covered = all.filter(|account| scope.accounts.contains_key(*account));
        scope.places = covered.flat_map(|account| kinds::places(account, &regions)).collect();
        scope.places.sort();
        compile(blueprint, scope, as_of).map_err(ExportError::Compile)
    };
    let (desired, classes) = loop {
        let desired = of(&kinds, &mut scope)?;
        let joined = with_joined.as_mut().map(|scope| of(&kinds, scope)).transpose()?;
        match classes::classes(&desired, joined.as_ref(), &scope, &kinds, &regions, &home) {
            Ok(classes) => break (desired, classes),
            // Accounts that are no kind after all are looked at one by one.
            Err(ClassError::NoKind(index)) if kinds[index].accounts.len() > 1 => {
                let apart = kinds.remove(index).apart();
                kinds.extend(apart);
            }
            Err(error) => return Err(error.into()),
        }
    };
    notes.extend(kinds::notes(blueprint, &scope, &desired));
    Ok(Export {
        name: blueprint.name.clone(),
        partition: home.partition(),
        home,
        classes,
        organization: target(blueprint, organization),
        account_names: names(&kinds, &desired, blueprint),
        roles: kinds::roles(blueprint),
        listed: blueprint.accounts.iter().flat_map(|all| all.listed.keys().cloned()).collect(),
        notes,
        unknown: kinds::unknown(&desired),
    })
}

/// Why nothing can be exported.
#[derive(Debug, Clone, thiserror::Error)]
pub enum ExportError {
    #[error("{0}")]
    Scope(#[from] crate::desired::ScopeError),
    #[error("the blueprint does not compile")]
    Compile(Vec<Diagnostic>),
    /// A text of the blueprint that would mean something else in the files.
    #[error("{message}")]
    Text {
        /// What would be changed, as the blueprint has it.
        text: String,
        message: String,
        help: &'static str,
    },
    #[error("{0}")]
    TooLarge(String),
}

impl ExportError {
    /// The problems of the blueprint, each where it stands in the sources: texts by file.
    ///
    /// # Errors
    /// The error itself, when no line of the blueprint is to blame.
    pub fn problems(self, sources: &BTreeMap<String, String>) -> Result<Vec<Diagnostic>, Self> {
        match self {
            Self::Compile(problems) => Ok(problems),
            Self::Text { text, message, help } => {
                // Written with an escape it stands nowhere as it is.
                let span = sources.iter().find_map(|(file, source)| {
                    let at = source.find(&text)?;
                    Some(Source::new(file, source).span(&(at..at + text.len())))
                });
                let problem = Diagnostic::error(codes::EXPORT_TEXT, message);
                Ok(vec![problem.at(span).help(help)])
            }
            other => Err(other),
        }
    }
}

/// What is covered of an organization.
fn units_in_words(units: Option<&BTreeSet<String>>) -> String {
    let units: Vec<&str> = units.into_iter().flatten().map(String::as_str).collect();
    match units.len() {
        0 => "the organization".to_owned(),
        1 => format!("the unit {}", units[0]),
        _ => format!("the units {}", units.join(", ")),
    }
}

fn target(
    blueprint: &Blueprint,
    organization: Option<&Organization>,
) -> Option<OrganizationTarget> {
    let wanted = blueprint.accounts.as_ref()?.organization.as_ref()?;
    let found = organization?;
    Some(OrganizationTarget {
        id: found.id.clone(),
        management: found.management.clone(),
        units: wanted.include_units.clone(),
        members: found.members.keys().cloned().collect(),
        role: wanted.role.clone(),
    })
}

/// The names of accounts that stand in messages.
fn names(
    kinds: &[AccountKind],
    desired: &Desired,
    blueprint: &Blueprint,
) -> BTreeMap<AccountId, String> {
    let listed = blueprint.accounts.iter().flat_map(|accounts| accounts.listed.values());
    let known = kinds.iter().flat_map(|kind| &kind.accounts).collect::<BTreeSet<_>>();
    listed
        .filter(|account| known.contains(&account.id) && desired.accounts.contains_key(&account.id))
        .filter_map(|account| Some((account.id.clone(), account.name.clone()?)))
        .collect()
}
