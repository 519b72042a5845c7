use super::*;
use crate::resource::BLUEPRINT_TAG;
use crate::resource::small_map::SmallMap;
use crate::resource::topic::Topic;
use crate::resource::trail::Trail;
use crate::scope::Region;
use crate::snapshot::NOT_RECORDED;

fn home() -> Place {
    let account = AccountId::new("111122223333").expect("twelve digits");
    Place::new(account, Region::new("us-east-1").expect("a region"))
}

fn arn(name: &str) -> String {
    home().arn("sns", name)
}

fn topic(owner: Option<&str>) -> Observed<LiveTopic> {
    let tags = owner.map(|name| (BLUEPRINT_TAG.to_owned(), name.to_owned()));
    Observed::Known(LiveTopic {
        topic: Topic::default(),
        subscriptions: Observed::Absent,
        tags: Observed::Known(tags.into_iter().collect()),
    })
}

fn reads(blueprint: &str, topics: &[&str]) -> ReadSet {
    ReadSet {
        blueprint: blueprint.to_owned(),
        rule_prefix: format!("ctguard-{blueprint}-"),
        topics: topics.iter().map(|name| arn(name)).collect(),
        trails: true,
        ..ReadSet::default()
    }
}

/// `mine` was named and is tagged, `found` was found by its tag, `gone` was named and is absent,
/// `theirs` was named by its ARN and belongs to nobody.
fn record() -> PlaceRecord {
    PlaceRecord {
        reads: reads("acme", &["mine", "gone", "theirs"]),
        seen: PlaceSnapshot {
            buses: BTreeMap::new(),
            place: home(),
            rules: Observed::Known(SmallMap::new()),
            topics: SmallMap::from([
                (arn("mine"), topic(Some("acme"))),
                (arn("found"), topic(Some("acme"))),
                (arn("gone"), Observed::Absent),
                (arn("theirs"), topic(None)),
            ]),
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
        },
    }
}

fn told(reads: &ReadSet) -> BTreeMap<String, &'static str> {
    let seen = place(Some(&record()), &home(), reads);
    let word = |topic: &Observed<LiveTopic>| match topic {
        Observed::Known(_) => "known",
        Observed::Absent => "absent",
        Observed::Unreadable(why) if why.code == NOT_RECORDED => "not recorded",
        Observed::Unreadable(_) => "unreadable",
    };
    let name = |arn: &String| arn.rsplit(':').next().unwrap_or_default().to_owned();
    seen.topics.iter().map(|(arn, topic)| (name(arn), word(topic))).collect()
}

#[test]
fn the_same_question_gets_what_was_seen() {
    let record = record();
    assert_eq!(place(Some(&record), &home(), &record.reads), record.seen);
}

#[test]
fn what_is_asked_for_only_now_is_not_known_and_not_absent() {
    let told = told(&reads("acme", &["mine", "found", "new"]));
    let expected = [("mine", "known"), ("found", "known"), ("new", "not recorded")];
    assert_eq!(told, expected.map(|(name, word)| (name.to_owned(), word)).into());
}

#[test]
fn what_is_no_longer_asked_for_is_told_only_when_it_carries_the_tag() {
    let expected = [("mine", "known"), ("found", "known")];
    assert_eq!(
        told(&reads("acme", &[])),
        expected.map(|(name, word)| (name.to_owned(), word)).into()
    );
}

#[test]
fn another_blueprint_learns_nothing_of_what_nobody_searched_for() {
    let asked = reads("other", &["mine", "new"]);
    let expected =
        [("mine", "known"), ("new", "not recorded"), ("ctguard-other-*", "not recorded")];
    assert_eq!(told(&asked), expected.map(|(name, word)| (name.to_owned(), word)).into());
    let seen = place(Some(&record()), &home(), &asked);
    assert!(seen.rules.unreadable().is_some(), "the rules of another blueprint are not known");
}

