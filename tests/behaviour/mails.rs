//! Mails through a topic that is encrypted: what the state machine's role may do with the key.

use crate::world::World;
use ctguard_core::scope::{AccountId, Region};
use ctguard_sandbox::state::{Denied, StoredKey};
use serde_json::json;

const KEY: &str = "1a2b3c4d-0000-0000-0000-000000000000";

fn blueprint(key: &str) -> String {
    format!(
        "version: 1
name: acme
regions: [eu-west-1]
destinations:
  people:
    topic: people
    format: mail
    kms_key: {key}
    subscribers: [{{ email: secops@acme.example }}]
routes: {{ high: [people] }}
alerts:
  - {{ id: route, title: A route, risk: high, events: [ec2:CreateRoute], why: w, next: n }}
"
    )
}

/// A settled world with a topic of mails that is encrypted with a key of the account.
fn world(key: &str) -> World {
    let world = World::with_trail(&blueprint(key));
    world.change(|state| {
        for account in state.accounts.values_mut() {
            let region = account.regions.entry(Region::new("eu-west-1").unwrap()).or_default();
            let everybody = json!({ "Sid": "Account", "Effect": "Allow", "Resource": "*",
                "Principal": { "AWS": "arn:aws:iam::111122223333:root" }, "Action": "kms:*" });
            region.keys.insert(
                KEY.to_owned(),
                StoredKey {
                    aliases: ["alias/alerts".to_owned()].into(),
                    enabled: true,
                    aws_managed: false,
                    asymmetric: false,
                    policy: json!({ "Version": "2012-10-17", "Statement": [everybody] }),
                },
            );
        }
    });
    world.run(&["apply", "--yes", "-q"]).expect(0);
    world.run(&["sandbox", "confirm"]).expect(0);
    world
}

fn sent(world: &World) -> String {
    let record = json!({
        "eventVersion": "1.11", "eventTime": "2026-11-29T10:00:00Z", "eventType": "AwsApiCall",
        "eventSource": "ec2.amazonaws.com", "eventName": "CreateRoute", "awsRegion": "eu-west-1",
        "recipientAccountId": "111122223333", "readOnly": false, "managementEvent": true,
        "eventCategory": "Management", "userIdentity": { "type": "Root", "accountId": "111122223333" },
        "eventID": "0f8a7c1e-0000-4000-8000-000000000000",
    });
    world.write("event.json", &record.to_string());
    let path = world.path("event.json").display().to_string();
    world.run(&["sandbox", "send", &path]).out
}

#[test]
fn a_key_by_its_alias_is_proven_and_the_mail_arrives() {
    for key in ["alias/alerts", &format!("arn:aws:kms:eu-west-1:111122223333:key/{KEY}")] {
        let world = world(key);
        let told = world.run(&["verify", "-q"]).expect(0).out;
        assert!(told.contains("1 proven"), "{key}: {told}");
        assert!(sent(&world).contains("the mail is sent"), "{key}: {}", sent(&world));
    }
}

#[test]
fn an_alias_that_moved_to_another_key_is_no_leave_to_use_it() {
    let world = world("alias/alerts");
    world.change(|state| {
        for account in state.accounts.values_mut() {
            for region in account.regions.values_mut() {
                for key in region.keys.values_mut() {
                    key.aliases = ["alias/other".to_owned()].into();
                }
            }
        }
    });
    assert!(!sent(&world).contains("the mail is sent"));
    let told = world.run(&["verify", "-q"]).expect(3).out;
    assert!(told.contains("topic-key-missing"), "{told}");
}

#[test]
fn a_key_of_the_account_that_cannot_be_read_is_unknown() {
    let key = format!("arn:aws:kms:eu-west-1:111122223333:key/{KEY}");
    for name in ["alias/alerts", key.as_str()] {
        for call in ["kms:DescribeKey", "kms:GetKeyPolicy"] {
            let world = world(name);
            let account = AccountId::new("111122223333");
            world.change(|state| {
                let operation = call.to_owned();
                state.denied.push(Denied { operation, account, region: None });
            });
            let told = world.run(&["verify", "-q"]).expect(4).out;
            assert!(told.contains(call) && !told.contains("another account"), "{told}");
            for verb in ["drift", "plan"] {
                world.run(&[verb, "-q"]).expect(4);
            }
        }
    }
}
