//! What a folder deployed before and does not any longer.

use super::{Engine, FORMAT_VERSION, Instances, RollOut};
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

/// A stack by who made it, and where: what makes a name twice is two stacks.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
enum Stack<'a> {
    /// Of the account of the script's own credentials, which may be one of these, whose stacks the folder deploys.
    Own(BTreeSet<&'a AccountId>),
    /// Of the script, in an account; the flag: the folder deploys it in the account of the credentials, which this may be.
    Plain(&'a AccountId, bool),
    /// Of a StackSet, in every account of the units but these.
    Units(BTreeSet<&'a AccountId>),
    /// Of a StackSet, in an account.
    Instance(&'a AccountId),
}

/// The stacks of before that are no longer deployed: what each is called, and where it is. Scripts
/// remove none of them.
pub fn left_behind(before: &RollOut, now: &RollOut) -> Vec<String> {
    let names: BTreeSet<&str> = before.stacks.iter().map(|set| set.name.as_str()).collect();
    let sets_stay = keeps_stack_sets(before, now);
    let mut left = Vec::new();
    for name in names {
        let then = Rows::of(before, name);
        let all = Rows::of(now, name);
        // What another home region or another organization has is another StackSet.
        let kept = if sets_stay { all.clone() } else { all.plain() };
        let mut gone: BTreeMap<Stack<'_>, BTreeSet<&Region>> = BTreeMap::new();
        for region in then.regions() {
            for stack in then.left(&kept, region) {
                gone.entry(stack).or_default().insert(region);
            }
        }
        let from = (!sets_stay).then_some(before);
        left.extend(
            gone.iter().map(|(stack, regions)| stack.to_words(name, regions, kept.has_set(), from)),
        );
    }
    left.extend(units_left(before, now));
    left
}

/// Whether a StackSet of the same name is the same: of one home region, in one organization.
fn keeps_stack_sets(before: &RollOut, now: &RollOut) -> bool {
    let of = |roll_out: &RollOut| roll_out.organization.as_ref().map(|target| target.id.clone());
    before.home_region == now.home_region && of(before) == of(now)
}

/// Where the stacks of a name are.
#[derive(Clone)]
struct Rows<'a> {
    all: Vec<&'a Instances>,
    /// In which StackSets deploy nothing.
    management: Option<&'a AccountId>,
}

impl<'a> Rows<'a> {
    fn of(roll_out: &'a RollOut, name: &str) -> Self {
        let sets = roll_out.stacks.iter().filter(|set| set.name == name);
        Self {
            all: sets.flat_map(|set| &set.instances).collect(),
            management: roll_out.organization.as_ref().map(|target| &target.management),
        }
    }

    /// Those of no StackSet.
    fn plain(&self) -> Self {
        let mut plain = self.clone();
        plain.all.retain(|one| one.by != Engine::StackSet);
        plain
    }

    fn has_set(&self) -> bool {
        self.all.iter().any(|one| one.by == Engine::StackSet)
    }

    fn regions(&self) -> BTreeSet<&'a Region> {
        self.all.iter().flat_map(|one| &one.regions).collect()
    }

    fn by(&self, engine: Engine, region: &Region) -> impl Iterator<Item = &'a Instances> {
        let here = |one: &&Instances| one.by == engine && one.regions.contains(region);
        self.all.iter().copied().filter(here).collect::<Vec<_>>().into_iter()
    }

    /// Whether a StackSet deploys in the accounts of the units that nobody names.
    fn in_units(&self, region: &Region) -> bool {
        self.by(Engine::StackSet, region).any(|one| one.accounts.is_empty())
    }

    /// Whether a StackSet deploys in an account.
    fn in_set(&self, account: &AccountId, region: &Region) -> bool {
        let of_it = |one: &Instances| match one.accounts.is_empty() {
            true => !one.except.contains(account),
            false => one.accounts.contains(account),
        };
        self.management != Some(account) && self.by(Engine::StackSet, region).any(of_it)
    }

    /// The accounts that a StackSet of the region names, or leaves out.
    fn named(&self, region: &Region) -> BTreeSet<&'a AccountId> {
        let rows = self.by(Engine::StackSet, region);
        rows.flat_map(|one| one.accounts.iter().chain(&one.except)).collect()
    }

    /// The accounts in which the script itself makes stacks.
    fn plain_in(&self, region: &Region) -> BTreeSet<&'a AccountId> {
        self.by(Engine::Stack, region).flat_map(|one| &one.accounts).collect()
    }

    fn own_in(&self, region: &Region) -> bool {
        self.by(Engine::OwnStack, region).next().is_some()
    }

    /// What is in a region and is kept no longer.
    fn left(&self, kept: &Self, region: &Region) -> Vec<Stack<'a>> {
        let mut left = Vec::new();
        let (then, now) = (self.plain_in(region), kept.plain_in(region));
        if self.own_in(region) && !kept.own_in(region) {
            left.push(Stack::Own(now.clone()));
        }
        let own = kept.own_in(region);
        left.extend(then.difference(&now).map(|account| Stack::Plain(account, own)));
        let named: BTreeSet<&AccountId> = &self.named(region) | &kept.named(region);
        let units_go = self.in_units(region) && !kept.in_units(region);
        if units_go {
            let but = named.iter().copied();
            let but = but.filter(|id| kept.in_set(id, region) || !self.in_set(id, region));
            left.push(Stack::Units(but.filter(|id| self.management != Some(*id)).collect()));
        }
        let told = |id: &AccountId| units_go && !self.alone_in_set(id, region);
        let gone =
            named.into_iter().filter(|id| self.in_set(id, region) && !kept.in_set(id, region));
        left.extend(gone.filter(|id| !told(id)).map(Stack::Instance));
        left
    }

    /// Whether a StackSet deploys in an account because it names it.
    fn alone_in_set(&self, account: &AccountId, region: &Region) -> bool {
        self.by(Engine::StackSet, region).any(|one| one.accounts.contains(account))
    }
}

