//! What programs read is as it is published.

use crate::fleet;
use crate::world::World;
use crate::world::blueprints::{PLAIN, keeping_a_trail};
use boon::{Compiler, SchemaIndex, Schemas};
use ctguard::report::schema::Document;
use serde_json::Value;

struct Published {
    schemas: Schemas,
    index: SchemaIndex,
}

impl Published {
    /// What `ctguard schema` prints.
    fn of(what: &str) -> Self {
        let schema = World::empty().run(&["schema", what]).expect(0).json();
        assert_eq!(schema["$schema"], "https://json-schema.org/draft/2020-12/schema");
        let (mut schemas, mut compiler) = (Schemas::new(), Compiler::new());
        let name = format!("file:///{what}.json");
        compiler.add_resource(&name, schema).unwrap();
        let index = compiler.compile(&name, &mut schemas).unwrap();
        Self { schemas, index }
    }

    #[track_caller]
    fn holds(&self, value: &Value) {
        if let Err(error) = self.schemas.validate(value, self.index) {
            panic!("{error:#}\n{value:#}");
        }
    }

    fn refuses(&self, value: &Value) -> bool {
        self.schemas.validate(value, self.index).is_err()
    }
}

/// Fails unless a value is as its published schema says.
#[track_caller]
pub fn is_as_published(what: &str, value: &Value) {
    Published::of(what).holds(value);
}

/// Worlds in which, together, everything that can stand in a plan or a verdict does.
pub fn worlds() -> Vec<World> {
    let bare = World::bare(&keeping_a_trail());
    let broken = World::settled(&keeping_a_trail());
    for fault in ["narrow-pattern", "condition-topic-policy", "unsubscribe", "stop-trail"] {
        broken.run(&["sandbox", "break", fault]).expect(0);
    }
    broken.run(&["sandbox", "break", "strip-tags", "new-user"]).expect(0);
    broken.change(|state| {
        state.denied.push(ctguard_sandbox::state::Denied {
            operation: "sqs:GetQueueAttributes".into(),
            account: None,
            region: None,
        });
    });
    let hub = World::empty();
    hub.write("ctguard.yaml", &fleet::text("", fleet::ALERTS));
    hub.run(&["sandbox", "new", "--account", &fleet::ACCOUNTS.join(",")]).expect(0);
    hub.run(&["apply", "--yes"]).expect(0);
    hub.run(&["sandbox", "confirm"]).expect(0);
    hub.write("ctguard.yaml", &fleet::text(fleet::HUB, fleet::ALERTS));
    let gone = World::settled(&keeping_a_trail());
    gone.write("ctguard.yaml", &keeping_a_trail().replace("id: route", "id: other"));
    vec![bare, broken, hub, gone, World::with_trail(PLAIN)]
}

#[test]
fn every_plan_is_as_its_schema_says() {
    let schema = Published::of("plan");
    for world in worlds() {
        let plan = world.run(&["plan", "--format", "json"]).json();
        schema.holds(&plan);
        schema.holds(&world.run(&["drift", "--format", "json"]).json());
        let mut other = plan.clone();
        other["ctguard_plan"] = 2.into();
        assert!(schema.refuses(&other), "another version passes");
        let mut other = plan;
        other["surprise"] = true.into();
        assert!(schema.refuses(&other), "a key that is not published passes");
    }
}

#[test]
fn every_search_is_as_its_schema_says() {
    let (schema, world) = (Published::of("events"), World::empty());
    for words in [
        &["--all"][..],
        &["lambda:AddPermission"],
        &["cloudfront:AssociateAlias"],
        &["cloudtrail:StopLoging"],
    ] {
        let line: Vec<&str> = ["events", "--format", "json"].iter().chain(words).copied().collect();
        let mut found = world.run(&line).json();
        schema.holds(&found);
        found["surprise"] = true.into();
        assert!(schema.refuses(&found), "a key that is not published passes");
    }
}

#[test]
fn every_check_of_names_is_as_its_schema_says() {
    let (schema, world) = (Published::of("events-check"), World::empty());
    world.write("names.txt", "iam:CreateUsr\ns3:GetObject\n");
    world.write("prose.txt", "Nothing to see here.\n");
    for name in ["names.txt", "prose.txt"] {
        let file = world.path(name).display().to_string();
        let mut found = world.run(&["events", "check", &file, "--format", "json"]).json();
        schema.holds(&found);
        found["surprise"] = true.into();
        assert!(schema.refuses(&found), "a key that is not published passes");
    }
}

