//! S3: the bucket that a managed trail writes to.
//!
//! Every call but CreateBucket names the account that must own the bucket: bucket names are global,
//! and a foreign bucket of the expected name must be neither written to nor mistaken for an own
//! one.

use super::errors::{absent, bad_request};
use super::foreign::is_foreign;
use super::session::Session;
use aws_sdk_s3::types as sdk;
use aws_smithy_runtime_api::client::orchestrator::HttpResponse;
use aws_smithy_runtime_api::client::result::SdkError;
use aws_smithy_types::DateTime;
use aws_smithy_types::date_time::Format as DateTimeFormat;
use aws_smithy_types::error::operation::BuildError;
use ctguard_core::cloud::CloudError;
use ctguard_core::resource::Tags;
use ctguard_core::resource::bucket::{Bucket, Encryption, Expiration, Expires, LIFECYCLE_DAYS};
use ctguard_core::scope::Region;
use serde_json::Value;
use std::time::{Duration, SystemTime};

const CREATE_BUCKET: &str = "s3:CreateBucket";
const DELETE_BUCKET: &str = "s3:DeleteBucket";
const GET_ENCRYPTION: &str = "s3:GetEncryptionConfiguration";
const GET_LIFECYCLE: &str = "s3:GetLifecycleConfiguration";
const GET_OWNERSHIP: &str = "s3:GetBucketOwnershipControls";
const GET_POLICY: &str = "s3:GetBucketPolicy";
const GET_PUBLIC_ACCESS: &str = "s3:GetBucketPublicAccessBlock";
const GET_TAGGING: &str = "s3:GetBucketTagging";
const GET_VERSIONING: &str = "s3:GetBucketVersioning";
/// HeadBucket and ListObjectsV2 both need this permission.
const LIST_BUCKET: &str = "s3:ListBucket";
const PUT_ENCRYPTION: &str = "s3:PutEncryptionConfiguration";
const PUT_LIFECYCLE: &str = "s3:PutLifecycleConfiguration";
const PUT_OWNERSHIP: &str = "s3:PutBucketOwnershipControls";
const PUT_POLICY: &str = "s3:PutBucketPolicy";
const PUT_PUBLIC_ACCESS: &str = "s3:PutBucketPublicAccessBlock";
const PUT_TAGGING: &str = "s3:PutBucketTagging";
const PUT_VERSIONING: &str = "s3:PutBucketVersioning";

/// The region that CreateBucket must not name.
///
/// Source: <https://docs.aws.amazon.com/AmazonS3/latest/API/API_CreateBucket.html>
const UNNAMED_REGION: &str = "us-east-1";

/// How far the clocks may be apart before a bare 403 is taken for a matter of time: the SDK's own
/// limit. S3 refuses from 15 minutes on.
///
/// Source: <https://docs.aws.amazon.com/AmazonS3/latest/API/ErrorResponses.html> (`RequestTimeTooSkewed`)
const CLOCK_OFF: Duration = Duration::from_secs(4 * 60);

/// What HeadBucket tells of a bucket.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Head {
    Missing,
    In(Region),
    /// S3 refuses without a word of why; it tells the region all the same.
    Refused(Region),
}

impl Session {
    /// Where a bucket is. In another region S3 refuses and names the right one in a header; to a
    /// HEAD it answers without a body, so a call that has one must tell why it is refused.
    ///
    /// Source: <https://docs.aws.amazon.com/AmazonS3/latest/API/API_HeadBucket.html>
    pub(super) async fn head_bucket(&self, name: &str) -> Result<Head, CloudError> {
        let call = self.clients.s3().head_bucket().bucket(name).expected_bucket_owner(self.owner());
        let asked = async {
            let first = call.clone().send().await;
            let skewed =
                |error: &SdkError<_, HttpResponse>| error.raw_response().is_some_and(clock_is_off);
            let answer = match first {
                Err(error) if skewed(&error) => call.send().await,
                answer => answer,
            };
            match answer {
                Ok(answer) => Ok(Head::In(
                    self.region_or_here(answer.bucket_region.as_deref().and_then(Region::new)),
                )),
                Err(error) => {
                    let response = error.raw_response();
                    let status = response.map(|response| response.status().as_u16());
                    let region = response
                        .and_then(|response| response.headers().get("x-amz-bucket-region"))
                        .and_then(Region::new);
                    let of_aws = response.is_some_and(|answer| !is_foreign(LIST_BUCKET, answer));
                    match status.filter(|_| of_aws) {
                        Some(404) => Ok(Head::Missing),
                        Some(301 | 400) if region.is_some() => {
                            Ok(Head::In(self.region_or_here(region)))
                        }
                        Some(403) => Ok(Head::Refused(self.region_or_here(region))),
                        _ => Err(error),
                    }
                }
            }
        };
        self.send(LIST_BUCKET, asked).await
    }

