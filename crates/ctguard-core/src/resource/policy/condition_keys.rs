//! Which condition keys there are, as far as AWS lists them.

/// The names of the keys that any service may have, without `aws:` and what follows a slash.
///
/// Source: <https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_condition-keys.html>
const GLOBAL: &[&str] = &[
    "assumedroot",
    "calledvia",
    "calledviaawsmcp",
    "calledviafirst",
    "calledvialast",
    "chatbotsourcearn",
    "currenttime",
    "ec2instancesourceprivateipv4",
    "ec2instancesourcevpc",
    "epochtime",
    "federatedprovider",
    "ismcpserviceaction",
    "multifactorauthage",
    "multifactorauthpresent",
    "principalaccount",
    "principalarn",
    "principalisawsservice",
    "principalorgid",
    "principalorgpaths",
    "principalservicename",
    "principalservicenameslist",
    "principaltag",
    "principaltype",
    "referer",
    "requestedregion",
    "requesttag",
    "resourceaccount",
    "resourceorgid",
    "resourceorgpaths",
    "resourcetag",
    "securetransport",
    "signinsessionarn",
    "sourceaccount",
    "sourcearn",
    "sourceidentity",
    "sourceip",
    "sourceorgid",
    "sourceorgpaths",
    "sourceowner",
    "sourcevpc",
    "sourcevpcarn",
    "sourcevpce",
    "tagkeys",
    "tokenissuetime",
    "useragent",
    "userid",
    "username",
    "viaawsmcpservice",
    "viaawsservice",
    "vpceaccount",
    "vpceorgid",
    "vpceorgpaths",
    "vpcsourceip",
];

/// The seconds between which requests are made that are judged: from 22 November 2026 on, for ten
/// years. What a policy compares a time with that is outside of them is decided.
pub const REQUESTED: std::ops::Range<i64> = 1_795_305_600..2_110_924_800;

/// What is known of a key of KMS, in lower case, in a call that makes a data key or decrypts one by
/// a symmetric key: its value, or that it is not there; `None` when that depends on the call.
///
/// Source: <https://docs.aws.amazon.com/kms/latest/developerguide/conditions-kms.html>
pub fn of_data_keys(key: &str) -> Option<Option<&'static str>> {
    match key {
        "kms:keyspec" => Some(Some("SYMMETRIC_DEFAULT")),
        "kms:keyusage" => Some(Some("ENCRYPT_DECRYPT")),
        "kms:grantisforawsresource"
        | "kms:grantconstrainttype"
        | "kms:grantoperations"
        | "kms:granteeprincipal"
        | "kms:retiringprincipal"
        | "kms:bypasspolicylockoutsafetycheck"
        | "kms:schedulekeydeletionpendingwindowindays"
        | "kms:signingalgorithm"
        | "kms:messagetype"
        | "kms:macalgorithm"
        | "kms:wrappingalgorithm"
        | "kms:wrappingkeyspec"
        | "kms:expirationmodel"
        | "kms:validto"
        | "kms:reencryptonsamekey" => Some(None),
        _ => None,
    }
}

/// Whether no request to a service has a key, in lower case: it is misspelt, or another service's.
/// Keys of the services that are not listed here are not known, and so may be there.
///
/// Sources: <https://docs.aws.amazon.com/service-authorization/latest/reference/list_amazonsns.html>,
/// <https://docs.aws.amazon.com/service-authorization/latest/reference/list_amazonsqs.html>,
/// <https://docs.aws.amazon.com/service-authorization/latest/reference/list_amazoneventbridge.html>
pub fn is_nowhere(key: &str, service: &str) -> bool {
    let Some((prefix, name)) = key.split_once(':') else { return true };
    match prefix {
        "aws" => !GLOBAL.contains(&name.split('/').next().unwrap_or(name)),
        "sns" if service == "sns" => !matches!(name, "endpoint" | "protocol"),
        // Of an event that is put, only these; the others are about rules.
        "events" if service == "events" => {
            !matches!(name, "source" | "detail-type" | "eventbusinvocation")
        }
        "sqs" => true,
        prefix => prefix != service,
    }
}
