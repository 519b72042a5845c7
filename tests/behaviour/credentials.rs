//! Credentials and network as the AWS CLI takes them: `docs/credentials.md`, row by row, with the built
//! program against servers on this machine.

use crate::stub::{ACCOUNT, Call, Reply, Stub};
use crate::wire::Answer;
use crate::world::Ran;
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

/// Every row of the page and what shows it.
const ROWS: &[(&str, fn())] = &[
    ("--profile", || {
        let setup = Setup::new().keys("ENV").credentials("staging", "STAGING");
        setup.acts_as(&["--profile", "staging"], "STAGING");
        setup.fails(&["--profile", "stagng"], &["no profile `stagng`", "did you mean `staging`?"]);
    }),
    ("AWS_PROFILE", || {
        let setup = Setup::new().credentials("staging", "STAGING").env("AWS_PROFILE", "staging");
        setup.acts_as(&[], "STAGING");
        setup
            .clone_with("AWS_PROFILE", "nobody")
            .fails(&[], &["no profile `nobody` (AWS_PROFILE)"]);
        setup.keys("ENV").acts_as(&[], "ENV");
    }),
    ("AWS_DEFAULT_PROFILE", || {
        let setup = Setup::new().credentials("one", "ONE").credentials("two", "TWO");
        let setup = setup.env("AWS_PROFILE", "one").env("AWS_DEFAULT_PROFILE", "two");
        setup.acts_as(&[], "TWO");
        setup.env("AWS_DEFAULT_PROFILE", "").acts_as(&[], "ONE");
    }),
    ("AWS_ACCESS_KEY_ID", || {
        let setup = Setup::new().keys("ENV").credentials("default", "FILE");
        setup.acts_as(&[], "ENV");
        setup.clone_with("AWS_ACCESS_KEY_ID", "").acts_as(&[], "FILE");
        setup.env("AWS_SECRET_ACCESS_KEY", "").fails(&[], &["AWS_SECRET_ACCESS_KEY is not"]);
    }),
    ("AWS_CONFIG_FILE", || {
        let setup = Setup::new()
            .config("[profile other]\naws_access_key_id = OTHER\naws_secret_access_key = s\n");
        let moved = setup.home.path().join("elsewhere");
        std::fs::rename(setup.home.path().join(".aws/config"), &moved).unwrap();
        setup.fails(&["--profile", "other"], &["no profile `other`"]);
        let setup = setup.env("AWS_CONFIG_FILE", moved.to_str().unwrap());
        setup.acts_as(&["--profile", "other"], "OTHER");
    }),
    ("AWS_SHARED_CREDENTIALS_FILE", || {
        let setup = Setup::new().credentials("default", "FILE");
        let moved = setup.home.path().join("elsewhere");
        std::fs::rename(setup.home.path().join(".aws/credentials"), &moved).unwrap();
        setup.env("AWS_SHARED_CREDENTIALS_FILE", moved.to_str().unwrap()).acts_as(&[], "FILE");
    }),
    ("AWS_REGION", || assert_eq!(sign_in_region(&[("AWS_REGION", "eu-west-1")]), "eu-west-1")),
    ("AWS_DEFAULT_REGION", || {
        let later = [("AWS_REGION", ""), ("AWS_DEFAULT_REGION", "eu-north-1")];
        assert_eq!(sign_in_region(&later), "eu-north-1");
        let both = [("AWS_REGION", "eu-west-1"), ("AWS_DEFAULT_REGION", "eu-north-1")];
        assert_eq!(sign_in_region(&both), "eu-west-1");
    }),
    ("source_profile", || {
        let setup = Setup::new().credentials("base", "BASE").config(
            "[profile mid]\nrole_arn = arn:aws:iam::111122223333:role/MID\nsource_profile = base\n\
             [profile end]\nrole_arn = arn:aws:iam::111122223333:role/END\nsource_profile = mid\n\
             [profile lost]\nrole_arn = arn:aws:iam::111122223333:role/X\nsource_profile = none\n",
        );
        setup.acts_as(&["--profile", "end"], "END");
        let keys: Vec<String> =
            setup.calls_of("AssumeRole").into_iter().map(|call| call.key).collect();
        assert_eq!(keys, ["BASE", "MID"]);
        setup.fails(&["--profile", "lost"], &["`source_profile` `none` that does not exist"]);
    }),
    ("credential_source", || {
        let role = "[profile p]\nrole_arn = arn:aws:iam::111122223333:role/R\ncredential_source = ";
        let setup = Setup::new().keys("ENV").config(&format!("{role}Environment\n"));
        setup.acts_as(&["--profile", "p"], "R");
        assert_eq!(setup.calls_of("AssumeRole")[0].key, "ENV");
        Setup::new().config(&format!("{role}Moon\n")).fails(&["--profile", "p"], &["`Moon`"]);
    }),
    ("role_session_name", || {
        assert_eq!(assumed("role_session_name = nightly\n").form("RoleSessionName"), "nightly");
        assert_eq!(assumed("").form("RoleSessionName"), "ctguard");
    }),
    ("external_id", || assert_eq!(assumed("external_id = x-7\n").form("ExternalId"), "x-7")),
    ("duration_seconds", || {
        assert_eq!(assumed("duration_seconds = 1800\n").form("DurationSeconds"), "1800");
    }),
    ("mfa_serial", || {
        let role = "[profile p]\nrole_arn = arn:aws:iam::111122223333:role/R\nsource_profile = base\nmfa_serial = arn:aws:iam::111122223333:mfa/anna\n";
        let setup = Setup::new().credentials("base", "BASE").config(role);
        setup.fails(&["--profile", "p"], &["mfa/anna", "--mfa-token CODE", "profile `p`"]);
        setup.acts_as(&["--profile", "p", "--mfa-token", "123456"], "R");
        let call = &setup.calls_of("AssumeRole")[0];
        assert_eq!(call.form("TokenCode"), "123456");
        assert_eq!(call.form("SerialNumber"), "arn:aws:iam::111122223333:mfa/anna");
        let second = "[profile q]\nrole_arn = arn:aws:iam::111122223333:role/Q\nsource_profile = p\nmfa_serial = arn:aws:iam::111122223333:mfa/bert\n";
        let setup = Setup::new().credentials("base", "BASE").config(&format!("{role}{second}"));
        setup.fails(&["--profile", "q", "--mfa-token", "123456"], &["mfa/bert", "need 2 codes"]);
        setup.acts_as(&["--profile", "q", "--mfa-token", "123456,654321"], "Q");
        let codes: Vec<String> =
            setup.calls_of("AssumeRole").iter().map(|call| call.form("TokenCode")).collect();
        assert_eq!(codes, ["123456", "654321"]);
    }),
    ("credential_process", || {
        let setup = Setup::new();
        let answer = r#"{"Version":1,"AccessKeyId":"PROC","SecretAccessKey":"s"}"#;
        std::fs::write(setup.home.path().join("answer"), answer).unwrap();
        let path = setup.home.path().join("answer");
        let config = format!("[profile p]\ncredential_process = cat {}\n", path.display());
        let setup = setup.config(&config).env("PATH", "/usr/bin:/bin");
        setup.acts_as(&["--profile", "p"], "PROC");
        let failing = "[profile p]\ncredential_process = printf 'token has expired' >&2; exit 4\n";
        setup.config(failing).fails(
            &["--profile", "p"],
            &[
                "`credential_process` of the profile `p` (`printf`) ended with exit code 4; it said: token has expired",
                "run the command by hand",
            ],
        );
    }),
    ("sso_session", || {
        let profile =
            "[profile p]\nsso_session = corp\nsso_account_id = 111122223333\nsso_role_name = R\n";
        let setup = Setup::new().config(profile);
        setup.fails(&["--profile", "p"], &["there is no section `[sso-session corp]`"]);
        let setup = Setup::new().config(&format!("{profile}[sso-session corp]\nsso_region = x\n"));
        setup.fails(&["--profile", "p"], &["[sso-session corp]", "sso_start_url"]);
        let section = "[sso-session corp]\nsso_region = us-east-1\nsso_start_url = https://corp.example/start\n";
        let setup = Setup::new().config(&format!("{profile}{section}"));
        setup.fails(&["--profile", "p"], &["aws sso login"]);
        let other = format!("{profile}sso_region = eu-west-1\n{section}");
        let setup = Setup::new().config(&other);
        setup.fails(&["--profile", "p"], &["different values of `sso_region`"]);
    }),
    ("login_session", || {
        let setup = Setup::new().config(LOGIN);
        setup.fails(&["--profile", "p"], &["run `aws login --profile p`"]);
        let folder = setup.home.path().join(".aws/login/cache");
        std::fs::create_dir_all(&folder).unwrap();
        std::fs::write(folder.join(LOGIN_FILE), login("2099-01-01T00:00:00Z")).unwrap();
        setup.acts_as(&["--profile", "p"], "LOGIN");
        std::fs::write(folder.join(LOGIN_FILE), login("2001-01-01T00:00:00Z")).unwrap();
        setup.fails(
            &["--profile", "p"],
            &["have run out", "aws configure export-credentials --profile p"],
        );
    }),
    ("AWS_LOGIN_CACHE_DIRECTORY", || {
        let setup = Setup::new().config(LOGIN);
        std::fs::write(setup.home.path().join(LOGIN_FILE), login("2099-01-01T00:00:00Z")).unwrap();
        let setup = setup.env("AWS_LOGIN_CACHE_DIRECTORY", "${HOME}");
        setup.acts_as(&["--profile", "p"], "LOGIN");
    }),
    ("AWS_WEB_IDENTITY_TOKEN_FILE", || {
        let setup = Setup::new().credentials("default", "FILE");
        let token = setup.home.path().join("token");
        std::fs::write(&token, "a.b.c").unwrap();
        let setup = setup.env("AWS_WEB_IDENTITY_TOKEN_FILE", token.to_str().unwrap());
        setup.fails(&[], &["AWS_ROLE_ARN is not"]);
        let setup = setup.env("AWS_ROLE_ARN", "arn:aws:iam::111122223333:role/WEB");
        setup.acts_as(&[], "WEB");
        setup.acts_as(&["--profile", "default"], "FILE");
        let global = setup.stub.url();
        let profile = format!("[default]\nendpoint_url = {global}\n");
        setup.config(&profile).env("AWS_ENDPOINT_URL", "").acts_as(&[], "WEB");
    }),
    ("AWS_ROLE_ARN", || {
        let setup = Setup::new();
        let token = setup.home.path().join("token");
        std::fs::write(&token, "a.b.c").unwrap();
        let setup = setup.config(&format!(
            "[profile p]\nrole_arn = arn:aws:iam::111122223333:role/OWN\nweb_identity_token_file = {}\n",
            token.display()
        ));
        let setup = setup.env("AWS_ROLE_ARN", "arn:aws:iam::111122223333:role/SET");
        setup.clone_with("AWS_PROFILE", "p").acts_as(&[], "SET");
        setup.acts_as(&["--profile", "p"], "OWN");
    }),
    ("AWS_CONTAINER_CREDENTIALS_FULL_URI", || {
        let proxy = server();
        let setup = Setup::new().env("HTTP_PROXY", &proxy.url());
        let uri = format!("{}/creds", setup.stub.url());
        setup.env("AWS_CONTAINER_CREDENTIALS_FULL_URI", &uri).acts_as(&[], "CONTAINER");
        assert!(
            proxy.calls().iter().all(|call| !call.path.contains("/creds")),
            "through the proxy"
        );
    }),
    ("AWS_EC2_METADATA_SERVICE_ENDPOINT", || {
        let setup = Setup::new().env("AWS_EC2_METADATA_DISABLED", "false");
        let url = setup.stub.url();
        let setup = setup.env("AWS_EC2_METADATA_SERVICE_ENDPOINT", &url);
        setup.run(&[]);
        assert_eq!(setup.calls_of("PUT /latest/api/token").len(), 1);
    }),
    ("AWS_EC2_METADATA_DISABLED", || {
        let setup = Setup::new();
        let url = setup.stub.url();
        let setup = setup.env("AWS_EC2_METADATA_SERVICE_ENDPOINT", &url);
        setup.fails(&[], &["--profile"]);
        assert_eq!(setup.stub.calls().len(), 0);
    }),
    ("HTTPS_PROXY", || {
        let setup = Setup::behind_a_proxy("HTTPS_PROXY");
        setup.fails(&[], &["the proxy http://127.0.0.1:", "(HTTPS_PROXY) answers with HTTP 403"]);
        let asked = setup.calls_of("CONNECT sts.us-east-1.amazonaws.com:443");
        let sent = asked[0].headers.get("proxy-authorization");
        assert_eq!(sent.map(String::as_str), Some("Basic YW5uYTpwQHNz"), "anna:p@ss");
        let setup = setup.env("HTTPS_PROXY", "socks5://127.0.0.1:1");
        setup.fails(&[], &["HTTPS_PROXY", "socks5"]);
    }),
    ("HTTP_PROXY", || {
        let setup = Setup::new().keys("ENV");
        let proxy = setup.stub.url();
        let setup = setup.env("HTTP_PROXY", &proxy).env("AWS_ENDPOINT_URL", "http://aws.example");
        setup.acts_as(&[], "ENV");
        assert_eq!(setup.calls_of("GetCallerIdentity")[0].headers["host"], "aws.example");
    }),
    ("https_proxy", || {
        let setup = Setup::behind_a_proxy("https_proxy").env("HTTPS_PROXY", "http://127.0.0.1:9");
        setup.run(&[]);
        assert!(!setup.stub.calls().is_empty());
    }),
    ("NO_PROXY", || {
        let setup = Setup::new().keys("ENV").env("HTTP_PROXY", "http://127.0.0.1:9");
        setup.fails(&[], &["HTTP_PROXY"]);
        for direct in ["127.0.0.1", "127.0.0.0/8", "*", "a.example, 127.0.0.1"] {
            setup.clone_with("NO_PROXY", direct).acts_as(&[], "ENV");
            setup.clone_with("no_proxy", direct).acts_as(&[], "ENV");
        }
    }),
    ("ALL_PROXY", || {
        Setup::new().keys("ENV").env("ALL_PROXY", "http://127.0.0.1:9").acts_as(&[], "ENV");
    }),
    ("AWS_CA_BUNDLE", || {
        let setup = Setup::new().keys("ENV").env("AWS_CA_BUNDLE", "/nowhere.pem");
        setup.fails(&[], &["AWS_CA_BUNDLE", "/nowhere.pem"]);
        let empty = setup.home.path().join("empty.pem");
        std::fs::write(&empty, "").unwrap();
        let setup = setup.env("AWS_CA_BUNDLE", empty.to_str().unwrap());
        setup.fails(&[], &["there is no certificate in it"]);
    }),
    ("REQUESTS_CA_BUNDLE", || {
        let setup = Setup::new().keys("ENV").env("REQUESTS_CA_BUNDLE", "/nowhere.pem");
        setup.fails(&[], &["certificates of REQUESTS_CA_BUNDLE, /nowhere.pem"]);
        setup.env("AWS_CA_BUNDLE", "/other.pem").fails(&[], &["/other.pem"]);
    }),
    ("AWS_ENDPOINT_URL", || {
        let setup = Setup::new().keys("ENV");
        setup.acts_as(&[], "ENV");
        assert!(setup.calls_of("HEAD /acme-logs/").len() == 1, "{:?}", setup.stub.counts());
        setup.env("AWS_ENDPOINT_URL", "aws.example").fails(&[], &["AWS_ENDPOINT_URL", "http://"]);
    }),
    ("AWS_ENDPOINT_URL_S3", || {
        let other = server();
        let setup = Setup::new().keys("ENV").env("AWS_ENDPOINT_URL_S3", &other.url());
        setup.acts_as(&[], "ENV");
        assert_eq!(other.counts().keys().collect::<Vec<_>>(), ["HEAD /acme-logs/"]);
        assert!(setup.calls_of("HEAD /acme-logs/").is_empty());
    }),
    ("services", || {
        let other = server();
        let section = format!("[services here]\nsts =\n  endpoint_url = {}\n", other.url());
        let setup = Setup::new().keys("ENV");
        let global = setup.stub.url();
        let profile = format!("[default]\nservices = here\nendpoint_url = {global}\n");
        let setup = setup.config(&format!("{profile}{section}")).env("AWS_ENDPOINT_URL", "");
        setup.acts_as(&[], "ENV");
        assert_eq!(other.counts().keys().collect::<Vec<_>>(), ["GetCallerIdentity"]);
        let setup = setup.config(&profile);
        setup.fails(&[], &["[services here]"]);
        setup.env("AWS_ENDPOINT_URL", &global).acts_as(&[], "ENV");
    }),
    ("AWS_IGNORE_CONFIGURED_ENDPOINT_URLS", || {
        let setup =
            Setup::behind_a_proxy("HTTPS_PROXY").env("AWS_ENDPOINT_URL", "http://127.0.0.1:9");
        setup
            .env("AWS_IGNORE_CONFIGURED_ENDPOINT_URLS", "true")
            .asks("sts.us-east-1.amazonaws.com");
    }),
    ("addressing_style", || {
        let setup = Setup::new().keys("ENV");
        let local = setup.stub.url().replace("127.0.0.1", "localhost");
        let setup = setup.env("AWS_ENDPOINT_URL", &local);
        setup.acts_as(&[], "ENV");
        assert_eq!(setup.calls_of("HEAD /acme-logs/").len(), 1);
        let setup = setup.config("[default]\ns3 =\n  addressing_style = virtual\n");
        setup.run(&[]);
        assert_eq!(setup.calls_of("HEAD /acme-logs/").len(), 1, "a host name now");
    }),
    ("AWS_MAX_ATTEMPTS", || {
        for attempts in [1, 2] {
            let stub = Stub::start(|_| Some(Reply::Garbage(500)));
            let setup = Setup::new().keys("ENV").env("AWS_ENDPOINT_URL", &stub.url());
            setup.env("AWS_MAX_ATTEMPTS", &attempts.to_string()).run(&[]);
            assert_eq!(stub.calls().len(), attempts);
        }
        Setup::new().keys("ENV").env("AWS_MAX_ATTEMPTS", "many").fails(&[], &["AWS_MAX_ATTEMPTS"]);
    }),
    ("AWS_RETRY_MODE", || {
        let setup = Setup::new().keys("ENV");
        setup.clone_with("AWS_RETRY_MODE", "adaptive").acts_as(&[], "ENV");
        setup.env("AWS_RETRY_MODE", "never").fails(&[], &["AWS_RETRY_MODE", "`never`"]);
    }),
    ("AWS_STS_REGIONAL_ENDPOINTS", || {
        let setup =
            Setup::behind_a_proxy("HTTPS_PROXY").env("AWS_STS_REGIONAL_ENDPOINTS", "legacy");
        let ran = setup.run(&[]);
        assert!(ran.err.contains("note: AWS_STS_REGIONAL_ENDPOINTS"), "{}", ran.err);
        assert!(!setup.calls_of("CONNECT sts.us-east-1.amazonaws.com:443").is_empty());
    }),
    ("AWS_USE_FIPS_ENDPOINT", || {
        let setup = Setup::behind_a_proxy("HTTPS_PROXY").env("AWS_USE_FIPS_ENDPOINT", "true");
        setup.asks("sts-fips.us-east-1.amazonaws.com");
    }),
    ("AWS_USE_DUALSTACK_ENDPOINT", || {
        let setup = Setup::behind_a_proxy("HTTPS_PROXY").env("AWS_USE_DUALSTACK_ENDPOINT", "true");
        setup.asks("sts.us-east-1.api.aws");
    }),
];

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

