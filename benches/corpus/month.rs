//! A month of an account, and the calls of an intruder, from two tables beside this file.
//!
//! `ordinary.txt` says how often each kind of call is made in a month and why, `attacks.txt` what an intruder calls, by
//! built-in. Nothing in them was measured or copied: the account is made up. The same tables give the same bytes.

use super::random::{HEX, Random, UPPER};
use flate2::Compression;
use flate2::write::GzEncoder;
use serde_json::{Map, Value, json};
use std::collections::BTreeMap;
use std::io::Write as _;
use std::path::Path;

const ORDINARY: &str = include_str!("ordinary.txt");
const ATTACKS: &str = include_str!("attacks.txt");
const ACCOUNT: &str = "111122223333";
const DAYS: u64 = 30;
const DAY: u64 = 86_400;
/// Services whose calls land in us-east-1, wherever they are made from.
const GLOBAL: [&str; 12] = [
    "iam",
    "signin",
    "organizations",
    "account",
    "budgets",
    "ce",
    "route53",
    "route53domains",
    "payments",
    "support",
    "savingsplans",
    "shield",
];

/// A line of a table: how often, in which region, by people or machines, and the record with gaps.
struct Row {
    times: u64,
    region: &'static str,
    working_hours: bool,
    record: String,
}

/// Records to be written, in the order of their time.
pub struct Month {
    rows: Vec<Row>,
    calls: Vec<(u64, usize)>,
}

impl Month {
    /// The ordinary month; no line of the table is made more than `cap` times.
    pub fn ordinary(cap: u64) -> Self {
        Self::of(ORDINARY, cap)
    }

    /// The calls of the intruder that a built-in is for.
    pub fn attack(builtin: &str) -> Option<Self> {
        let (_, rest) = ATTACKS.split_once(&format!("\n[{builtin}]\n"))?;
        Some(Self::of(rest.split("\n[").next()?, u64::MAX))
    }

    fn of(table: &str, cap: u64) -> Self {
        let mut random = Random(0x9e37_79b9_7f4a_7c15);
        let lines = table.lines().filter(|line| !line.starts_with('#') && !line.is_empty());
        let rows: Vec<Row> = lines.map(row).collect();
        let mut calls = Vec::new();
        for (index, row) in rows.iter().enumerate() {
            let times = row.times.min(cap);
            calls.extend((0..times).map(|_| (second(row, &mut random), index)));
        }
        calls.sort_unstable();
        Self { rows, calls }
    }

