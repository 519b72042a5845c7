//! A user's world in front of an emulator: a folder with a blueprint, the built program as a child process,
//! a proxy that writes every call down, and a client of somebody else's.
//!
//! The proxy also makes good where an emulator answers as AWS never does, so that neither ctguard nor the
//! scenario has to:
//!
//! - ministack's CreateTrail drops the tags that it is given: an AddTags follows it.
//! - The tag search of both misses trails: those that carry the tag are added.
//! - moto has one account for every key id: a header of its own names another.
//! - moto's trails have no home region: it is put in, from the ARN.
//! - moto's new trails have no event selectors: they get AWS's default.
//! - Neither counts what rules do, and the proxy passes text, not CloudWatch's CBOR: ministack is asked in JSON, and for
//!   moto, which has no JSON there, the proxy says that nothing was counted.
//! - moto answers GetBucketVersioning with an XML root of its own: it gets S3's name.
//! - moto's GetKeyPolicy wants the policy's name, which AWS takes for granted: it is put in.
//! - Neither has the keys that AWS manages: an alias of theirs names one.

use crate::program;
use crate::stub::{Call, Reply, Stub};
use crate::wire::{self, Answer};
use crate::world::Ran;
use serde_json::{Value, json};
use std::collections::BTreeMap;
use std::process::Command;
use std::sync::{Arc, Mutex};
use tempfile::TempDir;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    Ministack,
    Moto,
}

/// How often each operation was called.
pub type Counts = BTreeMap<String, usize>;

pub struct Lane {
    pub account: &'static str,
    url: String,
    proxy: Stub,
    folder: TempDir,
    /// The region in which every call fails, with what.
    broken: Arc<Mutex<Option<Failing>>>,
}

/// A region, and the status and code that it answers everything with.
type Failing = (&'static str, u16, &'static str);

impl Lane {
    /// An empty account of this number; no two tests may share one.
    pub fn start(kind: Kind, account: &'static str) -> Self {
        Self::through(kind, account, |call, on| on(call))
    }

    /// The same, with somebody on the way who may answer in the emulator's place.
    pub fn through(
        kind: Kind,
        account: &'static str,
        way: impl Fn(&Call, &dyn Fn(&Call) -> Reply) -> Reply + Send + Sync + 'static,
    ) -> Self {
        let url = super::url(match kind {
            Kind::Ministack => "CTGUARD_TEST_MINISTACK_URL",
            Kind::Moto => "CTGUARD_TEST_MOTO_URL",
        });
        let upstream = url.clone();
        let broken: Arc<Mutex<Option<Failing>>> = Arc::default();
        let failing = Arc::clone(&broken);
        let proxy = Stub::start(move |call| {
            let failing = *failing.lock().unwrap();
            Some(match failing.filter(|(region, ..)| *region == call.region) {
                Some((_, status, code)) => Reply::Error(status, code, "Nothing works here."),
                None => way(call, &|call| pass_on(kind, account, &upstream, call)),
            })
        });
        Self { account, url, proxy, folder: TempDir::new().unwrap(), broken }
    }

    /// From now on every call for this region fails.
    pub fn break_region(&self, region: &'static str, status: u16, code: &'static str) {
        *self.broken.lock().unwrap() = Some((region, status, code));
    }

    pub fn blueprint(&self, text: &str) {
        std::fs::write(self.folder.path().join("ctguard.yaml"), text).unwrap();
    }

    /// Runs the built program.
    pub fn ctguard(&self, args: &[&str]) -> Ran {
        self.ctguard_as(args, [(ACCESS_KEY_ID, self.account), (SECRET_ACCESS_KEY, "secret")])
    }

