//! Each construct by itself, with the values that the reference implementation gives.

use super::{evaluate, parse};
use serde_json::Value;

/// The value of an expression over `$in`.
fn of(source: &str, input: Value) -> Option<Value> {
    evaluate(&parse(source).unwrap(), [("in".to_owned(), input)]).unwrap()
}

#[test]
fn constructs_mean_what_they_mean_in_jsonata() {
    let rows: Vec<Value> = serde_json::from_str(include_str!("rows.json")).unwrap();
    for row in &rows {
        let source = row["expression"].as_str().unwrap();
        assert_eq!(of(source, row["in"].clone()), row.get("is").cloned(), "{source}");
    }
    assert!(rows.len() > 40);
}

#[test]
fn what_is_not_read_is_refused() {
    for source in [
        "$in[0]",
        "$in.*",
        "a.b",
        "$in.`a`",
        "[1]",
        "$eval(\"1\")",
        "$in ~> $f",
        "1 / 2",
        "-1",
        "'a'",
        "$replace($in, /a/i, \"b\")",
        "1 2",
        "(1",
        "{\"a\" 1}",
        "$in in $in",
        "$uppercase(\"a\")",
        "$replace(\"a\", /a/, \"$0\")",
        "$x(1)",
    ] {
        let failed = parse(source).and_then(|expr| evaluate(&expr, []));
        assert!(failed.is_err(), "{source}: {failed:?}");
    }
    assert!(parse(&"(".repeat(100_000)).is_err());
}

#[test]
fn what_jsonata_does_not_take_is_an_error() {
    for source in [
        "$length(1)",
        "1 + \"a\"",
        "1 < \"a\"",
        "null < 1",
        "$substring(1, 0, 1)",
        "$toMillis(\"x\")",
    ] {
        assert!(evaluate(&parse(source).unwrap(), []).is_err(), "{source}");
    }
}
