//! CloudTrail: trails, their selectors and whether they log.

pub mod selectors;

use super::policy::{self, Principal, Request};
use super::refusal::{Done, Refusal, check_tags, ensure, refuse};
use super::state::{State, StoredTrail, locate};
use ctguard_core::resource::Tags;
use ctguard_core::resource::trail::{
    AdvancedSelector, FieldSelector, Selectors, TRAILS_PER_REGION, Trail, TrailStatus,
};
use ctguard_core::scope::{Place, Region};
use std::collections::BTreeSet;
use std::net::Ipv4Addr;

const MISSING: &str = "TrailNotFoundException";

/// Whether a trail can have this name.
///
/// Source: <https://docs.aws.amazon.com/awscloudtrail/latest/APIReference/API_CreateTrail.html>
pub fn is_trail_name(name: &str) -> bool {
    let ends = |c: Option<char>| c.is_some_and(|c| c.is_ascii_alphanumeric());
    let separator = |byte: &u8| b"._-".contains(byte);
    let adjacent = name.as_bytes().windows(2).any(|pair| pair.iter().all(separator));
    (3..=128).contains(&name.len())
        && super::refusal::is_name(name, 128, "._-")
        && ends(name.chars().next())
        && ends(name.chars().last())
        && !adjacent
        && name.parse::<Ipv4Addr>().is_err()
}

/// What a trail records by default: all management events.
pub fn default_selectors() -> Selectors {
    let field = FieldSelector {
        field: "eventCategory".to_owned(),
        equals: vec!["Management".to_owned()],
        ..FieldSelector::default()
    };
    Selectors::Advanced(vec![AdvancedSelector { name: None, fields: vec![field] }])
}

/// Creates a trail, which does not log yet; succeeds if it exists with the same settings.
pub fn create(state: &mut State, place: &Place, name: &str, trail: &Trail, tags: &Tags) -> Done {
    ensure(is_trail_name(name), "InvalidTrailNameException", || {
        format!("`{name}` is not a trail name")
    })?;
    check_tags(tags, &Tags::new(), "InvalidTagParameterException")?;
    let seen: Vec<_> = state.trails_seen_from(place).map(|(home, name, _)| (home, name)).collect();
    if let Some((home, _)) = seen.iter().find(|(_, other)| *other == name) {
        let same = state
            .region(home)
            .trails
            .get(name)
            .is_some_and(|there| home == place && there.trail == *trail && there.tags == *tags);
        return ensure(same, "TrailAlreadyExistsException", || {
            format!("trail {name} already exists, at home in {}", home.region)
        });
    }
    check(state, place, name, trail)?;
    check_room(state, place, name, trail)?;
    let new = StoredTrail {
        kept_from_members: false,
        is_new_to_members: trail.organization,
        insights: false,
        trail: trail.clone(),
        selectors: default_selectors(),
        status: TrailStatus::default(),
        tags: tags.clone(),
    };
    state.region_mut(place).trails.insert(name.to_owned(), new);
    Ok(())
}

/// Changes all settings.
pub fn update(state: &mut State, place: &Place, name: &str, trail: &Trail) -> Done {
    at_home(state, place, name)?;
    check(state, place, name, trail)?;
    check_room(state, place, name, trail)?;
    edit(state, place, name, |stored| {
        stored.is_new_to_members |= trail.organization && !stored.trail.organization;
        stored.trail = trail.clone();
    });
    Ok(())
}

/// Replaces all selectors, of either form, by these.
pub fn put_selectors(state: &mut State, place: &Place, name: &str, wanted: &Selectors) -> Done {
    at_home(state, place, name)?;
    selectors::check(wanted).map_err(|why| refuse("InvalidEventSelectorsException", why))?;
    edit(state, place, name, |stored| stored.selectors = wanted.clone());
    Ok(())
}

/// Starts logging; succeeds if the trail logs already.
pub fn start_logging(state: &mut State, place: &Place, name: &str) -> Done {
    at_home(state, place, name)?;
    edit(state, place, name, |stored| stored.status.logging = true);
    Ok(())
}

/// Adds tags.
pub fn tag(state: &mut State, place: &Place, name: &str, tags: &Tags) -> Done {
    let there = at_home(state, place, name)?;
    check_tags(tags, &there.tags, "InvalidTagParameterException")?;
    edit(state, place, name, |stored| stored.tags.extend(tags.clone()));
    Ok(())
}

