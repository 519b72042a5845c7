//! The leaves of a request or a response, ranked by how well they say what is touched.

use super::{Step, label, unwrapped};
use crate::record::request::{Form, Parameter, Payload};

/// What a leaf says; the better ones are greater.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Rank {
    /// A word of the request that is no name.
    Plain,
    /// What is opened, granted or sent elsewhere.
    Opened,
    /// A name or an identifier.
    Named,
}

/// A place that holds one value, or a list of them.
#[derive(Debug, Clone)]
pub(super) struct Leaf {
    /// Its steps below `detail`.
    pub path: Vec<Step>,
    pub label: String,
    pub rank: Rank,
    /// Whether the event's name tells of it.
    pub about: bool,
    pub score: i32,
}

/// Deepest object that is looked into.
const DEPTH_MAX: usize = 6;

/// Steps that only hold a list together.
pub(super) const HOLDERS: [&str; 4] = ["items", "content", "member", "item"];

/// Names that never say what is touched: what keeps a call from being made twice, paging, HTTP,
/// and who pays.
const NOISE: [&str; 32] = [
    "failed",
    "unsuccessful",
    "error",
    "errors",
    "token",
    "tokens",
    "idempotency",
    "correlation",
    "dry",
    "tag",
    "tags",
    "description",
    "comment",
    "comments",
    "host",
    "signature",
    "expires",
    "max",
    "next",
    "page",
    "password",
    "passphrase",
    "requester",
    "reference",
    "fingerprint",
    "date",
    "time",
    "timestamp",
    "checksum",
    "hash",
    "md5",
    "reason",
];

/// Words at the end of the names of texts that are too long to be read.
const LONG: [&str; 6] = ["document", "body", "policy", "template", "text", "data"];

/// Words at the end of the names of what a thing is like.
const LIKE: [&str; 9] =
    ["type", "types", "status", "state", "mode", "class", "level", "definition", "zone"];

/// Whole names of that sort.
const NOISE_NAMES: [&str; 34] = [
    "revisionid",
    "kernelid",
    "ramdiskid",
    "outpostarn",
    "accesscontrollist",
    "accountid",
    "awsaccountid",
    "account_id",
    "catalogid",
    "catalog",
    "registryid",
    "ownerid",
    "instancearn",
    "awsaccesskeyid",
    "ifmatch",
    "changetoken",
    "creatorrequestid",
    "x-id",
    "etag",
    "versionid",
    "requestid",
    "clientid",
    "title",
    "locale",
    "type",
    "resourcetype",
    "status",
    "userdata",
    "externalid",
    "stackid",
    "logicalresourceid",
    "clientrequestid",
    "xmlns",
    "values",
];

/// The leaves below a parent such as `requestParameters`.
pub(super) fn leaves(source: &str, event: &str, parent: &str, payload: &Payload) -> Vec<Leaf> {
    let (members, wrapper) = unwrapped(event, payload);
    let mut path = vec![Step::plain(parent)];
    path.extend(wrapper.map(Step::plain));
    let event = without_version(event);
    let words = label::split(event);
    let object: Vec<String> = words.iter().skip(1).cloned().collect();
    let search = Search { source, event: event.to_ascii_lowercase(), object, words };
    let mut found = Vec::new();
    search.collect(members, &mut path, 0, &mut found);
    found
}

/// An event's name without the version at its end: `20150331v2`, `2020_05_31`.
fn without_version(event: &str) -> &str {
    event.find("20").filter(|at| *at > 0).and_then(|at| event.get(..at)).unwrap_or(event)
}

struct Search<'s> {
    source: &'s str,
    /// The event's name in small letters.
    event: String,
    /// The words of the event's name without its verb.
    object: Vec<String>,
    words: Vec<String>,
}

