# What a contributor runs. Everything is offline but for crates.io and PyPI.

export AWS_EC2_METADATA_DISABLED := true

.PHONY: demo test bench bench-fleet

## Plays the whole story on an account that is a file.
demo:
	@examples/story/play.sh

## Formatting, lints, every test, docs: what CI runs.
test:
	cargo fmt --all --check
	cargo clippy --workspace --all-targets --locked -- -D warnings
	tests/emulators/run.sh cargo test --workspace --locked
	tests/sql/run.sh
	RUSTDOCFLAGS="-D warnings" cargo doc --workspace --no-deps --locked --quiet
	examples/story/play.sh >/dev/null

## Calls, CPU and memory, measured against the emulator.
bench:
	benches/run.sh

## Many accounts and one hub, measured against a stub that answers as AWS does.
bench-fleet:
	benches/fleet.sh
