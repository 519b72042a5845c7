use super::*;

/// What is shown, without the hash, and what is certain.
const URLS: [(&str, &str, Option<&str>); 12] = [
    ("https://hooks.acme.example/in", "https://hooks.acme.example/in", None),
    ("https://Hooks.Acme.Example/in", "https://hooks.acme.example/in", None),
    ("https://u:pw@a.example/in", "https://u:****@a.example/in", Some("a password")),
    ("https://u:****@a.example/in", "https://u:****@a.example/in", None),
    ("https://u:p@w@a.example:8443/", "https://u:****@a.example:8443/", Some("a password")),
    ("https://tok@a.example/", "https://****@a.example/", None),
    (
        "https://a.example/x?api_key=1",
        "https://a.example/x?api_key=****",
        Some("a key in its query"),
    ),
    ("https://a.example?b&c=d#e", "https://a.example?****&c=****#****", None),
    ("https://a.example/services/T1/XyZ", "https://a.example/services/****/****", None),
    ("https://a.example/v2/hunter2/enqueue", "https://a.example/v2/****/enqueue", None),
    (
        "https://a.example/integration/0123456789abcdef0123/enqueue",
        "https://a.example/integration/****/enqueue",
        Some("a key in its path"),
    ),
    ("arn:aws:sqs:eu-west-1:111122223333:q", "arn:aws:sqs:eu-west-1:111122223333:q", None),
];

#[test]
fn urls_are_shown_without_their_secrets() {
    for (url, expected, certain) in URLS {
        let text = shown(url);
        let bare = if has_hash(&text) { text.rsplit_once('~').unwrap().0 } else { &text };
        assert_eq!(bare, expected, "{url}");
        assert_eq!(literal(url), certain, "{url}");
        assert_eq!(shown(&text), text, "hidden twice: {url}");
        assert_eq!(literal(&text), None, "nothing is left to hide: {text}");
        assert_eq!(is_masked(&text), text.contains(MASK), "{text}");
    }
}

#[test]
fn a_page_of_awss_documentation_is_no_secret() {
    let page = "https://docs.aws.amazon.com/awscloudtrail/latest/APIReference/API_CreateTrail.html";
    let told = format!("see [the rules]({page}), and {page}.");
    assert_eq!(hidden(&told), told);
    for elsewhere in [
        page.replace("docs.", "u:planted@docs."),
        page.replace(".com", ".com.acme.example"),
        format!("{page}?token=planted"),
    ] {
        assert_ne!(hidden(&elsewhere), elsewhere);
    }
}

#[test]
fn the_hash_tells_urls_apart_whose_secrets_differ() {
    let (a, b) = (shown("https://a.example/hook-one-x"), shown("https://a.example/hook-two-x"));
    assert_ne!(a, b);
    assert_eq!(a, shown("https://a.example/hook-one-x"));
    // AWS hides a password, so two of them look alike.
    assert_eq!(shown("https://u:a@a.example/"), shown("https://u:b@a.example/"));
    let (ours, listed) =
        ("https://u:a@A.example/?k=planted", "https://u:****@a.example/?k=planted");
    assert_eq!(shown(ours), shown(listed));
}

#[test]
fn hmac_is_that_of_the_standard() {
    // RFC 4231, test case 2; and a key that is longer than a block.
    let mac = hmac(b"Jefe", b"what do ya want for nothing?");
    assert!(hex(&mac).starts_with("5bdcc146bf60754e6a042426089575c7"));
    let mac = hmac(&[0xaa; 131], b"Test Using Larger Than Block-Size Key - Hash Key First");
    assert!(hex(&mac).starts_with("60e431591ee0b67f0d8a26aacbf5b77f"));
}