    /// Runs the program with other credentials, named by their variables.
    pub fn ctguard_as<'a>(
        &self,
        args: &[&str],
        credentials: impl IntoIterator<Item = (&'a str, &'a str)>,
    ) -> Ran {
        program::against(&self.proxy.url(), self.folder.path(), args, credentials)
    }

    /// Where the program finds the proxy.
    pub fn proxy_url(&self) -> String {
        self.proxy.url()
    }

    /// The program, not yet started.
    pub fn command(&self, args: &[&str]) -> Command {
        let credentials = [(ACCESS_KEY_ID, self.account), (SECRET_ACCESS_KEY, "secret")];
        program::command(&self.proxy.url(), self.folder.path(), args, credentials)
    }

    /// Runs the program and says which calls it made. Attempts are counted one by one.
    pub fn counted(&self, args: &[&str]) -> (Ran, Vec<Call>) {
        let before = self.proxy.calls().len();
        let ran = self.ctguard(args);
        (ran, self.proxy.calls().split_off(before))
    }

    /// Makes a call of the JSON protocols, as somebody who has never heard of ctguard.
    pub fn json(&self, region: &str, operation: Operation, parameters: &Value) -> Value {
        ask(&self.url, self.account, region, operation, parameters)
    }

    /// Makes an SNS call.
    pub fn sns(&self, region: &str, pairs: &[(&str, &str)]) -> String {
        self.query("sns", region, pairs)
    }

    /// Makes a call of the query protocol.
    pub fn query(&self, service: &str, region: &str, pairs: &[(&str, &str)]) -> String {
        self.asked(service, region, pairs).expect_ok().body
    }

    /// The same, refused or not.
    pub fn asked(&self, service: &str, region: &str, pairs: &[(&str, &str)]) -> Answer {
        let headers = [
            ("authorization", signed(self.account, region, service)),
            ("content-type", "application/x-www-form-urlencoded".to_owned()),
            ("x-moto-account-id", self.account.to_owned()),
        ];
        let headers = headers.iter().map(|(name, value)| (*name, value.as_str()));
        wire::send(&self.url, "POST", "/", headers, &wire::form(pairs))
    }

    pub fn bucket_exists(&self, name: &str) -> bool {
        self.bucket("HEAD", name).status == 200
    }

    /// Makes an S3 call about a whole bucket.
    pub fn bucket(&self, method: &str, name: &str) -> Answer {
        let signed = signed(self.account, "us-east-1", "s3");
        let headers = [("authorization", signed.as_str()), ("x-moto-account-id", self.account)];
        wire::send(&self.url, method, &format!("/{name}"), headers, "")
    }

    /// A function that lets SNS call it, which is its owner's affair. It has no code: nobody runs it.
    pub fn function(&self, region: &str, name: &str) -> String {
        let ask = |path: &str, parameters: Value| {
            let headers = [
                ("authorization", signed(self.account, region, "lambda")),
                ("content-type", "application/json".to_owned()),
                ("x-moto-account-id", self.account.to_owned()),
            ];
            let headers = headers.iter().map(|(name, value)| (*name, value.as_str()));
            let path = format!("/2015-03-31/functions{path}");
            wire::send(&self.url, "POST", &path, headers, &parameters.to_string()).expect_ok();
        };
        // An empty archive, which is as little code as there is.
        let empty = "UEsFBgAAAAAAAAAAAAAAAAAAAAAAAA==";
        let role = format!("arn:aws:iam::{}:role/{name}", self.account);
        let code = json!({ "ZipFile": empty });
        let made = json!({ "FunctionName": name, "Runtime": "python3.12", "Handler": "a.b", "Role": role, "Code": code });
        ask("", made);
        let grant = json!({ "StatementId": "sns", "Action": "lambda:InvokeFunction", "Principal": "sns.amazonaws.com" });
        ask(&format!("/{name}/policy"), grant);
        self.arn("lambda", region, &format!("function:{name}"))
    }

    pub fn arn(&self, service: &str, region: &str, resource: &str) -> String {
        format!("arn:aws:{service}:{region}:{}:{resource}", self.account)
    }

    /// A queue that lets SNS send, which is its owner's affair.
    pub fn inbox(&self, region: &str, name: &str) -> String {
        let policy = self.inbox_policy(region, name);
        let parameters = json!({ "QueueName": name, "Attributes": { "Policy": policy } });
        let made = self.json(region, sqs("CreateQueue"), &parameters);
        made["QueueUrl"].as_str().unwrap().to_owned()
    }

    pub fn inbox_policy(&self, region: &str, name: &str) -> String {
        let policy = json!({
            "Version": "2012-10-17",
            "Statement": [{
                "Effect": "Allow",
                "Principal": { "Service": "sns.amazonaws.com" },
                "Action": "sqs:SendMessage",
                "Resource": self.arn("sqs", region, name),
            }],
        });
        policy.to_string()
    }
}

