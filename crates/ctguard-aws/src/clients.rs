//! The SDK's clients: one per service and region, for all accounts.
//!
//! Making a client costs more than the few calls that are made to one account and region, and a
//! fleet has thousands of these. So a client has no credentials of its own: each call carries its
//! credentials and retry quota in [`Acting`].

use super::endpoints::Endpoints;
use super::throttles::{ModelledThrottles, Throttles};
use aws_config::SdkConfig;
use aws_credential_types::Credentials;
use aws_credential_types::provider::ProvideCredentials;
use aws_credential_types::provider::error::CredentialsError;
use aws_credential_types::provider::future::ProvideCredentials as Provided;
use aws_smithy_runtime::client::retries::RetryPartition;
use aws_smithy_runtime_api::box_error::BoxError;
use aws_smithy_runtime_api::client::interceptors::context::BeforeSerializationInterceptorContextRef;
use aws_smithy_runtime_api::client::interceptors::{
    Intercept, SharedInterceptor, dyn_dispatch_hint,
};
use aws_smithy_types::config_bag::ConfigBag;
use std::sync::{Arc, OnceLock};

tokio::task_local! {
    static ACTING: Acting;
}

/// The account that a call is made for.
#[derive(Debug, Clone)]
pub(super) struct Acting {
    /// Absent when the client has the caller's own.
    pub(super) credentials: Option<Credentials>,
    /// The retry quota of an account and region: a throttled one must not use up that of others, as
    /// the SDK's shared default would.
    pub(super) retries: RetryPartition,
}

impl Acting {
    /// Makes calls on behalf of an account.
    pub(super) async fn call<T>(self, call: impl Future<Output = T>) -> T {
        ACTING.scope(self, call).await
    }
}

/// The credentials of the account that the current call is made for.
#[derive(Debug)]
pub(super) struct OfCall;

impl ProvideCredentials for OfCall {
    fn provide_credentials<'a>(&'a self) -> Provided<'a>
    where
        Self: 'a,
    {
        let credentials = ACTING.try_with(|acting| acting.credentials.clone()).ok().flatten();
        Provided::ready(
            credentials
                .ok_or_else(|| CredentialsError::not_loaded("no account is set for the call")),
        )
    }
}

/// Gives the SDK the retry quota of the current call.
#[derive(Debug)]
struct RetriesOfCall;

/// The hint and `permanent` spare a call what the SDK does for interceptors that may be switched
/// off: to look for that in all its settings, at each of some twenty steps.
#[dyn_dispatch_hint]
impl Intercept for RetriesOfCall {
    fn name(&self) -> &'static str {
        "RetriesOfCall"
    }

    fn read_before_execution(
        &self,
        _: &BeforeSerializationInterceptorContextRef<'_>,
        settings: &mut ConfigBag,
    ) -> Result<(), BoxError> {
        if let Ok(retries) = ACTING.try_with(|acting| acting.retries.clone()) {
            settings.interceptor_state().store_put(retries);
        }
        Ok(())
    }
}

/// A field and a method for each service; the method makes the client on first use.
macro_rules! clients {
    ($($name:ident $sdk:ident $service:literal $($setting:ident)?,)*) => {
        /// The clients of one region.
        #[derive(Debug)]
        pub(super) struct Clients {
            config: SdkConfig,
            endpoints: Arc<Endpoints>,
            throttles: Throttles,
            $($name: OnceLock<$sdk::Client>,)*
        }

        impl Clients {
            pub(super) fn new(
                config: SdkConfig,
                endpoints: Arc<Endpoints>,
                throttles: Throttles,
            ) -> Self {
                Self { config, endpoints, throttles, $($name: OnceLock::new(),)* }
            }

            $(pub(super) fn $name(&self) -> &$sdk::Client {
                self.$name.get_or_init(|| {
                    let mut config = $sdk::config::Builder::from(&self.config);
                    config.set_endpoint_url(self.endpoints.of($service).map(str::to_owned));
                    config
                        .push_interceptor(SharedInterceptor::permanent(RetriesOfCall))
                        .push_interceptor(SharedInterceptor::permanent(self.throttles.clone()));
                    let config = config
                        .retry_classifier(ModelledThrottles)
                        $(.$setting(self.endpoints.buckets_in_path()))?
                        .build();
                    $sdk::Client::from_conf(config)
                })
            })*
        }
    };
}

clients! {
    account aws_sdk_account "Account",
    cloudtrail aws_sdk_cloudtrail "CloudTrail",
    cloudwatch aws_sdk_cloudwatch "CloudWatch",
    events aws_sdk_eventbridge "EventBridge",
    iam aws_sdk_iam "IAM",
    kms aws_sdk_kms "KMS",
    lambda aws_sdk_lambda "Lambda",
    organizations aws_sdk_organizations "Organizations",
    s3 aws_sdk_s3 "S3" force_path_style,
    secretsmanager aws_sdk_secretsmanager "Secrets Manager",
    sfn aws_sdk_sfn "SFN",
    sns aws_sdk_sns "SNS",
    sqs aws_sdk_sqs "SQS",
    ssm aws_sdk_ssm "SSM",
    tagging aws_sdk_resourcegroupstagging "Resource Groups Tagging API",
}
