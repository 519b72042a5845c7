//! The CloudTrail event catalogue: which events exist, under which source, of which kind, read-only
//! or not, and where they land.

/// Where a service's events land.
///
/// Source: <https://docs.aws.amazon.com/awscloudtrail/latest/userguide/cloudtrail-concepts.html>
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Landing {
    /// In the region of the call.
    CallRegion,
    /// In this region of the `aws` partition, and in the matching leader region of others.
    Only(&'static str),
    /// STS: in the region of the endpoint that was called.
    Endpoint,
    /// Sign-in: in any region with a sign-in endpoint.
    SignIn,
}

impl Landing {
    pub fn lands_in(&self, region: &crate::scope::Region) -> bool {
        !matches!(self, Self::Only(only) if *only != region.as_str())
    }
}
