//! A law: the state machine finds event selectors narrow where a plan does, and widens them alike.

use ctguard_core::blueprint::Format;
use ctguard_core::heal::{HealInput, definition};
use ctguard_core::mail::evaluated;
use ctguard_core::resource::Tags;
use ctguard_core::resource::trail::{
    AdvancedSelector, BasicSelector, DataResource, FieldSelector, ManagementNeeds, ReadWrite,
    Selectors, Trail,
};
use ctguard_sandbox::deliver::selectors;
use proptest::prelude::*;
use serde_json::{Value, json};

/// What the state machine makes of selectors: whether they are narrow, and what to put then.
fn found(now: &Selectors, needs: ManagementNeeds) -> Value {
    let trail = Trail {
        bucket: "logs".to_owned(),
        key_prefix: None,
        multi_region: true,
        organization: false,
        global_service_events: true,
        log_file_validation: true,
        kms_key: None,
    };
    let text = definition(&HealInput {
        blueprint: "acme",
        place: &super::home(),
        account: None,
        trail_name: "main",
        trail: &trail,
        needs,
        tags: &Tags::new(),
        limit: 3,
        format: Format::Mail,
        dead_letter_queue: "https://sqs.us-east-1.amazonaws.com/111122223333/q",
    });
    let machine: Value = serde_json::from_str(&text).unwrap();
    let begun = machine["States"]["Begin"]["Assign"].as_object().unwrap().clone();
    let states = json!({ "result": selectors::told(now) });
    let variables: Vec<_> = begun.into_iter().chain([("states".to_owned(), states)]).collect();
    evaluated(&machine["States"]["Selectors"]["Assign"]["selectors"], &variables).unwrap()
}

fn texts(among: &'static [&'static str]) -> impl Strategy<Value = Vec<String>> {
    proptest::sample::subsequence(among, 0..=1)
        .prop_map(|list| list.into_iter().map(str::to_owned).collect())
}

fn field() -> impl Strategy<Value = FieldSelector> {
    const VALUES: &[&str] = &[
        "Management",
        "Data",
        "true",
        "false",
        "kms.amazonaws.com",
        "rdsdata.amazonaws.com",
        "ec2",
    ];
    let names = ["eventCategory", "eventCategory", "readOnly", "eventSource", "eventName"];
    let name = proptest::sample::select(names.to_vec());
    (name, texts(VALUES), texts(VALUES), texts(VALUES), texts(VALUES), texts(VALUES)).prop_map(
        |(field, equals, not_equals, starts_with, not_ends_with, ends_with)| FieldSelector {
            field: field.to_owned(),
            equals,
            not_equals,
            starts_with,
            not_starts_with: Vec::new(),
            ends_with,
            not_ends_with,
        },
    )
}

fn drawn() -> impl Strategy<Value = Selectors> {
    let management = Just(FieldSelector {
        field: "eventCategory".to_owned(),
        equals: vec!["Management".to_owned()],
        ..FieldSelector::default()
    });
    let fields = (management, proptest::collection::vec(field(), 0..3), any::<bool>()).prop_map(
        |(management, fields, first)| {
            first.then_some(management).into_iter().chain(fields).collect::<Vec<_>>()
        },
    );
    let advanced = (proptest::option::of("[a-z]{1,3}"), fields)
        .prop_map(|(name, fields)| AdvancedSelector { name, fields });
    let kinds = [ReadWrite::All, ReadWrite::ReadOnly, ReadWrite::WriteOnly];
    let excluded = texts(&["kms.amazonaws.com", "rdsdata.amazonaws.com"]);
    let basic = (proptest::sample::select(kinds.to_vec()), any::<bool>(), excluded, any::<bool>())
        .prop_map(|(read_write, management_events, exclude_management_sources, data)| {
            let resource = DataResource {
                resource_type: "AWS::S3::Object".to_owned(),
                values: vec!["arn:aws:s3".to_owned()],
            };
            BasicSelector {
                read_write,
                management_events,
                exclude_management_sources,
                data_resources: data.then_some(resource).into_iter().collect(),
            }
        });
    prop_oneof![
        proptest::collection::vec(advanced, 1..4).prop_map(Selectors::Advanced),
        proptest::collection::vec(basic, 1..4).prop_map(Selectors::Basic),
    ]
}

proptest! {
    #[test]
    fn selectors_are_narrow_and_widened_as_a_plan_has_it(
        now in drawn(),
        (read, kms, rds_data) in any::<(bool, bool, bool)>(),
    ) {
        let needs = ManagementNeeds { read, write: true, kms, rds_data };
        let found = found(&now, needs);
        let wide = now.widened(needs);
        prop_assert_eq!(found["narrow"].as_bool(), Some(wide.is_some()), "{:?}", now);
        if let Some(wide) = wide {
            let put = &found["put"];
            let named = "arn:aws:cloudtrail:us-east-1:111122223333:trail/main";
            prop_assert_eq!(&put["TrailName"], named);
            prop_assert_eq!(selectors::read(put), Ok(wide), "{:?}", now);
        }
    }
}
