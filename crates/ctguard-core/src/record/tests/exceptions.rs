//! Exceptions that never hold, or leave nothing.

use super::*;

#[test]
fn an_exception_that_never_holds_is_told() {
    let filter =
        Filter::parse(&json!({"userIdentity.arn": ["arn:aws:iam::111122223333:role/Deploy"]}))
            .expect("a filter");
    let verdict = check(&Asked {
        events: &events("iam:CreateUser"),
        filter: None,
        failed: None,
        except: &[&filter],
    });
    assert_eq!(told(&verdict).0, ["value-never"]);
    assert_eq!(verdict.findings[0].part, Part::Except(0));
    assert_eq!(verdict.events, [Fires::Yes]);
}

/// By what the records of the event can have, not by how the exception is written.
#[test]
fn an_exception_that_takes_every_record_is_told() {
    let user = json!({"userIdentity.type": ["IAMUser"]});
    let told_of = |names: &str, filter: &Value, except: &Value| {
        let filter = Filter::parse(filter).expect("a filter");
        let except = Filter::parse(except).expect("an exception");
        let (events, except) = (events(names), [&except]);
        let asked = Asked { events: &events, filter: Some(&filter), failed: None, except: &except };
        told(&check(&asked)).1.contains("takes every record of")
    };
    let any = json!({"eventSource": [{"exists": true}]});
    for (filter, except) in [
        (&any, json!({"userIdentity.type": [{"exists": true}]})),
        (
            &any,
            json!({"$or": [{"userIdentity.type": ["Root"]}, {"userIdentity.type": [{"anything-but": ["Root"]}]}]}),
        ),
        (&any, json!({"$or": [{"readOnly": [true]}, {"readOnly": [false]}]})),
        (&any, json!({"awsRegion": ["eu-west-1", {"anything-but": ["eu-west-1"]}]})),
        (
            &any,
            json!({"$or": [{"awsRegion": [{"prefix": "eu-"}]}, {"awsRegion": [{"anything-but": {"prefix": "eu-"}}]}]}),
        ),
        (&any, json!({"eventVersion": [{"prefix": "1."}]})),
        (&any, json!({"eventVersion": [{"wildcard": "1.*"}]})),
        (
            &any,
            json!({"eventSource": [{"wildcard": "*.amazonaws.com"}], "eventName": [{"exists": true}]}),
        ),
        (&user, json!({"userIdentity.arn": [{"wildcard": "arn:*:user/*"}]})),
        (
            &user,
            json!({"userIdentity.arn": [{"wildcard": "arn:*"}], "userIdentity.type": ["IAMUser"]}),
        ),
    ] {
        assert!(told_of("ec2:TerminateInstances", filter, &except), "{filter} {except}");
    }
    for (filter, except) in [
        (&any, json!({"userIdentity.type": ["IAMUser", "AssumedRole"]})),
        (
            &any,
            json!({"$or": [{"userIdentity.type": ["Root"]}, {"userIdentity.type": [{"anything-but": ["Root", "IAMUser"]}]}]}),
        ),
        (
            &any,
            json!({"$or": [{"readOnly": [true]}, {"awsRegion": [{"anything-but": ["eu-west-1"]}]}]}),
        ),
        (&any, json!({"eventVersion": [{"prefix": "1.1"}]})),
        (&any, json!({"userIdentity.userName": [{"exists": true}]})),
        (&user, json!({"userIdentity.arn": [{"wildcard": "arn:*:user/ci-*"}]})),
        (&user, json!({"userIdentity.arn": [{"wildcard": "arn:*:11112222*:user/*"}]})),
        (&user, json!({"sourceIPAddress": [{"wildcard": "203.0.113.*"}]})),
    ] {
        assert!(!told_of("ec2:TerminateInstances", filter, &except), "{filter} {except}");
    }
}
