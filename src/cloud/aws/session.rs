//! One account in one region: its configuration, and its service clients, made when first asked for.

use super::gate::Gate;
use super::throttles::Throttles;
use crate::cloud::{CloudError, CloudErrorKind};
use crate::resource::Tags;
use crate::scope::{Place, Region};
use aws_config::SdkConfig;
use aws_smithy_runtime::client::retries::RetryPartition;
use aws_smithy_runtime_api::client::orchestrator::HttpResponse;
use aws_smithy_runtime_api::client::result::SdkError;
use aws_smithy_types::error::metadata::ProvideErrorMetadata;
use aws_smithy_types::error::operation::BuildError;
use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, OnceLock};

#[derive(Debug)]
pub(super) struct Session {
    pub(super) place: Place,
    scope: String,
    config: SdkConfig,
    gate: Arc<Gate>,
    throttles: Throttles,
    account: OnceLock<aws_sdk_account::Client>,
    cloudtrail: OnceLock<aws_sdk_cloudtrail::Client>,
    cloudwatch: OnceLock<aws_sdk_cloudwatch::Client>,
    events: OnceLock<aws_sdk_eventbridge::Client>,
    iam: OnceLock<aws_sdk_iam::Client>,
    kms: OnceLock<aws_sdk_kms::Client>,
    lambda: OnceLock<aws_sdk_lambda::Client>,
    organizations: OnceLock<aws_sdk_organizations::Client>,
    s3: OnceLock<aws_sdk_s3::Client>,
    sns: OnceLock<aws_sdk_sns::Client>,
    sqs: OnceLock<aws_sdk_sqs::Client>,
    tagging: OnceLock<aws_sdk_resourcegroupstagging::Client>,
    /// URLs of queues by name. AWS asks not to build them from their parts
    /// (<https://docs.aws.amazon.com/AWSSimpleQueueService/latest/SQSDeveloperGuide/sqs-queue-message-identifiers.html>),
    /// so each is asked for, once.
    pub(super) queue_urls: Mutex<BTreeMap<String, String>>,
}

/// A method that makes a service's client once. The retry partition keeps one throttled account
/// or region from using up the retries of the others: the SDK's default is shared by all accounts.
macro_rules! client {
    ($name:ident, $sdk:ident $(, $setting:ident)?) => {
        pub(super) fn $name(&self) -> &$sdk::Client {
            self.$name.get_or_init(|| {
                let partition = format!("{}/{}", self.scope, stringify!($name));
                let config = $sdk::config::Builder::from(&self.config)
                    .retry_partition(RetryPartition::new(partition))
                    .interceptor(self.throttles.clone())
                    $(.$setting(self.config.endpoint_url().is_some()))?
                    .build();
                $sdk::Client::from_conf(config)
            })
        }
    };
}

impl Session {
    pub(super) fn new(
        place: Place,
        config: SdkConfig,
        gate: Arc<Gate>,
        throttles: Throttles,
    ) -> Self {
        Self {
            scope: place.to_string(),
            place,
            config,
            gate,
            throttles,
            account: OnceLock::new(),
            cloudtrail: OnceLock::new(),
            cloudwatch: OnceLock::new(),
            events: OnceLock::new(),
            iam: OnceLock::new(),
            kms: OnceLock::new(),
            lambda: OnceLock::new(),
            organizations: OnceLock::new(),
            s3: OnceLock::new(),
            sns: OnceLock::new(),
            sqs: OnceLock::new(),
            tagging: OnceLock::new(),
            queue_urls: Mutex::default(),
        }
    }

    client!(account, aws_sdk_account);
    client!(cloudtrail, aws_sdk_cloudtrail);
    client!(cloudwatch, aws_sdk_cloudwatch);
    client!(events, aws_sdk_eventbridge);
    client!(iam, aws_sdk_iam);
    client!(kms, aws_sdk_kms);
    client!(lambda, aws_sdk_lambda);
    client!(organizations, aws_sdk_organizations);
    // A bucket's own host name does not resolve below somebody's endpoint.
    client!(s3, aws_sdk_s3, force_path_style);
    client!(sns, aws_sdk_sns);
    client!(sqs, aws_sdk_sqs);
    client!(tagging, aws_sdk_resourcegroupstagging);

    /// Makes one call when its turn comes.
    pub(super) async fn send<T, E>(
        &self,
        operation: &'static str,
        call: impl Future<Output = Result<T, SdkError<E, HttpResponse>>>,
    ) -> Result<T, CloudError>
    where
        E: ProvideErrorMetadata + std::error::Error + 'static,
    {
        self.gate.send(&self.scope, operation, call).await
    }
}

/// The SDK's form of a region.
pub(super) fn sdk_region(region: &Region) -> aws_config::Region {
    aws_config::Region::new(region.as_str().to_owned())
}

/// Walks the pages of a list.
#[derive(Debug, Default)]
pub(super) struct Pages {
    token: Option<String>,
}

impl Pages {
    /// The token to send.
    pub(super) fn token(&self) -> Option<String> {
        self.token.clone()
    }

    /// Takes the token that came with a page, and says whether there is another page.
    ///
    /// # Errors
    ///
    /// When the service hands out the token it was just given, which would go on for ever.
    pub(super) fn turn(
        &mut self,
        operation: &'static str,
        next: Option<&str>,
    ) -> Result<bool, CloudError> {
        let next = next.filter(|token| !token.is_empty()).map(str::to_owned);
        if next.is_some() && next == self.token {
            return Err(bad_response(operation, "the same page token was handed out twice"));
        }
        self.token = next;
        Ok(self.token.is_some())
    }
}

/// An answer that AWS would not give.
pub(super) fn bad_response(operation: &str, message: impl Into<String>) -> CloudError {
    refused(operation, "BadResponse", message)
}

/// Tags in the form of one service's SDK, each of which has a type of its own.
pub(super) fn tags_as<T>(
    operation: &str,
    tags: &Tags,
    tag: impl Fn(&str, &str) -> Result<T, BuildError>,
) -> Result<Vec<T>, CloudError> {
    tags.iter()
        .map(|(key, value)| tag(key, value))
        .collect::<Result<_, _>>()
        .map_err(|error| bad_request(operation, error.to_string()))
}

/// A request that cannot be made.
pub(super) fn bad_request(operation: &str, message: impl Into<String>) -> CloudError {
    refused(operation, "InvalidRequest", message)
}

pub(super) fn refused(operation: &str, code: &str, message: impl Into<String>) -> CloudError {
    CloudError {
        operation: operation.to_owned(),
        code: code.to_owned(),
        message: message.into(),
        request_id: None,
        kind: CloudErrorKind::Refused,
    }
}
