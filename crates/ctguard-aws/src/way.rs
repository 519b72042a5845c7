//! What stands on the way of a request: the host that was asked, and the proxy if there is one.
//!
//! Behind a proxy the same failure means another thing: a name without an address, or a connection
//! that nobody takes, is the proxy's and not AWS's. So each failure is told apart here, where the way
//! is known, and not from its words later.

use super::proxy::Proxy;
use super::tunnel::{Answered, answer_to_connect};
use aws_smithy_runtime_api::box_error::BoxError;
use aws_smithy_runtime_api::client::dns::ResolveDnsError;
use aws_smithy_runtime_api::client::result::ConnectorError;
use ctguard_core::catalogue::{is_region, suggest_region};
use ctguard_core::cause::Obstacle;
use ctguard_core::scope::Region;
use std::error::Error;
use std::io::ErrorKind;

/// Who answered, kept with the answer.
#[derive(Debug, Clone)]
pub(super) struct Way {
    pub(super) host: String,
    /// The proxy that an answer passed, where the proxy itself may have made it.
    pub(super) proxy: Option<Proxy>,
}

impl Way {
    pub(super) fn new(uri: &str, proxy: Option<&Proxy>) -> Self {
        let host = super::proxy::authority(uri).unwrap_or_default();
        // Through a tunnel, what answers is whoever has the certificate.
        let proxy = proxy.filter(|_| uri.starts_with("http://")).cloned();
        Self { host, proxy }
    }
}

/// A failure on the way through a proxy.
#[derive(Debug, thiserror::Error)]
#[error("{}", self.told())]
pub(super) struct Blocked {
    proxy: Proxy,
    pub(super) obstacle: Obstacle,
    /// What the proxy answered when it was asked to open the way.
    answered: Option<Answered>,
    source: BoxError,
}

impl Blocked {
    fn told(&self) -> String {
        let proxy = &self.proxy;
        let answered = self.answered.as_ref().map(Answered::told);
        let answers = answered.as_deref().unwrap_or("answers");
        match self.obstacle {
            Obstacle::ProxyName => {
                format!("the proxy {proxy:?} cannot be found: its name has no address")
            }
            Obstacle::ProxyConnection => {
                format!("the proxy {proxy:?} cannot be reached: it takes no connection")
            }
            Obstacle::ProxyTimeout if is_connecting(&self.source) => {
                format!(
                    "the proxy {proxy:?} cannot be reached: it did not open a connection in time"
                )
            }
            Obstacle::ProxyTimeout => {
                format!("the proxy {proxy:?} took the request, and did not answer in time")
            }
            Obstacle::ProxySignIn => {
                format!(
                    "the proxy {proxy:?} answers with HTTP 407: it asks for a user and password"
                )
            }
            Obstacle::ProxyGateway => {
                format!("the proxy {proxy:?} {answers}: it does not reach the host itself")
            }
            Obstacle::ProxyPortal => {
                let to = match &self.answered {
                    Some(Answered::Status { location: Some(to), .. }) => format!(" to {to}"),
                    _ => String::new(),
                };
                format!(
                    "the proxy {proxy:?} {answers} and sends the caller{to} to sign in, as a network with a sign-in page (captive portal) does"
                )
            }
            Obstacle::ProxyNone => {
                format!(
                    "what listens at {proxy:?} does not act as a proxy: asked for a way through, it {answers}"
                )
            }
            Obstacle::ProxyScheme if proxy.url.starts_with("https:") => {
                format!("the proxy {proxy:?} speaks plain HTTP, and its URL says https://")
            }
            Obstacle::ProxyScheme => {
                format!("the proxy {proxy:?} speaks TLS, and its URL says http://")
            }
            Obstacle::Proxy => {
                format!("the proxy {proxy:?} {answers} and refuses the host")
            }
            _ => format!("through the proxy {proxy:?}"),
        }
    }
}

/// A host that did not answer, on a way without a proxy.
#[derive(Debug, thiserror::Error)]
#[error("{host} {}", match is_connecting(.source) {
    true => "took no connection in time",
    false => "took the request, and did not answer in time",
})]
struct Silent {
    host: String,
    source: BoxError,
}

