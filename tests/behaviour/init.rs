use crate::world::World;

#[test]
fn writes_a_blueprint_that_validates_and_plans() {
    let world = World::empty();
    let file = world.path("mine.yaml").display().to_string();
    world
        .run(&[
            "init",
            &file,
            "--email",
            "me@acme.example",
            "--name",
            "mine",
            "--region",
            "us-east-1,eu-west-1",
        ])
        .expect(0);
    let text = world.read("mine.yaml");
    assert!(text.contains("me@acme.example") && text.contains("name: mine"), "{text}");
    assert!(
        text.lines().filter(|line| line.trim_start().starts_with('#')).count() >= 5,
        "it is commented:\n{text}"
    );
    world.run(&["validate", &file]).expect(0);
    world.run(&["sandbox", "new"]).expect(0);
    let plan = world.run(&["plan", &file]).expect(0);
    assert!(plan.out.contains("me@acme.example"), "{}", plan.out);
}

#[test]
fn says_what_the_chosen_regions_do_not_hear() {
    let world = World::empty();
    let file = world.path("mine.yaml").display().to_string();
    let init = |world: &World, region| {
        let file = world.path("mine.yaml").display().to_string();
        world.run(&["init", &file, "--email", "me@acme.example", "--region", region]).expect(0).out
    };
    let one = init(&world, "eu-west-1");
    assert!(one.contains("root-console-login is left out"), "{one}");
    assert!(
        world.read("mine.yaml").contains("      - root-console-login # root's sign-ins land in")
    );
    assert!(world.run(&["validate", &file]).expect(0).err.contains("sign-in-regions"));
    world.run(&["sandbox", "new"]).expect(0);
    world.run(&["apply", &file, "--yes"]).expect(0);
    world.run(&["sandbox", "confirm"]).expect(0);
    let verify = world.run(&["verify", &file]).expect(0).out;
    assert!(
        verify.contains("assumed cannot-land-here") && verify.contains("us-east-2"),
        "{verify}"
    );
    assert!(!verify.contains("root-console-login"), "{verify}");

    // Where they are heard nothing is left out, and root's alert has one place.
    let world = World::empty();
    let both = init(&world, "us-east-1,eu-west-1");
    assert!(!both.contains("left out"), "{both}");
    assert!(!world.read("mine.yaml").contains("- root-console-login"));
    let file = world.path("mine.yaml").display().to_string();
    world.run(&["sandbox", "new"]).expect(0);
    world.run(&["apply", &file, "--yes"]).expect(0);
    world.run(&["sandbox", "confirm"]).expect(0);
    let verify = world.run(&["verify", &file]).expect(0).out;
    let root = verify.lines().find(|line| line.contains("root-console-login")).unwrap();
    assert!(root.contains("proven") && root.contains("1/1"), "{verify}");
}

#[test]
fn asks_for_the_address_on_a_terminal_only() {
    let world = World::empty();
    let file = world.path("mine.yaml").display().to_string();
    let nobody = world.run(&["init", &file]).expect(64);
    assert!(nobody.err.contains("--email"), "{}", nobody.err);
    assert!(!world.path("mine.yaml").exists());
    world.typing(&["init", &file], "me@acme.example\n").expect(0);
    assert!(world.read("mine.yaml").contains("me@acme.example"));
}

#[test]
fn never_replaces_a_file_unasked() {
    let world = World::empty();
    world.write("mine.yaml", "mine");
    let file = world.path("mine.yaml").display().to_string();
    let ran = world.run(&["init", &file, "--email", "me@acme.example"]).expect(5);
    assert!(ran.err.contains("--force"), "{}", ran.err);
    assert_eq!(world.read("mine.yaml"), "mine");
    world.run(&["init", &file, "--email", "me@acme.example", "--force"]).expect(0);
    assert_ne!(world.read("mine.yaml"), "mine");
}

#[test]
fn refuses_answers_that_make_no_blueprint_and_writes_nothing() {
    for (email, name) in [("not an address", "mine"), ("me@acme.example", "Not A Name")] {
        let world = World::empty();
        let file = world.path("mine.yaml").display().to_string();
        world.run(&["init", &file, "--email", email, "--name", name]).expect(64);
        assert!(!world.path("mine.yaml").exists(), "{email} {name}");
    }
}

