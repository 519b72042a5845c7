//! The spelling rules of names, addresses, dates and ARNs. Each function says in a few words what
//! is wrong, so that a diagnostic can quote it.

use crate::resource::role::ROLE_NAME_MAX_CHARS;
use crate::scope::{AccountId, Arn, Region};
use jiff::civil::Date;
use std::ops::RangeInclusive;

/// Letters a-z, digits and inner hyphens.
pub(super) fn kebab(text: &str, max_chars: usize) -> Result<(), String> {
    let chars = text.chars().count();
    let odd = |c: &char| !(c.is_ascii_lowercase() || c.is_ascii_digit() || *c == '-');
    if let Some(odd) = text.chars().find(odd) {
        return Err(format!("`{}` is not a-z, 0-9 or `-`", odd.escape_debug()));
    }
    if chars > max_chars {
        return Err(format!("it has {chars} characters, more than {max_chars}"));
    }
    if text.is_empty() || text.starts_with('-') || text.ends_with('-') {
        return Err("it must begin and end with a letter or digit".to_owned());
    }
    Ok(())
}

/// `YYYY-MM-DD` and nothing else.
pub(super) fn date(text: &str) -> Option<Date> {
    let shaped = text.len() == 10
        && text.bytes().enumerate().all(|(at, byte)| match at {
            4 | 7 => byte == b'-',
            _ => byte.is_ascii_digit(),
        });
    shaped.then(|| text.parse().ok()).flatten()
}

/// One address, without a name around it.
pub(in crate::blueprint) fn email(text: &str) -> Result<(), &'static str> {
    if text.chars().any(|c| c.is_whitespace() || c.is_control() || "<>,;\"()".contains(c)) {
        return Err("write one bare address, without a name, brackets or spaces");
    }
    let Some((local, domain)) = text.split_once('@') else {
        return Err("there is no `@` in it");
    };
    if local.is_empty() || domain.contains('@') {
        return Err("there must be one `@`, with a name before it");
    }
    let labels: Vec<&str> = domain.split('.').collect();
    let well_formed = |label: &&str| {
        !label.is_empty()
            && !label.starts_with('-')
            && !label.ends_with('-')
            && label.chars().all(|c| c.is_alphanumeric() || c == '-')
    };
    if labels.len() < 2 || !labels.iter().all(well_formed) {
        return Err("the part after `@` is not a domain");
    }
    Ok(())
}

/// An `https://` address with a host.
pub(in crate::blueprint) fn https_url(text: &str) -> Result<(), &'static str> {
    let Some(rest) = text.strip_prefix("https://") else {
        return Err(if text.starts_with("http://") {
            "alerts are not sent unencrypted: write `https://`"
        } else {
            "it must begin with `https://`"
        });
    };
    let host = rest.split(['/', '?', '#']).next().unwrap_or_default();
    let host = host.rsplit('@').next().unwrap_or_default();
    let host = host.split(':').next().unwrap_or_default();
    if host.is_empty() || text.chars().any(|c| c.is_whitespace() || c.is_control()) {
        return Err("there is no host in it, or a space");
    }
    Ok(())
}

/// Takes apart an ARN of this service in a region and an account.
pub(in crate::blueprint) fn regional_arn<'a>(
    text: &'a str,
    service: &str,
) -> Result<Arn<'a>, String> {
    let arn = arn_of(text, service)?;
    if Region::new(arn.region).is_none() {
        return Err(format!("its region is `{}`", arn.region));
    }
    Ok(arn)
}

/// Checks that the region of an ARN is one of its partition.
///
/// Source: <https://docs.aws.amazon.com/IAM/latest/UserGuide/reference-arns.html>
pub(super) fn fits_partition(arn: &Arn<'_>) -> Result<(), String> {
    let Some(region) = Region::new(arn.region) else { return Ok(()) };
    match region.partition().as_str() {
        partition if partition == arn.partition => Ok(()),
        partition => Err(format!(
            "its partition is `{}`, and the region `{region}` is in `{partition}`",
            arn.partition
        )),
    }
}

