//! CloudTrail: trails, their status, selectors and tags.

use super::errors::{absent, bad_request, bad_response, listed};
use super::session::{Session, tags_as};
use aws_sdk_cloudtrail::types as sdk;
use aws_smithy_types::date_time::Format;
use aws_smithy_types::error::operation::BuildError;
use ctguard_core::cloud::CloudError;
use ctguard_core::resource::Tags;
use ctguard_core::resource::trail::{
    AdvancedSelector, BasicSelector, DataResource, FieldSelector, ReadWrite, Selectors, Trail,
    TrailStatus,
};
use ctguard_core::scope::{Arn, Region};
use std::collections::BTreeSet;

const ADD_TAGS: &str = "cloudtrail:AddTags";
const CREATE_TRAIL: &str = "cloudtrail:CreateTrail";
const DESCRIBE_TRAILS: &str = "cloudtrail:DescribeTrails";
const GET_EVENT_SELECTORS: &str = "cloudtrail:GetEventSelectors";
const GET_TRAIL_STATUS: &str = "cloudtrail:GetTrailStatus";
const LIST_TAGS: &str = "cloudtrail:ListTags";
const PUT_EVENT_SELECTORS: &str = "cloudtrail:PutEventSelectors";
const REMOVE_TAGS: &str = "cloudtrail:RemoveTags";
const START_LOGGING: &str = "cloudtrail:StartLogging";
const UPDATE_TRAIL: &str = "cloudtrail:UpdateTrail";

/// A trail as DescribeTrails returns it.
#[derive(Debug)]
pub(super) struct Described {
    pub(super) arn: String,
    pub(super) name: String,
    pub(super) home_region: Region,
    pub(super) trail: Trail,
    pub(super) insights: bool,
}

impl Session {
    /// The trails seen from this region: its own, and the shadows of multi-region and organization
    /// trails.
    pub(super) async fn trails(&self) -> Result<Vec<Described>, CloudError> {
        let call = self.clients.cloudtrail().describe_trails().include_shadow_trails(true);
        let answer = self.send(DESCRIBE_TRAILS, call.send()).await?;
        listed(DESCRIBE_TRAILS, answer.trail_list)?.into_iter().map(trail_from).collect()
    }

    /// Whether a trail logs in this region. Takes the ARN: a shadow trail is not found by its name.
    pub(super) async fn trail_status(&self, arn: &str) -> Result<Option<TrailStatus>, CloudError> {
        let call = self.clients.cloudtrail().get_trail_status().name(arn);
        let Some(answer) = absent(self.send(GET_TRAIL_STATUS, call.send()).await)? else {
            return Ok(None);
        };
        let said = |text: Option<&str>| text.filter(|text| !text.is_empty()).map(str::to_owned);
        Ok(Some(TrailStatus {
            logging: answer.is_logging().unwrap_or(false),
            latest_delivery_error: said(answer.latest_delivery_error()),
            latest_digest_delivery_error: said(answer.latest_digest_delivery_error()),
            stop_logging_time: answer
                .stop_logging_time()
                .and_then(|time| time.fmt(Format::DateTime).ok()),
        }))
    }

    pub(super) async fn selectors(&self, arn: &str) -> Result<Option<Selectors>, CloudError> {
        let call = self.clients.cloudtrail().get_event_selectors().trail_name(arn);
        let Some(answer) = absent(self.send(GET_EVENT_SELECTORS, call.send()).await)? else {
            return Ok(None);
        };
        let advanced = answer.advanced_event_selectors.unwrap_or_default();
        if !advanced.is_empty() {
            return Ok(Some(Selectors::Advanced(
                advanced.into_iter().map(advanced_from).collect(),
            )));
        }
        let basic = answer.event_selectors.unwrap_or_default();
        Ok(Some(Selectors::Basic(basic.into_iter().map(basic_from).collect::<Result<_, _>>()?)))
    }

