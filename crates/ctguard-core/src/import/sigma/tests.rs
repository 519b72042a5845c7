//! Rules of Sigma against what became of them, on events made from the rules.

mod evaluate;
mod events;
mod less;

use super::super::{Around, Import, SourceFile, finish};
use super::sigma;
use crate::blueprint::load_text;
use crate::offline;
use eventbridge_pattern::{Pattern, cloudtrail};
use events::{Maker, Seed};
use jiff::civil::{Date, date};
use proptest::prelude::*;
use serde::Deserialize;
use serde_json::Value;
use serde_yaml::Value as Yaml;

const AS_OF: Date = date(2026, 11, 22);

const CORPUS: &str = include_str!("corpus.yml");

fn import(text: &str) -> Import {
    let file = SourceFile { name: "rules.yml".to_owned(), text: text.to_owned() };
    let around = Around { name: "imported", email: "secops@acme.example", alerts_only: false };
    finish(sigma(&[file]), &around, AS_OF)
}

/// The patterns of each alert, in order.
fn patterns(import: &Import) -> Vec<Vec<Pattern>> {
    let loaded = load_text("import.yaml", &import.blueprint, None, AS_OF);
    let loaded = offline::checked(loaded, AS_OF);
    let blueprint = loaded.blueprint.unwrap_or_else(|| panic!("{:#?}", loaded.diagnostics));
    let rules = offline::rules(&blueprint, AS_OF).unwrap();
    let of = |alert| rules.iter().filter(move |rule| rule.alert == alert);
    (0..blueprint.alerts.len())
        .map(|alert| of(alert).map(|r| r.pattern.clone()).collect())
        .collect()
}

fn documents(text: &str) -> Vec<Yaml> {
    serde_yaml::Deserializer::from_str(text).map(|one| Yaml::deserialize(one).unwrap()).collect()
}

/// Tries records made from a rule; says how many it matches, and how many it does not.
fn agree(
    rule: &Yaml,
    patterns: &[Pattern],
    notes: &[String],
    tries: u64,
) -> Result<(usize, usize), String> {
    let maker = Maker::of(rule, notes);
    let (mut matched, mut others) = (0, 0);
    for number in 0..tries {
        let record = maker.record(&mut Seed::new(number));
        let wanted = evaluate::matches(rule, &record);
        let event: Value = cloudtrail::envelope(record);
        let got = patterns.iter().any(|pattern| pattern.matches(&event));
        if wanted != got {
            let shown: Vec<String> = patterns.iter().map(Pattern::to_json).collect();
            return Err(format!("Sigma: {wanted}, the alert: {got}\n{rule:?}\n{event}\n{shown:?}"));
        }
        matched += usize::from(wanted);
        others += usize::from(!wanted);
    }
    Ok((matched, others))
}

