//! Which files of a folder are logs.
//!
//! The layout is AWS's
//! (<https://docs.aws.amazon.com/awscloudtrail/latest/userguide/get-and-view-cloudtrail-log-files.html>):
//! `AWSLogs/<account>/CloudTrail/<region>/<year>/<month>/<day>/<name>.json.gz`, with an organization's id before
//! the account in an organization's trail. Digests and the logs of other services stand beside the logs; they are passed
//! over by their folder's name. A file whose name does not tell is looked into.

use super::container::{PassedOver, Unread};
use super::foreign;
use super::scan::Broken;
use std::collections::BTreeMap;
use std::fs::{File, FileType, Metadata};
use std::io::{self, Read as _};
use std::path::{Path, PathBuf};

/// A log file, with what its place in AWS's layout tells.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct LogFile {
    /// Where it is.
    pub path: PathBuf,
    /// Its size on disk in bytes.
    pub bytes: u64,
    /// The account whose events it has, when the path tells.
    pub account: Option<String>,
    /// The region whose events it has, when the path tells.
    pub region: Option<String>,
}

/// What was found, in order of path.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Found {
    /// Log files, each once.
    pub files: Vec<LogFile>,
    /// How many files in folders hold no events, by what they are.
    pub passed_over: BTreeMap<PassedOver, u64>,
    /// What in folders is no file, and would have to be waited for; and files that cannot be looked into.
    pub unread: Vec<Broken>,
}

/// A path that cannot be looked into.
#[derive(Debug, thiserror::Error)]
#[error("cannot read {}", path.display())]
pub struct FindError {
    /// The path.
    pub path: PathBuf,
    /// What the system says.
    #[source]
    pub source: std::io::Error,
}

/// Folders below an account's in AWS's layout whose files hold no events.
const FOLDERS: [(&str, PassedOver); 14] = [
    ("CloudTrail-Digest", PassedOver::Digest),
    ("CloudTrail-Insight-Digest", PassedOver::Digest),
    ("CloudTrail-NetworkActivity-Digest", PassedOver::Digest),
    ("Config", PassedOver::Config),
    ("vpcflowlogs", PassedOver::FlowLog),
    ("elasticloadbalancing", PassedOver::LoadBalancerLog),
    ("vpcdnsquerylogs", PassedOver::OtherLog),
    ("WAFLogs", PassedOver::OtherLog),
    ("GuardDuty", PassedOver::OtherLog),
    ("network-firewall", PassedOver::OtherLog),
    ("Inspector2", PassedOver::OtherLog),
    ("redshift", PassedOver::OtherLog),
    ("globalaccelerator", PassedOver::OtherLog),
    ("verifiedAccess", PassedOver::OtherLog),
];

/// Words of a file's name, between `_`, that say the same.
const WORDS: [(&str, PassedOver); 5] = [
    ("CloudTrail-Digest", PassedOver::Digest),
    ("CloudTrail-Insight-Digest", PassedOver::Digest),
    ("Config", PassedOver::Config),
    ("vpcflowlogs", PassedOver::FlowLog),
    ("elasticloadbalancing", PassedOver::LoadBalancerLog),
];

const ENDINGS: [&str; 5] = [".json", ".jsonl", ".ndjson", ".csv", ".json.log"];

/// Finds the log files at these paths. A file that is named is taken whatever its name; in folders, the name decides, or
/// what the file begins with.
///
/// # Errors
/// When a path is not there or a folder cannot be listed.
pub fn find(paths: &[PathBuf]) -> Result<Found, FindError> {
    let mut found = Found::default();
    let roots: Vec<PathBuf> = paths.iter().filter_map(|path| path.canonicalize().ok()).collect();
    for path in paths {
        let failed = |source| FindError { path: path.clone(), source };
        let about = std::fs::metadata(path).map_err(failed)?;
        if about.is_dir() {
            folder(path, &roots, &mut found)?;
        } else {
            found.files.push(log_file(path, about.len()));
        }
    }
    found.files.sort();
    found.unread.sort();
    // A folder and a file in it may both be named.
    found.files.dedup_by(|a, b| a.path == b.path);
    found.unread.dedup();
    Ok(found)
}

