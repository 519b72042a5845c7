//! What stands on the way of a request: the host that was asked, and the proxy if there is one.
//!
//! Behind a proxy the same failure means another thing: a name without an address, or a connection
//! that nobody takes, is the proxy's and not AWS's. So each failure is told apart here, where the way
//! is known, and not from its words later.

use super::proxy::Proxy;
use aws_smithy_runtime_api::box_error::BoxError;
use aws_smithy_runtime_api::client::dns::ResolveDnsError;
use aws_smithy_runtime_api::client::result::ConnectorError;
use ctguard_core::cause::Obstacle;
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
    status: Option<u16>,
    source: BoxError,
}

impl Blocked {
    fn told(&self) -> String {
        let proxy = &self.proxy;
        let answered = self.status.map(|status| format!(" with HTTP {status}")).unwrap_or_default();
        match self.obstacle {
            Obstacle::ProxyName => {
                format!("the proxy {proxy:?} cannot be found: its name has no address")
            }
            Obstacle::ProxyConnection => {
                format!("the proxy {proxy:?} cannot be reached: it takes no connection")
            }
            Obstacle::ProxyTimeout => {
                format!(
                    "the proxy {proxy:?} cannot be reached: it did not open a connection in time"
                )
            }
            Obstacle::ProxySignIn => {
                format!(
                    "the proxy {proxy:?} answers with HTTP 407: it asks for a user and password"
                )
            }
            Obstacle::ProxyGateway => {
                format!("the proxy {proxy:?} answers{answered}: it does not reach the host itself")
            }
            Obstacle::Proxy => {
                format!("the proxy {proxy:?} answers{answered} and refuses the host")
            }
            _ => format!("through the proxy {proxy:?}"),
        }
    }
}

/// Says which proxy did not do its work, who named it, and what it did instead.
pub(super) async fn blocked(error: ConnectorError, proxy: &Proxy, host: &str) -> ConnectorError {
    let (timeout, io) = (error.is_timeout(), error.is_io());
    let other = error.as_other();
    let (mut obstacle, mut status) = (obstacle(&error), None);
    if obstacle == Obstacle::Proxy {
        // The libraries below keep no status of a refusal, and the way out depends on it.
        status = answer_to_connect(proxy, host).await;
        obstacle = of_status(status);
    }
    let error = Box::new(Blocked { proxy: proxy.clone(), obstacle, status, source: error.into() });
    match (timeout, io) {
        (true, _) => ConnectorError::timeout(error),
        (_, true) => ConnectorError::io(error),
        _ => ConnectorError::other(error, other),
    }
}

/// What a proxy's own answer means.
pub(super) fn of_status(status: Option<u16>) -> Obstacle {
    match status {
        Some(407) => Obstacle::ProxySignIn,
        Some(500..) => Obstacle::ProxyGateway,
        _ => Obstacle::Proxy,
    }
}

/// What was in the way behind a proxy, from the types of the errors below and then from their words.
fn obstacle(error: &ConnectorError) -> Obstacle {
    let first: &(dyn Error + 'static) = error;
    let mut words = String::new();
    for source in super::chain::sources(first) {
        if source.downcast_ref::<ResolveDnsError>().is_some() {
            return Obstacle::ProxyName;
        }
        match source.downcast_ref::<std::io::Error>().map(std::io::Error::kind) {
            Some(
                ErrorKind::ConnectionRefused
                | ErrorKind::HostUnreachable
                | ErrorKind::NetworkUnreachable
                | ErrorKind::AddrNotAvailable,
            ) => return Obstacle::ProxyConnection,
            Some(ErrorKind::TimedOut) => return Obstacle::ProxyTimeout,
            _ => {}
        }
        words.push_str(&source.to_string().to_ascii_lowercase());
        words.push('\n');
    }
    let has = |all: &[&str]| all.iter().any(|one| words.contains(one));
    if has(&["dns error", "lookup address", "name resolution"]) {
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
    }
}

/// How long a proxy that has just answered may take to answer again.
const AGAIN: Duration = Duration::from_secs(3);

/// Asks a proxy once more to open the way to a host, and returns the status of its answer.
async fn answer_to_connect(proxy: &Proxy, host: &str) -> Option<u16> {
    tokio::time::timeout(AGAIN, ask(proxy, host)).await.ok().flatten()
}

async fn ask(proxy: &Proxy, host: &str) -> Option<u16> {
    // An `https://` proxy would take a handshake of its own.
    let address =
        super::proxy::authority(proxy.url.strip_prefix("http://").map(|_| proxy.url.as_str())?)?;
    let with_port = |text: String, port: u16| match text.rsplit(']').next()?.contains(':') {
        true => Some(text),
        false => Some(format!("{text}:{port}")),
    };
    let mut stream = TcpStream::connect(with_port(address, 80)?).await.ok()?;
    let host = with_port(host.to_owned(), 443)?;
    let sign_in = proxy
        .authorization()
        .map(|value| format!("Proxy-Authorization: {value}\r\n"))
        .unwrap_or_default();
    let request = format!("CONNECT {host} HTTP/1.1\r\nHost: {host}\r\n{sign_in}\r\n");
    stream.write_all(request.as_bytes()).await.ok()?;
    let mut answer = [0_u8; 64];
    let mut length = 0;
    while length < answer.len() && !answer[..length].contains(&b'\n') {
        match stream.read(answer.get_mut(length..)?).await.ok()? {
            0 => break,
            read => length += read,
        }
    }
    let line = String::from_utf8_lossy(answer.get(..length)?).into_owned();
    line.strip_prefix("HTTP/1.")?.split(' ').nth(1)?.get(..3)?.parse().ok()
}
