//! What a report needs of a record that matched.

use crate::letters;
use crate::skim::{Broken, Members, past_space, scalar_end, string_end, value_end};
use memchr::memmem::Finder;
use std::borrow::Cow;
use std::sync::LazyLock;

/// Fields of a CloudTrail record. Old records lack many of them; what is not there, or is no text, is `None`.
///
/// Source: <https://docs.aws.amazon.com/awscloudtrail/latest/userguide/cloudtrail-event-reference-record-contents.html>
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct RecordFields<'r> {
    /// `eventVersion`.
    pub event_version: OptionalText<'r>,
    /// `eventTime`.
    pub event_time: OptionalText<'r>,
    /// `eventID`.
    pub event_id: OptionalText<'r>,
    /// `sharedEventID`.
    pub shared_event_id: OptionalText<'r>,
    /// `eventSource`.
    pub event_source: OptionalText<'r>,
    /// `eventName`.
    pub event_name: OptionalText<'r>,
    /// `eventType`.
    pub event_type: OptionalText<'r>,
    /// `eventCategory`.
    pub event_category: OptionalText<'r>,
    /// `awsRegion`.
    pub aws_region: OptionalText<'r>,
    /// `recipientAccountId`.
    pub recipient_account_id: OptionalText<'r>,
    /// `sourceIPAddress`.
    pub source_ip_address: OptionalText<'r>,
    /// `userAgent`.
    pub user_agent: OptionalText<'r>,
    /// `errorCode`.
    pub error_code: OptionalText<'r>,
    /// `readOnly`; `None` before eventVersion 1.01, when it was not said.
    pub read_only: Option<bool>,
    /// `managementEvent`; `None` before eventVersion 1.06.
    pub management_event: Option<bool>,
    /// `sessionCredentialFromConsole`: whether the credentials were those of a session in the console; written as the text `true`.
    pub session_credential_from_console: Option<bool>,
    /// `userIdentity.type`.
    pub user_type: OptionalText<'r>,
    /// `userIdentity.arn`.
    pub user_arn: OptionalText<'r>,
    /// `userIdentity.accountId`.
    pub user_account_id: OptionalText<'r>,
    /// `userIdentity.userName`.
    pub user_name: OptionalText<'r>,
    /// `userIdentity.principalId`.
    pub user_principal_id: OptionalText<'r>,
    /// `userIdentity.invokedBy`: the AWS service that made the call for somebody.
    pub invoked_by: OptionalText<'r>,
    /// `userIdentity.onBehalfOf.userId`: the user of IAM Identity Center.
    pub on_behalf_of_user_id: OptionalText<'r>,
    /// `userIdentity.credentialId`.
    pub credential_id: OptionalText<'r>,
    /// `userIdentity.sessionContext.sessionIssuer.arn`: the role or user that gave the session's credentials.
    pub session_issuer_arn: OptionalText<'r>,
    /// `userIdentity.sessionContext.sessionIssuer.userName`.
    pub session_issuer_user_name: OptionalText<'r>,
    /// `userIdentity.sessionContext.sessionIssuer.accountId`.
    pub session_issuer_account_id: OptionalText<'r>,
    /// `userIdentity.sessionContext.attributes.mfaAuthenticated`.
    pub session_mfa_authenticated: Option<bool>,
}

type OptionalText<'r> = Option<Cow<'r, str>>;

impl RecordFields<'_> {
    /// The account that the record belongs to. Records before eventVersion 1.02 do not say; then it is the account of
    /// who acted, which for them is the same.
    pub fn account(&self) -> Option<&str> {
        self.recipient_account_id.as_deref().or(self.user_account_id.as_deref())
    }
}

/// Finds the fields in a record's text. Of a key that stands twice the last one counts; what follows a place that
/// is not JSON is not found.
pub fn fields(record: &[u8]) -> RecordFields<'_> {
    let mut found = RecordFields::default();
    let at = past_space(record, 0);
    // What is broken has been told by the matcher: here is taken what there is.
    let _ = members(record, at, &mut |key, at| match key {
        b"eventVersion" => found.event_version = text(record, at),
        b"eventTime" => found.event_time = text(record, at),
        b"eventID" => found.event_id = text(record, at),
        b"sharedEventID" => found.shared_event_id = text(record, at),
        b"eventSource" => found.event_source = text(record, at),
        b"eventName" => found.event_name = text(record, at),
        b"eventType" => found.event_type = text(record, at),
        b"eventCategory" => found.event_category = text(record, at),
        b"awsRegion" => found.aws_region = text(record, at),
        b"recipientAccountId" => found.recipient_account_id = text(record, at),
        b"sourceIPAddress" => found.source_ip_address = text(record, at),
        b"userAgent" => found.user_agent = text(record, at),
        b"errorCode" => found.error_code = text(record, at),
        b"readOnly" => found.read_only = flag(record, at),
        b"managementEvent" => found.management_event = flag(record, at),
        b"sessionCredentialFromConsole" => {
            found.session_credential_from_console = truth(record, at);
        }
        b"userIdentity" => user(record, at, &mut found),
        _ => {}
    });
    found
}

