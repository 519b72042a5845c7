//! `validate` says offline what `plan`, `test` and `match` would say.

mod laws;

use crate::world::{Ran, World};

/// A blueprint with one destination. `fleet` says accounts and regions; `destination` the topic and
/// more.
fn blueprint(fleet: &str, destination: &str, alerts: &[String]) -> String {
    format!(
        "version: 1\nname: acme\n{fleet}\ndestinations:\n  siem: {{ {destination}, format: json }}\nroutes: {{ high: [siem] }}\nalerts:\n{}",
        alerts.concat()
    )
}

/// An alert on these events, with more keys.
fn alert(id: &str, events: &str, more: &str) -> String {
    format!("  - {{ id: {id}, title: T, risk: high, why: w, next: n, events: [{events}]{more} }}\n")
}

fn alerts(count: usize, more: &str) -> Vec<String> {
    (0..count).map(|number| alert(&format!("a{number}"), "ec2:CreateRoute", more)).collect()
}

const PLAIN_FLEET: &str = "regions: [us-east-1, eu-west-1]";
const TWO_ACCOUNTS: &str = "accounts: [{ id: \"111122223333\", name: a }, { id: \"222233334444\", name: b, role: ctguard }]\nregions: [us-east-1]";
const TOPIC: &str = "topic: siem, subscribers: [{ sqs: \"arn:aws:sqs:us-east-1:111122223333:q\" }]";
const OTHERS_TOPIC: &str =
    "topic_arn: \"arn:aws:sns:us-east-1:222233334444:central\", subscribers: []";

/// What is wrong, a blueprint, and the code that says so.
type Case = (&'static str, String, &'static str);

/// One alert with these keys, on a user's creation.
fn one(more: &str) -> String {
    blueprint(PLAIN_FLEET, TOPIC, &[alert("a", "iam:CreateUser", more)])
}

fn never_matching() -> Vec<Case> {
    let never = "never-matches";
    vec![
        ("another event's name", one(", where: { eventName: [DeleteUser] }"), never),
        (
            "a failure that succeeds",
            one(", where: { errorCode: [{ exists: true }] }, outcome: success"),
            never,
        ),
        (
            "a denial that succeeds",
            one(", where: { errorCode: [{ prefix: Access }] }, outcome: success"),
            never,
        ),
        (
            "a success that fails",
            one(", where: { errorCode: [{ exists: false }] }, outcome: failure"),
            never,
        ),
        ("another service", one(", where: { eventSource: [ec2.amazonaws.com] }"), never),
        (
            "an exception of everything",
            one(
                ", where: { userIdentity.type: [Root] }, except: [{ where: { userIdentity.type: [Root] }, reason: r }]",
            ),
            never,
        ),
        (
            "two exceptions that leave nothing between them",
            one(
                ", where: { userIdentity.type: [Root, IAMUser] }, except: [{ where: { userIdentity.type: [Root] }, reason: r }, { where: { userIdentity.type: [IAMUser] }, reason: r }]",
            ),
            never,
        ),
        (
            "an alert that notifies nobody",
            one(", where: { eventName: [DeleteUser] }, notify: []"),
            never,
        ),
    ]
}

fn not_expressible_or_too_large() -> Vec<Case> {
    let values: Vec<String> = (0..252).map(|number| format!("user-number-{number}")).collect();
    let long = format!(", where: {{ requestParameters.userName: [{}] }}", "u".repeat(2_100));
    vec![
        (
            "an exception on a list",
            one(", except: [{ where: { resources.ARN: [x] }, reason: r }]"),
            "exception-not-expressible",
        ),
        ("a value that no pattern holds", one(&long), "pattern-too-large"),
        (
            "an exception of many values",
            one(&format!(
                ", except: [{{ where: {{ userIdentity.arn: [{}] }}, reason: r }}]",
                values.join(", ")
            )),
            "pattern-too-large",
        ),
        (
            "a chat message with a long next step",
            blueprint(
                PLAIN_FLEET,
                "topic: siem, subscribers: []",
                &[format!(
                    "  - {{ id: a, title: T, risk: high, events: [iam:CreateUser], why: w, next: {} }}\n",
                    "n".repeat(400)
                )],
            )
            .replace("format: json", "format: chat"),
            "message-too-large",
        ),
    ]
}

