//! CloudFormation in small: reads an exported folder as the service would, and makes in the sandbox
//! what the templates say. It knows nothing of how they were written.
//!
//! What the service refuses is refused: `null`, properties that a resource does not have, functions
//! and references that lead nowhere, too large templates, a resource before one that it refers to.

mod resources;

use ctguard_core::cloud::Cloud;
use ctguard_core::scope::{AccountId, Place, Region};
use ctguard_sandbox::Sandbox;
use serde_json::{Map, Value};
use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use crate::laws::wait;

/// The accounts of an organization: those that a StackSet deploys in, and the managing one.
pub struct Organization<'a> {
    pub management: Option<&'a str>,
    pub members: &'a [&'a str],
    /// The account of whoever deploys.
    pub own: &'a str,
}

/// Deploys a folder; `secrets` are the values of the parameters that no file has.
pub fn deploy(
    folder: &Path,
    sandbox: &Sandbox,
    organization: &Organization<'_>,
    secrets: &BTreeMap<&str, &str>,
) {
    let manifest = read(&folder.join("stacks.json"));
    let mut made: BTreeMap<(Place, String), String> = BTreeMap::new();
    for stack in manifest["stacks"].as_array().unwrap() {
        let template = std::fs::read_to_string(folder.join(text(&stack["template"]))).unwrap();
        assert_eq!(stack["bytes"].as_u64().unwrap() as usize, template.len());
        assert!(template.len() <= 1_000_000, "CloudFormation takes no template of this size");
        assert!(template.is_ascii(), "CloudFormation answers `?` for other characters");
        let template: Value = serde_json::from_str(&template).unwrap();
        for instances in stack["instances"].as_array().unwrap() {
            for account in accounts(instances, organization) {
                for region in list(&instances["regions"]) {
                    let place = Place::new(
                        AccountId::new(&account).unwrap(),
                        Region::new(&region).unwrap(),
                    );
                    let name = instances["account_names"].get(&account).and_then(Value::as_str);
                    let stack = Stack::new(&template, &place, name, secrets);
                    for (id, kind) in stack.make(sandbox) {
                        let before = made.insert((place.clone(), id.clone()), kind);
                        assert!(before.is_none(), "{place} has {id} in two stacks");
                    }
                }
            }
        }
    }
    assert!(!made.is_empty(), "nothing was deployed");
}

fn accounts(instances: &Value, organization: &Organization<'_>) -> Vec<String> {
    let named = list(&instances["accounts"]);
    let except = instances.get("except").map(list).unwrap_or_default();
    let is_managing = |account: &str| organization.management == Some(account);
    match text(&instances["by"]) {
        "own-stack" => vec![organization.own.to_owned()],
        "stack" => named,
        "stack-set" => {
            assert!(
                named.iter().all(|one| organization.members.contains(&one.as_str())),
                "a StackSet deploys to members only: {named:?}"
            );
            let members = organization.members.iter().map(|one| (*one).to_owned());
            members
                .filter(|one| named.is_empty() || named.contains(one))
                // Service-managed StackSets leave the management account out.
                .filter(|one| !except.contains(one) && !is_managing(one))
                .collect()
        }
        other => panic!("nobody makes stacks by {other}"),
    }
}

/// A template in one place.
struct Stack<'a> {
    resources: &'a Map<String, Value>,
    place: Place,
    parameters: BTreeMap<String, String>,
}

impl<'a> Stack<'a> {
    fn new(
        template: &'a Value,
        place: &Place,
        account_name: Option<&str>,
        secrets: &BTreeMap<&str, &str>,
    ) -> Self {
        let sections: BTreeSet<&str> =
            template.as_object().unwrap().keys().map(String::as_str).collect();
        let known =
            BTreeSet::from(["AWSTemplateFormatVersion", "Description", "Parameters", "Resources"]);
        assert!(sections.is_subset(&known), "{sections:?}");
        assert!(text(&template["Description"]).len() <= 1_024);
        assert!(!has_null(template), "'null' values are not allowed in templates");
        let mut parameters = BTreeMap::new();
        for (name, about) in
            template.get("Parameters").and_then(Value::as_object).into_iter().flatten()
        {
            assert_eq!(about["Type"], "String");
            let value = match name.as_str() {
                "AccountName" => account_name.expect("a value for AccountName"),
                secret => {
                    assert_eq!(about["NoEcho"], true, "{secret} would be shown");
                    secrets.values().next().expect("a value for a secret")
                }
            };
            parameters.insert(name.clone(), value.to_owned());
        }
        let resources = template["Resources"].as_object().unwrap();
        assert!(resources.len() <= 500 && parameters.len() <= 200);
        Self { resources, place: place.clone(), parameters }
    }

    /// Makes the resources, each after what it refers to.
    fn make(&self, sandbox: &Sandbox) -> Vec<(String, String)> {
        let mut done: BTreeSet<&str> = BTreeSet::new();
        let mut all = Vec::new();
        while done.len() < self.resources.len() {
            let before = done.len();
            for (id, resource) in self.resources {
                let needs = self.needs(resource);
                if done.contains(id.as_str())
                    || !needs.iter().all(|one| done.contains(one.as_str()))
                {
                    continue;
                }
                assert!(
                    !id.is_empty() && id.bytes().all(|byte| byte.is_ascii_alphanumeric()),
                    "{id} is no logical id"
                );
                let known =
                    ["Type", "Properties", "DependsOn", "DeletionPolicy", "UpdateReplacePolicy"];
                assert!(resource.as_object().unwrap().keys().all(|key| known.contains(&&**key)));
                let kind = text(&resource["Type"]);
                let properties = self.filled(&resource["Properties"]);
                let queues = |name: &str| {
                    let state = sandbox.state();
                    let here = &state.accounts[&self.place.account].regions[&self.place.region];
                    here.queues[name].queue.clone()
                };
                for action in resources::calls(kind, &properties, &queues) {
                    wait(sandbox.perform(&self.place, &action))
                        .unwrap_or_else(|error| panic!("{} {id}: {error}\n{action:?}", self.place));
                }
                all.push((id.clone(), kind.to_owned()));
                done.insert(id);
            }
            assert!(done.len() > before, "resources wait for each other");
        }
        all
    }

