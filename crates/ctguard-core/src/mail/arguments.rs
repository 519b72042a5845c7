//! The arguments of a task, evaluated as Step Functions does: for whoever runs a definition
//! offline.
//!
//! Source: <https://docs.aws.amazon.com/step-functions/latest/dg/transforming-data.html>

use super::jsonata::{self, JsonataError};
use serde_json::{Map, Value};

/// Why a value of a state cannot be evaluated.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct EvaluationError(String);

/// Evaluates every expression `{% … %}` in a value, with these variables.
///
/// # Errors
/// When an expression fails, has no value, or is none that is known here.
pub fn evaluated(
    template: &Value,
    variables: &[(String, Value)],
) -> Result<Value, EvaluationError> {
    let failed = |error: JsonataError| EvaluationError(error.to_string());
    Ok(match template {
        Value::String(text) => {
            let inner = text.strip_prefix("{%").and_then(|rest| rest.strip_suffix("%}"));
            let Some(source) = inner else { return Ok(template.clone()) };
            let expression = jsonata::parse(source.trim()).map_err(failed)?;
            let value = jsonata::evaluate(&expression, variables.to_vec()).map_err(failed)?;
            value.ok_or_else(|| EvaluationError("the expression has no value".to_owned()))?
        }
        Value::Array(list) => {
            list.iter().map(|one| evaluated(one, variables)).collect::<Result<_, _>>()?
        }
        Value::Object(fields) => {
            let mut out = Map::new();
            for (key, value) in fields {
                out.insert(key.clone(), evaluated(value, variables)?);
            }
            Value::Object(out)
        }
        other => other.clone(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn expressions_are_evaluated_and_the_rest_stays() {
        let states = json!({ "context": { "Execution": { "Input": { "topic": "t" } } } });
        let variables = [("states".to_owned(), states)];
        let template = json!({
            "TopicArn": "{% $states.context.Execution.Input.topic %}",
            "Subject": "as it is",
            "List": [1, "{% \"a\" & \"b\" %}"],
        });
        let made = evaluated(&template, &variables).unwrap();
        assert_eq!(made, json!({ "TopicArn": "t", "Subject": "as it is", "List": [1, "ab"] }));
        for bad in ["{% $states.context.nothing %}", "{% ( %}", "{% $random() %}"] {
            assert!(evaluated(&json!(bad), &variables).is_err(), "{bad}");
        }
    }
}