/// Whether a failure came before there was a connection.
fn is_connecting(error: &BoxError) -> bool {
    let first: &(dyn Error + 'static) = error.as_ref();
    super::chain::sources(first)
        .any(|source| source.to_string().to_ascii_lowercase().contains("connect timeout"))
}

/// What speaks another language than the URL says.
#[derive(Debug, thiserror::Error)]
#[error("what {host} answers is {}", match .tls {
    true => "no TLS: it speaks plain HTTP, or something on the way answers in its place",
    false => "no HTTP: it speaks TLS (https://), or is another kind of server",
})]
pub(super) struct Stranger {
    host: String,
    /// Whether TLS was expected.
    tls: bool,
    source: BoxError,
}

/// A host whose name nobody knows.
#[derive(Debug, thiserror::Error)]
#[error("{host}{why} cannot be found: its name has no address")]
struct Nameless {
    host: String,
    /// What it has been asked for.
    why: String,
    source: BoxError,
}

/// A request on a way without a proxy.
#[derive(Debug, Clone, Copy)]
pub(super) struct Direct<'a> {
    pub(super) uri: &'a str,
    /// The setting that names the host as an endpoint.
    pub(super) set_by: Option<&'a str>,
    /// `NO_PROXY` keeps the proxy out that is set.
    pub(super) passes_by: bool,
}

impl Direct<'_> {
    /// Why this host was asked, and directly.
    fn why(self, host: &str) -> String {
        let mut parts: Vec<String> =
            self.set_by.map(|name| format!("set by {name}")).into_iter().collect();
        if self.set_by.is_none() {
            parts.extend(host.split('.').find_map(unknown_region));
        }
        if self.passes_by {
            parts.push("asked without the proxy because of NO_PROXY".to_owned());
        }
        match parts.is_empty() {
            true => String::new(),
            false => format!(" ({})", parts.join("; ")),
        }
    }
}

/// What is to be said of a part of a host that is a region's name, where AWS has no such region.
fn unknown_region(label: &str) -> Option<String> {
    let region = Region::new(label).filter(|region| label.contains('-') && !is_region(region))?;
    let meant = suggest_region(&region)?;
    Some(format!(
        "AWS has no region `{label}`, {meant} It comes from --region, AWS_REGION, AWS_DEFAULT_REGION, the profile or the blueprint"
    ))
}

/// Says which host did not answer, or answered in another language, on a way without a proxy.
pub(super) fn unanswered(error: ConnectorError, way: &Way, direct: Direct<'_>) -> ConnectorError {
    let host = way.host.clone();
    if error.is_timeout() {
        let source = error.into();
        return ConnectorError::timeout(Box::new(Silent { host, source }));
    }
    let words = words(&error);
    if is_nameless(&error, &words) {
        let why = direct.why(&host);
        return ConnectorError::io(Box::new(Nameless { host, why, source: error.into() }));
    }
    let tls = !direct.uri.starts_with("http://");
    let strange: &[&str] = match tls {
        true => NO_TLS,
        false => &["invalid http version", "unexpected message from connection"],
    };
    match strange.iter().any(|one| words.contains(one)) {
        true => {
            let source = error.into();
            ConnectorError::other(Box::new(Stranger { host, tls, source }), None)
        }
        false => error,
    }
}

