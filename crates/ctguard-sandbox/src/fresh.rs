//! New accounts: bare, or with the trail that most accounts have.

use super::state::{
    MemberStatus, State, StoredBucket, StoredMember, StoredOrganization, StoredTrail, StoredUnit,
};
use super::trails;
use ctguard_core::resource::Tags;
use ctguard_core::resource::bucket::Bucket;
use ctguard_core::resource::trail::{Trail, TrailStatus};
use ctguard_core::scope::{AccountId, Place, Region};
use serde_json::{Value, json};

/// The default account of a sandbox.
pub const DEFAULT_ACCOUNT: &str = "111122223333";

/// The default regions of a sandbox.
pub const DEFAULT_REGIONS: [&str; 2] = ["us-east-1", "eu-west-1"];

/// The organization of a new sandbox that has one.
pub const ORGANIZATION: &str = "o-sandbox0000";

/// What a new account begins with.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum AccountKind {
    /// Nothing, not even a trail.
    Bare,
    /// A multi-region trail that logs all management events, not made by ctguard.
    WithTrail,
}

/// Makes a sandbox with one account. The home region of its trail is the first one given.
pub fn new_account(kind: AccountKind, account: &AccountId, regions: &[Region]) -> State {
    let mut state = State::empty(account.clone(), regions.iter().cloned());
    if let (AccountKind::WithTrail, Some(home)) = (kind, regions.first()) {
        add_trail(&mut state, &Place::new(account.clone(), home.clone()), "management-events");
    }
    state
}

/// Makes a sandbox with several accounts, all alike. The first is the caller's.
pub fn new_accounts(
    kind: AccountKind,
    first: &AccountId,
    others: &[AccountId],
    regions: &[Region],
) -> State {
    let mut state = new_account(kind, first, regions);
    for account in others {
        for (id, made) in new_account(kind, account, regions).accounts {
            state.accounts.entry(id).or_insert(made);
        }
    }
    state
}

/// Puts all accounts into an organization whose management account is the caller's; the others are
/// in a unit.
pub fn organize(state: &mut State) {
    let (root, unit) = ("r-sand", "ou-sand-accounts");
    let management = state.caller.account.clone();
    let members = state.accounts.keys().enumerate().map(|(number, id)| {
        let (name, unit) = match *id == management {
            true => ("management".to_owned(), root),
            false => (format!("account-{}", number + 1), unit),
        };
        let member = StoredMember { name, status: MemberStatus::Active, unit: unit.to_owned() };
        (id.clone(), member)
    });
    let accounts = StoredUnit { name: "accounts".to_owned(), parent: root.to_owned() };
    state.organization = Some(StoredOrganization {
        id: ORGANIZATION.to_owned(),
        members: members.collect(),
        management,
        root: root.to_owned(),
        units: [(unit.to_owned(), accounts)].into(),
        distrusts_cloudtrail: false,
    });
}

/// Adds a multi-region trail that logs, with its bucket.
fn add_trail(state: &mut State, home: &Place, name: &str) {
    let bucket_name = format!("{name}-{}", home.account);
    let bucket = Bucket {
        public_access_blocked: true,
        owner_enforced: true,
        policy: Some(log_policy(home, &bucket_name, name)),
        ..Bucket::default()
    };
    let stored =
        StoredBucket { region: home.region.clone(), bucket, tags: Tags::new(), objects: 1 };
    let account = state.accounts.entry(home.account.clone()).or_default();
    account.global.buckets.insert(bucket_name.clone(), stored);
    let trail = StoredTrail {
        kept_from_members: false,
        is_new_to_members: false,
        insights: false,
        trail: Trail {
            bucket: bucket_name,
            key_prefix: None,
            multi_region: true,
            organization: false,
            global_service_events: true,
            log_file_validation: true,
            kms_key: None,
        },
        selectors: trails::default_selectors(),
        status: TrailStatus { logging: true, ..TrailStatus::default() },
        tags: Tags::new(),
    };
    state.region_mut(home).trails.insert(name.to_owned(), trail);
}

/// The bucket policy of AWS's guide.
///
/// Source: <https://docs.aws.amazon.com/awscloudtrail/latest/userguide/create-s3-bucket-policy-for-cloudtrail.html>
pub(super) fn log_policy(home: &Place, bucket: &str, trail: &str) -> Value {
    let arn = format!("arn:{}:s3:::{bucket}", home.region.partition());
    let trail = home.arn("cloudtrail", &format!("trail/{trail}"));
    json!({
        "Version": "2012-10-17",
        "Statement": [
            {
                "Sid": "AWSCloudTrailAclCheck",
                "Effect": "Allow",
                "Principal": { "Service": "cloudtrail.amazonaws.com" },
                "Action": "s3:GetBucketAcl",
                "Resource": arn,
                "Condition": { "StringEquals": { "aws:SourceArn": trail } },
            },
            {
                "Sid": "AWSCloudTrailWrite",
                "Effect": "Allow",
                "Principal": { "Service": "cloudtrail.amazonaws.com" },
                "Action": "s3:PutObject",
                "Resource": format!("{arn}/AWSLogs/{}/*", home.account),
                "Condition": { "StringEquals": {
                    "aws:SourceArn": trail,
                    "s3:x-amz-acl": "bucket-owner-full-control",
                } },
            },
        ],
    })
}

/// A bare account with the default regions, and the second of them.
#[cfg(test)]
pub fn for_tests() -> (State, Place) {
    let account = AccountId::new(DEFAULT_ACCOUNT).expect("the constant is an account id");
    let regions =
        ["us-east-1", "eu-west-1", "us-west-2"].map(|name| Region::new(name).expect("a region"));
    let state = new_account(AccountKind::Bare, &account, &regions);
    (state, Place::new(account, regions[1].clone()))
}
