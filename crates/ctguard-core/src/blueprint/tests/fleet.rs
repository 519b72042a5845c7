//! Accounts, the hub, and the trail that several accounts share.

use super::*;

/// The good blueprint for two accounts and a hub.
const FLEET: &str = r#"accounts:
  - { id: "111122223333", name: security }
  - { id: "222233334444", name: prod, role: ctguard }
hub: { account: "111122223333", region: us-east-1 }
"#;

/// The good blueprint with these lines at its end.
fn and(lines: &str) -> String {
    format!("{GOOD}{lines}")
}

/// `code at marked text`, in the order of the report; the text must be refused.
#[track_caller]
fn marked(text: &str) -> Vec<String> {
    let loaded = read(text);
    assert_eq!(loaded.blueprint, None, "{text}");
    for one in &loaded.diagnostics {
        assert!(one.help.is_some() || one.label.is_some(), "nothing to do: {one:#?}");
    }
    let mark = |one: &Diagnostic| {
        let span = one.span.as_ref().unwrap();
        format!("{} at {}", one.code, &text[span.start..span.end])
    };
    loaded.diagnostics.iter().map(mark).collect()
}

/// The good blueprint with these lines at its end is refused for these reasons.
#[track_caller]
fn refused(lines: &str, expected: &[&str]) {
    assert_eq!(marked(&and(lines)), expected, "{lines}");
}

fn account(id: &str) -> AccountId {
    AccountId::new(id).unwrap()
}

