//! How exceptions are inverted.

use super::*;

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
