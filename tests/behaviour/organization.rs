//! An organization's trail, as its members see it: late, or never.

use crate::world::World;
use crate::world::blueprints::PLAIN;

const MANAGEMENT: &str = "111122223333";
const MEMBER: &str = "222233334444";
const BUCKET: &str = "acme-logs-111122223333";

/// A bare organization of two accounts, and a blueprint that keeps a trail for both.
fn organization() -> World {
    let world = World::empty();
    let accounts = "accounts:\n  - organization: { role: ctguard }\n";
    let trail = format!(
        "trail: {{ name: acme-everybody, bucket: {BUCKET}, account: \"{MANAGEMENT}\", organization: true, home_region: us-east-1 }}\n"
    );
    let hub = format!("hub: {{ account: \"{MANAGEMENT}\", region: us-east-1 }}\n");
    let text = PLAIN.replace("name: acme\n", &format!("name: acme\n{accounts}{hub}"));
    world.write("ctguard.yaml", &format!("{text}{trail}"));
    let new = ["sandbox", "new", "--bare", "--organization"];
    let accounts = ["--account", MANAGEMENT, "--account", MEMBER];
    world.run(&[&new[..], &accounts].concat()).expect(0);
    world
}

fn heard(world: &World) -> usize {
    let state = world.state();
    let regions = state.accounts.values().flat_map(|account| account.regions.values());
    regions.map(|region| region.outbox.len()).sum()
}

#[test]
fn the_run_that_makes_the_trail_does_not_find_it_in_the_members_and_the_next_one_does() {
    let world = organization();
    let ran = world.run(&["plan"]).expect(0);
    assert!(ran.out.contains("some minutes after this one"), "{}", ran.out);
    world.run(&["apply", "--yes"]).expect(0);
    world.run(&["sandbox", "confirm"]).expect(0);
    world.run(&["verify"]).expect(0);
    world.run(&["plan", "--detailed-exitcode"]).expect(0);
}

#[test]
fn plan_and_verify_agree_on_a_trail_that_members_do_not_show() {
    let world = organization();
    world.run(&["apply", "--yes"]).expect(0);
    world.run(&["sandbox", "confirm"]).expect(0);
    world.run(&["sandbox", "break", "keep-from-members"]).expect(0);
    let before = world.state();
    let plan = world.run(&["plan", "--detailed-exitcode"]).expect(0);
    let verify = world.run(&["verify"]).expect(3);
    for said in [&plan.out, &verify.out] {
        let said = said.split_whitespace().collect::<Vec<_>>().join(" ");
        assert!(said.contains("trail/acme-everybody is an organization trail and logs"), "{said}");
        assert!(said.contains("does not show it yet"), "{said}");
        assert!(said.contains("list-aws-service-access-for-organization"), "{said}");
        assert!(!said.contains("gained"), "{said}");
    }
    assert!(verify.out.contains("trail-not-shown"), "{}", verify.out);
    assert!(!verify.out.contains("Run `ctguard apply`"), "{}", verify.out);
    let drift = world.run(&["drift"]).expect(2);
    assert!(
        drift.out.contains("trail-not-shown") && !drift.out.contains("No drift"),
        "{}",
        drift.out
    );
    world.run(&["apply", "--yes"]).expect(0);
    assert_eq!(world.state(), before, "there is nothing to apply");
    // The sandbox delivers what the proof says: of the management account alone.
    let send = ["sandbox", "send", "ec2:CreateRoute", "--region", "eu-west-1", "--account"];
    let before = heard(&world);
    world.run(&[&send[..], &[MEMBER]].concat()).expect(0);
    assert_eq!(heard(&world), before);
    world.run(&[&send[..], &[MANAGEMENT]].concat()).expect(0);
    assert_eq!(heard(&world), before + 1);
}

