//! What the catalogue says, in words.

use ctguard_core::catalogue::{Evidence, SourceEvidence};
use ctguard_core::event::Access;
use ctguard_core::events::{Lands, Request, Selectors, Sureness};

/// What says that an event is logged under its source.
pub(super) fn source(evidence: SourceEvidence) -> &'static str {
    match evidence {
        SourceEvidence::Documented => "AWS's documentation says so",
        SourceEvidence::ModelTrait => "the service's model says so",
        SourceEvidence::Records => "public log records have it",
        SourceEvidence::SigningName => "assumed: the name that the service signs its requests with",
    }
}

/// What says that an event is logged as one of its kinds.
pub(super) fn evidence(evidence: Evidence) -> &'static str {
    match evidence {
        Evidence::Documented => "AWS's documentation or public log records",
        Evidence::SdkOperation => "an operation of the SDK, taken to be logged under its own name",
        Evidence::SecondSource => {
            "an operation of the SDK, under a second event source that the service also uses"
        }
        Evidence::VersionedOperation => {
            "an operation of the SDK, with the version of its API behind its name"
        }
        Evidence::IamAction => "an IAM action of a service without a public SDK",
        Evidence::Records => "public log records",
        Evidence::Assumed => {
            "assumed: a page tells of such events, and does not name this one or its kind"
        }
    }
}

pub(super) fn short_evidence(evidence: Evidence) -> &'static str {
    match evidence {
        Evidence::Documented => "documented",
        Evidence::SdkOperation => "SDK operation",
        Evidence::SecondSource => "SDK operation, second source",
        Evidence::VersionedOperation => "SDK operation with version",
        Evidence::IamAction => "IAM action",
        Evidence::Records => "records",
        Evidence::Assumed => "assumed",
    }
}

pub(super) fn short_access(access: &Access) -> &'static str {
    match access {
        Access::Read => "read",
        Access::Write => "write",
    }
}

/// Where an event lands.
pub(super) fn lands(lands: &Lands) -> String {
    match lands {
        Lands::CallRegion => "in the region of the call".to_owned(),
        Lands::Only { region } => {
            format!("in {region} alone (of another partition: in its leading region)")
        }
        Lands::Endpoint => "in the region of the endpoint that was called".to_owned(),
        Lands::SignIn { root } => {
            format!("in any region with a sign-in endpoint; of root in {root} alone")
        }
    }
}

/// What a trail must be told.
pub(super) fn selectors(selectors: Selectors) -> &'static str {
    match selectors {
        Selectors::Management => {
            "a trail must record management events, as trails do by themselves"
        }
        Selectors::Data => "a trail's selectors must ask for data events of the resource type",
        Selectors::Network => {
            "a trail's selectors must ask for network activity events of the source; \
             only calls through a VPC endpoint are such"
        }
        Selectors::Insight => "a trail must have insight selectors",
    }
}

/// The members of a request.
pub(super) fn request(request: &Request, most: usize) -> String {
    if request.parameters.is_empty() {
        return match request.complete {
            true => "no parameters".to_owned(),
            false => "parameters are not known".to_owned(),
        };
    }
    let shown: Vec<&str> = request.parameters.iter().take(most).map(String::as_str).collect();
    let mut text = shown.join(", ");
    let left_out = request.parameters.len() - shown.len();
    if left_out > 0 {
        text.push_str(&format!(" and {left_out} more"));
    }
    if !request.complete {
        text.push_str("; there may be others");
    }
    if request.confidence == Sureness::Low {
        text.push_str("; the spelling is not sure");
    }
    text
}
