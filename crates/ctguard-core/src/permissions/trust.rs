//! Who may assume the role of CI: the jobs of one repository, identified by the token that their
//! service signs.

use crate::resource::policy;
use crate::scope::{AccountId, Partition};
use serde_json::{Value, json};

/// GitHub's issuer of tokens, without its scheme, as IAM names it.
///
/// Source: <https://docs.github.com/en/actions/reference/security/oidc>
pub const GITHUB_ISSUER: &str = "token.actions.githubusercontent.com";

/// The audience of the token that GitHub's official action requests.
const GITHUB_AUDIENCE: &str = "sts.amazonaws.com";

/// Which jobs are trusted.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Jobs {
    GitHub {
        /// `owner/repository`.
        repository: String,
        refs: Vec<JobRef>,
    },
    GitLab {
        /// `gitlab.com`, or the host of one's own.
        host: String,
        /// `group/project`, with subgroups between.
        project: String,
        refs: Vec<JobRef>,
    },
}

/// The trigger of a job.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub enum JobRef {
    Branch(String),
    Tag(String),
    /// A deployment environment; GitHub's tokens then name it instead of the branch.
    Environment(String),
    /// Any pull request, whoever made it: for a role that reads only.
    PullRequest,
}

/// Why there is no trust policy to make.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum TrustError {
    #[error("`{0}` is not a repository: a path such as acme/security")]
    Repository(String),
    #[error("`{0}` is not the name of a host")]
    Host(String),
    #[error("`{0}` is not the name of a branch, tag or environment")]
    Ref(String),
    #[error("no branch, tag or environment is named: every job of the repository would be trusted")]
    Everything,
    #[error("GitLab's tokens do not name {0}")]
    NotInGitLab(&'static str),
}

/// The trust policy of CI's role in an account.
///
/// # Errors
/// When a name could mean more than one, or nothing narrows the repository's jobs.
pub fn trust(jobs: &Jobs, partition: Partition, account: &AccountId) -> Result<Value, TrustError> {
    let (issuer, audience, subjects) = match jobs {
        Jobs::GitHub { repository, refs } => {
            path(repository, 2..=2)?;
            (
                GITHUB_ISSUER,
                GITHUB_AUDIENCE.to_owned(),
                subjects(refs, |of| github(repository, of))?,
            )
        }
        Jobs::GitLab { host, project, refs } => {
            path(project, 2..=20)?;
            let good = |c: char| c.is_ascii_alphanumeric() || c == '.' || c == '-';
            if host.is_empty() || !host.chars().all(good) {
                return Err(TrustError::Host(host.clone()));
            }
            let subjects = subjects(refs, |of| gitlab(project, of))?;
            (host.as_str(), format!("https://{host}"), subjects)
        }
    };
    let subjects = match subjects.as_slice() {
        [one] => json!(one),
        several => json!(several),
    };
    Ok(policy::document(vec![json!({
        "Effect": "Allow",
        "Principal": { "Federated": format!("arn:{partition}:iam::{account}:oidc-provider/{issuer}") },
        "Action": "sts:AssumeRoleWithWebIdentity",
        "Condition": { "StringEquals": {
            format!("{issuer}:aud"): audience,
            format!("{issuer}:sub"): subjects,
        } },
    })]))
}

fn subjects(
    refs: &[JobRef],
    subject: impl Fn(&JobRef) -> Result<String, TrustError>,
) -> Result<Vec<String>, TrustError> {
    if refs.is_empty() {
        return Err(TrustError::Everything);
    }
    for named in refs {
        if let JobRef::Branch(name) | JobRef::Tag(name) | JobRef::Environment(name) = named {
            // StringEquals takes a wildcard for itself, so it would match no job at all.
            let bad = |c: char| c.is_control() || c.is_whitespace() || "*?:".contains(c);
            if name.is_empty() || name.contains(bad) {
                return Err(TrustError::Ref(name.clone()));
            }
        }
    }
    refs.iter().map(subject).collect()
}

/// Source: <https://docs.github.com/en/actions/reference/security/oidc>
fn github(repository: &str, of: &JobRef) -> Result<String, TrustError> {
    Ok(match of {
        JobRef::Branch(name) => format!("repo:{repository}:ref:refs/heads/{name}"),
        JobRef::Tag(name) => format!("repo:{repository}:ref:refs/tags/{name}"),
        JobRef::Environment(name) => format!("repo:{repository}:environment:{name}"),
        JobRef::PullRequest => format!("repo:{repository}:pull_request"),
    })
}

/// Source: <https://docs.gitlab.com/ci/cloud_services/>
fn gitlab(project: &str, of: &JobRef) -> Result<String, TrustError> {
    let subject =
        |kind: &str, name: &str| format!("project_path:{project}:ref_type:{kind}:ref:{name}");
    match of {
        JobRef::Branch(name) => Ok(subject("branch", name)),
        JobRef::Tag(name) => Ok(subject("tag", name)),
        JobRef::Environment(_) => Err(TrustError::NotInGitLab("environments in their subject")),
        JobRef::PullRequest => Err(TrustError::NotInGitLab("pull requests in their subject")),
    }
}

