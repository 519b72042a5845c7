//! CloudTrail trails and their event selectors.

mod selectors;

pub use selectors::Subject;

use serde::{Deserialize, Serialize};

/// Most trails in one region, shadow trails counted; cannot be raised.
///
/// Source: <https://docs.aws.amazon.com/awscloudtrail/latest/userguide/WhatIsCloudTrail-Limits.html>
pub const TRAILS_PER_REGION: usize = 5;

/// The settings that CreateTrail and UpdateTrail write.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Trail {
    pub bucket: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub key_prefix: Option<String>,
    pub multi_region: bool,
    #[serde(default)]
    pub organization: bool,
    pub global_service_events: bool,
    pub log_file_validation: bool,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub kms_key: Option<String>,
}

/// What a trail records. A trail has either basic or advanced selectors, never both.
///
/// Source: <https://docs.aws.amazon.com/awscloudtrail/latest/APIReference/API_PutEventSelectors.html>
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Selectors {
    Basic(Vec<BasicSelector>),
    Advanced(Vec<AdvancedSelector>),
}

/// One entry of the older form.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct BasicSelector {
    pub read_write: ReadWrite,
    pub management_events: bool,
    /// `kms.amazonaws.com` and `rdsdata.amazonaws.com` are the only values AWS accepts.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub exclude_management_sources: Vec<String>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub data_resources: Vec<DataResource>,
}

/// Which half of the calls a basic selector takes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum ReadWrite {
    ReadOnly,
    WriteOnly,
    All,
}

/// Data events of a basic selector: a resource type and ARN prefixes.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct DataResource {
    pub resource_type: String,
    pub values: Vec<String>,
}

/// One entry of the newer form: all fields must match.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct AdvancedSelector {
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    pub fields: Vec<FieldSelector>,
}

/// One field of an advanced selector; every list given must hold.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct FieldSelector {
    pub field: String,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub equals: Vec<String>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub not_equals: Vec<String>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub starts_with: Vec<String>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub not_starts_with: Vec<String>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub ends_with: Vec<String>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub not_ends_with: Vec<String>,
}

/// What GetTrailStatus says in one region. Times are RFC 3339, UTC.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct TrailStatus {
    pub logging: bool,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub latest_delivery_error: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub latest_digest_delivery_error: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub stop_logging_time: Option<String>,
}

/// What the alerts of a blueprint need a trail to record of management events.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct ManagementNeeds {
    pub read: bool,
    pub write: bool,
    /// Management events of `kms.amazonaws.com`.
    pub kms: bool,
    /// Management events of `rdsdata.amazonaws.com`.
    pub rds_data: bool,
}

/// The only management event sources that selectors can leave out.
///
/// Source: <https://docs.aws.amazon.com/awscloudtrail/latest/APIReference/API_AdvancedFieldSelector.html>
pub const EXCLUDABLE_SOURCES: [&str; 2] = ["kms.amazonaws.com", "rdsdata.amazonaws.com"];
