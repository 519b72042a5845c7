use super::super::buckets;
use super::super::fresh::{self, log_policy};
use super::*;
use ctguard_core::resource::trail::{BasicSelector, DataResource, ReadWrite};
use ctguard_core::scope::AccountId;
use selectors::{Facts, take};
use serde_json::{Value, json};

fn code(done: Done) -> Option<&'static str> {
    done.err().map(|refusal| refusal.code)
}

fn trail() -> Trail {
    Trail {
        bucket: "acme-logs".to_owned(),
        key_prefix: None,
        multi_region: true,
        organization: false,
        global_service_events: true,
        log_file_validation: true,
        kms_key: None,
    }
}

/// A bucket that admits the trail `acme` of this place.
fn with_bucket() -> (State, Place) {
    let (mut state, place) = fresh::for_tests();
    buckets::create(&mut state, &place, "acme-logs", &Tags::default()).expect("created");
    let policy = log_policy(&place, "acme-logs", "acme");
    buckets::put_policy(&mut state, &place, "acme-logs", &policy).expect("policy");
    (state, place)
}

#[test]
fn trail_names_follow_the_rules() {
    let long = "t".repeat(129);
    for (name, good) in [
        ("acme", true),
        ("acme-management.events_1", true),
        ("ab", false),
        ("-acme", false),
        ("acme-", false),
        ("acme--x", false),
        ("acme-_x", false),
        ("ac me", false),
        ("192.168.5.4", false),
        (long.as_str(), false),
    ] {
        assert_eq!(is_trail_name(name), good, "{name}");
    }
}

#[test]
fn a_trail_needs_a_bucket_that_admits_exactly_this_trail() {
    let (mut state, place) = fresh::for_tests();
    let make =
        |state: &mut State, trail: &Trail| code(create(state, &place, "acme", trail, &Tags::new()));
    assert_eq!(make(&mut state, &trail()), Some("S3BucketDoesNotExistException"));
    buckets::create(&mut state, &place, "acme-logs", &Tags::default()).expect("created");
    let insufficient = Some("InsufficientS3BucketPolicyException");
    assert_eq!(make(&mut state, &trail()), insufficient, "without a policy");
    let other = log_policy(&place, "acme-logs", "other");
    buckets::put_policy(&mut state, &place, "acme-logs", &other).expect("policy");
    assert_eq!(make(&mut state, &trail()), insufficient, "for another trail");
    let right = log_policy(&place, "acme-logs", "acme");
    buckets::put_policy(&mut state, &place, "acme-logs", &right).expect("policy");
    let prefixed = Trail { key_prefix: Some("logs".into()), ..trail() };
    assert_eq!(make(&mut state, &prefixed), insufficient, "for another prefix");
    assert_eq!(make(&mut state, &trail()), None);
    let stored = &state.region(&place).trails["acme"];
    assert!(!stored.status.logging, "a new trail does not log");
    assert_eq!(stored.selectors, default_selectors());
}

#[test]
fn a_trail_is_created_once_and_changed_only_at_home() {
    let (mut state, place) = with_bucket();
    let tags = Tags::from([("a".into(), "b".into())]);
    for _ in 0..2 {
        create(&mut state, &place, "acme", &trail(), &tags).expect("created");
    }
    let exists = Some("TrailAlreadyExistsException");
    assert_eq!(code(create(&mut state, &place, "acme", &trail(), &Tags::new())), exists);
    let elsewhere = Place::new(place.account.clone(), Region::new("us-west-2").expect("a region"));
    assert_eq!(code(create(&mut state, &elsewhere, "acme", &trail(), &tags)), exists);
    for done in [
        update(&mut state, &elsewhere, "acme", &trail()),
        start_logging(&mut state, &elsewhere, "acme"),
        put_selectors(&mut state, &elsewhere, "acme", &default_selectors()),
        tag(&mut state, &elsewhere, "acme", &tags),
    ] {
        assert_eq!(code(done), Some("InvalidHomeRegionException"));
    }
    assert_eq!(code(start_logging(&mut state, &place, "other")), Some(MISSING));
    for _ in 0..2 {
        start_logging(&mut state, &place, "acme").expect("started");
        untag(&mut state, &place, "acme", &BTreeSet::from(["a".into()])).expect("untagged");
    }
    assert!(state.region(&place).trails["acme"].status.logging);
    assert!(state.region(&place).trails["acme"].tags.is_empty());
}

