//! Addresses of subscribers that are secret: in the blueprint itself, in a variable, or kept by AWS. They
//! reach SNS whole, and are neither printed nor saved.

use crate::read_back::{HOOKED, clean, regional};
use crate::stub::{ACCOUNT, Reply, Stub};
use crate::world::World;
use ctguard_core::resource::topic::Protocol;
use ctguard_core::scope::Region;
use ctguard_sandbox::State;
use ctguard_sandbox::state::{Denied, Regional, StoredSecret};
use serde_json::json;
use std::process::{Command, Stdio};

/// The same with the address in a variable.
fn by_variable() -> String {
    let at = HOOKED.find("- https:").unwrap();
    let end = at + HOOKED[at..].find('\n').unwrap();
    format!("{}- secret: env:CTGUARD_TEST_HOOK{}", &HOOKED[..at], &HOOKED[end..])
}

/// The same with the address in a parameter, or in a secret under a key.
fn by_reference(reference: &str) -> String {
    by_variable().replace("env:CTGUARD_TEST_HOOK", reference)
}

const PARAMETER: &str = "ssm:/alerts/hook";

const SECRET: &str = "secretsmanager:alerts/hook#url";

/// Puts the address into Parameter Store and Secrets Manager.
fn keep_address(state: &mut State) {
    let kept = |value: String| StoredSecret { value, ..StoredSecret::default() };
    let here = home(state);
    here.parameters.insert("/alerts/hook".to_owned(), kept(ADDRESS.to_owned()));
    let object = json!({ "url": ADDRESS, "PLANTEDkey": "PLANTEDother" }).to_string();
    here.secrets.insert("alerts/hook".to_owned(), kept(object));
}

const ADDRESS: &str =
    "https://ops:PLANTEDpw@Hooks.acme.example/services/T1/PLANTEDpath?token=PLANTEDquery";

/// The region in which secrets are looked up.
fn home(state: &mut State) -> &mut Regional {
    let account = state.accounts.values_mut().next().unwrap();
    account.regions.entry(Region::new("us-east-1").unwrap()).or_default()
}

/// Runs the program itself, with the address in a variable; its output, whatever it is.
fn program(world: &World, line: &str) -> String {
    program_with(world, line, ADDRESS)
}

/// The same with another address in the variable.
fn program_with(world: &World, line: &str, address: &str) -> String {
    let account = world.path("account.json");
    let mut words: Vec<&str> = line.split(' ').collect();
    // A replay of files asks no account.
    if words[0] != "replay" {
        words.splice(0..0, ["--sandbox", account.to_str().unwrap()]);
    }
    let ran = Command::new(env!("CARGO_BIN_EXE_ctguard"))
        .args(words)
        .current_dir(world.path("."))
        .env("CTGUARD_TEST_HOOK", address)
        .stdin(Stdio::null())
        .output()
        .unwrap();
    let text =
        format!("{}{}", String::from_utf8_lossy(&ran.stdout), String::from_utf8_lossy(&ran.stderr));
    assert!(!text.contains("panicked"), "{line}: {text}");
    text
}

/// Lines of every verb, in an order in which each has something to tell.
const LINES: [&str; 28] = [
    "validate ctguard.yaml",
    "plan ctguard.yaml",
    "plan ctguard.yaml --format json",
    "plan ctguard.yaml --format markdown",
    "plan ctguard.yaml --format sarif",
    "plan ctguard.yaml -vv --out first.json",
    "show first.json",
    "apply ctguard.yaml --yes -vv",
    "verify ctguard.yaml",
    "verify ctguard.yaml --format json",
    "sandbox confirm",
    "verify ctguard.yaml --format junit",
    "verify ctguard.yaml --format github",
    "verify ctguard.yaml --format sarif",
    "verify ctguard.yaml --format markdown",
    "explain route ctguard.yaml",
    "explain ctguard.yaml ec2:CreateRoute",
    "drift ctguard.yaml --format json",
    "snapshot ctguard.yaml --out live.json",
    "plan ctguard.yaml --out second.json",
    "show second.json --format markdown",
    "apply second.json --yes",
    "policy ctguard.yaml",
    "test ctguard.yaml",
    "replay log.json --blueprint ctguard.yaml --html r.html --report json=r.json,markdown=r.md",
    "replay log.json --blueprint ctguard.yaml -vv",
    "replay --blueprint ctguard.yaml --sql athena",
    "destroy ctguard.yaml --yes",
];

