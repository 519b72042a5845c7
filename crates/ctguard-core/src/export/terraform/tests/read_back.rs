//! The resources of one place as the objects that AWS has afterwards.

use super::interpreter::Made;
use crate::export::items::{Item, Subscription};
use crate::resource::Tags;
use crate::resource::bucket::Encryption;
use crate::resource::keys::RuleKey;
use crate::resource::machine::Machine;
use crate::resource::queue::Queue;
use crate::resource::rule::{
    Input, InputTransformer, RetryPolicy, Rule, RuleState, Target, Targets,
};
use crate::resource::trail::Trail;
use serde_json::{Value, json};
use std::collections::BTreeMap;

/// The resources of a place that are not read yet: what is left over is too much.
struct Left(Vec<Made>);

impl Left {
    fn take(&mut self, type_name: &str) -> Vec<Made> {
        let (taken, left) = self.0.drain(..).partition(|one| one.type_name == type_name);
        self.0 = left;
        taken
    }

    /// The ones of a type that belong to an object by one of their arguments.
    fn of(&mut self, type_name: &str, key: &str, owner: &str) -> Vec<Made> {
        let is = |one: &Made| one.type_name == type_name && one.arguments[key] == owner;
        let (taken, left) = self.0.drain(..).partition(is);
        self.0 = left;
        taken
    }

    fn one_of(&mut self, type_name: &str, key: &str, owner: &str) -> Made {
        let mut all = self.of(type_name, key, owner);
        assert_eq!(all.len(), 1, "{type_name} of {owner}");
        all.remove(0)
    }
}

impl Made {
    fn get(&self, key: &str) -> &Value {
        self.arguments.get(key).unwrap_or(&Value::Null)
    }

    fn text(&self, key: &str) -> String {
        self.maybe(key).unwrap_or_else(|| panic!("{} has no {key}", self.address))
    }

    fn maybe(&self, key: &str) -> Option<String> {
        self.get(key).as_str().map(str::to_owned)
    }

    fn json(&self, key: &str) -> Value {
        serde_json::from_str(&self.text(key)).unwrap()
    }

    fn flag(&self, key: &str) -> bool {
        self.get(key).as_bool().unwrap()
    }

    fn tags(&self) -> Tags {
        serde_json::from_value(self.get("tags").clone()).unwrap()
    }
}

/// Everything that the resources make.
pub fn items(made: Vec<Made>, region: &str) -> Vec<Item> {
    for one in &made {
        let global = one.type_name.starts_with("aws_iam_");
        assert_eq!(one.maybe("region"), (!global).then(|| region.to_owned()), "{}", one.address);
        let kept = ["aws_s3_bucket", "aws_cloudtrail"].contains(&one.type_name.as_str());
        assert_eq!(one.prevented, kept, "{}", one.address);
    }
    let mut left = Left(made);
    let mut all = Vec::new();
    for one in left.take("aws_s3_bucket") {
        all.push(bucket(&one, &mut left));
    }
    all.extend(left.take("aws_cloudtrail").iter().map(trail));
    for one in left.take("aws_iam_role") {
        let name = one.text("name");
        let policies = left.of("aws_iam_role_policy", "role", &name);
        let policies = policies.iter().map(|one| (one.text("name"), one.json("policy"))).collect();
        all.push(Item::Role {
            trust: one.json("assume_role_policy"),
            policies,
            tags: one.tags(),
            name,
        });
    }
    for one in left.take("aws_cloudwatch_event_bus") {
        let name = one.text("name");
        let policy = left.one_of("aws_cloudwatch_event_bus_policy", "event_bus_name", &name);
        all.push(Item::Bus { policy: policy.json("policy"), tags: one.tags(), name });
    }
    for one in left.take("aws_sqs_queue") {
        let name = one.text("name");
        let url = format!("url of {name}");
        let policy = left.one_of("aws_sqs_queue_policy", "queue_url", &url).json("policy");
        let queue = Queue {
            message_retention_seconds: serde_json::from_value(
                one.get("message_retention_seconds").clone(),
            )
            .unwrap(),
            sqs_managed_sse: one.get("sqs_managed_sse_enabled") == true,
            kms_key: one.maybe("kms_master_key_id"),
            policy: None,
        };
        all.push(Item::Queue { queue, policy, tags: one.tags(), name });
    }
    for one in left.take("aws_sns_topic") {
        all.push(topic(&one, region, &mut left));
    }
    all.extend(left.take("aws_sfn_state_machine").iter().map(|one| Item::Machine {
        name: one.text("name"),
        machine: Machine {
            definition: one.text("definition"),
            role_arn: one.text("role_arn"),
            machine_type: serde_json::from_value(one.get("type").clone()).unwrap(),
            kms_key: None,
        },
        tags: one.tags(),
    }));
    for one in left.take("aws_cloudwatch_event_rule") {
        all.push(rule(&one, &mut left));
    }
    assert!(left.0.is_empty(), "of nothing: {:#?}", left.0);
    all
}