/// Whether a record is written as CloudTrail writes them, with a source, a name and a type that
/// EventBridge is given, each once in the whole text. `false` means that only [`fields`] tells.
///
/// It is one pass for a few letters, where [`fields`] reads the record key by key.
pub fn is_ordinary(record: &[u8]) -> bool {
    static KEYS: LazyLock<Finder<'static>> = LazyLock::new(|| Finder::new(b"\"event"));
    const TYPES: [&[u8]; 9] = [
        b"AwsApiCall\"",
        b"AwsServiceEvent\"",
        b"AwsConsoleSignIn\"",
        b"AwsConsoleAction\"",
        b"AwsVpceEvent\"",
        b"AwsVpceEvents\"",
        b"AwsCloudTrailInsight\"",
        b"AwsConsoleSignin\"",
        b"AWSServiceEvent\"",
    ];
    let (mut sources, mut names, mut types) = (0, 0, 0);
    for at in KEYS.find_iter(record) {
        let rest = &record[at + KEYS.needle().len()..];
        if rest.starts_with(b"Source\":\"") {
            sources += 1;
        } else if rest.starts_with(b"Name\":\"") {
            names += 1;
        } else if let Some(value) = rest.strip_prefix(b"Type\":\"") {
            types += 1;
            if !TYPES.iter().any(|known| value.starts_with(known)) {
                return false;
            }
        } else if [&b"Source\""[..], b"Name\"", b"Type\"", b"\\"]
            .iter()
            .any(|k| rest.starts_with(k))
        {
            return false;
        }
    }
    (sources, names, types) == (1, 1, 1)
}

/// The text at a path of keys in a record, if there is one. Of a key that stands twice the last one counts.
pub fn text_at<'r>(record: &'r [u8], path: &[&str]) -> OptionalText<'r> {
    let mut at = past_space(record, 0);
    for key in path {
        let mut found = None;
        let _ = members(record, at, &mut |name, value| {
            if name == key.as_bytes() {
                found = Some(value);
            }
        });
        at = found?;
    }
    text(record, at)
}

fn user<'r>(record: &'r [u8], at: usize, found: &mut RecordFields<'r>) {
    let _ = members(record, at, &mut |key, at| match key {
        b"type" => found.user_type = text(record, at),
        b"arn" => found.user_arn = text(record, at),
        b"accountId" => found.user_account_id = text(record, at),
        b"userName" => found.user_name = text(record, at),
        b"principalId" => found.user_principal_id = text(record, at),
        b"invokedBy" => found.invoked_by = text(record, at),
        b"credentialId" => found.credential_id = text(record, at),
        b"onBehalfOf" => {
            let _ = members(record, at, &mut |key, at| {
                if key == b"userId" {
                    found.on_behalf_of_user_id = text(record, at);
                }
            });
        }
        b"sessionContext" => session(record, at, found),
        _ => {}
    });
}

fn session<'r>(record: &'r [u8], at: usize, found: &mut RecordFields<'r>) {
    let _ = members(record, at, &mut |key, at| match key {
        b"sessionIssuer" => {
            let _ = members(record, at, &mut |key, at| match key {
                b"arn" => found.session_issuer_arn = text(record, at),
                b"userName" => found.session_issuer_user_name = text(record, at),
                b"accountId" => found.session_issuer_account_id = text(record, at),
                _ => {}
            });
        }
        b"attributes" => {
            let _ = members(record, at, &mut |key, at| {
                if key == b"mfaAuthenticated" {
                    found.session_mfa_authenticated = truth(record, at);
                }
            });
        }
        _ => {}
    });
}

/// Calls `take` with the key and the place of the value of each member of the object at `at`, if there is one.
fn members(record: &[u8], at: usize, take: &mut impl FnMut(&[u8], usize)) -> Result<(), Broken> {
    if record.get(at) != Some(&b'{') {
        return Ok(());
    }
    let mut members = Members::new(record, at);
    while let Some(member) = members.next()? {
        match letters::text(member.key, member.escaped) {
            Some(key) => take(key.as_bytes(), member.value),
            None => return Err(Broken),
        }
        members.resume(value_end(record, member.value).ok_or(Broken)?);
    }
    Ok(())
}

fn text(record: &[u8], at: usize) -> OptionalText<'_> {
    if record.get(at) != Some(&b'"') {
        return None;
    }
    let (end, escaped) = string_end(record, at)?;
    letters::text(&record[at + 1..end], escaped)
}

