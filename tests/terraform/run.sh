#!/bin/sh
# Compares arguments.json, against which the tests hold an export for Terraform, with the schema of the provider:
#
#     tests/terraform/run.sh [--write]
#
# The schema comes from two Python packages that HashiCorp generated from it, pinned in *.txt and downloaded once below
# target/terraform (120 MB). With --write the file is written again.
set -eu

here=$(cd "$(dirname "$0")" && pwd)
root=$(cd "$here/../.." && pwd)
home=${CARGO_TARGET_DIR:-$root/target}/terraform

# shellcheck source=tests/environment.sh
. "$root/tests/environment.sh"

find_python
key=$(cat "$here"/*.txt | cksum | cut -d' ' -f1)
if [ ! -e "$home/$key/downloaded" ]; then
    rm -rf "${home:?}"
    mkdir -p "$home/$key"
    for version in "$here"/*.txt; do
        "$python" -m pip download --quiet --disable-pip-version-check --no-deps --require-hashes \
            --requirement "$version" --dest "$home/$key" ||
            fail "could not download the schema: pip needs a package index (PyPI, or a mirror in PIP_INDEX_URL)"
    done
    : >"$home/$key/downloaded"
fi
"$python" "$here/schema.py" "$home/$key"/*.whl >"$home/arguments.json"
if [ "${1:-}" = --write ]; then
    cp "$home/arguments.json" "$here/arguments.json"
elif ! diff -u "$here/arguments.json" "$home/arguments.json"; then
    fail "arguments.json is not what the provider has: tests/terraform/run.sh --write"
fi
echo "ok      the arguments of $(grep -c '^  "aws_' "$here/arguments.json") resources of hashicorp/aws"
