//! Every row of the page, and what shows it.

use super::setup::{Setup, assumed, server, sign_in_region};
use super::{LOGIN, LOGIN_FILE, login};
use crate::stub::{Reply, Stub};

pub const ROWS: &[(&str, fn())] = &[
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
        let lacks = |setup: Setup, source: &str, says: &[&str]| {
            let setup = setup.config(&format!("{role}{source}\n"));
            let named = format!("`credential_source = {source}`");
            setup.fails(&["--profile", "p"], &[&["profile `p`", &named], says].concat());
            let ran = setup.run(&["--profile", "p"]);
            assert!(!ran.err.contains("aws sso login"), "{}", ran.err);
        };
        lacks(Setup::new(), "Environment", &["AWS_ACCESS_KEY_ID is not set"]);
        for (written, right) in
            [("environment", "`Environment`"), ("ecscontainer", "`EcsContainer`")]
        {
            lacks(Setup::new().keys("ENV"), written, &["it is written", right]);
        }
        lacks(Setup::new(), "EcsContainer", &["AWS_CONTAINER_CREDENTIALS_RELATIVE_URI", "is set"]);
        lacks(Setup::new(), "Ec2InstanceMetadata", &["AWS_EC2_METADATA_DISABLED is `true`"]);
        // A machine without a role.
        let machine = Setup::new().env("AWS_EC2_METADATA_DISABLED", "false");
        let machine = machine.config(&format!("{role}Ec2InstanceMetadata\n"));
        let stub = Stub::start(|_| Some(Reply::Error(404, "x", "none")));
        let machine = machine.env("AWS_EC2_METADATA_SERVICE_ENDPOINT", &stub.url());
        let says = [
            "the profile `p` names with `credential_source`, gave no credentials",
            "instance profile",
            &stub.url(),
        ];
        machine.fails(&["--profile", "p"], &says);
        assert!(!machine.run(&["--profile", "p"]).err.contains("aws sso login"));
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