/// `true` and `false`, which CloudTrail writes here and there as texts.
/// A boolean, and nothing else.
fn flag(record: &[u8], at: usize) -> Option<bool> {
    (record.get(at) != Some(&b'"')).then(|| truth(record, at)).flatten()
}

fn truth(record: &[u8], at: usize) -> Option<bool> {
    let word = match record.get(at)? {
        b'"' => text(record, at)?,
        _ => Cow::Borrowed(std::str::from_utf8(&record[at..scalar_end(record, at)]).ok()?),
    };
    match &*word {
        "true" => Some(true),
        "false" => Some(false),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fields_are_found_at_their_own_place_only() {
        let record = br#"{"requestParameters":{"eventName":"no","userIdentity":{"arn":"no"}},
            "eventName" : "Delete\u0054rail","userIdentity":{"type":"AssumedRole","arn":"a\"b",
            "sessionContext":{"sessionIssuer":{"arn":"role","type":"Role"},
            "attributes":{"mfaAuthenticated":"false"}}},"readOnly":false,"event\u0049D":"e-1",
            "sessionCredentialFromConsole":"true","errorCode":null,"managementEvent":true}"#;
        let found = fields(record);
        assert_eq!(found.event_name.as_deref(), Some("DeleteTrail"));
        assert_eq!(found.event_id.as_deref(), Some("e-1"));
        assert_eq!(found.user_arn.as_deref(), Some("a\"b"));
        assert_eq!(found.session_issuer_arn.as_deref(), Some("role"));
        assert_eq!(found.error_code, None);
        assert_eq!(
            (found.read_only, found.management_event, found.session_credential_from_console),
            (Some(false), Some(true), Some(true))
        );
        assert_eq!(found.session_mfa_authenticated, Some(false));
    }

    #[test]
    fn a_text_is_found_by_its_path() {
        let record = br#"{"a":{"b":"no"},"a": {"x":1, "b":{"c":"\u0064"}},"n":{"b":3}}"#;
        assert_eq!(text_at(record, &["a", "b", "c"]).as_deref(), Some("d"));
        for path in [&["a", "b"][..], &["a"], &["b"], &["n", "b"], &["n", "b", "c"], &[]] {
            assert_eq!(text_at(record, path), None, "{path:?}");
        }
        for broken in [&b"{\"a\":{\"b\":"[..], b"{\"a\"", b"", b"7"] {
            assert_eq!(text_at(broken, &["a", "b"]), None);
        }
        let identity = br#"{"userIdentity":{"onBehalfOf":{"userId":"u-1"},"credentialId":"c"}}"#;
        let found = fields(identity);
        assert_eq!(found.on_behalf_of_user_id.as_deref(), Some("u-1"));
        assert_eq!(found.credential_id.as_deref(), Some("c"));
    }

    #[test]
    fn a_record_is_ordinary_only_if_its_type_source_and_name_are_plain_to_see() {
        let plain = r#"{"eventSource":"a.b","eventName":"N","eventType":"AwsApiCall","x":"\"eventType\":\"y\""}"#;
        assert!(is_ordinary(plain.as_bytes()));
        for (from, to) in [
            ("AwsApiCall", "AwsNew"),
            ("AwsApiCall", "AwsApiCalls"),
            ("\"eventType\":", "\"eventType\": "),
            ("\"eventType\"", "\"event\\u0054ype\""),
            ("\"eventName\":\"N\",", ""),
            ("\"eventSource\":\"a.b\"", "\"eventSource\":7"),
            ("\"x\"", "\"r\":{\"eventType\":\"AwsApiCall\"},\"x\""),
        ] {
            let changed = plain.replace(from, to);
            assert!(changed != plain && !is_ordinary(changed.as_bytes()), "{changed}");
        }
        for broken in ["", "{", "\"event", "\"eventType\":\""] {
            assert!(!is_ordinary(broken.as_bytes()));
        }
    }

    #[test]
    fn what_needs_no_unescaping_is_borrowed() {
        let found = fields(br#"{"eventName":"CreateUser"}"#);
        assert!(matches!(found.event_name, Some(Cow::Borrowed("CreateUser"))));
    }

    #[test]
    fn an_old_record_belongs_to_the_account_of_who_acted() {
        let found =
            fields(br#"{"eventVersion":"1.0","userIdentity":{"accountId":"123456789012"}}"#);
        assert_eq!(found.account(), Some("123456789012"));
        assert_eq!((found.read_only, found.event_id.as_deref()), (None, None));
    }

    #[test]
    fn the_last_of_two_keys_counts_and_broken_text_does_no_harm() {
        assert_eq!(
            fields(br#"{"eventName":"A","eventName":"B"}"#).event_name.as_deref(),
            Some("B")
        );
        for text in
            [&b"{"[..], b"", b"null", b"{\"eventName\"", b"{\"eventName\":", b"{\"a\":1 \"b\"}"]
        {
            assert_eq!(fields(text), RecordFields::default());
        }
    }
}
