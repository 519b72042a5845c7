//! Data on standard output, talk on standard error, colour only where it is wanted.

use crate::world::World;
use crate::world::blueprints::{PLAIN, keeping_a_trail};

#[test]
fn warnings_are_talk_and_quiet_silences_them() {
    let legacy = PLAIN.replace("[ec2:CreateRoute]", "[rds:CreateDBSecurityGroup]");
    let world = World::with_trail(&legacy);
    let loud = world.run(&["plan"]).expect(0);
    assert!(
        loud.err.contains("legacy-event") && !loud.out.contains("legacy-event"),
        "{}",
        loud.seen()
    );
    let quiet = world.run(&["plan", "-q"]).expect(0);
    assert_eq!(quiet.err, "");
    assert_eq!(quiet.out, loud.out);
}

#[test]
fn json_is_all_that_stands_on_standard_output() {
    let world = World::bare(&keeping_a_trail());
    for args in [
        &["validate", "--format", "json"][..],
        &["events", "ec2:CreateRoute", "--format", "json"],
        &["plan", "--format", "json"],
        &["apply", "--yes", "--format", "json"],
        &["verify", "--format", "json"],
        &["drift", "--format", "json"],
        &["explain", "ec2:CreateRoute", "--format", "json"],
        &["sandbox", "confirm", "--format", "json"],
        &["sandbox", "send", "ec2:CreateRoute", "--format", "json"],
    ] {
        world.run(args).json();
    }
}

#[test]
fn colour_is_off_in_a_pipe_and_on_when_asked_for() {
    let world = World::with_trail(PLAIN);
    assert!(!world.run(&["plan"]).out.contains('\u{1b}'));
    assert!(world.run(&["plan", "--color", "always"]).out.contains('\u{1b}'));
}

#[test]
fn help_names_every_verb_and_usage_errors_exit_64() {
    let world = World::empty();
    insta::assert_snapshot!(
        world.command(vec!["ctguard".into(), "--help".into()], None).expect(0).out
    );
    world.run(&["nonsense"]).expect(64);
    world.run(&["plan", "--as-of", "tomorrow"]).expect(64);
    world.command(vec!["ctguard".into(), "sandbox".into(), "new".into()], None).expect(64);
}

/// Every verb's help, and that of the verbs below it, reads well on a terminal of 80 columns.
#[test]
fn help_fits_eighty_columns() {
    let verbs = |text: &str| -> Vec<String> {
        let below = text.split("Commands:\n").nth(1).unwrap_or_default();
        let lines = below.lines().take_while(|line| line.starts_with("  "));
        let named = lines.filter(|line| !line.starts_with("   "));
        named.filter_map(|line| line.split_whitespace().next().map(str::to_owned)).collect()
    };
    let help = |words: &[String]| {
        let mut command = std::process::Command::new(env!("CARGO_BIN_EXE_ctguard"));
        let ended = command.args(words).arg("--help").env("COLUMNS", "80").output().unwrap();
        String::from_utf8(ended.stdout).unwrap()
    };
    let mut asked: Vec<Vec<String>> = vec![Vec::new()];
    let mut tried = 0;
    while let Some(words) = asked.pop() {
        let text = help(&words);
        for line in text.lines() {
            assert!(line.chars().count() <= 80, "{words:?}: {line}");
        }
        tried += 1;
        let below = verbs(&text).into_iter().filter(|verb| verb != "help");
        asked.extend(below.map(|verb| [&words[..], &[verb]].concat()));
    }
    assert!(tried > 30, "{tried}");
}

