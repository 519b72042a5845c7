use crate::world::World;
use crate::world::blueprints::{PLAIN, keeping_a_trail};
use ctguard_sandbox::state::{Denied, StoredFunction};

#[test]
fn a_verdict_reads_worst_first() {
    let world = World::settled(&keeping_a_trail());
    world.run(&["sandbox", "break", "stop-trail"]).expect(0);
    world
        .run(&["sandbox", "break", "disable-rule", "ctguard-acme-route", "--region", "eu-west-1"])
        .expect(0);
    insta::assert_snapshot!(world.run(&["verify", "-q"]).expect(3).seen());
}

#[test]
fn a_pending_subscriber_is_somebody_who_does_not_hear() {
    let world = World::bare(&keeping_a_trail());
    world.run(&["apply", "--yes"]).expect(0);
    let ran = world.run(&["verify"]).expect(3);
    assert!(ran.out.contains("subscriber-pending"), "{}", ran.out);
    world.run(&["plan", "--detailed-exitcode"]).expect(0);
}

#[test]
fn what_cannot_be_read_is_unknown_and_exits_4() {
    for (operation, code) in [
        ("cloudtrail:DescribeTrails", "trail-missing"),
        ("cloudtrail:GetTrailStatus", "trail-not-logging"),
        ("cloudtrail:GetEventSelectors", "selectors-unread"),
        ("events:ListRules", "rule-missing"),
        ("events:ListTargetsByRule", "target-missing"),
        ("sns:GetTopicAttributes", "topic-missing"),
        ("sns:ListSubscriptionsByTopic", "subscriber-missing"),
    ] {
        let world = World::settled(&keeping_a_trail());
        world.change(|state| {
            state.denied.push(Denied { operation: operation.into(), account: None, region: None })
        });
        let report = world.run(&["verify", "--format", "json"]).expect(4).json();
        let links = report["links"].as_array().unwrap();
        assert!(!links.is_empty(), "{operation}");
        for link in links {
            assert_eq!(
                (link["status"].as_str(), link["code"].as_str()),
                (Some("unknown"), Some(code)),
                "{operation}: {link:#?}"
            );
            assert!(link["cause"].as_str().unwrap().contains(operation), "{link:#?}");
        }
    }
}

#[test]
fn read_only_events_need_the_wide_state() {
    let blueprint =
        keeping_a_trail().replace("events: [iam:CreateUser]", "events: [sts:AssumeRole]");
    let world = World::settled(&blueprint);
    world
        .run(&[
            "sandbox",
            "break",
            "enable-rule-plain",
            "ctguard-acme-new-user",
            "--region",
            "eu-west-1",
        ])
        .expect(0);
    let ran = world.run(&["verify"]).expect(3);
    assert!(ran.out.contains("rule-state"), "{}", ran.out);
    world.run(&["apply", "--yes"]).expect(0);
    world.run(&["verify"]).expect(0);
}

#[test]
fn dead_letters_that_wait_fail_the_check() {
    let world = World::settled(&keeping_a_trail());
    world.run(&["sandbox", "break", "rewrite-topic-policy", "--region", "eu-west-1"]).expect(0);
    world.run(&["sandbox", "send", "ec2:CreateRoute", "--region", "eu-west-1"]).expect(0);
    world.run(&["apply", "--yes"]).expect(0);
    let ran = world.run(&["verify"]).expect(3);
    assert!(ran.out.contains("dead-letters"), "{}", ran.out);
    assert!(ran.out.contains("ctguard-acme-targets"), "{}", ran.out);
}

