//! Credentials and network as the AWS CLI takes them: `docs/credentials.md`, row by row, with the built
//! program against servers on this machine.

mod network;
mod rows;
mod setup;
mod signals;

use crate::stub::{ACCOUNT, Call, Reply, Stub};
use crate::wire::Answer;
use rows::ROWS;
use setup::{Setup, answer};
use std::collections::{BTreeMap, BTreeSet};
#[cfg(unix)]
use std::process::{Command, Stdio};

const PAGE: &str = include_str!("../../docs/credentials.md");

const BLUEPRINT: &str = r#"
version: 1
name: acme
regions: [us-east-1]
trail: { name: acme-trail, bucket: acme-logs }
destinations: { ops: { topic: ops, format: json, subscribers: [{ sqs: "arn:aws:sqs:us-east-1:111122223333:ops" }] } }
routes: { high: [ops] }
alerts:
  - { id: stop, title: Stopped, risk: high, events: [cloudtrail:StopLogging], why: w, next: n }
"#;

const LOGIN: &str = "[profile p]\nlogin_session = arn:aws:iam::111122223333:user/anna\n";

/// The name of the session's file: the SHA-256 of what `login_session` says.
const LOGIN_FILE: &str = "824ac7ff8d76f77126bed5d43903d89e030ee3769ec7bf6bb8c5d2efa18d83c1.json";

fn login(end: &str) -> String {
    let token = serde_json::json!({ "accessKeyId": "LOGIN", "secretAccessKey": "s",
        "sessionToken": "t", "accountId": ACCOUNT, "expiresAt": end });
    serde_json::json!({ "accessToken": token, "clientId": "arn:aws:signin:::devtools/same-device" })
        .to_string()
}

#[test]
fn every_row_of_the_page_has_a_test_and_every_test_a_row() {
    let rows = PAGE.lines().filter_map(|line| line.strip_prefix("| `")?.split_once('`'));
    let rows: BTreeSet<&str> = rows.map(|(name, _)| name).collect();
    assert_eq!(rows, ROWS.iter().map(|(name, _)| *name).collect::<BTreeSet<_>>());
}

#[test]
fn settings_are_taken_as_the_page_says() {
    let failed: Vec<&str> = ROWS
        .iter()
        .filter(|(name, shown)| {
            println!("{name}");
            std::panic::catch_unwind(shown).is_err()
        })
        .map(|(name, _)| *name)
        .collect();
    assert!(failed.is_empty(), "{failed:?}");
}

/// The kinds of sources, each with what it lacks: the hint is about that source, and none asks for a
/// sign-in that would not help.
#[test]
fn a_source_that_gives_no_credentials_is_told_with_what_mends_it() {
    let p = ["--profile", "p"];
    let told = |setup: &Setup, args: &[&str], says: &[&str]| {
        setup.fails(args, says);
        let ran = setup.run(args);
        assert!(
            !ran.err.contains("where it is one of IAM Identity Center (`aws sso login`)"),
            "{}",
            ran.err
        );
    };
    let process = |command: &str| {
        Setup::new()
            .config(&format!("[profile p]\ncredential_process = {command}\n"))
            .env("PATH", "/usr/bin:/bin")
    };
    told(
        &process("no-such-tool --key SECRET"),
        &p,
        &["(`no-such-tool`)", "code 127: there is no such command"],
    );
    told(&process("echo hello"), &p, &["(`echo`) printed something that is no JSON"]);
    // The chain's role is named, and then the source that fails.
    let chain = "[profile p]\nrole_arn = arn:aws:iam::111122223333:role/R\nsource_profile = base\n[profile base]\ncredential_process = exit 9\n";
    told(
        &Setup::new().config(chain).env("PATH", "/usr/bin:/bin"),
        &p,
        &["the `credential_process` of the profile `base`", "exit code 9"],
    );
    let container = Setup::new();
    let url = format!("{}/nothing", container.stub.url());
    let container = container.env("AWS_CONTAINER_CREDENTIALS_FULL_URI", &url);
    told(
        &container,
        &[],
        &["container's server", "AWS_CONTAINER_CREDENTIALS_FULL_URI", "task or pod has a role"],
    );
    let web = Setup::new()
        .env("AWS_WEB_IDENTITY_TOKEN_FILE", "/nowhere/token")
        .env("AWS_ROLE_ARN", "arn:aws:iam::111122223333:role/WEB");
    told(&web, &[], &["/nowhere/token", "No such file", "trust policy"]);
    let empty = web.home.path().join("token");
    std::fs::write(&empty, "\n").unwrap();
    let web = web.env("AWS_WEB_IDENTITY_TOKEN_FILE", empty.to_str().unwrap());
    told(&web, &[], &["the file is empty"]);
    std::fs::write(&empty, "a.b.c").unwrap();
    for code in ["InvalidIdentityToken", "ExpiredTokenException", "AccessDenied"] {
        let stub = Stub::start(move |_| Some(Reply::Error(400, code, "of the token")));
        let web = web.clone_with("AWS_ENDPOINT_URL", &stub.url());
        told(
            &web,
            &[],
            &[code, "of the token", "the role's trust policy and the account's identity"],
        );
    }
    let sso = "[profile p]\nsso_session = corp\nsso_account_id = 111122223333\nsso_role_name = R\n[sso-session corp]\nsso_region = us-east-1\nsso_start_url = https://corp.example/start\n";
    told(
        &Setup::new().config(sso),
        &p,
        &["session `corp`", "the profile `p`", "aws sso login --profile p"],
    );
    // The keys that a role is assumed with are not those of AWS any longer.
    let stub = Stub::start(|_| Some(Reply::Error(403, "InvalidClientTokenId", "not valid")));
    let role = "[profile p]\nrole_arn = arn:aws:iam::111122223333:role/R\nsource_profile = base\n";
    let setup = Setup::new().credentials("base", "OLD").config(role);
    let setup = setup.env("AWS_ENDPOINT_URL", &stub.url());
    told(&setup, &p, &["those of the profile `base`", "AWS does not know these credentials"]);
}

