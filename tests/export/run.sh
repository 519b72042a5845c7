#!/bin/sh
# Holds exported folders against public validators, and deploys one on an emulator that has CloudFormation:
#
#     tests/export/run.sh [path of ctguard]
#
# The validators are Python packages, pinned in requirements.txt and installed once below target/export.
set -eu

here=$(cd "$(dirname "$0")" && pwd)
root=$(cd "$here/../.." && pwd)
home=${CARGO_TARGET_DIR:-$root/target}/export
ctguard=${1:-${CARGO_TARGET_DIR:-$root/target}/debug/ctguard}

# shellcheck source=tests/environment.sh
. "$root/tests/environment.sh"

needs_program "$ctguard"
environment "$home" "$here/requirements.txt"
"$environment/bin/python" "$here/validate.py" "$ctguard" "$environment/bin"
"$python" "$here/scripts.py" "$ctguard"
exec "$root/tests/emulators/run.sh" "$environment/bin/python" "$here/deploy.py" "$ctguard"