#[test]
fn every_subscriber_of_every_kind_is_followed() {
    let subscribers = r#"
  secops: { topic: secops, format: text, subscribers: [{ email: secops@acme.example }] }
  siem: { topic: siem, format: json, subscribers: [{ sqs: "arn:aws:sqs:eu-west-1:111122223333:siem" }, { https: "https://hooks.acme.example/in" }, { lambda: "arn:aws:lambda:eu-west-1:111122223333:function:triage" }] }
  chat: { topic: chat, format: chat, subscribers: [{ chat: "arn:aws:chatbot::111122223333:chat-configuration/slack-channel/secops" }] }
"#;
    let blueprint = keeping_a_trail()
        .replace("  secops: { topic: secops, format: text, subscribers: [{ email: secops@acme.example }] }\n", &subscribers[1..])
        .replace("high: [secops]", "high: [secops, siem, chat]");
    let world = World::bare(&blueprint);
    world.change(|state| {
        let place = ctguard_core::scope::Place::new(
            state.caller.account.clone(),
            "eu-west-1".to_owned().try_into().unwrap(),
        );
        state.region_mut(&place).queues.insert("siem".into(), Default::default());
    });
    world.run(&["apply", "--yes"]).expect(0);
    world.run(&["sandbox", "confirm"]).expect(0);
    let report = world.run(&["verify", "--format", "json"]).expect(3).json();
    let links = report["links"].as_array().unwrap();
    let status = |part: &str| {
        let link = links.iter().find(|link| link["object"].as_str().unwrap().contains(part));
        link.map(|link| {
            (link["code"].as_str().unwrap().to_owned(), link["status"].as_str().unwrap().to_owned())
        })
    };
    // The queue's own policy lets nobody in, and it is not ctguard's to change.
    assert_eq!(status("sqs:"), Some(("queue-policy".into(), "broken".into())), "{links:#?}");
    // Nor is the function, which is not there: GetPolicy finds nothing.
    assert_eq!(status("lambda:"), Some(("function-policy".into(), "broken".into())));
    assert_eq!(status("chatbot"), Some(("chat-missing".into(), "assumed".into())));
    assert_eq!(status("https:"), None, "a confirmed endpoint is proven");
    assert_eq!(status("email:"), None);
}

#[test]
fn strict_fails_on_what_is_only_assumed() {
    let blueprint = keeping_a_trail().replace(
        "{ email: secops@acme.example }",
        "{ lambda: \"arn:aws:lambda:us-east-1:999988887777:function:triage\" }",
    );
    let world = World::bare(&blueprint);
    world.run(&["apply", "--yes"]).expect(0);
    world.run(&["sandbox", "confirm"]).expect(0);
    // The policy of another account's function cannot be read.
    world.run(&["verify"]).expect(0);
    world.run(&["verify", "--strict"]).expect(3);
}

/// What a version or alias lets in is its own affair; the last deployed one has no policy that could say so.
#[test]
fn a_function_that_subscribes_is_judged_by_the_policy_of_what_is_subscribed() {
    let home = ctguard_core::scope::Region::new("us-east-1").unwrap();
    for (what, opened, code, status) in [
        ("triage", "triage", 0, None),
        ("triage", "triage:prod", 3, Some("broken")),
        ("triage:prod", "triage:prod", 0, None),
        ("triage:prod", "triage", 3, Some("broken")),
        ("triage:prod", "triage:test", 3, Some("broken")),
        ("triage:$LATEST", "triage", 0, Some("assumed")),
    ] {
        let arn = |what: &str| format!("arn:aws:lambda:us-east-1:111122223333:function:{what}");
        let subscriber = format!("{{ lambda: \"{}\" }}", arn(what));
        let blueprint = keeping_a_trail().replace("{ email: secops@acme.example }", &subscriber);
        let world = World::bare(&blueprint);
        let policy = Some(crate::truth::town::allow(
            "sns.amazonaws.com",
            "lambda:InvokeFunction",
            &arn(opened),
        ));
        world.change(|state| {
            let place = ctguard_core::scope::Place::new(state.caller.account.clone(), home.clone());
            let mut function = StoredFunction::default();
            match opened.split_once(':') {
                Some((_, alias)) => drop(function.qualifiers.insert(alias.to_owned(), policy)),
                None => function.policy = policy,
            }
            state.region_mut(&place).functions.insert("triage".into(), function);
        });
        world.run(&["apply", "--yes"]).expect(0);
        let report = world.run(&["verify", "--format", "json"]).expect(code).json();
        let links = report["links"].as_array().unwrap();
        let found = links.iter().find(|link| link["code"] == "function-policy");
        assert_eq!(found.map(|link| link["status"].as_str().unwrap()), status, "{what} {opened}");
        // The evidence of a proven link is the policy that proves it.
        if status.is_none() {
            let told = world.run(&["explain", "route", "--format", "json"]).expect(0).json();
            let links = told["alerts"][0]["chains"][0]["links"].as_array().unwrap();
            let live = links.iter().find(|link| link["code"] == "function-policy").unwrap();
            let statement = &live["live"]["function_policy"]["statements"][0];
            assert_eq!(statement["Resource"], arn(opened), "{live:#}");
        }
    }
}

