//! The regions that AWS has, from the catalogue's table.
//!
//! Source: botocore's `partitions.json` and `endpoints.json`; `catalogue/build_regions.py` writes
//! the table.

/// The table, as it stands in the catalogue.
const TABLE: &str = include_str!("../../../../catalogue/regions.tsv");

/// Each region with its partition.
pub(super) fn rows() -> impl Iterator<Item = (&'static str, &'static str)> {
    TABLE.lines().skip(1).filter_map(|line| line.split_once('\t'))
}

#[cfg(test)]
mod tests {
    use super::super::Region;
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
            assert!(Region::new(name).is_some_and(|region| region.is_known()), "{name}");
        }
    }

    #[test]
    fn a_slip_is_recognised() {
        for (typed, meant) in [("eu-wst-1", "eu-west-1"), ("ap-est-1", "ap-east-1")] {
            let region = Region::new(typed).expect(typed);
            assert!(!region.is_known());
            assert!(region.suggestion().is_some_and(|help| help.contains(meant)), "{typed}");
        }
    }
}