/// Checks a path of so many names.
fn path(text: &str, names: std::ops::RangeInclusive<usize>) -> Result<(), TrustError> {
    let good = |name: &str| {
        let letters = |c: char| c.is_ascii_alphanumeric() || "-_.".contains(c);
        !name.is_empty() && name.chars().all(letters)
    };
    let all: Vec<&str> = text.split('/').collect();
    let fits = names.contains(&all.len()) && all.iter().all(|name| good(name));
    if fits { Ok(()) } else { Err(TrustError::Repository(text.to_owned())) }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn account() -> AccountId {
        AccountId::new("111122223333").unwrap()
    }

    fn github(repository: &str, refs: &[JobRef]) -> Result<Value, TrustError> {
        let jobs = Jobs::GitHub { repository: repository.to_owned(), refs: refs.to_vec() };
        trust(&jobs, Partition::Aws, &account())
    }

    fn gitlab(host: &str, project: &str, refs: &[JobRef]) -> Result<Value, TrustError> {
        let (host, project, refs) = (host.to_owned(), project.to_owned(), refs.to_vec());
        trust(&Jobs::GitLab { host, project, refs }, Partition::Aws, &account())
    }

    fn branch(name: &str) -> JobRef {
        JobRef::Branch(name.to_owned())
    }

    #[test]
    fn githubs_jobs_of_one_branch_are_trusted_and_no_others() {
        let policy = github("acme/security", &[branch("main")]).unwrap();
        let statement = &policy["Statement"][0];
        assert_eq!(statement["Action"], "sts:AssumeRoleWithWebIdentity");
        assert_eq!(
            statement["Principal"]["Federated"],
            "arn:aws:iam::111122223333:oidc-provider/token.actions.githubusercontent.com"
        );
        let condition = &statement["Condition"];
        assert_eq!(condition.as_object().unwrap().len(), 1, "nothing is matched loosely");
        let equals = &condition["StringEquals"];
        assert_eq!(equals["token.actions.githubusercontent.com:aud"], "sts.amazonaws.com");
        let subject = &equals["token.actions.githubusercontent.com:sub"];
        assert_eq!(*subject, "repo:acme/security:ref:refs/heads/main");
    }

    #[test]
    fn each_thing_that_a_job_runs_for_has_githubs_own_form() {
        let refs = [
            JobRef::Tag("v1".to_owned()),
            JobRef::Environment("production".to_owned()),
            JobRef::PullRequest,
        ];
        let policy = github("acme/security", &refs).unwrap();
        let equals = &policy["Statement"][0]["Condition"]["StringEquals"];
        assert_eq!(
            equals["token.actions.githubusercontent.com:sub"],
            json!([
                "repo:acme/security:ref:refs/tags/v1",
                "repo:acme/security:environment:production",
                "repo:acme/security:pull_request",
            ])
        );
    }

    #[test]
    fn gitlabs_jobs_are_told_by_project_and_branch_on_any_host() {
        let policy = gitlab("gitlab.acme.example", "acme/platform/alerts", &[branch("main")]);
        let policy = policy.unwrap();
        let statement = &policy["Statement"][0];
        let provider = "arn:aws:iam::111122223333:oidc-provider/gitlab.acme.example";
        assert_eq!(statement["Principal"]["Federated"], provider);
        let equals = &statement["Condition"]["StringEquals"];
        assert_eq!(equals["gitlab.acme.example:aud"], "https://gitlab.acme.example");
        let subject = "project_path:acme/platform/alerts:ref_type:branch:ref:main";
        assert_eq!(equals["gitlab.acme.example:sub"], subject);
    }

    #[test]
    fn what_would_trust_more_than_was_meant_is_refused() {
        assert_eq!(github("acme/security", &[]), Err(TrustError::Everything));
        for repository in ["acme", "acme/*", "acme/security/", "acme/a:ref", "", "a/b/c"] {
            let refused = github(repository, &[branch("main")]);
            assert_eq!(refused, Err(TrustError::Repository(repository.to_owned())), "{repository}");
        }
        for name in ["*", "", "a b", "main:environment:x"] {
            let refused = github("acme/security", &[branch(name)]);
            assert_eq!(refused, Err(TrustError::Ref(name.to_owned())));
        }
        let refused = gitlab("gitlab.com/x", "a/b", &[branch("main")]);
        assert_eq!(refused, Err(TrustError::Host("gitlab.com/x".to_owned())));
        assert!(gitlab("gitlab.com", "a/b", &[JobRef::PullRequest]).is_err());
    }
}
