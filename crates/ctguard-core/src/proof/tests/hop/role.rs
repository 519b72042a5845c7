//! The role that forwards events.

use super::*;

fn live_role(live: &mut Live) -> &mut LiveRole {
    let seen = live.accounts.get_mut(&account(SPOKE)).expect("the account");
    let Some(Observed::Known(role)) = seen.roles.get_mut(ROLE) else { panic!("no role") };
    role
}

/// Bounds the role by a policy with this statement.
fn bounded(live: &mut Live, statement: Value) {
    let role = live_role(live);
    role.role.permissions_boundary = Some("arn:aws:iam::222222222222:policy/bound".to_owned());
    role.boundary = Observed::Known(json!({ "Statement": [statement] }));
}

/// Attaches a policy with this statement to the role.
fn attach(live: &mut Live, statement: Value) {
    let document = Observed::Known(json!({ "Statement": [statement] }));
    let arn = "arn:aws:iam::222222222222:policy/theirs".to_owned();
    live_role(live).attached = Observed::Known([(arn, document)].into());
}

pub(super) fn rows() -> Vec<Row> {
    use FixedBy::{Apply, Person};
    vec![
        (
            "delete the role",
            |live| {
                let seen = live.accounts.get_mut(&account(SPOKE)).expect("the account");
                seen.roles.insert(ROLE.to_owned(), Observed::Absent);
            },
            &["broken role-missing role/ctguard-acme ×1"],
            Apply,
        ),
        (
            "let another service take the role on",
            |live| {
                role(live, SPOKE, |role| {
                    role.trust["Statement"][0]["Principal"] =
                        json!({ "Service": "lambda.amazonaws.com" })
                })
            },
            &["broken role-trust role/ctguard-acme ×2"],
            Apply,
        ),
        (
            "let the role be taken on in one region only",
            |live| {
                role(
                    live,
                    SPOKE,
                    |role| role.trust["Statement"][0]["Condition"] = json!({ "ArnLike": { "aws:SourceArn": "arn:aws:events:eu-west-1:222222222222:rule/*" } }),
                )
            },
            &["broken role-trust role/ctguard-acme ×1"],
            Apply,
        ),
        (
            "let the role be taken on for another account",
            |live| {
                role(live, SPOKE, |role| {
                    role.trust["Statement"][0]["Condition"] =
                        json!({ "StringEquals": { "aws:SourceAccount": "999999999999" } })
                })
            },
            &["broken role-trust role/ctguard-acme ×2"],
            Apply,
        ),
        (
            "let the role be taken on under a condition nobody knows",
            |live| {
                role(live, SPOKE, |role| {
                    role.trust["Statement"][0]["Condition"] =
                        json!({ "StringEquals": { "aws:SourceOrgID": "o-x" } })
                })
            },
            &["assumed role-trust role/ctguard-acme ×2"],
            Person,
        ),
        (
            "let the role send elsewhere",
            |live| {
                role(live, SPOKE, |role| {
                    role.policies.values_mut().for_each(|policy| {
                        policy["Statement"][0]["Resource"] =
                            json!("arn:aws:events:eu-west-1:111111111111:event-bus/other")
                    })
                })
            },
            &["broken role-policy role/ctguard-acme ×1"],
            Apply,
        ),
        (
            "forbid the role in a policy of others",
            |live| {
                role(live, SPOKE, |role| {
                    drop(role.policies.insert("others".to_owned(), json!({ "Statement": { "Effect": "Deny", "Action": "events:*", "Resource": "*" } })))
                })
            },
            &["broken role-policy role/ctguard-acme ×1", "remark role-attached ×1"],
            Apply,
        ),
        (
            "bound the role",
            |live| {
                role(live, SPOKE, |role| {
                    role.permissions_boundary =
                        Some("arn:aws:iam::222222222222:policy/bound".to_owned())
                })
            },
            &["broken role-boundary role/ctguard-acme ×1", "remark role-bounded ×1"],
            Person,
        ),
        (
            "bound the role by what allows it",
            |live| {
                bounded(
                    live,
                    json!({ "Effect": "Allow", "Action": "events:Put*", "Resource": "*" }),
                )
            },
            &["remark role-bounded ×1"],
            Person,
        ),
        (
            "bound the role to the calls of one network",
            |live| {
                let condition = json!({ "StringEquals": { "aws:SourceVpc": "vpc-1" } });
                bounded(
                    live,
                    json!({ "Effect": "Allow", "Action": "*", "Resource": "*", "Condition": condition }),
                )
            },
            &["broken role-boundary role/ctguard-acme ×1", "remark role-bounded ×1"],
            Person,
        ),
        (
            "hide what bounds the role",
            |live| {
                bounded(live, json!({}));
                live_role(live).boundary = Observed::Unreadable(refused());
            },
            &["unknown role-boundary role/ctguard-acme ×1", "remark role-bounded ×1"],
            Person,
        ),
        (
            "attach a denial to the role",
            |live| attach(live, json!({ "Effect": "Deny", "Action": "*", "Resource": "*" })),
            &["broken role-policy role/ctguard-acme ×1", "remark role-attached ×1"],
            Person,
        ),
        (
            "attach a permission to the role",
            |live| attach(live, json!({ "Effect": "Allow", "Action": "sns:*", "Resource": "*" })),
            &["remark role-attached ×1"],
            Person,
        ),
        (
            "hide what is attached to the role",
            |live| live_role(live).attached = Observed::Unreadable(refused()),
            &["unknown role-policy role/ctguard-acme ×1"],
            Person,
        ),
        (
            "attach a policy to the role that allows what it may do",
            |live| attach(live, json!({ "Effect": "Allow", "Action": "*", "Resource": "*" })),
            &["remark role-attached ×1"],
            Person,
        ),
        (
            "put a policy of somebody's on the role",
            |live| {
                let policy = json!({ "Effect": "Allow", "Action": "sqs:*", "Resource": "*" });
                let policy = json!({ "Statement": [policy] });
                role(live, SPOKE, |role| drop(role.policies.insert("theirs".to_owned(), policy)));
            },
            &["remark role-attached ×1"],
            Person,
        ),
    ]
}