#[test]
fn a_place_that_is_not_in_the_file_is_unreadable_in_every_part() {
    let seen = place(None, &home(), &reads("acme", &["mine"]));
    assert!(seen.rules.unreadable().is_some() && seen.trails.unreadable().is_some());
    assert!(seen.topics[&arn("mine")].unreadable().is_some());
    let why = seen.rules.unreadable().expect("just asked");
    assert_eq!(why.remedy(), "Take a new snapshot with this blueprint.");
}

#[test]
fn a_trail_that_is_managed_only_now_has_unknown_tags() {
    let mut record = record();
    let trail = LiveTrail {
        name: "t".to_owned(),
        home_region: home().region,
        trail: Trail {
            bucket: "b".to_owned(),
            key_prefix: None,
            multi_region: true,
            organization: false,
            global_service_events: true,
            log_file_validation: true,
            kms_key: None,
        },
        insights: false,
        status: Observed::Absent,
        selectors: Observed::Absent,
        tags: Observed::Absent,
    };
    let arn = home().arn("cloudtrail", "trail/t");
    record.seen.trails = Observed::Known(SmallMap::from([(arn.clone(), trail)]));
    let tags = |record: &PlaceRecord, reads: &ReadSet| {
        place(Some(record), &home(), reads).trails.known().map(|trails| trails[&arn].tags.clone())
    };
    let unmanaged = reads("acme", &[]);
    let managed = ReadSet { managed_trail: Some("t".to_owned()), ..unmanaged.clone() };
    assert_eq!(tags(&record, &unmanaged), Some(Observed::Absent));
    assert!(tags(&record, &managed).is_some_and(|tags| tags.unreadable().is_some()));
    let untrailed = ReadSet { trails: false, ..record.reads.clone() };
    record.reads = untrailed;
    assert!(place(Some(&record), &home(), &unmanaged).trails.unreadable().is_some());
}

#[test]
fn an_account_tells_what_it_was_asked() {
    let region = home().region;
    let asked = AccountReads {
        enabled_regions: true,
        buckets: [("b".to_owned(), region.clone())].into(),
        ..AccountReads::default()
    };
    let seen = AccountSnapshot {
        roles: BTreeMap::new(),
        account: home().account,
        enabled_regions: Observed::Known(vec![region.clone()]),
        buckets: BTreeMap::from([("b".to_owned(), Observed::Absent)]),
    };
    let record = AccountRecord { reads: asked.clone(), seen: seen.clone() };
    assert_eq!(account(Some(&record), &home().account, &asked), seen);
    let other =
        AccountReads { buckets: [("c".to_owned(), region)].into(), ..AccountReads::default() };
    let told = account(Some(&record), &home().account, &other);
    assert_eq!(told.enabled_regions, Observed::Absent);
    assert!(told.buckets["c"].unreadable().is_some());
    assert!(account(None, &home().account, &asked).enabled_regions.unreadable().is_some());
}

#[test]
fn what_was_counted_is_told_of_the_rules_that_are_asked_for() {
    let mut record = record();
    let signals = RuleSignals::counted(3, 2, 1);
    for name in ["a", "b"] {
        record.reads.signals.insert(name.into());
        record.seen.signals.insert(name.into(), Observed::Known(signals));
    }
    let ask = |record, names: &[&str]| {
        let signals = names.iter().map(|name| (*name).into()).collect();
        place(record, &home(), &ReadSet { signals, ..reads("acme", &[]) }).signals
    };
    assert!(ask(Some(&record), &[]).is_empty(), "a plan is told nothing of it");
    let told = ask(Some(&record), &["a", "new"]);
    assert_eq!(told.len(), 2);
    assert_eq!(told["a"], Observed::Known(signals));
    for seen in [&told["new"], &ask(None, &["a"])["a"]] {
        assert_eq!(seen.unreadable().map(|why| why.code.as_str()), Some(NOT_RECORDED));
    }
}