/// Takes apart an ARN of this service in an account.
pub(super) fn arn_of<'a>(text: &'a str, service: &str) -> Result<Arn<'a>, String> {
    let arn = Arn::parse(text).ok_or("it has not the six parts of an ARN")?;
    if arn.service != service {
        return Err(format!("its service is `{}`, not `{service}`", arn.service));
    }
    if AccountId::new(arn.account).is_none() {
        return Err(format!("its account is `{}`, not twelve digits", arn.account));
    }
    if !arn.partition.starts_with("aws") {
        return Err(format!("its partition is `{}`", arn.partition));
    }
    Ok(arn)
}

/// The name of a trail.
///
/// Source: <https://docs.aws.amazon.com/awscloudtrail/latest/APIReference/API_CreateTrail.html>
pub(super) fn trail_name(text: &str) -> Result<(), &'static str> {
    if !(3..=128).contains(&text.chars().count()) {
        return Err("it must have 3 to 128 characters");
    }
    if !text.bytes().all(|b| b.is_ascii_alphanumeric() || b"._-".contains(&b)) {
        return Err("only letters, digits, `.`, `_` and `-` may stand in it");
    }
    if text.split(['.', '_', '-']).any(str::is_empty) {
        return Err("it must begin and end with a letter or digit, and no two of `._-` may meet");
    }
    if looks_like_ip(text) {
        return Err("it must not look like an IP address");
    }
    Ok(())
}

/// The name of a general-purpose bucket.
///
/// Source: <https://docs.aws.amazon.com/AmazonS3/latest/userguide/bucketnamingrules.html>
pub(super) fn bucket_name(text: &str) -> Result<(), &'static str> {
    const PREFIXES: [&str; 3] = ["xn--", "sthree-", "amzn-s3-demo-"];
    const SUFFIXES: [&str; 6] = ["-s3alias", "--ol-s3", ".mrap", "--x-s3", "--table-s3", "-an"];
    if !(3..=63).contains(&text.chars().count()) {
        return Err("it must have 3 to 63 characters");
    }
    if !text.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b".-".contains(&b)) {
        return Err("only a-z, 0-9, `.` and `-` may stand in it");
    }
    let ends = |at: Option<u8>| at.is_some_and(|b| b.is_ascii_alphanumeric());
    if !ends(text.bytes().next()) || !ends(text.bytes().last()) || text.contains("..") {
        return Err("it must begin and end with a letter or digit, and no two dots may meet");
    }
    if looks_like_ip(text) {
        return Err("it must not look like an IP address");
    }
    if PREFIXES.iter().any(|prefix| text.starts_with(prefix))
        || SUFFIXES.iter().any(|suffix| text.ends_with(suffix))
    {
        return Err("S3 keeps this beginning or ending for itself");
    }
    Ok(())
}

/// A role: its name, with the path before it if it has one, or its ARN.
///
/// Source: <https://docs.aws.amazon.com/IAM/latest/APIReference/API_CreateRole.html>
pub(in crate::blueprint) fn role(text: &str) -> Result<(), String> {
    let path_and_name = match text.starts_with("arn:") {
        true => {
            let arn = arn_of(text, "iam")?;
            if !arn.region.is_empty() {
                return Err(format!("it has a region, `{}`, and roles have none", arn.region));
            }
            let resource = arn.resource;
            resource.strip_prefix("role/").ok_or_else(|| format!("`{resource}` is not a role"))?
        }
        false => text,
    };
    let (path, name) = path_and_name.rsplit_once('/').unwrap_or(("", path_and_name));
    if !(1..=ROLE_NAME_MAX_CHARS).contains(&name.chars().count()) {
        return Err(format!("a role's name has 1 to {ROLE_NAME_MAX_CHARS} characters"));
    }
    if let Some(odd) = odd_character(name, "+=,.@-") {
        return Err(format!("`{odd}` cannot stand in a role's name"));
    }
    if path_and_name.starts_with('/') {
        return Err("leave out the first `/` of its path".to_owned());
    }
    if path.chars().count() > 510 || path.chars().any(|c| !c.is_ascii_graphic()) {
        return Err("its path has spaces or other characters than ASCII, or too many".to_owned());
    }
    Ok(())
}

