//! What is known of one event, as data: it is printed as JSON, and text is made of it.

use crate::catalogue::{self, CatalogueEvent, Evidence, RenameMode, SourceEvidence};
use crate::event::{self, Access, EventKind, Landing};
use crate::record::request::{self, Confidence};
use crate::resource::rule::RuleState;
use schemars::JsonSchema;
use serde::Serialize;

/// An event of the catalogue.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, JsonSchema)]
pub struct Entry {
    /// As a blueprint has it: `ec2:CreateRoute`.
    pub event: String,
    /// The `eventSource` of its records: `ec2.amazonaws.com`.
    pub source: String,
    /// `detail.eventName`, case-sensitive.
    pub name: String,
    /// What says that it is logged under this source.
    pub source_evidence: SourceEvidence,
    /// Whether it only reads; both where what is known says both.
    pub access: Vec<Access>,
    /// The kinds as which it is logged; a rule for it takes them all.
    pub kinds: Vec<KindEntry>,
    /// The place whose default bus is given it.
    pub lands: Lands,
    /// The state that a rule must have to be given it in every form that it may have.
    pub rule_state: RuleStateNeeded,
    /// Other events that CloudTrail writes for the same call.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub also_logged_as: Vec<String>,
    /// Names of API calls and IAM actions for which it is written.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub written_for: Vec<String>,
    /// The members of `detail.requestParameters`; absent where they are not known.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub request: Option<Request>,
}

/// What is known of an event as one of its kinds.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, JsonSchema)]
pub struct KindEntry {
    /// The kind: a call of the API, a data event, a sign-in, a deed of the service itself and so on.
    #[schemars(extend("enum" = kind_names()))]
    #[schemars(with = "String")]
    pub kind: EventKind,
    /// The `detail-type` of its events; where there are two, a rule takes both.
    pub detail_types: Vec<String>,
    /// EventBridge's `source`.
    pub bus_source: String,
    /// How it is known that it is logged as this kind.
    pub evidence: Evidence,
    /// What a trail's selectors must ask for.
    pub selectors: Selectors,
}

fn kind_names() -> Vec<&'static str> {
    EventKind::ALL.map(EventKind::as_str).to_vec()
}

/// What a trail must be told to record.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum Selectors {
    /// Management events, which a trail records unless its selectors leave them out.
    Management,
    /// Data events of the resource type.
    Data,
    /// Network activity events of the source.
    Network,
    /// Insights.
    Insight,
}

/// The state that a rule must have.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, JsonSchema)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum RuleStateNeeded {
    Enabled,
    /// The event, or one form of it, is a read-only management event.
    #[serde(rename = "ENABLED_WITH_ALL_CLOUDTRAIL_MANAGEMENT_EVENTS")]
    Wide,
}

impl RuleStateNeeded {
    /// As AWS writes it.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Enabled => RuleState::Enabled.as_str(),
            Self::Wide => RuleState::EnabledWithAllCloudtrailManagementEvents.as_str(),
        }
    }
}

/// Where an event lands: the place whose default bus is given it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, JsonSchema)]
#[serde(rename_all = "kebab-case", tag = "where")]
pub enum Lands {
    /// In the region of the call.
    CallRegion,
    /// In one region of the `aws` partition, and in one of each other partition.
    Only {
        /// The region in the `aws` partition.
        region: String,
    },
    /// In the region of the endpoint that was called.
    Endpoint,
    /// In any region with a sign-in endpoint; sign-ins of root in one.
    SignIn {
        /// The region in which sign-ins of root land, in the `aws` partition.
        root: String,
    },
}

/// What is known of an event's request.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, JsonSchema)]
pub struct Request {
    /// How sure the spelling is.
    pub confidence: Sureness,
    /// The members that are known.
    pub parameters: Vec<String>,
    /// Whether these are all.
    pub complete: bool,
}

/// How sure something is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum Sureness {
    High,
    Low,
}

/// A name that people write, and the events that CloudTrail writes for it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, JsonSchema)]
pub struct Renamed {
    /// The name of the API call or IAM action.
    pub written: String,
    /// The events that CloudTrail writes for it, as `service:Name`.
    pub logged_as: Vec<String>,
    /// Whether the written name is logged, too.
    pub logged_itself: bool,
}

impl Entry {
    pub(super) fn of(event: &CatalogueEvent) -> Self {
        let wide = event.to_refs().iter().any(event::EventRef::needs_wide_state);
        Self {
            event: event.short(),
            source: event.source.to_owned(),
            name: event.name.to_owned(),
            source_evidence: event.source_evidence(),
            access: event.accesses().to_vec(),
            kinds: kinds(event)
                .map(|(kind, evidence)| KindEntry::of(event, kind, evidence))
                .collect(),
            lands: Lands::of(event.landing),
            rule_state: if wide { RuleStateNeeded::Wide } else { RuleStateNeeded::Enabled },
            also_logged_as: catalogue::rename(event.source, event.name)
                .map(|rename| shorts(rename.names))
                .unwrap_or_default(),
            written_for: catalogue::written_for(event.source, event.name)
                .map(|(source, name)| event::short(source, name))
                .collect(),
            request: request::request_of(event.source, event.name).map(Request::of),
        }
    }
}

/// The kinds as which an event may be logged, each with what says so. The catalogue lists no call
/// as network activity: any call of some sources is, once it comes through a VPC endpoint.
pub(super) fn kinds(event: &CatalogueEvent) -> impl Iterator<Item = (EventKind, Evidence)> {
    let call = event.is(EventKind::Api) || event.is(EventKind::Data);
    let network =
        call && !event.is(EventKind::Network) && catalogue::has_network_activity(event.source);
    let network = network.then_some((EventKind::Network, Evidence::Documented));
    event.kinds().zip(event.evidence()).chain(network)
}

fn shorts(names: &[catalogue::LoggedName]) -> Vec<String> {
    names.iter().map(|(source, name)| event::short(source, name)).collect()
}

impl KindEntry {
    fn of(event: &CatalogueEvent, kind: EventKind, evidence: Evidence) -> Self {
        Self {
            kind,
            detail_types: kind.detail_types().iter().map(|one| (*one).to_owned()).collect(),
            bus_source: kind.bus_source(event.source),
            evidence,
            selectors: match kind {
                EventKind::Data => Selectors::Data,
                EventKind::Network => Selectors::Network,
                EventKind::Insight => Selectors::Insight,
                _ => Selectors::Management,
            },
        }
    }
}

impl Lands {
    fn of(landing: Landing) -> Self {
        match landing {
            Landing::CallRegion => Self::CallRegion,
            Landing::Only(region) => Self::Only { region: region.to_owned() },
            Landing::Leader => Self::Only { region: "us-east-1".to_owned() },
            Landing::Endpoint => Self::Endpoint,
            Landing::SignIn => {
                Self::SignIn { root: event::landing::ROOT_SIGN_IN_REGION.to_owned() }
            }
        }
    }
}

impl Request {
    fn of(request: request::Payload) -> Self {
        Self {
            confidence: match request.confidence {
                Confidence::High => Sureness::High,
                Confidence::Low => Sureness::Low,
            },
            parameters: request.parameters.into_iter().map(|one| one.name).collect(),
            complete: request.closed,
        }
    }
}

impl Renamed {
    pub(super) fn of(source: &str, name: &str, rename: catalogue::Rename) -> Self {
        Self {
            written: event::short(source, name),
            logged_as: shorts(rename.names),
            logged_itself: rename.mode == RenameMode::Also,
        }
    }
}
