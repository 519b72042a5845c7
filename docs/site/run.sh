#!/bin/sh
# Builds the site below target/site/html:
#
#     docs/site/run.sh [path of ctguard]
#
# Sphinx and its theme are Python packages, pinned in requirements.txt and installed once below target/site. A link
# or an anchor that leads nowhere, and a page that no list of contents has, is an error.
set -eu

here=$(cd "$(dirname "$0")" && pwd)
root=$(cd "$here/../.." && pwd)
home=${CARGO_TARGET_DIR:-$root/target}/site
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
    rm -rf "${home:?}"
    mkdir -p "$home"
    "$python" -m venv "$home/$key" || fail "could not make a virtual environment (Debian: apt-get install python3-venv)"
    "$home/$key/bin/python" -m pip install --quiet --disable-pip-version-check --requirement "$here/requirements.txt" ||
        fail "could not install Sphinx: pip needs a package index (PyPI, or a mirror in PIP_INDEX_URL)"
    : >"$home/$key/installed"
fi
"$home/$key/bin/python" "$here/assemble.py" "$root" "$ctguard" "$home/source"
rm -rf "$home/html"
"$home/$key/bin/python" -m sphinx --quiet --fail-on-warning --keep-going --builder html \
    --doctree-dir "$home/doctrees" "$home/source" "$home/html"
echo "the site is in ${home#"$root"/}/html"
