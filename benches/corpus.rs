//! An archive of made-up CloudTrail logs: `cargo run --release --example corpus -- FOLDER [RECORDS] [SEED]`.
//!
//! `FOLDER ordinary` makes one month of an ordinary account instead, and `FOLDER attack BUILTIN` the calls of the
//! intruder that a built-in is for: `benches/noise.sh` counts what each alert makes of them.
//!
//! The same seed gives the same bytes. Records look like those of a busy account: mostly services and roles that
//! read, some that write, few people; 1.4 KB each in the mean, and about seven times smaller as gzip, in AWS's
//! layout with some 5,000 records a file. Nothing in it is from a real account.

// What is wrong in a table ends the program.
#![allow(clippy::unwrap_used, clippy::panic)]

#[path = "corpus/month.rs"]
mod month;
#[path = "corpus/random.rs"]
mod random;

use flate2::Compression;
use flate2::write::GzEncoder;
use month::Month;
use random::{HEX, Random, UPPER};
use std::fmt::Write as _;
use std::io::Write as _;
use std::path::PathBuf;

const RECORDS_PER_FILE: u64 = 4_837;
const ACCOUNTS: [&str; 4] = ["111122223333", "222233334444", "333344445555", "444455556666"];
const REGIONS: [&str; 5] = ["us-east-1", "us-east-1", "eu-west-1", "eu-central-1", "us-west-2"];

const BASE64: &[u8] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

impl Random {
    fn pick<'t, T: ?Sized>(&mut self, from: &[&'t T]) -> &'t T {
        from[usize::try_from(self.below(from.len() as u64)).unwrap()]
    }
}

/// A kind of call: how often, which service, which name, whether it reads, what is asked and answered.
struct Call {
    weight: u64,
    service: &'static str,
    name: &'static str,
    reads: bool,
    shape: Shape,
}

#[derive(Clone, Copy)]
enum Shape {
    AssumeRole,
    Decrypt,
    Describe,
    Object,
    Secret,
    Instances,
    Group,
    User,
    Policy,
    Login,
    Trail,
    Nothing,
}

const fn call(
    weight: u64,
    service: &'static str,
    name: &'static str,
    reads: bool,
    shape: Shape,
) -> Call {
    Call { weight, service, name, reads, shape }
}

const CALLS: [Call; 40] = [
    call(2_000, "sts", "AssumeRole", true, Shape::AssumeRole),
    call(1_100, "kms", "Decrypt", true, Shape::Decrypt),
    call(500, "kms", "GenerateDataKey", true, Shape::Decrypt),
    call(900, "ec2", "DescribeInstances", true, Shape::Describe),
    call(500, "ec2", "DescribeNetworkInterfaces", true, Shape::Describe),
    call(400, "ec2", "DescribeVolumes", true, Shape::Describe),
    call(300, "ec2", "DescribeSecurityGroups", true, Shape::Describe),
    call(300, "ec2", "DescribeTags", true, Shape::Describe),
    call(600, "logs", "CreateLogStream", false, Shape::Nothing),
    call(400, "logs", "DescribeLogStreams", true, Shape::Describe),
    call(400, "s3", "GetBucketAcl", true, Shape::Object),
    call(300, "s3", "GetBucketLocation", true, Shape::Object),
    call(500, "monitoring", "DescribeAlarms", true, Shape::Describe),
    call(300, "autoscaling", "DescribeAutoScalingGroups", true, Shape::Describe),
    call(300, "elasticloadbalancing", "DescribeTargetHealth", true, Shape::Describe),
    call(300, "ssm", "UpdateInstanceInformation", false, Shape::Nothing),
    call(300, "ssm", "GetParameters", true, Shape::Secret),
    call(250, "secretsmanager", "GetSecretValue", true, Shape::Secret),
    call(250, "dynamodb", "DescribeTable", true, Shape::Describe),
    call(200, "rds", "DescribeDBInstances", true, Shape::Describe),
    call(200, "iam", "GetRole", true, Shape::Policy),
    call(150, "iam", "ListAttachedRolePolicies", true, Shape::Policy),
    call(150, "ecr", "BatchGetImage", true, Shape::Describe),
    call(150, "ecs", "DescribeTasks", true, Shape::Describe),
    call(120, "config", "PutEvaluations", false, Shape::Nothing),
    call(100, "sts", "GetCallerIdentity", true, Shape::Nothing),
    call(80, "ec2", "CreateTags", false, Shape::Instances),
    call(50, "ec2", "RunInstances", false, Shape::Instances),
    call(40, "ec2", "TerminateInstances", false, Shape::Instances),
    call(25, "lambda", "UpdateFunctionCode20150331v2", false, Shape::Nothing),
    call(20, "signin", "ConsoleLogin", false, Shape::Login),
    call(12, "ec2", "AuthorizeSecurityGroupIngress", false, Shape::Group),
    call(10, "s3", "PutBucketPolicy", false, Shape::Policy),
    call(8, "iam", "CreateAccessKey", false, Shape::User),
    call(6, "iam", "AttachRolePolicy", false, Shape::Policy),
    call(6, "iam", "CreateUser", false, Shape::User),
    call(4, "kms", "ScheduleKeyDeletion", false, Shape::Decrypt),
    call(3, "cloudtrail", "PutEventSelectors", false, Shape::Trail),
    call(2, "cloudtrail", "StopLogging", false, Shape::Trail),
    call(2, "ec2", "DeleteFlowLogs", false, Shape::Instances),
];

