use super::format;
use crate::blueprint::builtin;
use proptest::prelude::*;

fn formatted(text: &str) -> String {
    let once = format("b.yaml", text).unwrap_or_else(|problems| panic!("{problems:?}\n{text}"));
    let again = format("b.yaml", &once).unwrap();
    assert_eq!(again, once, "formatting twice changes it again");
    once
}

#[test]
fn keys_are_put_in_order_with_their_comments() {
    let text = "\
# The alerts of acme.

routes: { high: [soc], critical: [soc] }   # who hears
# Its name is in every tag.
name: acme
version: 1


alerts:
  # Somebody hides.
  - title: Logging was stopped
    # The worst of all.
    id: stopped
    events:
      - cloudtrail:StopLogging
    why: >-
      Nothing is recorded
      # this is no comment
      after it.
    risk: high
  # The last one.
  - { title: T, id: two, risk: low, events: [ec2:CreateTags], why: \"a, b } c\" }
# The end.
";
    let wanted = "\
# The alerts of acme.

version: 1
# Its name is in every tag.
name: acme


routes: { critical: [soc], high: [soc] } # who hears

alerts:
  # Somebody hides.
  # The worst of all.
  - id: stopped
    title: Logging was stopped
    risk: high
    events:
      - cloudtrail:StopLogging
    why: >-
      Nothing is recorded
      # this is no comment
      after it.
  # The last one.
  - { id: two, title: T, risk: low, events: [ec2:CreateTags], why: \"a, b } c\" }
# The end.
";
    let seen = formatted(text);
    let squeezed = |text: &str| {
        let lines: Vec<String> =
            text.lines().filter(|line| !line.is_empty()).map(str::to_owned).collect();
        lines
    };
    assert_eq!(squeezed(&seen), squeezed(wanted), "{seen}");
}

#[test]
fn what_is_in_order_keeps_its_text() {
    let text = "\
version: 1
name: acme
regions: [eu-west-1, us-east-1]

alerts:
  - id: a # a remark
    title: \"T: one\"
    risk: high
    events: [ec2:CreateRoute]
    where:
      userIdentity.type: [Root]
      awsRegion: [eu-west-1]
";
    assert_eq!(formatted(text), text);
}

#[test]
fn conditions_keep_their_order_and_texts_are_kept_as_they_are() {
    let text = "name: acme\nversion: 1\nalerts:\n- id: a\n  title: 'it''s'\n  risk: high\n  events: [x:Y]\n  where: {b: [1.50, 007, \"yes\", 'no'], a: [{prefix: '#x'}]}\n";
    let seen = formatted(text);
    assert!(seen.find("b: [").unwrap() < seen.find("a: [{").unwrap(), "{seen}");
    for kept in ["1.50", "007", "\"yes\"", "it's"] {
        assert!(seen.contains(kept) || seen.contains("it''s"), "{kept}: {seen}");
    }
}

#[test]
fn line_ends_and_the_mark_are_kept() {
    let seen = formatted("\u{feff}name: acme\r\nversion: 1\r\n");
    assert_eq!(seen, "\u{feff}version: 1\r\nname: acme\r\n");
    assert_eq!(formatted("name: acme\nversion: 1"), "version: 1\nname: acme\n");
}

#[test]
fn directives_anchors_and_odd_comments_are_kept() {
    for head in
        ["%YAML 1.2\n---\n", "# top\n---\n# below\n", "%TAG ! tag:acme.example,2026:\n---\n"]
    {
        let text = format!("{head}name: acme\nversion: 1\n");
        let seen = formatted(&text);
        for line in head.lines() {
            assert!(seen.contains(line), "{line}: {seen}");
        }
        assert!(seen.find("version: 1") < seen.find("name: acme"), "{seen}");
    }
    let anchored = "version: 1\ndestinations:\n  q: &q { topic: q, subscribers: [] }\n  p: *q\n";
    assert_eq!(formatted(anchored), anchored);
    let odd = "version: 1\nalerts: # all\n  # first\n  - # odd\n    title: t # tt\n    # above\n    id: a\n    \
               events: # e\n      # in\n      - ec2:CreateRoute # er\n      # behind\n    # end\n  # ends\n# last\n";
    let seen = formatted(odd);
    let notes =
        ["all", "first", "odd", "tt", "above", "e", "in", "er", "behind", "end", "ends", "last"];
    for note in notes {
        assert!(seen.lines().any(|line| line.ends_with(&format!("# {note}"))), "{note}: {seen}");
    }
    // What follows the end of the document is never lost.
    let after = format("b.yaml", "name: acme\nversion: 1\n...\n# after\n");
    assert!(after.is_err() || after.unwrap().ends_with("# after\n"));
}

#[test]
fn a_comment_is_told_from_a_text() {
    for (line, wanted) in [
        ("a: b # c", Some("# c")),
        ("# c ", Some("# c")),
        ("a: 'x # y' # c", Some("# c")),
        ("a: \"x \\\" # y\"", None),
        ("a: b#c", None),
        ("a: it's # c", Some("# c")),
        ("a: [x, 'it''s # y', z] # c", Some("# c")),
        ("a: b", None),
    ] {
        assert_eq!(super::comment(line), wanted, "{line}");
    }
}

#[test]
fn what_ships_is_formatted() {
    for id in builtin::ids() {
        let text = builtin::text(id).unwrap();
        assert!(formatted(text) == text, "`ctguard fmt blueprints/{id}.yaml` changes it");
    }
    let mut folders = vec![std::path::PathBuf::from("../../examples")];
    let mut found = 0;
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                folders.push(path);
            } else if path.extension().is_some_and(|end| end == "yaml") {
                let text = std::fs::read_to_string(&path).unwrap();
                // Others than blueprints are no business of `fmt`.
                if text.contains("\nversion: 1\n") {
                    found += 1;
                    assert!(formatted(&text) == text, "`ctguard fmt` changes {}", path.display());
                }
            }
        }
    }
    assert!(found >= 3, "{found}");
}