    pub(super) async fn trail_tags(&self, arn: &str) -> Result<Option<Tags>, CloudError> {
        let call = self.clients.cloudtrail().list_tags().resource_id_list(arn);
        let Some(answer) = absent(self.send(LIST_TAGS, call.send()).await)? else {
            return Ok(None);
        };
        // One resource has at most 50 tags, so there is only one page.
        let pair = |tag: &sdk::Tag| (tag.key.clone(), tag.value.clone().unwrap_or_default());
        Ok(Some(
            listed(LIST_TAGS, answer.resource_tag_list)?
                .iter()
                .filter(|entry| entry.resource_id() == Some(arn))
                .flat_map(|entry| entry.tags_list().iter().map(pair))
                .collect(),
        ))
    }

    pub(super) async fn create_trail(
        &self,
        name: &str,
        trail: &Trail,
        tags: &Tags,
    ) -> Result<(), CloudError> {
        let call = self
            .clients
            .cloudtrail()
            .create_trail()
            .name(name)
            .s3_bucket_name(&trail.bucket)
            .set_s3_key_prefix(trail.key_prefix.clone())
            .include_global_service_events(trail.global_service_events)
            .is_multi_region_trail(trail.multi_region)
            .is_organization_trail(trail.organization)
            .enable_log_file_validation(trail.log_file_validation)
            .set_kms_key_id(trail.kms_key.clone())
            .set_tags_list((!tags.is_empty()).then(|| sdk_tags(CREATE_TRAIL, tags)).transpose()?);
        match self.send(CREATE_TRAIL, call.send()).await {
            Err(error) if error.code.starts_with("TrailAlreadyExists") => {
                if self.is_created(name, trail, tags).await? { Ok(()) } else { Err(error) }
            }
            result => result.map(drop),
        }
    }

    /// Whether a trail of this name exists exactly as it would be created. CloudTrail answers a
    /// repeated CreateTrail with an error, whatever the settings; a foreign trail must not pass for
    /// a created one.
    async fn is_created(&self, name: &str, trail: &Trail, tags: &Tags) -> Result<bool, CloudError> {
        let there = self.trails().await?.into_iter().any(|found| {
            found.name == name && found.home_region == self.place.region && found.trail == *trail
        });
        if !there {
            return Ok(false);
        }
        let found = self.trail_tags(&self.trail_arn(name)).await?.unwrap_or_default();
        Ok(tags.iter().all(|(key, value)| found.get(key) == Some(value)))
    }

    pub(super) async fn update_trail(&self, name: &str, trail: &Trail) -> Result<(), CloudError> {
        // An omitted setting stays as it is; an empty text removes it.
        let call = self
            .clients
            .cloudtrail()
            .update_trail()
            .name(name)
            .s3_bucket_name(&trail.bucket)
            .s3_key_prefix(trail.key_prefix.clone().unwrap_or_default())
            .include_global_service_events(trail.global_service_events)
            .is_multi_region_trail(trail.multi_region)
            .is_organization_trail(trail.organization)
            .enable_log_file_validation(trail.log_file_validation)
            .kms_key_id(trail.kms_key.clone().unwrap_or_default());
        self.send(UPDATE_TRAIL, call.send()).await.map(drop)
    }

    /// Replaces all selectors of a trail.
    pub(super) async fn put_event_selectors(
        &self,
        name: &str,
        selectors: &Selectors,
    ) -> Result<(), CloudError> {
        let call = self.clients.cloudtrail().put_event_selectors().trail_name(name);
        let call = match selectors {
            Selectors::Basic(basic) => {
                call.set_event_selectors(Some(basic.iter().map(sdk_basic).collect()))
            }
            Selectors::Advanced(advanced) => {
                let advanced: Result<_, _> = advanced.iter().map(sdk_advanced).collect();
                let advanced = advanced.map_err(|error: BuildError| {
                    bad_request(PUT_EVENT_SELECTORS, error.to_string())
                })?;
                call.set_advanced_event_selectors(Some(advanced))
            }
        };
        self.send(PUT_EVENT_SELECTORS, call.send()).await.map(drop)
    }

    pub(super) async fn start_logging(&self, name: &str) -> Result<(), CloudError> {
        let call = self.clients.cloudtrail().start_logging().name(name);
        self.send(START_LOGGING, call.send()).await.map(drop)
    }

