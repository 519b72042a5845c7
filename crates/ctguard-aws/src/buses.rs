//! EventBridge (the classic `events` API): custom event buses and their policies.

use super::errors::{absent, bad_request, listed};
use super::events::{LIST_RULES, PAGE, said, sdk_tags};
use super::kms::document;
use super::session::Session;
use ctguard_core::cloud::CloudError;
use ctguard_core::resource::Tags;
use ctguard_core::resource::bus::Bus;
use serde_json::Value;
use std::collections::{BTreeMap, BTreeSet};

const CREATE_BUS: &str = "events:CreateEventBus";
const DELETE_BUS: &str = "events:DeleteEventBus";
const DESCRIBE_BUS: &str = "events:DescribeEventBus";
const LIST_BUSES: &str = "events:ListEventBuses";
const PUT_PERMISSION: &str = "events:PutPermission";

impl Session {
    /// A bus by name; `None` when it does not exist.
    pub(super) async fn bus(&self, name: &str) -> Result<Option<Bus>, CloudError> {
        let call = self.clients.events().describe_event_bus().name(name);
        let Some(answer) = absent(self.send(DESCRIBE_BUS, call.send()).await)? else {
            return Ok(None);
        };
        let policy = said(answer.policy).map(|text| document(DESCRIBE_BUS, &text)).transpose()?;
        let kms_key = said(answer.kms_key_identifier);
        Ok(Some(Bus { policy, kms_key }))
    }

    /// The customer-managed key of the default bus; `None` when the key is AWS's own.
    pub(super) async fn default_bus_key(&self) -> Result<Option<String>, CloudError> {
        let call = self.clients.events().describe_event_bus().name("default");
        // Every region has a default bus, so "not found" is an error.
        let answer = self.send(DESCRIBE_BUS, call.send()).await?;
        Ok(said(answer.kms_key_identifier))
    }

    pub(super) fn bus_arn(&self, name: &str) -> String {
        self.place.arn("events", &format!("event-bus/{name}"))
    }

    /// Creates a bus; one of this name with the same tags was created by an earlier try.
    pub(super) async fn create_bus(&self, name: &str, tags: &Tags) -> Result<(), CloudError> {
        let call = self
            .clients
            .events()
            .create_event_bus()
            .name(name)
            .set_tags((!tags.is_empty()).then(|| sdk_tags(CREATE_BUS, tags)).transpose()?);
        match self.send(CREATE_BUS, call.send()).await {
            Err(error) if error.code.starts_with("ResourceAlreadyExists") => {
                let found = self.event_tags(&self.bus_arn(name)).await?.unwrap_or_default();
                let same = tags.iter().all(|(key, value)| found.get(key) == Some(value));
                if same { Ok(()) } else { Err(error) }
            }
            result => result.map(drop),
        }
    }

    /// Replaces the whole policy of a bus.
    pub(super) async fn put_bus_policy(&self, bus: &str, policy: &Value) -> Result<(), CloudError> {
        let call =
            self.clients.events().put_permission().event_bus_name(bus).policy(policy.to_string());
        self.send(PUT_PERMISSION, call.send()).await.map(drop)
    }

    pub(super) async fn tag_bus(&self, name: &str, tags: &Tags) -> Result<(), CloudError> {
        self.tag_event_resource(&self.bus_arn(name), tags).await
    }

    /// Deletes a bus that has no rules; succeeds if it is gone.
    pub(super) async fn delete_bus(&self, name: &str) -> Result<(), CloudError> {
        if name == "default" {
            return Err(bad_request(DELETE_BUS, "the default bus cannot be deleted"));
        }
        let call = self.clients.events().delete_event_bus().name(name);
        absent(self.send(DELETE_BUS, call.send()).await).map(drop)
    }

    /// The custom event buses of this region.
    pub(super) async fn custom_buses(&self) -> Result<Vec<String>, CloudError> {
        let mut buses = Vec::new();
        let mut pages = self.pages();
        loop {
            let call =
                self.clients.events().list_event_buses().limit(PAGE).set_next_token(pages.token());
            let page = self.send(LIST_BUSES, call.send()).await?;
            let found = listed(LIST_BUSES, page.event_buses)?;
            buses.extend(found.into_iter().filter_map(|bus| bus.name));
            if !pages.turn(LIST_BUSES, page.next_token.as_deref())? {
                buses.retain(|bus| bus != "default");
                return Ok(buses);
            }
        }
    }

    /// Rules with a prefix on custom buses, with the bus of each; buses that are read anyway are
    /// skipped.
    pub(super) async fn stray_rules(
        &self,
        prefix: &str,
        read: &BTreeSet<&String>,
    ) -> Result<BTreeMap<String, String>, CloudError> {
        let mut stray = BTreeMap::new();
        for bus in self.custom_buses().await?.into_iter().filter(|bus| !read.contains(bus)) {
            let mut pages = self.pages();
            loop {
                let call = self
                    .clients
                    .events()
                    .list_rules()
                    .event_bus_name(&bus)
                    .name_prefix(prefix)
                    .limit(PAGE)
                    .set_next_token(pages.token());
                let page = self.send(LIST_RULES, call.send()).await?;
                let names = listed(LIST_RULES, page.rules)?.into_iter().filter_map(|one| one.name);
                stray.extend(names.map(|name| (name, bus.clone())));
                if !pages.turn(LIST_RULES, page.next_token.as_deref())? {
                    break;
                }
            }
        }
        Ok(stray)
    }
}
