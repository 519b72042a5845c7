use crate::world::World;
use crate::world::blueprints::{PLAIN, keeping_a_trail};
use ctguard_sandbox::state::Denied;

#[test]
fn shows_everything_that_a_first_apply_makes() {
    let world = World::bare(&keeping_a_trail());
    insta::assert_snapshot!(world.run(&["plan", "-q"]).expect(0).seen());
}

#[test]
fn exits_2_for_changes_only_when_asked() {
    let world = World::with_trail(PLAIN);
    world.run(&["plan"]).expect(0);
    world.run(&["plan", "--detailed-exitcode"]).expect(2);
    world.run(&["apply", "--yes"]).expect(0);
    world.run(&["plan", "--detailed-exitcode"]).expect(0);
}

#[test]
fn is_data_with_the_same_content_as_its_text() {
    let world = World::with_trail(PLAIN);
    let plan = world.run(&["plan", "--format", "json"]).expect(0).json();
    assert_eq!(plan["ctguard_plan"], 1);
    assert_eq!(plan["as_of"], "2026-11-22");
    let changes = plan["changes"].as_array().unwrap();
    let text = world.run(&["plan"]).out;
    assert!(text.contains(&format!("{} to create", changes.len())), "{text}");
    let rules: Vec<_> = changes.iter().filter(|c| c["address"]["kind"] == "rule").collect();
    // CreateUser is a global service's event: it lands in us-east-1 only.
    assert_eq!(rules.len(), 3, "{rules:#?}");
    for change in changes {
        let needed: Vec<_> = change["needs"].as_array().into_iter().flatten().collect();
        for need in needed {
            let before = changes.iter().position(|other| other["address"] == *need);
            let here = changes.iter().position(|other| other["address"] == change["address"]);
            assert!(before < here, "{change:#?} comes before what it needs");
        }
    }
}

#[test]
fn a_foreign_object_in_the_way_is_a_refusal_that_names_it() {
    let world = World::settled(&keeping_a_trail());
    world
        .run(&["sandbox", "break", "strip-tags", "ctguard-acme-route", "--region", "us-east-1"])
        .expect(0);
    let ran = world.run(&["plan"]).expect(5);
    assert!(ran.out.contains("rule ctguard-acme-route in 111122223333/us-east-1"), "{}", ran.out);
    assert!(ran.out.contains("ctguard:blueprint=acme"), "{}", ran.out);
    assert!(ran.out.contains("1 refused; "), "nothing of a foreign rule is planned: {}", ran.out);
    assert!(!ran.out.contains("No changes"), "{}", ran.out);
    assert!(!ran.out.contains("lost in"), "an apply leaves it as it is: {}", ran.out);
    let json = world.run(&["plan", "--format", "json"]).expect(5).json();
    for effect in json["effects"].as_array().unwrap() {
        assert_eq!(effect["alerting_after"], effect["alerting_now"], "{effect}");
        assert_eq!(effect["alerting_now"], effect["places"], "{effect}");
    }
    let markdown = world.run(&["plan", "--format", "markdown"]).expect(5);
    assert!(!markdown.out.contains("No changes"), "{}", markdown.out);
}

#[test]
fn what_cannot_be_read_is_listed_and_never_in_sync() {
    let world = World::settled(&keeping_a_trail());
    world.change(|state| {
        state.denied.push(Denied {
            operation: "events:ListRules".into(),
            account: None,
            region: Some("eu-west-1".to_owned().try_into().unwrap()),
        });
    });
    let ran = world.run(&["plan"]).expect(4);
    assert!(
        ran.out.contains("? rules  111122223333/eu-west-1\n      events:ListRules failed"),
        "{}",
        ran.out
    );
    assert!(ran.out.contains("1 part could not be read"), "{}", ran.out);
    assert!(ran.out.contains("What would change is not known; "), "{}", ran.out);
}

#[test]
fn warns_when_no_trail_covers_an_event() {
    let world = World::bare(PLAIN);
    let ran = world.run(&["plan"]).expect(0);
    assert!(ran.out.contains("no trail covers the region"), "{}", ran.out);
    assert!(ran.out.contains("Add `trail:` to the blueprint"), "{}", ran.out);
    assert!(ran.out.contains("stays silent in "), "{}", ran.out);
}

#[test]
fn an_event_that_lands_out_of_scope_is_an_error_that_names_the_region() {
    let world = World::with_trail(&PLAIN.replace("[us-east-1, eu-west-1]", "[eu-west-1]"));
    let ran = world.run(&["plan"]).expect(64);
    assert!(ran.err.contains("event-out-of-scope"), "{}", ran.err);
    assert!(ran.err.contains("us-east-1"), "{}", ran.err);
    assert!(ran.err.contains("iam:CreateUser"), "{}", ran.err);
}