/// Looks through a folder. `roots` are all paths that are named: what a link leads to below them is read anyway.
fn folder(root: &Path, roots: &[PathBuf], found: &mut Found) -> Result<(), FindError> {
    let mut folders = vec![root.to_owned()];
    while let Some(folder) = folders.pop() {
        let failed = |source| FindError { path: folder.clone(), source };
        let entries = match std::fs::read_dir(&folder) {
            Ok(entries) => entries,
            // Of what was named the user is told; what is below is counted, and the rest read.
            Err(error) if folder != root => {
                found.unread.push(Broken::of_file(&folder, Unread::Io(error.to_string())));
                continue;
            }
            Err(error) => return Err(failed(error)),
        };
        for entry in entries {
            let path = entry.map_err(failed)?.path();
            let about = match std::fs::symlink_metadata(&path) {
                Ok(about) => about,
                Err(error) => {
                    found.unread.push(Broken::of_file(&path, Unread::Io(error.to_string())));
                    continue;
                }
            };
            match about.is_symlink() {
                true => found.link(path, roots),
                false if about.is_dir() => folders.push(path),
                false => found.entry(path, &about),
            }
        }
    }
    Ok(())
}

impl Found {
    fn pass_over(&mut self, kind: PassedOver) {
        *self.passed_over.entry(kind).or_default() += 1;
    }

    /// Takes a link to a file. One to a folder is not followed, since it may lead anywhere, and back here: unless the folder is read
    /// anyway, the reader is told.
    fn link(&mut self, path: PathBuf, roots: &[PathBuf]) {
        match std::fs::metadata(&path) {
            Ok(target) if !target.is_dir() => self.entry(path, &target),
            Ok(_)
                if path.canonicalize().is_ok_and(|to| roots.iter().any(|r| to.starts_with(r))) =>
            {
                self.pass_over(PassedOver::Link);
            }
            Ok(_) => {
                let why = "a folder, which is not followed; name it beside this one to read it";
                self.unread.push(Broken::of_file(&path, Unread::Link(why)));
            }
            Err(_) => {
                let why = "what is not there; remove it, or put back what it leads to";
                self.unread.push(Broken::of_file(&path, Unread::Link(why)));
            }
        }
    }

    /// Takes or leaves what stands in a folder and is none.
    fn entry(&mut self, path: PathBuf, about: &Metadata) {
        if let Some(what) = no_file(about.file_type()) {
            self.unread.push(Broken::of_file(&path, Unread::NoFile(what)));
            return;
        }
        if let Some(kind) = of_another_kind(&path) {
            // Somebody may have taken the folder or the name for their own.
            let records = head(&path).is_ok_and(|head| foreign::begins_with_records(&head));
            if !records {
                return self.pass_over(kind);
            }
            return self.files.push(log_file(&path, about.len()));
        }
        match is_log(&path) {
            Ok(true) => self.files.push(log_file(&path, about.len())),
            Ok(false) => self.pass_over(PassedOver::OtherFile),
            Err(error) => {
                self.unread.push(Broken::of_file(&path, Unread::Io(error.to_string())));
            }
        }
    }
}

/// Where the shell opens what it hands over, and the device that is empty: these end.
const OPENED: [&str; 4] = ["/dev/stdin", "/dev/fd", "/proc/self/fd", "/dev/null"];

/// Checks that something can be read to its end: a file, or what the shell has opened. A named pipe
/// or a device might keep a program waiting for ever.
///
/// # Errors
/// When it is neither, is a folder, or is not there.
pub fn check_is_file(path: &Path) -> io::Result<()> {
    let about = std::fs::metadata(path)?;
    if about.is_dir() {
        return Err(io::Error::other("it is a folder, not a file"));
    }
    match no_file(about.file_type()) {
        Some(what) if !OPENED.iter().any(|opened| path.starts_with(opened)) => {
            Err(io::Error::other(format!("it is {what}, not a file; `-` reads standard input")))
        }
        _ => Ok(()),
    }
}

/// What something is that is neither a file nor a folder; reading it might wait for ever.
#[cfg(unix)]
fn no_file(kind: FileType) -> Option<&'static str> {
    use std::os::unix::fs::FileTypeExt as _;
    [
        (kind.is_fifo(), "a named pipe"),
        (kind.is_socket(), "a socket"),
        (kind.is_char_device() || kind.is_block_device(), "a device"),
    ]
    .into_iter()
    .find_map(|(is, what)| is.then_some(what))
}

#[cfg(not(unix))]
fn no_file(_: FileType) -> Option<&'static str> {
    None
}

