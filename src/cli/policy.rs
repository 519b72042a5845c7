use super::{BlueprintArg, GlobalOptions, Io, context, is_json, print, print_json};
use crate::error::{CommandError, Exit};
use crate::report::policy as report;
use crate::report::policy::{Lacking, Policies, lacking, render, size};
use crate::report::yaml;
use clap::{Args, ValueEnum};
use ctguard_core::blueprint::{AssumedRole, Blueprint, Regions};
use ctguard_core::bootstrap;
use ctguard_core::bootstrap::RoleError;
use ctguard_core::desired::Adoption;
use ctguard_core::permissions;
use ctguard_core::permissions::guard::{self, CONTROL_POLICY_MAX_CHARS, Control, Exempt};
use ctguard_core::permissions::trust;
use ctguard_core::permissions::trust::{JobRef, Jobs, TrustError};
use ctguard_core::permissions::{
    Identity, IdentityPolicy, MANAGED_POLICY_MAX_CHARS, Purpose, path_and_name, policies,
};
use ctguard_core::scope::{AccountId, Partition, Place, Region};
use futures::stream::{self, StreamExt};
use std::collections::BTreeSet;
use std::path::PathBuf;

/// Print the IAM policies that ctguard needs, and who may use them.
///
/// There is one for the role in the hub's account, one for the role in every other account, and one
/// for the identity that runs ctguard (`ci`), each with the calls that the verb makes and the
/// objects that it makes them on. With --for, print that one document alone. With --check, ask IAM
/// which of these permissions the credentials in use lack; exit with 3 when any is missing. With
/// --bootstrap, print the CloudFormation template of the role that other accounts need, for a
/// StackSet or a stack. With --trust, print the trust policy of CI's role: which jobs of a
/// repository may take it on. With --guard, print the organization's policy that denies everybody
/// but ctguard's roles and the named ones what would silence the alerts.
#[derive(Debug, Args)]
pub struct PolicyArgs {
    /// What the identity does: plan, drift, verify, read, apply, destroy, drill or all; left out,
    /// with --bootstrap, all
    #[arg(value_parser = First::parse, required_unless_present_any = ["bootstrap", "trust", "guard"])]
    purpose: Option<First>,
    #[command(flatten)]
    blueprint: BlueprintArg,
    /// Print one document alone
    #[arg(long = "for", value_enum, value_name = "WHOM", env = "CTGUARD_FOR", group = "document", conflicts_with_all = ["check", "bootstrap", "trust"])]
    whose: Option<IdentityArg>,
    /// With --for or --guard: the N-th of the parts that fit into policies
    #[arg(long, value_name = "N", requires = "document", env = "CTGUARD_PART")]
    part: Option<usize>,
    /// The account that runs ctguard, if the blueprint does not say
    #[arg(long, value_name = "ID", env = "CTGUARD_CI_ACCOUNT")]
    ci_account: Option<String>,
    /// Rules of others that `--adopt` of plan and apply takes over, such as rule/old; can be repeated
    #[arg(long, value_name = "rule/NAME", value_delimiter = ',', env = "CTGUARD_ADOPT", conflicts_with_all = ["check", "bootstrap", "trust"])]
    adopt: Vec<String>,
    /// Ask whether the credentials in use have these permissions, instead of printing them
    #[arg(long, env = "CTGUARD_CHECK", value_parser = clap::builder::BoolishValueParser::new())]
    check: bool,
    /// Print a CloudFormation template of the role that ctguard assumes in the blueprint's accounts
    #[arg(long, conflicts_with = "check", env = "CTGUARD_BOOTSTRAP", value_parser = clap::builder::BoolishValueParser::new())]
    bootstrap: bool,
    /// With --bootstrap: which role, if the blueprint names several
    #[arg(long, value_name = "NAME", requires = "bootstrap", env = "CTGUARD_ROLE")]
    role: Option<String>,
    #[command(flatten)]
    guard: GuardArgs,
    #[command(flatten)]
    trust: TrustArgs,
}