/// `-h` is for the options of the verb at hand; those of every verb stand in `--help`, below the others.
#[test]
fn help_begins_with_the_options_of_the_verb() {
    let world = World::empty();
    let help = |words: &[&str]| {
        let words = ["ctguard"].iter().chain(words).map(Into::into).collect();
        world.command(words, None).expect(0).out
    };
    for verb in [&["plan"][..], &["events", "check"], &["sandbox", "break"], &["policy"]] {
        let short = help(&[verb, &["-h"]].concat());
        let long = help(&[verb, &["--help"]].concat());
        let options = |text: &str| text.split("\nExamples:").next().unwrap().to_owned();
        assert!(!options(&short).contains("--profile"), "{short}");
        assert!(!short.contains("Possible values"), "{short}");
        assert!(short.contains(&format!("  ctguard {} --help\n", verb.join(" "))), "{short}");
        let (own, of_every_verb) = long.split_once("\nOptions of every verb:\n").unwrap();
        assert!(!own.contains("--profile") && of_every_verb.contains("--profile"), "{long}");
    }
    // One line a verb.
    let verbs = help(&["--help"]);
    let verbs = verbs.split("Commands:\n").nth(1).unwrap().split("\n\n").next().unwrap();
    assert!(
        verbs.lines().all(|line| !line.starts_with("   ") && line.chars().count() <= 80),
        "{verbs}"
    );
}

/// The formats that help lists are those that are taken.
#[test]
fn help_lists_the_formats_that_are_taken() {
    let world = World::with_trail(PLAIN);
    for verb in ["plan", "verify", "drift", "validate", "explain", "coverage", "fmt", "man"] {
        let help = world.command(vec!["ctguard".into(), verb.into(), "-h".into()], None).expect(0);
        let listed = help.out.split("Formats: ").nth(1).unwrap().lines().next().unwrap();
        for format in ["text", "json", "markdown", "sarif", "junit", "github"] {
            let mut words = vec![verb, "--format", format];
            words.extend((verb == "explain").then_some("cloudtrail:StopLogging"));
            let said = world.run(&words).err;
            let refused = said.contains("has no format");
            assert_eq!(
                !refused,
                listed.split(", ").any(|one| one == format),
                "{verb} {format}: {said}"
            );
        }
    }
}

#[test]
fn the_policy_is_printed_for_reading_and_for_applying() {
    let world = World::empty();
    world.write("ctguard.yaml", &keeping_a_trail());
    let file = world.path("ctguard.yaml").display().to_string();
    let plan = world.run(&["policy", "plan", "--for", "ci", &file]).expect(0).out;
    let apply = world.run(&["policy", "apply", "--for", "ci", &file]).expect(0).out;
    for action in ["s3:GetBucketPolicy", "kms:GetKeyPolicy", "tag:GetResources", "events:ListRules"]
    {
        assert!(plan.contains(action) && apply.contains(action), "{action}");
    }
    for action in ["events:TagResource", "events:PutRule", "cloudtrail:StartLogging"] {
        assert!(apply.contains(action) && !plan.contains(action), "{action}");
    }
    // Without a hub no role is made, and so none is passed on.
    // Nor what would empty a bucket: S3 deletes only empty ones.
    for never in ["iam:PassRole", "iam:CreateRole", "StopLogging", "DeleteTrail", "DeleteObject"] {
        assert!(!apply.contains(never), "{never} must never be asked for");
    }
}

#[test]
fn a_policy_check_names_what_the_credentials_lack() {
    let world = World::with_trail(PLAIN);
    let file = world.path("ctguard.yaml").display().to_string();
    world.run(&["policy", "apply", &file, "--check"]).expect(0);
    world.change(|state| {
        let denied = ctguard_sandbox::state::Denied {
            operation: "events:PutRule".into(),
            account: None,
            region: None,
        };
        state.denied.push(denied);
    });
    let ran = world.run(&["policy", "apply", &file, "--check"]).expect(3);
    let lacks = "events:PutRule on arn:aws:events:us-east-1:111122223333:rule/ctguard-acme-check";
    assert!(ran.out.contains(lacks), "{}", ran.out);
    world.run(&["policy", "plan", &file, "--check"]).expect(0);
}

