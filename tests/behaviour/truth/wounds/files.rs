//! Log files: buckets and keys of the trails.

use super::super::hands::{deny, trails};
use super::Wound;
use ctguard_core::resource::bucket::{Bucket, Expiration, Expires};
use ctguard_core::scope::Place;
use ctguard_sandbox::State;
use serde_json::{Value, json};

pub const WOUNDS: &[(&str, Wound)] = &[
    ("delete the buckets", |s, _, _| {
        s.accounts.values_mut().for_each(|a| a.global.buckets.clear())
    }),
    ("shut the buckets", |s, _, _| {
        for account in s.accounts.values_mut() {
            account.global.buckets.values_mut().for_each(|bucket| bucket.bucket.policy = None);
        }
    }),
    ("deny log files", |s, _, _| {
        buckets(s, |bucket| {
            let mut deny = deny(None);
            (deny["Action"], deny["Resource"]) = (json!("s3:PutObject"), json!("arn:aws:s3:::*"));
            deny["Condition"] =
                json!({ "StringEquals": { "s3:x-amz-acl": "bucket-owner-full-control" } });
            let statements = bucket.policy.as_mut().and_then(|p| p["Statement"].as_array_mut());
            statements.into_iter().for_each(|all| all.push(deny.clone()));
        })
    }),
    ("deny digests", |s, _, _| {
        buckets(s, |bucket| {
            let mut deny = deny(None);
            deny["Action"] = json!("s3:PutObject");
            deny["Resource"] = json!("arn:aws:s3:::*/AWSLogs/*/CloudTrail-Digest/*");
            let statements = bucket.policy.as_mut().and_then(|p| p["Statement"].as_array_mut());
            statements.into_iter().for_each(|all| all.push(deny.clone()));
        })
    }),
    ("let another account delete files", |s, _, _| {
        buckets(s, |bucket| {
            let who = json!({ "AWS": "arn:aws:iam::999988887777:root" });
            let all = json!({ "Sid": "other", "Effect": "Allow", "Principal": who,
                "Action": "s3:DeleteObject*", "Resource": "arn:aws:s3:::*" });
            let statements = bucket.policy.as_mut().and_then(|p| p["Statement"].as_array_mut());
            statements.into_iter().for_each(|list| list.push(all.clone()));
        })
    }),
    ("let another account delete under conditions", |s, _, _| {
        let who = json!({ "AWS": "999988887777" });
        let multi_factor = json!({ "Bool": { "aws:MultiFactorAuthPresent": "true" } });
        let address = json!({ "IpAddress": { "aws:SourceIp": "192.0.2.0/24" } });
        deletes(s, who.clone(), multi_factor);
        deletes(s, who, address);
    }),
    ("let another account delete under conditions that it never meets", |s, _, _| {
        let who = json!({ "AWS": "999988887777" });
        deletes(s, who.clone(), json!({ "StringEquals": { "aws:PrincipalAccount": "1" } }));
        deletes(s, who, json!({ "Bool": { "aws:PrincipalIsAWSService": "true" } }));
        let own = json!({ "StringEquals": { "aws:PrincipalAccount": "111122223333" } });
        deletes(s, json!("*"), own);
    }),
    ("let the organization delete files", |s, _, _| {
        let all = json!({ "StringEquals": { "aws:PrincipalOrgID": "o-a1b2c3d4e5" } });
        deletes(s, json!({ "AWS": "*" }), all);
    }),
    ("let anybody read files", |s, _, _| {
        buckets(s, |bucket| {
            bucket.public_access_blocked = false;
            let all = json!({ "Sid": "open", "Effect": "Allow", "Principal": "*",
                "Action": "s3:GetObject", "Resource": "arn:aws:s3:::*" });
            let statements = bucket.policy.as_mut().and_then(|p| p["Statement"].as_array_mut());
            statements.into_iter().for_each(|list| list.push(all.clone()));
        })
    }),
    ("deny other files", |s, _, _| {
        buckets(s, |bucket| {
            let mut deny = deny(None);
            deny["Action"] = json!("s3:PutObject");
            deny["Resource"] = json!("arn:aws:s3:::acme-logs-111122223333/reports/*");
            let statements = bucket.policy.as_mut().and_then(|p| p["Statement"].as_array_mut());
            statements.into_iter().for_each(|all| all.push(deny.clone()));
        })
    }),
    ("let log files expire", |s, _, _| buckets(s, |bucket| expire(bucket, "AWSLogs/", 30))),
    ("let log files expire after years", |s, _, _| buckets(s, |bucket| expire(bucket, "", 2_555))),
    ("let other files expire", |s, _, _| buckets(s, |bucket| expire(bucket, "reports/", 1))),
    ("open the buckets", |s, _, _| {
        for account in s.accounts.values_mut() {
            let buckets = account.global.buckets.values_mut();
            buckets.for_each(|bucket| bucket.bucket.public_access_blocked = false);
        }
    }),
    ("stop keeping versions", |s, _, _| {
        for account in s.accounts.values_mut() {
            let buckets = account.global.buckets.values_mut();
            buckets.for_each(|bucket| bucket.bucket.versioning = false);
        }
    }),
    ("log files cannot be encrypted", |s, _, _| {
        trails(s, |t| t.status.latest_delivery_error = Some("KMS.DisabledException".into()))
    }),
    ("the key of log files shuts CloudTrail out", |s, _, _| encrypt_logs(s, true, false)),
    ("the key of log files is disabled", |s, _, _| encrypt_logs(s, false, true)),
    ("log files cannot be written", |s, _, _| {
        trails(s, |t| t.status.latest_delivery_error = Some("SlowDown".into()))
    }),
    ("digests cannot be written", |s, _, _| {
        trails(s, |t| t.status.latest_digest_delivery_error = Some("AccessDenied".into()))
    }),
];

