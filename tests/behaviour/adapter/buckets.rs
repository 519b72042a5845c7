//! Reading buckets: where each is, whose, and what deletes its objects.

use super::{connect, here};
use crate::stub::{Reply, Stub};
use ctguard_core::cloud::Cloud;
use ctguard_core::resource::Tags;
use ctguard_core::resource::bucket::{Expiration, Expires};
use ctguard_core::snapshot::AccountReads;
use ctguard_core::snapshot::Observed;
use std::collections::BTreeSet;

/// Lifecycle rules of which four delete current objects: the others are off, ask for a tag, take away
/// markers, or are about replaced versions.
const LIFECYCLE: &str = "<LifecycleConfiguration>\
    <Rule><ID>all</ID><Status>Enabled</Status><Filter/><Expiration><Days>30</Days></Expiration></Rule>\
    <Rule><Status>Enabled</Status><Filter><Prefix>AWSLogs/</Prefix></Filter>\
      <Expiration><Date>2027-01-01T00:00:00Z</Date></Expiration></Rule>\
    <Rule><ID>large</ID><Status>Enabled</Status><Filter><And><Prefix>AWSLogs/</Prefix>\
      <ObjectSizeGreaterThan>9</ObjectSizeGreaterThan></And></Filter>\
      <Expiration><Days>90</Days></Expiration></Rule>\
    <Rule><ID>old</ID><Status>Enabled</Status><Prefix>x/</Prefix><Expiration><Days>1</Days></Expiration></Rule>\
    <Rule><ID>off</ID><Status>Disabled</Status><Filter/><Expiration><Days>1</Days></Expiration></Rule>\
    <Rule><ID>tag</ID><Status>Enabled</Status><Filter><Tag><Key>k</Key><Value>v</Value></Tag></Filter>\
      <Expiration><Days>1</Days></Expiration></Rule>\
    <Rule><ID>markers</ID><Status>Enabled</Status><Filter/>\
      <Expiration><ExpiredObjectDeleteMarker>true</ExpiredObjectDeleteMarker></Expiration></Rule>\
    <Rule><ID>versions</ID><Status>Enabled</Status><Filter/>\
      <NoncurrentVersionExpiration><NoncurrentDays>1</NoncurrentDays></NoncurrentVersionExpiration></Rule>\
    </LifecycleConfiguration>";

#[tokio::test]
async fn a_bucket_is_found_in_whatever_region_it_is_and_somebody_elses_is_unreadable() {
    let stub = Stub::start(|call| {
        let (_, path) = call.operation.split_once(' ')?;
        let setting = path.split_once('?').map(|(_, query)| query).unwrap_or_default();
        let bucket = path.trim_start_matches('/').split(['/', '?']).next()?;
        Some(match (bucket, setting) {
            ("foreign", _) => Reply::Header(403, "x-stub", "1"),
            ("missing", _) => Reply::Header(404, "x-stub", "1"),
            ("logs", setting) if call.operation.starts_with("HEAD") && setting.is_empty() => {
                Reply::Header(301, "x-amz-bucket-region", "eu-central-1")
            }
            ("logs", setting) if setting.starts_with("versioning") => {
                Reply::Xml("<VersioningConfiguration/>".to_owned())
            }
            ("logs", setting) if setting.contains("list-type=2") => {
                Reply::Xml("<ListBucketResult><KeyCount>0</KeyCount></ListBucketResult>".to_owned())
            }
            ("logs", "publicAccessBlock") => {
                Reply::Error(404, "NoSuchPublicAccessBlockConfiguration", "none")
            }
            ("logs", "encryption") => {
                Reply::Error(404, "ServerSideEncryptionConfigurationNotFoundError", "none")
            }
            ("logs", "ownershipControls") => {
                Reply::Error(404, "OwnershipControlsNotFoundError", "none")
            }
            ("logs", "policy") => Reply::Error(404, "NoSuchBucketPolicy", "none"),
            ("logs", "lifecycle") => Reply::Xml(LIFECYCLE.to_owned()),
            ("logs", "tagging") => Reply::Error(404, "NoSuchTagSet", "none"),
            _ => return None,
        })
    });
    let aws = connect(&stub).await;
    let buckets = ["foreign", "logs", "missing"].map(|name| (name.to_owned(), here().region));
    let reads = AccountReads { buckets: BTreeSet::from(buckets), ..AccountReads::default() };
    let account = aws.observe_account(&here().account, &reads).await;
    assert_eq!(account.enabled_regions, Observed::Absent);
    assert_eq!(account.buckets["missing"], Observed::Absent);
    assert_eq!(
        account.buckets["foreign"].unreadable().map(|why| why.code.as_str()),
        Some("Http403")
    );
    let logs = &account.buckets["logs"];
    let logs = logs.known().unwrap_or_else(|| panic!("{logs:?}"));
    assert_eq!((logs.region.as_str(), logs.empty), ("eu-central-1", Some(true)));
    assert_eq!(logs.tags, Observed::Known(Tags::new()));
    let found: Vec<_> = logs.bucket.expirations.iter().collect();
    let told = |rule: &str, prefix: &str, expires, by_size| Expiration {
        rule: rule.to_owned(),
        prefix: prefix.to_owned(),
        expires,
        by_size,
    };
    let expected = [
        told("all", "", Expires::Days(30), false),
        told("", "AWSLogs/", Expires::Date("2027-01-01".to_owned()), false),
        told("large", "AWSLogs/", Expires::Days(90), true),
        told("old", "x/", Expires::Days(1), false),
    ];
    assert_eq!(found, expected.iter().collect::<Vec<_>>());
    assert!(logs.bucket.lifecycle);
    let settings = stub.calls().into_iter().filter(|call| call.operation.starts_with("GET /logs"));
    assert!(settings.into_iter().all(|call| call.region == "eu-central-1"));
}

