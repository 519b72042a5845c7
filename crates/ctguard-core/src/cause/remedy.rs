//! What to do about a failed call: the table of cause × call.
//!
//! The cause decides the sentence, and the call what is named in it: which permission, whose
//! policy, and whether the region can be left out of the blueprint.

use super::{Cause, CredentialSource, Denial, Obstacle, PolicyType};
use crate::resource::topic::is_opt_in;
use crate::scope::{Place, Region};

/// Where a call was made, as far as it matters to its remedy.
#[derive(Debug, Clone, Copy)]
pub struct Failed<'a> {
    /// As IAM names it.
    pub operation: &'a str,
    /// Absent where the failure is about an account, or about no place.
    pub region: Option<&'a Region>,
}

impl<'a> Failed<'a> {
    /// A call that has no region, or whose region is not known.
    pub fn call(operation: &'a str) -> Self {
        Self { operation, region: None }
    }

    /// A call in a place.
    pub fn at(operation: &'a str, place: &'a Place) -> Self {
        let region = (!place.region.is_global()).then_some(&place.region);
        Self { operation, region }
    }

    fn service(&self) -> &'a str {
        self.operation.split(':').next().unwrap_or_default()
    }

    /// The region, if leaving it out of the blueprint would avoid the call.
    fn avoidable(&self) -> Option<&'a Region> {
        let everywhere = ["account", "iam", "organizations", "s3", "sts"];
        self.region.filter(|_| !everywhere.contains(&self.service()))
    }
}

/// How the entry of a region begins and goes on in a line for the blueprint.
const ENTRY: (&str, &str) = ("{ region: ", ", reason: ");

/// How a sentence about a region begins, folded for several, and what it is then.
const SENTENCES: [(&str, &str); 2] = [
    ("{region} is enabled in", "{region} are enabled in"),
    ("The region {region} is not enabled", "The regions {region} are not enabled"),
];

/// How a blueprint leaves a region out, and which regions it cannot leave out.
fn leave_out(region: &Region, reason: &str) -> String {
    let (begin, middle) = ENTRY;
    format!(
        "leave the region out of the blueprint: take it from its list of regions, or, where it has none, write `regions: {{ enabled: true, except: [{begin}{region}{middle}{reason} }}] }}`. That is no way out for the region of the hub, the home of the trail, and a region in which alone an alert's events land (as those of IAM in us-east-1): there the call must be made possible."
    )
}

/// Writes a folded text out for all regions that it is about: where it has `{region}` in a sentence
/// they are listed, and where it has that in an entry of the line for the blueprint, each region
/// gets its own.
pub fn for_regions<'a>(text: &str, regions: impl IntoIterator<Item = &'a Region>) -> String {
    let mut names: Vec<&str> =
        regions.into_iter().filter(|one| !one.is_global()).map(Region::as_str).collect();
    names.sort_unstable();
    names.dedup();
    if names.is_empty() {
        return text.to_owned();
    }
    let listed = names.join(", ");
    let text = &SENTENCES.iter().fold(text.to_owned(), |text, (one, many)| {
        text.replace(one, &many.replace("{region}", &listed))
    });
    let (begin, middle) = ENTRY;
    let open = format!("{begin}{{region}}{middle}");
    let Some(at) = text.find(&open) else { return text.to_owned() };
    let (before, rest) = text.split_at(at);
    let Some(end) = rest.find(" }]") else { return text.to_owned() };
    let (entry, after) = rest.split_at(end + 2);
    let entries: Vec<String> = names.iter().map(|name| entry.replace("{region}", name)).collect();
    format!("{before}{}{after}", entries.join(", "))
}

/// Whether a call reads what a subscriber's `secret` names.
fn is_secret(operation: &str) -> bool {
    ["ssm:GetParameter", "secretsmanager:GetSecretValue"].contains(&operation)
}

/// The call that takes a token for credentials: what AWS refuses of it belongs to the token and
/// the role's trust, and no permission helps.
const BY_TOKEN: &str = "sts:AssumeRoleWithWebIdentity";

impl Cause {
    /// Whether a refusal of [`BY_TOKEN`] says something of the token or the role.
    fn is_of_token(self) -> bool {
        matches!(self, Self::Denied(_) | Self::Expired | Self::NotFound | Self::NotEnabled)
    }