pub const ACCESS_KEY_ID: &str = "AWS_ACCESS_KEY_ID";
pub const SECRET_ACCESS_KEY: &str = "AWS_SECRET_ACCESS_KEY";

/// A target header's two parts.
#[derive(Debug, Clone, Copy)]
pub struct Operation(&'static str, &'static str);

pub fn events(operation: &'static str) -> Operation {
    Operation("AWSEvents", operation)
}

pub fn sqs(operation: &'static str) -> Operation {
    Operation("AmazonSQS", operation)
}

pub fn organizations(operation: &'static str) -> Operation {
    Operation("AWSOrganizationsV20161128", operation)
}

pub fn cloudwatch(operation: &'static str) -> Operation {
    Operation("GraniteServiceVersion20100801", operation)
}

pub fn cloudtrail(operation: &'static str) -> Operation {
    Operation("com.amazonaws.cloudtrail.v20131101.CloudTrail_20131101", operation)
}

pub fn states(operation: &'static str) -> Operation {
    Operation("AWSStepFunctions", operation)
}

pub fn kms(operation: &'static str) -> Operation {
    Operation("TrentService", operation)
}

fn ask(url: &str, account: &str, region: &str, operation: Operation, parameters: &Value) -> Value {
    let service = match operation.0 {
        "AWSEvents" => "events",
        "AmazonSQS" => "sqs",
        "AWSOrganizationsV20161128" => "organizations",
        "TrentService" => "kms",
        "AWSStepFunctions" => "states",
        "GraniteServiceVersion20100801" => "monitoring",
        _ => "cloudtrail",
    };
    let headers = [
        ("authorization", signed(account, region, service)),
        ("content-type", "application/x-amz-json-1.1".to_owned()),
        ("x-amz-target", format!("{}.{}", operation.0, operation.1)),
        ("x-moto-account-id", account.to_owned()),
    ];
    let headers = headers.iter().map(|(name, value)| (*name, value.as_str()));
    let answer = wire::send(url, "POST", "/", headers, &parameters.to_string()).expect_ok();
    if answer.body.is_empty() { Value::Null } else { answer.json() }
}

/// A signature that says who, where and for which service; the emulators check no more of it.
fn signed(account: &str, region: &str, service: &str) -> String {
    format!(
        "AWS4-HMAC-SHA256 Credential={account}/20260101/{region}/{service}/aws4_request, SignedHeaders=host, Signature=0"
    )
}

/// Whether a call only reads.
pub fn reads(call: &Call) -> bool {
    ["Get", "List", "Describe", "Lookup", "GET ", "HEAD "]
        .iter()
        .any(|word| call.operation.starts_with(word))
}

/// Counts calls by operation, S3's by method and setting.
pub fn counts<'a>(calls: impl IntoIterator<Item = &'a Call>) -> Counts {
    let mut counts = Counts::new();
    for call in calls {
        *counts.entry(call.operation.clone()).or_default() += 1;
    }
    counts
}

