//! Answers that are not AWS's: pages of proxies and sign-in portals, and what was cut short.
//!
//! The SDK says of them where its parser stopped. What helps is who answered, with what, and what
//! that usually is.

use super::chain::shorten;
use super::way::Way;
use aws_smithy_runtime_api::client::orchestrator::HttpResponse;

/// Longest title of a page that is told, in characters.
const TITLE_MAX_CHARS: usize = 100;

/// Whether an answer is a page or a sentence for people, as proxies and sign-in portals send: no
/// service of AWS that ctguard calls answers with one.
///
/// Emulators call their JSON and XML `text/html`, so the type alone decides nothing.
pub(super) fn is_page(answer: &HttpResponse) -> bool {
    const BEGINNINGS: [&str; 7] =
        ["<!doctype html", "<html", "<!--", "<head", "<body", "<title", "<meta"];
    let kind = content_type(answer);
    let body = answer.body().bytes().unwrap_or_default();
    let begins = body.iter().take(256).map(u8::to_ascii_lowercase).collect::<Vec<u8>>();
    let begins = String::from_utf8_lossy(&begins).into_owned();
    let begins = begins.trim_start_matches('\u{feff}').trim_start();
    let words = !begins.is_empty() && !begins.starts_with(['{', '[', '<', '"']);
    BEGINNINGS.iter().any(|page| begins.starts_with(page)) || (kind.starts_with("text/") && words)
}

/// Headers that AWS's answers have, one of them at least.
///
/// Sources: <https://docs.aws.amazon.com/AmazonS3/latest/API/RESTCommonResponseHeaders.html>,
/// <https://smithy.io/2.0/aws/protocols/aws-json-1_1-protocol.html>
const OF_AWS: [&str; 4] =
    ["x-amzn-requestid", "x-amz-request-id", "x-amz-id-2", "x-amzn-errortype"];

/// Services that answer in XML.
const IN_XML: [&str; 4] = ["iam", "s3", "sns", "sts"];

/// Whether an answer without a code of AWS's is somebody else's: a page, or the error of a gateway
/// on the way. What is empty may be AWS's, as after HEAD, and then has the headers of AWS's.
pub(super) fn is_foreign(operation: &str, answer: &HttpResponse) -> bool {
    let body = answer.body().bytes().unwrap_or_default().trim_ascii();
    let service = operation.split(':').next().unwrap_or_default();
    let json_for_xml = IN_XML.contains(&service) && body.starts_with(b"{");
    let signed = OF_AWS.iter().any(|name| answer.headers().contains_key(*name));
    is_page(answer) || !signed || !body.is_empty() && json_for_xml
}

/// What came instead of an answer of AWS's, in one sentence: from whom, of which type, under which
/// title, and what it usually is.
pub(super) fn told(answer: &HttpResponse) -> String {
    let status = answer.status().as_u16();
    let host = match answer.extension::<Way>().map(|way| way.host.as_str()) {
        Some(host) if !host.is_empty() => host,
        _ => "the server",
    };
    let body = answer.body().bytes().unwrap_or_default();
    let kind = match content_type(answer) {
        "" => "no content type".to_owned(),
        kind => shorten(&printable(kind), TITLE_MAX_CHARS),
    };
    if !is_page(answer) && status < 400 {
        // What it begins with may be AWS's after all, and secret.
        return format!(
            "what {host} answered (HTTP {status}, {kind}, {} bytes) is not an answer of AWS's, or was cut short",
            body.len()
        );
    }
    if !is_page(answer) {
        let begin = super::said::first_line(body).map(|line| shorten(&line, TITLE_MAX_CHARS));
        let begin = begin.map(|line| format!(", beginning `{line}`")).unwrap_or_default();
        return format!(
            "something in the way answered, and not AWS: {host} sent HTTP {status} ({kind}{begin}), as a gateway or a filter does that does not let the call through"
        );
    }
    let title = match title(body) {
        Some(title) => format!(", titled \"{title}\""),
        None => String::new(),
    };
    // Load balancers before AWS's services send pages, too, while those fail.
    let later = match status {
        500 | 502..=504 => ". If there is none, AWS itself is failing: run again later",
        _ => "",
    };
    format!(
        "something in the way answered, and not AWS: what {host} answered (HTTP {status}, {kind}{title}) is a page for people, mostly that of a proxy, of a network that wants a sign-in first (captive portal), or of a web server at a wrong endpoint{later}"
    )
}

fn content_type(answer: &HttpResponse) -> &str {
    answer.headers().get("content-type").unwrap_or_default()
}

/// The title of a page, else its first heading, else the first line of what is no markup.
fn title(body: &[u8]) -> Option<String> {
    let text = String::from_utf8_lossy(body.get(..body.len().min(16_384))?).into_owned();
    let found = match text.trim_start().starts_with('<') {
        true => element(&text, "title").or_else(|| element(&text, "h1"))?,
        false => text.lines().map(str::trim).find(|line| !line.is_empty())?.to_owned(),
    };
    let line = super::said::first_line(printable(&found).as_bytes())?;
    Some(shorten(&line, TITLE_MAX_CHARS))
}

/// The text of the first element of a name, without the tags in it.
fn element(text: &str, name: &str) -> Option<String> {
    // Lower case of ASCII alone keeps every byte's place.
    let lower = text.to_ascii_lowercase();
    let begin = lower.find(&format!("<{name}"))?;
    let begin = begin + lower.get(begin..)?.find('>')? + 1;
    let end = lower.get(begin..)?.find(&format!("</{name}")).unwrap_or(lower.len() - begin);
    let mut out = String::new();
    let mut inside = false;
    for one in text.get(begin..begin + end)?.chars() {
        match one {
            '<' => inside = true,
            '>' => inside = false,
            one if !inside => out.push(one),
            _ => {}
        }
    }
    Some(out.replace("&amp;", "&").replace("&nbsp;", " ").replace("&#39;", "'"))
}

/// Without control characters, with single spaces.
fn printable(text: &str) -> String {
    let spaced = text.split_whitespace().collect::<Vec<_>>().join(" ");
    spaced.chars().filter(|one| !one.is_control()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_bare_status_is_aws_own_only_with_a_header_of_aws() {
        use aws_smithy_types::body::SdkBody;
        for status in [400_u16, 401, 403, 404, 500, 501, 502, 503, 504] {
            let mut answer =
                HttpResponse::new(status.try_into().expect("a status"), SdkBody::empty());
            assert!(is_foreign("s3:ListBucket", &answer), "{status}");
            assert!(told(&answer).contains("something in the way answered"), "{status}");
            answer.headers_mut().insert("x-amz-request-id", "R1");
            assert!(!is_foreign("s3:ListBucket", &answer), "{status}");
        }
    }

    #[test]
    fn titles_are_one_clean_line() {
        for (page, wanted) in [
            (
                "<html><head><TITLE>\n Welcome &amp; sign in\u{7} </TITLE>",
                Some("Welcome & sign in"),
            ),
            ("<html><h1 class=x>Access <b>denied</b></h1>", Some("Access denied")),
            ("<html><title>Sign in: token=PLANTED</title>", Some("Sign in: token=****")),
            ("<html><body>nothing", None),
            ("\n  blocked by policy 7\nmore", Some("blocked by policy 7")),
            ("", None),
        ] {
            assert_eq!(title(page.as_bytes()).as_deref(), wanted, "{page}");
        }
    }
}
