//! What stands between here and AWS: proxies, and pages that are no answers.

use super::setup::Setup;
use crate::stub::{Reply, Stub};
use crate::wire::Answer;
use std::collections::BTreeMap;
use std::io::{Read, Write};
use std::net::TcpListener;
use std::time::{Duration, Instant};

/// A server that says this to whoever connects, and ends the connection; its address.
fn saying(first: bool, answer: &'static [u8]) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap().to_string();
    std::thread::spawn(move || {
        for stream in listener.incoming() {
            let Ok(mut stream) = stream else { return };
            std::thread::spawn(move || {
                let mut asked = [0_u8; 4_096];
                if first {
                    let _ = stream.write_all(answer);
                }
                let _ = stream.read(&mut asked);
                if !first {
                    let _ = stream.write_all(answer);
                }
                std::thread::sleep(Duration::from_millis(100));
            });
        }
    });
    address
}

/// A server that takes connections, and never answers.
fn silent() -> (TcpListener, String) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap().to_string();
    (listener, address)
}

/// Fails with these words, and with none that lead elsewhere.
#[track_caller]
fn misled_by_nothing(setup: &Setup, args: &[&str], says: &[&str]) {
    setup.fails(args, says);
    let ran = setup.run(args);
    for wrong in [
        "AWS failed at",
        "the region's name",
        "where it is one of IAM Identity Center (`aws sso login`)",
        "p%40ss",
        "p@ss",
    ] {
        assert!(!ran.err.contains(wrong), "{wrong}: {}", ran.err);
    }
}

#[test]
fn what_hangs_is_named_with_where_it_is_set() {
    let begun = Instant::now();
    let (_held, address) = silent();
    let url = format!("http://{address}");
    let container = Setup::new().env("AWS_CONTAINER_CREDENTIALS_FULL_URI", &format!("{url}/x"));
    let named = format!("{url}/x (AWS_CONTAINER_CREDENTIALS_FULL_URI)");
    misled_by_nothing(&container, &[], &[&named, "it hangs: no answer", "The environment names"]);
    let role = "[profile p]\nrole_arn = arn:aws:iam::111122223333:role/R\ncredential_source = EcsContainer\n";
    let says = [&*named, "which the profile `p` names with `credential_source`", "it hangs"];
    misled_by_nothing(&container.config(role), &["--profile", "p"], &says);
    let keys = || Setup::new().keys("ENV");
    let proxy = keys().env("AWS_ENDPOINT_URL", "http://aws.example").env("HTTP_PROXY", &url);
    let named =
        format!("the proxy {url} (HTTP_PROXY) took the request, and did not answer in time");
    misled_by_nothing(&proxy, &[], &[&named, "check its host and port"]);
    let endpoint = keys().env("AWS_ENDPOINT_URL", &url);
    let named = format!("{address} took the request, and did not answer in time");
    misled_by_nothing(&endpoint, &[], &[&named, "AWS_ENDPOINT_URL"]);
    let role = "[profile p]\nrole_arn = arn:aws:iam::111122223333:role/R\nsource_profile = base\n";
    let assumed = Setup::new().credentials("base", "BASE").config(role);
    let says = ["role/R of the profile `p`", &named];
    misled_by_nothing(&assumed.env("AWS_ENDPOINT_URL", &url), &["--profile", "p"], &says);
    assert!(begun.elapsed() < Duration::from_secs(240), "each within its bound");
}

#[test]
fn what_is_no_proxy_is_told_from_one_that_refuses() {
    let none = "does not act as a proxy: asked for a way through, it ";
    let other = "another program listens at that address";
    for (address, scheme, words) in [
        (
            saying(
                false,
                b"HTTP/1.1 302 Found\r\nLocation: https://portal.example/in?k=KEY\r\n\r\n",
            ),
            "http",
            [
                "with HTTP 302 and sends the caller to portal.example to sign in",
                "wants a person to sign in",
            ],
        ),
        (
            saying(false, b"HTTP/1.1 511 Network Authentication Required\r\n\r\n"),
            "http",
            ["with HTTP 511 and sends the caller to sign in", "wants a person to sign in"],
        ),
        (saying(false, b"HTTP/1.1 400 x\r\n\r\n"), "http", ["it answers with HTTP 400", other]),
        (saying(false, b"HTTP/1.1 404 x\r\n\r\n"), "http", [none, other]),
        (saying(false, b"HTTP/1.1 405 x\r\n\r\n"), "http", ["it answers with HTTP 405", other]),
        (saying(true, b"SSH-2.0-x\r\n"), "http", ["begins with \"SSH-2.0-x\"", other]),
        (saying(false, b""), "http", ["it ends the connection without an answer", other]),
        (
            saying(false, b"HTTP/1.1 200 OK\r\n\r\nhello, this is a web server\r\n"),
            "http",
            ["says that it opened a way, and no TLS came through it", other],
        ),
        (
            saying(false, b"\x15\x03\x01\x00\x02\x02\x46"),
            "http",
            ["speaks TLS, and its URL says http://", "Correct the scheme"],
        ),
        (
            saying(false, b"HTTP/1.1 400 Bad Request\r\nconnection: close\r\n\r\n"),
            "https",
            ["speaks plain HTTP, and its URL says https://", "Correct the scheme"],
        ),
    ] {
        let setup = Setup::new().keys("ENV").env("AWS_ENDPOINT_URL", "");
        let setup = setup.env("HTTPS_PROXY", &format!("{scheme}://anna:p%40ss@{address}"));
        let says = [words[0], words[1], "(HTTPS_PROXY)"];
        misled_by_nothing(&setup, &[], &says);
        assert!(!setup.run(&[]).err.contains("KEY"));
    }
    for (url, words) in [
        ("http://anna:p%40ss@:3128", "names a proxy without a host"),
        ("http://proxy.example:99999", "the port `99999`"),
    ] {
        let setup = Setup::new().keys("ENV").env("HTTPS_PROXY", url);
        misled_by_nothing(&setup, &[], &[words, "HTTPS_PROXY=http://HOST:PORT"]);
    }
}