fn identity(random: &mut Random, account: &str, when: &str) -> (String, &'static str) {
    let role = random.pick(&[
        "app-api",
        "app-worker",
        "ci-deploy",
        "monitoring-agent",
        "eks-node",
        "data-pipeline",
    ]);
    match random.below(100) {
        0 => (
            format!(
                r#"{{"type":"Root","principalId":"{account}","arn":"arn:aws:iam::{account}:root","accountId":"{account}","accessKeyId":""}}"#
            ),
            "signin.amazonaws.com",
        ),
        1..=4 => {
            let user = random.pick(&["alice", "bob", "carol", "dave", "terraform"]);
            (
                format!(
                    r#"{{"type":"IAMUser","principalId":"AIDA{}","arn":"arn:aws:iam::{account}:user/{user}","accountId":"{account}","accessKeyId":"AKIA{}","userName":"{user}"}}"#,
                    random.text(UPPER, 17),
                    random.text(UPPER, 16)
                ),
                "aws-cli/2.15.30 Python/3.11.8 Linux/6.1.0 exe/x86_64.ubuntu.22 prompt/off",
            )
        }
        5..=24 => {
            let service = random.pick(&[
                "autoscaling",
                "ec2",
                "lambda",
                "config",
                "ecs-tasks",
                "elasticloadbalancing",
            ]);
            (
                format!(r#"{{"type":"AWSService","invokedBy":"{service}.amazonaws.com"}}"#),
                "autoscaling.amazonaws.com",
            )
        }
        _ => {
            let id = format!(
                "AROA{}",
                ["5XK3ZLQ2MVN7RB4TJ", "6YHWD2PNQK4ZB7RXC", "3VTJMN8QZL5KWRB2D"]
                    [random.below(3) as usize]
            );
            let session = match random.below(3) {
                0 => format!("i-0{}", random.text(HEX, 16)),
                1 => format!("{role}-{}", 1_000 + random.below(400)),
                _ => "botocore-session-17325".to_owned() + &random.below(100_000).to_string(),
            };
            (
                format!(
                    r#"{{"type":"AssumedRole","principalId":"{id}:{session}","arn":"arn:aws:sts::{account}:assumed-role/{role}/{session}","accountId":"{account}","accessKeyId":"ASIA{}","sessionContext":{{"sessionIssuer":{{"type":"Role","principalId":"{id}","arn":"arn:aws:iam::{account}:role/{role}","accountId":"{account}","userName":"{role}"}},"attributes":{{"creationDate":"{when}","mfaAuthenticated":"false"}}}}}}"#,
                    random.text(UPPER, 16)
                ),
                random.pick(&[
                    "Boto3/1.34.69 md/Botocore#1.34.69 ua/2.0 os/linux#6.1.79-99.167.amzn2023.x86_64 md/arch#x86_64 lang/python#3.11.8 md/pyimpl#CPython cfg/retry-mode#legacy Botocore/1.34.69",
                    "aws-sdk-go-v2/1.26.0 os/linux lang/go#1.22.1 md/GOOS#linux md/GOARCH#amd64 api/ec2#1.156.0",
                    "APN/1.0 HashiCorp/1.0 Terraform/1.7.5 (+https://www.terraform.io) terraform-provider-aws/5.43.0 aws-sdk-go-v2/1.26.0 os/linux",
                    "[Boto3/1.34.69 md/Botocore#1.34.69 ua/2.0 exec-env/AWS_Lambda_python3.12]",
                ]),
            )
        }
    }
}

/// What was asked and what was answered.
fn bodies(
    shape: Shape,
    random: &mut Random,
    account: &str,
    region: &str,
    when: &str,
) -> (String, String) {
    let nothing = || "null".to_owned();
    let id = |random: &mut Random, kind: &str| format!("{kind}-0{}", random.text(HEX, 16));
    match shape {
        Shape::AssumeRole => {
            let role = random.pick(&["app-api", "app-worker", "ci-deploy", "eks-node"]);
            let session = format!("{role}-{}", 1_000 + random.below(400));
            (
                format!(
                    r#"{{"roleArn":"arn:aws:iam::{account}:role/{role}","roleSessionName":"{session}","durationSeconds":3600}}"#
                ),
                format!(
                    r#"{{"credentials":{{"accessKeyId":"ASIA{}","sessionToken":"IQoJb3JpZ2luX2Vj{}","expiration":"{when}"}},"assumedRoleUser":{{"assumedRoleId":"AROA5XK3ZLQ2MVN7RB4TJ:{session}","arn":"arn:aws:sts::{account}:assumed-role/{role}/{session}"}}}}"#,
                    random.text(UPPER, 16),
                    random.text(BASE64, 288)
                ),
            )
        }
        Shape::Decrypt => (
            format!(
                r#"{{"encryptionContext":{{"aws:s3:arn":"arn:aws:s3:::logs-{account}-{region}/{}","SecretARN":"arn:aws:secretsmanager:{region}:{account}:secret:app/db"}},"keyId":"arn:aws:kms:{region}:{account}:key/0e1f3a52-77c4-4b1e-9f0a-3f6f1c2d4b5a","encryptionAlgorithm":"SYMMETRIC_DEFAULT"}}"#,
                random.text(HEX, 64)
            ),
            nothing(),
        ),
        Shape::Describe => {
            let items: Vec<String> = (0..2 + random.below(5))
                .map(|_| format!(r#"{{"instanceId":"{}"}}"#, id(random, "i")))
                .collect();
            (
                format!(
                    r#"{{"maxResults":1000,"instancesSet":{{"items":[{}]}},"filterSet":{{"items":[{{"name":"instance-state-name","valueSet":{{"items":[{{"value":"running"}},{{"value":"pending"}}]}}}}]}}}}"#,
                    items.join(",")
                ),
                nothing(),
            )
        }
        Shape::Object => (
            format!(
                r#"{{"bucketName":"logs-{account}-{region}","Host":"logs-{account}-{region}.s3.{region}.amazonaws.com","acl":""}}"#
            ),
            format!(
                r#"{{"x-amz-id-2":"{}","bytesTransferredOut":{}}}"#,
                random.text(BASE64, 76),
                random.below(9_000)
            ),
        ),
        Shape::Secret => (
            format!(
                r#"{{"secretId":"arn:aws:secretsmanager:{region}:{account}:secret:app/db-{}"}}"#,
                random.below(40)
            ),
            nothing(),
        ),
        Shape::Instances => {
            let (instance, group) = (id(random, "i"), id(random, "sg"));
            (
                format!(
                    r#"{{"instancesSet":{{"items":[{{"imageId":"ami-0abcdef1234567890","minCount":1,"maxCount":1,"keyName":"ops"}}]}},"instanceType":"m6i.large","monitoring":{{"enabled":true}},"disableApiTermination":false,"groupSet":{{"items":[{{"groupId":"{group}"}}]}}}}"#
                ),
                format!(
                    r#"{{"reservationId":"{}","ownerId":"{account}","groupSet":{{}},"instancesSet":{{"items":[{{"instanceId":"{instance}","imageId":"ami-0abcdef1234567890","instanceState":{{"code":0,"name":"pending"}},"instanceType":"m6i.large","launchTime":1763800000000,"placement":{{"availabilityZone":"{region}a","tenancy":"default"}},"subnetId":"{}","vpcId":"vpc-0aa11bb22cc33dd44","privateIpAddress":"10.0.{}.{}","architecture":"x86_64","rootDeviceType":"ebs","virtualizationType":"hvm","hypervisor":"xen"}}]}}}}"#,
                    id(random, "r"),
                    id(random, "subnet"),
                    random.below(255),
                    random.below(255)
                ),
            )
        }
        Shape::Group => (
            format!(
                r#"{{"groupId":"{}","ipPermissions":{{"items":[{{"ipProtocol":"tcp","fromPort":22,"toPort":22,"groups":{{}},"ipRanges":{{"items":[{{"cidrIp":"0.0.0.0/0"}}]}},"ipv6Ranges":{{}},"prefixListIds":{{}}}}]}}}}"#,
                id(random, "sg")
            ),
            r#"{"requestId":"x","_return":true}"#.to_owned(),
        ),
        Shape::User => {
            let user = format!("user-{}", random.below(1_000));
            (
                format!(r#"{{"userName":"{user}"}}"#),
                format!(
                    r#"{{"user":{{"path":"/","userName":"{user}","userId":"AIDA{}","arn":"arn:aws:iam::{account}:user/{user}","createDate":"Nov 22, 2026 10:00:00 AM"}}}}"#,
                    random.text(UPPER, 17)
                ),
            )
        }
        Shape::Policy => (
            format!(
                r#"{{"roleName":"app-worker","policyArn":"arn:aws:iam::aws:policy/ReadOnlyAccess","policyDocument":"{{\"Version\":\"2012-10-17\",\"Statement\":[{{\"Effect\":\"Allow\",\"Action\":\"s3:Get*\",\"Resource\":\"arn:aws:s3:::logs-{account}-{region}/*\"}}]}}"}}"#
            ),
            nothing(),
        ),
        Shape::Login => (
            nothing(),
            format!(
                r#"{{"ConsoleLogin":"{}"}}"#,
                random.pick(&["Success", "Success", "Success", "Failure"])
            ),
        ),
        Shape::Trail => (
            format!(r#"{{"name":"arn:aws:cloudtrail:{region}:{account}:trail/audit"}}"#),
            nothing(),
        ),
        Shape::Nothing => (
            format!(
                r#"{{"logGroupName":"/aws/lambda/app-worker","logStreamName":"2026/11/22/[$LATEST]{}"}}"#,
                random.text(HEX, 32)
            ),
            nothing(),
        ),
    }
}

fn record(random: &mut Random, account: &str, region: &str, second: u64, into: &mut String) {
    let total: u64 = CALLS.iter().map(|call| call.weight).sum();
    let mut at = random.below(total);
    let call = CALLS
        .iter()
        .find(|call| {
            let here = at < call.weight;
            at = at.saturating_sub(call.weight);
            here
        })
        .unwrap();
    let (hour, minute, rest) = (second / 3_600 % 24, second / 60 % 60, second % 60);
    let day = 1 + second / 86_400 % 28;
    let when = format!("2026-11-{day:02}T{hour:02}:{minute:02}:{rest:02}Z");
    let login = matches!(call.shape, Shape::Login);
    let (identity, agent) = identity(random, account, &when);
    let (asked, answered) = bodies(call.shape, random, account, region, &when);
    let address = match random.below(8) {
        0 => format!(
            "{}.amazonaws.com",
            random.pick(&["autoscaling", "ec2", "lambda", "cloudformation"])
        ),
        1 => "AWS Internal".to_owned(),
        2 | 3 => format!("203.0.113.{}", random.below(256)),
        _ => format!("10.{}.{}.{}", random.below(4), random.below(256), random.below(256)),
    };
    let region = if matches!(call.service, "iam" | "signin") { "us-east-1" } else { region };
    let failed = match random.below(60) {
        0 => {
            r#""errorCode":"AccessDenied","errorMessage":"User is not authorized to perform this action because no identity-based policy allows it","#
        }
        1 if call.service == "ec2" => {
            r#""errorCode":"Client.UnauthorizedOperation","errorMessage":"You are not authorized to perform this operation.","#
        }
        _ => "",
    };
    write!(
        into,
        r#"{{"eventVersion":"1.09","userIdentity":{identity},"eventTime":"{when}","eventSource":"{service}.amazonaws.com","eventName":"{name}","awsRegion":"{region}","sourceIPAddress":"{address}","userAgent":"{agent}",{failed}"requestParameters":{asked},"responseElements":{answered},"requestID":"{request}","eventID":"{event}","readOnly":{reads},"eventType":"{kind}","managementEvent":true,"recipientAccountId":"{account}","eventCategory":"Management","tlsDetails":{{"tlsVersion":"TLSv1.3","cipherSuite":"TLS_AES_128_GCM_SHA256","clientProvidedHostHeader":"{service}.{region}.amazonaws.com"}}}}"#,
        service = call.service,
        name = call.name,
        reads = call.reads,
        kind = if login { "AwsConsoleSignIn" } else { "AwsApiCall" },
        request = random.uuid(),
        event = random.uuid(),
    )
    .unwrap();
}

const USAGE: &str =
    "usage: corpus FOLDER [RECORDS] [SEED] | FOLDER ordinary | FOLDER attack BUILTIN";

fn told(month: &Month, root: &std::path::Path) {
    println!("{} records", month.write(root));
}

fn main() {
    let mut arguments = std::env::args().skip(1);
    let root = PathBuf::from(arguments.next().expect(USAGE));
    let mut arguments = arguments.peekable();
    match arguments.peek().map(String::as_str) {
        Some("ordinary") => return told(&Month::ordinary(u64::MAX), &root),
        Some("attack") => {
            let builtin = arguments.nth(1).expect(USAGE);
            return told(&Month::attack(&builtin).expect("no attack is for this built-in"), &root);
        }
        _ => {}
    }
    let mut number =
        |otherwise| arguments.next().map_or(otherwise, |text| text.parse::<u64>().unwrap());
    let (records, seed) = (number(193_471), number(1));
    let (mut left, mut file, mut raw, mut packed) = (records, 0_u64, 0_u64, 0_u64);
    while left > 0 {
        // Each file has its own seed, so that a larger archive begins with the smaller one's files.
        let mut random = Random((seed << 32 | (file + 1)).wrapping_mul(0x9e37_79b9_7f4a_7c15));
        random.next();
        let (account, region) = (random.pick(&ACCOUNTS), random.pick(&REGIONS));
        let day = 1 + file % 28;
        let folder = root.join(format!("AWSLogs/{account}/CloudTrail/{region}/2026/11/{day:02}"));
        std::fs::create_dir_all(&folder).unwrap();
        let many = left.min(RECORDS_PER_FILE);
        let mut text = String::from(r#"{"Records":["#);
        for n in 0..many {
            if n > 0 {
                text.push(',');
            }
            let second = (day - 1) * 86_400 + file / 28 % 24 * 3_600 + n * 3_600 / many;
            record(&mut random, account, region, second, &mut text);
        }
        text.push_str("]}");
        let mut encoder = GzEncoder::new(Vec::new(), Compression::default());
        encoder.write_all(text.as_bytes()).unwrap();
        let bytes = encoder.finish().unwrap();
        let name = format!(
            "{account}_CloudTrail_{region}_202611{day:02}T{:02}{:02}Z_{}.json.gz",
            file / 28 % 24,
            file / 672 % 60,
            random.text(UPPER, 16)
        );
        raw += text.len() as u64;
        packed += bytes.len() as u64;
        std::fs::write(folder.join(name), bytes).unwrap();
        left -= many;
        file += 1;
    }
    println!(
        "{records} records in {file} files: {:.1} MB of text, {:.1} MB of gzip; {} bytes a record, {:.1} to 1",
        raw as f64 / 1e6,
        packed as f64 / 1e6,
        raw / records.max(1),
        raw as f64 / packed.max(1) as f64
    );
}
