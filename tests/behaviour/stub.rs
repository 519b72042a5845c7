//! A server on this machine that answers the SDK's calls with what a test tells it to.
//!
//! It knows as much of AWS's protocols as it takes to tell calls apart and to word an error: JSON with a
//! target header, CloudWatch's CBOR, SNS's and STS's form bodies, and the paths of S3 and Lambda. Every call is written down, so that a stub
//! that passes calls on is a proxy that counts them.

mod cbor;
pub mod clock;

use crate::wire::{self, Answer};
use serde_json::{Value, json};
use std::collections::BTreeMap;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::thread::JoinHandle;

/// The account that the stub says its callers belong to.
pub const ACCOUNT: &str = "111122223333";

/// One call as it arrived.
#[derive(Debug, Clone)]
pub struct Call {
    /// The operation: `ListRules`; for S3, Lambda and other paths `GET /bucket?versioning`.
    pub operation: String,
    /// The region that the call was signed for.
    pub region: String,
    /// The id of the key that signed the call.
    pub key: String,
    pub method: String,
    /// With the query.
    pub path: String,
    /// By name, in lower case.
    pub headers: BTreeMap<String, String>,
    pub body: String,
    /// How many calls of this operation came before, in any region.
    pub before: usize,
    protocol: Protocol,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Protocol {
    Json,
    /// Told to tests, and by them, as JSON.
    Cbor,
    Form,
    Rest,
    /// Paths, as S3 has them, with JSON below.
    RestJson,
}

impl Call {
    /// A parameter of a JSON call; `Null` when it was not sent.
    pub fn parameter(&self, name: &str) -> Value {
        let body: Value = serde_json::from_str(&self.body).unwrap_or_default();
        body.get(name).cloned().unwrap_or_default()
    }

    /// A parameter of a form call; empty when it was not sent.
    pub fn form(&self, name: &str) -> String {
        let pairs = self.body.split('&').filter_map(|pair| pair.split_once('='));
        let value = pairs.into_iter().find(|(key, _)| *key == name).map(|(_, value)| value);
        wire::unescape(value.unwrap_or_default())
    }

    /// The service that the call was signed for.
    pub fn service(&self) -> &str {
        let signed = self.headers.get("authorization").map(String::as_str).unwrap_or_default();
        signed.split('/').nth(3).unwrap_or_default()
    }

    /// Whether a form call carries a parameter.
    pub fn has(&self, parameter: &str) -> bool {
        self.body.split('&').any(|pair| pair.split('=').next() == Some(parameter))
    }
}

/// What the stub answers.
pub enum Reply {
    Json(Value),
    /// The result element's content in SNS's and STS's form, or the whole document for S3.
    Xml(String),
    /// An error as the call's protocol words it.
    Error(u16, &'static str, &'static str),
    /// A status and a header, without a body.
    Header(u16, &'static str, &'static str),
    /// What somebody else has answered.
    Whole(Answer),
    /// Something that AWS would not say.
    Garbage(u16),
    /// The head of an answer, and less of its body than it promises.
    Cut,
    /// The beginning of what somebody else has answered, with the length of the whole or of what is sent.
    CutOff {
        answer: Answer,
        claims_whole: bool,
    },
    /// The beginning, and then nothing for as long as the caller waits.
    Stall(Answer),
    /// A body that goes on for as long as the caller reads.
    Endless,
    /// The connection is closed without an answer.
    Reset,
    /// Nothing, for as long as the caller waits.
    Hang,
    /// Another reply, with this time in its `date` header.
    Dated(String, Box<Self>),
}

/// A running stub. Dropping it stops it.
pub struct Stub {
    address: SocketAddr,
    calls: Arc<Mutex<Vec<Call>>>,
    stopping: Arc<AtomicBool>,
    listener: Option<JoinHandle<()>>,
}

impl Stub {
    /// Starts a stub. GetCallerIdentity is answered by itself unless `answer` has something to say to it.
    pub fn start(answer: impl Fn(&Call) -> Option<Reply> + Send + Sync + 'static) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap();
        let calls = Arc::new(Mutex::new(Vec::new()));
        let stopping = Arc::new(AtomicBool::new(false));
        let (log, stop, answer) = (Arc::clone(&calls), Arc::clone(&stopping), Arc::new(answer));
        let listener = std::thread::spawn(move || {
            for stream in listener.incoming() {
                if stop.load(Ordering::SeqCst) {
                    break;
                }
                let (log, answer) = (Arc::clone(&log), Arc::clone(&answer));
                std::thread::spawn(move || serve(stream.unwrap(), &log, &*answer));
            }
        });
        Self { address, calls, stopping, listener: Some(listener) }
    }

