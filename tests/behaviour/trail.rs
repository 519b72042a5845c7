use crate::world::World;
use crate::world::blueprints::{PLAIN, keeping_a_trail};
use ctguard_core::resource::trail::{AdvancedSelector, FieldSelector, Selectors};
use ctguard_core::scope::Region;
use ctguard_sandbox::state::{Denied, StoredKey};
use serde_json::{Value, json};

#[test]
fn a_second_trail_is_refused_unless_its_cost_is_accepted() {
    let world = World::with_trail(&keeping_a_trail());
    let ran = world.run(&["plan"]).expect(5);
    assert!(ran.out.contains("records management events here already"), "{}", ran.out);
    assert!(ran.out.contains("additional: true"), "{}", ran.out);
    world.write(
        "ctguard.yaml",
        &keeping_a_trail()
            .replace("home_region: us-east-1 }", "home_region: us-east-1, additional: true }"),
    );
    world.run(&["apply", "--yes"]).expect(0);
    world.run(&["plan", "--detailed-exitcode"]).expect(0);
}

#[test]
fn a_foreign_trail_is_corrected_only_when_the_blueprint_adopts_it() {
    let blueprint = PLAIN.to_owned()
        + "\ntrail: { name: management-events, bucket: management-events-111122223333, home_region: us-east-1 }\n";
    let world = World::with_trail(&blueprint);
    world.run(&["sandbox", "break", "stop-trail"]).expect(0);
    let refused = world.run(&["plan"]).expect(5);
    assert!(refused.out.contains("adopt: true"), "{}", refused.out);

    world.write(
        "ctguard.yaml",
        &blueprint.replace("home_region: us-east-1 }", "home_region: us-east-1, adopt: true }"),
    );
    let plan = world.run(&["plan", "--format", "json"]).expect(0).json();
    let adopt = plan["changes"]
        .as_array()
        .unwrap()
        .iter()
        .find(|change| change["action"] == "adopt")
        .unwrap();
    let fields: Vec<_> = adopt["fields"]
        .as_array()
        .unwrap()
        .iter()
        .map(|field| field["path"].as_str().unwrap())
        .collect();
    assert_eq!(
        fields,
        ["logging", "tags"],
        "every field that changes is in the plan, and no other"
    );
    world.run(&["apply", "--yes", "--allow-shared-trail"]).expect(0);
    world.run(&["sandbox", "confirm"]).expect(0);
    world.run(&["verify"]).expect(0);
}

#[test]
fn the_bucket_is_private_versioned_encrypted_and_lets_only_this_trail_in() {
    let world = World::settled(&keeping_a_trail());
    let state = world.state();
    let (_, stored) = state.bucket("acme-logs-111122223333").unwrap();
    assert!(
        stored.bucket.public_access_blocked
            && stored.bucket.versioning
            && stored.bucket.owner_enforced
            && stored.bucket.lifecycle
    );
    assert_ne!(stored.bucket.encryption, ctguard_core::resource::bucket::Encryption::None);
    let policy = stored.bucket.policy.as_ref().unwrap();
    for statement in policy["Statement"].as_array().unwrap() {
        assert_eq!(statement["Principal"]["Service"], "cloudtrail.amazonaws.com");
        let source = &statement["Condition"]["StringEquals"]["aws:SourceArn"];
        assert_eq!(source, "arn:aws:cloudtrail:us-east-1:111122223333:trail/acme-management");
    }
}

#[test]
fn an_apply_killed_inside_the_making_of_the_bucket_goes_on_with_it() {
    let world = World::bare(&keeping_a_trail());
    world.change(|state| {
        state.denied.push(ctguard_sandbox::state::Denied {
            operation: "s3:PutBucketTagging".into(),
            account: None,
            region: None,
        });
    });
    world.run(&["apply", "--yes"]).expect(4);
    assert!(world.state().bucket("acme-logs-111122223333").unwrap().1.tags.is_empty());
    world.change(|state| state.denied.clear());
    world.run(&["apply", "--yes"]).expect(0);
    let state = world.state();
    assert_eq!(state.bucket("acme-logs-111122223333").unwrap().1.tags["ctguard:blueprint"], "acme");
}

