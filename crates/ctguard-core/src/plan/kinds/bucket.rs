//! The bucket of a managed trail: created when it does not exist, kept when owned, used as it is
//! when the blueprint says that it is somebody else's.

use crate::action::Action;
use crate::desired::{DesiredBucket, more_than_own};
use crate::plan::Verb;
use crate::plan::draft::{Differ, Draft, Owner, is_marked_released};
use crate::plan::fields::FieldChanges;
use crate::proof::log_bucket::{is_assumed, is_of_member, logs_arrive};
use crate::resource::bucket::Bucket;
use crate::resource::{
    ALERT_TAG, Address, BLUEPRINT_TAG, Kind, RELEASED_TAG, Tags, VERSION_TAG, policy,
};
use crate::scope::Place;
use crate::snapshot::{LiveBucket, Observed, Unreadable};

pub fn diff(differ: &mut Differ<'_>) {
    let desired = differ.desired;
    let live = differ.live;
    for ((account, name), bucket) in &desired.buckets {
        let place = &bucket.place;
        let seen = live.accounts.get(account).and_then(|account| account.buckets.get(name));
        match seen.unwrap_or(&Observed::Absent) {
            Observed::Absent => {
                let draft =
                    Draft::new(place, Kind::Bucket, name, Verb::Create, "it does not exist");
                write(differ, draft, name, bucket, None);
            }
            Observed::Unreadable(why) if logs_arrive(desired, live, place, name, why) => {
                differ.assumed();
                differ.warn(format!(
                    "Bucket {name} cannot be read here, as one of another account's cannot: the trail writes to it already, so its policy is assumed to let cloudtrail.amazonaws.com in.{}",
                    whose(bucket, why)
                ));
            }
            Observed::Unreadable(why) if is_assumed(bucket, why) => {
                differ.assumed();
                if !differ.trail_exists(place) {
                    let says = match is_of_member(why) {
                        true => {
                            "S3 says that no policy of the bucket's allows it, so it is another account's of the organization"
                        }
                        false => "the blueprint says that it is somebody else's",
                    };
                    differ.warn(format!(
                        "Bucket {name} cannot be read here ({}: {}), and {says}: that it is there and lets CloudTrail write for trail {} is assumed. Where it does not, CloudTrail refuses the trail.",
                        why.operation,
                        why.code,
                        differ.kept_trail(place)
                    ));
                } else if !bucket.elsewhere {
                    differ.warn(format!(
                        "Bucket {name} cannot be read here ({}: {}), and its trail names it: that it keeps the files and lets CloudTrail write is assumed.{}",
                        why.operation,
                        why.code,
                        whose(bucket, why)
                    ));
                }
            }
            Observed::Unreadable(why) => {
                let global = crate::scope::Region::global();
                differ.unknown_at(&global, place, &format!("bucket {name}"), why);
            }
            Observed::Known(live) => known(differ, place, name, bucket, live),
        }
    }
    for ((account, name), place) in &desired.released {
        let seen = live.accounts.get(account).and_then(|account| account.buckets.get(name));
        match seen.unwrap_or(&Observed::Absent) {
            Observed::Absent => {}
            Observed::Unreadable(why) => {
                let global = crate::scope::Region::global();
                differ.unknown_at(&global, place, &format!("bucket {name}"), why);
            }
            Observed::Known(live) => release(differ, place, name, live),
        }
    }
}

/// Whose a bucket may be that cannot be read, and that the blueprint takes for its own.
fn whose(bucket: &DesiredBucket, why: &Unreadable) -> &'static str {
    match (bucket.elsewhere, is_of_member(why)) {
        (true, _) => "",
        (false, true) => {
            " S3 says that it is another account's of the organization: if it was this account's, it was deleted, and somebody else has its name now. Name another bucket, or, if it is meant to be theirs, set `foreign_bucket: true` under `trail:`."
        }
        (false, false) => {
            " Either the name is somebody else's (set `foreign_bucket: true` under `trail:` if it is meant to be, and name another bucket if not), or `s3:ListBucket` is missing here: allow it."
        }
    }
}

/// Takes the blueprint's tags off a bucket, and marks it as released. What CloudTrail may write there stays, since its trail
/// goes on logging.
fn release(differ: &mut Differ<'_>, place: &Place, name: &str, live: &LiveBucket) {
    match differ.owner(&live.tags) {
        Owner::Us => {}
        Owner::Unknown(why) => {
            return differ.unknown(place, &format!("tags of bucket {name}"), &why);
        }
        Owner::Nobody | Owner::Blueprint(_) => return,
    }
    let is_own = |key: &str| [BLUEPRINT_TAG, VERSION_TAG, ALERT_TAG, RELEASED_TAG].contains(&key);
    let tags = live.tags.known().into_iter().flat_map(Tags::iter);
    let (own, others): (Vec<_>, Vec<_>) = tags.partition(|(key, _)| is_own(key));
    let of = |some: Vec<(&String, &String)>| -> Tags {
        some.into_iter().map(|(key, value)| (key.clone(), value.clone())).collect()
    };
    let mut fields = FieldChanges::default();
    let mark = Tags::from([(RELEASED_TAG.to_owned(), differ.desired.name.clone())]);
    fields.differ("tags", &of(own), &mark);
    let why = match differ.desired.intent.destroy {
        true => "destroy deletes no log files",
        false => "the blueprint no longer keeps it",
    };
    let reason = format!(
        "{why}: it is released, with everything in it; the blueprint of this name takes it back"
    );
    let reason = reason.as_str();
    let draft = Draft::new(place, Kind::Bucket, name, Verb::Update, reason);
    let mut tags = of(others);
    tags.extend(mark);
    let call = Action::PutBucketTagging { name: name.to_owned(), tags };
    differ.change(draft, fields.into_vec(), vec![call]);
}

