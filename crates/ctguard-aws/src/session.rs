//! One account in one region: its credentials and clients.

use super::clients::{Acting, Clients};
use super::errors::{bad_request, bad_response, too_large};
use super::gate::Gate;
use super::sts::RoleSession;
use aws_smithy_runtime::client::retries::RetryPartition;
use aws_smithy_runtime_api::client::orchestrator::HttpResponse;
use aws_smithy_runtime_api::client::result::SdkError;
use aws_smithy_types::error::metadata::ProvideErrorMetadata;
use aws_smithy_types::error::operation::BuildError;
use ctguard_core::cloud::CloudError;
use ctguard_core::resource::Tags;
use ctguard_core::scope::{Place, Region};
use std::collections::{BTreeMap, HashSet};
use std::sync::{Arc, Mutex};

#[derive(Debug)]
pub(super) struct Session {
    pub(super) place: Place,
    scope: String,
    pub(super) clients: Arc<Clients>,
    /// Absent when the clients have the caller's own credentials.
    role: Option<Arc<RoleSession>>,
    retries: RetryPartition,
    gate: Arc<Gate>,
    pages_max: usize,
    /// URLs of queues by name. AWS asks not to build them from their parts
    /// (<https://docs.aws.amazon.com/AWSSimpleQueueService/latest/SQSDeveloperGuide/sqs-queue-message-identifiers.html>),
    /// so each is read once.
    pub(super) queue_urls: Mutex<BTreeMap<String, String>>,
}

impl Session {
    pub(super) fn new(
        place: Place,
        clients: Arc<Clients>,
        role: Option<Arc<RoleSession>>,
        gate: Arc<Gate>,
        pages_max: usize,
    ) -> Self {
        Self {
            pages_max,
            // Not one of the SDK's own retry partitions, which are kept forever.
            retries: RetryPartition::custom(place.to_string()).build(),
            scope: place.to_string(),
            place,
            clients,
            role,
            gate,
            queue_urls: Mutex::default(),
        }
    }

    /// Begins a list.
    pub(super) fn pages(&self) -> Pages {
        Pages { token: None, seen: HashSet::new(), max: self.pages_max }
    }

    /// Makes one call when its turn comes.
    pub(super) fn send<T, E>(
        &self,
        operation: &'static str,
        call: impl Future<Output = Result<T, SdkError<E, HttpResponse>>>,
    ) -> impl Future<Output = Result<T, CloudError>>
    where
        E: ProvideErrorMetadata + std::error::Error + 'static,
    {
        // The SDK's futures are large, and each layer around one would hold it by value, some
        // twice.
        let call = Box::pin(call);
        async move {
            // Before the call has a slot: renewing credentials takes one, too.
            let credentials = match &self.role {
                Some(role) => Some(role.credentials().await?),
                None => None,
            };
            let acting = Acting { credentials, retries: self.retries.clone() };
            self.gate.send(&self.scope, operation, acting.call(call)).await
        }
    }
}

/// The SDK's form of a region.
pub(super) fn sdk_region(region: &Region) -> aws_config::Region {
    aws_config::Region::new(region.as_str().to_owned())
}

/// Walks the pages of a list.
#[derive(Debug)]
pub(super) struct Pages {
    token: Option<String>,
    /// The tokens so far.
    seen: HashSet<String>,
    /// Most pages of one list.
    max: usize,
}

impl Pages {
    /// The token to send.
    pub(super) fn token(&self) -> Option<String> {
        self.token.clone()
    }

    /// Takes the marker of a page, and whether the list goes on; returns whether there is another
    /// page.
    ///
    /// # Errors
    ///
    /// As for [`Self::turn`], and when the list goes on and nothing says where.
    pub(super) fn turn_if(
        &mut self,
        operation: &'static str,
        truncated: bool,
        marker: Option<&str>,
    ) -> Result<bool, CloudError> {
        let marker = marker.filter(|_| truncated);
        if truncated && marker.is_none_or(str::is_empty) {
            return Err(bad_response(operation, "the list is cut short and has no marker"));
        }
        self.turn(operation, marker)
    }

    /// Takes the token of a page; returns whether there is another page.
    ///
    /// # Errors
    ///
    /// When the service returns a token that it has returned before, or more pages than a list may
    /// have: either could loop forever.
    pub(super) fn turn(
        &mut self,
        operation: &'static str,
        next: Option<&str>,
    ) -> Result<bool, CloudError> {
        let next = next.filter(|token| !token.is_empty()).map(str::to_owned);
        if next.as_ref().is_some_and(|next| !self.seen.insert(next.clone())) {
            return Err(bad_response(operation, "the same page token was returned twice"));
        }
        if self.seen.len() >= self.max {
            return Err(too_large(operation, format!("the list has more than {} pages", self.max)));
        }
        self.token = next;
        Ok(self.token.is_some())
    }
}

/// Tags in the form of one service's SDK, each of which has a type of its own.
pub(super) fn tags_as<T>(
    operation: &str,
    tags: &Tags,
    tag: impl Fn(&str, &str) -> Result<T, BuildError>,
) -> Result<Vec<T>, CloudError> {
    tags.iter()
        .map(|(key, value)| tag(key, value))
        .collect::<Result<_, _>>()
        .map_err(|error| bad_request(operation, error.to_string()))
}
