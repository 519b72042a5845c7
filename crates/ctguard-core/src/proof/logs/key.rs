//! Does the key of a trail's log files let CloudTrail encrypt them? CloudTrail tells of it late, in
//! the status of the trail, and a file that is not written is written by nobody later.

use super::TrailFiles;
use crate::proof::key::{Answer, KeyUse, Trouble, judge};
use crate::proof::{LinkCode, Remark};
use crate::scope::{Arn, Place, Region};
use crate::snapshot::{LiveKey, Observed};

/// Why a key does not let CloudTrail encrypt the files of a trail, and what to do; `None` when it
/// does, or that is not known.
///
/// Source: <https://docs.aws.amazon.com/awscloudtrail/latest/userguide/create-kms-key-policy-for-cloudtrail.html>
pub fn refusal(
    name: &str,
    seen: &Observed<LiveKey>,
    trail: &str,
    place: &Place,
) -> Option<(String, String)> {
    let used = KeyUse::by_cloudtrail(trail, place.account.as_str());
    let Answer::Refuses(trouble, cause) = judge(Some(seen), used) else { return None };
    let otherwise = match trouble {
        Trouble::Missing => "Name a key that exists in `trail.kms_key`.",
        _ => {
            "Allow cloudtrail.amazonaws.com kms:GenerateDataKey* (with the trail in kms:EncryptionContext:aws:cloudtrail:arn) and kms:DescribeKey in the policy of an enabled key."
        }
    };
    Some((cause, trouble.fix(name, otherwise)))
}

/// Says that a key is in another region than the bucket.
///
/// Source: <https://docs.aws.amazon.com/awscloudtrail/latest/APIReference/API_CreateTrail.html>
/// (`KmsKeyNotFoundException`)
pub fn elsewhere(key: &str, bucket: &Region) -> String {
    format!(
        "the key is in {key} and the bucket in {bucket}. CloudTrail takes a key of the bucket's region alone."
    )
}

impl TrailFiles<'_> {
    /// Why the files cannot be encrypted; `None` when they can, or that is not known.
    pub(super) fn key_fails(&self) -> Option<Remark> {
        let name = self.trail.trail.kms_key.as_deref()?;
        if let Some(elsewhere) = self.key_elsewhere(name) {
            return Some(self.of_key(&elsewhere));
        }
        // A key that was not read is no key that is missing.
        let seen = self.keys?.get(name)?;
        let (cause, fix) = refusal(name, seen, self.arn, self.place)?;
        Some(self.of_key(&format!("{cause}. {fix}")))
    }

    /// A key in another region than the bucket.
    fn key_elsewhere(&self, name: &str) -> Option<String> {
        let key = Arn::parse(name).filter(|arn| arn.service == "kms")?;
        let bucket = &self.seen.and_then(Observed::known)?.region;
        (key.region != bucket.as_str()).then(|| elsewhere(key.region, bucket))
    }

    fn of_key(&self, why: &str) -> Remark {
        let key = self.trail.trail.kms_key.as_deref().unwrap_or_default();
        let text = format!("{} cannot encrypt its log files with key {key}: {why}", self.arn);
        // No apply writes the policy of a key.
        let by_others = self.trail.tags.name_owner(&self.desired.name);
        Remark { by_others, ..self.of_trail(LinkCode::LogKey, text) }
    }
}
