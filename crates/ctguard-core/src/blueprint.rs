//! The blueprint: what the user asks for, valid by construction.
//!
//! [`load`] takes a file through four steps, and each adds to one list of diagnostics: `yaml` (text →
//! values with places), `raw` (the shape, as typed), `validate` (its meaning → [`Blueprint`]),
//! `lint` (what is allowed and unwise). A blueprint comes out if and only if nothing in the list is
//! an error.

mod allowed;
pub mod builtin;
pub mod confirmations;
pub mod fleet;
pub mod format;
pub mod heal;
mod keys;
mod lint;
mod load;
mod lookalikes;
mod overlap;
mod raw;
mod reader;
pub mod secrets;
pub(crate) mod source;
mod starter;
#[cfg(test)]
mod tests;
mod validate;
mod yaml;

pub use allowed::Allowed;
pub use confirmations::Confirmations;
pub use fleet::{Account, Accounts, AssumedRole, Hub, OrganizationAccounts, RoleName};
pub use heal::Heal;
pub use load::{Loaded, load, load_sources, load_text, not_read, open_below};
pub use secrets::{SECRET_BINARY, SecretError, SecretReference, SecretSource, SecretStore};
pub use starter::{DEFAULT_BUILTINS, ROOT_ALERT, Raised, SCHEMA_FILE, Starter, spelled};

use crate::diag::{Diagnostic, Span};
use crate::event::EventRef;
use crate::record;

use crate::resource::topic::{CHAT_ENDPOINT, Endpoint, Protocol};
use crate::resource::{Kind, Tags};
use crate::scope::{AccountId, Region};
use crate::zone::Zone;
use eventbridge_pattern::Filter;
use jiff::civil::Date;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::path::PathBuf;

/// Reads an event as a blueprint writes it, `ec2:CreateRoute` or a name that one service only has:
/// what CloudTrail logs for it, and a note when that is something else than what was written.
///
/// # Errors
/// As for the same text in a blueprint, with what to do; it points at no file.
pub fn events_named(text: &str) -> Result<(Vec<EventRef>, Vec<Diagnostic>), Box<Diagnostic>> {
    validate::events_named(text)
}

/// Whether a text is the `https` address of a page, as `sources:` takes it.
pub(crate) fn is_https(text: &str) -> bool {
    validate::https_url(text).is_ok()
}

/// The blueprint's format version, also the value of the `ctguard:version` tag.
pub const FORMAT_VERSION: u32 = 1;

/// A whole blueprint, includes resolved, every reference checked.
#[derive(Debug, Clone, PartialEq)]
pub struct Blueprint {
    /// `[a-z0-9-]`, at most 20 characters.
    pub name: String,
    /// The engine that makes the changes; absent: ctguard itself.
    pub deploy: Option<Deploy>,
    /// Absent: the account of the credentials in use.
    pub accounts: Option<Accounts>,
    pub regions: Regions,
    /// Absent: each place raises its own alerts.
    pub hub: Option<Hub>,
    pub trail: Option<ManagedTrail>,
    /// Absent: nothing is put back.
    pub heal: Option<Heal>,
    /// Trails of other accounts whose selectors are taken on trust.
    pub trust_trails: Vec<TrustedTrail>,
    /// Tags of what ctguard makes, beside its own.
    pub tags: BlueprintTags,
    /// In which mails say times beside UTC.
    pub time_zone: Option<Zone>,
    pub destinations: BTreeMap<String, Destination>,
    /// In the order of the file, includes first; ids are unique.
    pub alerts: Vec<Alert>,
}

impl Blueprint {
    /// The same blueprint without alerts, so that everything it owns is obsolete.
    pub fn emptied(&self) -> Self {
        Self { hub: None, trail: None, heal: None, alerts: Vec::new(), ..self.clone() }
    }

    /// A region that the blueprint names, which tells its partition; `None` when it names none.
    pub fn first_region(&self) -> Option<&Region> {
        let listed = match &self.regions {
            Regions::List(regions) => regions.first(),
            Regions::Enabled { except } => except.first().map(|exception| &exception.region),
        };
        listed
            .or(self.hub.as_ref().map(|hub| &hub.region))
            .or(self.trail.as_ref().map(|trail| &trail.home_region))
    }
}

/// An engine that makes the changes in ctguard's place.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, strum::IntoStaticStr, strum::EnumString,
)]
#[serde(rename_all = "lowercase")]
#[strum(serialize_all = "lowercase")]
pub enum Deploy {
    /// CloudFormation: what `export cloudformation` writes.
    Stacksets,
    /// What `export terraform` writes.
    Terraform,
}

impl Deploy {
    /// The word of the blueprint.
    pub fn as_str(self) -> &'static str {
        self.into()
    }

    /// What `ctguard export` is told to write.
    pub fn engine(self) -> &'static str {
        match self {
            Self::Stacksets => "cloudformation",
            Self::Terraform => "terraform",
        }
    }
}