    pub(super) async fn tag_trail(&self, name: &str, tags: &Tags) -> Result<(), CloudError> {
        let call = self
            .clients
            .cloudtrail()
            .add_tags()
            .resource_id(self.trail_arn(name))
            .set_tags_list(Some(sdk_tags(ADD_TAGS, tags)?));
        self.send(ADD_TAGS, call.send()).await.map(drop)
    }

    /// Removes tags from a trail; succeeds if the trail is gone.
    pub(super) async fn untag_trail(
        &self,
        name: &str,
        keys: &BTreeSet<String>,
    ) -> Result<(), CloudError> {
        let tags: Result<Vec<_>, _> =
            keys.iter().map(|key| sdk::Tag::builder().key(key).build()).collect();
        let tags = tags.map_err(|error| bad_request(REMOVE_TAGS, error.to_string()))?;
        let call = self
            .clients
            .cloudtrail()
            .remove_tags()
            .resource_id(self.trail_arn(name))
            .set_tags_list(Some(tags));
        absent(self.send(REMOVE_TAGS, call.send()).await).map(drop)
    }

    fn trail_arn(&self, name: &str) -> String {
        self.place.arn("cloudtrail", &format!("trail/{name}"))
    }
}

fn said(text: Option<String>) -> Option<String> {
    text.filter(|text| !text.is_empty())
}

fn trail_from(found: sdk::Trail) -> Result<Described, CloudError> {
    let arn =
        found.trail_arn.ok_or_else(|| bad_response(DESCRIBE_TRAILS, "a trail without an ARN"))?;
    // An ARN carries the home region too.
    let home_region = said(found.home_region)
        .or_else(|| Arn::parse(&arn).map(|arn| arn.region.to_owned()))
        .and_then(|region| Region::new(&region))
        .ok_or_else(|| bad_response(DESCRIBE_TRAILS, format!("no home region of {arn}")))?;
    let trail = Trail {
        bucket: found.s3_bucket_name.unwrap_or_default(),
        key_prefix: said(found.s3_key_prefix),
        multi_region: found.is_multi_region_trail.unwrap_or(false),
        organization: found.is_organization_trail.unwrap_or(false),
        global_service_events: found.include_global_service_events.unwrap_or(false),
        log_file_validation: found.log_file_validation_enabled.unwrap_or(false),
        kms_key: said(found.kms_key_id),
    };
    let name = found.name.unwrap_or_else(|| arn.rsplit('/').next().unwrap_or_default().to_owned());
    let insights = found.has_insight_selectors.unwrap_or(false);
    Ok(Described { name, home_region, trail, insights, arn })
}

fn basic_from(found: sdk::EventSelector) -> Result<BasicSelector, CloudError> {
    // AWS's defaults: reads and writes, management events included.
    let read_write = match found.read_write_type.as_ref().map(sdk::ReadWriteType::as_str) {
        Some("ReadOnly") => ReadWrite::ReadOnly,
        Some("WriteOnly") => ReadWrite::WriteOnly,
        Some("All") | None => ReadWrite::All,
        Some(other) => {
            let message = format!("a selector takes `{other}` events");
            return Err(bad_response(GET_EVENT_SELECTORS, message));
        }
    };
    let data = |resource: sdk::DataResource| DataResource {
        resource_type: resource.r#type.unwrap_or_default(),
        values: resource.values.unwrap_or_default(),
    };
    Ok(BasicSelector {
        read_write,
        management_events: found.include_management_events.unwrap_or(true),
        exclude_management_sources: found.exclude_management_event_sources.unwrap_or_default(),
        data_resources: found.data_resources.unwrap_or_default().into_iter().map(data).collect(),
    })
}

fn sdk_basic(selector: &BasicSelector) -> sdk::EventSelector {
    let read_write = match selector.read_write {
        ReadWrite::ReadOnly => sdk::ReadWriteType::ReadOnly,
        ReadWrite::WriteOnly => sdk::ReadWriteType::WriteOnly,
        ReadWrite::All => sdk::ReadWriteType::All,
    };
    let data = |resource: &DataResource| {
        sdk::DataResource::builder()
            .r#type(&resource.resource_type)
            .set_values(Some(resource.values.clone()))
            .build()
    };
    sdk::EventSelector::builder()
        .read_write_type(read_write)
        .include_management_events(selector.management_events)
        .set_exclude_management_event_sources(Some(selector.exclude_management_sources.clone()))
        .set_data_resources(Some(selector.data_resources.iter().map(data).collect()))
        .build()
}