/// Removes tags; missing keys are ignored.
pub fn untag(state: &mut State, place: &Place, name: &str, keys: &BTreeSet<String>) -> Done {
    at_home(state, place, name)?;
    edit(state, place, name, |stored| stored.tags.retain(|key, _| !keys.contains(key)));
    Ok(())
}

/// The S3 error of CloudTrail's delivery of log files, if any. S3 puts KMS's codes behind its own
/// prefix, and calls a key's refusal a denial like any other.
pub fn delivery_error(state: &State, home: &Place, name: &str, trail: &Trail) -> Option<String> {
    let checked = check_bucket(state, home, name, trail);
    let refusal = checked.and_then(|()| check_key(state, home, name, trail)).err()?;
    let error = match refusal.code {
        "S3BucketDoesNotExistException" => "NoSuchBucket",
        "KmsKeyNotFoundException" => "KMS.NotFoundException",
        "KmsKeyDisabledException" => "KMS.DisabledException",
        _ => "AccessDenied",
    };
    Some(error.to_owned())
}

fn edit(state: &mut State, place: &Place, name: &str, change: impl FnOnce(&mut StoredTrail)) {
    if let Some(trail) = state.region_mut(place).trails.get_mut(name) {
        change(trail);
    }
}

/// Finds a trail in its home region, the only one in which it can be changed.
fn at_home<'a>(state: &'a State, place: &Place, name: &str) -> Result<&'a StoredTrail, Refusal> {
    if let Some(trail) = state.region(place).trails.get(name) {
        return Ok(trail);
    }
    let shadow = state.trails_seen_from(place).find(|(_, other, _)| *other == name);
    Err(match shadow {
        Some((home, ..)) => refuse(
            "InvalidHomeRegionException",
            format!("trail {name} can be changed only in its home region {}", home.region),
        ),
        None => refuse(MISSING, format!("unknown trail: {}", trail_arn(place, name))),
    })
}

fn trail_arn(place: &Place, name: &str) -> String {
    place.arn("cloudtrail", &format!("trail/{name}"))
}

fn check(state: &State, place: &Place, name: &str, trail: &Trail) -> Done {
    let combination = trail.global_service_events || !trail.multi_region;
    ensure(combination, "InvalidParameterCombinationException", || {
        "a multi-region trail must include global service events".to_owned()
    })?;
    if trail.organization {
        let organization = state.organization.as_ref().ok_or_else(|| {
            let why = format!("account {} is not in an organization", place.account);
            refuse("OrganizationsNotInUseException", why)
        })?;
        // A delegated administrator may as well; the sandbox has none.
        ensure(
            organization.management == place.account,
            "NotOrganizationMasterAccountException",
            || format!("account {} does not manage the organization", place.account),
        )?;
        ensure(!organization.distrusts_cloudtrail, "CloudTrailAccessNotEnabledException", || {
            "the service CloudTrail is not trusted in the organization".to_owned()
        })?;
    }
    let prefix = trail.key_prefix.as_deref().unwrap_or_default();
    ensure(prefix.chars().count() <= 200, "InvalidS3PrefixException", || {
        "the key prefix is longer than 200 characters".to_owned()
    })?;
    check_bucket(state, place, name, trail)?;
    check_key(state, place, name, trail)
}

/// Counts trails, including shadow trails, in every region where this one is visible.
fn check_room(state: &State, place: &Place, name: &str, trail: &Trail) -> Done {
    let here = BTreeSet::from([place.region.clone()]);
    let enabled = state.accounts.get(&place.account).map(|account| &account.global.enabled_regions);
    let regions: &BTreeSet<Region> = enabled.filter(|_| trail.multi_region).unwrap_or(&here);
    for region in regions {
        let there = Place::new(place.account.clone(), region.clone());
        let others = state
            .trails_seen_from(&there)
            .filter(|(home, other, _)| !(home == place && *other == name))
            .count();
        ensure(others < TRAILS_PER_REGION, "MaximumNumberOfTrailsExceededException", || {
            format!("{region} has {TRAILS_PER_REGION} trails already")
        })?;
    }
    Ok(())
}