impl Search<'_> {
    fn collect(
        &self,
        members: &[Parameter],
        path: &mut Vec<Step>,
        depth: i32,
        found: &mut Vec<Leaf>,
    ) {
        let items = members.iter().any(|member| member.name == "items");
        for member in members {
            // The model has both spellings of EC2's lists where either may be.
            if items && member.name == "item" {
                continue;
            }
            if is_noise(&member.name) {
                continue;
            }
            let list = member.form == Form::List && !member.fields.is_empty();
            path.push(Step { name: member.name.clone(), list });
            let holds = matches!(member.form, Form::Object | Form::List | Form::Any);
            if holds && !member.fields.is_empty() {
                if path.len() < DEPTH_MAX + 2 {
                    let deeper = i32::from(!HOLDERS.contains(&member.name.as_str()));
                    self.collect(&member.fields, path, depth + deeper, found);
                }
            } else if is_value(member) {
                found.extend(self.leaf(member, path, depth));
            }
            path.pop();
        }
    }

    fn leaf(&self, member: &Parameter, path: &[Step], depth: i32) -> Option<Leaf> {
        let own = path.iter().rposition(|step| !HOLDERS.contains(&step.name.as_str()))?;
        let name = path.get(own)?.name.as_str();
        let steps: Vec<String> =
            path.iter().take(own + 1).skip(1).map(|step| step.name.to_ascii_lowercase()).collect();
        let small = name.to_ascii_lowercase();
        if small == "key" && self.event.contains("bucket") {
            return None;
        }
        let words = label::split(name);
        let last = words.last().map_or("", String::as_str);
        let stem: String = words
            .iter()
            .filter(|word| !label::is_how(word))
            .map(|word| word.to_ascii_lowercase())
            .collect();
        let about = self.is_about(&stem) || (stem.is_empty() && depth == 0);
        // The gateway that is attached is the object; the one that a route leads to is opened.
        let opens = label::opened(&steps).filter(|label| *label != "Gateway" || !about);
        let known = label::known(self.source, name).filter(|_| opens.is_none());
        // S3 logs what a call is about as a key without a value: `"acl": ""`.
        let s3_query = self.source == "s3.amazonaws.com";
        let (rank, base) = if opens.is_some() {
            (Rank::Opened, 70)
        } else if matches!(member.form, Form::Number | Form::Boolean) {
            return None;
        } else if NOISE_NAMES.contains(&small.as_str()) && known.is_none() {
            (Rank::Plain, 5)
        } else if label::is_how(last) || known.is_some() {
            (Rank::Named, 50)
        } else if LONG.contains(&last.to_ascii_lowercase().as_str()) {
            return None;
        } else if LIKE.contains(&last.to_ascii_lowercase().as_str()) || s3_query {
            (Rank::Plain, 15)
        } else if about && !stem.is_empty() && member.values.is_empty() {
            (Rank::Named, 40)
        } else {
            (Rank::Plain, 20)
        };
        // Source groups and the like matter, but less than the port that is opened.
        let base = if opens == Some("Source group") { base - 20 } else { base };
        // Of EC2's spellings of a list the plain one is the likeliest.
        let set = steps.iter().any(|step| step != "groupset" && step.ends_with("sset"));
        let set = set || steps.iter().any(|step| step == "addset" || step == "removeset");
        let penalty = if rank == Rank::Opened { 2 } else { 16 };
        // `resourceArn` and its like are what calls for tags and policies are about.
        let resource = i32::from(stem == "resource") * 20;
        let wordy = i32::try_from(words.len()).unwrap_or(i32::MAX).min(8) * 2;
        let label = match opens.or(known) {
            Some(label) => label.to_owned(),
            None => label::called(self.source, name, &self.object_of(path)),
        };
        Some(Leaf {
            path: path.to_vec(),
            label,
            rank,
            about: about && rank == Rank::Named,
            score: base + i32::from(about && opens.is_none()) * 30 + resource
                - wordy
                - i32::from(set && opens.is_some()) * 3
                - penalty * depth,
        })
    }

    /// Whether the event's name tells of a stem: `user`, or `routetable` by its first word.
    fn is_about(&self, stem: &str) -> bool {
        let first = self.object.first().map(|word| word.to_ascii_lowercase()).unwrap_or_default();
        !stem.is_empty()
            && (self.event.contains(stem)
                || stem.strip_suffix('s').is_some_and(|one| self.event.contains(one))
                || (first.len() > 3 && stem.starts_with(&first)))
    }

    /// What a plain `name` at a path is the name of: its parent, or what the event is about.
    fn object_of(&self, path: &[Step]) -> Vec<String> {
        let parents = path.get(1..path.len().saturating_sub(1)).unwrap_or_default();
        let parent = parents
            .iter()
            .rev()
            .map(|step| step.name.as_str())
            .find(|step| !HOLDERS.contains(step) && !step.ends_with("Request"));
        match parent {
            Some(parent) => label::split(parent),
            None if self.object.is_empty() => self.words.clone(),
            None => self.object.clone(),
        }
    }
}

/// Whether a member holds one value or a list of plain ones.
fn is_value(member: &Parameter) -> bool {
    match member.form {
        Form::Text | Form::Number | Form::Boolean => true,
        Form::Any => member.fields.is_empty(),
        Form::List => matches!(member.element, Some(Form::Text) | None),
        Form::Time | Form::Object | Form::Map => false,
    }
}

fn is_noise(name: &str) -> bool {
    let small = name.to_ascii_lowercase();
    small.starts_with("x-amz") || {
        let words = label::split(name);
        words.iter().any(|word| NOISE.contains(&word.to_ascii_lowercase().as_str()))
            && !small.ends_with("groupid")
    }
}
