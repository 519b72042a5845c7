//! Services whose clock is ahead of, or behind, that of this machine: they refuse what seems to be signed long ago,
//! or in the future, and every answer tells their time.
//!
//! Sources: <https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_sigv-troubleshooting.html>,
//! <https://docs.aws.amazon.com/AmazonS3/latest/API/ErrorResponses.html> (`RequestTimeTooSkewed`),
//! <https://docs.aws.amazon.com/AmazonS3/latest/API/API_HeadBucket.html> (a HEAD is answered without a body).

use super::{Call, Protocol, Reply};
use jiff::fmt::rfc2822;
use jiff::{SignedDuration, Timestamp};

/// How far a signature may be from the time of the service.
const TOLERATED: SignedDuration = SignedDuration::from_mins(15);

/// What a service says whose clock is this far ahead.
pub fn ahead(by: SignedDuration, call: &Call, answer: impl FnOnce() -> Option<Reply>) -> Reply {
    let now = Timestamp::now() + by;
    let signed: Timestamp = call.headers["x-amz-date"].parse().unwrap();
    let reply = match now.duration_since(signed).abs() > TOLERATED {
        true => refusal(call),
        false => answer().unwrap_or_else(|| panic!("the test says nothing about {call:?}")),
    };
    let date = rfc2822::DateTimePrinter::new().timestamp_to_rfc9110_string(&now).unwrap();
    Reply::Dated(date, Box::new(reply))
}

fn refusal(call: &Call) -> Reply {
    const SKEWED: &str = "Signature expired: 20261129T060000Z is now earlier than 20261129T061500Z";
    match (call.protocol, call.method.as_str()) {
        (Protocol::Rest, "HEAD") => Reply::Header(403, "x-amz-bucket-region", "eu-west-1"),
        (Protocol::Rest, _) => {
            Reply::Error(403, "RequestTimeTooSkewed", "The difference is too large.")
        }
        (Protocol::Form, _) => Reply::Error(403, "SignatureDoesNotMatch", SKEWED),
        (Protocol::RestJson, _) => Reply::Error(403, "InvalidSignatureException", SKEWED),
        (Protocol::Json | Protocol::Cbor, _) => {
            Reply::Error(400, "InvalidSignatureException", SKEWED)
        }
    }
}
