//! Does the topic accept what EventBridge sends: does it exist, and do its policy and its key admit
//! EventBridge?

use super::policy::carried::RESOURCE_TAG;
use super::policy::principal::Asker;
use super::policy::{Admission, PolicyRefusal, Request, Sent, admission};
use super::role::{self, PUBLISH, RoleUse};
use super::{FixedBy, Link, LinkCode, LinkObject, Status, key, subscriber};
use crate::blueprint::Subscriber;
use crate::cause::Cause;
use crate::desired::{Desired, DestinationPath, MachinePath};
use crate::resource::keys::RuleKey;
use crate::resource::topic::Topic;
use crate::scope::{Arn, Place};
use crate::snapshot::Live;
use crate::snapshot::{LiveTopic, Observed, Unreadable};
use serde_json::{Value, json};
use std::collections::BTreeSet;

/// EventBridge publishes to a topic; conditions cannot be met there.
///
/// Source: <https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-use-resource-based.html>
pub(super) const EVENTS: &str = "events.amazonaws.com";

/// What to do about a statement that denies a role of the topic's own account.
const DENIED_FIX: &str = "Take the statement out of the topic's policy, or let it spare the role: an Allow does not undo a Deny.";

/// What makes a key of another account readable.
const KEY_OF_OTHERS: &str =
    "Use a key of the topic's own account, which can be read, or ask the key's owner.";

/// A topic that is there, and how its subscribers are judged.
pub(super) struct TopicJudge<'a> {
    pub desired: &'a Desired,
    pub live: &'a Live,
    pub place: &'a Place,
    pub arn: &'a str,
    pub topic: &'a LiveTopic,
    pub destination: &'a DestinationPath,
    pub fixed_by: FixedBy,
    /// The rules that publish, where the topic's policy tells rules apart; else none.
    pub rules: &'a [RuleKey],
}

/// Whether the policy of a topic has conditions on the rule that publishes.
pub fn tells_rules_apart(live: &Live, place: &Place, topic: &str) -> bool {
    let seen = live.places.get(place).and_then(|seen| seen.topics.get(topic));
    let policy = seen.and_then(|seen| seen.known()?.topic.policy.as_ref());
    policy.is_some_and(|policy| policy.to_string().to_ascii_lowercase().contains("aws:sourcearn"))
}

pub fn judge(
    desired: &Desired,
    live: &Live,
    place: &Place,
    destination: &DestinationPath,
    rules: &[RuleKey],
    links: &mut Vec<Link>,
) {
    let arn = &destination.topic_arn;
    let managed = destination.managed_topic.is_some();
    let (seen_at, seen) = destination.topic_seen(live, place);
    let (raised, place) = (place, &seen_at);
    let topic = match seen {
        Some(Observed::Known(topic)) => topic,
        Some(Observed::Unreadable(why)) if is_foreign(destination, place) && is_denied(why) => {
            let object = LinkObject::Topic(arn.clone());
            let mut link = unread(place, object, why);
            if let Some(publisher) = publisher(destination, raised) {
                link.fix = format!("{} {}", link.fix, owners_statement(arn, publisher));
            }
            return links.push(link);
        }
        Some(Observed::Unreadable(why)) => {
            return links.push(Link::unreadable(
                LinkCode::TopicMissing,
                place,
                LinkObject::Topic(arn.clone()),
                why,
            ));
        }
        Some(Observed::Absent) | None => {
            let fixed_by = if managed { FixedBy::Apply } else { FixedBy::Person };
            let cause = "it does not exist".to_owned();
            let mut link = Link::broken(
                LinkCode::TopicMissing,
                place,
                LinkObject::Topic(arn.clone()),
                cause,
                fixed_by,
            );
            if fixed_by == FixedBy::Person {
                link.fix = "Whoever owns the topic must make it, or `topic_arn` must name another."
                    .to_owned();
            }
            links.push(link);
            // A topic that apply creates reaches nobody when no subscriber is listed.
            if destination.subscribers.is_empty() {
                links.push(subscriber::nobody(place, LinkObject::Topic(arn.clone())));
            }
            if managed {
                let topic = &new_topic();
                let judge =
                    TopicJudge { desired, live, place, arn, topic, destination, fixed_by, rules };
                let each = destination.subscribers.iter();
                links.extend(each.filter_map(|one| subscriber::beforehand(&judge, one)));
                let (publisher, here) = (publisher(destination, raised), desired.places.get(place));
                let wanted = destination.managed_topic.as_ref().zip(here);
                let wanted = wanted.and_then(|(name, here)| here.topics.get(name));
                if let Some(key) = wanted.and_then(|topic| topic.kms_key.as_ref()) {
                    let doubts = judge.key_doubts(publisher, key);
                    links.extend(doubts.filter(|link| link.status >= Status::Unknown));
                }
            }
            return;
        }
    };
    let owned = topic.tags.name_owner(&desired.name);
    let fixed_by = if managed && owned { FixedBy::Apply } else { FixedBy::Person };
    let judge = TopicJudge { desired, live, place, arn, topic, destination, fixed_by, rules };
    let publisher = publisher(destination, raised);
    links.push(match publisher {
        Some(publisher) => judge.policy_for(publisher),
        None => judge.policy(),
    });
    if let Some(name) = &topic.topic.kms_key {
        links.extend(judge.key_links(publisher, name));
    }
    if destination.subscribers.is_empty() {
        links.push(subscriber::unlisted(&judge));
    }
    for subscriber in &destination.subscribers {
        links.extend(subscriber::beforehand(&judge, subscriber));
        links.push(match subscriber {
            Subscriber::Endpoint(endpoint) => subscriber::endpoint(&judge, endpoint),
            Subscriber::Chat(configuration) => subscriber::chat(&judge, configuration),
        });
    }
}

