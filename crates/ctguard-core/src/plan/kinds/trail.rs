//! The managed trail: created, corrected, and logging. It is never stopped and never deleted; one
//! that the blueprint no longer keeps is released: it goes on logging, and its tags come off but for
//! one that says who released it, so that the same blueprint can take it back.

mod key;

use crate::action::Action;
use crate::desired::{Desired, DesiredPlace, DesiredTrail};
use crate::event::Access;
use crate::plan::Verb;
use crate::plan::draft::{Differ, Draft, Owner, is_marked_released};
use crate::plan::fields::FieldChanges;
use crate::proof::log_bucket;
use crate::resource::small_map::SmallMap;
use crate::resource::trail::{Selectors, Subject, TRAILS_PER_REGION};
use crate::resource::{
    ALERT_TAG, Address, BLUEPRINT_TAG, Kind, RELEASED_TAG, Tags, VERSION_TAG, kms,
};
use crate::scope::{Arn, Place};
use crate::snapshot::{Live, LiveTrail, Observed, PlaceSnapshot};

/// How the names of Control Tower's own resources begin.
///
/// Source: <https://docs.aws.amazon.com/controltower/latest/controlreference/mandatory-controls.html>
const CONTROL_TOWER: &str = "aws-controltower-";

type Trails = SmallMap<String, LiveTrail>;

pub fn diff(differ: &mut Differ<'_>, place: &Place, here: &DesiredPlace, seen: &PlaceSnapshot) {
    let nothing = Trails::new();
    let trails = match &seen.trails {
        Observed::Known(trails) => trails,
        Observed::Absent => &nothing,
        Observed::Unreadable(why) => return differ.unknown(place, "trails", why),
    };
    release(differ, place, here, trails);
    let Some(desired) = &here.trail else { return };
    if desired.name.starts_with(CONTROL_TOWER) {
        return differ.refuse(
            Address::new(place, Kind::Trail, &desired.name),
            "Control Tower owns trails of this name and lets nobody else change them",
            "Leave `trail:` out and rely on Control Tower's trail, or give the blueprint's another name.",
        );
    }
    let arn = place.arn("cloudtrail", &format!("trail/{}", desired.name));
    match trails.get(&arn) {
        Some(live) => update(differ, place, desired, live),
        None => create(differ, place, desired, trails),
    }
}

impl Differ<'_> {
    /// Whether a bucket that the blueprint's trail would write to could not be read, and nothing
    /// shows that the trail may.
    fn bucket_is_unknown(&self, place: &Place, name: &str) -> bool {
        let seen = self.live.accounts.get(&place.account);
        let seen = seen.and_then(|account| account.buckets.get(name));
        let desired = self.desired.buckets.get(&(place.account.clone(), name.to_owned()));
        seen.and_then(Observed::unreadable).is_some_and(|why| {
            let assumed = desired.is_some_and(|bucket| log_bucket::is_assumed(bucket, why));
            !assumed && !log_bucket::logs_arrive(self.desired, self.live, place, name, why)
        })
    }

    /// The ARN of the trail that the blueprint keeps in a place.
    pub fn kept_trail(&self, place: &Place) -> String {
        let kept = self.desired.places.get(place).and_then(|here| here.trail.as_ref());
        let name = kept.map(|kept| kept.name.as_str()).unwrap_or_default();
        place.arn("cloudtrail", &format!("trail/{name}"))
    }

    fn managed_trail(&self, place: &Place) -> Option<&LiveTrail> {
        let name = &self.desired.places.get(place)?.trail.as_ref()?.name;
        let trails = self.live.places.get(place)?.trails.known()?;
        trails.get(&place.arn("cloudtrail", &format!("trail/{name}")))
    }

    /// Whether the managed trail of a place writes to a bucket: that one was made long ago.
    pub fn trail_writes_to(&self, place: &Place, bucket: &str) -> bool {
        self.managed_trail(place).is_some_and(|live| live.trail.bucket == bucket)
    }

    /// Whether the bucket of a trail is one that this plan may not touch.
    fn bucket_is_refused(&self, place: &Place, name: &str) -> bool {
        let bucket = Address::new(place, Kind::Bucket, name);
        self.out.refusals.iter().any(|refusal| refusal.address == bucket)
    }

    /// Whether the managed trail of a place is there already.
    pub fn trail_exists(&self, place: &Place) -> bool {
        self.managed_trail(place).is_some()
    }
}

