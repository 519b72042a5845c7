//! The one HTTP client that all service clients share.
//!
//! The SDK's own HTTPS client reads the machine's root certificates as soon as it is made, and
//! in a debug build panics where there are none, even if every endpoint is `http://`. This one looks
//! at each request's scheme and makes the HTTPS side only when the first request needs it.

use aws_smithy_http_client::Builder;
use aws_smithy_http_client::tls::{Provider, rustls_provider::CryptoMode};
use aws_smithy_runtime_api::client::http::{
    HttpClient, HttpConnector, HttpConnectorFuture, HttpConnectorSettings, SharedHttpClient,
    SharedHttpConnector,
};
use aws_smithy_runtime_api::client::orchestrator::HttpRequest;
use aws_smithy_runtime_api::client::runtime_components::RuntimeComponents;
use std::sync::{Arc, Mutex, OnceLock, PoisonError};
use std::time::Duration;

/// How long an idle connection is kept. Shorter than the idle limits of AWS's own front ends,
/// so that a call rarely meets a connection that the other side has just closed.
const IDLE: Duration = Duration::from_secs(20);

/// Makes the shared client.
pub(super) fn client() -> SharedHttpClient {
    SharedHttpClient::new(ByScheme {
        plain: Builder::new().pool_idle_timeout(IDLE).build_http(),
        tls: Arc::new(OnceLock::new()),
        known: Mutex::default(),
    })
}

/// The settings that connectors differ in: timeouts for a connection and for a response.
type Patience = (Option<Duration>, Option<Duration>);

#[derive(Debug)]
struct ByScheme {
    plain: SharedHttpClient,
    tls: Arc<OnceLock<SharedHttpClient>>,
    /// The connectors made so far: the SDK requests one for every attempt of every call.
    known: Mutex<Vec<(Patience, SharedHttpConnector)>>,
}

impl HttpClient for ByScheme {
    fn http_connector(
        &self,
        settings: &HttpConnectorSettings,
        components: &RuntimeComponents,
    ) -> SharedHttpConnector {
        let wanted = (settings.connect_timeout(), settings.read_timeout());
        let mut known = self.known.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some((_, connector)) = known.iter().find(|(patience, _)| *patience == wanted) {
            return connector.clone();
        }
        let connector = SharedHttpConnector::new(Connector {
            plain: self.plain.http_connector(settings, components),
            tls: Arc::clone(&self.tls),
            settings: settings.clone(),
            components: components.clone(),
        });
        known.push((wanted, connector.clone()));
        connector
    }
}

#[derive(Debug)]
struct Connector {
    plain: SharedHttpConnector,
    tls: Arc<OnceLock<SharedHttpClient>>,
    settings: HttpConnectorSettings,
    components: RuntimeComponents,
}

impl HttpConnector for Connector {
    fn call(&self, request: HttpRequest) -> HttpConnectorFuture {
        if request.uri().starts_with("http://") {
            return self.plain.call(request);
        }
        let tls = self.tls.get_or_init(|| {
            Builder::new()
                .tls_provider(Provider::Rustls(CryptoMode::AwsLc))
                .pool_idle_timeout(IDLE)
                .build_https()
        });
        tls.http_connector(&self.settings, &self.components).call(request)
    }
}