    /// What to do about it, in full sentences.
    pub fn remedy(self, failed: Failed<'_>) -> String {
        let Failed { operation, region } = failed;
        match self {
            _ if operation == BY_TOKEN && self.is_of_token() => {
                source_failed(CredentialSource::WebIdentity).to_owned()
            }
            Self::Denied(denial) => denied(denial, failed),
            Self::NoCredentials => "Name a profile that has credentials with `--profile`, sign in where it is one of IAM Identity Center (`aws sso login`), or set the AWS_* variables. To try ctguard without AWS, use `--sandbox FILE`.".to_owned(),
            Self::SourceFailed(source) => source_failed(source).to_owned(),
            Self::UnknownCredentials => "AWS does not know these credentials: they were deleted or deactivated, or are those of another partition. Check the profile, sign in again, and run again.".to_owned(),
            Self::Expired => "The credentials have expired: sign in again (`aws sso login` where they are IAM Identity Center's) or renew them, and run again. No permission is missing.".to_owned(),
            Self::Clock => "The clock of this machine is too far from AWS's: set it, best by NTP, and run again. No permission is missing.".to_owned(),
            Self::Signature => "AWS calculates another signature: the secret key is not that of the key id, or a proxy on the way alters requests. Check both, and run again.".to_owned(),
            Self::Throttled => format!(
                "AWS throttled {operation}, and went on so while ctguard waited and tried again. Run again later, with a smaller `--concurrency`, or when nothing else makes many calls in that account and region. No permission is missing."
            ),
            Self::Unreachable(obstacle) => unreachable(obstacle).to_owned(),
            Self::NotEnabled => not_enabled(failed),
            Self::Distrusted => "CloudTrail is no trusted service of the organization, so no trail can be made for all its accounts: enable it in the management account (`aws organizations enable-aws-service-access --service-principal cloudtrail.amazonaws.com`), and run again; or leave `organization: true` out. No permission is missing.".to_owned(),
            Self::Refused(refusal) => refusal.remedy(failed),
            Self::NotFound => not_found(failed),
            Self::Malformed => "What answered is not AWS, or its answer was cut short: a proxy or a sign-in page may stand in the way. Look at HTTPS_PROXY, NO_PROXY and AWS_ENDPOINT_URL, and run again. No permission is missing.".to_owned(),
            Self::TooLarge => format!(
                "The request of {operation} or its answer is larger than AWS, a proxy on the way, or ctguard lets through: make what it is about smaller. If it is not large, something else answers in AWS's place: look at AWS_ENDPOINT_URL and HTTPS_PROXY."
            ),
            Self::ServerError => format!(
                "AWS failed at {operation} on its own side, and went on so while ctguard tried again. Run again later; AWS's Health Dashboard tells of outages. No permission is missing."
            ),
            Self::Configuration => {
                let at = region.map(|region| format!(" in {region}")).unwrap_or_default();
                format!(
                    "The configuration of this machine names an endpoint that cannot be used{at}: look at AWS_USE_FIPS_ENDPOINT, AWS_USE_DUALSTACK_ENDPOINT, AWS_ENDPOINT_URL and AWS_CA_BUNDLE, and at the same settings of the profile. No permission is missing."
                )
            }
            Self::RunTime => format!(
                "The time limit of the run (`--timeout`, CTGUARD_TIMEOUT) was over before {operation} was answered: give it more time, or take a part of the fleet (`--shard`, `--account`, `--region`), and run again. No permission is missing."
            ),
            Self::NotRecorded if is_secret(operation) => "A snapshot holds no secrets: run without `--snapshot`, or put the address into a variable and write `secret: env:NAME`.".to_owned(),
            Self::NotRecorded => "Take a new snapshot with this blueprint.".to_owned(),
            Self::NotAsked => "Run again: it was not read this time.".to_owned(),
            Self::Unstated | Self::Other => format!(
                "AWS refused {operation} for the reason in its message: see to that, and run again."
            ),
        }
    }
}

/// Calls that create something with its tags, or that tag it: a policy may ask for tags in them.
///
/// Source: <https://docs.aws.amazon.com/IAM/latest/UserGuide/access_tags.html#access_tags_control-requests>
const TAGGING: [&str; 14] = [
    "cloudtrail:AddTags",
    "cloudtrail:CreateTrail",
    "events:CreateEventBus",
    "events:PutRule",
    "events:TagResource",
    "iam:CreateRole",
    "iam:TagRole",
    "s3:CreateBucket",
    "s3:PutBucketTagging",
    "s3:TagResource",
    "sns:CreateTopic",
    "sns:TagResource",
    "sqs:CreateQueue",
    "sqs:TagQueue",
];

