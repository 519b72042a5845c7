#!/usr/bin/env bash
# checkov: the same queue passes the check on encryption in Terraform and fails it in CloudFormation.
#
# Package:   checkov 3.3.30 (PyPI)
# Behaviour: CKV_AWS_27 ("Ensure all data stored in the SQS queue is encrypted") passes `sqs_managed_sse_enabled = true`
#            of an aws_sqs_queue and fails `SqsManagedSseEnabled: true` of an AWS::SQS::Queue. Only a KMS key satisfies
#            it there.
# AWS:       Both are the same attribute of the same call: messages are encrypted with keys that SQS keeps.
#            https://docs.aws.amazon.com/AWSSimpleQueueService/latest/SQSDeveloperGuide/sqs-configure-sqs-sse-queue.html
#            A service that sends to a queue with a KMS key needs a customer managed key that admits it.
#            https://docs.aws.amazon.com/AWSSimpleQueueService/latest/SQSDeveloperGuide/sqs-key-management.html
# Matters:   The queue that keeps what could not be delivered is red for no reason. The shortest change that turns it
#            green is `alias/aws/sqs`, with which EventBridge and SNS cannot send to it.
#
# Output seen:
#   checkov 3.3.30
#   queue                  CloudFormation  Terraform
#   not encrypted          FAILED          FAILED
#   with keys of SQS       FAILED          PASSED
#   alias/aws/sqs          PASSED          PASSED
#   as stated: one queue, two answers
#
# Exit: 0 as stated, 1 changed, 2 could not be tried.
set -euo pipefail

dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
python3 -m venv "$dir/venv" || exit 2
"$dir/venv/bin/pip" install --quiet --disable-pip-version-check 'checkov==3.3.30' || exit 2

mkdir "$dir/code"
cat >"$dir/code/template.yaml" <<'YAML'
Resources:
  Plain:
    Type: AWS::SQS::Queue
    Properties: {SqsManagedSseEnabled: false}
  Managed:
    Type: AWS::SQS::Queue
    Properties: {SqsManagedSseEnabled: true}
  Aws:
    Type: AWS::SQS::Queue
    Properties: {KmsMasterKeyId: alias/aws/sqs}
YAML
cat >"$dir/code/main.tf" <<'HCL'
resource "aws_sqs_queue" "Plain" {
  sqs_managed_sse_enabled = false
}
resource "aws_sqs_queue" "Managed" {
  sqs_managed_sse_enabled = true
}
resource "aws_sqs_queue" "Aws" {
  kms_master_key_id = "alias/aws/sqs"
}
HCL

# checkov answers 1 when a check fails, which one does.
for framework in cloudformation terraform; do
  "$dir/venv/bin/checkov" --directory "$dir/code" --framework "$framework" --skip-download \
    --output json >"$dir/$framework.json" 2>"$dir/errors.txt" || true
done

"$dir/venv/bin/python" - "$dir" <<'PY'
import json
import sys
from importlib.metadata import version


def states(framework):
    results = json.load(open(f"{sys.argv[1]}/{framework}.json"))["results"]
    return {
        check["resource"].rpartition(".")[2]: check["check_result"]["result"]
        for check in results["passed_checks"] + results["failed_checks"]
        if check["check_id"] == "CKV_AWS_27"
    }


template, module = states("cloudformation"), states("terraform")
print("checkov", version("checkov"))
print(f"{'queue':<22} CloudFormation  Terraform")
for queue, label in (("Plain", "not encrypted"), ("Managed", "with keys of SQS"), ("Aws", "alias/aws/sqs")):
    print(f"{label:<22} {template.get(queue)!s:<15} {module.get(queue)}")
as_stated = template == {"Plain": "FAILED", "Managed": "FAILED", "Aws": "PASSED"} and module == {
    "Plain": "FAILED",
    "Managed": "PASSED",
    "Aws": "PASSED",
}
print("as stated: one queue, two answers" if as_stated else "changed")
sys.exit(0 if as_stated else 1)
PY
