//! What stands between here and AWS: proxies, and pages that are no answers.

use super::Setup;
use crate::stub::{Reply, Stub};
use crate::wire::Answer;
use std::collections::BTreeMap;

/// What a proxy does, or that there is none: each in its own words, with the proxy and the variable
/// that names it, and never with its password.
#[test]
fn a_proxy_that_is_not_there_is_told_from_one_that_refuses() {
    let says = |setup: &Setup, says: &[&str]| {
        setup.fails(&[], says);
        let ran = setup.run(&[]);
        assert!(!ran.err.contains("p%40ss") && !ran.err.contains("p@ss"), "{}", ran.err);
    };
    let free = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    for (url, words) in [
        (
            format!("http://anna:p%40ss@{free}"),
            [
                "cannot be reached: it takes no connection",
                "Nothing takes the connection at the proxy",
            ],
        ),
        (
            "http://anna:p%40ss@proxy.invalid:3128".to_owned(),
            ["cannot be found: its name has no address", "The name of the proxy has no address"],
        ),
    ] {
        for (variable, endpoint) in [("HTTPS_PROXY", ""), ("HTTP_PROXY", "http://aws.example")] {
            let setup = Setup::new().keys("ENV").env("AWS_ENDPOINT_URL", endpoint);
            let named = format!("({variable})");
            says(&setup.env(variable, &url), &[words[0], words[1], &named]);
        }
    }
    // Takes connections, and never answers.
    let silent = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let setup = Setup::new().keys("ENV").env("AWS_ENDPOINT_URL", "");
    let url = format!("http://anna:p%40ss@{}", silent.local_addr().unwrap());
    says(&setup.env("HTTPS_PROXY", &url), &["did not open a connection in time", "(HTTPS_PROXY)"]);
    for (status, words) in [
        (403, ["answers with HTTP 403 and refuses the host", "its rules deny the host"]),
        (407, ["HTTP 407: it asks for a user and password", "neither NTLM nor Kerberos"]),
        (502, ["answers with HTTP 502: it does not reach the host", "does not reach AWS itself"]),
    ] {
        let stub = Stub::start(move |_| Some(Reply::Garbage(status)));
        let url = stub.url().replace("http://", "http://anna:p%40ss@");
        let setup = Setup::new().keys("ENV").env("AWS_ENDPOINT_URL", "");
        says(&setup.env("HTTPS_PROXY", &url), &[words[0], words[1], "(HTTPS_PROXY)"]);
        let setup = Setup::new().keys("ENV").env("AWS_ENDPOINT_URL", "http://aws.example");
        says(&setup.env("HTTP_PROXY", &url), &[words[1], "(HTTP_PROXY)"]);
    }
}

#[test]
fn an_answer_that_is_not_awss_is_told_by_its_type_its_title_and_its_host() {
    let page = |status: u16, kind: &str, body: &str| {
        let headers = BTreeMap::from([("content-type".to_owned(), kind.to_owned())]);
        Answer { status, headers, body: body.to_owned() }
    };
    let portal =
        "<!DOCTYPE html><html><head><title>Guest network \u{7}sign-in</title></head></html>";
    for (answer, words) in [
        (
            page(200, "text/html; charset=utf-8", portal),
            [
                "(HTTP 200, text/html; charset=utf-8, titled \"Guest network sign-in\")",
                "captive portal",
            ],
        ),
        (
            page(403, "text/plain", "blocked by rule 7\n"),
            ["(HTTP 403, text/plain, titled \"blocked by rule 7\")", "captive portal"],
        ),
        (page(200, "text/xml", "<GetCallerIdentityResp"), ["text/xml, 22 bytes", "was cut short"]),
    ] {
        let stub = Stub::start(move |_| Some(Reply::Whole(answer.clone())));
        let setup = Setup::new().keys("ENV").env("AWS_ENDPOINT_URL", &stub.url());
        let host = stub.url().replace("http://", "what ");
        setup.fails(&[], &[words[0], words[1], &host, "What answered is not AWS"]);
    }
}