/// The way out where a policy denies a call for lack of tags. AWS names the policy and never the
/// condition of it that denied.
fn for_lack_of_tags(denial: Denial, operation: &str) -> &'static str {
    // Without a Deny, only an Allow under a condition on tags can be what is missing.
    let possible = denial.explicit
        || matches!(denial.by, None | Some(PolicyType::Identity | PolicyType::PermissionsBoundary));
    match possible && TAGGING.contains(&operation) {
        true => {
            "AWS does not say which condition of a policy denied: if that policy demands tags of what is created (`aws:RequestTag`, `aws:TagKeys`), write them into the blueprint, as in `tags: { CostCenter: \"42\" }`, and run again."
        }
        false => "",
    }
}

fn denied(denial: Denial, failed: Failed<'_>) -> String {
    let by = denied_by(denial, failed);
    match (for_lack_of_tags(denial, failed.operation), denial.explicit) {
        ("", _) => by,
        // What a Deny asks for can be given without asking anybody, so that is tried first. Tags of
        // several policies are asked for one after the other.
        (tags, true) => format!(
            "{tags} If it then names another policy, add what that one demands. Otherwise: {by}"
        ),
        (tags, false) => format!("{by} {tags}"),
    }
}

/// Who denies, and who can change it.
fn denied_by(denial: Denial, failed: Failed<'_>) -> String {
    let Failed { operation, .. } = failed;
    let Denial { by, explicit } = denial;
    match by {
        Some(by @ (PolicyType::ServiceControl | PolicyType::ResourceControl)) => {
            let mut text = format!(
                "A {} of the organization denies {operation}: no permission in the account helps. Whoever administers the organization's policies, in its management account, can change it.",
                by.name()
            );
            if let Some(region) = failed.avoidable() {
                let out = leave_out(region, "a policy of the organization denies it");
                text.push_str(&format!(" If it shuts the whole region, {out}"));
            }
            text
        }
        Some(PolicyType::PermissionsBoundary) => format!(
            "The permissions boundary of the identity that runs ctguard {} {operation}: whoever set it must change it.",
            denies(explicit)
        ),
        Some(PolicyType::Session) => format!(
            "The session policy {} {operation}: assume the role without it, or let it allow the call.",
            denies(explicit)
        ),
        Some(PolicyType::VpcEndpoint) => format!(
            "The policy of the VPC endpoint that the call goes through {} {operation}: its owner must change it, or ctguard run from elsewhere.",
            denies(explicit)
        ),
        Some(PolicyType::RoleTrust) => format!(
            "The trust policy of the role {} {operation}: let it name the identity that runs ctguard.",
            denies(explicit)
        ),
        Some(PolicyType::Resource) => format!(
            "{} {} {operation} to the identity that runs ctguard: its owner must change it.",
            policy_of(failed.service()),
            denies(explicit)
        ),
        Some(PolicyType::Identity) | None if explicit => format!(
            "A Deny forbids {operation} to the identity that runs ctguard, and no Allow helps against it: take the call out of that Deny, and run again."
        ),
        Some(PolicyType::Identity) => allow(operation),
        None => undetermined(failed),
    }
}

fn denies(explicit: bool) -> &'static str {
    if explicit { "has a Deny for" } else { "does not allow" }
}

fn allow(operation: &str) -> String {
    format!("Allow {operation} to the identity that runs ctguard, and run again.")
}

