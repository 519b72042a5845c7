//! A user's folder and settings, and the built program with them.

use super::BLUEPRINT;
use crate::stub::{ACCOUNT, Call, Reply, Stub};
use crate::wire::Answer;
use crate::world::Ran;
use std::collections::BTreeMap;
use std::process::{Command, Stdio};
use tempfile::TempDir;

/// A folder for the user, what is set, and a server that stands for AWS.
pub struct Setup {
    pub home: std::rc::Rc<TempDir>,
    pub stub: std::rc::Rc<Stub>,
    pub env: BTreeMap<String, String>,
}

impl Setup {
    pub fn new() -> Self {
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
    pub fn behind_a_proxy(variable: &str) -> Self {
        let setup = Self::new().keys("ENV").env("AWS_ENDPOINT_URL", "");
        let url = setup.stub.url().replace("http://", "http://anna:p%40ss@");
        setup.env(variable, &url)
    }

    pub fn env(mut self, name: &str, value: &str) -> Self {
        self.env.insert(name.to_owned(), value.to_owned());
        self
    }

    pub fn clone_with(&self, name: &str, value: &str) -> Self {
        let (home, stub) = (self.home.clone(), self.stub.clone());
        Self { home, stub, env: self.env.clone() }.env(name, value)
    }

    pub fn keys(self, id: &str) -> Self {
        self.env("AWS_ACCESS_KEY_ID", id).env("AWS_SECRET_ACCESS_KEY", "secret")
    }

    pub fn config(self, text: &str) -> Self {
        std::fs::write(self.home.path().join(".aws/config"), text).unwrap();
        self
    }

    pub fn credentials(self, profile: &str, id: &str) -> Self {
        let path = self.home.path().join(".aws/credentials");
        let before = std::fs::read_to_string(&path).unwrap_or_default();
        let keys = format!("aws_access_key_id = {id}\naws_secret_access_key = s\n");
        std::fs::write(path, format!("{before}[{profile}]\n{keys}")).unwrap();
        self
    }

    /// The program with what is set, not yet started.
    pub fn program(&self, args: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_ctguard"));
        command.args(args).current_dir(self.home.path()).env_clear().envs(&self.env);
        command.stdin(Stdio::null());
        command
    }

    /// Runs `plan`.
    pub fn run(&self, args: &[&str]) -> Ran {
        let output = self.program(&[&["plan"], args].concat()).output().unwrap();
        Ran {
            out: String::from_utf8(output.stdout).unwrap(),
            err: String::from_utf8(output.stderr).unwrap(),
            code: output.status.code().and_then(|code| u8::try_from(code).ok()).unwrap(),
        }
    }

    #[track_caller]
    pub fn acts_as(&self, args: &[&str], key: &str) {
        let ran = self.run(args);
        let line = format!("As arn:aws:iam::{ACCOUNT}:user/{key}, in account {ACCOUNT}.");
        assert_eq!(ran.err.lines().next(), Some(line.as_str()), "{args:?}: {}", ran.err);
    }

    #[track_caller]
    pub fn fails(&self, args: &[&str], says: &[&str]) {
        let ran = self.run(args);
        assert_eq!(ran.code, 1, "{args:?}: {}", ran.err);
        for part in says {
            assert!(ran.err.contains(part), "{part}: {}", ran.err);
        }
    }

    /// Signing in goes to this host.
    #[track_caller]
    pub fn asks(&self, host: &str) {
        self.run(&[]);
        let wanted = format!("CONNECT {host}:443");
        assert!(!self.calls_of(&wanted).is_empty(), "{:?}", self.stub.counts());
    }

    pub fn calls_of(&self, operation: &str) -> Vec<Call> {
        self.stub.calls().into_iter().filter(|call| call.operation == operation).collect()
    }
}

pub fn server() -> Stub {
    Stub::start(answer)
}

/// Tells callers the key that they signed with, gives each role a key of its own name, and denies the rest.
pub fn answer(call: &Call) -> Option<Reply> {
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
pub fn sign_in_region(env: &[(&str, &str)]) -> String {
    let setup =
        env.iter().fold(Setup::new().keys("ENV"), |setup, (name, value)| setup.env(name, value));
    setup.acts_as(&[], "ENV");
    setup.calls_of("GetCallerIdentity")[0].region.clone()
}

/// The call that assumes the role of a profile with these lines.
pub fn assumed(lines: &str) -> Call {
    let role = "[profile p]\nrole_arn = arn:aws:iam::111122223333:role/R\nsource_profile = base\n";
    let setup = Setup::new().credentials("base", "BASE").config(&format!("{role}{lines}"));
    setup.acts_as(&["--profile", "p"], "R");
    setup.calls_of("AssumeRole").remove(0)
}
