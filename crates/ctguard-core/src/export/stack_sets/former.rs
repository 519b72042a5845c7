//! What a folder deployed before and does not any longer.

use super::{Engine, FORMAT_VERSION, RollOut};
use crate::scope::{AccountId, Region};
use std::collections::{BTreeMap, BTreeSet};

/// Reads what `stacks.json` says.
///
/// # Errors
/// When it is no such file, or one of another version.
pub fn read(text: &str) -> Result<RollOut, String> {
    let read: RollOut = serde_json::from_str(text).map_err(|error| error.to_string())?;
    match read.format_version {
        FORMAT_VERSION => Ok(read),
        other => Err(format!("its format is {other}, and this program writes {FORMAT_VERSION}")),
    }
}

/// Where a stack is.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
enum Where {
    /// The account of the script's own credentials.
    Own,
    /// Every account of the units.
    Units,
    Account(AccountId),
}

/// The regions of each place.
type Places<'a> = BTreeMap<Where, BTreeSet<&'a Region>>;

/// The places of each stack, by its name.
type Stacks<'a> = BTreeMap<&'a str, Places<'a>>;

/// The stacks of before that are no longer deployed: what each is called, and where it is. Scripts
/// remove none of them.
pub fn left_behind(before: &RollOut, now: &RollOut) -> Vec<String> {
    let (all, kept) = (stacks(before), stacks(now));
    let nothing = Places::new();
    let mut left = Vec::new();
    for (name, places) in &all {
        let kept = kept.get(name).unwrap_or(&nothing);
        let (excepted_before, excepted) = (excepted(before, name), excepted(now, name));
        let stays = |place: &Where, region: &Region| {
            let there = |place: &Where| kept.get(place).is_some_and(|all| all.contains(region));
            let taken_over = match place {
                Where::Account(account) => there(&Where::Units) && !excepted.contains(account),
                _ => false,
            };
            there(place) || taken_over
        };
        for (place, regions) in places {
            let gone = regions.iter().copied().filter(|region| !stays(place, region));
            tell(name, place, &gone.collect(), &mut left);
        }
        // What the units had before they were taken without an account.
        let Some(regions) = places.get(&Where::Units) else { continue };
        for account in excepted.difference(&excepted_before) {
            let place = Where::Account((*account).clone());
            let here = kept.get(&Where::Units).into_iter().flatten().copied();
            let gone = here.filter(|region| regions.contains(region) && !stays(&place, region));
            tell(name, &place, &gone.collect(), &mut left);
        }
    }
    left.extend(units_left(before, now));
    left
}

/// The classes that take another number of templates than before: some of their rules move from one stack to another.
pub fn shared_out_anew(before: &RollOut, now: &RollOut) -> Vec<String> {
    let (then, now) = (parts(before), parts(now));
    let both =
        then.iter().filter_map(|(class, then)| Some((class, then.len(), now.get(class)?.len())));
    both.filter(|(_, then, now)| then != now)
        .map(|(class, then, now)| format!("{class} ({then} before, {now} now)"))
        .collect()
}

/// The templates of each class.
fn parts(roll_out: &RollOut) -> BTreeMap<&str, BTreeSet<&str>> {
    let mut all: BTreeMap<&str, BTreeSet<&str>> = BTreeMap::new();
    for set in &roll_out.stacks {
        all.entry(set.class.as_str()).or_default().insert(set.template.as_str());
    }
    all
}

/// The accounts that a StackSet takes its units without.
fn excepted<'a>(roll_out: &'a RollOut, name: &str) -> BTreeSet<&'a AccountId> {
    let sets = roll_out.stacks.iter().filter(|set| set.name == name);
    sets.flat_map(|set| &set.instances).flat_map(|one| &one.except).collect()
}

/// Units that are covered no longer.
fn units_left(before: &RollOut, now: &RollOut) -> Option<String> {
    let (before, now) = (&before.organization.as_ref()?.units, &now.organization.as_ref()?.units);
    if before.is_empty() && !now.is_empty() {
        let now: Vec<&str> = now.iter().map(String::as_str).collect();
        return Some(format!("every stack of the accounts outside of {}", now.join(", ")));
    }
    let gone: Vec<&str> = before.difference(now).map(String::as_str).collect();
    (!now.is_empty() && !gone.is_empty())
        .then(|| format!("every stack of the accounts of {}", gone.join(", ")))
}

fn stacks(roll_out: &RollOut) -> Stacks<'_> {
    let mut all = Stacks::new();
    for set in &roll_out.stacks {
        let places = all.entry(set.name.as_str()).or_default();
        for one in &set.instances {
            let accounts: Vec<Where> = match one.by {
                Engine::OwnStack => vec![Where::Own],
                Engine::StackSet if one.accounts.is_empty() => vec![Where::Units],
                _ => one.accounts.iter().cloned().map(Where::Account).collect(),
            };
            for account in accounts {
                places.entry(account).or_default().extend(&one.regions);
            }
        }
    }
    all
}

