//! Which files of a folder are CloudTrail logs.
//!
//! The layout is AWS's
//! (<https://docs.aws.amazon.com/awscloudtrail/latest/userguide/get-and-view-cloudtrail-log-files.html>):
//! `AWSLogs/<account>/CloudTrail/<region>/<year>/<month>/<day>/<name>.json.gz`, with an organization's id before
//! the account in an organization's trail. Digests stand beside the logs and are none.

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
    /// Files that only prove the integrity of logs: there are no events in them.
    pub digests: u64,
    /// Files whose names are not those of logs, such as `README.md`; only in folders.
    pub others: u64,
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

const DIGESTS: [&str; 2] = ["CloudTrail-Digest", "CloudTrail-Insight-Digest"];
const ENDINGS: [&str; 6] = [".json.gz", ".json", ".jsonl.gz", ".jsonl", ".ndjson", ".ndjson.gz"];

/// Finds the log files at these paths. A file that is named is taken whatever its name; in folders, the name decides.
///
/// # Errors
/// When a path is not there or a folder cannot be listed.
pub fn find(paths: &[PathBuf]) -> Result<Found, FindError> {
    let mut found = Found::default();
    for path in paths {
        let failed = |source| FindError { path: path.clone(), source };
        let about = std::fs::metadata(path).map_err(failed)?;
        if about.is_dir() {
            folder(path, &mut found)?;
        } else {
            found.files.push(log_file(path, about.len()));
        }
    }
    found.files.sort();
    // A folder and a file in it may both be named.
    found.files.dedup_by(|a, b| a.path == b.path);
    Ok(found)
}

fn folder(root: &Path, found: &mut Found) -> Result<(), FindError> {
    let mut folders = vec![root.to_owned()];
    while let Some(folder) = folders.pop() {
        let failed = |source| FindError { path: folder.clone(), source };
        for entry in std::fs::read_dir(&folder).map_err(failed)? {
            let path = entry.map_err(failed)?.path();
            // A link to a folder is not followed: it may lead back here.
            let about = std::fs::symlink_metadata(&path).map_err(failed)?;
            if about.is_dir() {
                folders.push(path);
                continue;
            }
            let about = if about.is_symlink() {
                match std::fs::metadata(&path) {
                    Ok(target) if target.is_file() => target,
                    _ => {
                        found.others += 1;
                        continue;
                    }
                }
            } else {
                about
            };
            let name = path.file_name().and_then(|name| name.to_str()).unwrap_or_default();
            if is_digest(&path) {
                found.digests += 1;
            } else if ENDINGS.iter().any(|ending| name.ends_with(ending)) && !name.starts_with('.')
            {
                found.files.push(log_file(&path, about.len()));
            } else {
                found.others += 1;
            }
        }
    }
    Ok(())
}

fn is_digest(path: &Path) -> bool {
    let named = |part: &str| path.iter().any(|name| name == part);
    let name = path.file_name().and_then(|name| name.to_str()).unwrap_or_default();
    DIGESTS.iter().any(|digest| named(digest) || name.contains(&format!("_{digest}_")))
}

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
        assert_eq!((found.digests, found.others), (1, 1));
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
