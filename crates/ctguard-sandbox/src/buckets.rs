//! S3: the buckets that trails write to.

use super::policy::form;
use super::refusal::{Done, Refusal, check_tags, deny, ensure, refuse};
use super::state::{State, StoredBucket, locate};
use ctguard_core::resource::Tags;
use ctguard_core::resource::bucket::{Bucket, Encryption};
use ctguard_core::scope::{AccountId, Place};
use serde_json::Value;
use std::net::Ipv4Addr;

/// Whether a bucket can have this name.
///
/// Source: <https://docs.aws.amazon.com/AmazonS3/latest/userguide/bucketnamingrules.html>
pub fn is_bucket_name(name: &str) -> bool {
    let plain = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit();
    let ends = name.bytes().next().is_some_and(plain) && name.bytes().last().is_some_and(plain);
    let reserved = ["xn--", "sthree-", "amzn-s3-demo-"].iter().any(|start| name.starts_with(start))
        || ["-s3alias", "--ol-s3", ".mrap", "--x-s3", "--table-s3"]
            .iter()
            .any(|end| name.ends_with(end));
    (3..=63).contains(&name.len())
        && name.bytes().all(|byte| plain(byte) || b".-".contains(&byte))
        && ends
        && !name.contains("..")
        && name.parse::<Ipv4Addr>().is_err()
        && !reserved
}

/// Creates a bucket as S3 makes them: private, encrypted by S3, without access-control lists.
/// Succeeds if this account has it in this region; names are unique across accounts.
///
/// Source: <https://docs.aws.amazon.com/AmazonS3/latest/userguide/create-bucket-faq.html>
pub fn create(state: &mut State, place: &Place, name: &str, tags: &Tags) -> Done {
    check_tags(tags, &Tags::new(), "InvalidTag")?;
    ensure(is_bucket_name(name), "InvalidBucketName", || format!("`{name}` is not a bucket name"))?;
    if let Some((owner, there)) = state.bucket(name) {
        ensure(*owner == place.account, "BucketAlreadyExists", || {
            format!("the requested bucket name {name} is not available")
        })?;
        return ensure(there.region == place.region, "BucketAlreadyOwnedByYou", || {
            format!("bucket {name} is yours already, in {}", there.region)
        });
    }
    let bucket = Bucket {
        public_access_blocked: true,
        versioning: false,
        encryption: Encryption::S3Managed,
        owner_enforced: true,
        lifecycle: false,
        expirations: Vec::new(),
        policy: None,
    };
    let new = StoredBucket { region: place.region.clone(), bucket, tags: tags.clone(), objects: 0 };
    let account = state.accounts.entry(place.account.clone()).or_default();
    account.global.buckets.insert(name.to_owned(), new);
    Ok(())
}

/// Deletes an empty bucket; succeeds if it is gone.
///
/// Source: <https://docs.aws.amazon.com/AmazonS3/latest/API/API_DeleteBucket.html>
pub fn delete(state: &mut State, place: &Place, name: &str) -> Done {
    if find(state, &place.account, name)?.is_none() {
        return Ok(());
    }
    edit(state, place, name, |stored| {
        ensure(stored.objects == 0, "BucketNotEmpty", || {
            "the bucket you tried to delete is not empty".to_owned()
        })
    })?;
    if let Some(account) = state.accounts.get_mut(&place.account) {
        account.global.buckets.remove(name);
    }
    Ok(())
}

/// Changes a setting that needs no check.
pub fn set(state: &mut State, place: &Place, name: &str, change: impl FnOnce(&mut Bucket)) -> Done {
    edit(state, place, name, |stored| {
        change(&mut stored.bucket);
        Ok(())
    })
}

/// Sets the default encryption, which cannot be turned off.
pub fn put_encryption(state: &mut State, place: &Place, name: &str, wanted: &Encryption) -> Done {
    let good = match wanted {
        Encryption::None => false,
        Encryption::S3Managed | Encryption::Kms(None) => true,
        Encryption::Kms(Some(key)) => {
            locate(key, "kms").is_none_or(|(there, _)| there.region == place.region)
        }
    };
    edit(state, place, name, |stored| {
        ensure(good, "InvalidArgument", || "that is not a default encryption".to_owned())?;
        stored.bucket.encryption = wanted.clone();
        Ok(())
    })
}

/// Replaces the policy.
pub fn put_policy(state: &mut State, place: &Place, name: &str, policy: &Value) -> Done {
    let arn = format!("arn:{}:s3:::{name}", place.region.partition());
    edit(state, place, name, |stored| {
        form::check_bucket(policy, &arn).map_err(|why| refuse("MalformedPolicy", why))?;
        if stored.bucket.public_access_blocked && form::is_public(policy) {
            let why = "public policies are blocked by the BlockPublicPolicy setting";
            return Err(deny("AccessDenied", why));
        }
        stored.bucket.policy = Some(policy.clone());
        Ok(())
    })
}

