//! Credentials and network as the AWS CLI takes them: `docs/credentials.md`, row by row, with the built
//! program against servers on this machine.

mod network;
mod rows;

use crate::stub::{ACCOUNT, Call, Reply, Stub};
use crate::wire::Answer;
use crate::world::Ran;
use rows::ROWS;
use std::collections::{BTreeMap, BTreeSet};
use std::process::{Command, Stdio};
use tempfile::TempDir;

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
        assert!(!ran.err.contains("Sign in (`aws sso login`)"), "{}", ran.err);
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
fn credentials_of_another_account_than_the_blueprints_own_are_refused() {
    let setup = Setup::new().keys("ENV");
    let own = |id: &str| format!("{BLUEPRINT}accounts: [{{ id: \"{id}\" }}]\n");
    std::fs::write(setup.home.path().join("ctguard.yaml"), own("999988887777")).unwrap();
    let ran = setup.run(&[]);
    assert_eq!(ran.code, 5, "{}", ran.err);
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
        assert!(file == "r.sarif" || file == "r.json" || text.contains("ctguard plan"), "{text}");
    }
    let ran = setup.run(&["--report", "github=r.txt,markdown=none/r.md"]);
    assert!(ran.err.contains("cannot write the markdown report none/r.md"), "{}", ran.err);
    let text = std::fs::read_to_string(setup.home.path().join("r.txt")).unwrap();
    assert!(text.starts_with("::error title=ctguard run-failed::"), "{text}");
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
    bypassed.fails(&[], &["without the proxy because of NO_PROXY"]);
    let region = setup.env("AWS_ENDPOINT_URL", "").env("AWS_REGION", "us-est-1");
    region.fails(&[], &["no region `us-est-1`, did you mean `us-east-1`", "AWS_REGION"]);
}

#[test]
#[cfg(unix)]
fn a_signal_while_signing_in_ends_the_run_with_a_word_and_a_report() {
    let silent = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}", silent.local_addr().unwrap());
    let setup = Setup::new().keys("ENV").env("AWS_ENDPOINT_URL", &url);
    for name in ["INT", "TERM"] {
        let child = Command::new(env!("CARGO_BIN_EXE_ctguard"))
            .args(["plan", "--report", "json=r.json"])
            .current_dir(setup.home.path())
            .env_clear()
            .envs(&setup.env)
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        // It is signing in.
        let _call = silent.accept().unwrap();
        let signal = [format!("-{name}"), child.id().to_string()];
        assert!(Command::new("kill").args(signal).status().unwrap().success());
        let ended = child.wait_with_output().unwrap();
        let said = String::from_utf8_lossy(&ended.stderr);
        assert_eq!(ended.status.code(), Some(130), "{name}: {said}");
        assert!(said.contains("interrupted by a signal"), "{said}");
        let report = std::fs::read_to_string(setup.home.path().join("r.json")).unwrap();
        assert!(report.contains("\"exit_code\":130"), "{report}");
    }
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

