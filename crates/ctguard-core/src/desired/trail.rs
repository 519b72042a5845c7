//! The managed trail and its bucket, as the blueprint wants them.

use super::{DesiredBucket, DesiredTrail, Names, tags_of};
use crate::blueprint::{Blueprint, ManagedTrail};
use crate::event::Access;
use crate::resource::Kind;
use crate::resource::bucket::Encryption;
use crate::resource::trail::{EXCLUDABLE_SOURCES, ManagementNeeds, Trail};
use crate::scope::Place;
use serde_json::{Value, json};

/// What the blueprint's routed alerts need a trail to record. Writes are always wanted: a trail that
/// ctguard keeps records at least the calls that change something.
pub(super) fn needs(blueprint: &Blueprint) -> ManagementNeeds {
    let mut needs = ManagementNeeds { write: true, ..ManagementNeeds::default() };
    let routed = blueprint.alerts.iter().filter(|alert| blueprint.is_routed(alert));
    for event in routed.flat_map(|alert| &alert.events) {
        if !event.kind.is_management() {
            continue;
        }
        needs.read |= event.access == Access::Read;
        needs.kms |= event.includes_source(EXCLUDABLE_SOURCES[0]);
        needs.rds_data |= event.includes_source(EXCLUDABLE_SOURCES[1]);
    }
    needs
}

pub(super) fn trail(blueprint: &Blueprint, spec: &ManagedTrail) -> DesiredTrail {
    DesiredTrail {
        name: spec.name.clone(),
        trail: Trail {
            bucket: spec.bucket.clone(),
            key_prefix: None,
            multi_region: true,
            organization: spec.organization,
            global_service_events: true,
            log_file_validation: true,
            kms_key: spec.kms_key.clone(),
        },
        needs: needs(blueprint),
        adopt: spec.adopt,
        additional: spec.additional,
        tags: tags_of(blueprint, Kind::Trail, None),
    }
}

/// `organization`: the id of the organization whose trail it is.
pub(super) fn bucket(
    blueprint: &Blueprint,
    spec: &ManagedTrail,
    home: &Place,
    organization: Option<&str>,
) -> DesiredBucket {
    let names = Names::new(&blueprint.name);
    DesiredBucket {
        place: home.clone(),
        // A trail that was somebody else's may keep the bucket that it came with.
        foreign: spec.foreign_bucket || spec.adopt,
        elsewhere: spec.foreign_bucket,
        encryption: Encryption::S3Managed,
        own_statements: bucket_statements(&names, spec, home, organization),
        tags: tags_of(blueprint, Kind::Bucket, None),
    }
}

