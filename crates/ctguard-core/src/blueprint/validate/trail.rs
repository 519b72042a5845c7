//! The trail that ctguard keeps.

use super::super::raw::{RawTrail, RawTrust};
use super::super::reader::Spanned;
use super::super::{ManagedTrail, Records, Regions, TrustedTrail};
use super::accounts::{Covered, account_id};
use super::{date, region, syntax};
use crate::codes;
use crate::diag::Diagnostic;
use crate::scope::{AccountId, Arn, Region};

/// What the blueprint says of its accounts and of their organization.
pub(super) struct Fleet<'a> {
    pub covered: &'a Covered,
    /// The hub names the organization.
    pub organization_known: bool,
}

pub(super) fn trail(
    raw: RawTrail,
    fleet: &Fleet<'_>,
    regions: Option<&Regions>,
    out: &mut Vec<Diagnostic>,
) -> Option<ManagedTrail> {
    let before = out.len();
    named(raw.name.as_ref(), codes::TRAIL_INVALID, "a trail", syntax::trail_name, out);
    named(raw.bucket.as_ref(), codes::BUCKET_NAME_INVALID, "a bucket", syntax::bucket_name, out);
    let known = raw.kms_key.as_ref().is_some_and(|key| kms_key(key, out));
    let account = account(&raw, fleet.covered, out);
    if let Some(all) = &raw.organization {
        organization(all, fleet, out);
    }
    let home_region = home_region(&raw, regions, out);
    if let Some((key, home)) = raw.kms_key.as_ref().zip(home_region.as_ref()).filter(|_| known) {
        key_beside(key, home, raw.foreign_bucket || raw.adopt, out);
    }
    if out.len() > before {
        return None;
    }
    Some(ManagedTrail {
        name: raw.name?.value,
        bucket: raw.bucket?.value,
        account,
        organization: raw.organization.is_some(),
        home_region: home_region?,
        kms_key: raw.kms_key.map(|key| key.value),
        adopt: raw.adopt,
        additional: raw.additional,
        foreign_bucket: raw.foreign_bucket,
        span: Some(raw.span),
    })
}

/// Who keeps the trail: as written, or the only account that there is.
fn account(raw: &RawTrail, covered: &Covered, out: &mut Vec<Diagnostic>) -> Option<AccountId> {
    let Some(written) = &raw.account else {
        if covered.several() && !raw.has_account {
            out.push(
                Diagnostic::error(codes::MISSING_KEY, "`trail` needs `account`")
                    .at(Some(raw.span.clone()))
                    .label("`account` is missing here")
                    .help("several accounts are covered: say which of them keeps the trail, in quotes; with `organization: true` it records all of them"),
            );
        }
        return None;
    };
    let account = account_id(written, out)?;
    if covered.leaves_out(&account) {
        out.push(
            Diagnostic::error(
                codes::TRAIL_INVALID,
                format!("the trail's account {account} is not among `accounts`"),
            )
            .at(Some(written.span.clone()))
            .label("events about the trail, such as StopLogging, land here")
            .help("list it too, or choose an account that is covered"),
        );
    }
    Some(account)
}

/// An organization's trail is for several accounts, and its bucket's policy names the organization.
fn organization(all: &Spanned<bool>, fleet: &Fleet<'_>, out: &mut Vec<Diagnostic>) {
    let (message, help) = if !fleet.covered.several() {
        (
            "an organization's trail records all of its accounts, and this blueprint covers one",
            "cover them with `accounts: [{ organization: { role: … } }]` or a list, or remove `organization`",
        )
    } else if !fleet.covered.discovers() && !fleet.organization_known {
        (
            "the organization of this trail is not known, and its bucket's policy must name it",
            "add `organization: o-…` to `hub`, or discover the accounts with `accounts: [{ organization: { role: … } }]`",
        )
    } else {
        return;
    };
    out.push(
        Diagnostic::error(codes::TRAIL_INVALID, message).at(Some(all.span.clone())).help(help),
    );
}

/// A trail whose selectors are taken on trust.
pub(super) fn trust(raw: RawTrust, out: &mut Vec<Diagnostic>) -> Option<TrustedTrail> {
    let before = out.len();
    if let Some(arn) = &raw.arn {
        let problem = match syntax::regional_arn(&arn.value, "cloudtrail") {
            Err(problem) => Some(problem),
            Ok(parsed) if parsed.resource.starts_with("trail/") => None,
            Ok(parsed) => Some(format!("`{}` is not a trail", parsed.resource)),
        };
        if let Some(problem) = problem {
            out.push(
                Diagnostic::error(codes::ARN_INVALID, "this is not the ARN of a trail")
                    .at(Some(arn.span.clone()))
                    .label(problem)
                    .help("`verify` prints the ARN of a trail whose selectors it cannot read"),
            );
        }
    }
    let records = raw.records.as_ref().and_then(|records| {
        let known = Records::parse(&records.value);
        if known.is_none() {
            out.push(
                Diagnostic::error(
                    codes::VALUE_UNKNOWN,
                    format!("`records` is `{}`", records.value),
                )
                .at(Some(records.span.clone()))
                .help("write `all`, or `write` for a trail that leaves read-only calls out"),
            );
        }
        known
    });
    let until = date(raw.until.as_ref(), out);
    if out.len() > before {
        return None;
    }
    Some(TrustedTrail {
        arn: raw.arn?.value,
        records: records?,
        reason: raw.reason?.value,
        until: until.ok()?,
        span: Some(raw.span),
    })
}

