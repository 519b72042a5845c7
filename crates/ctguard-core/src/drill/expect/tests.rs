use super::*;
use serde_json::json;

#[test]
fn a_text_is_said_whatever_stands_for_what_is_not_known() {
    let text = Text::Lines(format!("\"[HIGH] A topic was made\"\n\"When: {ANY}\"\n\"By {ANY}.\""));
    let said = "\"[HIGH] A topic was made\"\n\"When: 12:00\"\n\"By alice.\"";
    assert!(text.is_said_by(said));
    for other in [
        "\"[HIGH] A topic was lost\"\n\"When: 12:00\"\n\"By alice.\"",
        "\"[HIGH] A topic was made\"\n\"When: 12:00\"",
        "",
    ] {
        assert!(!text.is_said_by(other), "{other}");
    }
    assert!(Text::Lines("plain".to_owned()).is_said_by("plain"));
    assert!(!Text::Lines("plain".to_owned()).is_said_by("plainer"));
}

#[test]
fn an_event_is_said_when_it_has_what_is_known_of_it() {
    let known = known_of(&json!({
        "source": "aws.sns", "time": "T", "id": "x",
        "detail": {
            "eventName": "CreateTopic", "eventID": "x",
            "requestParameters": { "name": "ctguard-acme-drill", "tags": [] },
            "userIdentity": { "arn": "arn:aws:iam::111122223333:user/alice" },
        },
    }));
    let event = |name: &str| {
        json!({ "source": "aws.sns", "time": "later", "detail": {
            "eventName": "CreateTopic", "requestParameters": { "name": name },
            "userIdentity": { "type": "AssumedRole" },
        } })
        .to_string()
    };
    let text = Text::Json(known);
    assert!(text.is_said_by(&event("ctguard-acme-drill")));
    assert!(!text.is_said_by(&event("somebody-elses")));
    assert!(!text.is_said_by("no JSON"));
}

#[test]
fn a_template_is_rendered_with_what_is_known() {
    let paths = [("name", "$.detail.eventName"), ("ip", "$.detail.sourceIPAddress")];
    let paths = paths.map(|(name, path)| (name.to_owned(), path.to_owned()));
    let input = |template: &str| {
        let template = template.to_owned();
        Input::Transformer(InputTransformer { paths: paths.clone().into(), template })
    };
    let event = json!({ "source": "aws.sns", "detail": { "eventName": "CreateTopic" } });
    let arn = "arn:aws:events:us-east-1:111122223333:rule/ctguard-acme-topic";
    let lines = text(&input("\"<name> from <ip>\""), arn, &event).expect("rendered");
    assert!(lines.is_said_by("\"CreateTopic from 198.51.100.7\""));
    assert!(!lines.is_said_by("\"DeleteTopic from 198.51.100.7\""));
    let whole = input("{\"what\": \"<name>\", \"event\": <aws.events.event.json>}");
    let json = text(&whole, arn, &event).expect("rendered");
    let said = json!({ "what": "CreateTopic", "event": {
        "source": "aws.sns", "id": "1", "time": "T", "detail": { "eventName": "CreateTopic", "eventID": "1" },
    } });
    assert!(json.is_said_by(&said.to_string()), "{json:?}");
}