/// Which organization's policy, and whom it lets through.
#[derive(Debug, Args)]
struct GuardArgs {
    /// Print the organization's policy that keeps everybody else from what the alerts rest on
    #[arg(long, value_enum, value_name = "TYPE", env = "CTGUARD_GUARD", group = "document", requires = "break_glass", conflicts_with_all = ["check", "bootstrap", "trust"])]
    guard: Option<ControlArg>,
    /// With --guard: a role that is let through, by name or ARN; can be repeated
    #[arg(long, value_name = "ROLE", requires = "guard", env = "CTGUARD_BREAK_GLASS")]
    break_glass: Vec<String>,
    /// With --guard: the role of who runs ctguard, by name or ARN
    #[arg(long, value_name = "ROLE", requires = "guard", env = "CTGUARD_CI_ROLE")]
    ci_role: Option<String>,
}

#[derive(Debug, Clone, Copy, ValueEnum)]
enum ControlArg {
    /// A service control policy: what users and roles of the organization's accounts may do
    Scp,
    /// A resource control policy: what anybody may do to buckets, queues and keys of its accounts
    Rcp,
}

impl From<ControlArg> for Control {
    fn from(control: ControlArg) -> Self {
        match control {
            ControlArg::Scp => Self::Scp,
            ControlArg::Rcp => Self::Rcp,
        }
    }
}

/// The first word: a purpose, or the blueprint where no purpose is needed.
#[derive(Debug, Clone)]
enum First {
    Purpose(PurposeArg),
    Blueprint(PathBuf),
}

impl First {
    /// Every word is a purpose or a path; the options decide which.
    #[allow(clippy::unnecessary_wraps, reason = "clap asks for a result")]
    fn parse(text: &str) -> Result<Self, String> {
        let purpose = PurposeArg::from_str(text, false).map(Self::Purpose);
        Ok(purpose.unwrap_or_else(|_| Self::Blueprint(text.into())))
    }
}

/// Which jobs are trusted.
#[derive(Debug, Args)]
struct TrustArgs {
    /// Print the trust policy of CI's role for jobs of this service
    #[arg(long, value_enum, value_name = "SERVICE", env = "CTGUARD_TRUST", requires = "repository", conflicts_with_all = ["check", "bootstrap"])]
    trust: Option<Service>,
    /// With --trust: the repository whose jobs are trusted, such as acme/security
    #[arg(long, value_name = "PATH", requires = "trust", env = "CTGUARD_REPOSITORY")]
    repository: Option<String>,
    /// With --trust: jobs of this branch; can be repeated
    #[arg(long, requires = "trust", env = "CTGUARD_BRANCH", value_delimiter = ',')]
    branch: Vec<String>,
    /// With --trust: jobs of this tag; can be repeated
    #[arg(long, requires = "trust", env = "CTGUARD_TAG", value_delimiter = ',')]
    tag: Vec<String>,
    /// With --trust github: jobs of this deployment environment; can be repeated
    #[arg(long, requires = "trust", env = "CTGUARD_ENVIRONMENT", value_delimiter = ',')]
    environment: Vec<String>,
    /// With --trust github: jobs of any pull request; only for a role that reads
    #[arg(long, requires = "trust", env = "CTGUARD_PULL_REQUESTS", value_parser = clap::builder::BoolishValueParser::new())]
    pull_requests: bool,
    /// With --trust gitlab: the host of a self-managed GitLab
    #[arg(
        long,
        requires = "trust",
        value_name = "HOST",
        default_value = "gitlab.com",
        env = "CTGUARD_GITLAB_HOST"
    )]
    gitlab_host: String,
}

#[derive(Debug, Clone, Copy, ValueEnum)]
enum Service {
    Github,
    Gitlab,
}

