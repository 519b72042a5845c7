#!/bin/sh
# Counts how often each built-in alert fires in the made-up month of an ordinary account, and whether the attack that
# its built-in is for raises it, and writes the table of docs/blueprints.md:
#
#     make noise
#
# The month and the attacks are benches/corpus/*.txt. Some 600,000 records, less than a minute of CPU.
set -eu

here=$(cd "$(dirname "$0")" && pwd)
cd "$here/.."
cargo build --locked --workspace --bin ctguard --example corpus
target=${CARGO_TARGET_DIR:-target}/debug
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT

{
    cat <<'EOF'
version: 1
name: noise
regions: enabled
destinations: { soc: { topic: soc, format: json, subscribers: [{ sqs: "arn:aws:sqs:us-east-1:111122223333:soc" }] } }
routes: { critical: [soc], high: [soc], medium: [soc], low: [soc] }
include:
EOF
    for file in blueprints/*.yaml; do echo "  - builtin: $(basename "$file" .yaml)"; done
} > "$folder/ctguard.yaml"

replay() {
    "$target/ctguard" replay --quiet --blueprint "$folder/ctguard.yaml" --format json "$folder/$1" > "$folder/$1.json"
}

"$target/examples/corpus" "$folder/ordinary" ordinary
replay ordinary
for file in blueprints/*.yaml; do
    name=$(basename "$file" .yaml)
    "$target/examples/corpus" "$folder/$name" attack "$name"
    replay "$name"
done
"${PYTHON:-python3}" "$here/noise.py" "$folder" docs/blueprints.md
