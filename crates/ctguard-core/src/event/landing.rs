//! Where events land: the region whose default bus receives them, per partition.

use crate::scope::{Partition, Region};

/// Regions that record sign-ins through the global endpoint: the first for root and for IAM users
/// without an account-alias cookie, one of the others, by latency, with it.
///
/// Regional sign-in endpoints record in their own region, so every region can hold a sign-in.
///
/// Source: <https://docs.aws.amazon.com/awscloudtrail/latest/userguide/cloudtrail-event-reference-aws-console-sign-in-events.html>
pub const GLOBAL_SIGN_IN_REGIONS: [&str; 4] =
    ["us-east-1", "us-east-2", "eu-north-1", "ap-southeast-2"];

/// The one region that records root's sign-ins, in the `aws` partition.
///
/// Source: the page of [`GLOBAL_SIGN_IN_REGIONS`].
pub const ROOT_SIGN_IN_REGION: &str = "us-east-1";

/// Where a service's events land.
///
/// Source: <https://docs.aws.amazon.com/awscloudtrail/latest/userguide/cloudtrail-concepts.html>
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Landing {
    /// In the region of the call.
    CallRegion,
    /// In this region of the `aws` partition, and in the matching leader region of others.
    Only(&'static str),
    /// In the partition's leader region: as `Only("us-east-1")`, but in China in Beijing, not Ningxia.
    Leader,
    /// STS: in the region of the endpoint that was called.
    Endpoint,
    /// Sign-in: in any region with a sign-in endpoint.
    SignIn,
}

impl Landing {
    /// Reads the region column of the catalogue.
    pub(crate) fn read(source: &str, column: &'static str) -> Self {
        match column {
            "endpoint" => Self::Endpoint,
            "signin" => Self::SignIn,
            "us-east-1" if BEIJING.contains(&source) => Self::Leader,
            "-" => Self::CallRegion,
            region => Self::Only(region),
        }
    }

    /// The one region of a partition in which events land; `None` when it is not one region, or when
    /// the service is not offered there.
    pub fn region_in(&self, partition: Partition) -> Option<&'static str> {
        match self {
            Self::CallRegion | Self::Endpoint | Self::SignIn => None,
            Self::Leader => leader(partition, "cn-north-1"),
            Self::Only("us-west-2") => match partition {
                Partition::Aws => Some("us-west-2"),
                Partition::AwsUsGov => Some("us-gov-west-1"),
                _ => None,
            },
            Self::Only(region) if partition == Partition::Aws => Some(region),
            Self::Only(_) => leader(partition, "cn-northwest-1"),
        }
    }

    /// Whether an event can land in this region.
    pub fn lands_in(&self, region: &Region) -> bool {
        match self {
            // Which regions have sign-in endpoints grows with the regions: each one counts.
            Self::CallRegion | Self::Endpoint | Self::SignIn => true,
            Self::Only(_) | Self::Leader => {
                self.region_in(region.partition()) == Some(region.as_str())
            }
        }
    }
}

/// Sources whose global endpoint is in Beijing in the `aws-cn` partition; all others are in Ningxia.
///
/// Source: the partition endpoints in <https://github.com/boto/botocore/blob/develop/botocore/data/endpoints.json>
const BEIJING: [&str; 2] = ["iam.amazonaws.com", "support.amazonaws.com"];

/// Where the global services of a partition sign, and so record, their calls.
///
/// Source: the partition endpoints in <https://github.com/boto/botocore/blob/develop/botocore/data/endpoints.json>
fn leader(partition: Partition, china: &'static str) -> Option<&'static str> {
    Some(match partition {
        Partition::Aws => "us-east-1",
        Partition::AwsCn => china,
        Partition::AwsUsGov => "us-gov-west-1",
        Partition::AwsIso => "us-iso-east-1",
        Partition::AwsIsoB => "us-isob-east-1",
        Partition::AwsIsoE => "eu-isoe-west-1",
        Partition::AwsIsoF => "us-isof-south-1",
        Partition::AwsEusc => "eusc-de-east-1",
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::catalogue::find;

    fn lands(source: &str, name: &str, region: &str) -> bool {
        let event = find(&format!("{source}.amazonaws.com"), name).unwrap();
        event.landing.lands_in(&Region::new(region).unwrap())
    }

    #[test]
    fn global_services_land_in_one_region_of_each_partition() {
        for (source, name, yes, no) in [
            ("iam", "CreateUser", "us-east-1", "eu-west-1"),
            ("iam", "CreateUser", "us-gov-west-1", "us-gov-east-1"),
            ("iam", "CreateUser", "cn-north-1", "cn-northwest-1"),
            ("iam", "CreateUser", "us-isob-east-1", "us-iso-west-1"),
            ("organizations", "LeaveOrganization", "us-east-1", "us-west-2"),
            ("organizations", "LeaveOrganization", "cn-northwest-1", "cn-north-1"),
            ("route53", "CreateHostedZone", "cn-northwest-1", "cn-north-1"),
            ("networkmanager", "CreateDevice", "us-west-2", "us-east-1"),
            ("networkmanager", "CreateDevice", "us-gov-west-1", "us-gov-east-1"),
        ] {
            assert!(lands(source, name, yes), "{source} in {yes}");
            assert!(!lands(source, name, no), "{source} not in {no}");
        }
    }

    #[test]
    fn a_service_that_a_partition_lacks_lands_nowhere_there() {
        assert!(!lands("networkmanager", "CreateDevice", "cn-north-1"));
        assert!(!lands("networkmanager", "CreateDevice", "cn-northwest-1"));
    }

    #[test]
    fn regional_calls_and_sign_ins_can_land_in_every_region() {
        for region in ["us-east-1", "ap-southeast-7", "us-gov-east-1", "cn-north-1"] {
            assert!(lands("ec2", "CreateRoute", region), "{region}");
            assert!(lands("signin", "ConsoleLogin", region), "{region}");
            assert!(lands("sts", "AssumeRole", region), "{region}");
        }
    }
}
