//! The SDK's providers, with what is to be said where one of them gives no credentials.

use super::super::chain::{chain, reason, sources};
use super::super::errors::{NotProvided, blocked, not_provided, refused};
use super::super::pages::Pages;
use super::super::way::direct;
use aws_credential_types::provider::ProvideCredentials;
use aws_credential_types::provider::error::CredentialsError;
use aws_credential_types::provider::future::ProvideCredentials as Provided;
use aws_smithy_runtime_api::client::result::ConnectorError;
use ctguard_core::cause::words::mentions_throttling;
use ctguard_core::cause::{Cause, CredentialSource, Obstacle};
use ctguard_core::cloud::CloudError;
use std::time::Duration;

/// A provider of the SDK's that says, where it fails, what gives no credentials.
#[derive(Debug)]
pub(super) struct Explained<P> {
    pub(super) what: String,
    pub(super) source: CredentialSource,
    /// Whether the settings name this source: then it is an error that it has nothing.
    pub(super) named: bool,
    pub(super) limit: Duration,
    pub(super) pages: Pages,
    pub(super) inner: P,
}

impl<P: ProvideCredentials> ProvideCredentials for Explained<P> {
    fn provide_credentials<'a>(&'a self) -> Provided<'a>
    where
        Self: 'a,
    {
        Provided::new(async {
            let found = tokio::time::timeout(self.limit, self.inner.provide_credentials()).await;
            found.unwrap_or_else(|_| Err(self.silent())).map_err(|error| self.explained(error))
        })
    }
}

impl<P> Explained<P> {
    fn explained(&self, error: CredentialsError) -> CredentialsError {
        let passed = sources(&error).any(|source| source.is::<NotProvided>());
        let nothing = matches!(error, CredentialsError::CredentialsNotLoaded(_));
        let page = self.pages.last();
        // Nothing is there: then the next source is asked.
        if passed || nothing && !self.named && page.is_none() {
            return error;
        }
        let words = chain(&error);
        // Identity Center is a service like others: it may be out of reach, or throttle.
        let cause = match (self.source, &page) {
            (CredentialSource::SingleSignOn, Some(_)) => Some(Cause::Malformed),
            (CredentialSource::SingleSignOn, None) => on_the_way(&error, &words),
            _ => None,
        };
        self.failed(cause, &page.unwrap_or_else(|| reason(&error)))
    }

    /// It did not answer.
    fn silent(&self) -> CredentialsError {
        let why =
            format!("it hangs: no answer came within {} seconds", self.limit.as_secs().max(1));
        let cause = (self.source == CredentialSource::SingleSignOn)
            .then_some(Cause::Unreachable(Obstacle::Timeout));
        self.failed(cause, &why)
    }

    fn failed(&self, cause: Option<Cause>, why: &str) -> CredentialsError {
        let code = match self.source {
            CredentialSource::SingleSignOn => "SingleSignOn",
            CredentialSource::Machine => "MachineCredentials",
            _ => "ContainerCredentials",
        };
        let why = format!("{} gave no credentials: {why}", self.what);
        let Some(cause) = cause else { return not_provided(self.source, code, why) };
        let told = CloudError { kind: cause.kind(), cause, ..refused("credentials", code, why) };
        CredentialsError::provider_error(NotProvided(told))
    }
}

/// What was in the way to the service that gives credentials.
fn on_the_way(error: &CredentialsError, words: &str) -> Option<Cause> {
    if let Some(obstacle) = blocked(error).or_else(|| direct(error)) {
        return Some(Cause::Unreachable(obstacle));
    }
    if sources(error).any(|source| source.is::<ConnectorError>()) {
        return Some(Cause::Unreachable(Obstacle::of(words)));
    }
    mentions_throttling(words).then_some(Cause::Throttled)
}
