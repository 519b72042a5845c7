//! Does the state machine between a rule and its topic do what the blueprint says?
//!
//! Its roles are judged beside it: the one that a rule starts it with, and the one that it
//! publishes with.

use super::{FixedBy, Link, LinkCode, LinkObject, Status};
use crate::desired::{Desired, DesiredMachine, MachinePath};
use crate::resource::machine::MachineType;
use crate::scope::Place;
use crate::snapshot::{Live, LiveMachine, Observed};

/// Judges the machine of a place: the links that are not right, or one that all is.
pub fn judge(desired: &Desired, live: &Live, place: &Place, path: &MachinePath) -> Vec<Link> {
    let object = LinkObject::Machine(path.arn.clone());
    let seen = live.places.get(place).and_then(|seen| seen.machines.get(&path.arn));
    let missing = |cause: &str| {
        let code = LinkCode::MachineMissing;
        vec![Link::broken(code, place, object.clone(), cause, FixedBy::Apply)]
    };
    let machine = match seen {
        Some(Observed::Known(machine)) if machine.is_active() => machine,
        Some(Observed::Known(_)) => return missing("it is being deleted"),
        Some(Observed::Absent) | None => return missing("it does not exist"),
        Some(Observed::Unreadable(why)) => {
            return vec![Link::unreadable(LinkCode::MachineMissing, place, object, why)];
        }
    };
    let wanted = desired.places.get(place).and_then(|here| here.machines.get(&path.name));
    let Some(wanted) = wanted else { return missing("the blueprint has none of this name") };
    let fixed_by = match machine.tags.name_owner(&desired.name) {
        true => FixedBy::Apply,
        false => FixedBy::Person,
    };
    let judge = Judge { place, object, machine, wanted, fixed_by };
    let found: Vec<Link> = [judge.kind(), judge.definition(), judge.key(), judge.role()]
        .into_iter()
        .flatten()
        .collect();
    if !found.is_empty() {
        return found;
    }
    let cause = match &path.name {
        name if *name == desired.names.heal() => {
            "it puts the trail back as the blueprint says, and publishes a notice"
        }
        name if *name == desired.names.heal_rules() => {
            "it puts rules back as the blueprint says, and publishes a notice"
        }
        _ => "it composes the mail as the blueprint says, and publishes it",
    };
    vec![Link::proven(LinkCode::MachineMissing, place, judge.object, cause)]
}

struct Judge<'a> {
    place: &'a Place,
    object: LinkObject,
    machine: &'a LiveMachine,
    wanted: &'a DesiredMachine,
    fixed_by: FixedBy,
}

impl Judge<'_> {
    fn broken(&self, code: LinkCode, cause: String) -> Link {
        Link::broken(code, self.place, self.object.clone(), cause, self.fixed_by)
    }

    /// An Express machine publishes, too, but may do it twice, and nothing is kept of what failed.
    ///
    /// Source: <https://docs.aws.amazon.com/step-functions/latest/dg/choosing-workflow-type.html>
    fn kind(&self) -> Option<Link> {
        if self.machine.machine.machine_type != MachineType::Express {
            return None;
        }
        let cause = "it is EXPRESS: it may publish twice, and AWS keeps nothing of what fails";
        let link = self.broken(LinkCode::MachineType, cause.to_owned());
        let fix =
            "Delete the state machine, and run `ctguard apply`: AWS cannot change the type of one.";
        Some(Link { status: Status::Assumed, fixed_by: FixedBy::Person, ..link }.with_fix(fix))
    }

    fn definition(&self) -> Option<Link> {
        let same = self.machine.machine.is_defined_as(&self.wanted.machine.definition);
        let cause = "its definition was changed: what it publishes, if anything, is not known";
        (!same).then(|| self.broken(LinkCode::MachineDefinition, cause.to_owned()))
    }

    /// The role of the executions needs the key then, and ctguard's is not allowed any.
    ///
    /// Source: <https://docs.aws.amazon.com/step-functions/latest/dg/encryption-at-rest.html>
    fn key(&self) -> Option<Link> {
        let key = self.machine.machine.kms_key.as_ref()?;
        let cause = format!("it is encrypted with {key}, which its role is not allowed to use");
        Some(self.broken(LinkCode::MachineDefinition, cause))
    }

    fn role(&self) -> Option<Link> {
        let (now, wanted) = (&self.machine.machine.role_arn, &self.wanted.machine.role_arn);
        let cause = || format!("it has the role {now}, which is not the role of this blueprint");
        (now != wanted).then(|| self.broken(LinkCode::MachineRole, cause()))
    }
}
