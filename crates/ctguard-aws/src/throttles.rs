//! Counts throttled calls. The SDK retries them silently, so a run that is throttled all the time
//! would only look slow.

use super::errors::says_throttled;
use aws_smithy_runtime_api::box_error::BoxError;
use aws_smithy_runtime_api::client::interceptors::Intercept;
use aws_smithy_runtime_api::client::interceptors::context::FinalizerInterceptorContextRef;
use aws_smithy_runtime_api::client::runtime_components::RuntimeComponents;
use aws_smithy_types::config_bag::ConfigBag;
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
        let status = response.status().as_u16();
        let said = || {
            let body = response.body().bytes().unwrap_or_default();
            let header = response.headers().get("x-amzn-errortype").unwrap_or_default();
            says_throttled(header) || says_throttled(&String::from_utf8_lossy(body))
        };
        if status == TOO_MANY || status >= 400 && said() {
            self.0.fetch_add(1, Ordering::Relaxed);
            tracing::debug!(status, "throttled");
        }
        Ok(())
    }
}
