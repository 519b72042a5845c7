#!/usr/bin/env bash
# Cloud Custodian: one sign-in event in a policy silences all its other events.
#
# Package:   c7n 0.9.53 (PyPI)
# Behaviour: A policy of mode `cloudtrail` becomes one EventBridge rule. If ConsoleLogin is among its
#            events, the rule's detail-type is the one of sign-ins, and that one alone. The other names
#            stay in the pattern, but calls of an API have another detail-type. `custodian validate`
#            accepts the policy, and the same policy without ConsoleLogin gets the right pattern.
# AWS:       Sign-ins have "AWS Console Sign In via CloudTrail", calls "AWS API Call via CloudTrail"; an
#            event must pass every field that a pattern names.
#            https://docs.aws.amazon.com/awscloudtrail/latest/userguide/cloudtrail-aws-service-specific-topics.html
#            https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-create-pattern.html
# Matters:   "Sign-ins, new buckets and stopped trails" is one list to whoever writes it. The rule
#            deploys, fires at sign-ins, and never at the rest. That it fires hides that it is deaf.
#
# Output seen:
#   c7n 0.9.53
#   custodian validate: accepted
#   CreateBucket, StopLogging: detail-type ["AWS API Call via CloudTrail"]
#   CreateBucket, StopLogging, ConsoleLogin: detail-type ["AWS Console Sign In via CloudTrail"]
#     eventName ["ConsoleLogin", "CreateBucket", "StopLogging"]
#   as stated: with ConsoleLogin in the list, CreateBucket and StopLogging can never match
#
# Exit: 0 as stated, 1 changed, 2 could not be tried.
set -euo pipefail
export AWS_DEFAULT_REGION=us-east-1 AWS_EC2_METADATA_DISABLED=true

dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
python3 -m venv "$dir/venv" || exit 2
"$dir/venv/bin/pip" install --quiet --disable-pip-version-check 'c7n==0.9.53' || exit 2

cat >"$dir/policies.yml" <<'YAML'
policies:
  - name: calls-alone
    resource: aws.account
    mode: &mode
      type: cloudtrail
      role: arn:aws:iam::111122223333:role/custodian
      events:
        - CreateBucket
        - {source: cloudtrail.amazonaws.com, event: StopLogging, ids: requestParameters.name}
  - name: with-sign-in
    resource: aws.account
    mode:
      <<: *mode
      events:
        - CreateBucket
        - {source: cloudtrail.amazonaws.com, event: StopLogging, ids: requestParameters.name}
        - ConsoleLogin
YAML

accepted=refused
"$dir/venv/bin/custodian" validate "$dir/policies.yml" >"$dir/validate.txt" 2>&1 && accepted=accepted

"$dir/venv/bin/python" - "$dir/policies.yml" "$accepted" <<'PY'
import json
import sys
from importlib.metadata import version

import yaml
from c7n.config import Config
from c7n.loader import PolicyLoader
from c7n.mu import PolicyLambda
from c7n.resources import load_available

path, accepted = sys.argv[1:]
load_available()
config = Config.empty(region="us-east-1", account_id="111122223333")
policies = PolicyLoader(config).load_data(yaml.safe_load(open(path)), path)

print("c7n", version("c7n"))
print("custodian validate:", accepted)
patterns = {}
for policy in policies:
    policy.validate()
    (source,) = PolicyLambda(policy).get_events(None)
    patterns[policy.name] = json.loads(source.render_event_pattern())

calls, mixed = patterns["calls-alone"], patterns["with-sign-in"]
names = sorted(mixed["detail"]["eventName"])
print("CreateBucket, StopLogging: detail-type", json.dumps(calls["detail-type"]))
print("CreateBucket, StopLogging, ConsoleLogin: detail-type", json.dumps(mixed["detail-type"]))
print("  eventName", json.dumps(names))

as_stated = (
    accepted == "accepted"
    and calls["detail-type"] == ["AWS API Call via CloudTrail"]
    and mixed["detail-type"] == ["AWS Console Sign In via CloudTrail"]
    and {"CreateBucket", "StopLogging"} < set(names)
)
if as_stated:
    print("as stated: with ConsoleLogin in the list, CreateBucket and StopLogging can never match")
else:
    print("changed")
sys.exit(0 if as_stated else 1)
PY