/// The trails that are not made because their bucket could not be looked at, or may not be touched.
pub fn held_back(desired: &Desired, live: &Live) -> Vec<Address> {
    let mut differ = Differ::new(desired, live);
    super::bucket::diff(&mut differ);
    let trails =
        desired.own_places().filter_map(|(place, here)| Some((place, here.trail.as_ref()?)));
    trails
        .filter(|(place, trail)| {
            let bucket = &trail.trail.bucket;
            !differ.trail_exists(place)
                && (differ.bucket_is_unknown(place, bucket)
                    || differ.bucket_is_refused(place, bucket))
        })
        .map(|(place, trail)| Address::new(place, Kind::Trail, &trail.name))
        .collect()
}

fn create(differ: &mut Differ<'_>, place: &Place, desired: &DesiredTrail, trails: &Trails) {
    let address = Address::new(place, Kind::Trail, &desired.name);
    if trails.len() >= TRAILS_PER_REGION {
        return differ.refuse(
            address,
            format!("{} already has {TRAILS_PER_REGION} trails, shadow trails counted, which is AWS's limit", place.region),
            "Remove a trail, or leave `trail:` out and rely on one that exists.",
        );
    }
    // A name is one trail's in every region that sees it.
    if let Some((arn, other)) = trails.iter().find(|(_, trail)| trail.name == desired.name) {
        return differ.refuse(
            address,
            format!("a trail of this name is seen here, {arn}, and can be changed only by its owner from its home region {}", other.home_region),
            "Give the blueprint's trail another name, or set `home_region` to that trail's.",
        );
    }
    // The first copy of management events is free; every other one is billed.
    let other = trails.iter().find(|(_, trail)| records_management(trail));
    if let Some((arn, _)) = other.filter(|_| !desired.additional) {
        return differ.refuse(
            address,
            format!("{arn} records management events here already, and AWS bills every further copy of them"),
            "Leave `trail:` out and rely on that trail, or accept the cost with `additional: true`.",
        );
    }
    // Of a bucket that nobody could look at, it may be that it is somebody else's. What the bucket's
    // entry says is the reason for the trail, too.
    let bucket = &desired.trail.bucket;
    if differ.bucket_is_unknown(place, bucket) || differ.bucket_is_refused(place, bucket) {
        return;
    }
    if let Some((reason, help)) = key::refusal(differ, place, desired) {
        return differ.refuse(address, reason, help);
    }
    key::warn(differ, place, desired);
    let mut fields = FieldChanges::default();
    fields.set("bucket", &desired.trail.bucket);
    fields.set("multi_region", &true);
    fields.set("global_service_events", &true);
    fields.set("log_file_validation", &true);
    if let Some(key) = &desired.trail.kms_key {
        fields.set("kms_key", key);
    }
    fields.set("logging", &true);
    let name = desired.name.clone();
    let calls = vec![
        Action::CreateTrail {
            name: name.clone(),
            trail: desired.trail.clone(),
            tags: desired.tags.clone(),
        },
        Action::StartLogging { name },
    ];
    let mut covered = differ.desired.covered.iter();
    if desired.trail.organization && covered.any(|other| other.account != place.account) {
        differ.warn(format!(
            "AWS makes the organization trail {} in the member accounts some minutes after this one: until then nothing is recorded there, and `ctguard verify` says trail-not-shown.",
            desired.name
        ));
    }
    let bucket = Address::new(place, Kind::Bucket, &desired.trail.bucket);
    let draft = Draft::new(place, Kind::Trail, &desired.name, Verb::Create, "it does not exist")
        .needs([bucket]);
    differ.change(draft, fields.into_vec(), calls);
}