#[test]
fn a_bucket_of_others_is_used_as_it_stands() {
    let world = World::with_trail(
        &(PLAIN.to_owned()
            + "\ntrail: { name: acme-management, bucket: management-events-111122223333, home_region: us-east-1, additional: true, foreign_bucket: true }\n"),
    );
    let before =
        serde_json::to_value(world.state()).unwrap()["accounts"]["111122223333"]["global"].clone();
    let ran = world.run(&["apply", "--yes"]).expect(4);
    assert!(ran.out.contains("InsufficientS3BucketPolicyException"), "{}", ran.out);
    assert!(ran.out.contains("is not owned by this blueprint"), "{}", ran.out);
    let after =
        serde_json::to_value(world.state()).unwrap()["accounts"]["111122223333"]["global"].clone();
    assert_eq!(before, after);
}

/// The state with one more account, which owns a bucket of this name.
fn give_bucket_to_somebody_else(world: &World, name: &str) {
    world.change(|state| {
        let own = state.caller.account.clone();
        let account = state.accounts.get_mut(&own).unwrap();
        let bucket = account
            .global
            .buckets
            .remove(name)
            .unwrap_or_else(|| account.global.buckets.values().next().unwrap().clone());
        let other = ctguard_core::scope::AccountId::new("444455556666").unwrap();
        state.accounts.entry(other).or_default().global.buckets.insert(name.to_owned(), bucket);
    });
}

#[test]
fn a_bucket_name_that_is_somebody_elses_holds_its_trail_back() {
    let world = World::with_trail(
        &keeping_a_trail()
            .replace("home_region: us-east-1 }", "home_region: us-east-1, additional: true }"),
    );
    world.run(&["sandbox", "break", "delete-trail"]).expect(0);
    give_bucket_to_somebody_else(&world, "acme-logs-111122223333");
    let ran = world.run(&["plan"]).expect(4);
    assert!(ran.out.contains("another account's"), "{}", ran.out);
    assert!(ran.out.contains("allow s3:ListBucket on it"), "{}", ran.out);
    assert!(!ran.out.contains("+ trail"), "{}", ran.out);
    assert!(!ran.out.contains("gained"), "{}", ran.out);
    world.run(&["apply", "--yes"]).expect(4);
    let calls = world.state();
    let trails = calls.accounts.values().flat_map(|account| account.regions.values());
    assert_eq!(trails.map(|regional| regional.trails.len()).sum::<usize>(), 0);
}

#[test]
fn a_bucket_whose_trail_is_refused_is_not_made() {
    let world = World::with_trail(&keeping_a_trail());
    let ran = world.run(&["plan"]).expect(5);
    assert!(!ran.out.contains("bucket acme-logs-111122223333"), "{}", ran.out);
    world.run(&["apply", "--yes"]);
    assert!(world.state().bucket("acme-logs-111122223333").is_none());
}

/// The common landing zone: a new trail into the bucket of an account that nobody else may read.
#[test]
fn a_new_trail_into_another_accounts_bucket_is_made_and_the_bucket_assumed() {
    let text = keeping_a_trail()
        .replace("home_region: us-east-1 }", "home_region: us-east-1, foreign_bucket: true }");
    let world = World::settled(&text);
    world.run(&["sandbox", "break", "delete-trail"]).expect(0);
    give_bucket_to_somebody_else(&world, "acme-logs-111122223333");
    let ran = world.run(&["plan"]).expect(0);
    assert!(ran.out.contains("+ trail") && ran.out.contains("gained"), "{}", ran.out);
    assert!(ran.out.contains("lets CloudTrail write for trail"), "{}", ran.out);
    world.run(&["apply", "--yes"]).expect(0);
    let ran = world.run(&["verify"]).expect(0);
    assert!(ran.out.contains("assumed log-bucket-policy"), "{}", ran.out);
    world.run(&["plan", "--detailed-exitcode"]).expect(0);
    // What fails for another cause than a denial is no sign of another owner.
    let throttled = ["sandbox", "break", "throttle-calls", "s3:ListBucket"];
    let other = World::bare(&text);
    other.run(&throttled).expect(0);
    other.run(&["plan"]).expect(4);
}

