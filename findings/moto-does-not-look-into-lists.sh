#!/usr/bin/env bash
# moto: a pattern on a field inside a list of objects never matches, and `exists: false` on it does.
#
# Package:   moto 5.2.5 (PyPI)
# Behaviour: moto takes an event apart by its objects alone and stops at the first list. A list of plain
#            values is compared; a field of objects in a list is as good as absent. CloudTrail has such
#            lists wherever a call takes several things: `ipPermissions.items` of a security group is one.
# AWS:       The library that EventBridge publishes takes lists apart: a field in any of their objects
#            counts, as long as all the fields of a pattern come from the same object.
#            https://github.com/aws/event-ruler
#            https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-create-pattern.html
# Matters:   The pattern for "a port is opened to the world" is right and fails its test. The one for
#            "there is no such entry" is wrong and passes it.
#
# Output seen:
#   moto 5.2.5; AuthorizeSecurityGroupIngress with 0.0.0.0/0 among its ipPermissions
#   cidrIp is 0.0.0.0/0           AWS 1  moto 0
#   cidrIp is absent              AWS 0  moto 1
#   eventName alone               AWS 1  moto 1
#   as stated: what is in a list of objects is not there
#
# Exit: 0 as stated, 1 changed, 2 could not be tried.
set -euo pipefail
export AWS_EC2_METADATA_DISABLED=true

dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
python3 -m venv "$dir/venv" || exit 2
"$dir/venv/bin/pip" install --quiet --disable-pip-version-check 'moto[events,sqs]==5.2.5' 'boto3==1.43.106' || exit 2

"$dir/venv/bin/python" - <<'PY'
import json
import sys
from importlib.metadata import version

import boto3
from moto import mock_aws

DETAIL = {
    "eventSource": "ec2.amazonaws.com",
    "eventName": "AuthorizeSecurityGroupIngress",
    "requestParameters": {
        "groupId": "sg-0123456789abcdef0",
        "ipPermissions": {
            "items": [
                {
                    "ipProtocol": "tcp",
                    "fromPort": 22,
                    "toPort": 22,
                    "ipRanges": {"items": [{"cidrIp": "0.0.0.0/0"}]},
                }
            ]
        },
    },
}


def address(test):
    inner = {"items": {"ipRanges": {"items": {"cidrIp": [test]}}}}
    return {
        "eventName": ["AuthorizeSecurityGroupIngress"],
        "requestParameters": {"ipPermissions": inner},
    }


@mock_aws
def delivered(pattern):
    keys = dict(region_name="us-east-1", aws_access_key_id="x", aws_secret_access_key="x")
    events, sqs = boto3.client("events", **keys), boto3.client("sqs", **keys)
    url = sqs.create_queue(QueueName="queue")["QueueUrl"]
    got = sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["QueueArn"])
    events.put_rule(Name="rule", EventPattern=json.dumps({"detail": pattern}), State="ENABLED")
    events.put_targets(Rule="rule", Targets=[{"Id": "queue", "Arn": got["Attributes"]["QueueArn"]}])
    events.put_events(
        Entries=[{"Source": "my.app", "DetailType": "test", "Detail": json.dumps(DETAIL)}]
    )
    return len(sqs.receive_message(QueueUrl=url).get("Messages", []))


seen = [
    ("cidrIp is 0.0.0.0/0", delivered(address("0.0.0.0/0")), 0, 1),
    ("cidrIp is absent", delivered(address({"exists": False})), 1, 0),
    ("eventName alone", delivered({"eventName": ["AuthorizeSecurityGroupIngress"]}), 1, 1),
]
print(f"moto {version('moto')}; AuthorizeSecurityGroupIngress with 0.0.0.0/0 among its ipPermissions")
for label, found, _, aws in seen:
    print(f"{label:<29} AWS {aws}  moto {found}")
as_stated = all(found == stated for _, found, stated, _ in seen)
print("as stated: what is in a list of objects is not there" if as_stated else "changed")
sys.exit(0 if as_stated else 1)
PY