#[derive(Debug, Clone, Copy, ValueEnum)]
enum PurposeArg {
    /// plan
    Plan,
    /// plan, and who changed what
    Drift,
    /// plan, verify, explain and snapshot
    #[value(alias = "explain", alias = "snapshot")]
    Verify,
    /// All verbs that change nothing
    Read,
    /// plan and apply
    Apply,
    /// destroy
    Destroy,
    /// drill, which raises alerts
    Drill,
    /// All verbs but drill
    All,
}

impl From<PurposeArg> for Purpose {
    fn from(purpose: PurposeArg) -> Self {
        match purpose {
            PurposeArg::Plan => Self::Plan,
            PurposeArg::Drift => Self::Drift,
            PurposeArg::Verify => Self::Verify,
            PurposeArg::Read => Self::Read,
            PurposeArg::Apply => Self::Apply,
            PurposeArg::Destroy => Self::Destroy,
            PurposeArg::Drill => Self::Drill,
            PurposeArg::All => Self::All,
        }
    }
}

impl PurposeArg {
    fn word(self) -> &'static str {
        match self {
            Self::Plan => "plan",
            Self::Drift => "drift",
            Self::Verify => "verify",
            Self::Read => "read",
            Self::Apply => "apply",
            Self::Destroy => "destroy",
            Self::Drill => "drill",
            Self::All => "all verbs",
        }
    }
}

#[derive(Debug, Clone, Copy, ValueEnum)]
enum IdentityArg {
    /// The role in the hub's account
    Hub,
    /// The role in the account that keeps the trail
    Trail,
    /// The role in every other account
    Spoke,
    /// Who runs ctguard
    Ci,
}

impl From<IdentityArg> for Identity {
    fn from(identity: IdentityArg) -> Self {
        match identity {
            IdentityArg::Hub => Self::Hub,
            IdentityArg::Trail => Self::Trail,
            IdentityArg::Spoke => Self::Spoke,
            IdentityArg::Ci => Self::Ci,
        }
    }
}

pub fn run(
    args: &PolicyArgs,
    global: &GlobalOptions,
    io: &mut Io<'_>,
) -> Result<Exit, CommandError> {
    let (asked, blueprint) = match &args.purpose {
        None => (PurposeArg::All, &args.blueprint.blueprint),
        Some(First::Purpose(purpose)) => (*purpose, &args.blueprint.blueprint),
        Some(First::Blueprint(path))
            if args.bootstrap || args.trust.trust.is_some() || args.guard.guard.is_some() =>
        {
            (PurposeArg::All, path)
        }
        Some(First::Blueprint(word)) => {
            let word = word.display();
            return Err(CommandError::usage(format!("`{word}` is not a purpose")).hint(
                "Name one before the blueprint: plan, drift, verify, read, apply, destroy or all.",
            ));
        }
    };
    let mut read = match context::read(blueprint, global, io) {
        Ok(read) => read,
        Err(exit) => return Ok(exit),
    };
    read.blueprint = global.entering(&read.blueprint).into_owned();
    let own = args.ci_account.as_ref().map(|text| {
        AccountId::new(text).ok_or_else(|| {
            CommandError::usage(format!("--ci-account: `{text}` is not a 12-digit account id"))
        })
    });
    let own = own.transpose()?;
    if let Some(service) = args.trust.trust {
        return trust_policy(service, &args.trust, own.as_ref(), &read.blueprint, io);
    }
    if let Some(control) = args.guard.guard {
        return guard_policy(control.into(), args, &read.blueprint, global, io);
    }
    let purpose = Purpose::from(asked);
    if args.bootstrap {
        return bootstrap(args, purpose, &read.blueprint, global, io);
    }
    if args.check {
        let found = context::block_on(check(global, &read, purpose, io))??;
        match is_json(global) {
            true => print_json(io, &found)?,
            false => print(io, &lacking(&found))?,
        }
        let unknown = Exit::Incomplete.when(!found.unchecked.is_empty());
        return Ok(Exit::CheckFailed.when(found.lacks()).and(unknown));
    }
    let mut all = policies(&read.blueprint, purpose, own.as_ref());
    let adoption = Adoption { untagged: false, names: args.adopt.iter().cloned().collect() };
    permissions::take_over(&mut all, &read.blueprint, &adoption, purpose);
    if let Some(whose) = args.whose {
        return one(args, &all, whose.into(), global, io);
    }
    let all = Policies::new(&read.blueprint.name, asked.word(), &all);
    if is_json(global) {
        print_json(io, &all)?;
    } else {
        print(io, &render(&all, global.paint_out(io)))?;
    }
    Ok(Exit::Done)
}