fn known(
    differ: &mut Differ<'_>,
    place: &Place,
    name: &str,
    desired: &DesiredBucket,
    live: &LiveBucket,
) {
    let address = Address::new(place, Kind::Bucket, name);
    let adopt = &differ.desired.intent.adopt;
    let verb = match differ.owner(&live.tags) {
        Owner::Us => Verb::Update,
        Owner::Nobody if differ.is_released(&live.tags) => Verb::Update,
        Owner::Nobody if in_creation(live) && !differ.trail_writes_to(place, name) => Verb::Update,
        Owner::Unknown(why) => {
            return differ.unknown(place, &format!("tags of bucket {name}"), &why);
        }
        Owner::Nobody if adopt.takes(&address) && !desired.foreign => Verb::Adopt,
        Owner::Nobody | Owner::Blueprint(_) if adopt.takes_away(&address) => Verb::Adopt,
        Owner::Nobody | Owner::Blueprint(_) if desired.foreign => {
            differ.in_sync();
            if !differ.trail_exists(place) {
                differ.warn(format!(
                    "Bucket {name} exists and is not owned by this blueprint: the trail uses it as it stands, and its policy must let cloudtrail.amazonaws.com in."
                ));
            }
            return;
        }
        owner => return refuse(differ, address, &owner),
    };
    let draft =
        Draft::existing(place, Kind::Bucket, name, verb).taken_back(differ.is_released(&live.tags));
    write(differ, draft, name, desired, Some(live));
}

/// Refuses to touch a bucket without the blueprint's tag: one that lost it is watched by nobody.
fn refuse(differ: &mut Differ<'_>, address: Address, owner: &Owner) {
    let name = &address.name;
    let (reason, taking) = match owner {
        Owner::Blueprint(other) => (
            format!("it belongs to the blueprint `{other}`"),
            format!("`--adopt={name}` takes it away from the other blueprint."),
        ),
        _ => (
            format!("it does not carry the tag {BLUEPRINT_TAG}={}", differ.desired.name),
            "If it is this blueprint's and only lost its tag, or is to be, `--adopt` takes it over."
                .to_owned(),
        ),
    };
    let help = format!(
        "{taking} If the trail is to write to somebody else's bucket as it stands, set `foreign_bucket: true` under `trail:`."
    );
    differ.refuse(address, reason, help);
}

/// CreateBucket is given only tags of the blueprint's. A bucket of the expected name that is untagged, empty and
/// without a policy is one whose creation was interrupted.
fn in_creation(live: &LiveBucket) -> bool {
    let untagged = match &live.tags {
        Observed::Known(tags) => tags.is_empty(),
        Observed::Absent => true,
        Observed::Unreadable(_) => false,
    };
    untagged && live.bucket.policy.is_none() && live.empty == Some(true)
}

fn write(
    differ: &mut Differ<'_>,
    draft: Draft,
    name: &str,
    desired: &DesiredBucket,
    live: Option<&LiveBucket>,
) {
    let nothing =
        Bucket { encryption: crate::resource::bucket::Encryption::None, ..Bucket::default() };
    let now = live.map_or(&nothing, |live| &live.bucket);
    let owned = || name.to_owned();
    let mut fields = FieldChanges::default();
    let mut calls = Vec::new();
    if live.is_none() {
        let asked = more_than_own(&desired.tags);
        let tags = if asked { desired.tags.clone() } else { Tags::new() };
        calls.push(Action::CreateBucket { name: owned(), tags });
    }
    // Tags come first, so that a stop leaves no bucket without an owner. They are replaced as a
    // whole, so foreign tags are sent along.
    let tags = live.map_or(Observed::Absent, |live| live.tags.clone());
    let missing = differ.missing_tags(&desired.tags, &tags);
    if !missing.is_empty() || is_marked_released(&tags) {
        differ.tags_differ(&mut fields, &missing, &tags);
        let mut all = tags.known().cloned().unwrap_or_default();
        all.extend(missing);
        all.remove(RELEASED_TAG);
        calls.push(Action::PutBucketTagging { name: owned(), tags: all });
    }
    if !now.public_access_blocked {
        fields.differ("public_access_blocked", &live.map(|_| false), &true);
        calls.push(Action::PutPublicAccessBlock { name: owned() });
    }
    if !now.owner_enforced {
        fields.differ("owner_enforced", &live.map(|_| false), &true);
        calls.push(Action::PutBucketOwnershipControls { name: owned() });
    }
    if !now.versioning {
        fields.differ("versioning", &live.map(|_| false), &true);
        calls.push(Action::PutBucketVersioning { name: owned() });
    }
    // KMS encryption is stronger than what was asked for.
    if now.encryption == crate::resource::bucket::Encryption::None {
        fields.differ("encryption", &live.map(|_| &now.encryption), &desired.encryption);
        calls.push(Action::PutBucketEncryption {
            name: owned(),
            encryption: desired.encryption.clone(),
        });
    }
    // Lifecycle rules that somebody else wrote are kept.
    if !now.lifecycle {
        fields.differ("lifecycle", &live.map(|_| false), &true);
        calls.push(Action::PutBucketLifecycle { name: owned() });
    }
    let wanted =
        policy::merged(now.policy.as_ref(), &desired.own_statements, differ.desired.names.prefix());
    if now.policy.as_ref() != Some(&wanted) {
        fields.differ("policy", &now.policy, &wanted);
        calls.push(Action::PutBucketPolicy { name: owned(), policy: wanted });
    }
    differ.change(draft, fields.into_vec(), calls);
}
