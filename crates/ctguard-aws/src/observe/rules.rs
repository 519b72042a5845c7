//! Reads rules with their targets and tags, on the default bus and on others, and those buses.

use super::{Reading, each};
use crate::errors::observed;
use ctguard_core::resource::keys::RuleKey;
use ctguard_core::resource::rule::{Rule, RuleState};
use ctguard_core::resource::small_map::SmallMap;
use ctguard_core::scope::Arn;
use ctguard_core::snapshot::{LiveBus, LiveRule, Observed};
use futures::FutureExt;
use futures::join;
use std::collections::BTreeMap;

impl Reading<'_> {
    pub(super) async fn rules(&self) -> Observed<SmallMap<String, LiveRule>> {
        if self.reads.rule_prefix.is_empty() && !self.reads.every_rule {
            return Observed::Known(SmallMap::new());
        }
        let prefix = if self.reads.every_rule { "" } else { self.reads.rule_prefix.as_str() };
        match observed(self.session.rules(None, prefix).await) {
            Observed::Known(rules) => Observed::Known(self.own_rules(None, rules).await),
            Observed::Absent => Observed::Absent,
            Observed::Unreadable(why) => Observed::Unreadable(why),
        }
    }

    /// Rules of others that are asked for by name.
    pub(super) async fn other_rules(&self) -> BTreeMap<String, Observed<LiveRule>> {
        let read = each(self.reads.other_rules.iter().cloned(), |name| {
            async move {
                let rule = match observed(self.session.named_rule(&name).await) {
                    Observed::Known(rule) => rule,
                    Observed::Absent => return (name, Observed::Absent),
                    Observed::Unreadable(why) => return (name, Observed::Unreadable(why)),
                };
                let found = self.own_rules(None, BTreeMap::from([(name.clone(), rule)])).await;
                let rule = found.get(&name).cloned();
                (name, rule.map_or(Observed::Absent, Observed::Known))
            }
            .boxed()
        });
        read.await.into_iter().collect()
    }

    pub(super) async fn default_bus_key(&self) -> Observed<String> {
        if self.reads.rule_prefix.is_empty() {
            return Observed::Absent;
        }
        observed(self.session.default_bus_key().await)
    }

    /// The blueprint's rules of a custom bus, and those of others.
    async fn rules_of(
        &self,
        bus: &str,
    ) -> (Observed<SmallMap<String, LiveRule>>, Observed<BTreeMap<String, LiveRule>>) {
        let rules = match observed(self.session.rules(Some(bus), "").await) {
            Observed::Known(rules) => rules,
            Observed::Absent => return (Observed::Absent, Observed::Absent),
            Observed::Unreadable(why) => {
                return (Observed::Unreadable(why.clone()), Observed::Unreadable(why));
            }
        };
        let all = self.reads.every_rule;
        let is_own = |name: &String| all || name.starts_with(&self.reads.rule_prefix);
        let (own, others): (BTreeMap<_, _>, BTreeMap<_, _>) =
            rules.into_iter().partition(|(name, _)| is_own(name));
        let (own, others) = join!(self.own_rules(Some(bus), own), self.others(bus, others));
        (Observed::Known(own), Observed::Known(others))
    }

    /// Rules of others, with the targets of those that are on.
    async fn others(&self, bus: &str, rules: BTreeMap<String, Rule>) -> BTreeMap<String, LiveRule> {
        let rules = each(rules, |(name, rule)| {
            let key = RuleKey::on(Some(bus), &name);
            async move {
                let targets = match rule.state {
                    RuleState::Disabled => Observed::Absent,
                    _ => observed(self.session.targets(&key).await),
                };
                (name, LiveRule { rule: rule.into(), targets, tags: Observed::Absent })
            }
            .boxed()
        });
        rules.await.into_iter().collect()
    }

    /// Rules of the blueprint's, with their targets and tags.
    async fn own_rules(
        &self,
        bus: Option<&str>,
        rules: BTreeMap<String, Rule>,
    ) -> SmallMap<String, LiveRule> {
        let rules = each(rules, |(name, rule)| {
            let key = RuleKey::on(bus, &name);
            async move {
                let arn = self.session.rule_arn(&key);
                let (targets, tags) = join!(
                    self.session.targets(&key),
                    self.tags(&arn, self.session.event_tags(&arn))
                );
                (name, LiveRule { rule: rule.into(), targets: observed(targets), tags })
            }
            .boxed()
        });
        rules.await.into_iter().collect()
    }

    /// The requested buses and those that carry the tag, by name.
    pub(super) async fn buses(&self) -> BTreeMap<String, Observed<LiveBus>> {
        if self.reads.every_rule {
            return self.every_bus().await;
        }
        if self.reads.rule_prefix.is_empty() {
            return BTreeMap::new();
        }
        let name =
            |arn: &str| Some(Arn::parse(arn)?.resource.strip_prefix("event-bus/")?.to_owned());
        let named = self.reads.buses.iter().map(|bus| self.session.bus_arn(bus)).collect();
        let read = |arn: String| async move { (self.bus(&arn).await, arn) }.boxed();
        let found = self.named_and_tagged("events", "event-bus/", &named, read).await;
        found.filter_map(|(arn, bus)| Some((name(&arn)?, bus))).collect()
    }

    /// Every custom bus of the region. Where they cannot be listed, one unreadable entry with a
    /// wildcard as its name stands for them.
    async fn every_bus(&self) -> BTreeMap<String, Observed<LiveBus>> {
        let names = match self.session.custom_buses().await {
            Ok(names) => names,
            Err(error) => return [("*".to_owned(), Observed::Unreadable((&error).into()))].into(),
        };
        let read = each(names, |name| {
            async move { (self.bus(&self.session.bus_arn(&name)).await, name) }.boxed()
        });
        read.await.into_iter().map(|(bus, name)| (name, bus)).collect()
    }

    async fn bus(&self, arn: &str) -> Observed<LiveBus> {
        let (_, name) = arn.rsplit_once('/').unwrap_or(("", arn));
        match observed(self.session.bus(name).await) {
            Observed::Known(bus) => {
                let (tags, (rules, others)) =
                    join!(self.tags(arn, self.session.event_tags(arn)), self.rules_of(name));
                Observed::Known(LiveBus { bus, tags, rules, others })
            }
            Observed::Absent => Observed::Absent,
            Observed::Unreadable(why) => Observed::Unreadable(why),
        }
    }
}
