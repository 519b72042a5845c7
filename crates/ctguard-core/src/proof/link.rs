//! One judged link: what was asked, about which object, and what was found.

use super::{LinkCode, LinkObject};
use crate::scope::{Granularity, Place};
use crate::snapshot::Unreadable;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// How sure a link is, from best to worst.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
#[derive(JsonSchema)]
pub enum Status {
    Proven,
    Assumed,
    Unknown,
    Broken,
}

impl Status {
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Proven => "proven",
            Self::Assumed => "assumed",
            Self::Unknown => "unknown",
            Self::Broken => "broken",
        }
    }
}

/// Who can fix a broken link.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
#[derive(JsonSchema)]
pub enum FixedBy {
    /// `ctguard apply`.
    Apply,
    /// A person: a subscriber who confirms, the owner of what ctguard does not own.
    Person,
}

/// One judged link.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Link {
    pub code: LinkCode,
    pub status: Status,
    /// Where the object is, or from where it is judged; of a role, its account in region `global`.
    pub place: Place,
    pub object: LinkObject,
    /// What was seen.
    pub cause: String,
    /// What to do about it; empty for a proven link.
    pub fix: String,
    pub fixed_by: FixedBy,
    pub per: Granularity,
}

impl Link {
    /// Makes a link of which everything that can be read is right.
    pub(super) fn proven(
        code: LinkCode,
        place: &Place,
        object: LinkObject,
        cause: impl Into<String>,
    ) -> Self {
        let fixed_by = FixedBy::Apply;
        Self { status: Status::Proven, fixed_by, ..Self::assumed(code, place, object, cause) }
    }

    /// Makes a link that is right as far as it can be read; its fix is yet to be added.
    pub(super) fn assumed(
        code: LinkCode,
        place: &Place,
        object: LinkObject,
        cause: impl Into<String>,
    ) -> Self {
        Self {
            code,
            status: Status::Assumed,
            place: place.clone(),
            object,
            cause: cause.into(),
            fix: String::new(),
            fixed_by: FixedBy::Person,
            per: Granularity::Place,
        }
    }

    /// Makes a link that is wrong; its fix follows from who can fix it.
    pub(super) fn broken(
        code: LinkCode,
        place: &Place,
        object: LinkObject,
        cause: impl Into<String>,
        fixed_by: FixedBy,
    ) -> Self {
        let fix = match fixed_by {
            FixedBy::Apply => "Run `ctguard apply`.",
            FixedBy::Person => {
                "ctguard does not touch it: it does not carry this blueprint's tag, as far as its tags can be read. Its owner must mend it."
            }
        };
        Self { status: Status::Broken, fixed_by, ..Self::assumed(code, place, object, cause) }
            .with_fix(fix)
    }

    /// Makes a link about something that could not be read.
    pub(super) fn unreadable(
        code: LinkCode,
        place: &Place,
        object: LinkObject,
        why: &Unreadable,
    ) -> Self {
        let cause = format!("{} failed: {} ({})", why.operation, why.code, why.message);
        Self { status: Status::Unknown, ..Self::assumed(code, place, object, cause) }
            .with_fix(why.remedy())
    }

    /// Says what to do about it.
    #[must_use]
    pub(super) fn with_fix(self, fix: impl Into<String>) -> Self {
        Self { fix: fix.into(), ..self }
    }

    /// Says of what there is one such object: a place, an account or the fleet.
    #[must_use]
    pub(super) fn one_per(self, per: Granularity) -> Self {
        Self { per, ..self }
    }
}
