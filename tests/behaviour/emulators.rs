//! The adapter against AWS emulators over HTTP: what was written is what is read, every action can be
//! repeated, and what was deleted is gone.
//!
//! `story` plays the whole program against them; `links` breaks each link there from outside.
//!
//! `tests/emulators/run.sh` starts the emulators and says where they are. On ministack each test has an
//! account of its own (a 12-digit key id is the account), so that tests run side by side; moto has the one.
//!
//! Where an emulator is not like AWS, the test allows for it and the adapter does not:
//!
//! - ministack speaks CloudWatch's CBOR only where `cbor2` is installed, which is pinned beside it.
//! - ministack's CreateTrail drops its tags, so a TagTrail follows.
//! - ministack's tag search misses trails: the adapter reads the tags of a named object that is missed one by one,
//!   as it must where AWS's search lags.
//! - moto takes a repeated CreateTrail for a new trail, and answers GetBucketVersioning with an XML root that is
//!   not S3's and ListRegions not at all: those two parts must be unreadable, and the rest read.

mod broken_region;
mod calls;
mod crash;
mod faults;
mod fleet;
mod heal;
mod inventory;
mod lane;
mod least;
mod links;
mod listener;
mod mail;
mod permissions;
mod story;

use aws_credential_types::Credentials;
use aws_credential_types::provider::SharedCredentialsProvider;
use ctguard_aws::{Aws, Options};
use ctguard_core::action::{Action, SubscriptionAttribute, TopicAttribute};
use ctguard_core::cloud::Cloud;
use ctguard_core::resource::bucket::{Bucket, Encryption};
use ctguard_core::resource::keys::RuleKey;
use ctguard_core::resource::queue::{Queue, RETENTION_SECONDS};
use ctguard_core::resource::rule::{
    Input, InputTransformer, RetryPolicy, Rule, RuleState, Target, Targets,
};
use ctguard_core::resource::small_map::SmallMap;
use ctguard_core::resource::topic::{Endpoint, Protocol, SubscriptionAttributes};
use ctguard_core::resource::trail::{AdvancedSelector, FieldSelector, Selectors, Trail};
use ctguard_core::resource::{BLUEPRINT_TAG, Tags};
use ctguard_core::scope::{AccountId, Place, Region};
use ctguard_core::snapshot::{AccountReads, ReadSet};
use ctguard_core::snapshot::{LiveSubscription, Observed, PlaceSnapshot, RuleSignals};
use lane::{Kind, Lane, cloudwatch};
use serde_json::json;
use std::collections::{BTreeMap, BTreeSet};
use std::time::{SystemTime, UNIX_EPOCH};

/// An emulator and the account that a test has there.
struct Emulator {
    url: String,
    account: &'static str,
    is_moto: bool,
}

fn url(variable: &str) -> String {
    std::env::var(variable).unwrap_or_else(|_| {
        panic!("{variable} is not set: run `make test`, or tests/emulators/run.sh cargo test")
    })
}

fn ministack(account: &'static str) -> Emulator {
    Emulator { url: url("CTGUARD_TEST_MINISTACK_URL"), account, is_moto: false }
}

fn moto() -> Emulator {
    Emulator { url: url("CTGUARD_TEST_MOTO_URL"), account: "123456789012", is_moto: true }
}

impl Emulator {
    fn options(&self) -> Options {
        let credentials = Credentials::new(self.account, "secret", None, None, "test");
        Options {
            region: Region::new("eu-west-1"),
            endpoint_url: Some(self.url.clone()),
            credentials: Some(SharedCredentialsProvider::new(credentials)),
            ..Options::default()
        }
    }

    async fn connect(&self) -> Aws {
        Aws::connect(self.options()).await.unwrap()
    }

    fn place(&self) -> Place {
        Place::new(AccountId::new(self.account).unwrap(), Region::new("eu-west-1").unwrap())
    }
}

fn tags(pairs: &[(&str, &str)]) -> Tags {
    pairs.iter().map(|(key, value)| ((*key).to_owned(), (*value).to_owned())).collect()
}

