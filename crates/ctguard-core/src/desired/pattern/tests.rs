//! Patterns as they come out, one table a rule of the compiler.

use super::*;
use crate::event::Access;
use crate::event::Landing;
use serde_json::json;

fn event(short: &str, kind: EventKind, access: Access) -> EventRef {
    let (service, name) = short.split_once(':').expect("service:Name");
    EventRef {
        source: match service {
            EVERY_SOURCE => service.to_owned(),
            service => format!("{service}.amazonaws.com"),
        },
        name: name.to_owned(),
        kind,
        access,
        landing: Landing::CallRegion,
    }
}

fn api(short: &str) -> EventRef {
    event(short, EventKind::Api, Access::Write)
}

fn signin(name: &str) -> EventRef {
    event(&format!("signin:{name}"), EventKind::Signin, Access::Write)
}

#[derive(Default)]
struct Ask {
    events: Vec<EventRef>,
    filter: Option<Value>,
    outcome: Outcome,
    except: Vec<Value>,
}

impl Ask {
    fn compile(&self) -> Result<Vec<Compiled>, CompileError> {
        let parse = |value: &Value| Filter::parse(value).expect("a condition");
        let filter = self.filter.as_ref().map(parse);
        let except: Vec<Filter> = self.except.iter().map(parse).collect();
        let except: Vec<&Filter> = except.iter().collect();
        compile(&Selection {
            events: &self.events,
            filter: filter.as_ref(),
            outcome: self.outcome,
            origin: &Origin::Any,
            except: &except,
        })
    }

    fn json(&self) -> Value {
        let compiled = self.compile().expect("it compiles");
        assert_eq!(compiled.len(), 1, "one pattern is enough");
        Pattern::parse(&compiled[0].json).expect("EventBridge takes it");
        serde_json::from_str(&compiled[0].json).expect("JSON")
    }

    fn refusal(&self) -> String {
        self.compile().expect_err("it has no exact pattern").to_string()
    }
}

fn stop_logging() -> Ask {
    Ask { events: vec![api("cloudtrail:StopLogging")], ..Ask::default() }
}

#[test]
fn one_service_is_written_flat_with_its_names_sorted() {
    let ask = Ask {
        events: vec![api("cloudtrail:StopLogging"), api("cloudtrail:DeleteTrail")],
        ..Ask::default()
    };
    assert_eq!(
        ask.compile().expect("it compiles")[0].json,
        concat!(
            r#"{"source":["aws.cloudtrail"],"detail-type":["AWS API Call via CloudTrail"],"#,
            r#""detail":{"eventName":["DeleteTrail","StopLogging"],"#,
            r#""eventSource":["cloudtrail.amazonaws.com"]}}"#
        )
    );
}

#[test]
fn several_services_become_alternatives_and_never_a_cross_product() {
    let ask = Ask {
        events: vec![api("rds:CreateDBSecurityGroup"), api("ec2:CreateRoute")],
        ..Ask::default()
    };
    assert_eq!(
        ask.json(),
        json!({
            "detail-type": ["AWS API Call via CloudTrail"],
            "$or": [
                {"source": ["aws.ec2"], "detail":
                    {"eventName": ["CreateRoute"], "eventSource": ["ec2.amazonaws.com"]}},
                {"source": ["aws.rds"], "detail":
                    {"eventName": ["CreateDBSecurityGroup"], "eventSource": ["rds.amazonaws.com"]}},
            ],
        })
    );
}

#[test]
fn sign_ins_match_both_spellings_and_never_mix_with_calls() {
    let ask = Ask { events: vec![signin("ConsoleLogin"), api("iam:CreateUser")], ..Ask::default() };
    let json = ask.json();
    let types: Vec<&Value> = json["$or"]
        .as_array()
        .expect("two kinds")
        .iter()
        .map(|branch| &branch["detail-type"])
        .collect();
    assert_eq!(
        types,
        [
            &json!(["AWS API Call via CloudTrail"]),
            &json!(["AWS Console Sign In via CloudTrail", "AWS Console Signin via CloudTrail"]),
        ]
    );
}