/// What is not proven of a key that a topic of the blueprint's is not encrypted with yet, for
/// everybody who publishes there.
pub(crate) fn key_beforehand(
    desired: &Desired,
    live: &Live,
    place: &Place,
    arn: &str,
    key: &str,
) -> Vec<Link> {
    let mut asked = BTreeSet::new();
    let mut found = Vec::new();
    for path in desired.paths.iter().filter(|path| path.raised == *place) {
        for destination in path.destinations.iter().filter(|one| one.topic_arn == arn) {
            if !asked.insert(destination.publisher()) {
                continue;
            }
            let (topic, fixed_by, rules) = (&new_topic(), FixedBy::Person, &path.rules[..]);
            let judge =
                TopicJudge { desired, live, place, arn, topic, destination, fixed_by, rules };
            found.extend(judge.key_doubts(publisher(destination, place), key));
        }
    }
    found
}

/// Who publishes to a topic, where it is not EventBridge itself.
fn publisher<'a>(destination: &'a DestinationPath, raised: &'a Place) -> Option<Publisher<'a>> {
    let machine = destination.machine.as_deref();
    destination.publisher().map(|role_arn| Publisher { role_arn, raised, machine })
}

/// Whether a topic is of another account than its rules.
fn is_foreign(destination: &DestinationPath, seen_at: &Place) -> bool {
    destination.role.is_some()
        || destination.machine.is_some()
            && Arn::parse(&destination.topic_arn)
                .is_some_and(|topic| topic.account != seen_at.account.as_str())
}

/// A role with which rules publish to a topic of another account, or state machines to any.
#[derive(Clone, Copy)]
struct Publisher<'a> {
    role_arn: &'a str,
    /// Where the rules are.
    raised: &'a Place,
    /// Whose role it is; absent for a role of rules.
    machine: Option<&'a MachinePath>,
}

fn is_denied(why: &Unreadable) -> bool {
    matches!(why.cause(), Cause::Denied(_))
}

/// A topic of another account that lets nobody read it, as most do.
fn unread(place: &Place, object: LinkObject, why: &Unreadable) -> Link {
    let cause = format!(
        "it is in another account, and {} is denied: that its policy admits the role, and who is subscribed, is taken on trust",
        why.operation
    );
    Link::assumed(LinkCode::TopicUnread, place, object, cause).with_fix(
        "Whoever owns the topic may let this account call sns:GetTopicAttributes and sns:ListSubscriptionsByTopic on it; or cover the topic's account.",
    )
}