#[test]
fn every_rule_of_the_corpus_raises_its_alert_exactly_when_sigma_does() {
    let import = import(CORPUS);
    assert_eq!(import.refused, []);
    let rules = documents(CORPUS);
    assert!(rules.len() >= 60);
    let all = patterns(&import);
    assert_eq!(all.len(), rules.len());
    let mut wrong = Vec::new();
    for ((rule, patterns), brought) in rules.iter().zip(&all).zip(&import.alerts) {
        match agree(rule, patterns, &brought.notes, 400) {
            Ok((matched, others)) if matched > 0 && others > 0 => {}
            Ok(tried) => wrong.push(format!("{tried:?} {rule:?}")),
            Err(why) => wrong.push(why),
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n\n"));
}

/// Rules of somebody else, which are not in this repository: those of SigmaHQ, for example.
///
/// `CTGUARD_SIGMA_RULES=sigma/rules/cloud/aws cargo test -p ctguard-core --lib import::sigma -- --ignored`
/// prints what comes over, and fails where an alert and Sigma disagree or fewer than 50 come over whole.
#[test]
#[ignore = "needs CTGUARD_SIGMA_RULES, a folder of rules"]
fn rules_of_a_folder_raise_their_alerts_exactly_when_sigma_does() {
    let folder = std::env::var("CTGUARD_SIGMA_RULES").expect("CTGUARD_SIGMA_RULES");
    let mut folders = vec![std::path::PathBuf::from(folder)];
    let mut files = Vec::new();
    while let Some(next) = folders.pop() {
        for entry in std::fs::read_dir(&next).expect("a folder") {
            let path = entry.expect("an entry").path();
            match path.extension().and_then(|end| end.to_str()) {
                _ if path.is_dir() => folders.push(path),
                Some("yml" | "yaml") => files.push(path),
                _ => {}
            }
        }
    }
    files.sort();
    let (mut whole, mut wrong) = (0, Vec::new());
    for path in files {
        let text = std::fs::read_to_string(&path).expect("a rule");
        let import = import(&text);
        for one in &import.refused {
            println!("not imported: {}: {}", path.display(), one.reason);
        }
        let rules = documents(&text);
        if !import.refused.is_empty() || rules.len() != import.alerts.len() {
            continue;
        }
        for ((rule, patterns), brought) in rules.iter().zip(&patterns(&import)).zip(&import.alerts)
        {
            match agree(rule, patterns, &brought.notes, 400) {
                Ok(_) => whole += 1,
                Err(why) => wrong.push(format!("{}: {why}", path.display())),
            }
        }
    }
    println!("{whole} came over whole");
    assert!(wrong.is_empty(), "{}", wrong.join("\n\n"));
    assert!(whole >= 50, "{whole}");
}

#[track_caller]
fn refused(detection: &str, reason: &str) {
    let text = format!(
        "title: Made\nlogsource: {{ product: aws, service: cloudtrail }}\ndetection:\n{detection}"
    );
    let import = import(&text);
    assert!(import.alerts.is_empty() && !import.complete, "{detection}");
    let [one] = import.refused.as_slice() else { panic!("{:?}", import.refused) };
    assert!(one.reason.contains(reason), "{}", one.reason);
    assert_eq!((one.from.rule.as_str(), one.from.line), ("Made", Some(1)));
}

#[test]
fn what_eventbridge_cannot_decide_is_refused_with_the_reason() {
    let name = "  s: { eventName: CreateUser, eventSource: iam.amazonaws.com }\n";
    let with = |more: &str| format!("{name}{more}");
    refused(&with("  condition: s | count() > 5\n"), "over time");
    refused(&with("  timeframe: 5m\n  condition: s\n"), "span of time");
    refused(&with("  condition: s and t\n"), "names `t`");
    refused(&with("  condition: 1 of t_*\n"), "t_*");
    refused(&with("  condition: 2 of s*\n"), "2 of");
    refused(name, "no `condition`");
    refused("  s: [one, two]\n  condition: s\n", "keywords");
    refused("  s: { '|all': [one, two] }\n  condition: s\n", "keywords");
    refused("  s: { a|fieldref: b }\n  condition: s\n", "two fields");
    refused("  s: { a|expand: '%b%' }\n  condition: s\n", "another tool");
    refused("  s: { a|base64: b }\n  condition: s\n", "encoded");
    refused("  s: { a|newer: b }\n  condition: s\n", "not known");
    refused("  s: { a|re: '[a-z]+\\d' }\n  condition: s\n", "regular expressions");
    refused("  s: { userName: 'a?c' }\n  condition: s\n", "one character");
    refused("  s: { requestParameters|contains: x }\n  condition: s\n", "is an object");
    refused("  s: { a: [] }\n  condition: s\n", "no value");
    refused("  s: {}\n  condition: s\n", "empty");
    refused("  s: { a: !x b }\n  condition: s\n", "cannot be read");
    refused("  s: { a: 1, a: 2 }\n  condition: s\n", "twice");
    refused("  s: { 'a b': 1 }\n  condition: s\n", "not the path");
    refused("  s: { eventName: '*' }\n  condition: not s\n", "exclude each other");
    let both = "  s: { eventName: A, eventSource: x.amazonaws.com }\n  t: { eventName: B }\n";
    refused(&format!("{both}  condition: s and t\n"), "exclude each other");
    let wild = "  s: { a|contains: b }\n  t: { a|contains: c }\n  condition: s and not t\n";
    refused(wild, "no operator");
    refused("  s: { a|re: '.+b' }\n  t: { eventName: X }\n  condition: t and not s\n", "left out");
}

#[test]
fn rules_of_others_and_documents_that_are_none_are_listed() {
    let text = "title: On Windows\nlogsource: { product: windows }\ndetection: { condition: s }\n\
                ---\ntitle: Often\ncorrelation: { type: event_count }\n\
                ---\ntitle: But these\nfilter: { rules: [x], selection: { a: b } }\n\
                ---\ntitle: Nothing\nlogsource: { product: aws, service: cloudtrail }\n";
    let import = import(text);
    let told: Vec<(&str, Option<usize>)> =
        import.refused.iter().map(|one| (one.from.rule.as_str(), one.from.line)).collect();
    let wanted = [("On Windows", 1), ("Often", 5), ("But these", 8), ("Nothing", 11)];
    assert_eq!(told, wanted.map(|(rule, line)| (rule, Some(line))));
    assert!(import.refused[0].reason.contains("product: windows"));
    let broken = super::super::finish(
        sigma(&[SourceFile { name: "x.yml".to_owned(), text: "a: [".to_owned() }]),
        &Around { name: "imported", email: "a@acme.example", alerts_only: true },
        AS_OF,
    );
    assert!(broken.refused[0].reason.contains("not YAML"), "{:?}", broken.refused);
}

#[test]
fn texts_risk_and_techniques_come_over() {
    let text = "title: Somebody stops a trail, somewhere\nid: 0b4f\nauthor: Ann\n\
        description: |\n  Trails are\n  evidence.\nlevel: informational\n\
        references: [https://acme.example/a, http://acme.example/b]\n\
        tags: [attack.defense-evasion, attack.t1562.008, attack.t1562, cve.2024-1]\n\
        falsepositives: [Unknown, A test of the alarm.]\n\
        logsource: { product: aws, service: cloudtrail }\n\
        detection:\n  s: { eventSource: cloudtrail.amazonaws.com, eventName: StopLogging }\n  condition: s\n";
    let import = import(text);
    let loaded = load_text("import.yaml", &import.blueprint, None, AS_OF);
    let alert = &loaded.blueprint.unwrap().alerts[0];
    assert_eq!(alert.id, "somebody-stops-a-trail");
    assert_eq!(alert.title, "Somebody stops a trail, somewhere");
    assert_eq!(alert.risk.as_str(), "low");
    assert_eq!(alert.why, "Trails are evidence.");
    assert!(alert.next.ends_with("Known false alarms: A test of the alarm."), "{}", alert.next);
    assert_eq!(alert.sources, ["https://acme.example/a"]);
    assert_eq!(alert.attack, ["T1562.008", "T1562"]);
    let from = &import.alerts[0].from;
    assert_eq!((from.id.as_deref(), from.author.as_deref()), (Some("0b4f"), Some("Ann")));
    assert!(import.alerts[0].notes[0].contains("http://acme.example/b"));
    assert!(import.blueprint.contains("# From rules.yml:1: Somebody stops"));
}

#[test]
fn names_that_are_never_logged_are_told_with_the_right_one() {
    let import = import(CORPUS);
    let notes = |title: &str| {
        let brought = import.alerts.iter().find(|one| one.from.rule == title).unwrap();
        brought.notes.join("\n")
    };
    assert!(
        notes("A name of another service").contains("route53domains:DisableDomainTransferLock")
    );
    let otherwise = notes("A name that is written otherwise");
    assert!(otherwise.contains("lambda:AddPermission20150331v2"), "{otherwise}");
    assert!(notes("A name that nobody knows").contains("OpenTheGates"));
    assert!(notes("A name of several services").contains("s3:DeleteBucket"));
    let letters = notes("An agent by a part");
    assert!(letters.contains("letter by letter"), "{letters}");
    assert!(!notes("A trail stops").contains("letter"));
    // The right one is asked for, too.
    let all = patterns(&import);
    let at = import.alerts.iter().position(|one| one.from.rule == "A name of another service");
    let event = cloudtrail::envelope(serde_json::json!({
        "eventSource": "route53domains.amazonaws.com",
        "eventName": "DisableDomainTransferLock",
        "eventType": "AwsApiCall",
    }));
    assert!(all[at.unwrap()].iter().any(|pattern| pattern.matches(&event)));
}

/// A rule about one event and one more condition.
fn with_condition(condition: &str, negated: bool) -> Import {
    let end = if negated { "s and not t" } else { "s and t" };
    import(&format!(
        "title: Made\nlogsource: {{ product: aws, service: cloudtrail }}\ndetection:\n  \
         s: {{ eventSource: iam.amazonaws.com, eventName: CreateUser }}\n  t: {{ {condition} }}\n  \
         condition: {end}\n"
    ))
}

#[test]
fn a_part_of_a_text_is_taken_in_its_usual_spellings_and_only_in_part() {
    let takes = |import: &Import, agent: &str| {
        let event = cloudtrail::envelope(serde_json::json!({
            "eventSource": "iam.amazonaws.com",
            "eventName": "CreateUser",
            "eventType": "AwsApiCall",
            "userAgent": agent,
        }));
        patterns(import)[0].iter().any(|pattern| pattern.matches(&event))
    };
    let taken = with_condition("userAgent|contains: TruffleHog", false);
    assert!(taken.alerts[0].partly && taken.complete);
    assert!(taken.blueprint.contains("It comes over in part"), "{}", taken.blueprint);
    for agent in ["x TruffleHog/3", "trufflehog", "aTrufflehogb"] {
        assert!(takes(&taken, agent), "{agent}");
    }
    assert!(!takes(&taken, "TRUFFLEHOG") && !takes(&taken, "truffle hog"));
    let note = taken.alerts[0].notes.join("\n");
    assert!(note.contains("and as `*trufflehog*`, `*Trufflehog*`:"), "{note}");

    // What is left out too little raises the alert: nothing is lost.
    let left = with_condition("userAgent|contains: terraform", true);
    assert!(!left.alerts[0].partly);
    assert!(!takes(&left, "HashiCorp Terraform/1.9") && takes(&left, "terraForm"));

    // Ends have an operator that ignores case, and names have one spelling.
    for whole in ["userAgent|startswith: Truffle", "userIdentity.type|contains: root", "eventID: x"]
    {
        assert!(!with_condition(whole, false).alerts[0].partly, "{whole}");
    }
    // Of several that must all be there no spelling is promised that is not asked for.
    let all = with_condition("userAgent|contains|all: [Alpha, Beta]", false);
    let note = all.alerts[0].notes.join("\n");
    assert!(all.alerts[0].partly && !note.contains("and as"), "{note}");
    // As many spellings as EventBridge takes wildcards.
    let many = with_condition("userAgent|contains: [alpha, beta, gamma]", false);
    let text = &many.alerts[0];
    assert!(text.partly && many.refused.is_empty());
    let loaded = load_text("import.yaml", &many.blueprint, None, AS_OF);
    assert!(loaded.diagnostics.iter().all(|one| one.code != "wildcards-complex"));
}

#[test]
fn what_can_never_be_is_told() {
    let notes = |condition: &str, negated| {
        let import = with_condition(condition, negated);
        import.alerts[0].notes.join("\n")
    };
    let never = notes("userIdentity.type: Service", true);
    assert!(never.contains("never `Service`, so nothing is left out"), "{never}");
    let text = "title: Made\nlogsource: { product: aws, service: cloudtrail }\ndetection:\n  \
                s: { eventSource: ssm.amazonaws.com, eventName: SendCommand, \
                responseElements.command.status: Success }\n  condition: s\n";
    let sent = import(text);
    assert!(sent.alerts[0].notes.join("\n").contains("is then `Pending`"));
    let event = |sources: &str, name: &str| {
        let text = format!(
            "title: Made\nlogsource: {{ product: aws, service: cloudtrail }}\ndetection:\n  \
             s: {{ eventSource: {sources}, eventName: {name} }}\n  condition: s\n"
        );
        let import = import(&text);
        (import.alerts[0].notes.join("\n"), import.blueprint)
    };
    // A slip within the service is no call of another one.
    let (note, text) = event("lightsail.amazonaws.com", "StartInstances");
    assert!(note.contains("did you mean lightsail:StartInstance?"), "{note}");
    assert!(!text.contains("ec2:StartInstances"), "{text}");
    let (note, _) = event("[sso.amazonaws.com, sso-admin.amazonaws.com]", "CreatePermissionSet");
    assert!(note.contains("log events as `sso-admin.amazonaws.com`"), "{note}");
}

#[test]
fn documents_share_what_is_said_for_all_of_them() {
    let text = "action: global\ntitle: Keys\nlevel: high\n\
        logsource: { product: aws, service: cloudtrail }\n\
        detection: { base: { eventSource: iam.amazonaws.com } }\n\
        ---\ndetection: { s: { eventName: CreateAccessKey }, condition: base and s }\n\
        ---\ntitle: Users\ndetection: { s: { eventName: CreateUser }, condition: base and s }\n";
    let import = import(text);
    assert_eq!(import.refused, []);
    let ids: Vec<&str> = import.alerts.iter().map(|one| one.alert.as_str()).collect();
    assert_eq!(ids, ["keys", "users"]);
    assert!(import.blueprint.contains("- iam:CreateUser"), "{}", import.blueprint);
}

/// Detections of a few fields with modifiers, negated and combined.
fn rule() -> impl Strategy<Value = String> {
    use prop::sample::select;
    let field = select(vec![
        "userAgent",
        "userIdentity.type",
        "errorCode",
        "requestParameters.userName",
        "sourceIPAddress",
    ]);
    let modifier = select(vec!["", "", "|contains", "|startswith", "|endswith", "|cased", "|neq"]);
    let value =
        select(vec!["'ab'", "'Root'", "AssumedRole", "'b*a'", "''", "aws", "'a\\*'", "null"]);
    let values = prop::collection::vec(value, 1..3);
    let entry = (field, modifier, values).prop_map(|(field, modifier, values)| {
        let plain = modifier.is_empty() || modifier == "|neq";
        let kept: Vec<&str> = values.into_iter().filter(|one| plain || *one != "null").collect();
        let kept = if kept.is_empty() { vec!["x"] } else { kept };
        format!("    {field}{modifier}: [{}]\n", kept.join(", "))
    });
    let part = prop::collection::vec(entry, 1..3).prop_map(|mut entries| {
        let key = |entry: &String| entry.split(':').next().map(str::to_owned);
        entries.sort_by_key(key);
        entries.dedup_by_key(|entry| key(entry));
        entries.concat()
    });
    let condition = select(vec![
        "base and sel_a",
        "base and not sel_a",
        "base and 1 of sel_*",
        "base and not 1 of sel_*",
        "base and all of sel_*",
        "base and not all of sel_*",
        "base and (sel_a or not sel_b)",
        "base and sel_a and not sel_b",
    ]);
    (part.clone(), part, condition).prop_map(|(a, b, condition)| {
        format!(
            "title: Made\nlogsource: {{ product: aws, service: cloudtrail }}\ndetection:\n  base:\n    \
             eventSource: iam.amazonaws.com\n    eventName: [CreateUser, DeleteUser]\n  sel_a:\n{a}  \
             sel_b:\n{b}  condition: {condition}\n"
        )
    })
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 24, ..ProptestConfig::default() })]

    #[test]
    fn made_rules_raise_their_alerts_exactly_when_sigma_does(text in rule()) {
        let import = import(&text);
        let rules = documents(&text);
        match import.alerts.as_slice() {
            [brought] => {
                let tried = agree(&rules[0], &patterns(&import)[0], &brought.notes, 120);
                prop_assert!(tried.is_ok(), "{}", tried.unwrap_err());
            }
            _ => {
                let reason = &import.refused[0].reason;
                let known = ["exclude each other", "no operator", "rule each other out", "overlap",
                    "inverted", "cannot be expressed", "characters", "wildcards are too complex"];
                prop_assert!(known.iter().any(|one| reason.contains(one)), "{reason}");
            }
        }
    }
}
