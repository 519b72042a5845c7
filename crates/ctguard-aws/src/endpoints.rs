//! The endpoint of each service, where the user's settings name one.

use super::errors::refused;
use super::settings::Settings;
use ctguard_core::cloud::CloudError;
use std::collections::BTreeMap;

/// Every service that is called, by the name that the settings derive from.
///
/// Source: <https://docs.aws.amazon.com/sdkref/latest/guide/ss-endpoints-table.html>
const SERVICES: [&str; 16] = [
    "Account",
    "CloudTrail",
    "CloudWatch",
    "EventBridge",
    "IAM",
    "KMS",
    "Lambda",
    "Organizations",
    "Resource Groups Tagging API",
    "S3",
    "SFN",
    "SNS",
    "SQS",
    "SSM",
    "STS",
    "Secrets Manager",
];

/// The endpoints that are set.
#[derive(Debug, Default)]
pub(super) struct Endpoints {
    by_service: BTreeMap<&'static str, String>,
    style: S3Style,
}

/// How a bucket is named in a request.
#[derive(Debug, Default, Clone, Copy, PartialEq, Eq)]
enum S3Style {
    /// In the path where an endpoint is set: below an address, and below most hosts, a bucket's
    /// own host name does not resolve.
    #[default]
    Auto,
    Path,
    Virtual,
}

impl Endpoints {
    /// Reads them.
    ///
    /// # Errors
    ///
    /// When an endpoint is no http or https URL, or a section that is named is missing.
    pub(super) fn read(settings: &Settings) -> Result<Self, CloudError> {
        // The CLI does not look for it where the variable for all services goes first.
        if let Some(lost) = settings.lost_services()
            && settings.variable("AWS_ENDPOINT_URL").is_none()
            && settings
                .flag("AWS_IGNORE_CONFIGURED_ENDPOINT_URLS", "ignore_configured_endpoint_urls")
                != Some(true)
        {
            return Err(refused(
                "connect",
                "InvalidConfiguration",
                format!(
                    "the profile `{}` names `services = {lost}`, and there is no section `[services {lost}]`",
                    settings.profile
                ),
            ));
        }
        let mut by_service = BTreeMap::new();
        for service in SERVICES {
            let Some((url, set_by)) = settings.endpoint(service) else { continue };
            by_service.insert(service, checked(url, &set_by)?);
        }
        let style = match settings.nested("s3", "addressing_style") {
            Some("path") => S3Style::Path,
            Some("virtual") => S3Style::Virtual,
            _ => S3Style::Auto,
        };
        Ok(Self { by_service, style })
    }

    /// The same endpoint for every service.
    ///
    /// # Errors
    ///
    /// When it is no http or https URL.
    pub(super) fn one(url: &str) -> Result<Self, CloudError> {
        let url = checked(url.to_owned(), "the option")?;
        let by_service = SERVICES.into_iter().map(|service| (service, url.clone())).collect();
        Ok(Self { by_service, style: S3Style::Auto })
    }

    /// The endpoint of a service, if one is set.
    pub(super) fn of(&self, service: &str) -> Option<&str> {
        self.by_service.get(service).map(String::as_str)
    }

    /// Whether buckets are named in the path.
    pub(super) fn buckets_in_path(&self) -> bool {
        match self.style {
            S3Style::Path => true,
            S3Style::Virtual => false,
            S3Style::Auto => self.of("S3").is_some(),
        }
    }
}

fn checked(url: String, set_by: &str) -> Result<String, CloudError> {
    if url.starts_with("http://") || url.starts_with("https://") {
        return Ok(url);
    }
    Err(refused(
        "connect",
        "InvalidEndpoint",
        format!("the endpoint `{url}` ({set_by}) does not begin with http:// or https://"),
    ))
}
