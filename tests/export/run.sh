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

fail() {
    echo "run.sh: $*" >&2
    exit 1
}

[ -x "$ctguard" ] || fail "there is no program at $ctguard: run cargo build first"
python=${PYTHON:-python3}
command -v "$python" >/dev/null 2>&1 || fail "there is no \`$python\` on the PATH"
key=$( (cat "$here/requirements.txt"; "$python" --version) | cksum | cut -d' ' -f1)
if [ ! -e "$home/$key/installed" ]; then
    rm -rf "${home:?}/$key"
    mkdir -p "$home"
    "$python" -m venv "$home/$key" || fail "could not make a virtual environment (Debian: apt-get install python3-venv)"
    "$home/$key/bin/python" -m pip install --quiet --disable-pip-version-check --requirement "$here/requirements.txt" ||
        fail "could not install the validators: pip needs a package index (PyPI, or a mirror in PIP_INDEX_URL)"
    : >"$home/$key/installed"
fi
"$home/$key/bin/python" "$here/validate.py" "$ctguard" "$home/$key/bin"
"$python" "$here/scripts.py" "$ctguard"
exec "$root/tests/emulators/run.sh" "$home/$key/bin/python" "$here/deploy.py" "$ctguard"