/// What a proxy does, or that there is none: each in its own words, with the proxy and the variable
/// that names it, and never with its password.
#[test]
fn a_proxy_that_is_not_there_is_told_from_one_that_refuses() {
    let says = |setup: &Setup, says: &[&str]| {
        setup.fails(&[], says);
        let ran = setup.run(&[]);
        assert!(!ran.err.contains("p%40ss") && !ran.err.contains("p@ss"), "{}", ran.err);
    };
    let free = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    for (url, words) in [
        (
            format!("http://anna:p%40ss@{free}"),
            [
                "cannot be reached: it takes no connection",
                "Nothing takes the connection at the proxy",
            ],
        ),
        (
            "http://anna:p%40ss@proxy.invalid:3128".to_owned(),
            ["cannot be found: its name has no address", "The name of the proxy has no address"],
        ),
    ] {
        for (variable, endpoint) in [("HTTPS_PROXY", ""), ("HTTP_PROXY", "http://aws.example")] {
            let setup = Setup::new().keys("ENV").env("AWS_ENDPOINT_URL", endpoint);
            let named = format!("({variable})");
            says(&setup.env(variable, &url), &[words[0], words[1], &named]);
        }
    }
    // Takes connections, and never answers.
    let silent = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let setup = Setup::new().keys("ENV").env("AWS_ENDPOINT_URL", "");
    let url = format!("http://anna:p%40ss@{}", silent.local_addr().unwrap());
    says(&setup.env("HTTPS_PROXY", &url), &["did not open a connection in time", "(HTTPS_PROXY)"]);
    for (status, words) in [
        (403, ["answers with HTTP 403 and refuses the host", "its rules deny the host"]),
        (407, ["HTTP 407: it asks for a user and password", "neither NTLM nor Kerberos"]),
        (502, ["answers with HTTP 502: it does not reach the host", "does not reach AWS itself"]),
    ] {
        let stub = Stub::start(move |_| Some(Reply::Garbage(status)));
        let url = stub.url().replace("http://", "http://anna:p%40ss@");
        let setup = Setup::new().keys("ENV").env("AWS_ENDPOINT_URL", "");
        says(&setup.env("HTTPS_PROXY", &url), &[words[0], words[1], "(HTTPS_PROXY)"]);
        let setup = Setup::new().keys("ENV").env("AWS_ENDPOINT_URL", "http://aws.example");
        says(&setup.env("HTTP_PROXY", &url), &[words[1], "(HTTP_PROXY)"]);
    }
}