/// The external id, which prevents the confused deputy problem.
///
/// Source: <https://docs.aws.amazon.com/STS/latest/APIReference/API_AssumeRole.html>
pub(super) fn external_id(text: &str) -> Result<(), String> {
    spelled(text, 2..=1_224, "+=,.@:/-")
}

/// The name under which CloudTrail shows who assumed a role.
///
/// Source: <https://docs.aws.amazon.com/STS/latest/APIReference/API_AssumeRole.html>
pub(super) fn session_name(text: &str) -> Result<(), String> {
    spelled(text, 2..=64, "+=,.@-")
}

fn spelled(text: &str, chars: RangeInclusive<usize>, marks: &str) -> Result<(), String> {
    if !chars.contains(&text.chars().count()) {
        return Err(format!("it must have {} to {} characters", chars.start(), chars.end()));
    }
    match odd_character(text, marks) {
        Some(odd) => Err(format!("`{odd}` cannot stand in it")),
        None => Ok(()),
    }
}

/// The first character that is neither a letter, a digit, `_` nor one of these.
fn odd_character(text: &str, marks: &str) -> Option<String> {
    let fits = |c: char| c.is_ascii_alphanumeric() || c == '_' || marks.contains(c);
    text.chars().find(|c| !fits(*c)).map(|odd| odd.escape_debug().to_string())
}

/// The id of an organizational unit, or of the root above all of them.
///
/// Source: <https://docs.aws.amazon.com/organizations/latest/APIReference/API_OrganizationalUnit.html>
pub(super) fn unit_id(text: &str) -> Result<(), &'static str> {
    let well_formed = match text.split('-').collect::<Vec<_>>().as_slice() {
        ["r", root] => id_part(root, 4),
        ["ou", root, unit] => id_part(root, 4) && id_part(unit, 8),
        _ => return Err("it begins with `ou-`, or with `r-` for the root"),
    };
    match well_formed {
        true => Ok(()),
        false => Err("its parts have 4 and 8 to 32 characters of a-z and 0-9"),
    }
}

/// The id of an organization.
///
/// Source: <https://docs.aws.amazon.com/organizations/latest/APIReference/API_Organization.html>
pub(super) fn organization_id(text: &str) -> Result<(), &'static str> {
    match text.strip_prefix("o-").map(|id| id_part(id, 10)) {
        Some(true) => Ok(()),
        Some(false) => Err("10 to 32 characters of a-z and 0-9 follow `o-`"),
        None => Err("it begins with `o-`"),
    }
}

fn id_part(text: &str, min_chars: usize) -> bool {
    (min_chars..=32).contains(&text.len())
        && text.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit())
}

