//! Lambda functions, as far as a subscription names them.

/// The qualifier that stands for what was deployed last, published or not.
const LATEST: &str = "$LATEST";

/// What the ARN of a function names: the function, and a version or alias of it where it says one.
///
/// Source: <https://docs.aws.amazon.com/lambda/latest/api/API_GetPolicy.html>
pub fn parts(resource: &str) -> Option<(&str, Option<&str>)> {
    let named = resource.strip_prefix("function:").filter(|named| !named.is_empty())?;
    Some(match named.split_once(':') {
        Some((name, qualifier)) => (name, Some(qualifier)),
        None => (named, None),
    })
}

/// Whether it can have a policy: the function, each version and each alias have their own, and Lambda takes
/// none for `$LATEST`.
///
/// Source: <https://docs.aws.amazon.com/lambda/latest/dg/access-control-resource-based.html>
pub fn has_policy(resource: &str) -> bool {
    parts(resource).is_some_and(|(_, qualifier)| qualifier != Some(LATEST))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn versions_and_aliases_are_told_from_the_name() {
        for (resource, expected, policy) in [
            ("function:triage", Some(("triage", None)), true),
            ("function:triage:7", Some(("triage", Some("7"))), true),
            ("function:triage:prod", Some(("triage", Some("prod"))), true),
            ("function:triage:$LATEST", Some(("triage", Some("$LATEST"))), false),
            ("layer:triage", None, false),
            ("function:", None, false),
        ] {
            assert_eq!(parts(resource), expected, "{resource}");
            assert_eq!(has_policy(resource), policy, "{resource}");
        }
    }
}