#[test]
fn a_trail_that_trusted_access_has_left_is_told_by_verify_and_drift() {
    let world = organization();
    world.run(&["apply", "--yes"]).expect(0);
    world.run(&["sandbox", "confirm"]).expect(0);
    world.run(&["drift"]).expect(0);
    world.run(&["sandbox", "break", "distrust-cloudtrail"]).expect(0);
    let verify = world.run(&["verify"]).expect(3);
    let drift = world.run(&["drift"]).expect(2);
    for said in [&verify.out, &drift.out] {
        assert!(said.contains("trail-not-shown"), "{said}");
        assert!(!said.contains("No drift"), "{said}");
    }
    let json = world.run(&["drift", "--format", "json"]).expect(2);
    assert!(json.out.contains("trail-not-shown"), "{}", json.out);
}

/// A trail of the member's own that is stopped is not why nothing is recorded.
#[test]
fn a_member_with_a_trail_of_its_own_that_is_stopped_waits_for_the_organizations() {
    let world = organization();
    world.run(&["apply", "--yes"]).expect(0);
    world.run(&["sandbox", "confirm"]).expect(0);
    world.run(&["sandbox", "break", "keep-from-members"]).expect(0);
    world.change(|state| {
        let home = |account: &str| {
            ctguard_core::scope::Place::new(
                ctguard_core::scope::AccountId::new(account).unwrap(),
                ctguard_core::scope::Region::new("us-east-1").unwrap(),
            )
        };
        let mut own = state.region(&home(MANAGEMENT)).trails["acme-everybody"].clone();
        own.trail.organization = false;
        own.status.logging = false;
        own.tags.clear();
        state.region_mut(&home(MEMBER)).trails.insert("own".to_owned(), own);
    });
    let ran = world.run(&["verify"]).expect(3);
    assert!(ran.out.contains("trail-not-shown"), "{}", ran.out);
    assert!(!ran.out.contains("trail-not-logging"), "{}", ran.out);
}

#[test]
fn without_trusted_access_the_trail_is_refused_and_its_bucket_is_taken_back() {
    let world = organization();
    world.run(&["sandbox", "break", "distrust-cloudtrail"]).expect(0);
    let ran = world.run(&["apply", "--yes"]).expect(4);
    let said = ran.out.split_whitespace().collect::<Vec<_>>().join(" ");
    assert!(said.contains("CloudTrailAccessNotEnabledException"), "{said}");
    assert!(said.contains("enable-aws-service-access --service-principal cloudtrail"), "{said}");
    assert!(said.contains("taken back"), "{said}");
    assert!(world.state().bucket(BUCKET).is_none());
    world.change(|state| {
        state.organization.as_mut().unwrap().distrusts_cloudtrail = false;
    });
    world.run(&["apply", "--yes"]).expect(0);
    assert!(world.state().bucket(BUCKET).is_some());
}

