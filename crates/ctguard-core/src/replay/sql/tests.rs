use super::leaf;
use eventbridge_pattern::Filter;
use serde_json::json;

fn of(path: &str, matchers: serde_json::Value) -> Result<String, String> {
    let Filter::Field { path, matchers } = Filter::parse(&json!({ path: matchers })).unwrap()
    else {
        panic!("one field");
    };
    leaf::condition(&path, &matchers)
}

#[test]
fn lists_of_texts_read_as_lists_and_an_absent_field_is_false() {
    assert_eq!(
        of("detail.eventName", json!(["A'B", "C"])).unwrap(),
        "coalesce(eventname IN ('A''B', 'C'), FALSE)"
    );
}

#[test]
fn what_like_would_take_for_a_wildcard_is_escaped() {
    assert_eq!(
        of("detail.userAgent", json!([{ "wildcard": "a_b*100%\\*!" }])).unwrap(),
        "coalesce(useragent LIKE 'a!_b%100!%*!!' ESCAPE '!', FALSE)"
    );
}

#[test]
fn what_the_table_does_not_hold_is_refused() {
    for (path, matchers) in [
        ("detail.managementEvent", json!([true])),
        ("detail.resources.ARN", json!(["x"])),
        ("detail.requestParameters", json!([null])),
        ("detail.errorCode", json!([null])),
        ("detail.userIdentity.sessionContext", json!([{ "exists": true }])),
        ("resources", json!(["x"])),
        ("detail.userAgent", json!([{ "equals-ignore-case": "straße" }])),
        ("detail.userAgent", json!(["a\u{0}b"])),
        ("detail.requestParameters.a'b", json!(["x"])),
    ] {
        assert!(of(path, matchers.clone()).is_err(), "{path} {matchers}");
    }
}

#[test]
fn arrays_and_keys_with_dots_are_left_undecided() {
    let sql = of("detail.requestParameters.a.b", json!(["x"])).unwrap();
    for unknown in [
        "'$[\"a\"]')), 1, 1) = '['",
        "'$[\"a\"][\"b\"]')), 1, 1) = '['",
        "'$[\"a.b\"]') IS NOT NULL",
    ] {
        assert!(sql.contains(unknown), "{unknown} in {sql}");
    }
    assert!(sql.starts_with("(CASE WHEN ") && sql.contains(" THEN NULL ELSE "), "{sql}");
}