/// One document alone, whatever the format: it goes to IAM as it is.
fn one(
    args: &PolicyArgs,
    all: &[IdentityPolicy],
    identity: Identity,
    global: &GlobalOptions,
    io: &mut Io<'_>,
) -> Result<Exit, CommandError> {
    let Some(policy) = all.iter().find(|policy| policy.identity == identity) else {
        let there: Vec<&str> = all.iter().map(|policy| policy.identity.as_str()).collect();
        return Err(CommandError::usage(format!("this blueprint has no role for `{identity}`"))
            .hint(format!(
                "It has: {}. What is done in the account that runs ctguard is part of `ci`.",
                there.join(", ")
            )));
    };
    let parts = policy.parts();
    if let Some(number) = args.part {
        let part = number.checked_sub(1).and_then(|index| parts.get(index));
        let part = part.ok_or_else(|| {
            CommandError::usage(format!("--part: there is no part {number} of {}", parts.len()))
        })?;
        print_json(io, part)?;
        return Ok(Exit::Done);
    }
    if policy.characters() > MANAGED_POLICY_MAX_CHARS && !global.quiet {
        let _ = writeln!(io.err, "note: {}", size(policy.characters(), parts.len()));
    }
    print_json(io, &policy.document)?;
    Ok(Exit::Done)
}

/// One policy of the organization, as it is saved; its limits are told beside it.
fn guard_policy(
    control: Control,
    args: &PolicyArgs,
    blueprint: &Blueprint,
    global: &GlobalOptions,
    io: &mut Io<'_>,
) -> Result<Exit, CommandError> {
    let named: Vec<String> =
        args.guard.break_glass.iter().chain(&args.guard.ci_role).cloned().collect();
    let exempt = Exempt::new(blueprint, &named).map_err(|error| {
        CommandError::usage(error.to_string()).hint("Such as --break-glass ops/break-glass.")
    })?;
    let parts = guard::guard(blueprint, control, &exempt);
    let limits =
        report::guard_limits(blueprint, control, args.guard.ci_role.is_some(), parts.len());
    if is_json(global) && args.part.is_none() {
        print_json(io, &report::Guard::new(blueprint, control, &parts, limits))?;
        return Ok(Exit::Done);
    }
    let part = match (args.part, parts.as_slice()) {
        (None, [one]) => one,
        (None, several) => {
            let count = several.len();
            return Err(CommandError::usage(format!(
                "the policy is longer than the {CONTROL_POLICY_MAX_CHARS} characters that \
                 Organizations takes: it comes in {count} parts"
            ))
            .hint(format!("Print each with --part 1 to --part {count}, and attach them all.")));
        }
        (Some(number), _) => {
            number.checked_sub(1).and_then(|index| parts.get(index)).ok_or_else(|| {
                CommandError::usage(format!("--part: there is no part {number} of {}", parts.len()))
            })?
        }
    };
    if !global.quiet {
        for limit in &limits {
            let _ = writeln!(io.err, "note: {limit}");
        }
    }
    // Organizations counts white space.
    print(io, &format!("{part}\n"))?;
    Ok(Exit::Done)
}

