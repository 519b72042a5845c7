use super::{Global, Io, print};
use crate::blueprint::starter;
use crate::error::{CommandError, Exit};
use crate::scope::Region;
use clap::Args;
use std::io::Write;
use std::path::PathBuf;

/// Write a commented blueprint to start from.
#[derive(Debug, Args)]
pub struct InitArgs {
    /// Where to write it
    #[arg(value_name = "BLUEPRINT", default_value = "ctguard.yaml", env = "CTGUARD_BLUEPRINT")]
    blueprint: PathBuf,
    /// Who must hear of the alerts; asked for when it is left out
    #[arg(long, env = "CTGUARD_EMAIL")]
    email: Option<String>,
    /// The blueprint's name: prefixes and tags everything that it owns
    #[arg(long, default_value = "main", env = "CTGUARD_NAME")]
    name: String,
    /// Replace a file that is there
    #[arg(long, env = "CTGUARD_FORCE", value_parser = clap::builder::FalseyValueParser::new())]
    force: bool,
}

pub fn run(args: &InitArgs, global: &Global, io: &mut Io<'_>) -> Result<Exit, CommandError> {
    let path = &args.blueprint;
    let email = match &args.email {
        Some(email) => email.clone(),
        None => ask(io)?,
    };
    let mut regions = Vec::new();
    for name in &global.region {
        regions.push(Region::new(name).ok_or_else(|| {
            CommandError::usage(format!("--region: `{name}` is not a region name"))
        })?);
    }
    let text = starter(&args.name, &email, &regions);
    let as_of = global.as_of(io);
    let loaded = crate::blueprint::load_text(&path.display().to_string(), &text, None, as_of);
    if loaded.blueprint.is_none() {
        super::context::say(&loaded.diagnostics, &loaded.sources, global, io);
        return Err(CommandError::usage(
            "these answers make no valid blueprint; nothing was written",
        ));
    }
    let mut options = std::fs::OpenOptions::new();
    options.write(true);
    if args.force {
        options.create(true).truncate(true)
    } else {
        options.create_new(true)
    };
    let mut file = options.open(path).map_err(|error| match error.kind() {
        std::io::ErrorKind::AlreadyExists => {
            CommandError::refused(format!("{} exists", path.display()))
                .hint("Name another file, or replace it with --force.")
        }
        _ => CommandError::io(format!("cannot write {}", path.display()), &error),
    })?;
    file.write_all(text.as_bytes())
        .map_err(|error| CommandError::io(format!("cannot write {}", path.display()), &error))?;
    let shown = path.display();
    print(
        io,
        &format!(
            "Wrote {shown}: {} that alert {email}.\nNext: ctguard validate {shown}, then ctguard plan {shown}\n",
            crate::report::count(
                loaded.blueprint.map_or(0, |blueprint| blueprint.alerts.len()),
                "alert"
            )
        ),
    )?;
    Ok(Exit::Done)
}

fn ask(io: &mut Io<'_>) -> Result<String, CommandError> {
    if !io.interactive {
        return Err(CommandError::usage("nobody is named who must hear of the alerts")
            .hint("Add --email ADDRESS."));
    }
    let _ = write!(io.err, "Which e-mail address must hear of the alerts? ");
    let _ = io.err.flush();
    let mut answer = String::new();
    io.input
        .read_line(&mut answer)
        .map_err(|error| CommandError::io("cannot read the answer", &error))?;
    match answer.trim() {
        "" => Err(CommandError::usage("no address was given; nothing was written")),
        address => Ok(address.to_owned()),
    }
}