/// Lets CloudTrail refuse the trail for its key, which is another account's and does not exist: no
/// plan knows that.
fn with_a_key_that_is_gone() -> World {
    World::bare(&keeping_a_trail().replace(
        "home_region: us-east-1 }",
        "home_region: us-east-1, kms_key: \"arn:aws:kms:us-east-1:444455556666:key/1a2b3c4d-0000-0000-0000-000000000000\" }",
    ))
}

#[test]
fn a_bucket_whose_trail_is_refused_in_an_apply_is_deleted_again() {
    let world = with_a_key_that_is_gone();
    let ran = world.run(&["apply", "--yes"]).expect(4);
    assert!(ran.out.contains("KmsKeyNotFoundException"), "{}", ran.out);
    assert!(ran.out.contains("taken back"), "{}", ran.out);
    let state = world.state();
    assert!(state.bucket("acme-logs-111122223333").is_none());
    // What has no name of its own in all of AWS stays, and the next apply goes on with it.
    let place = state.places().remove(0);
    assert!(!state.region(&place).topics.is_empty());

    // Where it may not be deleted, that is said with the command.
    let world = with_a_key_that_is_gone();
    let denied = Denied { operation: "s3:DeleteBucket".to_owned(), account: None, region: None };
    world.change(|state| state.denied.push(denied));
    let ran = world.run(&["apply", "--yes"]).expect(4);
    assert!(ran.out.contains("left behind"), "{}", ran.out);
    assert!(ran.out.contains("aws s3api delete-bucket --bucket acme-logs"), "{}", ran.out);
    assert!(world.state().bucket("acme-logs-111122223333").is_some());
}

#[test]
fn a_bucket_that_was_there_before_is_not_deleted_with_a_refused_trail() {
    let world = World::settled(&keeping_a_trail());
    world.run(&["sandbox", "break", "delete-trail"]).expect(0);
    let denied =
        Denied { operation: "cloudtrail:CreateTrail".to_owned(), account: None, region: None };
    world.change(|state| state.denied.push(denied));
    world.run(&["apply", "--yes"]).expect(4);
    assert!(world.state().bucket("acme-logs-111122223333").is_some());
}

/// A bucket that cannot be told from this trail's by its ACL check alone.
#[test]
fn a_foreign_bucket_that_lets_no_file_be_written_is_told() {
    let text = keeping_a_trail()
        .replace("home_region: us-east-1 }", "home_region: us-east-1, foreign_bucket: true }");
    let world = World::settled(&text);
    world.change(|state| {
        let account = state.caller.account.clone();
        let buckets = &mut state.accounts.get_mut(&account).unwrap().global.buckets;
        let stored = buckets.get_mut("acme-logs-111122223333").unwrap();
        stored.tags.clear();
        stored.bucket.versioning = false;
        let policy = stored.bucket.policy.as_mut().unwrap();
        let statements = policy["Statement"].as_array_mut().unwrap();
        statements.retain(|one| one["Action"] != "s3:PutObject");
    });
    let ran = world.run(&["verify", "--strict"]).expect(3);
    assert!(ran.out.contains("log-bucket-policy"), "{}", ran.out);
    assert!(ran.out.contains("log-bucket-versioning"), "{}", ran.out);
}

/// The log bucket of a landing zone is in an account of its own, which nobody else may read.
#[test]
fn a_trail_that_writes_to_another_accounts_bucket_is_no_gap() {
    let world = World::settled(&keeping_a_trail());
    give_bucket_to_somebody_else(&world, "acme-logs-111122223333");
    let ran = world.run(&["plan", "--detailed-exitcode"]).expect(0);
    assert!(ran.out.contains("cannot be read here"), "{}", ran.out);
    let ran = world.run(&["verify"]).expect(0);
    assert!(ran.out.contains("assumed log-bucket-policy"), "{}", ran.out);
    world.run(&["verify", "--strict"]).expect(3);
    let ran = world.run(&["drift"]).expect(0);
    assert!(!ran.out.contains("everything could be read"), "{}", ran.out);
    assert!(ran.out.contains("1 object could not be read and is assumed"), "{}", ran.out);
    for verb in ["plan", "drift"] {
        let told = world.run(&[verb]).expect(0).out;
        let told = told.split_whitespace().collect::<Vec<_>>().join(" ");
        assert!(told.contains("Either the name is somebody else's"), "{verb}: {told}");
        assert!(told.contains("or `s3:ListBucket` is missing here"), "{verb}: {told}");
    }
    // One that has stopped shows nothing.
    world.run(&["sandbox", "break", "stop-trail"]).expect(0);
    world.run(&["plan"]).expect(4);
}

