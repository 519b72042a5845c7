//! Everything that can be wrong with one link, done to the account's file by hand.

use super::hands::{
    PREFIX, advanced, also_objects, attributes, basic, calling, chat, condition, deny, field, hide,
    key, metrics, narrowed, pend, rule, rule_name, siem, statement, target, topic, trails, triage,
};
use super::town::{allow, place};
use ctguard_core::resource::bucket::{Bucket, Expiration, Expires};
use ctguard_core::resource::machine::MachineType;
use ctguard_core::resource::rule::{Input, InputTransformer, Rule, RuleState};
use ctguard_core::resource::topic::{Endpoint, Protocol, SubscriptionAttributes};
use ctguard_core::resource::trail::{ReadWrite, Selectors};
use ctguard_core::scope::{AccountId, Place, Region};
use ctguard_sandbox::State;
use ctguard_sandbox::state::{
    Denied, StoredMachine, StoredQueue, StoredRole, StoredRule, StoredSubscription,
};
use serde_json::{Value, json};

/// Does it in a place, to the object that `pick` chooses among those that are there.
pub type Wound = fn(&mut State, &Place, usize);

/// The trail becomes the organization's, kept by another account in this region.
fn everybodys(s: &mut State, home: &str) {
    let mut theirs = None;
    for account in s.accounts.values_mut() {
        for regional in account.regions.values_mut() {
            theirs = regional.trails.pop_first().map(|(_, trail)| trail).or(theirs);
            regional.trails.clear();
        }
    }
    let Some(mut theirs) = theirs else { return };
    theirs.trail.organization = true;
    theirs.tags.clear();
    let owner = AccountId::new("999988887777").unwrap();
    let home = Region::new(home).unwrap();
    let keeper = s.accounts.entry(owner.clone()).or_default();
    keeper.global.enabled_regions.insert(home.clone());
    s.region_mut(&Place::new(owner, home)).trails.insert("everybody".into(), theirs);
}

/// A rule of somebody else's that never fires.
fn theirs(pattern: &str) -> StoredRule {
    let rule = Rule {
        state: RuleState::Disabled,
        event_pattern: Some(pattern.into()),
        schedule_expression: None,
        description: None,
        role_arn: None,
        managed_by: None,
    };
    StoredRule { rule, targets: Default::default(), tags: Default::default() }
}

