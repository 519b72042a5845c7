//! What a proxy answers when it is asked to open a way to a host (CONNECT).
//!
//! The libraries below keep nothing of that answer, so the proxy is asked once more, and what comes
//! back says whether it is a proxy at all, and what it wants.

use super::chain::shorten;
use super::proxy::{Proxy, authority};
use super::said::first_line;
use ctguard_core::cause::Obstacle;
use std::time::Duration;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

/// What came back from a proxy's address to the request for a way through.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Answered {
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
    pub(super) fn obstacle(&self) -> Obstacle {
        match self {
            Self::Status { status, .. } => of_status(Some(*status)),
            Self::Tls => Obstacle::ProxyScheme,
            Self::NoHttp(_) | Self::Nothing | Self::NoTls => Obstacle::ProxyNone,
        }
    }

    pub(super) fn told(&self) -> String {
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

/// How long a proxy that has just answered may take to answer again.
const AGAIN: Duration = Duration::from_secs(3);

/// Asks a proxy once more to open the way to a host, and returns what it answers. `garbled` says
/// that what came before was no TLS.
pub(super) async fn answer_to_connect(
    proxy: &Proxy,
    host: &str,
    garbled: bool,
) -> Option<Answered> {
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
    let address = with_port(authority(&proxy.url)?, if tls { 443 } else { 80 })?;
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
        let line = first_line(answer).unwrap_or_default();
        return Answered::NoHttp(shorten(&line, BEGIN_MAX_CHARS));
    };
    if text.to_ascii_lowercase().contains("plain http request was sent to https port") {
        return Answered::Tls;
    }
    let location = text.lines().take_while(|line| !line.trim().is_empty()).find_map(|line| {
        let (name, value) = line.split_once(':')?;
        // Its path may have a key of the session in it.
        let host = authority(value.trim())?;
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
