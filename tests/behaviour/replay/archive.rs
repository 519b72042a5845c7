//! Log files made by a test.

use flate2::Compression;
use flate2::write::GzEncoder;
use serde_json::Value;
use std::io::Write;
use std::path::{Path, PathBuf};

pub struct Archive {
    root: PathBuf,
}

impl Archive {
    pub fn new(root: &Path) -> Self {
        std::fs::create_dir_all(root).unwrap();
        Self { root: root.to_owned() }
    }

    /// A file as it is.
    pub fn text(&mut self, name: &str, text: &str) {
        self.write(name, text.as_bytes());
    }

    /// A log as CloudTrail delivers it.
    pub fn gz(&mut self, name: &str, records: &[Value]) {
        self.write(name, &packed(&log(records)));
    }

    /// The same in two gzip members, cut in the middle of a record.
    pub fn members(&mut self, name: &str, records: &[Value]) {
        let text = log(records);
        let (first, second) = text.split_at(text.len() / 2);
        let mut bytes = packed(first);
        bytes.extend(packed(second));
        self.write(name, &bytes);
    }

    /// The same without its end.
    pub fn truncated(&mut self, name: &str, records: &[Value]) {
        let bytes = packed(&log(records));
        self.write(name, &bytes[..bytes.len() - 12]);
    }

    fn write(&self, name: &str, bytes: &[u8]) {
        let path = self.root.join(name);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, bytes).unwrap();
    }
}

fn log(records: &[Value]) -> String {
    let records: Vec<String> = records.iter().map(Value::to_string).collect();
    format!("{{\"Records\":[{}]}}", records.join(","))
}

fn packed(text: &str) -> Vec<u8> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::default());
    encoder.write_all(text.as_bytes()).unwrap();
    encoder.finish().unwrap()
}

/// Every element that is opened is closed, in order, and no text has a bare `<`.
#[track_caller]
pub fn assert_nested(page: &str) {
    const EMPTY: [&str; 2] = ["!DOCTYPE", "meta"];
    let mut open: Vec<&str> = Vec::new();
    let body =
        page.split("<style>").next().unwrap().to_owned() + page.split("</style>").nth(1).unwrap();
    for part in body.split('<').skip(1) {
        let tag = part.split('>').next().unwrap();
        assert!(part.contains('>'), "a bare < before: {part}");
        let name = tag.trim_start_matches('/').split([' ', '/', '\n']).next().unwrap();
        if tag.starts_with('/') {
            assert_eq!(open.pop(), Some(name), "closed in the wrong order near: {part}");
        } else if !tag.ends_with('/') && !EMPTY.contains(&name) {
            open.push(name);
        }
    }
    assert!(open.is_empty(), "left open: {open:?}");
}
