use super::*;
use crate::scope::AccountId;

fn place(region: &str) -> Place {
    Place::new(AccountId::new("111122223333").unwrap(), Region::new(region).unwrap())
}

fn made(action: &Action, by: &str, region: &str) -> Value {
    let place = place(region);
    let time = "2026-11-22T12:00:00Z";
    record(&CallMade { action, place: &place, by, time, number: 1, refused: None })
}

#[test]
fn the_event_of_a_global_service_lands_in_one_region() {
    let role = Action::DeleteRole { name: "r".to_owned() };
    let by = "arn:aws:iam::111122223333:user/alice";
    assert_eq!(made(&role, by, "eu-west-1")["awsRegion"], "us-east-1");
    let topic = Action::DeleteTopic { name: "t".to_owned() };
    let said = made(&topic, by, "eu-west-1");
    assert_eq!(said["awsRegion"], "eu-west-1");
    assert_eq!(said["requestParameters"]["topicArn"], "arn:aws:sns:eu-west-1:111122223333:t");
}

#[test]
fn the_identity_is_that_of_the_arn() {
    let topic = Action::DeleteTopic { name: "t".to_owned() };
    for (arn, kind, name) in [
        ("arn:aws:iam::111122223333:root", "Root", Value::Null),
        ("arn:aws:iam::111122223333:user/team/alice", "IAMUser", json!("alice")),
        ("arn:aws:sts::111122223333:assumed-role/admin/alice", "AssumedRole", Value::Null),
    ] {
        let identity = made(&topic, arn, "us-east-1")["userIdentity"].clone();
        assert_eq!((&identity["type"], &identity["userName"]), (&json!(kind), &name), "{arn}");
        assert_eq!(identity["arn"], arn);
    }
    let session = made(&topic, "arn:aws:sts::111122223333:assumed-role/admin/alice", "us-east-1");
    assert_eq!(session["userIdentity"]["sessionContext"]["sessionIssuer"]["userName"], "admin");
}