/// What was in the way of a request that passed no proxy, where the way tells: the words of such a
/// failure may speak of a proxy all the same, by a host's name or `NO_PROXY`.
pub(super) fn direct(error: &(dyn Error + 'static)) -> Option<Obstacle> {
    super::chain::sources(error).find_map(|source| match source {
        _ if source.is::<Nameless>() => Some(Obstacle::Dns),
        _ if source.is::<Silent>() => Some(Obstacle::Timeout),
        _ => None,
    })
}

/// Whether a host's name has no address.
fn is_nameless(error: &ConnectorError, words: &str) -> bool {
    let first: &(dyn Error + 'static) = error;
    super::chain::sources(first).any(|source| source.is::<ResolveDnsError>())
        || words.contains("dns error")
        || words.contains("failed to lookup address")
}

/// How the TLS library says that what it read is none.
const NO_TLS: &[&str] = &["invalidcontenttype", "corrupt message"];

/// The words of an error and its causes, in lower case.
fn words(error: &ConnectorError) -> String {
    let first: &(dyn Error + 'static) = error;
    let all = super::chain::sources(first).map(|source| source.to_string().to_ascii_lowercase());
    all.collect::<Vec<_>>().join("\n")
}

/// Says which proxy did not do its work, who named it, and what it did instead. `uri` is what was
/// asked for.
pub(super) async fn blocked(error: ConnectorError, proxy: &Proxy, uri: &str) -> ConnectorError {
    let (timeout, io) = (error.is_timeout(), error.is_io());
    let other = error.as_other();
    let tunnel = !uri.starts_with("http://");
    let (mut obstacle, garbled) = obstacle(&error);
    let mut answered = None;
    match obstacle {
        // The libraries below keep nothing of the answer, and the way out depends on it.
        Obstacle::Proxy | Obstacle::Lost => {
            let host = super::proxy::authority(uri).unwrap_or_default();
            let found = answer_to_connect(proxy, &host, garbled).await;
            let counts = match &found {
                // It would have opened a way: then it is what came after that failed.
                Some(Answered::Status { status, .. }) => tunnel && !(200..300).contains(status),
                Some(Answered::Nothing) => tunnel && obstacle == Obstacle::Proxy,
                Some(_) => true,
                None => false,
            };
            if counts && let Some(found) = found {
                obstacle = found.obstacle();
                answered = Some(found);
            }
        }
        // Without a tunnel, whoever is silent is the proxy.
        Obstacle::Timeout if !tunnel => obstacle = Obstacle::ProxyTimeout,
        // One that speaks plain HTTP waits for the end of a request that never comes.
        Obstacle::ProxyTimeout if proxy.url.starts_with("https:") => {
            let host = super::proxy::authority(uri).unwrap_or_default();
            if let Some(found) = answer_to_connect(proxy, &host, garbled).await {
                obstacle = found.obstacle();
                answered = Some(found);
            }
        }
        _ => {}
    }
    let error =
        Box::new(Blocked { proxy: proxy.clone(), obstacle, answered, source: error.into() });
    match (timeout, io) {
        (true, _) => ConnectorError::timeout(error),
        (_, true) => ConnectorError::io(error),
        _ => ConnectorError::other(error, other),
    }
}

/// What was in the way behind a proxy, from the types of the errors below and then from their words.
/// With it, whether what came was no TLS where TLS was expected.
fn obstacle(error: &ConnectorError) -> (Obstacle, bool) {
    let first: &(dyn Error + 'static) = error;
    let words = words(error);
    for source in super::chain::sources(first) {
        if source.downcast_ref::<ResolveDnsError>().is_some() {
            return (Obstacle::ProxyName, false);
        }
        match source.downcast_ref::<std::io::Error>().map(std::io::Error::kind) {
            Some(
                ErrorKind::ConnectionRefused
                | ErrorKind::HostUnreachable
                | ErrorKind::NetworkUnreachable
                | ErrorKind::AddrNotAvailable,
            ) => return (Obstacle::ProxyConnection, false),
            Some(ErrorKind::TimedOut) => return (Obstacle::ProxyTimeout, false),
            _ => {}
        }
    }
    let has = |all: &[&str]| all.iter().any(|one| words.contains(one));
    // There was no TLS yet.
    let garbled = has(NO_TLS) || has(&["client error (connect)"]);
    let obstacle = if has(&["dns error", "lookup address", "name resolution"]) {
        Obstacle::ProxyName
    } else if has(&["authorization required"]) {
        Obstacle::ProxySignIn
    } else if has(&["connect timeout"]) {
        Obstacle::ProxyTimeout
    } else if has(&["certificate", "unknownissuer", "notvalidforname"]) {
        Obstacle::Certificate
    } else if has(&["unsuccessful", "headers too long", "unexpected end of file"]) {
        Obstacle::Proxy
    } else if has(&["timeout", "timed out"]) {
        Obstacle::Timeout
    } else {
        Obstacle::Lost
    };
    (obstacle, garbled)
}