fn too_many() -> Vec<Case> {
    let wildcard = ", where: { userIdentity.arn: [{ wildcard: \"*:user/x-*\" }] }";
    let listed = |number: u64| {
        format!("{{ id: \"{:012}\", name: n{number}, role: ctguard }}", 100_000_000_000 + number)
    };
    let fleet = |accounts: u64| {
        let all: Vec<String> = (0..accounts).map(listed).collect();
        format!(
            "accounts: [{}]\nregions: [us-east-1]\nhub: {{ account: \"100000000000\", region: us-east-1 }}",
            all.join(", ")
        )
    };
    let small = "regions: [af-south-1]";
    let of = |fleet: &str, alerts: &[String]| blueprint(fleet, "topic: t, subscribers: []", alerts);
    vec![
        ("301 alerts on one event", of(PLAIN_FLEET, &alerts(301, "")), "too-many-rules"),
        ("101 alerts in a small region", of(small, &alerts(101, "")), "too-many-rules"),
        ("regions that are enabled", of("regions: enabled", &alerts(301, "")), "too-many-rules"),
        ("301 alerts in a hub", of(&fleet(2), &alerts(301, "")), "too-many-rules"),
        ("31 rules with a wildcard", of(PLAIN_FLEET, &alerts(31, wildcard)), "too-many-rules"),
        ("mails of many destinations in many regions", many_mails(), "role-policy-too-large"),
        ("31 accounts in a hub", of(&fleet(31), &alerts(1, "")), "hub-too-many-accounts"),
    ]
}

/// The role of the state machines names each topic in each region.
fn many_mails() -> String {
    let regions = "us-east-1, us-east-2, us-west-1, us-west-2, eu-west-1, eu-west-2, eu-west-3, eu-central-1, eu-north-1, ap-south-1, ap-northeast-1, ap-southeast-1, ap-southeast-2, ca-central-1, sa-east-1";
    let names: Vec<String> = (0..12).map(|n| format!("people-{n}")).collect();
    let destinations: String = names
        .iter()
        .map(|name| {
            format!("  {name}: {{ topic: {name}, format: mail, subscribers: [{{ email: {name}@acme.example }}] }}\n")
        })
        .collect();
    format!(
        "version: 1\nname: acme\nregions: [{regions}]\ndestinations:\n{destinations}routes: {{ high: [{}] }}\nalerts:\n  - {{ id: a, title: T, risk: high, events: [ec2:CreateRoute], notify: [people-0, people-1, people-2, people-3, people-4], why: w, next: n }}\n{}",
        names[0],
        (1..4)
            .map(|n| {
                let few = names.iter().skip(n * 3).take(3).cloned().collect::<Vec<_>>().join(", ");
                format!("  - {{ id: a{n}, title: T, risk: high, events: [ec2:DeleteRoute], notify: [{few}], why: w, next: n }}\n")
            })
            .collect::<String>()
    )
}

fn out_of_place() -> Vec<Case> {
    let route = [alert("a", "ec2:CreateRoute", "")];
    let hub = "hub: { account: \"111122223333\", region: us-east-1 }";
    let organization = "accounts: [{ organization: { role: ctguard } }]\nregions: [us-east-1]";
    let lambda =
        "topic: t, subscribers: [{ lambda: \"arn:aws:lambda:ap-east-1:111122223333:function:f\" }]";
    vec![
        (
            "a topic of one of two accounts",
            blueprint(TWO_ACCOUNTS, OTHERS_TOPIC, &route),
            "topic-out-of-place",
        ),
        (
            "a topic of one account of an organization",
            blueprint(organization, OTHERS_TOPIC, &route),
            "topic-out-of-place",
        ),
        (
            "a topic beside the hub",
            blueprint(&format!("{TWO_ACCOUNTS}\n{hub}"), OTHERS_TOPIC, &route),
            "topic-out-of-place",
        ),
        (
            "a function that SNS does not deliver to",
            blueprint(PLAIN_FLEET, lambda, &route),
            "subscriber-out-of-reach",
        ),
        (
            "the same with regions that are enabled",
            blueprint("regions: enabled", lambda, &route),
            "subscriber-out-of-reach",
        ),
    ]
}

/// Every error that a verb prints: its code and where it stands.
fn errors(ran: &Ran) -> Vec<(String, String)> {
    let json = ran.json();
    let all = json["diagnostics"].as_array().unwrap().iter();
    let errors = all.filter(|one| one["severity"] == "error");
    errors
        .map(|one| {
            let span = &one["span"];
            (
                one["code"].as_str().unwrap().to_owned(),
                format!("{}:{}", span["line"], span["column"]),
            )
        })
        .collect()
}