fn looks_like_ip(text: &str) -> bool {
    let parts: Vec<&str> = text.split('.').collect();
    parts.len() == 4
        && parts.iter().all(|part| !part.is_empty() && part.bytes().all(|b| b.is_ascii_digit()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_that_aws_would_refuse_are_refused() {
        for good in ["acme", "a", "acme-2"] {
            assert_eq!(kebab(good, 20), Ok(()), "{good}");
        }
        for bad in ["", "-a", "a-", "Acme", "a_b", "a b", "ä", "abcdefghijklmnopqrstu"] {
            assert!(kebab(bad, 20).is_err(), "{bad}");
        }
        for good in ["abc", "acme-management", "A.b_c-9"] {
            assert_eq!(trail_name(good), Ok(()), "{good}");
        }
        for bad in ["ab", "-abc", "abc-", "a..b", "a._b", "a b", "10.0.0.1", &"a".repeat(129)] {
            assert!(trail_name(bad).is_err(), "{bad}");
        }
        for good in ["acme-logs", "a.b", "123"] {
            assert_eq!(bucket_name(good), Ok(()), "{good}");
        }
        for bad in
            ["ab", "Acme", "a_b", ".ab", "a..b", "10.0.0.1", "xn--a", "a-s3alias", &"a".repeat(64)]
        {
            assert!(bucket_name(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn roles_and_what_goes_with_them_are_spelled_as_aws_takes_them() {
        for good in
            ["ctguard", "security/ctguard", "a+=,.@-_", "arn:aws:iam::111122223333:role/x/y"]
        {
            assert_eq!(role(good), Ok(()), "{good}");
        }
        for bad in [
            "",
            "/ctguard",
            "security/",
            "ct guard",
            "rôle",
            &"a".repeat(65),
            "arn:aws:iam::111122223333:user/x",
            "arn:aws:iam:us-east-1:111122223333:role/x",
            "arn:aws:sts::111122223333:assumed-role/x/y",
            "arn:aws:iam::1111:role/x",
        ] {
            assert!(role(bad).is_err(), "{bad}");
        }
        for good in ["12", "a:b/c", &"x".repeat(1_224)] {
            assert_eq!(external_id(good), Ok(()), "{good}");
        }
        for bad in ["1", "a b", "a#b", &"x".repeat(1_225)] {
            assert!(external_id(bad).is_err(), "{bad}");
        }
        assert_eq!(session_name("ctguard@ci"), Ok(()));
        for bad in ["a", "a:b", "a/b", &"x".repeat(65)] {
            assert!(session_name(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn ids_of_organizations_are_told_by_their_shape() {
        for good in ["ou-ab12-11111111", "r-ab12"] {
            assert_eq!(unit_id(good), Ok(()), "{good}");
        }
        for bad in ["", "ou-ab12", "ou-ab12-1111", "OU-ab12-11111111", "r-a", "o-a1b2c3d4e5", "ou-"]
        {
            assert!(unit_id(bad).is_err(), "{bad}");
        }
        assert_eq!(organization_id("o-a1b2c3d4e5"), Ok(()));
        for bad in ["", "o-", "o-short", "o-A1B2C3D4E5", "a1b2c3d4e5", "o-a1b2-c3d4e5"] {
            assert!(organization_id(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn dates_are_days_of_the_calendar() {
        assert!(date("2027-01-31").is_some());
        for bad in ["2027-02-29", "2027-1-31", "27-01-31", "2027/01/31", "2027-01-31T00:00", ""] {
            assert_eq!(date(bad), None, "{bad}");
        }
    }

    #[test]
    fn addresses_are_told_from_what_only_looks_like_one() {
        for good in ["a@b.example", "sec.ops+1@mail.acme.example"] {
            assert_eq!(email(good), Ok(()), "{good}");
        }
        for bad in ["a", "@b.example", "a@", "a@b", "a@b@c.example", "A <a@b.example>", "a@b..c"] {
            assert!(email(bad).is_err(), "{bad}");
        }
        for good in ["https://a.example", "https://u:p@a.example:8443/x?y=z"] {
            assert_eq!(https_url(good), Ok(()), "{good}");
        }
        for bad in ["http://a.example", "a.example", "https://", "https:///x", "https://a b"] {
            assert!(https_url(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn arns_of_another_service_or_without_account_are_refused() {
        assert!(regional_arn("arn:aws:sqs:us-east-1:111122223333:q", "sqs").is_ok());
        for bad in [
            "arn:aws:sns:us-east-1:111122223333:q",
            "arn:aws:sqs::111122223333:q",
            "arn:aws:sqs:us-east-1:1111:q",
            "arn:aws:sqs:us-east-1:111122223333",
            "q",
        ] {
            assert!(regional_arn(bad, "sqs").is_err(), "{bad}");
        }
    }
}
