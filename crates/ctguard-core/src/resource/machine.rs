//! Step Functions state machines: those that write mails, and those that put something back.

use crate::scope::{Arn, Place};
use serde::{Deserialize, Serialize};
use serde_json::Value;

/// Longest name of a state machine, in characters. No white space, brackets, wildcards or
/// `" # % \ ^ | ~ $ & , ; : /` stand in it.
///
/// Source: <https://docs.aws.amazon.com/step-functions/latest/apireference/API_CreateStateMachine.html>
pub const MACHINE_NAME_MAX_CHARS: usize = 80;

/// Most bytes of a request to Step Functions, with all that belongs to it. As the definition is text
/// in JSON there, that is less than the 1 MB that a definition may have.
///
/// Source: <https://docs.aws.amazon.com/step-functions/latest/dg/service-quotas.html>
pub const REQUEST_MAX_BYTES: usize = 1_048_576;

/// What is kept free for the headers of a request, the name, the role and the tags.
const REQUEST_REST_BYTES: usize = 32_768;

/// The bytes of the request that writes a definition, at most.
pub fn request_bytes(definition: &str) -> usize {
    // Each quote and backslash takes another one.
    let escaped = definition.bytes().filter(|byte| matches!(byte, b'"' | b'\\' | b'\n')).count();
    definition.len() + escaped + REQUEST_REST_BYTES
}

/// How AWS runs the executions of a machine. It cannot be changed afterwards.
///
/// Source: <https://docs.aws.amazon.com/step-functions/latest/dg/choosing-workflow-type.html>
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
#[derive(strum::IntoStaticStr)]
#[strum(serialize_all = "SCREAMING_SNAKE_CASE")]
pub enum MachineType {
    /// Each execution runs exactly once, and is kept to be looked at for 90 days.
    #[default]
    Standard,
    /// An execution may run twice, and nothing is kept of it.
    Express,
}

impl MachineType {
    /// AWS's own spelling.
    pub fn as_str(self) -> &'static str {
        self.into()
    }
}

/// Whether a machine takes executions. One that is being deleted keeps its name until then.
///
/// Source: <https://docs.aws.amazon.com/step-functions/latest/apireference/API_DeleteStateMachine.html>
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum MachineStatus {
    #[default]
    Active,
    Deleting,
}

/// The settings of a state machine.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Machine {
    /// The definition in Amazon States Language. AWS gives back the text that was sent.
    pub definition: String,
    /// The role that its executions have.
    pub role_arn: String,
    #[serde(rename = "type", default)]
    pub machine_type: MachineType,
    /// The customer-managed key that encrypts it; absent for a key of AWS's own. ctguard sets none.
    ///
    /// Source: <https://docs.aws.amazon.com/step-functions/latest/dg/encryption-at-rest.html>
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub kms_key: Option<String>,
}

impl Machine {
    /// Whether the definition means the same as another: as JSON, in which the order of keys and
    /// white space have no meaning.
    pub fn is_defined_as(&self, other: &str) -> bool {
        let read = |text: &str| serde_json::from_str::<Value>(text).ok();
        self.definition == other
            || read(&self.definition).is_some_and(|one| read(other) == Some(one))
    }
}

/// The ARN of a state machine.
pub fn machine_arn(place: &Place, name: &str) -> String {
    place.arn("states", &format!("stateMachine:{name}"))
}

/// The name of the state machine that an ARN names.
pub fn machine_name(arn: &str) -> Option<&str> {
    let arn = Arn::parse(arn).filter(|arn| arn.service == "states")?;
    arn.resource.strip_prefix("stateMachine:").filter(|name| !name.contains(['/', ':']))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn definitions_are_the_same_as_json() {
        let machine = |text: &str| Machine {
            definition: text.to_owned(),
            role_arn: String::new(),
            machine_type: MachineType::Standard,
            kms_key: None,
        };
        let one = machine(r#"{"StartAt":"a","States":{"a":{"Type":"Succeed"}}}"#);
        assert!(
            one.is_defined_as("{ \"States\": {\"a\": {\"Type\":\"Succeed\"}}, \"StartAt\":\"a\" }")
        );
        assert!(!one.is_defined_as(r#"{"StartAt":"a","States":{"a":{"Type":"Fail"}}}"#));
        // The order of a list has one.
        assert!(!machine(r#"{"Choices":[1,2]}"#).is_defined_as(r#"{"Choices":[2,1]}"#));
        assert!(!machine("x").is_defined_as("y") && machine("x").is_defined_as("x"));
    }

    #[test]
    fn an_arn_names_its_machine() {
        let arn = |rest: &str| format!("arn:aws:states:eu-west-1:111122223333:{rest}");
        assert_eq!(machine_name(&arn("stateMachine:ctguard-acme-mail")), Some("ctguard-acme-mail"));
        assert_eq!(machine_name(&arn("stateMachine:ctguard-acme-mail:1")), None);
        assert_eq!(machine_name(&arn("execution:ctguard-acme-mail:x")), None);
        assert_eq!(machine_name("arn:aws:sns:eu-west-1:111122223333:stateMachine:x"), None);
    }
}