/// A denial that names a policy is about this account: the bucket may be gone.
#[test]
fn an_own_log_bucket_that_cannot_be_read_is_not_known() {
    for operation in ["s3:ListBucket", "s3:GetLifecycleConfiguration", "s3:GetBucketPolicy"] {
        let world = World::settled(&keeping_a_trail());
        world.run(&["sandbox", "break", "deny-calls", operation]).expect(0);
        for verb in [&["plan"][..], &["drift"], &["verify"], &["verify", "--strict"]] {
            let ran = world.run(verb).expect(4);
            assert!(ran.out.contains(operation), "{verb:?} {operation}: {}", ran.out);
            assert!(!ran.out.contains("everything could be read"), "{}", ran.out);
        }
    }
}

#[test]
fn selectors_are_widened_and_what_others_selected_stays() {
    let world = World::settled(&keeping_a_trail());
    let field = |name: &str, value: &str| FieldSelector {
        field: name.into(),
        equals: vec![value.into()],
        ..Default::default()
    };
    let data = AdvancedSelector {
        name: Some("objects".into()),
        fields: vec![field("eventCategory", "Data"), field("resources.type", "AWS::S3::Object")],
    };
    let reads = AdvancedSelector {
        name: None,
        fields: vec![field("eventCategory", "Management"), field("readOnly", "true")],
    };
    world.change(|state| {
        let place = ctguard_core::scope::Place::new(
            state.caller.account.clone(),
            "us-east-1".to_owned().try_into().unwrap(),
        );
        let trail = state.region_mut(&place).trails.get_mut("acme-management").unwrap();
        trail.selectors = Selectors::Advanced(vec![reads, data.clone()]);
    });
    let verify = world.run(&["verify"]).expect(3);
    assert!(verify.out.contains("selectors-drop-writes"), "{}", verify.out);
    world.run(&["apply", "--yes"]).expect(0);
    world.run(&["verify"]).expect(0);
    let state = world.state();
    let trail = state
        .accounts
        .values()
        .flat_map(|a| a.regions.values())
        .find_map(|r| r.trails.get("acme-management"))
        .unwrap();
    let Selectors::Advanced(list) = &trail.selectors else { panic!("the form changed") };
    let by_field = |selector: &AdvancedSelector| {
        let mut selector = selector.clone();
        selector.fields.sort_by(|a, b| a.field.cmp(&b.field));
        selector
    };
    assert!(list.iter().any(|one| by_field(one) == by_field(&data)), "{list:#?}");
}

#[test]
fn a_trail_outside_the_regions_covered_is_read_in_its_home() {
    let world = World::with_trail(
        &PLAIN
            .replace("[us-east-1, eu-west-1]", "[eu-west-1]")
            .replace("iam:CreateUser", "ec2:CreateVpc"),
    );
    world.run(&["apply", "--yes"]).expect(0);
    world.run(&["sandbox", "confirm"]).expect(0);
    // The trail lives in us-east-1: its selectors are read there, though no rule is.
    world.run(&["verify"]).expect(0);
}

#[test]
fn control_towers_trail_is_never_taken_over() {
    let blueprint = keeping_a_trail()
        .replace("acme-management", "aws-controltower-BaselineCloudTrail")
        .replace("home_region: us-east-1 }", "home_region: us-east-1, adopt: true }");
    let world = World::with_trail(&blueprint);
    world.change(|state| {
        for account in state.accounts.values_mut() {
            for regional in account.regions.values_mut() {
                if let Some((_, trail)) = regional.trails.pop_first() {
                    regional.trails.insert("aws-controltower-BaselineCloudTrail".into(), trail);
                }
            }
        }
    });
    let before = world.state();
    let ran = world.run(&["plan"]).expect(5);
    assert!(ran.out.contains("Control Tower"), "{}", ran.out);
    world.run(&["apply", "--yes"]).expect(5);
    let trails = |state: &ctguard_sandbox::State| {
        let regions = state.accounts.values().flat_map(|account| account.regions.values());
        regions.flat_map(|regional| regional.trails.clone()).collect::<Vec<_>>()
    };
    assert_eq!(trails(&before), trails(&world.state()));
}