#[test]
fn an_alert_without_a_route_is_said_to_be_unrouted() {
    let world = World::with_trail(&PLAIN.replace("medium: [secops]", "medium: []"));
    let ran = world.run(&["verify"]);
    assert!(ran.out.contains("unrouted new-user"), "{}", ran.out);
}

/// The account's trail becomes the organization's, kept by another account.
fn of_the_organization(world: &World) -> String {
    of_the_organization_in(world, "us-east-1")
}

fn of_the_organization_in(world: &World, home: &str) -> String {
    let name = home;
    let home = ctguard_core::scope::Region::new(home).unwrap();
    let before = ctguard_core::scope::Region::new("us-east-1").unwrap();
    let owner = ctguard_core::scope::AccountId::new("999988887777").unwrap();
    world.change(|state| {
        let mine = ctguard_core::scope::Place::new(state.caller.account.clone(), before.clone());
        let (_, mut trail) = state.region_mut(&mine).trails.pop_first().unwrap();
        trail.trail.organization = true;
        let there = state.accounts.entry(owner.clone()).or_default();
        there.global.enabled_regions.insert(home.clone());
        let theirs = ctguard_core::scope::Place::new(owner.clone(), home.clone());
        state.region_mut(&theirs).trails.insert("everybody".into(), trail);
    });
    format!("arn:aws:cloudtrail:{name}:{owner}:trail/everybody")
}

/// AWS: a member account that has not enabled the home region sends the trail nothing, though it sees it.
#[test]
fn an_organizations_trail_hears_of_an_account_only_where_its_home_region_is_enabled() {
    let heard = |world: &World| {
        let state = world.state();
        let mut regions = state.accounts.values().flat_map(|account| account.regions.values());
        regions.any(|region| !region.outbox.is_empty())
    };
    let world = World::with_trail(PLAIN);
    world.run(&["apply", "--yes"]).expect(0);
    world.run(&["sandbox", "confirm"]).expect(0);
    let arn = of_the_organization_in(&world, "me-south-1");
    let trust = format!(
        "{PLAIN}\ntrust_trails: [{{ arn: \"{arn}\", records: all, reason: they say so, until: 2026-12-31 }}]\n"
    );
    // That it records everything is no help where nothing is sent.
    world.write("ctguard.yaml", &trust);
    let ran = world.run(&["verify"]).expect(3);
    assert!(ran.out.contains("trail-home-not-enabled") && ran.out.contains(&arn), "{}", ran.out);
    assert!(ran.out.contains("enable-region --region-name me-south-1"), "{}", ran.out);
    world.run(&["sandbox", "send", "ec2:CreateRoute", "--region", "eu-west-1"]).expect(0);
    assert!(!heard(&world), "nothing is sent to that trail");

    // Whoever may not list the regions cannot tell.
    let denied =
        Denied { operation: "account:ListRegions".to_owned(), account: None, region: None };
    world.change(|state| state.denied.push(denied.clone()));
    let ran = world.run(&["verify"]).expect(4);
    assert!(ran.out.contains("trail-home-not-enabled"), "{}", ran.out);
    assert!(ran.out.contains("Allow account:ListRegions"), "{}", ran.out);
    world.change(|state| state.denied.clear());

    let home = ctguard_core::scope::Region::new("me-south-1").unwrap();
    world.change(|state| {
        let account = state.caller.account.clone();
        let account = state.accounts.get_mut(&account).unwrap();
        account.global.enabled_regions.insert(home);
    });
    let ran = world.run(&["verify"]).expect(0);
    assert!(ran.out.contains("they say so") && !ran.out.contains("not-enabled"), "{}", ran.out);
    world.run(&["sandbox", "send", "ec2:CreateRoute", "--region", "eu-west-1"]).expect(0);
    assert!(heard(&world), "an account that has enabled it sends its events");
    // What a snapshot was told, it tells again.
    let out = world.path("live.json").display().to_string();
    world.run(&["snapshot", "--out", &out]).expect(0);
    let offline = world.offline(&["verify"]).expect(0);
    assert_eq!(offline.out, world.run(&["verify"]).expect(0).out);
}

