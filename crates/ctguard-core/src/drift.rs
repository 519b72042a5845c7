//! Drift: relevant changes of what the blueprint owns, and who made them.
//!
//! A plan shows every difference; drift only those that alter detection, delivery or ownership
//! ([`of`]). CloudTrail's event history has the calls: `suspects` lists the calls that can have
//! made a difference, `record` reads a record, and `run::attribution` looks them up. The history
//! does not affect the verdict.

pub mod deeds;
pub mod merge;
pub mod record;
pub mod suspects;

use crate::desired::narrow::Narrow;
use crate::plan::{Change, Field, Plan, Verb};
use crate::proof::{self, Proof, RemarkGroup};
use crate::resource::{Address, BLUEPRINT_TAG, Kind, OWN_TAGS};
use crate::snapshot::Unreadable;
use record::RecordedCall;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// The version of a drift's JSON form.
pub const FORMAT_VERSION: u32 = 1;

/// The drift. In JSON it is the plan that would correct it, with the attribution.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Drift {
    /// The plan that would correct it.
    #[serde(flatten)]
    pub plan: Plan,
    /// The version of this format, which a plan does not have.
    #[schemars(extend("const" = FORMAT_VERSION))]
    #[serde(default = "first_version", skip_serializing_if = "is_unversioned")]
    pub ctguard_drift: u32,
    /// The number of objects that differ only in texts for people.
    #[serde(default, skip_serializing_if = "is_zero")]
    #[schemars(range(min = 1))]
    pub cosmetic: usize,
    /// The attribution of each object that drifted, in the order of the changes, then of refused
    /// objects that lost their tag, if known, then of what `denied` and `additions` are about;
    /// empty when it was not looked up.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub culprits: Vec<Culprit>,
    /// Broken links of alerts that no apply mends, such as those that a statement of others denies.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub denied: Vec<proof::Finding>,
    /// What others added that opens or undoes something: no apply takes it away.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub additions: Vec<RemarkGroup>,
}

impl Drift {
    /// Says what it was narrowed to.
    #[must_use]
    pub fn narrowed_to(mut self, narrow: &Narrow) -> Self {
        self.plan.scope.narrowed_to(narrow);
        self.plan.scope.sha256 = Some(self.plan.scope.hash());
        Self { plan: self.plan.sealed(), ..self }
    }

    /// Whether something differs in places that were not asked for, on which its alerts depend. What
    /// another part of the fleet covers, that part tells.
    pub fn depends_on_drifted(&self) -> bool {
        !self.plan.elsewhere.is_empty() && self.plan.scope.shard.is_none()
    }

    /// Adds what is broken and no apply mends, and what others did that none undoes.
    #[must_use]
    pub fn with_deeds_of_others(self, proof: &Proof) -> Self {
        let (denied, additions) = proof.by_others();
        Self { denied, additions, ..self }
    }

    /// Adds who did it.
    #[must_use]
    pub fn with_culprits(self, mut culprits: Vec<Culprit>) -> Self {
        merge::sort(&self.plan, &mut culprits);
        Self { culprits, ..self }
    }

    /// How many findings there are that no apply undoes.
    pub fn by_others(&self) -> usize {
        self.denied.len() + self.additions.len()
    }

    /// Whether nothing has drifted.
    pub fn is_empty(&self) -> bool {
        self.plan.is_empty() && self.by_others() == 0 && !self.depends_on_drifted()
    }
}

/// Who changed an object, as far as that is known.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Culprit {
    /// The object that drifted.
    pub address: Address,
    /// What the event history says about it.
    pub finding: Finding,
}

/// The result of the look-up.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Finding {
    /// The calls that can have made the difference, the latest first.
    Calls(Vec<RecordedCall>),
    /// No such call in the 90 days of the history, as far as it was read.
    NotFound {
        /// Whether the whole history was read.
        complete: bool,
    },
    /// The history could not be read.
    Unreadable(Unreadable),
    /// Not looked up, because too much drifted there.
    NotAsked,
}

/// Whose change a difference is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Origin {
    /// Somebody else's call is the latest that can have made it.
    Others,
    /// ctguard wrote last what is there, so the blueprint has changed since.
    Blueprint,
}

impl Finding {
    /// Whose change it is; `None` where the history does not tell.
    pub fn origin(&self) -> Option<Origin> {
        let Self::Calls(calls) = self else { return None };
        calls.first().map(|latest| match latest.by_ctguard {
            true => Origin::Blueprint,
            false => Origin::Others,
        })
    }
}

/// A plan with who made the differences, as far as that was looked up.
#[derive(Debug, Serialize)]
pub struct Attributed<'a> {
    #[serde(flatten)]
    pub plan: &'a Plan,
    #[serde(skip_serializing_if = "<[Culprit]>::is_empty")]
    pub culprits: &'a [Culprit],
}

/// The same, as it is read again.
#[derive(Debug, Clone, Deserialize)]
pub struct AttributedPlan {
    #[serde(flatten)]
    pub plan: Plan,
    #[serde(default)]
    pub culprits: Vec<Culprit>,
}