#[test]
fn an_outcome_stands_where_each_kind_of_event_has_it() {
    let detail = |events: Vec<EventRef>, outcome| {
        Ask { events, outcome, ..Ask::default() }.json()["detail"].clone()
    };
    let stop = || vec![api("cloudtrail:StopLogging")];
    assert_eq!(
        detail(stop(), Outcome::Success)["errorCode"],
        json!([{"exists": false}, "", "200"]),
        "empty text and the status of HTTP are no errors"
    );
    assert_eq!(
        detail(stop(), Outcome::Failure)["errorCode"],
        json!([{"anything-but": ["", "200"]}])
    );
    let login = || vec![signin("ConsoleLogin")];
    for (outcome, word) in [(Outcome::Success, "Success"), (Outcome::Failure, "Failure")] {
        let detail = detail(login(), outcome);
        assert_eq!(detail["responseElements"]["ConsoleLogin"], json!([word]));
        assert_eq!(detail.get("errorCode"), None, "sign-ins have no error code");
    }
    assert_eq!(
        detail(vec![signin("SwitchRole")], Outcome::Success)["responseElements"]["SwitchRole"],
        json!([{"anything-but": "Failure"}, {"exists": false}])
    );
    let identity_center = event("signin:UserAuthentication", EventKind::Service, Access::Write);
    assert_eq!(
        detail(vec![identity_center], Outcome::Failure)["serviceEventDetails"],
        json!({"UserAuthentication": ["Failure"]})
    );
    let guardrail = event("controltower:EnableGuardrail", EventKind::Service, Access::Write);
    assert_eq!(
        detail(vec![guardrail], Outcome::Failure)["serviceEventDetails"],
        json!({"enableGuardrailStatus": {"state": ["FAILED"]}})
    );
    let rotation = event("secretsmanager:RotationFailed", EventKind::Service, Access::Write);
    assert_eq!(
        detail(vec![rotation], Outcome::Failure).get("errorCode"),
        None,
        "its name says that it failed; it has no error code"
    );
}

#[test]
fn conditions_on_parameters_also_fire_when_the_parameters_were_omitted() {
    let ask = Ask {
        filter: Some(json!({
            "userIdentity.type": ["Root"], "requestParameters.a": [1], "requestParameters.b": [2],
        })),
        ..stop_logging()
    };
    let detail = &ask.json()["detail"];
    assert_eq!(detail["userIdentity"]["type"], json!(["Root"]), "other conditions stay");
    assert_eq!(
        detail["$or"],
        json!([
            {"requestParameters": {"a": [1], "b": [2]}},
            {"requestParameters": {"omitted": [true]}},
        ])
    );
}

#[test]
fn an_alternative_without_parameters_gets_no_branch_for_omitted_ones() {
    let ask = Ask {
        filter: Some(json!({"$or": [
            {"responseElements.publiclyAccessible": [true]},
            {"requestParameters.publiclyAccessible": [true]},
        ]})),
        ..stop_logging()
    };
    assert_eq!(
        ask.json()["detail"]["$or"],
        json!([
            {"responseElements": {"publiclyAccessible": [true]}},
            {"requestParameters": {"publiclyAccessible": [true]}},
            {"requestParameters": {"omitted": [true]}},
        ])
    );
}

