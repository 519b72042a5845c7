//! What is too large for one pattern is cut into several that share no event.

use super::*;

#[test]
fn too_many_events_are_cut_into_patterns_that_share_none() {
    let events: Vec<EventRef> =
        (0..200).map(|n| api(&format!("ec2:SomeRatherLongEventName{n:03}"))).collect();
    let ask = Ask { events: events.clone(), ..Ask::default() };
    let compiled = ask.compile().expect("it compiles");
    assert!(compiled.len() > 1);
    assert!(compiled.iter().all(|part| part.json.len() <= EVENT_PATTERN_MAX_CHARS));
    let parts: Vec<EventRef> = compiled.iter().flat_map(|part| part.events.clone()).collect();
    assert_eq!(parts, events, "each event is in one pattern");
    let average = compiled.iter().map(|part| part.json.len()).sum::<usize>() / compiled.len();
    assert!(average > 1_500, "patterns are filled: {average}");
}

#[test]
fn exceptions_that_do_not_fit_together_are_cut_into_disjoint_patterns() {
    let except: Vec<Value> = (0..9)
        .map(|n| {
            json!({
                format!("userIdentity.field{n}"): [format!("a-rather-long-value-{n}")],
                format!("additionalEventData.other{n}"): [format!("another-long-value-{n}")],
            })
        })
        .collect();
    let compiled = Ask { except, ..stop_logging() }.compile().expect("it is cut");
    assert!(compiled.len() > 1 && compiled.len() <= 512, "{}", compiled.len());
    assert!(compiled.iter().all(|part| part.json.len() <= EVENT_PATTERN_MAX_CHARS));
}

#[test]
fn what_fits_in_no_way_says_how_long_it_is() {
    let value = "v".repeat(3_000);
    let ask = Ask { filter: Some(json!({"f": [value]})), ..stop_logging() };
    assert!(matches!(ask.compile(), Err(CompileError::TooLarge { chars }) if chars > 3_000));
}

#[test]
fn a_list_of_values_that_is_longer_than_a_pattern_is_split() {
    let images: Vec<String> = (0..252).map(|n| format!("ami-0123456789ab{n:04}")).collect();
    let ask = Ask { filter: Some(json!({"requestParameters.imageId": images})), ..stop_logging() };
    let compiled = ask.compile().expect("it is split");
    assert_kept(&compiled);
    assert!(compiled.len() <= 5, "{}", compiled.len());
    for (image, expected) in images.iter().map(|image| (image.as_str(), 1)).chain([("ami", 0)]) {
        let detail = json!({
            "eventSource": "cloudtrail.amazonaws.com", "eventName": "StopLogging",
            "requestParameters": {"imageId": image},
        });
        assert_eq!(matching(&compiled, detail), expected, "{image}");
    }
    let omitted = json!({
        "eventSource": "cloudtrail.amazonaws.com", "eventName": "StopLogging",
        "requestParameters": {"omitted": true},
    });
    assert_eq!(matching(&compiled, omitted), 1, "parameters that were left out");
}

fn of_robots(count: usize, fields: usize) -> Vec<Value> {
    let field = |robot: usize, number: usize| match number {
        0 => ("userIdentity.userName", json!(format!("robot-{robot:02}"))),
        1 => (
            "userIdentity.arn",
            json!(format!("arn:aws:iam::111122223333:user/robots/robot-{robot:02}")),
        ),
        2 => ("sourceIPAddress", json!({"cidr": format!("10.{robot}.0.0/16")})),
        _ => ("userAgent", json!({"prefix": format!("robot/{robot}.")})),
    };
    let exception = |robot: usize| {
        (0..fields).map(move |number| field(robot, number)).map(|(path, one)| (path, json!([one])))
    };
    (0..count).map(|robot| exception(robot).collect::<BTreeMap<_, _>>()).map(|e| json!(e)).collect()
}

