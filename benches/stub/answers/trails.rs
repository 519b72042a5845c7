//! CloudTrail.

use super::{Account, tag_list, without_nulls};
use ctguard_core::resource::trail::Selectors;
use ctguard_core::scope::Place;
use ctguard_core::snapshot::PlaceSnapshot;
use serde_json::{Value, json};

impl Account {
    pub(super) fn trails(&mut self, place: &Place, seen: &PlaceSnapshot) {
        let region = place.region.as_str();
        let mut listed = Vec::new();
        for (arn, live) in seen.trails.known().unwrap() {
            listed.push(without_nulls(json!({
                "Name": live.name,
                "TrailARN": arn,
                "HomeRegion": live.home_region,
                "S3BucketName": live.trail.bucket,
                "S3KeyPrefix": live.trail.key_prefix,
                "IncludeGlobalServiceEvents": live.trail.global_service_events,
                "IsMultiRegionTrail": live.trail.multi_region,
                "IsOrganizationTrail": live.trail.organization,
                "LogFileValidationEnabled": live.trail.log_file_validation,
                "KmsKeyId": live.trail.kms_key,
            })));
            let status = live.status.known().unwrap();
            self.json(region, "GetTrailStatus", arn, json!({ "IsLogging": status.logging }));
            if let Some(selectors) = live.selectors.known() {
                self.json(region, "GetEventSelectors", arn, told(selectors));
            }
            if let Some(tags) = live.tags.known() {
                let tagged = json!([{ "ResourceId": arn, "TagsList": tag_list(tags) }]);
                self.json(region, "ListTags", arn, json!({ "ResourceTagList": tagged }));
            }
        }
        self.json(region, "DescribeTrails", "", json!({ "trailList": listed }));
    }
}

fn told(selectors: &Selectors) -> Value {
    match selectors {
        Selectors::Basic(list) => {
            let basic: Vec<Value> = list
                .iter()
                .map(|selector| {
                    json!({
                        "ReadWriteType": selector.read_write,
                        "IncludeManagementEvents": selector.management_events,
                        "ExcludeManagementEventSources": selector.exclude_management_sources,
                        "DataResources": [],
                    })
                })
                .collect();
            json!({ "EventSelectors": basic })
        }
        Selectors::Advanced(list) => {
            let advanced: Vec<Value> = list
                .iter()
                .map(|selector| {
                    let fields: Vec<Value> = selector
                        .fields
                        .iter()
                        .map(|field| {
                            let mut told = json!({ "Field": field.field });
                            for (name, values) in [
                                ("Equals", &field.equals),
                                ("NotEquals", &field.not_equals),
                                ("StartsWith", &field.starts_with),
                                ("NotStartsWith", &field.not_starts_with),
                                ("EndsWith", &field.ends_with),
                                ("NotEndsWith", &field.not_ends_with),
                            ] {
                                if !values.is_empty() {
                                    told[name] = json!(values);
                                }
                            }
                            told
                        })
                        .collect();
                    without_nulls(json!({ "Name": selector.name, "FieldSelectors": fields }))
                })
                .collect();
            json!({ "AdvancedEventSelectors": advanced })
        }
    }
}