/// The tags that the blueprint puts on what ctguard makes.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct BlueprintTags {
    /// On everything.
    pub all: Tags,
    /// On one kind; a value here replaces the one for everything.
    pub kinds: BTreeMap<Kind, Tags>,
}

impl BlueprintTags {
    /// The kinds of resources that AWS lets be tagged.
    pub const KINDS: [Kind; 8] = [
        Kind::Bucket,
        Kind::Trail,
        Kind::Role,
        Kind::Bus,
        Kind::Queue,
        Kind::Topic,
        Kind::Machine,
        Kind::Rule,
    ];

    /// The tags of one kind.
    pub fn of(&self, kind: Kind) -> Tags {
        let mut tags = self.all.clone();
        tags.extend(self.kinds.get(&kind).cloned().unwrap_or_default());
        tags
    }

    pub fn is_empty(&self) -> bool {
        self.all.is_empty() && self.kinds.values().all(Tags::is_empty)
    }
}

/// Which regions are covered.
#[derive(Debug, Clone, PartialEq)]
pub enum Regions {
    /// Every region that the account has enabled, less the exceptions.
    Enabled {
        except: Vec<RegionException>,
    },
    List(Vec<Region>),
}

/// A region left out on purpose: an accepted blind spot.
#[derive(Debug, Clone, PartialEq)]
pub struct RegionException {
    pub region: Region,
    pub reason: String,
    /// Inclusive, UTC.
    pub until: Option<Date>,
    pub span: Option<Span>,
}

/// The trail that ctguard keeps.
#[derive(Debug, Clone, PartialEq)]
pub struct ManagedTrail {
    pub name: String,
    pub bucket: String,
    /// The account that keeps it; absent: the only one that is covered.
    pub account: Option<AccountId>,
    /// A trail of the whole organization.
    pub organization: bool,
    pub home_region: Region,
    pub kms_key: Option<String>,
    /// Correct a foreign trail of this name.
    pub adopt: bool,
    /// Accept that another trail records management events too, and that AWS bills the second copy.
    pub additional: bool,
    /// The bucket is somebody else's: it is used as it stands.
    pub foreign_bucket: bool,
    pub span: Option<Span>,
}

/// A trail whose selectors cannot be read, and what it records according to the blueprint.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TrustedTrail {
    pub arn: String,
    pub records: Records,
    pub reason: String,
    /// Inclusive, UTC.
    pub until: Option<Date>,
    pub span: Option<Span>,
}

/// The management events that a trusted trail records.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, strum::EnumString)]
#[strum(serialize_all = "lowercase")]
pub enum Records {
    All,
    /// Only calls that change something.
    Write,
}

impl Records {
    /// Reads what the blueprint says.
    pub fn parse(text: &str) -> Option<Self> {
        text.parse().ok()
    }
}

/// One topic, one message format, some subscribers.
#[derive(Debug, Clone, PartialEq)]
pub struct Destination {
    pub name: String,
    pub topic: DestinationTopic,
    pub format: Format,
    pub subscribers: Vec<Subscriber>,
    /// A customer-managed key for a managed topic: `alias/NAME`, or an ARN in which `{account}` and
    /// `{region}` stand for the place's.
    pub kms_key: Option<String>,
    /// As whom rules of other accounts than the topic's send to an existing topic.
    pub role: Option<TopicRole>,
    pub span: Option<Span>,
}

/// The role with which rules send to a topic of another account.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum TopicRole {
    /// ctguard keeps it.
    Created,
    /// It exists and is only judged: its ARN, in which `{account}` stands for the rules' account.
    Existing(String),
}

/// Whose topic it is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum DestinationTopic {
    /// ctguard makes and keeps `ctguard-<blueprint>-<this>`.
    Managed(String),
    /// It exists and is only judged; `{account}` and `{region}` stand for the place's.
    Existing(String),
}

/// Who is subscribed.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub enum Subscriber {
    /// E-mail, https, SQS or Lambda.
    Endpoint(Endpoint),
    /// A channel configuration of Amazon Q Developer in chat applications, by ARN.
    Chat(String),
}

impl Subscriber {
    /// The endpoint that its topic lists.
    pub fn endpoint(&self) -> Endpoint {
        match self {
            Self::Chat(_) => Endpoint::new(Protocol::Https, CHAT_ENDPOINT),
            Self::Endpoint(endpoint) => endpoint.clone(),
        }
    }
}

/// What a destination's messages look like.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema,
)]
#[serde(rename_all = "lowercase")]
#[derive(strum::IntoStaticStr, strum::EnumString)]
#[strum(serialize_all = "lowercase")]
pub enum Format {
    /// A subject and plain lines for people, composed by a state machine.
    Mail,
    /// Short lines for people.
    Text,
    /// The custom schema of Amazon Q Developer in chat applications.
    Chat,
    /// ctguard's fields and the whole event.
    Json,
    /// The event as EventBridge has it.
    Raw,
}

