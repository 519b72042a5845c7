//! What the model says of one common field: its form, what it holds, and which records have it.

use crate::event::EventKind;

/// A field that records of many services have.
#[derive(Debug)]
pub struct Field {
    /// Dotted, below `detail`.
    pub path: &'static str,
    pub holds: Holds,
    /// The kinds of events whose records can have it.
    pub kinds: Kinds,
    pub presence: Presence,
    /// The types of identity whose records can have it.
    pub of: Who,
    pub page: Page,
}

/// What stands in a field.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Holds {
    /// Any text.
    Text,
    /// One of these texts, and nothing else.
    Words(&'static [&'static str]),
    /// These texts, and others that AWS may add.
    OpenWords(&'static [&'static str]),
    /// A text of one of these formats.
    Formats(&'static [&'static str]),
    /// A point in time, as ISO 8601 in UTC.
    Time,
    Boolean,
    Number,
    /// An object; all its fields are in the model.
    Object,
    /// An object, or `null` in its place.
    Nullable,
    /// A list of objects; all their fields are in the model.
    List,
    /// An object whose fields depend on the service or are not all known.
    Map,
}

/// How sure it is that a record of such a kind has the field.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Presence {
    Sometimes,
    /// AWS's page calls it optional, and every record that is written today has it.
    Usually,
    Always,
}

macro_rules! flags {
    ($(#[$about:meta])* $name:ident($bits:ty) { $($flag:ident = $bit:literal,)* }) => {
        $(#[$about])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub struct $name(pub(super) $bits);

        impl $name {
            $(pub const $flag: Self = Self(1 << $bit);)*
            pub const ANY: Self = Self(0 $(| 1 << $bit)*);

            pub const fn or(self, other: Self) -> Self {
                Self(self.0 | other.0)
            }

            pub const fn but(self, other: Self) -> Self {
                Self(self.0 & !other.0)
            }

            pub fn has(self, other: Self) -> bool {
                self.0 & other.0 != 0
            }
        }
    };
}

flags! {
    /// Kinds of events, as a set.
    Kinds(u8) {
        API = 0,
        DATA = 1,
        SIGN_IN = 2,
        CONSOLE = 3,
        SERVICE = 4,
        NETWORK = 5,
        INSIGHT = 6,
    }
}

flags! {
    /// Types of identity, as a set: the values of `userIdentity.type`, and records without one.
    Who(u16) {
        ROOT = 0,
        USER = 1,
        SESSION = 2,
        ROLE = 3,
        FEDERATED = 4,
        DIRECTORY = 5,
        ACCOUNT = 6,
        AWS_SERVICE = 7,
        IDENTITY_CENTER = 8,
        SAML = 9,
        WEB = 10,
        UNKNOWN = 11,
        UNTYPED = 12,
    }
}

impl Kinds {
    /// Calls of an API.
    pub const CALLS: Self = Self::API.or(Self::DATA);
    /// Everything that is told call by call.
    pub const EVENTS: Self = Self::ANY.but(Self::INSIGHT);

    pub fn of(kind: EventKind) -> Self {
        match kind {
            EventKind::Api => Self::API,
            EventKind::Data => Self::DATA,
            EventKind::Signin => Self::SIGN_IN,
            EventKind::Console => Self::CONSOLE,
            EventKind::Service => Self::SERVICE,
            EventKind::Network => Self::NETWORK,
            EventKind::Insight => Self::INSIGHT,
        }
    }

    /// The kinds one by one, each with what people call its events.
    pub const NAMES: [(Self, &'static str); 7] = [
        (Self::API, "API calls"),
        (Self::DATA, "data events"),
        (Self::SIGN_IN, "sign-ins"),
        (Self::CONSOLE, "console actions"),
        (Self::SERVICE, "service events"),
        (Self::NETWORK, "network activity events"),
        (Self::INSIGHT, "Insights events"),
    ];
}

impl Who {
    /// Every type with its name in records; no name for records without a type.
    ///
    /// Source: <https://docs.aws.amazon.com/awscloudtrail/latest/userguide/cloudtrail-event-reference-user-identity.html>
    pub const NAMES: [(Self, Option<&'static str>); 13] = [
        (Self::ROOT, Some("Root")),
        (Self::USER, Some("IAMUser")),
        (Self::SESSION, Some("AssumedRole")),
        (Self::ROLE, Some("Role")),
        (Self::FEDERATED, Some("FederatedUser")),
        (Self::DIRECTORY, Some("Directory")),
        (Self::ACCOUNT, Some("AWSAccount")),
        (Self::AWS_SERVICE, Some("AWSService")),
        (Self::IDENTITY_CENTER, Some("IdentityCenterUser")),
        (Self::SAML, Some("SAMLUser")),
        (Self::WEB, Some("WebIdentityUser")),
        (Self::UNKNOWN, Some("Unknown")),
        (Self::UNTYPED, None),
    ];
}

/// The page of AWS's documentation that a part of the model comes from.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Page {
    Record,
    Identity,
    SignIn,
    Insights,
    ServiceEvents,
    SamlAndWeb,
    RootSessions,
}

impl Page {
    pub const ALL: [Self; 7] = [
        Self::Record,
        Self::Identity,
        Self::SignIn,
        Self::Insights,
        Self::ServiceEvents,
        Self::SamlAndWeb,
        Self::RootSessions,
    ];

    pub fn title(self) -> &'static str {
        match self {
            Self::Record => "record contents",
            Self::Identity => "userIdentity",
            Self::SignIn => "sign-in events",
            Self::Insights => "Insights",
            Self::ServiceEvents => "service events",
            Self::SamlAndWeb => "SAML and web identity",
            Self::RootSessions => "root sessions",
        }
    }

    pub fn url(self) -> &'static str {
        match self {
            Self::Record => {
                "https://docs.aws.amazon.com/awscloudtrail/latest/userguide/cloudtrail-event-reference-record-contents.html"
            }
            Self::Identity => {
                "https://docs.aws.amazon.com/awscloudtrail/latest/userguide/cloudtrail-event-reference-user-identity.html"
            }
            Self::SignIn => {
                "https://docs.aws.amazon.com/awscloudtrail/latest/userguide/cloudtrail-event-reference-aws-console-sign-in-events.html"
            }
            Self::Insights => {
                "https://docs.aws.amazon.com/awscloudtrail/latest/userguide/cloudtrail-insights-fields-trails.html"
            }
            Self::ServiceEvents => {
                "https://docs.aws.amazon.com/awscloudtrail/latest/userguide/non-api-aws-service-events.html"
            }
            Self::SamlAndWeb => {
                "https://docs.aws.amazon.com/awscloudtrail/latest/userguide/cloudtrail-event-reference-user-identity.html#STS-API-SAML-WIF"
            }
            Self::RootSessions => {
                "https://docs.aws.amazon.com/IAM/latest/UserGuide/cloudtrail-track-privileged-tasks.html"
            }
        }
    }
}