/// Each would act with other keys than the CLI, or with some where the CLI refuses.
#[test]
fn files_that_only_the_cli_reads_that_way_give_the_same_keys() {
    let keys = |id: &str| format!("aws_access_key_id = {id}\naws_secret_access_key = s\n");
    let acts = |text: String, key: &str| {
        Setup::new().config(&text).acts_as(&["--profile", "p"], key);
    };
    acts(format!("[profile p]\nRegion: us-east-1\n{}", keys("A").replace(" =", ":")), "A");
    acts(format!("[profile p]\n  {}", keys("A").replace("\na", "\n  a")), "A");
    acts(format!("[profile p] # mine\r\n{}", keys("A").replace('\n', "\r\n")), "A");
    acts(format!("[DEFAULT]\n{}[profile p]\nregion = us-east-1\n", keys("A")), "A");
    let both = format!("[profile default]\n{}[default]\n{}", keys("A"), keys("B"));
    Setup::new().config(&both).acts_as(&[], "B");
    let spaced = format!("[profile \"my prof\"]\n{}", keys("A"));
    Setup::new().config(&spaced).acts_as(&["--profile", "my prof"], "A");
    for (text, says) in [
        (
            format!("[profile p]\n{}[profile p]\n{}", keys("A"), keys("B")),
            "line 4 begins a section",
        ),
        (
            format!("[profile p]\n{}{}", keys("A"), keys("B")),
            "line 4 has the key `aws_access_key_id`",
        ),
        (format!("\u{feff}[profile p]\n{}", keys("A")), "byte order mark"),
        (format!("[p]\n{}", keys("A")), "there is no profile `p`"),
        (format!("[profile p]\n{}source_profile\n", keys("A")), "line 4 is neither"),
        (format!("[profile p]\n{}role_arn =\n", keys("A")), "neither `source_profile` nor"),
        ("[profile p]\naws_secret_access_key = s\n".to_owned(), "no `aws_access_key_id`"),
    ] {
        Setup::new().config(&text).fails(&["--profile", "p"], &[says]);
    }
}

#[test]
fn keys_of_the_two_files_are_never_mixed() {
    let setup = Setup::new().credentials("p", "FILE");
    let stale = "[profile p]\naws_access_key_id = OLD\naws_secret_access_key = s\naws_session_token = STALE\n";
    let setup = setup.config(stale);
    setup.acts_as(&["--profile", "p"], "FILE");
    let call = &setup.calls_of("GetCallerIdentity")[0];
    assert!(!call.headers.contains_key("x-amz-security-token"), "{:?}", call.headers);
    let path = setup.home.path().join(".aws/credentials");
    std::fs::write(path, "[p]\naws_access_key_id = FILE\n").unwrap();
    setup.fails(&["--profile", "p"], &["no `aws_secret_access_key` in the file"]);
}

