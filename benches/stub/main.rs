//! A server on this machine that answers as AWS does about a whole fleet in sync, after a set time.
//!
//! ```text
//! stub BLUEPRINT ACCOUNTS LATENCY-MS
//! ```
//!
//! It settles the blueprint in ctguard's own sandbox for the caller's account and one other, and answers for
//! every other account as that one, with its id put in: how large the fleet is costs it nothing. Which account and
//! region a call is for stands in its signature: the access key that AssumeRole hands out ends in the account's id.
//! Every account and region has the rates that AWS documents, and a call above them is throttled.
//!
//! The first line it prints is its URL. `GET /-/totals` tells what was asked since the last `POST /-/reset`.

#![allow(clippy::unwrap_used, clippy::panic)]

mod answers;
mod call;
mod fleet;
mod http;
mod rates;
mod totals;

use answers::Answers;
use call::Call;
use rates::Rates;
use std::cell::RefCell;
use std::rc::Rc;
use std::time::Duration;
use tokio::net::{TcpListener, TcpStream};
use tokio::time::{Instant, sleep_until};
use totals::Totals;

struct Stub {
    answers: Answers,
    latency: Duration,
    rates: RefCell<Rates>,
    totals: RefCell<Totals>,
}

#[tokio::main(flavor = "current_thread")]
async fn main() {
    let arguments: Vec<String> = std::env::args().collect();
    let [_, blueprint, accounts, latency] = arguments.as_slice() else {
        panic!("usage: stub BLUEPRINT ACCOUNTS LATENCY-MS");
    };
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    let fleet = fleet::settle(blueprint, accounts.parse().unwrap()).await;
    let stub = Rc::new(Stub {
        answers: Answers::of(&fleet, &url),
        latency: Duration::from_millis(latency.parse().unwrap()),
        rates: RefCell::default(),
        totals: RefCell::default(),
    });
    println!("{url}");
    let local = tokio::task::LocalSet::new();
    local
        .run_until(async {
            loop {
                let (stream, _) = listener.accept().await.unwrap();
                stream.set_nodelay(true).unwrap();
                tokio::task::spawn_local(serve(stream, stub.clone()));
            }
        })
        .await;
}

/// Answers one call after another, until the caller closes the connection.
async fn serve(mut stream: TcpStream, stub: Rc<Stub>) {
    let mut received = Vec::with_capacity(16 * 1024);
    while let Some(request) = http::read(&mut stream, &mut received).await {
        let due = Instant::now() + stub.latency;
        let answer = if request.path.starts_with("/-/") {
            stub.control(request.path)
        } else {
            let answer = stub.answer(&Call::of(&request));
            stub.totals.borrow_mut().in_flight(1);
            sleep_until(due).await;
            stub.totals.borrow_mut().in_flight(-1);
            answer
        };
        let length = request.length;
        if http::write(&mut stream, &answer).await.is_err() {
            return;
        }
        received.drain(..length);
    }
}

impl Stub {
    fn answer(&self, call: &Call<'_>) -> http::Answer {
        self.totals.borrow_mut().asked(call);
        if !self.rates.borrow_mut().admit(call) {
            self.totals.borrow_mut().throttled(call);
            return answers::error(call, 400, "ThrottlingException", "Rate exceeded");
        }
        self.answers.to(call).unwrap_or_else(|| {
            let what = format!("{} {} {}", call.region, call.operation, call.subject());
            self.totals.borrow_mut().unknown(what.clone());
            answers::error(call, 400, "ValidationException", &what)
        })
    }

    fn control(&self, path: &str) -> http::Answer {
        if path == "/-/reset" {
            self.totals.take();
            self.rates.take();
        }
        let totals = self.totals.borrow().told(self.rates.borrow().seconds());
        http::Answer::ok("application/json", totals.to_string().into_bytes())
    }
}
