//! An HTTP subscriber: answers SNS's handshake and hands over what it is sent.

use crate::wire;
use serde_json::Value;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::mpsc::{Receiver, Sender, channel};
use std::time::Duration;

pub struct Listener {
    pub url: String,
    heard: Receiver<Value>,
}

impl Listener {
    /// Starts to listen on a free port. It goes with the test's process.
    pub fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let url = format!("http://{}/alerts", listener.local_addr().unwrap());
        let (say, heard) = channel();
        std::thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                let say = say.clone();
                std::thread::spawn(move || serve(stream, &say));
            }
        });
        Self { url, heard }
    }

    /// The next message of this type. Panics when none comes.
    pub fn next(&self, kind: &str) -> Value {
        let patience = Duration::from_secs(60);
        let message = self
            .heard
            .recv_timeout(patience)
            .unwrap_or_else(|error| panic!("no {kind} came: {error}"));
        assert_eq!(message["Type"], kind, "{message}");
        message
    }
}

/// Takes one message; a request to confirm is confirmed, by asking for the address it names, before it is
/// handed over.
fn serve(mut stream: TcpStream, say: &Sender<Value>) {
    let mut reader = BufReader::new(stream.try_clone().unwrap());
    let mut length = 0;
    loop {
        let mut line = String::new();
        if reader.read_line(&mut line).unwrap_or(0) == 0 || line.trim().is_empty() {
            break;
        }
        if let Some((name, value)) = line.split_once(':')
            && name.eq_ignore_ascii_case("content-length")
        {
            length = value.trim().parse().unwrap();
        }
    }
    let mut body = vec![0; length];
    reader.read_exact(&mut body).unwrap();
    stream.write_all(b"HTTP/1.1 200 OK\r\ncontent-length: 0\r\nconnection: close\r\n\r\n").unwrap();
    drop((stream, reader));
    let message: Value = serde_json::from_slice(&body).unwrap();
    if message["Type"] == "SubscriptionConfirmation" {
        let url = message["SubscribeURL"].as_str().unwrap();
        let (host, path) = url["http://".len()..].split_once('/').unwrap();
        wire::send(&format!("http://{host}"), "GET", &format!("/{path}"), [], "").expect_ok();
    }
    // Nobody listens any more once the test has ended.
    drop(say.send(message));
}
