//! A record from a row of Athena's or Lake's table, which has a column for each of its fields.
//!
//! Athena's column names are in lower case, and `requestparameters`, `responseelements` and
//! `additionaleventdata` are JSON as text; inside of them nothing is changed
//! (<https://docs.aws.amazon.com/athena/latest/ug/create-cloudtrail-table-understanding.html>). The names that a record has are
//! those of <https://docs.aws.amazon.com/awscloudtrail/latest/userguide/cloudtrail-event-reference-record-contents.html>.
//! A column that cannot be given back makes the row unreadable: a record with less in it might match less.

use super::container::Unread;
use crate::letters;
use crate::skim::{Members, value_end};
use crate::tree::Tree;
use serde_json::{Map, Value};
use std::collections::BTreeMap;

/// Names of fields that are not in lower case; those of `userIdentity` and of what is in it stand below the rest.
const NAMES: [&str; 63] = [
    "eventVersion",
    "userIdentity",
    "eventTime",
    "eventSource",
    "eventName",
    "awsRegion",
    "sourceIPAddress",
    "userAgent",
    "errorCode",
    "errorMessage",
    "requestParameters",
    "responseElements",
    "additionalEventData",
    "requestID",
    "eventID",
    "readOnly",
    "eventType",
    "apiVersion",
    "recipientAccountId",
    "serviceEventDetails",
    "sharedEventID",
    "vpcEndpointId",
    "vpcEndpointAccountId",
    "eventCategory",
    "managementEvent",
    "tlsDetails",
    "sessionCredentialFromConsole",
    "edgeDeviceDetails",
    "insightDetails",
    "eventContext",
    "addendum",
    "principalId",
    "accountId",
    "accessKeyId",
    "userName",
    "invokedBy",
    "sessionContext",
    "sessionIssuer",
    "webIdFederationData",
    "federatedProvider",
    "mfaAuthenticated",
    "creationDate",
    "identityProvider",
    "onBehalfOf",
    "userId",
    "identityStoreArn",
    "credentialId",
    "inScopeOf",
    "issuerType",
    "credentialsIssuedTo",
    "sourceArn",
    "sourceAccount",
    "sourceIdentity",
    "ec2RoleDelivery",
    "assumedRoot",
    "tlsVersion",
    "cipherSuite",
    "clientProvidedHostHeader",
    "type",
    "arn",
    "attributes",
    "resources",
    "keyExchange",
];

/// Columns that hold true or false.
const FLAGS: [&str; 2] = ["readOnly", "managementEvent"];
/// Columns that hold JSON as text, with the names that the service gave.
const JSON: [&str; 4] =
    ["requestParameters", "responseElements", "additionalEventData", "serviceEventDetails"];
/// Columns that hold a structure.
const STRUCTURES: [&str; 7] = [
    "userIdentity",
    "resources",
    "tlsDetails",
    "addendum",
    "edgeDeviceDetails",
    "insightDetails",
    "eventContext",
];
/// Columns by which the table is divided, and what queries add.
const NO_FIELDS: [&str; 9] =
    ["account", "region", "year", "month", "day", "date", "timestamp", "organization", "eventdate"];

/// The fields of a record for which a table has a column.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Columns(Vec<String>);

impl Columns {
    /// The fields of columns with these names.
    pub(super) fn of<'n>(names: impl IntoIterator<Item = &'n str>) -> Self {
        let field = |name: &str| named(&name.to_lowercase()).map_or(name.to_owned(), str::to_owned);
        Self(names.into_iter().map(field).collect())
    }

    /// What an event's field at this path (`detail.userIdentity.type`) is taken from.
    pub fn of_path(&self, path: &str) -> Taken {
        let column = |field: &'static str| match self.has(field) {
            true => Taken::Column,
            false => Taken::Nothing(field.to_owned()),
        };
        match path {
            "detail-type" => match self.has("eventType") {
                true => Taken::Column,
                false => Taken::StandIn("eventType"),
            },
            "account" if !self.has("recipientAccountId") && self.has("userIdentity") => {
                Taken::StandIn("recipientAccountId")
            }
            "source" => column("eventSource"),
            "account" => column("recipientAccountId"),
            "region" => column("awsRegion"),
            "time" => column("eventTime"),
            "id" => column("eventID"),
            _ => match path.strip_prefix("detail.") {
                Some(field) if !self.leads_to(field) => {
                    Taken::Nothing(field.split('.').next().unwrap_or(field).to_owned())
                }
                _ => Taken::Column,
            },
        }
    }

    fn has(&self, field: &str) -> bool {
        self.0.iter().any(|column| column == field)
    }

    /// Whether some column has the field, or what it stands in.
    fn leads_to(&self, field: &str) -> bool {
        let below = |column: &String| {
            let rest = field.strip_prefix(column.as_str());
            rest.is_some_and(|rest| rest.is_empty() || rest.starts_with('.'))
        };
        self.0.iter().any(below)
    }
}

