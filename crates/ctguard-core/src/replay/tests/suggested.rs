//! Exceptions that are suggested, and those that never are.

use super::*;

/// A suggestion is no good if pasting it does not take away what it says, or does not load.
#[test]
fn a_suggested_exception_takes_away_what_it_says_when_it_is_pasted() {
    let hostile = "\u{7f}<b>\"d\\ploy': {x}\u{e9}\u{1f600}\n#";
    let mut records: Vec<Value> =
        (0..30).map(|n| create_user(&at(n), &format!("a{n}"), hostile)).collect();
    records.extend((0..4).map(|n| create_user(&at(n), &format!("b{n}"), "alice")));
    let mut through = create_user(&at(9), "c", "bob");
    through["userIdentity"]["invokedBy"] = json!("cloudformation.amazonaws.com");
    records.extend((0..20).map(|n| {
        let mut record = through.clone();
        record["eventID"] = json!(format!("c{n}"));
        record
    }));
    records.push(create_user(&at(9), "d", "bob"));
    let both = replay(&records).alerts.remove(0).suggestions;
    assert_eq!(both.len(), 1, "two that together silence the alert are not both offered");
    let others = |n| create_user(&at(n), &format!("e{n}"), &format!("user{n}"));
    records.extend((0..16).map(others));
    let before = replay(&records);
    let suggestions = &before.alerts[0].suggestions;
    assert_eq!(suggestions.iter().map(|one| one.leaves_out).collect::<Vec<_>>(), [30, 20]);
    for suggestion in suggestions {
        let left = before.alerts[0].count - suggestion.leaves_out;
        assert_eq!(pasted(suggestion, &records), left, "{}", suggestion.except);
    }
}

/// How often the first alert is raised once a suggestion stands in its blueprint.
fn pasted(suggestion: &Suggestion, records: &[Value]) -> u64 {
    let entry: String = suggestion.except.lines().map(|line| format!("      {line}\n")).collect();
    let text = BLUEPRINT.replace(
        "- { id: new-user, title: A user, risk: critical, events: [iam:CreateUser] }",
        &format!("- id: new-user\n    title: A user\n    risk: critical\n    events: [iam:CreateUser]\n    except:\n{entry}"),
    );
    let loaded = load_text("b.yaml", &text, Option::None, AS_OF);
    let pasted = loaded.blueprint.unwrap_or_else(|| panic!("{text}\n{:?}", loaded.diagnostics));
    let setup = setup(&pasted, Period::default());
    report(&pasted, &setup, count(&setup, records)).alerts[0].count
}

/// An alert with thirty records of one kind, and nine by somebody else.
fn noisy(change: impl Fn(&mut Value)) -> Replay {
    let others = (0..9).map(|n| create_user(&at(n), &format!("o{n}"), &format!("user{n}")));
    let noise = (0..30).map(|n| {
        let mut record = create_user(&at(n), &format!("n{n}"), "deploy");
        change(&mut record);
        record
    });
    replay(&others.chain(noise).collect::<Vec<_>>())
}

