//! The common fields of records, as one table. `docs/records.md` shows it, and a test compares.

use super::field::Holds::{
    Boolean, Formats, List, Map, Nullable, Number, Object, OpenWords, Text, Time, Words,
};
use super::field::Presence::{Always, Sometimes, Usually};
use super::field::{Field, Holds, Kinds, Page, Presence, Who};

const fn field(
    path: &'static str,
    holds: Holds,
    presence: Presence,
    kinds: Kinds,
    page: Page,
) -> Field {
    Field { path, holds, kinds, presence, of: Who::ANY, page }
}

const fn of(of: Who, field: Field) -> Field {
    Field { of, ..field }
}

/// An account id. Requests without credentials have a word in its place.
const ACCOUNT: Holds = Formats(&["{account}", "anonymous", "ANONYMOUS_PRINCIPAL", ""]);
const UUID: Holds = Formats(&["{uuid}"]);
/// The formats of a point in time: ISO 8601 in UTC, and the short form of older pages and records.
pub(super) const TIMES: &[&str] = &[
    "{digit}{digit}{digit}{digit}-{digit}{digit}-{digit}{digit}T{digit}{digit}:{digit}{digit}:{digit}{digit}Z",
    "{digit}{digit}{digit}{digit}-{digit}{digit}-{digit}{digit}T{digit}{digit}:{digit}{digit}:{digit}{digit}.{digits}Z",
    "{digit}{digit}{digit}{digit}{digit}{digit}{digit}{digit}T{digit}{digit}{digit}{digit}{digit}{digit}Z",
];

/// Any text without a `*`, which no name, id or code of AWS has in it.
const PLAIN: Holds = Formats(&["{any}"]);
const YES_NO: Holds = Words(&["Yes", "No"]);
/// A truth value as text.
const TRUTH: Holds = Words(&["true", "false"]);

const EVENTS: Kinds = Kinds::EVENTS;
const ANY: Kinds = Kinds::ANY;
const SIGN_IN: Kinds = Kinds::SIGN_IN;
const INSIGHT: Kinds = Kinds::INSIGHT;
const NETWORK: Kinds = Kinds::NETWORK;

/// Identities with a session that tells who issued it.
const ISSUED: Who = Who::ANY.but(Who::ROOT).but(Who::USER);

/// The identity's ARN, whoever it is. What one type has is in `arns`.
const ANY_ARN: Holds = Formats(&[
    "arn:{partition}:iam::{account}:root",
    "arn:{partition}:iam::{account}:user/{path}",
    "arn:{partition}:sts::{account}:assumed-role/{name}/{name}",
    "arn:{partition}:sts::{account}:assumed-role/aws:{host}-{name}/{name}",
    "arn:{partition}:sts::{account}:federated-user/{name}",
    "arn:{partition}:{service}:{any}",
    "arn:{partition}:identitystore:{any}",
    "arn:{partition}:signin:{any}",
    "arn:{partition}:sso:{any}",
    "",
]);

/// The formats of `userIdentity.arn` of one type of identity; any of them where the type tells none.
///
/// Source: the page of `userIdentity`.
pub(super) fn arns(who: Who) -> &'static [&'static str] {
    match who {
        Who::ROOT => &["arn:{partition}:iam::{account}:root"],
        Who::USER => &["arn:{partition}:iam::{account}:user/{path}"],
        Who::SESSION => &[
            "arn:{partition}:sts::{account}:assumed-role/{name}/{name}",
            // Roles of AWS's own, such as that of an instance's identity: `aws:ec2-instance`.
            // Source: https://docs.aws.amazon.com/AWSEC2/latest/UserGuide/iam-roles-for-amazon-ec2.html
            "arn:{partition}:sts::{account}:assumed-role/aws:{host}-{name}/{name}",
        ],
        Who::FEDERATED => &["arn:{partition}:sts::{account}:federated-user/{name}"],
        _ => match ANY_ARN {
            Formats(all) => all,
            _ => &[],
        },
    }
}

/// The formats that are documented or seen, where the type of identity tells none: `ANY_ARN` is open
/// for the types that AWS may add.
pub(super) const USUAL_ARNS: &[&str] = &[
    "arn:{partition}:iam::{account}:root",
    "arn:{partition}:iam::{account}:user/{path}",
    "arn:{partition}:sts::{account}:assumed-role/{name}/{name}",
    "arn:{partition}:sts::{account}:assumed-role/aws:{host}-{name}/{name}",
    "arn:{partition}:sts::{account}:federated-user/{name}",
    "arn:{partition}:identitystore::{account}:user/{path}",
    "arn:{partition}:sso:::instance/{path}",
    "arn:{partition}:sso:::permissionSet/{path}",
    "",
];

