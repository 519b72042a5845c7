#!/bin/sh
# Plays the whole story on an AWS account that is a file: plan, apply, verify, break, heal.
# Needs no credentials and touches nothing but a temporary folder.
set -eu

here=$(cd "$(dirname "$0")" && pwd)
cd "$here/../.."
ctguard=${CTGUARD_PROGRAM:-}
if [ -z "$ctguard" ]; then
    # Without the AWS SDK, which the sandbox does not need: a third of the time. Cargo's own bar says how far it is.
    echo 'Building ctguard for the sandbox alone (the first time: about two minutes).' >&2
    CARGO_INCREMENTAL=0 cargo build --locked --no-default-features --target-dir "${CARGO_TARGET_DIR:-target}/demo"
    ctguard=${CARGO_TARGET_DIR:-target}/demo/debug/ctguard
fi

folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
export CTGUARD_SANDBOX="$folder/account.json" CTGUARD_BLUEPRINT="$here/ctguard.yaml"

# Runs a command as a user would, shows it, and insists on the exit code that the story expects.
run() {
    expected=$1
    shift
    printf '\n\033[1m$ ctguard %s\033[0m\n' "$*"
    code=0
    "$ctguard" "$@" || code=$?
    printf '(exit code %s)\n' "$code"
    [ "$code" -eq "$expected" ] || {
        echo "the story expects exit code $expected" >&2
        exit 1
    }
}
say() { printf '\n--- %s\n' "$*"; }

say 'An account with nothing in it, not even a trail.'
run 0 sandbox new --bare
run 0 plan
run 0 apply --yes
say 'Everything is deployed, and nobody hears of anything yet: the e-mail address has not confirmed.'
run 3 verify --quiet
run 0 sandbox confirm
run 0 verify
say 'Somebody stops the trail: the alert arrives, and then nothing would any more.'
run 0 sandbox send cloudtrail:StopLogging --region us-east-1
run 0 sandbox break stop-trail
run 2 drift
run 3 verify
say 'Apply starts it again. Then somebody disables a rule.'
run 0 apply --yes
run 0 sandbox break disable-rule root-console-login
run 2 drift
run 3 verify
run 0 apply --yes
run 0 verify
run 0 plan
say 'That was the story. Your own begins with: ctguard init'
[ -n "${CTGUARD_PROGRAM:-}" ] ||
    say "$ctguard played it, and knows sandboxes and snapshots alone; docs/install.md installs one that knows AWS."