#[test]
fn nobody_is_suggested_who_stands_for_everybody_or_for_an_attack() {
    let offered = |change: &dyn Fn(&mut Value)| {
        let alert = noisy(change).alerts.remove(0);
        assert_eq!(alert.count, 39);
        alert.suggestions.iter().map(|one| one.principal.uncleaned().to_owned()).collect::<Vec<_>>()
    };
    let here = "111122223333";
    let identity =
        |identity: Value| move |record: &mut Value| record["userIdentity"] = identity.clone();
    assert_eq!(offered(&|_| ()), ["arn:aws:iam::111122223333:user/deploy"]);
    for nobody in [
        json!({ "type": "IAMUser", "accountId": here, "userName": "HIDDEN_DUE_TO_SECURITY_REASONS" }),
        json!({ "type": "IdentityCenterUser", "accountId": here }),
        json!({ "type": "Root", "accountId": here, "arn": "arn:aws:iam::111122223333:root" }),
        json!({ "type": "Root", "accountId": here, "principalId": here }),
        json!({ "type": "AWSAccount", "accountId": here, "principalId": "" }),
        json!({ "type": "AWSAccount", "accountId": "ANONYMOUS_PRINCIPAL" }),
        json!({ "type": "Unknown", "principalId": "Anonymous" }),
        json!({ "accountId": here, "invokedBy": "AWS Internal" }),
        json!(null),
    ] {
        assert_eq!(offered(&identity(nobody.clone())), [""; 0], "{nobody}");
    }
    let portal = json!({ "type": "IdentityCenterUser", "accountId": here, "onBehalfOf": { "userId": "u-1" } });
    let suggestions = noisy(identity(portal)).alerts.remove(0).suggestions;
    assert!(suggestions[0].except.contains("userIdentity.onBehalfOf.userId: [\"u-1\"]"));

    assert_eq!(offered(&|record| record["errorCode"] = "AccessDenied".into()), [""; 0]);
    for no_error in ["", "200"] {
        assert_eq!(
            offered(&|record| record["errorCode"] = no_error.into()).len(),
            1,
            "{no_error:?}"
        );
    }
}

#[test]
fn no_person_is_suggested_for_an_alert_on_sign_ins() {
    let text = BLUEPRINT.replace(
        "events: [iam:CreateUser] }",
        "events: [signin:ConsoleLogin, signin:CredentialVerification] }",
    );
    let blueprint = load_text("b.yaml", &text, None, AS_OF).blueprint.unwrap();
    let setup = setup(&blueprint, Period::default());
    let login = |n: u32, result: &str| {
        let mut record = record("signin", "ConsoleLogin", &at(n), &format!("s{n}"), "alice");
        record["eventType"] = "AwsConsoleSignIn".into();
        record["responseElements"] = json!({ "ConsoleLogin": result });
        record
    };
    let records: Vec<Value> =
        (0..20).map(|n| login(n, if n < 3 { "Failure" } else { "Success" })).collect();
    let alert = report(&blueprint, &setup, count(&setup, &records)).alerts.remove(0);
    assert_eq!((alert.count, alert.failed, alert.suggestions), (20, 3, vec![]));
}

/// What an exception hides is more than the noise that it is meant for.
#[test]
fn a_suggestion_says_what_else_it_would_have_hidden() {
    let role = |n: u32, name: &str, console: bool| {
        let mut record = record("ec2", name, &at(n), &format!("{name}{n}"), "x");
        record["userIdentity"] = json!({ "type": "AssumedRole", "accountId": "111122223333",
            "arn": format!("arn:aws:sts::111122223333:assumed-role/net/{n}"),
            "sessionContext": { "sessionIssuer": { "arn": "arn:aws:iam::111122223333:role/net" } } });
        if console {
            record["sessionCredentialFromConsole"] = "true".into();
        }
        record
    };
    let mut records: Vec<Value> = (0..17).map(|n| role(n, "CreateRoute", false)).collect();
    records.extend((0..3).map(|n| role(n, "DeleteRoute", n == 0)));
    records[0]["errorCode"] = "AccessDenied".into();
    records.push(record("ec2", "CreateRoute", &at(1), "o", "alice"));
    let alert = replay(&records).alerts.remove(1);
    let [one] = alert.suggestions.as_slice() else { panic!("{:?}", alert.suggestions) };
    assert_eq!((one.leaves_out, one.percent, one.silences, one.failed), (20, 95, true, 1));
    let events: Vec<(&str, u64)> =
        one.events.top.iter().map(|by| (by.name.uncleaned(), by.count)).collect();
    assert_eq!(events, [("ec2:CreateRoute", 17), ("ec2:DeleteRoute", 3)]);
    let actors = BTreeMap::from([(ActorKind::Application, 19), (ActorKind::Person, 1)]);
    assert_eq!((one.events.others, &one.actors), (0, &actors));
    assert!(!noisy(|_| ()).alerts[0].suggestions[0].silences, "30 of 39 leave something");
}

