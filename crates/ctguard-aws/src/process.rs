//! Credentials from the command that a profile names with `credential_process`.
//!
//! The SDK ends the command after seconds, starts it again, and says of its failure only that there
//! are no credentials. Here it runs once, has as long as a person needs to sign in, and what went
//! wrong is told: which command of which profile, how it ended, and what it said first. Its arguments
//! and its answer are never told: both may hold secrets.
//!
//! Source: <https://docs.aws.amazon.com/sdkref/latest/guide/feature-process-credentials.html>

use super::errors::{NotProvided, refused};
use super::family::Family;
use super::said::first_line;
use aws_credential_types::Credentials;
use aws_credential_types::provider::ProvideCredentials;
use aws_credential_types::provider::error::CredentialsError;
use aws_credential_types::provider::future::ProvideCredentials as Provided;
use ctguard_core::cause::{Cause, CredentialSource};
use ctguard_core::cloud::CloudError;
use jiff::Timestamp;
use serde_json::Value;
use std::process::{Output, Stdio};
use std::sync::Arc;
use std::time::{Duration, SystemTime};
use tokio::process::Command;
use tokio::sync::Mutex;

/// Credentials that end sooner than this are asked for again.
const SPARE: Duration = Duration::from_secs(30);

/// The command of a profile, and what it answered last.
#[derive(Debug)]
pub(super) struct Process {
    profile: String,
    command: String,
    /// For a run on the way, within an attempt of a call; the first has more time.
    limit: Duration,
    kept: Mutex<Option<Credentials>>,
}

impl Process {
    pub(super) fn new(profile: String, command: String, limit: Duration) -> Self {
        Self { profile, command, limit, kept: Mutex::default() }
    }

    /// Runs the command, if its last answer does not serve any longer.
    ///
    /// # Errors
    ///
    /// When it fails, takes longer than `limit`, or its answer is no credentials.
    pub(super) async fn ready(&self, limit: Duration) -> Result<Credentials, CloudError> {
        let mut kept = self.kept.lock().await;
        if let Some(known) = kept.as_ref().filter(|known| serves(known)) {
            return Ok(known.clone());
        }
        let found = self.run(limit).await.map_err(|why| self.failed(&why))?;
        *kept = Some(found.clone());
        Ok(found)
    }

    async fn run(&self, limit: Duration) -> Result<Credentials, String> {
        let mut command = shell(&self.command);
        command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
        let started = Family::start(&mut command);
        let family = started.map_err(|error| format!("could not be started: {error}"))?;
        let output = match tokio::time::timeout(limit, family.output()).await {
            Err(_) => return Err(format!("did not end within {} seconds", limit.as_secs())),
            Ok(Err(error)) => return Err(format!("could not be read: {error}")),
            Ok(Ok(output)) => output,
        };
        match output.status.success() {
            true => read(&output.stdout),
            false => Err(ended(&output)),
        }
    }

    fn failed(&self, why: &str) -> CloudError {
        let cause = Cause::SourceFailed(CredentialSource::Process);
        let program = program(&self.command);
        let message = format!(
            "the `credential_process` of the profile `{}` (`{program}`) {why}",
            self.profile
        );
        CloudError {
            kind: cause.kind(),
            cause,
            ..refused("credentials", "CredentialProcess", message)
        }
    }
}

/// The command of a profile as a provider of the SDK's.
#[derive(Debug)]
pub(super) struct ByProcess(pub(super) Arc<Process>);

impl ProvideCredentials for ByProcess {
    fn provide_credentials<'a>(&'a self) -> Provided<'a>
    where
        Self: 'a,
    {
        Provided::new(async {
            let found = self.0.ready(self.0.limit).await;
            found.map_err(|error| CredentialsError::provider_error(NotProvided(error)))
        })
    }
}

fn serves(known: &Credentials) -> bool {
    known.expiry().is_none_or(|end| end > SystemTime::now() + SPARE)
}

