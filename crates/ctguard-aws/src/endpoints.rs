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
    /// What set the endpoint, by its host and port.
    set_by: BTreeMap<String, String>,
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
        let (mut by_service, mut set_by_host) = (BTreeMap::new(), BTreeMap::new());
        for service in SERVICES {
            let Some((url, set_by)) = settings.endpoint(service) else { continue };
            let url = checked(url, &set_by)?;
            set_by_host.extend(super::proxy::authority(&url).map(|host| (host, set_by)));
            by_service.insert(service, url);
        }
        let style = match settings.nested("s3", "addressing_style") {
            Some("path") => S3Style::Path,
            Some("virtual") => S3Style::Virtual,
            _ => S3Style::Auto,
        };
        Ok(Self { by_service, set_by: set_by_host, style })
    }

    /// The same endpoint for every service.
    ///
    /// # Errors
    ///
    /// When it is no http or https URL.
    pub(super) fn one(url: &str) -> Result<Self, CloudError> {
        let url = checked(url.to_owned(), "the option")?;
        let by_service = SERVICES.into_iter().map(|service| (service, url.clone())).collect();
        Ok(Self { by_service, set_by: BTreeMap::new(), style: S3Style::Auto })
    }

    /// The endpoint of a service, if one is set.
    pub(super) fn of(&self, service: &str) -> Option<&str> {
        self.by_service.get(service).map(String::as_str)
    }

    /// What set the endpoints, by their hosts and ports.
    pub(super) fn set_by(&self) -> &BTreeMap<String, String> {
        &self.set_by
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

/// Refuses what cannot be called. A password in an endpoint would end up in every log on the way,
/// and no endpoint of AWS's takes one.
fn checked(url: String, set_by: &str) -> Result<String, CloudError> {
    let shown = ctguard_core::secret::shown_roughly(&url);
    let refuse = |why: &str| {
        let message = format!("the endpoint `{shown}` ({set_by}) {why}");
        Err(refused("connect", "InvalidEndpoint", message))
    };
    let Some((scheme, rest)) = url.split_once("://") else {
        return refuse("does not begin with http:// or https://");
    };
    if scheme != "http" && scheme != "https" {
        return refuse("does not begin with http:// or https://");
    }
    let authority = rest.split(['/', '?', '#']).next().unwrap_or_default();
    if authority.contains('@') {
        return refuse(
            "has a user before its host: AWS takes none, leave out what stands before `@`",
        );
    }
    Ok(url)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_password_goes_into_an_endpoint_or_into_a_message() {
        for url in ["http://u:EndpPw@127.0.0.1:8080", "http//u:EndpPw@h/x", "https://EndpPw@h"] {
            let error = checked(url.to_owned(), "AWS_ENDPOINT_URL").unwrap_err();
            assert!(error.message.contains("AWS_ENDPOINT_URL"), "{error}");
            assert!(!error.message.contains("EndpPw"), "{error}");
        }
        assert!(checked("http://127.0.0.1:8080/a@b".to_owned(), "x").is_ok());
    }
}