#[test]
fn what_is_tried_counted_matched_and_allowed_is_as_its_schemas_say() {
    let world = World::with_trail(PLAIN);
    let sample = |name: &str, event: &str| {
        let record = serde_json::json!({ "Records": [{
            "eventVersion": "1.08", "eventSource": "ec2.amazonaws.com", "eventName": event,
            "eventTime": "2026-11-02T03:04:05Z", "awsRegion": "eu-west-1", "eventID": name,
            "recipientAccountId": "111122223333", "readOnly": false, "managementEvent": true,
            "eventType": "AwsApiCall", "sourceIPAddress": "192.0.2.1",
            "userIdentity": { "type": "IAMUser", "userName": "eve", "accountId": "111122223333" },
        }] });
        world.write(name, &record.to_string());
        world.path(name).display().to_string()
    };
    let (good, other) = (sample("a.json", "CreateRoute"), sample("b.json", "DeleteBucket"));
    world.write("c.json", "{ \"Records\": [ {");
    let broken = world.path("c.json").display().to_string();
    let out = world.path("s.json").display().to_string();
    for (what, line) in [
        ("test", &["test", "ctguard.yaml"][..]),
        ("test", &["test", "ctguard.yaml", "--minimum", "2"]),
        ("replay", &["replay", "--blueprint", "ctguard.yaml", &good, &other, &broken]),
        ("replay", &["replay", "--blueprint", "ctguard.yaml", "--sql", "athena"]),
        ("match", &["match", "--blueprint", "ctguard.yaml", &good, &other, &broken]),
        ("match", &["match", "--blueprint", "ctguard.yaml", "--explain", &good, &other]),
        ("policy", &["policy", "apply", "ctguard.yaml"]),
        (
            "policy",
            &["policy", "apply", "ctguard.yaml", "--guard", "scp", "--break-glass", "Breakglass"],
        ),
        ("policy", &["policy", "apply", "ctguard.yaml", "--check"]),
        ("snapshot", &["snapshot", "--out", &out]),
    ] {
        let file = world.path("ctguard.yaml").display().to_string();
        let line: Vec<&str> =
            line.iter().map(|word| if *word == "ctguard.yaml" { &file } else { *word }).collect();
        let mut value = world.run(&[&line[..], &["--format", "json"]].concat()).json();
        let schema = Published::of(what);
        schema.holds(&value);
        value["surprise"] = true.into();
        assert!(schema.refuses(&value), "a key that is not published passes: {line:?}");
    }
}

#[test]
fn every_coverage_is_as_its_schema_says() {
    let (schema, world) = (Published::of("coverage"), World::bare(PLAIN));
    let mut found = world.run(&["coverage", "--format", "json"]).expect(0).json();
    schema.holds(&found);
    found["surprise"] = true.into();
    assert!(schema.refuses(&found), "a key that is not published passes");
}

#[test]
fn every_import_is_as_its_schema_says() {
    let (schema, world) = (Published::of("import"), World::empty());
    let rules = "title: Keys\nid: 1\nauthor: Ann\nlogsource: { product: aws, service: cloudtrail }\n\
        detection: { s: { eventName: CreateKey, userAgent|contains: Probe }, condition: s }\n\
        ---\ntitle: Windows\nlogsource: { product: windows }\ndetection: { condition: s }\n";
    world.write("rules.yml", rules);
    world.write("broken.yml", "a: [");
    for name in ["rules.yml", "broken.yml"] {
        let file = world.path(name).display().to_string();
        let mut found = world.run(&["import", "sigma", &file, "--format", "json"]).json();
        schema.holds(&found);
        found["surprise"] = true.into();
        assert!(schema.refuses(&found), "a key that is not published passes");
    }
}

#[test]
fn every_verdict_is_as_its_schema_says() {
    let (report, explain) = (Published::of("report"), Published::of("explain"));
    for world in worlds() {
        report.holds(&world.run(&["verify", "--format", "json"]).json());
        for what in ["ec2:CreateRoute", "iam:CreateUser"] {
            explain.holds(&world.run(&["explain", what, "--format", "json"]).json());
        }
    }
}