#[test]
fn an_organizations_trail_is_unknown_until_somebody_vouches_for_it() {
    let world = World::with_trail(PLAIN);
    world.run(&["apply", "--yes"]).expect(0);
    world.run(&["sandbox", "confirm"]).expect(0);
    let arn = of_the_organization(&world);
    let ran = world.run(&["verify"]).expect(4);
    assert!(ran.out.contains("trail-of-organization") && ran.out.contains(&arn), "{}", ran.out);
    assert!(ran.out.contains("trust_trails"), "{}", ran.out);

    let trust = |records: &str, until: &str| {
        format!(
            "{PLAIN}\ntrust_trails: [{{ arn: \"{arn}\", records: {records}, reason: the platform team keeps it, until: {until} }}]\n"
        )
    };
    world.write("ctguard.yaml", &trust("write", "2026-12-31"));
    let ran = world.run(&["verify"]).expect(0);
    assert!(ran.out.contains("the platform team keeps it"), "{}", ran.out);
    world.run(&["verify", "--strict"]).expect(3);
    // What it is not said to record is broken.
    let reads = trust("write", "2026-12-31").replace("iam:CreateUser", "sts:AssumeRole");
    world.write("ctguard.yaml", &reads);
    world.run(&["apply", "--yes"]).expect(0);
    let ran = world.run(&["verify"]).expect(3);
    assert!(ran.out.contains("selectors-drop-reads"), "{}", ran.out);
    world.write("ctguard.yaml", &reads.replace("records: write", "records: all"));
    world.run(&["verify"]).expect(0);
    // Past its date the trust is gone.
    world.write("ctguard.yaml", &trust("all", "2026-11-21"));
    world.run(&["apply", "--yes"]).expect(0);
    world.run(&["verify"]).expect(4);
}

#[test]
fn what_happens_to_an_organizations_trail_cannot_land_here() {
    let world = World::with_trail(
        &PLAIN.replace("events: [ec2:CreateRoute]", "events: [cloudtrail:StopLogging]"),
    );
    world.run(&["apply", "--yes"]).expect(0);
    world.run(&["sandbox", "confirm"]).expect(0);
    assert!(!world.run(&["verify"]).expect(0).out.contains("cannot-land-here"));
    let arn = of_the_organization(&world);
    let report = world.run(&["verify", "--format", "json"]).expect(4).json();
    let found =
        report["links"].as_array().unwrap().iter().find(|link| link["code"] == "cannot-land-here");
    let found = found.unwrap_or_else(|| panic!("{report:#}"));
    assert_eq!((&found["object"], &found["status"]), (&arn.into(), &"assumed".into()));
    assert!(found["fix"].as_str().unwrap().contains("999988887777/us-east-1"), "{found:#}");
    assert_eq!(found["alerts"], serde_json::json!(["route"]));
}