/// One place raises all alerts wherever there are several, and the saving is said.
#[test]
fn writes_a_hub_in_the_callers_account_and_says_what_it_saves() {
    let world = World::empty();
    let file = world.path("mine.yaml").display().to_string();
    world.run(&["sandbox", "new", "--bare"]).expect(0);
    let ran = world.run(&["init", &file, "--email", "me@acme.example"]).expect(0);
    // The account of the sandbox has two regions; of AWS's nothing is known yet.
    let said = "All alerts are raised in 111122223333/us-east-1: 1 confirmation instead of 2.";
    assert!(ran.out.contains(said), "{}", ran.out);
    assert!(world.read("mine.yaml").contains("\nhub:\n  account: \"111122223333\"\n"));
    let validated = world.run(&["validate", &file]).expect(0);
    assert!(validated.out.contains("0 warnings"), "{}{}", validated.out, validated.err);
}

#[test]
fn one_region_of_one_account_needs_no_hub() {
    let world = World::empty();
    let file = world.path("mine.yaml").display().to_string();
    world.run(&["sandbox", "new", "--bare"]).expect(0);
    let args = ["init", &file, "--email", "me@acme.example", "--region", "eu-west-1"];
    let ran = world.run(&args).expect(0);
    assert!(!ran.out.contains("confirmation"), "{}", ran.out);
    assert!(!world.read("mine.yaml").contains("hub:"));
}

#[test]
fn lists_the_accounts_that_are_named() {
    let world = World::empty();
    let file = world.path("mine.yaml").display().to_string();
    world.run(&["sandbox", "new", "--bare"]).expect(0);
    let ran = world
        .run(&[
            "init",
            &file,
            "--email",
            "me@acme.example",
            "--region",
            "eu-west-1,us-east-1",
            "--account",
            "222233334444",
            "--account",
            "111122223333",
        ])
        .expect(0);
    // The credentials are those of the second, which so needs no role and is the hub's.
    let said = "All alerts are raised in 111122223333/eu-west-1: 1 confirmation instead of 4.";
    assert!(ran.out.contains(said), "{}", ran.out);
    let text = world.read("mine.yaml");
    let accounts =
        "accounts:\n  - { id: \"222233334444\", role: ctguard }\n  - { id: \"111122223333\" }\n";
    assert!(text.contains(accounts), "{text}");
    world.run(&["validate", &file]).expect(0);
    world.run(&["policy", "--bootstrap", "apply", &file]).expect(0);
}

/// Nobody says in which account a hub could be.
#[test]
fn says_how_to_have_a_hub_when_the_account_is_not_known() {
    let world = World::empty();
    let file = world.path("mine.yaml").display().to_string();
    let ran = world.run(&["init", &file, "--email", "me@acme.example"]).expect(0);
    assert!(
        ran.out.contains("about 17 confirmations. With a hub it is 1 confirmation"),
        "{}",
        ran.out
    );
    assert!(ran.out.contains("--account ID"), "{}", ran.out);
    assert!(world.read("mine.yaml").contains("\n# hub:\n"));
    let args =
        ["init", &file, "--email", "me@acme.example", "--force", "--account", "222233334444"];
    let ran = world.run(&args).expect(0);
    assert!(ran.out.contains("raised in 222233334444/us-east-1: 1 confirmation"), "{}", ran.out);
}

/// An account that is named is never dropped.
#[test]
fn accounts_that_are_named_are_listed_with_and_without_a_hub() {
    let world = World::empty();
    let file = world.path("mine.yaml").display().to_string();
    world.run(&["sandbox", "new", "--bare"]).expect(0);
    let init = |more: &[&str]| {
        let line =
            ["init", &file, "--force", "--email", "me@acme.example", "--region", "us-east-1"];
        world.run(&[&line, more].concat()).expect(0);
        let text = world.read("mine.yaml");
        world.run(&["validate", &file]).expect(0);
        text
    };
    for more in
        [&["--account", "111122223333", "--hub", "none"][..], &["--account", "111122223333"]]
    {
        assert!(init(more).contains("\naccounts:\n  - { id: \"111122223333\" }\n"), "{more:?}");
    }
    world.run(&["plan", &file]).expect(0);
    // The credentials are those of 111122223333, so that the other one needs a role.
    let both =
        "accounts:\n  - { id: \"111122223333\" }\n  - { id: \"222233334444\", role: ctguard }\n";
    let text = init(&["--account", "111122223333", "--hub", "222233334444/us-east-1"]);
    assert!(text.contains(both) && text.contains("hub:\n  account: \"222233334444\""), "{text}");
    let text = init(&["--hub", "222233334444/us-east-1"]);
    assert!(text.contains(both), "{text}");
    let text = init(&["--account", "222233334444", "--hub", "111122223333/us-east-1"]);
    let both =
        "accounts:\n  - { id: \"222233334444\", role: ctguard }\n  - { id: \"111122223333\" }\n";
    assert!(text.contains(both), "{text}");
}