#[test]
fn accounts_and_hub_are_read() {
    let blueprint = good(&and(r#"accounts:
  - { id: "111122223333", name: security }
  - id: "222233334444"
    name: prod
    role: security/ctguard
    external_id: acme:7
    session_name: ctguard@ci
    omit: [trail]
    routes: { high: [] }
  - organization:
      include_ous: [ou-ab12-11111111, r-ab12]
      exclude: ["999988887777"]
      role: ctguard
hub: { account: "111122223333", region: eu-west-1, organization: o-a1b2c3d4e5 }
trail: { name: abc, bucket: abc, account: "111122223333", organization: true }
"#));
    let accounts = blueprint.accounts.as_ref().unwrap();
    let [security, prod] = accounts.listed.values().collect::<Vec<_>>()[..] else {
        panic!("two accounts")
    };
    assert_eq!((security.name.as_deref(), &security.role), (Some("security"), &None));
    let role = prod.role.as_ref().unwrap();
    assert_eq!(role.role, "security/ctguard");
    assert_eq!(role.external_id.as_deref(), Some("acme:7"));
    assert_eq!(role.session_name.as_deref(), Some("ctguard@ci"));
    assert!(prod.omit.contains("trail"));
    assert_eq!(prod.routes[&Risk::High], Vec::<String>::new());
    let organization = accounts.organization.as_ref().unwrap();
    assert_eq!(organization.include_units.len(), 2);
    assert_eq!(organization.exclude, [account("999988887777")].into());
    assert_eq!(organization.role.role, "ctguard");
    let hub = blueprint.hub.unwrap();
    assert_eq!((hub.account, hub.region.as_str()), (account("111122223333"), "eu-west-1"));
    assert_eq!(hub.organization.as_deref(), Some("o-a1b2c3d4e5"));
    let trail = blueprint.trail.unwrap();
    assert!(trail.organization);
    assert_eq!(trail.account, Some(account("111122223333")));
}

#[test]
fn a_hub_alone_is_for_the_regions_of_the_callers_account() {
    let blueprint = good(&and("hub: { account: \"111122223333\", region: us-east-1 }\n"));
    assert_eq!(blueprint.accounts, None);
    assert!(blueprint.hub.is_some());
}

#[test]
fn every_mistake_about_accounts_is_pointed_at() {
    for (entry, expected) in [
        ("{ id: 222233334444, role: a }", "account-id-number at 222233334444"),
        ("222233334444", "account-id-number at 222233334444"),
        ("prod", "wrong-type at prod"),
        ("{ id: '2222', role: a }", "account-id-invalid at '2222'"),
        ("{ name: prod, role: a }", "missing-key at name"),
        ("{ id: '222233334444', rolle: a }", "unknown-key at rolle"),
        ("{ id: '222233334444', role: a b }", "role-invalid at a b"),
        ("{ id: '222233334444', role: /a }", "role-invalid at /a"),
        (
            "{ id: '222233334444', role: 'arn:aws:iam::333344445555:role/a' }",
            "role-invalid at 'arn:aws:iam::333344445555:role/a'",
        ),
        (
            "{ id: '222233334444', role: 'arn:aws-cn:iam::222233334444:role/a' }",
            "role-invalid at 'arn:aws-cn:iam::222233334444:role/a'",
        ),
        (
            "{ id: '222233334444', role: 'arn:aws:iam::222233334444:user/a' }",
            "role-invalid at 'arn:aws:iam::222233334444:user/a'",
        ),
        ("{ id: '222233334444', role: a, external_id: '1' }", "role-invalid at '1'"),
        ("{ id: '222233334444', role: a, session_name: a b }", "role-invalid at a b"),
        ("{ id: '222233334444', external_id: abc }", "role-invalid at abc"),
        ("{ id: '222233334444', name: \"two\\nlines\" }", "text-invalid at \"two\\nlines\""),
        ("{ id: '222233334444', omit: [trial] }", "omit-unknown at trial"),
        ("{ id: '222233334444', routes: { high: [opps] } }", "reference-unknown at opps"),
        ("{ id: '222233334444', routes: { urgent: [ops] } }", "unknown-key at urgent"),
        ("{ organization: {} }", "missing-key at {"),
        ("{ organization: all }", "wrong-type at all"),
        ("{ organization: { role: a, ous: [] } }", "unknown-key at ous"),
        ("{ organization: { role: a }, role: a }", "unknown-key at role"),
        (
            "{ organization: { role: 'arn:aws:iam::222233334444:role/a' } }",
            "role-invalid at 'arn:aws:iam::222233334444:role/a'",
        ),
        ("{ organization: { role: a, include_ous: [] } }", "empty-value at ["),
        ("{ organization: { role: a, include_ous: [prod] } }", "organization-id-invalid at prod"),
        (
            "{ organization: { role: a, exclude: [222233334444] } }",
            "account-id-number at 222233334444",
        ),
        ("{ organization: { role: a, exclude: [prod] } }", "account-id-invalid at prod"),
    ] {
        refused(&format!("accounts:\n  - {entry}\n"), &[expected]);
    }
    refused("accounts: []\n", &["empty-value at ["]);
    refused("accounts: all\n", &["wrong-type at all"]);
}

#[test]
fn an_account_stands_once_and_one_alone_is_without_role() {
    refused(
        "accounts: [{ id: '222233334444', role: a }, { id: \"222233334444\", role: a }]\n",
        &["account-repeated at \"222233334444\""],
    );
    refused(
        "accounts: [{ id: '222233334444', name: a, role: a }, { id: '333344445555', name: 'a', role: a }]\n",
        &["account-repeated at 'a'"],
    );
    refused(
        "accounts:\n  - id: '222233334444'\n  - id: '333344445555'\n  - id: '444455556666'\n",
        &["role-missing at '333344445555'", "role-missing at '444455556666'"],
    );
    good(&and(
        "accounts:\n  - id: '222233334444'\n  - { id: '333344445555', role: a }\n  - organization: { role: a }\n",
    ));
    refused(
        "accounts: [{ id: '222233334444' }, { organization: { role: a, exclude: [\"222233334444\"] } }]\n",
        &["account-repeated at \"222233334444\""],
    );
    refused(
        "accounts:\n  - organization: { role: a }\n  - organization: { role: b }\n",
        &["account-repeated at role"],
    );
}

#[test]
fn every_mistake_about_the_hub_is_pointed_at() {
    for (hub, expected) in [
        ("{ account: '111122223333' }", "missing-key at account"),
        ("{ region: us-east-1 }", "missing-key at region"),
        ("{ account: 111122223333, region: us-east-1 }", "account-id-number at 111122223333"),
        ("{ account: '1111', region: us-east-1 }", "account-id-invalid at '1111'"),
        ("{ account: '111122223333', region: virginia }", "region-invalid at virginia"),
        ("{ account: '111122223333', region: cn-north-1 }", "region-invalid at cn-north-1"),
        ("{ account: '111122223333', region: us-west-1 }", "hub-out-of-scope at us-west-1"),
        (
            "{ account: '111122223333', region: us-east-1, organization: acme }",
            "organization-id-invalid at acme",
        ),
        ("{ account: '111122223333', region: us-east-1, bus: x }", "unknown-key at bus"),
        ("us-east-1", "wrong-type at us-east-1"),
    ] {
        refused(&format!("hub: {hub}\n"), &[expected]);
    }
    let elsewhere =
        FLEET.replace("hub: { account: \"111122223333\"", "hub: { account: '999988887777'");
    refused(&elsewhere, &["hub-out-of-scope at '999988887777'"]);
    // An account that is discovered may be the hub's; one that is excluded is not.
    let discovered = "accounts: [{ organization: { role: a, exclude: ['999988887777'] } }]\n";
    good(&and(&format!("{discovered}hub: {{ account: '111122223333', region: us-east-1 }}\n")));
    refused(
        &format!("{discovered}hub: {{ account: \"999988887777\", region: us-east-1 }}\n"),
        &["hub-out-of-scope at \"999988887777\""],
    );
}

#[test]
fn a_hub_in_china_hears_of_its_own_region_alone() {
    let text = |regions: &str| {
        let chinese = with("[us-east-1, eu-west-1]", regions)
            .replace("arn:aws:sqs:us-east-1", "arn:aws-cn:sqs:cn-north-1");
        format!("{chinese}hub: {{ account: '111122223333', region: cn-north-1 }}\n")
    };
    good(&text("[cn-north-1]"));
    for regions in ["[cn-north-1, cn-northwest-1]", "enabled"] {
        assert_eq!(marked(&text(regions)), ["hub-unreachable at cn-north-1"], "{regions}");
    }
}

#[test]
fn topics_and_keys_of_a_hub_are_in_its_region() {
    let ops = |topic: &str| {
        let text = with("topic: ops", topic);
        format!("{text}hub: {{ account: '111122223333', region: us-east-1 }}\n")
    };
    good(&ops("topic_arn: arn:aws:sns:us-east-1:111122223333:ops"));
    good(&ops("topic: ops, kms_key: arn:aws:kms:us-east-1:111122223333:key/1"));
    for (topic, expected) in [
        (
            "topic_arn: arn:aws:sns:eu-west-1:111122223333:ops",
            "topic-invalid at arn:aws:sns:eu-west-1:111122223333:ops",
        ),
        (
            "topic: ops, kms_key: arn:aws:kms:eu-west-1:111122223333:key/1",
            "kms-key at arn:aws:kms:eu-west-1:111122223333:key/1",
        ),
    ] {
        assert_eq!(marked(&ops(topic)), [expected], "{topic}");
    }
}

#[test]
fn one_of_several_accounts_keeps_the_trail() {
    let trail = |keys: &str| format!("{FLEET}trail: {{ name: abc, bucket: abc{keys} }}\n");
    refused(&trail(""), &["missing-key at name"]);
    refused(&trail(", account: '999988887777'"), &["trail-invalid at '999988887777'"]);
    refused(&trail(", account: 111122223333"), &["account-id-number at 111122223333"]);
    good(&and(&trail(", account: '222233334444'")));
    // The organization of its trail must be known.
    let all = trail(", account: '222233334444', organization: true");
    refused(&all, &["trail-invalid at true"]);
    good(&and(&all.replace("us-east-1 }", "us-east-1, organization: o-a1b2c3d4e5 }")));
    refused("trail: { name: abc, bucket: abc, organization: true }\n", &["trail-invalid at true"]);
    refused("trail: { name: abc, bucket: abc, organization: 'true' }\n", &["wrong-type at 'true'"]);
}

#[test]
fn the_ids_of_forwarding_rules_are_reserved() {
    for id in ["forward-1", "forward-20"] {
        let loaded = read(&with("id: trail", &format!("id: {id}")));
        assert_eq!(places(&loaded), ["8:9 name-invalid"], "{id}");
    }
    for id in ["forward", "forward-mail", "forward-1a"] {
        good(&with("id: trail", &format!("id: {id}")));
    }
}

/// Each account and region has a topic of its own, unless there is a hub.
#[test]
fn confirmations_are_counted_over_accounts_and_regions() {
    let mail = with(
        r#"[{ sqs: "arn:aws:sqs:us-east-1:111122223333:ops" }]"#,
        "[{ email: a@b.example }, { email: c@b.example }]",
    )
    .replace("format: json", "format: text");
    let warned = |lines: &str| -> Vec<String> {
        let loaded = read(&format!("{mail}{lines}"));
        assert!(loaded.blueprint.is_some(), "{:#?}", loaded.diagnostics);
        loaded.diagnostics.into_iter().map(|one| one.message).collect()
    };
    let two = FLEET.split("hub:").next().unwrap();
    assert_eq!(warned(two), ["e-mail in 2 regions of 2 accounts asks for 8 confirmations"]);
    assert_eq!(
        warned("accounts: [{ organization: { role: a } }]\n"),
        [
            "e-mail in 2 regions of every account that is found asks for 4 confirmations in each account"
        ]
    );
    assert_eq!(warned("accounts: [{ id: '111122223333' }]\n"), Vec::<String>::new());
    assert_eq!(warned(FLEET), Vec::<String>::new());
    let loaded = read(&format!("{mail}{two}"));
    let help = loaded.diagnostics[0].help.as_ref().unwrap();
    assert!(help.contains("it is 2 confirmations in all"), "{help}");
}

/// What only some accounts are told counts as told.
#[test]
fn routes_of_accounts_are_judged_with_the_others() {
    let text = |account: &str| {
        let critical =
            GOOD.replace("high: [ops]", "critical: [ops]").replace("risk: high", "risk: critical");
        let mail = critical.replace(
            "routes:",
            "  mail: { topic: mail, subscribers: [{ email: a@b.example }] }\nroutes:",
        );
        format!(
            "{mail}accounts: [{{ id: '222233334444', role: a{account} }}, {{ organization: {{ role: a }} }}]\nallow: [email-confirmations]\n"
        )
    };
    let codes = |text: &str| -> Vec<&str> {
        read(text).diagnostics.iter().map(|one| one.code.as_str()).collect()
    };
    assert_eq!(codes(&text("")), ["destination-unused"]);
    assert_eq!(codes(&text(", routes: { critical: [mail] }")), ["critical-email-only"]);
    let nobody = text(", omit: [trail]").replace(", { organization: { role: a } }", "");
    let told = read(&nobody).diagnostics;
    let message = told.iter().find(|one| one.code == "alert-without-destination").unwrap();
    assert_eq!(message.message, "`trail` reaches nobody: every account leaves it out");
}

#[test]
fn sign_ins_are_missed_by_regions_whatever_the_accounts() {
    let text = with("[cloudtrail:StopLogging]", "[signin:ConsoleLogin]");
    let loaded = read(&format!("{text}{FLEET}"));
    assert_eq!(places(&loaded), ["11:14 sign-in-regions"]);
}
