//! The machine that puts rules back: EventBridge is not called either; it starts itself for real.

use super::{HOME, given, recorded};
use crate::emulators::mail::Post;
use ctguard_core::blueprint::Format;
use ctguard_core::heal::{RulesInput, WantedRule, rules_definition};
use ctguard_core::resource::Tags;
use ctguard_core::resource::keys::RuleKey;
use ctguard_core::resource::rule::{Input, Rule, RuleState, Target, Targets};
use ctguard_core::scope::{AccountId, Place, Region};
use serde_json::{Value, json};

const PATTERN: &str = r#"{"source":["aws.iam"],"detail":{"eventName":["CreateUser"],"$or":[{"a":[1]},{"b":[{"exists":false}]}]}}"#;

fn machine(post: &Post, account: &str, answers: &Value) -> Value {
    let place = Place::new(AccountId::new(account).unwrap(), Region::new(HOME).unwrap());
    let rule = Rule {
        state: RuleState::Enabled,
        event_pattern: Some(PATTERN.to_owned()),
        schedule_expression: None,
        description: None,
        role_arn: None,
        managed_by: None,
    };
    let target = Target {
        arn: "arn:aws:sns:us-east-1:210000000016:t".to_owned(),
        role_arn: None,
        input: Input::Event,
        dead_letter_arn: None,
        retry_policy: None,
        other_parameters: Vec::new(),
    };
    let targets = Targets::from([("t".to_owned(), target)]);
    let tags = Tags::from([("ctguard:blueprint".to_owned(), "acme".to_owned())]);
    let key = RuleKey::from("ctguard-acme-a");
    let wanted = WantedRule { key: &key, rule: &rule, targets: &targets, tags: &tags };
    let text = rules_definition(&RulesInput {
        blueprint: "acme",
        place: &place,
        account: None,
        rules: vec![wanted],
        limit: 2,
        format: Format::Mail,
        dead_letter_queue: &post.dead_letters,
    });
    recorded(&text, "eventbridge", answers)
}

fn right() -> Value {
    let target = json!({ "Id": "t", "Arn": "arn:aws:sns:us-east-1:210000000016:t" });
    json!({
        "Look": { "State": "ENABLED", "EventPattern": PATTERN },
        "Tags": { "Tags": [{ "Key": "ctguard:blueprint", "Value": "acme" }] },
        "Targets": { "Targets": [target] },
        "Mark": {}, "Put": {}, "Attach": { "FailedEntryCount": 0 },
        "Confirm": { "State": "ENABLED" },
    })
}

fn event(post: &Post, name: &str, id: usize) -> String {
    let mut input: Value = serde_json::from_str(&given(post, name)).unwrap();
    let detail = &mut input["event"]["detail"];
    detail["eventID"] = json!(format!("0f8a7c1e-0000-4000-8000-{id:012}"));
    let field = if name.ends_with("Targets") { "rule" } else { "name" };
    detail["requestParameters"] = json!({ field: "ctguard-acme-a" });
    input.to_string()
}

#[test]
fn another_interpreter_puts_rules_back_as_the_sandbox_does() {
    let account = "210000000016";
    let post = Post::open(account);
    let with = |pointer: &str, value: Value| {
        let mut answers = right();
        *answers.pointer_mut(pointer).expect(pointer) = value;
        answers
    };
    let pattern = |change: &dyn Fn(&mut Value)| {
        let mut pattern: Value = serde_json::from_str(PATTERN).unwrap();
        change(&mut pattern);
        with("/Look/EventPattern", json!(pattern.to_string()))
    };
    let gone = json!({ "Error": "EventBridge.ResourceNotFoundException", "Cause": "gone" });
    let none = json!([]);
    let narrow = pattern(&|one| drop(one["detail"]["$or"].as_array_mut().unwrap().pop()));
    for (id, (call, answers, put_back)) in [
        ("DisableRule", with("/Look/State", json!("DISABLED")), "it was enabled"),
        ("PutRule", narrow, "its pattern"),
        ("RemoveTargets", with("/Targets/Targets", none), "its targets"),
        ("DeleteRule", with("/Look", gone), "the rule was created again, its targets"),
        ("UntagResource", with("/Tags/Tags", json!([])), "its tags"),
    ]
    .into_iter()
    .enumerate()
    {
        let made = post.machine(&format!("rules-{call}"), &machine(&post, account, &answers));
        let execution = post.run(&made, &event(&post, call, id));
        assert_eq!(execution["status"], "SUCCEEDED", "{call}: {execution}");
        let notice = post.mail();
        let message = notice["Message"].as_str().unwrap();
        assert!(message.contains(&format!("\nPut back: {put_back}\n")), "{call}: {message}");
    }
    // What is as wide or wider is left alone, and nothing is said.
    let wide = pattern(&|one| {
        one["detail"]["eventName"].as_array_mut().unwrap().insert(0, json!("DeleteUser"));
    });
    for (id, answers) in [right(), wide].into_iter().enumerate() {
        let made = post.machine(&format!("rules-wide-{id}"), &machine(&post, account, &answers));
        let execution = post.run(&made, &event(&post, "PutRule", 10 + id));
        assert_eq!(execution["status"], "SUCCEEDED", "{execution}");
    }
    // Two that heal are the limit; those above count for nothing, nor does the third of these.
    let off = with("/Look/State", json!("DISABLED"));
    let made = post.machine("rules-limit", &machine(&post, account, &off));
    for (id, said) in [(20, "put back"), (21, "put back"), (22, "stopped itself")] {
        post.run(&made, &event(&post, "DisableRule", id));
        let notice = post.mail();
        assert!(notice["Subject"].as_str().unwrap().contains(said), "{id}: {notice}");
    }
}
