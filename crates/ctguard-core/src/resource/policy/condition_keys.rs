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
