//! Patterns as they come out, one table a rule of the compiler.

mod alternatives;
mod events;
mod exceptions;
mod parameters;
mod split;

use super::*;
use crate::event::Access;
use crate::event::Landing;
use serde_json::json;

fn event(short: &str, kind: EventKind, access: Access) -> EventRef {
    let (service, name) = short.split_once(':').expect("service:Name");
    EventRef {
        source: match service {
            EVERY_SOURCE => service.to_owned(),
            service => format!("{service}.amazonaws.com"),
        },
        name: name.to_owned(),
        kind,
        access,
        landing: Landing::CallRegion,
    }
}

fn api(short: &str) -> EventRef {
    event(short, EventKind::Api, Access::Write)
}

fn signin(name: &str) -> EventRef {
    event(&format!("signin:{name}"), EventKind::Signin, Access::Write)
}

#[derive(Default)]
struct Ask {
    events: Vec<EventRef>,
    filter: Option<Value>,
    outcome: Outcome,
    except: Vec<Value>,
}

impl Ask {
    fn compile(&self) -> Result<Vec<Compiled>, CompileError> {
        let parse = |value: &Value| Filter::parse(value).expect("a condition");
        let filter = self.filter.as_ref().map(parse);
        let except: Vec<Filter> = self.except.iter().map(parse).collect();
        let except: Vec<&Filter> = except.iter().collect();
        compile(&Selection {
            events: &self.events,
            filter: filter.as_ref(),
            outcome: self.outcome,
            origin: &Origin::Any,
            except: &except,
        })
    }

    fn json(&self) -> Value {
        let compiled = self.compile().expect("it compiles");
        assert_eq!(compiled.len(), 1, "one pattern is enough");
        Pattern::parse(&compiled[0].json).expect("EventBridge takes it");
        serde_json::from_str(&compiled[0].json).expect("JSON")
    }

    fn refusal(&self) -> String {
        self.compile().expect_err("it has no exact pattern").to_string()
    }
}

fn stop_logging() -> Ask {
    Ask { events: vec![api("cloudtrail:StopLogging")], ..Ask::default() }
}

/// What the patterns decide together, by what EventBridge keeps of each.
fn matching(compiled: &[Compiled], detail: Value) -> usize {
    let event = json!({
        "source": "aws.cloudtrail",
        "detail-type": "AWS API Call via CloudTrail",
        "detail": detail,
    });
    compiled.iter().filter(|part| part.pattern.matches(&event)).count()
}

fn assert_kept(compiled: &[Compiled]) {
    for part in compiled {
        assert_eq!(ruler::losses(&part.pattern.filter), vec![], "{}", part.json);
        assert!(part.json.chars().count() <= EVENT_PATTERN_MAX_CHARS);
        Pattern::parse(&part.json).expect("EventBridge takes it");
    }
}