#[test]
fn the_root_user_is_never_suggested() {
    let mut root = create_user(&at(0), "r", "x");
    root["userIdentity"] = json!({ "type": "Root", "accountId": "111122223333", "arn": "arn:aws:iam::111122223333:root" });
    let records: Vec<Value> = (0..50)
        .map(|n| {
            let mut record = root.clone();
            record["eventID"] = json!(n.to_string());
            record
        })
        .collect();
    assert!(replay(&records).alerts[0].suggestions.is_empty());
}

/// One person's records may name him in several fields: what counts is what the condition takes.
#[test]
fn a_suggestion_counts_what_its_condition_takes_of_records_with_other_names() {
    let records: Vec<Value> = (0..60)
        .map(|n| {
            let mut record = create_user(&at(n), &format!("e{n}"), "bob");
            if n < 40 {
                record["userIdentity"].as_object_mut().unwrap().remove("arn");
            }
            record
        })
        .collect();
    let before = replay(&records);
    let suggestions = &before.alerts[0].suggestions;
    let bob = suggestions.iter().find(|one| one.principal == "bob").unwrap();
    assert_eq!((bob.leaves_out, bob.percent, bob.silences), (60, 100, true));
    assert!(bob.except.contains("userIdentity.userName: [\"bob\"]"), "{}", bob.except);
    for one in suggestions {
        assert_eq!(pasted(one, &records), 60 - one.leaves_out, "{}", one.except);
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(32))]
    /// Whatever of an identity is missing, each suggestion takes away what it says.
    #[test]
    fn every_suggestion_takes_away_what_it_says(
        drawn in proptest::collection::vec((0..2_usize, 0..3_usize, 0..3_usize, 0..8_u8), 20..60),
    ) {
        let records: Vec<Value> = (0..).zip(&drawn).map(|(n, (kind, user, by, lacks))| {
            let mut record = create_user(&at(n), &format!("e{n}"), &format!("u{user}"));
            let identity = &mut record["userIdentity"];
            identity["type"] = ["IAMUser", "AssumedRole"][*kind].into();
            identity["principalId"] = format!("AIDA{user}").into();
            identity["sessionContext"] = json!({ "sessionIssuer": { "arn": "arn:aws:iam::111122223333:role/r" } });
            if let Some(by) = [None, Some("config.amazonaws.com"), Some("ecs.amazonaws.com")][*by] {
                identity["invokedBy"] = by.into();
            }
            for (bit, field) in ["arn", "userName", "sessionContext"].iter().enumerate() {
                if lacks & (1 << bit) != 0 {
                    identity[*field] = Value::Null;
                }
            }
            record
        }).collect();
        let before = replay(&records).alerts.remove(0);
        for one in &before.suggestions {
            prop_assert_eq!(pasted(one, &records), before.count - one.leaves_out, "{}", one.except);
        }
    }
}

#[test]
fn principals_that_show_alike_share_a_row() {
    let role = "arn:aws:iam::111122223333:role/net";
    let named = |n: u32, identity: Value| {
        let mut record = create_user(&at(n), &format!("e{n}"), "x");
        record["userIdentity"] = identity;
        record
    };
    let issuer =
        json!({ "type": "AssumedRole", "sessionContext": { "sessionIssuer": { "arn": role } } });
    let arn = json!({ "type": "AssumedRole", "arn": role });
    let alert = replay(&[named(0, issuer), named(1, arn)]).alerts.remove(0);
    let rows: Vec<(&str, u64)> =
        alert.principals.top.iter().map(|by| (by.name.uncleaned(), by.count)).collect();
    assert_eq!(rows, [(role, 2)]);
}
