//! Files that are no blueprint, and files that a blueprint includes.

use super::*;
use std::fs;

#[test]
fn odd_files_are_told_apart() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("b.yaml");
    let codes = |path: &std::path::Path| {
        let loaded = load(path, AS_OF);
        assert!(loaded.blueprint.is_none());
        loaded.diagnostics.iter().map(|one| one.code).collect::<Vec<_>>()
    };
    assert_eq!(codes(&path), ["file-missing"]);
    assert_eq!(codes(folder.path()), ["file-unreadable"]);
    fs::write(&path, "").unwrap();
    assert_eq!(codes(&path), ["file-empty"]);
    fs::write(&path, "# later\n").unwrap();
    assert_eq!(codes(&path), ["file-empty"]);
    fs::write(&path, b"name: \xff\n").unwrap();
    assert_eq!(codes(&path), ["file-not-utf8"]);
    fs::write(&path, "#".repeat(8 * 1024 * 1024)).unwrap();
    assert_eq!(codes(&path), ["file-empty"]);
    fs::write(&path, "#".repeat(8 * 1024 * 1024 + 1)).unwrap();
    assert_eq!(codes(&path), ["file-too-large"]);
    fs::write(&path, "\u{feff}".to_owned() + GOOD).unwrap();
    assert_eq!(load(&path, AS_OF).diagnostics, []);
    fs::write(&path, GOOD.replace('\n', "\r\n")).unwrap();
    assert_eq!(load(&path, AS_OF).diagnostics, []);
}

const EXTRA: &str = r"version: 1
id: extra
title: More
alerts:
  - { id: extra-1, title: t, risk: high, events: [cloudtrail:DeleteTrail], why: w, next: n }
  - { id: extra-2, title: t, risk: high, events: [cloudtrail:UpdateTrail], why: w, next: n }
";

#[test]
fn an_included_file_is_no_blueprint_and_its_alerts_are_judged_all_the_same() {
    let loaded = read(EXTRA);
    assert_eq!(places(&loaded), ["2:1 file-is-included"]);
    assert!(loaded.blueprint.is_none());
    assert_eq!(loaded.alerts.len(), 2);
    let wrong = read(&EXTRA.replace("DeleteTrail", "DeleteTrails"));
    assert_eq!(places(&wrong), ["2:1 file-is-included", "5:51 event-unknown"]);
    // The blueprint that the help writes says nothing more.
    let help = loaded.diagnostics[0].help.clone().unwrap();
    let shown = help.split_once('`').unwrap().1.trim_end_matches('`');
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join("b.yaml"), EXTRA).unwrap();
    fs::write(folder.path().join("check.yaml"), shown).unwrap();
    let loaded = load(&folder.path().join("check.yaml"), AS_OF);
    assert_eq!(loaded.diagnostics, []);
    assert_eq!(loaded.blueprint.unwrap().alerts.len(), 2);
    // Whoever forgot the name of a blueprint is told so.
    assert_eq!(places(&read(&with("name: acme\n", "why: w\n")))[0], "1:1 missing-key");
}

#[test]
fn included_files_come_first_and_without_what_is_omitted() {
    let folder = tempfile::tempdir().unwrap();
    fs::create_dir(folder.path().join("more")).unwrap();
    fs::write(folder.path().join("more/extra.yaml"), EXTRA).unwrap();
    let path = folder.path().join("b.yaml");
    let text = with("alerts:", "include: [{ path: ./more/extra.yaml, omit: [extra-2] }]\nalerts:");
    fs::write(&path, &text).unwrap();
    let loaded = load(&path, AS_OF);
    assert_eq!(loaded.diagnostics, []);
    let blueprint = loaded.blueprint.unwrap();
    let ids: Vec<&str> = blueprint.alerts.iter().map(|alert| alert.id.as_str()).collect();
    assert_eq!(ids, ["extra-1", "trail"]);
    let span = blueprint.alerts[0].span.as_ref().unwrap();
    assert!(span.file.ends_with("/more/extra.yaml"), "{}", span.file);
    assert!(loaded.sources.contains_key(&span.file));

    // The texts that were kept mean the same without the files.
    let again = load_sources(&path.display().to_string(), &loaded.sources, AS_OF);
    assert_eq!(again.blueprint, Some(blueprint));
}

#[test]
fn mistakes_about_includes_are_pointed_at() {
    let folder = tempfile::tempdir().unwrap();
    let outside = tempfile::tempdir().unwrap();
    fs::write(folder.path().join("extra.yaml"), EXTRA).unwrap();
    fs::write(outside.path().join("extra.yaml"), EXTRA).unwrap();
    fs::write(folder.path().join("bad.yaml"), "version: 1\nalerts: [{ id: 5 }]\ninclude: []\n")
        .unwrap();
    #[cfg(unix)]
    std::os::unix::fs::symlink(outside.path().join("extra.yaml"), folder.path().join("link.yaml"))
        .unwrap();
    let path = folder.path().join("b.yaml");
    for (include, expected) in [
        ("[{ path: nosuch.yaml }]", "b.yaml 7:19 file-missing"),
        ("[{ path: ../extra.yaml }]", "b.yaml 7:19 include-outside"),
        #[cfg(unix)]
        ("[{ path: link.yaml }]", "b.yaml 7:19 include-outside"),
        ("[{ path: . }]", "b.yaml 7:19 include-outside"),
        ("[{ path: ./b.yaml }]", "b.yaml 7:19 include-repeated"),
        ("[{ path: extra.yaml }, { path: ./x/../extra.yaml }]", "b.yaml 7:41 include-repeated"),
        ("[{ path: extra.yaml, omit: [extra-3] }]", "b.yaml 7:38 omit-unknown"),
        ("[{ path: bad.yaml }]", "bad.yaml 2:12 missing-key"),
    ] {
        fs::write(&path, with("alerts:", &format!("include: {include}\nalerts:"))).unwrap();
        let loaded = load(&path, AS_OF);
        let places: Vec<String> = loaded
            .diagnostics
            .iter()
            .filter_map(|one| {
                let span = one.span.as_ref()?;
                let file = span.file.rsplit('/').next()?;
                Some(format!("{file} {}:{} {}", span.line, span.column, one.code))
            })
            .collect();
        assert!(places.iter().any(|place| place == expected), "{include}: {places:?}");
        assert!(loaded.blueprint.is_none());
    }
}

#[test]
fn an_alert_that_an_include_brings_already_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join("extra.yaml"), EXTRA).unwrap();
    let text = with("alerts:", "include: [{ path: extra.yaml }]\nalerts:")
        .replace("id: trail", "id: extra-1");
    let loaded = load_text("b.yaml", &text, Some(folder.path()), AS_OF);
    assert_eq!(places(&loaded), ["9:9 id-repeated"]);
    assert_eq!(
        loaded.diagnostics[0].label.as_deref(),
        Some("it is defined at extra.yaml:5 already")
    );
}