fn buckets(s: &mut State, change: impl Fn(&mut Bucket)) {
    for account in s.accounts.values_mut() {
        account.global.buckets.values_mut().for_each(|stored| change(&mut stored.bucket));
    }
}

fn expire(bucket: &mut Bucket, prefix: &str, days: i32) {
    let rule = Expiration {
        rule: "theirs".into(),
        prefix: prefix.into(),
        expires: Expires::Days(days),
        by_size: false,
    };
    bucket.expirations.push(rule);
}

/// Encrypts the files of every trail with a key of its home.
fn encrypt_logs(state: &mut State, enabled: bool, admits: bool) {
    for (account, held) in &mut state.accounts {
        for (region, here) in &mut held.regions {
            let place = Place::new(account.clone(), region.clone());
            let own: Vec<_> = here.trails.values_mut().collect();
            if own.is_empty() {
                continue;
            }
            own.into_iter().for_each(|trail| {
                trail.trail.kms_key = Some(place.arn("kms", "key/logs"));
            });
            let service = if admits { "cloudtrail.amazonaws.com" } else { "events.amazonaws.com" };
            let key = json!({ "aliases": [], "enabled": enabled, "policy": { "Statement": [{
                "Effect": "Allow", "Principal": { "Service": service },
                "Action": ["kms:GenerateDataKey*", "kms:DescribeKey"], "Resource": "*",
            }] } });
            let key = serde_json::from_value(key).expect("a key");
            here.keys.insert("logs".to_owned(), key);
        }
    }
}

/// Lets somebody delete files, under a condition.
fn deletes(state: &mut State, who: Value, condition: Value) {
    buckets(state, |bucket| {
        let one = json!({ "Sid": "other", "Effect": "Allow", "Principal": who.clone(),
            "Action": "s3:DeleteObject", "Resource": "arn:aws:s3:::*", "Condition": condition.clone() });
        let statements = bucket.policy.as_mut().and_then(|p| p["Statement"].as_array_mut());
        statements.into_iter().for_each(|list| list.push(one.clone()));
    });
}
