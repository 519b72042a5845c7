//! The fast engine decides as the plain one, on cases made to fool it: the same that fuzz/ makes from bytes.

#[path = "../../fuzz/case.rs"]
mod case;

#[test]
fn both_engines_decide_alike_whatever_the_text_looks_like() {
    let mut compared = 0;
    for seed in 1..=3_000 {
        compared += case::check(&mut case::Dice::from_seed(seed))
            .unwrap_or_else(|difference| panic!("{seed}: {difference}"));
    }
    assert!(compared > 20_000, "only {compared} decisions were compared");
}
