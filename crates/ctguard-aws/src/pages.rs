//! Pages that come where credentials were asked for.
//!
//! The SDK's providers keep of an answer only where its parser stopped. This client hands every
//! answer on, and keeps what is to be said of the last one if it was not one of AWS's.

use super::foreign::{is_foreign, is_page, told};
use aws_smithy_runtime_api::client::http::{
    HttpClient, HttpConnector, HttpConnectorFuture, HttpConnectorSettings, SharedHttpClient,
    SharedHttpConnector,
};
use aws_smithy_runtime_api::client::orchestrator::HttpRequest;
use aws_smithy_runtime_api::client::result::ConnectorError;
use aws_smithy_runtime_api::client::runtime_components::RuntimeComponents;
use aws_smithy_types::body::SdkBody;
use http_body_util::BodyExt;
use std::sync::{Arc, Mutex, PoisonError};

/// What the last answer was, if it was not one of AWS's.
#[derive(Debug, Clone, Default)]
pub(super) struct Pages(Arc<Mutex<Option<String>>>);

impl Pages {
    pub(super) fn last(&self) -> Option<String> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    fn keep(&self, page: Option<String>) {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = page;
    }
}

/// A client that keeps an eye on its answers.
pub(super) fn watched(inner: SharedHttpClient) -> (SharedHttpClient, Pages) {
    let pages = Pages::default();
    (SharedHttpClient::new(Watched { inner, pages: pages.clone() }), pages)
}

#[derive(Debug)]
struct Watched {
    inner: SharedHttpClient,
    pages: Pages,
}

impl HttpClient for Watched {
    fn http_connector(
        &self,
        settings: &HttpConnectorSettings,
        components: &RuntimeComponents,
    ) -> SharedHttpConnector {
        SharedHttpConnector::new(Watching {
            inner: self.inner.http_connector(settings, components),
            pages: self.pages.clone(),
        })
    }
}

#[derive(Debug)]
struct Watching {
    inner: SharedHttpConnector,
    pages: Pages,
}

impl HttpConnector for Watching {
    fn call(&self, request: HttpRequest) -> HttpConnectorFuture {
        let of_identity_center = request.uri().contains("/federation/credentials")
            || request.uri().ends_with("/token") && !request.uri().contains("/latest/");
        let (answer, pages) = (self.inner.call(request), self.pages.clone());
        HttpConnectorFuture::new(async move {
            let mut answer = answer.await?;
            // They are short, and the reader below needs them whole anyway.
            let body = std::mem::replace(answer.body_mut(), SdkBody::empty());
            let bytes = body.collect().await.map_err(ConnectorError::io)?;
            *answer.body_mut() = SdkBody::from(bytes.to_bytes());
            let failed = !answer.status().is_success();
            let foreign = is_page(&answer)
                || of_identity_center && failed && is_foreign("credentials", &answer);
            pages.keep(foreign.then(|| told(&answer)));
            Ok(answer)
        })
    }
}
