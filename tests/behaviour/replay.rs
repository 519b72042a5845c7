//! Logs of the past through a blueprint.

mod archive;
mod history;
mod incomplete;

use crate::world::{Ran, World};
use archive::Archive;
use serde_json::{Value, json};

pub const BLUEPRINT: &str = "version: 1
name: acme
regions: [us-east-1, eu-west-1]
destinations:
  mail: { topic: mail, format: text, subscribers: [{ email: secops@acme.example }] }
  siem: { topic: siem, format: json, subscribers: [{ sqs: 'arn:aws:sqs:us-east-1:111122223333:siem' }] }
routes: { critical: [mail, siem], high: [siem] }
alerts:
  - id: new-user
    title: An IAM user was made
    risk: critical
    events: [iam:CreateUser]
    why: Users live for ever.
    next: Ask who made it.
  - id: route-change
    title: A route was changed
    risk: high
    events: [ec2:CreateRoute, ec2:DeleteRoute]
    why: Routes decide where packets go.
    next: Ask who made it.
";

/// A record as CloudTrail writes it today.
pub fn record(source: &str, name: &str, time: &str, id: &str, user: &str) -> Value {
    json!({
        "eventVersion": "1.11",
        "userIdentity": { "type": "IAMUser", "principalId": "AIDAEXAMPLE", "accountId": "111122223333",
            "arn": format!("arn:aws:iam::111122223333:user/{user}"), "userName": user },
        "eventTime": time, "eventSource": format!("{source}.amazonaws.com"), "eventName": name,
        "awsRegion": "us-east-1", "sourceIPAddress": "198.51.100.7", "userAgent": "aws-cli/2.31",
        "requestParameters": { "userName": "x" }, "responseElements": null, "eventID": id,
        "readOnly": name.starts_with("Describe"), "eventType": "AwsApiCall", "managementEvent": true,
        "recipientAccountId": "111122223333", "eventCategory": "Management",
    })
}

/// The record of Alice making Bob in the documentation's style, from the time before most fields.
fn alice() -> Value {
    json!({
        "eventVersion": "1.0",
        "userIdentity": { "type": "IAMUser", "principalId": "EX_PRINCIPAL_ID",
            "arn": "arn:aws:iam::123456789012:user/Alice", "accountId": "123456789012",
            "accessKeyId": "EXAMPLE_KEY_ID", "userName": "Alice" },
        "eventTime": "2014-03-24T21:11:59Z", "eventSource": "iam.amazonaws.com", "eventName": "CreateUser",
        "awsRegion": "us-east-2", "sourceIPAddress": "127.0.0.1", "userAgent": "aws-cli/1.3.2 Python/2.7.5 Windows/7",
        "requestParameters": { "userName": "Bob" },
        "responseElements": { "user": { "createDate": "Mar 24, 2014 9:11:59 PM", "userName": "Bob",
            "arn": "arn:aws:iam::123456789012:user/Bob", "path": "/", "userId": "EXAMPLEUSERID" } },
    })
}

fn world() -> World {
    let world = World::empty();
    world.write("ctguard.yaml", BLUEPRINT);
    world
}

fn replay(world: &World, args: &[&str]) -> Ran {
    let blueprint = world.path("ctguard.yaml").display().to_string();
    let logs = world.path("logs").display().to_string();
    let mut line = vec!["ctguard", "replay", "--blueprint", &blueprint, &logs];
    line.extend(args);
    world.command(line.into_iter().map(Into::into).collect(), None)
}

