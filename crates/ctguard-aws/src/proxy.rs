//! Which proxy a request goes through, by the variables that the AWS CLI reads.
//!
//! The rules are those of the CLI: `HTTPS_PROXY` for `https://` endpoints, `HTTP_PROXY` for
//! `http://` ones, the lower-case name before the upper-case one, and an empty lower-case one takes
//! the other away. `NO_PROXY` lists what is reached directly. Two things are more than the CLI does:
//! `NO_PROXY` takes blocks of addresses and `*.` before a name, and the addresses from which a
//! machine or container gets its own credentials are never asked for through a proxy, which would
//! answer with its own.
//!
//! Sources: <https://docs.aws.amazon.com/cli/latest/userguide/cli-configure-proxy.html>, Python's
//! `urllib.request.getproxies_environment` and `proxy_bypass_environment`.

use std::net::IpAddr;

/// What the environment says of proxies.
#[derive(Debug, Default, Clone)]
pub(super) struct Proxies {
    http: Option<Proxy>,
    https: Option<Proxy>,
    bypass: Vec<String>,
    /// Hosts, with a port where there is one, that are always reached directly.
    own: Vec<String>,
}

/// A proxy, and the variable that names it.
#[derive(Clone, PartialEq, Eq)]
pub(super) struct Proxy {
    /// With the user and password, if there are any.
    pub(super) url: String,
    pub(super) named_by: &'static str,
}

impl Proxy {
    /// The URL without user and password, for people.
    pub(super) fn shown(&self) -> String {
        let Some((scheme, rest)) = self.url.split_once("://") else { return self.url.clone() };
        let host = rest.rsplit('@').next().unwrap_or(rest);
        format!("{scheme}://{host}")
    }

    /// The header's value that signs in at the proxy, if its URL has a user.
    pub(super) fn authorization(&self) -> Option<String> {
        let (_, rest) = self.url.split_once("://")?;
        let (user, _) = rest.rsplit_once('@')?;
        let user = if user.contains(':') { user.to_owned() } else { format!("{user}:") };
        Some(format!("Basic {}", aws_smithy_types::base64::encode(decoded(&user))))
    }
}

impl std::fmt::Debug for Proxy {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{} ({})", self.shown(), self.named_by)
    }
}

