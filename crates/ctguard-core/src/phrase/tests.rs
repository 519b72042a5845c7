use super::*;
use proptest::prelude::*;
use serde_json::json;

fn place(account: &str, region: &str) -> Place {
    let account = AccountId::new(account).expect("twelve digits");
    Place::new(account, Region::new(region).expect("a region"))
}

fn here() -> Place {
    place("111122223333", "us-east-1")
}

#[test]
fn a_name_counts_where_it_stands_alone() {
    for (text, anonymous) in [
        ("arn:aws:sns:us-east-1:111122223333:ops", "arn:aws:sns:{region}:{account}:ops"),
        ("it logs in us-east-1 only", "it logs in {region} only"),
        ("Run it in us-east-1.", "Run it in {region}."),
        ("AWSLogs/111122223333/*", "AWSLogs/{account}/*"),
        ("111122223333/us-east-1", "{account}/{region}"),
        // What AWS and its users make one of for each account or region.
        (
            "https://sqs.us-east-1.amazonaws.com/111122223333/q",
            "https://sqs.{region}.amazonaws.com/{account}/q",
        ),
        ("logs-111122223333", "logs-{account}"),
        ("logs-111122223333-us-east-1", "logs-{account}-{region}"),
        ("logs-111122223333-us-east-1-b", "logs-{account}-{region}-b"),
        // Names that are the same everywhere.
        (
            "arn:aws:sns:us-east-1:111122223333:ops-us-east-1",
            "arn:aws:sns:{region}:{account}:ops-us-east-1",
        ),
        ("rule/ctguard-acme-us-east-1-logins", "rule/ctguard-acme-us-east-1-logins"),
        (
            "target ctguard-acme.111122223333.us-east-1",
            "target ctguard-acme.111122223333.us-east-1",
        ),
        ("ops.us-east-1@example.com", "ops.us-east-1@example.com"),
        ("us-east-1a", "us-east-1a"),
        ("x111122223333", "x111122223333"),
        ("logs-111122223333-us-east-1a", "logs-{account}-us-east-1a"),
        ("eu-west-1", "eu-west-1"),
    ] {
        let phrase = Phrase::new(text, &PlaceNames::of(&here()));
        assert_eq!(phrase.anonymous(), anonymous);
        assert_eq!(phrase.render(&PlaceNames::of(&here())), text);
    }
}

#[test]
fn what_differs_stays_open_and_what_is_shared_is_said() {
    let (here, there) = (here(), place("111122223333", "eu-west-1"));
    let text = |place: &Place| place.arn("sns", "ops");
    let phrase = |place: &Place| Phrase::new(&text(place), &PlaceNames::of(place));
    assert_eq!(phrase(&here), phrase(&there));
    let both = PlaceNames::of_places([&here, &there]).in_common();
    assert_eq!(phrase(&there).render(&both), "arn:aws:sns:{region}:111122223333:ops");
    let account = |place: &Place| {
        let names = PlaceNames::of(place).one_per(Granularity::Account);
        Phrase::new(&text(place), &names)
    };
    assert_ne!(account(&here), account(&there), "each account has one");
}

#[test]
fn global_is_no_name_of_a_region() {
    let global = Place::new(here().account, Region::global());
    let phrase = Phrase::new("the global endpoint", &PlaceNames::of(&global));
    assert_eq!(phrase, Phrase::literal("the global endpoint"));
}

#[test]
fn the_strings_of_json_are_searched_as_they_are_and_not_as_they_are_written() {
    let value =
        json!({ "us-east-1": ["line\nus-east-1", { "n": 1, "q": "\"us-east-1\"", "no": null }] });
    let phrase = Phrase::of_json(&value, &PlaceNames::of(&here()));
    let elsewhere = phrase.render(&PlaceNames::of(&place("111122223333", "eu-west-1")));
    let expected = value.to_string().replace("us-east-1", "eu-west-1");
    assert_eq!(elsewhere, expected);
    assert_eq!(phrase.render(&PlaceNames::of(&here())), value.to_string());
}

fn texts() -> impl Strategy<Value = String> {
    let piece = prop_oneof![
        Just("HERE-REGION"),
        Just("HERE-ACCOUNT"),
        Just("eu-west-1"),
        Just("999988887777"),
        Just("logs-"),
        Just("-"),
        Just(":"),
        Just("."),
        Just(" "),
        Just("/"),
        Just("a"),
        Just(".amazonaws.com"),
        Just("ü"),
        Just("{"),
    ];
    proptest::collection::vec(piece, 0..12).prop_map(|pieces| pieces.concat())
}

proptest! {
    #[test]
    fn what_was_rendered_reads_as_the_same_phrase(
        text in texts(),
        places in proptest::collection::vec((0usize..2, 0usize..2), 1..4),
    ) {
        let accounts = ["111122223333", "444455556666"];
        let regions = ["us-east-1", "ap-south-1"];
        let places: Vec<Place> =
            places.iter().map(|(a, r)| place(accounts[*a], regions[*r])).collect();
        let of = |place: &Place| {
            let text = text.replace("HERE-REGION", place.region.as_str());
            let text = text.replace("HERE-ACCOUNT", place.account.as_str());
            Phrase::new(&text, &PlaceNames::of(place))
        };
        let first = of(&places[0]);
        let alike: Vec<&Place> = places.iter().filter(|place| of(place) == first).collect();
        let names = PlaceNames::of_places(alike.iter().copied());
        let read = Phrase::new(&first.render(&names), &names.clone().in_common());
        prop_assert_eq!(&read, &first);
        prop_assert_eq!(read.cmp(&first), Ordering::Equal);
    }

    #[test]
    fn phrases_are_equal_when_their_texts_without_names_are(one in texts(), other in texts()) {
        let here = here();
        let of = |text: &str| {
            let text = text.replace("HERE-REGION", "us-east-1").replace("HERE-ACCOUNT", "111122223333");
            Phrase::new(&text, &PlaceNames::of(&here))
        };
        let (one, other) = (of(&one), of(&other));
        prop_assert_eq!(one == other, one.anonymous() == other.anonymous());
        prop_assert_eq!(one.cmp(&other), one.anonymous().cmp(&other.anonymous()));
    }
}
