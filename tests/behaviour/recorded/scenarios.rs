//! What no emulator shows, each by the one answer that says it.
//!
//! The answers are worded as AWS's API references document them: CloudTrail's
//! [GetTrailStatus](https://docs.aws.amazon.com/awscloudtrail/latest/APIReference/API_GetTrailStatus.html) and
//! [DescribeTrails](https://docs.aws.amazon.com/awscloudtrail/latest/APIReference/API_DescribeTrails.html), SNS's
//! [ListSubscriptionsByTopic](https://docs.aws.amazon.com/sns/latest/api/API_ListSubscriptionsByTopic.html), KMS's
//! [DescribeKey](https://docs.aws.amazon.com/kms/latest/APIReference/API_DescribeKey.html).

use crate::stub::{Call, Reply};

/// One answer that is not as everywhere else.
#[derive(Clone, Copy)]
pub struct Recorded {
    pub operation: &'static str,
    /// Empty for every region.
    pub region: &'static str,
    /// What the call's body must contain.
    pub about: &'static str,
    pub answer: Answer,
}

#[derive(Clone, Copy)]
pub enum Answer {
    Json(&'static str),
    Xml(&'static str),
    Error(u16, &'static str, &'static str),
}

impl Recorded {
    pub fn reply(&self, call: &Call) -> Option<Reply> {
        let meant = self.operation == call.operation
            && (self.region.is_empty() || self.region == call.region)
            && call.body.contains(self.about);
        meant.then(|| match self.answer {
            Answer::Json(text) => Reply::Json(serde_json::from_str(text).unwrap()),
            Answer::Xml(text) => Reply::Xml(text.to_owned()),
            Answer::Error(status, code, message) => Reply::Error(status, code, message),
        })
    }
}

/// An account in sync but for these answers, and everything new that verify must say of it.
pub struct Scenario {
    pub name: &'static str,
    pub answers: &'static [Recorded],
    pub says: &'static [&'static str],
}

const HERE: &str = "eu-west-1";
const HOME: &str = "us-east-1";

const fn json(operation: &'static str, region: &'static str, text: &'static str) -> Recorded {
    Recorded { operation, region, about: "", answer: Answer::Json(text) }
}

const fn xml(about: &'static str, operation: &'static str, text: &'static str) -> Recorded {
    Recorded { operation, region: HERE, about, answer: Answer::Xml(text) }
}

const fn error(operation: &'static str, code: &'static str, message: &'static str) -> Recorded {
    Recorded { operation, region: "", about: "", answer: Answer::Error(400, code, message) }
}

const STATUS: &str = "GetTrailStatus";

pub const SCENARIOS: &[Scenario] = &[
    Scenario {
        name: "nobody has clicked the link in the mail",
        answers: &[xml(
            "ctguard-acme-mail",
            "ListSubscriptionsByTopic",
            include_str!("answers/pending-mailbox.xml"),
        )],
        says: &[
            "broken subscriber-pending eu-west-1 ctguard-acme-mail ← email:secops@acme.example",
        ],
    },
    Scenario {
        name: "a mailbox was confirmed by its link",
        answers: &[xml(
            "ctguard-acme-mail",
            "GetSubscriptionAttributes",
            include_str!("answers/open-mailbox.xml"),
        )],
        says: &["note unsubscribe-open eu-west-1 ctguard-acme-mail ← email:secops@acme.example"],
    },
    Scenario {
        name: "the bucket is gone",
        answers: &[json(STATUS, HOME, include_str!("answers/status-no-bucket.json"))],
        says: &["degraded log-bucket-missing us-east-1 {bucket}"],
    },
    Scenario {
        name: "the bucket refuses CloudTrail",
        answers: &[json(STATUS, HOME, include_str!("answers/status-shut-bucket.json"))],
        says: &["degraded log-bucket-policy us-east-1 {bucket}"],
    },
    Scenario {
        name: "the key of the log files is disabled",
        answers: &[json(STATUS, HOME, include_str!("answers/status-key-disabled.json"))],
        says: &["degraded log-key us-east-1 {trail}"],
    },
    // The shadow in the other region tells of the same trouble, which is one trail's and is said once.
    Scenario {
        name: "S3 is too busy",
        answers: &[json(STATUS, "", include_str!("answers/status-slow-down.json"))],
        says: &["degraded log-delivery us-east-1 {trail}"],
    },
    Scenario {
        name: "the digests cannot be written",
        answers: &[json(STATUS, HOME, include_str!("answers/status-no-digest.json"))],
        says: &["degraded digest-delivery us-east-1 {trail}"],
    },
    Scenario {
        name: "the selectors may not be read",
        answers: &[error(
            "GetEventSelectors",
            "AccessDeniedException",
            "User: arn:aws:iam::111122223333:user/auditor is not authorized to perform: cloudtrail:GetEventSelectors because no identity-based policy allows the cloudtrail:GetEventSelectors action",
        )],
        says: &[
            "unknown selectors-unread eu-west-1 {trail}",
            "unknown selectors-unread us-east-1 {trail}",
        ],
    },
    Scenario {
        name: "a member of an organization sees the organization's trail",
        answers: MEMBER,
        says: &[
            "assumed cannot-land-here eu-west-1 trail/everybody",
            "assumed cannot-land-here us-east-1 trail/everybody",
            "unknown trail-of-organization eu-west-1 trail/everybody",
            "unknown trail-of-organization us-east-1 trail/everybody",
        ],
    },
    Scenario {
        name: "a member of an organization may not ask whether its trail is logging",
        answers: &[
            MEMBER[0],
            error(
                STATUS,
                "AccessDeniedException",
                "User: arn:aws:iam::111122223333:user/auditor is not authorized to perform: cloudtrail:GetTrailStatus on resource: arn:aws:cloudtrail:us-east-1:999988887777:trail/everybody",
            ),
        ],
        says: &[
            "unknown trail-not-logging eu-west-1 trail/everybody",
            "unknown trail-not-logging us-east-1 trail/everybody",
        ],
    },
    Scenario {
        name: "the management account reads the organization's trail as its own",
        answers: &[
            json("DescribeTrails", "", include_str!("answers/trails-of-management.json")),
            json(STATUS, "", include_str!("answers/status-of-member.json")),
            json("GetEventSelectors", HOME, include_str!("answers/selectors-of-management.json")),
        ],
        // The account of the recording has no such key.
        says: &["degraded log-key us-east-1 trail/everybody"],
    },
    Scenario {
        name: "the key is disabled",
        answers: &[json("DescribeKey", HERE, include_str!("answers/key-disabled.json"))],
        says: &["broken topic-key-disabled eu-west-1 ctguard-acme-siem (key alias/alerts)"],
    },
    Scenario {
        name: "the key waits to be deleted",
        answers: &[json("DescribeKey", HERE, include_str!("answers/key-pending-deletion.json"))],
        says: &["broken topic-key-disabled eu-west-1 ctguard-acme-siem (key alias/alerts)"],
    },
    Scenario {
        name: "the key may not be described",
        answers: &[error(
            "DescribeKey",
            "AccessDeniedException",
            "User: arn:aws:iam::111122223333:user/auditor is not authorized to perform: kms:DescribeKey because no resource-based policy allows the kms:DescribeKey action",
        )],
        says: &[
            "unknown topic-key-policy eu-west-1 ctguard-acme-siem (key alias/alerts)",
            "unknown topic-key-policy us-east-1 ctguard-acme-siem (key alias/alerts)",
        ],
    },
    Scenario {
        name: "the key's policy may not be read",
        answers: &[error(
            "GetKeyPolicy",
            "AccessDeniedException",
            "User: arn:aws:iam::111122223333:user/auditor is not authorized to perform: kms:GetKeyPolicy on this resource",
        )],
        says: &[
            "unknown topic-key-policy eu-west-1 ctguard-acme-siem (key alias/alerts)",
            "unknown topic-key-policy us-east-1 ctguard-acme-siem (key alias/alerts)",
        ],
    },
];

/// What a member sees: the trail's ARN names the management account, and its status has no delivery.
pub const MEMBER: &[Recorded] = &[
    json("DescribeTrails", "", include_str!("answers/trails-of-member.json")),
    json(STATUS, "", include_str!("answers/status-of-member.json")),
];
