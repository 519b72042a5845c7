use super::{BlueprintArg, Global, Io, context, is_json, print, print_json};
use crate::blueprint::{AssumedRole, Blueprint, Regions};
use crate::bootstrap::{self, RoleError};
use crate::cloud::Permission;
use crate::error::{CommandError, Exit};
use crate::permissions::{Purpose, document, wanted};
use crate::report::{count, yaml};
use crate::scope::{Place, Region};
use clap::{Args, ValueEnum};
use serde_json::json;

/// Print the IAM policy that ctguard's identity needs for a blueprint.
///
/// `plan` is enough for plan, drift, verify, explain and snapshot; `apply` holds all of it and what apply writes. With
/// --check, ask IAM which of it the credentials in use lack; exit with 3 when they lack any. With --bootstrap, print the
/// CloudFormation template of the role that other accounts need, for a StackSet or a stack.
#[derive(Debug, Args)]
pub struct PolicyArgs {
    /// What the identity is to do; `apply` when left out with --bootstrap
    #[arg(value_enum, required_unless_present = "bootstrap")]
    purpose: Option<PurposeArg>,
    #[command(flatten)]
    blueprint: BlueprintArg,
    /// Ask whether the credentials in use have these permissions, instead of printing them
    #[arg(long, env = "CTGUARD_CHECK", value_parser = clap::builder::FalseyValueParser::new())]
    check: bool,
    /// Print a CloudFormation template of the role that ctguard assumes in the blueprint's accounts
    #[arg(long, conflicts_with = "check", env = "CTGUARD_BOOTSTRAP", value_parser = clap::builder::FalseyValueParser::new())]
    bootstrap: bool,
    /// With --bootstrap: which role, when the blueprint names several
    #[arg(long, value_name = "NAME", requires = "bootstrap", env = "CTGUARD_ROLE")]
    role: Option<String>,
}

#[derive(Debug, Clone, Copy, ValueEnum)]
enum PurposeArg {
    /// plan, drift, verify, explain and snapshot
    #[value(alias = "verify", alias = "drift")]
    Plan,
    /// apply, which reads too
    Apply,
}

pub fn run(args: &PolicyArgs, global: &Global, io: &mut Io<'_>) -> Result<Exit, CommandError> {
    let read = match context::read(&args.blueprint.blueprint, global, io) {
        Ok(read) => read,
        Err(exit) => return Ok(exit),
    };
    let purpose = match args.purpose {
        Some(PurposeArg::Plan) => Purpose::Read,
        Some(PurposeArg::Apply) | None => Purpose::Apply,
    };
    if args.bootstrap {
        return bootstrap(args, purpose, &read.blueprint, global, io);
    }
    if !args.check {
        print_json(io, &document(&read.blueprint, purpose))?;
        return Ok(Exit::Done);
    }
    let (caller, lacking) = context::block_on(check(global, &read, purpose))??;
    if is_json(global) {
        print_json(io, &json!({ "format_version": 1, "identity": caller, "lacking": lacking }))?;
    } else {
        print(io, &text(&caller, &lacking))?;
    }
    Ok(Exit::CheckFailed.when(!lacking.is_empty()))
}

fn bootstrap(
    args: &PolicyArgs,
    purpose: Purpose,
    blueprint: &Blueprint,
    global: &Global,
    io: &mut Io<'_>,
) -> Result<Exit, CommandError> {
    let role = bootstrap::role(blueprint, args.role.as_deref()).map_err(|error| {
        let hint = match error {
            RoleError::None => "Give the accounts other than your own a `role` under `accounts:`.",
            RoleError::Several(_) => {
                "Choose one with --role NAME; each needs a template of its own."
            }
            RoleError::Unknown(_) => "Write it as the blueprint does, with its path.",
        };
        CommandError::usage(error.to_string()).hint(hint)
    })?;
    let template = bootstrap::template(blueprint, role, purpose);
    if is_json(global) {
        print_json(io, &template)?;
    } else {
        print(io, &format!("{}{}", how_to_deploy(blueprint, role), yaml::render(&template)))?;
    }
    Ok(Exit::Done)
}

/// The comment before the template.
///
/// Source: <https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/stacksets-orgs-associate-stackset-with-org.html>
fn how_to_deploy(blueprint: &Blueprint, role: &AssumedRole) -> String {
    let organization = blueprint.accounts.as_ref().and_then(|all| all.organization.as_ref());
    let units: Vec<&str> = organization
        .iter()
        .flat_map(|organization| organization.include_units.iter().map(String::as_str))
        .collect();
    let units = if units.is_empty() { "r-ROOT".to_owned() } else { units.join(",") };
    // Any that is covered will do; one that is left out on purpose may be denied.
    let region = match (&blueprint.hub, &blueprint.regions) {
        (Some(hub), _) => hub.region.as_str(),
        (None, Regions::List(list)) => list.first().map_or("us-east-1", Region::as_str),
        (None, Regions::Enabled { .. }) => "us-east-1",
    };
    let name = &blueprint.name;
    format!(
        "\
# The role `{}` that ctguard assumes in the accounts of the blueprint {name}.
#
# In an organization, make it everywhere with a service-managed StackSet, in one region, since roles have none:
#
#   aws cloudformation create-stack-set --stack-set-name ctguard-{name} \\
#     --template-body file://ctguard-role.yaml --capabilities CAPABILITY_NAMED_IAM \\
#     --permission-model SERVICE_MANAGED \\
#     --auto-deployment Enabled=true,RetainStacksOnAccountRemoval=false \\
#     --parameters ParameterKey=Principal,ParameterValue=ARN_OF_WHO_RUNS_CTGUARD
#   aws cloudformation create-stack-instances --stack-set-name ctguard-{name} \\
#     --deployment-targets OrganizationalUnitIds={units} --regions {region}
#
# Such a set leaves the management account out. If its role is assumed too, and in accounts outside the
# organization, make a stack of its own there, with this same template:
#
#   aws cloudformation deploy --stack-name ctguard-{name} --template-file ctguard-role.yaml \\
#     --capabilities CAPABILITY_NAMED_IAM --parameter-overrides Principal=ARN_OF_WHO_RUNS_CTGUARD
",
        bootstrap::path_and_name(role)
    )
}

async fn check(
    global: &Global,
    read: &context::Read,
    purpose: Purpose,
) -> Result<(String, Vec<Permission>), CommandError> {
    let cloud = context::open(global, read).await?;
    let caller = cloud.caller().await?;
    let region = context::regions(global)?.into_iter().next();
    let region = region.or_else(|| read.blueprint.first_region().cloned());
    let region = region
        .or_else(|| Region::new("us-east-1"))
        .ok_or_else(|| CommandError::new("no region is known"))?;
    let place = Place::new(caller.account, region);
    let lacking = cloud.lacking(&place, &wanted(&read.blueprint, purpose, &place)).await?;
    Ok((caller.arn, lacking))
}

fn text(caller: &str, lacking: &[Permission]) -> String {
    if lacking.is_empty() {
        return format!("{caller} has every permission that is needed.\n");
    }
    let mut text = format!("{caller} lacks {}:\n", count(lacking.len(), "permission"));
    for permission in lacking {
        text.push_str(&format!("  {} on {}\n", permission.operation, permission.resource));
    }
    text
}
