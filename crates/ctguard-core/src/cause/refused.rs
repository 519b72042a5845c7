//! Who was refused, where AWS says that it was a session of a role.
//!
//! In most accounts of a fleet the identity that runs ctguard is not the one that calls: a role is
//! assumed there. A remedy is done to that role, so it is named. AWS's message is the only thing that
//! tells it; where it does not, the remedy stays as it is.
//!
//! Source: <https://docs.aws.amazon.com/IAM/latest/UserGuide/troubleshoot_access-denied.html>

use crate::scope::{AccountId, Arn};

/// How a remedy speaks of whoever calls.
const ANYBODY: &str = "the identity that runs ctguard";

/// A remedy with the role that was refused in it, as far as the message says it.
pub fn naming(remedy: String, message: &str) -> String {
    match role(message) {
        Some((role, account)) => {
            remedy.replace(ANYBODY, &format!("the role {role} in account {account}"))
        }
        None => remedy,
    }
}

/// The role, and its account, of `User: arn:aws:sts::ACCOUNT:assumed-role/ROLE/SESSION is not …`.
fn role(message: &str) -> Option<(&str, AccountId)> {
    let (_, rest) = message.split_once("User: ")?;
    let arn = Arn::parse(rest.split_whitespace().next()?).filter(|arn| arn.service == "sts")?;
    let (role, _) = arn.resource.strip_prefix("assumed-role/")?.split_once('/')?;
    // <https://docs.aws.amazon.com/IAM/latest/APIReference/API_CreateRole.html>
    let is_name = |c: char| c.is_ascii_alphanumeric() || "_+=,.@-".contains(c);
    let is_role = !role.is_empty() && role.chars().all(is_name);
    Some((role, AccountId::new(arn.account)?)).filter(|_| is_role)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_remedy_names_the_role_that_was_refused() {
        let remedy = "Allow events:ListRules to the identity that runs ctguard, and run again.";
        let not = "is not authorized to perform: events:ListRules";
        let session = "arn:aws:sts::222233334444:assumed-role/audit@acme/ctguard";
        for (message, told) in [
            (format!("User: {session} {not}"), "the role audit@acme in account 222233334444"),
            (format!("User: arn:aws:iam::222233334444:user/you {not}"), ANYBODY),
            (format!("User: arn:aws:sts::222233334444:assumed-role/a\u{7}b/c {not}"), ANYBODY),
            (format!("User: arn:aws:sts::2222:assumed-role/a/b {not}"), ANYBODY),
            ("Access Denied".to_owned(), ANYBODY),
        ] {
            let wanted = format!("Allow events:ListRules to {told}, and run again.");
            assert_eq!(naming(remedy.to_owned(), &message), wanted, "{message}");
        }
    }
}