/// The command as the SDK runs it: by a shell.
#[cfg(not(windows))]
fn shell(command: &str) -> Command {
    let mut shell = Command::new("sh");
    shell.args(["-c", command]);
    shell
}

#[cfg(windows)]
fn shell(command: &str) -> Command {
    let mut shell = Command::new("cmd.exe");
    shell.arg("/C");
    // `cmd.exe` takes off one pair of quotes around the whole.
    shell.raw_arg(format!("\"{command}\""));
    shell
}

/// The first word of a command: its arguments may hold secrets.
fn program(command: &str) -> &str {
    let command = command.trim();
    let quoted = command.chars().next().filter(|first| ['"', '\''].contains(first));
    let word = match quoted {
        Some(quote) if command[1..].contains(quote) => command[1..].split(quote).next(),
        // Quotes that nothing closes.
        Some(_) => command[1..].split_whitespace().next(),
        None => command.split_whitespace().next(),
    };
    // A variable before the program may be a secret.
    word.filter(|word| !word.contains('=')).unwrap_or("…")
}

/// How a command ended that did not succeed, with the first line that it said about it.
fn ended(output: &Output) -> String {
    let how = match output.status.code() {
        Some(code @ 126) => format!("ended with exit code {code}: it may not be executed"),
        Some(code @ 127) => format!("ended with exit code {code}: there is no such command"),
        Some(code) => format!("ended with exit code {code}"),
        None => format!("was ended ({})", output.status),
    };
    match first_line(&output.stderr) {
        Some(said) => format!("{how}; it said: {said}"),
        None => format!("{how}, and said nothing on standard error"),
    }
}