/// Everything that one place can hold, with the actions that make it.
struct Everything {
    place: Place,
    rule: Rule,
    targets: Targets,
    queue: Queue,
    topic_policy: serde_json::Value,
    subscription: SubscriptionAttributes,
    trail: Trail,
    selectors: Selectors,
    bucket: Bucket,
    tags: Tags,
}

const RULE: &str = "ctguard-acme-trail-tampering";
const TOPIC: &str = "ctguard-acme-secops";
const QUEUE: &str = "ctguard-acme-targets";
const INBOX: &str = "inbox";
const TRAIL: &str = "acme-management";

impl Everything {
    fn new(place: Place) -> Self {
        let bucket_name = format!("acme-cloudtrail-logs-{}", place.account);
        let target = Target {
            arn: place.arn("sns", TOPIC),
            role_arn: None,
            input: Input::Transformer(InputTransformer {
                paths: BTreeMap::from([("who".to_owned(), "$.detail.userIdentity.arn".to_owned())]),
                template: "\"Logging was stopped by <who>.\"\n\"Call them.\"".to_owned(),
            }),
            dead_letter_arn: Some(place.arn("sqs", QUEUE)),
            retry_policy: Some(RetryPolicy {
                maximum_event_age_seconds: 3600,
                maximum_retry_attempts: 10,
            }),
            other_parameters: Vec::new(),
        };
        let field = |field: &str, equals: &str| FieldSelector {
            field: field.to_owned(),
            equals: vec![equals.to_owned()],
            ..FieldSelector::default()
        };
        let policy = |service: &str, action: &str, resource: String| {
            json!({
                "Version": "2012-10-17",
                "Statement": [{
                    "Sid": "ctguard-acme-1",
                    "Effect": "Allow",
                    "Principal": { "Service": service },
                    "Action": action,
                    "Resource": resource,
                }],
            })
        };
        Self {
            rule: Rule {
                state: RuleState::EnabledWithAllCloudtrailManagementEvents,
                event_pattern: Some(
                    json!({ "source": ["aws.cloudtrail"], "detail": { "eventName": ["StopLogging"] } })
                        .to_string(),
                ),
                schedule_expression: None,
                description: Some("CloudTrail logging was stopped or weakened".to_owned()),
                role_arn: None,
                managed_by: None,
            },
            targets: Targets::from([("ctguard-acme-secops".to_owned(), target)]),
            queue: Queue {
                message_retention_seconds: RETENTION_SECONDS,
                sqs_managed_sse: true,
                kms_key: None,
                policy: Some(policy(
                    "events.amazonaws.com",
                    "sqs:SendMessage",
                    place.arn("sqs", QUEUE),
                )),
            },
            topic_policy: policy("events.amazonaws.com", "sns:Publish", place.arn("sns", TOPIC)),
            subscription: SubscriptionAttributes {
                raw_message_delivery: true,
                dead_letter_arn: Some(place.arn("sqs", QUEUE)),
                ..SubscriptionAttributes::default()
            },
            trail: Trail {
                bucket: bucket_name.clone(),
                key_prefix: Some("audit".to_owned()),
                multi_region: true,
                organization: false,
                global_service_events: true,
                log_file_validation: true,
                kms_key: None,
            },
            selectors: Selectors::Advanced(vec![AdvancedSelector {
                name: Some("Management events".to_owned()),
                fields: vec![field("eventCategory", "Management")],
            }]),
            bucket: Bucket {
                public_access_blocked: true,
                versioning: true,
                encryption: Encryption::S3Managed,
                owner_enforced: true,
                lifecycle: false,
                expirations: Vec::new(),
                policy: Some(policy(
                    "cloudtrail.amazonaws.com",
                    "s3:GetBucketAcl",
                    format!("arn:aws:s3:::{bucket_name}"),
                )),
            },
            tags: tags(&[(BLUEPRINT_TAG, "acme"), ("ctguard:version", "1")]),
            place,
        }
    }

