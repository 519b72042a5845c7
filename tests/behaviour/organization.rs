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
