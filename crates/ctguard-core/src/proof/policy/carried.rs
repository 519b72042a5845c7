//! Which condition keys a request carries, and with which value.
//!
//! | key | a service that calls the resource itself |
//! |---|---|
//! | `aws:SourceArn`, `aws:SourceAccount`, `aws:SourceOwner` | as the pair of services is documented |
//! | `aws:SourceOrgID`, `aws:SourceOrgPaths` | not known; never where `aws:SourceAccount` is not |
//! | `aws:SecureTransport`, `aws:PrincipalIsAWSService` | always `true` |
//! | `aws:PrincipalServiceName`, `aws:PrincipalServiceNamesList` | always, with the service's name |
//! | `aws:ViaAWSService` | always `false` |
//! | `aws:RequestedRegion`, `aws:ResourceAccount` | always, those of the resource |
//! | `aws:CurrentTime`, `aws:EpochTime` | always; not before this program was written, nor ten years later |
//! | `aws:PrincipalArn`, `aws:PrincipalAccount`, `aws:PrincipalType`, `aws:userid`, `aws:SourceIp`, `kms:CallerAccount` | none, or one of AWS's own |
//! | what belongs to people, roles, organizations, tags, VPCs and chained calls | never |
//! | `sns:Protocol`, `sns:Endpoint`, `sts:ExternalId` | never: they belong to other requests |
//! | `aws:Referer` | never: it comes from a link on a page |
//! | `kms:ViaService` | never; of a key that another service uses for it, none or that service's |
//! | `kms:EncryptionContext:…` | as the service is documented; others never |
//! | `kms:KeySpec`, `kms:KeyUsage` | of a symmetric key for encryption; keys of grants and signatures never |
//! | tags of the resource | where they were read: none, or the tag's value |
//! | a misspelt key, and one of another service | never |
//! | anything else, such as `aws:UserAgent` | not known |
//!
//! Where a second service calls a key on behalf of the first, what the first would have sent with
//! its own call is not known.
//!
//! Sources: <https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_condition-keys.html>,
//! and for the keys of KMS, whose `kms:ViaService` is of requests on behalf of a principal of an
//! account, <https://docs.aws.amazon.com/kms/latest/developerguide/conditions-kms.html>

use super::{Request, Sent};
use crate::resource::policy::condition_keys::{is_nowhere, of_data_keys};
use crate::scope::Arn;

/// What is known of a condition key in a request.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Carried {
    /// Always, with this value.
    Value(String),
    /// Always, with several values, this one among them.
    Including(String),
    /// Always, with one value that begins with this and goes on.
    Beginning(&'static str),
    /// Always, with one value that begins with one of these.
    Beneath(Vec<String>),
    /// Always; a time within `condition_keys::REQUESTED`.
    Time,
    /// Not at all, or with this value.
    Perhaps(String),
    /// Not at all, or with one value that begins with one of these.
    PerhapsBeneath(Vec<String>),
    /// Not at all, or with a value of AWS's own that no policy names.
    Foreign,
    Never,
    Unknown,
}

/// Keys that only requests by people, roles and their sessions have.
const OF_OTHERS: &[&str] = &[
    "aws:assumedroot",
    "aws:chatbotsourcearn",
    "aws:ec2instancesourceprivateipv4",
    "aws:ec2instancesourcevpc",
    "aws:federatedprovider",
    "aws:multifactorauthage",
    "aws:multifactorauthpresent",
    "aws:principalorgid",
    "aws:principalorgpaths",
    "aws:referer",
    "aws:sourceidentity",
    "aws:sourcevpc",
    "aws:sourcevpcarn",
    "aws:sourcevpce",
    "aws:tagkeys",
    "aws:tokenissuetime",
    "aws:username",
    "aws:vpceaccount",
    "aws:vpceorgid",
    "aws:vpceorgpaths",
    "aws:vpcsourceip",
    "sns:endpoint",
    "sns:protocol",
    "sts:externalid",
];