    /// Writes the records below the folder in AWS's layout, one file a day and region, and says how many there are.
    pub fn write(&self, folder: &Path) -> usize {
        let mut random = Random(0x2545_f491_4f6c_dd1d);
        for calls in self.calls.chunk_by(|a, b| a.0 / DAY == b.0 / DAY) {
            let mut files: BTreeMap<&str, String> = BTreeMap::new();
            for (second, index) in calls {
                let row = &self.rows[*index];
                let text = files.entry(row.region).or_default();
                text.push_str(if text.is_empty() { r#"{"Records":["# } else { "," });
                text.push_str(&filled(&row.record, *second, &mut random));
            }
            for (region, text) in files {
                write_file(folder, 1 + calls[0].0 / DAY, region, &(text + "]}"), &mut random);
            }
        }
        self.calls.len()
    }
}

fn write_file(folder: &Path, day: u64, region: &str, text: &str, random: &mut Random) {
    let folder = folder.join(format!("AWSLogs/{ACCOUNT}/CloudTrail/{region}/2026/11/{day:02}"));
    std::fs::create_dir_all(&folder).unwrap();
    let unique = random.text(UPPER, 16);
    let name = format!("{ACCOUNT}_CloudTrail_{region}_202611{day:02}T2355Z_{unique}.json.gz");
    let mut encoder = GzEncoder::new(Vec::new(), Compression::fast());
    encoder.write_all(text.as_bytes()).unwrap();
    std::fs::write(folder.join(name), encoder.finish().unwrap()).unwrap();
}

/// A second of November 2026: for people and pipelines one between 8 and 18 o'clock of a working day.
fn second(row: &Row, random: &mut Random) -> u64 {
    if !row.working_hours {
        return random.below(DAYS * DAY);
    }
    // The first of November 2026 is a Sunday.
    let day = loop {
        let day = random.below(DAYS);
        if !matches!(day % 7, 0 | 6) {
            break day;
        }
    };
    day * DAY + 8 * 3_600 + random.below(10 * 3_600)
}

fn filled(record: &str, second: u64, random: &mut Random) -> String {
    let (day, hour, minute) = (1 + second / DAY, second / 3_600 % 24, second / 60 % 60);
    let time = format!("2026-11-{day:02}T{hour:02}:{minute:02}:{:02}Z", second % 60);
    record
        .replace("{time}", &time)
        .replace("{event}", &random.uuid())
        .replace("{request}", &random.uuid())
        .replace("{hex}", &random.text(HEX, 16))
        .replace("{key}", &random.text(UPPER, 16))
}

/// Reads `times | who | service:Name r | error | request | more`.
fn row(line: &str) -> Row {
    let mut cells = line.split('|').map(str::trim);
    let mut cell = || cells.next().unwrap_or_else(|| panic!("a cell is missing: {line}"));
    let times = cell().parse().unwrap_or_else(|_| panic!("no number: {line}"));
    let (who, call, error, request, more) = (cell(), cell(), cell(), cell(), cell());
    let (call, reads) = call.split_once(' ').unwrap_or_else(|| panic!("r or w: {line}"));
    let (service, name) = call.split_once(':').unwrap_or_else(|| panic!("service: {line}"));
    let region = if GLOBAL.contains(&service) { "us-east-1" } else { "eu-west-1" };
    let kind = if service == "signin" { "AwsConsoleSignIn" } else { "AwsApiCall" };
    let object = |text: &str| -> Value {
        serde_json::from_str(text).unwrap_or_else(|fault| panic!("{fault}: {line}"))
    };
    let mut record = json!({
        "eventVersion": "1.11", "eventTime": "{time}",
        "eventSource": format!("{service}.amazonaws.com"), "eventName": name, "awsRegion": region,
        "requestParameters": object(request), "responseElements": null,
        "requestID": "{request}", "eventID": "{event}", "readOnly": reads == "r",
        "eventType": kind, "managementEvent": true, "recipientAccountId": ACCOUNT,
        "eventCategory": "Management",
    });
    let fields = record.as_object_mut().unwrap();
    if !error.is_empty() {
        fields.insert("errorCode".to_owned(), error.into());
        fields.insert("errorMessage".to_owned(), "The request was refused.".into());
    }
    fields.extend(caller(who));
    if !more.is_empty() {
        fields.extend(object(more).as_object().unwrap().clone());
    }
    let working_hours = ["person", "pipeline", "console", "user", "root", "via cloudformation"]
        .iter()
        .any(|kind| who.starts_with(kind));
    Row { times, region, working_hours, record: record.to_string() }
}

/// The fields that say who called: `userIdentity`, `sourceIPAddress`, `userAgent`.
fn caller(who: &str) -> Map<String, Value> {
    let (kind, rest) = who.split_once(' ').unwrap_or((who, ""));
    let (identity, address, agent) = match kind {
        "service" => {
            let service = format!("{rest}.amazonaws.com");
            (json!({ "type": "AWSService", "invokedBy": service }), service.clone(), service)
        }
        "linked" | "via" => {
            let (name, role) = rest.split_once(' ').unwrap();
            let service = format!("{name}.amazonaws.com");
            let path = format!("aws-service-role/{service}/");
            let mut identity = session(if kind == "linked" { &path } else { "" }, role, "service");
            identity["invokedBy"] = service.clone().into();
            (identity, service.clone(), service)
        }
        "role" => (session("", rest, "i-0{hex}"), "10.0.4.17".to_owned(), BOTO.to_owned()),
        "pipeline" => {
            (session("", "ci-deploy", "ci"), "203.0.113.40".to_owned(), TERRAFORM.to_owned())
        }
        "person" => {
            let role = "AWSReservedSSO_Developer_0123456789abcdef";
            let path = "aws-reserved/sso.amazonaws.com/eu-west-1/";
            (session(path, role, "alice@acme.example"), OFFICE.to_owned(), BROWSER.to_owned())
        }
        "console" => (user(rest), OFFICE.to_owned(), BROWSER.to_owned()),
        "user" => (user(rest), OFFICE.to_owned(), CLI.to_owned()),
        "root" => (root(), OFFICE.to_owned(), BROWSER.to_owned()),
        "web" => (web(rest), "203.0.113.40".to_owned(), BOTO.to_owned()),
        // Keys, a role's session, a password and root in the hands of somebody else.
        "thief-user" => (user("build-legacy"), ELSEWHERE.to_owned(), CLI.to_owned()),
        "thief-role" => (session("", "app-api", "i-0{hex}"), ELSEWHERE.to_owned(), BOTO.to_owned()),
        "thief-root" => (root(), ELSEWHERE.to_owned(), BROWSER.to_owned()),
        "thief-web" => (web(rest), ELSEWHERE.to_owned(), BOTO.to_owned()),
        other => panic!("nobody is called {other}"),
    };
    let mut fields = Map::new();
    fields.insert("userIdentity".to_owned(), identity);
    fields.insert("sourceIPAddress".to_owned(), address.into());
    fields.insert("userAgent".to_owned(), agent.into());
    fields
}

const OFFICE: &str = "203.0.113.7";
const ELSEWHERE: &str = "198.51.100.66";
const BOTO: &str = "Boto3/1.40.1 md/Botocore#1.40.1 ua/2.1 os/linux lang/python#3.13.1";
const CLI: &str = "aws-cli/2.31.0 md/awscrt#0.27.6 ua/2.1 os/linux";
const TERRAFORM: &str = "APN/1.0 HashiCorp/1.0 Terraform/1.13.0 terraform-provider-aws/6.1.0";
const BROWSER: &str = "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0";

fn user(name: &str) -> Value {
    json!({ "type": "IAMUser", "principalId": "AIDAEXAMPLE", "accountId": ACCOUNT,
        "arn": format!("arn:aws:iam::{ACCOUNT}:user/{name}"), "accessKeyId": "AKIA{key}",
        "userName": name })
}

fn root() -> Value {
    json!({ "type": "Root", "principalId": ACCOUNT, "accountId": ACCOUNT,
        "arn": format!("arn:aws:iam::{ACCOUNT}:root") })
}

fn web(subject: &str) -> Value {
    let provider = format!("arn:aws:iam::{ACCOUNT}:oidc-provider/tokens.ci.example");
    json!({ "type": "WebIdentityUser", "userName": subject, "identityProvider": provider,
        "principalId": format!("{provider}:sts.amazonaws.com:{subject}") })
}

fn session(path: &str, role: &str, session: &str) -> Value {
    json!({ "type": "AssumedRole", "principalId": format!("AROAEXAMPLE:{session}"),
        "arn": format!("arn:aws:sts::{ACCOUNT}:assumed-role/{role}/{session}"),
        "accountId": ACCOUNT, "accessKeyId": "ASIA{key}",
        "sessionContext": { "attributes": { "creationDate": "{time}", "mfaAuthenticated": "false" },
            "sessionIssuer": { "type": "Role", "principalId": "AROAEXAMPLE", "accountId": ACCOUNT,
                "arn": format!("arn:aws:iam::{ACCOUNT}:role/{path}{role}"), "userName": role } } })
}