/// A month with a bit of everything, and nothing broken.
fn month() -> World {
    let world = world();
    let mut archive = Archive::new(&world.path("logs"));
    let at = |day: u32, second: u32| format!("2026-10-{day:02}T10:00:{second:02}Z");
    let mut deploys: Vec<Value> = (1..=20)
        .map(|day| record("ec2", "CreateRoute", &at(day, 0), &format!("r-{day}"), "deploy"))
        .collect();
    deploys.push(record("ec2", "DescribeInstances", &at(3, 0), "d-1", "deploy"));
    archive.gz("AWSLogs/111122223333/CloudTrail/us-east-1/2026/10/20/111122223333_CloudTrail_us-east-1_20261020T1005Z_a.json.gz", &deploys);
    let mut role = record("iam", "CreateUser", &at(30, 1), "u-2", "x");
    role["userIdentity"] = json!({ "type": "AssumedRole", "accountId": "999988887777",
        "arn": "arn:aws:sts::999988887777:assumed-role/partner/s",
        "sessionContext": { "sessionIssuer": { "type": "Role", "arn": "arn:aws:iam::999988887777:role/partner" } } });
    let twice = record("iam", "CreateUser", &at(30, 0), "u-1", "alice");
    archive.gz("AWSLogs/111122223333/CloudTrail/us-east-1/2026/10/30/111122223333_CloudTrail_us-east-1_20261030T1005Z_b.json.gz", &[twice.clone(), role]);
    // The organization's trail recorded the first of these, too.
    let burst =
        (0..12).map(|n| record("iam", "CreateUser", &at(30, 9), &format!("b-{n}"), "alice"));
    let both: Vec<Value> = burst.chain([twice]).collect();
    archive.members("AWSLogs/o-abcdef1234/111122223333/CloudTrail/us-east-1/2026/10/30/111122223333_CloudTrail_us-east-1_20261030T1006Z_c.json.gz", &both);
    world
}

#[test]
fn a_month_is_summed_up_for_people() {
    insta::assert_snapshot!(replay(&month(), &[]).expect(0).seen());
}

#[test]
fn a_month_is_summed_up_as_markdown() {
    insta::assert_snapshot!(replay(&month(), &["--format", "markdown"]).expect(0).out);
}

#[test]
fn a_month_is_summed_up_for_programs() {
    let mut report = replay(&month(), &["--format", "json"]).expect(0).json();
    // How well a file is packed is the packer's affair.
    assert!(report["files"]["bytes"].as_u64().is_some_and(|bytes| bytes > 0));
    report["files"]["bytes"] = json!("as packed");
    insta::assert_snapshot!(serde_json::to_string_pretty(&report).unwrap());
}

#[test]
fn threads_change_nothing() {
    let world = month();
    let one = replay(&world, &["--format", "json", "--threads", "1"]).expect(0).out;
    for threads in ["2", "7"] {
        assert_eq!(replay(&world, &["--format", "json", "--threads", threads]).out, one);
    }
}

#[test]
fn what_is_broken_is_named_and_the_rest_is_counted() {
    let world = world();
    let mut archive = Archive::new(&world.path("logs"));
    let user = |id: &str| record("iam", "CreateUser", "2026-10-01T10:00:00Z", id, "alice");
    archive.gz("a.json.gz", &[user("1")]);
    archive.text("b.json", "this is no log");
    archive.truncated("c.json.gz", &[user("2"), user("3")]);
    archive.text("d.json", &format!("{{\"Records\":[{},7,{}]}}", user("4"), user("5")));
    archive.text("e.jsonl", &format!("{}\n{}\n", user("6"), user("7")));
    archive.text("README.md", "no log either");
    let ran = replay(&world, &["--format", "json"]).expect(4);
    let report = ran.json();
    let broken: Vec<String> = report["files"]["broken"]
        .as_array()
        .unwrap()
        .iter()
        .map(|part| {
            format!(
                "{} {}",
                part["path"].as_str().unwrap().rsplit('/').next().unwrap(),
                part["record"]
            )
        })
        .collect();
    assert_eq!(broken, ["b.json 1", "c.json.gz null", "d.json 2"]);
    assert_eq!(report["skipped"]["broken"], 3);
    let unread = json!({ "not-json": 1, "bad-gzip": 1, "not-an-object": 1 });
    assert_eq!(report["skipped"]["unread"], unread);
    assert_eq!(report["skipped"]["passed_over"], json!({ "other-file": 1 }));
    let count = report["alerts"][0]["count"].as_u64().unwrap();
    assert!((5..=7).contains(&count), "1, 4, 5, 6, 7, and what is left of c: {count}");
    let text = replay(&world, &[]).expect(4).out;
    assert!(
        text.contains("3 files or records could not be read") && text.contains("d.json, record 2"),
        "{text}"
    );
}

