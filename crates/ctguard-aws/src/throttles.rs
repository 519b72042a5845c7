//! Looks at every answer: counts throttled calls, and refuses pages that pass for answers.
//!
//! The SDK retries throttled calls silently, so a run that is throttled all the time
//! would only look slow.

use super::foreign::is_page;
use aws_smithy_runtime_api::box_error::BoxError;
use aws_smithy_runtime_api::client::interceptors::context::{
    FinalizerInterceptorContextRef, InterceptorContext,
};
use aws_smithy_runtime_api::client::interceptors::{Intercept, dyn_dispatch_hint};
use aws_smithy_runtime_api::client::orchestrator::HttpResponse;
use aws_smithy_runtime_api::client::retries::classifiers::{
    ClassifyRetry, RetryAction, RetryClassifierPriority,
};
use aws_smithy_runtime_api::client::runtime_components::RuntimeComponents;
use aws_smithy_types::config_bag::ConfigBag;
use ctguard_core::cause::words::mentions_throttling;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

/// "Too many requests", whatever the body.
const TOO_MANY: u16 = 429;

/// The number of throttled calls; shared by all clients.
#[derive(Debug, Clone, Default)]
pub(super) struct Throttles(Arc<AtomicU64>);

impl Throttles {
    pub(super) fn count(&self) -> u64 {
        self.0.load(Ordering::Relaxed)
    }
}

#[dyn_dispatch_hint]
impl Intercept for Throttles {
    fn name(&self) -> &'static str {
        "Throttles"
    }

    fn read_after_attempt(
        &self,
        context: &FinalizerInterceptorContextRef<'_>,
        _: &RuntimeComponents,
        _: &mut ConfigBag,
    ) -> Result<(), BoxError> {
        let Some(response) = context.response() else { return Ok(()) };
        if is_throttle(response) {
            self.0.fetch_add(1, Ordering::Relaxed);
            tracing::debug!(status = response.status().as_u16(), "throttled");
        }
        // The SDK reads no body of a call that returns nothing: a page that a proxy answers with
        // would pass for done.
        match response.status().is_success() && is_page(response) {
            true => Err("the answer is a web page, and not one of AWS's".into()),
            false => Ok(()),
        }
    }
}

/// Lets the SDK try again what a service's own model calls throttling: the SDK knows the codes of
/// most services, but neither SNS's `Throttled` nor the status 429 alone.
///
/// Source: <https://docs.aws.amazon.com/sns/latest/api/API_Subscribe.html#API_Subscribe_Errors>
#[derive(Debug, Clone, Copy)]
pub(super) struct ModelledThrottles;

impl ClassifyRetry for ModelledThrottles {
    fn classify_retry(&self, context: &InterceptorContext) -> RetryAction {
        match context.response() {
            Some(response) if is_throttle(response) => RetryAction::throttling_error(),
            _ => RetryAction::NoActionIndicated,
        }
    }

    fn name(&self) -> &'static str {
        "ModelledThrottles"
    }

    fn priority(&self) -> RetryClassifierPriority {
        RetryClassifierPriority::run_after(RetryClassifierPriority::transient_error_classifier())
    }
}

/// Whether an answer says that there were too many calls.
fn is_throttle(response: &HttpResponse) -> bool {
    let status = response.status().as_u16();
    let said = || {
        let body = response.body().bytes().unwrap_or_default();
        let header = response.headers().get("x-amzn-errortype").unwrap_or_default();
        mentions_throttling(header) || mentions_throttling(&String::from_utf8_lossy(body))
    };
    status == TOO_MANY || status >= 400 && said()
}