/// What CloudTrail must be allowed to do to a bucket, for this trail only. An organization's trail writes below
/// the organization's id too, and below its own account's when it is turned into a trail of that account alone.
///
/// Source: <https://docs.aws.amazon.com/awscloudtrail/latest/userguide/create-s3-bucket-policy-for-cloudtrail.html>
fn bucket_statements(
    names: &Names,
    spec: &ManagedTrail,
    home: &Place,
    organization: Option<&str>,
) -> Vec<Value> {
    let partition = home.region.partition();
    let bucket = format!("arn:{partition}:s3:::{}", spec.bucket);
    let trail = home.arn("cloudtrail", &format!("trail/{}", spec.name));
    let write = |sid: &str, below: &str| {
        json!({
            "Sid": names.sid(sid),
            "Effect": "Allow",
            "Principal": { "Service": "cloudtrail.amazonaws.com" },
            "Action": "s3:PutObject",
            "Resource": format!("{bucket}/AWSLogs/{below}/*"),
            "Condition": { "StringEquals": {
                "s3:x-amz-acl": "bucket-owner-full-control",
                "aws:SourceArn": trail,
            } },
        })
    };
    let mut statements = vec![
        json!({
            "Sid": names.sid("trail-acl"),
            "Effect": "Allow",
            "Principal": { "Service": "cloudtrail.amazonaws.com" },
            "Action": "s3:GetBucketAcl",
            "Resource": bucket,
            "Condition": { "StringEquals": { "aws:SourceArn": trail } },
        }),
        write("trail-write", home.account.as_str()),
    ];
    statements.extend(organization.map(|id| write("trail-write-organization", id)));
    statements
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::desired::{Scope, compile};
    use crate::scope::{AccountId, Region};
    use crate::snapshot::{Member, Organization};
    use jiff::civil::date;

    const MANAGEMENT: &str = "111122223333";

    fn blueprint(keeper: &str, trail: &str, hub: &str) -> Blueprint {
        let text = format!(
            "version: 1\nname: acme\nregions: [us-east-1]\naccounts: [{{ organization: {{ role: ctguard }} }}]\n{hub}trail: {{ name: main, bucket: logs, account: '{keeper}'{trail} }}\nalerts: []\n"
        );
        let loaded = crate::blueprint::load_text("b.yaml", &text, None, date(2026, 11, 22));
        loaded.blueprint.unwrap_or_else(|| panic!("{:?}", loaded.diagnostics))
    }

    fn compiled(blueprint: &Blueprint) -> Result<crate::desired::Desired, Vec<&'static str>> {
        let as_of = date(2026, 11, 22);
        let ids = [MANAGEMENT, "222233334444"].map(|id| AccountId::new(id).unwrap());
        let member = Member { name: "n".to_owned(), active: true };
        let organization = Organization {
            id: "o-a1b2c3d4e5".to_owned(),
            management: ids[0].clone(),
            members: ids.iter().map(|id| (id.clone(), member.clone())).collect(),
            unit_paths: std::collections::BTreeMap::new(),
        };
        let mut scope = Scope::of_accounts(blueprint, &ids[0], Some(&organization)).unwrap();
        for id in &ids {
            scope.add_regions(blueprint, id, Ok(&[]), as_of).unwrap();
        }
        compile(blueprint, &scope, as_of)
            .map_err(|problems| problems.iter().map(|problem| problem.code.as_str()).collect())
    }

    #[test]
    fn an_account_that_is_listed_and_found_is_of_the_organization() {
        let organization = Organization {
            id: "o-a1b2c3d4e5".to_owned(),
            management: AccountId::new(MANAGEMENT).unwrap(),
            members: [(
                AccountId::new("222233334444").unwrap(),
                Member { name: "n".to_owned(), active: true },
            )]
            .into(),
            unit_paths: std::collections::BTreeMap::new(),
        };
        let text = "version: 1\nname: acme\nregions: [us-east-1]\naccounts:\n  - { id: '222233334444' }\n  - { id: '333344445555', role: r }\n  - organization: { role: ctguard }\nalerts: []\n";
        let loaded = crate::blueprint::load_text("b.yaml", text, None, date(2026, 11, 22));
        let blueprint = loaded.blueprint.unwrap_or_else(|| panic!("{:?}", loaded.diagnostics));
        let caller = AccountId::new("222233334444").unwrap();
        let found = |organization: Option<&Organization>| -> Vec<bool> {
            let scope = Scope::of_accounts(&blueprint, &caller, organization).unwrap();
            scope.accounts.values().map(|account| account.discovered).collect()
        };
        assert_eq!(found(Some(&organization)), [true, false]);
        assert_eq!(found(None), [false, false]);
    }

    #[test]
    fn the_bucket_of_an_organizations_trail_takes_the_files_of_all_its_accounts() {
        let home =
            Place::new(AccountId::new(MANAGEMENT).unwrap(), Region::new("us-east-1").unwrap());
        let written = |trail: &str| -> Vec<String> {
            let desired = compiled(&blueprint(MANAGEMENT, trail, "")).unwrap();
            let kept = desired.places[&home].trail.as_ref().unwrap();
            assert_eq!(kept.trail.organization, !trail.is_empty());
            let bucket = &desired.buckets[&(home.account.clone(), "logs".to_owned())];
            let writes = bucket.own_statements.iter().filter(|one| one["Action"] == "s3:PutObject");
            writes
                .map(|one| {
                    let source = &one["Condition"]["StringEquals"]["aws:SourceArn"];
                    assert_eq!(source, "arn:aws:cloudtrail:us-east-1:111122223333:trail/main");
                    one["Resource"].as_str().unwrap().to_owned()
                })
                .collect()
        };
        let own = "arn:aws:s3:::logs/AWSLogs/111122223333/*".to_owned();
        assert_eq!(written(""), std::slice::from_ref(&own));
        let all = "arn:aws:s3:::logs/AWSLogs/o-a1b2c3d4e5/*".to_owned();
        assert_eq!(written(", organization: true"), [own, all]);
    }

    #[test]
    fn an_organizations_trail_is_kept_by_its_management_account() {
        let other = blueprint("222233334444", ", organization: true", "");
        assert_eq!(compiled(&other).unwrap_err(), ["trail-account-not-management"]);
        assert!(compiled(&blueprint("222233334444", "", "")).is_ok());
    }

    #[test]
    fn a_hub_that_names_another_organization_is_not_believed() {
        let hub =
            "hub: { account: '111122223333', region: us-east-1, organization: o-zzzzzzzzzz }\n";
        let blueprint = blueprint(MANAGEMENT, ", organization: true", hub);
        let desired = compiled(&blueprint).unwrap();
        let statements = desired.buckets.values().next().unwrap().own_statements.clone();
        let text = serde_json::to_string(&statements).unwrap();
        assert!(text.contains("o-a1b2c3d4e5") && !text.contains("o-zzzzzzzzzz"), "{text}");
    }
}