    fn region_or_here(&self, region: Option<Region>) -> Region {
        region.unwrap_or_else(|| self.place.region.clone())
    }

    /// A bucket's settings, to be read in its own region. The bucket must exist.
    pub(super) async fn bucket(&self, name: &str) -> Result<Bucket, CloudError> {
        let (public_access_blocked, versioning, encryption, owner_enforced, policy, rules) = futures::try_join!(
            self.public_access_blocked(name),
            self.versioning(name),
            self.encryption(name),
            self.owner_enforced(name),
            self.bucket_policy(name),
            self.lifecycle(name),
        )?;
        Ok(Bucket {
            public_access_blocked,
            versioning,
            encryption,
            owner_enforced,
            lifecycle: !rules.is_empty(),
            expirations: rules.iter().filter_map(expiration).collect(),
            policy,
        })
    }

    pub(super) async fn bucket_tags(&self, name: &str) -> Result<Option<Tags>, CloudError> {
        let call =
            self.clients.s3().get_bucket_tagging().bucket(name).expected_bucket_owner(self.owner());
        // Missing tags are reported as an error.
        let answer = absent(self.send(GET_TAGGING, call.send()).await)?;
        let pair = |tag: sdk::Tag| (tag.key, tag.value);
        Ok(Some(
            answer.map(|answer| answer.tag_set.into_iter().map(pair).collect()).unwrap_or_default(),
        ))
    }

    /// Whether a bucket holds no object.
    pub(super) async fn is_empty(&self, name: &str) -> Result<bool, CloudError> {
        let call = self
            .clients
            .s3()
            .list_objects_v2()
            .bucket(name)
            .max_keys(1)
            .expected_bucket_owner(self.owner());
        let answer = self.send(LIST_BUCKET, call.send()).await?;
        Ok(answer.contents().is_empty())
    }

    async fn public_access_blocked(&self, name: &str) -> Result<bool, CloudError> {
        let call = self
            .clients
            .s3()
            .get_public_access_block()
            .bucket(name)
            .expected_bucket_owner(self.owner());
        let answer = absent(self.send(GET_PUBLIC_ACCESS, call.send()).await)?;
        let all = |block: sdk::PublicAccessBlockConfiguration| {
            [
                block.block_public_acls,
                block.ignore_public_acls,
                block.block_public_policy,
                block.restrict_public_buckets,
            ]
            .iter()
            .all(|setting| *setting == Some(true))
        };
        Ok(answer.and_then(|answer| answer.public_access_block_configuration).is_some_and(all))
    }

    async fn versioning(&self, name: &str) -> Result<bool, CloudError> {
        let call = self
            .clients
            .s3()
            .get_bucket_versioning()
            .bucket(name)
            .expected_bucket_owner(self.owner());
        let answer = self.send(GET_VERSIONING, call.send()).await?;
        Ok(answer.status == Some(sdk::BucketVersioningStatus::Enabled))
    }

    async fn encryption(&self, name: &str) -> Result<Encryption, CloudError> {
        let call = self
            .clients
            .s3()
            .get_bucket_encryption()
            .bucket(name)
            .expected_bucket_owner(self.owner());
        let answer = absent(self.send(GET_ENCRYPTION, call.send()).await)?;
        let default = answer
            .and_then(|answer| answer.server_side_encryption_configuration)
            .and_then(|configuration| configuration.rules.into_iter().next())
            .and_then(|rule| rule.apply_server_side_encryption_by_default);
        Ok(match default {
            None => Encryption::None,
            Some(default) if default.sse_algorithm == sdk::ServerSideEncryption::Aes256 => {
                Encryption::S3Managed
            }
            Some(default) => Encryption::Kms(default.kms_master_key_id),
        })
    }