/// A HEAD has no body: why S3 refuses is asked with a call that has one, in the bucket's region.
#[tokio::test]
async fn why_a_bucket_is_refused_is_asked_where_the_answer_has_words() {
    const OWN: &str = "User: arn:aws:iam::111122223333:user/ci is not authorized to perform: s3:ListBucket on resource: \"arn:aws:s3:::own\" because no identity-based policy allows the s3:ListBucket action";
    const MEMBER: &str = "User: arn:aws:iam::111122223333:user/ci is not authorized to perform: s3:ListBucket on resource: \"arn:aws:s3:::member\" because no resource-based policy allows the s3:ListBucket action";
    let stub = Stub::start(|call| {
        let (_, path) = call.operation.split_once(' ')?;
        let bucket = path.trim_start_matches('/').split(['/', '?']).next()?;
        Some(match (bucket, call.operation.starts_with("HEAD")) {
            (_, true) => Reply::Header(403, "x-amz-bucket-region", "eu-central-1"),
            ("own", _) => Reply::Error(403, "AccessDenied", OWN),
            ("foreign", _) => Reply::Error(403, "AccessDenied", "Access Denied"),
            ("member", _) => Reply::Error(403, "AccessDenied", MEMBER),
            // As after a clock was corrected.
            (_, _) if path.contains("list-type=2") => {
                Reply::Xml("<ListBucketResult><KeyCount>0</KeyCount></ListBucketResult>".to_owned())
            }
            (_, _) if path.contains("versioning") => {
                Reply::Xml("<VersioningConfiguration/>".to_owned())
            }
            _ => Reply::Error(404, "NoSuchTagSet", "none"),
        })
    });
    let aws = connect(&stub).await;
    let buckets =
        ["own", "foreign", "member", "skewed"].map(|name| (name.to_owned(), here().region));
    let reads = AccountReads { buckets: BTreeSet::from(buckets), ..AccountReads::default() };
    let account = aws.observe_account(&here().account, &reads).await;
    let remedy = |name: &str| account.buckets[name].unreadable().map(|why| why.remedy());
    let own = remedy("own").unwrap();
    assert!(own.contains("Allow s3:ListBucket") && !own.contains("another account"), "{own}");
    let foreign = remedy("foreign").unwrap();
    assert!(foreign.contains("another account's"), "{foreign}");
    assert!(foreign.contains("allow s3:ListBucket on it"), "{foreign}");
    // Another account's of the same organization.
    let member = account.buckets["member"].unreadable().unwrap();
    let by = ctguard_core::cause::PolicyType::Resource;
    let denial = ctguard_core::cause::Denial { by: Some(by), explicit: false };
    assert_eq!(member.cause(), ctguard_core::cause::Cause::Denied(denial));
    let skewed = account.buckets["skewed"].known().unwrap();
    assert_eq!(skewed.region.as_str(), "eu-central-1");
    let asked = stub.calls().into_iter().filter(|call| call.operation.starts_with("GET /"));
    assert!(asked.into_iter().all(|call| call.region == "eu-central-1"));
}