/// What a file's place or name says that holds no events.
fn of_another_kind(path: &Path) -> Option<PassedOver> {
    let parts: Vec<&str> = path.iter().filter_map(|part| part.to_str()).collect();
    let (name, folders) = parts.split_last()?;
    let by_folder = folders.windows(2).find_map(|pair| {
        let known = FOLDERS.iter().find(|(folder, _)| *folder == pair[1]);
        // Digests have a name that nothing else has.
        let known = known.filter(|(_, kind)| *kind == PassedOver::Digest || is_account(pair[0]));
        known.map(|(_, kind)| *kind)
    });
    let by_name =
        name.split_once('_').filter(|(account, _)| is_account(account)).and_then(|(_, rest)| {
            let word = rest.split('_').next()?;
            WORDS.iter().find(|(known, _)| *known == word).map(|(_, kind)| *kind)
        });
    by_folder.or(by_name)
}

/// Whether a file in a folder is a log, by its name or else by what it begins with.
fn is_log(path: &Path) -> std::io::Result<bool> {
    let name = path.file_name().and_then(|name| name.to_str()).unwrap_or_default();
    if name.starts_with('.') {
        return any_piece(path);
    }
    let lower = name.to_lowercase();
    let plain = lower.strip_suffix(".gz").unwrap_or(&lower);
    if ENDINGS.iter().any(|ending| plain.ends_with(ending)) {
        return Ok(true);
    }
    if [".gz", ".log"].iter().any(|ending| lower.ends_with(ending)) && path.metadata()?.len() == 0 {
        return Ok(true);
    }
    any_piece(path)
}

/// Whether a text has something of a log, wherever in it; of what is no text, the beginning tells.
fn any_piece(path: &Path) -> std::io::Result<bool> {
    let mut file = File::open(path)?;
    let (mut piece, mut is_first) = (Vec::new(), true);
    loop {
        let wanted = if is_first { LOOKED_AT } else { PIECE };
        let kept = piece.len();
        let came = (&mut file).take(wanted).read_to_end(&mut piece)?;
        if foreign::looks_like_a_log(&piece, is_first) {
            return Ok(true);
        }
        if came == 0 || memchr::memchr(0, &piece[kept..]).is_some() {
            return Ok(false);
        }
        // A word may stand across two pieces.
        piece.drain(..piece.len().saturating_sub(WORD_MAX));
        is_first = false;
    }
}

fn head(path: &Path) -> std::io::Result<Vec<u8>> {
    let mut head = Vec::new();
    File::open(path)?.take(LOOKED_AT).read_to_end(&mut head)?;
    Ok(head)
}

/// Bytes of a file that are looked at first where the name does not tell.
const LOOKED_AT: u64 = 8 << 10;
/// Bytes that are looked at together behind them.
const PIECE: u64 = 256 << 10;
/// More than the longest word that tells.
const WORD_MAX: usize = 32;

fn log_file(path: &Path, bytes: u64) -> LogFile {
    let parts: Vec<&str> = path.iter().filter_map(|part| part.to_str()).collect();
    let placed = parts.windows(3).rev().find_map(|three| match three {
        [account, "CloudTrail", region] if is_account(account) && region.contains('-') => {
            Some(((*account).to_owned(), (*region).to_owned()))
        }
        _ => None,
    });
    // The name says it too: 111122223333_CloudTrail_eu-west-1_20261122T1000Z_x.json.gz
    let (account, region) = placed
        .or_else(|| {
            let mut words = parts.last()?.split('_');
            match (words.next()?, words.next()?, words.next()?) {
                (account, "CloudTrail", region) if is_account(account) => {
                    Some((account.to_owned(), region.to_owned()))
                }
                _ => None,
            }
        })
        .unzip();
    LogFile { path: path.to_owned(), bytes, account, region }
}