/// By name, so that a failing case says what was done.
pub const WOUNDS: &[(&str, Wound)] = &[
    ("stop the trails", |s, _, _| trails(s, |t| t.status.logging = false)),
    ("delete the trails", |s, _, _| {
        for account in s.accounts.values_mut() {
            account.regions.values_mut().for_each(|regional| regional.trails.clear());
        }
    }),
    ("record reads", |s, _, _| trails(s, |t| t.selectors = basic(ReadWrite::ReadOnly, &[]))),
    ("record writes", |s, _, _| trails(s, |t| t.selectors = basic(ReadWrite::WriteOnly, &[]))),
    ("record objects only", |s, _, _| {
        trails(s, |t| {
            t.selectors = Selectors::Advanced(vec![]);
            also_objects(&mut t.selectors, "arn:aws:s3");
        })
    }),
    ("record objects too", |s, _, _| trails(s, |t| also_objects(&mut t.selectors, "arn:aws:s3"))),
    ("record other objects too", |s, _, _| {
        trails(s, |t| {
            t.selectors = basic(ReadWrite::All, &[]);
            also_objects(&mut t.selectors, "arn:aws:s3:::other/");
        })
    }),
    ("record endpoints and Insights", |s, _, _| {
        trails(s, |t| {
            t.insights = true;
            t.selectors = Selectors::Advanced(vec![
                advanced(vec![field("eventCategory", &["Management"], &[])]),
                advanced(vec![
                    field("eventCategory", &["NetworkActivity"], &[]),
                    field("eventSource", &["secretsmanager.amazonaws.com"], &[]),
                ]),
            ]);
        })
    }),
    ("stop recording endpoints", |s, _, _| {
        trails(s, |t| {
            if let Selectors::Advanced(list) = &mut t.selectors {
                list.truncate(1);
            }
        })
    }),
    ("stop recording Insights", |s, _, _| trails(s, |t| t.insights = false)),
    ("exclude kms", |s, _, _| {
        trails(s, |t| t.selectors = basic(ReadWrite::All, &["kms.amazonaws.com"]))
    }),
    ("exclude kms, advanced", |s, _, _| {
        trails(s, |t| {
            t.selectors = Selectors::Advanced(vec![advanced(vec![
                field("eventCategory", &["Management"], &[]),
                field("eventSource", &[], &["kms.amazonaws.com"]),
            ])]);
        })
    }),
    ("single region", |s, _, _| {
        trails(s, |t| {
            t.trail.multi_region = false;
            t.trail.global_service_events = false;
        })
    }),
    ("single region with global events", |s, _, _| trails(s, |t| t.trail.multi_region = false)),
    ("the organization's trail instead", |s, _, _| everybodys(s, "us-east-1")),
    ("the organization's trail, at home where nobody is", |s, _, _| everybodys(s, "me-south-1")),
    ("delete the rule", |s, at, pick| {
        let name = rule_name(s, at, pick).unwrap_or_default();
        s.region_mut(at).rules.remove(&name);
    }),
    ("move the rule to a custom bus", |s, at, pick| {
        let name = rule_name(s, at, pick).unwrap_or_default();
        if let Some(rule) = s.region_mut(at).rules.remove(&name) {
            s.region_mut(at).buses.entry("custom".into()).or_default().rules.insert(name, rule);
        }
    }),
    ("fill the bus", |s, at, pick| {
        let name = rule_name(s, at, pick).unwrap_or_default();
        let rules = &mut s.region_mut(at).rules;
        rules.remove(&name);
        let rule = theirs(r#"{"source":["theirs"]}"#);
        for number in rules.len()..300 {
            rules.insert(format!("theirs-{number}"), rule.clone());
        }
    }),
    ("fill the bus with wildcards", |s, at, pick| {
        let name = rule_name(s, at, pick).unwrap_or_default();
        let rules = &mut s.region_mut(at).rules;
        rules.remove(&name);
        let rule = theirs(r#"{"source":[{"anything-but":{"wildcard":"theirs*"}}]}"#);
        rules.extend((0..30).map(|number| (format!("wild-{number}"), rule.clone())));
    }),
    ("disable the rule", |s, at, pick| rule(s, at, pick, |r| r.rule.state = RuleState::Disabled)),
    ("enable the rule plainly", |s, at, pick| {
        rule(s, at, pick, |r| r.rule.state = RuleState::Enabled)
    }),
    ("widen the rule's state", |s, at, pick| {
        rule(s, at, pick, |r| r.rule.state = RuleState::EnabledWithAllCloudtrailManagementEvents)
    }),
    ("narrow the pattern to nobody", |s, at, pick| {
        rule(s, at, pick, |r| narrowed(r, "userIdentity.principalId", json!(["nobody"])))
    }),
    ("overlap the alternatives", |s, at, pick| {
        rule(s, at, pick, |r| {
            let mut pattern: Value =
                serde_json::from_str(r.rule.event_pattern.as_ref().unwrap()).unwrap();
            pattern["detail"]["$or"] = json!([
                {"eventVersion": ["1.08"]},
                {"eventVersion": ["1.08", {"anything-but": "1.08"}, {"exists": false}]},
            ]);
            r.rule.event_pattern = Some(pattern.to_string());
        })
    }),
    ("narrow the pattern to root", |s, at, pick| {
        rule(s, at, pick, |r| narrowed(r, "userIdentity.type", json!(["Root"])))
    }),
    ("narrow the pattern to what succeeds", |s, at, pick| {
        rule(s, at, pick, |r| narrowed(r, "errorCode", json!([{ "exists": false }])))
    }),
    ("reword the pattern", |s, at, pick| {
        rule(s, at, pick, |r| {
            let pattern: Value =
                serde_json::from_str(r.rule.event_pattern.as_ref().unwrap()).unwrap();
            r.rule.event_pattern = Some(serde_json::to_string_pretty(&pattern).unwrap());
        })
    }),
    ("widen the pattern", |s, at, pick| {
        rule(s, at, pick, |r| {
            let mut pattern: Value =
                serde_json::from_str(r.rule.event_pattern.as_ref().unwrap()).unwrap();
            if let Some(detail) = pattern.get_mut("detail").and_then(Value::as_object_mut) {
                detail.remove("userIdentity");
            }
            r.rule.event_pattern = Some(pattern.to_string());
        })
    }),
    ("drop the target", |s, at, pick| rule(s, at, pick, |r| drop(r.targets.pop_first()))),
    ("send to another topic", |s, at, pick| {
        let other = at.arn("sns", "shared-too");
        target(s, at, pick, |t| t.arn = other);
    }),
    ("send to another region", |s, at, pick| {
        target(s, at, pick, |t| t.arn = "arn:aws:sns:us-west-2:111122223333:far".into())
    }),
    ("send as a role", |s, at, pick| {
        target(s, at, pick, |t| t.role_arn = Some("arn:aws:iam::111122223333:role/sender".into()))
    }),
    ("send the bare event", |s, at, pick| target(s, at, pick, |t| t.input = Input::Event)),
    ("send words", |s, at, pick| {
        target(s, at, pick, |t| t.input = Input::Constant("\"never mind\"".into()))
    }),
    ("send what cannot be made", |s, at, pick| {
        target(s, at, pick, |t| {
            t.input = Input::Transformer(InputTransformer {
                paths: Default::default(),
                template: "{\"who\": <nobody>}".into(),
            })
        })
    }),
    ("keep nothing that is refused", |s, at, pick| {
        target(s, at, pick, |t| t.dead_letter_arn = None)
    }),
    ("delete the queue of what is refused", |s, at, _| {
        s.region_mut(at).queues.remove("ctguard-acme-targets");
    }),
    ("delete the topic", |s, at, pick| {
        let topics = &mut s.region_mut(at).topics;
        let names: Vec<_> =
            topics.keys().filter(|name| name.starts_with(PREFIX)).cloned().collect();
        if let Some(name) = names.get(pick % names.len().max(1)) {
            topics.remove(name);
        }
    }),
    ("let nobody publish", |s, at, pick| {
        topic(s, at, pick, |t| {
            t.topic.policy = Some(json!({ "Version": "2012-10-17", "Statement": [] }))
        })
    }),
    ("a condition on the account", |s, at, pick| {
        topic(s, at, pick, |t| {
            condition(t, json!({ "StringEquals": { "aws:SourceAccount": "111122223333" } }))
        })
    }),
    ("a condition on the account if it is there", |s, at, pick| {
        topic(s, at, pick, |t| {
            condition(t, json!({ "StringEqualsIfExists": { "aws:SourceAccount": "111122223333" } }))
        })
    }),
    ("a condition on the rule", |s, at, pick| {
        topic(s, at, pick, |t| {
            condition(
                t,
                json!({ "ArnLike": { "aws:SourceArn": "arn:aws:events:*:111122223333:rule/*" } }),
            )
        })
    }),
    ("a condition on another rule", |s, at, pick| {
        topic(s, at, pick, |t| {
            condition(
                t,
                json!({ "ArnEquals": { "aws:SourceArn": "arn:aws:events:eu-west-1:111122223333:rule/x" } }),
            )
        })
    }),
    ("a condition that nobody knows", |s, at, pick| {
        topic(s, at, pick, |t| condition(t, json!({ "Null": { "aws:SourceAccount": "true" } })))
    }),
    ("let anybody publish", |s, at, pick| {
        topic(s, at, pick, |t| {
            let mut anybody = deny(None);
            anybody["Effect"] = json!("Allow");
            statement(t, anybody);
        })
    }),
    ("somebody subscribes", |s, at, pick| {
        topic(s, at, pick, |t| {
            let plain = SubscriptionAttributes::default();
            let confirmed = StoredSubscription::Confirmed { arn: "a:1".into(), attributes: plain };
            t.subscriptions.insert(Endpoint::new(Protocol::Email, "eve@evil.example"), confirmed);
        })
    }),
    ("somebody asks to subscribe", |s, at, pick| {
        let since = s.clock;
        topic(s, at, pick, |t| {
            let attributes = SubscriptionAttributes::default();
            let asked = StoredSubscription::Pending { since, attributes };
            t.subscriptions.insert(Endpoint::new(Protocol::Email, "eve@evil.example"), asked);
        })
    }),
    ("encrypt the default bus with a good key", |s, at, _| {
        s.region_mut(at).default_bus_key = Some("alias/alerts".into())
    }),
    ("encrypt the default bus with a bad key", |s, at, _| {
        s.region_mut(at).default_bus_key = Some("alias/siem".into())
    }),
    ("deny everybody", |s, at, pick| topic(s, at, pick, |t| statement(t, deny(None)))),
    ("deny without TLS", |s, at, pick| {
        topic(s, at, pick, |t| {
            statement(t, deny(Some(json!({ "Bool": { "aws:SecureTransport": "false" } }))))
        })
    }),
    ("deny other accounts", |s, at, pick| {
        topic(s, at, pick, |t| {
            statement(
                t,
                deny(Some(json!({ "StringNotEquals": { "aws:SourceAccount": "111122223333" } }))),
            )
        })
    }),
    ("deny other organizations", |s, at, pick| {
        topic(s, at, pick, |t| {
            statement(t, deny(Some(json!({ "StringNotEquals": { "aws:PrincipalOrgID": "o-1" } }))))
        })
    }),
    ("encrypt with AWS's key", |s, at, pick| {
        topic(s, at, pick, |t| t.topic.kms_key = Some("alias/aws/sns".into()))
    }),
    ("encrypt with a good key", |s, at, pick| {
        topic(s, at, pick, |t| t.topic.kms_key = Some("alias/alerts".into()))
    }),
    ("disable the key", |s, at, _| {
        s.region_mut(at).keys.values_mut().for_each(|key| key.enabled = false)
    }),
    ("delete the key", |s, at, _| s.region_mut(at).keys.clear()),
    ("the key admits nobody", |s, at, _| key(s, at, json!({ "Statement": [] }))),
    ("the key wants the account", |s, at, _| {
        let mut policy = allow("events.amazonaws.com", "kms:*", "*");
        policy["Statement"][0]["Condition"] =
            json!({ "StringEquals": { "aws:SourceAccount": "111122223333" } });
        key(s, at, policy);
    }),
    ("the key wants the service", |s, at, _| {
        let mut policy = allow("events.amazonaws.com", "kms:*", "*");
        policy["Statement"][0]["Condition"] =
            json!({ "StringEquals": { "kms:ViaService": "sns.eu-west-1.amazonaws.com" } });
        key(s, at, policy);
    }),
    ("unsubscribe", |s, at, pick| topic(s, at, pick, |t| drop(t.subscriptions.pop_first()))),
    ("suspend", |s, at, pick| {
        let since = s.clock;
        topic(s, at, pick, |t| pend(t, since));
    }),
    ("filter on attributes", |s, at, pick| {
        attributes(s, at, pick, |a| a.filter_policy = Some(json!({ "risk": ["high"] })))
    }),
    ("filter on absence", |s, at, pick| {
        attributes(s, at, pick, |a| {
            a.filter_policy = Some(json!({ "risk": [{ "exists": false }] }))
        })
    }),
    ("filter on the body", |s, at, pick| {
        attributes(s, at, pick, |a| {
            a.filter_policy = Some(json!({ "account": ["111122223333"] }));
            a.filter_policy_scope = Some("MessageBody".into());
        })
    }),
    ("an empty filter", |s, at, pick| {
        attributes(s, at, pick, |a| a.filter_policy = Some(json!({})))
    }),
    ("keep nothing that a subscriber refuses", |s, at, pick| {
        attributes(s, at, pick, |a| a.dead_letter_arn = None)
    }),
    ("deliver raw", |s, at, pick| attributes(s, at, pick, |a| a.raw_message_delivery = true)),
    ("delete the queue", |s, _, _| drop(s.region_mut(&place("eu-west-1")).queues.remove("siem"))),
    ("shut the queue", |s, _, _| siem(s, |queue| queue.policy = None)),
    ("open the queue to another topic", |s, _, _| {
        siem(s, |queue| {
            let mut policy = allow("sns.amazonaws.com", "sqs:SendMessage", "*");
            policy["Statement"][0]["Condition"] =
                json!({ "ArnLike": { "aws:SourceArn": "arn:aws:sns:*" } });
            queue.policy = Some(policy);
        })
    }),
    ("open the queue to this account's topics", |s, _, _| {
        siem(s, |queue| {
            let mut policy = allow("sns.amazonaws.com", "sqs:SendMessage", "*");
            policy["Statement"][0]["Condition"] =
                json!({ "ArnLike": { "aws:SourceArn": "arn:aws:sns:*:111122223333:*" } });
            queue.policy = Some(policy);
        })
    }),
    ("encrypt the queue with a good key", |s, _, _| {
        siem(s, |queue| queue.kms_key = Some("alias/siem".into()))
    }),
    ("encrypt the queue with a bad key", |s, _, _| {
        siem(s, |queue| queue.kms_key = Some("alias/alerts".into()))
    }),
    ("encrypt the queue with AWS's key", |s, _, _| {
        siem(s, |queue| queue.kms_key = Some("alias/aws/sqs".into()))
    }),
    ("delete the function", |s, _, _| s.region_mut(&place("eu-west-1")).functions.clear()),
    ("shut the function", |s, _, _| triage(s, |policy| *policy = None)),
    ("open the function to another topic", |s, _, _| {
        calling(s, json!({ "ArnLike": { "AWS:SourceArn": "arn:aws:sns:*:111122223333:other" } }))
    }),
    ("open the function to this account's topics", |s, _, _| {
        calling(s, json!({ "ArnLike": { "AWS:SourceArn": "arn:aws:sns:*:111122223333:*" } }))
    }),
    ("open the function to this account", |s, _, _| {
        calling(s, json!({ "StringEquals": { "AWS:SourceAccount": "111122223333" } }))
    }),
    ("open the function to EventBridge", |s, _, _| {
        triage(s, |policy| {
            *policy = Some(allow("events.amazonaws.com", "lambda:InvokeFunction", "*"))
        })
    }),
    ("open an alias of the function", |s, _, _| {
        triage(s, |policy| {
            let alias = "arn:aws:lambda:eu-west-1:111122223333:function:triage:prod";
            *policy = Some(allow("sns.amazonaws.com", "lambda:InvokeFunction", alias))
        })
    }),
    ("the function denies", |s, _, _| {
        triage(s, |policy| {
            if let Some(statements) = policy.as_mut().and_then(|p| p["Statement"].as_array_mut()) {
                let mut deny = deny(None);
                deny["Action"] = json!("lambda:InvokeFunction");
                statements.push(deny);
            }
        })
    }),
    ("chat leaves", |s, at, _| chat(s, at, |topic, chat| drop(topic.subscriptions.remove(&chat)))),
    ("chat gets raw messages", |s, at, _| {
        chat(s, at, |topic, chat| {
            if let Some(StoredSubscription::Confirmed { attributes, .. }) =
                topic.subscriptions.get_mut(&chat)
            {
                attributes.raw_message_delivery = true;
            }
        })
    }),
    ("a dead letter waits", |s, at, _| {
        if let Some(queue) = s.region_mut(at).queues.get_mut("ctguard-acme-targets") {
            let queue: &mut StoredQueue = queue;
            queue.messages = 3;
        }
    }),
    ("an invocation failed", |s, at, pick| metrics(s, at, pick, |m| m.failed = 2)),
    ("a dead letter was refused", |s, at, pick| metrics(s, at, pick, |m| m.failed_to_dlq = 1)),
    ("the rule never fired", |s, at, pick| metrics(s, at, pick, |m| m.triggered = 0)),
    ("nothing that was counted can be read", |s, at, _| {
        s.denied.push(Denied {
            operation: "cloudwatch:*".into(),
            account: None,
            region: Some(at.region.clone()),
        });
    }),
    ("delete the buckets", |s, _, _| {
        s.accounts.values_mut().for_each(|a| a.global.buckets.clear())
    }),
    ("shut the buckets", |s, _, _| {
        for account in s.accounts.values_mut() {
            account.global.buckets.values_mut().for_each(|bucket| bucket.bucket.policy = None);
        }
    }),
    ("deny log files", |s, _, _| {
        buckets(s, |bucket| {
            let mut deny = deny(None);
            (deny["Action"], deny["Resource"]) = (json!("s3:PutObject"), json!("arn:aws:s3:::*"));
            deny["Condition"] =
                json!({ "StringEquals": { "s3:x-amz-acl": "bucket-owner-full-control" } });
            let statements = bucket.policy.as_mut().and_then(|p| p["Statement"].as_array_mut());
            statements.into_iter().for_each(|all| all.push(deny.clone()));
        })
    }),
    ("deny digests", |s, _, _| {
        buckets(s, |bucket| {
            let mut deny = deny(None);
            deny["Action"] = json!("s3:PutObject");
            deny["Resource"] = json!("arn:aws:s3:::*/AWSLogs/*/CloudTrail-Digest/*");
            let statements = bucket.policy.as_mut().and_then(|p| p["Statement"].as_array_mut());
            statements.into_iter().for_each(|all| all.push(deny.clone()));
        })
    }),
    ("let another account delete files", |s, _, _| {
        buckets(s, |bucket| {
            let who = json!({ "AWS": "arn:aws:iam::999988887777:root" });
            let all = json!({ "Sid": "other", "Effect": "Allow", "Principal": who,
                "Action": "s3:DeleteObject*", "Resource": "arn:aws:s3:::*" });
            let statements = bucket.policy.as_mut().and_then(|p| p["Statement"].as_array_mut());
            statements.into_iter().for_each(|list| list.push(all.clone()));
        })
    }),
    ("let anybody read files", |s, _, _| {
        buckets(s, |bucket| {
            bucket.public_access_blocked = false;
            let all = json!({ "Sid": "open", "Effect": "Allow", "Principal": "*",
                "Action": "s3:GetObject", "Resource": "arn:aws:s3:::*" });
            let statements = bucket.policy.as_mut().and_then(|p| p["Statement"].as_array_mut());
            statements.into_iter().for_each(|list| list.push(all.clone()));
        })
    }),
    ("deny other files", |s, _, _| {
        buckets(s, |bucket| {
            let mut deny = deny(None);
            deny["Action"] = json!("s3:PutObject");
            deny["Resource"] = json!("arn:aws:s3:::acme-logs-111122223333/reports/*");
            let statements = bucket.policy.as_mut().and_then(|p| p["Statement"].as_array_mut());
            statements.into_iter().for_each(|all| all.push(deny.clone()));
        })
    }),
    ("let log files expire", |s, _, _| buckets(s, |bucket| expire(bucket, "AWSLogs/", 30))),
    ("let log files expire after years", |s, _, _| buckets(s, |bucket| expire(bucket, "", 2_555))),
    ("let other files expire", |s, _, _| buckets(s, |bucket| expire(bucket, "reports/", 1))),
    ("open the buckets", |s, _, _| {
        for account in s.accounts.values_mut() {
            let buckets = account.global.buckets.values_mut();
            buckets.for_each(|bucket| bucket.bucket.public_access_blocked = false);
        }
    }),
    ("stop keeping versions", |s, _, _| {
        for account in s.accounts.values_mut() {
            let buckets = account.global.buckets.values_mut();
            buckets.for_each(|bucket| bucket.bucket.versioning = false);
        }
    }),
    ("log files cannot be encrypted", |s, _, _| {
        trails(s, |t| t.status.latest_delivery_error = Some("KMS.DisabledException".into()))
    }),
    ("the key of log files shuts CloudTrail out", |s, _, _| encrypt_logs(s, true, false)),
    ("the key of log files is disabled", |s, _, _| encrypt_logs(s, false, true)),
    ("log files cannot be written", |s, _, _| {
        trails(s, |t| t.status.latest_delivery_error = Some("SlowDown".into()))
    }),
    ("digests cannot be written", |s, _, _| {
        trails(s, |t| t.status.latest_digest_delivery_error = Some("AccessDenied".into()))
    }),
    ("delete the machine", |s, at, _| s.region_mut(at).machines.clear()),
    ("the machine is on its way out", |s, at, _| machine(s, at, |one| one.deleting = true)),
    ("make the machine Express", |s, at, _| {
        machine(s, at, |one| one.machine.machine_type = MachineType::Express)
    }),
    ("change the definition", |s, at, _| {
        machine(s, at, |one| one.machine.definition = IDLE.to_owned())
    }),
    ("lay the definition out otherwise", |s, at, _| {
        machine(s, at, |one| {
            let definition: Value = serde_json::from_str(&one.machine.definition).unwrap();
            one.machine.definition = format!("{definition:#}");
        })
    }),
    ("encrypt the machine", |s, at, _| {
        machine(s, at, |one| one.machine.kms_key = Some("alias/alerts".into()))
    }),
    ("give the machine another role", |s, at, _| {
        machine(s, at, |one| {
            one.machine.role_arn = "arn:aws:iam::111122223333:role/ctguard-acme".into();
        })
    }),
    ("an execution failed", |s, at, _| {
        s.region_mut(at).executions_failed.insert("ctguard-acme-mail".into(), 2);
    }),
    ("delete the role of rules", |s, _, _| role(s, "ctguard-acme", |_| true)),
    ("delete the role of machines", |s, _, _| role(s, "ctguard-acme-mail", |_| true)),
    ("let nobody take the role of rules on", |s, _, _| role(s, "ctguard-acme", distrusted)),
    ("let nobody take the role of machines on", |s, _, _| role(s, "ctguard-acme-mail", distrusted)),
    ("the role of rules starts nothing", |s, _, _| {
        role(s, "ctguard-acme", |one| {
            one.policies.clear();
            false
        })
    }),
    ("the role of machines publishes elsewhere", |s, _, _| {
        role(s, "ctguard-acme-mail", |one| {
            for policy in one.policies.values_mut() {
                policy["Statement"][0]["Resource"] = json!("arn:aws:sns:eu-west-1:111122223333:x");
            }
            false
        })
    }),
    ("the role of machines is denied", |s, _, _| {
        role(s, "ctguard-acme-mail", |one| {
            one.attached.insert("arn:aws:iam::aws:policy/AWSDenyAll".into());
            false
        })
    }),
    ("bound the role of machines", |s, _, _| {
        role(s, "ctguard-acme-mail", |one| {
            one.permissions_boundary = Some("arn:aws:iam::aws:policy/ReadOnlyAccess".into());
            false
        })
    }),
    ("the mail's target has no role", |s, at, _| {
        for rule in s.region_mut(at).rules.values_mut() {
            let mails = rule.targets.values_mut().filter(|one| one.arn.contains(":states:"));
            mails.for_each(|one| one.role_arn = None);
        }
    }),
    ("machines cannot be read", |s, _, _| hide(s, "states:DescribeStateMachine")),
    ("selectors cannot be read", |s, _, _| hide(s, "cloudtrail:GetEventSelectors")),
    ("functions cannot be read", |s, _, _| hide(s, "lambda:GetPolicy")),
    ("subscriptions cannot be read", |s, _, _| hide(s, "sns:ListSubscriptionsByTopic")),
    ("keys cannot be read", |s, _, _| hide(s, "kms:*")),
];

/// A machine that does nothing.
const IDLE: &str = r#"{"QueryLanguage":"JSONata","StartAt":"a","States":{"a":{"Type":"Succeed"}}}"#;

fn machine(s: &mut State, at: &Place, change: impl Fn(&mut StoredMachine)) {
    s.region_mut(at).machines.values_mut().for_each(change);
}

/// Changes a role, or takes it away where it is to go.
fn role(s: &mut State, name: &str, change: impl Fn(&mut StoredRole) -> bool) {
    for account in s.accounts.values_mut() {
        account.global.roles.retain(|known, role| known != name || !change(role));
    }
}

fn distrusted(role: &mut StoredRole) -> bool {
    let trust = role.trust["Statement"].as_array_mut();
    trust.into_iter().flatten().for_each(|statement| {
        statement["Condition"]["StringEquals"]["aws:SourceAccount"] = json!("000000000000");
    });
    false
}

fn buckets(s: &mut State, change: impl Fn(&mut Bucket)) {
    for account in s.accounts.values_mut() {
        account.global.buckets.values_mut().for_each(|stored| change(&mut stored.bucket));
    }
}

fn expire(bucket: &mut Bucket, prefix: &str, days: i32) {
    let rule = Expiration {
        rule: "theirs".into(),
        prefix: prefix.into(),
        expires: Expires::Days(days),
        by_size: false,
    };
    bucket.expirations.push(rule);
}

/// The wound of this name.
pub fn named(name: &str) -> Wound {
    let found = WOUNDS.iter().find(|(known, _)| *known == name);
    found.unwrap_or_else(|| panic!("there is no wound `{name}`")).1
}

/// Encrypts the files of every trail with a key of its home.
fn encrypt_logs(state: &mut State, enabled: bool, admits: bool) {
    for (account, held) in &mut state.accounts {
        for (region, here) in &mut held.regions {
            let place = Place::new(account.clone(), region.clone());
            let own: Vec<_> = here.trails.values_mut().collect();
            if own.is_empty() {
                continue;
            }
            own.into_iter().for_each(|trail| {
                trail.trail.kms_key = Some(place.arn("kms", "key/logs"));
            });
            let service = if admits { "cloudtrail.amazonaws.com" } else { "events.amazonaws.com" };
            let key = json!({ "aliases": [], "enabled": enabled, "policy": { "Statement": [{
                "Effect": "Allow", "Principal": { "Service": service },
                "Action": ["kms:GenerateDataKey*", "kms:DescribeKey"], "Resource": "*",
            }] } });
            let key = serde_json::from_value(key).expect("a key");
            here.keys.insert("logs".to_owned(), key);
        }
    }
}