/// The changes of a plan that others may have made necessary: of what is there, or of what is
/// missing where something of the blueprint's is there. What an apply makes first, takes over or
/// removes as it was asked to needs no culprit.
pub fn to_attribute(plan: &Plan) -> Vec<&Change> {
    let of = |verb| move |change: &&Change| change.action == verb;
    if plan.intent.destroy {
        return Vec::new();
    }
    let is_new =
        plan.in_sync == 0 && !plan.changes.iter().any(|change| change.action == Verb::Update);
    let changes = plan.changes.iter().filter(|change| !of(Verb::Adopt)(change));
    changes.filter(|change| !(is_new && of(Verb::Create)(change))).collect()
}

/// Keeps the changes of a plan that alter detection, delivery or ownership, and counts the others.
pub fn of(plan: Plan) -> Drift {
    // What a part leaves to the whole has drifted all the same.
    let mut plan = plan.released();
    let before = plan.changes.len();
    for change in &mut plan.changes {
        if change.action == Verb::Update {
            let kind = change.address.kind;
            change.fields.retain(|field| !is_cosmetic(kind, field));
        }
    }
    let nothing_left = |change: &Change| change.action == Verb::Update && change.fields.is_empty();
    plan.changes.retain(|change| !nothing_left(change));
    let cosmetic = before - plan.changes.len();
    plan.in_sync += cosmetic;
    Drift {
        plan,
        ctguard_drift: FORMAT_VERSION,
        cosmetic,
        culprits: Vec::new(),
        denied: Vec::new(),
        additions: Vec::new(),
    }
}

/// Whether a difference alters only texts: descriptions, the sender's name in a mail, and missing
/// tags of ctguard's other than the ownership tag. (Without that tag the plan refuses to touch an
/// object.) A tag that the blueprint asks for is there for an organization's policies.
fn is_cosmetic(kind: Kind, field: &Field) -> bool {
    match (kind, field.path.as_str()) {
        (Kind::Rule, "description") | (Kind::Topic, "display_name") => true,
        // Missing tags; removed ones release a trail.
        (_, "tags") => {
            let lacking = field.after.as_ref().and_then(|after| after.as_object());
            let secondary = |key: &String| key.starts_with(OWN_TAGS) && key != BLUEPRINT_TAG;
            field.before.is_none() && lacking.is_some_and(|tags| tags.keys().all(secondary))
        }
        _ => false,
    }
}

fn first_version() -> u32 {
    FORMAT_VERSION
}

fn is_unversioned(version: &u32) -> bool {
    *version == 0
}

fn is_zero(number: &usize) -> bool {
    *number == 0
}

#[cfg(test)]
mod tests {
    use super::*;
    use record::CallerIdentity;

    #[test]
    fn the_latest_call_says_whose_change_it_is() {
        let call = |by_ctguard| RecordedCall {
            call: "PutRule".into(),
            time: "2026-11-21T10:00:00Z".into(),
            by: CallerIdentity {
                kind: "IAMUser".into(),
                arn: None,
                principal: None,
                account: None,
                name: None,
                issuer: None,
                via: None,
            },
            source_ip: None,
            user_agent: None,
            by_ctguard,
            event_id: "".into(),
        };
        for (finding, origin) in [
            (Finding::Calls(vec![call(false), call(true)]), Some(Origin::Others)),
            (Finding::Calls(vec![call(true), call(false)]), Some(Origin::Blueprint)),
            (Finding::Calls(Vec::new()), None),
            (Finding::NotFound { complete: true }, None),
            (Finding::NotAsked, None),
        ] {
            assert_eq!(finding.origin(), origin, "{finding:?}");
        }
    }
    use serde_json::{Value, json};

    #[test]
    fn only_words_and_ctguards_secondary_tags_are_cosmetic() {
        let field = |path: &str, before: Option<Value>, after: Option<Value>| Field {
            path: path.to_owned(),
            before,
            after,
        };
        let changed = |path: &str| field(path, Some(json!("a")), Some(json!("b")));
        for (kind, field, cosmetic) in [
            (Kind::Rule, changed("description"), true),
            (Kind::Rule, changed("state"), false),
            (Kind::Rule, changed("event_pattern"), false),
            (Kind::Topic, changed("display_name"), true),
            (Kind::Topic, changed("policy"), false),
            (Kind::Topic, changed("kms_key"), false),
            (Kind::Target, changed("input"), false),
            (Kind::Trail, changed("log_file_validation"), false),
            (Kind::Rule, field("tags", None, Some(json!({ "ctguard:alert": "a" }))), true),
            (Kind::Queue, field("tags", None, Some(json!({ "ctguard:version": "1" }))), true),
            (Kind::Queue, field("tags", None, Some(json!({ "CostCenter": "42" }))), false),
            (
                Kind::Queue,
                field("tags", None, Some(json!({ "CostCenter": "42", "ctguard:version": "1" }))),
                false,
            ),
            (Kind::Bucket, field("tags", None, Some(json!({ "ctguard:blueprint": "a" }))), false),
            (Kind::Trail, field("tags", Some(json!(["ctguard:blueprint"])), None), false),
        ] {
            assert_eq!(is_cosmetic(kind, &field), cosmetic, "{kind} {field:?}");
        }
    }
}