impl Stack<'_> {
    /// What it is called and where it is. `set_stays`: the StackSet itself does; `from`: where its StackSet is, when that
    /// is elsewhere.
    fn to_words(
        &self,
        name: &str,
        regions: &BTreeSet<&Region>,
        set_stays: bool,
        from: Option<&RollOut>,
    ) -> String {
        let regions: Vec<&str> = regions.iter().map(|region| region.as_str()).collect();
        let regions = regions.join(", ");
        let set = match set_stays {
            true => format!("the instances of the StackSet `{name}`"),
            false => format!("the StackSet `{name}` with its instances"),
        };
        let made = from.map_or_else(String::new, |from| {
            let of = from.organization.as_ref().map_or("", |target| target.id.as_str());
            format!(" (made in {}, of {of})", from.home_region)
        });
        match self {
            Self::Own(others) if others.is_empty() => format!("the stack `{name}` in {regions}"),
            Self::Own(others) => format!(
                "the stack `{name}` of the account of the credentials in {regions}, unless that is {}",
                ids(others)
            ),
            Self::Plain(account, false) => format!("the stack `{name}` of {account} in {regions}"),
            Self::Plain(account, true) => format!(
                "the stack `{name}` of {account} in {regions}, unless that is the account of the credentials"
            ),
            Self::Units(but) if but.is_empty() => {
                format!("{set} of every account of the units in {regions}{made}")
            }
            Self::Units(but) => {
                format!("{set} of every account of the units but {} in {regions}{made}", ids(but))
            }
            Self::Instance(account) => format!("{set} of {account} in {regions}{made}"),
        }
    }
}

