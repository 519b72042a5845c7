//! The patterns that replaying is measured with.

/// Twenty alerts as blueprints have them; then ones on the calls that are most frequent, each for another principal.
pub fn patterns(many: usize) -> Vec<String> {
    let api = r#""detail-type":["AWS API Call via CloudTrail"]"#;
    let named = |service: &str, names: &str| {
        format!(
            r#"{{"source":["aws.{service}"],{api},"detail":{{"eventSource":["{service}.amazonaws.com"],"eventName":[{names}]}}}}"#
        )
    };
    let mut all = vec![
        named("cloudtrail", r#""StopLogging","DeleteTrail","UpdateTrail","PutEventSelectors""#),
        named("iam", r#""CreateUser","CreateLoginProfile""#),
        named("iam", r#""CreateAccessKey""#),
        named("iam", r#"{"prefix":"Attach"},{"prefix":"Put"}"#),
        named("kms", r#""ScheduleKeyDeletion","DisableKey""#),
        named("ec2", r#""AuthorizeSecurityGroupIngress","AuthorizeSecurityGroupEgress","CreateSecurityGroup""#),
        named("ec2", r#""CreateRoute","ReplaceRoute","DeleteRoute""#),
        named("ec2", r#""DeleteFlowLogs""#),
        named("s3", r#""PutBucketPolicy","DeleteBucketPolicy","PutBucketAcl","PutBucketPublicAccessBlock""#),
        named("lambda", r#"{"prefix":"AddPermission"},{"wildcard":"UpdateFunctionCode*"}"#),
        named("config", r#""StopConfigurationRecorder","DeleteConfigurationRecorder""#),
        named("guardduty", r#""DeleteDetector","UpdateDetector""#),
        named("organizations", r#"{"anything-but":{"prefix":"Describe"}}"#),
        named("rds", r#""ModifyDBInstance","DeleteDBInstance""#),
        r#"{"source":["aws.signin"],"detail":{"eventName":["ConsoleLogin"],"responseElements":{"ConsoleLogin":["Failure"]}}}"#.to_owned(),
        r#"{"source":["aws.signin"],"detail":{"eventName":["ConsoleLogin"],"userIdentity":{"type":["Root"]}}}"#.to_owned(),
        r#"{"detail":{"userIdentity":{"type":["Root"],"invokedBy":[{"exists":false}]},"eventType":[{"anything-but":"AwsServiceEvent"}]}}"#.to_owned(),
        r#"{"detail":{"errorCode":[{"wildcard":"*UnauthorizedOperation"},{"prefix":"AccessDenied"}],"sourceIPAddress":[{"anything-but":"delivery.logs.amazonaws.com"}]}}"#.to_owned(),
        r#"{"source":["aws.secretsmanager"],"detail":{"eventName":["GetSecretValue"],"userIdentity":{"arn":[{"wildcard":"*:user/*"}]}}}"#.to_owned(),
        r#"{"source":["aws.ec2"],"detail":{"eventName":["RunInstances"],"errorCode":[{"exists":false}],"sourceIPAddress":[{"cidr":"203.0.113.0/28"}]}}"#.to_owned(),
    ];
    let frequent = [
        ("sts", "AssumeRole"),
        ("kms", "Decrypt"),
        ("ec2", "DescribeInstances"),
        ("logs", "CreateLogStream"),
        ("monitoring", "DescribeAlarms"),
        ("ec2", "DescribeNetworkInterfaces"),
        ("s3", "GetBucketAcl"),
    ];
    for n in 0..many.saturating_sub(all.len()) {
        let (service, name) = frequent[n % frequent.len()];
        let more = match n % 4 {
            0 => format!(
                r#""userIdentity":{{"arn":[{{"wildcard":"*assumed-role/app-api/app-api-{}*"}}]}}"#,
                1_000 + n
            ),
            1 => format!(r#""userIdentity":{{"accessKeyId":["ASIA{n:016}"]}}"#),
            2 => format!(
                r#""sourceIPAddress":["203.0.113.{}"],"recipientAccountId":["{:012}"]"#,
                n % 256,
                n
            ),
            _ => format!(
                r#""userIdentity":{{"principalId":[{{"prefix":"AROA5XK3ZLQ2MVN7RB4TJ:app-worker-{}"}}]}}"#,
                1_000 + n
            ),
        };
        all.push(format!(
            r#"{{"source":["aws.{service}"],{api},"detail":{{"eventSource":["{service}.amazonaws.com"],"eventName":["{name}"],{more}}}}}"#
        ));
    }
    all.truncate(many);
    all
}

/// Wildcards that overlap on one field which every record of a role has.
pub fn wildcards(many: usize) -> Vec<String> {
    (0..many)
        .map(|n| {
            let (a, b, c) = (n % 10, n / 10 % 10, n % 7);
            format!(
                r#"{{"detail":{{"userIdentity":{{"arn":[{{"wildcard":"*a*assumed-role/*{a}*{b}*-{c}*"}}]}}}}}}"#
            )
        })
        .collect()
}
