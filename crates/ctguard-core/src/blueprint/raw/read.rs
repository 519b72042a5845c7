//! Reads a tree of values into the raw types, key by key.

use super::super::keys;
use super::super::reader::{MappingFields, Reader, Spanned};
use super::super::yaml::{Entry, Node, Value};
use super::{
    RawAlert, RawBlueprint, RawCondition, RawDestination, RawEvent, RawEventParts, RawException,
    RawFilter, RawHeal, RawHealLogging, RawInclude, RawIncludeFrom, RawInclusion, RawOperator,
    RawRegion, RawRegionException, RawRegions, RawRoute, RawTag, RawTest, RawTrail, RawTrust,
    fleet,
};
use crate::catalogue::nearest;
use crate::codes;
use crate::diag::{Diagnostic, Span};
use std::ops::Range;

/// Reads a blueprint's tree.
pub(in super::super) fn blueprint(reader: &mut Reader<'_>, root: &Node) -> Option<RawBlueprint> {
    let fields = reader.mapping(root, keys::BLUEPRINT)?;
    if fields.get("alerts").is_none() && fields.get("include").is_none() {
        reader.required(
            &fields,
            "alerts",
            "list alerts, or `include` a built-in blueprint; `alerts: []` removes everything owned",
        );
    }
    let version = version(reader, &fields);
    let name = reader
        .required(&fields, "name", "`name: acme`; it prefixes and tags what ctguard owns")
        .and_then(|node| reader.text(node, "name"));
    Some(RawBlueprint {
        version,
        name,
        deploy: reader.optional_text(&fields, "deploy"),
        accounts: fields.get("accounts").and_then(|node| fleet::accounts(reader, node)),
        regions: fields.get("regions").map(|node| regions(reader, node)),
        hub: fields.get("hub").and_then(|node| fleet::hub(reader, node)),
        trail: fields.get("trail").and_then(|node| trail(reader, node)),
        heal: fields.get("heal").and_then(|node| heal(reader, node)),
        trust_trails: items(reader, &fields, "trust_trails", trust),
        tags: fields.get("tags").map(|node| tags(reader, node)).unwrap_or_default(),
        time_zone: reader.optional_text(&fields, "time_zone"),
        destinations: fields
            .get("destinations")
            .map(|node| destinations(reader, node))
            .unwrap_or_default(),
        routes: fields.get("routes").map(|node| routes(reader, node)).unwrap_or_default(),
        include: items(reader, &fields, "include", include),
        alerts: items(reader, &fields, "alerts", alert),
        allow: reader.texts(&fields, "allow").unwrap_or_default(),
    })
}

/// Where a file says that it is one to include: a key that only such files have, and none that only
/// blueprints have.
pub(in super::super) fn says_included(root: &Node) -> Option<&Range<usize>> {
    let Value::Mapping(entries) = &root.value else { return None };
    let of = |keys: keys::Keys, key: &str| keys.names().contains(&key);
    let own = |entry: &&Entry| !of(keys::BLUEPRINT, &entry.key);
    entries.iter().all(|entry| of(keys::INCLUSION, &entry.key)).then_some(())?;
    entries.iter().find(own).map(|entry| &entry.key_span)
}

/// Reads an included file's tree.
pub(in super::super) fn inclusion(reader: &mut Reader<'_>, root: &Node) -> Option<RawInclusion> {
    let fields = reader.mapping(root, keys::INCLUSION)?;
    let version = version(reader, &fields);
    for key in ["id", "title", "why"] {
        reader.optional_text(&fields, key);
    }
    reader.texts(&fields, "sources");
    reader.required(&fields, "alerts", "an included file brings alerts: `alerts: [...]`");
    Some(RawInclusion { version, alerts: items(reader, &fields, "alerts", alert) })
}

fn version(reader: &mut Reader<'_>, fields: &MappingFields<'_>) -> Option<Spanned<u64>> {
    let node = reader.required(fields, "version", "begin with `version: 1`")?;
    reader.integer(node, "version")
}