fn ids(accounts: &BTreeSet<&AccountId>) -> String {
    let ids: Vec<&str> = accounts.iter().map(|id| id.as_str()).collect();
    ids.join(", ")
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

/// Units that are covered no longer.
fn units_left(before: &RollOut, now: &RollOut) -> Option<String> {
    if !keeps_stack_sets(before, now) {
        // Each is told by itself.
        return None;
    }
    let (before, now) = (&before.organization.as_ref()?.units, &now.organization.as_ref()?.units);
    if before.is_empty() && !now.is_empty() {
        let now: Vec<&str> = now.iter().map(String::as_str).collect();
        return Some(format!("every stack of the accounts outside of {}", now.join(", ")));
    }
    let gone: Vec<&str> = before.difference(now).map(String::as_str).collect();
    (!now.is_empty() && !gone.is_empty())
        .then(|| format!("every stack of the accounts of {}", gone.join(", ")))
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
            ["the instances of the StackSet `set` of every account of the units in eu-west-1"]
        );
        let alone = ("set", "stack", &[ONE][..], &[][..], &all[..1]);
        assert_eq!(
            left_behind(&roll_out(&[listed]), &roll_out(&[alone])),
            [format!("the stack `set` of {TWO} in us-east-1")]
        );
        assert_eq!(
            left_behind(&roll_out(&[plain]), &roll_out(&[])),
            ["the stack `own` in eu-west-1, us-east-1"]
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
            [format!("the instances of the StackSet `set` of {ONE} in us-east-1")]
        );
    }

    /// The same name in the same place is another stack where somebody else makes it.
    #[test]
    fn what_another_engine_deploys_is_told() {
        let region = &["us-east-1"][..];
        let plain = ("set", "stack", &[ONE][..], &[][..], region);
        let instance = ("set", "stack-set", &[ONE][..], &[][..], region);
        let units = ("set", "stack-set", &[][..], &[][..], region);
        let stack = format!("the stack `set` of {ONE} in us-east-1");
        for now in [instance, units] {
            assert_eq!(left_behind(&roll_out(&[plain]), &roll_out(&[now])), [stack.as_str()]);
        }
        let set = |of: &str| format!("the StackSet `set` with its instances of {of} in us-east-1");
        assert_eq!(left_behind(&roll_out(&[instance]), &roll_out(&[plain])), [set(ONE)]);
        assert_eq!(
            left_behind(&roll_out(&[units]), &roll_out(&[plain])),
            [set("every account of the units")]
        );
        // The account of the credentials may be one that is listed now, or was.
        let own = ("set", "own-stack", &[][..], &[][..], region);
        assert_eq!(
            left_behind(&roll_out(&[own]), &roll_out(&[plain])),
            [format!(
                "the stack `set` of the account of the credentials in us-east-1, unless that is {ONE}"
            )]
        );
        assert_eq!(
            left_behind(&roll_out(&[plain]), &roll_out(&[own])),
            [format!("{stack}, unless that is the account of the credentials")]
        );
    }

    #[test]
    fn what_never_was_there_is_not_told() {
        let all = ["us-east-1", "eu-west-1"];
        let of = |rows: &[Row<'_>], id: &str, home: &str| {
            let mut all = roll_out(rows);
            let target = json!({ "id": id, "management": TWO, "units": [] });
            all.organization = serde_json::from_value(target).ok();
            all.home_region = Region::new(home).unwrap();
            all
        };
        // StackSets deploy nothing in the management account.
        let units = ("set", "stack-set", &[][..], &[][..], &all[..]);
        let but = ("set", "stack-set", &[][..], &[TWO][..], &all[..]);
        let home = "us-east-1";
        let nothing = left_behind(&of(&[units], "o-a", home), &of(&[but], "o-a", home));
        assert_eq!(nothing, [""; 0]);
        // An account is left out where it is left out, and nowhere else.
        let here = ("set", "stack-set", &[][..], &[ONE][..], &all[..1]);
        let there = ("set", "stack-set", &[][..], &[][..], &all[1..]);
        assert_eq!(
            left_behind(&of(&[units], "o-a", home), &of(&[here, there], "o-a", home)),
            [format!("the instances of the StackSet `set` of {ONE} in us-east-1")]
        );
        let none = ("set", "stack-set", &[ONE][..], &[][..], &all[..]);
        let left = left_behind(&of(&[here, there], "o-a", home), &of(&[none], "o-a", home));
        assert_eq!(
            left,
            [format!(
                "the instances of the StackSet `set` of every account of the units but {ONE} in eu-west-1, us-east-1"
            )]
        );
        // Of another organization, or another home, it is another StackSet.
        for (id, home, made) in [("o-b", "us-east-1", "o-a"), ("o-a", "eu-west-1", "o-a")] {
            assert_eq!(
                left_behind(&of(&[units], "o-a", "us-east-1"), &of(&[units], id, home)),
                [format!(
                    "the StackSet `set` with its instances of every account of the units in eu-west-1, us-east-1 (made in us-east-1, of {made})"
                )]
            );
        }
    }

    #[test]
    fn an_account_and_a_unit_that_are_left_out_are_told() {
        let region = &["us-east-1"][..];
        let all = ("set", "stack-set", &[][..], &[][..], region);
        let but = ("set", "stack-set", &[][..], &[ONE][..], region);
        let told = [format!("the instances of the StackSet `set` of {ONE} in us-east-1")];
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