/// What a field of an event is taken from, where the record is a row of a table.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Taken {
    /// The table has a column for it.
    Column,
    /// The table has no column for this field, and what stands in for it may be wrong.
    StandIn(&'static str),
    /// The table has no column for this field.
    Nothing(String),
}

/// The record of a row that is a JSON object, and the columns of its table.
pub(super) fn of_json(text: &[u8]) -> Result<(Vec<u8>, Columns), Unread> {
    let Tree::Object(row) = Tree::read_leniently(text).map_err(Unread::NotJson)? else {
        return Err(Unread::NotAnObject);
    };
    let columns = Columns::of(row.iter().map(|(name, _)| name.as_ref()));
    let pairs = row.into_iter().map(|(name, value)| (name.into_owned(), value.to_value()));
    Ok((record(pairs.collect())?, columns))
}

/// The fields of an object that has a record's names and no `eventVersion`, which every record has: a query has selected some of
/// its fields, and of the others nothing is known. `None` for a whole record, and for what is broken.
pub(super) fn selected(text: &[u8]) -> Option<Columns> {
    let mut members = Members::new(text, 0);
    let mut names = Vec::new();
    while let Some(member) = members.next().ok()? {
        let name = letters::text(member.key, member.escaped)?;
        if name == "eventVersion" {
            return None;
        }
        names.push(name);
        members.resume(value_end(text, member.value)?);
    }
    Some(Columns::of(names.iter().map(AsRef::as_ref)))
}

/// The record of a row of CSV. Empty cells are columns without a value.
pub(super) fn of_cells(columns: &[String], cells: &[Vec<u8>]) -> Result<Vec<u8>, Unread> {
    let pairs = columns.iter().zip(cells);
    record(
        pairs
            .map(|(name, cell)| (name.clone(), Value::from(String::from_utf8_lossy(cell))))
            .collect(),
    )
}

fn record(row: Vec<(String, Value)>) -> Result<Vec<u8>, Unread> {
    let mut record = Map::new();
    for (column, value) in once(row)? {
        let lower = column.to_lowercase();
        if NO_FIELDS.contains(&lower.as_str()) {
            continue;
        }
        let name = named(&lower).map_or(column, str::to_owned);
        if let Some(value) = field(&name, value)? {
            let value = if name == "resources" { with_capital_arns(value) } else { value };
            record.insert(name, value);
        }
    }
    serde_json::to_vec(&Value::Object(record)).map_err(|error| Unread::NotJson(error.to_string()))
}

/// A row with each column once. Two columns of one field, such as a join of tables has, must say the same: which of them is the
/// record's, nobody knows.
fn once(row: Vec<(String, Value)>) -> Result<Vec<(String, Value)>, Unread> {
    let mut kept: BTreeMap<String, usize> = BTreeMap::new();
    let mut once: Vec<(String, Value)> = Vec::with_capacity(row.len());
    for (column, value) in row {
        let lower = column.to_lowercase();
        match kept.get(&lower).map(|at| &once[*at]) {
            Some((_, known)) if *known == value => {}
            Some(_) if named(&lower).is_some() => return Err(Unread::ColumnTwice(column)),
            Some(_) => {}
            None => {
                kept.insert(lower, once.len());
                once.push((column, value));
            }
        }
    }
    Ok(once)
}

/// The field that a column in lower case stands for.
fn named(lower: &str) -> Option<&'static str> {
    NAMES.into_iter().find(|name| name.eq_ignore_ascii_case(lower))
}

