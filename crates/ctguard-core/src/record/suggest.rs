//! What somebody may have meant by a path that no record has.

use super::common::FIELDS;
use super::field::Holds;
use super::request::Parameter;
use super::scenario::Subject;

/// Deepest parameters that are suggested: `ipPermissions.items.ipRanges.items.cidrIp`.
const DEPTH_MAX: usize = 5;

/// Most letters in which a name may differ from what was meant.
const SLIPS_MAX: usize = 2;

/// Fields of the event around the record, which `where` does not reach, and what stands for them in
/// the record.
///
/// Source: <https://docs.aws.amazon.com/eventbridge/latest/ref/overiew-event-structure.html>
const ENVELOPE: &[(&str, &str)] = &[
    ("account", "write `recipientAccountId`: conditions begin below `detail`"),
    ("detail-type", "leave it out: it follows from `events`"),
    ("id", "write `eventID`: conditions begin below `detail`"),
    ("region", "write `awsRegion`: conditions begin below `detail`"),
    ("source", "leave it out: it follows from `events`"),
    ("time", "write `eventTime`: conditions begin below `detail`"),
    ("version", "write `eventVersion`: conditions begin below `detail`"),
];

/// Names by which other tools know common fields.
const KNOWN_AS: &[(&str, &str)] = &[
    ("accountid", "recipientAccountId"),
    ("ip", "sourceIPAddress"),
    ("ipaddress", "sourceIPAddress"),
    ("mfa", "userIdentity.sessionContext.attributes.mfaAuthenticated"),
    ("principalarn", "userIdentity.arn"),
    ("rolearn", "userIdentity.sessionContext.sessionIssuer.arn"),
    ("sourceip", "sourceIPAddress"),
    ("useridentityrolearn", "userIdentity.sessionContext.sessionIssuer.arn"),
];

/// Names that APIs have for parameters, and what CloudTrail writes for them.
const WRITTEN_AS: &[(&str, &str)] = &[
    ("acl", "x-amz-acl"),
    ("availabilityzone", "zone"),
    ("bucket", "bucketName"),
    ("groupids", "groupSet.items.groupId"),
    ("instanceid", "instancesSet.items.instanceId"),
    ("instanceids", "instancesSet.items.instanceId"),
    ("resources", "resourcesSet.items.resourceId"),
    ("securitygroupids", "groupSet.items.groupId"),
    ("securitygroupids", "instancesSet.items.groupSet.items.groupId"),
    ("tags", "tagSet.items.key"),
    ("volumeids", "volumeSet.items.volumeId"),
];

/// Objects whose fields are not all known.
const OBJECTS: &[&str] =
    &["additionalEventData", "requestParameters", "responseElements", "serviceEventDetails"];

/// A suggestion.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Suggestion {
    pub help: String,
    /// It differs so little that the path must be a slip.
    pub close: bool,
}

/// What may have been meant, for the events that are asked for.
pub(super) fn suggest(path: &str, subjects: &[Subject]) -> Option<Suggestion> {
    if let Some((_, help)) = ENVELOPE.iter().find(|(name, _)| *name == path) {
        return Some(Suggestion { help: (*help).to_owned(), close: true });
    }
    if let Some(below) = path.strip_prefix("detail.") {
        return Some(Suggestion { help: format!("write `{below}`"), close: true });
    }
    let candidates = candidates(subjects);
    let meant = |path: &str| format!("did you mean `{path}`?");
    if let Some(written) = written_as(path, &candidates) {
        return Some(Suggestion { help: meant(written), close: false });
    }
    if let Some(close) = close(path, &candidates) {
        return Some(Suggestion { help: meant(close), close: true });
    }
    if let Some((object, rest)) = path.split_once('.')
        && let Some(own) =
            OBJECTS.iter().find(|own| own.eq_ignore_ascii_case(object) && **own != object)
    {
        return Some(Suggestion { help: meant(&format!("{own}.{rest}")), close: true });
    }
    let known = KNOWN_AS.iter().find(|(name, _)| *name == plain(path));
    let far = known.map(|(_, path)| *path).or_else(|| same_end(path, &candidates));
    far.map(|path| Suggestion { help: meant(path), close: false })
}