fn bucket(one: &Made, left: &mut Left) -> Item {
    let name = one.text("bucket");
    let mut part = |type_name: &str| left.one_of(type_name, "bucket", &name);
    let access = part("aws_s3_bucket_public_access_block");
    for key in [
        "block_public_acls",
        "block_public_policy",
        "ignore_public_acls",
        "restrict_public_buckets",
    ] {
        assert!(access.flag(key), "{key}");
    }
    let owner = part("aws_s3_bucket_ownership_controls");
    assert_eq!(*owner.get("rule"), json!([{ "object_ownership": "BucketOwnerEnforced" }]));
    let versioning = part("aws_s3_bucket_versioning");
    assert_eq!(*versioning.get("versioning_configuration"), json!([{ "status": "Enabled" }]));
    let lifecycle = part("aws_s3_bucket_lifecycle_configuration");
    let rule = &lifecycle.get("rule")[0];
    let days = (
        rule["abort_incomplete_multipart_upload"][0]["days_after_initiation"].as_i64().unwrap(),
        rule["noncurrent_version_expiration"][0]["noncurrent_days"].as_i64().unwrap(),
    );
    assert_eq!(days, (7, 365));
    assert_eq!((&rule["status"], &rule["filter"]), (&json!("Enabled"), &json!([{ "prefix": "" }])));
    let encryption = part("aws_s3_bucket_server_side_encryption_configuration");
    let default = &encryption.get("rule")[0]["apply_server_side_encryption_by_default"][0];
    let key = default["kms_master_key_id"].as_str().map(str::to_owned);
    let encryption = match default["sse_algorithm"].as_str() {
        Some("AES256") => Encryption::S3Managed,
        Some("aws:kms") => Encryption::Kms(key),
        other => panic!("{other:?}"),
    };
    let policy = part("aws_s3_bucket_policy").json("policy");
    Item::Bucket { encryption, policy, tags: one.tags(), name }
}

fn trail(one: &Made) -> Item {
    assert!(one.flag("enable_logging"));
    Item::Trail {
        name: one.text("name"),
        trail: Trail {
            bucket: one.text("s3_bucket_name"),
            key_prefix: one.maybe("s3_key_prefix"),
            multi_region: one.flag("is_multi_region_trail"),
            organization: one.flag("is_organization_trail"),
            global_service_events: one.flag("include_global_service_events"),
            log_file_validation: one.flag("enable_log_file_validation"),
            kms_key: one.maybe("kms_key_id"),
        },
        tags: one.tags(),
    }
}

fn topic(one: &Made, region: &str, left: &mut Left) -> Item {
    let name = one.text("name");
    let is = |made: &Made, key: &str| {
        let arn = made.maybe(key).unwrap_or_default();
        arn.starts_with("arn:") && arn.contains(region) && arn.ends_with(&format!(":{name}"))
    };
    let mut policy = None;
    let mut subscriptions = Vec::new();
    for made in std::mem::take(&mut left.0) {
        match made.type_name.as_str() {
            "aws_sns_topic_policy" if is(&made, "arn") => policy = Some(made.json("policy")),
            "aws_sns_topic_subscription" if is(&made, "topic_arn") => {
                let endpoint = made.text("endpoint");
                let dead_letters =
                    made.maybe("redrive_policy").map(|_| made.json("redrive_policy"));
                subscriptions.push(Subscription {
                    protocol: made.text("protocol"),
                    // What is secret is given by a variable.
                    shown: String::new(),
                    address: Some(endpoint).filter(|address| !address.starts_with("secret ")),
                    dead_letter_arn: dead_letters
                        .map(|policy| policy["deadLetterTargetArn"].as_str().unwrap().to_owned()),
                });
            }
            _ => left.0.push(made),
        }
    }
    Item::Topic {
        display_name: one.text("display_name"),
        kms_key: one.maybe("kms_master_key_id"),
        policy: policy.expect("a policy"),
        tags: one.tags(),
        subscriptions,
        name,
    }
}

fn rule(one: &Made, left: &mut Left) -> Item {
    let key = RuleKey::on(one.maybe("event_bus_name").as_deref(), &one.text("name"));
    let mut targets = Targets::default();
    for made in std::mem::take(&mut left.0) {
        let mine = made.type_name == "aws_cloudwatch_event_target"
            && made.get("rule") == one.get("name")
            && made.get("event_bus_name") == one.get("event_bus_name");
        match mine {
            true => drop(targets.insert(made.text("target_id"), target(&made))),
            false => left.0.push(made),
        }
    }
    let state: RuleState = serde_json::from_value(one.get("state").clone()).unwrap();
    let rule = Rule {
        state,
        event_pattern: one.maybe("event_pattern"),
        schedule_expression: one.maybe("schedule_expression"),
        description: one.maybe("description"),
        role_arn: one.maybe("role_arn"),
        managed_by: None,
    };
    Item::Rule { key, rule, targets, tags: one.tags() }
}

fn target(made: &Made) -> Target {
    let transformer = made.get("input_transformer")[0].clone();
    let input = match (made.maybe("input_path"), made.maybe("input")) {
        (Some(path), None) => Input::Path(path),
        (None, Some(text)) => Input::Constant(text),
        (None, None) if transformer.is_object() => Input::Transformer(InputTransformer {
            paths: serde_json::from_value::<Option<BTreeMap<_, _>>>(
                transformer["input_paths"].clone(),
            )
            .unwrap()
            .unwrap_or_default(),
            template: transformer["input_template"].as_str().unwrap().to_owned(),
        }),
        (None, None) => Input::Event,
        both => panic!("{both:?}"),
    };
    let retry = &made.get("retry_policy")[0];
    let number = |key: &str| i32::try_from(retry[key].as_i64().unwrap()).unwrap();
    Target {
        arn: made.text("arn"),
        role_arn: made.maybe("role_arn"),
        input,
        dead_letter_arn: made.get("dead_letter_config")[0]["arn"].as_str().map(str::to_owned),
        retry_policy: retry.is_object().then(|| RetryPolicy {
            maximum_event_age_seconds: number("maximum_event_age_in_seconds"),
            maximum_retry_attempts: number("maximum_retry_attempts"),
        }),
        other_parameters: Vec::new(),
    }
}