#[test]
fn an_old_record_raises_its_alert_and_says_what_it_lacks() {
    let world = world();
    Archive::new(&world.path("logs")).text("old.json", &format!("{{\"Records\":[{}]}}", alice()));
    let alert = &replay(&world, &["--format", "json"]).expect(0).json()["alerts"][0];
    assert_eq!((&alert["id"], &alert["count"]), (&json!("new-user"), &json!(1)));
    assert_eq!(alert["per_day"], json!({ "2014-03-24": 1 }));
    assert_eq!(alert["accounts"]["top"][0]["name"], "123456789012");
    assert_eq!(
        (&alert["notes"]["fields-missing"], &alert["notes"]["lands-elsewhere"]),
        (&json!(1), &json!(1))
    );
    let text = replay(&world, &[]).out;
    assert!(text.contains("where events of the service do not land today: 1"), "{text}");
}

#[test]
fn a_period_leaves_out_files_by_their_names_and_records_by_their_times() {
    let world = month();
    let report =
        replay(&world, &["--format", "json", "--since", "2026-10-19", "--until", "2026-10-29"])
            .expect(0)
            .json();
    assert_eq!(report["skipped"]["outside"], 33, "18 routes before the 19th, 15 users on the 30th");
    assert_eq!(report["skipped"]["files"], 0, "a file of the 30th may hold the end of the 29th");
    assert_eq!(report["alerts"][1]["count"], 2);
    assert_eq!(report["days"], json!({ "first": "2026-10-19", "last": "2026-10-29", "count": 11 }));
    let later = replay(&world, &["--format", "json", "--since", "2026-10-25"]).expect(0).json();
    assert_eq!((&later["skipped"]["files"], &later["files"]["count"]), (&json!(1), &json!(2)));
}

/// `--account` and `--region` narrow a replay, and what happens where the blueprint has no rules is told apart.
#[test]
fn accounts_and_regions_narrow_a_replay_and_the_headline_is_about_places_with_rules() {
    let world = world();
    let made = |region: &str, id: &str| {
        let mut made = record("ec2", "CreateRoute", "2026-11-20T10:00:00Z", id, "alice");
        made["awsRegion"] = json!(region);
        made["recipientAccountId"] = json!("111122223333");
        made
    };
    let mut silent = made("eu-west-1", "e4");
    silent.as_object_mut().unwrap().remove("awsRegion");
    let records = json!({ "Records": [made("eu-west-1", "e1"), made("us-east-1", "e2"), made("ap-south-2", "e3"), silent] });
    std::fs::create_dir(world.path("logs")).unwrap();
    world.write("logs/a.json", &records.to_string());
    let counted = |args: &[&str]| {
        let json = replay(&world, &[&["--format", "json"], args].concat()).expect(0).json();
        ["raised", "uncovered"].map(|field| json[field].as_u64().unwrap())
    };
    assert_eq!(counted(&[]), [3, 1]);
    assert_eq!(counted(&["--region", "eu-west-1"]), [2, 0], "one does not say where");
    assert_eq!(counted(&["--account", "444455556666"]), [0, 0]);
    let said = replay(&world, &[]).expect(0).out;
    assert!(said.contains("raised 3 times in 4 events"), "{said}");
    assert!(
        said.contains("1 more record matches in accounts and regions that it does not"),
        "{said}"
    );
    let said = replay(&world, &["--region", "eu-west-1"]).expect(0).out;
    assert!(said.contains("2 records matched and lay outside of what was asked for"), "{said}");
}

#[test]
fn a_suggested_exception_is_taken_by_validate_and_takes_the_noise_away() {
    let world = month();
    let report = replay(&world, &["--format", "json"]).json();
    let suggestion = &report["alerts"][1]["suggestions"][0];
    assert_eq!(suggestion["leaves_out"], 20);
    let entry: String = suggestion["except"]
        .as_str()
        .unwrap()
        .lines()
        .map(|line| format!("      {line}\n"))
        .collect();
    world.write("ctguard.yaml", &format!("{BLUEPRINT}    except:\n{entry}"));
    world.run(&["validate"]).expect(0);
    assert_eq!(replay(&world, &["--format", "json"]).json()["alerts"][1]["count"], 0);
}