/// The roles in other accounts are looked at, too, and one that was not counts as unknown.
#[test]
fn a_policy_check_looks_at_the_roles_in_other_accounts() {
    let fleet = PLAIN.replace(
        "regions:",
        "accounts: [{ id: \"111122223333\" }, { id: \"222233334444\", role: r }]\nregions:",
    );
    let world = World::empty();
    world.write("ctguard.yaml", &fleet);
    let accounts = ["--account", "111122223333", "--account", "222233334444"];
    world.run(&[&["sandbox", "new"][..], &accounts].concat()).expect(0);
    let file = world.path("ctguard.yaml").display().to_string();
    let ran = world.run(&["policy", "apply", &file, "--check"]).expect(0);
    assert!(ran.out.contains("The role in 222233334444 has every permission"), "{}", ran.out);
    let part = ["policy", "apply", &file, "--check", "--account", "111122223333"];
    let ran = world.run(&part).expect(4);
    assert!(ran.out.contains("Not looked at: 222233334444"), "{}", ran.out);
    world.change(|state| {
        state.denied.push(ctguard_sandbox::state::Denied {
            operation: "events:PutRule".into(),
            account: ctguard_core::scope::AccountId::new("222233334444"),
            region: None,
        });
    });
    let ran = world.run(&["policy", "apply", &file, "--check"]).expect(3);
    assert!(ran.out.contains("The role in 222233334444 lacks 1 permission"), "{}", ran.out);
    let ran = world.run(&["policy", "apply", &file, "--check", "--format", "json"]).expect(3);
    assert_eq!(ran.json()["roles"][0]["lacking"][0]["operation"], "events:PutRule");
}

/// What people read fits the terminal; command lines, documents and names stay whole.
#[test]
fn what_people_read_fits_the_width() {
    let world = World::settled(&keeping_a_trail());
    let file = world.path("ctguard.yaml").display().to_string();
    let event = serde_json::json!({
        "eventVersion": "1.11", "eventTime": "2026-11-22T12:00:00Z", "eventType": "AwsApiCall",
        "eventSource": "ec2.amazonaws.com", "eventName": "CreateRoute", "awsRegion": "eu-west-1",
        "eventCategory": "Management", "managementEvent": true, "readOnly": false,
        "recipientAccountId": "111122223333", "eventID": "a0079185-c564-441d-a642-c2d94e394587",
        "userIdentity": { "type": "Root", "accountId": "111122223333" },
    });
    world.write("e.json", &event.to_string());
    let lost =
        serde_json::json!({ "$or": [{ "a": ["x"], "b": [1] }, { "a": ["x", "z"], "b": [1, 2] }] });
    world.write("p.json", &lost.to_string());
    let path = |name: &str| world.path(name).display().to_string();
    let narrow = crate::world::Screen { width: 80, ..crate::world::WIDE };
    let made = path("b.yaml");
    let init = ["init", &made, "--email", "me@acme.example", "--region", "eu-west-1,us-east-1"];
    let (e, p) = (path("e.json"), path("p.json"));
    let lines: [&[&str]; 6] = [
        &init,
        &["policy", "all", &file],
        &["match", "--blueprint", &file, &e],
        &["match", "--explain", "--blueprint", &file, &e],
        &["match", "--check", &p],
        &["verify", &file],
    ];
    for line in lines {
        let ran = world.on(narrow, line);
        let whole = |line: &&str| {
            let line = line.trim_start();
            ["Next: ", "Instead: ", "\""].iter().any(|start| line.starts_with(start))
                || line.contains("FOLDER")
        };
        assert!(ran.out.lines().count() > 1, "{line:?}: {}{}", ran.out, ran.err);
        for shown in ran.out.lines().filter(|line| !whole(line)) {
            assert!(shown.chars().count() <= 80, "{line:?}: {shown}");
        }
    }
}

#[test]
fn titles_of_a_verdict_stand_all_beside_or_all_below_their_alerts() {
    let long = "Somebody made a route in one of the tables of the network, and it may lead out";
    let world = World::settled(&keeping_a_trail().replace("A route was made", long));
    let narrow = crate::world::Screen { width: 80, ..crate::world::WIDE };
    let ran = world.on(narrow, &["verify"]).expect(0).out;
    for (alert, title) in
        [("route", "      Somebody made a route"), ("new-user", "      A user was made")]
    {
        let after = ran.lines().skip_while(|line| !line.ends_with(alert)).nth(1);
        assert!(after.is_some_and(|line| line.starts_with(title)), "{ran}");
    }
    let wide = world.run(&["verify"]).expect(0).out;
    assert!(wide.lines().any(|line| line.contains("  new-user  A user was made")), "{wide}");
}
