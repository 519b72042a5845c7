#!/usr/bin/env bash
# Two emulators, three states of a rule: neither has all three right, and they err in opposite ways.
#
# Packages:  ministack 1.5.33, moto 5.2.5 (PyPI)
# Behaviour: ministack stores ENABLED_WITH_ALL_CLOUDTRAIL_MANAGEMENT_EVENTS, shows it in DescribeRule and
#            never fires such a rule, not even at an event of one's own. moto fires rules in whatever
#            state, DISABLED ones too.
# AWS:       DISABLED matches nothing. ENABLED matches all but read-only management events by CloudTrail.
#            ENABLED_WITH_ALL_CLOUDTRAIL_MANAGEMENT_EVENTS matches those too, so it hears the most.
#            https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-service-event-cloudtrail-management.html
# Matters:   An alert on reading calls (AssumeRole, GetSecretValue) needs the third state. On ministack
#            its test fails until somebody takes the state away: then the test passes, and the alert is
#            deaf on AWS. On moto the test passes while the rule that is shipped is switched off.
#
# Output seen:
#   ministack 1.5.33, moto 5.2.5; one event of source my.app
#   state                                          AWS    ministack  moto
#   ENABLED                                        fires  fires      fires
#   DISABLED                                       -      -          fires
#   ENABLED_WITH_ALL_CLOUDTRAIL_MANAGEMENT_EVENTS  fires  -          fires
#   as stated: ministack is deaf in the third state, moto hears in the second
#
# Exit: 0 as stated, 1 changed, 2 could not be tried.
set -euo pipefail
export AWS_EC2_METADATA_DISABLED=true AWS_MAX_ATTEMPTS=1

dir=$(mktemp -d)
server=
stop() {
  if [ -n "$server" ]; then
    kill "$server" 2>/dev/null || true
    wait "$server" 2>/dev/null || true
  fi
  rm -rf "$dir"
}
trap stop EXIT
python3 -m venv "$dir/venv" || exit 2
"$dir/venv/bin/pip" install --quiet --disable-pip-version-check \
  'ministack==1.5.33' 'moto[events,sqs]==5.2.5' 'boto3==1.43.106' || exit 2

port=$("$dir/venv/bin/python" -c 'import socket; s = socket.socket(); s.bind(("127.0.0.1", 0)); print(s.getsockname()[1])')
GATEWAY_PORT=$port BIND_HOST=127.0.0.1 LOG_LEVEL=WARNING "$dir/venv/bin/ministack" >"$dir/server.txt" 2>&1 &
server=$!

"$dir/venv/bin/python" - "$port" <<'PY'
import json
import sys
import time
import urllib.error
import urllib.request
from importlib.metadata import version

import boto3
from moto import mock_aws

PORT = int(sys.argv[1])
STATES = ["ENABLED", "DISABLED", "ENABLED_WITH_ALL_CLOUDTRAIL_MANAGEMENT_EVENTS"]


def wait_until_ready():
    end = time.monotonic() + 60
    while time.monotonic() < end:
        try:
            urllib.request.urlopen(f"http://127.0.0.1:{PORT}/_ministack/health", timeout=1).close()
            return
        except (urllib.error.URLError, OSError):
            time.sleep(0.1)
    sys.exit(2)


def fired(endpoint):
    """Which of three rules, alike but for their state, deliver one event to their queues."""
    keys = dict(region_name="us-east-1", aws_access_key_id="111122223333", aws_secret_access_key="x")
    events = boto3.client("events", endpoint_url=endpoint, **keys)
    sqs = boto3.client("sqs", endpoint_url=endpoint, **keys)
    queues = {}
    for number, state in enumerate(STATES):
        url = sqs.create_queue(QueueName=f"queue-{number}")["QueueUrl"]
        got = sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["QueueArn"])
        events.put_rule(Name=f"rule-{number}", State=state, EventPattern='{"source": ["my.app"]}')
        events.put_targets(
            Rule=f"rule-{number}", Targets=[{"Id": "queue", "Arn": got["Attributes"]["QueueArn"]}]
        )
        assert events.describe_rule(Name=f"rule-{number}")["State"] == state
        queues[state] = url
    entry = {"Source": "my.app", "DetailType": "test", "Detail": json.dumps({"eventName": "AssumeRole"})}
    assert events.put_events(Entries=[entry])["FailedEntryCount"] == 0

    def heard(state):
        return bool(sqs.receive_message(QueueUrl=queues[state], WaitTimeSeconds=1).get("Messages"))

    # The plain rule says when the event has been through; each other one then has as long again.
    end = time.monotonic() + 30
    while not heard("ENABLED"):
        if time.monotonic() > end:
            sys.exit(2)
    return {state: state == "ENABLED" or any(heard(state) for _ in range(3)) for state in STATES}


wait_until_ready()
ministack = fired(f"http://127.0.0.1:{PORT}")
with mock_aws():
    moto = fired(None)

aws = {"ENABLED": True, "DISABLED": False, "ENABLED_WITH_ALL_CLOUDTRAIL_MANAGEMENT_EVENTS": True}
word = {True: "fires", False: "-"}
print(f"ministack {version('ministack')}, moto {version('moto')}; one event of source my.app")
print(f"{'state':<46} {'AWS':<6} {'ministack':<10} moto")
for state in STATES:
    print(f"{state:<46} {word[aws[state]]:<6} {word[ministack[state]]:<10} {word[moto[state]]}")
as_stated = list(ministack.values()) == [True, False, False] and all(moto.values())
if as_stated:
    print("as stated: ministack is deaf in the third state, moto hears in the second")
else:
    print("changed")
sys.exit(0 if as_stated else 1)
PY