/// What CloudTrail writes for a parameter that has its name in the API.
fn written_as<'c>(path: &str, candidates: &'c [String]) -> Option<&'c str> {
    let name = path.strip_prefix("requestParameters.")?;
    let name = plain(name.split('.').next()?);
    let known = WRITTEN_AS.iter().filter(|(api, _)| *api == name);
    let mut found = known.filter_map(|(_, written)| {
        let whole = |one: &&String| one.strip_prefix("requestParameters.") == Some(written);
        candidates.iter().find(whole)
    });
    found.next().map(String::as_str)
}

/// Every path that records of the events have, as far as it is known.
fn candidates(subjects: &[Subject]) -> Vec<String> {
    let kinds = |subject: &Subject, path: &str| {
        FIELDS.iter().any(|field| field.path == path && field.kinds.has(subject.kinds))
    };
    let common = FIELDS.iter().filter(|field| {
        // What an object holds is meant, not the object.
        let leaf =
            !matches!(field.holds, Holds::Object | Holds::List | Holds::Nullable | Holds::Map);
        leaf && subjects.iter().any(|subject| kinds(subject, field.path))
    });
    let mut all: Vec<String> = common.map(|field| field.path.to_owned()).collect();
    for subject in subjects {
        for request in subject.request.iter().chain(subject.members()) {
            collect("requestParameters", &request.parameters, DEPTH_MAX, &mut all);
        }
        if let Some(response) = &subject.response {
            collect("responseElements", &response.parameters, DEPTH_MAX, &mut all);
        }
        if subject.is_login() {
            all.push("responseElements.ConsoleLogin".to_owned());
        }
    }
    all.sort();
    all.dedup();
    all
}

fn collect(parent: &str, parameters: &[Parameter], depth: usize, all: &mut Vec<String>) {
    for parameter in parameters {
        let path = format!("{parent}.{}", parameter.name);
        if depth > 1 {
            collect(&path, &parameter.fields, depth - 1, all);
        }
        all.push(path);
    }
}

/// A path without what people write in different ways.
fn plain(path: &str) -> String {
    path.chars()
        .filter(|one| one.is_ascii_alphanumeric())
        .map(|one| one.to_ascii_lowercase())
        .collect()
}

/// The candidate that differs by case, by a slip in one or two letters, or by levels in between.
fn close<'c>(path: &str, candidates: &'c [String]) -> Option<&'c str> {
    let wanted = plain(path);
    if let Some(same) = candidates.iter().find(|candidate| plain(candidate) == wanted) {
        return Some(same);
    }
    let steps: Vec<String> = path.split('.').map(plain).collect();
    let slips = |candidate: &&String| {
        let others: Vec<String> = candidate.split('.').map(plain).collect();
        slips(&steps, &others).map(|slips| (slips, candidate.len()))
    };
    let best = candidates.iter().filter_map(|one| Some((slips(&one)?, one)));
    if let Some((_, best)) = best.min_by_key(|(slips, _)| *slips) {
        return Some(best);
    }
    let between = candidates.iter().filter_map(|candidate| {
        let others: Vec<String> = candidate.split('.').map(plain).collect();
        let lacks = within(&steps, &others);
        let apart = steps.len().abs_diff(others.len());
        // Some services write `item`, most `items`.
        let rare = candidate.contains(".item.");
        let rank = (apart, !lacks, rare, candidate.len());
        (lacks || within(&others, &steps)).then_some((rank, candidate))
    });
    between.min_by_key(|(apart, _)| *apart).map(|(_, candidate)| candidate.as_str())
}