/// The first write waits until the program was asked to end: it is finished, and no other begun.
#[cfg(unix)]
#[test]
fn sigterm_ends_an_apply_as_ctrl_c_does() {
    use std::sync::{Arc, Condvar, Mutex};
    let (begun, ended) = (Arc::new((Mutex::new(0), Condvar::new())), Arc::new(Mutex::new(())));
    let held = ended.lock().unwrap();
    let (told, gate) = (Arc::clone(&begun), Arc::clone(&ended));
    let stub = Stub::start(move |call| {
        Some(match call.operation.as_str() {
            "CreateQueue" => {
                *told.0.lock().unwrap() += 1;
                told.1.notify_all();
                drop(gate.lock());
                Reply::Error(400, "InvalidAddress", "no")
            }
            "GetQueueUrl" => Reply::Error(400, "QueueDoesNotExist", "none"),
            "GetResources" => Reply::Json(serde_json::json!({ "ResourceTagMappingList": [] })),
            "DescribeTrails" => Reply::Json(serde_json::json!({ "trailList": [] })),
            "ListRules" => Reply::Json(serde_json::json!({ "Rules": [] })),
            "GetTopicAttributes" => Reply::Error(404, "NotFound", "none"),
            _ => return answer(call),
        })
    });
    let setup = Setup::new().keys("ENV").env("AWS_ENDPOINT_URL", &stub.url());
    let text = BLUEPRINT.replace("trail: { name: acme-trail, bucket: acme-logs }\n", "");
    std::fs::write(setup.home.path().join("ctguard.yaml"), text).unwrap();
    let child = Command::new(env!("CARGO_BIN_EXE_ctguard"))
        .args(["apply", "--yes", "--allow-lost-coverage"])
        .current_dir(setup.home.path())
        .env_clear()
        .envs(&setup.env)
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let patience = std::time::Duration::from_secs(60);
    let (count, waited) =
        begun.1.wait_timeout_while(begun.0.lock().unwrap(), patience, |n| *n == 0).unwrap();
    drop(count);
    assert!(!waited.timed_out(), "{:?}", stub.counts());
    let pid = child.id().to_string();
    assert!(Command::new("kill").args(["-TERM", &pid]).status().unwrap().success());
    drop(held);
    let output = child.wait_with_output().unwrap();
    let said = String::from_utf8_lossy(&output.stdout).into_owned()
        + &String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.code(), Some(130), "{said}");
}

/// A folder for the user, what is set, and a server that stands for AWS.
struct Setup {
    home: std::rc::Rc<TempDir>,
    stub: std::rc::Rc<Stub>,
    env: BTreeMap<String, String>,
}

impl Setup {
    fn new() -> Self {
        let home = TempDir::new().unwrap();
        std::fs::create_dir(home.path().join(".aws")).unwrap();
        std::fs::write(home.path().join("ctguard.yaml"), BLUEPRINT).unwrap();
        let stub = server();
        let env = [
            ("HOME", home.path().to_str().unwrap()),
            ("AWS_ENDPOINT_URL", &stub.url()),
            ("AWS_REGION", "us-east-1"),
            ("AWS_EC2_METADATA_DISABLED", "true"),
            ("AWS_MAX_ATTEMPTS", "1"),
        ];
        let env = env.map(|(name, value)| (name.to_owned(), value.to_owned())).into();
        Self { home: home.into(), stub: stub.into(), env }
    }

    /// With keys, and a proxy before AWS's own endpoints that lets nothing through.
    fn behind_a_proxy(variable: &str) -> Self {
        let setup = Self::new().keys("ENV").env("AWS_ENDPOINT_URL", "");
        let url = setup.stub.url().replace("http://", "http://anna:p%40ss@");
        setup.env(variable, &url)
    }

    fn env(mut self, name: &str, value: &str) -> Self {
        self.env.insert(name.to_owned(), value.to_owned());
        self
    }

    fn clone_with(&self, name: &str, value: &str) -> Self {
        let (home, stub) = (self.home.clone(), self.stub.clone());
        Self { home, stub, env: self.env.clone() }.env(name, value)
    }

    fn keys(self, id: &str) -> Self {
        self.env("AWS_ACCESS_KEY_ID", id).env("AWS_SECRET_ACCESS_KEY", "secret")
    }

    fn config(self, text: &str) -> Self {
        std::fs::write(self.home.path().join(".aws/config"), text).unwrap();
        self
    }

    fn credentials(self, profile: &str, id: &str) -> Self {
        let path = self.home.path().join(".aws/credentials");
        let before = std::fs::read_to_string(&path).unwrap_or_default();
        let keys = format!("aws_access_key_id = {id}\naws_secret_access_key = s\n");
        std::fs::write(path, format!("{before}[{profile}]\n{keys}")).unwrap();
        self
    }

