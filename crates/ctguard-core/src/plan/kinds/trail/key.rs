//! The key that a trail is to encrypt its log files with, before the trail has it. CloudTrail
//! refuses a trail whose key it cannot use, and with it whatever else the call would change.

use crate::desired::DesiredTrail;
use crate::plan::draft::Differ;
use crate::proof::log_key;
use crate::resource::kms;
use crate::scope::{Arn, Place, Region};
use crate::snapshot::{LiveKey, Observed};

/// Why CloudTrail would refuse the key, and what to do; `None` where it would not, or that is not
/// known.
///
/// Source: <https://docs.aws.amazon.com/awscloudtrail/latest/APIReference/API_CreateTrail.html>
/// (`KmsKeyNotFoundException`, `KmsException`, `InsufficientEncryptionPolicyException`)
pub(super) fn refusal(
    differ: &Differ<'_>,
    place: &Place,
    desired: &DesiredTrail,
) -> Option<(String, String)> {
    let name = desired.trail.kms_key.as_deref()?;
    let cannot = |why: &str| format!("its key {name} cannot encrypt its log files: {why}");
    let key_region = Arn::parse(name).map(|arn| arn.region);
    if let Some((key, bucket)) = key_region.zip(bucket_region(differ, place, desired))
        && key != bucket.as_str()
    {
        let why = log_key::elsewhere(key, &bucket);
        let help = format!("Name a key of {bucket} in `trail.kms_key`.");
        return Some((cannot(why.trim_end_matches('.')), help));
    }
    let trail = place.arn("cloudtrail", &format!("trail/{}", desired.name));
    let (cause, help) = log_key::refusal(name, seen(differ, place, name)?, &trail, place)?;
    Some((cannot(&cause), help))
}

/// Warns of a key of which nothing is known.
pub(super) fn warn(differ: &mut Differ<'_>, place: &Place, desired: &DesiredTrail) {
    let Some(name) = desired.trail.kms_key.as_deref() else { return };
    let policy = seen(differ, place, name).map(|key| match key {
        Observed::Known(key) => key.policy.unreadable(),
        Observed::Unreadable(why) => Some(why),
        Observed::Absent => None,
    });
    let why = match policy {
        Some(None) => return,
        Some(Some(why)) => format!("{} failed: {}", why.operation, why.code),
        None if kms::is_in(name, place) => "it was not read".to_owned(),
        None => "it is another account's or another region's".to_owned(),
    };
    differ.warn(format!(
        "Trail {} in {place} gets the key {name}, which has not been checked ({why}): where its policy does not let cloudtrail.amazonaws.com in, CloudTrail refuses the trail.",
        desired.name
    ));
}

fn seen<'a>(differ: &Differ<'a>, place: &Place, name: &str) -> Option<&'a Observed<LiveKey>> {
    differ.live.places.get(place)?.keys.get(name)
}

/// Where the bucket is, or will be made: in the trail's home.
fn bucket_region(differ: &Differ<'_>, place: &Place, desired: &DesiredTrail) -> Option<Region> {
    let account = differ.live.accounts.get(&place.account);
    match account.and_then(|account| account.buckets.get(&desired.trail.bucket)) {
        Some(Observed::Known(bucket)) => Some(bucket.region.clone()),
        Some(Observed::Unreadable(_)) => None,
        Some(Observed::Absent) | None => Some(place.region.clone()),
    }
}