#[test]
fn what_is_degraded_is_said_and_counted_and_fails_only_strictly() {
    let world = World::settled(&keeping_a_trail());
    world.run(&["verify", "--strict"]).expect(0);
    world.run(&["sandbox", "break", "delete-bucket"]).expect(0);
    let ran = world.run(&["verify"]).expect(0);
    assert!(
        ran.out.contains("1 degraded") && ran.out.contains("log-bucket-missing"),
        "{}",
        ran.out
    );
    let report = world.run(&["verify", "--format", "json"]).expect(0).json();
    assert_eq!(report["degraded"], 1, "{report:#}");
    let codes: Vec<_> =
        report["remarks"].as_array().unwrap().iter().map(|r| r["code"].as_str().unwrap()).collect();
    // A click on the link in the mail is how the test's people confirm.
    assert_eq!(codes, ["log-bucket-missing", "unsubscribe-open"]);
    world.run(&["verify", "--strict"]).expect(3);
}

#[test]
fn a_destination_that_lists_nobody_is_heard_by_nobody() {
    let world = World::bare(&keeping_a_trail().replace("[{ email: secops@acme.example }]", "[]"));
    let plan = world.run(&["plan"]).expect(0);
    assert!(plan.out.contains("stays silent in "), "{}", plan.out);
    world.run(&["apply", "--yes"]).expect(0);
    let ran = world.run(&["verify"]).expect(3);
    assert!(ran.out.contains("nobody is subscribed"), "{}", ran.out);
}

#[test]
fn a_dead_letter_queue_that_cannot_be_read_is_unknown() {
    let world = World::settled(&keeping_a_trail());
    world.change(|state| {
        state.denied.push(Denied {
            operation: "sqs:GetQueueAttributes".into(),
            account: None,
            region: None,
        });
    });
    let ran = world.run(&["verify"]).expect(4);
    assert!(ran.out.contains("dead-letters"), "{}", ran.out);
}

#[test]
fn a_key_that_nobody_asked_for_is_taken_off_by_apply_and_one_that_was_asked_for_is_a_persons() {
    let world = World::settled(&keeping_a_trail());
    let encrypt = |key: &str| {
        world.change(|state| {
            let place = ctguard_core::scope::Place::new(
                state.caller.account.clone(),
                "eu-west-1".to_owned().try_into().unwrap(),
            );
            let topic = state.region_mut(&place).topics.get_mut("ctguard-acme-secops").unwrap();
            topic.topic.kms_key = Some(key.to_owned());
        });
    };
    let mender = || {
        let report = world.run(&["verify", "--format", "json"]).expect(3).json();
        let link = report["links"][0].clone();
        assert_eq!(link["code"], "topic-key-aws-managed", "{report:#}");
        link["mender"].as_str().unwrap().to_owned()
    };
    encrypt("alias/aws/sns");
    assert_eq!(mender(), "apply");
    world.run(&["apply", "--yes"]).expect(0);
    world.run(&["verify"]).expect(0);

    // An apply would put a key in its place of which nothing is known.
    let with_key =
        keeping_a_trail().replace("format: text,", "format: text, kms_key: alias/theirs,");
    world.write("ctguard.yaml", &with_key);
    encrypt("alias/aws/sns");
    let report = world.run(&["verify", "--format", "json"]).expect(3).json();
    let links = report["links"].as_array().unwrap();
    let link = links.iter().find(|link| link["code"] == "topic-key-aws-managed").unwrap();
    assert_eq!(link["mender"], "person", "{report:#}");
}

