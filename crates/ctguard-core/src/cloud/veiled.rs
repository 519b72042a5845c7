//! A cloud of which nothing is seen that came from a secret.
//!
//! Addresses that the blueprint's `secret:` names are subscribed and listed in full by AWS. This
//! cloud hands on what another one answers, with those endpoints hidden whole: wherever they are
//! printed or saved, `secret:` and its name stand in their place. Endpoints that are equal stay
//! equal, because both sides are hidden in the same way.

use super::lookup::{Lookup, LookupPage};
use super::{Cloud, CloudError, QueueMessage};
use crate::action::Action;
use crate::blueprint::{Blueprint, DestinationTopic, SecretReference, SecretSource, Subscriber};
use crate::permissions::Permission;
use crate::resource::names::Names;
use crate::resource::topic::{CHAT_ENDPOINT, Endpoint, Protocol};
use crate::scope::{AccountId, Place, Region};
use crate::secret;
use crate::snapshot::{
    AccountReads, AccountSnapshot, Caller, LiveTopic, Observed, Organization, OrganizationReads,
    PlaceSnapshot, ReadSet,
};
use futures::FutureExt;
use futures::future::BoxFuture;
use std::borrow::Cow;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::OnceLock;

/// Which endpoints come from a secret.
#[derive(Debug, Clone, Default)]
pub struct Veil {
    /// As topics list them, and as they are shown.
    known: BTreeMap<Endpoint, Endpoint>,
    /// The names of topics with a subscriber whose address is in a secret. What was that address
    /// before is subscribed there, too.
    topics: BTreeSet<String>,
    /// What the blueprint has in clear.
    clear: BTreeSet<Endpoint>,
}

impl Veil {
    /// What is hidden of a blueprint's endpoints; of addresses that were not looked up only what
    /// their topics have.
    pub fn of(blueprint: &Blueprint) -> Self {
        let mut veil = Self::default();
        let names = Names::new(&blueprint.name);
        for destination in blueprint.destinations.values() {
            for subscriber in &destination.subscribers {
                let Subscriber::Endpoint(endpoint) = subscriber else { continue };
                let pending = SecretSource::parse(endpoint.address()).is_ok();
                match endpoint.is_veiled() || pending {
                    false => drop(veil.clear.insert(endpoint.clone())),
                    true => {
                        veil.known.insert(endpoint.unveiled(), endpoint.clone());
                        veil.topics.insert(match &destination.topic {
                            DestinationTopic::Managed(topic) => names.topic(topic),
                            DestinationTopic::Existing(arn) => arn.clone(),
                        });
                    }
                }
            }
        }
        veil
    }

