#!/usr/bin/env bash
# serverless-offline-aws-eventbridge: beside `$or`, no other field of `detail` is looked at.
#
# Package:   serverless-offline-aws-eventbridge 2.2.4 (npm)
# Behaviour: If `detail` has `$or` at its top, the plugin tries the alternatives and nothing else: all
#            that stands beside `$or` is as good as left out. The same fields without `$or` are compared.
# AWS:       All fields of a pattern must match; `$or` is one more condition among them.
#            https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-create-pattern.html
#            https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-create-pattern-operators.html
# Matters:   A mistake beside `$or`, such as an eventSource that does not exist, cannot fail a test: the
#            function is called here, and never on AWS. So is a rule for root called for everybody.
#
# Output seen:
#   serverless-offline-aws-eventbridge 2.2.4; StopLogging by an IAM user
#   eventSource misspelt, eventName as a list        AWS no   plugin no
#   eventSource misspelt, the same names in $or      AWS no   plugin yes
#   root alone, the same names in $or                AWS no   plugin yes
#   as stated: what stands beside $or is not compared
#
# Exit: 0 as stated, 1 changed, 2 could not be tried.
set -euo pipefail

dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
npm install --prefix "$dir" --silent --no-audit --no-fund --no-save --ignore-scripts --legacy-peer-deps \
  'serverless-offline-aws-eventbridge@2.2.4' >&2 || exit 2

cat >"$dir/try.js" <<'JS'
const { version } = require("serverless-offline-aws-eventbridge/package.json");
const loaded = require("serverless-offline-aws-eventbridge");
const Plugin = loaded.default || loaded;

const quiet = { notice() {}, debug() {}, error() {}, warning() {} };
const plugin = new Plugin({ service: { custom: {}, provider: {} } }, {}, { log: quiet });
plugin.logDebug = () => {};

const entry = {
  Source: "aws.cloudtrail",
  DetailType: "AWS API Call via CloudTrail",
  Detail: JSON.stringify({
    eventSource: "cloudtrail.amazonaws.com",
    eventName: "StopLogging",
    userIdentity: { type: "IAMUser" },
  }),
};
const either = { $or: [{ eventName: ["StopLogging"] }, { eventName: ["DeleteTrail"] }] };
const cases = [
  ["eventSource misspelt, eventName as a list",
    { eventSource: ["cloudtrail.amazonaws"], eventName: ["StopLogging", "DeleteTrail"] }, false],
  ["eventSource misspelt, the same names in $or", { eventSource: ["cloudtrail.amazonaws"], ...either }, true],
  ["root alone, the same names in $or", { userIdentity: { type: ["Root"] }, ...either }, true],
];

console.log(`serverless-offline-aws-eventbridge ${version}; StopLogging by an IAM user`);
let asStated = true;
for (const [label, detail, stated] of cases) {
  const subscriber = { functionKey: "alert", event: { pattern: { source: ["aws.cloudtrail"], detail } } };
  const called = plugin.verifyIsSubscribed(subscriber, entry);
  console.log(`${label.padEnd(48)} AWS no   plugin ${called ? "yes" : "no"}`);
  asStated = asStated && called === stated;
}
console.log(asStated ? "as stated: what stands beside $or is not compared" : "changed");
process.exit(asStated ? 0 : 1);
JS
node "$dir/try.js"
