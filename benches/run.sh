#!/bin/sh
# Measures ctguard as it is shipped, side by side with a boto3 script that reads the same:
#
#     make bench
#
# Needs what the tests need: Rust and Python 3.10 or newer. The first run builds the release profile, which
# takes some minutes of CPU. docs/performance.md says what the numbers mean and which ones were measured.
set -eu

here=$(cd "$(dirname "$0")" && pwd)
root=$(cd "$here/.." && pwd)
target=${CARGO_TARGET_DIR:-$root/target}
cd "$root"

cargo build --release --locked --bin ctguard --example compile
python=$("$here/boto3.sh")

"$target/release/examples/compile"
"$root/tests/emulators/run.sh" "${PYTHON:-python3}" "$here/measure.py" "$target/release/ctguard" "$python"
