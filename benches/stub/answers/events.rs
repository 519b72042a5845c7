//! EventBridge, and the search by tag, which tells of everything in a place.

use super::{Account, tag_list, without_nulls};
use ctguard_core::resource::Tags;
use ctguard_core::resource::rule::{Input, Target};
use ctguard_core::resource::small_map::SmallMap;
use ctguard_core::scope::Place;
use ctguard_core::snapshot::{LiveRule, Observed, PlaceSnapshot};
use serde_json::{Value, json};
use std::collections::BTreeMap;

impl Account {
    pub(super) fn events(&mut self, place: &Place, seen: &PlaceSnapshot) {
        let region = place.region.as_str();
        let mut buses = vec![json!({ "Name": "default" })];
        let arn = place.arn("events", "event-bus/default");
        let default = json!({ "Name": "default", "Arn": arn });
        self.json(region, "DescribeEventBus", "default", default);
        self.rules(place, None, seen.rules.known().unwrap());
        for (name, bus) in &seen.buses {
            let bus = bus.known().unwrap();
            let arn = place.arn("events", &format!("event-bus/{name}"));
            let mut told = json!({ "Name": name, "Arn": arn });
            if let Some(policy) = &bus.bus.policy {
                told["Policy"] = policy.to_string().into();
            }
            buses.push(told.clone());
            self.json(region, "DescribeEventBus", name, told);
            self.event_tags(place, &arn, &bus.tags);
            self.rules(place, Some(name), bus.rules.known().unwrap());
        }
        self.json(region, "ListEventBuses", "", json!({ "EventBuses": buses }));
    }

    fn rules(&mut self, place: &Place, bus: Option<&str>, rules: &SmallMap<String, LiveRule>) {
        let on = bus.map(|bus| format!("{bus}/")).unwrap_or_default();
        let mut listed = Vec::new();
        for (name, live) in rules {
            let arn = place.arn("events", &format!("rule/{on}{name}"));
            listed.push(without_nulls(json!({
                "Name": name,
                "Arn": arn,
                "EventBusName": bus.unwrap_or("default"),
                "State": live.rule.state.as_str(),
                "EventPattern": live.rule.event_pattern,
                "Description": live.rule.description,
                "RoleArn": live.rule.role_arn,
            })));
            let targets: Vec<Value> =
                live.targets.known().unwrap().iter().map(|(id, target)| told(id, target)).collect();
            let targets = json!({ "Targets": targets });
            let key = format!("{on}{name}");
            self.json(place.region.as_str(), "ListTargetsByRule", &key, targets);
            self.event_tags(place, &arn, &live.tags);
        }
        let subject = format!("{on}#");
        self.pages(&place.region, "ListRules", &subject, &listed, ("Rules", "NextToken"));
    }

    fn event_tags(&mut self, place: &Place, arn: &str, tags: &Observed<Tags>) {
        let tags = json!({ "Tags": tag_list(tags.known().unwrap()) });
        self.json(place.region.as_str(), "ListTagsForResource", arn, tags);
    }

    pub(super) fn tagged(&mut self, place: &Place, seen: &PlaceSnapshot) {
        let mut found: BTreeMap<String, &Observed<Tags>> = BTreeMap::new();
        for (name, rule) in seen.rules.known().unwrap() {
            found.insert(place.arn("events", &format!("rule/{name}")), &rule.tags);
        }
        for (bus, live) in &seen.buses {
            let live = live.known().unwrap();
            found.insert(place.arn("events", &format!("event-bus/{bus}")), &live.tags);
            for (name, rule) in live.rules.known().unwrap() {
                found.insert(place.arn("events", &format!("rule/{bus}/{name}")), &rule.tags);
            }
        }
        for (arn, topic) in &seen.topics {
            found.insert(arn.clone(), &topic.known().unwrap().tags);
        }
        for (arn, queue) in &seen.queues {
            found.insert(arn.clone(), &queue.known().unwrap().tags);
        }
        let tagged = found.iter().filter_map(|(arn, tags)| Some((arn, tags.known()?)));
        let listed: Vec<Value> = tagged
            .filter(|(_, tags)| !tags.is_empty())
            .map(|(arn, tags)| json!({ "ResourceARN": arn, "Tags": tag_list(tags) }))
            .collect();
        let names = ("ResourceTagMappingList", "PaginationToken");
        self.pages(&place.region, "GetResources", "", &listed, names);
    }
}

fn told(id: &str, target: &Target) -> Value {
    let (mut transformer, mut constant, mut path) = (Value::Null, Value::Null, Value::Null);
    match &target.input {
        Input::Event => {}
        Input::Constant(text) => constant = text.as_str().into(),
        Input::Path(text) => path = text.as_str().into(),
        Input::Transformer(input) => {
            transformer = json!({ "InputPathsMap": input.paths, "InputTemplate": input.template });
        }
    }
    let queue = target.dead_letter_arn.as_ref().map(|arn| json!({ "Arn": arn }));
    let retry = target.retry_policy.map(|policy| {
        json!({
            "MaximumEventAgeInSeconds": policy.maximum_event_age_seconds,
            "MaximumRetryAttempts": policy.maximum_retry_attempts,
        })
    });
    without_nulls(json!({
        "Id": id,
        "Arn": target.arn,
        "RoleArn": target.role_arn,
        "Input": constant,
        "InputPath": path,
        "InputTransformer": transformer,
        "DeadLetterConfig": queue,
        "RetryPolicy": retry,
    }))
}