#[test]
fn settings_that_cannot_go_together_are_refused() {
    let (mut state, place) = with_bucket();
    for (what, trail, refused) in [
        (
            "no global events",
            Trail { global_service_events: false, ..trail() },
            "InvalidParameterCombinationException",
        ),
        (
            "no organization",
            Trail { organization: true, ..trail() },
            "OrganizationsNotInUseException",
        ),
        (
            "no key",
            Trail { kms_key: Some("alias/none".into()), ..trail() },
            "KmsKeyNotFoundException",
        ),
        (
            "long prefix",
            Trail { key_prefix: Some("p".repeat(201)), ..trail() },
            "InvalidS3PrefixException",
        ),
    ] {
        let done = create(&mut state, &place, "acme", &trail, &Tags::new());
        assert_eq!(code(done), Some(refused), "{what}");
    }
    let bad = create(&mut state, &place, "a b c", &trail(), &Tags::new());
    assert_eq!(code(bad), Some("InvalidTrailNameException"));
}

#[test]
fn a_key_must_be_enabled_and_admit_cloudtrail() {
    let (mut state, place) = with_bucket();
    let encrypted = Trail { kms_key: Some("alias/logs".into()), ..trail() };
    let key = |enabled: bool, principal: &str, describe: &str| {
        serde_json::from_value(json!({
            "aliases": ["alias/logs"], "enabled": enabled,
            "policy": { "Statement": [{
                "Effect": "Allow", "Principal": { "Service": principal },
                "Action": "kms:GenerateDataKey*", "Resource": "*",
                "Condition": { "StringLike": {
                    "kms:EncryptionContext:aws:cloudtrail:arn": "arn:aws:cloudtrail:*:111122223333:trail/*",
                } },
            }, {
                "Effect": "Allow", "Principal": { "Service": principal },
                "Action": describe, "Resource": "*",
            }] },
        }))
        .expect("a key")
    };
    for (enabled, principal, refused) in [
        (false, "cloudtrail.amazonaws.com", Some("KmsKeyDisabledException")),
        (true, "events.amazonaws.com", Some("InsufficientEncryptionPolicyException")),
        (true, "cloudtrail.amazonaws.com", None),
    ] {
        let described = key(enabled, principal, "kms:DescribeKey");
        if refused.is_none() {
            let lacking = key(enabled, principal, "kms:ListGrants");
            state.region_mut(&place).keys.insert("1".to_owned(), lacking);
            let done = create(&mut state, &place, "acme", &encrypted, &Tags::new());
            assert_eq!(code(done), Some("InsufficientEncryptionPolicyException"), "describe");
        }
        state.region_mut(&place).keys.insert("1".to_owned(), described);
        let done = create(&mut state, &place, "acme", &encrypted, &Tags::new());
        assert_eq!(code(done), refused, "{enabled} {principal}");
    }
}

#[test]
fn five_trails_are_the_most_a_region_sees_shadows_counted() {
    let (mut state, place) = with_bucket();
    let elsewhere = Place::new(place.account.clone(), Region::new("us-west-2").expect("a region"));
    create(&mut state, &place, "acme", &trail(), &Tags::new()).expect("created");
    let made = state.region(&place).trails["acme"].clone();
    for n in 0..4 {
        let mut local = made.clone();
        local.trail.multi_region = false;
        state.region_mut(&elsewhere).trails.insert(format!("local{n}"), local);
    }
    // The shadow of a third region's trail takes the fifth place.
    let full = Some("MaximumNumberOfTrailsExceededException");
    state.region_mut(&place).trails.clear();
    let third = Place::new(place.account.clone(), Region::new("us-east-1").expect("a region"));
    state.region_mut(&third).trails.insert("shadow".to_owned(), made);
    assert_eq!(code(create(&mut state, &place, "acme", &trail(), &Tags::new())), full);
    let single = Trail { multi_region: false, ..trail() };
    create(&mut state, &place, "acme", &single, &Tags::new()).expect("only its own region counts");
    assert_eq!(
        code(update(&mut state, &place, "acme", &trail())),
        full,
        "it would be the sixth there"
    );
}