    async fn owner_enforced(&self, name: &str) -> Result<bool, CloudError> {
        let call = self
            .clients
            .s3()
            .get_bucket_ownership_controls()
            .bucket(name)
            .expected_bucket_owner(self.owner());
        let answer = absent(self.send(GET_OWNERSHIP, call.send()).await)?;
        Ok(answer.and_then(|answer| answer.ownership_controls).is_some_and(|controls| {
            controls
                .rules
                .iter()
                .any(|rule| rule.object_ownership == sdk::ObjectOwnership::BucketOwnerEnforced)
        }))
    }

    async fn bucket_policy(&self, name: &str) -> Result<Option<Value>, CloudError> {
        let call =
            self.clients.s3().get_bucket_policy().bucket(name).expected_bucket_owner(self.owner());
        let answer = absent(self.send(GET_POLICY, call.send()).await)?;
        answer
            .and_then(|answer| answer.policy)
            .filter(|policy| !policy.is_empty())
            .map(|policy| super::kms::document(GET_POLICY, &policy))
            .transpose()
    }

    async fn lifecycle(&self, name: &str) -> Result<Vec<sdk::LifecycleRule>, CloudError> {
        let call = self
            .clients
            .s3()
            .get_bucket_lifecycle_configuration()
            .bucket(name)
            .expected_bucket_owner(self.owner());
        let answer = absent(self.send(GET_LIFECYCLE, call.send()).await)?;
        Ok(answer.and_then(|answer| answer.rules).unwrap_or_default())
    }

    /// Aborts unfinished uploads, and deletes noncurrent versions after a year; current ones stay.
    pub(super) async fn put_bucket_lifecycle(&self, name: &str) -> Result<(), CloudError> {
        let lifecycle = tidy().map_err(|error| bad_request(PUT_LIFECYCLE, error.to_string()))?;
        let call = self
            .clients
            .s3()
            .put_bucket_lifecycle_configuration()
            .bucket(name)
            .expected_bucket_owner(self.owner())
            .lifecycle_configuration(lifecycle);
        self.send(PUT_LIFECYCLE, call.send()).await.map(drop)
    }

    /// Creates a bucket in this region; succeeds if the account owns it already. Tags in this call
    /// need `s3:TagResource`.
    ///
    /// Source: <https://docs.aws.amazon.com/AmazonS3/latest/API/API_CreateBucketConfiguration.html>
    pub(super) async fn create_bucket(&self, name: &str, tags: &Tags) -> Result<(), CloudError> {
        let region = self.place.region.as_str();
        let named = (region != UNNAMED_REGION).then(|| sdk::BucketLocationConstraint::from(region));
        let tags = (!tags.is_empty()).then(|| bucket_tag_set(CREATE_BUCKET, tags)).transpose()?;
        let configuration = (named.is_some() || tags.is_some()).then(|| {
            sdk::CreateBucketConfiguration::builder()
                .set_location_constraint(named)
                .set_tags(tags)
                .build()
        });
        let call = self
            .clients
            .s3()
            .create_bucket()
            .bucket(name)
            .set_create_bucket_configuration(configuration);
        match self.send(CREATE_BUCKET, call.send()).await {
            Err(error) if error.code == "BucketAlreadyOwnedByYou" => Ok(()),
            result => result.map(drop),
        }
    }

    /// Deletes a bucket, which S3 does only when it is empty, old versions included; succeeds if it
    /// is gone.
    ///
    /// Source: <https://docs.aws.amazon.com/AmazonS3/latest/API/API_DeleteBucket.html>
    pub(super) async fn delete_bucket(&self, name: &str) -> Result<(), CloudError> {
        let call =
            self.clients.s3().delete_bucket().bucket(name).expected_bucket_owner(self.owner());
        absent(self.send(DELETE_BUCKET, call.send()).await).map(drop)
    }

    pub(super) async fn put_public_access_block(&self, name: &str) -> Result<(), CloudError> {
        let all = sdk::PublicAccessBlockConfiguration::builder()
            .block_public_acls(true)
            .ignore_public_acls(true)
            .block_public_policy(true)
            .restrict_public_buckets(true)
            .build();
        let call = self
            .clients
            .s3()
            .put_public_access_block()
            .bucket(name)
            .expected_bucket_owner(self.owner())
            .public_access_block_configuration(all);
        self.send(PUT_PUBLIC_ACCESS, call.send()).await.map(drop)
    }

