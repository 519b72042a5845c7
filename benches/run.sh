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

# A change of the pin makes a new environment; an unfinished one is made anew.
python=${PYTHON:-python3}
environment=$target/bench/$(sed 's/[^a-z0-9.]/-/g' "$here/boto3.txt")
if [ ! -e "$environment/installed" ]; then
    rm -rf "$environment"
    "$python" -m venv "$environment"
    "$environment/bin/python" -m pip install --quiet --disable-pip-version-check \
        --requirement "$here/boto3.txt"
    : >"$environment/installed"
fi

"$target/release/examples/compile"
"$root/tests/emulators/run.sh" "$python" "$here/measure.py" \
    "$target/release/ctguard" "$environment/bin/python"