#[test]
fn an_organization_trail_is_seen_by_every_account_of_the_file() {
    let (mut state, place) = with_bucket();
    create(&mut state, &place, "acme", &trail(), &Tags::new()).expect("created");
    let member = AccountId::new("222233334444").expect("an account");
    let global = state.accounts[&place.account].global.clone();
    state.accounts.entry(member.clone()).or_default().global = global;
    let there = Place::new(member, place.region.clone());
    assert_eq!(state.trails_seen_from(&there).count(), 0);
    if let Some(trail) = state.region_mut(&place).trails.get_mut("acme") {
        trail.trail.organization = true;
    }
    assert_eq!(state.trails_seen_from(&there).count(), 1);
}

fn basic(changes: impl FnOnce(&mut BasicSelector)) -> Selectors {
    let mut selector = BasicSelector {
        read_write: ReadWrite::All,
        management_events: true,
        exclude_management_sources: Vec::new(),
        data_resources: Vec::new(),
    };
    changes(&mut selector);
    Selectors::Basic(vec![selector])
}

fn advanced(fields: &[(&str, &str, &[&str])]) -> Selectors {
    let fields = fields.iter().map(|(field, operator, values)| {
        let mut selector = FieldSelector { field: (*field).to_owned(), ..FieldSelector::default() };
        let values = values.iter().map(|&value| value.to_owned()).collect();
        match *operator {
            "=" => selector.equals = values,
            "!=" => selector.not_equals = values,
            _ => selector.starts_with = values,
        }
        selector
    });
    Selectors::Advanced(vec![AdvancedSelector { name: None, fields: fields.collect() }])
}

const MANAGEMENT: (&str, &str, &[&str]) = ("eventCategory", "=", &["Management"]);
const DATA: (&str, &str, &[&str]) = ("eventCategory", "=", &["Data"]);

#[test]
fn selectors_that_cloudtrail_refuses_are_refused() {
    let objects =
        DataResource { resource_type: "AWS::S3::Object".into(), values: vec!["arn:aws:s3".into()] };
    for (what, selectors, good) in [
        ("the default", default_selectors(), true),
        ("all", basic(|_| {}), true),
        ("none", Selectors::Basic(Vec::new()), false),
        ("no advanced one", Selectors::Advanced(Vec::new()), false),
        (
            "kms excluded",
            basic(|s| s.exclude_management_sources = vec!["kms.amazonaws.com".into()]),
            true,
        ),
        (
            "ec2 excluded",
            basic(|s| s.exclude_management_sources = vec!["ec2.amazonaws.com".into()]),
            false,
        ),
        ("nothing taken", basic(|s| s.management_events = false), false),
        (
            "data only",
            basic(|s| {
                s.management_events = false;
                s.data_resources = vec![objects.clone()];
            }),
            true,
        ),
        (
            "unknown type",
            basic(|s| {
                s.data_resources = vec![DataResource {
                    resource_type: "AWS::SNS::Topic".into(),
                    values: vec!["arn:aws:sns".into()],
                }]
            }),
            false,
        ),
        ("no category", advanced(&[("readOnly", "=", &["true"])]), false),
        ("two categories", advanced(&[("eventCategory", "=", &["Management", "Data"])]), false),
        ("write only", advanced(&[MANAGEMENT, ("readOnly", "=", &["false"])]), true),
        ("odd readOnly", advanced(&[MANAGEMENT, ("readOnly", "=", &["no"])]), false),
        (
            "kms and rdsdata",
            advanced(&[
                MANAGEMENT,
                ("eventSource", "!=", &["kms.amazonaws.com", "rdsdata.amazonaws.com"]),
            ]),
            true,
        ),
        ("only kms", advanced(&[MANAGEMENT, ("eventSource", "=", &["kms.amazonaws.com"])]), false),
        (
            "without ec2",
            advanced(&[MANAGEMENT, ("eventSource", "!=", &["ec2.amazonaws.com"])]),
            false,
        ),
        ("by name", advanced(&[MANAGEMENT, ("eventName", "=", &["StopLogging"])]), false),
        ("data without type", advanced(&[DATA]), false),
        (
            "data",
            advanced(&[
                DATA,
                ("resources.type", "=", &["AWS::S3::Object"]),
                ("eventName", "=", &["DeleteObject"]),
            ]),
            true,
        ),
        (
            "unknown field",
            advanced(&[
                DATA,
                ("resources.type", "=", &["AWS::S3::Object"]),
                ("color", "=", &["red"]),
            ]),
            false,
        ),
        ("no value", advanced(&[MANAGEMENT, ("readOnly", "=", &[])]), false),
        ("twice", advanced(&[MANAGEMENT, MANAGEMENT]), false),
    ] {
        assert_eq!(selectors::check(&selectors).is_ok(), good, "{what}");
    }
}