impl Proxies {
    /// Reads them. `get` gives the variable's value, also an empty one.
    ///
    /// # Errors
    ///
    /// When a proxy is of a kind that is not supported.
    pub(super) fn read(get: impl Fn(&str) -> Option<String>) -> Result<Self, String> {
        let one = |lower: &'static str, upper: &'static str| match get(lower) {
            Some(value) if value.is_empty() => None,
            Some(value) => Some((value, lower)),
            None => get(upper).filter(|value| !value.is_empty()).map(|value| (value, upper)),
        };
        let proxy = |found: Option<(String, &'static str)>| found.map(proxy).transpose();
        // A web server hands a request's `Proxy:` header to its scripts under that name.
        let http = match get("REQUEST_METHOD") {
            None => one("http_proxy", "HTTP_PROXY"),
            Some(_) => one("http_proxy", "").filter(|(_, name)| !name.is_empty()),
        };
        let none = one("no_proxy", "NO_PROXY").map(|(text, _)| text).unwrap_or_default();
        let bypass = none.split(',').map(|entry| entry.trim().to_ascii_lowercase());
        // Where a container's credentials come from, such as 127.0.0.1:9000.
        let own = get("AWS_CONTAINER_CREDENTIALS_FULL_URI").and_then(|url| authority(&url));
        Ok(Self {
            http: proxy(http)?,
            https: proxy(one("https_proxy", "HTTPS_PROXY"))?,
            bypass: bypass.filter(|entry| !entry.is_empty()).collect(),
            own: own.into_iter().collect(),
        })
    }

    /// The proxy for a request.
    pub(super) fn of(&self, uri: &str) -> Option<&Proxy> {
        let proxy = if uri.starts_with("http://") { &self.http } else { &self.https };
        let proxy = proxy.as_ref()?;
        let whole = authority(uri)?;
        let host = host(&whole);
        let is_own = self.own.contains(&whole) || is_link_local(host);
        (!is_own && !self.bypasses(host, &whole)).then_some(proxy)
    }

    /// Whether a request goes past a proxy because of `NO_PROXY`.
    pub(super) fn passes_by(&self, uri: &str) -> bool {
        let proxy = if uri.starts_with("http://") { &self.http } else { &self.https };
        let whole = authority(uri).unwrap_or_default();
        proxy.is_some() && self.bypasses(host(&whole), &whole)
    }

    fn bypasses(&self, host: &str, whole: &str) -> bool {
        self.bypass.iter().any(|entry| {
            if entry == "*" {
                return true;
            }
            if let (Some((network, bits)), Ok(address)) = (entry.split_once('/'), host.parse())
                && let (Ok(network), Ok(bits)) = (network.parse(), bits.parse())
            {
                return is_within(address, network, bits);
            }
            let name = entry.strip_prefix('*').unwrap_or(entry).trim_start_matches('.');
            let ends = |text: &str| {
                text.strip_suffix(name)
                    .is_some_and(|before| before.is_empty() || before.ends_with('.'))
            };
            !name.is_empty() && (ends(host) || ends(whole) || bare(name) == host)
        })
    }
}

fn proxy((value, named_by): (String, &'static str)) -> Result<Proxy, String> {
    let url = match value.split_once("://") {
        Some((scheme, _)) if ["http", "https"].contains(&scheme.to_ascii_lowercase().as_str()) => {
            value
        }
        Some((scheme, _)) => {
            return Err(format!(
                "{named_by} names a proxy of the kind `{scheme}`: http and https are supported"
            ));
        }
        // The CLI takes it for http.
        None => format!("http://{}", value.trim_start_matches("//")),
    };
    let found = Proxy { url: encoded(&url), named_by };
    let whole = authority(&found.url).unwrap_or_default();
    if host(&whole).is_empty() {
        return Err(format!(
            "{named_by} names a proxy without a host: write it as `{named_by}=http://HOST:PORT`, or unset it where no proxy is needed"
        ));
    }
    let port = whole.rsplit(']').next().and_then(|rest| rest.split_once(':'));
    if let Some((_, port)) =
        port.filter(|(_, port)| !port.parse::<u16>().is_ok_and(|port| port > 0))
    {
        let shown = if port.bytes().all(|byte| byte.is_ascii_digit()) { port } else { "…" };
        return Err(format!(
            "{named_by} names a proxy with the port `{shown}`, and ports are numbers from 1 to 65535: write it as `{named_by}=http://HOST:PORT`"
        ));
    }
    match aws_smithy_http_client::proxy::ProxyConfig::all(found.url.as_str()) {
        Ok(_) => Ok(found),
        Err(_) => Err(format!(
            "{named_by} is not the URL of a proxy: write it as `{named_by}=http://HOST:PORT`, or unset it where no proxy is needed"
        )),
    }
}

/// A proxy's URL with its user and password encoded: the CLI takes them as they are or encoded, and
/// what stands before the last `@` is theirs.
fn encoded(url: &str) -> String {
    let Some((scheme, rest)) = url.split_once("://") else { return url.to_owned() };
    let Some((user, host)) = rest.rsplit_once('@') else { return url.to_owned() };
    let bytes = user.as_bytes();
    let is_hex = |at: usize| bytes.get(at).is_some_and(u8::is_ascii_hexdigit);
    let mut written = String::new();
    for (at, byte) in bytes.iter().enumerate() {
        match byte {
            b'%' if is_hex(at + 1) && is_hex(at + 2) => written.push('%'),
            b'-' | b'.' | b'_' | b'~' | b':' => written.push(char::from(*byte)),
            byte if byte.is_ascii_alphanumeric() => written.push(char::from(*byte)),
            byte => written.push_str(&format!("%{byte:02X}")),
        }
    }
    format!("{scheme}://{written}@{host}")
}

/// The bytes of a text whose octets may be written as `%41`.
fn decoded(text: &str) -> Vec<u8> {
    let octet = |at: usize| u8::from_str_radix(text.get(at + 1..at + 3)?, 16).ok();
    let (mut out, mut at) = (Vec::new(), 0);
    while let Some(byte) = text.as_bytes().get(at) {
        let found = octet(at).filter(|_| *byte == b'%');
        out.push(found.unwrap_or(*byte));
        at += if found.is_some() { 3 } else { 1 };
    }
    out
}

/// Host and port of a URL, in lower case, without a user.
pub(super) fn authority(url: &str) -> Option<String> {
    let (_, rest) = url.split_once("://")?;
    let whole = rest.split(['/', '?', '#']).next()?;
    Some(whole.rsplit('@').next().unwrap_or(whole).to_ascii_lowercase())
}

/// The host alone; an IPv6 address without its brackets.
fn host(whole: &str) -> &str {
    match whole.strip_prefix('[') {
        Some(rest) => rest.split(']').next().unwrap_or(rest),
        None => whole.split(':').next().unwrap_or(whole),
    }
}

fn bare(name: &str) -> &str {
    name.trim_start_matches('[').trim_end_matches(']')
}

/// Addresses that only this machine's own network answers: the metadata services.
fn is_link_local(host: &str) -> bool {
    match host.parse() {
        Ok(IpAddr::V4(address)) => address.is_link_local(),
        Ok(IpAddr::V6(address)) => host == "fd00:ec2::254" || address.is_unicast_link_local(),
        Err(_) => false,
    }
}

fn is_within(address: IpAddr, network: IpAddr, bits: u32) -> bool {
    let (address, network, width) = match (address, network) {
        (IpAddr::V4(a), IpAddr::V4(n)) => (u128::from(a.to_bits()), u128::from(n.to_bits()), 32),
        (IpAddr::V6(a), IpAddr::V6(n)) => (a.to_bits(), n.to_bits(), 128),
        _ => return false,
    };
    let Some(rest) = u32::checked_sub(width, bits) else { return false };
    address.checked_shr(rest).unwrap_or(0) == network.checked_shr(rest).unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(all: &[(&str, &str)]) -> Result<Proxies, String> {
        Proxies::read(|name| {
            all.iter().find(|(known, _)| *known == name).map(|(_, value)| (*value).to_owned())
        })
    }

    fn through(all: &[(&str, &str)], uri: &str) -> Option<String> {
        read(all).unwrap().of(uri).map(|proxy| proxy.url.clone())
    }

    const P: (&str, &str) = ("HTTPS_PROXY", "http://p:3128");

    #[test]
    fn lower_case_goes_before_upper_case_and_takes_it_away_when_empty() {
        let uri = "https://sns.eu-west-1.amazonaws.com/";
        assert_eq!(through(&[P], uri).as_deref(), Some("http://p:3128"));
        assert_eq!(through(&[P, ("https_proxy", "q:1")], uri).as_deref(), Some("http://q:1"));
        assert_eq!(through(&[P, ("https_proxy", "")], uri), None);
        assert_eq!(through(&[("HTTPS_PROXY", "")], uri), None);
        assert_eq!(through(&[("HTTP_PROXY", "http://p")], uri), None, "of the other scheme");
        assert_eq!(through(&[("ALL_PROXY", "http://p")], uri), None, "the CLI reads it not either");
        let script = [("HTTP_PROXY", "http://p"), ("REQUEST_METHOD", "GET")];
        assert_eq!(through(&script, "http://a/"), None, "set by a web server's client");
    }

    #[test]
    fn users_and_passwords_are_taken_as_they_are_or_encoded() {
        for (written, read) in [
            ("anna:p%40ss", "anna:p%40ss"),
            ("anna:p@ss", "anna:p%40ss"),
            ("anna:p#s/s?", "anna:p%23s%2Fs%3F"),
            ("anna:p|ss", "anna:p%7Css"),
            ("anna:pä", "anna:p%C3%A4"),
            ("anna:100%", "anna:100%25"),
            ("an:na:x", "an:na:x"),
            ("anna", "anna"),
        ] {
            let found = through(&[("HTTPS_PROXY", &format!("http://{written}@p:1"))], "https://a/");
            assert_eq!(found, Some(format!("http://{read}@p:1")), "{written}");
        }
    }

    #[test]
    fn a_proxy_is_signed_in_at_with_what_its_url_says() {
        for (url, wanted) in [
            ("http://anna:p%40ss@p:1", Some("Basic YW5uYTpwQHNz")),
            ("http://anna@p:1", Some("Basic YW5uYTo=")),
            ("http://p:1", None),
        ] {
            let proxy = Proxy { url: url.to_owned(), named_by: "HTTPS_PROXY" };
            assert_eq!(proxy.authorization().as_deref(), wanted);
        }
    }

    #[test]
    fn no_proxy_takes_hosts_suffixes_ports_blocks_and_everything() {
        for (entries, uri, direct) in [
            ("*", "https://a.example/", true),
            ("a.example", "https://a.example:8443/", true),
            ("a.example:8443", "https://a.example:8443/", true),
            ("a.example:1", "https://a.example:8443/", false),
            (".example", "https://a.example/", true),
            ("example", "https://a.example/", true),
            ("*.example", "https://a.example/", true),
            ("ample", "https://a.example/", false),
            ("A.EXAMPLE", "https://a.example/", true),
            ("b, a.example", "https://a.example/", true),
            ("10.0.0.0/8", "https://10.1.2.3/", true),
            ("10.0.0.0/8", "https://11.1.2.3/", false),
            ("10.1.2.3", "https://10.1.2.3/", true),
            ("0.0.0.0/0", "https://11.1.2.3/", true),
            ("2001:db8::/32", "https://[2001:db8::1]/", true),
            ("::1", "https://[::1]:443/", true),
            ("", "https://a.example/", false),
        ] {
            let found = through(&[P, ("NO_PROXY", entries)], uri);
            assert_eq!(found.is_none(), direct, "{entries} {uri}");
        }
    }

    #[test]
    fn what_gives_a_machine_its_credentials_is_never_behind_a_proxy() {
        let all = [
            ("HTTP_PROXY", "http://p"),
            ("AWS_CONTAINER_CREDENTIALS_FULL_URI", "http://127.0.0.1:9000/creds"),
        ];
        assert_eq!(through(&all, "http://169.254.169.254/latest/api/token"), None);
        assert_eq!(through(&all, "http://[fd00:ec2::254]/latest"), None);
        assert_eq!(through(&all, "http://127.0.0.1:9000/creds"), None);
        assert!(through(&all, "http://127.0.0.1:9001/").is_some());
    }

    #[test]
    fn other_kinds_are_refused_and_passwords_never_shown() {
        let error = read(&[("HTTPS_PROXY", "socks5://u:secret@p:1")]).unwrap_err();
        assert!(error.contains("socks5") && !error.contains("secret"), "{error}");
        let shown = format!("{:?}", read(&[("HTTPS_PROXY", "http://u:secret@p:1")]).unwrap());
        assert!(shown.contains("p:1") && !shown.contains("secret"), "{shown}");
        for (url, says) in [
            ("http://", "without a host"),
            ("http://:3128", "without a host"),
            ("http://u:secret@:3128", "without a host"),
            ("http://p:99999", "the port `99999`"),
            ("http://p:0", "the port `0`"),
            ("http://p:", "the port ``"),
            ("p:port", "the port `…`"),
            ("http://[::1]:70000", "the port `70000`"),
        ] {
            let error = read(&[("https_proxy", url)]).unwrap_err();
            assert!(error.contains(says) && error.contains("https_proxy"), "{url}: {error}");
            assert!(!error.contains("sec"), "{error}");
        }
        for url in [
            "http://p",
            "http://u:sec/ret@p:1",
            "http://p:1/",
            "http://[::1]:3128",
            "p:3128",
            "//p:3128",
        ] {
            assert!(read(&[("https_proxy", url)]).is_ok(), "{url}");
        }
    }
}
