//! The regions that AWS has, from the catalogue's table.
//!
//! Source: botocore's `partitions.json` and `endpoints.json`; `catalogue/build_regions.py` writes
//! the table.

use super::suggest::nearest;
use crate::scope::Region;

/// The table, as it stands in the catalogue.
const TABLE: &str = include_str!(concat!(env!("OUT_DIR"), "/regions.tsv"));

/// Whether the catalogue has a region of this name.
pub fn is_region(region: &Region) -> bool {
    rows().any(|(name, _)| name == region.as_str())
}

/// What may have been meant by a name that is not known: the help for people.
pub fn suggest_region(region: &Region) -> Option<String> {
    let area = |name: &str| name.split('-').next().map(str::to_owned);
    let parts = |name: &str| name.split('-').count();
    // A slip is rarely in the area, and rarely one part too many or too few: whoever writes `us-…`
    // means one in the United States, and whoever writes three parts none of GovCloud's.
    let wanted = (area(region.as_str()), parts(region.as_str()));
    let near =
        |of: &dyn Fn(&str) -> bool| nearest(region.as_str(), regions().filter(|name| of(name)));
    let alike = near(&|name| (area(name), parts(name)) == wanted);
    let near = match alike.is_empty() {
        true => near(&|name| parts(name) == wanted.1),
        false => alike,
    };
    let near = match near.is_empty() {
        true => nearest(region.as_str(), regions()),
        false => near,
    };
    let quoted: Vec<String> = near.iter().map(|name| format!("`{name}`")).collect();
    (!quoted.is_empty()).then(|| format!("did you mean {}?", quoted.join(" or ")))
}

/// The name of each region.
pub fn regions() -> impl Iterator<Item = &'static str> {
    rows().map(|(name, _)| name)
}

/// Each region with its partition.
fn rows() -> impl Iterator<Item = (&'static str, &'static str)> {
    TABLE.lines().skip(1).filter_map(|line| line.split_once('\t'))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_row_is_a_region_of_the_partition_that_its_name_tells() {
        assert!(rows().count() > 40);
        for (name, partition) in rows() {
            let region = Region::new(name).expect(name);
            assert_eq!(region.partition().as_str(), partition, "{name}");
        }
    }

    #[test]
    fn the_newest_regions_of_every_partition_are_known() {
        for name in [
            "mx-central-1",
            "ap-southeast-7",
            "ap-east-2",
            "eusc-de-east-1",
            "us-isob-west-1",
            "us-isof-south-1",
            "eu-isoe-west-1",
            "cn-northwest-1",
            "us-gov-east-1",
        ] {
            assert!(Region::new(name).is_some_and(|region| is_region(&region)), "{name}");
        }
    }

    #[test]
    fn regions_of_the_same_area_are_meant() {
        let help = |typed: &str| suggest_region(&Region::new(typed).expect(typed));
        for typed in ["us-east-3", "us-est-1"] {
            let help = help(typed).expect(typed);
            assert!(help.starts_with("did you mean `us-east-1`"), "{help}");
            assert!(!help.contains("ap-"), "{help}");
        }
    }

    #[test]
    fn what_is_meant_has_as_many_parts() {
        let help = |typed: &str| suggest_region(&Region::new(typed).expect(typed));
        let told = help("us-northeast-1").expect("a suggestion");
        assert!(told.contains("`ap-northeast-1`") && !told.contains("gov"), "{told}");
        let told = help("us-gov-est-1").expect("a suggestion");
        assert!(told.contains("`us-gov-east-1`"), "{told}");
    }

    #[test]
    fn a_slip_is_recognised() {
        for (typed, meant) in [("eu-wst-1", "eu-west-1"), ("ap-est-1", "ap-east-1")] {
            let region = Region::new(typed).expect(typed);
            assert!(!is_region(&region));
            assert!(suggest_region(&region).is_some_and(|help| help.contains(meant)), "{typed}");
        }
    }
}