    fn inbox(&self) -> Endpoint {
        Endpoint::new(Protocol::Sqs, self.place.arn("sqs", INBOX))
    }

    fn writes(&self) -> Vec<Action> {
        let bucket = || self.trail.bucket.clone();
        let tags = || self.tags.clone();
        let topic = |attribute| Action::SetTopicAttribute { name: TOPIC.to_owned(), attribute };
        vec![
            Action::CreateBucket { name: bucket(), tags: Tags::default() },
            Action::PutPublicAccessBlock { name: bucket() },
            Action::PutBucketVersioning { name: bucket() },
            Action::PutBucketEncryption {
                name: bucket(),
                encryption: self.bucket.encryption.clone(),
            },
            Action::PutBucketOwnershipControls { name: bucket() },
            Action::PutBucketPolicy { name: bucket(), policy: self.bucket.policy.clone().unwrap() },
            Action::PutBucketTagging { name: bucket(), tags: tags() },
            Action::CreateTrail { name: TRAIL.to_owned(), trail: self.trail.clone(), tags: tags() },
            Action::TagTrail { name: TRAIL.to_owned(), tags: tags() },
            Action::UpdateTrail { name: TRAIL.to_owned(), trail: self.trail.clone() },
            Action::PutEventSelectors { name: TRAIL.to_owned(), selectors: self.selectors.clone() },
            Action::StartLogging { name: TRAIL.to_owned() },
            Action::CreateQueue { name: QUEUE.to_owned(), queue: self.queue.clone(), tags: tags() },
            Action::SetQueueAttributes { name: QUEUE.to_owned(), queue: self.queue.clone() },
            Action::TagQueue { name: QUEUE.to_owned(), tags: tags() },
            Action::CreateQueue {
                name: INBOX.to_owned(),
                queue: Queue { message_retention_seconds: 3600, ..Queue::default() },
                tags: Tags::new(),
            },
            Action::CreateTopic { name: TOPIC.to_owned(), tags: tags() },
            topic(TopicAttribute::Policy(self.topic_policy.clone())),
            topic(TopicAttribute::DisplayName("Security alerts".to_owned())),
            Action::TagTopic { name: TOPIC.to_owned(), tags: tags() },
            Action::Subscribe {
                topic: TOPIC.to_owned(),
                endpoint: self.inbox(),
                attributes: self.subscription.clone(),
            },
            Action::PutRule { name: RULE.into(), rule: self.rule.clone(), tags: tags() },
            Action::TagRule { name: RULE.into(), tags: tags() },
            Action::PutTargets { rule: RULE.into(), targets: self.targets.clone() },
        ]
    }

    fn removals(&self, subscription: &str) -> Vec<Action> {
        vec![
            Action::RemoveTargets {
                rule: RULE.into(),
                ids: self.targets.keys().cloned().collect(),
            },
            Action::DeleteRule { name: RULE.into() },
            Action::Unsubscribe { arn: subscription.to_owned() },
            Action::DeleteTopic { name: TOPIC.to_owned() },
            Action::DeleteQueue { name: QUEUE.to_owned() },
            Action::DeleteQueue { name: INBOX.to_owned() },
            Action::UntagTrail {
                name: TRAIL.to_owned(),
                keys: self.tags.keys().cloned().collect(),
            },
        ]
    }

    fn reads(&self) -> ReadSet {
        ReadSet {
            buses: BTreeSet::new(),
            blueprint: "acme".to_owned(),
            rule_prefix: "ctguard-acme-".to_owned(),
            rules: Default::default(),
            topics: BTreeSet::from([self.place.arn("sns", TOPIC)]),
            queues: BTreeSet::from([self.place.arn("sqs", QUEUE), self.place.arn("sqs", INBOX)]),
            functions: BTreeSet::new(),
            trails: true,
            managed_trail: Some(TRAIL.to_owned()),
            ..ReadSet::default()
        }
    }