/// A denial of which AWS does not say where it comes from.
fn undetermined(failed: Failed<'_>) -> String {
    let operation = failed.operation;
    let allow = allow(operation);
    match operation {
        "sts:AssumeRole" => format!(
            "{allow} The role must exist in that account, and its trust policy must name that identity."
        ),
        // AWS answers 403 without a word for both.
        // Source: <https://docs.aws.amazon.com/AmazonS3/latest/API/API_HeadBucket.html>
        "s3:ListBucket" => "Bucket names are unique in all of AWS. Either this one is another account's: then name another bucket in the blueprint, unless it is the log bucket of your landing zone. Or it is this account's: then allow s3:ListBucket on it to the identity that runs ctguard, and run again.".to_owned(),
        "account:ListRegions" => format!("{allow} Or list the regions in the blueprint."),
        _ if failed.service() == "organizations" => format!(
            "{allow} Only the management account of the organization, and a member that is a delegated administrator, may make this call; otherwise list the accounts in the blueprint."
        ),
        _ if is_secret(operation) => format!(
            "{allow} It reads what `secret:` in the blueprint names with its own credentials, in its own account. If a customer-managed key encrypts it, allow kms:Decrypt on that key, too."
        ),
        _ if failed.service() == "kms" => {
            format!("{allow} The policy of the key must allow it, too.")
        }
        _ => allow,
    }
}

/// Whose policy a resource-based one is.
fn policy_of(service: &str) -> &'static str {
    match service {
        "events" => "The policy of the event bus",
        "kms" => "The policy of the KMS key",
        "lambda" => "The policy of the function",
        "s3" => "The policy of the bucket",
        "sns" => "The policy of the topic",
        "sqs" => "The policy of the queue",
        _ => "The policy of the resource",
    }
}

fn unreachable(obstacle: Obstacle) -> &'static str {
    match obstacle {
        Obstacle::Dns => {
            "The host has no address: check the region's name, whether the service exists there (with AWS_USE_FIPS_ENDPOINT, too), the endpoint if one is set (AWS_ENDPOINT_URL), this machine's DNS, and whether calls must go through a proxy (HTTPS_PROXY, and NO_PROXY, which keeps them from it). No permission is missing."
        }
        Obstacle::Connection => {
            "Nothing accepts the connection: check the network, AWS_ENDPOINT_URL, and whether calls must go through a proxy (HTTPS_PROXY). No permission is missing."
        }
        Obstacle::Timeout => {
            "No answer came in time: check the network, the proxy, AWS_ENDPOINT_URL and VPC endpoints if there are any, and run again. No permission is missing."
        }
        Obstacle::Lost => {
            "The connection ended before the answer did: run again; if it stays so, look at the network and the proxy. No permission is missing."
        }
        Obstacle::Certificate => {
            "This machine does not trust the server's certificate: install its root certificates (ca-certificates), name a proxy's with AWS_CA_BUNDLE or SSL_CERT_FILE, and check the clock. No permission is missing."
        }
        Obstacle::Proxy => {
            "The proxy was reached, and does not let the call through: its rules deny the host. Whoever runs it must let AWS's hosts pass (*.amazonaws.com, *.api.aws); or list them in NO_PROXY if this machine reaches them without it. No permission is missing."
        }
        Obstacle::ProxyName => {
            "The name of the proxy has no address here, so AWS was not asked: correct HTTPS_PROXY or HTTP_PROXY (https_proxy and http_proxy go first), or unset it where no proxy is needed. A company's proxy often has a name only within its network: join it (VPN). No permission is missing."
        }
        Obstacle::ProxyConnection => {
            "Nothing takes the connection at the proxy's address, so AWS was not asked: check its host and port in HTTPS_PROXY or HTTP_PROXY (https_proxy and http_proxy go first), and whether it runs; unset the variable where no proxy is needed. No permission is missing."
        }
        Obstacle::ProxyTimeout => {
            "The proxy took no connection in time, or opened no way to AWS: check its host and port in HTTPS_PROXY or HTTP_PROXY (https_proxy and http_proxy go first), and whether this machine's network reaches it (VPN, firewall); unset the variable where no proxy is needed. No permission is missing."
        }
        Obstacle::ProxySignIn => {
            "The proxy asks for a user and a password, or does not take those that it got: write them into the variable that names it, as in `HTTPS_PROXY=http://<USER>:<PASSWORD>@<HOST>:<PORT>`. Only Basic is spoken to proxies, neither NTLM nor Kerberos. No permission of AWS is missing."
        }
        Obstacle::ProxyGateway => {
            "The proxy was reached, and does not reach AWS itself: check the region's name, then the proxy's own DNS and way out with whoever runs it. No permission is missing."
        }
        Obstacle::ProxyPortal => {
            "The proxy, or the network before it, wants a person to sign in first: open any http:// page in a browser on this network, sign in there, and run again. On a machine without people, whoever runs the proxy must let AWS's hosts pass (*.amazonaws.com, *.api.aws); where no proxy is needed, unset HTTPS_PROXY or HTTP_PROXY (https_proxy and http_proxy go first). AWS was not asked, and no permission is missing."
        }
        Obstacle::ProxyNone => {
            "Mostly a web server or another program listens at that address: correct host and port in HTTPS_PROXY or HTTP_PROXY (https_proxy and http_proxy go first), or unset it where no proxy is needed. If it is a proxy, whoever runs it must let CONNECT to AWS's hosts at port 443 through. AWS was not asked, and no permission is missing."
        }
        Obstacle::ProxyScheme => {
            "Correct the scheme of the URL in HTTPS_PROXY or HTTP_PROXY (https_proxy and http_proxy go first): `http://` for a proxy that is spoken to in plain HTTP, as nearly all are, also on the way to https:// endpoints; `https://` for one that has a certificate of its own. AWS was not asked, and no permission is missing."
        }
    }
}

