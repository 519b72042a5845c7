//! The log bucket of a managed trail that could not be read: whose is it, and what is known then?

use crate::cause::{Cause, Denial, PolicyType};
use crate::desired::{Desired, DesiredBucket};
use crate::proof::{Link, LinkCode, LinkObject};
use crate::scope::{Place, Region};
use crate::snapshot::{Live, Observed, Unreadable};

/// Whether what could not be read of a bucket is taken as right: it is another account's, by the
/// blueprint or by what S3 says, and a policy keeps ctguard out, as it does for the log bucket of a
/// landing zone.
pub fn is_assumed(bucket: &DesiredBucket, why: &Unreadable) -> bool {
    let denied = why.operation.starts_with("s3:") && matches!(why.cause(), Cause::Denied(_));
    denied && bucket.elsewhere || is_of_member(why)
}

/// Whether S3 says that a bucket is another account's of the same organization: no policy *of the
/// bucket* allows the call. In the bucket's own account the caller's policy would be enough, and S3
/// would miss that one. Requests from outside of the organization are refused without a word.
///
/// Source: <https://docs.aws.amazon.com/AmazonS3/latest/userguide/troubleshoot-403-errors.html>,
/// <https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_evaluation-logic-cross-account.html>
pub fn is_of_member(why: &Unreadable) -> bool {
    let by_bucket = Denial { by: Some(PolicyType::Resource), explicit: false };
    why.operation == "s3:ListBucket" && why.cause() == Cause::Denied(by_bucket)
}

/// Whether the managed trail of a place writes its files to a bucket that S3 refuses without a
/// word, as it refuses another account's. A denial that names a policy is about this account or
/// one of its organization, so it is a missing permission; and a trail whose last file was not
/// delivered shows nothing of its bucket.
///
/// Source: <https://docs.aws.amazon.com/AmazonS3/latest/userguide/troubleshoot-403-errors.html>,
/// <https://docs.aws.amazon.com/awscloudtrail/latest/userguide/create-s3-bucket-policy-for-cloudtrail.html>
pub fn logs_arrive(
    desired: &Desired,
    live: &Live,
    place: &Place,
    bucket: &str,
    why: &Unreadable,
) -> bool {
    let bare = Cause::Denied(Denial { by: None, explicit: false });
    let trail = || {
        let name = &desired.places.get(place)?.trail.as_ref()?.name;
        let trails = live.places.get(place)?.trails.known()?;
        trails.get(&place.arn("cloudtrail", &format!("trail/{name}")))
    };
    why.operation == "s3:ListBucket"
        && why.cause() == bare
        && trail().is_some_and(|trail| {
            let delivers = trail
                .status
                .known()
                .is_some_and(|status| status.logging && status.latest_delivery_error.is_none());
            trail.trail.bucket == bucket && delivers
        })
}

/// The buckets of the blueprint of which something could not be read: unknown, or assumed where it
/// is another account's.
pub fn links(desired: &Desired, live: &Live) -> Vec<Link> {
    let own = desired.buckets.iter().filter(|(_, one)| !desired.context.contains(&one.place));
    let unread = own.filter_map(|((account, name), bucket)| {
        let Some(Observed::Unreadable(why)) =
            live.accounts.get(account).and_then(|seen| seen.buckets.get(name))
        else {
            return None;
        };
        let place = &bucket.place;
        let object = LinkObject::Bucket(name.clone());
        // As the plan has it: told there, it is not told again.
        let of_account = Place::new(account.clone(), Region::global());
        if is_assumed(bucket, why) || logs_arrive(desired, live, place, name, why) {
            let cause = format!(
                "it cannot be read here ({}: {}), as one of another account's cannot: that it is there, keeps its files and lets CloudTrail write is taken on trust",
                why.operation, why.code
            );
            let link = Link::assumed(LinkCode::LogBucketPolicy, &of_account, object, cause);
            return Some(link.with_fix(
                "Ask the bucket's owner whether its policy lets CloudTrail write, or run ctguard where the bucket can be read.",
            ));
        }
        Some(Link::unreadable(LinkCode::LogBucketPolicy, &of_account, object, why))
    });
    unread.collect()
}