    /// Panics where a snapshot is not what was written.
    fn assert_observed(&self, snapshot: &PlaceSnapshot) -> String {
        let rules = snapshot.rules.known().unwrap();
        let rule = rules.get(RULE).unwrap();
        assert_eq!(*rule.rule, self.rule);
        assert_eq!(rule.targets, Observed::Known(self.targets.clone()));
        assert_eq!(rule.tags, Observed::Known(self.tags.clone()));

        let topic = snapshot.topics[&self.place.arn("sns", TOPIC)].known().unwrap();
        assert_eq!(topic.topic.policy.as_ref(), Some(&self.topic_policy));
        assert_eq!(topic.topic.display_name.as_deref(), Some("Security alerts"));
        assert_eq!(topic.tags, Observed::Known(self.tags.clone()));
        let subscriptions = topic.subscriptions.known().unwrap();
        assert_eq!(subscriptions.keys().collect::<Vec<_>>(), [&self.inbox()]);
        let Some(LiveSubscription::Confirmed { arn, attributes }) =
            subscriptions.get(&self.inbox())
        else {
            panic!("an SQS subscription of the same account needs no confirmation");
        };
        let attributes = attributes.known().unwrap();
        assert_eq!(attributes.raw_message_delivery, self.subscription.raw_message_delivery);
        assert_eq!(attributes.dead_letter_arn, self.subscription.dead_letter_arn);
        assert_eq!(attributes.filter_policy, None);

        let queue = snapshot.queues[&self.place.arn("sqs", QUEUE)].known().unwrap();
        assert_eq!(queue.queue.get(), self.queue);
        assert_eq!(queue.tags, Observed::Known(self.tags.clone()));
        let inbox = snapshot.queues[&self.place.arn("sqs", INBOX)].known().unwrap();
        assert_eq!(inbox.queue.get().message_retention_seconds, 3600);
        assert_eq!(inbox.tags, Observed::Absent, "the tags of a subscriber's queue decide nothing");

        let trails = snapshot.trails.known().unwrap();
        let trail = &trails[&self.place.arn("cloudtrail", &format!("trail/{TRAIL}"))];
        assert_eq!(trail.trail, self.trail);
        assert_eq!(trail.selectors, Observed::Known(self.selectors.clone()));
        assert_eq!(trail.tags, Observed::Known(self.tags.clone()));
        assert!(trail.status.known().is_some_and(|status| status.logging));
        arn.clone()
    }
}

async fn perform_all(aws: &Aws, place: &Place, actions: &[Action]) {
    for action in actions {
        if let Err(error) = aws.perform(place, action).await {
            panic!("{action:?}\n{error}");
        }
    }
}