fn named(
    name: Option<&Spanned<String>>,
    code: crate::diag::Code,
    what: &str,
    check: impl Fn(&str) -> Result<(), &'static str>,
    out: &mut Vec<Diagnostic>,
) {
    if let Some(name) = name
        && let Err(problem) = check(&name.value)
    {
        out.push(
            Diagnostic::error(code, format!("AWS refuses `{}` as the name of {what}", name.value))
                .at(Some(name.span.clone()))
                .label(problem),
        );
    }
}

/// Whether a key may be one for log files.
fn kms_key(key: &Spanned<String>, out: &mut Vec<Diagnostic>) -> bool {
    let arn = syntax::regional_arn(&key.value, "kms")
        .and_then(|arn| syntax::fits_partition(&arn).map(|()| arn));
    let problem = match arn {
        Err(problem) => problem,
        Ok(arn) if arn.resource.starts_with("alias/aws/") => {
            "the policies of AWS's own keys cannot let CloudTrail in".to_owned()
        }
        Ok(arn) if arn.resource.starts_with("key/") || arn.resource.starts_with("alias/") => {
            return true;
        }
        Ok(arn) => format!("`{}` is not a key or alias", arn.resource),
    };
    out.push(
        Diagnostic::error(codes::KMS_KEY, "this key cannot encrypt the trail")
            .at(Some(key.span.clone()))
            .label(problem)
            .help("write the ARN of a customer-managed key in the bucket's region"),
    );
    false
}

/// Checks that the key is where the bucket will be: in the trail's home, unless the bucket may be
/// one that is there already.
///
/// Source: <https://docs.aws.amazon.com/awscloudtrail/latest/APIReference/API_CreateTrail.html>
/// (`KmsKeyNotFoundException`),
/// <https://docs.aws.amazon.com/kms/latest/developerguide/multi-region-keys-overview.html>
fn key_beside(key: &Spanned<String>, home: &Region, anywhere: bool, out: &mut Vec<Diagnostic>) {
    let Some(arn) = Arn::parse(&key.value) else { return };
    let other_partition = arn.partition != home.partition().as_str();
    if arn.region == home.as_str() || anywhere && !other_partition {
        return;
    }
    let named = match arn.resource.starts_with("key/mrk-") {
        true => format!("name this multi-Region key's replica in `{home}`: it has the same id"),
        false => format!("name a key in `{home}`"),
    };
    let help = match other_partition {
        true => named,
        false => format!(
            "{named}, or the trail's bucket, if it exists in `{}`, with `foreign_bucket: true`",
            arn.region
        ),
    };
    let message =
        format!("this key is in `{}`, and the trail's bucket will be in `{home}`", arn.region);
    out.push(
        Diagnostic::error(codes::KMS_KEY, message)
            .at(Some(key.span.clone()))
            .label("CloudTrail takes a key of the bucket's region alone")
            .help(help),
    );
}

/// Where the trail lives: as written, else the first region of a list. Without either it must be
/// written, since no region is right in every partition and the home of a trail cannot be moved.
fn home_region(
    raw: &RawTrail,
    regions: Option<&Regions>,
    out: &mut Vec<Diagnostic>,
) -> Option<Region> {
    let Some(written) = &raw.home_region else {
        return match regions? {
            Regions::List(list) => list.first().cloned(),
            Regions::Enabled { .. } => {
                out.push(
                    Diagnostic::error(codes::MISSING_KEY, "`trail` needs `home_region`")
                        .at(Some(raw.span.clone()))
                        .label("`home_region` is missing here")
                        .help("name the region to make the trail in, such as `us-east-1`; it records all regions from there"),
                );
                None
            }
        };
    };
    let home = region(written, out)?;
    let covered = match regions {
        Some(Regions::List(list)) => list.contains(&home),
        Some(Regions::Enabled { except }) => except.iter().all(|left| left.region != home),
        None => true,
    };
    if !covered {
        out.push(
            Diagnostic::error(
                codes::TRAIL_INVALID,
                format!("the trail's home region `{home}` is not covered by `regions`"),
            )
            .at(Some(written.name.span.clone()))
            .label("events about the trail, such as StopLogging, land here")
            .help("add it to `regions`, or choose a home region that is covered"),
        );
    }
    Some(home)
}