fn words(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

/// Applied and heard in both accounts.
fn settled() -> World {
    let world = organization();
    world.run(&["apply", "--yes"]).expect(0);
    world.run(&["sandbox", "confirm"]).expect(0);
    world.run(&["verify"]).expect(0);
    world
}

/// Lets an account without anything in it join.
fn join(world: &World, id: &str) {
    use ctguard_sandbox::fresh::{AccountKind, new_account};
    let account = ctguard_core::scope::AccountId::new(id).unwrap();
    let regions = ["us-east-1", "eu-west-1"];
    let regions = regions.map(|name| ctguard_core::scope::Region::new(name).unwrap());
    world.change(|state| {
        state.accounts.extend(new_account(AccountKind::Bare, &account, &regions).accounts);
        let organization = state.organization.as_mut().unwrap();
        let mut member = organization.members.values().next_back().unwrap().clone();
        member.name = "late".to_owned();
        organization.members.insert(account, member);
    });
}

/// What is there hears on; only the newcomer is silent until an apply.
#[test]
fn a_member_that_joined_lately_is_silent_alone_until_an_apply() {
    let world = settled();
    join(&world, "333344445555");
    let text = words(&world.run(&["verify"]).expect(3).out);
    assert!(text.contains("3 broken, 0 unknown, 0 assumed, 6 proven"), "{text}");
    let plan = words(&world.run(&["plan"]).expect(0).out);
    assert!(plan.contains("gained in 2 places") && !plan.contains("lost"), "{plan}");
    let drift = world.run(&["drift"]).expect(2);
    assert!(!drift.out.contains("No drift"), "{}", drift.out);
    world.run(&["apply", "--yes"]).expect(0);
    world.run(&["verify"]).expect(0);
    world.run(&["drift"]).expect(0);
    world.run(&["plan", "--detailed-exitcode"]).expect(0);
    let before = heard(&world);
    let send = ["sandbox", "send", "ec2:CreateRoute", "--region", "eu-west-1", "--account"];
    world.run(&[&send[..], &["333344445555"]].concat()).expect(0);
    assert_eq!(heard(&world), before + 1);
}

/// An account that is suspended or being closed cannot be entered, and is no gap.
#[test]
fn a_member_that_is_suspended_is_left_out_and_comes_back() {
    use ctguard_sandbox::state::MemberStatus;
    for status in [MemberStatus::Suspended, MemberStatus::PendingClosure] {
        let world = settled();
        let set = |status: MemberStatus| {
            world.change(|state| {
                let members = &mut state.organization.as_mut().unwrap().members;
                members.values_mut().next_back().unwrap().status = status;
            });
        };
        set(status);
        let plan = words(&world.run(&["plan"]).expect(0).out);
        assert!(plan.contains("everything could be read"), "{plan}");
        assert!(plan.contains("reach everybody everywhere, now and after"), "{plan}");
        let verify = words(&world.run(&["verify"]).expect(0).out);
        assert!(verify.contains("0 broken, 0 unknown, 0 assumed, 3 proven"), "{verify}");
        world.run(&["apply", "--yes"]).expect(0);
        world.run(&["drift"]).expect(0);
        set(MemberStatus::Active);
        let verify = words(&world.run(&["verify"]).expect(3).out);
        assert!(
            verify.contains("3 broken, 0 unknown, 0 assumed, 3 proven"),
            "the management account is heard: {verify}"
        );
        world.run(&["apply", "--yes"]).expect(0);
        world.run(&["verify"]).expect(0);
        world.run(&["drift"]).expect(0);
    }
}

/// A region that the blueprint lists and an account has not enabled: said with the way out, and
/// nothing that is there is touched.
#[test]
fn a_region_that_is_off_is_unknown_and_the_line_that_leaves_it_out_leads_on() {
    let world = settled();
    let text = world.read("ctguard.yaml");
    let more = text.replace("[us-east-1, eu-west-1]", "[us-east-1, eu-west-1, ap-east-1]");
    world.write("ctguard.yaml", &more);
    let before = world.state();
    for verb in [&["plan"][..], &["drift"], &["verify"], &["apply", "--yes"]] {
        let ran = world.run(verb).expect(4);
        let said = words(&format!("{} {}", ran.out, ran.err));
        assert!(said.contains("The region ap-east-1 is not enabled"), "{verb:?}: {said}");
        assert!(said.contains("region: ap-east-1, reason: not enabled"), "{verb:?}: {said}");
        assert!(!said.contains("No changes") && !said.contains("No drift"), "{verb:?}: {said}");
    }
    let rules = |state: &ctguard_sandbox::State| {
        state
            .accounts
            .values()
            .flat_map(|account| account.regions.values())
            .map(|r| r.rules.len())
            .sum::<usize>()
    };
    assert_eq!(rules(&world.state()), rules(&before));
    // What is enabled is asked for by account, so nothing is off there.
    let enabled = text.replace("regions: [us-east-1, eu-west-1]", "regions: enabled");
    world.write("ctguard.yaml", &enabled);
    world.run(&["plan", "--detailed-exitcode"]).expect(0);
    world.run(&["verify"]).expect(0);
}

/// The reach of the organization's trail is changed only when that is allowed, and verify says so.
#[test]
fn the_remedies_of_a_trail_in_one_region_lead_on_when_they_are_followed() {
    let world = settled();
    world.run(&["sandbox", "break", "single-region-trail"]).expect(0);
    let verify = words(&world.run(&["verify"]).expect(3).out);
    assert!(verify.contains("Run `ctguard apply --allow-shared-trail`"), "{verify}");
    assert_eq!(verify.matches("broken trail-not-here").count(), 1, "told once: {verify}");
    world.run(&["apply", "--yes", "--allow-shared-trail"]).expect(0);
    world.run(&["verify"]).expect(0);
    // A trail of others: the command as it stands makes it record everything.
    world.run(&["sandbox", "break", "single-region-trail"]).expect(0);
    let text = world.read("ctguard.yaml");
    let without = text.split("trail: {").next().unwrap().to_owned();
    world.write("ctguard.yaml", &without);
    world.change(|state| {
        let here = state.accounts.values_mut().flat_map(|account| account.regions.values_mut());
        here.flat_map(|region| region.trails.values_mut()).for_each(|trail| trail.tags.clear());
    });
    let verify = words(&world.run(&["verify"]).expect(3).out);
    assert!(verify.contains("--is-multi-region-trail --include-global-service-events"), "{verify}");
}

/// The log account of a landing zone: S3 names the policy that lacks, as the organization is one.
#[test]
fn a_bucket_of_another_account_of_the_organization_is_assumed_and_that_is_said() {
    let world = organization();
    world.change(|state| {
        let member = ctguard_core::scope::AccountId::new(MEMBER).unwrap();
        let region = ctguard_core::scope::Region::new("us-east-1").unwrap();
        let sources = ["arn:aws:cloudtrail:us-east-1:111122223333:trail/acme-everybody"];
        let policy = serde_json::json!({ "Version": "2012-10-17", "Statement": [{
            "Effect": "Allow", "Principal": { "Service": "cloudtrail.amazonaws.com" },
            "Action": ["s3:GetBucketAcl", "s3:PutObject"],
            "Resource": [format!("arn:aws:s3:::{BUCKET}"), format!("arn:aws:s3:::{BUCKET}/*")],
            "Condition": { "StringEquals": { "aws:SourceArn": sources } },
        }] });
        let bucket =
            ctguard_core::resource::bucket::Bucket { policy: Some(policy), ..Default::default() };
        let stored = ctguard_sandbox::state::StoredBucket {
            region,
            bucket,
            tags: Default::default(),
            objects: 1,
        };
        state.accounts.get_mut(&member).unwrap().global.buckets.insert(BUCKET.to_owned(), stored);
    });
    let plan = words(&world.run(&["plan"]).expect(0).out);
    assert!(plan.contains("another account's of the organization"), "{plan}");
    assert!(plan.contains("+ trail") && plan.contains("gained"), "{plan}");
    assert!(!plan.contains("+ bucket"), "{plan}");
    world.run(&["apply", "--yes"]).expect(0);
    world.run(&["sandbox", "confirm"]).expect(0);
    // What is assumed is no reason to fail, but where nothing may be assumed.
    world.run(&["verify"]).expect(0);
    let strict = world.run(&["verify", "--strict"]).expect(3);
    assert!(strict.out.contains("assumed log-bucket-policy"), "{}", strict.out);
    world.run(&["plan", "--detailed-exitcode"]).expect(0);
    let drift = world.run(&["drift"]).expect(0);
    assert!(drift.out.contains("could not be read and is assumed"), "{}", drift.out);
    // Once the trail is there, it may also be a name that was lost: said until the blueprint knows.
    for verb in ["plan", "drift"] {
        let told = words(&world.run(&[verb]).expect(0).out);
        assert!(told.contains("somebody else has its name now"), "{verb}: {told}");
        assert!(told.contains("`foreign_bucket: true`"), "{verb}: {told}");
    }
}
