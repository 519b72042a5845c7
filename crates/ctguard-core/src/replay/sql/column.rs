//! The column of an event field in the table.

/// A field in the table.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Column<'p> {
    /// An expression of a text; `NULL` where the event does not have the field.
    Text(String),
    /// As a text, of a field that is `true` or `false` in the event.
    Flag(&'static str),
    /// Below a column of JSON text: the keys on the way, at least one.
    Json(&'static str, Vec<&'p str>),
}

/// Texts below `detail`, by path and column.
const TEXTS: [(&str, &str); 45] = [
    ("eventVersion", "eventversion"),
    ("userIdentity.type", "useridentity.type"),
    ("userIdentity.principalId", "useridentity.principalid"),
    ("userIdentity.arn", "useridentity.arn"),
    ("userIdentity.accountId", "useridentity.accountid"),
    ("userIdentity.invokedBy", "useridentity.invokedby"),
    ("userIdentity.accessKeyId", "useridentity.accesskeyid"),
    ("userIdentity.userName", "useridentity.username"),
    ("userIdentity.onBehalfOf.userId", "useridentity.onbehalfof.userid"),
    ("userIdentity.onBehalfOf.identityStoreArn", "useridentity.onbehalfof.identitystorearn"),
    (
        "userIdentity.sessionContext.attributes.mfaAuthenticated",
        "useridentity.sessioncontext.attributes.mfaauthenticated",
    ),
    (
        "userIdentity.sessionContext.attributes.creationDate",
        "useridentity.sessioncontext.attributes.creationdate",
    ),
    (
        "userIdentity.sessionContext.sessionIssuer.type",
        "useridentity.sessioncontext.sessionissuer.type",
    ),
    (
        "userIdentity.sessionContext.sessionIssuer.principalId",
        "useridentity.sessioncontext.sessionissuer.principalid",
    ),
    (
        "userIdentity.sessionContext.sessionIssuer.arn",
        "useridentity.sessioncontext.sessionissuer.arn",
    ),
    (
        "userIdentity.sessionContext.sessionIssuer.accountId",
        "useridentity.sessioncontext.sessionissuer.accountid",
    ),
    (
        "userIdentity.sessionContext.sessionIssuer.userName",
        "useridentity.sessioncontext.sessionissuer.username",
    ),
    ("userIdentity.sessionContext.ec2RoleDelivery", "useridentity.sessioncontext.ec2roledelivery"),
    (
        "userIdentity.sessionContext.webIdFederationData.federatedProvider",
        "useridentity.sessioncontext.webidfederationdata.federatedprovider",
    ),
    ("eventTime", "eventtime"),
    ("eventSource", "eventsource"),
    ("eventName", "eventname"),
    ("awsRegion", "awsregion"),
    ("sourceIPAddress", "sourceipaddress"),
    ("userAgent", "useragent"),
    ("errorCode", "errorcode"),
    ("errorMessage", "errormessage"),
    ("requestID", "requestid"),
    ("eventID", "eventid"),
    ("eventType", "eventtype"),
    ("apiVersion", "apiversion"),
    ("recipientAccountId", "recipientaccountid"),
    ("sharedEventID", "sharedeventid"),
    ("vpcEndpointId", "vpcendpointid"),
    ("vpcEndpointAccountId", "vpcendpointaccountid"),
    ("eventCategory", "eventcategory"),
    ("addendum.reason", "addendum.reason"),
    ("addendum.updatedFields", "addendum.updatedfields"),
    ("addendum.originalRequestID", "addendum.originalrequestid"),
    ("addendum.originalEventID", "addendum.originaleventid"),
    ("sessionCredentialFromConsole", "sessioncredentialfromconsole"),
    ("edgeDeviceDetails", "edgedevicedetails"),
    ("tlsDetails.tlsVersion", "tlsdetails.tlsversion"),
    ("tlsDetails.cipherSuite", "tlsdetails.ciphersuite"),
    ("tlsDetails.clientProvidedHostHeader", "tlsdetails.clientprovidedhostheader"),
];

const JSON: [(&str, &str); 4] = [
    ("requestParameters", "requestparameters"),
    ("responseElements", "responseelements"),
    ("additionalEventData", "additionaleventdata"),
    ("serviceEventDetails", "serviceeventdetails"),
];

/// The name of the service as EventBridge has it.
const SOURCE: &str = "CASE WHEN eventtype = 'AwsCloudTrailInsight' THEN 'aws.cloudtrail' WHEN eventsource LIKE '%.amazonaws.com' THEN concat('aws.', substr(eventsource, 1, length(eventsource) - 14)) ELSE concat('aws.', eventsource) END";

/// Unknown for old records that do not say of which type they are, and no text that a pattern names
/// for types that EventBridge is not given.
const DETAIL_TYPE: &str = "CASE WHEN eventcategory = 'Insight' OR eventtype = 'AwsCloudTrailInsight' THEN 'AWS Insight via CloudTrail' WHEN eventcategory = 'NetworkActivity' OR eventtype = 'AwsVpceEvents' THEN 'AWS Network Activity Event via CloudTrail' WHEN eventtype = 'AwsApiCall' THEN 'AWS API Call via CloudTrail' WHEN eventtype = 'AwsConsoleSignIn' THEN 'AWS Console Sign In via CloudTrail' WHEN eventtype = 'AwsConsoleAction' THEN 'AWS Console Action via CloudTrail' WHEN eventtype = 'AwsServiceEvent' THEN 'AWS Service Event via CloudTrail' WHEN eventtype IS NOT NULL THEN '' END";

/// The column of a path in an event.
///
/// # Errors
/// When the table has none, with the reason.
pub fn of(path: &str) -> Result<Column<'_>, String> {
    let none = || "the table that AWS documents for Athena does not have it".to_owned();
    let text = |column: &str| Ok(Column::Text(column.to_owned()));
    match path {
        "source" => return text(SOURCE),
        "account" => return text("coalesce(recipientaccountid, useridentity.accountid)"),
        "region" => return text("awsregion"),
        "time" => return text("eventtime"),
        _ => {}
    }
    let path = path.strip_prefix("detail.").ok_or_else(none)?;
    if path == "readOnly" {
        return Ok(Column::Flag("readonly"));
    }
    if let Some((_, column)) = TEXTS.iter().find(|(name, _)| *name == path) {
        return text(column);
    }
    let (first, rest) = path.split_once('.').ok_or_else(none)?;
    let (_, column) = JSON.iter().find(|(name, _)| *name == first).ok_or_else(none)?;
    Ok(Column::Json(column, rest.split('.').collect()))
}

/// Whether a path is the `detail-type`, which is unknown where it is `NULL`, and not absent.
pub fn detail_type(path: &str) -> Option<&'static str> {
    (path == "detail-type").then_some(DETAIL_TYPE)
}