/// Checks that the bucket exists and allows CloudTrail to write for exactly this trail.
///
/// Source: <https://docs.aws.amazon.com/awscloudtrail/latest/userguide/create-s3-bucket-policy-for-cloudtrail.html>
fn check_bucket(state: &State, place: &Place, name: &str, trail: &Trail) -> Done {
    let Some((owner, stored)) = state.bucket(&trail.bucket) else {
        return Err(refuse(
            "S3BucketDoesNotExistException",
            format!("S3 bucket {} does not exist", trail.bucket),
        ));
    };
    let bucket = format!("arn:{}:s3:::{}", place.region.partition(), trail.bucket);
    let prefix = trail.key_prefix.as_ref().map(|prefix| format!("{prefix}/")).unwrap_or_default();
    let logs = format!(
        "{bucket}/{prefix}AWSLogs/{account}/CloudTrail/{region}/2026/11/22/{account}_CloudTrail_{region}_20261122T1200Z_a.json.gz",
        account = place.account,
        region = place.region
    );
    let arn = trail_arn(place, name);
    let context = [
        ("aws:sourcearn", arn.as_str()),
        ("aws:sourceaccount", place.account.as_str()),
        ("aws:securetransport", "true"),
        ("aws:principalisawsservice", "true"),
        ("s3:x-amz-acl", "bucket-owner-full-control"),
        // AWS's own calls use TLS 1.2 at least.
        // https://docs.aws.amazon.com/awscloudtrail/latest/userguide/infrastructure-security.html
        ("s3:tlsversion", "1.2"),
        ("aws:resourceaccount", owner.as_str()),
        ("aws:requestedregion", stored.region.as_str()),
    ];
    for (action, resource) in [("s3:GetBucketAcl", &bucket), ("s3:PutObject", &logs)] {
        let principal = Principal::Service("cloudtrail.amazonaws.com");
        let unsure = &["aws:sourceaccount"];
        let request = Request { principal, action, resource, context: &context, unsure };
        policy::decide(stored.bucket.policy.as_ref(), &request).map_err(|why| {
            refuse(
                "InsufficientS3BucketPolicyException",
                format!("incorrect S3 bucket policy: bucket {} {why}", trail.bucket),
            )
        })?;
    }
    Ok(())
}

/// Checks that the key exists and allows CloudTrail to encrypt with it.
///
/// Source: <https://docs.aws.amazon.com/awscloudtrail/latest/userguide/create-kms-key-policy-for-cloudtrail.html>
fn check_key(state: &State, place: &Place, name: &str, trail: &Trail) -> Done {
    let Some(key) = &trail.kms_key else {
        return Ok(());
    };
    let bucket_region = state.bucket(&trail.bucket).map(|(_, stored)| stored.region.clone());
    let beside = Place::new(place.account.clone(), bucket_region.unwrap_or(place.region.clone()));
    let found = state.key(&beside, key).filter(|(arn, _)| {
        locate(arn, "kms").is_some_and(|(there, _)| there.region == beside.region)
    });
    let Some((key_arn, stored)) = found else {
        return Err(refuse("KmsKeyNotFoundException", format!("there is no key {key}")));
    };
    ensure(!stored.asymmetric, "InvalidKmsKeyIdException", || {
        format!("key {key} is not a symmetric key for encryption")
    })?;
    ensure(stored.enabled, "KmsKeyDisabledException", || format!("key {key} is disabled"))?;
    let arn = trail_arn(place, name);
    let context = [
        ("aws:sourcearn", arn.as_str()),
        ("aws:sourceaccount", place.account.as_str()),
        ("kms:encryptioncontext:aws:cloudtrail:arn", arn.as_str()),
        ("aws:principalisawsservice", "true"),
    ];
    for action in ["kms:GenerateDataKey", "kms:DescribeKey"] {
        // Nothing is encrypted where the key is only described.
        let described = action == "kms:DescribeKey";
        let context: Vec<(&str, &str)> = context
            .into_iter()
            .filter(|(key, _)| !(described && key.starts_with("kms:encryptioncontext")))
            .collect();
        let principal = Principal::Service("cloudtrail.amazonaws.com");
        let unsure = &["aws:sourceaccount"];
        let request = Request { principal, action, resource: &key_arn, context: &context, unsure };
        policy::decide(Some(&stored.policy), &request).map_err(|why| {
            refuse("InsufficientEncryptionPolicyException", format!("key {key} {why}"))
        })?;
    }
    Ok(())
}

#[cfg(test)]
mod tests;
