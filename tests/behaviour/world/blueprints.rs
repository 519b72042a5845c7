//! The blueprints that tests begin with.

/// Two alerts to one mailbox, no trail of its own.
pub const PLAIN: &str = r#"
version: 1
name: acme
regions: [us-east-1, eu-west-1]
destinations:
  secops: { topic: secops, format: text, subscribers: [{ email: secops@acme.example }] }
routes: { critical: [secops], high: [secops], medium: [secops], low: [] }
alerts:
  - id: route
    title: A route was made
    risk: high
    events: [ec2:CreateRoute]
    why: Routes should be planned.
    next: Ask whoever made it.
  - id: new-user
    title: A user was made
    risk: medium
    events: [iam:CreateUser]
    why: People sign in through the identity provider.
    next: Ask whoever made it.
"#;

/// The same, and a trail that ctguard keeps.
pub fn keeping_a_trail() -> String {
    format!("{PLAIN}{TRAIL}")
}

pub const TRAIL: &str = "
trail: { name: acme-management, bucket: acme-logs-111122223333, home_region: us-east-1 }
";
