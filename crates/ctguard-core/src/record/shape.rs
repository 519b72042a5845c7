//! Records that the model has: what may stand at a path of one, and values to put there.

use super::field::{Kinds, Who};
use super::fit::fits;
use super::scenario::{Place, Possible, Scenario, Subject, Values, place, possible};
use super::texts::Texts;
use crate::event::EventRef;
use eventbridge_pattern::{Matcher, TextKind, TextTest};
use serde_json::{Value, json};

/// The records of one event.
#[derive(Debug)]
pub struct Shape(Subject);

impl Shape {
    pub fn of(event: &EventRef) -> Self {
        Self(Subject::of(event))
    }

    /// Whether a record may have a value at a path, or nothing there, as far as the model knows.
    ///
    /// `record` tells who made the call and whether it failed; the path begins below `detail`.
    pub fn may_have(&self, record: &Value, path: &str, value: Option<&Value>) -> bool {
        let possible = self.possible(path, self.scenario(record, path, value));
        match value {
            None => possible.absent || possible.values == Values::Object,
            Some(Value::Object(_) | Value::Array(_)) => true,
            // A text as it is, whether it looks like an address or not.
            Some(Value::String(text)) => {
                let exactly = TextTest { kind: TextKind::Exactly, text: text.clone() };
                fits(&possible, &Matcher::Text(exactly))
            }
            Some(value) => fits(&possible, &Matcher::Exact(value.clone())),
        }
    }

    /// Values that the model has for a path and an operator takes; `None` for no value.
    pub fn values(&self, record: &Value, path: &str, matcher: &Matcher) -> Vec<Option<Value>> {
        let mut found: Vec<Value> = Vec::new();
        // What tells the outcome may be of either.
        if path == "errorCode" {
            found.extend(["AccessDenied", "Client.UnauthorizedOperation"].map(Value::from));
        }
        let Possible { values, absent } = self.possible(path, self.scenario(record, path, None));
        found.extend(match &values {
            Values::Exactly(all) => all.clone(),
            Values::Texts(texts) | Values::Addresses(texts) => {
                let taken = Texts::taken_by(matcher).unwrap_or_else(Texts::anything);
                texts.iter().filter_map(|one| one.common(&taken)).map(Value::from).collect()
            }
            Values::Number => vec![json!(7)],
            Values::AnyText | Values::Any | Values::Nothing | Values::Object => Vec::new(),
        });
        found.retain(|value| matcher.accepts(value) && *value != "");
        let mut found: Vec<Option<Value>> = found.into_iter().map(Some).collect();
        if absent && matcher.accepts_absent() {
            found.push(None);
        }
        found
    }

    fn possible(&self, path: &str, scenario: Scenario) -> Possible {
        let place = place(path, &self.0);
        if matches!(place, Place::Missing { sure: false }) {
            return Possible { values: Values::Any, absent: true };
        }
        possible(place, &self.0, scenario)
    }

    /// Who made the call and whether it failed, once a value stands at a path.
    fn scenario(&self, record: &Value, path: &str, value: Option<&Value>) -> Scenario {
        let name = record["userIdentity"]["type"].as_str();
        let known = Who::NAMES.iter().find(|(_, one)| *one == name);
        let who = known.map_or(Who::UNKNOWN, |(who, _)| *who);
        let result = |at: &str, own: &'_ Value| -> String {
            let value = if path == at { value } else { Some(own) };
            value.and_then(Value::as_str).unwrap_or_default().to_owned()
        };
        let login = &record["responseElements"]["ConsoleLogin"];
        let failed = match self.0.kinds {
            Kinds::SIGN_IN => result("responseElements.ConsoleLogin", login) == "Failure",
            _ => !["", "200"].contains(&result("errorCode", &record["errorCode"]).as_str()),
        };
        Scenario { who, failed, strict: false }
    }
}

/// The identity of each type that records have, in a place: its fields below `userIdentity`.
pub fn identities(partition: &str, account: &str) -> Vec<Value> {
    let arn =
        |service: &str, resource: &str| format!("arn:{partition}:{service}::{account}:{resource}");
    Who::NAMES
        .iter()
        .map(|(who, name)| {
            let mut identity =
                json!({ "principalId": "AIDASAMPLESAMPLESAMPL", "accountId": account });
            if let Some(name) = name {
                identity["type"] = json!(name);
            }
            match *who {
                Who::ROOT => identity["arn"] = arn("iam", "root").into(),
                Who::USER => {
                    identity["arn"] = arn("iam", "user/sample").into();
                    identity["userName"] = "sample".into();
                }
                Who::SESSION => {
                    identity["arn"] = arn("sts", "assumed-role/sample/session").into();
                    identity["sessionContext"] = json!({ "sessionIssuer": {
                        "type": "Role",
                        "principalId": "AROASAMPLESAMPLESAMPL",
                        "arn": arn("iam", "role/sample"),
                        "accountId": account,
                        "userName": "sample",
                    } });
                }
                Who::FEDERATED => identity["arn"] = arn("sts", "federated-user/sample").into(),
                Who::AWS_SERVICE | Who::UNTYPED => {
                    identity["invokedBy"] = "sample.amazonaws.com".into();
                }
                Who::SAML | Who::WEB => identity["userName"] = "sample".into(),
                _ => {}
            }
            identity
        })
        .collect()
}