#[test]
fn every_apply_is_as_its_schema_says() {
    let schema = Published::of("apply");
    const MEANT: [&str; 4] = [
        "--allow-lost-coverage",
        "--allow-deletion",
        "--allow-wider-policy",
        "--allow-shared-trail",
    ];
    let mut stopped = 0;
    for world in worlds() {
        let json = ["apply", "--yes", "--format", "json"];
        let ran = world.run(&json).json();
        stopped += usize::from(ran.get("guards").is_some());
        schema.holds(&ran);
        schema.holds(&world.run(&[&json[..], &MEANT].concat()).json());
    }
    assert!(stopped > 0, "no guard stopped an apply, so that form was not tried");
    let world = World::settled(&keeping_a_trail());
    world.run(&["sandbox", "break", "disable-rule"]).expect(0);
    let plan = world.path("plan.json").display().to_string();
    world.run(&["plan", "--out", &plan]).expect(0);
    world.run(&["sandbox", "break", "unsubscribe"]).expect(0);
    let account = world.path("account.json").display().to_string();
    let line = ["ctguard", "--sandbox", &account, "apply", &plan, "--yes", "--format", "json"];
    let stale = world.command(line.map(Into::into).to_vec(), None).expect(5).json();
    assert!(!stale["moved"].as_array().unwrap().is_empty());
    schema.holds(&stale);
}

#[test]
fn the_parts_of_a_fleet_add_up_to_what_the_schema_says() {
    let world = World::with_trail(PLAIN);
    for (verb, schema) in [("plan", "plan"), ("verify", "report")] {
        let schema = Published::of(schema);
        let mut files = Vec::new();
        for part in ["1/2", "2/2"] {
            let ran = world.run(&[verb, "--shard", part, "--format", "json"]);
            schema.holds(&ran.json());
            let name = format!("{verb}-{}.json", files.len());
            world.write(&name, &ran.out);
            files.push(world.path(&name).display().to_string());
        }
        schema.holds(&world.run(&["merge", "--format", "json", &files[0], &files[1]]).json());
    }
}

#[test]
fn what_validate_prints_is_as_its_schema_says() {
    let schema = Published::of("validate");
    for text in
        [PLAIN.to_owned(), PLAIN.replace("ec2:CreateRoute", "x"), "- 1".to_owned(), String::new()]
    {
        let world = World::empty();
        world.write("ctguard.yaml", &text);
        schema.holds(&world.run(&["validate", "--format", "json"]).json());
    }
}

/// An editor that knows the schema marks no good blueprint and many bad ones.
#[test]
fn the_schema_of_the_blueprint_takes_what_validate_takes() {
    let schema = Published::of("blueprint");
    let yaml = |text: &str| serde_yaml::from_str::<Value>(text).unwrap();
    let mut good =
        vec![PLAIN.to_owned(), keeping_a_trail(), fleet::text(fleet::HUB, fleet::ALERTS)];
    for name in ["fleet/ctguard", "fleet/organization", "story/ctguard"] {
        good.push(std::fs::read_to_string(format!("examples/{name}.yaml")).unwrap());
    }
    for text in &good {
        schema.holds(&yaml(text));
    }
    let design = include_str!("../../docs/blueprint.md");
    let whole = design.split("```yaml\n").skip(1).filter_map(|rest| rest.split("```").next());
    for text in whole.filter(|text| text.starts_with("version: 1\nname")) {
        let value = yaml(text);
        if value.get("alerts").is_some() || value.get("include").is_some() {
            schema.holds(&value);
        }
    }
    for (from, to) in [
        ("risk: high", "risk: hihg"),
        ("version: 1", "version: 2"),
        ("name: acme", "nam: acme"),
        ("events: [ec2:CreateRoute]", "events: []"),
        ("format: text", "format: html"),
        ("{ email: secops@acme.example }", "{ mail: secops@acme.example }"),
        ("id: route", "id: Route"),
    ] {
        let text = PLAIN.replace(from, to);
        assert_ne!(text, PLAIN, "{from}");
        assert!(schema.refuses(&yaml(&text)), "{to}");
        let world = World::empty();
        world.write("ctguard.yaml", &text);
        world.run(&["validate"]).expect(64);
    }
}

/// The built-in blueprints are files that others could include.
#[test]
fn the_schema_of_included_files_takes_the_built_in_ones() {
    let schema = Published::of("included");
    for id in ctguard_core::blueprint::builtin::ids() {
        let text = std::fs::read_to_string(format!("blueprints/{id}.yaml")).unwrap();
        let mut value: Value = serde_yaml::from_str(&text).unwrap();
        schema.holds(&value);
        value["routes"] = serde_json::json!({});
        assert!(schema.refuses(&value), "only a blueprint has routes");
    }
}

