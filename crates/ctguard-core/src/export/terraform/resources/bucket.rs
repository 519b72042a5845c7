//! The bucket of a trail as resources: itself, and a resource for each of its settings.

use super::identity::BucketPart as Part;
use super::{Identity, Resource, reference, written, written_json, written_map};
use crate::export::ExportError;
use crate::resource::bucket::{Encryption, LIFECYCLE_DAYS};
use crate::resource::{Kind, Tags};
use serde_json::{Value, json};

/// A bucket with its settings, one after the other: S3 refuses two changes of one bucket at a time.
///
/// Source: <https://docs.aws.amazon.com/AmazonS3/latest/API/ErrorResponses.html>
pub(super) fn of(
    name: &str,
    encryption: &Encryption,
    policy: &Value,
    tags: &Tags,
) -> Result<Vec<Resource>, ExportError> {
    let itself = json!({ "bucket": written(name)?, "tags": written_map(tags.iter())? });
    let of = reference("aws_s3_bucket", name, "bucket");
    let mut all = vec![
        resource(name, "aws_s3_bucket", Part::Itself, itself).kept(),
        resource(
            name,
            "aws_s3_bucket_public_access_block",
            Part::PublicAccess,
            json!({
                "bucket": of,
                "block_public_acls": true,
                "block_public_policy": true,
                "ignore_public_acls": true,
                "restrict_public_buckets": true,
            }),
        ),
        resource(
            name,
            "aws_s3_bucket_ownership_controls",
            Part::Ownership,
            json!({ "bucket": of, "rule": [{ "object_ownership": "BucketOwnerEnforced" }] }),
        ),
        resource(
            name,
            "aws_s3_bucket_versioning",
            Part::Versioning,
            json!({ "bucket": of, "versioning_configuration": [{ "status": "Enabled" }] }),
        ),
        encrypted(name, encryption)?,
        lifecycle(name),
        resource(
            name,
            "aws_s3_bucket_policy",
            Part::Policy,
            json!({ "bucket": of, "policy": written_json(policy)? }),
        ),
    ];
    for index in 1..all.len() {
        let before = all[index - 1].address();
        all[index].after.insert(before);
    }
    Ok(all)
}

fn resource(name: &str, type_name: &'static str, part: Part, arguments: Value) -> Resource {
    let identity = Identity::Bucket { name: name.to_owned(), part };
    Resource::new(type_name, name, (Kind::Bucket, name), identity, arguments)
}

fn encrypted(name: &str, encryption: &Encryption) -> Result<Resource, ExportError> {
    let default = match encryption {
        Encryption::None | Encryption::S3Managed => json!({ "sse_algorithm": "AES256" }),
        Encryption::Kms(None) => json!({ "sse_algorithm": "aws:kms" }),
        Encryption::Kms(Some(key)) => {
            json!({ "sse_algorithm": "aws:kms", "kms_master_key_id": written(key)? })
        }
    };
    Ok(resource(
        name,
        "aws_s3_bucket_server_side_encryption_configuration",
        Part::Encryption,
        json!({
            "bucket": reference("aws_s3_bucket", name, "bucket"),
            "rule": [{
                "apply_server_side_encryption_by_default": [default],
                "bucket_key_enabled": false,
            }],
        }),
    ))
}

fn lifecycle(name: &str) -> Resource {
    let (unfinished, replaced) = LIFECYCLE_DAYS;
    resource(
        name,
        "aws_s3_bucket_lifecycle_configuration",
        Part::Lifecycle,
        json!({
            "bucket": reference("aws_s3_bucket", name, "bucket"),
            "rule": [{
                "id": "ctguard",
                "status": "Enabled",
                "filter": [{ "prefix": "" }],
                "abort_incomplete_multipart_upload": [{ "days_after_initiation": unfinished }],
                "noncurrent_version_expiration": [{ "noncurrent_days": replaced }],
            }],
        }),
    )
}