#[test]
fn the_page_needs_nothing_else_and_escapes_what_logs_say() {
    let world = world();
    let hostile = "<script>alert(1)</script>\"' onload=x & \u{202e}";
    let mut record = record("iam", "CreateUser", "2026-10-01T10:00:00Z", "1", "x");
    record["userIdentity"]["arn"] = json!(hostile);
    let mut archive = Archive::new(&world.path("logs"));
    archive.gz("a.json.gz", &vec![record; 12]);
    archive.text("<b>.json", "broken");
    let page = world.path("report.html").display().to_string();
    replay(&world, &["--html", &page]).expect(4);
    let page = world.read("report.html");
    for refused in
        ["<script", "src=", "href=", "url(", "@import", "\"' onload", "\u{202e}", "<b>.json"]
    {
        assert!(!page.contains(refused), "{refused}");
    }
    assert!(
        page.contains("&lt;script&gt;alert(1)&lt;/script&gt;&quot;'"),
        "the name is there as text"
    );
    assert!(page.contains("default-src 'none'") && page.contains("prefers-color-scheme:dark"));
    assert_eq!(
        page.matches("<svg viewBox").count(),
        page.matches("<desc ").count(),
        "every chart is described"
    );
    archive::assert_nested(&page);
}

#[test]
fn the_query_names_every_alert_and_refuses_what_the_table_does_not_hold() {
    let world = world();
    let blueprint = world.path("ctguard.yaml").display().to_string();
    let query = |world: &World, more: &[&str]| {
        let mut line = vec!["ctguard", "replay", "--blueprint", &blueprint, "--sql", "athena"];
        line.extend(more);
        world.command(line.into_iter().map(Into::into).collect(), None)
    };
    let ran =
        query(&world, &["--table", "logs.trail", "--since", "2026-10-01", "--until", "2026-10-31"])
            .expect(0);
    insta::assert_snapshot!(ran.out);
    let refused = BLUEPRINT
        .replace("    why: Users", "    where: { managementEvent: [true] }\n    why: Users");
    world.write("ctguard.yaml", &refused);
    let ran = query(&world, &[]).expect(4);
    assert!(ran.err.contains("new-user is not counted: `detail.managementEvent`"), "{}", ran.err);
    assert!(
        ran.out.contains("-- NOT COUNTED: new-user") && ran.out.contains("'route-change'"),
        "{}",
        ran.out
    );
    query(&world, &["--table", "x; DROP TABLE y"]).expect(64);
}

#[test]
fn programs_hear_of_progress_line_by_line() {
    let ran = replay(&month(), &["--progress", "json"]).expect(0);
    let lines: Vec<Value> =
        ran.err.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    assert_eq!(lines[0]["event"], "replay-started");
    let last = lines.last().unwrap();
    assert_eq!(
        (&last["event"], &last["files"], &last["events"]),
        (&json!("replay-finished"), &json!(3), &json!(36))
    );
    assert_eq!(last["bytes"], last["total_bytes"]);
}

#[test]
fn what_cannot_be_asked_says_what_to_do() {
    let world = world();
    std::fs::create_dir(world.path("logs")).unwrap();
    assert!(replay(&world, &[]).expect(1).err.contains("there is no log file in FOLDER/logs"));
    replay(&world, &["/nowhere/at/all"]).expect(1);
    assert!(
        replay(&world, &["--since", "2026-10-02", "--until", "2026-10-01"])
            .expect(64)
            .err
            .contains("no day is left")
    );
    replay(&world, &["--lookup", "7d"]).expect(64);
    let bare = |more: &[&str]| {
        let mut line = vec!["ctguard", "replay"];
        line.extend(more);
        world.command(line.into_iter().map(Into::into).collect(), None)
    };
    bare(&[]).expect(64);
    assert!(bare(&["--lookup", "91d"]).expect(64).err.contains("90d"));
    bare(&["--resume", "x", "logs"]).expect(64);
    let none = world.run(&["explain", "ec2:CreateRoute", "--format", "markdown"]).expect(64);
    assert!(none.err.contains("explain has no format markdown"), "{}", none.err);
}

