//! What stands on the way of a request: the host that was asked, and the proxy if there is one.
//!
//! Behind a proxy the same failure means another thing: a name without an address, or a connection
//! that nobody takes, is the proxy's and not AWS's. So each failure is told apart here, where the way
//! is known, and not from its words later.

use super::proxy::Proxy;
use aws_smithy_runtime_api::box_error::BoxError;
use aws_smithy_runtime_api::client::dns::ResolveDnsError;
use aws_smithy_runtime_api::client::result::ConnectorError;
use ctguard_core::catalogue::{is_region, suggest_region};
use ctguard_core::cause::Obstacle;
use ctguard_core::scope::Region;
use std::error::Error;
use std::io::ErrorKind;
use std::time::Duration;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

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

/// What came back from a proxy's address to the request for a way through.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Answered {
    /// A status of HTTP, and where it sends the caller to.
    Status { status: u16, location: Option<String> },
    /// TLS, or a page that asks for it.
    Tls,
    /// Something that is no HTTP, with its beginning as far as it is text.
    NoHttp(String),
    /// The end of the connection.
    Nothing,
    /// A way through, at whose end nobody speaks TLS.
    NoTls,
}

impl Answered {
    /// What it means for the way to AWS.
    fn obstacle(&self) -> Obstacle {
        match self {
            Self::Status { status, .. } => of_status(Some(*status)),
            Self::Tls => Obstacle::ProxyScheme,
            Self::NoHttp(_) | Self::Nothing | Self::NoTls => Obstacle::ProxyNone,
        }
    }

