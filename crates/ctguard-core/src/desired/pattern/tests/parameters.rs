//! Request parameters that CloudTrail left out as too large.

use super::*;

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