#[test]
fn a_name_that_a_trail_has_elsewhere_is_refused_and_nothing_is_written_from_here() {
    // The trail is at home in us-east-1: its shadow in eu-west-1 is not one to change.
    let blueprint = PLAIN.to_owned()
        + "\ntrail: { name: management-events, bucket: acme-logs-111122223333, home_region: eu-west-1, adopt: true, additional: true }\n";
    let world = World::with_trail(&blueprint);
    let ran = world.run(&["plan"]).expect(5);
    assert!(ran.out.contains("us-east-1") && ran.out.contains("home_region"), "{}", ran.out);
    let trail = |world: &World| {
        serde_json::to_value(world.state()).unwrap()["accounts"]["111122223333"]["regions"]["us-east-1"]["trails"].clone()
    };
    let before = trail(&world);
    world.run(&["apply", "--yes"]);
    assert_eq!(before, trail(&world));
}

#[test]
fn every_field_of_an_adopted_trail_that_changes_is_in_the_plan() {
    let blueprint = PLAIN.to_owned()
        + "\ntrail: { name: management-events, bucket: management-events-111122223333, home_region: us-east-1, adopt: true }\n";
    let world = World::with_trail(&blueprint);
    world.change(|state| {
        for account in state.accounts.values_mut() {
            for regional in account.regions.values_mut() {
                for trail in regional.trails.values_mut() {
                    trail.trail.multi_region = false;
                    trail.trail.global_service_events = false;
                    trail.trail.log_file_validation = false;
                    trail.status.logging = false;
                    trail.selectors = Selectors::Advanced(vec![AdvancedSelector {
                        name: None,
                        fields: vec![
                            FieldSelector {
                                field: "eventCategory".into(),
                                equals: vec!["Management".into()],
                                ..Default::default()
                            },
                            FieldSelector {
                                field: "readOnly".into(),
                                equals: vec!["true".into()],
                                ..Default::default()
                            },
                        ],
                    }]);
                }
            }
        }
    });
    let plan = world.run(&["plan", "--format", "json"]).expect(0).json();
    let adopt =
        plan["changes"].as_array().unwrap().iter().find(|change| change["action"] == "adopt");
    let fields: Vec<_> = adopt.unwrap()["fields"]
        .as_array()
        .unwrap()
        .iter()
        .map(|field| field["path"].as_str().unwrap())
        .collect();
    let expected = [
        "multi_region",
        "global_service_events",
        "log_file_validation",
        "selectors",
        "logging",
        "tags",
    ];
    assert_eq!(fields, expected);
    world.run(&["apply", "--yes", "--allow-shared-trail"]).expect(0);
    world.run(&["sandbox", "confirm"]).expect(0);
    world.run(&["verify"]).expect(0);
}

/// Takes everything off the trail's bucket that ctguard gave it.
fn strip_bucket(world: &World, all: bool) {
    world.change(|state| {
        let account = state.caller.account.clone();
        let buckets = &mut state.accounts.get_mut(&account).unwrap().global.buckets;
        let stored = buckets.get_mut("acme-logs-111122223333").unwrap();
        stored.tags.clear();
        if all {
            stored.bucket.policy = None;
            stored.bucket.versioning = false;
            stored.bucket.public_access_blocked = false;
        }
    });
}

#[test]
fn a_bucket_that_lost_its_tag_is_refused_by_every_verb_until_it_is_taken_back() {
    for all in [false, true] {
        let world = World::settled(&keeping_a_trail());
        let before = serde_json::to_value(world.state()).unwrap();
        strip_bucket(&world, all);
        for verb in [&["plan"][..], &["drift"], &["apply", "--yes"]] {
            let ran = world.run(verb).expect(5);
            assert!(ran.out.contains("acme-logs-111122223333"), "{verb:?}: {}", ran.out);
            assert!(ran.out.contains("ctguard:blueprint=acme"), "{verb:?}: {}", ran.out);
        }
        if all {
            let ran = world.run(&["verify", "--strict"]).expect(3);
            assert!(ran.out.contains("log-bucket-policy"), "{}", ran.out);
        }
        world.run(&["apply", "--adopt", "--yes"]).expect(0);
        world.run(&["plan", "--detailed-exitcode"]).expect(0);
        world.run(&["verify", "--strict"]).expect(0);
        let after = serde_json::to_value(world.state()).unwrap();
        let bucket = "/accounts/111122223333/global/buckets";
        assert_eq!(after.pointer(bucket), before.pointer(bucket));
    }
}