/// What the owner of a topic must let a role of another account do, so that its alerts arrive and
/// are proven, as a statement for the topic's policy.
///
/// It names the account and asks for the role, as AWS refuses a principal that does not exist yet.
///
/// Source: <https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-service-cross-account.html>,
/// <https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_condition-keys.html#condition-keys-principalarn>
fn owners_statement(topic: &str, publisher: Publisher<'_>) -> String {
    let statement = |actions: Value| {
        json!({
            "Effect": "Allow",
            "Principal": { "AWS": publisher.raised.account.as_str() },
            "Action": actions,
            "Resource": topic,
        })
    };
    let mut publish = statement(json!(PUBLISH));
    publish["Condition"] = json!({ "ArnEquals": { "aws:PrincipalArn": publisher.role_arn } });
    let read = statement(json!(["sns:GetTopicAttributes", "sns:ListSubscriptionsByTopic"]));
    format!(
        "Statements that let the role publish, and the topic be read and proven: {publish}, {read}"
    )
}

/// A key of another account, whose policy nobody is given there.
///
/// Source: <https://docs.aws.amazon.com/kms/latest/APIReference/API_GetKeyPolicy.html>
fn unread_key(place: &Place, object: LinkObject, why: &Unreadable) -> Link {
    let cause = format!(
        "it is in another account, and {} is denied: that its policy admits EventBridge is taken on trust",
        why.operation
    );
    Link::assumed(LinkCode::TopicUnread, place, object, cause).with_fix(KEY_OF_OTHERS)
}

/// A key of another account that was not read, as nothing is encrypted with it yet.
fn key_not_asked(place: &Place, object: LinkObject) -> Link {
    let cause = "it is in another account, which gives nobody its policy: that it admits whoever publishes is taken on trust";
    Link::assumed(LinkCode::TopicUnread, place, object, cause).with_fix(KEY_OF_OTHERS)
}

fn key_account(arn: &str) -> &str {
    Arn::parse(arn).map_or("", |arn| arn.account)
}

/// A topic that apply is about to make.
fn new_topic() -> LiveTopic {
    LiveTopic { topic: Topic::default(), subscriptions: Observed::Absent, tags: Observed::Absent }
}

