//! The managed trail and its bucket, as the blueprint wants them.

use super::{DesiredBucket, DesiredTrail, Names, ownership_tags};
use crate::blueprint::{Blueprint, ManagedTrail};
use crate::event::{Access, EventKind};
use crate::resource::bucket::Encryption;
use crate::resource::trail::{EXCLUDABLE_SOURCES, ManagementNeeds, Trail};
use crate::scope::Place;
use serde_json::{Value, json};

/// What the blueprint's routed alerts need a trail to record. Writes are always wanted: a trail that
/// ctguard keeps records at least the calls that change something.
pub(super) fn needs(blueprint: &Blueprint) -> ManagementNeeds {
    let mut needs = ManagementNeeds { write: true, ..ManagementNeeds::default() };
    let routed = blueprint.alerts.iter().filter(|alert| !alert.notify.is_empty());
    for event in routed.flat_map(|alert| &alert.events) {
        if event.kind == EventKind::Data {
            continue;
        }
        needs.read |= event.access == Access::Read;
        needs.kms |= event.source == EXCLUDABLE_SOURCES[0];
        needs.rds_data |= event.source == EXCLUDABLE_SOURCES[1];
    }
    needs
}

pub(super) fn trail(blueprint: &Blueprint, spec: &ManagedTrail) -> DesiredTrail {
    DesiredTrail {
        name: spec.name.clone(),
        trail: Trail {
            bucket: spec.bucket.clone(),
            key_prefix: None,
            multi_region: true,
            organization: false,
            global_service_events: true,
            log_file_validation: true,
            kms_key: spec.kms_key.clone(),
        },
        needs: needs(blueprint),
        adopt: spec.adopt,
        additional: spec.additional,
        tags: ownership_tags(&blueprint.name, None),
    }
}

pub(super) fn bucket(blueprint: &Blueprint, spec: &ManagedTrail, home: &Place) -> DesiredBucket {
    let names = Names::new(&blueprint.name);
    DesiredBucket {
        place: home.clone(),
        encryption: Encryption::S3Managed,
        own_statements: bucket_statements(&names, spec, home),
        tags: ownership_tags(&blueprint.name, None),
    }
}

/// What CloudTrail must be allowed to do to a bucket, for this trail only.
///
/// Source: <https://docs.aws.amazon.com/awscloudtrail/latest/userguide/create-s3-bucket-policy-for-cloudtrail.html>
fn bucket_statements(names: &Names, spec: &ManagedTrail, home: &Place) -> Vec<Value> {
    let partition = home.region.partition();
    let bucket = format!("arn:{partition}:s3:::{}", spec.bucket);
    let trail = home.arn("cloudtrail", &format!("trail/{}", spec.name));
    vec![
        json!({
            "Sid": names.sid("trail-acl"),
            "Effect": "Allow",
            "Principal": { "Service": "cloudtrail.amazonaws.com" },
            "Action": "s3:GetBucketAcl",
            "Resource": bucket,
            "Condition": { "StringEquals": { "aws:SourceArn": trail } },
        }),
        json!({
            "Sid": names.sid("trail-write"),
            "Effect": "Allow",
            "Principal": { "Service": "cloudtrail.amazonaws.com" },
            "Action": "s3:PutObject",
            "Resource": format!("{bucket}/AWSLogs/{}/*", home.account),
            "Condition": { "StringEquals": {
                "s3:x-amz-acl": "bucket-owner-full-control",
                "aws:SourceArn": trail,
            } },
        }),
    ]
}