impl Format {
    /// Reads a format as the blueprint spells it.
    pub fn parse(text: &str) -> Option<Self> {
        text.parse().ok()
    }

    /// The blueprint's spelling.
    pub fn as_str(self) -> &'static str {
        self.into()
    }
}

/// How dangerous an alert's events are.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
#[derive(JsonSchema, strum::IntoStaticStr, strum::EnumString)]
#[strum(serialize_all = "lowercase")]
pub enum Risk {
    Low,
    Medium,
    High,
    Critical,
}

impl Risk {
    /// Reads a risk as the blueprint spells it.
    pub fn parse(text: &str) -> Option<Self> {
        text.parse().ok()
    }

    pub fn as_str(self) -> &'static str {
        self.into()
    }
}

/// An alert: events that somebody must be notified of.
#[derive(Debug, Clone, PartialEq)]
pub struct Alert {
    /// `[a-z0-9-]`, at most 31 characters.
    pub id: String,
    pub title: String,
    pub risk: Risk,
    /// Not empty; sorted, without repeats.
    pub events: Vec<EventRef>,
    /// Conditions on `detail`; paths are dotted and start below it.
    pub filter: Option<Filter>,
    pub outcome: Outcome,
    pub except: Vec<Exception>,
    /// Empty when the blueprint does not say.
    pub why: String,
    /// Empty when the blueprint does not say.
    pub next: String,
    /// Names of destinations, from `notify:` or the route of the risk; sorted, without repeats.
    pub notify: Vec<String>,
    /// They come from `notify:`, so no account's routes replace them.
    pub own_notify: bool,
    /// Web addresses of what it rests on.
    pub sources: Vec<String>,
    /// Techniques of MITRE ATT&CK that it notices: `T1562.008`.
    pub attack: Vec<String>,
    /// Controls of compliance frameworks that it serves: `cis-3.0/4.5`.
    pub controls: Vec<String>,
    /// Sample events beside the blueprint, for `ctguard test`.
    pub tests: Vec<AlertTest>,
    pub span: Option<Span>,
}

impl Alert {
    /// What records can have of that which it asks for.
    pub fn held_against_records(&self) -> record::Verdict {
        let except: Vec<&Filter> = self.except.iter().map(|except| &except.filter).collect();
        record::check(&self.asked(&except))
    }

    /// Its events that can raise it; the others no record can satisfy it by.
    pub fn events_that_fire(&self) -> Vec<EventRef> {
        let verdict = self.held_against_records();
        let all = self.events.iter().zip(verdict.events);
        let fire = all.filter(|(_, fires)| !matches!(fires, record::Fires::Never(_)));
        fire.map(|(event, _)| event.clone()).collect()
    }

    /// What it asks of records, with these exceptions.
    pub fn asked<'a>(&'a self, except: &'a [&'a Filter]) -> record::Asked<'a> {
        record::Asked {
            events: &self.events,
            filter: self.filter.as_ref(),
            failed: self.outcome.failed(),
            except,
        }
    }
}

/// A file with sample events, and the expected decision of the alert.
#[derive(Debug, Clone, PartialEq)]
pub struct AlertTest {
    /// As written: relative to the folder of the file that lists it, and inside it.
    pub event: String,
    /// The same from where the blueprint was opened.
    pub file: PathBuf,
    pub expect: Expect,
    pub span: Option<Span>,
}

/// The expected decision of an alert for an event.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema,
)]
#[serde(rename_all = "lowercase")]
#[derive(strum::EnumString)]
#[strum(serialize_all = "lowercase")]
pub enum Expect {
    /// The alert fires.
    Match,
    /// The alert does not fire.
    Ignore,
}

impl Expect {
    /// Reads an expectation as the blueprint spells it.
    pub fn parse(text: &str) -> Option<Self> {
        text.parse().ok()
    }
}

/// Which results of a call raise the alert.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default, Serialize, Deserialize,
)]
#[serde(rename_all = "lowercase")]
#[derive(JsonSchema, strum::EnumString)]
#[strum(serialize_all = "lowercase")]
pub enum Outcome {
    #[default]
    Any,
    Success,
    Failure,
}

impl Outcome {
    /// Reads an outcome as the blueprint spells it.
    pub fn parse(text: &str) -> Option<Self> {
        text.parse().ok()
    }

    /// Whether the call failed; none where either will do.
    pub fn failed(self) -> Option<bool> {
        match self {
            Self::Any => None,
            Self::Success => Some(false),
            Self::Failure => Some(true),
        }
    }
}

/// Why a text is no e-mail address that a blueprint can have; `None` where it is one.
pub fn email_problem(text: &str) -> Option<&'static str> {
    validate::syntax::email(text).err()
}

/// Events that do not raise the alert, for a while or for good.
#[derive(Debug, Clone, PartialEq)]
pub struct Exception {
    pub filter: Filter,
    pub reason: String,
    pub owner: Option<String>,
    /// Inclusive, UTC.
    pub until: Option<Date>,
    pub span: Option<Span>,
}
