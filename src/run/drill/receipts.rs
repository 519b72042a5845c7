//! The messages that came, held against those that were sought.

use ctguard_core::cloud::QueueMessage;
use ctguard_core::drill::Sought;
use ctguard_core::drill::expect::Text;
use ctguard_core::resource::keys::RuleKey;
use ctguard_core::scope::Place;
use serde_json::Value;
use std::collections::{BTreeSet, HashSet};
use std::time::Instant;

/// What is sought, and what has come of it.
pub(super) struct Receipts {
    groups: Vec<Group>,
    seen: HashSet<String>,
}

/// Messages that cannot be told apart: as many are needed as rules send such.
struct Group {
    topic: String,
    text: Text,
    rules: BTreeSet<(Place, RuleKey)>,
    receipts: BTreeSet<(usize, usize)>,
    came: Vec<(String, Instant)>,
}

impl Receipts {
    pub fn new(sought: Vec<Sought>) -> Self {
        let mut groups: Vec<Group> = Vec::new();
        for one in sought {
            let same = |group: &Group| group.topic == one.topic && group.text == one.text;
            let at = groups.iter().position(same).unwrap_or_else(|| {
                groups.push(Group {
                    topic: one.topic.clone(),
                    text: one.text.clone(),
                    rules: BTreeSet::new(),
                    receipts: BTreeSet::new(),
                    came: Vec::new(),
                });
                groups.len() - 1
            });
            groups[at].rules.insert(one.rule);
            groups[at].receipts.extend(one.receipt);
        }
        Self { groups, seen: HashSet::new() }
    }

    /// Takes a message in; one that was received before is no other.
    pub fn take(&mut self, message: &QueueMessage, at: Instant) {
        let Ok(envelope) = serde_json::from_str::<Value>(&message.body) else { return };
        let text = |key: &str| envelope[key].as_str().unwrap_or_default();
        // SNS may deliver a message more than once, with the same id of its own.
        let id = match text("MessageId") {
            "" => message.id.clone(),
            id => format!("{} {id}", text("TopicArn")),
        };
        if !self.seen.insert(id) {
            return;
        }
        let (topic, said) = (text("TopicArn").to_owned(), text("Message").to_owned());
        let fits = |group: &Group| group.topic == topic && group.text.is_said_by(&said);
        let open = self.groups.iter().position(|group| fits(group) && !group.is_full());
        if let Some(index) = open.or_else(|| self.groups.iter().position(fits)) {
            self.groups[index].came.push((said, at));
        }
    }

    /// Whether these have come.
    pub fn have(&self, awaited: &BTreeSet<(usize, usize)>) -> bool {
        awaited.iter().all(|(path, number)| self.of(*path, *number).is_ok())
    }

    /// The text of a receipt and when it came; why it has not.
    pub fn of(&self, path: usize, number: usize) -> Result<(String, Instant), String> {
        let groups: Vec<&Group> =
            self.groups.iter().filter(|group| group.receipts.contains(&(path, number))).collect();
        if groups.is_empty() {
            return Err("its message cannot be told beforehand".to_owned());
        }
        if let Some(group) = groups.iter().find(|group| !group.is_full()) {
            return Err(match group.came.len() {
                0 => "no such message came".to_owned(),
                came => format!(
                    "{came} of {} messages came that cannot be told apart",
                    group.rules.len()
                ),
            });
        }
        let came = groups.iter().flat_map(|group| group.came.first());
        came.max_by_key(|(_, at)| *at).cloned().ok_or_else(|| "no such message came".to_owned())
    }
}

impl Group {
    fn is_full(&self) -> bool {
        self.came.len() >= self.rules.len()
    }
}
