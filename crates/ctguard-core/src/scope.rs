//! Accounts, regions, partitions, and the places that a blueprint covers.
//!
//! A [`Place`] is one account in one region: the unit in which AWS keeps rules,
//! topics and queues, and so the unit in which ctguard observes, compares and proves.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::fmt;
use std::sync::Arc;

/// A 12-digit AWS account id. Leading zeros count, so it is text, never a number; copies share it, since a fleet
/// names each of its accounts in many thousands of places.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
#[derive(JsonSchema)]
#[schemars(extend("pattern" = "^[0-9]{12}$"))]
pub struct AccountId(Arc<str>);

impl AccountId {
    /// Reads an account id; `None` unless it is exactly twelve digits.
    pub fn new(text: &str) -> Option<Self> {
        (text.len() == 12 && text.bytes().all(|byte| byte.is_ascii_digit()))
            .then(|| Self(text.into()))
    }

    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl TryFrom<String> for AccountId {
    type Error = String;
    fn try_from(text: String) -> Result<Self, String> {
        Self::new(&text).ok_or_else(|| format!("`{text}` is not a 12-digit account id"))
    }
}

impl From<AccountId> for String {
    fn from(id: AccountId) -> Self {
        id.0.as_ref().to_owned()
    }
}

impl fmt::Display for AccountId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// A region name such as `eu-west-1`, or `global` in the address of an IAM or S3 resource.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
#[derive(JsonSchema)]
#[schemars(extend("pattern" = "^(global|[a-z]+(-[a-z]+)+-[0-9]{1,2})$"))]
pub struct Region(Arc<str>);

impl Region {
    /// Reads a region name; `None` unless it looks like one (`eu-west-1`).
    ///
    /// Regions appear faster than programs are updated, so the shape is checked, not a list: what
    /// AWS answers is never refused. What people type is held against the catalogue's list.
    pub fn new(text: &str) -> Option<Self> {
        let parts: Vec<&str> = text.split('-').collect();
        let word = |part: &&str| !part.is_empty() && part.bytes().all(|b| b.is_ascii_lowercase());
        let (last, words) = parts.split_last()?;
        let number =
            !last.is_empty() && last.len() <= 2 && last.bytes().all(|b| b.is_ascii_digit());
        (words.len() >= 2 && words.iter().all(word) && number).then(|| Self(text.into()))
    }

    /// The region part of the address of a resource that has none.
    pub fn global() -> Self {
        Self("global".into())
    }

    /// Whether it stands for no region.
    pub fn is_global(&self) -> bool {
        &*self.0 == "global"
    }

    pub fn as_str(&self) -> &str {
        &self.0
    }

    pub fn partition(&self) -> Partition {
        Partition::of(self)
    }
}

impl TryFrom<String> for Region {
    type Error = String;
    fn try_from(text: String) -> Result<Self, String> {
        if text == "global" {
            return Ok(Self::global());
        }
        Self::new(&text).ok_or_else(|| format!("`{text}` is not a region name"))
    }
}

impl From<Region> for String {
    fn from(region: Region) -> Self {
        region.0.as_ref().to_owned()
    }
}

impl fmt::Display for Region {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// A set of regions with its own accounts, ARN prefix and global-service regions.
///
/// Source: <https://docs.aws.amazon.com/whitepapers/latest/aws-fault-isolation-boundaries/partitions.html>
#[derive(
    Debug,
    Clone,
    Copy,
    PartialEq,
    Eq,
    PartialOrd,
    Ord,
    Hash,
    strum::IntoStaticStr,
    strum::EnumString,
)]
#[strum(serialize_all = "kebab-case")]
pub enum Partition {
    Aws,
    AwsCn,
    AwsUsGov,
    AwsIso,
    AwsIsoB,
    AwsIsoE,
    AwsIsoF,
    AwsEusc,
}

impl Partition {
    /// The partition that a region belongs to, known from its prefix.
    pub fn of(region: &Region) -> Self {
        let name = region.as_str();
        match () {
            () if name.starts_with("cn-") => Self::AwsCn,
            () if name.starts_with("us-gov-") => Self::AwsUsGov,
            () if name.starts_with("us-isob-") => Self::AwsIsoB,
            () if name.starts_with("us-isof-") => Self::AwsIsoF,
            () if name.starts_with("us-iso-") => Self::AwsIso,
            () if name.starts_with("eu-isoe-") => Self::AwsIsoE,
            () if name.starts_with("eusc-") => Self::AwsEusc,
            () => Self::Aws,
        }
    }

    /// The partition of this name, as ARNs have it.
    pub fn named(name: &str) -> Option<Self> {
        name.parse().ok()
    }

