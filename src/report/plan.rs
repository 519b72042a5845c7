//! A plan as people read it: what it is about, what it means for each alert, what changes, and what
//! somebody must decide or do. Everything is rendered from the [`Plan`] alone.
//!
//! | module | what it tells |
//! |---|---|
//! | `status` | which accounts and regions, how much there is to do, what could not be read |
//! | `effects` | per alert, in how many places it reaches everybody now and after |
//! | `changes` | one line an object, what is the same in many places once |
//! | `fold` | which changes are the same |
//! | `diff` | what of a field changes, by what the field is: `pattern`, `policy`, `template` |
//! | `created` | what of a new object is told |
//! | `question` | whether a plan or drift is told |
//! | `asides` | guards, refusals, what waits for people, warnings |
//! | `unknown` | what could not be read, by reason |

pub(super) mod asides;
mod changes;
pub(super) mod created;
pub(super) mod diff;
pub(super) mod effects;
pub(super) mod fold;
mod pattern;
mod policy;
pub(super) mod question;
pub(super) mod status;
mod template;
pub(super) mod unknown;

pub use created::Detail;
pub use question::PlanView;

use super::{AccountNames, Paint, wrap};
use ctguard_core::plan::Plan;

/// Renders a plan: status, effects, changes, then guards, refusals, unknowns, warnings and what
/// waits.
pub fn render(plan: &Plan, question: PlanView, detail: Detail, paint: Paint) -> String {
    let names = names(plan);
    let mut out = String::new();
    status::render(&mut out, plan, question, paint);
    effects::render(&mut out, plan, question, paint);
    changes::render(&mut out, plan, (question, detail), &names, paint);
    if question == PlanView::Plan {
        asides::guards(&mut out, plan, &names, paint);
    }
    asides::refusals(&mut out, &plan.refusals, &names, paint);
    unknown::render(&mut out, &plan.unknown, &names, paint);
    asides::warnings(&mut out, &plan.warnings, &names, paint);
    asides::waiting(&mut out, &question::waiting(plan, question), &names, paint);
    status::sum(&mut out, plan, question);
    wrap::fit(&out, paint.width)
}

/// The names of the accounts of a plan.
pub(super) fn names(plan: &Plan) -> AccountNames<'_> {
    plan.scope.names.iter().map(|(id, name)| (id, name.as_str())).collect()
}
