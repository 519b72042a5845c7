//! Are the files of trails written, and kept? Remarks only: EventBridge gets the events either way.

mod expiry;
mod files;
pub mod key;
pub mod unread;

use super::policy::{Admission, PolicyRefusal, Request, Sent, admission, outsider, stranger};
use super::{LinkCode, LinkObject, Remark, RemarkSeverity};
use crate::desired::Desired;
use crate::resource::bucket::Bucket;
use crate::resource::policy::statements;
use crate::scope::{Arn, Place};
use crate::snapshot::Live;
use crate::snapshot::{LiveBucket, LiveKey, LiveTrail, Observed};
use serde_json::Value;
use std::collections::{BTreeMap, BTreeSet};

/// What uncovers a log bucket, or takes its files away.
const OPENING: [&str; 5] = [
    "s3:DeleteObject",
    "s3:DeleteObjectVersion",
    "s3:GetObject",
    "s3:PutBucketPolicy",
    "s3:PutLifecycleConfiguration",
];

/// What takes the files away, or lets that be done.
const UNDOING: [&str; 6] = [
    "s3:DeleteBucket",
    "s3:DeleteObject",
    "s3:DeleteObjectVersion",
    "s3:PutBucketPolicy",
    "s3:PutBucketVersioning",
    "s3:PutLifecycleConfiguration",
];

/// Those of both that are about files, and not about the bucket itself.
const OF_FILES: [&str; 3] = ["s3:DeleteObject", "s3:DeleteObjectVersion", "s3:GetObject"];

/// Problems with the files of the trails whose home is a place.
pub(super) fn find(desired: &Desired, live: &Live, place: &Place, remarks: &mut Vec<Remark>) {
    let trails = live.places.get(place).and_then(|seen| seen.trails.known());
    let at_home = |arn: &str, trail: &LiveTrail| {
        trail.home_region == place.region
            && Arn::parse(arn).is_some_and(|arn| arn.account == place.account.as_str())
    };
    for (arn, trail) in trails.into_iter().flatten().filter(|(arn, trail)| at_home(arn, trail)) {
        let name = &trail.trail.bucket;
        let seen = live.accounts.get(&place.account).and_then(|seen| seen.buckets.get(name));
        let keys = live.places.get(place).map(|seen| &seen.keys);
        let files = TrailFiles { desired, place, arn, trail, seen, keys };
        remarks.extend(files.delivered());
        remarks.extend(files.digests());
        remarks.extend(files.kept());
        remarks.extend(files.bucket_settings());
        remarks.extend(files.undone_by());
    }
}

/// The files of one trail.
struct TrailFiles<'a> {
    desired: &'a Desired,
    place: &'a Place,
    arn: &'a str,
    trail: &'a LiveTrail,
    /// The bucket, where it was read.
    seen: Option<&'a Observed<LiveBucket>>,
    /// The keys that were read in the trail's home.
    keys: Option<&'a BTreeMap<String, Observed<LiveKey>>>,
}