/// What to do where the source of credentials that the settings name gives none.
fn source_failed(source: CredentialSource) -> &'static str {
    match source {
        CredentialSource::Process => {
            "The profile takes its credentials from this command, so signing in with the AWS CLI does not help: run the command by hand in the same environment and mend it (the tool behind it may want a sign-in of its own) until it prints JSON with `Version` 1, `AccessKeyId` and `SecretAccessKey`; or name another profile with `--profile`."
        }
        CredentialSource::Container => {
            "The environment names a server of the container for credentials: check that the task or pod has a role, and AWS_CONTAINER_CREDENTIALS_FULL_URI or AWS_CONTAINER_CREDENTIALS_RELATIVE_URI with AWS_CONTAINER_AUTHORIZATION_TOKEN or its _FILE; if it hangs, see with `curl` whether the server (the task's or pod's agent) answers at that address. Outside of such a container, unset them."
        }
        CredentialSource::Machine => {
            "The credentials are those of the machine: check that a role is attached to it (instance profile), and that its metadata service is enabled and reached from here (in a container, with a hop limit of 2). Elsewhere than on EC2, name another source in the profile."
        }
        CredentialSource::WebIdentity => {
            "The credentials come from a role by a web identity's token: check that the file of AWS_WEB_IDENTITY_TOKEN_FILE (web_identity_token_file) is there and kept fresh by whoever writes it (cluster, CI), and that the role's trust policy and the account's identity provider name the token's issuer, audience and subject."
        }
        CredentialSource::SingleSignOn => {
            "Sign in again: `aws sso login`, with the profile or the session that the message names. If that has just been done, the account or the role may not be assigned to you: the access portal shows which are."
        }
        CredentialSource::Login => {
            "Renew the session of `aws login`, as the message says, and run again."
        }
    }
}

fn not_enabled(failed: Failed<'_>) -> String {
    let Some(region) = failed.avoidable() else {
        return match failed.operation {
            "sts:AssumeRole" => "STS is not enabled for that account in the region that was asked: name another one with AWS_REGION, or enable it there.".to_owned(),
            operation => format!(
                "The credentials are not valid for {operation} there: the account has not signed up to the service, or the region that was asked is not enabled in it. Name another one with AWS_REGION, or enable it."
            ),
        };
    };
    // No account can disable such a region, so it is never the region.
    if !is_opt_in(region) {
        return format!(
            "{region} is enabled in every account, so it is not the region: either the access key was deleted or deactivated meanwhile, or its session token is not valid there (sign in again), or the account has not finished signing up to AWS or is suspended, or it has no subscription to {} (the account's billing page shows both).",
            failed.service()
        );
    }
    let out = leave_out(region, "not enabled");
    format!("The region {region} is not enabled in the account: enable it, or {out}")
}

fn not_found(failed: Failed<'_>) -> String {
    match failed.service() {
        _ if is_secret(failed.operation) => "There is nothing of that name in the account of the identity that runs ctguard, in the region that was asked: the hub's, else the first of the blueprint's list, else the trail's home, else AWS_REGION. Correct `secret:`, or write the ARN, which names both.".to_owned(),
        "organizations" => "The account is in no organization, or the unit is not in it: list the accounts in the blueprint, or correct `include_units`.".to_owned(),
        _ => format!(
            "What {} is about does not exist, or was removed while ctguard read: run again.",
            failed.operation
        ),
    }
}
