use super::*;
use crate::resource::Tags;
use crate::resource::small_map::SmallMap;
use crate::resource::topic::Topic;
use crate::snapshot::{CloudErrorKind, LiveTopic, RuleSignals, Unreadable};

fn place(region: &str) -> Place {
    let account = AccountId::new("111122223333").expect("twelve digits");
    Place::new(account, Region::new(region).expect("a region"))
}

fn seen(place: &Place) -> PlaceSnapshot {
    let topic = LiveTopic {
        topic: Topic::default(),
        subscriptions: Observed::Absent,
        tags: Observed::Known(Tags::new()),
    };
    PlaceSnapshot {
        buses: BTreeMap::new(),
        place: place.clone(),
        rules: Observed::Unreadable(Unreadable {
            operation: "events:ListRules".to_owned(),
            code: "AccessDeniedException".to_owned(),
            message: "no \"way\"\nin".to_owned(),
            kind: CloudErrorKind::AccessDenied,
            cause: crate::cause::Cause::default(),
        }),
        topics: [(place.arn("sns", "t"), Observed::Known(topic))].into(),
        default_bus_key: Observed::Absent,
        rules_on_bus: None,
        wildcard_rules_on_bus: None,
        stray_rules: BTreeMap::new(),
        other_rules: BTreeMap::new(),
        queues: SmallMap::new(),
        functions: BTreeMap::new(),
        trails: Observed::Known(SmallMap::new()),
        keys: BTreeMap::new(),
        signals: SmallMap::new(),
        machines: BTreeMap::new(),
        executions: BTreeMap::new(),
    }
}

fn recording() -> Recording {
    let home = place("us-east-1");
    let reads = ReadSet { trails: true, ..ReadSet::default() };
    let account = AccountRecord {
        reads: AccountReads { enabled_regions: true, ..AccountReads::default() },
        seen: AccountSnapshot {
            roles: BTreeMap::new(),
            account: home.account.clone(),
            enabled_regions: Observed::Known(vec![home.region.clone()]),
            buckets: BTreeMap::new(),
        },
    };
    let places = [place("us-east-1"), place("eu-west-1")];
    Recording {
        organization: None,
        blueprint: "acme".to_owned(),
        caller: Caller {
            account: home.account.clone(),
            arn: "arn:aws:iam::111122223333:user/you".to_owned(),
        },
        as_of: jiff::civil::date(2026, 11, 22),
        accounts: [(home.account.clone(), account)].into(),
        places: places
            .into_iter()
            .map(|place| (place.clone(), PlaceRecord { reads: reads.clone(), seen: seen(&place) }))
            .collect(),
    }
}

fn text(recording: &Recording) -> String {
    let mut out = Vec::new();
    recording.write(&mut out).expect("memory takes everything");
    String::from_utf8(out).expect("JSON is UTF-8")
}

fn read(text: &str) -> Result<Recording, String> {
    Recording::read(&mut text.as_bytes()).map_err(|error| error.to_string())
}

#[test]
fn a_file_holds_a_line_for_each_account_and_place_in_order() {
    let text = text(&recording());
    let lines: Vec<&str> = text.lines().collect();
    assert_eq!(lines.len(), 4);
    for (line, begin) in lines.iter().zip([
        r#"{"ctguard_snapshot":1,"#,
        r#"{"account":{"reads":"#,
        r#"{"place":{"reads":"#,
        r#"{"place":{"reads":"#,
    ]) {
        assert!(line.starts_with(begin), "{line}");
    }
    assert!(lines[2].contains(r#""region":"eu-west-1""#), "the places are not in order");
    assert_eq!(read(&text), Ok(recording()));
}

#[test]
fn what_is_no_whole_snapshot_is_refused_with_the_reason() {
    let whole = text(&recording());
    let lines: Vec<&str> = whole.lines().collect();
    let without = |left_out: usize| {
        let kept = lines.iter().enumerate().filter(|(at, _)| *at != left_out);
        kept.map(|(_, line)| format!("{line}\n")).collect::<String>()
    };
    let with = |more: &str| format!("{whole}{more}\n");
    for (text, reason) in [
        (String::new(), "it is empty"),
        ("hello\n".to_owned(), "its first line is not JSON"),
        ("{}\n".to_owned(), "no `ctguard_snapshot`"),
        (without(0), "no `ctguard_snapshot`"),
        (whole.replace("snapshot\":1", "snapshot\":2"), "it has format version 2"),
        (whole.replace("2026-11-22", "yesterday"), "line 1: as_of: `yesterday` is not a date"),
        (without(1), "it holds 0 of 1 accounts"),
        (without(3), "it holds 1 of 2 places"),
        (whole[..whole.len() - 20].to_owned(), "line 4: "),
        (with(lines[3]), "line 5: place 111122223333/us-east-1 is there a second time"),
        (with(lines[1]), "line 5: account 111122223333 is there a second time"),
        (with(""), "line 5: "),
        (with(r#"{"rumour":{}}"#), "line 5: unknown variant `rumour`"),
        (with(r#"{"place":{"reads":{},"seen":{},"more":1}}"#), "line 5: "),
        (whole.replacen("}\n{\"account", "} x\n{\"account", 1), "its first line is not JSON"),
        (
            whole.replacen("111122223333", "1111", 1),
            "line 1: caller.account: `1111` is not a 12-digit",
        ),
        (format!("{}{}", lines[0], "[".repeat(100_000)), "its first line is not JSON"),
    ] {
        let error = read(&text).expect_err(reason);
        assert!(error.contains(reason), "{reason}: {error}");
    }
    let not_utf8 = [lines[0].as_bytes(), b"\n\xff\xfe\n"].concat();
    assert!(Recording::read(&mut not_utf8.as_slice()).is_err());
}

#[test]
fn a_second_reading_adds_to_the_first() {
    let home = place("us-east-1");
    let nothing = PlaceSnapshot {
        rules: Observed::Known(SmallMap::new()),
        topics: SmallMap::new(),
        ..seen(&home)
    };
    let mut record = PlaceRecord { reads: ReadSet::default(), seen: nothing };
    let topics = BTreeSet::from([home.arn("sns", "t")]);
    let reads = ReadSet { rule_prefix: "ctguard-acme-".to_owned(), topics, ..ReadSet::default() };
    record.join(PlaceRecord { reads: reads.clone(), seen: seen(&home) });
    assert_eq!(record, PlaceRecord { reads, seen: seen(&home) });
}

#[test]
fn a_file_from_before_anything_was_counted_is_read() {
    let old = text(&recording());
    assert!(!old.contains("signals"), "nobody asked, so nothing is written");
    let home = place("us-east-1");
    let asked = BTreeSet::from(["r".into()]);
    let reads = ReadSet { signals: asked, ..ReadSet::default() };
    let mut seen = seen(&home);
    seen.signals.insert("r".into(), Observed::Known(RuleSignals::counted(1, 0, 0)));
    let mut recording = recording();
    let before = recording.places[&home].clone();
    recording.places.get_mut(&home).unwrap().join(PlaceRecord { reads, seen: seen.clone() });
    let joined = &recording.places[&home];
    assert_eq!(joined.seen.signals, seen.signals);
    assert_eq!(joined.seen.rules, before.seen.rules, "counting reads nothing else");
    assert_eq!(read(&text(&recording)), Ok(recording));
}
