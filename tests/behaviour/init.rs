use crate::world::World;

#[test]
fn writes_a_blueprint_that_validates_and_plans() {
    let world = World::empty();
    let file = world.path("mine.yaml").display().to_string();
    world
        .run(&[
            "init",
            &file,
            "--email",
            "me@acme.example",
            "--name",
            "mine",
            "--region",
            "us-east-1,eu-west-1",
        ])
        .expect(0);
    let text = world.read("mine.yaml");
    assert!(text.contains("me@acme.example") && text.contains("name: mine"), "{text}");
    assert!(
        text.lines().filter(|line| line.trim_start().starts_with('#')).count() >= 5,
        "it is commented:\n{text}"
    );
    world.run(&["validate", &file]).expect(0);
    world.run(&["sandbox", "new"]).expect(0);
    let plan = world.run(&["plan", &file]).expect(0);
    assert!(plan.out.contains("me@acme.example"), "{}", plan.out);
}

#[test]
fn asks_for_the_address_on_a_terminal_only() {
    let world = World::empty();
    let file = world.path("mine.yaml").display().to_string();
    let nobody = world.run(&["init", &file]).expect(64);
    assert!(nobody.err.contains("--email"), "{}", nobody.err);
    assert!(!world.path("mine.yaml").exists());
    world.typing(&["init", &file], "me@acme.example\n").expect(0);
    assert!(world.read("mine.yaml").contains("me@acme.example"));
}

#[test]
fn never_replaces_a_file_unasked() {
    let world = World::empty();
    world.write("mine.yaml", "mine");
    let file = world.path("mine.yaml").display().to_string();
    let ran = world.run(&["init", &file, "--email", "me@acme.example"]).expect(5);
    assert!(ran.err.contains("--force"), "{}", ran.err);
    assert_eq!(world.read("mine.yaml"), "mine");
    world.run(&["init", &file, "--email", "me@acme.example", "--force"]).expect(0);
    assert_ne!(world.read("mine.yaml"), "mine");
}

#[test]
fn refuses_answers_that_make_no_blueprint_and_writes_nothing() {
    for (email, name) in [("not an address", "mine"), ("me@acme.example", "Not A Name")] {
        let world = World::empty();
        let file = world.path("mine.yaml").display().to_string();
        world.run(&["init", &file, "--email", email, "--name", name]).expect(64);
        assert!(!world.path("mine.yaml").exists(), "{email} {name}");
    }
}
