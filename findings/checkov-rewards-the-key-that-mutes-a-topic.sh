#!/usr/bin/env bash
# checkov: the check on topics passes the one key with which EventBridge cannot publish.
#
# Package:   checkov 3.3.30 (PyPI)
# Behaviour: CKV_AWS_26 ("Ensure all data stored in the SNS topic is encrypted") fails a topic without a
#            key and passes one with `alias/aws/sns`, the shortest change that satisfies it. With all of
#            its checks, checkov says nothing about that topic being the target of an EventBridge rule.
# AWS:       A service that publishes to an encrypted topic needs a customer managed key whose policy
#            admits it. The policy of the AWS managed key cannot be changed.
#            https://docs.aws.amazon.com/sns/latest/dg/sns-key-management.html
#            https://docs.aws.amazon.com/kms/latest/developerguide/concepts.html
# Matters:   A pull request turns a red check green, and from then on each alert fails at the topic. The
#            rule still fires, SNS has nothing to send, and no check is red.
#
# Output seen:
#   checkov 3.3.30
#   no key               alerts arrive        FAILED
#   alias/aws/sns        alerts are lost      PASSED
#   own key, admits      alerts arrive        PASSED
#   any failed check that mentions the muted topic: none
#   as stated: of the two one-line choices, the check asks for the one that loses alerts
#
# "Arrive" and "lost" are AWS's documentation, not seen here.
# Exit: 0 as stated, 1 changed, 2 could not be tried.
set -euo pipefail

dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
python3 -m venv "$dir/venv" || exit 2
"$dir/venv/bin/pip" install --quiet --disable-pip-version-check 'checkov==3.3.30' || exit 2

cat >"$dir/template.yaml" <<'YAML'
Resources:
  Plain:
    Type: AWS::SNS::Topic
  Muted:
    Type: AWS::SNS::Topic
    Properties: {KmsMasterKeyId: alias/aws/sns}
  Own:
    Type: AWS::SNS::Topic
    Properties: {KmsMasterKeyId: !Ref Key}
  Key:
    Type: AWS::KMS::Key
    Properties:
      EnableKeyRotation: true
      KeyPolicy:
        Version: "2012-10-17"
        Statement:
          - {Effect: Allow, Principal: {AWS: "arn:aws:iam::111122223333:root"}, Action: "kms:*", Resource: "*"}
          - Effect: Allow
            Principal: {Service: events.amazonaws.com}
            Action: ["kms:Decrypt", "kms:GenerateDataKey*"]
            Resource: "*"
  Publish:
    Type: AWS::SNS::TopicPolicy
    Properties:
      Topics: [!Ref Plain, !Ref Muted, !Ref Own]
      PolicyDocument:
        Version: "2012-10-17"
        Statement:
          - Effect: Allow
            Principal: {Service: events.amazonaws.com}
            Action: sns:Publish
            Resource: [!Ref Plain, !Ref Muted, !Ref Own]
  Rule:
    Type: AWS::Events::Rule
    Properties:
      EventPattern: {source: [aws.cloudtrail], detail: {eventName: [StopLogging]}}
      Targets:
        - {Id: plain, Arn: !Ref Plain}
        - {Id: muted, Arn: !Ref Muted}
        - {Id: own, Arn: !Ref Own}
YAML

# checkov answers 1 when a check fails, which one does.
"$dir/venv/bin/checkov" --file "$dir/template.yaml" --framework cloudformation --skip-download \
  --output json >"$dir/answer.json" 2>"$dir/errors.txt" || true

"$dir/venv/bin/python" - "$dir/answer.json" <<'PY'
import json
import sys
from importlib.metadata import version

results = json.load(open(sys.argv[1]))["results"]
state = {}
for check in results["passed_checks"] + results["failed_checks"]:
    if check["check_id"] == "CKV_AWS_26":
        state[check["resource"].rpartition(".")[2]] = check["check_result"]["result"]
others = sorted({c["check_id"] for c in results["failed_checks"] if c["resource"].endswith(".Muted")})

print("checkov", version("checkov"))
for topic, key, truth in (
    ("Plain", "no key", "alerts arrive"),
    ("Muted", "alias/aws/sns", "alerts are lost"),
    ("Own", "own key, admits", "alerts arrive"),
):
    print(f"{key:<20} {truth:<20} {state.get(topic)}")
print("any failed check that mentions the muted topic:", ", ".join(others) or "none")
as_stated = state == {"Plain": "FAILED", "Muted": "PASSED", "Own": "PASSED"} and not others
if as_stated:
    print("as stated: of the two one-line choices, the check asks for the one that loses alerts")
else:
    print("changed")
sys.exit(0 if as_stated else 1)
PY
