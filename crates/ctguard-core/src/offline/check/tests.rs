use super::*;
use crate::blueprint::load_text;
use jiff::civil::date;

const AS_OF: Date = date(2026, 11, 22);

fn blueprint(fleet: &str, destination: &str, alerts: &str) -> Blueprint {
    let text = format!(
        "version: 1\nname: acme\n{fleet}\ndestinations:\n  mail: {{ {destination}, format: json, subscribers: [] }}\nroutes: {{ high: [mail] }}\nalerts:\n{alerts}\n"
    );
    let loaded = load_text("b.yaml", &text, None, AS_OF);
    loaded.blueprint.unwrap_or_else(|| panic!("{text}\n{:#?}", loaded.diagnostics))
}

fn alert(id: &str, events: &str) -> String {
    format!("  - {{ id: {id}, title: T, risk: high, why: w, next: n, events: {events} }}\n")
}

fn codes_of(blueprint: &Blueprint) -> Vec<&'static str> {
    check(blueprint, AS_OF).iter().map(|problem| problem.code.as_str()).collect()
}

const TWO: &str = "accounts:\n  - { id: \"111122223333\", name: a }\n  - { id: \"222233334444\", name: b, role: r }";

const ORGANIZATION: &str = "accounts: [{ organization: { role: r } }]";

#[test]
fn of_places_that_compile_alike_one_is_kept() {
    let alerts = alert("a", "[ec2:CreateRoute]") + &alert("b", "[iam:CreateUser]");
    let all = blueprint("regions: enabled", "topic: mail", &alerts);
    let scope = assumed::scope(&all, AS_OF);
    let regions: Vec<&str> = scope.places.iter().map(|place| place.region.as_str()).collect();
    // Osaka is one that SNS calls opt-in, and users land in us-east-1.
    assert_eq!(regions, ["ap-northeast-1", "ap-northeast-3", "us-east-1"]);
    let two = blueprint(&format!("{TWO}\nregions: enabled"), "topic: mail", &alerts);
    let scope = assumed::scope(&two, AS_OF);
    assert_eq!((scope.accounts.len(), scope.places.len()), (2, 3));
}

#[test]
fn a_problem_of_many_places_is_told_once() {
    let topic = "topic_arn: \"arn:aws:sns:us-east-1:111122223333:t\"";
    let many = alert("a", "[ec2:CreateRoute]") + &alert("b", "[ec2:DeleteRoute]");
    let fleet = format!("{TWO}\nregions: [us-east-1]");
    let problems = check(&blueprint(&fleet, topic, &many), AS_OF);
    assert_eq!(problems.len(), 1, "{problems:#?}");
    let span = problems[0].span.as_ref().unwrap();
    assert_eq!((problems[0].code, span.line), (crate::codes::TOPIC_OUT_OF_PLACE, 8));
}

/// Whose account it is nobody can tell, so what depends on it is no error.
#[test]
fn an_account_that_is_not_known_is_taken_to_be_the_one_that_is_named() {
    let topic = "topic_arn: \"arn:aws:sns:us-east-1:111122223333:t\"";
    let route = alert("a", "[ec2:CreateRoute]");
    assert!(codes_of(&blueprint("regions: [us-east-1]", topic, &route)).is_empty());
    let hub = "regions: [us-east-1]\nhub: { account: \"222233334444\", region: us-east-1 }";
    assert_eq!(codes_of(&blueprint(hub, topic, &route)), ["topic-out-of-place"]);
    let hub = hub.replace("2222333344", "1111222233").replace("44\"", "33\"");
    assert!(codes_of(&blueprint(&hub, topic, &route)).is_empty());
}

#[test]
fn an_organization_has_the_accounts_that_are_named_and_others() {
    let route = alert("a", "[ec2:CreateRoute]");
    let topic = "topic_arn: \"arn:aws:sns:us-east-1:111122223333:t\"";
    let fleet = format!("{ORGANIZATION}\nregions: [us-east-1]");
    assert_eq!(codes_of(&blueprint(&fleet, topic, &route)), ["topic-out-of-place"]);
    let hub = format!("{fleet}\nhub: {{ account: \"111122223333\", region: us-east-1 }}");
    assert!(codes_of(&blueprint(&hub, topic, &route)).is_empty());
    let trail = "trail: { name: org, bucket: acme-logs, account: \"111122223333\", organization: true, home_region: us-east-1 }";
    assert!(codes_of(&blueprint(&format!("{fleet}\n{trail}"), "topic: t", &route)).is_empty());
}