async fn write_read_repeat_delete(emulator: Emulator) {
    let aws = emulator.connect().await;
    let everything = Everything::new(emulator.place());
    let place = &everything.place;
    assert_eq!(aws.caller().await.unwrap().account, place.account);

    let before = aws.observe(place, &everything.reads()).await;
    assert_eq!(before.rules, Observed::Known(SmallMap::new()));
    assert!(before.topics.values().all(|topic| *topic == Observed::Absent), "{before:?}");
    assert!(before.queues.values().all(|queue| *queue == Observed::Absent), "{before:?}");

    perform_all(&aws, place, &everything.writes()).await;
    let after = aws.observe(place, &everything.reads()).await;
    let subscription = everything.assert_observed(&after);

    let buckets =
        BTreeSet::from([(everything.trail.bucket.clone(), Region::new("us-east-1").unwrap())]);
    let reads = AccountReads { enabled_regions: true, buckets, ..AccountReads::default() };
    let account = aws.observe_account(&place.account, &reads).await;
    let bucket = &account.buckets[&everything.trail.bucket];
    if emulator.is_moto {
        let why = |code: &str| Some(code.to_owned());
        let versioning = bucket.unreadable().map(|why| why.code.clone());
        let regions = account.enabled_regions.unreadable().map(|why| why.code.clone());
        assert_eq!((versioning, regions), (why("BadResponse"), why("Http404")));
    } else {
        let bucket = bucket.known().unwrap_or_else(|| panic!("{bucket:?}"));
        assert_eq!(bucket.bucket, everything.bucket);
        assert_eq!(bucket.tags, Observed::Known(everything.tags.clone()));
        assert_eq!((&bucket.region, bucket.empty), (&place.region, None));
        assert!(account.enabled_regions.known().unwrap().contains(&place.region));
    }

    perform_all(&aws, place, &everything.writes()).await;
    let again = aws.observe(place, &everything.reads()).await;
    assert_eq!(again, after, "repeating every action changed something");

    // A trail's shadow has a status in the other region, and its selectors at home only.
    let elsewhere = Place::new(place.account.clone(), Region::new("us-west-2").unwrap());
    let reads = ReadSet { trails: true, ..ReadSet::default() };
    let shadow = aws.observe(&elsewhere, &reads).await;
    let shadow =
        &shadow.trails.known().unwrap()[&place.arn("cloudtrail", &format!("trail/{TRAIL}"))];
    assert_eq!((&shadow.home_region, &shadow.selectors), (&place.region, &Observed::Absent));

    let raw = Action::SetSubscriptionAttribute {
        arn: subscription.clone(),
        attribute: SubscriptionAttribute::RawMessageDelivery(false),
    };
    perform_all(&aws, place, &[raw]).await;
    let changed = aws.observe(place, &everything.reads()).await;
    assert_ne!(changed.topics, after.topics);

    for _ in 0..2 {
        perform_all(&aws, place, &everything.removals(&subscription)).await;
        let gone = aws.observe(place, &everything.reads()).await;
        assert_eq!(gone.rules, Observed::Known(SmallMap::new()));
        assert!(gone.topics.values().all(|topic| *topic == Observed::Absent), "{gone:?}");
        assert!(gone.queues.values().all(|queue| *queue == Observed::Absent), "{gone:?}");
        let trail = gone.trails.known().unwrap().values().next().unwrap();
        assert_eq!(trail.tags, Observed::Known(Tags::new()), "a released trail stays, untagged");
    }
}

#[tokio::test]
async fn ministack_reads_what_was_written_and_every_action_can_be_repeated() {
    write_read_repeat_delete(ministack("111111111111")).await;
}

#[tokio::test]
async fn moto_reads_what_was_written_and_every_action_can_be_repeated() {
    write_read_repeat_delete(moto()).await;
}

/// The SDK's own protocol, which the stub only imitates, spoken with somebody else's program.
#[tokio::test]
async fn ministack_tells_what_was_counted_of_a_rule_and_of_no_other() {
    let account = "210000000010";
    let (emulator, lane) = (ministack(account), Lane::start(Kind::Ministack, account));
    let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap();
    let an_hour_ago = now.as_secs() - 3_600;
    let count = |metric: &str, rule: &str, value: f64| {
        let dimensions = json!([{ "Name": "RuleName", "Value": rule }]);
        let data = json!([{
            "MetricName": metric, "Dimensions": dimensions, "Value": value, "Timestamp": an_hour_ago,
        }]);
        let parameters = json!({ "Namespace": "AWS/Events", "MetricData": data });
        lane.json("eu-west-1", cloudwatch("PutMetricData"), &parameters);
    };
    count("TriggeredRules", "fired", 2.0);
    count("TriggeredRules", "fired", 1.0);
    count("FailedInvocations", "fired", 1.0);
    count("InvocationsFailedToBeSentToDlq", "other", 5.0);

    let rules = ["fired", "quiet"].map(RuleKey::from);
    let reads = ReadSet { signals: BTreeSet::from(rules), ..ReadSet::default() };
    let seen = emulator.connect().await.observe(&emulator.place(), &reads).await.signals;
    assert_eq!(seen["fired"], Observed::Known(RuleSignals::counted(3, 1, 0)));
    assert_eq!(seen["quiet"], Observed::Known(RuleSignals::counted(0, 0, 0)));
}