#[test]
fn what_is_advised_is_what_was_not_said_yet() {
    let world = World::empty();
    let file = world.path("mine.yaml").display().to_string();
    let line = ["init", &file, "--email", "me@acme.example", "--region", "us-east-1"];
    let more = ["--account", "111122223333", "--account", "222233334444", "--hub", "none"];
    let ran = world.run(&[&line[..], &more].concat()).expect(0);
    let again = "--hub 111122223333/us-east-1 --force";
    assert!(ran.out.contains(&format!("run it again with {again}.")), "{}", ran.out);
    assert!(!ran.out.contains("--account"), "{}", ran.out);
    // The advice can be followed as it stands.
    let more = ["--account", "111122223333", "--account", "222233334444"];
    let again: Vec<&str> = again.split(' ').collect();
    let ran = world.run(&[&line[..], &more, &again].concat()).expect(0);
    assert!(ran.out.contains("All alerts are raised in 111122223333/us-east-1"), "{}", ran.out);
}

#[test]
fn what_is_printed_and_not_written_needs_no_force() {
    let world = World::empty();
    let file = world.path("mine.yaml").display().to_string();
    let rest = ["--email", "me@acme.example", "--region", "us-east-1,eu-west-1"];
    let printed = world.run(&[&["init", "-"][..], &rest].concat()).expect(0).err;
    assert!(printed.contains("run it again with --account ID, where"), "{printed}");
    let written = world.run(&[&["init", &file][..], &rest].concat()).expect(0).out;
    assert!(written.contains("run it again with --account ID --force, where"), "{written}");
    let hub = ["--account", "111122223333", "--force"];
    let ran = world.run(&[&["init", &file][..], &rest, &hub].concat()).expect(0);
    assert!(ran.out.contains("1 confirmation instead of 2"), "{}", ran.out);
}

#[test]
fn an_address_that_is_named_twice_is_subscribed_once() {
    let world = World::empty();
    let file = world.path("mine.yaml").display().to_string();
    let twice = "me@acme.example,you@acme.example,Me@acme.example";
    let ran = world.run(&["init", &file, "--email", twice]).expect(0);
    assert!(ran.out.contains("for me@acme.example, you@acme.example.\n"), "{}", ran.out);
    assert_eq!(world.read("mine.yaml").matches("- email:").count(), 2);
}

/// State machines compose the mails, and are most of the bill.
#[test]
fn the_cost_of_a_month_has_the_state_machines() {
    let world = World::empty();
    let file = world.path("mine.yaml").display().to_string();
    let line = ["init", &file, "--email", "me@acme.example", "--region", "us-east-1"];
    let ran = world.run(&line).expect(0);
    // 9,000 mails at 20 USD and 16,000 transitions at 25 USD a million.
    assert!(
        ran.out.contains("1,000 alerts by mail costs $0.00, one of 10,000 $0.58."),
        "{}",
        ran.out
    );
}

#[test]
fn the_alerting_itself_is_watched_unless_said_otherwise() {
    let world = World::empty();
    let file = world.path("mine.yaml").display().to_string();
    let init = |more: &[&str]| {
        let line =
            ["init", &file, "--force", "--email", "me@acme.example", "--region", "us-east-1"];
        world.run(&[&line, more].concat())
    };
    let said = init(&[]).expect(0).out;
    assert!(said.contains("rules in each place at most. Rules cost nothing"), "{said}");
    let text = world.read("mine.yaml");
    assert!(
        text.contains("- builtin: account-security") && text.contains("- builtin: self-protection")
    );
    assert!(text.contains("- trail-stopped # alerting-trail has its events"), "{text}");
    let valid = world.run(&["validate", &file]).expect(0);
    assert!(!valid.err.contains("alert-duplicated"), "{}", valid.err);
    init(&["--builtin", "network,data"]).expect(0);
    let text = world.read("mine.yaml");
    assert!(text.contains("- builtin: network") && !text.contains("self-protection"), "{text}");
    let wrong = init(&["--builtin", "netwrk"]).expect(64);
    assert!(
        wrong.err.contains("netwrk") && wrong.err.contains("There is account-security"),
        "{wrong:?}"
    );
}

