//! What is said where no trail is seen: who can make one, or why one that should be seen is not.

use super::owner::{Repair, fix, fixed_by, per};
use crate::desired::{Desired, DesiredTrail};
use crate::proof::{FixedBy, Link, LinkCode, LinkObject};
use crate::resource::small_map::SmallMap;
use crate::resource::topic::is_opt_in;
use crate::scope::{Arn, Granularity, Place, of_account};
use crate::snapshot::{Live, LiveTrail, Observed};

/// The link of a member account that does not show the organization's trail that the blueprint
/// keeps; `None` where an apply would make or mend that trail, or no such trail is kept.
///
/// AWS makes the trail in the members some time after that of the management account, and takes
/// it away with the trusted access of CloudTrail, and from an account that leaves.
///
/// Source: <https://docs.aws.amazon.com/awscloudtrail/latest/userguide/creating-trail-organization.html>
pub fn of_organization(desired: &Desired, live: &Live, place: &Place) -> Option<Link> {
    let (home, kept) = kept_for(desired, place)?;
    let arn = home.arn("cloudtrail", &format!("trail/{}", kept.name));
    let trail = match &live.places.get(home)?.trails {
        Observed::Known(trails) => trails.get(&arn)?,
        Observed::Absent => return None,
        Observed::Unreadable(why) => {
            let cause = format!(
                "no trail covers the region; whether the organization's {arn} is there could not be read: {why}"
            );
            let object = LinkObject::Trails(place.clone());
            let (code, person) = (LinkCode::TrailMissing, FixedBy::Person);
            let link = Link::broken(code, place, object, cause, person);
            return Some(link.with_fix(why.remedy_at(home)));
        }
    };
    let here = trail.trail.multi_region || home.region == place.region;
    (trail.trail.organization && here).then(|| not_shown(live, place, &arn, trail))
}

/// Whether the organization's trail that the blueprint keeps is among those that a member shows.
/// So it is where none is kept.
pub fn is_shown(desired: &Desired, place: &Place, trails: &SmallMap<String, LiveTrail>) -> bool {
    kept_for(desired, place).is_none_or(|(home, kept)| {
        trails.contains_key(&home.arn("cloudtrail", &format!("trail/{}", kept.name)))
    })
}

/// The trail that the blueprint keeps for all accounts, as seen from a member: with its home.
fn kept_for<'a>(desired: &'a Desired, place: &Place) -> Option<(&'a Place, &'a DesiredTrail)> {
    let home = desired.trail_home.as_ref().filter(|home| home.account != place.account)?;
    let kept = desired.places.get(home)?.trail.as_ref()?;
    kept.trail.organization.then_some((home, kept))
}

fn not_shown(live: &Live, place: &Place, arn: &str, trail: &LiveTrail) -> Link {
    let home = &trail.home_region;
    let owner = Arn::parse(arn).map_or("its owner", |arn| arn.account);
    let enabled = live.accounts.get(&place.account).map(|account| &account.enabled_regions);
    if is_opt_in(home)
        && let Some(Observed::Known(enabled)) = enabled
        && !enabled.contains(home)
    {
        let cause = format!(
            "no trail covers the region: {arn} is an organization trail that this account does not show, and its home region {home} is not enabled in the account"
        );
        let fix = format!(
            "Enable the region in account {0} (`aws account enable-region --region-name {home}`), have the organization's trail made again in a region that every account has, or keep a trail of the account's own.",
            place.account
        );
        return person(LinkCode::TrailHomeNotEnabled, place, arn, cause, fix);
    }
    let logs = match &trail.status {
        Observed::Known(status) if !status.logging => "is not logging",
        Observed::Known(_) => "logs",
        _ => "is there",
    };
    let cause = format!(
        "no trail covers the region: {arn} is an organization trail and {logs} in account {owner}, and this account does not show it yet"
    );
    person(LinkCode::TrailNotShown, place, arn, cause, wait_for(owner))
}

/// What to do about a member that does not show the trail of account `owner`.
fn wait_for(owner: &str) -> String {
    format!(
        "Nothing to apply: AWS makes the trail in the members some minutes after that of account {owner}, and later in an account that joined lately. Run again. If it stays so, look in account {owner} whether CloudTrail is a trusted service of the organization (`aws organizations list-aws-service-access-for-organization`), whether this account is an active member of it (`aws organizations list-accounts`), and whether the trail is to be made again."
    )
}

fn person(code: LinkCode, place: &Place, arn: &str, cause: String, fix: String) -> Link {
    let object = LinkObject::Trail(arn.to_owned());
    Link::broken(code, place, object, cause, FixedBy::Person)
        .with_fix(fix)
        .one_per(Granularity::Fleet)
}

/// No trail is visible in a place. Mentions one that the account has elsewhere, if any.
pub fn missing(desired: &Desired, live: &Live, place: &Place) -> Link {
    let elsewhere = of_account(&live.places, &place.account);
    let single = elsewhere
        .flat_map(|(other, seen)| {
            let trails = seen.trails.known().into_iter().flatten();
            trails.filter(move |(_, trail)| trail.home_region == other.region)
        })
        .find(|(_, trail)| !trail.trail.multi_region);
    if let Some((arn, trail)) = single {
        let cause = format!("it logs in {} only", trail.home_region);
        let fixed_by = fixed_by(desired, live, arn);
        return Link::broken(
            LinkCode::TrailNotHere,
            place,
            LinkObject::Trail(arn.clone()),
            cause,
            fixed_by,
        )
        .with_fix(fix(desired, live, arn, trail, Repair::MultiRegion))
        .one_per(per(place, arn, trail));
    }
    let covers = |home: &&Place| {
        let trail = desired.places.get(*home).and_then(|here| here.trail.as_ref());
        home.account == place.account || trail.is_some_and(|kept| kept.trail.organization)
    };
    let kept = desired.trail_home.as_ref().filter(covers);
    let (fix, fixed_by) = match kept {
        Some(home) if desired.places.contains_key(home) => {
            ("Run `ctguard apply`.".to_owned(), FixedBy::Apply)
        }
        Some(home) => (
            format!("Run `ctguard apply` for {}, the trail's home, too.", home.region),
            FixedBy::Person,
        ),
        None => (
            "Add `trail:` to the blueprint and apply it, or have a multi-region trail made."
                .to_owned(),
            FixedBy::Person,
        ),
    };
    let object = LinkObject::Trails(place.clone());
    let cause = "no trail covers the region, so no CloudTrail event reaches EventBridge there";
    Link::broken(LinkCode::TrailMissing, place, object, cause, fixed_by).with_fix(fix)
}