/// Reads the answer. No error tells anything of it but the names of its keys.
fn read(answer: &[u8]) -> Result<Credentials, String> {
    let answer: Value = serde_json::from_slice(answer).map_err(|_| {
        match answer.iter().all(u8::is_ascii_whitespace) {
            true => "ended well and printed nothing on standard output".to_owned(),
            false => "printed something that is no JSON".to_owned(),
        }
    })?;
    let Value::Object(fields) = answer else {
        return Err("printed JSON that is no object".to_owned());
    };
    // The SDK takes the keys in any case.
    let field = |name: &str| {
        fields.iter().find(|(key, _)| key.eq_ignore_ascii_case(name)).map(|(_, value)| value)
    };
    match field("Version").map(Value::as_i64) {
        Some(Some(1)) => {}
        Some(_) => return Err("printed JSON of another `Version` than 1".to_owned()),
        None => return Err("printed JSON without `Version`".to_owned()),
    }
    let text = |name: &str| field(name).and_then(Value::as_str).filter(|value| !value.is_empty());
    let needed = |name: &str| text(name).ok_or_else(|| format!("printed JSON without `{name}`"));
    let (id, secret) = (needed("AccessKeyId")?, needed("SecretAccessKey")?);
    let end = match text("Expiration") {
        None => None,
        Some(end) => Some(end.parse::<Timestamp>().map_err(|_| {
            "printed an `Expiration` that is no time as ISO 8601 has it".to_owned()
        })?),
    };
    if let Some(end) = end.filter(|end| *end <= Timestamp::now()) {
        return Err(format!("printed credentials that have expired at {end}"));
    }
    let token = text("SessionToken").map(str::to_owned);
    Ok(Credentials::new(id, secret, token, end.map(SystemTime::from), "credential_process"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn of_a_command_only_its_program_is_told() {
        for (command, told) in [
            ("/opt/sso get --token LEAK", "/opt/sso"),
            ("\"/opt/my sso\" get", "/opt/my sso"),
            ("\"/opt/sso --token LEAK", "/opt/sso"),
            ("  'a b' --password LEAK", "a b"),
            ("TOKEN=LEAK /opt/sso", "…"),
            ("", "…"),
        ] {
            assert_eq!(program(command), told, "{command}");
        }
    }

    #[cfg(unix)]
    async fn answer(command: &str) -> Result<Credentials, CloudError> {
        let process = Process::new("p".to_owned(), command.to_owned(), Duration::from_secs(1));
        process.ready(Duration::from_secs(1)).await
    }

    #[cfg(unix)]
    #[tokio::test]
    async fn each_failure_says_which_command_of_which_profile_and_how() {
        for (command, says) in [
            ("nobody-has-this x", "ended with exit code 127: there is no such command; it said: "),
            ("exit 3", "ended with exit code 3, and said nothing"),
            (
                "printf '\\n\\033[31mlogin\\007 first\\033[0m\\nmore\\n' >&2; exit 1",
                "it said: login first",
            ),
            ("kill -9 $$", "was ended (signal: 9"),
            ("sleep 9", "did not end within 1 seconds"),
            ("true", "printed nothing"),
            ("echo SECRETTEXT", "is no JSON"),
            ("echo '[]'", "no object"),
            ("echo '{}'", "without `Version`"),
            ("echo '{\"Version\":2}'", "another `Version`"),
            ("echo '{\"Version\":1,\"AccessKeyId\":\"A\"}'", "without `SecretAccessKey`"),
            (
                "echo '{\"Version\":1,\"AccessKeyId\":\"A\",\"SecretAccessKey\":\"SECRETTEXT\",\"Expiration\":\"2001-01-01T00:00:00Z\"}'",
                "expired at 2001-01-01T00:00:00Z",
            ),
        ] {
            let error = answer(command).await.unwrap_err();
            assert!(error.message.contains(says), "{command}: {}", error.message);
            assert!(error.message.contains("profile `p`"), "{}", error.message);
            assert!(!error.message.contains("SECRETTEXT"), "{}", error.message);
            assert_eq!(error.cause(), Cause::SourceFailed(CredentialSource::Process));
        }
    }

    /// The helper starts another program, and both hang: neither is left behind.
    #[cfg(unix)]
    #[tokio::test]
    async fn what_a_hanging_command_has_started_ends_with_it() {
        let folder = std::env::temp_dir().join(format!("ctguard-family-{}", std::process::id()));
        std::fs::create_dir_all(&folder).unwrap();
        let file = folder.join("pid");
        let command = format!("sh -c 'echo $$ > {}; sleep 97; true'; true", file.display());
        assert!(answer(&command).await.unwrap_err().message.contains("did not end within"));
        let pid = std::fs::read_to_string(&file).unwrap();
        let gone = || {
            let state = std::process::Command::new("ps")
                .args(["-o", "stat=", "-p", pid.trim()])
                .output()
                .unwrap();
            let state = String::from_utf8_lossy(&state.stdout).into_owned();
            state.trim().is_empty() || state.contains('Z')
        };
        for _ in 0..100 {
            if gone() {
                break;
            }
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
        assert!(gone(), "{pid}");
        std::fs::remove_dir_all(&folder).unwrap();
    }

    #[cfg(unix)]
    #[tokio::test]
    async fn an_answer_is_kept_for_as_long_as_it_serves() {
        let folder = std::env::temp_dir().join(format!("ctguard-process-{}", std::process::id()));
        std::fs::create_dir_all(&folder).unwrap();
        let runs = folder.join("runs");
        let command = format!(
            "echo x >> {}; echo '{{\"version\":1,\"accesskeyid\":\"A\",\"secretaccesskey\":\"B\"}}'",
            runs.display()
        );
        let process = Process::new("p".to_owned(), command, Duration::from_secs(5));
        for _ in 0..2 {
            let found = process.ready(Duration::from_secs(5)).await.unwrap();
            assert_eq!(found.access_key_id(), "A");
        }
        assert_eq!(std::fs::read_to_string(&runs).unwrap(), "x\n");
        std::fs::remove_dir_all(&folder).unwrap();
    }
}
