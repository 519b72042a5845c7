//! What an alert must not hear less of without a word.

use super::*;

fn of(detection: &str) -> String {
    format!(
        "title: t\nlevel: high\nlogsource: {{product: aws, service: cloudtrail}}\ndetection:\n  \
         s: {{{detection}}}\n  condition: s\n"
    )
}

#[test]
fn what_only_network_activity_has_is_asked_for_as_such_too() {
    for only in ["errorCode: VpceAccessDenied", "eventCategory: NetworkActivity"] {
        let made = import(&of(&format!("eventName: RunInstances, {only}")));
        assert!(made.blueprint.contains("kind: network"), "{}", made.blueprint);
        let event = cloudtrail::envelope(serde_json::json!({ "eventSource": "ec2.amazonaws.com",
            "eventName": "RunInstances", "eventType": "AwsVpceEvents",
            "errorCode": "VpceAccessDenied", "eventCategory": "NetworkActivity" }));
        assert!(patterns(&made)[0].iter().any(|one| one.matches(&event)), "{only}");
    }
    let other = import(&of("eventName: RunInstances, errorCode|contains: AccessDenied"));
    assert!(!other.blueprint.contains("kind: network"), "{}", other.blueprint);
}

#[test]
fn names_that_aws_adds_are_heard_in_the_known_spellings() {
    let heard = |made: &Import, name: &str| {
        let event = cloudtrail::envelope(serde_json::json!({ "eventType": "AwsApiCall",
            "eventSource": "iam.amazonaws.com", "eventName": name }));
        patterns(made)[0].iter().any(|one| one.matches(&event))
    };
    let made = import(&of("eventSource: iam.amazonaws.com, eventName|contains: accesskey"));
    assert!(made.alerts[0].partly, "{:?}", made.alerts);
    for name in ["CreateAccessKey", "PutAccessKeyNew"] {
        assert!(heard(&made, name), "{name}: {}", made.blueprint);
    }
    let made = import(&of("eventSource: iam.amazonaws.com, eventName|startswith: createacc"));
    assert!(!made.alerts[0].partly);
    for name in ["CreateAccessKey", "CreateAccNew"] {
        assert!(heard(&made, name), "{name}: {}", made.blueprint);
    }
}

#[test]
fn a_text_whose_case_eventbridge_cannot_ignore_comes_over_in_part() {
    for key in ["userAgent", "userAgent|startswith", "userAgent|contains"] {
        let made = import(&of(&format!("eventName: CreateUser, {key}: 'a😀'")));
        assert!(made.alerts[0].partly, "{key} {:?}", made.alerts);
        let cased = import(&of(&format!("eventName: CreateUser, {key}|cased: 'a😀'")));
        assert!(!cased.alerts[0].partly, "{key}");
    }
    assert!(!import(&of("eventName: CreateUser, userAgent: '1😀'")).alerts[0].partly);
}

#[test]
fn the_base_of_a_correlation_is_told_unless_it_alerts_itself() {
    let text = |generate: &str| {
        let base = of("eventName: CreateUser").replace("title: t", "title: t\nname: base");
        format!(
            "{base}---\ntitle: c\ncorrelation: {{type: event_count, rules: [base], \
             group-by: [x], timespan: 1h, condition: {{gte: 3}}{generate}}}\n"
        )
    };
    let notes = |generate: &str| import(&text(generate)).alerts[0].notes.join("\n");
    assert!(notes("").contains("correlation"), "{}", notes(""));
    assert!(!notes(", generate: true").contains("correlation"));
}

#[test]
fn several_values_of_one_list_and_wildcards_that_are_too_many_are_refused() {
    let reason = |detection: &str| {
        let made = import(&of(&format!("eventName: CreateUser, {detection}")));
        assert_eq!((made.alerts.len(), made.complete), (0, false), "{}", made.blueprint);
        made.refused[0].reason.clone()
    };
    let list = reason("requestParameters.names|all: [a, b]");
    assert!(list.contains("one by one"), "{list}");
    let complex = reason("userAgent|contains|all: [aws-cli, botocore, 'exec-env']");
    assert!(complex.contains("complex") || complex.contains("orders"), "{complex}");
}

#[test]
fn nothing_is_told_of_values_that_the_import_adds() {
    let made =
        import(&of("eventSource: ec2.amazonaws.com, eventName: AuthorizeSecurityGroupIngress, \
         requestParameters.ipPermissions.items.fromPort: 22"));
    let notes = made.alerts[0].notes.join("\n");
    assert!(!notes.contains("without quotes"), "{notes}");
}
