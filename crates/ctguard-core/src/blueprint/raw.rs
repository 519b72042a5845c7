//! The blueprint as typed: the shape of the file, before its meaning is judged.
//!
//! Takes a tree of values, gives what could be read of it; unknown keys, missing keys and values of
//! the wrong type are reported on the way. Names, references and dates are left to `validate`.

mod fleet;
mod read;

pub(super) use fleet::{RawAccount, RawAccounts, RawAssumedRole, RawHub, RawOrganization};
pub(super) use read::{blueprint, inclusion, says_included};

use super::reader::Spanned;
use crate::diag::Span;
use serde_json::Value as Json;

/// A blueprint's file.
#[derive(Debug)]
pub(super) struct RawBlueprint {
    pub version: Option<Spanned<u64>>,
    pub name: Option<Spanned<String>>,
    pub deploy: Option<Spanned<String>>,
    pub accounts: Option<RawAccounts>,
    pub regions: Option<RawRegions>,
    pub hub: Option<RawHub>,
    pub trail: Option<RawTrail>,
    pub heal: Option<RawHeal>,
    pub trust_trails: Vec<RawTrust>,
    pub tags: Vec<RawTag>,
    pub time_zone: Option<Spanned<String>>,
    pub destinations: Vec<RawDestination>,
    pub routes: Vec<RawRoute>,
    pub include: Vec<RawInclude>,
    pub alerts: Vec<RawAlert>,
    pub allow: Vec<Spanned<String>>,
}

/// An included file: alerts, and what they are about.
#[derive(Debug)]
pub(super) struct RawInclusion {
    pub version: Option<Spanned<u64>>,
    pub alerts: Vec<RawAlert>,
}

#[derive(Debug)]
pub(super) enum RawRegions {
    Enabled {
        except: Vec<RawRegionException>,
    },
    List(Vec<RawRegion>, Span),
    /// A value was written and its problem is already reported.
    Unclear,
}

/// A region: its name, and whether it may be one that the catalogue does not have.
#[derive(Debug)]
pub(super) struct RawRegion {
    pub name: Spanned<String>,
    pub unchecked: bool,
}

#[derive(Debug)]
pub(super) struct RawRegionException {
    pub region: Option<RawRegion>,
    pub reason: Option<Spanned<String>>,
    pub until: Option<Spanned<String>>,
    pub span: Span,
}

#[derive(Debug)]
pub(super) struct RawTrail {
    pub name: Option<Spanned<String>>,
    pub bucket: Option<Spanned<String>>,
    pub account: Option<Spanned<String>>,
    /// The key is there, whether its value could be read or not.
    pub has_account: bool,
    /// Present where it is `true`.
    pub organization: Option<Spanned<bool>>,
    pub home_region: Option<RawRegion>,
    pub kms_key: Option<Spanned<String>>,
    pub adopt: bool,
    pub additional: bool,
    pub foreign_bucket: bool,
    pub span: Span,
}

/// What is put back.
#[derive(Debug)]
pub(super) struct RawHeal {
    pub logging: Option<RawHealLogging>,
    pub rules: bool,
    pub limit: Option<Spanned<u64>>,
    pub span: Span,
}

#[derive(Debug)]
pub(super) struct RawHealLogging {
    pub trails: Option<Spanned<String>>,
    pub notify: Option<Spanned<String>>,
}

/// A tag of everything, or of one kind of resource.
#[derive(Debug)]
pub(super) struct RawTag {
    /// As written; absent: everything.
    pub kind: Option<Spanned<String>>,
    pub key: Spanned<String>,
    pub value: Spanned<String>,
}

#[derive(Debug)]
pub(super) struct RawTrust {
    pub arn: Option<Spanned<String>>,
    pub records: Option<Spanned<String>>,
    pub reason: Option<Spanned<String>>,
    pub until: Option<Spanned<String>>,
    pub span: Span,
}

#[derive(Debug)]
pub(super) struct RawDestination {
    pub name: Spanned<String>,
    pub topic: Option<Spanned<String>>,
    pub topic_arn: Option<Spanned<String>>,
    pub format: Option<Spanned<String>>,
    pub kms_key: Option<Spanned<String>>,
    pub role: Option<Spanned<String>>,
    /// `email`, `https`, `secret`, `sqs`, `lambda` or `chat`, and the address.
    pub subscribers: Vec<(&'static str, Spanned<String>)>,
    pub span: Span,
}

#[derive(Debug)]
pub(super) struct RawRoute {
    pub risk: Spanned<String>,
    pub destinations: Vec<Spanned<String>>,
}

#[derive(Debug)]
pub(super) struct RawInclude {
    pub from: RawIncludeFrom,
    pub omit: Vec<Spanned<String>>,
}

#[derive(Debug)]
pub(super) enum RawIncludeFrom {
    Builtin(Spanned<String>),
    Path(Spanned<String>),
}

#[derive(Debug)]
pub(super) struct RawAlert {
    pub id: Option<Spanned<String>>,
    pub title: Option<Spanned<String>>,
    pub risk: Option<Spanned<String>>,
    pub events: Vec<RawEvent>,
    pub filter: Option<RawFilter>,
    pub outcome: Option<Spanned<String>>,
    pub except: Vec<RawException>,
    pub why: Option<Spanned<String>>,
    pub next: Option<Spanned<String>>,
    pub notify: Option<Vec<Spanned<String>>>,
    pub sources: Vec<Spanned<String>>,
    pub attack: Vec<Spanned<String>>,
    pub controls: Vec<Spanned<String>>,
    pub allow: Vec<Spanned<String>>,
    pub tests: Vec<RawTest>,
    pub span: Span,
}

/// A sample event, and the expected decision of the alert.
#[derive(Debug)]
pub(super) struct RawTest {
    pub event: Option<Spanned<String>>,
    pub expect: Option<Spanned<String>>,
    pub span: Span,
}

#[derive(Debug)]
pub(super) enum RawEvent {
    /// `ec2:CreateRoute` or `CreateRoute`.
    Text(Spanned<String>),
    Parts(Box<RawEventParts>),
}

/// An event written as a mapping.
#[derive(Debug)]
pub(super) struct RawEventParts {
    pub source: Option<Spanned<String>>,
    pub name: Option<Spanned<String>>,
    pub unchecked: Option<Spanned<bool>>,
    pub kind: Option<Spanned<String>>,
    pub read_only: Option<Spanned<bool>>,
    pub access: Option<Spanned<String>>,
    pub span: Span,
}

/// A `where:`, as JSON, with the place of every key in it.
#[derive(Debug)]
pub(super) struct RawFilter {
    pub json: Json,
    pub keys: Vec<(String, Span)>,
    pub conditions: Vec<RawCondition>,
    pub span: Span,
}

/// The operators that are written for one path, and where.
#[derive(Debug, Clone)]
pub(super) struct RawCondition {
    /// Dotted, whether it was written so or as keys in keys.
    pub path: String,
    pub span: Span,
    pub operators: Vec<RawOperator>,
}

/// A value of a condition, or an operator with its operand.
#[derive(Debug, Clone)]
pub(super) struct RawOperator {
    pub value: Json,
    /// Of an operator its name.
    pub span: Span,
    /// Of a value the value itself.
    pub operand: Span,
}

#[derive(Debug)]
pub(super) struct RawException {
    pub filter: Option<RawFilter>,
    pub reason: Option<Spanned<String>>,
    pub owner: Option<Spanned<String>>,
    pub until: Option<Spanned<String>>,
    pub span: Span,
}