#[test]
fn what_eventbridge_counts_is_read_where_it_may_be() {
    let world = World::settled(&keeping_a_trail());
    let said = |world: &World, code| world.run(&["verify", "-q"]).expect(code).out;
    let new = said(&world, 0);
    assert!(!new.contains("never-fired"), "a rule that is new has not fired: {new}");
    world.age();
    let quiet = said(&world, 0);
    assert!(quiet.contains("note never-fired  111122223333/{eu-west-1, us-east-1}"), "{quiet}");
    assert!(quiet.contains("Rules: ctguard-acme-route."), "{quiet}");

    let here = ["--region", "eu-west-1"];
    let route = [&["sandbox", "send", "ec2:CreateRoute"][..], &here].concat();
    world.run(&route).expect(0);
    let fired = said(&world, 0);
    assert!(fired.contains("note never-fired  111122223333/us-east-1"), "{fired}");

    // Nobody may publish, so what the rule sends ends as a dead letter; then the queue is gone, too.
    world.run(&[&["sandbox", "break", "rewrite-topic-policy"][..], &here].concat()).expect(0);
    world.run(&route).expect(0);
    let failed = said(&world, 3);
    assert!(failed.contains("broken failed-invocations  111122223333/eu-west-1"), "{failed}");
    assert!(
        failed.contains("in 24 hours, 1 invocation of its targets failed for good."),
        "{failed}"
    );
    assert!(!failed.contains("dead-letter-failed"), "{failed}");
    let queue = ["sandbox", "break", "delete-queue", "ctguard-acme-targets"];
    world.run(&[&queue[..], &here].concat()).expect(0);
    world.run(&route).expect(0);
    let lost = said(&world, 3);
    assert!(lost.contains("broken dead-letter-failed  111122223333/eu-west-1"), "{lost}");

    let explained = world.run(&["explain", "ec2:CreateRoute"]).expect(3).out;
    assert!(explained.contains("it fired 3 times in 30 days; 2 refused in 24 hours, and 1 that the dead-letter queue did not take."), "{explained}");
    assert!(
        explained.contains("it has not fired in 30 days; nothing was refused in 24 hours."),
        "{explained}"
    );

    // Mended, it is over when the span is; an apply cannot make it unhappen.
    world.run(&["apply", "--yes"]).expect(0);
    let mended = said(&world, 3);
    assert!(
        mended.contains("0 broken, 0 unknown") && mended.contains("failed-invocations"),
        "{mended}"
    );
    world.run(&["sandbox", "lapse"]).expect(0);
    said(&world, 0);
}

#[test]
fn counts_that_may_not_be_read_are_remarked_and_leave_every_verdict_as_it_is() {
    let world = World::settled(&keeping_a_trail());
    let counts =
        |world: &World, code| world.run(&["verify", "--format", "json"]).expect(code).json();
    let before = counts(&world, 0);
    world.change(|state| {
        let operation = "cloudwatch:GetMetricData".to_owned();
        state.denied.push(Denied { operation, account: None, region: None })
    });
    let after = counts(&world, 0);
    assert_eq!((&after["counts"], &after["links"]), (&before["counts"], &before["links"]));
    let unread = |report: &serde_json::Value| {
        let remarks = report["remarks"].as_array().unwrap().clone();
        remarks.into_iter().find(|remark| remark["code"] == "signals-unread")
    };
    assert_eq!(unread(&before), None);
    let remark = unread(&after).expect("it is said");
    let text = remark["text"].as_str().unwrap();
    assert!(text.contains("Allow cloudwatch:GetMetricData"), "{text}");
    assert_eq!(remark["places"].as_array().map(Vec::len), Some(2), "{remark}");
    world.run(&["verify", "--strict"]).expect(3);
}

