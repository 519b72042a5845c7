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

# shellcheck source=tests/environment.sh
. "$root/tests/environment.sh"

needs_program "$ctguard"
environment "$home" "$here/requirements.txt"
"$environment/bin/python" "$here/assemble.py" "$root" "$ctguard" "$home/source"
rm -rf "$home/html"
"$environment/bin/python" -m sphinx --quiet --fail-on-warning --keep-going --builder html \
    --doctree-dir "$home/doctrees" "$home/source" "$home/html"
echo "the site is in ${home#"$root"/}/html"
