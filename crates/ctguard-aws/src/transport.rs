//! The one HTTP client that all service clients share.
//!
//! The SDK's own HTTPS client reads the machine's root certificates as soon as it is made, and
//! in a debug build panics where there are none, even if every endpoint is `http://`. This one looks
//! at each request's scheme and makes the HTTPS side only when the first request needs it. It also
//! decides, request by request, which proxy is asked.

use super::proxy::{Proxies, Proxy};
use super::way::{Direct, Way, blocked, unanswered};
use aws_smithy_http_client::proxy::ProxyConfig;
use aws_smithy_http_client::tls::{Provider, TlsContext, TrustStore, rustls_provider::CryptoMode};
use aws_smithy_http_client::{Builder, Connector as HttpsConnector};
use aws_smithy_runtime_api::box_error::BoxError;
use aws_smithy_runtime_api::client::http::{
    HttpClient, HttpConnector, HttpConnectorFuture, HttpConnectorSettings, SharedHttpClient,
    SharedHttpConnector,
};
use aws_smithy_runtime_api::client::orchestrator::HttpRequest;
use aws_smithy_runtime_api::client::runtime_components::RuntimeComponents;
use aws_smithy_types::body::SdkBody;
use http_body_util::{BodyExt, LengthLimitError, Limited};
use std::collections::{BTreeMap, HashMap};
use std::sync::{Arc, Mutex, OnceLock, PoisonError};
use std::time::Duration;

/// How long an idle connection is kept. Shorter than the idle limits of AWS's own front ends,
/// so that a call rarely meets a connection that the other side has just closed.
const IDLE: Duration = Duration::from_secs(20);

/// How the network is reached.
#[derive(Debug)]
pub(super) struct Network {
    pub(super) proxies: Proxies,
    /// What set the endpoint of a host and port, where a setting did.
    pub(super) set_by: BTreeMap<String, String>,
    /// Certificates, as PEM, that are trusted instead of this machine's own.
    pub(super) certificates: Option<Vec<u8>>,
    /// Most bytes of one answer.
    pub(super) answer_bytes: usize,
}

impl Network {
    fn tls(&self) -> TlsContext {
        let Some(certificates) = &self.certificates else { return TlsContext::default() };
        let store = TrustStore::empty().with_pem_certificate(certificates.clone());
        TlsContext::builder().with_trust_store(store).build().unwrap_or_default()
    }
}

/// Makes the shared client.
pub(super) fn client(network: Network) -> SharedHttpClient {
    SharedHttpClient::new(ByScheme {
        routes: Arc::new(Routes {
            plain: Builder::new().pool_idle_timeout(IDLE).build_http(),
            tls: OnceLock::new(),
            proxied: Mutex::default(),
            network,
        }),
        known: Mutex::default(),
    })
}

/// The clients, one for each way that requests take.
#[derive(Debug)]
struct Routes {
    plain: SharedHttpClient,
    tls: OnceLock<SharedHttpClient>,
    /// By the proxy's URL.
    proxied: Mutex<HashMap<String, SharedHttpClient>>,
    network: Network,
}

impl Routes {
    fn tls(&self) -> &SharedHttpClient {
        self.tls.get_or_init(|| {
            Builder::new()
                .pool_idle_timeout(IDLE)
                .tls_provider(Provider::Rustls(CryptoMode::AwsLc))
                .tls_context(self.network.tls())
                .build_https()
        })
    }

    /// The client of a proxy. It always has the HTTPS side: the proxy itself may be `https://`.
    fn through(&self, proxy: &Proxy) -> SharedHttpClient {
        let mut known = self.proxied.lock().unwrap_or_else(PoisonError::into_inner);
        let made = known.entry(proxy.url.clone()).or_insert_with(|| {
            // The URL was looked at when it was read.
            let config =
                ProxyConfig::all(proxy.url.as_str()).unwrap_or_else(|_| ProxyConfig::disabled());
            let tls = self.network.tls();
            Builder::new().build_with_connector_fn(move |settings, _| {
                let mut builder = HttpsConnector::builder()
                    .proxy_config(config.clone())
                    .pool_idle_timeout(IDLE)
                    .tls_provider(Provider::Rustls(CryptoMode::AwsLc))
                    .tls_context(tls.clone());
                builder.set_connector_settings(settings.cloned());
                builder.build()
            })
        });
        made.clone()
    }
}

/// The settings that connectors differ in: timeouts for a connection and for a response.
type Patience = (Option<Duration>, Option<Duration>);

#[derive(Debug)]
struct ByScheme {
    routes: Arc<Routes>,
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
            plain: self.routes.plain.http_connector(settings, components),
            routes: Arc::clone(&self.routes),
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
    routes: Arc<Routes>,
    settings: HttpConnectorSettings,
    components: RuntimeComponents,
}

impl HttpConnector for Connector {
    fn call(&self, request: HttpRequest) -> HttpConnectorFuture {
        let (settings, components) = (&self.settings, &self.components);
        let proxy = self.routes.network.proxies.of(request.uri());
        let way = Way::new(request.uri(), proxy);
        if let Some(proxy) = proxy {
            let client = self.routes.through(proxy);
            let (proxy, uri) = (proxy.clone(), request.uri().to_owned());
            let answer = client.http_connector(settings, components).call(request);
            let answer = HttpConnectorFuture::new(async move {
                match answer.await {
                    Ok(answer) => Ok(answer),
                    Err(error) => Err(blocked(error, &proxy, &uri).await),
                }
            });
            return self.limited(answer, way);
        }
        let uri = request.uri().to_owned();
        let answer = match uri.starts_with("http://") {
            true => self.plain.call(request),
            false => self.routes.tls().http_connector(settings, components).call(request),
        };
        let asked = way.clone();
        let network = &self.routes.network;
        let (set_by, passes_by) =
            (network.set_by.get(&way.host).cloned(), network.proxies.passes_by(&uri));
        let answer = HttpConnectorFuture::new(async move {
            let direct = Direct { uri: &uri, set_by: set_by.as_deref(), passes_by };
            answer.await.map_err(|error| unanswered(error, &asked, direct))
        });
        self.limited(answer, way)
    }
}

impl Connector {
    /// The SDK reads an answer whole, however long it is: this one ends at the limit. It carries the
    /// way that it came.
    fn limited(&self, answer: HttpConnectorFuture, way: Way) -> HttpConnectorFuture {
        let limit = self.routes.network.answer_bytes;
        HttpConnectorFuture::new(async move {
            let mut answer = answer.await?;
            answer.add_extension(way);
            Ok(answer.map(|body| {
                let body = Limited::new(body, limit);
                SdkBody::from_body_1_x(body.map_err(move |error| too_long(error, limit)))
            }))
        })
    }
}

/// Says that an answer is longer than any of AWS's.
#[derive(Debug, thiserror::Error)]
#[error("the answer is longer than {limit} bytes")]
pub(super) struct TooLong {
    limit: usize,
}

fn too_long(error: BoxError, limit: usize) -> BoxError {
    match error.is::<LengthLimitError>() {
        true => Box::new(TooLong { limit }),
        false => error,
    }
}
