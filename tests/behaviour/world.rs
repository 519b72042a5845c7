//! A user's world: a folder with a blueprint and an account in a file, and commands run in process.

pub mod blueprints;

use ctguard::cli;
use ctguard::cli::Io;
use ctguard_sandbox::{Sandbox, State};
use std::ffi::OsString;
use std::io::Cursor;
use std::path::PathBuf;
use tempfile::TempDir;

/// The date of every test.
pub const TODAY: jiff::civil::Date = jiff::civil::date(2026, 11, 22);

pub struct World {
    folder: TempDir,
}

/// What a command's output is shown on.
#[derive(Debug, Clone, Copy)]
pub struct Screen {
    /// Columns, in characters.
    pub width: usize,
    pub color: bool,
}

/// So wide that no line is broken: a test that looks for a sentence need not know where.
pub const WIDE: Screen = Screen { width: 1_000, color: false };

/// What a command printed, and how it ended.
#[derive(Debug)]
pub struct Ran {
    pub out: String,
    pub err: String,
    pub code: u8,
}

impl Ran {
    /// Everything a user sees, for snapshots.
    pub fn seen(&self) -> String {
        format!("exit {}\n--- out\n{}--- err\n{}", self.code, self.out, self.err)
    }

    pub fn json(&self) -> serde_json::Value {
        serde_json::from_str(&self.out)
            .unwrap_or_else(|error| panic!("{error} in:\n{}\n{}", self.out, self.err))
    }

    #[track_caller]
    pub fn expect(self, code: u8) -> Self {
        assert_eq!(self.code, code, "{}\n{}", self.out, self.err);
        self
    }
}

impl World {
    /// An empty folder.
    pub fn empty() -> Self {
        Self { folder: TempDir::new().unwrap() }
    }

    /// A folder with this blueprint and a bare account in us-east-1 and eu-west-1.
    pub fn bare(blueprint: &str) -> Self {
        let world = Self::empty();
        world.write("ctguard.yaml", blueprint);
        world.run(&["sandbox", "new", "--bare"]).expect(0);
        world
    }

    /// The same with a trail that ctguard does not own.
    pub fn with_trail(blueprint: &str) -> Self {
        let world = Self::empty();
        world.write("ctguard.yaml", blueprint);
        world.run(&["sandbox", "new"]).expect(0);
        world
    }

    /// Applied, and everybody has confirmed.
    pub fn settled(blueprint: &str) -> Self {
        let world = Self::bare(blueprint);
        world.run(&["apply", "--yes"]).expect(0);
        world.run(&["sandbox", "confirm"]).expect(0);
        world.run(&["verify"]).expect(0);
        world
    }

    pub fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    pub fn write(&self, name: &str, text: &str) {
        std::fs::write(self.path(name), text).unwrap();
    }

    pub fn read(&self, name: &str) -> String {
        std::fs::read_to_string(self.path(name)).unwrap()
    }

    /// The account's file as it stands.
    pub fn state(&self) -> State {
        Sandbox::open(&self.path("account.json")).unwrap().state()
    }

    /// Changes the account's file by hand.
    pub fn change(&self, change: impl FnOnce(&mut State)) {
        let mut state = self.state();
        change(&mut state);
        Sandbox::replace(&self.path("account.json"), state).unwrap();
    }

    /// Makes everything that an apply has made old.
    pub fn age(&self) {
        self.change(|state| {
            let accounts = state.accounts.values_mut();
            let regions = accounts.flat_map(|account| account.regions.values_mut());
            regions.flat_map(|here| here.queues.values_mut()).for_each(|one| one.created = None);
        });
    }

    /// Runs a command on the sandbox, with nobody to answer questions.
    pub fn run(&self, args: &[&str]) -> Ran {
        self.answering(args, None)
    }

    /// Runs a command on a terminal where somebody types this.
    pub fn typing(&self, args: &[&str], answer: &str) -> Ran {
        self.answering(args, Some(answer))
    }

    fn answering(&self, args: &[&str], answer: Option<&str>) -> Ran {
        let accounts = ["--sandbox".into(), self.path("account.json").into()];
        self.command(self.line(&accounts, args), answer)
    }

    /// Runs a command on the snapshot `live.json`, with no account in sight.
    pub fn offline(&self, args: &[&str]) -> Ran {
        let accounts = ["--snapshot".into(), self.path("live.json").into()];
        self.command(self.line(&accounts, args), None)
    }

    /// A command line, with the world's blueprint where none is named.
    fn line(&self, accounts: &[OsString], args: &[&str]) -> Vec<OsString> {
        let mut line: Vec<OsString> = vec!["ctguard".into()];
        line.extend_from_slice(accounts);
        line.extend(args.iter().map(OsString::from));
        let takes_blueprint = [
            "plan", "apply", "destroy", "drift", "verify", "validate", "explain", "snapshot",
            "coverage", "heal",
        ];
        if args.first().is_some_and(|verb| takes_blueprint.contains(verb))
            && !args.iter().any(|arg| arg.ends_with(".yaml"))
            && !(args[0] == "apply" && args.iter().any(|arg| arg.ends_with(".json")))
        {
            line.push(self.path("ctguard.yaml").into());
        }
        line
    }

    /// Runs a command on the sandbox, on this screen.
    pub fn on(&self, screen: Screen, args: &[&str]) -> Ran {
        let accounts = ["--sandbox".into(), self.path("account.json").into()];
        self.shown(self.line(&accounts, args), None, screen)
    }

    /// Runs a whole command line.
    pub fn command(&self, line: Vec<OsString>, answer: Option<&str>) -> Ran {
        self.shown(line, answer, WIDE)
    }

    fn shown(&self, line: Vec<OsString>, answer: Option<&str>, screen: Screen) -> Ran {
        let (mut out, mut err) = (Vec::new(), Vec::new());
        let mut input = Cursor::new(answer.unwrap_or_default().as_bytes().to_vec());
        let exit = cli::main(
            line,
            &mut Io {
                out: &mut out,
                err: &mut err,
                input: &mut input,
                interactive: answer.is_some(),
                out_terminal: screen.color,
                err_terminal: false,
                no_color: !screen.color,
                width: screen.width,
                today: TODAY,
            },
        );
        let folder = self.folder.path().display().to_string();
        // The account is the world's own option, which no test types.
        let text = |bytes| {
            let text = String::from_utf8(bytes).unwrap().replace(&folder, "FOLDER");
            text.replace(" --sandbox FOLDER/account.json", "")
        };
        Ran { out: text(out), err: text(err), code: exit.code() }
    }
}
