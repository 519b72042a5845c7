//! What has no region, or is the same wherever it is asked: identities, roles, the organization, and what was
//! counted, which is nothing.

use super::{Account, XML, wrapped};
use crate::call::Call;
use crate::fleet::{Fleet, ORGANIZATION};
use crate::http::Answer;
use ctguard_core::scope::Region;
use ctguard_core::snapshot::AccountSnapshot;
use serde_json::{Value, json};
use std::fmt::Write as _;

/// Most accounts in a page.
///
/// Source: <https://docs.aws.amazon.com/organizations/latest/APIReference/API_ListAccounts.html>
const ACCOUNTS: usize = 20;

pub(super) fn caller_identity(call: &Call<'_>) -> Answer {
    let id = call.account;
    xml(
        call,
        &format!(
            "<Account>{id}</Account><Arn>arn:aws:iam::{id}:user/bench</Arn><UserId>U</UserId>"
        ),
    )
}

/// Credentials whose access key says which account they are for.
pub(super) fn assume_role(call: &Call<'_>) -> Answer {
    let role = call.parameter("RoleArn");
    let session = call.parameter("RoleSessionName");
    let mut parts = role.split(':').skip(4);
    let (account, name) = (parts.next().unwrap_or_default(), parts.next().unwrap_or_default());
    let name = name.trim_start_matches("role/");
    let until = jiff::Timestamp::now() + jiff::SignedDuration::from_hours(1);
    xml(
        call,
        &format!(
            "<Credentials><AccessKeyId>ASIA{account}</AccessKeyId><SecretAccessKey>secret</SecretAccessKey><SessionToken>token</SessionToken><Expiration>{}</Expiration></Credentials><AssumedRoleUser><AssumedRoleId>R:{session}</AssumedRoleId><Arn>arn:aws:sts::{account}:assumed-role/{name}/{session}</Arn></AssumedRoleUser>",
            until.strftime("%Y-%m-%dT%H:%M:%SZ")
        ),
    )
}

fn xml(call: &Call<'_>, result: &str) -> Answer {
    Answer::ok(XML, wrapped(call.operation, result).into_bytes())
}

/// No data point for any metric, as of rules that never fired. In CBOR, as CloudWatch speaks it: the ids are found
/// by their name, and nothing else of the question matters.
///
/// Source: <https://www.rfc-editor.org/rfc/rfc8949>
pub(super) fn metric_data(call: &Call<'_>) -> Answer {
    const ID: &[u8] = b"\x62Id";
    let mut ids = Vec::new();
    for at in 0..call.body.len().saturating_sub(ID.len()) {
        let Some(rest) = call.body[at..].strip_prefix(ID) else { continue };
        // A text of less than 24 bytes says its length in its first.
        if let Some(length) =
            rest.first().and_then(|first| first.checked_sub(0x60)).filter(|n| *n < 24)
        {
            ids.push(&rest[..=usize::from(length)]);
        }
    }
    let mut body = b"\xa1\x71MetricDataResults\x9f".to_vec();
    for id in ids {
        body.extend(b"\xa4\x62Id");
        body.extend(id);
        body.extend(b"\x6aStatusCode\x68Complete\x6aTimestamps\x80\x66Values\x80");
    }
    body.push(0xff);
    Answer::ok("application/cbor", body)
}

impl Account {
    pub(super) fn roles(&mut self, seen: &AccountSnapshot) {
        for (name, live) in &seen.roles {
            let live = live.known().unwrap();
            let tags =
                live.tags.known().unwrap().iter().fold(String::new(), |mut all, (key, value)| {
                    let _ = write!(all, "<member><Key>{key}</Key><Value>{value}</Value></member>");
                    all
                });
            let id = self.id.clone();
            let role = format!(
                "<Role><Path>/</Path><RoleName>{name}</RoleName><RoleId>AROA</RoleId><Arn>arn:aws:iam::{id}:role/{name}</Arn><CreateDate>2026-01-01T00:00:00Z</CreateDate><AssumeRolePolicyDocument>{}</AssumeRolePolicyDocument><Tags>{tags}</Tags></Role>",
                in_url(&live.role.trust)
            );
            self.xml("-", "GetRole", name, &role);
            let mut names = String::new();
            for (policy, document) in &live.role.policies {
                let _ = write!(names, "<member>{policy}</member>");
                let told = format!(
                    "<RoleName>{name}</RoleName><PolicyName>{policy}</PolicyName><PolicyDocument>{}</PolicyDocument>",
                    in_url(document)
                );
                self.xml("-", "GetRolePolicy", &format!("{name}/{policy}"), &told);
            }
            let list =
                format!("<PolicyNames>{names}</PolicyNames><IsTruncated>false</IsTruncated>");
            self.xml("-", "ListRolePolicies", name, &list);
            let none = "<AttachedPolicies/><IsTruncated>false</IsTruncated>";
            self.xml("-", "ListAttachedRolePolicies", name, none);
        }
    }

    pub(super) fn regions(&mut self, regions: &[Region]) {
        let all: Vec<Value> = regions
            .iter()
            .map(|region| json!({ "RegionName": region, "RegionOptStatus": "ENABLED_BY_DEFAULT" }))
            .collect();
        for region in regions {
            self.json(region.as_str(), "ListRegions", "", json!({ "Regions": all }));
        }
    }

    pub(super) fn organization(&mut self, fleet: &Fleet) {
        let management = &fleet.caller;
        let arn = |what: &str| format!("arn:aws:organizations::{management}:{what}");
        self.json(
            "-",
            "DescribeOrganization",
            "",
            json!({ "Organization": {
                "Id": ORGANIZATION,
                "Arn": arn(&format!("organization/{ORGANIZATION}")),
                "FeatureSet": "ALL",
                "MasterAccountId": management,
            } }),
        );
        let members: Vec<Value> = [management]
            .into_iter()
            .chain(&fleet.others)
            .map(|id| {
                json!({
                    "Id": id,
                    "Arn": arn(&format!("account/{ORGANIZATION}/{id}")),
                    "Name": format!("account-{id}"),
                    "Email": format!("{id}@acme.example"),
                    "Status": "ACTIVE",
                    "State": "ACTIVE",
                    "JoinedMethod": "CREATED",
                })
            })
            .collect();
        for (number, page) in members.chunks(ACCOUNTS).enumerate() {
            let mut told = json!({ "Accounts": page });
            if (number + 1) * ACCOUNTS < members.len() {
                told["NextToken"] = (number + 1).to_string().into();
            }
            let asked = if number == 0 { String::new() } else { number.to_string() };
            self.json("-", "ListAccounts", &asked, told);
        }
    }
}

/// A policy as IAM hands it out: as it would stand in a URL.
///
/// Source: <https://docs.aws.amazon.com/IAM/latest/APIReference/API_GetRolePolicy.html>
fn in_url(document: &Value) -> String {
    document.to_string().bytes().fold(String::new(), |mut text, byte| {
        match byte {
            b'A'..=b'Z' | b'a'..=b'z' | b'0'..=b'9' | b'-' | b'_' | b'.' | b'~' => {
                text.push(char::from(byte));
            }
            _ => {
                let _ = write!(text, "%{byte:02X}");
            }
        }
        text
    })
}