/// Selectors that were not read are assumed to record: a refusal is better than paying for a second
/// copy.
fn records_management(trail: &LiveTrail) -> bool {
    let logging = trail.status.known().is_none_or(|status| status.logging);
    let takes = |selectors: &Selectors| {
        [Access::Read, Access::Write]
            .iter()
            .any(|access| selectors.management(&Subject::ordinary(*access)) != Some(false))
    };
    logging && trail.selectors.known().is_none_or(takes)
}

fn update(differ: &mut Differ<'_>, place: &Place, desired: &DesiredTrail, live: &LiveTrail) {
    let address = Address::new(place, Kind::Trail, &desired.name);
    let adopt = &differ.desired.intent.adopt;
    let verb = match differ.owner(&live.tags) {
        Owner::Us => Verb::Update,
        Owner::Nobody if differ.is_released(&live.tags) => Verb::Update,
        Owner::Unknown(why) => {
            return differ.unknown(place, &format!("tags of trail {}", desired.name), &why);
        }
        Owner::Blueprint(_) if adopt.takes_away(&address) => Verb::Adopt,
        Owner::Nobody
            if (desired.adopt || adopt.takes(&address))
                && (desired.trail.organization || !live.trail.organization) =>
        {
            Verb::Adopt
        }
        Owner::Nobody if live.trail.organization => {
            return differ.refuse(
                address,
                "it is the organization's trail, which is administered from its management account",
                "Leave `trail:` out and rely on that trail, or give the blueprint's another name. In the management account, `organization: true` and `adopt: true` under `trail:` let ctguard correct it.",
            );
        }
        Owner::Nobody => {
            return differ.refuse(
                address,
                format!("it does not carry the tag {BLUEPRINT_TAG}={}", differ.desired.name),
                "If it is this blueprint's and only lost its tag (older versions took it off with `destroy`), or is to be, `ctguard apply --adopt --allow-shared-trail` takes it over, and its bucket; `adopt: true` under `trail:` stands for `--adopt` of the trail alone. Else give the blueprint's trail another name.",
            );
        }
        Owner::Blueprint(name) => {
            return differ.refuse(
                address,
                format!("it belongs to the blueprint `{name}`"),
                "Give the blueprint's trail another name.",
            );
        }
    };
    let (Observed::Known(status), Observed::Known(selectors)) = (&live.status, &live.selectors)
    else {
        for (part, why) in
            [("status", live.status.unreadable()), ("event selectors", live.selectors.unreadable())]
        {
            if let Some(why) = why {
                differ.unknown(place, &format!("{part} of trail {}", desired.name), why);
            }
        }
        return;
    };
    let mut fields = FieldChanges::default();
    let (now, mut wanted) = (&live.trail, desired.trail.clone());
    // The blueprint does not set the key prefix of log files.
    wanted.key_prefix.clone_from(&now.key_prefix);
    let (live_key, wanted_key) = (now.kms_key.as_deref(), wanted.kms_key.as_deref());
    if wanted_key.is_none()
        || kms::same_name(live_key, wanted_key, place)
        || kms::may_be_alias(wanted_key, live_key)
    {
        wanted.kms_key.clone_from(&now.kms_key);
    } else if let Some((reason, help)) = key::refusal(differ, place, desired) {
        // CloudTrail would refuse all that changes with the key.
        wanted.kms_key.clone_from(&now.kms_key);
        let help = format!("The trail keeps its encryption as it is. {help}");
        differ.refuse_partly(address.clone(), reason, help);
    } else {
        key::warn(differ, place, desired);
    }
    if now.bucket != wanted.bucket
        && (differ.bucket_is_unknown(place, &wanted.bucket)
            || differ.bucket_is_refused(place, &wanted.bucket))
    {
        wanted.bucket.clone_from(&now.bucket);
    }
    fields.compare("bucket", &now.bucket, &wanted.bucket);
    fields.compare("organization", &now.organization, &wanted.organization);
    fields.compare("multi_region", &now.multi_region, &wanted.multi_region);
    fields.compare(
        "global_service_events",
        &now.global_service_events,
        &wanted.global_service_events,
    );
    fields.compare("log_file_validation", &now.log_file_validation, &wanted.log_file_validation);
    fields.compare("kms_key", &now.kms_key, &wanted.kms_key);
    let name = || desired.name.clone();
    let mut calls = Vec::new();
    if !fields.is_empty() {
        calls.push(Action::UpdateTrail { name: name(), trail: wanted });
    }
    // What heals the trail must want the new settings first: else it would put the old ones back.
    let heal = Address::new(place, Kind::Machine, differ.desired.names.heal());
    let first = (!calls.is_empty()).then_some(heal);
    if let Some(wide) = selectors.widened(desired.needs) {
        fields.differ("selectors", selectors, &wide);
        calls.push(Action::PutEventSelectors { name: name(), selectors: wide });
    }
    if !status.logging {
        fields.differ("logging", &false, &true);
        calls.push(Action::StartLogging { name: name() });
    }
    let tags = differ.missing_tags(&desired.tags, &live.tags);
    let released = is_marked_released(&live.tags);
    if !tags.is_empty() || released {
        differ.tags_differ(&mut fields, &tags, &live.tags);
    }
    if !tags.is_empty() {
        Differ::tag(verb, &mut calls, Action::TagTrail { name: name(), tags });
    }
    // The mark goes once the tag is there, so that an interrupted apply goes on as the owner.
    if released {
        let keys = [RELEASED_TAG.to_owned()].into();
        calls.push(Action::UntagTrail { name: name(), keys });
    }
    let reason = if verb == Verb::Adopt {
        "the blueprint adopts it"
    } else {
        "it differs from the blueprint"
    };
    let bucket = Address::new(place, Kind::Bucket, &desired.trail.bucket);
    let draft = Draft::new(place, Kind::Trail, &desired.name, verb, reason)
        .needs(std::iter::once(bucket).chain(first))
        .taken_back(differ.is_released(&live.tags));
    differ.change(draft, fields.into_vec(), calls);
}

