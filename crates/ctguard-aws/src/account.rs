//! Account Management: which regions are enabled.

use super::errors::listed;
use super::session::Session;
use aws_sdk_account::types::RegionOptStatus;
use ctguard_core::cloud::CloudError;
use ctguard_core::scope::Region;

const LIST_REGIONS: &str = "account:ListRegions";
/// Most regions in one page.
///
/// Source: <https://docs.aws.amazon.com/accounts/latest/reference/API_ListRegions.html>
const PAGE: i32 = 50;

impl Session {
    /// The account's enabled regions, sorted. Those in transition are left out.
    pub(super) async fn enabled_regions(&self) -> Result<Vec<Region>, CloudError> {
        let mut regions = Vec::new();
        let mut pages = self.pages();
        loop {
            let call = self
                .clients
                .account()
                .list_regions()
                .region_opt_status_contains(RegionOptStatus::Enabled)
                .region_opt_status_contains(RegionOptStatus::EnabledByDefault)
                .max_results(PAGE)
                .set_next_token(pages.token());
            let page = self.send(LIST_REGIONS, call.send()).await?;
            let found = listed(LIST_REGIONS, page.regions)?;
            regions.extend(found.iter().filter(|region| enabled(region)).filter_map(name));
            if !pages.turn(LIST_REGIONS, page.next_token.as_deref())? {
                break;
            }
        }
        regions.sort();
        regions.dedup();
        Ok(regions)
    }
}

fn enabled(region: &aws_sdk_account::types::Region) -> bool {
    matches!(
        region.region_opt_status(),
        None | Some(RegionOptStatus::Enabled | RegionOptStatus::EnabledByDefault)
    )
}

fn name(region: &aws_sdk_account::types::Region) -> Option<Region> {
    region.region_name().and_then(Region::new)
}