impl TrailFiles<'_> {
    fn say(&self, code: LinkCode, object: LinkObject, text: String) -> Remark {
        Remark {
            severity: RemarkSeverity::Degraded,
            code,
            place: self.place.clone(),
            object,
            text: format!("{text} Events still reach EventBridge."),
            by_others: false,
        }
    }

    fn of_bucket(&self, code: LinkCode, text: String) -> Remark {
        self.say(code, LinkObject::Bucket(self.trail.trail.bucket.clone()), text)
    }

    fn of_trail(&self, code: LinkCode, text: String) -> Remark {
        self.say(code, LinkObject::Trail(self.arn.to_owned()), text)
    }

    /// What CloudTrail itself reports of the blueprint's own trail, and no apply is known to mend.
    fn reported(&self, remark: Remark) -> Remark {
        Remark { by_others: self.trail.tags.name_owner(&self.desired.name), ..remark }
    }

    /// Whether the bucket is the blueprint's.
    fn is_owned(&self) -> bool {
        let bucket = self.seen.and_then(Observed::known);
        bucket.is_some_and(|bucket| bucket.tags.name_owner(&self.desired.name))
    }

    /// Whether the log files are written: what CloudTrail said last, and what the bucket's policy
    /// says, also before CloudTrail has tried.
    fn delivered(&self) -> Option<Remark> {
        let arn = self.arn;
        let status = self.trail.status.known();
        let error = status.and_then(|status| status.latest_delivery_error.as_deref());
        match error {
            Some(error) if error.contains("NoSuchBucket") => Some(self.of_bucket(
                LinkCode::LogBucketMissing,
                format!("{arn} cannot write its log files: the bucket does not exist."),
            )),
            Some(error) if !error.contains("AccessDenied") => {
                Some(match error.to_ascii_lowercase().contains("kms") {
                    true => self.key_fails().unwrap_or_else(|| {
                        let text = format!("{arn} cannot encrypt its log files: {error}.");
                        self.reported(self.of_trail(LinkCode::LogKey, text))
                    }),
                    false => self.reported(self.of_trail(
                        LinkCode::LogDelivery,
                        format!("{arn} cannot write its log files: {error}."),
                    )),
                })
            }
            None if matches!(self.seen, Some(Observed::Absent)) => Some(self.of_bucket(
                LinkCode::LogBucketMissing,
                format!("{arn} has no bucket to write its log files to: it does not exist."),
            )),
            refused => match self.kept_out().map(|refusal| self.refused(refusal)) {
                Some(said) => Some(said),
                // S3 calls it a denial, too, where the key does not admit CloudTrail.
                None => self.key_fails().or_else(|| Some(self.denied_somewhere(refused?))),
            },
        }
    }

    /// A denial that neither the bucket's policy nor the key's, as far as they are read, explains.
    fn denied_somewhere(&self, error: &str) -> Remark {
        let arn = self.arn;
        match &self.trail.trail.kms_key {
            None => {
                let below = self.below();
                let text = format!(
                    "{arn} cannot write its log files: the bucket refuses CloudTrail.{below}"
                );
                self.reported(self.of_bucket(LinkCode::LogBucketPolicy, text))
            }
            Some(key) => {
                let text = format!(
                    "{arn} cannot write its log files ({error}): the bucket or the key {key} refuses CloudTrail; look at the conditions of both policies."
                );
                self.reported(self.of_trail(LinkCode::LogDelivery, text))
            }
        }
    }

    /// A denial stays in the policy of an owned bucket; a statement that lacks, apply writes again,
    /// but not for a prefix that somebody gave the files: it stays as it is.
    fn refused(&self, KeptOut { refusal, file }: KeptOut) -> Remark {
        let by_others = self.is_owned() && (refusal.is_denial() || self.prefix().is_some());
        let cause = refusal.into_cause();
        let below = self.below();
        let files = match file {
            None => "its log files".to_owned(),
            Some(file) => format!("some of its log files, such as {file}"),
        };
        let text = format!("{} cannot write {files}: {cause}.{below}", self.arn);
        Remark { by_others, ..self.of_bucket(LinkCode::LogBucketPolicy, text) }
    }

    fn prefix(&self) -> Option<&str> {
        self.trail.trail.key_prefix.as_deref().filter(|prefix| !prefix.is_empty())
    }

    /// What to do about a prefix that somebody gave the files.
    fn below(&self) -> String {
        let Some(prefix) = self.prefix() else { return String::new() };
        format!(
            " They go below the prefix `{prefix}`: take it off the trail (`aws cloudtrail update-trail --name {} --region {} --s3-key-prefix \"\"`), or let the policy admit CloudTrail there.",
            self.arn, self.trail.home_region
        )
    }

    fn digests(&self) -> Option<Remark> {
        let error = self.trail.status.known()?.latest_digest_delivery_error.as_ref()?;
        let text = format!("{} cannot write its digest files: {error}.", self.arn);
        Some(self.of_trail(LinkCode::DigestDelivery, text))
    }

    /// How well a bucket keeps what is written to it, whoever owns it. Of one that cannot be read
    /// nothing is said.
    fn bucket_settings(&self) -> Vec<Remark> {
        let Some(seen) = self.seen.and_then(Observed::known) else { return Vec::new() };
        let say = |severity, code, text: &str| Remark {
            severity,
            code,
            place: self.place.clone(),
            object: LinkObject::Bucket(self.trail.trail.bucket.clone()),
            text: text.to_owned(),
            by_others: false,
        };
        let mut found = Vec::new();
        let public = self.open_to_all(&seen.bucket);
        if let Some(public) = &public {
            let text = format!(
                "Anybody may call {public}: log files can be read or taken away. Take the statement out, and block public access with `aws s3api put-public-access-block`."
            );
            found.push(say(RemarkSeverity::Degraded, LinkCode::LogBucketPublic, &text));
        }
        if !seen.bucket.public_access_blocked && public.is_none() {
            // The account may block it for all its buckets, which is not read.
            found.push(say(
                RemarkSeverity::Note,
                LinkCode::LogBucketPublic,
                "Its own settings do not block public access; those of the account are not read. `aws s3api put-public-access-block` sets all four.",
            ));
        }
        if !seen.bucket.versioning {
            found.push(say(
                RemarkSeverity::Degraded,
                LinkCode::LogBucketVersioning,
                "It keeps no versions: a log file that is overwritten or deleted is gone. `aws s3api put-bucket-versioning --versioning-configuration Status=Enabled` turns them on.",
            ));
        }
        found
    }

    /// What anybody may do with the files, and by which statement. Where the bucket blocks public
    /// access, S3 lets nobody of another account use a public policy.
    ///
    /// Source: <https://docs.aws.amazon.com/AmazonS3/latest/userguide/access-control-block-public-access.html>
    fn open_to_all(&self, bucket: &Bucket) -> Option<String> {
        if bucket.public_access_blocked {
            return None;
        }
        let (itself, file) = self.arns()?;
        let open: Vec<(&str, String)> = OPENING
            .into_iter()
            .filter_map(|action| {
                let on = if OF_FILES.contains(&action) { &file } else { &itself };
                Some((action, stranger::opening(bucket.policy.as_ref(), action, on)?))
            })
            .collect();
        let (_, statement) = open.first()?;
        let actions: Vec<&str> = open.iter().map(|(action, _)| *action).collect();
        Some(format!("{} on it, by {statement} of its policy", actions.join(", ")))
    }

    /// Accounts beside the bucket's own, and organizations, that its policy lets delete files, or
    /// change what keeps them.
    fn undone_by(&self) -> Vec<Remark> {
        let Some(bucket) = self.seen.and_then(Observed::known) else { return Vec::new() };
        let Some((itself, file)) = self.arns() else { return Vec::new() };
        let Some(policy) = &bucket.bucket.policy else { return Vec::new() };
        let mut found = Vec::new();
        for statement in statements(policy) {
            if statement.get("Effect").and_then(Value::as_str) != Some("Allow") {
                continue;
            }
            let mut others = BTreeSet::new();
            let mut actions = Vec::new();
            for action in UNDOING {
                let on = if OF_FILES.contains(&action) { &file } else { &itself };
                let admitted =
                    outsider::admitted(policy, statement, &self.place.account, action, on);
                if !admitted.is_empty() {
                    actions.push(action);
                }
                others.extend(admitted.into_iter().map(|(who, depends)| match depends {
                    None => who.to_string(),
                    Some(key) => format!("{who} (under a condition on {key})"),
                }));
            }
            if actions.is_empty() {
                continue;
            }
            let others: Vec<String> = others.into_iter().collect();
            let text = format!(
                "Its policy lets {} call {} on it: log files can be taken away. Take the statement out.",
                others.join(", "),
                actions.join(", ")
            );
            let said = self.of_bucket(LinkCode::LogBucketPublic, text);
            found.push(Remark { by_others: self.is_owned(), ..said });
        }
        found
    }

    /// The ARNs of the bucket and of one of its log files.
    fn arns(&self) -> Option<(String, String)> {
        let partition = Arn::parse(self.arn)?.partition;
        let bucket = format!("arn:{partition}:s3:::{}", self.trail.trail.bucket);
        let file = format!("{bucket}/{}", self.file("CloudTrail"));
        Some((bucket, file))
    }

    /// Lifecycle rules that delete current files before their time. Whose bucket it is does not
    /// matter to the evidence in it.
    fn kept(&self) -> Vec<Remark> {
        let Some(bucket) = self.seen.and_then(Observed::known) else { return Vec::new() };
        let shortened = expiry::shortened(&bucket.bucket, &self.trail.trail, &self.place.account);
        let by_others = self.is_owned();
        let said = shortened.into_iter().map(|rule| {
            let text = format!("{rule} A copy of what is deleted is kept nowhere else.");
            Remark { by_others, ..self.of_bucket(LinkCode::LogsExpire, text) }
        });
        said.collect()
    }

    /// Why the bucket's policy refuses the files of the trail; `None` when it does not, or that is
    /// not known. CloudTrail reads the bucket's access-control list, and writes files with one that
    /// gives the bucket's owner full control.
    ///
    /// Source: <https://docs.aws.amazon.com/awscloudtrail/latest/userguide/create-s3-bucket-policy-for-cloudtrail.html>
    fn kept_out(&self) -> Option<KeptOut> {
        let seen = self.seen?.known()?;
        let (bucket, file) = self.arns()?;
        let whole = |refusal| KeptOut { refusal, file: None };
        let asked = |action, resource: &str| self.asked(seen, action, resource);
        if let Some(refusal) = asked("s3:GetBucketAcl", &bucket) {
            return Some(whole(refusal));
        }
        // Under which of two folders an organization's files are is not read.
        let is_sure =
            |refusal: &PolicyRefusal| !self.trail.trail.organization || refusal.is_denial();
        let digest = format!("{bucket}/{}", self.file("CloudTrail-Digest"));
        let digests = self.trail.trail.log_file_validation.then_some(&digest);
        for file in [&file].into_iter().chain(digests) {
            if let Some(refusal) = asked("s3:PutObject", file).filter(is_sure) {
                return Some(whole(refusal));
            }
        }
        let policy = seen.bucket.policy.as_ref()?;
        let names = files::names(self.desired, self.place, &self.trail.trail, policy, &bucket);
        names.into_iter().find_map(|name| {
            let refusal = asked("s3:PutObject", &format!("{bucket}/{name}")).filter(is_sure)?;
            Some(KeptOut { refusal, file: Some(name) })
        })
    }

    /// Why the bucket's policy refuses one call of CloudTrail's.
    fn asked(&self, seen: &LiveBucket, action: &str, resource: &str) -> Option<PolicyRefusal> {
        // The ARN of a bucket names neither its account nor its region.
        let mut extra = vec![
            ("aws:resourceaccount", Sent::Value(self.place.account.as_str())),
            ("aws:requestedregion", Sent::Value(seen.region.as_str())),
        ];
        if action == "s3:PutObject" {
            extra.push(("s3:x-amz-acl", Sent::Value("bucket-owner-full-control")));
        }
        let request = Request {
            service: "cloudtrail.amazonaws.com",
            action,
            resource,
            source_arn: Sent::Value(self.arn),
            source_account: Sent::Perhaps(self.place.account.as_str()),
            through: None,
            extra: &extra,
        };
        match admission(seen.bucket.policy.as_ref(), &request) {
            Admission::Refuses(refusal) => Some(refusal),
            _ => None,
        }
    }

    /// The key of one of the trail's log files, or of its digest files.
    fn file(&self, kind: &str) -> String {
        files::name(&self.trail.trail, "", self.place, kind)
    }
}

/// Why CloudTrail cannot write its files.
struct KeptOut {
    refusal: PolicyRefusal,
    /// One of the files, where others can be written.
    file: Option<String>,
}