    pub(super) async fn put_bucket_versioning(&self, name: &str) -> Result<(), CloudError> {
        let enabled = sdk::VersioningConfiguration::builder()
            .status(sdk::BucketVersioningStatus::Enabled)
            .build();
        let call = self
            .clients
            .s3()
            .put_bucket_versioning()
            .bucket(name)
            .expected_bucket_owner(self.owner())
            .versioning_configuration(enabled);
        self.send(PUT_VERSIONING, call.send()).await.map(drop)
    }

    /// Sets the default encryption. `None` resets it to S3's own, which every bucket has at least.
    pub(super) async fn put_bucket_encryption(
        &self,
        name: &str,
        encryption: &Encryption,
    ) -> Result<(), CloudError> {
        let (algorithm, key) = match encryption {
            Encryption::None => {
                let call = self
                    .clients
                    .s3()
                    .delete_bucket_encryption()
                    .bucket(name)
                    .expected_bucket_owner(self.owner());
                return self.send(PUT_ENCRYPTION, call.send()).await.map(drop);
            }
            Encryption::S3Managed => (sdk::ServerSideEncryption::Aes256, None),
            Encryption::Kms(key) => (sdk::ServerSideEncryption::AwsKms, key.clone()),
        };
        let configuration = encryption_configuration(algorithm, key)
            .map_err(|error| bad_request(PUT_ENCRYPTION, error.to_string()))?;
        let call = self
            .clients
            .s3()
            .put_bucket_encryption()
            .bucket(name)
            .expected_bucket_owner(self.owner())
            .server_side_encryption_configuration(configuration);
        self.send(PUT_ENCRYPTION, call.send()).await.map(drop)
    }

    pub(super) async fn put_bucket_ownership_controls(&self, name: &str) -> Result<(), CloudError> {
        let controls =
            enforced_ownership().map_err(|error| bad_request(PUT_OWNERSHIP, error.to_string()))?;
        let call = self
            .clients
            .s3()
            .put_bucket_ownership_controls()
            .bucket(name)
            .expected_bucket_owner(self.owner())
            .ownership_controls(controls);
        self.send(PUT_OWNERSHIP, call.send()).await.map(drop)
    }

    pub(super) async fn put_bucket_policy(
        &self,
        name: &str,
        policy: &Value,
    ) -> Result<(), CloudError> {
        let call = self
            .clients
            .s3()
            .put_bucket_policy()
            .bucket(name)
            .expected_bucket_owner(self.owner())
            .policy(policy.to_string());
        self.send(PUT_POLICY, call.send()).await.map(drop)
    }

    pub(super) async fn put_bucket_tagging(
        &self,
        name: &str,
        tags: &Tags,
    ) -> Result<(), CloudError> {
        // An empty set takes another call, DeleteBucketTagging, under the same permission.
        // Source: <https://docs.aws.amazon.com/AmazonS3/latest/API/API_DeleteBucketTagging.html>
        if tags.is_empty() {
            let call = self.clients.s3().delete_bucket_tagging().bucket(name);
            let call = call.expected_bucket_owner(self.owner());
            return self.send(PUT_TAGGING, call.send()).await.map(drop);
        }
        let tagging = sdk::Tagging::builder()
            .set_tag_set(Some(bucket_tag_set(PUT_TAGGING, tags)?))
            .build()
            .map_err(|error| bad_request(PUT_TAGGING, error.to_string()))?;
        let call = self
            .clients
            .s3()
            .put_bucket_tagging()
            .bucket(name)
            .expected_bucket_owner(self.owner())
            .tagging(tagging);
        self.send(PUT_TAGGING, call.send()).await.map(drop)
    }

    fn owner(&self) -> &str {
        self.place.account.as_str()
    }
}

/// Whether a refusal may be for this machine's clock. The SDK tells by the error's code, and an
/// answer to HEAD has no body for one; but it has noted the difference, and signs the next request
/// with it.
fn clock_is_off(response: &HttpResponse) -> bool {
    let date = response.headers().get("date");
    let date = date.and_then(|text| DateTime::from_str(text, DateTimeFormat::HttpDate).ok());
    let Some(theirs) = date.and_then(|date| SystemTime::try_from(date).ok()) else { return false };
    let ours = SystemTime::now();
    let apart = ours.duration_since(theirs).or_else(|_| theirs.duration_since(ours));
    response.status().as_u16() == 403 && apart.is_ok_and(|apart| apart > CLOCK_OFF)
}

