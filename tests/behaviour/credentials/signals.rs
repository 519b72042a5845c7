//! Ctrl-C and SIGTERM, while something is read and while something is changed.

#![cfg(unix)]

use super::BLUEPRINT;
use super::setup::{Setup, answer};
use crate::stub::{Reply, Stub};
use std::process::{Child, Command, Stdio};

/// The program, running.
fn started(setup: &Setup, args: &[&str]) -> Child {
    let (out, err) = (Stdio::piped(), Stdio::piped());
    setup.program(args).stdout(out).stderr(err).spawn().unwrap()
}

#[test]
fn a_signal_while_signing_in_ends_the_run_with_a_word_and_a_report() {
    let silent = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}", silent.local_addr().unwrap());
    let setup = Setup::new().keys("ENV").env("AWS_ENDPOINT_URL", &url);
    for name in ["INT", "TERM"] {
        let child = started(&setup, &["plan", "--report", "json=r.json"]);
        // It is signing in.
        let _call = silent.accept().unwrap();
        let signal = [format!("-{name}"), child.id().to_string()];
        assert!(Command::new("kill").args(signal).status().unwrap().success());
        let ended = child.wait_with_output().unwrap();
        let said = String::from_utf8_lossy(&ended.stderr);
        assert_eq!(ended.status.code(), Some(130), "{name}: {said}");
        assert!(said.contains("interrupted by a signal"), "{said}");
        let report = std::fs::read_to_string(setup.home.path().join("r.json")).unwrap();
        assert!(report.contains("\"exit_code\":130"), "{report}");
    }
}

/// The first write waits until the program was asked to end: it is finished, and no other begun.
#[test]
fn sigterm_ends_an_apply_as_ctrl_c_does() {
    use std::sync::{Arc, Condvar, Mutex};
    let (begun, ended) = (Arc::new((Mutex::new(0), Condvar::new())), Arc::new(Mutex::new(())));
    let held = ended.lock().unwrap();
    let (told, gate) = (Arc::clone(&begun), Arc::clone(&ended));
    let stub = Stub::start(move |call| {
        Some(match call.operation.as_str() {
            "CreateQueue" => {
                *told.0.lock().unwrap() += 1;
                told.1.notify_all();
                drop(gate.lock());
                Reply::Error(400, "InvalidAddress", "no")
            }
            "GetQueueUrl" => Reply::Error(400, "QueueDoesNotExist", "none"),
            "GetResources" => Reply::Json(serde_json::json!({ "ResourceTagMappingList": [] })),
            "DescribeTrails" => Reply::Json(serde_json::json!({ "trailList": [] })),
            "ListRules" => Reply::Json(serde_json::json!({ "Rules": [] })),
            "GetTopicAttributes" => Reply::Error(404, "NotFound", "none"),
            _ => return answer(call),
        })
    });
    let setup = Setup::new().keys("ENV").env("AWS_ENDPOINT_URL", &stub.url());
    let text = BLUEPRINT.replace("trail: { name: acme-trail, bucket: acme-logs }\n", "");
    std::fs::write(setup.home.path().join("ctguard.yaml"), text).unwrap();
    let child = started(&setup, &["apply", "--yes", "--allow-lost-coverage"]);
    let patience = std::time::Duration::from_secs(60);
    let (count, waited) =
        begun.1.wait_timeout_while(begun.0.lock().unwrap(), patience, |n| *n == 0).unwrap();
    drop(count);
    assert!(!waited.timed_out(), "{:?}", stub.counts());
    let pid = child.id().to_string();
    assert!(Command::new("kill").args(["-TERM", &pid]).status().unwrap().success());
    drop(held);
    let output = child.wait_with_output().unwrap();
    let said = String::from_utf8_lossy(&output.stdout).into_owned()
        + &String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.code(), Some(130), "{said}");
}