fn is_account(text: &str) -> bool {
    text.len() == 12 && text.bytes().all(|byte| byte.is_ascii_digit())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn put(root: &Path, path: &str) {
        let path = root.join(path);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, "{}").unwrap();
    }

    #[test]
    fn logs_are_told_from_digests_and_from_other_files() {
        let root = tempfile::tempdir().unwrap();
        let day = "CloudTrail/eu-west-1/2026/11/22";
        put(root.path(), &format!("AWSLogs/111122223333/{day}/a.json.gz"));
        put(root.path(), &format!("AWSLogs/o-abc123/444455556666/{day}/b.json"));
        put(root.path(), "AWSLogs/111122223333/CloudTrail-Digest/eu-west-1/2026/11/22/c.json.gz");
        put(root.path(), "999988887777_CloudTrail_us-east-1_20261122T1000Z_x.json.gz");
        put(root.path(), "README.md");
        let found = find(&[root.path().to_owned()]).unwrap();
        let places: Vec<_> = found
            .files
            .iter()
            .map(|file| (file.account.as_deref(), file.region.as_deref()))
            .collect();
        assert_eq!(
            places,
            [
                (Some("999988887777"), Some("us-east-1")),
                (Some("111122223333"), Some("eu-west-1")),
                (Some("444455556666"), Some("eu-west-1")),
            ]
        );
        let passed_over = [(PassedOver::Digest, 1), (PassedOver::OtherFile, 1)];
        assert_eq!(found.passed_over, BTreeMap::from(passed_over));
    }

    #[test]
    fn no_file_is_passed_over_that_may_have_events_and_was_not_looked_through() {
        let root = tempfile::tempdir().unwrap();
        let write =
            |name: &str, bytes: &[u8]| std::fs::write(root.path().join(name), bytes).unwrap();
        let record = r#"{"eventVersion":"1.08","eventSource":"x"}"#;
        let mut utf_16 = Vec::new();
        for unit in record.encode_utf16() {
            utf_16.extend(unit.to_le_bytes());
        }
        write("zst", b"\x28\xb5\x2f\xfdxxxx");
        write("parquet", b"PAR1xxxx");
        write("utf-16", &utf_16);
        write("late", format!("{}{record}", " ".repeat(400_000)).as_bytes());
        write("across", format!("{}{record}", " ".repeat((8 << 10) - 4)).as_bytes());
        write("records", br#"{"records":[{"recordId":"1","data":"e30="}]}"#);
        write("base64", b"eyJldmVudFZlcnNpb24iOiIxIn0=");
        write("base64.gz", b"H4sIAAAAAAAAA6tWKkstKs7Mz1OyUjIwMFCqBQA=");
        write("empty.log", b"");
        write("empty.gz", b"");
        assert_eq!(find(&[root.path().to_owned()]).unwrap().files.len(), 10);
        write("README", "No log at all, but long. ".repeat(9_000).as_bytes());
        write("picture.png", b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR");
        write("_SUCCESS", b"");
        let found = find(&[root.path().to_owned()]).unwrap();
        assert_eq!(found.files.len(), 10);
        assert_eq!(found.passed_over, BTreeMap::from([(PassedOver::OtherFile, 3)]));
    }

    #[test]
    fn records_in_a_folder_named_as_another_services_are_read() {
        let root = tempfile::tempdir().unwrap();
        let folder = root.path().join("111122223333/Config");
        std::fs::create_dir_all(&folder).unwrap();
        let record = r#"{"Records":[{"eventVersion":"1.08","eventSource":"x"}]}"#;
        let items = r#"{"configurationItems":[{"a":{"eventVersion":"1","eventSource":"x"}}]}"#;
        let mut gzip = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
        std::io::Write::write_all(&mut gzip, record.as_bytes()).unwrap();
        std::fs::write(folder.join("a.json"), record).unwrap();
        std::fs::write(folder.join("b.json.gz"), gzip.finish().unwrap()).unwrap();
        std::fs::write(folder.join("c.json"), items).unwrap();
        std::fs::write(root.path().join("111122223333_Config_x.json"), record).unwrap();
        let found = find(&[root.path().to_owned()]).unwrap();
        assert_eq!(found.files.len(), 3);
        assert_eq!(found.passed_over, BTreeMap::from([(PassedOver::Config, 1)]));
    }

    #[test]
    fn logs_of_other_services_are_passed_over_by_their_folder_and_counted_by_kind() {
        let root = tempfile::tempdir().unwrap();
        let account = "AWSLogs/111122223333";
        for path in [
            "CloudTrail-Insight-Digest/eu-west-1/a.json.gz",
            "Config/eu-west-1/2026/11/22/ConfigHistory/b.json.gz",
            "vpcflowlogs/eu-west-1/c.log.gz",
            "elasticloadbalancing/eu-west-1/d.log.gz",
            "WAFLogs/e.gz",
            "CloudTrail-Insight/eu-west-1/2026/11/22/f.json.gz",
        ] {
            put(root.path(), &format!("{account}/{path}"));
        }
        put(root.path(), "111122223333_CloudTrail-Digest_eu-west-1_x.json.gz");
        // Somebody's own folder of that name.
        put(root.path(), "Config/g.json");
        let found = find(&[root.path().to_owned()]).unwrap();
        let names: Vec<_> =
            found.files.iter().map(|file| file.path.file_name().unwrap().to_owned()).collect();
        assert_eq!(names, ["f.json.gz", "g.json"], "Insights are events");
        let counts: Vec<_> =
            found.passed_over.iter().map(|(kind, count)| (kind.as_str(), *count)).collect();
        assert_eq!(
            counts,
            [
                ("digest", 2),
                ("config", 1),
                ("flow-log", 1),
                ("load-balancer-log", 1),
                ("other-log", 1)
            ]
        );
    }

    #[test]
    fn files_whose_names_do_not_tell_are_looked_into() {
        let root = tempfile::tempdir().unwrap();
        let write =
            |name: &str, bytes: &[u8]| std::fs::write(root.path().join(name), bytes).unwrap();
        write("trail.log", b"{\"eventVersion\":\"1.08\"}");
        write("unnamed", &[0x1f, 0x8b, 8, 0]);
        write("A.JSON", b"");
        write("b.JSON.GZ", b"");
        write("app.log", b"started\n");
        write("notes.txt", b"{\"format_version\":1}");
        write(".hidden.json", b"{\"eventVersion\":\"1.08\"}");
        write(".settings.json", b"{\"theme\":1}");
        let found = find(&[root.path().to_owned()]).unwrap();
        let names: Vec<_> =
            found.files.iter().map(|file| file.path.file_name().unwrap().to_owned()).collect();
        assert_eq!(names, [".hidden.json", "A.JSON", "b.JSON.GZ", "trail.log", "unnamed"]);
        assert_eq!(found.passed_over, BTreeMap::from([(PassedOver::OtherFile, 3)]));
    }

    #[cfg(unix)]
    #[test]
    fn what_would_have_to_be_waited_for_is_named() {
        let root = tempfile::tempdir().unwrap();
        let _socket = std::os::unix::net::UnixListener::bind(root.path().join("a.json")).unwrap();
        std::os::unix::fs::symlink("/dev/null", root.path().join("b.json")).unwrap();
        std::os::unix::fs::symlink("/nowhere", root.path().join("c.json")).unwrap();
        std::os::unix::fs::symlink(root.path(), root.path().join("again")).unwrap();
        let found = find(&[root.path().to_owned()]).unwrap();
        let why: Vec<_> = found.unread.iter().map(|broken| broken.why.to_string()).collect();
        assert_eq!(
            why,
            [
                "it is a socket, not a file",
                "it is a device, not a file",
                "it is a link to what is not there; remove it, or put back what it leads to"
            ]
        );
        assert_eq!(found.passed_over, BTreeMap::from([(PassedOver::Link, 1)]));
        assert_eq!(found.files, []);
    }

    #[cfg(unix)]
    #[test]
    fn a_link_to_a_folder_that_is_not_read_is_told_and_one_to_a_file_is_followed() {
        let (root, other) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
        put(other.path(), "november/a.json");
        put(other.path(), "b.json");
        let link = |to: &str, name: &str| {
            std::os::unix::fs::symlink(other.path().join(to), root.path().join(name)).unwrap();
        };
        link("november", "november");
        link("b.json", "b.json");
        let found = find(&[root.path().to_owned()]).unwrap();
        assert_eq!((found.files.len(), found.unread.len()), (1, 1));
        assert!(found.unread[0].why.to_string().contains("name it beside this one"));
        let both = [root.path().to_owned(), other.path().join("november")];
        let found = find(&both).unwrap();
        assert_eq!((found.files.len(), found.unread.len()), (2, 0));
        // A link that is named is what it leads to.
        assert_eq!(find(&[root.path().join("november")]).unwrap().files.len(), 1);
    }

    #[test]
    fn records_in_a_folder_or_under_a_name_of_digests_are_read() {
        let root = tempfile::tempdir().unwrap();
        let record = r#"{"Records":[{"eventVersion":"1.08","eventSource":"x"}]}"#;
        let folder = root.path().join("111122223333/CloudTrail-Digest");
        std::fs::create_dir_all(&folder).unwrap();
        std::fs::write(folder.join("a.json"), record).unwrap();
        std::fs::write(folder.join("b.json"), r#"{"digestS3Object":"x"}"#).unwrap();
        let found = find(&[root.path().to_owned()]).unwrap();
        assert_eq!(found.files.len(), 1);
        assert_eq!(found.passed_over, BTreeMap::from([(PassedOver::Digest, 1)]));
    }

    #[test]
    fn a_file_that_is_named_twice_is_read_once_and_needs_no_ending() {
        let root = tempfile::tempdir().unwrap();
        put(root.path(), "sub/a.json");
        put(root.path(), "log");
        let paths =
            [root.path().to_owned(), root.path().join("sub/a.json"), root.path().join("log")];
        assert_eq!(find(&paths).unwrap().files.len(), 2);
    }

    #[test]
    fn a_path_that_is_not_there_is_named() {
        let error = find(&[PathBuf::from("/nowhere/at/all")]).unwrap_err();
        assert!(error.to_string().contains("/nowhere/at/all"));
    }
}