#[test]
fn a_server_that_speaks_another_language_is_no_lost_connection() {
    let setup = |url: String| Setup::new().keys("ENV").env("AWS_ENDPOINT_URL", &url);
    let tls = saying(false, b"\x15\x03\x01\x00\x02\x02\x46");
    let says = ["answers is no HTTP: it speaks TLS", "What answered is not AWS"];
    misled_by_nothing(&setup(format!("http://{tls}")), &[], &says);
    let ssh = saying(true, b"SSH-2.0-x\r\n");
    misled_by_nothing(&setup(format!("http://{ssh}")), &[], &says);
    let plain = saying(false, b"HTTP/1.1 400 Bad Request\r\n\r\n");
    let says = ["answers is no TLS: it speaks plain HTTP", "What answered is not AWS"];
    misled_by_nothing(&setup(format!("https://{plain}")), &[], &says);
}

/// A page is nobody's fault at AWS, whatever its status; nor is what a gateway says in JSON.
#[test]
fn what_answers_in_awss_place_is_told_whatever_its_status() {
    let page = "<html><head><title>Blocked \u{7}here</title></head></html>";
    let (html, json) = ("text/html", "application/json");
    let way = "something in the way answered, and not AWS";
    for (status, kind, body, says) in [
        (500, html, page, "(HTTP 500, text/html, titled \"Blocked here\")"),
        (503, html, page, "If there is none, AWS itself is failing"),
        (511, html, page, "(HTTP 511, text/html, titled \"Blocked here\")"),
        (503, "text/plain", "no healthy upstream", "titled \"no healthy upstream\""),
        (
            403,
            json,
            r#"{"error":"by policy 7","token":"abc"}"#,
            "sent HTTP 403 (application/json, beginning `{",
        ),
        (401, json, r#"{"message":"Unauthorized"}"#, "sent HTTP 401 (application/json"),
        (403, "text/xml", "<error>no</error>", "beginning `<error>no</error>`"),
    ] {
        // Without the id of a request, which AWS's answers have.
        let answer = format!(
            "HTTP/1.1 {status} x\r\ncontent-type: {kind}\r\ncontent-length: {}\r\nconnection: close\r\n\r\n{body}",
            body.len()
        );
        let host = saying(false, answer.leak().as_bytes());
        let url = format!("http://{host}");
        let setup = Setup::new().keys("ENV").env("AWS_ENDPOINT_URL", &url);
        misled_by_nothing(&setup, &[], &[way, says, &host, "What answered is not AWS"]);
        let ran = setup.run(&[]);
        assert!(!ran.err.contains("abc") && !ran.err.contains('\u{7}'), "{}", ran.err);
        let setup = Setup::new().config(SSO).env("AWS_ENDPOINT_URL", &url);
        signed_in(&setup);
        let says = ["session `corp` of IAM Identity Center", way, says, &host];
        misled_by_nothing(&setup, &["--profile", "p"], &says);
    }
    // AWS's own failures stay AWS's.
    let stub = Stub::start(|_| {
        Some(Reply::Whole(Answer { status: 503, headers: BTreeMap::new(), body: String::new() }))
    });
    let setup = Setup::new().keys("ENV").env("AWS_ENDPOINT_URL", &stub.url());
    setup.fails(&[], &["Http503", "AWS failed at sts:GetCallerIdentity"]);
}

const SSO: &str = "[profile p]\nsso_session = corp\nsso_account_id = 111122223333\nsso_role_name = R\n[sso-session corp]\nsso_region = us-east-1\nsso_start_url = https://corp.example/start\n";

/// The session as `aws sso login` keeps it, in a file named after the SHA-1 of `corp`.
fn signed_in(setup: &Setup) {
    let folder = setup.home.path().join(".aws/sso/cache");
    std::fs::create_dir_all(&folder).unwrap();
    let session = serde_json::json!({ "startUrl": "https://corp.example/start", "region": "us-east-1",
        "accessToken": "kept", "expiresAt": "2099-01-01T00:00:00Z" });
    std::fs::write(folder.join(SSO_FILE), session.to_string()).unwrap();
}

const SSO_FILE: &str = "ee0bfd2552fbd840c02cc48b6e823320543c450f.json";

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
