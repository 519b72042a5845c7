//! Which fields the records that an alert takes are known never to have.

use super::check::{ALTERNATIVES_MAX, Asked, Mask, judged};
use super::field::Who;
use super::scenario::{Possible, Scenario, Subject, Values, place, possible};
use eventbridge_pattern::Filter;

/// The fields of a caller who has a token of an identity provider and no credentials of AWS.
///
/// Source: <https://docs.aws.amazon.com/awscloudtrail/latest/userguide/cloudtrail-event-reference-user-identity.html#STS-API-SAML-WIF>
const OF_TOKENS: [&str; 5] = [
    "userIdentity",
    "userIdentity.type",
    "userIdentity.principalId",
    "userIdentity.userName",
    "userIdentity.identityProvider",
];

/// Says of each event whether none of its records that satisfy the conditions has any of these
/// fields. What the model does not know, a record may have; exceptions are not looked at, which only
/// leave fewer records.
pub fn none_recorded(asked: &Asked<'_>, paths: &[&str]) -> Vec<bool> {
    let nothing = Filter::All(Vec::new());
    let filter = asked.filter.unwrap_or(&nothing);
    if filter.combinations() > ALTERNATIVES_MAX {
        return vec![false; asked.events.len()];
    }
    let alternatives = match filter.alternatives(ALTERNATIVES_MAX) {
        all if all.is_empty() => vec![Vec::new()],
        all => all,
    };
    let lacks_all = |subject: Subject| {
        let ways = judged(&subject, &alternatives, asked.failed, &[]).ways;
        let taken: Mask = ways.iter().fold(0, |mask, way| mask | way.masks.wide);
        let callers = callers(&subject);
        let mut scenarios = Scenario::all(true)
            .filter(|(number, one)| taken & 1 << number != 0 && callers.has(one.who))
            .map(|(_, scenario)| scenario)
            .peekable();
        // Of an alert that takes no record something else is to be said.
        scenarios.peek().is_some()
            && scenarios.all(|one| paths.iter().all(|path| lacks(path, &subject, one)))
    };
    asked.events.iter().map(|event| lacks_all(Subject::of(event))).collect()
}

/// Who can make the call: two take a token in place of a signature.
///
/// Source: the page of [`OF_TOKENS`].
fn callers(subject: &Subject) -> Who {
    match (subject.source.as_deref(), subject.name.as_deref()) {
        (Some("sts.amazonaws.com"), Some("AssumeRoleWithSAML")) => Who::SAML,
        (Some("sts.amazonaws.com"), Some("AssumeRoleWithWebIdentity")) => Who::WEB,
        _ => Who::ANY,
    }
}

fn lacks(path: &str, subject: &Subject, scenario: Scenario) -> bool {
    let by_token = Who::SAML.or(Who::WEB).has(scenario.who);
    if by_token && path.starts_with("userIdentity") && !OF_TOKENS.contains(&path) {
        return true;
    }
    let Possible { values, .. } = possible(place(path, subject), subject, scenario);
    values == Values::Nothing
}