fn encryption_configuration(
    algorithm: sdk::ServerSideEncryption,
    key: Option<String>,
) -> Result<sdk::ServerSideEncryptionConfiguration, BuildError> {
    let default = sdk::ServerSideEncryptionByDefault::builder()
        .sse_algorithm(algorithm)
        .set_kms_master_key_id(key)
        .build()?;
    let rule = sdk::ServerSideEncryptionRule::builder()
        .apply_server_side_encryption_by_default(default)
        // Said, so that the bucket is the same whether or not the setting was put before.
        .bucket_key_enabled(false)
        .build();
    sdk::ServerSideEncryptionConfiguration::builder().rules(rule).build()
}

fn tidy() -> Result<sdk::BucketLifecycleConfiguration, BuildError> {
    let (unfinished, replaced) = LIFECYCLE_DAYS;
    let rule = sdk::LifecycleRule::builder()
        .id("ctguard")
        .status(sdk::ExpirationStatus::Enabled)
        .filter(sdk::LifecycleRuleFilter::builder().prefix("").build())
        .abort_incomplete_multipart_upload(
            sdk::AbortIncompleteMultipartUpload::builder()
                .days_after_initiation(unfinished)
                .build(),
        )
        .noncurrent_version_expiration(
            sdk::NoncurrentVersionExpiration::builder().noncurrent_days(replaced).build(),
        )
        .build()?;
    sdk::BucketLifecycleConfiguration::builder().rules(rule).build()
}

/// What a lifecycle rule deletes of current objects, if it is on and asks for no tags.
///
/// Source: <https://docs.aws.amazon.com/AmazonS3/latest/API/API_LifecycleRule.html>
fn expiration(rule: &sdk::LifecycleRule) -> Option<Expiration> {
    if rule.status != sdk::ExpirationStatus::Enabled {
        return None;
    }
    let expires = match rule.expiration.as_ref()? {
        sdk::LifecycleExpiration { days: Some(days), .. } => Expires::Days(*days),
        sdk::LifecycleExpiration { date: Some(date), .. } => {
            let time = date.fmt(DateTimeFormat::DateTime).ok()?;
            Expires::Date(time.split('T').next().unwrap_or_default().to_owned())
        }
        // It takes away markers of what was deleted.
        _ => return None,
    };
    let filter = rule.filter.as_ref();
    let all = filter.and_then(|filter| filter.and.as_ref());
    let tagged = filter.is_some_and(|filter| filter.tag.is_some())
        || all.is_some_and(|all| all.tags.as_ref().is_some_and(|tags| !tags.is_empty()));
    if tagged {
        return None;
    }
    let of_filter = filter.and_then(|filter| filter.prefix.as_ref());
    let prefix = of_filter.or(all.and_then(|all| all.prefix.as_ref())).or(old_prefix(rule));
    let sizes = [
        filter.and_then(|filter| filter.object_size_greater_than),
        filter.and_then(|filter| filter.object_size_less_than),
        all.and_then(|all| all.object_size_greater_than),
        all.and_then(|all| all.object_size_less_than),
    ];
    Some(Expiration {
        rule: rule.id.clone().unwrap_or_default(),
        prefix: prefix.cloned().unwrap_or_default(),
        expires,
        by_size: sizes.iter().any(Option::is_some),
    })
}

/// Where rules had their prefix before they had filters; such rules are still in force.
#[allow(deprecated)]
fn old_prefix(rule: &sdk::LifecycleRule) -> Option<&String> {
    rule.prefix.as_ref()
}

fn enforced_ownership() -> Result<sdk::OwnershipControls, BuildError> {
    let rule = sdk::OwnershipControlsRule::builder()
        .object_ownership(sdk::ObjectOwnership::BucketOwnerEnforced)
        .build()?;
    sdk::OwnershipControls::builder().rules(rule).build()
}

fn bucket_tag_set(operation: &'static str, tags: &Tags) -> Result<Vec<sdk::Tag>, CloudError> {
    tags.iter()
        .map(|(key, value)| sdk::Tag::builder().key(key).value(value).build())
        .collect::<Result<_, _>>()
        .map_err(|error| bad_request(operation, error.to_string()))
}
