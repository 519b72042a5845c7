#!/bin/sh
# Evaluates what the core evaluates of JSONata with the reference implementation, and compares the values:
#
#     tests/jsonata/run.sh
#
# Mails of arbitrary events come from a test of the core, single expressions from rows.json. The reference
# implementation is a package of npm, pinned in package.json and installed once below target/jsonata.
set -eu

here=$(cd "$(dirname "$0")" && pwd)
root=$(cd "$here/../.." && pwd)
home=${CARGO_TARGET_DIR:-$root/target}/jsonata

# shellcheck source=tests/environment.sh
. "$root/tests/environment.sh"

for program in node npm; do
    command -v "$program" >/dev/null 2>&1 || fail "this needs Node.js with npm on the PATH"
done
mkdir -p "$home"
if ! cmp -s "$here/package.json" "$home/package.json" || [ ! -d "$home/node_modules/jsonata" ]; then
    cp "$here/package.json" "$home/package.json"
    npm install --silent --no-audit --no-fund --prefix "$home" || fail "could not install jsonata: npm needs its registry"
fi
rm -f "$home/mails.jsonl"
CTGUARD_MAIL_CASES="$home/mails.jsonl" CTGUARD_LAW_CASES="${CTGUARD_LAW_CASES:-500}" \
    cargo test --locked --quiet -p ctguard-core --lib mail::tests::no_event_breaks_a_mail >/dev/null ||
    fail "the core's own test fails"
cp "$here/compare.js" "$home/compare.js"
exec node "$home/compare.js" "$home/mails.jsonl" "$root/crates/ctguard-core/src/mail/jsonata/rows.json"
