//! The calls by which a state machine looks at a trail or at rules and puts them back, in the names
//! that Step Functions gives to calls, parameters and errors.
//!
//! A parameter that AWS does not know there is refused. What one call changes, the next ones find.
//!
//! Sources: <https://docs.aws.amazon.com/step-functions/latest/dg/supported-services-awssdk.html>,
//! <https://docs.aws.amazon.com/awscloudtrail/latest/APIReference/API_Operations.html>

mod rules;

use super::machine::{Run, StateError, execution_arn, executions};
use super::{MachineCall, selectors};
use crate::refusal::Refusal;
use crate::state::{State, StoredTrail, locate};
use ctguard_core::action::Action;
use ctguard_core::resource::Tags;
use ctguard_core::resource::trail::Trail;
use ctguard_core::scope::Arn;
use serde_json::{Map, Value, json};

/// The settings that CreateTrail and UpdateTrail take.
const SETTINGS: [&str; 7] = [
    "Name",
    "S3BucketName",
    "IsMultiRegionTrail",
    "IncludeGlobalServiceEvents",
    "EnableLogFileValidation",
    "IsOrganizationTrail",
    "KmsKeyId",
];

impl Run<'_> {
    pub(super) fn sdk(&mut self, call: &str, arguments: &Value) -> Result<Value, StateError> {
        match call {
            "aws-sdk:sfn:listTagsForResource" => self.tags(arguments),
            "aws-sdk:sfn:listExecutions" => self.list_executions(arguments),
            "aws-sdk:sfn:startExecution" => self.start_execution(arguments),
            "aws-sdk:cloudtrail:getTrail" => {
                let (name, found) = self.trail("cloudtrail:GetTrail", "Name", arguments)?;
                Ok(json!({ "Trail": told(&name, &found) }))
            }
            "aws-sdk:cloudtrail:getTrailStatus" => {
                let (_, found) = self.trail("cloudtrail:GetTrailStatus", "Name", arguments)?;
                let mut status = json!({ "IsLogging": found.status.logging });
                if found.status.logging {
                    status["StartLoggingTime"] = json!(String::from(self.on.state.clock));
                }
                Ok(status)
            }
            "aws-sdk:cloudtrail:getEventSelectors" => {
                let operation = "cloudtrail:GetEventSelectors";
                let (_, found) = self.trail(operation, "TrailName", arguments)?;
                Ok(selectors::told(&found.selectors))
            }
            "aws-sdk:cloudtrail:startLogging" => {
                let (name, _) = self.trail("cloudtrail:StartLogging", "Name", arguments)?;
                self.perform(Action::StartLogging { name })
            }
            "aws-sdk:cloudtrail:updateTrail" => self.update(arguments),
            "aws-sdk:cloudtrail:createTrail" => self.create(arguments),
            "aws-sdk:cloudtrail:putEventSelectors" => {
                known(arguments, &["TrailName", "EventSelectors", "AdvancedEventSelectors"])?;
                let selectors = selectors::read(arguments).map_err(|why| invalid(&why))?;
                let named = json!({ "TrailName": arguments["TrailName"] });
                let operation = "cloudtrail:PutEventSelectors";
                let (name, _) = self.trail(operation, "TrailName", &named)?;
                self.perform(Action::PutEventSelectors { name, selectors })
            }
            _ => match call.strip_prefix("aws-sdk:eventbridge:") {
                Some(call) => self.on_rule(call, arguments),
                None => Err(unknown(call)),
            },
        }
    }

    /// The accounts as the calls so far have left them.
    fn world(&self) -> &State {
        self.world.as_deref().unwrap_or(self.on.state)
    }

    fn allowed(&self, action: &'static str, resource: &str) -> Result<(), StateError> {
        let service = match action.split_once(':') {
            Some(("states", _)) => "Sfn",
            Some(("cloudtrail", _)) => "CloudTrail",
            _ => "EventBridge",
        };
        let denied = |why| StateError::new(&format!("{service}.AccessDeniedException"), why);
        let role = self.role().map_err(denied)?;
        self.hop(action, resource).is_allowed(role).map_err(denied)
    }

    /// Checks that a call names this machine.
    fn itself(&self, field: &str, arguments: &Value) -> Result<(), StateError> {
        match arguments[field].as_str() {
            Some(arn) if arn == self.arn => Ok(()),
            other => {
                let cause = format!("the sandbox knows no other state machine here: {other:?}");
                Err(StateError::new("Sfn.StateMachineDoesNotExistException", cause))
            }
        }
    }

    fn tags(&self, arguments: &Value) -> Result<Value, StateError> {
        known(arguments, &["ResourceArn"])?;
        self.itself("ResourceArn", arguments)?;
        self.allowed("states:ListTagsForResource", self.arn)?;
        Ok(json!({ "Tags": listed(&self.machine.tags) }))
    }

    /// The newest first, this one included.
    fn list_executions(&self, arguments: &Value) -> Result<Value, StateError> {
        known(arguments, &["StateMachineArn", "MaxResults"])?;
        self.itself("StateMachineArn", arguments)?;
        self.allowed("states:ListExecutions", self.arn)?;
        let most = arguments["MaxResults"].as_u64().filter(|most| (1..=1_000).contains(most));
        let most = most.ok_or_else(|| invalid("MaxResults is 1 to 1,000"))?;
        let now = self.on.state.clock;
        let before = executions(self.on.state, self.on.at, self.arn);
        let before = before.iter().map(|one| (one.arn.as_str(), one.start));
        let here = self.delivery.executions.iter().filter(|began| began.machine == self.arn);
        let all: Vec<_> = before.chain(here.map(|began| (began.execution.as_str(), now))).collect();
        let newest = all.into_iter().rev().take(usize::try_from(most).unwrap_or(usize::MAX));
        let one = |(arn, start): (&str, _)| {
            json!({
                "ExecutionArn": arn,
                "Name": arn.rsplit(':').next(),
                "StartDate": String::from(start),
            })
        };
        Ok(json!({ "Executions": newest.map(one).collect::<Vec<_>>() }))
    }

    /// The machine starts itself, by a name that no execution of it has had.
    fn start_execution(&mut self, arguments: &Value) -> Result<Value, StateError> {
        known(arguments, &["StateMachineArn", "Name", "Input"])?;
        self.itself("StateMachineArn", arguments)?;
        self.allowed("states:StartExecution", self.arn)?;
        let name = arguments["Name"].as_str().filter(|name| (1..=80).contains(&name.len()));
        let name = name.ok_or_else(|| StateError::new("Sfn.InvalidNameException", "the name"))?;
        let input = arguments["Input"].as_str().and_then(|text| serde_json::from_str(text).ok());
        let input = input.ok_or_else(|| {
            StateError::new("Sfn.InvalidExecutionInputException", "the input is not JSON")
        })?;
        let arn = execution_arn(self.arn, name);
        let before = executions(self.on.state, self.on.at, self.arn).iter();
        let known = before.map(|one| &one.arn).any(|one| *one == arn)
            || self.delivery.executions.iter().any(|began| began.execution == arn);
        if known {
            return Err(StateError::new("Sfn.ExecutionAlreadyExistsException", arn));
        }
        self.started.push((name.to_owned(), input));
        Ok(json!({ "ExecutionArn": arn, "StartDate": String::from(self.on.state.clock) }))
    }

    /// A trail by its name or ARN, which the role may make this call on.
    fn trail(
        &self,
        action: &'static str,
        field: &str,
        arguments: &Value,
    ) -> Result<(String, StoredTrail), StateError> {
        known(arguments, &[field])?;
        let named = arguments[field].as_str().ok_or_else(|| invalid("no trail is named"))?;
        let home = self.on.at;
        let (at, name) = match Arn::parse(named) {
            Some(_) => locate(named, "cloudtrail")
                .and_then(|(at, resource)| Some((at, resource.strip_prefix("trail/")?.to_owned())))
                .ok_or_else(|| invalid("this is not the ARN of a trail"))?,
            None => (home.clone(), named.to_owned()),
        };
        self.allowed(action, &at.arn("cloudtrail", &format!("trail/{name}")))?;
        let found = self.world().region(home).trails.get(&name).filter(|_| at == *home);
        match found {
            Some(found) => Ok((name, found.clone())),
            None => Err(StateError::new(
                "CloudTrail.TrailNotFoundException",
                format!("Unknown trail: {named}"),
            )),
        }
    }

    /// What a call does not name stays as it is.
    fn update(&mut self, arguments: &Value) -> Result<Value, StateError> {
        known(arguments, &SETTINGS)?;
        let named = json!({ "Name": arguments["Name"] });
        let (name, found) = self.trail("cloudtrail:UpdateTrail", "Name", &named)?;
        let trail = with(found.trail, arguments);
        self.perform(Action::UpdateTrail { name, trail })
    }

    fn create(&mut self, arguments: &Value) -> Result<Value, StateError> {
        let fields: Vec<&str> = SETTINGS.into_iter().chain(["TagsList"]).collect();
        known(arguments, &fields)?;
        let name = arguments["Name"].as_str().unwrap_or_default().to_owned();
        let arn = self.on.at.arn("cloudtrail", &format!("trail/{name}"));
        let mut tags = Tags::new();
        for tag in arguments["TagsList"].as_array().into_iter().flatten() {
            if let (Some(key), Some(value)) = (tag["Key"].as_str(), tag["Value"].as_str()) {
                tags.insert(key.to_owned(), value.to_owned());
            }
        }
        self.allowed("cloudtrail:CreateTrail", &arn)?;
        if !tags.is_empty() {
            self.allowed("cloudtrail:AddTags", &arn)?;
        }
        let new = Trail {
            bucket: String::new(),
            key_prefix: None,
            multi_region: false,
            organization: false,
            global_service_events: true,
            log_file_validation: false,
            kms_key: None,
        };
        let trail = with(new, arguments);
        self.perform(Action::CreateTrail { name, trail, tags })
    }

    /// Makes a call that changes something; it is made for good once the event has been followed.
    fn perform(&mut self, action: Action) -> Result<Value, StateError> {
        let place = self.on.at.clone();
        let mut world = match self.world.take() {
            Some(world) => world,
            None => Box::new(after(self.on.state, &self.delivery.calls)),
        };
        let done = crate::apply(&mut world, &place, &action);
        self.world = Some(world);
        done.map_err(|refusal: Refusal| {
            let of_trail = action.operation().starts_with("cloudtrail:");
            let service = if of_trail { "CloudTrail" } else { "EventBridge" };
            StateError::new(&format!("{service}.{}", refusal.code), refusal.message)
        })?;
        let role = self.machine.machine.role_arn.clone();
        self.delivery.calls.push(MachineCall { place, action, role });
        Ok(json!({}))
    }
}