#[test]
fn only_a_proof_asks_what_was_counted_and_explain_only_for_its_own_rules() {
    let world = World::settled(&keeping_a_trail());
    world.run(&["sandbox", "send", "ec2:CreateRoute"]).expect(0);
    world.run(&["snapshot", "--out", &world.path("live.json").display().to_string()]).expect(0);
    for args in [&["verify", "-q"][..], &["explain", "ec2:CreateRoute"]] {
        assert_eq!(world.offline(args).seen(), world.run(args).seen(), "{args:?}");
    }
    let explained = world.offline(&["explain", "ec2:CreateRoute", "--format", "json"]).json();
    let rules: Vec<&str> = explained["counted"]
        .as_array()
        .unwrap()
        .iter()
        .filter_map(|c| c["rule"].as_str())
        .collect();
    assert_eq!(rules, ["ctguard-acme-route"; 2], "one fired and one did not: {explained}");

    // A file from before anything was counted: proven all the same, and it says what it does not hold.
    let old: String = world
        .read("live.json")
        .lines()
        .map(|line| {
            let mut line: serde_json::Value = serde_json::from_str(line).unwrap();
            for half in ["reads", "seen"] {
                if let Some(half) = line.pointer_mut(&format!("/place/{half}")) {
                    half.as_object_mut().unwrap().remove("signals").expect("it was counted");
                }
            }
            format!("{line}\n")
        })
        .collect();
    world.write("live.json", &old);
    let said = world.offline(&["verify", "-q"]).expect(0).out;
    assert!(said.contains("degraded signals-unread"), "{said}");
    assert!(said.contains("Take a new snapshot with this blueprint."), "{said}");

    // Of a rule that is not there nobody asks: that it does not fire goes without saying.
    world.run(&["sandbox", "break", "delete-rule", "ctguard-acme-new-user"]).expect(0);
    let said = world.run(&["verify", "-q"]).expect(3).out;
    assert!(
        said.contains("rule-missing") && !said.contains("Rules: ctguard-acme-new-user"),
        "{said}"
    );
}

/// A wildcard in one alert changes what EventBridge leaves out for another.
#[test]
fn an_alert_that_eventbridge_reads_otherwise_is_not_proven() {
    let with = |exception: &str| {
        keeping_a_trail().replace(
            "events: [iam:CreateUser]",
            &format!(
                "events: [iam:CreateUser]\n    where: {{ userAgent: [{{ anything-but: {{ equals-ignore-case: scanner }} }}, {{ wildcard: \"{exception}\" }}] }}"
            ),
        )
    };
    let blueprint = with("*zz");
    assert_ne!(blueprint, keeping_a_trail(), "the blueprint has the alert");
    let world = World::bare(&blueprint);
    world.run(&["apply", "--yes"]).expect(0);
    let ran = world.run(&["verify"]).expect(3);
    assert!(ran.out.contains("pattern-misread"), "{}", ran.out);
    assert!(world.run(&["validate"]).expect(0).seen().contains("wildcard-beside-ignore-case"));
    World::settled(&with("zz*")).run(&["verify"]).expect(0);
}

#[test]
fn what_is_proven_has_no_results_and_what_is_degraded_stands_where_it_belongs() {
    let world = World::settled(&keeping_a_trail());
    world.age();
    let text = world.run(&["verify"]).expect(0).out;
    assert!(text.contains("note never-fired") && text.contains("note unsubscribe-open"), "{text}");
    let sarif = world.run(&["verify", "--format", "sarif"]).expect(0).json();
    assert_eq!(sarif["runs"][0]["results"], serde_json::json!([]), "{sarif:#}");
    assert_eq!(world.run(&["verify", "--format", "github"]).expect(0).out, "");
    world.run(&["sandbox", "break", "open-topic"]).expect(0);
    let said = world.run(&["verify", "--format", "github"]).expect(0).out;
    let file = world.read("ctguard.yaml");
    let line = file.lines().position(|line| line.starts_with("  secops:")).unwrap() + 1;
    assert!(
        said.contains(&format!("line={line},")) && said.contains("topic-open-to-all"),
        "{said}"
    );
    let fault = world.run(&["sandbox", "break", "open-tpic"]).expect(64);
    assert!(fault.err.contains("did you mean `open-topic`?"), "{}", fault.err);
}