fn trust_policy(
    service: Service,
    args: &TrustArgs,
    own: Option<&AccountId>,
    blueprint: &Blueprint,
    io: &mut Io<'_>,
) -> Result<Exit, CommandError> {
    let account = own.or_else(|| permissions::own_account(blueprint)).ok_or_else(|| {
        CommandError::usage("the blueprint does not say which account runs ctguard")
            .hint("Name it with --ci-account ID.")
    })?;
    let branches = args.branch.iter().cloned().map(JobRef::Branch);
    let tags = args.tag.iter().cloned().map(JobRef::Tag);
    let environments = args.environment.iter().cloned().map(JobRef::Environment);
    let pull_requests = args.pull_requests.then_some(JobRef::PullRequest);
    let refs = branches.chain(tags).chain(environments).chain(pull_requests).collect();
    let repository = args.repository.clone().unwrap_or_default();
    let jobs = match service {
        Service::Github => Jobs::GitHub { repository, refs },
        Service::Gitlab => {
            Jobs::GitLab { host: args.gitlab_host.clone(), project: repository, refs }
        }
    };
    let partition = blueprint.first_region().map_or(Partition::Aws, Region::partition);
    let policy = trust::trust(&jobs, partition, account).map_err(|error| {
        let usage = CommandError::usage(error.to_string());
        match error {
            TrustError::Everything => usage.hint("Say which jobs: --branch main, for example."),
            TrustError::NotInGitLab(_) => usage.hint("Use --branch or --tag."),
            _ => usage,
        }
    })?;
    print_json(io, &policy)?;
    Ok(Exit::Done)
}

fn bootstrap(
    args: &PolicyArgs,
    purpose: Purpose,
    blueprint: &Blueprint,
    global: &GlobalOptions,
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
    // Any covered region will do; one that is left out on purpose may be denied.
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
        path_and_name(role)
    )
}

/// What whoever works in the accounts lacks: the caller in its own, and the roles that are entered.
async fn check(
    global: &GlobalOptions,
    read: &context::Read,
    purpose: Purpose,
    io: &mut Io<'_>,
) -> Result<Lacking, CommandError> {
    let cloud = context::open(global, read, io).await?;
    let caller = cloud.caller().await?;
    let region = context::regions(global)?.into_iter().next();
    let region = region.or_else(|| read.blueprint.first_region().cloned());
    let region = region
        .or_else(|| Region::new("us-east-1"))
        .ok_or_else(|| CommandError::new("no region is known"))?;
    let own = caller.account;
    let place = Place::new(own.clone(), region.clone());
    let wanted = |place: &Place| permissions::wanted(&read.blueprint, purpose, &own, place);
    let lacking = cloud.lacking(&place, &wanted(&place)).await?;
    let mut found = Lacking::new(caller.arn, lacking);
    let narrow: BTreeSet<AccountId> = context::accounts(global)?.into_iter().collect();
    let asked = |account: &AccountId| narrow.is_empty() || narrow.contains(account);
    let entered = permissions::entered(&read.blueprint, &own);
    let (looked_at, left): (Vec<_>, Vec<_>) = entered.into_iter().partition(asked);
    let places: Vec<Place> =
        looked_at.into_iter().map(|account| Place::new(account, region.clone())).collect();
    let cloud = cloud.as_ref();
    let looks = places.iter().map(|place| {
        let wanted = wanted(place);
        async move { (place, cloud.lacking(place, &wanted).await) }
    });
    let mut looks = stream::iter(looks).buffered(usize::from(global.concurrency).max(1));
    while let Some((place, lacks)) = looks.next().await {
        found.add(&place.account, lacks.map_err(|error| error.to_string()));
    }
    for account in left {
        found.add(&account, Err("--account leaves it out".to_owned()));
    }
    if let Some(accounts) = &read.blueprint.accounts
        && accounts.organization.is_some()
    {
        found.leave_organization();
    }
    Ok(found)
}