#[test]
fn selectors_take_what_they_name_and_nothing_else() {
    let detail = |source: &str| json!({ "eventSource": source, "eventName": "X", "resources": [{ "type": "AWS::S3::Object", "ARN": "arn:aws:s3:::b/k" }] });
    let objects = |prefix: &str| {
        basic(|s| {
            s.data_resources = vec![DataResource {
                resource_type: "AWS::S3::Object".into(),
                values: vec![prefix.into()],
            }];
        })
    };
    let taken = |selectors: &Selectors, detail: &Value, management, read_only| {
        take(selectors, Facts { detail, management, network: false, read_only }).is_ok()
    };
    let (ec2, kms, s3) =
        (detail("ec2.amazonaws.com"), detail("kms.amazonaws.com"), detail("s3.amazonaws.com"));
    let write_only = basic(|s| s.read_write = ReadWrite::WriteOnly);
    let no_kms = basic(|s| s.exclude_management_sources = vec!["kms.amazonaws.com".into()]);
    let advanced_writes = advanced(&[MANAGEMENT, ("readOnly", "=", &["false"])]);
    let advanced_no_kms = advanced(&[MANAGEMENT, ("eventSource", "!=", &["kms.amazonaws.com"])]);
    let bucket = advanced(&[
        DATA,
        ("resources.type", "=", &["AWS::S3::Object"]),
        ("resources.ARN", "^", &["arn:aws:s3:::b/"]),
    ]);
    let other = advanced(&[
        DATA,
        ("resources.type", "=", &["AWS::S3::Object"]),
        ("resources.ARN", "^", &["arn:aws:s3:::c/"]),
    ]);
    for (what, selectors, detail, management, read_only, expected) in [
        ("default, write", &default_selectors(), &ec2, true, false, true),
        ("default, read", &default_selectors(), &ec2, true, true, true),
        ("default, data", &default_selectors(), &s3, false, false, false),
        ("write only, write", &write_only, &ec2, true, false, true),
        ("write only, read", &write_only, &ec2, true, true, false),
        ("no kms, kms", &no_kms, &kms, true, false, false),
        ("no kms, ec2", &no_kms, &ec2, true, false, true),
        ("advanced writes, read", &advanced_writes, &ec2, true, true, false),
        ("advanced no kms, kms", &advanced_no_kms, &kms, true, false, false),
        ("advanced no kms, ec2", &advanced_no_kms, &ec2, true, false, true),
        ("all buckets", &objects("arn:aws:s3"), &s3, false, false, true),
        ("this bucket", &objects("arn:aws:s3:::b/"), &s3, false, false, true),
        ("another bucket", &objects("arn:aws:s3:::c/"), &s3, false, false, false),
        ("advanced bucket", &bucket, &s3, false, false, true),
        ("advanced other bucket", &other, &s3, false, false, false),
        ("advanced bucket, management", &bucket, &ec2, true, false, false),
    ] {
        assert_eq!(taken(selectors, detail, management, read_only), expected, "{what}");
    }
}
