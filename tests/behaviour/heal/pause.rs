//! A planned pause of healing.

use super::{blueprint, heal, notices, somebody, stop, trail};

#[test]
fn during_a_pause_nothing_is_put_back_and_everybody_hears_of_it() {
    let world = heal();
    let pause = ["heal", "pause", "--until", "2h", "--reason", "moving the bucket"];
    // Nobody is asked without a terminal.
    let told = world.run(&pause).expect(5);
    assert!(told.out.contains("until 2026-11-22T14:00:00Z: moving the bucket"), "{}", told.seen());
    assert!(told.out.contains("Call: states:TagResource on arn:aws:states:us-east-1:"));
    world.run(&["verify", "--strict"]).expect(0);
    world.run(&[&pause[..], &["--yes"]].concat()).expect(0);

    let told = world.run(&["verify", "--strict"]).expect(3).out;
    assert!(told.contains("heal-paused") && told.contains("moving the bucket"), "{told}");
    let told = world.run(&["drift"]).expect(2).out;
    assert!(told.contains("2026-11-22T14:00:00Z"), "{told}");
    let told = world.run(&["plan"]).expect(0);
    assert!(told.err.contains("Healing is paused until"), "{}", told.seen());
    // An apply leaves the pause as it is.
    world.run(&["apply", "--yes"]).expect(0);

    let delivery = somebody(&world, "StopLogging", stop);
    assert!(!trail(&world).status.logging);
    let [notice] = notices(&delivery)[..] else { panic!("{delivery:#?}") };
    assert!(notice.subject.as_ref().unwrap().contains("during a pause"), "{notice:?}");
    assert!(notice.text.contains("\nReason:   moving the bucket\n"), "{}", notice.text);

    world.run(&["heal", "resume", "--yes"]).expect(0);
    let told = world.run(&["heal", "resume", "--yes"]).expect(0).out;
    assert!(told.contains("nothing to do"), "{told}");
    world.run(&["apply", "--yes"]).expect(0);
    somebody(&world, "StopLogging", stop);
    assert!(trail(&world).status.logging);
    world.run(&["verify", "--strict"]).expect(0);
}

#[test]
fn a_pause_has_an_end_within_a_day_and_a_reason() {
    let world = heal();
    for (until, reason) in [
        ("25h", "r"),
        ("2026-11-22T12:00:00Z", "r"),
        ("2026-11-21T12:00:00Z", "r"),
        ("2026-11-23T12:00:01Z", "r"),
        ("tomorrow", "r"),
        ("-1h", "r"),
        ("1h", " "),
        ("1h", "no; never"),
    ] {
        let until = format!("--until={until}");
        world.run(&["heal", "pause", &until, "--reason", reason, "--yes"]).expect(64);
    }
    for without in [&["heal", "pause", "--reason", "r"][..], &["heal", "pause", "--until", "1h"]] {
        world.run(without).expect(64);
    }
    let at = ["heal", "pause", "--until", "2026-11-23T13:00:00+01:00", "--reason", "r", "--yes"];
    let told = world.run(&[&at[..], &["--format", "json"]].concat()).expect(0).json();
    assert_eq!(told["until"], "2026-11-23T12:00:00Z");
    world.run(&["sandbox", "advance"]).expect(0);
    somebody(&world, "StopLogging", stop);
    assert!(trail(&world).status.logging, "the pause has ended");
    world.write("ctguard.yaml", &blueprint(""));
    world.run(&["heal", "resume", "--yes"]).expect(64);
}
