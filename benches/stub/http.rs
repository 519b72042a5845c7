//! As much of HTTP/1.1 as the SDKs speak to a server: requests with a length, connections that stay open.

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

/// A request, as it lies in what was received.
pub struct Request<'a> {
    /// With the query.
    pub path: &'a str,
    /// What follows the first line, to the empty line.
    headers: &'a str,
    pub body: &'a [u8],
    /// How many bytes it takes of what was received.
    pub length: usize,
}

pub struct Answer {
    pub status: u16,
    pub content_type: &'static str,
    pub body: Vec<u8>,
}

impl Request<'_> {
    /// A header by its name in lower case.
    pub fn header(&self, name: &str) -> Option<&str> {
        header(self.headers, name)
    }
}

fn header<'a>(headers: &'a str, name: &str) -> Option<&'a str> {
    headers.lines().find_map(|line| {
        let (found, value) = line.split_once(':')?;
        found.eq_ignore_ascii_case(name).then(|| value.trim())
    })
}

impl Answer {
    pub fn ok(content_type: &'static str, body: Vec<u8>) -> Self {
        Self { status: 200, content_type, body }
    }
}

/// Reads the next request; `None` when there is none, or it is cut short. Its bytes stay in `received`.
pub async fn read<'a>(stream: &mut TcpStream, received: &'a mut Vec<u8>) -> Option<Request<'a>> {
    let head = loop {
        match received.windows(4).position(|end| end == b"\r\n\r\n") {
            Some(head) => break head,
            None => more(stream, received).await?,
        }
    };
    let length = {
        let text = std::str::from_utf8(&received[..head]).ok()?;
        let length = header(text, "content-length").map_or(Some(0), |text| text.parse().ok());
        head + 4 + length?
    };
    while received.len() < length {
        more(stream, received).await?;
    }
    let text = std::str::from_utf8(&received[..head]).ok()?;
    let (first, headers) = text.split_once("\r\n").unwrap_or((text, ""));
    let mut words = first.split(' ');
    Some(Request { path: words.nth(1)?, headers, body: &received[head + 4..length], length })
}

async fn more(stream: &mut TcpStream, received: &mut Vec<u8>) -> Option<()> {
    let read = stream.read_buf(received).await.ok()?;
    (read > 0).then_some(())
}

pub async fn write(stream: &mut TcpStream, answer: &Answer) -> std::io::Result<()> {
    let mut bytes = format!(
        "HTTP/1.1 {} Stub\r\ncontent-type: {}\r\nx-amzn-requestid: stub\r\ncontent-length: {}\r\n",
        answer.status,
        answer.content_type,
        answer.body.len()
    )
    .into_bytes();
    if answer.content_type == "application/cbor" {
        bytes.extend(b"smithy-protocol: rpc-v2-cbor\r\n");
    }
    bytes.extend(b"\r\n");
    bytes.extend(&answer.body);
    stream.write_all(&bytes).await
}
