//! Warnings about destinations and their subscribers.

use super::super::confirmations::{DEFAULT_REGIONS, is_email, mailing};
use super::super::secrets::SecretSource;
use super::super::validate::AlertNotes;
use super::super::{
    Alert, Blueprint, Confirmations, Destination, DestinationTopic, Format, Risk, Subscriber,
};
use super::together::Cause;
use super::{Linter, webhook};
use crate::codes;
use crate::resource::topic::Protocol;
use crate::secret;
use std::collections::BTreeMap;

/// Places up to which e-mail confirmations are a matter of minutes.
pub(in super::super) const EMAIL_PLACES: usize = 3;

impl Linter<'_> {
    pub(super) fn destination(&mut self, destination: &Destination) {
        let span = destination.span.as_ref();
        let name = &destination.name;
        let blueprint = &self.checked.blueprint;
        let heals = blueprint.heal.as_ref().is_some_and(|heal| heal.notify == *name);
        if !heals && blueprint.alerts.iter().all(|alert| !blueprint.notifies(alert, name)) {
            self.warn(
                codes::DESTINATION_UNUSED,
                None,
                span,
                format!("no alert is sent to `{name}`"),
                "name it in `routes:` or in an alert's `notify:`, or remove it".to_owned(),
            );
        }
        if destination.subscribers.is_empty() {
            self.warn(
                codes::DESTINATION_WITHOUT_SUBSCRIBERS,
                None,
                span,
                format!("`{name}` lists no subscribers"),
                match destination.topic {
                    DestinationTopic::Managed(_) => {
                        "add `subscribers:`, or nobody hears".to_owned()
                    }
                    DestinationTopic::Existing(_) => {
                        "list who should be subscribed to this topic, so that it can be proven"
                            .to_owned()
                    }
                },
            );
        }
        if let (Some(hub), DestinationTopic::Existing(arn)) = (&blueprint.hub, &destination.topic)
            && ["{account}", "{region}"].iter().any(|place| arn.contains(place))
        {
            self.warn(
                codes::HUB_TOPIC,
                None,
                span,
                format!("`{name}` means one topic, the hub's: other accounts and regions have no part in it"),
                format!("write `{}` and `{}` into its ARN", hub.account, hub.region),
            );
        }
        for subscriber in &destination.subscribers {
            let Subscriber::Endpoint(endpoint) = subscriber else { continue };
            if let Some(what) = secret::literal(endpoint.address()) {
                self.warn(
                    codes::SECRET_IN_URL,
                    None,
                    span,
                    format!("`{name}` has {what}, in clear, in {}", endpoint.shown()),
                    SecretSource::HELP.to_owned(),
                );
            }
        }
        for subscriber in &destination.subscribers {
            let Subscriber::Endpoint(endpoint) = subscriber else { continue };
            let Some(host) = webhook::chat_host(endpoint.address()) else { continue };
            self.warn(
                codes::CHAT_WEBHOOK,
                None,
                span,
                format!("`{name}` subscribes {host}, which never confirms a subscription of SNS"),
                "write `format: chat` with a `chat:` subscriber, or put a function between"
                    .to_owned(),
            );
        }
        let machine = |subscriber: &&Subscriber| match subscriber {
            Subscriber::Endpoint(endpoint) => endpoint.protocol != Protocol::Email,
            Subscriber::Chat(_) => false,
        };
        if matches!(destination.format, Format::Mail | Format::Text)
            && let Some(Subscriber::Endpoint(endpoint)) =
                destination.subscribers.iter().find(machine)
        {
            self.warn(
                codes::TEXT_TO_MACHINE,
                None,
                span,
                format!("`{name}` sends text for people to {}", endpoint.protocol),
                "write `format: json`, in a destination of its own if people read this one"
                    .to_owned(),
            );
        }
    }

    pub(super) fn critical(&mut self, alert: &Alert, notes: &AlertNotes) {
        let blueprint = &self.checked.blueprint;
        // Accounts may have routes of their own: each way is judged.
        let mut destinations: BTreeMap<&str, &Destination> = BTreeMap::new();
        let mut by_email_alone = false;
        for names in blueprint.notify_variants(alert) {
            let here: Vec<&Destination> =
                names.iter().filter_map(|name| blueprint.destinations.get(name)).collect();
            let mut subscribers = here.iter().flat_map(|to| &to.subscribers).peekable();
            by_email_alone |= subscribers.peek().is_some() && subscribers.all(is_email);
            destinations.extend(here.iter().map(|to| (to.name.as_str(), *to)));
        }
        if by_email_alone {
            let names: Vec<&str> = destinations.keys().copied().collect();
            let cause = Cause {
                code: codes::CRITICAL_EMAIL_ONLY,
                one: "is critical and reaches people by e-mail alone".to_owned(),
                several: format!(
                    "are critical and reach people by e-mail alone ({})",
                    names.join(", ")
                ),
                help: "more than 10 messages a second suspend an e-mail subscription, and one click in any message ends it: add chat, https, sqs or lambda".to_owned(),
                at: destinations.values().next().and_then(|first| first.span.clone()),
            };
            self.warn_together((alert, notes), alert.span.as_ref(), cause);
        }
        for destination in destinations.into_values() {
            let lower = blueprint.alerts.iter().find(|other| {
                other.risk < Risk::Critical && blueprint.notifies(other, &destination.name)
            });
            // One warning per destination: the first critical alert that does not allow it speaks.
            let first = blueprint.alerts.iter().zip(&self.checked.alerts).find(|(other, notes)| {
                other.risk == Risk::Critical
                    && blueprint.notifies(other, &destination.name)
                    && !notes.allow.contains(&codes::CRITICAL_EMAIL_SHARED)
            });
            if let Some(lower) = lower
                && first.is_some_and(|(first, _)| first.id == alert.id)
                && destination.subscribers.iter().any(is_email)
            {
                self.warn(
                    codes::CRITICAL_EMAIL_SHARED,
                    Some(notes),
                    destination.span.as_ref(),
                    format!(
                        "`{}` mails critical alerts (`{}`) and {} ones (`{}`)",
                        destination.name, alert.id, lower.risk.as_str(), lower.id
                    ),
                    "a burst of more than 10 messages a second suspends the subscription for both: give critical alerts a destination of their own".to_owned(),
                );
            }
        }
    }

    pub(super) fn email_confirmations(&mut self, blueprint: &Blueprint) {
        let Some(first) = mailing(blueprint).next() else { return };
        let asked = Confirmations::of(blueprint);
        if asked.hub || (asked.places() <= EMAIL_PLACES && !asked.discovered) {
            return;
        }
        let regions = match asked.enabled {
            false => crate::plural::count(asked.regions, "region"),
            true => format!("every enabled region ({DEFAULT_REGIONS} in a new account)"),
        };
        let covered = match (asked.discovered, asked.accounts) {
            (true, _) => format!("{regions} of every account that is found"),
            (false, 1) => regions,
            (false, accounts) => format!("{regions} of {accounts} accounts"),
        };
        self.warn(
            codes::EMAIL_CONFIRMATIONS,
            None,
            first.span.as_ref(),
            format!("e-mail in {covered} asks for {}", asked.apart()),
            format!(
                "each place has its own topic, and each address confirms each: with `hub: {{ account: …, region: … }}` it is {} in all; or subscribe a queue, function or chat channel",
                asked.together()
            ),
        );
    }
}
