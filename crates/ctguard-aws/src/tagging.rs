//! The Resource Groups Tagging API: everything that carries a tag, in one list.

use super::errors::listed;
use super::session::Session;
use aws_sdk_resourcegroupstagging::types::TagFilter;
use ctguard_core::cloud::CloudError;
use ctguard_core::resource::Tags;
use std::collections::BTreeMap;

const GET_RESOURCES: &str = "tag:GetResources";
/// Most resources in one page.
///
/// Source: <https://docs.aws.amazon.com/resourcegroupstagging/latest/APIReference/API_GetResources.html>
const PAGE: i32 = 100;

impl Session {
    /// What carries a tag in this region, by ARN, each with all its tags.
    ///
    /// No filter for resource types: the tag is ctguard's own, and a partition refuses types that
    /// it does not know.
    pub(super) async fn tagged(
        &self,
        key: &str,
        value: &str,
    ) -> Result<BTreeMap<String, Tags>, CloudError> {
        let mut found = BTreeMap::new();
        let mut pages = self.pages();
        loop {
            let call = self
                .clients
                .tagging()
                .get_resources()
                .tag_filters(TagFilter::builder().key(key).values(value).build())
                .resources_per_page(PAGE)
                .set_pagination_token(pages.token());
            let page = self.send(GET_RESOURCES, call.send()).await?;
            let token = page.pagination_token;
            for resource in listed(GET_RESOURCES, page.resource_tag_mapping_list)? {
                let Some(arn) = resource.resource_arn() else { continue };
                let tags = resource
                    .tags()
                    .iter()
                    .map(|tag| (tag.key().to_owned(), tag.value().to_owned()))
                    .collect();
                found.insert(arn.to_owned(), tags);
            }
            if !pages.turn(GET_RESOURCES, token.as_deref())? {
                return Ok(found);
            }
        }
    }
}