/// The blueprint that `init` writes names the schema beside it, which takes it.
#[test]
fn the_schema_that_init_writes_takes_what_init_writes() {
    let every: Vec<&str> = ctguard_core::blueprint::builtin::ids().collect();
    let every = every.join(",");
    for words in [
        &[][..],
        &["--region", "eu-west-1,us-east-1"],
        &["--account", "111122223333,444455556666", "--region", "eu-west-1"],
        &["--builtin", &every],
    ] {
        let world = World::empty();
        let file = world.path("deep/acme.yaml").display().to_string();
        std::fs::create_dir(world.path("deep")).unwrap();
        let init = ["init", &file, "--email", "secops@acme.example"];
        world.run(&[&init[..], words].concat()).expect(0);
        let text = world.read("deep/acme.yaml");
        let line = text.lines().next().unwrap();
        let named = line.strip_prefix("# yaml-language-server: $schema=").expect(line);
        let schema = world.read(&format!("deep/{named}"));
        assert_eq!(schema, include_str!("../../docs/schema/blueprint.json"));
        Published::of("blueprint").holds(&serde_yaml::from_str(&text).unwrap());
        // `fmt` leaves the line where editors look for it.
        world.run(&["fmt", &file]).expect(0);
        assert!(world.read("deep/acme.yaml").starts_with(line), "{line}");
    }
}

#[test]
fn init_leaves_a_file_of_somebody_else_in_place_of_the_schema() {
    let world = World::empty();
    world.write("ctguard.schema.json", "{}");
    let file = world.path("acme.yaml").display().to_string();
    let init = ["init", &file, "--email", "secops@acme.example", "--region", "us-east-1"];
    let ran = world.run(&init).expect(0);
    assert!(ran.err.contains("was not written (it is something else)"), "{}", ran.err);
    assert_eq!(world.read("ctguard.schema.json"), "{}");
    // One of an earlier version is replaced.
    world.write("ctguard.schema.json", r#"{"$id": "urn:ctguard:schema:blueprint:1"}"#);
    world.run(&[&init[..], &["--force"]].concat()).expect(0);
    assert!(world.read("ctguard.schema.json").contains("json-schema.org"));
}

/// The names of properties that nothing is said of, with the way to each.
fn undescribed(schema: &Value, way: &str, found: &mut Vec<String>) {
    let Some(object) = schema.as_object() else {
        let items = schema.as_array().into_iter().flatten().enumerate();
        items.for_each(|(at, item)| undescribed(item, &format!("{way}/{at}"), found));
        return;
    };
    let says = |schema: &Value| {
        let text = schema.get("description").and_then(Value::as_str).unwrap_or_default();
        text.split_whitespace().count() > 1 && text.ends_with('.')
    };
    for (name, property) in
        object.get("properties").and_then(Value::as_object).into_iter().flatten()
    {
        // What tells a choice from another is explained by the choice.
        let tells = property.get("const").is_some() && says(schema);
        if !says(property) && !tells {
            found.push(format!("{way}/{name}"));
        }
    }
    object.iter().for_each(|(key, value)| undescribed(value, &format!("{way}/{key}"), found));
}

/// Who reads a result in an editor sees what each key means.
#[test]
fn every_property_of_every_result_is_described() {
    let mut found = Vec::new();
    for document in Document::ALL.iter().copied() {
        let schema = ctguard::report::schema::of(document);
        undescribed(&schema, document.as_str(), &mut found);
    }
    assert!(found.is_empty(), "no sentence says what these are:\n{}", found.join("\n"));
}

/// The files that are published say what the types say. `UPDATE_SCHEMAS=1` writes them anew.
#[test]
fn the_published_schemas_are_made_from_the_types() {
    for document in Document::ALL.iter().copied() {
        let made = format!("{:#}\n", ctguard::report::schema::of(document));
        let path = format!("docs/schema/{}.json", document.as_str());
        if std::env::var_os("UPDATE_SCHEMAS").is_some() {
            std::fs::write(&path, &made).unwrap();
            // What is printed is part of the program: it is compared by the next run.
            continue;
        }
        let published = std::fs::read_to_string(&path).unwrap();
        assert!(published == made, "{path} is not made from the types; set UPDATE_SCHEMAS=1");
        let printed = World::empty().run(&["schema", document.as_str()]).expect(0).json();
        assert_eq!(printed["$id"], format!("urn:ctguard:schema:{}:1", document.as_str()));
    }
}