#[test]
fn exceptions_of_one_field_are_inverted_in_place() {
    for (except, expected) in [
        (json!({"f": ["a"]}), json!([{"anything-but": "a"}, {"exists": false}])),
        (json!({"f": ["b", "a"]}), json!([{"anything-but": ["a", "b"]}, {"exists": false}])),
        (json!({"f": [1, 2]}), json!([{"anything-but": [1, 2]}, {"exists": false}])),
        (
            json!({"f": [{"prefix": "a"}]}),
            json!([{"anything-but": {"prefix": "a"}}, {"exists": false}]),
        ),
        (
            json!({"f": [{"prefix": "a"}, "b", {"suffix": "c"}, "ax"]}),
            json!([{"anything-but": {"wildcard": ["*c", "a*", "b"]}}, {"exists": false}]),
        ),
        (
            json!({"f": [{"equals-ignore-case": "x"}, "7"]}),
            json!([{"anything-but": {"equals-ignore-case": ["7", "x"]}}, {"exists": false}]),
        ),
        (json!({"f": [{"anything-but": ["a", "b"]}]}), json!(["a", "b", {"exists": false}])),
        (
            json!({"f": [{"anything-but": {"prefix": "a"}}]}),
            json!([{"prefix": "a"}, {"exists": false}]),
        ),
        (json!({"f": [{"exists": true}]}), json!([{"exists": false}])),
        (json!({"f": [{"exists": false}]}), json!([{"exists": true}])),
        (json!({"f": ["a", {"exists": false}]}), json!([{"anything-but": "a"}])),
        (
            json!({"f": [true]}),
            json!([{"prefix": ""}, null, false,
                {"numeric": ["<", 0]}, {"numeric": [">=", 0]}, {"exists": false}]),
        ),
        (
            json!({"f": [{"numeric": [">", 0]}]}),
            json!([{"prefix": ""}, null, false, true, {"numeric": ["<=", 0]}, {"exists": false}]),
        ),
        (
            json!({"f": [{"numeric": ["<", 100]}]}),
            json!([{"prefix": ""}, null, false, true, {"numeric": [">=", 100]}, {"exists": false}]),
        ),
        (
            json!({"f": [{"anything-but": ["10.0.0.1"]}]}),
            json!([{"exactly": "10.0.0.1"}, {"exists": false}]),
        ),
    ] {
        let ask = Ask { except: vec![except.clone()], ..stop_logging() };
        assert_eq!(ask.json()["detail"]["f"], expected, "{except}");
    }
}

#[test]
fn an_address_block_becomes_the_texts_that_are_not_in_it() {
    let ask = Ask {
        except: vec![
            json!({"sourceIPAddress": [{"cidr": "203.0.113.0/24"}]}),
            json!({"sourceIPAddress": [{"cidr": "2001:db8::/32"}]}),
        ],
        ..stop_logging()
    };
    assert_eq!(
        ask.json()["detail"]["sourceIPAddress"],
        json!([{"anything-but": {"prefix": ["2001:db8:", "203.0.113."]}}, {"exists": false}])
    );
    let ask = Ask {
        filter: Some(json!({"sourceIPAddress": [{"cidr": "10.0.0.0/30"}]})),
        except: vec![json!({"sourceIPAddress": ["10.0.0.1"]})],
        ..stop_logging()
    };
    assert_eq!(
        ask.json()["detail"]["sourceIPAddress"],
        json!([{"cidr": "10.0.0.2/31"}, "10.0.0.0"])
    );
}

#[test]
fn an_exception_of_two_fields_becomes_two_alternatives() {
    let ask = Ask { except: vec![json!({"a": ["x"], "b": ["y"]})], ..stop_logging() };
    assert_eq!(
        ask.json()["detail"]["$or"],
        json!([
            {"a": [{"anything-but": "x"}, {"exists": false}]},
            {"a": ["x"], "b": [{"anything-but": "y"}, {"exists": false}]},
        ])
    );
}

#[test]
fn exceptions_that_share_a_field_are_cut_by_its_values() {
    let ask = Ask {
        except: vec![json!({"a": ["x"], "b": ["y"]}), json!({"a": ["x"], "c": ["z"]})],
        ..stop_logging()
    };
    assert_eq!(
        ask.json()["detail"]["$or"],
        json!([
            {"a": [{"anything-but": "x"}, {"exists": false}]},
            {"a": ["x"], "b": [{"anything-but": "y"}, {"exists": false}],
             "c": [{"anything-but": "z"}, {"exists": false}]},
        ])
    );
}

#[test]
fn a_condition_and_an_exception_on_one_field_are_merged() {
    let ask = Ask {
        filter: Some(json!({"userIdentity.type": ["Root", "IAMUser"]})),
        except: vec![json!({"userIdentity.type": ["Root"]})],
        ..stop_logging()
    };
    assert_eq!(ask.json()["detail"]["userIdentity"]["type"], json!(["IAMUser"]));
}