/// The formats of users of IAM Identity Center, who have no identity of IAM.
pub(super) const CENTER_ARNS: &[&str] = &[
    "arn:{partition}:identitystore::{account}:user/{path}",
    "arn:{partition}:sso:::instance/{path}",
    "arn:{partition}:sso:::permissionSet/{path}",
    "",
];

/// What CloudTrail writes for an address: it, a service's name, or `AWS Internal`.
const ADDRESS: Holds = Formats(&["{address}", "{host}", "AWS Internal{any}", ""]);

/// A Region. In records that were made anonymous a letter may follow that no Availability Zone has.
const REGION: Holds = Formats(&["{word}-{digit}", "{word}-{digit}r", "{word}"]);

/// Every common field, parents before what is in them.
pub static FIELDS: &[Field] = &[
    field("eventVersion", Formats(&["{digits}.{digits}"]), Always, ANY, Page::Record),
    field("userIdentity", Object, Usually, EVENTS, Page::Record),
    field("userIdentity.type", USER_TYPE, Sometimes, EVENTS, Page::Identity),
    of(NAMED, field("userIdentity.userName", PLAIN, Sometimes, EVENTS, Page::Identity)),
    field("userIdentity.principalId", PLAIN, Sometimes, EVENTS, Page::Identity),
    field("userIdentity.arn", ANY_ARN, Sometimes, EVENTS, Page::Identity),
    field("userIdentity.accountId", ACCOUNT, Sometimes, EVENTS, Page::Identity),
    field("userIdentity.accessKeyId", PLAIN, Sometimes, EVENTS, Page::Identity),
    field(
        "userIdentity.invokedBy",
        Formats(&["{host}.{host}", "AWS Internal{any}", "AWSService", ""]),
        Sometimes,
        EVENTS,
        Page::Identity,
    ),
    field("userIdentity.identityProvider", PLAIN, Sometimes, EVENTS, Page::SamlAndWeb),
    field("userIdentity.credentialId", Text, Sometimes, EVENTS, Page::Identity),
    field("userIdentity.onBehalfOf", Object, Sometimes, EVENTS, Page::Identity),
    field("userIdentity.onBehalfOf.userId", PLAIN, Sometimes, EVENTS, Page::Identity),
    field(
        "userIdentity.onBehalfOf.identityStoreArn",
        Formats(&["arn:{partition}:identitystore:{any}"]),
        Sometimes,
        EVENTS,
        Page::Identity,
    ),
    field("userIdentity.inScopeOf", Map, Sometimes, EVENTS, Page::Identity),
    field("userIdentity.invokedByDelegate", Map, Sometimes, EVENTS, Page::Identity),
    field("userIdentity.sessionContext", Object, Sometimes, EVENTS, Page::Identity),
    field("userIdentity.sessionContext.attributes", Object, Sometimes, EVENTS, Page::Identity),
    field(
        "userIdentity.sessionContext.attributes.mfaAuthenticated",
        TRUTH,
        Sometimes,
        EVENTS,
        Page::Identity,
    ),
    field(
        "userIdentity.sessionContext.attributes.creationDate",
        Time,
        Sometimes,
        EVENTS,
        Page::Identity,
    ),
    field("userIdentity.sessionContext.sessionIssuer", Object, Sometimes, EVENTS, Page::Identity),
    of(
        ISSUED,
        field(
            "userIdentity.sessionContext.sessionIssuer.type",
            Words(&["Role", "Root", "IAMUser"]),
            Sometimes,
            EVENTS,
            Page::Identity,
        ),
    ),
    of(
        ISSUED,
        field(
            "userIdentity.sessionContext.sessionIssuer.userName",
            PLAIN,
            Sometimes,
            EVENTS,
            Page::Identity,
        ),
    ),
    of(
        ISSUED,
        field(
            "userIdentity.sessionContext.sessionIssuer.principalId",
            PLAIN,
            Sometimes,
            EVENTS,
            Page::Identity,
        ),
    ),
    of(
        ISSUED,
        field(
            "userIdentity.sessionContext.sessionIssuer.arn",
            ISSUER_ARN,
            Sometimes,
            EVENTS,
            Page::Identity,
        ),
    ),
    of(
        ISSUED,
        field(
            "userIdentity.sessionContext.sessionIssuer.accountId",
            ACCOUNT,
            Sometimes,
            EVENTS,
            Page::Identity,
        ),
    ),
    field(
        "userIdentity.sessionContext.webIdFederationData",
        Object,
        Sometimes,
        EVENTS,
        Page::Identity,
    ),
    field(
        "userIdentity.sessionContext.webIdFederationData.federatedProvider",
        PLAIN,
        Sometimes,
        EVENTS,
        Page::Identity,
    ),
    field(
        "userIdentity.sessionContext.webIdFederationData.attributes",
        Map,
        Sometimes,
        EVENTS,
        Page::Identity,
    ),
    field(
        "userIdentity.sessionContext.ec2RoleDelivery",
        Formats(&["{digits}.{digits}"]),
        Sometimes,
        EVENTS,
        Page::Identity,
    ),
    field("userIdentity.sessionContext.sourceIdentity", PLAIN, Sometimes, EVENTS, Page::Identity),
    field("userIdentity.sessionContext.assumedRoot", TRUTH, Sometimes, EVENTS, Page::RootSessions),
    field("eventTime", Time, Always, ANY, Page::Record),
    field("eventSource", Formats(&["{host}.amazonaws.com"]), Always, EVENTS, Page::Record),
    field("eventName", Text, Always, EVENTS, Page::Record),
    field("awsRegion", REGION, Always, ANY, Page::Record),
    field("sourceIPAddress", ADDRESS, Usually, EVENTS, Page::Record),
    field("userAgent", Text, Sometimes, EVENTS, Page::Record),
    field("errorCode", PLAIN, Sometimes, EVENTS, Page::Record),
    field("errorMessage", Text, Sometimes, EVENTS, Page::Record),
    field("requestParameters", Nullable, Usually, EVENTS, Page::Record),
    field("requestParameters.omitted", Boolean, Sometimes, EVENTS, Page::Record),
    field("responseElements", Nullable, Usually, EVENTS, Page::Record),
    field("additionalEventData", Map, Sometimes, EVENTS, Page::Record),
    field("additionalEventData.LoginTo", PLAIN, Sometimes, LOGINS, Page::SignIn),
    field("additionalEventData.MobileVersion", YES_NO, Sometimes, LOGINS, Page::SignIn),
    field("additionalEventData.MFAUsed", YES_NO, Sometimes, LOGINS, Page::SignIn),
    field("additionalEventData.MFAIdentifier", PLAIN, Sometimes, LOGINS, Page::SignIn),
    field("additionalEventData.SwitchFrom", PLAIN, Sometimes, LOGINS, Page::SignIn),
    field("additionalEventData.SwitchTo", PLAIN, Sometimes, LOGINS, Page::SignIn),
    field("additionalEventData.RedirectTo", PLAIN, Sometimes, LOGINS, Page::SignIn),
    field("additionalEventData.DisplayName", Text, Sometimes, LOGINS, Page::SignIn),
    field("requestID", PLAIN, Sometimes, EVENTS, Page::Record),
    field("eventID", UUID, Always, ANY, Page::Record),
    field("readOnly", Boolean, Usually, EVENTS, Page::Record),
    field("managementEvent", Boolean, Usually, EVENTS, Page::Record),
    field("eventType", EVENT_TYPE, Always, ANY, Page::Record),
    field(
        "eventCategory",
        Words(&["Management", "Data", "NetworkActivity", "Insight"]),
        Usually,
        ANY,
        Page::Record,
    ),
    field("apiVersion", PLAIN, Sometimes, EVENTS, Page::Record),
    field("recipientAccountId", ACCOUNT, Usually, ANY, Page::Record),
    field("sharedEventID", UUID, Sometimes, ANY, Page::Record),
    field("resources", List, Sometimes, EVENTS, Page::Record),
    field("resources.ARN", Text, Sometimes, EVENTS, Page::Record),
    field("resources.ARNPrefix", Text, Sometimes, EVENTS, Page::Record),
    field("resources.accountId", ACCOUNT, Sometimes, EVENTS, Page::Record),
    field("resources.type", PLAIN, Sometimes, EVENTS, Page::Record),
    field("serviceEventDetails", Map, Sometimes, EVENTS, Page::ServiceEvents),
    field("vpcEndpointId", Formats(&["vpce-{any}"]), Sometimes, EVENTS, Page::Record),
    field("vpcEndpointAccountId", ACCOUNT, Sometimes, EVENTS, Page::Record),
    field("sessionCredentialFromConsole", TRUTH, Sometimes, EVENTS, Page::Record),
    field("edgeDeviceDetails", Map, Sometimes, EVENTS, Page::Record),
    field("eventContext", Map, Sometimes, EVENTS.but(NETWORK), Page::Record),
    field("tlsDetails", Object, Sometimes, EVENTS, Page::Record),
    field(
        "tlsDetails.tlsVersion",
        Formats(&["TLSv{digit}", "TLSv{digit}.{digit}", "SSLv{any}", "-", ""]),
        Sometimes,
        EVENTS,
        Page::Record,
    ),
    field("tlsDetails.cipherSuite", PLAIN, Sometimes, EVENTS, Page::Record),
    field("tlsDetails.clientProvidedHostHeader", PLAIN, Sometimes, EVENTS, Page::Record),
    field("tlsDetails.keyExchange", PLAIN, Sometimes, EVENTS, Page::Record),
    field("addendum", Object, Sometimes, ANY, Page::Record),
    field(
        "addendum.reason",
        OpenWords(&["DELIVERY_DELAY", "UPDATED_DATA", "SERVICE_OUTAGE"]),
        Sometimes,
        ANY,
        Page::Record,
    ),
    field("addendum.updatedFields", Text, Sometimes, ANY, Page::Record),
    field("addendum.originalRequestID", PLAIN, Sometimes, ANY, Page::Record),
    field("addendum.originalEventID", PLAIN, Sometimes, ANY, Page::Record),
    field("insightDetails", Object, Always, INSIGHT, Page::Insights),
    field("insightDetails.state", Words(&["Start", "End"]), Always, INSIGHT, Page::Insights),
    field(
        "insightDetails.eventSource",
        Formats(&["{host}.amazonaws.com"]),
        Always,
        INSIGHT,
        Page::Insights,
    ),
    field("insightDetails.eventName", Text, Always, INSIGHT, Page::Insights),
    field(
        "insightDetails.insightType",
        Words(&["ApiCallRateInsight", "ApiErrorRateInsight"]),
        Always,
        INSIGHT,
        Page::Insights,
    ),
    field("insightDetails.errorCode", PLAIN, Sometimes, INSIGHT, Page::Insights),
    field("insightDetails.insightContext", Object, Sometimes, INSIGHT, Page::Insights),
    field("insightDetails.insightContext.statistics", Object, Sometimes, INSIGHT, Page::Insights),
    field(
        "insightDetails.insightContext.statistics.baseline",
        Object,
        Sometimes,
        INSIGHT,
        Page::Insights,
    ),
    field(
        "insightDetails.insightContext.statistics.baseline.average",
        Number,
        Sometimes,
        INSIGHT,
        Page::Insights,
    ),
    field(
        "insightDetails.insightContext.statistics.insight",
        Object,
        Sometimes,
        INSIGHT,
        Page::Insights,
    ),
    field(
        "insightDetails.insightContext.statistics.insight.average",
        Number,
        Sometimes,
        INSIGHT,
        Page::Insights,
    ),
    field(
        "insightDetails.insightContext.statistics.insightDuration",
        Number,
        Sometimes,
        INSIGHT,
        Page::Insights,
    ),
    field(
        "insightDetails.insightContext.statistics.baselineDuration",
        Number,
        Sometimes,
        INSIGHT,
        Page::Insights,
    ),
    field("insightDetails.insightContext.attributions", Map, Sometimes, INSIGHT, Page::Insights),
];