#[test]
fn validate_says_what_plan_test_and_match_would_say() {
    let cases =
        [never_matching(), not_expressible_or_too_large(), too_many(), out_of_place()].concat();
    assert!(cases.len() >= 6 + 8);
    for (what, text, code) in cases {
        let world = World::bare(&text);
        world.write("events.json", "[]");
        let ran = world.run(&["validate", "--format", "json"]);
        assert_eq!(ran.code, 64, "{what}: {}{}", ran.out, ran.err);
        let errors = errors(&ran);
        assert_eq!(errors.len(), 1, "{what} is one problem: {errors:?}");
        assert_eq!(errors[0].0, code, "{what}: {errors:?}");
        assert!(!errors[0].1.contains("null"), "{what} stands somewhere");
        assert!(ran.json()["diagnostics"][0]["help"].is_string(), "{what} has help");
        let path = world.path("ctguard.yaml").display().to_string();
        let events = world.path("events.json").display().to_string();
        for verb in
            [vec!["plan"], vec!["test", &path], vec!["match", "--blueprint", &path, &events]]
        {
            let ran = world.run(&verb);
            assert_eq!(ran.code, 64, "{what}: {verb:?}\n{}{}", ran.out, ran.err);
            assert!(ran.err.contains(&format!("error[{code}]")), "{what}: {verb:?}\n{}", ran.err);
        }
    }
}

#[test]
fn what_can_only_be_known_live_is_no_error() {
    let route = [alert("a", "ec2:CreateRoute", "")];
    let own = OTHERS_TOPIC.replace("us-east-1", "{region}");
    for (what, text) in [
        ("the caller's account", blueprint(PLAIN_FLEET, &own, &route)),
        ("300 rules", blueprint(PLAIN_FLEET, "topic: t, subscribers: []", &alerts(300, ""))),
        (
            "a hub in a region to opt in to",
            blueprint(
                "regions: enabled\nhub: { account: \"111122223333\", region: me-south-1 }",
                "topic: t, subscribers: []",
                &route,
            ),
        ),
    ] {
        let world = World::empty();
        world.write("ctguard.yaml", &text);
        let ran = world.run(&["validate"]);
        assert_eq!(ran.code, 0, "{what}: {}{}", ran.out, ran.err);
    }
}

/// What does not compile can still be taken away.
#[test]
fn destroy_needs_no_blueprint_that_compiles() {
    let world = World::bare(crate::world::blueprints::PLAIN);
    world.run(&["apply", "--yes"]).expect(0);
    let broken = crate::world::blueprints::PLAIN.replace(
        "    events: [iam:CreateUser]\n",
        "    events: [iam:CreateUser]\n    where: { eventName: [DeleteUser] }\n",
    );
    world.write("ctguard.yaml", &broken);
    world.run(&["plan"]).expect(64);
    world.run(&["destroy", "--yes"]).expect(0);
    let state = world.state();
    let regions = || state.accounts.values().flat_map(|account| account.regions.values());
    assert!(regions().count() > 0 && regions().all(|here| here.rules.is_empty()));
}

#[test]
fn problems_of_the_text_and_of_what_is_compiled_are_reported_together() {
    let text = blueprint(
        PLAIN_FLEET,
        TOPIC,
        &[
            alert("a", "iam:CreateUser", ", where: { eventName: [DeleteUser] }"),
            alert("b", "iam:CreateUsr", ""),
        ],
    );
    let world = World::empty();
    world.write("ctguard.yaml", &text);
    let found: Vec<String> = errors(&world.run(&["validate", "--format", "json"]))
        .into_iter()
        .map(|(code, _)| code)
        .collect();
    assert_eq!(found, ["never-matches", "event-unknown"]);
}

/// Which problem it is, what it means and what to do stand in the rule of each result.
#[test]
fn sarif_has_the_title_and_the_help_of_each_code() {
    let world = World::empty();
    world.write("ctguard.yaml", &one(", where: { eventName: [DeleteUser] }"));
    let sarif = world.run(&["validate", "--format", "sarif"]).expect(64).json();
    let rule = &sarif["runs"][0]["tool"]["driver"]["rules"][0];
    assert_eq!(rule["id"], "never-matches");
    let title = rule["shortDescription"]["text"].as_str().unwrap();
    assert!(title.starts_with("An alert's `where`"), "{rule:#}");
    assert!(rule["help"]["text"].as_str().unwrap().contains("Loosen"), "{rule:#}");
    let line = &sarif["runs"][0]["results"][0]["locations"][0]["physicalLocation"]["region"];
    assert_eq!(line["startLine"], 8);
}

/// Not only the first: each exception without an inverse is told at its own place.
#[test]
fn every_exception_that_has_no_inverse_is_told() {
    let text = one(
        ", except: [{ where: { resources.ARN: [x] }, reason: r }, { where: { userAgent: [y] }, reason: r }, { where: { requestParameters.tags.key: [z] }, reason: r }]",
    );
    let world = World::empty();
    world.write("ctguard.yaml", &text);
    let ran = world.run(&["validate", "--format", "json"]).expect(64);
    let found = ran.json()["diagnostics"].as_array().unwrap().to_vec();
    let code = |one: &serde_json::Value| one["code"] == "exception-not-expressible";
    assert_eq!(found.iter().filter(|one| code(one)).count(), 2, "{found:#?}");
}