#[test]
fn what_a_file_begins_and_ends_with_stays_there() {
    let text = "# The alerts of acme.\nname: acme\n# The version.\nversion: 1\n# The end.\n";
    let wanted = "# The alerts of acme.\n# The version.\nversion: 1\nname: acme\n# The end.\n";
    assert_eq!(formatted(text), wanted);
}

/// An anchor stands before its alias, wherever the order of keys would put it.
#[test]
fn anchors_are_formatted_and_kept_line_ends_are_told() {
    let anchor = "version: 1\nname:   acme\nalerts:\n  - id: a\n    events: &e [iam:CreateUser]\n  - id: b\n    events: *e\n";
    assert!(formatted(anchor).contains("name: acme\n"));
    let behind = "version: 1\nname:   acme\nalerts:\n  - title: &t T\n    id: *t\n";
    assert!(formatted(behind).contains("name: acme\n"), "{}", formatted(behind));
    // The formatter loses empty lines that are kept: the reason is told.
    let kept =
        "version: 1\nname:   acme\nalerts:\n  - id: a\n    next: |+\n      x\n\n\n  - id: b\n";
    let refused = format("b.yaml", kept).unwrap_err();
    assert!(refused[0].help.as_ref().unwrap().contains("`+`"), "{refused:?}");
}

#[test]
fn what_cannot_be_read_is_refused() {
    for text in ["a: [", "a: 1\na: 2\n", "- : :\n  x"] {
        assert!(format("b.yaml", text).is_err(), "{text}");
    }
}

#[test]
fn built_in_blueprints_are_formatted_and_say_the_same() {
    for id in builtin::ids() {
        let text = builtin::text(id).unwrap();
        let seen = formatted(text);
        let comments = |text: &str| {
            let mut all: Vec<String> = text
                .lines()
                .filter(|line| line.trim_start().starts_with('#'))
                .map(|line| line.trim().to_owned())
                .collect();
            all.sort();
            all
        };
        assert_eq!(comments(&seen), comments(text), "{id}");
    }
}

/// Lines of an alert, one for each key, some with a comment above.
fn alert() -> impl Strategy<Value = Vec<(bool, &'static str)>> {
    let keys = [
        "id: a",
        "title: 'T, x: }'",
        "risk: high",
        "events: [ec2:CreateRoute, 'iam:*']",
        "where: { a: ['#x', \"y, z\"], b: [{ prefix: '}' }] }",
        "except:\n    - until: 2027-01-01\n      # inner\n      reason: r\n      where: { a: [b] }",
        "why: >-\n      long\n\n      # text\n      end",
        "next: |\n      keep\n        this",
        "notify: [x]",
    ];
    Just(keys.to_vec()).prop_shuffle().prop_flat_map(|keys| {
        keys.into_iter().map(|key| (any::<bool>(), Just(key))).collect::<Vec<_>>()
    })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(200))]
    #[test]
    fn whatever_the_order_was_it_is_one_order_after(alerts in prop::collection::vec(alert(), 1..4)) {
        let mut text = String::from("alerts:\n");
        for (number, alert) in alerts.iter().enumerate() {
            for (index, (comment, line)) in alert.iter().enumerate() {
                let note = format!("# {number} {line:.5}\n").replace('\n', "");
                match (index, comment) {
                    (0, true) => text.push_str(&format!("  {note}\n  - {line}\n")),
                    (0, false) => text.push_str(&format!("  - {line}\n")),
                    (_, true) => text.push_str(&format!("    {note}\n    {line}\n")),
                    (_, false) => text.push_str(&format!("    {line}\n")),
                }
            }
        }
        text.push_str("version: 1\nname: acme\n");
        let seen = formatted(&text);
        let notes = |text: &str| {
            let mut all: Vec<String> = text.lines().map(str::trim).filter(|line| line.starts_with('#')).map(str::to_owned).collect();
            all.sort();
            all
        };
        prop_assert_eq!(notes(&seen), notes(&text));
        let order: Vec<usize> = ["version", "name", "alerts"].iter().map(|key| seen.find(&format!("\n{key}:")).map_or(0, |at| at)).collect();
        prop_assert!(order.is_sorted(), "{}", seen);
        for item in seen.split("  - id: a").skip(1) {
            let places: Vec<usize> = ["title:", "risk:", "events:", "where:", "except:", "why:", "next:", "notify:"]
                .iter().map(|key| item.find(&format!("\n    {key}")).unwrap_or(usize::MAX)).collect();
            prop_assert!(places.is_sorted(), "{}", seen);
        }
    }
}