#[test]
fn many_exceptions_of_several_fields_need_few_rules() {
    for (count, fields, rules) in [(2, 2, 1), (12, 3, 6), (30, 4, 20)] {
        let ask = Ask { except: of_robots(count, fields), ..stop_logging() };
        let compiled = ask.compile().expect("it compiles");
        assert_kept(&compiled);
        assert!(compiled.len() <= rules, "{count} × {fields}: {}", compiled.len());
        let last = count - 1;
        let robot = |name: &str, user: &str, address: &str, agent: &str| {
            json!({
                "eventSource": "cloudtrail.amazonaws.com", "eventName": "StopLogging",
                "userIdentity": {
                    "userName": name,
                    "arn": format!("arn:aws:iam::111122223333:user/robots/{user}"),
                },
                "sourceIPAddress": address, "userAgent": agent,
            })
        };
        let (own, address) = (format!("robot-{last:02}"), format!("10.{last}.9.9"));
        let agent = format!("robot/{last}.0");
        assert_eq!(matching(&compiled, robot(&own, &own, &address, &agent)), 0);
        assert_eq!(matching(&compiled, robot("eve", &own, &address, &agent)), 1);
        assert_eq!(matching(&compiled, robot(&own, "eve", &address, &agent)), 1);
        if fields > 2 {
            assert_eq!(matching(&compiled, robot(&own, &own, "192.0.2.1", &agent)), 1);
            assert_eq!(matching(&compiled, robot(&own, &own, "10.0.9.9", &agent)), 1);
        }
    }
}

#[test]
fn exceptions_whose_lists_overlap_are_cut_by_a_field_that_tells_them_apart() {
    let prefixed = |count: usize| -> Vec<Value> {
        let one = |n: usize| {
            json!({
                "userIdentity.arn": [{"prefix": format!("arn:aws:sts::111122223333:assumed-role/role{n}")}],
                "userAgent": [{"prefix": format!("tool{n}")}],
                "sourceIPAddress": [{"cidr": format!("10.{n}.0.0/16")}],
            })
        };
        (1..=count).map(one).collect()
    };
    // `role1` begins `role10`, and the blocks have nothing in common.
    let compiled = Ask { except: prefixed(12), ..stop_logging() }.compile().expect("it compiles");
    assert_kept(&compiled);
    assert!(compiled.len() <= 6, "{}", compiled.len());
    // Ranges that are apart tell exceptions apart whose ARNs do not.
    let ask = Ask {
        filter: Some(json!({"requestParameters.userName": ["u1"]})),
        except: vec![
            json!({"requestParameters.port": [{"numeric": [">", 22]}], "userIdentity.arn": [{"prefix": "arn:a"}]}),
            json!({
                "userIdentity.userName": ["bot"], "userIdentity.arn": [{"suffix": "/b"}],
                "requestParameters.port": [{"numeric": ["<", 1]}],
            }),
        ],
        ..stop_logging()
    };
    assert_kept(&ask.compile().expect("it is spread over rules"));
}

#[test]
fn exceptions_that_share_values_are_cut_by_the_values_that_the_same_ones_have() {
    let users =
        |from: usize| -> Vec<String> { (from..from + 3).map(|n| format!("u{n}")).collect() };
    let except = (0..12)
        .map(|n| json!({"userIdentity.userName": users(n), "userAgent": [format!("agent-{}", n % 4)]}))
        .collect();
    let compiled = Ask { except, ..stop_logging() }.compile().expect("it compiles");
    assert_kept(&compiled);
    assert!(compiled.len() <= 2, "{}", compiled.len());
    let by = |user: &str, agent: &str| {
        let detail = json!({
            "eventSource": "cloudtrail.amazonaws.com", "eventName": "StopLogging",
            "userIdentity": {"userName": user}, "userAgent": agent,
        });
        matching(&compiled, detail)
    };
    assert_eq!((by("u2", "agent-0"), by("u2", "agent-3"), by("u99", "agent-0")), (0, 1, 1));
}

#[test]
fn exceptions_that_have_nothing_in_common_are_too_complex_from_some_number_on() {
    let except = (0..40)
        .map(|n| json!({format!("a.x{n}"): ["v"], format!("b.y{n}"): ["v"], format!("c.z{n}"): ["v"]}))
        .collect();
    let ask = Ask { except, ..stop_logging() };
    assert!(matches!(ask.compile(), Err(CompileError::TooComplex { .. })));
}

#[test]
fn twenty_thousand_sources_are_packed() {
    let events: Vec<EventRef> =
        (0..20_000).map(|n| api(&format!("service{n:05}:CreateThing"))).collect();
    let compiled = Ask { events, ..Ask::default() }.compile().expect("it compiles");
    assert!(compiled.iter().all(|part| part.json.len() <= EVENT_PATTERN_MAX_CHARS));
    assert_eq!(compiled.iter().map(|part| part.events.len()).sum::<usize>(), 20_000);
}
