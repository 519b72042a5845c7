#!/usr/bin/env bash
# moto: a stack is CREATE_COMPLETE without the topic policy and the subscription that its template has.
#
# Package:   moto 5.2.5 (PyPI)
# Behaviour: moto's CloudFormation leaves out what it has no model of, writes a line to standard error, and
#            says CREATE_COMPLETE all the same. Of the pipe "rule, topic, policy, subscription" it makes the
#            rule and the topic. Each resource that was left out has an entry in list_stack_resources, without a name
#            and without a status.
# AWS:       A stack is complete when all of its resources are; one that cannot be made fails it.
#            https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/view-stack-events.html
# Matters:   A test that deploys the template of an alert and waits for the stack is green, and what would
#            have let EventBridge publish, and anybody hear of it, is not there.
#
# Output seen:
#   moto 5.2.5; a template with a rule, a topic, its policy and a subscription
#   status                 CREATE_COMPLETE
#   resources listed       ['Rule', 'Topic']
#   rules                  ['stop-logging']
#   policy admits rules    False
#   subscriptions          0
#   as stated: complete, and nobody would hear
#
# Exit: 0 as stated, 1 changed, 2 could not be tried.
set -euo pipefail
export AWS_EC2_METADATA_DISABLED=true

dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
python3 -m venv "$dir/venv" || exit 2
"$dir/venv/bin/pip" install --quiet --disable-pip-version-check \
  'moto[cloudformation,events,sns,sqs]==5.2.5' 'boto3==1.43.106' || exit 2

"$dir/venv/bin/python" - 2>"$dir/errors.txt" <<'PY' || { status=$?; [ "$status" = 1 ] || cat "$dir/errors.txt" >&2; exit "$status"; }
import json
import sys
from importlib.metadata import version

import boto3
from moto import mock_aws

TEMPLATE = {
    "Resources": {
        "Topic": {"Type": "AWS::SNS::Topic", "Properties": {"TopicName": "alerts"}},
        "Policy": {
            "Type": "AWS::SNS::TopicPolicy",
            "Properties": {
                "Topics": [{"Ref": "Topic"}],
                "PolicyDocument": {
                    "Version": "2012-10-17",
                    "Statement": [
                        {
                            "Sid": "Rules",
                            "Effect": "Allow",
                            "Principal": {"Service": "events.amazonaws.com"},
                            "Action": "sns:Publish",
                            "Resource": {"Ref": "Topic"},
                        }
                    ],
                },
            },
        },
        "Subscription": {
            "Type": "AWS::SNS::Subscription",
            "Properties": {
                "TopicArn": {"Ref": "Topic"},
                "Protocol": "email",
                "Endpoint": "security@example.com",
            },
        },
        "Rule": {
            "Type": "AWS::Events::Rule",
            "Properties": {
                "Name": "stop-logging",
                "EventPattern": {
                    "source": ["aws.cloudtrail"],
                    "detail": {"eventName": ["StopLogging"]},
                },
                "Targets": [{"Id": "topic", "Arn": {"Ref": "Topic"}}],
            },
        },
    }
}


@mock_aws
def deployed():
    keys = dict(region_name="us-east-1", aws_access_key_id="x", aws_secret_access_key="x")
    stacks, sns = boto3.client("cloudformation", **keys), boto3.client("sns", **keys)
    events = boto3.client("events", **keys)
    stacks.create_stack(StackName="alerts", TemplateBody=json.dumps(TEMPLATE))
    status = stacks.describe_stacks(StackName="alerts")["Stacks"][0]["StackStatus"]
    listed = stacks.list_stack_resources(StackName="alerts")["StackResourceSummaries"]
    named = sorted(one.get("LogicalResourceId") or "" for one in listed)
    (topic,) = sns.list_topics()["Topics"]
    policy = sns.get_topic_attributes(TopicArn=topic["TopicArn"])["Attributes"]["Policy"]
    sids = [one.get("Sid") for one in json.loads(policy)["Statement"]]
    heard = sns.list_subscriptions_by_topic(TopicArn=topic["TopicArn"])["Subscriptions"]
    rules = [one["Name"] for one in events.list_rules()["Rules"]]
    return {
        "status": status,
        "resources listed": [name for name in named if name],
        "rules": rules,
        "policy admits rules": "Rules" in sids,
        "subscriptions": len(heard),
    }


seen = deployed()
print(f"moto {version('moto')}; a template with a rule, a topic, its policy and a subscription")
for label, value in seen.items():
    print(f"{label:<22} {value}")
as_stated = seen == {
    "status": "CREATE_COMPLETE",
    "resources listed": ["Rule", "Topic"],
    "rules": ["stop-logging"],
    "policy admits rules": False,
    "subscriptions": 0,
}
print("as stated: complete, and nobody would hear" if as_stated else "changed")
sys.exit(0 if as_stated else 1)
PY