#[test]
fn no_output_and_no_file_of_any_verb_holds_a_planted_secret() {
    let kept = [by_reference(PARAMETER), by_reference(SECRET)];
    for blueprint in [HOOKED.to_owned(), by_variable()].into_iter().chain(kept) {
        let world = World::bare(&blueprint);
        world.change(keep_address);
        let made = crate::replay::record("ec2", "CreateRoute", "2026-03-01T10:00:00Z", "1", "anna");
        std::fs::write(world.path("log.json"), json!({ "Records": [made] }).to_string()).unwrap();
        let mut masked = 0;
        for line in LINES {
            let text = program(&world, line);
            let shown = match blueprint == HOOKED {
                true => "ops:****@hooks.acme.example/",
                false => "https:secret:",
            };
            masked += usize::from(text.contains(shown));
            clean(line, &text);
        }
        assert!(masked > 10, "the address is named, and hidden, by {masked} lines");
        for file in ["first.json", "second.json", "live.json"] {
            clean(file, &world.read(file));
        }
        for file in ["r.html", "r.json", "r.md"] {
            let text = world.read(file);
            assert!(text.contains("A route was made") || text.contains("route"), "{file}: {text}");
            clean(file, &text);
        }
    }
}

/// Fails when anything of [`ADDRESS`] or of the one after it stands in a text.
#[track_caller]
fn shows_nothing(what: &str, text: &str) {
    let lower = text.to_lowercase();
    for part in
        ["hooks.acme", "other.acme", "services/t1", "services/**", "planted", "token=", "ops:*"]
    {
        let line = lower.lines().find(|line| line.contains(part));
        assert!(line.is_none(), "{what}: {part}: {}", line.unwrap_or_default());
    }
}