/// A state after calls of earlier executions of the same event.
fn after(state: &State, calls: &[MachineCall]) -> State {
    let mut state = state.clone();
    for call in calls {
        // Each was done once on a state like this one.
        let _ = crate::apply(&mut state, &call.place, &call.action);
    }
    state
}

fn unknown(call: &str) -> StateError {
    StateError::new("States.Runtime", format!("the sandbox does not call {call}"))
}

fn invalid(why: &str) -> StateError {
    StateError::new("CloudTrail.InvalidParameterException", why)
}

/// Checks that a call has no parameter that Step Functions does not know.
fn known(arguments: &Value, fields: &[&str]) -> Result<(), StateError> {
    let nothing = Map::new();
    let given = arguments.as_object().unwrap_or(&nothing);
    match given.keys().find(|name| !fields.contains(&name.as_str())) {
        Some(other) => Err(StateError::new(
            "States.Runtime",
            format!("The field '{other}' is not supported by Step Functions"),
        )),
        None => Ok(()),
    }
}

fn with(mut trail: Trail, arguments: &Value) -> Trail {
    let flag = |name: &str, now: bool| arguments[name].as_bool().unwrap_or(now);
    if let Some(bucket) = arguments["S3BucketName"].as_str() {
        bucket.clone_into(&mut trail.bucket);
    }
    trail.multi_region = flag("IsMultiRegionTrail", trail.multi_region);
    trail.organization = flag("IsOrganizationTrail", trail.organization);
    trail.global_service_events = flag("IncludeGlobalServiceEvents", trail.global_service_events);
    trail.log_file_validation = flag("EnableLogFileValidation", trail.log_file_validation);
    if let Some(key) = arguments["KmsKeyId"].as_str() {
        trail.kms_key = Some(key.to_owned());
    }
    trail
}

fn told(name: &str, stored: &StoredTrail) -> Value {
    let trail = &stored.trail;
    let mut told = json!({
        "Name": name,
        "S3BucketName": trail.bucket,
        "IsMultiRegionTrail": trail.multi_region,
        "IsOrganizationTrail": trail.organization,
        "IncludeGlobalServiceEvents": trail.global_service_events,
        "LogFileValidationEnabled": trail.log_file_validation,
    });
    if let Some(key) = &trail.kms_key {
        told["KmsKeyId"] = json!(key);
    }
    told
}

fn listed(tags: &Tags) -> Vec<Value> {
    tags.iter().map(|(key, value)| json!({ "Key": key, "Value": value })).collect()
}
