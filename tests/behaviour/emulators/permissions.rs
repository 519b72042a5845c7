//! `policy --check` against IAM's simulator: a role with the policy that ctguard prints has what it needs.

use super::lane::{ACCESS_KEY_ID, Kind, Lane, SECRET_ACCESS_KEY};
use crate::world::blueprints::keeping_a_trail;

const TRUST: &str = r#"{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Principal":{"AWS":"*"},"Action":"sts:AssumeRole"}]}"#;

#[test]
fn a_role_with_the_printed_policy_lacks_nothing_to_read_and_everything_to_write() {
    let lane = Lane::start(Kind::Ministack, "210000000009");
    lane.blueprint(&keeping_a_trail());
    let iam = |pairs: &[(&str, &str)]| lane.query("iam", "us-east-1", pairs);
    let version = ("Version", "2010-05-08");
    iam(&[
        ("Action", "CreateRole"),
        version,
        ("RoleName", "ci"),
        ("AssumeRolePolicyDocument", TRUST),
    ]);
    let policy = lane.ctguard(&["policy", "plan", "--for", "ci"]).expect(0).out;
    iam(&[
        ("Action", "PutRolePolicy"),
        version,
        ("RoleName", "ci"),
        ("PolicyName", "read"),
        ("PolicyDocument", &policy),
    ]);
    let role = lane.arn("iam", "", "role/ci");
    let session = lane.query(
        "sts",
        "us-east-1",
        &[
            ("Action", "AssumeRole"),
            ("Version", "2011-06-15"),
            ("RoleArn", &role),
            ("RoleSessionName", "run"),
        ],
    );
    let text = |tag: &str| {
        let (_, rest) = session.split_once(&format!("<{tag}>")).unwrap();
        rest.split_once('<').unwrap().0.to_owned()
    };
    let (id, secret, token) = (text("AccessKeyId"), text("SecretAccessKey"), text("SessionToken"));
    let credentials =
        [(ACCESS_KEY_ID, id.as_str()), (SECRET_ACCESS_KEY, &secret), ("AWS_SESSION_TOKEN", &token)];

    let read = lane.ctguard_as(&["policy", "plan", "--check"], credentials).expect(0);
    assert!(read.out.contains("assumed-role/ci/run has every permission"), "{}", read.out);
    let write = lane.ctguard_as(&["policy", "apply", "--check"], credentials).expect(3);
    assert!(write.out.contains("events:PutRule on arn:aws:events:us-east-1:"), "{}", write.out);
    assert!(!write.out.contains("events:ListRules"), "what it has is not named: {}", write.out);
}