#[test]
fn a_condition_on_the_name_narrows_the_names() {
    let ask = Ask {
        events: vec![api("ec2:CreateRoute"), api("ec2:DeleteRoute"), api("rds:DeleteDBInstance")],
        filter: Some(json!({"eventName": [{"prefix": "Create"}]})),
        ..Ask::default()
    };
    let json = ask.json();
    assert_eq!(json["detail"]["eventName"], json!(["CreateRoute"]));
    assert_eq!(json["source"], json!(["aws.ec2"]), "the other service has nothing left");
}

#[test]
fn an_error_code_condition_is_merged_with_the_outcome() {
    let ask = |outcome| Ask {
        filter: Some(json!({"errorCode": [{"prefix": "Access"}]})),
        outcome,
        ..stop_logging()
    };
    assert_eq!(ask(Outcome::Failure).json()["detail"]["errorCode"], json!([{"prefix": "Access"}]));
    assert_eq!(ask(Outcome::Success).compile(), Err(CompileError::NeverMatches));
}

/// Conditions on the error that people write stay as they are under `outcome: failure`.
#[test]
fn an_error_code_condition_of_any_operator_can_be_merged_with_the_outcome() {
    for (asked, written) in [
        (json!(["AccessDenied"]), json!(["AccessDenied"])),
        (json!([{"wildcard": "*Denied*"}]), json!([{"wildcard": "*Denied*"}])),
        (json!([{"suffix": "Operation"}]), json!([{"suffix": "Operation"}])),
        (json!([{"exists": true}]), json!([{"anything-but": ["", "200"]}])),
        (
            json!([{"anything-but": ["NoSuchEntity"]}]),
            json!([{"anything-but": ["", "200", "NoSuchEntity"]}]),
        ),
        (
            json!([{"equals-ignore-case": "accessdenied"}]),
            json!([{"equals-ignore-case": "accessdenied"}]),
        ),
    ] {
        let ask = Ask {
            filter: Some(json!({"errorCode": asked})),
            outcome: Outcome::Failure,
            ..stop_logging()
        };
        assert_eq!(ask.json()["detail"]["errorCode"], written, "{asked}");
    }
}

#[test]
fn exceptions_without_an_exact_inverse_are_refused_with_the_reason() {
    for (filter, except, words) in [
        (None, json!({"requestParameters.ipPermissions.items.ipProtocol": ["-1"]}), "in the list"),
        (None, json!({"resources.ARN": [{"prefix": "arn:"}]}), "in the list"),
        (None, json!({"requestParameters.cidrIp": [{"cidr": "10.0.0.0/8"}]}), "sourceIPAddress"),
        (None, json!({"sourceIPAddress": [{"cidr": "2001:db8::/33"}]}), "no exact spelling"),
        (None, json!({"f": ["a", 1]}), "cannot be excepted together"),
        (None, json!({"f": ["a", null]}), "cannot be excepted together"),
        (None, json!({"f": [{"prefix": "a"}, {"equals-ignore-case": "b"}]}), "together"),
        (None, json!({"f": [{"prefix": {"equals-ignore-case": "a"}}]}), "together"),
        (Some(json!({"f": [{"prefix": "a"}]})), json!({"f": ["ab"]}), "on the same field"),
    ] {
        let ask = Ask { filter, except: vec![except.clone()], ..stop_logging() };
        let refusal = ask.refusal();
        assert!(refusal.contains(words), "{except}: {refusal}");
        assert!(refusal.contains("exception 1"), "{except}: {refusal}");
    }
}

#[test]
fn an_exception_met_by_absence_is_not_met_by_omitted_parameters() {
    let ask = Ask {
        except: vec![json!({"requestParameters.force": [{"exists": false}]})],
        ..stop_logging()
    };
    assert_eq!(
        ask.json()["detail"]["$or"],
        json!([
            {"requestParameters": {"force": [{"exists": true}]}},
            {"requestParameters": {"force": [{"exists": false}], "omitted": [true]}},
        ])
    );
}

