//! One judged link: what was asked, about which object, and what was found.

use super::{LinkCode, LinkObject};
use crate::scope::{Granularity, Place};
use crate::snapshot::Unreadable;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// The status of a link, from best to worst.
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
    /// Where the object is, or from where it is judged; for a role, its account in region `global`.
    pub place: Place,
    pub object: LinkObject,
    /// What was seen.
    pub cause: String,
    /// The fix; empty for a proven link.
    pub fix: String,
    pub fixed_by: FixedBy,
    pub per: Granularity,
    /// Whether a statement of somebody's denies it: an `Allow` does not undo that.
    pub denied: bool,
    /// The read that failed, of an unknown link that rests on one.
    pub unread: Option<Box<FailedRead>>,
}

/// A read that failed, and where: the place of the call, which need not be the one that is judged.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct FailedRead {
    pub place: Place,
    pub why: Unreadable,
}

impl Link {
    /// Makes a proven link.
    pub(super) fn proven(
        code: LinkCode,
        place: &Place,
        object: LinkObject,
        cause: impl Into<String>,
    ) -> Self {
        let fixed_by = FixedBy::Apply;
        Self { status: Status::Proven, fixed_by, ..Self::assumed(code, place, object, cause) }
    }

    /// Makes an assumed link; the caller adds its fix.
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
            denied: false,
            unread: None,
        }
    }

    /// Makes a broken link; its fix follows from who can fix it.
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
                "ctguard does not touch it: it does not carry this blueprint's tag, as far as its tags can be read. Its owner must fix it."
            }
        };
        Self { status: Status::Broken, fixed_by, ..Self::assumed(code, place, object, cause) }
            .with_fix(fix)
    }

    /// Makes an unknown link, for something that could not be read in the place that is judged.
    pub(super) fn unreadable(
        code: LinkCode,
        place: &Place,
        object: LinkObject,
        why: &Unreadable,
    ) -> Self {
        Self::unreadable_in(place, code, place, object, why)
    }

    /// Makes an unknown link, for something that could not be read where it is, which may be
    /// another place than the one that is judged: the remedy is about the place of the call.
    pub(super) fn unreadable_in(
        read: &Place,
        code: LinkCode,
        place: &Place,
        object: LinkObject,
        why: &Unreadable,
    ) -> Self {
        let at = if read == place { String::new() } else { format!(", in {read}") };
        let cause = format!("{} failed: {} ({}){at}", why.operation, why.code, why.message);
        let unread = Some(Box::new(FailedRead { place: read.clone(), why: why.clone() }));
        Self { status: Status::Unknown, unread, ..Self::assumed(code, place, object, cause) }
            .with_fix(why.remedy_at(read))
    }

    /// Whether it keeps an alert silent, no apply mends it, and it was not so by design: that is
    /// drift. What waits for a person from the beginning, what lies in the blueprint itself, and
    /// trails that the blueprint does not keep are left to `verify`.
    pub(crate) fn is_broken_by_others(&self) -> bool {
        let broken = self.status == Status::Broken && self.fixed_by == FixedBy::Person;
        broken && self.code.is_mended_by_others()
    }

    /// Sets the fix.
    #[must_use]
    pub(super) fn with_fix(self, fix: impl Into<String>) -> Self {
        Self { fix: fix.into(), ..self }
    }

    /// Sets whether a statement denies it.
    #[must_use]
    pub(super) fn denied(self, denied: bool) -> Self {
        Self { denied, ..self }
    }

    /// Sets whether there is one such object per place, per account or in the fleet.
    #[must_use]
    pub(super) fn one_per(self, per: Granularity) -> Self {
        Self { per, ..self }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cause::Cause;
    use crate::scope::{AccountId, Region};

    /// A trail's selectors are read in its home, and judged where the event lands.
    #[test]
    fn the_remedy_is_about_the_place_of_the_call() {
        let account = AccountId::new("111122223333").expect("an account");
        let at = |region| Place::new(account.clone(), Region::new(region).expect("a region"));
        let (lands, home) = (at("eu-west-1"), at("us-east-1"));
        let cause = Cause::NotEnabled;
        let why = Unreadable {
            operation: "cloudtrail:GetEventSelectors".to_owned(),
            code: "UnrecognizedClientException".to_owned(),
            message: "invalid".to_owned(),
            kind: cause.kind(),
            cause,
        };
        let object = LinkObject::Trails(lands.clone());
        let link = Link::unreadable_in(&home, LinkCode::SelectorsUnread, &lands, object, &why);
        assert_eq!(link.place, lands);
        assert!(link.cause.ends_with(", in 111122223333/us-east-1"), "{}", link.cause);
        assert!(link.fix.contains("us-east-1 is enabled in every account"), "{}", link.fix);
        assert!(!link.fix.contains("eu-west-1"), "{}", link.fix);
        assert_eq!(link.unread.map(|read| read.place), Some(home));
    }
}
