//! Step Functions: state machines and their tags.
//!
//! CreateStateMachine and UpdateStateMachine are eventually consistent: for some seconds a machine
//! may still be shown as it was.
//! Source: <https://docs.aws.amazon.com/step-functions/latest/apireference/API_CreateStateMachine.html>

use super::errors::{absent, bad_request, listed};
use super::session::Session;
use aws_sdk_sfn::types as sdk;
use ctguard_core::cloud::CloudError;
use ctguard_core::resource::Tags;
use ctguard_core::resource::machine::{Machine, MachineStatus, MachineType, machine_arn};
use std::collections::BTreeSet;

const CREATE_MACHINE: &str = "states:CreateStateMachine";
const DELETE_MACHINE: &str = "states:DeleteStateMachine";
const DESCRIBE_MACHINE: &str = "states:DescribeStateMachine";
const LIST_TAGS: &str = "states:ListTagsForResource";
const TAG: &str = "states:TagResource";
const UNTAG: &str = "states:UntagResource";
const UPDATE_MACHINE: &str = "states:UpdateStateMachine";

impl Session {
    /// A state machine by ARN; `None` when it does not exist.
    pub(super) async fn machine(
        &self,
        arn: &str,
    ) -> Result<Option<(Machine, MachineStatus)>, CloudError> {
        let call = self.clients.sfn().describe_state_machine().state_machine_arn(arn);
        let Some(answer) = absent(self.send(DESCRIBE_MACHINE, call.send()).await)? else {
            return Ok(None);
        };
        let status = match &answer.status {
            Some(sdk::StateMachineStatus::Deleting) => MachineStatus::Deleting,
            _ => MachineStatus::Active,
        };
        let encryption = answer.encryption_configuration;
        let machine = Machine {
            definition: answer.definition,
            role_arn: answer.role_arn,
            machine_type: match answer.r#type {
                sdk::StateMachineType::Express => MachineType::Express,
                _ => MachineType::Standard,
            },
            kms_key: encryption.and_then(|found| found.kms_key_id).filter(|key| !key.is_empty()),
        };
        Ok(Some((machine, status)))
    }

    pub(super) async fn machine_tags(&self, arn: &str) -> Result<Option<Tags>, CloudError> {
        let call = self.clients.sfn().list_tags_for_resource().resource_arn(arn);
        let Some(answer) = absent(self.send(LIST_TAGS, call.send()).await)? else {
            return Ok(None);
        };
        let tags = listed(LIST_TAGS, answer.tags)?;
        let tag = |tag: sdk::Tag| Some((tag.key?, tag.value.unwrap_or_default()));
        Ok(Some(tags.into_iter().filter_map(tag).collect()))
    }

    /// Creates a state machine; succeeds if one of the same name, definition and type exists. AWS
    /// ignores another role and other tags then, and the next reading tells them.
    pub(super) async fn create_machine(
        &self,
        name: &str,
        machine: &Machine,
        tags: &Tags,
    ) -> Result<(), CloudError> {
        let call = self
            .clients
            .sfn()
            .create_state_machine()
            .name(name)
            .definition(&machine.definition)
            .role_arn(&machine.role_arn)
            .r#type(machine.machine_type.as_str().into())
            .set_tags((!tags.is_empty()).then(|| sdk_tags(tags)));
        self.send(CREATE_MACHINE, call.send()).await.map(drop)
    }

    /// Replaces definition and role, and gives the encryption back to a key of AWS's own.
    pub(super) async fn update_machine(
        &self,
        name: &str,
        machine: &Machine,
    ) -> Result<(), CloudError> {
        let encryption = sdk::EncryptionConfiguration::builder()
            .r#type(match machine.kms_key {
                Some(_) => sdk::EncryptionType::CustomerManagedKmsKey,
                None => sdk::EncryptionType::AwsOwnedKey,
            })
            .set_kms_key_id(machine.kms_key.clone())
            .build()
            .map_err(|error| bad_request(UPDATE_MACHINE, error.to_string()))?;
        let call = self
            .clients
            .sfn()
            .update_state_machine()
            .state_machine_arn(machine_arn(&self.place, name))
            .definition(&machine.definition)
            .role_arn(&machine.role_arn)
            .encryption_configuration(encryption);
        self.send(UPDATE_MACHINE, call.send()).await.map(drop)
    }

    pub(super) async fn tag_machine(&self, name: &str, tags: &Tags) -> Result<(), CloudError> {
        let call = self
            .clients
            .sfn()
            .tag_resource()
            .resource_arn(machine_arn(&self.place, name))
            .set_tags(Some(sdk_tags(tags)));
        self.send(TAG, call.send()).await.map(drop)
    }

    /// Takes tags off; missing keys are ignored.
    pub(super) async fn untag_machine(
        &self,
        name: &str,
        keys: &BTreeSet<String>,
    ) -> Result<(), CloudError> {
        let call = self
            .clients
            .sfn()
            .untag_resource()
            .resource_arn(machine_arn(&self.place, name))
            .set_tag_keys(Some(keys.iter().cloned().collect()));
        self.send(UNTAG, call.send()).await.map(drop)
    }

    /// Begins to delete a state machine; succeeds if it is gone.
    pub(super) async fn delete_machine(&self, name: &str) -> Result<(), CloudError> {
        let arn = machine_arn(&self.place, name);
        let call = self.clients.sfn().delete_state_machine().state_machine_arn(arn);
        absent(self.send(DELETE_MACHINE, call.send()).await).map(drop)
    }
}

fn sdk_tags(tags: &Tags) -> Vec<sdk::Tag> {
    tags.iter().map(|(key, value)| sdk::Tag::builder().key(key).value(value).build()).collect()
}