#[test]
fn the_state_is_plain_only_when_every_event_reaches_a_plain_rule() {
    let state = |events| Ask { events, ..Ask::default() }.compile().expect("it compiles")[0].state;
    let wide = RuleState::EnabledWithAllCloudtrailManagementEvents;
    assert_eq!(state(vec![api("ec2:CreateRoute")]), RuleState::Enabled);
    assert_eq!(
        state(vec![event("s3:GetObject", EventKind::Data, Access::Read)]),
        RuleState::Enabled
    );
    let read = event("sts:AssumeRole", EventKind::Api, Access::Read);
    assert_eq!(state(vec![api("ec2:CreateRoute"), read]), wide);
}

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

/// What the patterns decide together, by what EventBridge keeps of each.
fn matching(compiled: &[Compiled], detail: Value) -> usize {
    let event = json!({
        "source": "aws.cloudtrail",
        "detail-type": "AWS API Call via CloudTrail",
        "detail": detail,
    });
    compiled.iter().filter(|part| part.pattern.matches(&event)).count()
}

fn assert_kept(compiled: &[Compiled]) {
    for part in compiled {
        assert_eq!(ruler::losses(&part.pattern.filter), vec![], "{}", part.json);
        assert!(part.json.chars().count() <= EVENT_PATTERN_MAX_CHARS);
        Pattern::parse(&part.json).expect("EventBridge takes it");
    }
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

/// Spread over several rules, one alternative is excluded from the others: by what it says, not by what is pinned.
#[test]
fn an_alternative_that_the_outcome_rules_out_takes_nothing_from_the_others() {
    let agents: Vec<String> = (0..150).map(|n| format!("agent-number-{n:03}")).collect();
    let filter = json!({"$or": [{"errorCode": ["AccessDenied"]}, {"userAgent": agents}]});
    let ask = Ask { filter: Some(filter), outcome: Outcome::Success, ..stop_logging() };
    let compiled = ask.compile().expect("it is split");
    assert_kept(&compiled);
    let detail = json!({
        "eventSource": "cloudtrail.amazonaws.com", "eventName": "StopLogging",
        "userAgent": "agent-number-149",
    });
    assert_eq!(matching(&compiled, detail), 1);
}

#[test]
fn a_family_that_tells_its_outcome_elsewhere_does_not_vanish_in_a_wider_one() {
    let fires_once = |asked: &[&str], service: &str, name: &str| {
        let sign_ins = |short: &&str| event(short, EventKind::Signin, Access::Write);
        let events = asked.iter().map(sign_ins).collect();
        let ask = Ask { events, outcome: Outcome::Failure, ..Ask::default() };
        let record = json!({
            "source": format!("aws.{service}"),
            "detail-type": "AWS Console Sign In via CloudTrail",
            "detail": {"eventSource": format!("{service}.amazonaws.com"), "eventName": name,
                       "readOnly": false, "errorCode": "AccessDenied"},
        });
        let compiled = ask.compile().expect("it compiles");
        for c in &compiled {
            eprintln!("{}", c.json);
        }
        compiled.iter().filter(|part| part.pattern.matches(&record)).count() == 1
    };
    for (narrow, service, name) in
        [("rds:*", "rds", "DeleteDBInstance"), ("signin:Create*", "signin", "CreateOAuth2Token")]
    {
        assert!(fires_once(&[narrow], service, name), "{narrow} alone");
        assert!(fires_once(&[narrow, "*:*"], service, name), "{narrow} beside *:*");
    }
}

#[test]
fn a_users_own_overlapping_alternatives_are_cut_apart() {
    let filter = json!({"$or": [
        {"userIdentity.type": ["Root"], "errorCode": ["A"]},
        {"userIdentity.type": ["Root", "IAMUser"], "errorCode": ["A", "B"]},
        {"requestParameters.set.items.x": [1], "requestParameters.set.items.y": [2]},
        {"requestParameters.set.items.x": [1, 3], "requestParameters.set.items.y": [2, 4]},
    ]});
    let compiled = Ask { filter: Some(filter), ..stop_logging() }.compile().expect("it compiles");
    assert_kept(&compiled);
    let with = |user: &str, error: &str, items: Value| {
        json!({
            "eventSource": "cloudtrail.amazonaws.com", "eventName": "StopLogging",
            "userIdentity": {"type": user}, "errorCode": error,
            "requestParameters": {"set": {"items": items}},
        })
    };
    assert_eq!(matching(&compiled, with("IAMUser", "B", json!([]))), 1);
    assert_eq!(matching(&compiled, with("Root", "B", json!([]))), 1);
    assert_eq!(matching(&compiled, with("IAMUser", "C", json!([]))), 0);
    assert_eq!(matching(&compiled, with("-", "-", json!([{"x": 3, "y": 4}, {"x": 0}]))), 1);
    assert_eq!(matching(&compiled, with("-", "-", json!([{"x": 3, "y": 0}, {"y": 4}]))), 0);
}

#[test]
fn a_union_loses_nothing_of_either() {
    let names = |names: &[&str], types: Value| Ask {
        events: names.iter().map(|name| api(&format!("iam:{name}"))).collect(),
        filter: Some(json!({"userIdentity.type": types})),
        ..Ask::default()
    };
    let one = names(&["CreateUser", "CreateAccessKey"], json!(["Root"]));
    let other = names(&["CreateAccessKey", "CreateLoginProfile"], json!(["Root", "IAMUser"]));
    let [one, other] = [one, other].map(|ask| ask.compile().expect("it compiles").remove(0));
    let united = unite(&one, &other).expect("it fits");
    assert_kept(std::slice::from_ref(&united));
    for (name, user, expected) in [
        ("CreateLoginProfile", "Root", true),
        ("CreateLoginProfile", "IAMUser", true),
        ("CreateAccessKey", "IAMUser", true),
        ("CreateUser", "IAMUser", false),
        ("CreateUser", "Root", true),
    ] {
        let event = json!({
            "source": "aws.iam", "detail-type": "AWS API Call via CloudTrail",
            "detail": {
                "eventSource": "iam.amazonaws.com", "eventName": name,
                "userIdentity": {"type": user},
            },
        });
        assert_eq!(united.pattern.matches(&event), expected, "{name} by {user}");
    }
}

#[test]
fn the_order_of_events_and_repeats_change_nothing() {
    let mut events = vec![
        api("ec2:CreateRoute"),
        signin("ConsoleLogin"),
        api("rds:DeleteDBInstance"),
        api("ec2:DeleteRoute"),
    ];
    let forward = Ask { events: events.clone(), ..Ask::default() }.compile();
    events.reverse();
    events.push(api("ec2:CreateRoute"));
    assert_eq!(Ask { events, ..Ask::default() }.compile(), forward);
}

/// An exception on the error meets what the outcome pins of calls, and not what it pins of sign-ins.
#[test]
fn events_of_which_some_pin_what_an_exception_mentions_are_all_there() {
    let except = json!({
        "userIdentity.type": [""],
        "$or": [
            {"requestParameters.name": [""]},
            {"requestParameters.force": [{"exists": false}], "errorCode": [{"equals-ignore-case": ""}]},
        ],
    });
    let except = Filter::parse(&except).expect("a condition");
    let events = [
        event("rds:CreateRoute", EventKind::Signin, Access::Read),
        event("signin:ConsoleLogin", EventKind::Api, Access::Read),
    ];
    let selection = Selection {
        events: &events,
        filter: None,
        outcome: Outcome::Success,
        origin: &Origin::Any,
        except: &[&except],
    };
    let compiled = compile_within(594, &selection).expect("it is spread over rules");
    let named: BTreeSet<String> =
        compiled.iter().flat_map(|part| &part.events).map(|event| event.name.clone()).collect();
    assert_eq!(named.len(), 2, "{named:?}");
    let all: String = compiled.iter().map(|part| part.json.as_str()).collect();
    assert!(all.contains("aws.rds") && all.contains("aws.signin"), "{all}");
    assert_kept(&compiled);
}