    fn run(&self, args: &[&str]) -> Ran {
        let output = Command::new(env!("CARGO_BIN_EXE_ctguard"))
            .arg("plan")
            .args(args)
            .current_dir(self.home.path())
            .env_clear()
            .envs(&self.env)
            .stdin(Stdio::null())
            .output()
            .unwrap();
        Ran {
            out: String::from_utf8(output.stdout).unwrap(),
            err: String::from_utf8(output.stderr).unwrap(),
            code: output.status.code().and_then(|code| u8::try_from(code).ok()).unwrap(),
        }
    }

    #[track_caller]
    fn acts_as(&self, args: &[&str], key: &str) {
        let ran = self.run(args);
        let line = format!("As arn:aws:iam::{ACCOUNT}:user/{key}, in account {ACCOUNT}.");
        assert_eq!(ran.err.lines().next(), Some(line.as_str()), "{args:?}: {}", ran.err);
    }

    #[track_caller]
    fn fails(&self, args: &[&str], says: &[&str]) {
        let ran = self.run(args);
        assert_eq!(ran.code, 1, "{args:?}: {}", ran.err);
        for part in says {
            assert!(ran.err.contains(part), "{part}: {}", ran.err);
        }
    }

    /// Signing in goes to this host.
    #[track_caller]
    fn asks(&self, host: &str) {
        self.run(&[]);
        let wanted = format!("CONNECT {host}:443");
        assert!(!self.calls_of(&wanted).is_empty(), "{:?}", self.stub.counts());
    }

    fn calls_of(&self, operation: &str) -> Vec<Call> {
        self.stub.calls().into_iter().filter(|call| call.operation == operation).collect()
    }
}

fn server() -> Stub {
    Stub::start(answer)
}

/// Tells callers the key that they signed with, gives each role a key of its own name, and denies the rest.
fn answer(call: &Call) -> Option<Reply> {
    let role = |call: &Call| call.form("RoleArn").rsplit('/').next().unwrap_or_default().to_owned();
    Some(match call.operation.as_str() {
        "GetCallerIdentity" => Reply::Xml(format!(
            "<Account>{ACCOUNT}</Account><Arn>arn:aws:iam::{ACCOUNT}:user/{}</Arn>",
            call.key
        )),
        "AssumeRole" | "AssumeRoleWithWebIdentity" => Reply::Xml(format!(
            "<Credentials><AccessKeyId>{}</AccessKeyId><SecretAccessKey>s</SecretAccessKey><SessionToken>t</SessionToken><Expiration>2099-01-01T00:00:00Z</Expiration></Credentials>",
            role(call)
        )),
        "GET /creds" => Reply::Whole(Answer {
            status: 200,
            headers: BTreeMap::new(),
            body: r#"{"AccessKeyId":"CONTAINER","SecretAccessKey":"s","Token":"t","Expiration":"2099-01-01T00:00:00Z"}"#.to_owned(),
        }),
        operation if operation.starts_with("HEAD") => Reply::Header(404, "x", "y"),
        _ => Reply::Error(403, "AccessDeniedException", "no"),
    })
}

/// The region that signing in is signed for.
fn sign_in_region(env: &[(&str, &str)]) -> String {
    let setup =
        env.iter().fold(Setup::new().keys("ENV"), |setup, (name, value)| setup.env(name, value));
    setup.acts_as(&[], "ENV");
    setup.calls_of("GetCallerIdentity")[0].region.clone()
}

/// The call that assumes the role of a profile with these lines.
fn assumed(lines: &str) -> Call {
    let role = "[profile p]\nrole_arn = arn:aws:iam::111122223333:role/R\nsource_profile = base\n";
    let setup = Setup::new().credentials("base", "BASE").config(&format!("{role}{lines}"));
    setup.acts_as(&["--profile", "p"], "R");
    setup.calls_of("AssumeRole").remove(0)
}
