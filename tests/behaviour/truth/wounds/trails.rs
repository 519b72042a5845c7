//! What keeps the events of calls from EventBridge, and what only seems to.

use super::super::hands::{advanced, also_objects, basic, field, trails};
use super::Wound;
use ctguard_core::resource::trail::{ReadWrite, Selectors};
use ctguard_core::scope::{AccountId, Place, Region};
use ctguard_sandbox::State;

pub const WOUNDS: &[(&str, Wound)] = &[
    ("stop the trails", |s, _, _| trails(s, |t| t.status.logging = false)),
    ("delete the trails", |s, _, _| {
        for account in s.accounts.values_mut() {
            account.regions.values_mut().for_each(|regional| regional.trails.clear());
        }
    }),
    ("record reads", |s, _, _| trails(s, |t| t.selectors = basic(ReadWrite::ReadOnly, &[]))),
    ("record writes", |s, _, _| trails(s, |t| t.selectors = basic(ReadWrite::WriteOnly, &[]))),
    ("record objects only", |s, _, _| {
        trails(s, |t| {
            t.selectors = Selectors::Advanced(vec![]);
            also_objects(&mut t.selectors, "arn:aws:s3");
        })
    }),
    ("record objects too", |s, _, _| trails(s, |t| also_objects(&mut t.selectors, "arn:aws:s3"))),
    ("record other objects too", |s, _, _| {
        trails(s, |t| {
            t.selectors = basic(ReadWrite::All, &[]);
            also_objects(&mut t.selectors, "arn:aws:s3:::other/");
        })
    }),
    ("record endpoints and Insights", |s, _, _| {
        trails(s, |t| {
            t.insights = true;
            t.selectors = Selectors::Advanced(vec![
                advanced(vec![field("eventCategory", &["Management"], &[])]),
                advanced(vec![
                    field("eventCategory", &["NetworkActivity"], &[]),
                    field("eventSource", &["secretsmanager.amazonaws.com"], &[]),
                ]),
            ]);
        })
    }),
    ("stop recording endpoints", |s, _, _| {
        trails(s, |t| {
            if let Selectors::Advanced(list) = &mut t.selectors {
                list.truncate(1);
            }
        })
    }),
    ("stop recording Insights", |s, _, _| trails(s, |t| t.insights = false)),
    ("exclude kms", |s, _, _| {
        trails(s, |t| t.selectors = basic(ReadWrite::All, &["kms.amazonaws.com"]))
    }),
    ("exclude kms, advanced", |s, _, _| {
        trails(s, |t| {
            t.selectors = Selectors::Advanced(vec![advanced(vec![
                field("eventCategory", &["Management"], &[]),
                field("eventSource", &[], &["kms.amazonaws.com"]),
            ])]);
        })
    }),
    ("single region", |s, _, _| {
        trails(s, |t| {
            t.trail.multi_region = false;
            t.trail.global_service_events = false;
        })
    }),
    ("single region with global events", |s, _, _| trails(s, |t| t.trail.multi_region = false)),
    ("the organization's trail instead", |s, _, _| everybodys(s, "us-east-1")),
    ("the organization's trail, at home where nobody is", |s, _, _| everybodys(s, "me-south-1")),
];

/// The trail becomes the organization's, kept by another account in this region.
fn everybodys(s: &mut State, home: &str) {
    let mut theirs = None;
    for account in s.accounts.values_mut() {
        for regional in account.regions.values_mut() {
            theirs = regional.trails.pop_first().map(|(_, trail)| trail).or(theirs);
            regional.trails.clear();
        }
    }
    let Some(mut theirs) = theirs else { return };
    theirs.trail.organization = true;
    theirs.tags.clear();
    let owner = AccountId::new("999988887777").unwrap();
    let home = Region::new(home).unwrap();
    let keeper = s.accounts.entry(owner.clone()).or_default();
    keeper.global.enabled_regions.insert(home.clone());
    s.region_mut(&Place::new(owner, home)).trails.insert("everybody".into(), theirs);
}