/// A slip is told and asked again, and nothing that was answered is lost.
#[test]
fn an_answer_that_cannot_be_used_is_asked_for_again() {
    let world = World::empty();
    let file = world.path("mine.yaml").display().to_string();
    let answers = "me\nme@acme.example, soc@acme.example\n99\nnetwrk\n2,network\n\
                   eu-wset-1\nus-east-1 eu-west-1\n1234\n111122223333\nmaybe\nno\n";
    let seen = world.typing(&["init", &file], answers).expect(0);
    assert_eq!(seen.err.matches("That cannot be used").count(), 6, "{}", seen.err);
    for said in ["no `@`", "`99`", "`netwrk`", "eu-wset-1", "`1234`", "`maybe`"] {
        assert!(seen.err.contains(said), "{said}: {}", seen.err);
    }
    let text = world.read("mine.yaml");
    let mails = "      - email: me@acme.example\n      - email: soc@acme.example\n";
    assert!(text.contains(mails), "{text}");
    assert!(text.contains("- builtin: network\n"), "{text}");
    assert!(!text.contains("\nhub:\n"), "{text}");
    world.run(&["validate", &file]).expect(0);
    // Nobody goes on answering.
    let other = world.path("other.yaml").display().to_string();
    world.typing(&["init", &other], "me\n").expect(64);
    assert!(!world.path("other.yaml").exists());
}

#[test]
fn everything_that_is_asked_can_be_said_by_an_option() {
    let world = World::empty();
    let file = world.path("mine.yaml").display().to_string();
    let line = |hub: &'static str| {
        vec![
            "init",
            "--out",
            "-",
            "--email",
            "a@acme.example,b@acme.example",
            "--email",
            "c@acme.example",
            "--region",
            "us-east-1,eu-west-1",
            "--account",
            "111122223333,222233334444",
            "--builtin",
            "network",
            "--hub",
            hub,
        ]
    };
    let ran = world.run(&line("222233334444/eu-west-1")).expect(0);
    assert!(
        ran.out.contains("hub:\n  account: \"222233334444\"\n  region: eu-west-1\n"),
        "{}",
        ran.out
    );
    assert_eq!(ran.out.matches("- email: ").count(), 3, "{}", ran.out);
    assert!(ran.out.starts_with("# yaml-language-server"), "only the blueprint: {}", ran.out);
    assert!(ran.err.contains("alerts for a@acme.example, b@acme.example"), "{}", ran.err);
    assert!(!world.path("-").exists() && !world.path("ctguard.schema.json").exists());
    world.write("mine.yaml", &ran.out);
    world.run(&["validate", &file]).expect(0);
    let apart = world.run(&line("none")).expect(0).out;
    assert!(!apart.contains("\nhub:\n"), "{apart}");
    world.run(&line("somewhere")).expect(64);
    // The place itself is an answer, too.
    let printed = world.run(&["init", "-", "--email", "a@acme.example", "-q"]).expect(0);
    assert!(printed.out.contains("version: 1\n") && printed.err.is_empty(), "{}", printed.err);
}

#[test]
fn on_a_terminal_everything_that_no_option_says_is_asked() {
    let world = World::empty();
    let file = world.path("mine.yaml").display().to_string();
    let answers = "me@acme.example\n1, self-protection\nus-east-1 eu-west-1\n111122223333\n";
    let seen = world.typing(&["init", &file], answers).expect(0);
    assert!(seen.err.contains("Alerts that ship with ctguard") && seen.err.contains("ransomware"));
    let text = world.read("mine.yaml");
    assert!(
        text.contains("- builtin: account-security") && text.contains("- builtin: self-protection")
    );
    assert!(text.contains("regions: [us-east-1, eu-west-1]"), "{text}");
    assert!(text.contains("account: \"111122223333\""), "{text}");
    let other = world.path("other.yaml").display().to_string();
    let seen = world.typing(
        &["init", &other, "--builtin", "data", "--region", "us-east-1"],
        "me@acme.example\n\n",
    );
    let seen = seen.expect(0);
    assert!(
        !seen.err.contains("Alerts that ship") && !seen.err.contains("Which regions"),
        "{}",
        seen.err
    );
}
