//! The role with which the rules of an account put events on the hub's bus.

use crate::blueprint::Blueprint;
use crate::desired::{DesiredRole, tags_of};
use crate::resource::Kind;
use crate::resource::names::FORWARD;
use crate::resource::names::Names;
use crate::resource::policy;
use crate::scope::Place;
use serde_json::json;

/// A role that only EventBridge can assume, only for this account's forwarding rules, with one
/// permission.
///
/// Source: <https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-cross-account.html>
pub(super) fn role(
    blueprint: &Blueprint,
    names: &Names,
    place: &Place,
    hub: &Place,
    bus_arn: &str,
) -> DesiredRole {
    let partition = place.region.partition();
    let account = &place.account;
    let rules = format!("arn:{partition}:events:*:{account}:rule/{}{FORWARD}*", names.prefix());
    let trust = json!({
        "Effect": "Allow",
        "Principal": { "Service": "events.amazonaws.com" },
        "Action": "sts:AssumeRole",
        "Condition": {
            "StringEquals": { "aws:SourceAccount": account },
            "ArnLike": { "aws:SourceArn": rules },
        },
    });
    let put = json!({ "Effect": "Allow", "Action": "events:PutEvents", "Resource": bus_arn });
    DesiredRole {
        name: names.role(),
        trust: policy::document(vec![trust]),
        policy_name: names.to_hub(hub),
        policy: policy::document(vec![put]),
        place: place.clone(),
        tags: tags_of(blueprint, Kind::Role, None),
    }
}