#[test]
fn a_trail_is_not_made_while_its_bucket_is_refused() {
    let world = World::bare(&keeping_a_trail());
    world.run(&["apply", "--yes"]).expect(0);
    world.run(&["sandbox", "break", "delete-trail"]).expect(0);
    strip_bucket(&world, false);
    let ran = world.run(&["plan"]).expect(5);
    assert!(!ran.out.contains("+ trail") && !ran.out.contains("gained"), "{}", ran.out);
}

/// Somebody's prefix stays as it is, and so what it breaks is no apply's to mend.
#[test]
fn a_prefix_that_the_buckets_policy_does_not_admit_is_drift_with_the_prefix_named() {
    let world = World::settled(&keeping_a_trail());
    world.run(&["drift"]).expect(0);
    world.change(|state| {
        for account in state.accounts.values_mut() {
            for region in account.regions.values_mut() {
                region.trails.values_mut().for_each(|of| of.trail.key_prefix = Some("p".into()));
            }
        }
    });
    let drift = world.run(&["drift"]).expect(2);
    for said in ["log-bucket-policy", "below the prefix `p`", "--s3-key-prefix"] {
        assert!(drift.out.contains(said), "{said}: {}", drift.out);
    }
    assert!(!drift.out.contains("No drift"), "{}", drift.out);
}

/// A condition of the key's policy that is not decided leaves CloudTrail's own report.
#[test]
fn what_cloudtrail_reports_of_the_blueprints_trail_is_drift() {
    const KEY: &str = "arn:aws:kms:us-east-1:111122223333:key/1a2b3c4d-0000-0000-0000-000000000000";
    let keyed = keeping_a_trail().replace(
        "home_region: us-east-1 }",
        &format!("home_region: us-east-1, additional: true, kms_key: '{KEY}' }}"),
    );
    let world = World::with_trail("version: 1\nname: other\nregions: [us-east-1]\nalerts: []\n");
    let condition = |world: &World, condition: Value| {
        world.change(|state| {
            let account = state.accounts.values_mut().next().unwrap();
            let region = account.regions.entry(Region::new("us-east-1").unwrap()).or_default();
            let service = json!({ "Effect": "Allow", "Resource": "*", "Condition": condition,
                "Principal": { "Service": "cloudtrail.amazonaws.com" },
                "Action": ["kms:GenerateDataKey*", "kms:DescribeKey"] });
            let key = StoredKey {
                aliases: Default::default(),
                enabled: true,
                aws_managed: false,
                asymmetric: false,
                policy: json!({ "Version": "2012-10-17", "Statement": [service] }),
            };
            region.keys.insert("1a2b3c4d-0000-0000-0000-000000000000".to_owned(), key);
        });
    };
    condition(&world, json!({}));
    world.write("ctguard.yaml", &keyed);
    world.run(&["apply", "--yes", "-q"]);
    world.run(&["sandbox", "confirm"]);
    world.run(&["drift"]).expect(0);
    condition(&world, json!({ "StringEquals": { "aws:SourceOrgID": "o-zzzzzzzzzz" } }));
    let drift = world.run(&["drift"]).expect(2);
    assert!(drift.out.contains("cannot") && drift.out.contains(KEY), "{}", drift.out);
    assert!(!drift.out.contains("the bucket refuses CloudTrail"), "{}", drift.out);

    world.change(|state| {
        let regions = state.accounts.values_mut().flat_map(|account| account.regions.values_mut());
        regions.for_each(|region| region.keys.clear());
    });
    let drift = world.run(&["drift"]).expect(2);
    let said = "Name a key that exists in `trail.kms_key`";
    assert!(drift.out.contains(said) && !drift.out.contains("Allow cloudtrail"), "{}", drift.out);
}
