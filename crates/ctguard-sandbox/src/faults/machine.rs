//! Faults of state machines.

use super::pick::{self, pick};
use super::{Aim, Fault};
use crate::state::State;

/// A machine that ends as soon as it begins.
const IDLE: &str =
    r#"{"QueryLanguage":"JSONata","StartAt":"Nothing","States":{"Nothing":{"Type":"Succeed"}}}"#;

pub fn machine(state: &mut State, fault: Fault, aim: &Aim) -> Result<String, String> {
    let (place, name) = pick("state machine", pick::machines(state), aim, |stored| match fault {
        Fault::EncryptMachine => stored.machine.kms_key.is_none(),
        _ => !stored.deleting,
    })?;
    let machines = &mut state.region_mut(&place).machines;
    if fault == Fault::DeleteMachine {
        machines.remove(&name);
        return Ok(format!("Deleted state machine {name} ({place})."));
    }
    let Some(stored) = machines.get_mut(&name) else {
        return Err(format!("state machine {name} is gone"));
    };
    Ok(match fault {
        Fault::EncryptMachine => {
            stored.machine.kms_key = Some("alias/somebody-elses-key".to_owned());
            format!(
                "Encrypted state machine {name} ({place}) with a key that its role may not use."
            )
        }
        Fault::SwapMachineRole => {
            let own = stored.machine.role_arn.rsplit_once('/').map_or("role", |(path, _)| path);
            stored.machine.role_arn = format!("{own}/somebody-elses-role");
            format!("State machine {name} ({place}) now has the role somebody-elses-role.")
        }
        _ => {
            IDLE.clone_into(&mut stored.machine.definition);
            format!("State machine {name} ({place}) now does nothing.")
        }
    })
}