/// Runs the program on a pseudo-terminal and answers the question for the code.
#[cfg(unix)]
fn on_a_terminal(setup: &Setup, code: &str) -> String {
    const RUN: &str = r#"
import os, pty, sys
pid, fd = pty.fork()
if pid == 0:
    os.execv(sys.argv[1], [sys.argv[1], "plan", "--profile", "p"])
said, answered = b"", False
while True:
    try:
        part = os.read(fd, 4096)
    except OSError:
        break
    if not part:
        break
    said += part
    # The whole question: an answer before its end would be echoed into it.
    if said.endswith(b"(profile p): ") and not answered:
        os.write(fd, sys.argv[2].encode() + b"\n")
        answered = True
os.waitpid(pid, 0)
sys.stdout.buffer.write(said)
"#;
    let python = std::env::var("PATH").unwrap_or_default();
    let output = Command::new("python3")
        .args(["-c", RUN, env!("CARGO_BIN_EXE_ctguard"), code])
        .current_dir(setup.home.path())
        .env_clear()
        .envs(&setup.env)
        .env("PATH", python)
        .stdin(Stdio::null())
        .output()
        .expect("python3, which has pseudo-terminals");
    String::from_utf8_lossy(&output.stdout).into_owned()
}

#[cfg(unix)]
#[test]
fn the_code_of_an_mfa_device_is_asked_for_on_a_terminal() {
    let role = "[profile p]\nrole_arn = arn:aws:iam::111122223333:role/R\nsource_profile = base\nmfa_serial = arn:aws:iam::111122223333:mfa/anna\n";
    let stub = Stub::start(|call| match call.operation.as_str() {
        "AssumeRole" if call.form("TokenCode") != "123456" => Some(Reply::Error(
            403,
            "AccessDenied",
            "MultiFactorAuthentication failed with invalid MFA one time pass code.",
        )),
        _ => answer(call),
    });
    let setup = Setup::new().credentials("base", "BASE").config(role);
    let setup = setup.env("AWS_ENDPOINT_URL", &stub.url());
    let said = on_a_terminal(&setup, "123456");
    assert!(said.contains("Code of the MFA device arn:aws:iam::111122223333:mfa/anna"), "{said}");
    assert!(said.contains("As arn:aws:iam::111122223333:user/R,"), "{said}");
    let said = on_a_terminal(&setup, "654321");
    assert!(said.contains("invalid MFA one time pass code"), "{said}");
    assert!(said.contains("wait for the next one") && !said.contains("aws sso login"), "{said}");
    let said = on_a_terminal(&setup, "");
    assert!(said.contains("no code was given"), "{said}");
    let sent: Vec<String> = stub.calls().iter().map(|call| call.form("TokenCode")).collect();
    assert_eq!(sent.iter().filter(|code| !code.is_empty()).count(), 2, "{sent:?}");
}

#[test]
fn a_role_that_cannot_be_assumed_is_told_in_awss_words() {
    let stub = Stub::start(|_| {
        Some(Reply::Error(
            403,
            "AccessDenied",
            "User anna is not authorized to perform: sts:AssumeRole",
        ))
    });
    let role = "[profile p]\nrole_arn = arn:aws:iam::111122223333:role/R\nsource_profile = base\n";
    let setup = Setup::new().credentials("base", "BASE").config(role);
    let setup = setup.env("AWS_ENDPOINT_URL", &stub.url());
    let says = ["sts:AssumeRole: AccessDenied", "role/R of the profile `p`", "User anna is not"];
    setup.fails(&["--profile", "p"], &says);
    let ran = setup.run(&["--profile", "p"]);
    assert!(!ran.err.contains("aws sso login"), "{}", ran.err);
}

#[test]
fn other_accounts_are_entered_by_the_role_that_is_asked_for() {
    let setup = Setup::new().keys("ENV");
    let accounts =
        "accounts: [{ id: \"444455556666\", role: ops/ctguard, external_id: acme }]\nregions:";
    let file = setup.home.path().join("ctguard.yaml");
    let text = BLUEPRINT.replace("trail: { name: acme-trail, bucket: acme-logs }\n", "");
    std::fs::write(file, text.replacen("regions:", accounts, 1)).unwrap();
    for (args, role) in [
        (&[][..], "arn:aws:iam::444455556666:role/ops/ctguard"),
        (
            &["--assume-role", "audit/ctguard-read"],
            "arn:aws:iam::444455556666:role/audit/ctguard-read",
        ),
    ] {
        let before = setup.calls_of("AssumeRole").len();
        setup.run(args);
        let calls = setup.calls_of("AssumeRole");
        assert!(calls.len() > before, "{args:?}");
        for call in &calls[before..] {
            assert_eq!(
                (call.form("RoleArn").as_str(), call.form("ExternalId").as_str()),
                (role, "acme")
            );
        }
    }
}