    /// What is hidden of addresses, each with what is shown for it.
    pub fn of_addresses<'a>(all: impl IntoIterator<Item = (&'a String, &'a String)>) -> Self {
        let endpoint = |address: &String| Endpoint::new(Protocol::Https, address);
        let known = all.into_iter().map(|(address, named)| {
            let plain = endpoint(address);
            (plain.clone(), plain.veiled(Some(named)))
        });
        Self { known: known.collect(), ..Self::default() }
    }

    /// Whether there is nothing to hide.
    pub fn is_empty(&self) -> bool {
        self.known.is_empty()
    }

    /// An endpoint as it may be seen.
    fn over(&self, endpoint: &Endpoint, at_home: bool) -> Option<Endpoint> {
        if endpoint.is_veiled() || endpoint.protocol != Protocol::Https {
            return None;
        }
        if let Some(shown) = self.known.get(endpoint) {
            return Some(endpoint.veiled(shown.named_by()));
        }
        // A file has it hidden whole.
        if let Some(shown) = self.known.values().find(|shown| *shown == endpoint) {
            return Some(shown.clone());
        }
        let other =
            at_home && endpoint.address() != CHAT_ENDPOINT && !self.clear.contains(endpoint);
        other.then(|| endpoint.veiled(None))
    }

    fn is_home(&self, place: &Place, topic: &str) -> bool {
        let filled = |template: &String| {
            template
                .replace("{account}", place.account.as_str())
                .replace("{region}", place.region.as_str())
        };
        let name = topic.rsplit(':').next().unwrap_or(topic);
        self.topics.iter().any(|home| {
            let home = filled(home);
            home.rsplit(':').next() == Some(name)
        })
    }

    fn cover(&self, place: &Place, snapshot: &mut PlaceSnapshot) {
        if self.is_empty() {
            return;
        }
        let hidden = |arn: &String, topic: &Observed<LiveTopic>| -> Option<BTreeMap<_, _>> {
            let Observed::Known(LiveTopic { subscriptions: Observed::Known(all), .. }) = topic
            else {
                return None;
            };
            let at_home = self.is_home(place, arn);
            all.keys().any(|endpoint| self.over(endpoint, at_home).is_some()).then(|| {
                let veiled = |endpoint: &Endpoint| {
                    self.over(endpoint, at_home).unwrap_or_else(|| endpoint.clone())
                };
                all.iter().map(|(endpoint, one)| (veiled(endpoint), one.clone())).collect()
            })
        };
        let found: Vec<_> = snapshot
            .topics
            .iter()
            .filter_map(|(arn, topic)| Some((arn.clone(), hidden(arn, topic)?)))
            .collect();
        for (arn, subscriptions) in found {
            if let Some(Observed::Known(topic)) = snapshot.topics.get_mut(&arn) {
                topic.subscriptions = Observed::Known(subscriptions);
            }
        }
    }

    /// What is asked for, as another cloud knows it.
    fn lifted<'a>(&self, reads: &'a ReadSet) -> Cow<'a, ReadSet> {
        if self.is_empty() || reads.listed.is_empty() {
            return Cow::Borrowed(reads);
        }
        let mut reads = reads.clone();
        for listed in reads.listed.values_mut() {
            *listed = listed.iter().map(Endpoint::unveiled).collect();
        }
        Cow::Owned(reads)
    }

    /// A text without the addresses, in whatever form they stand there.
    pub fn hide<'a>(&self, text: &'a str) -> Cow<'a, str> {
        let mut text = Cow::Borrowed(text);
        for (plain, shown) in &self.known {
            let address = plain.address();
            let forms = [
                Some(address.to_owned()),
                secret::as_listed(address),
                Some(plain.shown().to_owned()),
                secret::host(address),
                address.split_once("://").map(|(_, rest)| rest.to_owned()),
            ];
            for form in forms.into_iter().flatten() {
                for form in [form.replace('&', "&amp;"), escaped(&form), form] {
                    if form.len() > 3 && text.contains(&form) {
                        text = Cow::Owned(text.replace(&form, shown.shown()));
                    }
                }
            }
            // A message may have been cut within it.
            if let Some(cut) = text.strip_suffix('…').and_then(|text| begun(text, address)) {
                let cut = cut.to_owned();
                text = Cow::Owned(cut + "…");
            }
        }
        text
    }
}

/// A text without the beginning of an address at its end.
fn begun<'a>(text: &'a str, address: &str) -> Option<&'a str> {
    const LEAST: usize = "https://".len();
    let ends = (LEAST..address.len()).rev().filter(|end| address.is_char_boundary(*end));
    ends.filter_map(|end| address.get(..end)).find_map(|begin| text.strip_suffix(begin))
}

/// As in the body of a form.
fn escaped(text: &str) -> String {
    let mut out = String::new();
    for byte in text.bytes() {
        match byte {
            b'-' | b'.' | b'_' | b'~' => out.push(char::from(byte)),
            byte if byte.is_ascii_alphanumeric() => out.push(char::from(byte)),
            byte => out.push_str(&format!("%{byte:02X}")),
        }
    }
    out
}

/// A cloud behind a veil, once it is known what is hidden.
pub struct Veiled {
    cloud: Box<dyn Cloud>,
    veil: OnceLock<Veil>,
    /// Whether it answers from a file that was written behind a veil.
    from_file: bool,
}

impl Veiled {
    /// A cloud that answers with addresses in full.
    pub fn live(cloud: Box<dyn Cloud>) -> Self {
        Self { cloud, veil: OnceLock::new(), from_file: false }
    }

    /// A cloud that answers from a file.
    pub fn file(cloud: Box<dyn Cloud>) -> Self {
        Self { cloud, veil: OnceLock::new(), from_file: true }
    }

