//! Lifecycle rules that delete a trail's current files early.
//!
//! Versions that were replaced are no finding: CloudTrail writes each file once. Neither is a move
//! to a cheaper class of storage.

use crate::resource::bucket::{Bucket, Expiration, Expires};
use crate::resource::trail::Trail;
use crate::scope::AccountId;

/// How long log files should stay, in days: AWS's own check of how long logs are kept takes a year,
/// unless it is told otherwise.
///
/// Source: <https://docs.aws.amazon.com/config/latest/developerguide/cw-loggroup-retention-period-check.html>
const KEPT_DAYS: i32 = 365;

/// What precedes `AWSLogs/` in the keys of a trail's files.
pub fn folder(trail: &Trail) -> String {
    let prefix = trail.key_prefix.as_deref().filter(|prefix| !prefix.is_empty());
    prefix.map(|prefix| format!("{prefix}/")).unwrap_or_default()
}

/// Each rule that deletes files of the trail before their time, in words.
pub fn shortened(bucket: &Bucket, trail: &Trail, account: &AccountId) -> Vec<String> {
    let early = |rule: &&Expiration| match rule.expires {
        Expires::Days(days) => days < KEPT_DAYS,
        Expires::Date(_) => true,
    };
    let meant = bucket.expirations.iter().filter(early);
    let meant = meant.filter(|rule| covers(&rule.prefix, trail, account));
    meant.map(said).collect()
}

fn said(rule: &Expiration) -> String {
    let name = match rule.rule.as_str() {
        "" => "A lifecycle rule without a name".to_owned(),
        id => format!("The lifecycle rule {id}"),
    };
    let when = match &rule.expires {
        Expires::Days(1) => "after 1 day".to_owned(),
        Expires::Days(days) => format!("after {days} days"),
        Expires::Date(date) => format!("from {date} on"),
    };
    let which = if rule.by_size { "log files of some sizes" } else { "log files" };
    format!(
        "{name} deletes {which} {when}: take the expiration off it, or keep them for {KEPT_DAYS} days at least."
    )
}

/// Whether a prefix takes in files of the trail. Below `AWSLogs/` the folder of an organization may
/// come first, then that of an account, then what CloudTrail writes; other services write beside it.
///
/// Source: <https://docs.aws.amazon.com/awscloudtrail/latest/userguide/cloudtrail-find-log-files.html>
fn covers(prefix: &str, trail: &Trail, account: &AccountId) -> bool {
    let root = format!("{}AWSLogs/", folder(trail));
    let Some(below) = prefix.strip_prefix(&root) else { return root.starts_with(prefix) };
    let folders: Vec<&str> = below.split('/').collect();
    let of_account: [Folder; 2] = [
        match trail.organization {
            true => Folder::Any,
            false => Folder::Named(account.as_str()),
        },
        Folder::OfCloudTrail,
    ];
    let in_organization = [Folder::Any, of_account[0], of_account[1]];
    takes_in(&folders, &of_account) || trail.organization && takes_in(&folders, &in_organization)
}

/// A folder in the keys of log files.
#[derive(Debug, Clone, Copy)]
enum Folder<'a> {
    Any,
    Named(&'a str),
    /// `CloudTrail`, `CloudTrail-Digest`, `CloudTrail-Insight` and the like.
    OfCloudTrail,
}

/// Whether folders of a prefix, of which the last may be cut off, lead to these.
fn takes_in(folders: &[&str], wanted: &[Folder<'_>]) -> bool {
    let last = folders.len().saturating_sub(1);
    folders.iter().zip(wanted).enumerate().all(|(at, (folder, wanted))| match wanted {
        Folder::Any => true,
        Folder::Named(name) if at == last => name.starts_with(folder),
        Folder::Named(name) => name == folder,
        Folder::OfCloudTrail if at == last => {
            "CloudTrail".starts_with(folder) || folder.starts_with("CloudTrail")
        }
        Folder::OfCloudTrail => folder.starts_with("CloudTrail"),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn trail(prefix: Option<&str>, organization: bool) -> Trail {
        Trail {
            bucket: "logs".to_owned(),
            key_prefix: prefix.map(str::to_owned),
            multi_region: true,
            organization,
            global_service_events: true,
            log_file_validation: true,
            kms_key: None,
        }
    }

    fn account() -> AccountId {
        AccountId::new("111122223333").expect("twelve digits")
    }

    #[test]
    fn a_prefix_is_held_against_the_folders_of_the_trail() {
        for (of, organization, prefix, covered) in [
            (None, false, "", true),
            (None, false, "AWS", true),
            (None, false, "AWSLogs/", true),
            (None, false, "AWSLogs/1111", true),
            (None, false, "AWSLogs/111122223333/", true),
            (None, false, "AWSLogs/111122223333/CloudTrail/", true),
            (None, false, "AWSLogs/111122223333/CloudTrail/eu-west-1/2026/", true),
            (None, false, "AWSLogs/111122223333/CloudTrail-Digest/", true),
            (None, false, "AWSLogs/111122223333/Cl", true),
            (None, false, "AWSLogs/111122223333/Config/", false),
            (None, false, "AWSLogs/999988887777/", false),
            (None, false, "AWSLogs/o-a1b2c3d4e5/111122223333/CloudTrail/", false),
            (None, false, "athena-results/", false),
            (Some("org/logs"), false, "AWSLogs/", false),
            (Some("org/logs"), false, "org/", true),
            (Some("org/logs"), false, "org/logs/AWSLogs/111122223333/", true),
            (None, true, "AWSLogs/o-a1b2c3d4e5/", true),
            (None, true, "AWSLogs/o-a1b2c3d4e5/999988887777/CloudTrail/", true),
            (None, true, "AWSLogs/o-a1b2c3d4e5/999988887777/Config/", false),
        ] {
            let found = covers(prefix, &trail(of, organization), &account());
            assert_eq!(found, covered, "{prefix} of {of:?} {organization}");
        }
    }

    #[test]
    fn what_goes_before_a_year_is_told() {
        let told = |expires| {
            let rule = Expiration {
                rule: "tidy".to_owned(),
                prefix: String::new(),
                expires,
                by_size: false,
            };
            let bucket = Bucket { expirations: vec![rule], ..Bucket::default() };
            shortened(&bucket, &trail(None, false), &account())
        };
        for (days, is_told) in [(1, true), (90, true), (364, true), (365, false), (2_555, false)] {
            assert_eq!(!told(Expires::Days(days)).is_empty(), is_told, "{days}");
        }
        assert!(told(Expires::Date("2027-01-01".to_owned()))[0].contains("from 2027-01-01 on"));
        assert!(told(Expires::Days(1))[0].contains("after 1 day:"));
    }
}
