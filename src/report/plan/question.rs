//! Which question a plan answers. What it finds is told from the account's side or the blueprint's:
//! a plan says what an apply would do, drift what is no longer as the blueprint says.

use ctguard_core::plan::{Change, Field, Plan, Verb, Waiting, WaitingFor};
use std::borrow::Cow;

/// Which question the plan answers.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum PlanView {
    /// What would an apply change?
    Plan,
    /// Has anything drifted?
    Drift {
        /// How many findings there are that no apply undoes.
        by_others: usize,
    },
}

impl PlanView {
    /// The verb that asks it.
    pub fn asked_by(self) -> &'static str {
        match self {
            Self::Plan => "plan",
            Self::Drift { .. } => "drift",
        }
    }

    pub fn is_drift(self) -> bool {
        self != Self::Plan
    }

    /// What is found of objects, in order, as a sum of them says it.
    pub fn counted(self) -> [(Verb, &'static str); 4] {
        let [create, update, adopt, delete] = match self {
            Self::Plan => ["to create", "to update", "to adopt", "to delete"],
            Self::Drift { .. } => ["missing", "changed", "not owned", "not in the blueprint"],
        };
        [
            (Verb::Create, create),
            (Verb::Update, update),
            (Verb::Adopt, adopt),
            (Verb::Delete, delete),
        ]
    }

    /// What is found of one object, before its kind and name.
    pub fn word(self, verb: Verb) -> &'static str {
        match (self, verb) {
            (Self::Plan, Verb::Create) => "create",
            (Self::Plan, Verb::Update) => "update",
            (Self::Plan, Verb::Adopt) => "adopt",
            (Self::Plan, Verb::Delete) => "delete",
            (Self::Drift { .. }, Verb::Create) => "missing",
            (Self::Drift { .. }, Verb::Update) => "changed",
            (Self::Drift { .. }, Verb::Adopt) => "not owned",
            (Self::Drift { .. }, Verb::Delete) => "not in the blueprint",
        }
    }

    /// A field in the direction in which it is told. A plan goes from what is there to the
    /// blueprint, and drift went the other way.
    pub fn field(self, field: &Field) -> Cow<'_, Field> {
        match self {
            Self::Plan => Cow::Borrowed(field),
            Self::Drift { .. } => Cow::Owned(Field {
                path: field.path.clone(),
                before: field.after.clone(),
                after: field.before.clone(),
            }),
        }
    }
}

/// What waits for people now. What is missing waits only once an apply has made it, of which drift
/// says nothing.
pub fn waiting(plan: &Plan, question: PlanView) -> Vec<Waiting> {
    let missing = |waiting: &&Waiting| {
        let is_it =
            |change: &Change| change.action == Verb::Create && change.address == waiting.address;
        question.is_drift() && plan.changes.iter().any(is_it)
    };
    plan.waiting.iter().filter(|waiting| !missing(waiting)).cloned().collect()
}

/// Whether people must confirm something before all alerts can reach everybody.
pub(super) fn waits_for_people(plan: &Plan, question: PlanView) -> bool {
    let by_people = [WaitingFor::Confirmation, WaitingFor::ChatConfiguration];
    waiting(plan, question).iter().any(|waiting| by_people.contains(&waiting.what))
}