/// Reads each item of a list that may be absent.
fn items<T>(
    reader: &mut Reader<'_>,
    fields: &MappingFields<'_>,
    key: &str,
    read: impl Fn(&mut Reader<'_>, &Node) -> Option<T>,
) -> Vec<T> {
    let Some(node) = fields.get(key) else { return Vec::new() };
    let nodes = reader.sequence(node, key, "each item begins with `- `; an empty list is `[]`");
    nodes.unwrap_or_default().iter().filter_map(|node| read(reader, node)).collect()
}

fn regions(reader: &mut Reader<'_>, node: &Node) -> RawRegions {
    const SHAPES: &str =
        "write `enabled`, a list of regions, or `{ enabled: true, except: [...] }`";
    match &node.value {
        Value::Text(text) if text == "enabled" => RawRegions::Enabled { except: Vec::new() },
        Value::Sequence(items) => {
            let names = items.iter().filter_map(|item| region(reader, item, "regions")).collect();
            RawRegions::List(names, reader.span(&node.span))
        }
        Value::Mapping(_) => {
            let Some(fields) = reader.mapping(node, keys::REGIONS) else {
                return RawRegions::Unclear;
            };
            reader.required(&fields, "enabled", SHAPES);
            let enabled = reader.boolean(&fields, "enabled");
            let except = items(reader, &fields, "except", region_exception);
            if enabled.as_ref().is_some_and(|enabled| !enabled.value)
                && let Some(node) = fields.get("enabled")
            {
                reader.wrong_type(node, "enabled", "`true`", SHAPES);
            }
            match enabled {
                Some(Spanned { value: true, .. }) => RawRegions::Enabled { except },
                _ => RawRegions::Unclear,
            }
        }
        _ => {
            reader.wrong_type(node, "regions", "`enabled`, a list or a mapping", SHAPES);
            RawRegions::Unclear
        }
    }
}

/// A region's name, or a mapping with one that the catalogue need not know.
pub(super) fn region(reader: &mut Reader<'_>, node: &Node, what: &str) -> Option<RawRegion> {
    if !matches!(node.value, Value::Mapping(_)) {
        return Some(RawRegion { name: reader.text(node, what)?, unchecked: false });
    }
    let fields = reader.mapping(node, keys::REGION)?;
    let name = reader
        .required(&fields, "name", "the region's name: `{ name: xx-new-1, unchecked: true }`")
        .and_then(|node| reader.text(node, "name"));
    let unchecked = reader.boolean(&fields, "unchecked").is_some_and(|flag| flag.value);
    Some(RawRegion { name: name?, unchecked })
}

fn region_exception(reader: &mut Reader<'_>, node: &Node) -> Option<RawRegionException> {
    let fields = reader.mapping(node, keys::REGION_EXCEPTION)?;
    Some(RawRegionException {
        region: reader
            .required(&fields, "region", "the region to leave out")
            .and_then(|node| region(reader, node, "region")),
        reason: reader
            .required(&fields, "reason", "say why events there need no alert")
            .and_then(|node| reader.text(node, "reason")),
        until: reader.optional_text(&fields, "until"),
        span: reader.span(fields.span()),
    })
}

fn heal(reader: &mut Reader<'_>, node: &Node) -> Option<RawHeal> {
    let fields = reader.mapping(node, keys::HEAL)?;
    let logging = reader.required(&fields, "logging", "`logging: { trails: managed, notify: … }`");
    let limit = fields.get("limit").and_then(|node| reader.integer(node, "limit"));
    Some(RawHeal {
        logging: logging.and_then(|node| heal_logging(reader, node)),
        rules: reader.boolean(&fields, "rules").is_some_and(|rules| rules.value),
        limit,
        span: reader.span(fields.span()),
    })
}

fn heal_logging(reader: &mut Reader<'_>, node: &Node) -> Option<RawHealLogging> {
    let fields = reader.mapping(node, keys::HEAL_LOGGING)?;
    let mut required =
        |key, help| reader.required(&fields, key, help).and_then(|node| reader.text(node, key));
    Some(RawHealLogging {
        trails: required("trails", "`trails: managed`, the trail that `trail:` keeps"),
        notify: required("notify", "the destination that is told what was put back"),
    })
}

fn trail(reader: &mut Reader<'_>, node: &Node) -> Option<RawTrail> {
    let fields = reader.mapping(node, keys::TRAIL)?;
    Some(RawTrail {
        name: reader
            .required(&fields, "name", "the trail's name, such as `acme-management`")
            .and_then(|node| reader.text(node, "name")),
        bucket: reader
            .required(&fields, "bucket", "the S3 bucket for its log files; bucket names are global")
            .and_then(|node| reader.text(node, "bucket")),
        account: reader.optional_text(&fields, "account"),
        has_account: fields.get("account").is_some(),
        organization: reader.boolean(&fields, "organization").filter(|all| all.value),
        home_region: fields.get("home_region").and_then(|node| region(reader, node, "home_region")),
        kms_key: reader.optional_text(&fields, "kms_key"),
        adopt: reader.boolean(&fields, "adopt").is_some_and(|adopt| adopt.value),
        additional: reader.boolean(&fields, "additional").is_some_and(|more| more.value),
        foreign_bucket: reader
            .boolean(&fields, "foreign_bucket")
            .is_some_and(|foreign| foreign.value),
        span: reader.span(fields.span()),
    })
}

fn trust(reader: &mut Reader<'_>, node: &Node) -> Option<RawTrust> {
    let fields = reader.mapping(node, keys::TRUST)?;
    let mut required = |key: &str, help: &str| {
        let node = reader.required(&fields, key, help)?;
        reader.text(node, key)
    };
    Some(RawTrust {
        arn: required("arn", "the ARN of the trail, as `aws cloudtrail describe-trails` shows it"),
        records: required(
            "records",
            "`all`, or `write` for a trail that leaves read-only calls out",
        ),
        reason: required("reason", "say who vouches for it, for the next review"),
        until: reader.optional_text(&fields, "until"),
        span: reader.span(fields.span()),
    })
}

/// Tags: a text is a tag of everything, a mapping has the tags of one kind.
fn tags(reader: &mut Reader<'_>, node: &Node) -> Vec<RawTag> {
    const HELP: &str = "each key is a tag, or a kind with tags of its own: `{ CostCenter: \"42\", topic: { Data: internal } }`";
    let mut tags = Vec::new();
    if !matches!(node.value, Value::Mapping(_)) {
        reader.wrong_type(node, "tags", "a mapping", HELP);
    }
    for entry in node.entries() {
        let name = Spanned { value: entry.key.clone(), span: reader.span(&entry.key_span) };
        if !matches!(entry.node.value, Value::Mapping(_)) {
            tags.extend(tag(reader, None, name, &entry.node));
            continue;
        }
        for inner in entry.node.entries() {
            let key = Spanned { value: inner.key.clone(), span: reader.span(&inner.key_span) };
            tags.extend(tag(reader, Some(name.clone()), key, &inner.node));
        }
    }
    tags
}

/// One tag. Its value is taken as it stands, and may be empty.
fn tag(
    reader: &mut Reader<'_>,
    kind: Option<Spanned<String>>,
    key: Spanned<String>,
    node: &Node,
) -> Option<RawTag> {
    let value = match &node.value {
        Value::Text(text) => Spanned { value: text.clone(), span: reader.span(&node.span) },
        _ => reader.text(node, &key.value)?,
    };
    Some(RawTag { kind, key, value })
}

fn destinations(reader: &mut Reader<'_>, node: &Node) -> Vec<RawDestination> {
    if !matches!(node.value, Value::Mapping(_)) {
        let help = "each key is a name: `secops: { topic: secops, subscribers: [...] }`";
        reader.wrong_type(node, "destinations", "a mapping", help);
    }
    let mut destinations = Vec::new();
    for entry in node.entries() {
        let Some(fields) = reader.mapping(&entry.node, keys::DESTINATION) else {
            continue;
        };
        let span = reader.span(&entry.key_span);
        destinations.push(RawDestination {
            name: Spanned { value: entry.key.clone(), span: span.clone() },
            topic: reader.optional_text(&fields, "topic"),
            topic_arn: reader.optional_text(&fields, "topic_arn"),
            format: reader.optional_text(&fields, "format"),
            kms_key: reader.optional_text(&fields, "kms_key"),
            role: reader.optional_text(&fields, "role"),
            subscribers: items(reader, &fields, "subscribers", subscriber),
            span,
        });
    }
    destinations
}

fn subscriber(reader: &mut Reader<'_>, node: &Node) -> Option<(&'static str, Spanned<String>)> {
    const HELP: &str = "write one of `{ email: ... }`, `{ https: ... }`, `{ secret: env:NAME }`, `{ sqs: ARN }`, `{ lambda: ARN }` and `{ chat: ARN }`";
    let fields = reader.mapping(node, keys::SUBSCRIBER)?;
    let mut present =
        keys::SUBSCRIBER.names().iter().filter_map(|key| Some((*key, fields.get(key)?)));
    match (present.next(), present.next()) {
        (Some((key, node)), None) => Some((key, reader.text(node, key)?)),
        (Some(_), Some(_)) => {
            reader.wrong_type(node, "a subscriber", "one endpoint", HELP);
            None
        }
        (None, _) => {
            if node.entries().is_empty() {
                reader.wrong_type(node, "a subscriber", "one endpoint", HELP);
            }
            None
        }
    }
}

pub(super) fn routes(reader: &mut Reader<'_>, node: &Node) -> Vec<RawRoute> {
    let Some(fields) = reader.mapping(node, keys::ROUTES) else { return Vec::new() };
    let mut routes = Vec::new();
    for entry in node.entries() {
        if let Some(destinations) = reader.texts(&fields, &entry.key) {
            let risk = Spanned { value: entry.key.clone(), span: reader.span(&entry.key_span) };
            routes.push(RawRoute { risk, destinations });
        }
    }
    routes
}

fn include(reader: &mut Reader<'_>, node: &Node) -> Option<RawInclude> {
    const HELP: &str = "write `builtin: account-security` or `path: ./file.yaml`";
    if let Value::Text(written) = &node.value {
        let written = written.trim();
        let key = if written.contains(['/', '.']) { "path" } else { "builtin" };
        let help = format!("write `{key}: {written}`");
        reader.wrong_type(node, "an include", "a mapping", &help);
        return None;
    }
    let fields = reader.mapping(node, keys::INCLUDE)?;
    let omit = reader.texts(&fields, "omit").unwrap_or_default();
    let from = match (fields.get("builtin"), fields.get("path")) {
        (Some(node), None) => RawIncludeFrom::Builtin(reader.text(node, "builtin")?),
        (None, Some(node)) => RawIncludeFrom::Path(reader.text(node, "path")?),
        // A key that is none has been reported, and is the reason.
        (None, None) if !node.entries().is_empty() && !keys::INCLUDE.know(node) => return None,
        _ => {
            reader.wrong_type(node, "an include", "either `builtin` or `path`", HELP);
            return None;
        }
    };
    Some(RawInclude { from, omit })
}

fn alert(reader: &mut Reader<'_>, node: &Node) -> Option<RawAlert> {
    let fields = reader.mapping(node, keys::ALERT)?;
    let mut required = |key: &str, help: &str| {
        let node = reader.required(&fields, key, help)?;
        reader.text(node, key)
    };
    let id = required("id", "a short name, such as `trail-stopped`; it becomes part of rule names");
    let title = required("title", "one line that says what happened");
    let risk = required("risk", "one of `critical`, `high`, `medium` and `low`");
    let events_help = "list them: `events: [cloudtrail:StopLogging]`";
    if let Some(node) = reader.required(&fields, "events", events_help)
        && matches!(&node.value, Value::Sequence(items) if items.is_empty())
    {
        let message = "an alert without events can never be raised";
        reader.push(Diagnostic::error(codes::EMPTY_VALUE, message).help(events_help), &node.span);
    }
    Some(RawAlert {
        id,
        title,
        risk,
        events: items(reader, &fields, "events", event),
        filter: fields.get("where").and_then(|node| filter(reader, node)),
        outcome: reader.optional_text(&fields, "outcome"),
        except: items(reader, &fields, "except", exception),
        why: reader.optional_text(&fields, "why"),
        next: reader.optional_text(&fields, "next"),
        notify: reader.texts(&fields, "notify"),
        sources: reader.texts(&fields, "sources").unwrap_or_default(),
        attack: reader.texts(&fields, "attack").unwrap_or_default(),
        controls: reader.texts(&fields, "controls").unwrap_or_default(),
        allow: reader.texts(&fields, "allow").unwrap_or_default(),
        tests: items(reader, &fields, "tests", test),
        span: reader.span(fields.span()),
    })
}

fn test(reader: &mut Reader<'_>, node: &Node) -> Option<RawTest> {
    let fields = reader.mapping(node, keys::TEST)?;
    Some(RawTest {
        event: reader
            .required(
                &fields,
                "event",
                "a file with a sample event, such as `events/root-login.json`",
            )
            .and_then(|node| reader.text(node, "event")),
        expect: reader
            .required(&fields, "expect", "`match` if the alert is to fire for it, or `ignore`")
            .and_then(|node| reader.text(node, "expect")),
        span: reader.span(fields.span()),
    })
}

fn event(reader: &mut Reader<'_>, node: &Node) -> Option<RawEvent> {
    if !matches!(node.value, Value::Mapping(_)) {
        return reader.text(node, "events").map(RawEvent::Text);
    }
    if let [entry] = node.entries()
        && let Value::Text(name) = &entry.node.value
        && !keys::EVENT.know(node)
        && nearest(&entry.key, keys::EVENT.names().iter().copied()).is_empty()
    {
        let message = format!("`{}: {name}` is a key with a value, and no event", entry.key);
        let help = format!("write `{}:{name}`, without a space", entry.key);
        let error = Diagnostic::error(codes::WRONG_TYPE, message).help(help);
        reader.push(error.label("a space follows the colon"), &entry.key_span);
        return None;
    }
    let fields = reader.mapping(node, keys::EVENT)?;
    Some(RawEvent::Parts(Box::new(RawEventParts {
        source: reader.optional_text(&fields, "source"),
        name: reader
            .required(
                &fields,
                "name",
                "`detail.eventName`, such as `CreateRoute`; or `service:Name*`, or `any`",
            )
            .and_then(|node| reader.text(node, "name")),
        unchecked: reader.boolean(&fields, "unchecked"),
        kind: reader.optional_text(&fields, "kind"),
        read_only: reader.boolean(&fields, "read_only"),
        access: reader.optional_text(&fields, "access"),
        span: reader.span(fields.span()),
    })))
}

fn exception(reader: &mut Reader<'_>, node: &Node) -> Option<RawException> {
    let fields = reader.mapping(node, keys::EXCEPTION)?;
    let filter = reader
        .required(&fields, "where", "the condition on events that raise no alert")
        .and_then(|node| filter(reader, node));
    Some(RawException {
        filter,
        reason: reader
            .required(&fields, "reason", "say why, for the next review")
            .and_then(|node| reader.text(node, "reason")),
        owner: reader.optional_text(&fields, "owner"),
        until: reader.optional_text(&fields, "until"),
        span: reader.span(fields.span()),
    })
}

fn filter(reader: &mut Reader<'_>, node: &Node) -> Option<RawFilter> {
    const HELP: &str = "write dotted paths below `detail`: `where: { userIdentity.type: [Root] }`";
    if !matches!(&node.value, Value::Mapping(entries) if !entries.is_empty()) {
        reader.wrong_type(node, "where", "a mapping", HELP);
        return None;
    }
    let before = reader.diagnostics.len();
    reader.refuse_account_id_numbers(node);
    if reader.diagnostics.len() > before {
        return None;
    }
    let Some(json) = node.to_json() else {
        reader.wrong_type(node, "where", "free of infinities and numbers above 64 bits", HELP);
        return None;
    };
    let mut keys = Vec::new();
    key_spans(reader, node, &mut keys);
    let mut conditions = Vec::new();
    collect_conditions(reader, node, "", &mut conditions);
    Some(RawFilter { json, keys, conditions, span: reader.span(&node.span) })
}

/// Each condition of a `where:`, those in `$or` too.
fn collect_conditions(
    reader: &Reader<'_>,
    node: &Node,
    above: &str,
    conditions: &mut Vec<RawCondition>,
) {
    for entry in node.entries() {
        let path = match above {
            "" => entry.key.clone(),
            above => format!("{above}.{}", entry.key),
        };
        match &entry.node.value {
            Value::Sequence(members) if entry.key == "$or" => {
                for member in members {
                    collect_conditions(reader, member, above, conditions);
                }
            }
            Value::Sequence(operators) => {
                let operator = |node: &Node| {
                    let operand = match node.entries() {
                        [entry] => &entry.node.span,
                        _ => &node.span,
                    };
                    Some(RawOperator {
                        value: node.to_json()?,
                        span: reader.span(&node.span),
                        operand: reader.span(operand),
                    })
                };
                let operators = operators.iter().filter_map(operator).collect();
                let span = reader.span(&entry.key_span);
                conditions.push(RawCondition { path, span, operators });
            }
            _ => collect_conditions(reader, &entry.node, &path, conditions),
        }
    }
}

fn key_spans(reader: &Reader<'_>, node: &Node, keys: &mut Vec<(String, Span)>) {
    match &node.value {
        Value::Sequence(items) => items.iter().for_each(|item| key_spans(reader, item, keys)),
        Value::Mapping(entries) => {
            for entry in entries {
                keys.push((entry.key.clone(), reader.span(&entry.key_span)));
                key_spans(reader, &entry.node, keys);
            }
        }
        _ => {}
    }
}
