//! CloudTrail's event history: LookupEvents, which AWS limits to two calls a second.

use super::Timing;
use super::errors::{bad_request, bad_response};
use super::retry::patiently;
use super::session::Session;
use aws_sdk_cloudtrail::types::{LookupAttribute, LookupAttributeKey};
use aws_smithy_types::DateTime;
use ctguard_core::cloud::CloudError;
use ctguard_core::cloud::lookup::{Lookup, LookupPage, PAGE_MAX_EVENTS};
use jiff::Timestamp;

const LOOKUP_EVENTS: &str = "cloudtrail:LookupEvents";

impl Session {
    /// One page of the event history. A throttled call is retried within the time limit of a call.
    pub(super) async fn lookup(
        &self,
        timing: Timing,
        wanted: &Lookup,
    ) -> Result<LookupPage, CloudError> {
        let attribute = wanted.by.as_ref().map(|by| {
            let (key, value) = by.pair();
            let key = LookupAttributeKey::from(key);
            LookupAttribute::builder().attribute_key(key).attribute_value(value).build()
        });
        let attribute = attribute.transpose();
        let attribute = attribute.map_err(|error| bad_request(LOOKUP_EVENTS, error.to_string()))?;
        let call = self
            .clients
            .cloudtrail()
            .lookup_events()
            .set_lookup_attributes(attribute.map(|attribute| vec![attribute]))
            .set_start_time(wanted.start.map(sdk_time))
            .set_end_time(wanted.end.map(sdk_time))
            .max_results(i32::try_from(PAGE_MAX_EVENTS).unwrap_or(i32::MAX))
            .set_next_token(wanted.token.clone());
        let Timing { first_wait, operation: budget, .. } = timing;
        let answer =
            patiently(first_wait, budget, || self.send(LOOKUP_EVENTS, call.clone().send())).await?;
        let next = answer.next_token.filter(|token| !token.is_empty());
        if next.is_some() && next == wanted.token {
            return Err(bad_response(LOOKUP_EVENTS, "the same page token was returned twice"));
        }
        let records = answer.events.unwrap_or_default().into_iter().map(|event| {
            let record = event.cloud_trail_event.filter(|record| !record.is_empty());
            record.ok_or_else(|| bad_response(LOOKUP_EVENTS, "an event without its record"))
        });
        Ok(LookupPage { events: records.collect::<Result<_, _>>()?, next })
    }
}

fn sdk_time(time: Timestamp) -> DateTime {
    DateTime::from_secs(time.as_second())
}