/// The value of a field from that of its column; nothing where there was none.
fn field(name: &str, value: Value) -> Result<Option<Value>, Unread> {
    let text = match value {
        Value::Null => return Ok(None),
        Value::String(text) if text.is_empty() || text == "null" => return Ok(None),
        Value::String(text) => text,
        other if STRUCTURES.contains(&name) => return Ok(restored(other)),
        other => return Ok(Some(other)),
    };
    let bad = || Unread::BadColumn(named(&name.to_lowercase()).unwrap_or("?"));
    if FLAGS.contains(&name) {
        return match text.to_lowercase().as_str() {
            "true" => Ok(Some(Value::Bool(true))),
            "false" => Ok(Some(Value::Bool(false))),
            _ => Err(bad()),
        };
    }
    if JSON.contains(&name) {
        return serde_json::from_str(&text).map(Some).map_err(|_| bad());
    }
    if STRUCTURES.contains(&name) {
        let json = serde_json::from_str(&text).ok();
        return json.map(restored).or_else(|| structure(&text)).ok_or_else(bad);
    }
    Ok(Some(Value::String(text)))
}

/// A structure with the names that records have, without what has no value.
fn restored(value: Value) -> Option<Value> {
    match value {
        Value::Null => None,
        Value::Object(object) => {
            let member = |(key, value): (String, Value)| {
                let name = named(&key.to_lowercase()).map_or(key, str::to_owned);
                Some((name, restored(value)?))
            };
            Some(Value::Object(object.into_iter().filter_map(member).collect()))
        }
        Value::Array(values) => {
            Some(Value::Array(values.into_iter().filter_map(restored).collect()))
        }
        other => Some(other),
    }
}

/// Reads a structure as Athena prints it: `{type=IAMUser, sessioncontext={attributes=null}}`. `None` when it could be read in
/// another way, too: values are not quoted, so only names that are known may follow a comma.
fn structure(text: &str) -> Option<Option<Value>> {
    let text = text.trim();
    let Some(mut rest) = text.strip_prefix('[') else {
        let (value, rest) = braces(text)?;
        return rest.is_empty().then(|| restored(value));
    };
    let mut values = Vec::new();
    loop {
        let (value, after) = braces(rest)?;
        values.push(value);
        match after.strip_prefix(", ") {
            Some(more) => rest = more,
            None => return (after == "]").then(|| restored(Value::Array(values))),
        }
    }
}

/// In `resources`, `ARN` is in capitals.
fn with_capital_arns(value: Value) -> Value {
    match value {
        Value::Array(values) => values.into_iter().map(with_capital_arns).collect(),
        Value::Object(object) => {
            let renamed = |(key, value)| (if key == "arn" { "ARN".to_owned() } else { key }, value);
            Value::Object(object.into_iter().map(renamed).collect())
        }
        other => other,
    }
}