#[test]
fn texts_keep_all_but_the_secrets() {
    for (text, expected) in [
        (
            "{ https: \"https://u:pw@a.example/in\" }, # https://docs.example/Long-Page-Name.html",
            "{ https: \"https://u:****@a.example/in\" }, # https://docs.example/Long-Page-Name.html",
        ),
        ("no address: ftp://x, a://b", "no address: ftp://x, a://b"),
        (
            "failed for (https://u:pw@a.example), twice",
            "failed for (https://u:****@a.example), twice",
        ),
        ("https://", "https://"),
        ("ends in https://a.example?token=x", "ends in https://a.example?token=****"),
    ] {
        let out = hidden(text);
        let out = if has_hash(&out) { out.rsplit_once('~').unwrap().0 } else { &out };
        assert_eq!(out, expected);
        assert_eq!(hidden_in_place(text).len(), text.len());
        assert!(!hidden_in_place(text).contains("pw"), "{text}");
    }
    let key = hidden("https: https://a.example/planted\nnext: 1");
    assert!(
        key.starts_with("https: https://a.example/****~") && key.ends_with("\nnext: 1"),
        "{key}"
    );
}

#[test]
fn a_password_has_a_mark_that_only_it_and_its_address_give() {
    // By Python's hashlib.pbkdf2_hmac.
    let mark = |url: &str| password_mark(url);
    assert_eq!(mark("https://u:pw@A.example/in").as_deref(), Some("0b56"));
    assert_eq!(mark("https://u:other@a.example/in").as_deref(), Some("fd9e"));
    assert_eq!(mark("https://u:pw@a.example/out").as_deref(), Some("688d"));
    for none in ["https://u:****@a.example/in", "https://a.example/in", "https://u@a.example/", "x"]
    {
        assert_eq!(mark(none), None, "{none}");
    }
}

#[test]
fn an_address_that_is_hidden_whole_shows_nothing_but_its_digits() {
    for (url, _, _) in URLS {
        let Some(text) = covered(url, None) else {
            assert!(!url.contains("://"), "{url}");
            continue;
        };
        let named = covered(url, Some("env:HOOK")).unwrap();
        assert_eq!(compared_as(&named), Some(text.clone()), "{url}");
        assert_eq!(covered(&shown(url), None), Some(text.clone()), "what is saved: {url}");
        assert_eq!(covered(&text, None), Some(text.clone()), "hidden twice: {url}");
        let (before, digits) = text.rsplit_once('~').unwrap();
        assert!(before == "https://****" && is_hash(digits), "{text}");
        assert!(is_masked(&text) && literal(&text).is_none(), "{text}");
    }
    assert_ne!(covered("https://a.example/in", None), covered("https://b.example/in", None));
    for text in ["env:HOOK", "secret:env:HOOK", "secret:env:HOOK~1", "https://****~01234567"] {
        assert_eq!(compared_as(text), None, "{text}");
    }
}

#[test]
fn what_was_meant_as_an_address_is_hidden_like_one() {
    for text in [
        "http//u:PassWd@hooks.example.com/PassWd?key=PassWd",
        "htps://hooks.example.com/T/PassWd",
        "u:PassWd@hooks.example.com",
        "hooks.example.com/PassWd",
        "https:hooks.example.com?key=PassWd",
    ] {
        assert!(!shown_roughly(text).contains("PassWd"), "{text}");
        for line in [
            format!("  - https: {text}\n"),
            format!("  - {{https: \"{text}\"}}"),
            format!("\"https\": '{text}', x"),
        ] {
            let shown = hidden_in_place(&line);
            assert!(!shown.contains("PassWd"), "{shown}");
            assert_eq!(shown.len(), line.len());
        }
    }
    assert_eq!(shown_roughly("a.example"), "a.example");
    for (text, shown) in [
        ("127.0.0.1:4566", "127.0.0.1:4566"),
        ("localhost:4566/", "localhost:4566/"),
        ("a.example:8443/hooks/PassWd", "a.example:8443****"),
        ("u:12345@a.example", "u****"),
        ("u:123456", "u****"),
    ] {
        assert_eq!(shown_roughly(text), shown);
    }
    assert_eq!(hidden_in_place("- https: a.example # see x/y"), "- https: a.example # see x/y");
}

#[test]
fn a_log_shows_no_password_before_a_host() {
    for line in [
        "pooling idle connection for (\"http\", u:PassWd@127.0.0.1:8080)",
        "connecting to http://u:PassWd@h:1/, and u2:PassWd@h2",
    ] {
        let shown = hidden_in_log(line);
        assert!(!shown.contains("PassWd") && shown.contains("u:****@"), "{shown}");
    }
    let arn = "arn:aws:sts::111122223333:assumed-role/dev/me@example.com";
    assert_eq!(hidden_in_log(arn), arn);
}