/// In how many letters two paths of as many steps differ, if in few.
fn slips(steps: &[String], others: &[String]) -> Option<usize> {
    if steps.len() != others.len() {
        return None;
    }
    let mut sum = 0;
    for (step, other) in steps.iter().zip(others) {
        let slips = strsim::osa_distance(step, other);
        // Of a short name, one letter is much.
        if slips > 0 && slips >= step.chars().count().min(other.chars().count()) {
            return None;
        }
        sum += slips;
    }
    (sum <= SLIPS_MAX).then_some(sum)
}

/// Whether the steps of one path stand in the other in order, and both end alike.
fn within(short: &[String], long: &[String]) -> bool {
    if short.len() >= long.len() || short.last() != long.last() {
        return false;
    }
    let mut rest = long.iter();
    short.iter().all(|step| rest.any(|other| other == step))
}

/// The common field that ends as the path does.
fn same_end<'c>(path: &str, candidates: &'c [String]) -> Option<&'c str> {
    let end = |path: &str| plain(path.rsplit('.').next().unwrap_or(path));
    let wanted = end(path);
    let alike = candidates.iter().filter(|candidate| end(candidate) == wanted);
    alike.min_by_key(|candidate| candidate.len()).map(String::as_str)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::catalogue;

    fn subject(event: &str) -> Subject {
        let (service, name) = event.split_once(':').expect("an event");
        let source = format!("{service}.amazonaws.com");
        Subject::of(&catalogue::find(&source, name).expect("in the catalogue").to_refs()[0])
    }

    #[test]
    fn a_slip_is_told_with_what_was_meant() {
        for (event, path, meant) in [
            ("iam:CreateUser", "useridentity.type", "userIdentity.type"),
            ("iam:CreateUser", "userIdentity.Type", "userIdentity.type"),
            ("iam:CreateUser", "user_identity.user_name", "userIdentity.userName"),
            ("iam:CreateUser", "userIdentity.username", "userIdentity.userName"),
            ("iam:CreateUser", "sourceIpAddress", "sourceIPAddress"),
            ("iam:CreateUser", "sourceIPAddresses", "sourceIPAddress"),
            ("iam:CreateUser", "errorCodes", "errorCode"),
            ("iam:CreateUser", "eror_code", "errorCode"),
            (
                "iam:CreateUser",
                "userIdentity.sessionIssuer.arn",
                "userIdentity.sessionContext.sessionIssuer.arn",
            ),
            (
                "iam:CreateUser",
                "sessionContext.sessionIssuer.arn",
                "userIdentity.sessionContext.sessionIssuer.arn",
            ),
            (
                "iam:CreateUser",
                "mfaAuthenticated",
                "userIdentity.sessionContext.attributes.mfaAuthenticated",
            ),
            (
                "iam:CreateUser",
                "userIdentity.sessionContext.mfaAuthenticated",
                "userIdentity.sessionContext.attributes.mfaAuthenticated",
            ),
            ("iam:CreateUser", "requestParameters.UserName", "requestParameters.userName"),
            ("iam:CreateUser", "requestParameters.user.userName", "requestParameters.userName"),
            ("signin:ConsoleLogin", "additionalEventData.MfaUsed", "additionalEventData.MFAUsed"),
            (
                "signin:ConsoleLogin",
                "responseElements.consoleLogin",
                "responseElements.ConsoleLogin",
            ),
        ] {
            let found = suggest(path, &[subject(event)]);
            assert_eq!(
                found,
                Some(Suggestion { help: format!("did you mean `{meant}`?"), close: true }),
                "{path}"
            );
        }
        let far = suggest("sourceIP", &[subject("iam:CreateUser")]).expect("a suggestion");
        assert_eq!(far.help, "did you mean `sourceIPAddress`?");
        assert_eq!(suggest("colour", &[subject("iam:CreateUser")]), None);
    }

    #[test]
    fn what_stands_around_the_record_is_told_apart() {
        for (path, part) in [
            ("account", "recipientAccountId"),
            ("region", "awsRegion"),
            ("detail.eventName", "eventName"),
        ] {
            let found = suggest(path, &[subject("iam:CreateUser")]).expect(path);
            assert!(found.help.contains(part) && found.close, "{found:?}");
        }
    }
}