    pub fn url(&self) -> String {
        format!("http://{}", self.address)
    }

    /// All calls so far.
    pub fn calls(&self) -> Vec<Call> {
        self.calls.lock().unwrap().clone()
    }

    /// How often each operation was called, attempts counted one by one.
    pub fn counts(&self) -> BTreeMap<String, usize> {
        let mut counts = BTreeMap::new();
        for call in self.calls() {
            *counts.entry(call.operation).or_default() += 1;
        }
        counts
    }
}

impl Drop for Stub {
    fn drop(&mut self) {
        self.stopping.store(true, Ordering::SeqCst);
        drop(TcpStream::connect(self.address));
        if let Some(listener) = self.listener.take() {
            drop(listener.join());
        }
    }
}

/// Reads one call and answers it. The connection is closed afterwards, so that each call has its own thread.
fn serve(stream: TcpStream, log: &Mutex<Vec<Call>>, answer: &dyn Fn(&Call) -> Option<Reply>) {
    let mut reader = BufReader::new(stream.try_clone().unwrap());
    let Some(mut call) = read(&mut reader) else { return };
    {
        let mut log = log.lock().unwrap();
        call.before = log.iter().filter(|before| before.operation == call.operation).count();
        log.push(call.clone());
    }
    let reply = answer(&call).unwrap_or_else(|| match call.operation.as_str() {
        "GetCallerIdentity" => Reply::Xml(format!(
            "<Account>{ACCOUNT}</Account><Arn>arn:aws:iam::{ACCOUNT}:user/test</Arn>"
        )),
        other => panic!("the test says nothing about {other}: {}", call.body),
    });
    write(stream, &mut reader, &call, reply);
}

fn read(reader: &mut impl BufRead) -> Option<Call> {
    let mut line = String::new();
    reader.read_line(&mut line).ok().filter(|read| *read > 0)?;
    let mut words = line.split_whitespace();
    let (method, path) = (words.next()?.to_owned(), words.next()?.to_owned());
    let mut headers = BTreeMap::new();
    loop {
        let mut line = String::new();
        reader.read_line(&mut line).ok()?;
        match line.trim_end().split_once(':') {
            Some((name, value)) => {
                headers.insert(name.to_ascii_lowercase(), value.trim().to_owned());
            }
            None => break,
        }
    }
    let length = headers.get("content-length").and_then(|length| length.parse().ok()).unwrap_or(0);
    let mut body = vec![0; length];
    reader.read_exact(&mut body).ok()?;
    let called = path.split_once("/operation/").map(|(_, operation)| operation.to_owned());
    let called = called.filter(|_| headers.contains_key("smithy-protocol"));
    let body = match called {
        Some(_) => cbor::decode(&body).to_string(),
        None => String::from_utf8_lossy(&body).into_owned(),
    };
    let action = body.split('&').find_map(|pair| pair.strip_prefix("Action=")).map(str::to_owned);
    let (operation, protocol) = match (headers.get("x-amz-target"), called, action) {
        (Some(target), ..) => {
            (target.rsplit('.').next().unwrap_or_default().to_owned(), Protocol::Json)
        }
        (None, Some(operation), _) => (operation, Protocol::Cbor),
        (None, None, Some(action)) => (action, Protocol::Form),
        (None, None, None)
            if path.starts_with("/2015-03-31/functions") || path == "/listRegions" =>
        {
            (format!("{method} {path}"), Protocol::RestJson)
        }
        (None, None, None) => (format!("{method} {path}"), Protocol::Rest),
    };
    // Credential=KEY/DATE/REGION/SERVICE/aws4_request
    let signed: Vec<&str> =
        headers.get("authorization").map(|value| value.split('/').collect()).unwrap_or_default();
    let region = signed.get(2).copied().unwrap_or_default().to_owned();
    let key = signed.first().and_then(|first| first.rsplit('=').next()).unwrap_or_default();
    let key = key.to_owned();
    Some(Call { operation, region, key, method, path, headers, body, before: 0, protocol })
}

fn write(mut stream: TcpStream, reader: &mut impl Read, call: &Call, reply: Reply) {
    let operation = &call.operation;
    let mut header = String::new();
    let (date, reply) = match reply {
        Reply::Dated(date, reply) => (Some(date), *reply),
        other => (None, other),
    };
    let (mut length, mut stalls) = (None, false);
    let (status, body) = match reply {
        Reply::Json(value) => (200, json_or_cbor(call, &value)),
        Reply::Xml(result) if call.protocol == Protocol::Form => (
            200,
            format!(
                "<{operation}Response><{operation}Result>{result}</{operation}Result></{operation}Response>"
            )
            .into_bytes(),
        ),
        Reply::Xml(document) => (200, document.into_bytes()),
        Reply::Error(status, code, message) => {
            let error = format!("<Code>{code}</Code><Message>{message}</Message>");
            let body = match call.protocol {
                Protocol::Json | Protocol::Cbor | Protocol::RestJson => {
                    json_or_cbor(call, &json!({ "__type": code, "message": message }))
                }
                Protocol::Form => {
                    format!("<ErrorResponse><Error>{error}</Error></ErrorResponse>").into_bytes()
                }
                Protocol::Rest => format!("<Error>{error}</Error>").into_bytes(),
            };
            (status, body)
        }
        Reply::Header(status, name, value) => {
            header = format!("{name}: {value}\r\n");
            (status, Vec::new())
        }
        Reply::Whole(answer) => {
            let kept = answer.headers.iter().filter(|(name, _)| date.is_none() || *name != "date");
            header = kept.map(|(name, value)| format!("{name}: {value}\r\n")).collect();
            (answer.status, answer.body.into_bytes())
        }
        Reply::CutOff { answer, claims_whole } => {
            length = claims_whole.then_some(answer.body.len().max(1));
            (answer.status, answer.body.as_bytes()[..answer.body.len() / 2].to_vec())
        }
        Reply::Stall(answer) => {
            (length, stalls) = (Some(answer.body.len().max(1)), true);
            (answer.status, answer.body.as_bytes()[..answer.body.len() / 2].to_vec())
        }
        Reply::Endless => {
            drop(stream.write_all(b"HTTP/1.1 200 OK\r\n\r\n"));
            while stream.write_all(&[b' '; 4_096]).is_ok() {}
            return;
        }
        Reply::Dated(..) => panic!("a reply has one date"),
        Reply::Reset => return,
        Reply::Garbage(status) => (status, b"<html><p>It works!".to_vec()),
        Reply::Cut => {
            drop(stream.write_all(b"HTTP/1.1 200 OK\r\ncontent-length: 9999\r\n\r\n{\"Rules\": ["));
            return;
        }
        Reply::Hang => {
            // Until the caller gives up and closes the connection.
            drop(reader.read(&mut [0]));
            return;
        }
    };
    if let Some(date) = date {
        header += &format!("date: {date}\r\n");
    }
    if call.protocol == Protocol::Cbor {
        header += "smithy-protocol: rpc-v2-cbor\r\ncontent-type: application/cbor\r\n";
    }
    let head = format!(
        "HTTP/1.1 {status} Stub\r\n{header}x-amzn-requestid: stub-{}\r\ncontent-length: {}\r\nconnection: close\r\n\r\n",
        call.before,
        length.unwrap_or(body.len())
    );
    // The caller may have left meanwhile; that is its own affair.
    drop(stream.write_all(&[head.as_bytes(), &body].concat()));
    if stalls {
        drop(reader.read(&mut [0]));
    }
}

fn json_or_cbor(call: &Call, value: &Value) -> Vec<u8> {
    match call.protocol {
        Protocol::Cbor => cbor::encode(value),
        _ => value.to_string().into_bytes(),
    }
}
