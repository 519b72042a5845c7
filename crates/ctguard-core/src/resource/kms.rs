//! Names of KMS keys: the same key has an id, an ARN, and aliases.

use crate::scope::{Arn, Place};

/// Whether two names are of one key, as far as the names tell: by id or ARN, of the key or of one
/// alias of it.
///
/// Source: <https://docs.aws.amazon.com/kms/latest/developerguide/concepts.html#key-id>
pub fn same_name(a: Option<&str>, b: Option<&str>, place: &Place) -> bool {
    match (a, b) {
        (Some(a), Some(b)) => arn(a, place) == arn(b, place),
        (a, b) => a.is_none() && b.is_none(),
    }
}

/// Whether `live` may be the key that the alias `wanted` stands for: CloudTrail shows a trail's key
/// by its own ARN, whatever name it was given, and the alias is not looked up.
///
/// Source: <https://docs.aws.amazon.com/awscloudtrail/latest/APIReference/API_Trail.html>
pub fn may_be_alias(wanted: Option<&str>, live: Option<&str>) -> bool {
    let (Some(wanted), Some(live)) = (wanted.and_then(Arn::parse), live.and_then(Arn::parse))
    else {
        return false;
    };
    let beside = wanted.account == live.account && wanted.region == live.region;
    beside && wanted.resource.starts_with("alias/") && live.resource.starts_with("key/")
}

/// Whether a key, by any of its names, is of the account and region of a place.
pub fn is_in(name: &str, place: &Place) -> bool {
    Arn::parse(name).is_none_or(|arn| {
        arn.account == place.account.as_str() && arn.region == place.region.as_str()
    })
}

fn arn(name: &str, place: &Place) -> String {
    match name {
        _ if name.starts_with("arn:") => name.to_owned(),
        _ if name.starts_with("alias/") => place.arn("kms", name),
        id => place.arn("kms", &format!("key/{id}")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::scope::{AccountId, Region};

    const KEY: &str = "arn:aws:kms:eu-west-1:111122223333:key/k1";
    const ALIAS: &str = "arn:aws:kms:eu-west-1:111122223333:alias/a";

    #[test]
    fn a_key_is_the_same_by_id_and_by_arn() {
        let place = Place::new(
            AccountId::new("111122223333").expect("an account"),
            Region::new("eu-west-1").expect("a region"),
        );
        for (a, b, same) in [
            (Some("k1"), Some(KEY), true),
            (Some("alias/a"), Some(ALIAS), true),
            (None, None, true),
            (Some("k2"), Some(KEY), false),
            (Some("alias/a"), Some(KEY), false),
            (None, Some(KEY), false),
        ] {
            assert_eq!(same_name(a, b, &place), same, "{a:?} {b:?}");
        }
        assert!(may_be_alias(Some(ALIAS), Some(KEY)));
        let elsewhere = "arn:aws:kms:eu-west-1:444455556666:key/k1";
        for (wanted, live) in
            [(ALIAS, elsewhere), (KEY, "arn:aws:kms:eu-west-1:111122223333:key/k2")]
        {
            assert!(!may_be_alias(Some(wanted), Some(live)), "{wanted} {live}");
        }
    }
}