    /// What the names of its endpoints end with.
    ///
    /// Source: <https://docs.aws.amazon.com/whitepapers/latest/aws-fault-isolation-boundaries/partitions.html>
    pub fn dns_suffix(self) -> &'static str {
        match self {
            Self::AwsCn => "amazonaws.com.cn",
            Self::AwsIso => "c2s.ic.gov",
            Self::AwsIsoB => "sc2s.sgov.gov",
            Self::AwsIsoE => "cloud.adc-e.uk",
            Self::AwsIsoF => "csp.hci.ic.gov",
            Self::AwsEusc => "amazonaws.eu",
            Self::Aws | Self::AwsUsGov => "amazonaws.com",
        }
    }

    /// The regions that a new account has enabled.
    ///
    /// Source: <https://docs.aws.amazon.com/accounts/latest/reference/manage-acct-regions.html>
    pub fn default_regions(self) -> &'static [&'static str] {
        match self {
            Self::Aws => &[
                "ap-northeast-1",
                "ap-northeast-2",
                "ap-northeast-3",
                "ap-south-1",
                "ap-southeast-1",
                "ap-southeast-2",
                "ca-central-1",
                "eu-central-1",
                "eu-north-1",
                "eu-west-1",
                "eu-west-2",
                "eu-west-3",
                "sa-east-1",
                "us-east-1",
                "us-east-2",
                "us-west-1",
                "us-west-2",
            ],
            Self::AwsCn => &["cn-north-1", "cn-northwest-1"],
            Self::AwsUsGov => &["us-gov-east-1", "us-gov-west-1"],
            Self::AwsIso => &["us-iso-east-1", "us-iso-west-1"],
            Self::AwsIsoB => &["us-isob-east-1"],
            Self::AwsIsoE => &["eu-isoe-west-1"],
            Self::AwsIsoF => &["us-isof-east-1", "us-isof-south-1"],
            Self::AwsEusc => &["eusc-de-east-1"],
        }
    }

    /// The second field of an ARN.
    pub fn as_str(self) -> &'static str {
        self.into()
    }
}

impl fmt::Display for Partition {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// One account in one region.
#[derive(
    Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema,
)]
pub struct Place {
    /// The account's number.
    pub account: AccountId,
    /// The region's code.
    pub region: Region,
}

impl Place {
    pub fn new(account: AccountId, region: Region) -> Self {
        Self { account, region }
    }

    /// The ARN of something in this place: `arn:PARTITION:SERVICE:REGION:ACCOUNT:RESOURCE`.
    pub fn arn(&self, service: &str, resource: &str) -> String {
        format!(
            "arn:{}:{service}:{}:{}:{resource}",
            self.region.partition(),
            self.region,
            self.account
        )
    }

    /// The URL by which calls name a queue of this place.
    ///
    /// Source: <https://docs.aws.amazon.com/AWSSimpleQueueService/latest/SQSDeveloperGuide/sqs-queue-message-identifiers.html>
    pub fn queue_url(&self, name: &str) -> String {
        let suffix = self.region.partition().dns_suffix();
        format!("https://sqs.{}.{suffix}/{}/{name}", self.region, self.account)
    }
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.account, self.region)
    }
}

/// The part of a map that is about one account.
pub(crate) fn of_account<'a, T>(
    places: &'a BTreeMap<Place, T>,
    account: &'a AccountId,
) -> impl Iterator<Item = (&'a Place, &'a T)> {
    // Every region's name comes after the empty one.
    let first = Place::new(account.clone(), Region("".into()));
    places.range(first..).take_while(move |(place, _)| place.account == *account)
}

/// The six fields of an ARN, borrowed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Arn<'a> {
    pub partition: &'a str,
    pub service: &'a str,
    pub region: &'a str,
    pub account: &'a str,
    pub resource: &'a str,
}

impl<'a> Arn<'a> {
    /// Takes an ARN apart; `None` when it has fewer than six fields or does not begin with `arn`.
    pub fn parse(text: &'a str) -> Option<Self> {
        let mut fields = text.splitn(6, ':');
        if fields.next()? != "arn" {
            return None;
        }
        Some(Self {
            partition: fields.next()?,
            service: fields.next()?,
            region: fields.next()?,
            account: fields.next()?,
            resource: fields.next().filter(|resource| !resource.is_empty())?,
        })
    }
}

/// What an object is one of: which names are left out when the same is wrong with several.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
#[derive(JsonSchema)]
pub enum Granularity {
    /// Each place has its own, such as a rule.
    Place,
    /// Each account has its own, such as a role, or a trail of all its regions.
    Account,
    /// There is one for all, such as the hub's bus.
    Fleet,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn region_names_are_told_by_their_shape() {
        for good in
            ["us-east-1", "ap-southeast-2", "us-gov-west-1", "eusc-de-east-1", "il-central-1"]
        {
            assert!(Region::new(good).is_some(), "{good}");
        }
        for bad in
            ["", "global", "us-east", "US-EAST-1", "useast1", "us-east-1a", "us--1", "us-east-111"]
        {
            assert!(Region::new(bad).is_none(), "{bad}");
        }
    }

    #[test]
    fn partitions_come_from_the_region() {
        let partition = |name: &str| Region::new(name).map(|region| region.partition().as_str());
        assert_eq!(partition("eu-west-1"), Some("aws"));
        assert_eq!(partition("cn-northwest-1"), Some("aws-cn"));
        assert_eq!(partition("us-gov-east-1"), Some("aws-us-gov"));
        assert_eq!(partition("us-isob-east-1"), Some("aws-iso-b"));
    }

    #[test]
    fn arns_keep_the_colons_of_their_resource() {
        let arn =
            Arn::parse("arn:aws:sns:eu-west-1:111122223333:topic:6b1c").map(|arn| arn.resource);
        assert_eq!(arn, Some("topic:6b1c"));
        assert_eq!(Arn::parse("arn:aws:sns:eu-west-1:111122223333:"), None);
        assert_eq!(Arn::parse("nra:aws:sns:eu-west-1:111122223333:x"), None);
    }
}
