//! The real AWS. This module alone names the crate that talks to it, so that a build without the feature `aws` has the
//! sandbox and snapshots: the demo takes a third of the time to build.

use super::{GlobalOptions, Io};
use crate::error::CommandError;
use ctguard_core::blueprint::Blueprint;
use ctguard_core::cloud::Cloud;
use ctguard_core::snapshot::Caller;

#[cfg(feature = "aws")]
pub(super) use with_aws::{caller, connect};

#[cfg(feature = "aws")]
mod with_aws {
    use super::{Blueprint, Caller, Cloud, CommandError, GlobalOptions, Io};
    use crate::cli::{context, signals};
    use crate::report::screen::plain;
    use ctguard_aws::{Aws, Options};
    use ctguard_core::cloud::CloudError;
    use std::path::Path;
    use std::time::Duration;

    /// How long to wait for the caller's identity where it is only a help.
    const CALLER_WITHIN: Duration = Duration::from_secs(5);

    /// Where the SDK finds credentials without asking the network.
    const CREDENTIALS: [&str; 5] = [
        "AWS_ACCESS_KEY_ID",
        "AWS_PROFILE",
        "AWS_WEB_IDENTITY_TOKEN_FILE",
        "AWS_CONTAINER_CREDENTIALS_RELATIVE_URI",
        "AWS_CONTAINER_CREDENTIALS_FULL_URI",
    ];

    /// Connects to AWS with the credentials that the options and the environment name.
    ///
    /// # Errors
    ///
    /// When there are no credentials, or a setting cannot be used.
    pub async fn connect(
        global: &GlobalOptions,
        blueprint: &Blueprint,
        io: &mut Io<'_>,
    ) -> Result<Box<dyn Cloud>, CommandError> {
        let options = Options {
            profile: global.profile.clone(),
            region: context::regions(global)?.into_iter().next(),
            default_region: blueprint.first_region().cloned(),
            accounts: blueprint.accounts.clone(),
            run: global.run_limit(),
            waiting: (!global.quiet).then_some(tell_waiting),
            ..Options::default()
        };
        let aws = Aws::connect(with_mfa(options, global, io).await?).await?;
        if !global.quiet {
            for note in aws.notes() {
                let _ = writeln!(io.err, "note: {}", plain(note));
            }
        }
        Ok(Box::new(aws))
    }

    /// Says on standard error why an apply takes so long.
    fn tell_waiting(text: &str) {
        use std::io::Write;
        let _ = writeln!(std::io::stderr(), "note: {}", plain(text));
    }

    /// Asks for the code of each MFA device that the roles of the profile need, where there is a terminal.
    async fn with_mfa(
        options: Options,
        global: &GlobalOptions,
        io: &mut Io<'_>,
    ) -> Result<Options, CommandError> {
        let given = global.mfa_token.as_deref().map(str::trim).filter(|code| !code.is_empty());
        if given.is_some() || !io.interactive {
            return Ok(Options { mfa_token: given.map(str::to_owned), ..options });
        }
        let mut codes = Vec::new();
        for (profile, serial) in Aws::mfa_devices(&options).await? {
            let _ = write!(io.err, "Code of the MFA device {serial} (profile {profile}): ");
            let _ = io.err.flush();
            let mut answer = String::new();
            let _asking = signals::asking();
            io.input
                .read_line(&mut answer)
                .map_err(|error| CommandError::io("cannot read the code", &error))?;
            match answer.trim() {
                "" => {
                    let error = CommandError::usage("no code was given");
                    return Err(error.hint("Or add --mfa-token CODE."));
                }
                code => codes.push(code.to_owned()),
            }
        }
        let mfa_token = (!codes.is_empty()).then(|| codes.join(","));
        Ok(Options { mfa_token, ..options })
    }

    /// The account of the credentials in use, if AWS answers soon. Without credentials nothing is asked.
    pub fn caller(global: &GlobalOptions) -> Result<Option<Caller>, CommandError> {
        if global.profile.is_none() && !has_credentials() {
            return Ok(None);
        }
        let options = Options {
            profile: global.profile.clone(),
            region: context::regions(global)?.into_iter().next(),
            ..Options::default()
        };
        // A setting that cannot be used is an error here, too; credentials that do not work are none.
        let asked =
            async move { Ok::<_, CloudError>(Aws::connect(options).await?.caller().await.ok()) };
        // Runs inside the runtime, where there is a timer.
        let answer = context::block_on(async { tokio::time::timeout(CALLER_WITHIN, asked).await })?;
        Ok(answer.ok().transpose()?.flatten())
    }

    fn has_credentials() -> bool {
        let there = |name: &str| std::env::var_os(name).is_some_and(|value| !value.is_empty());
        let file = |home: &Path| {
            ["credentials", "config"].iter().any(|name| home.join(".aws").join(name).is_file())
        };
        CREDENTIALS.iter().any(|name| there(name))
            || std::env::var_os("HOME").is_some_and(|home| file(Path::new(&home)))
            // Windows has no HOME.
            || std::env::home_dir().is_some_and(|home| file(&home))
    }
}

#[cfg(not(feature = "aws"))]
#[expect(clippy::unused_async, reason = "the other build awaits AWS here")]
pub(super) async fn connect(
    _: &GlobalOptions,
    _: &Blueprint,
    _: &mut Io<'_>,
) -> Result<Box<dyn Cloud>, CommandError> {
    let error =
        CommandError::usage("this ctguard was built without AWS: it knows sandboxes and snapshots");
    Err(error.hint(
        "Build it with its default features (`cargo build`), or name a --sandbox or a --snapshot.",
    ))
}

#[cfg(not(feature = "aws"))]
#[expect(clippy::unnecessary_wraps, reason = "the other build can fail here")]
pub(super) fn caller(_: &GlobalOptions) -> Result<Option<Caller>, CommandError> {
    Ok(None)
}