/// Takes the tags off trails that this blueprint owns and no longer keeps, and marks them as
/// released.
fn release(differ: &mut Differ<'_>, place: &Place, here: &DesiredPlace, trails: &Trails) {
    let kept = here.trail.as_ref().map(|trail| trail.name.as_str());
    for (arn, live) in trails {
        let at_home = live.home_region == place.region
            && Arn::parse(arn).is_some_and(|arn| arn.account == place.account.as_str());
        if !at_home || kept == Some(live.name.as_str()) || differ.owner(&live.tags) != Owner::Us {
            continue;
        }
        let keys = [BLUEPRINT_TAG, VERSION_TAG, ALERT_TAG].map(str::to_owned);
        let present: std::collections::BTreeSet<String> = keys
            .into_iter()
            .filter(|key| live.tags.known().is_some_and(|tags| tags.contains_key(key)))
            .collect();
        let mut fields = FieldChanges::default();
        let mark = Tags::from([(RELEASED_TAG.to_owned(), differ.desired.name.clone())]);
        fields.differ("tags", &present, &mark);
        let why = match differ.desired.intent.destroy {
            true => "destroy deletes no trail",
            false => "the blueprint no longer keeps it",
        };
        let reason = format!(
            "{why}: it is released and goes on logging; the blueprint of this name takes it back"
        );
        let reason = reason.as_str();
        let draft = Draft::new(place, Kind::Trail, &live.name, Verb::Update, reason);
        // The mark comes first, so that an interrupted release goes on as the owner.
        let name = || live.name.clone();
        let calls = vec![
            Action::TagTrail { name: name(), tags: mark },
            Action::UntagTrail { name: name(), keys: present },
        ];
        differ.change(draft, fields.into_vec(), calls);
    }
}