#[test]
fn enabled_regions_are_read_and_exceptions_hold_until_their_date() {
    let regions =
        "{ enabled: true, except: [{ region: eu-west-1, reason: closed, until: 2026-12-01 }] }";
    let world = World::with_trail(&PLAIN.replace("[us-east-1, eu-west-1]", regions));
    let now = world.run(&["plan"]).expect(0);
    assert!(now.out.contains("1 region: us-east-1"), "{}", now.out);
    assert!(now.out.contains("Left out by an exception"), "{}", now.out);
    let later = world.run(&["plan", "--as-of", "2026-12-02"]).expect(0);
    assert!(later.out.contains("2 regions: eu-west-1, us-east-1"), "{}", later.out);
}

#[test]
fn an_exception_past_its_date_is_drift() {
    let except = "    except: [{ where: { userIdentity.arn: [\"arn:aws:iam::111122223333:user/deploy\"] }, reason: pipeline, until: 2026-12-31 }]\n  - id: new-user";
    let world = World::settled(&keeping_a_trail().replace("  - id: new-user", except));
    world.run(&["drift"]).expect(0);
    let ran = world.run(&["drift", "--as-of", "2027-01-01"]).expect(2);
    assert!(ran.out.contains("ctguard-acme-route"), "{}", ran.out);
    assert!(ran.out.contains("anything-but"), "the diff shows the exception going: {}", ran.out);
}

#[test]
fn narrowing_to_a_region_looks_at_nothing_else() {
    let world = World::with_trail(PLAIN);
    let ran = world.run(&["plan", "--region", "eu-west-1"]).expect(0);
    assert!(!ran.out.contains("us-east-1"), "{}", ran.out);
    world.run(&["plan", "--region", "ap-south-1"]).expect(64);
}

#[test]
fn says_why_an_alert_stays_silent_when_no_apply_can_mend_it() {
    let existing =
        PLAIN.replace("topic: secops", "topic_arn: \"arn:aws:sns:{region}:{account}:central\"");
    let world = World::with_trail(&existing);
    let ran = world.run(&["plan"]).expect(0);
    assert!(ran.out.contains("stays silent in "), "{}", ran.out);
    assert!(ran.out.contains("arn:aws:sns:{region}:111122223333:central"), "{}", ran.out);
    assert!(ran.out.contains("it does not exist"), "{}", ran.out);
}

#[test]
fn an_alert_that_goes_counts_each_place_once_and_only_where_somebody_hears() {
    let many: String = (0..6)
        .map(|n| {
            format!(
                "  d{n}: {{ topic: d{n}, format: json, subscribers: [{{ lambda: \"arn:aws:lambda:us-east-1:111122223333:function:f{n}\" }}] }}\n"
            )
        })
        .collect();
    let two_rules = PLAIN
        .replace("regions: [us-east-1, eu-west-1]", "regions: [us-east-1]")
        .replace("routes:", &format!("{many}routes:"))
        .replace("why: Routes", "notify: [d0, d1, d2, d3, d4, d5]\n    why: Routes");
    let world = World::with_trail(&two_rules);
    world.run(&["apply", "--yes"]).expect(0);
    world.write("ctguard.yaml", &two_rules.replace("id: route", "id: gone-route").replace(
        "id: gone-route\n    title: A route was made\n    risk: high\n    events: [ec2:CreateRoute]",
        "id: other\n    title: Other\n    risk: high\n    events: [ec2:DeleteRoute]",
    ));
    let plan = world.run(&["plan", "--format", "json"]).expect(0).json();
    let effects = plan["effects"].as_array().unwrap();
    let gone = effects.iter().find(|effect| effect["alert"] == "route").unwrap();
    assert_eq!((&gone["places"], &gone["alerting_now"]), (&1.into(), &1.into()), "{gone}");

    world.run(&["sandbox", "break", "disable-rule", "ctguard-acme-route"]).expect(0);
    world.run(&["sandbox", "break", "disable-rule", "ctguard-acme-route.2"]).expect(0);
    let plan = world.run(&["plan", "--format", "json"]).expect(0).json();
    let effects = plan["effects"].as_array().unwrap();
    let gone = effects.iter().find(|effect| effect["alert"] == "route").unwrap();
    assert_eq!(gone["alerting_now"], 0, "a rule that is off reaches nobody: {gone}");
}
