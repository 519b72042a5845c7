//! Messages as the rules of a place carry them.

use crate::blueprint::load_text;
use crate::desired::{Scope, compile};
use crate::resource::rule::Input;
use crate::scope::AccountId;
use jiff::civil::date;

/// The templates of an alert's targets, with or without a hub, for so many accounts.
fn templates(hub: &str, accounts: usize) -> Vec<(String, String)> {
    let listed = [
        "{ id: \"111122223333\", name: security }",
        "{ id: \"222233334444\", name: prod, role: ctguard }",
        "{ id: \"333344445555\", role: ctguard }",
    ];
    let text = format!(
        "version: 1\nname: acme\nregions: [us-east-1]\naccounts: [{}]\n{hub}destinations: {{ d: {{ topic: t, format: text, subscribers: [{{ email: a@b.example }}] }} }}\nroutes: {{ high: [d] }}\nalerts:\n  - {{ id: a, title: T, risk: high, events: [ec2:CreateRoute] }}\n",
        listed[..accounts].join(", ")
    );
    let as_of = date(2026, 11, 22);
    let loaded = load_text("b.yaml", &text, None, as_of);
    let blueprint = loaded.blueprint.unwrap_or_else(|| panic!("{:?}", loaded.diagnostics));
    let caller = AccountId::new("111122223333").unwrap();
    let mut scope = Scope::of_accounts(&blueprint, &caller, None).unwrap();
    for id in scope.accounts.keys().cloned().collect::<Vec<_>>() {
        scope.add_regions(&blueprint, &id, Ok(&[]), as_of).unwrap();
    }
    let desired = compile(&blueprint, &scope, as_of).unwrap();
    let mut templates = Vec::new();
    for (place, here) in &desired.places {
        for rule in here.rules.values().filter(|rule| rule.alert.is_some()) {
            for (_, target) in rule.targets.iter() {
                if let Input::Transformer(made) = &target.input {
                    templates.push((place.account.to_string(), made.template.clone()));
                }
            }
        }
    }
    templates
}

#[test]
fn a_message_names_the_account_whose_events_its_rule_is_given() {
    let account = |template: &str| {
        let line = template.lines().find(|line| line.starts_with("\"Account: "));
        line.unwrap().to_owned()
    };
    let local: Vec<(String, String)> =
        templates("", 3).into_iter().map(|(id, template)| (id, account(&template))).collect();
    let expected = [
        ("111122223333", "\"Account: <account> (security)\""),
        ("222233334444", "\"Account: <account> (prod)\""),
        ("333344445555", "\"Account: <account>\""),
    ];
    let expected = expected.map(|(id, line)| (id.to_owned(), line.to_owned()));
    assert_eq!(local, expected);

    let hub = "hub: { account: \"111122223333\", region: us-east-1 }\n";
    let of_all = templates(hub, 3);
    assert_eq!(of_all.len(), 1, "a hub raises an alert once");
    assert_eq!(account(&of_all[0].1), "\"Account: <account>\"", "its rules serve all accounts");
    let of_one = templates(hub, 1);
    assert_eq!(account(&of_one[0].1), "\"Account: <account> (security)\"");
}