    /// The resources that one names.
    fn needs(&self, resource: &Value) -> BTreeSet<String> {
        let mut all: BTreeSet<String> = match resource.get("DependsOn") {
            Some(Value::String(one)) => BTreeSet::from([one.clone()]),
            Some(several) => list(several).into_iter().collect(),
            None => BTreeSet::new(),
        };
        referred(&resource["Properties"], &mut all);
        all.retain(|one| !one.starts_with("AWS::") && !self.parameters.contains_key(one));
        for one in &all {
            assert!(self.resources.contains_key(one), "{one} is in no template of its stack");
        }
        all
    }

    /// A value with its functions worked out.
    fn filled(&self, value: &Value) -> Value {
        match value {
            Value::Object(map) if map.len() == 1 => {
                let (key, argument) = map.iter().next().unwrap();
                match key.as_str() {
                    "Ref" => Value::String(self.named(text(argument))),
                    "Fn::Sub" => Value::String(self.substituted(text(argument))),
                    "Fn::GetAtt" => Value::String(self.attribute(&list(argument))),
                    "Fn::Join" => {
                        let parts = self.filled(&argument[1]);
                        Value::String(list(&parts).join(text(&argument[0])))
                    }
                    other => {
                        assert!(!other.starts_with("Fn::"), "{other} is not known");
                        self.each(map)
                    }
                }
            }
            Value::Object(map) => self.each(map),
            Value::Array(list) => list.iter().map(|one| self.filled(one)).collect(),
            Value::String(text) => {
                assert!(!text.contains("{{resolve:"), "a dynamic reference: {text}");
                value.clone()
            }
            other => other.clone(),
        }
    }

    fn each(&self, map: &Map<String, Value>) -> Value {
        map.iter().map(|(key, one)| (key.clone(), self.filled(one))).collect()
    }

    /// What `Ref` gives: the ARN of a topic, the URL of a queue, the name of most others.
    fn named(&self, name: &str) -> String {
        match name {
            "AWS::AccountId" => return self.place.account.to_string(),
            "AWS::Region" => return self.place.region.to_string(),
            "AWS::Partition" => return self.place.region.partition().to_string(),
            _ => {}
        }
        if let Some(value) = self.parameters.get(name) {
            return value.clone();
        }
        let resource = &self.resources[name];
        let properties = &resource["Properties"];
        match text(&resource["Type"]) {
            "AWS::SNS::Topic" => self.place.arn("sns", text(&properties["TopicName"])),
            "AWS::SQS::Queue" => format!("url-of:{}", text(&properties["QueueName"])),
            "AWS::S3::Bucket" => text(&properties["BucketName"]).to_owned(),
            other => panic!("what Ref gives of {other} is not known"),
        }
    }

    fn attribute(&self, of: &[String]) -> String {
        let resource = &self.resources[&of[0]];
        let properties = &resource["Properties"];
        match (text(&resource["Type"]), of[1].as_str()) {
            ("AWS::SQS::Queue", "Arn") => self.place.arn("sqs", text(&properties["QueueName"])),
            other => panic!("{other:?} is not known"),
        }
    }

    fn substituted(&self, text: &str) -> String {
        let mut all = String::new();
        let mut rest = text;
        while let Some(at) = rest.find("${") {
            all.push_str(&rest[..at]);
            let open = &rest[at + 2..];
            let end = open.find('}').expect("a closing bracket");
            match open[..end].strip_prefix('!') {
                Some(literal) => all.push_str(&format!("${{{literal}}}")),
                None => all.push_str(&self.named(&open[..end])),
            }
            rest = &open[end + 1..];
        }
        all.push_str(rest);
        all
    }
}

fn has_null(value: &Value) -> bool {
    match value {
        Value::Null => true,
        Value::Array(list) => list.iter().any(has_null),
        Value::Object(map) => map.values().any(has_null),
        _ => false,
    }
}

/// The names that references stand for.
fn referred(value: &Value, all: &mut BTreeSet<String>) {
    match value {
        Value::Array(list) => list.iter().for_each(|one| referred(one, all)),
        Value::Object(map) => {
            for (key, one) in map {
                match (key.as_str(), one) {
                    ("Ref", Value::String(name)) => drop(all.insert(name.clone())),
                    ("Fn::GetAtt", of) => drop(all.insert(list(of)[0].clone())),
                    ("Fn::Sub", Value::String(text)) => {
                        let names =
                            text.split("${").skip(1).filter_map(|part| part.split('}').next());
                        let names = names.filter(|name| !name.starts_with('!'));
                        all.extend(names.map(str::to_owned));
                    }
                    _ => referred(one, all),
                }
            }
        }
        _ => {}
    }
}

fn read(path: &Path) -> Value {
    serde_json::from_str(&std::fs::read_to_string(path).unwrap()).unwrap()
}

pub fn text(value: &Value) -> &str {
    value.as_str().unwrap_or_else(|| panic!("{value} is no text"))
}

pub fn list(value: &Value) -> Vec<String> {
    value.as_array().into_iter().flatten().map(|one| text(one).to_owned()).collect()
}