/// What comes from a secret is hidden whole: in each output, and in each file but the account itself.
#[test]
fn nothing_of_an_address_from_a_secret_is_seen() {
    const MORE: [&str; 10] = [
        "plan ctguard.yaml --format junit",
        "apply ctguard.yaml --yes --report json=a.json,markdown=a.md,sarif=a.sarif,junit=a.xml",
        "sandbox confirm --format json",
        "sandbox send ec2:CreateRoute",
        "sandbox send ec2:CreateRoute --format json",
        "drift ctguard.yaml",
        "snapshot ctguard.yaml --out again.json",
        "verify ctguard.yaml --snapshot again.json --format json",
        "plan ctguard.yaml --snapshot again.json -vv",
        "drill ctguard.yaml route --yes",
    ];
    for reference in ["env:CTGUARD_TEST_HOOK", PARAMETER, SECRET] {
        let blueprint = by_reference(reference).replace("title: A route", "title: A way");
        let world = World::bare(&blueprint);
        world.change(keep_address);
        std::fs::write(world.path("log.json"), r#"{"Records":[]}"#).unwrap();
        let named = format!("https:secret:{reference}~");
        let mut masked = 0;
        // All but the last line, which removes everything.
        let (last, lines) = LINES.split_last().unwrap();
        for line in lines.iter().chain(&MORE) {
            let text = program(&world, line);
            masked += usize::from(text.contains(&named));
            shows_nothing(&format!("{reference}: {line}"), &text);
        }
        assert!(masked > 10, "{reference}: it is named by {masked} lines");
        // The variable, the parameter and the secret get a new value: the old one stays unseen.
        let other = "https://ops:PLANTEDpw@other.acme.example/services/T1/PLANTEDnew";
        world.change(|state| {
            held(state, other);
            let all = home(state).secrets.values_mut();
            all.for_each(|one| one.value = json!({ "url": other }).to_string());
        });
        for line in ["plan ctguard.yaml", "verify ctguard.yaml", "drift ctguard.yaml"] {
            let text = program_with(&world, line, other);
            shows_nothing(&format!("{reference}, changed: {line}"), &text);
            assert!(line.starts_with("verify") || text.contains("https://****~"), "{line}: {text}");
        }
        shows_nothing(&format!("{reference}: {last}"), &program(&world, last));
        for entry in std::fs::read_dir(world.path(".")).unwrap() {
            let name = entry.unwrap().file_name().into_string().unwrap();
            if name != "account.json" && world.path(&name).is_file() {
                shows_nothing(&format!("{reference}: {name}"), &world.read(&name));
            }
        }
    }
}

/// Every call is logged with what it carries: also the one that has the address in it.
#[test]
fn the_log_of_a_run_against_aws_holds_no_planted_secret() {
    let stub = Stub::start(|call| {
        let arn = |name: &str| format!("arn:aws:sns:us-east-1:{ACCOUNT}:{name}");
        Some(match call.operation.as_str() {
            "GetCallerIdentity" => Reply::Xml(format!(
                "<Account>{ACCOUNT}</Account><Arn>arn:aws:iam::{ACCOUNT}:user/anna</Arn>"
            )),
            "GetQueueUrl" if call.before == 0 => Reply::Error(400, "QueueDoesNotExist", "none"),
            "CreateQueue" | "GetQueueUrl" => Reply::Json(
                json!({ "QueueUrl": format!("https://sqs.us-east-1.amazonaws.com/{ACCOUNT}/q") }),
            ),
            "GetResources" => Reply::Json(json!({ "ResourceTagMappingList": [] })),
            "DescribeTrails" => Reply::Json(json!({ "trailList": [] })),
            "ListRules" => Reply::Json(json!({ "Rules": [] })),
            "GetTopicAttributes" => Reply::Error(404, "NotFound", "none"),
            "CreateTopic" => Reply::Xml(format!("<TopicArn>{}</TopicArn>", arn("hook"))),
            "SetTopicAttributes" => Reply::Xml(String::new()),
            "Subscribe" => {
                Reply::Xml(format!("<SubscriptionArn>{}</SubscriptionArn>", arn("hook:1")))
            }
            "SetQueueAttributes" => Reply::Json(json!({})),
            _ => Reply::Error(403, "AccessDeniedException", "no"),
        })
    });
    let world = World::bare(&by_variable());
    let proxy = stub.url().replace("http://", "http://anna:PLANTEDproxy@");
    let ran = Command::new(env!("CARGO_BIN_EXE_ctguard"))
        .args(["apply", "--yes", "--allow-lost-coverage", "-vv"])
        .current_dir(world.path("."))
        .env_clear()
        .envs([
            ("HOME", "."),
            ("CTGUARD_TEST_HOOK", ADDRESS),
            ("AWS_ENDPOINT_URL", "http://aws.example"),
            ("HTTP_PROXY", &proxy),
            ("AWS_REGION", "us-east-1"),
            ("AWS_ACCESS_KEY_ID", "ENV"),
            ("AWS_SECRET_ACCESS_KEY", "PLANTEDkey"),
            ("AWS_SESSION_TOKEN", "PLANTEDtoken"),
            ("AWS_MAX_ATTEMPTS", "1"),
        ])
        .stdin(Stdio::null())
        .output()
        .unwrap();
    let text = [ran.stdout, ran.stderr].map(|part| String::from_utf8_lossy(&part).into_owned());
    let text = text.concat();
    let sent = stub.calls().into_iter().find(|call| call.form("Protocol") == "https");
    let sent = sent.unwrap_or_else(|| panic!("{:?}\n{text}", stub.counts()));
    assert!(sent.form("Endpoint").contains("PLANTED"), "{}", sent.form("Endpoint"));
    assert!(text.contains("DEBUG"), "{text}");
    clean("the log", &text);
    shows_nothing("the log", &text);
}

#[test]
fn a_secret_by_variable_reaches_sns_whole() {
    let world = World::bare(&by_variable());
    program(&world, "apply ctguard.yaml --yes");
    let mut state = world.state();
    let stored = regional(&mut state).topics.values().next().unwrap().subscriptions.keys();
    let hook = stored.clone().find(|endpoint| endpoint.protocol == Protocol::Https).unwrap();
    assert_eq!(hook.address(), ADDRESS);
    let ran = world.run(&["plan"]);
    assert!(ran.err.contains("`CTGUARD_TEST_HOOK`") && ran.err.contains("not set"), "{}", ran.err);
}

#[test]
fn a_secret_that_aws_keeps_reaches_sns_whole_and_a_new_one_is_a_change() {
    for reference in [
        PARAMETER,
        SECRET,
        "ssm:/alerts/hook:1",
        "ssm:arn:aws:ssm:us-east-1:111122223333:parameter/alerts/hook",
        "secretsmanager:arn:aws:secretsmanager:us-east-1:111122223333:secret:alerts/hook-a1B2c3#url",
    ] {
        let world = World::bare(&by_reference(reference));
        world.change(keep_address);
        world.run(&["validate"]).expect(0);
        world.run(&["apply", "--yes"]).expect(0);
        let mut state = world.state();
        let stored = regional(&mut state).topics.values().next().unwrap().subscriptions.keys();
        let hook = stored.clone().find(|endpoint| endpoint.protocol == Protocol::Https).unwrap();
        assert_eq!(hook.address(), ADDRESS);
        world.run(&["plan", "--detailed-exitcode"]).expect(0);
        world.change(|state| {
            let here = home(state);
            for held in here.parameters.values_mut().chain(here.secrets.values_mut()) {
                held.value = held.value.replace("PLANTEDquery", "PLANTEDnext");
            }
        });
        let ran = world.run(&["plan", "--detailed-exitcode"]).expect(2);
        clean("the plan of a new one", &ran.out);
    }
}

/// The address of before hears on until the new one has confirmed, and no longer.
#[test]
fn the_subscription_of_an_old_secret_goes_once_the_new_one_is_confirmed() {
    let world = World::bare(&by_reference(PARAMETER));
    let hooks = |world: &World| -> Vec<bool> {
        let mut state = world.state();
        let topic = regional(&mut state).topics.values().next().unwrap();
        let https = topic.subscriptions.keys().filter(|one| one.protocol == Protocol::Https);
        https.map(|one| one.address().contains("PLANTEDnext")).collect()
    };
    world.change(keep_address);
    world.run(&["apply", "--yes"]).expect(0);
    world.run(&["sandbox", "confirm"]).expect(0);
    world.change(|state| {
        for held in home(state).parameters.values_mut() {
            held.value = held.value.replace("PLANTEDquery", "PLANTEDnext");
        }
    });
    let ran = world.run(&["apply", "--yes"]);
    clean("the apply", &(ran.out + &ran.err));
    let both = hooks(&world);
    assert!(both.contains(&true) && both.contains(&false), "the old one hears on: {both:?}");
    world.run(&["sandbox", "confirm"]).expect(0);
    let ran = world.run(&["apply", "--yes"]).expect(0);
    clean("the removal", &(ran.out + &ran.err));
    assert_eq!(hooks(&world), [true], "the old address hears alerts no longer");
    world.run(&["plan", "--detailed-exitcode"]).expect(0);
}

/// Each stops the run with a clear error, and nothing is subscribed.
#[test]
fn a_secret_that_cannot_be_read_is_an_error_and_never_an_empty_address() {
    type Change = fn(&mut State);
    let nothing: Change = |_| {};
    let rows: [(&str, Change, &[&str]); 13] = [
        (
            "ssm:/alerts/none",
            nothing,
            &["ParameterNotFound", "(asked in us-east-1)", "the hub's, else the first"],
        ),
        (
            "ssm:/alerts/hook:9",
            nothing,
            &[
                "ParameterVersionNotFound",
                "that version or label is not",
                "`secret: ssm:/alerts/hook:9`",
            ],
        ),
        (
            "secretsmanager:none",
            nothing,
            &["ResourceNotFoundException", "(asked in us-east-1)", "Correct `secret:`"],
        ),
        (
            "secretsmanager:alerts/hook",
            |state| home(state).secrets.values_mut().for_each(|held| held.binary = true),
            &["holds bytes", "--secret-string"],
        ),
        ("secretsmanager:alerts/hook#none", nothing, &["has no text under that key"]),
        ("secretsmanager:alerts/hook", nothing, &["no web address", "secretsmanager:NAME#KEY"]),
        (PARAMETER, |state| held(state, ""), &["is empty"]),
        (PARAMETER, |state| held(state, "PLANTED"), &["no web address"]),
        (SECRET, |state| held(state, "PLANTED"), &["is no JSON object"]),
        (
            PARAMETER,
            |state| denied(state, "ssm:GetParameter"),
            &["AccessDenied", "Allow ssm:GetParameter", "kms:Decrypt"],
        ),
        (
            SECRET,
            |state| denied(state, "secretsmanager:GetSecretValue"),
            &["AccessDenied", "Allow secretsmanager:GetSecretValue", "kms:Decrypt"],
        ),
        (
            SECRET,
            |state| {
                denied(state, "kms:Decrypt");
                let all = home(state).secrets.values_mut();
                all.for_each(|held| held.kms_key = Some("alias/secrets".to_owned()));
            },
            &["Access to KMS is not allowed", "kms:Decrypt"],
        ),
        (
            SECRET,
            |state| home(state).secrets.values_mut().for_each(|held| held.deleted = true),
            &["InvalidRequestException", "marked for deletion", "restore-secret"],
        ),
    ];
    for (reference, change, says) in rows {
        let world = World::bare(&by_reference(reference));
        world.change(|state| {
            keep_address(state);
            change(state);
        });
        world.run(&["validate"]).expect(0);
        for verb in [&["plan"][..], &["apply", "--yes"], &["verify"], &["drift"]] {
            let ran = world.run(verb).expect(1);
            for part in says {
                assert!(ran.err.contains(part), "{reference} {verb:?}: {part}: {}", ran.err);
            }
            assert!(ran.err.contains(reference), "{}", ran.err);
            clean(reference, &ran.err);
        }
        assert!(home(&mut world.state()).topics.is_empty());
        world.run(&["destroy", "--yes"]).expect(0);
    }
}

#[test]
fn a_snapshot_holds_no_secret_and_says_so() {
    let world = World::bare(&by_reference(PARAMETER));
    world.change(keep_address);
    world.run(&["snapshot", "--out", world.path("live.json").to_str().unwrap()]).expect(0);
    let live = world.path("live.json");
    let ran = world.offline(&["plan", "--snapshot", live.to_str().unwrap()]);
    assert_eq!(ran.code, 1, "{}", ran.err);
    assert!(ran.err.contains("a snapshot holds no secrets"), "{}", ran.err);
    assert!(ran.err.contains("secret: env:NAME"), "{}", ran.err);
}

fn held(state: &mut State, value: &str) {
    let here = home(state);
    let all = here.parameters.values_mut().chain(here.secrets.values_mut());
    all.for_each(|held| held.value = value.to_owned());
}

fn denied(state: &mut State, operation: &str) {
    let operation = operation.to_owned();
    state.denied.push(Denied { operation, account: None, region: None });
}

#[test]
fn a_saved_plan_of_a_secret_in_clear_does_not_subscribe_a_mask() {
    let world = World::bare(HOOKED);
    world.run(&["plan", "--out", world.path("p.json").to_str().unwrap()]).expect(0);
    let applied = world.run(&["apply", "--yes", world.path("p.json").to_str().unwrap()]);
    assert_ne!(applied.code, 0, "{}", applied.out);
    let mut state = world.state();
    let account = state.accounts.values_mut().next().unwrap();
    assert!(account.regions.values().all(|here| here.topics.is_empty()));
}