impl TopicJudge<'_> {
    /// The links about the key of the topic.
    fn key_links(&self, publisher: Option<Publisher<'_>>, name: &str) -> Vec<Link> {
        match publisher {
            Some(publisher) => self.key_for(publisher, name, self.rules),
            None => vec![self.key(name)],
        }
    }

    /// What is not proven of a key, and not about the role that uses it.
    fn key_doubts(
        &self,
        publisher: Option<Publisher<'_>>,
        name: &str,
    ) -> impl Iterator<Item = Link> + use<> {
        let object = LinkObject::TopicKey { topic: self.arn.to_owned(), key: name.to_owned() };
        let links = self.key_links(publisher, name).into_iter();
        links.filter(move |link| link.object == object && link.status > Status::Proven)
    }

    fn policy(&self) -> Link {
        let object = LinkObject::Topic(self.arn.to_owned());
        match self.admission() {
            Admission::Admits => Link::proven(
                LinkCode::TopicPolicy,
                self.place,
                object,
                "its policy lets EventBridge publish".to_owned(),
            ),
            Admission::Refuses(refusal) => self.refused(object, refusal),
            Admission::Assumes(cause) => Link {
                fix: "AWS documents that conditions cannot be used for EventBridge in a topic policy: allow it without one.".to_owned(),
                ..self.assumed(LinkCode::TopicPolicyCondition, object, cause)
            },
        }
    }

    /// Whether the policy lets a role publish: it must where it is another account's, and only must
    /// not deny where its own policy is enough.
    ///
    /// Source: <https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-service-cross-account.html>
    fn policy_for(&self, publisher: Publisher<'_>) -> Link {
        let object = LinkObject::Topic(self.arn.to_owned());
        let role = publisher.role_arn;
        let fix = format!(
            "Whoever owns the topic must let its policy allow {role} sns:Publish. {}",
            owners_statement(self.arn, publisher)
        );
        let policy = self.topic.topic.policy.as_ref();
        let asker = self.asker(publisher);
        let near = asker.resource_account == publisher.raised.account.as_str();
        let answer = match near {
            true => asker.not_denied(policy, PUBLISH, self.arn),
            false => asker.admitted(policy, PUBLISH, self.arn),
        };
        match answer {
            Admission::Admits if near => {
                let cause = "its policy does not deny the role, whose own is enough";
                Link::proven(LinkCode::TopicPolicy, self.place, object, cause)
            }
            Admission::Admits => {
                let cause = "its policy lets the role publish".to_owned();
                Link::proven(LinkCode::TopicPolicy, self.place, object, cause)
            }
            Admission::Assumes(cause) => {
                self.assumed(LinkCode::TopicPolicyCondition, object, cause).with_fix(&fix)
            }
            Admission::Refuses(refusal) => {
                let code = match refusal {
                    PolicyRefusal::Nobody(_) => LinkCode::TopicPolicy,
                    PolicyRefusal::Condition(_) => LinkCode::TopicPolicyCondition,
                    PolicyRefusal::Deny(_) => LinkCode::TopicPolicyDeny,
                };
                let denied = refusal.is_denial();
                let fix = match denied && near {
                    true => DENIED_FIX,
                    false => fix.as_str(),
                };
                let cause = refusal.into_cause();
                Link::broken(code, self.place, object, cause, FixedBy::Person)
                    .with_fix(fix)
                    .denied(denied && near)
            }
        }
    }

    /// Whether a role may use the key: by the key's policy and by its own.
    ///
    /// A key's policy that names the account, not the role, leaves it to the role's own.
    ///
    /// Source: <https://docs.aws.amazon.com/kms/latest/developerguide/key-policy-modifying-external-accounts.html>
    fn key_for(&self, publisher: Publisher<'_>, name: &str, rules: &[RuleKey]) -> Vec<Link> {
        const ACTIONS: [&str; 2] = ["kms:GenerateDataKey", "kms:Decrypt"];
        let object = LinkObject::TopicKey { topic: self.arn.to_owned(), key: name.to_owned() };
        let fix = match publisher.machine {
            Some(_) => {
                "Allow the state machine's role kms:GenerateDataKey and kms:Decrypt in the policy of an enabled customer-managed key, and name the key by `kms_key`."
            }
            None => {
                "Allow the role kms:GenerateDataKey and kms:Decrypt in the policy of an enabled customer-managed key, and name the key by `kms_key` beside `role: create`."
            }
        };
        let broken = |code, cause: String| {
            Link::broken(code, self.place, object.clone(), cause, FixedBy::Person).with_fix(fix)
        };
        // What others own may be closed to us; what the account has itself must be read.
        let elsewhere = is_foreign(self.destination, self.place) || self.is_of_others(name);
        let seen = self.live.places.get(self.place).and_then(|seen| seen.keys.get(name));
        let key = match seen {
            Some(Observed::Known(key)) => key,
            Some(Observed::Unreadable(why)) if is_denied(why) && elsewhere => {
                return vec![unread(self.place, object, why)];
            }
            Some(Observed::Unreadable(why)) => {
                return vec![Link::unreadable(LinkCode::TopicKeyPolicy, self.place, object, why)];
            }
            None if self.is_of_others(name) => return vec![key_not_asked(self.place, object)],
            Some(Observed::Absent) | None => {
                return vec![broken(
                    LinkCode::TopicKeyMissing,
                    "the key does not exist".to_owned(),
                )];
            }
        };
        let near = key_account(&key.arn) == publisher.raised.account.as_str();
        if key.aws_managed && near {
            // <https://docs.aws.amazon.com/sns/latest/dg/sns-server-side-encryption.html>
            let cause = "it is SNS's own key of the account, which whoever may publish uses by way of SNS, as far as AWS says";
            return vec![
                self.assumed(LinkCode::TopicKeyAwsManaged, object, cause.to_owned()).with_fix(fix),
            ];
        }
        if key.aws_managed {
            let cause = "it is an AWS-managed key, which no other account can use".to_owned();
            return vec![broken(LinkCode::TopicKeyAwsManaged, cause)];
        }
        if let Some((trouble, cause)) = key::unusable(key) {
            let link = broken(trouble.of_topic(), cause.to_owned());
            return vec![link.with_fix(trouble.fix(name, fix))];
        }
        let policy = match &key.policy {
            Observed::Known(policy) => Some(policy),
            Observed::Absent => None,
            Observed::Unreadable(why) if is_denied(why) && elsewhere => {
                return vec![unread(self.place, object, why)];
            }
            Observed::Unreadable(why) => {
                return vec![Link::unreadable(LinkCode::TopicKeyPolicy, self.place, object, why)];
            }
        };
        let mut assumed = None;
        for action in ACTIONS {
            match self.asker(publisher).admitted(policy, action, &key.arn) {
                Admission::Admits => {}
                Admission::Assumes(cause) => assumed = Some(cause),
                Admission::Refuses(PolicyRefusal::Condition(cause)) => {
                    return vec![broken(LinkCode::TopicKeyCondition, cause)];
                }
                Admission::Refuses(refusal) if refusal.is_denial() => {
                    let link = broken(LinkCode::TopicKeyPolicy, refusal.into_cause());
                    return vec![link.with_fix(key::Trouble::Denied.fix(name, fix))];
                }
                Admission::Refuses(refusal) => {
                    return vec![broken(LinkCode::TopicKeyPolicy, refusal.into_cause())];
                }
            }
        }
        let mut links = vec![match assumed {
            Some(cause) => self.assumed(LinkCode::TopicKeyCondition, object, cause).with_fix(fix),
            None => {
                let cause = "its key lets the role use it".to_owned();
                Link::proven(LinkCode::TopicKeyPolicy, self.place, object, cause)
            }
        }];
        let rule = rules.first().map_or("", RuleKey::as_str);
        let alias = name.find("alias/").map(|start| &name[start..]);
        for action in ACTIONS {
            let machine = publisher.machine.map(|machine| machine.arn.as_str());
            let used = RoleUse {
                machine,
                role_arn: publisher.role_arn,
                action,
                resource: &key.arn,
                alias,
            };
            let judged = role::judge(self.desired, self.live, publisher.raised, rule, used);
            let about_key = judged
                .into_iter()
                .filter(|link| matches!(link.code, LinkCode::RolePolicy | LinkCode::RoleBoundary));
            links.extend(about_key.map(|link| link.with_fix(fix)));
        }
        links
    }

    fn asker<'a>(&'a self, publisher: Publisher<'a>) -> Asker<'a> {
        let account = &publisher.raised.account;
        Asker {
            resource_tags: self.topic.tags.known(),
            ..Asker::new(self.desired, self.live, account, publisher.role_arn, self.arn)
        }
        .of_machine(publisher.machine.is_some())
    }

    /// What the policy says of every rule that publishes: the worst counts.
    ///
    /// AWS says that conditions cannot be used here, and one on the rule's ARN has been seen to
    /// work: the rule is taken to be sent, or not. `aws:SourceAccount` is not sent.
    ///
    /// Source: <https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-use-resource-based.html>
    fn admission(&self) -> Admission {
        let tags: Option<Vec<(String, &str)>> = self.topic.tags.known().map(|tags| {
            let key = |tag: &str| format!("{RESOURCE_TAG}{}", tag.to_ascii_lowercase());
            tags.iter().map(|(tag, value)| (key(tag), value.as_str())).collect()
        });
        let others = tags.iter().map(|_| (RESOURCE_TAG, Sent::Never));
        let here = tags.iter().flatten().map(|(key, value)| (key.as_str(), Sent::Perhaps(value)));
        let extra: Vec<(&str, Sent<'_>)> = here.chain(others).collect();
        let of = |source_arn: Sent<'_>| {
            let request = Request {
                service: EVENTS,
                action: "sns:Publish",
                resource: self.arn,
                source_arn,
                source_account: Sent::Never,
                through: None,
                extra: &extra,
            };
            admission(self.topic.topic.policy.as_ref(), &request)
        };
        let rules = self.rules.iter().map(|key| self.place.arn("events", &format!("rule/{key}")));
        let worst = rules.map(|rule| of(Sent::Perhaps(&rule))).max_by_key(|answer| match answer {
            Admission::Admits => 0,
            Admission::Assumes(_) => 1,
            Admission::Refuses(_) => 2,
        });
        worst.unwrap_or_else(|| of(Sent::Unknown))
    }

    /// Apply writes its own statement, without a condition; a statement of others that denies
    /// stays.
    fn refused(&self, object: LinkObject, refusal: PolicyRefusal) -> Link {
        let (code, fixed_by) = match refusal {
            PolicyRefusal::Nobody(_) => (LinkCode::TopicPolicy, self.fixed_by),
            PolicyRefusal::Condition(_) => (LinkCode::TopicPolicyCondition, self.fixed_by),
            PolicyRefusal::Deny(_) => (LinkCode::TopicPolicyDeny, FixedBy::Person),
        };
        let denied = refusal.is_denial();
        let link = Link::broken(code, self.place, object, refusal.into_cause(), fixed_by);
        let link = link.denied(denied);
        let fix = match (code, fixed_by) {
            (_, FixedBy::Apply) => return link,
            (LinkCode::TopicPolicyDeny, _) => {
                "Take the statement out of the topic's policy, or let it spare services: `\"Bool\": { \"aws:PrincipalIsAWSService\": \"false\" }`."
            }
            _ => {
                "Whoever owns the topic must let its policy allow events.amazonaws.com sns:Publish on this topic, without a condition."
            }
        };
        Link { fix: fix.to_owned(), ..link }
    }

    fn key(&self, name: &str) -> Link {
        let object = LinkObject::TopicKey { topic: self.arn.to_owned(), key: name.to_owned() };
        let seen = self.live.places.get(self.place).and_then(|seen| seen.keys.get(name));
        if seen.is_none() && self.is_of_others(name) {
            return key_not_asked(self.place, object);
        }
        match key::judge(seen, key::KeyUse::by_eventbridge(self.arn)) {
            key::Answer::Admits => Link::proven(
                LinkCode::TopicKeyPolicy,
                self.place,
                object,
                "its key lets EventBridge use it".to_owned(),
            ),
            key::Answer::Assumes(cause) => Link {
                fix: "Allow events.amazonaws.com in the key policy without a condition.".to_owned(),
                ..self.assumed(LinkCode::TopicKeyCondition, object, cause)
            },
            // Nobody is given the policy of another account's key.
            key::Answer::Unreadable(why) if is_denied(&why) && self.is_of_others(name) => {
                unread_key(self.place, object, &why)
            }
            key::Answer::Unreadable(why) => {
                Link::unreadable(LinkCode::TopicKeyPolicy, self.place, object, &why)
            }
            key::Answer::Refuses(trouble, cause) if self.apply_changes_key(name) => {
                Link::broken(trouble.of_topic(), self.place, object, cause, self.fixed_by)
            }
            key::Answer::Refuses(trouble, cause) => Link {
                fix: trouble.fix(name, match trouble {
                    key::Trouble::Missing => "Name a customer-managed key that exists by `kms_key`, whose policy lets events.amazonaws.com use it; or take the encryption off.",
                    _ => "Allow events.amazonaws.com kms:GenerateDataKey* and kms:Decrypt in the policy of an enabled customer-managed key, without a condition; or take the encryption off.",
                }),
                ..Link::broken(trouble.of_topic(), self.place, object, cause, FixedBy::Person)
                    .denied(trouble == key::Trouble::Denied)
            },
        }
    }

    /// Whether a key is another account's than the topic.
    fn is_of_others(&self, key: &str) -> bool {
        Arn::parse(key).is_some_and(|key| key.account != self.place.account.as_str())
    }

    /// Whether an apply replaces this key by none or by one that is known to admit EventBridge.
    fn apply_changes_key(&self, name: &str) -> bool {
        let here = self.desired.places.get(self.place);
        let topic = self.destination.managed_topic.as_ref();
        let Some(wanted) = here.zip(topic).and_then(|(here, topic)| here.topics.get(topic)) else {
            return false;
        };
        let keys = self.live.places.get(self.place).map(|seen| &seen.keys);
        self.fixed_by == FixedBy::Apply
            && wanted.kms_key.as_ref().is_none_or(|wanted| {
                let seen = keys.and_then(|keys| keys.get(wanted));
                wanted != name
                    && matches!(
                        key::judge(seen, key::KeyUse::by_eventbridge(self.arn)),
                        key::Answer::Admits
                    )
            })
    }

    pub(super) fn assumed(&self, code: LinkCode, object: LinkObject, cause: String) -> Link {
        Link::assumed(code, self.place, object, cause)
    }
}
