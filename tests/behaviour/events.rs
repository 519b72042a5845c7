//! The catalogue, searched by people and programs.

use crate::world::{Ran, WIDE, World};

fn found(args: &[&str]) -> Ran {
    let line: Vec<&str> = ["events"].iter().chain(args).copied().collect();
    World::empty().on(WIDE, &line)
}

#[test]
fn one_event_is_told_in_full() {
    let seen = found(&["EC2:createROUTE"]).expect(0).out;
    for line in [
        "eventSource  ec2.amazonaws.com (",
        "access       write\n",
        "lands        in the region of the call\n",
        "rule state   ENABLED\n",
        "detail-type AWS API Call via CloudTrail\n",
        "source aws.ec2\n",
        "evidence: an operation of the SDK",
        "destinationCidrBlock",
        "4 more names contain what was searched for; --all shows them.",
    ] {
        assert!(seen.contains(line), "{line:?} in:\n{seen}");
    }
    let all = found(&["ec2:createroute", "--all"]).expect(0).out;
    assert!(all.contains("ec2:CreateRouteTable") && !all.contains("--all"), "{all}");
}

#[test]
fn where_it_lands_and_which_state_it_needs_is_told_of_each_kind() {
    for (event, words) in [
        ("iam:CreateUser", &["in us-east-1 alone", "rule state   ENABLED\n"][..]),
        ("iam:GetUser", &["read-only", "ENABLED_WITH_ALL_CLOUDTRAIL_MANAGEMENT_EVENTS"]),
        ("s3:GetObject", &["must ask for data events", "rule state   ENABLED\n", "bucketName"]),
        ("signin:ConsoleLogin", &["of root in us-east-1 alone", "AWS Console Sign In via"]),
        ("signin:UserAuthentication", &["AWS Service Event via CloudTrail", "assumed"]),
    ] {
        let seen = found(&[event]).expect(0).out;
        for word in words {
            assert!(seen.contains(word), "{event}: {word:?} in:\n{seen}");
        }
    }
}

#[test]
fn several_events_are_a_table_that_counts_what_it_leaves_out() {
    let seen = found(&["ec2:Describe*"]).expect(0).out;
    assert_eq!(seen.lines().filter(|line| line.starts_with("ec2:Describe")).count(), 50, "{seen}");
    assert!(seen.contains("; --all shows them."), "{seen}");
    let all = found(&["ec2:Describe*", "--all"]).expect(0).out;
    assert!(all.lines().count() > 150 && !all.contains("--all"));
}

#[test]
fn words_and_filters_narrow() {
    let services = found(&["--kind", "service", "--service", "kms", "--all"]).expect(0).out;
    assert!(services.contains("kms:RotateKey") && !services.contains("kms:CreateKey"));
    let network = found(&["--kind", "network", "kms:Decrypt"]).expect(0).out;
    assert!(network.contains("AWS Network Activity Event via CloudTrail"), "{network}");
    found(&["--kind", "network", "iam:CreateUser"]).expect(1);
    let reads = found(&["iam", "user", "--read-only", "--all"]).expect(0).out;
    assert!(reads.contains("iam:GetUser") && !reads.contains("iam:CreateUser "), "{reads}");
    let writes = found(&["iam", "user", "--write", "--all"]).expect(0).out;
    assert!(writes.contains("iam:CreateUser ") && !writes.contains("iam:GetUser "), "{writes}");
    let refused = found(&["--kind", "nonsense"]).expect(64).err;
    assert!(refused.contains("there is api, data, signin"), "{refused}");
}

#[test]
fn a_name_that_is_never_logged_leads_to_the_one_that_is() {
    let seen = found(&["lambda:AddPermission"]).expect(0).out;
    assert!(seen.contains("CloudTrail never logs lambda:AddPermission"), "{seen}");
    assert!(seen.contains("eventName    AddPermission20150331v2"), "{seen}");
}

#[test]
fn nothing_found_ends_as_grep_does_and_suggests() {
    let ran = found(&["cloudtrail:StopLoging"]).expect(1);
    assert_eq!(ran.out, "");
    assert!(ran.err.contains("did you mean cloudtrail:StopLogging"), "{}", ran.err);
    let json = found(&["cloudtrail:StopLoging", "--format", "json"]).expect(1).json();
    assert_eq!(json["total"], 0);
    assert_eq!(json["suggestions"][0], "cloudtrail:StopLogging");
}

#[test]
fn programs_read_what_people_read() {
    let json = found(&["iam:GetUser", "--format", "json"]).expect(0).json();
    let event = &json["events"][0];
    assert_eq!(event["rule_state"], "ENABLED_WITH_ALL_CLOUDTRAIL_MANAGEMENT_EVENTS");
    assert_eq!(event["lands"]["where"], "only");
    assert_eq!(event["lands"]["region"], "us-east-1");
    assert_eq!(event["kinds"][0]["detail_types"][0], "AWS API Call via CloudTrail");
    assert_eq!(event["access"][0], "read");
}