/// Most of what a console user does was once told by `invokedBy` and the user agent alone.
#[test]
fn somebody_who_clicks_is_a_person_in_old_records_too() {
    let world = world();
    let clicks = (0..30).map(|n| {
        let mut record =
            record("iam", "CreateUser", "2019-10-26T22:07:04Z", &format!("c-{n}"), "eve");
        match n % 3 {
            0 => {
                record["userIdentity"]["invokedBy"] = json!("signin.amazonaws.com");
                record["userAgent"] = json!("signin.amazonaws.com");
            }
            1 => record["userAgent"] = json!("console.ec2.amazonaws.com"),
            _ => record["userAgent"] = json!("Mozilla/5.0 (X11; Linux x86_64) Firefox/70.0"),
        }
        record
    });
    let keys = (0..5)
        .map(|n| record("iam", "CreateUser", "2019-10-26T22:08:00Z", &format!("k-{n}"), "eve"));
    let all: Vec<Value> = clicks.chain(keys).collect();
    Archive::new(&world.path("logs")).gz("a.json.gz", &all);
    let alert = &replay(&world, &["--format", "json"]).expect(0).json()["alerts"][0];
    assert_eq!(alert["actors"], json!({ "person": 30, "application": 5 }));
    assert_eq!(alert["suggestions"][0]["actors"], json!({ "person": 30, "application": 5 }));
}

#[test]
fn a_suggestion_says_in_every_form_what_it_hides() {
    let world = world();
    let mut archive = Archive::new(&world.path("logs"));
    let route = |name: &str, n: u32| {
        let id = format!("{name}-{n}");
        record("ec2", name, "2026-10-01T10:00:00Z", &id, "deploy")
    };
    let mut records: Vec<Value> = (0..19).map(|n| route("CreateRoute", n)).collect();
    records.extend((0..2).map(|n| route("DeleteRoute", n)));
    records[0]["errorCode"] = json!("UnauthorizedOperation");
    records[1]["errorCode"] = json!("");
    archive.gz("a.json.gz", &records);
    let json = replay(&world, &["--format", "json"]).expect(0).json();
    let suggestion = &json["alerts"][1]["suggestions"][0];
    assert_eq!(
        suggestion["events"]["top"],
        json!([{ "name": "ec2:CreateRoute", "count": 19 }, { "name": "ec2:DeleteRoute", "count": 2 }])
    );
    assert_eq!((&suggestion["failed"], &suggestion["silences"]), (&json!(1), &json!(true)));
    assert_eq!(json["alerts"][1]["failed"], 1);
    let page = world.path("report.html").display().to_string();
    let said = "would leave out 21 (100 %); this would silence the alert; of these logs it hides \
                19 ec2:CreateRoute, 2 ec2:DeleteRoute (1 failed):";
    for form in ["text", "markdown"] {
        let out = replay(&world, &["--format", form, "--html", &page]).expect(0).out;
        assert!(out.contains(said), "{out}");
    }
    assert!(world.read("report.html").contains(said));
}

/// Everybody who mistypes a name shares the name that CloudTrail withholds.
#[test]
fn nobody_is_suggested_whom_an_attacker_could_hide_behind() {
    let world = world();
    world.write("ctguard.yaml", &BLUEPRINT.replace("iam:CreateUser", "signin:ConsoleLogin"));
    let login = |n: u32, identity: Value, result: &str| {
        let id = format!("l-{n}-{result}");
        let mut record = record("signin", "ConsoleLogin", "2026-10-01T10:00:00Z", &id, "x");
        record["userIdentity"] = identity;
        record["eventType"] = json!("AwsConsoleSignIn");
        record["responseElements"] = json!({ "ConsoleLogin": result });
        record
    };
    let hidden = json!({ "type": "IAMUser", "accountId": "111122223333", "accessKeyId": "",
        "userName": "HIDDEN_DUE_TO_SECURITY_REASONS" });
    let alice = json!({ "type": "IAMUser", "accountId": "111122223333", "userName": "alice",
        "arn": "arn:aws:iam::111122223333:user/alice" });
    let mut records: Vec<Value> = (0..40).map(|n| login(n, hidden.clone(), "Failure")).collect();
    records.extend((0..20).map(|n| login(n, alice.clone(), "Success")));
    Archive::new(&world.path("logs")).gz("a.json.gz", &records);
    let alert = &replay(&world, &["--format", "json"]).expect(0).json()["alerts"][0];
    assert_eq!((&alert["count"], &alert["failed"]), (&json!(60), &json!(40)));
    assert_eq!(alert["principals"]["top"][0]["name"], "HIDDEN_DUE_TO_SECURITY_REASONS");
    assert_eq!(alert["suggestions"], json!([]));
}