#[test]
fn regions_to_opt_in_to_are_taken_to_be_enabled_where_the_blueprint_needs_them() {
    let route = alert("a", "[ec2:CreateRoute]");
    for needs in [
        "hub: { account: \"111122223333\", region: me-south-1 }",
        "trail: { name: own, bucket: acme-logs, home_region: me-south-1 }",
    ] {
        let fleet = format!("regions: enabled\n{needs}");
        assert!(codes_of(&blueprint(&fleet, "topic: t", &route)).is_empty(), "{needs}");
    }
}

/// Where nothing but a region tells the partition, its own regions are meant.
#[test]
fn enabled_regions_are_those_of_the_partition_that_is_named() {
    let user = alert("a", "[iam:CreateUser]");
    for (fleet, destination, regions) in [
        (
            "regions: enabled\nhub: { account: \"111122223333\", region: us-gov-west-1 }",
            "topic: t",
            "us-gov-",
        ),
        ("regions: enabled", "topic_arn: \"arn:aws-cn:sns:{region}:{account}:t\"", "cn-"),
    ] {
        let blueprint = blueprint(fleet, destination, &user);
        let scope = assumed::scope(&blueprint, AS_OF);
        assert!(scope.places.iter().all(|place| place.region.as_str().starts_with(regions)));
        assert!(codes_of(&blueprint).is_empty(), "{fleet}");
    }
}

#[test]
fn the_patterns_of_good_alerts_are_checked_beside_other_mistakes() {
    let text = "version: 1\nname: Acme\nalerts:\n  - { id: a, title: T, risk: high, why: w, next: n, events: [iam:CreateUser], where: { eventName: [DeleteUser] } }\n  - { id: b, title: T, risk: high, why: w, next: n, events: [iam:CreateUsr] }\n";
    let loaded = checked(load_text("b.yaml", text, None, AS_OF), AS_OF);
    let found: Vec<&str> = loaded.diagnostics.iter().map(|one| one.code.as_str()).collect();
    assert_eq!(found, ["name-invalid", "never-matches", "event-unknown"]);
}

/// What is said of an alert whose event, outcome and destination are these.
fn of_texts(format: &str, event: &str, more: &str) -> Vec<String> {
    let alert = format!(
        "  - {{ id: a, title: T, risk: high, why: w, next: n, events: [{event}], notify: [to]{more} }}"
    );
    let text = format!(
        "version: 1\nname: acme\nregions: enabled\ndestinations: {{ to: {{ topic: to, format: {format}, subscribers: [{{ email: a@b.example }}] }} }}\nalerts:\n{alert}\n"
    );
    let loaded = checked(load_text("b.yaml", &text, None, AS_OF), AS_OF);
    assert!(loaded.blueprint.is_some(), "{:#?}", loaded.diagnostics);
    let told = loaded.diagnostics.into_iter();
    let told = told.filter(|one| one.code == crate::codes::TEXT_EMPTY);
    told.map(|one| format!("{}; {}", one.message, one.help.unwrap_or_default())).collect()
}

#[test]
fn a_message_that_names_nobody_is_told() {
    let saml = "sts:AssumeRoleWithSAML";
    let insight = "{ source: ec2, name: RunInstances, kind: insight }";
    let failed = ", outcome: failure";
    let web = ", where: { userIdentity.type: [WebIdentityUser] }";
    for (format, event, more, part) in [
        ("text", saml, failed, Some("write `format: mail`")),
        ("chat", saml, failed, Some("`sts:AssumeRoleWithSAML`")),
        // These have the record, or compose a mail of it.
        ("mail", saml, failed, None),
        ("json", saml, failed, None),
        ("raw", saml, failed, None),
        // The new session is shown, which names the role and who took it.
        ("text", saml, "", None),
        ("text", saml, ", allow: [text-empty], outcome: failure", None),
        ("text", "sts:AssumeRole", failed, None),
        ("text", "kms:CreateKey", web, Some("`kms:CreateKey`")),
        ("text", insight, "", Some("has no caller")),
        // Services mostly say that they are the caller, some only their account.
        ("text", "{ source: kms, name: RotateKey, kind: service }", "", None),
        ("text", "signin:ConsoleLogin", failed, None),
    ] {
        let told = of_texts(format, event, more);
        let (row, expected) = (format!("{format} {event}{more}"), usize::from(part.is_some()));
        assert_eq!(told.len(), expected, "{row}: {told:?}");
        assert!(part.is_none_or(|part| told[0].contains(part)), "{row}: {told:?}");
    }
}
