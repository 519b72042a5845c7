//! The program: real streams, the clock, and the exit code. Everything else is in the library.

use ctguard::cli;
use ctguard::cli::Io;
use mimalloc::MiMalloc;
use std::io::{BufReader, IsTerminal, stderr, stdin, stdout};
use std::process::ExitCode;

/// A call of the SDK allocates some hundred times, and a fleet takes more than a hundred thousand
/// calls. docs/performance.md has the figures.
#[global_allocator]
static ALLOCATOR: MiMalloc = MiMalloc;

fn main() -> ExitCode {
    cli::complete();
    cli::end_with_time();
    let interactive = stdin().is_terminal() && stderr().is_terminal();
    let mut io = Io {
        out: &mut stdout(),
        err: &mut stderr(),
        input: &mut BufReader::new(stdin()),
        interactive,
        out_terminal: stdout().is_terminal(),
        err_terminal: stderr().is_terminal(),
        no_color: std::env::var_os("NO_COLOR").is_some_and(|value| !value.is_empty())
            || !knows_colors(),
        width: width(),
        today: jiff::Timestamp::now().to_zoned(jiff::tz::TimeZone::UTC).date(),
    };
    ExitCode::from(cli::main(std::env::args_os(), &mut io).code())
}

/// Switches colours on where the terminal must be asked for them: the console of Windows. Whether
/// they can be shown.
fn knows_colors() -> bool {
    anstyle_query::windows::enable_ansi_colors() != Some(false)
}

/// The width for logs and files, where lines are never broken so that they can be searched.
const UNBROKEN: usize = 10_000;

/// What `COLUMNS` says, else the terminal's own width; without a terminal, lines are not broken.
fn width() -> usize {
    let said = std::env::var("COLUMNS").ok().and_then(|text| text.parse().ok());
    let measured = || terminal_size::terminal_size().map(|(width, _)| usize::from(width.0));
    said.or_else(measured).unwrap_or(UNBROKEN)
}