/// Replaces all tags.
pub fn put_tagging(state: &mut State, place: &Place, name: &str, tags: &Tags) -> Done {
    edit(state, place, name, |stored| {
        check_tags(tags, &Tags::new(), "InvalidTag")?;
        stored.tags = tags.clone();
        Ok(())
    })
}

/// Finds a bucket that this account may read.
pub fn find<'a>(
    state: &'a State,
    account: &AccountId,
    name: &str,
) -> Result<Option<&'a StoredBucket>, Refusal> {
    match state.bucket(name) {
        None => Ok(None),
        Some((owner, stored)) if owner == account => Ok(Some(stored)),
        // Of a bucket in the same organization S3 names the policy, and of any other nothing.
        // <https://docs.aws.amazon.com/AmazonS3/latest/userguide/troubleshoot-403-errors.html>
        Some((owner, _))
            if state.membership(account).is_some() && state.membership(owner).is_some() =>
        {
            Err(deny(
                "AccessDenied",
                format!(
                    "User: {} is not authorized to perform: s3:ListBucket on resource: \"arn:aws:s3:::{name}\" because no resource-based policy allows the s3:ListBucket action",
                    state.caller.arn
                ),
            ))
        }
        Some(_) => Err(deny("AccessDenied", "Access Denied")),
    }
}

fn edit(
    state: &mut State,
    place: &Place,
    name: &str,
    change: impl FnOnce(&mut StoredBucket) -> Done,
) -> Done {
    let there = find(state, &place.account, name)?;
    let there =
        there.ok_or_else(|| refuse("NoSuchBucket", format!("bucket {name} does not exist")))?;
    ensure(there.region == place.region, "PermanentRedirect", || {
        format!("bucket {name} is in {}", there.region)
    })?;
    let account = state.accounts.get_mut(&place.account);
    match account.and_then(|account| account.global.buckets.get_mut(name)) {
        Some(stored) => change(stored),
        None => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::super::fresh;
    use super::*;
    use ctguard_core::scope::Region;
    use serde_json::json;

    fn code(done: Done) -> Option<&'static str> {
        done.err().map(|refusal| refusal.code)
    }

    #[test]
    fn bucket_names_follow_the_rules_and_are_unique_among_accounts() {
        let (mut state, place) = fresh::for_tests();
        for bad in
            ["ab", "Logs", "-logs", "logs-", "a..b", "10.0.0.1", "xn--logs", "lo_gs", "logs--x-s3"]
        {
            assert_eq!(
                code(create(&mut state, &place, bad, &Tags::default())),
                Some("InvalidBucketName"),
                "{bad}"
            );
        }
        for _ in 0..2 {
            create(&mut state, &place, "acme-logs", &Tags::default()).expect("created");
        }
        let elsewhere = Region::new("us-west-2").expect("a region");
        let elsewhere = Place::new(place.account.clone(), elsewhere);
        assert_eq!(
            code(create(&mut state, &elsewhere, "acme-logs", &Tags::default())),
            Some("BucketAlreadyOwnedByYou")
        );
        assert_eq!(
            code(put_tagging(&mut state, &elsewhere, "acme-logs", &Tags::new())),
            Some("PermanentRedirect")
        );
        let stranger = AccountId::new("999988887777").expect("an account");
        let stranger = Place::new(stranger, place.region.clone());
        assert_eq!(
            code(create(&mut state, &stranger, "acme-logs", &Tags::default())),
            Some("BucketAlreadyExists")
        );
        assert_eq!(
            code(put_tagging(&mut state, &stranger, "acme-logs", &Tags::new())),
            Some("AccessDenied")
        );
    }

    #[test]
    fn a_new_bucket_is_private_and_refuses_what_would_open_it() {
        let (mut state, place) = fresh::for_tests();
        assert_eq!(
            code(put_policy(&mut state, &place, "acme-logs", &json!({}))),
            Some("NoSuchBucket")
        );
        create(&mut state, &place, "acme-logs", &Tags::default()).expect("created");
        let policy = |who| json!({ "Statement": { "Effect": "Allow", "Principal": who, "Action": "s3:GetObject", "Resource": "arn:aws:s3:::acme-logs/*" } });
        assert_eq!(
            code(put_policy(&mut state, &place, "acme-logs", &policy("*"))),
            Some("AccessDenied")
        );
        assert_eq!(
            code(put_policy(&mut state, &place, "acme-logs", &json!({ "Statement": [] }))),
            Some("MalformedPolicy")
        );
        assert_eq!(
            code(put_encryption(&mut state, &place, "acme-logs", &Encryption::None)),
            Some("InvalidArgument")
        );
        set(&mut state, &place, "acme-logs", |bucket| bucket.versioning = true).expect("set");
        let stored = state.bucket("acme-logs").map(|(_, stored)| stored.bucket.clone());
        let stored = stored.expect("the bucket");
        assert!(stored.public_access_blocked && stored.owner_enforced && stored.versioning);
    }
}