    fn told(&self) -> String {
        match self {
            Self::Status { status, .. } => format!("answers with HTTP {status}"),
            Self::Tls => "answers in TLS".to_owned(),
            Self::NoHttp(begin) if begin.is_empty() => "answers in no HTTP".to_owned(),
            Self::NoHttp(begin) => format!("answers in no HTTP, and begins with \"{begin}\""),
            Self::Nothing => "ends the connection without an answer".to_owned(),
            Self::NoTls => "says that it opened a way, and no TLS came through it".to_owned(),
        }
    }
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

/// What a proxy's own answer means.
///
/// 511 is that of networks that want a sign-in first. The statuses of requests that are not
/// understood are those of web servers, which know nothing of CONNECT. Sources:
/// <https://www.rfc-editor.org/rfc/rfc6585#section-6>, <https://www.rfc-editor.org/rfc/rfc9110#section-9.3.6>.
pub(super) fn of_status(status: Option<u16>) -> Obstacle {
    match status {
        Some(407) => Obstacle::ProxySignIn,
        Some(300..=399 | 511) => Obstacle::ProxyPortal,
        Some(400 | 404 | 405 | 501) => Obstacle::ProxyNone,
        Some(500..) => Obstacle::ProxyGateway,
        _ => Obstacle::Proxy,
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

/// How long a proxy that has just answered may take to answer again.
const AGAIN: Duration = Duration::from_secs(3);

/// Asks a proxy once more to open the way to a host, and returns what it answers. `garbled` says
/// that what came before was no TLS.
async fn answer_to_connect(proxy: &Proxy, host: &str, garbled: bool) -> Option<Answered> {
    let found = tokio::time::timeout(AGAIN, ask(proxy, host)).await.ok().flatten()?;
    let spoke_http = matches!(found, Answered::Status { .. });
    match proxy.url.starts_with("https:") {
        // It was asked in plain HTTP, and understood that.
        true if spoke_http => Some(Answered::Tls),
        true => None,
        false => match found {
            Answered::Status { status: 200..300, .. } if garbled => Some(Answered::NoTls),
            found => Some(found),
        },
    }
}

/// Longest answer that is looked at, in bytes.
const LOOKED_AT: usize = 1_024;

async fn ask(proxy: &Proxy, host: &str) -> Option<Answered> {
    let tls = proxy.url.starts_with("https:");
    let with_port = |text: String, port: u16| match text.rsplit(']').next()?.contains(':') {
        true => Some(text),
        false => Some(format!("{text}:{port}")),
    };
    let address = with_port(super::proxy::authority(&proxy.url)?, if tls { 443 } else { 80 })?;
    let mut stream = TcpStream::connect(address).await.ok()?;
    let host = with_port(host.to_owned(), 443)?;
    // Where the URL says https, the password is not sent in clear.
    let sign_in = proxy
        .authorization()
        .filter(|_| !tls)
        .map(|value| format!("Proxy-Authorization: {value}\r\n"))
        .unwrap_or_default();
    let request = format!("CONNECT {host} HTTP/1.1\r\nHost: {host}\r\n{sign_in}\r\n");
    stream.write_all(request.as_bytes()).await.ok()?;
    let mut answer = [0_u8; LOOKED_AT];
    let mut length = 0;
    while length < answer.len() {
        let part = stream.read(answer.get_mut(length..)?);
        match tokio::time::timeout(PAUSE, part).await {
            Ok(Ok(read)) if read > 0 => length += read,
            // What has come by now is enough, if anything has.
            Err(_) if length == 0 => {}
            _ => break,
        }
    }
    Some(read(answer.get(..length)?))
}

/// How long the rest of an answer is waited for.
const PAUSE: Duration = Duration::from_millis(300);

/// Says what an answer is.
fn read(answer: &[u8]) -> Answered {
    // A record of TLS: an alert or a handshake, of any version.
    if matches!(answer, [0x15 | 0x16, 0x03, ..]) {
        return Answered::Tls;
    }
    let text = String::from_utf8_lossy(answer).into_owned();
    if text.is_empty() {
        return Answered::Nothing;
    }
    let status =
        text.strip_prefix("HTTP/").and_then(|rest| rest.split(' ').nth(1)?.get(..3)?.parse().ok());
    let Some(status) = status else {
        let line = super::said::first_line(answer).unwrap_or_default();
        return Answered::NoHttp(super::chain::shorten(&line, BEGIN_MAX_CHARS));
    };
    if text.to_ascii_lowercase().contains("plain http request was sent to https port") {
        return Answered::Tls;
    }
    let location = text.lines().take_while(|line| !line.trim().is_empty()).find_map(|line| {
        let (name, value) = line.split_once(':')?;
        // Its path may have a key of the session in it.
        let host = super::proxy::authority(value.trim())?;
        (name.eq_ignore_ascii_case("location") && !host.is_empty()).then_some(host)
    });
    Answered::Status { status, location }
}

/// Longest beginning of a strange answer that is told, in characters.
const BEGIN_MAX_CHARS: usize = 40;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_listens_at_a_proxys_address_is_told_by_its_answer() {
        let status = |status, location: Option<&str>| Answered::Status {
            status,
            location: location.map(str::to_owned),
        };
        for (answer, wanted, obstacle) in [
            (&b"HTTP/1.1 403 Forbidden\r\n\r\n"[..], status(403, None), Obstacle::Proxy),
            (b"HTTP/1.0 404\r\n", status(404, None), Obstacle::ProxyNone),
            (
                b"HTTP/1.1 302 Found\r\nLocation: https://portal.example/in?key=K\r\n\r\n",
                status(302, Some("portal.example")),
                Obstacle::ProxyPortal,
            ),
            (b"HTTP/1.1 503 x\r\n\r\n", status(503, None), Obstacle::ProxyGateway),
            (b"\x15\x03\x01\x00\x02\x02\x46", Answered::Tls, Obstacle::ProxyScheme),
            (
                b"HTTP/1.1 400 Bad Request\r\n\r\nThe plain HTTP request was sent to HTTPS port",
                Answered::Tls,
                Obstacle::ProxyScheme,
            ),
            (
                b"SSH-2.0-OpenSSH_9.6\r\n",
                Answered::NoHttp("SSH-2.0-OpenSSH_9.6".to_owned()),
                Obstacle::ProxyNone,
            ),
            (b"", Answered::Nothing, Obstacle::ProxyNone),
        ] {
            let found = read(answer);
            assert_eq!(found.obstacle(), obstacle, "{found:?}");
            assert_eq!(found, wanted);
        }
    }
}