fn advanced_from(found: sdk::AdvancedEventSelector) -> AdvancedSelector {
    let field = |field: sdk::AdvancedFieldSelector| FieldSelector {
        field: field.field,
        equals: field.equals.unwrap_or_default(),
        not_equals: field.not_equals.unwrap_or_default(),
        starts_with: field.starts_with.unwrap_or_default(),
        not_starts_with: field.not_starts_with.unwrap_or_default(),
        ends_with: field.ends_with.unwrap_or_default(),
        not_ends_with: field.not_ends_with.unwrap_or_default(),
    };
    AdvancedSelector {
        name: said(found.name),
        fields: found.field_selectors.into_iter().map(field).collect(),
    }
}

fn sdk_advanced(selector: &AdvancedSelector) -> Result<sdk::AdvancedEventSelector, BuildError> {
    // An operator with an empty list is refused.
    let list = |values: &Vec<String>| (!values.is_empty()).then(|| values.clone());
    let field = |field: &FieldSelector| {
        sdk::AdvancedFieldSelector::builder()
            .field(&field.field)
            .set_equals(list(&field.equals))
            .set_not_equals(list(&field.not_equals))
            .set_starts_with(list(&field.starts_with))
            .set_not_starts_with(list(&field.not_starts_with))
            .set_ends_with(list(&field.ends_with))
            .set_not_ends_with(list(&field.not_ends_with))
            .build()
    };
    let fields: Result<Vec<_>, _> = selector.fields.iter().map(field).collect();
    sdk::AdvancedEventSelector::builder()
        .set_name(selector.name.clone())
        .set_field_selectors(Some(fields?))
        .build()
}

fn sdk_tags(operation: &'static str, tags: &Tags) -> Result<Vec<sdk::Tag>, CloudError> {
    tags_as(operation, tags, |key, value| sdk::Tag::builder().key(key).value(value).build())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn selectors_come_back_as_they_were_written() {
        for basic in [
            BasicSelector {
                read_write: ReadWrite::WriteOnly,
                management_events: true,
                exclude_management_sources: vec!["kms.amazonaws.com".to_owned()],
                data_resources: Vec::new(),
            },
            BasicSelector {
                read_write: ReadWrite::All,
                management_events: false,
                exclude_management_sources: Vec::new(),
                data_resources: vec![DataResource {
                    resource_type: "AWS::S3::Object".to_owned(),
                    values: vec!["arn:aws:s3".to_owned()],
                }],
            },
        ] {
            assert_eq!(basic_from(sdk_basic(&basic)), Ok(basic));
        }
        let advanced = AdvancedSelector {
            name: Some("Management events".to_owned()),
            fields: vec![
                FieldSelector {
                    field: "eventCategory".to_owned(),
                    equals: vec!["Management".to_owned()],
                    ..FieldSelector::default()
                },
                FieldSelector {
                    field: "eventSource".to_owned(),
                    not_equals: vec!["kms.amazonaws.com".to_owned()],
                    ..FieldSelector::default()
                },
            ],
        };
        assert_eq!(advanced_from(sdk_advanced(&advanced).unwrap()), advanced);
    }

    #[test]
    fn a_selector_that_says_nothing_takes_all_management_events() {
        let found = basic_from(sdk::EventSelector::builder().build()).unwrap();
        assert!(found.management_events && found.read_write == ReadWrite::All);
    }

    #[test]
    fn the_home_region_stands_in_the_arn_too() {
        let found = sdk::Trail::builder()
            .trail_arn("arn:aws:cloudtrail:eu-west-1:111122223333:trail/main")
            .build();
        let found = trail_from(found).unwrap();
        assert_eq!((found.name.as_str(), found.home_region.as_str()), ("main", "eu-west-1"));
    }
}