/// What the keys begin with that are tags of the resource. A request of whose resource the tags
/// are known has this beginning itself among its further keys: it stands for all other tags.
pub const RESOURCE_TAG: &str = "aws:resourcetag/";

/// What the keys begin with that are parts of an encryption context.
const CONTEXT: &str = "kms:encryptioncontext:";

/// A key, in lower case, in the request of a service.
pub fn by_service(request: &Request<'_>, key: &str) -> Carried {
    if let Some((_, sent)) = request.extra.iter().find(|(name, _)| *name == key) {
        return sent.to_carried();
    }
    let service = request.action.split(':').next().unwrap_or_default();
    if is_nowhere(key, service) {
        return Carried::Never;
    }
    let here = Arn::parse(request.resource);
    let value = |text: &str| match text {
        "" => Carried::Unknown,
        text => Carried::Value(text.to_owned()),
    };
    match key {
        "aws:sourcearn" => request.source_arn.to_carried(),
        "aws:sourceaccount" | "aws:sourceowner" => request.source_account.to_carried(),
        "aws:sourceorgid" | "aws:sourceorgpaths" => match request.source_account {
            Sent::Never => Carried::Never,
            _ => Carried::Unknown,
        },
        "aws:currenttime" | "aws:epochtime" => Carried::Time,
        "aws:resourceaccount" => here.map_or(Carried::Unknown, |arn| value(arn.account)),
        key if OF_OTHERS.contains(&key) => Carried::Never,
        key if key.starts_with("aws:principaltag/") || key.starts_with("aws:requesttag/") => {
            Carried::Never
        }
        "aws:principalarn"
        | "aws:principalaccount"
        | "aws:principaltype"
        | "aws:userid"
        | "aws:sourceip"
        | "kms:calleraccount" => Carried::Foreign,
        key if service == "kms" && of_data_keys(key).is_some() => {
            of_data_keys(key).flatten().map_or(Carried::Never, value)
        }
        // The context that a service is documented to send is all of it.
        key if key.starts_with(CONTEXT)
            && request.extra.iter().any(|(name, _)| name.starts_with(CONTEXT)) =>
        {
            Carried::Never
        }
        "kms:viaservice" => match (request.through, here) {
            (None, _) => Carried::Never,
            (Some(name), Some(arn)) => Carried::Perhaps(via_service(name, arn.region)),
            (Some(_), None) => Carried::Unknown,
        },
        _ if request.through.is_some() => Carried::Unknown,
        "aws:securetransport" | "aws:principalisawsservice" => value("true"),
        "aws:viaawsservice" => value("false"),
        "aws:principalservicename" => value(request.service),
        "aws:principalservicenameslist" => Carried::Including(request.service.to_owned()),
        "aws:calledvia" | "aws:calledviafirst" | "aws:calledvialast" => Carried::Never,
        "aws:requestedregion" => here.map_or(Carried::Unknown, |arn| value(arn.region)),
        // Whether a service makes the tags of its resources keys differs: one that is there may be.
        key if key.starts_with(RESOURCE_TAG) => {
            let tags = request.extra.iter().find(|(name, _)| *name == RESOURCE_TAG);
            tags.map_or(Carried::Unknown, |(_, sent)| sent.to_carried())
        }
        _ => Carried::Unknown,
    }
}

/// A service in `kms:ViaService`: with this ending in all partitions.
///
/// Source: <https://docs.aws.amazon.com/kms/latest/developerguide/conditions-kms.html#conditions-kms-via-service>
pub(super) fn via_service(name: &str, region: &str) -> String {
    format!("{name}.{region}.amazonaws.com")
}

impl Sent<'_> {
    fn to_carried(self) -> Carried {
        match self {
            Self::Value(value) => Carried::Value(value.to_owned()),
            Self::Perhaps(value) => Carried::Perhaps(value.to_owned()),
            Self::Never => Carried::Never,
            Self::Unknown => Carried::Unknown,
        }
    }
}
