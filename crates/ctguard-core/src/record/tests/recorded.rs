//! Fields that the records which an alert takes never have.

use super::*;
use crate::event::EventKind;
use crate::record::none_recorded;

/// What a message names somebody by; the last of a call that gives credentials alone.
const NAMES: [&str; 3] =
    ["userIdentity.accessKeyId", "userIdentity.invokedBy", "responseElements.assumedRoleUser.arn"];

fn none(events: &[EventRef], filter: &Value, failed: Option<bool>) -> Vec<bool> {
    let asks = filter.as_object().is_some_and(|fields| !fields.is_empty());
    let filter = asks.then(|| Filter::parse(filter).expect("a filter"));
    let gives = events.iter().all(|event| event.source == "sts.amazonaws.com");
    let names = if gives { &NAMES[..] } else { &NAMES[..2] };
    none_recorded(&Asked { events, filter: filter.as_ref(), failed, except: &[] }, names)
}

#[test]
fn fields_are_missing_only_where_no_record_can_have_them() {
    let (all, denied) = (json!({}), json!({"errorCode": ["AccessDenied"]}));
    let web = json!({"userIdentity": {"type": ["WebIdentityUser"]}});
    let either = json!({"userIdentity": {"type": ["WebIdentityUser", "IAMUser"]}});
    let one_is_denied = json!({"$or": [{"errorCode": ["AccessDenied"]}, {"readOnly": [true]}]});
    for (name, filter, failed, expected) in [
        ("sts:AssumeRoleWithWebIdentity", &denied, None, true),
        ("sts:AssumeRoleWithSAML", &all, Some(true), true),
        ("sts:AssumeRoleWithSAML", &all, None, false),
        ("sts:AssumeRoleWithSAML", &one_is_denied, None, false),
        ("sts:AssumeRole", &denied, None, false),
        ("s3:DeleteBucket", &web, None, true),
        ("s3:DeleteBucket", &either, None, false),
        ("s3:DeleteBucket", &all, Some(true), false),
        ("signin:ConsoleLogin", &all, Some(true), false),
        // Of an alert that nothing raises another warning tells.
        ("sts:AssumeRoleWithSAML", &denied, Some(false), false),
    ] {
        let events = events(name);
        let told = none(&events, filter, failed);
        assert!(told.iter().all(|one| *one == expected), "{name} {filter} {failed:?}");
    }
}

#[test]
fn an_insights_event_tells_of_no_caller() {
    let mut events = events("ec2:RunInstances");
    events.truncate(1);
    assert_eq!(none(&events, &json!({}), None), [false]);
    events[0].kind = EventKind::Insight;
    assert_eq!(none(&events, &json!({}), None), [true]);
}