fn pass_on(kind: Kind, account: &str, url: &str, call: &Call) -> Reply {
    if call.operation == "GetMetricData" {
        let body: Value = serde_json::from_str(&call.body).unwrap();
        return Reply::Json(match kind {
            Kind::Ministack => ask(url, account, &call.region, cloudwatch("GetMetricData"), &body),
            Kind::Moto => nothing_counted(&body),
        });
    }
    let headers = call.headers.iter().map(|(name, value)| (name.as_str(), value.as_str()));
    let headers = headers.chain([("x-moto-account-id", account)]);
    let mut body = call.body.clone();
    if (kind, call.operation.as_str()) == (Kind::Moto, "GetKeyPolicy") {
        body = json!({ "KeyId": call.parameter("KeyId"), "PolicyName": "default" }).to_string();
    }
    let mut answer = wire::send(url, &call.method, &call.path, headers, &body);
    let ask = |operation, parameters| ask(url, account, &call.region, operation, &parameters);
    match (kind, call.operation.as_str()) {
        (_, "DescribeKey") if answer.status != 200 => {
            let key = call.parameter("KeyId");
            if let Some(alias) = key.as_str().filter(|key| key.starts_with("alias/aws/")) {
                return Reply::Json(aws_managed_key(account, &call.region, alias));
            }
        }
        _ if answer.status != 200 => {}
        (Kind::Ministack, "CreateTrail") => {
            let tags = json!({
                "ResourceId": answer.json()["TrailARN"],
                "TagsList": call.parameter("TagsList"),
            });
            ask(cloudtrail("AddTags"), tags);
        }
        (_, "GetResources") => {
            let trails = ask(cloudtrail("DescribeTrails"), json!({ "includeShadowTrails": false }));
            let trails = trails["trailList"].as_array().into_iter().flatten();
            let arns: Vec<&Value> = trails.map(|trail| &trail["TrailARN"]).collect();
            let tags = match arns.as_slice() {
                [] => json!({}),
                arns => ask(cloudtrail("ListTags"), json!({ "ResourceIdList": arns })),
            };
            add_tagged(&mut answer, call, &tags["ResourceTagList"]);
        }
        (Kind::Moto, "DescribeTrails") => add_home_regions(&mut answer),
        (Kind::Moto, "GetEventSelectors") => add_default_selectors(&mut answer),
        (Kind::Moto, operation) if operation.ends_with("?versioning") => {
            answer.body =
                answer.body.replace("GetBucketVersioningResponse", "VersioningConfiguration");
        }
        _ => {}
    }
    Reply::Whole(answer)
}

/// What CloudWatch says of metrics of which it has never heard.
pub(super) fn nothing_counted(asked: &Value) -> Value {
    let queries = asked["MetricDataQueries"].as_array().unwrap();
    let result = |query: &Value| {
        json!({
            "Id": query["Id"], "Label": "", "Timestamps": [], "Values": [], "StatusCode": "Complete",
        })
    };
    json!({ "MetricDataResults": queries.iter().map(result).collect::<Vec<_>>() })
}

/// Adds the trails that carry the tag that is searched for to the last page of a search.
fn add_tagged(answer: &mut Answer, call: &Call, trails: &Value) {
    let mut value = answer.json();
    if value["PaginationToken"].as_str().is_some_and(|token| !token.is_empty()) {
        return;
    }
    let filters = call.parameter("TagFilters");
    let wanted = json!({ "Key": filters[0]["Key"], "Value": filters[0]["Values"][0] });
    let found = value["ResourceTagMappingList"].as_array_mut().unwrap();
    for trail in trails.as_array().into_iter().flatten() {
        if trail["TagsList"].as_array().is_some_and(|tags| tags.contains(&wanted)) {
            found.push(json!({ "ResourceARN": trail["ResourceId"], "Tags": trail["TagsList"] }));
        }
    }
    answer.body = value.to_string();
}

/// AWS makes the key of such an alias when somebody asks for it.
///
/// Source: <https://docs.aws.amazon.com/kms/latest/APIReference/API_DescribeKey.html>
fn aws_managed_key(account: &str, region: &str, alias: &str) -> Value {
    let id = format!("key-of-{}", alias.replace('/', "-"));
    json!({ "KeyMetadata": {
        "KeyId": id,
        "Arn": format!("arn:aws:kms:{region}:{account}:key/{id}"),
        "Enabled": true,
        "KeyState": "Enabled",
        "KeyManager": "AWS",
    } })
}

fn add_home_regions(answer: &mut Answer) {
    let mut value = answer.json();
    for trail in value["trailList"].as_array_mut().into_iter().flatten() {
        let home = trail["TrailARN"].as_str().and_then(|arn| arn.split(':').nth(3));
        trail["HomeRegion"] = json!(home);
    }
    answer.body = value.to_string();
}

/// Source: <https://docs.aws.amazon.com/awscloudtrail/latest/APIReference/API_PutEventSelectors.html>
fn add_default_selectors(answer: &mut Answer) {
    let mut value = answer.json();
    let none = |value: &Value| value.as_array().is_none_or(Vec::is_empty);
    if none(&value["EventSelectors"]) && none(&value["AdvancedEventSelectors"]) {
        value["EventSelectors"] =
            json!([{ "ReadWriteType": "All", "IncludeManagementEvents": true }]);
    }
    answer.body = value.to_string();
}