#[test]
fn an_answer_that_is_not_awss_is_told_by_its_type_its_title_and_its_host() {
    let page = |status: u16, kind: &str, body: &str| {
        let headers = BTreeMap::from([("content-type".to_owned(), kind.to_owned())]);
        Answer { status, headers, body: body.to_owned() }
    };
    let portal =
        "<!DOCTYPE html><html><head><title>Guest network \u{7}sign-in</title></head></html>";
    for (answer, words) in [
        (
            page(200, "text/html; charset=utf-8", portal),
            [
                "(HTTP 200, text/html; charset=utf-8, titled \"Guest network sign-in\")",
                "captive portal",
            ],
        ),
        (
            page(403, "text/plain", "blocked by rule 7\n"),
            ["(HTTP 403, text/plain, titled \"blocked by rule 7\")", "captive portal"],
        ),
        (page(200, "text/xml", "<GetCallerIdentityResp"), ["text/xml, 22 bytes", "was cut short"]),
    ] {
        let stub = Stub::start(move |_| Some(Reply::Whole(answer.clone())));
        let setup = Setup::new().keys("ENV").env("AWS_ENDPOINT_URL", &stub.url());
        let host = stub.url().replace("http://", "what ");
        setup.fails(&[], &[words[0], words[1], &host, "What answered is not AWS"]);
    }
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