/// What only sign-ins have. Those through IAM Identity Center are logged as service events, too.
const LOGINS: Kinds = SIGN_IN.or(Kinds::SERVICE).or(Kinds::CONSOLE);

/// Whose name stands in `userIdentity.userName`: of a session it stands with its issuer.
const NAMED: Who = Who::ANY.but(Who::SESSION);

const USER_TYPE: Holds = Words(&[
    "Root",
    "IAMUser",
    "AssumedRole",
    "Role",
    "FederatedUser",
    "Directory",
    "AWSAccount",
    "AWSService",
    "IdentityCenterUser",
    "SAMLUser",
    "WebIdentityUser",
    "Unknown",
]);

const ISSUER_ARN: Holds = Formats(&[
    "arn:{partition}:iam::{account}:role/{path}",
    "arn:{partition}:iam::{account}:role/aws:{host}-{name}",
    "arn:{partition}:iam::{account}:user/{path}",
    "arn:{partition}:iam::{account}:root",
]);

const EVENT_TYPE: Holds = Words(&[
    "AwsApiCall",
    "AwsServiceEvent",
    "AwsConsoleAction",
    "AwsConsoleSignIn",
    "AwsVpceEvent",
    "AwsVpceEvents",
    "AwsCloudTrailInsight",
]);

/// The common field at a path.
pub fn field_at(path: &str) -> Option<&'static Field> {
    FIELDS.iter().find(|field| field.path == path)
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeSet;

    #[test]
    fn every_parent_stands_before_what_is_in_it_and_paths_are_unique() {
        let mut seen: BTreeSet<&str> = BTreeSet::new();
        for field in FIELDS {
            if let Some((parent, _)) = field.path.rsplit_once('.') {
                let parent = field_at(parent).expect(field.path);
                assert!(seen.contains(parent.path), "{}", field.path);
                assert!(matches!(parent.holds, Object | Nullable | List | Map), "{}", field.path);
            }
            assert!(seen.insert(field.path), "{} stands twice", field.path);
        }
        let leaves =
            FIELDS.iter().filter(|field| !matches!(field.holds, Object | List | Map | Nullable));
        assert!(leaves.count() >= 45);
    }
}