fn tell(name: &str, place: &Where, regions: &BTreeSet<&Region>, left: &mut Vec<String>) {
    if regions.is_empty() {
        return;
    }
    let regions: Vec<&str> = regions.iter().map(|region| region.as_str()).collect();
    let place = match place {
        Where::Own => String::new(),
        Where::Units => " of every account of the units".to_owned(),
        Where::Account(account) => format!(" of {account}"),
    };
    left.push(format!("`{name}`{place} in {}", regions.join(", ")));
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    /// Its name, who makes it, the accounts, those that are left out, and the regions.
    type Row<'a> = (&'a str, &'a str, &'a [&'a str], &'a [&'a str], &'a [&'a str]);

    fn roll_out(stacks: &[Row<'_>]) -> RollOut {
        let stacks: Vec<_> = stacks
            .iter()
            .map(|(name, by, accounts, except, regions)| {
                json!({ "name": name, "class": name, "template": "t", "bytes": 1, "resources": 1, "parameters": [],
                    "makes_roles": false, "auto_deployment": true, "instances": [
                        { "by": by, "accounts": accounts, "except": except, "regions": regions }] })
            })
            .collect();
        let all = json!({ "format_version": 1, "blueprint": "acme", "home_region": "us-east-1", "stacks": stacks, "notes": [] });
        read(&all.to_string()).unwrap()
    }

    const ONE: &str = "111122223333";
    const TWO: &str = "444455556666";

    #[test]
    fn what_stays_is_not_told_and_what_goes_is_told_with_its_place() {
        let all = ["us-east-1", "eu-west-1"];
        let units = ("set", "stack-set", &[][..], &[][..], &all[..]);
        let plain = ("own", "own-stack", &[][..], &[][..], &all[..]);
        let listed = ("set", "stack", &[ONE, TWO][..], &[][..], &all[..1]);
        let before = roll_out(&[units, plain, listed]);
        assert_eq!(left_behind(&before, &before), [""; 0]);
        let less = ("set", "stack-set", &[][..], &[][..], &all[..1]);
        assert_eq!(
            left_behind(&before, &roll_out(&[less, plain, listed])),
            ["`set` of every account of the units in eu-west-1"]
        );
        let alone = ("set", "stack", &[ONE][..], &[][..], &all[..1]);
        assert_eq!(
            left_behind(&roll_out(&[listed]), &roll_out(&[alone])),
            [format!("`set` of {TWO} in us-east-1")]
        );
        assert_eq!(
            left_behind(&roll_out(&[plain]), &roll_out(&[])),
            ["`own` in eu-west-1, us-east-1"]
        );
    }

    #[test]
    fn an_account_that_the_units_take_over_stays_unless_they_leave_it_out() {
        let region = &["us-east-1"][..];
        let listed = ("set", "stack-set", &[ONE][..], &[][..], region);
        let units = ("set", "stack-set", &[][..], &[][..], region);
        assert_eq!(left_behind(&roll_out(&[listed]), &roll_out(&[units])), [""; 0]);
        let but = ("set", "stack-set", &[][..], &[ONE][..], region);
        assert_eq!(
            left_behind(&roll_out(&[listed]), &roll_out(&[but])),
            [format!("`set` of {ONE} in us-east-1")]
        );
    }

    #[test]
    fn an_account_and_a_unit_that_are_left_out_are_told() {
        let region = &["us-east-1"][..];
        let all = ("set", "stack-set", &[][..], &[][..], region);
        let but = ("set", "stack-set", &[][..], &[ONE][..], region);
        let told = [format!("`set` of {ONE} in us-east-1")];
        assert_eq!(left_behind(&roll_out(&[all]), &roll_out(&[but])), told);
        assert_eq!(left_behind(&roll_out(&[but]), &roll_out(&[but])), [""; 0]);
        // Where it has its own instance of the same StackSet, nothing is left.
        let own = ("set", "stack-set", &[ONE][..], &[][..], region);
        assert_eq!(left_behind(&roll_out(&[all]), &roll_out(&[but, own])), [""; 0]);
        let of = |units: &[&str]| {
            let mut all = roll_out(&[all]);
            all.organization = serde_json::from_value(
                json!({ "id": "o-aaaaaaaaaa", "management": TWO, "units": units }),
            )
            .ok();
            all
        };
        assert_eq!(
            left_behind(&of(&["ou-a", "ou-b"]), &of(&["ou-b"])),
            ["every stack of the accounts of ou-a"]
        );
        assert_eq!(
            left_behind(&of(&[]), &of(&["ou-b"])),
            ["every stack of the accounts outside of ou-b"]
        );
        assert_eq!(left_behind(&of(&["ou-a"]), &of(&[])), [""; 0]);
    }

    #[test]
    fn a_class_that_takes_more_templates_is_told() {
        let one = ("hub", "own-stack", &[][..], &[][..], &["us-east-1"][..]);
        let mut two = roll_out(&[one, one]);
        two.stacks[1].template = "t2".to_owned();
        assert_eq!(shared_out_anew(&roll_out(&[one]), &two), ["hub (1 before, 2 now)"]);
        assert_eq!(shared_out_anew(&two, &two), [""; 0]);
    }

    #[test]
    fn a_file_of_another_form_is_refused() {
        assert!(read("{}").is_err());
        let later = json!({ "format_version": 2, "blueprint": "a", "home_region": "us-east-1", "stacks": [], "notes": [] });
        assert!(read(&later.to_string()).unwrap_err().contains("format is 2"));
    }
}