#[test]
fn credentials_of_another_account_than_the_blueprints_own_are_refused() {
    let setup = Setup::new().keys("ENV");
    let own = |id: &str| format!("{BLUEPRINT}accounts: [{{ id: \"{id}\" }}]\n");
    std::fs::write(setup.home.path().join("ctguard.yaml"), own("999988887777")).unwrap();
    let ran = setup.run(&["--report", "json=r.json,markdown=r.md,sarif=r.sarif,junit=r.xml"]);
    assert_eq!(ran.code, 5, "{}", ran.err);
    for file in ["r.json", "r.md", "r.sarif", "r.xml"] {
        let text = std::fs::read_to_string(setup.home.path().join(file)).expect(file);
        assert!(text.contains("999988887777") && text.contains(ACCOUNT), "{file}: {text}");
    }
    assert!(ran.err.contains("999988887777") && ran.err.contains(ACCOUNT), "{}", ran.err);
    assert_eq!(setup.stub.calls().len(), 1, "nothing else was asked");
    std::fs::write(setup.home.path().join("ctguard.yaml"), own(ACCOUNT)).unwrap();
    setup.acts_as(&[], "ENV");
}

#[test]
fn a_report_says_why_there_is_no_result() {
    let setup = Setup::new();
    let wanted = "json=r.json,markdown=r.md,sarif=r.sarif,junit=r.xml";
    let ran = setup.run(&["--report", wanted]);
    assert_eq!(ran.code, 1, "{}", ran.err);
    for file in ["r.json", "r.md", "r.sarif", "r.xml"] {
        let text = std::fs::read_to_string(setup.home.path().join(file)).expect(file);
        assert!(text.contains("NoCredentials"), "{file}: {text}");
        assert!(!text.contains("validate") && !text.contains("not valid"), "{file}: {text}");
        assert!(file == "r.json" || text.contains("ctguard plan"), "{text}");
    }
    let ran = setup.run(&["--report", "github=r.txt,markdown=none/r.md"]);
    assert!(ran.err.contains("cannot write the markdown report none/r.md"), "{}", ran.err);
    let text = std::fs::read_to_string(setup.home.path().join("r.txt")).unwrap();
    let says = "::error title=ctguard run-failed::ctguard plan: no AWS credentials were found";
    assert!(text.starts_with(says), "{text}");
    // The cause comes first, and what was tried behind it.
    assert!(ran.err.contains("\nerror: no AWS credentials were found in"), "{}", ran.err);
}

#[test]
fn a_named_profile_without_credentials_is_told() {
    let setup = Setup::new().config("[profile empty]\nregion = eu-west-1\n").keys("ENV");
    let says = ["the profile `empty` (--profile) has no credentials", "do not count"];
    setup.fails(&["--profile", "empty"], &says);
}

#[test]
fn a_host_without_an_address_is_told_with_what_names_it() {
    let setup = Setup::new().keys("ENV").env("AWS_MAX_ATTEMPTS", "1");
    let wrong = setup.clone_with("AWS_ENDPOINT_URL", "http://nohost.invalid");
    wrong.fails(&[], &["nohost.invalid (set by AWS_ENDPOINT_URL) cannot be found", "NO_PROXY"]);
    let bypassed = wrong.env("HTTP_PROXY", "http://127.0.0.1:1").env("NO_PROXY", "*");
    bypassed.fails(&[], &["without the proxy because of NO_PROXY", "The host has no address"]);
    assert!(!bypassed.run(&[]).err.contains("name of the proxy"), "the proxy was not asked");
    let region = setup.env("AWS_ENDPOINT_URL", "").env("AWS_REGION", "us-est-1");
    region.fails(&[], &["no region `us-est-1`, did you mean `us-east-1`", "AWS_REGION"]);
}

#[test]
fn a_bucket_is_found_although_the_clock_is_off() {
    let date = || Answer {
        status: 403,
        headers: BTreeMap::from([("date".to_owned(), "Sat, 01 Jan 2000 00:00:00 GMT".to_owned())]),
        body: String::new(),
    };
    let stub = Stub::start(move |call| match (call.operation.as_str(), call.before) {
        ("HEAD /acme-logs/", 0) => Some(Reply::Whole(date())),
        ("HEAD /acme-logs/", _) => Some(Reply::Header(404, "x", "y")),
        _ => answer(call),
    });
    let setup = Setup::new().keys("ENV").env("AWS_ENDPOINT_URL", &stub.url());
    setup.run(&[]);
    let heads: Vec<Call> =
        stub.calls().into_iter().filter(|call| call.operation.starts_with("HEAD")).collect();
    assert_eq!(heads.len(), 2);
    assert!(heads[1].headers["x-amz-date"].starts_with("2000"), "{:?}", heads[1].headers);
}