    fn seen(&self, place: &Place, mut snapshot: PlaceSnapshot) -> PlaceSnapshot {
        if let Some(veil) = self.veil.get() {
            veil.cover(place, &mut snapshot);
        }
        snapshot
    }
}

impl Cloud for Veiled {
    fn cover(&self, veil: Veil) {
        // A run has one blueprint.
        let _ = self.veil.set(veil);
    }

    fn caller(&self) -> BoxFuture<'_, Result<Caller, CloudError>> {
        self.cloud.caller()
    }

    fn organization<'a>(
        &'a self,
        reads: &'a OrganizationReads,
    ) -> BoxFuture<'a, Observed<Organization>> {
        self.cloud.organization(reads)
    }

    fn observe_account<'a>(
        &'a self,
        account: &'a AccountId,
        reads: &'a AccountReads,
    ) -> BoxFuture<'a, AccountSnapshot> {
        self.cloud.observe_account(account, reads)
    }

    fn observe<'a>(&'a self, place: &'a Place, reads: &'a ReadSet) -> BoxFuture<'a, PlaceSnapshot> {
        let veil = self.veil.get().filter(|veil| !veil.is_empty());
        let Some(veil) = veil else { return self.cloud.observe(place, reads) };
        if self.from_file {
            let answer = self.cloud.observe(place, reads);
            return answer.map(|snapshot| self.seen(place, snapshot)).boxed();
        }
        async move {
            let reads = veil.lifted(reads);
            self.seen(place, self.cloud.observe(place, &reads).await)
        }
        .boxed()
    }

    fn perform<'a>(
        &'a self,
        place: &'a Place,
        action: &'a Action,
    ) -> BoxFuture<'a, Result<(), CloudError>> {
        let done = self.cloud.perform(place, action);
        let Some(veil) = self.veil.get().filter(|veil| !veil.is_empty()) else { return done };
        let hidden = |error: CloudError| CloudError {
            message: veil.hide(&error.message).into_owned(),
            ..error
        };
        done.map(move |done| done.map_err(hidden)).boxed()
    }

    fn lookup<'a>(
        &'a self,
        place: &'a Place,
        wanted: &'a Lookup,
    ) -> BoxFuture<'a, Result<LookupPage, CloudError>> {
        self.cloud.lookup(place, wanted)
    }

    fn secret<'a>(
        &'a self,
        reference: &'a SecretReference,
        region: Option<&'a Region>,
    ) -> BoxFuture<'a, Result<String, CloudError>> {
        self.cloud.secret(reference, region)
    }

    fn receive<'a>(
        &'a self,
        place: &'a Place,
        queue: &'a str,
    ) -> BoxFuture<'a, Result<Vec<QueueMessage>, CloudError>> {
        self.cloud.receive(place, queue)
    }

    fn throttled(&self) -> u64 {
        self.cloud.throttled()
    }

    fn lacking<'a>(
        &'a self,
        place: &'a Place,
        wanted: &'a BTreeSet<Permission>,
    ) -> BoxFuture<'a, Result<Vec<Permission>, CloudError>> {
        self.cloud.lacking(place, wanted)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn texts_lose_every_form_of_an_address() {
        let address = "https://u:pw@Hooks.example/in?k=planted&x=y".to_owned();
        let veil = Veil::of_addresses([(&address, &"env:HOOK".to_owned())]);
        let plain = Endpoint::new(Protocol::Https, address.as_str());
        for text in [
            address.clone(),
            format!("refused: {plain}, twice"),
            "Endpoint=https%3A%2F%2Fu%3Apw%40Hooks.example%2Fin%3Fk%3Dplanted%26x%3Dy&b=c"
                .to_owned(),
            "<Endpoint>https://u:****@hooks.example/in?k=planted&amp;x=y</Endpoint>".to_owned(),
            "cannot connect to hooks.example:443".to_owned(),
            "Invalid parameter: https://u:pw@Hooks.exa…".to_owned(),
        ] {
            let out = veil.hide(&text);
            for part in ["ooks", "planted", "pw", "/in"] {
                assert!(!out.contains(part), "{part} in {out}");
            }
        }
        assert_eq!(veil.hide("nothing of it"), "nothing of it");
    }
}