fn braces(text: &str) -> Option<(Value, &str)> {
    let mut object = Map::new();
    let mut rest = text.strip_prefix('{')?;
    loop {
        let (key, after) = rest.split_once('=')?;
        let name = named(key)?;
        let (value, after) = match after.starts_with('{') {
            true => braces(after)?,
            false => {
                let end = after.find([',', '}', '{'])?;
                let value = &after[..end];
                // Text that might be the beginning of something else.
                if value.contains(['=', '[', ']']) && name != "arn" && name != "principalId" {
                    return None;
                }
                let value = if value == "null" { Value::Null } else { Value::from(value) };
                (value, &after[end..])
            }
        };
        // A name that stands twice was written by somebody else.
        if object.insert(name.to_owned(), value).is_some() {
            return None;
        }
        match after.strip_prefix(", ") {
            Some(more) => rest = more,
            None => return Some((Value::Object(object), after.strip_prefix('}')?)),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn cells(row: &[(&str, &str)]) -> Result<Value, Unread> {
        let columns: Vec<String> = row.iter().map(|(name, _)| (*name).to_owned()).collect();
        let cells: Vec<Vec<u8>> = row.iter().map(|(_, cell)| cell.as_bytes().to_vec()).collect();
        of_cells(&columns, &cells).map(|text| serde_json::from_slice(&text).unwrap())
    }

    #[test]
    fn a_row_is_the_record_that_it_was_made_from() {
        let record = cells(&[
            ("eventversion", "1.08"),
            (
                "useridentity",
                "{type=AssumedRole, principalid=AROA:s, arn=arn:aws:sts::111122223333:assumed-role/r/s, accountid=111122223333, invokedby=null, sessioncontext={attributes={mfaauthenticated=false, creationdate=2026-11-22T10:00:00Z}, sessionissuer={type=Role, username=r}}}",
            ),
            ("eventsource", "iam.amazonaws.com"),
            ("eventname", "CreateUser"),
            ("readonly", "false"),
            ("requestparameters", r#"{"userName":"bob"}"#),
            ("errorcode", ""),
            ("resources", "[{arn=arn:aws:s3:::b, accountid=null, type=AWS::S3::Bucket}, {arn=x}]"),
            ("region", "us-east-1"),
        ]);
        assert_eq!(
            record,
            Ok(json!({
                "eventVersion": "1.08",
                "userIdentity": {"type": "AssumedRole", "principalId": "AROA:s",
                    "arn": "arn:aws:sts::111122223333:assumed-role/r/s", "accountId": "111122223333",
                    "sessionContext": {"attributes": {"mfaAuthenticated": "false", "creationDate": "2026-11-22T10:00:00Z"},
                        "sessionIssuer": {"type": "Role", "userName": "r"}}},
                "eventSource": "iam.amazonaws.com", "eventName": "CreateUser", "readOnly": false,
                "requestParameters": {"userName": "bob"},
                "resources": [{"ARN": "arn:aws:s3:::b", "type": "AWS::S3::Bucket"}, {"ARN": "x"}],
            }))
        );
    }

    #[test]
    fn a_column_that_cannot_be_given_back_makes_the_row_unreadable() {
        for (column, text, name) in [
            ("requestparameters", "{userName=bob}", "requestParameters"),
            ("useridentity", "{type=IAMUser, username=a, arn=b, arn=c}", "userIdentity"),
            ("useridentity", "{type=IAMUser, username=a, b}", "userIdentity"),
            ("useridentity", "{type=IAMUser, username={x}", "userIdentity"),
            ("readonly", "maybe", "readOnly"),
        ] {
            assert_eq!(cells(&[(column, text)]), Err(Unread::BadColumn(name)), "{text}");
        }
    }

    #[test]
    fn a_structure_in_json_gets_its_names_back() {
        let row = br#"{"eventname":"X","eventsource":"y","useridentity":{"type":"Root","accountid":"1","sessioncontext":null}}"#;
        let record: Value = serde_json::from_slice(&of_json(row).unwrap().0).unwrap();
        assert_eq!(
            record,
            json!({"eventName": "X", "eventSource": "y", "userIdentity": {"type": "Root", "accountId": "1"}})
        );
    }

    #[test]
    fn a_record_without_its_version_is_what_a_query_selected() {
        for whole in [r#"{"eventVersion":"1.0"}"#, r#"{"a":1,"event\u0056ersion":1}"#, r#"{"a":"#] {
            assert_eq!(selected(whole.as_bytes()), None, "{whole}");
        }
        let columns = selected(br#"{"eventName":"A","eventSource":"x","a":{"eventVersion":1}}"#);
        assert_eq!(columns, Some(Columns::of(["eventName", "eventSource", "a"])));
    }

    #[test]
    fn columns_of_one_field_must_say_the_same() {
        assert!(cells(&[("eventname", "A"), ("eventname", "A"), ("x", "1"), ("x", "2")]).is_ok());
        for second in ["B", ""] {
            assert_eq!(
                cells(&[("eventname", "A"), ("eventname", second)]),
                Err(Unread::ColumnTwice("eventname".to_owned()))
            );
        }
        let row = br#"{"eventname":"A","eventsource":"x","eventName":"B"}"#;
        assert_eq!(of_json(row), Err(Unread::ColumnTwice("eventName".to_owned())));
    }

    #[test]
    fn what_a_field_is_taken_from_is_known_by_the_columns() {
        let columns = Columns::of(["eventname", "EVENTSOURCE", "useridentity", "x.y"]);
        for (path, expected) in [
            ("source", Taken::Column),
            ("detail.eventName", Taken::Column),
            ("detail.userIdentity.type", Taken::Column),
            ("detail.x.y.z", Taken::Column),
            ("detail.x.yz", Taken::Nothing("x".to_owned())),
            ("detail.requestParameters.a", Taken::Nothing("requestParameters".to_owned())),
            ("detail-type", Taken::StandIn("eventType")),
            ("account", Taken::StandIn("recipientAccountId")),
            ("region", Taken::Nothing("awsRegion".to_owned())),
        ] {
            assert_eq!(columns.of_path(path), expected, "{path}");
        }
    }
}
