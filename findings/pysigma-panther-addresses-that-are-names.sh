#!/usr/bin/env bash
# pySigma for Panther: an address range makes the rule fail at every call that an AWS service makes.
#
# Package:   pysigma-backend-panther 0.3.1, pysigma 1.5.1 (PyPI)
# Behaviour: A Sigma `cidr` condition becomes `ipaddress.ip_address(…)` in the rule. That raises
#            ValueError where the field is no address. The conditions stand in a list inside all(…), so
#            each of them is worked out for each record, whether or not the others hold: a rule on
#            DeleteAlarms fails at CreateBucket too.
# AWS:       sourceIPAddress has the service's name for calls that a service makes.
#            https://docs.aws.amazon.com/awscloudtrail/latest/userguide/cloudtrail-event-reference-record-contents.html
# Matters:   Where CloudFormation or Auto Scaling works there are such records all day, and each is an
#            error of the rule, whatever was called. The few that the rule is about are among the errors,
#            not among the alerts. A sample with an address in it, which is what one tries, is right.
#
# Output seen:
#   pysigma-backend-panther 0.3.1, pysigma 1.5.1
#   rule: DeleteAlarms and not from 10.0.0.0/8
#   DeleteAlarms from 203.0.113.9                  Sigma True   rule True
#   DeleteAlarms from 10.1.2.3                     Sigma False  rule False
#   DeleteAlarms from cloudformation.amazonaws.com Sigma True   rule ValueError
#   CreateBucket from cloudformation.amazonaws.com Sigma False  rule ValueError
#   as stated: the rule fails where the caller is a service
#
# The rule runs here on a stand-in for Panther's event that has its `deep_get`.
# Exit: 0 as stated, 1 changed, 2 could not be tried.
set -euo pipefail

dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
python3 -m venv "$dir/venv" || exit 2
"$dir/venv/bin/pip" install --quiet --disable-pip-version-check \
  'pysigma-backend-panther==0.3.1' 'pysigma==1.5.1' || exit 2

"$dir/venv/bin/python" - <<'PY'
import sys
from importlib.metadata import version

from sigma.backends.panther import PantherBackend
from sigma.collection import SigmaCollection

RULE = """
title: Alarms are deleted from outside
status: test
logsource: {product: aws, service: cloudtrail}
detection:
  selection:
    eventSource: monitoring.amazonaws.com
    eventName: DeleteAlarms
  inside:
    sourceIPAddress|cidr: 10.0.0.0/8
  condition: selection and not inside
level: high
"""


class Event(dict):
    def deep_get(self, *path, default=None):
        found = self
        for step in path:
            if not isinstance(found, dict) or step not in found:
                return default
            found = found[step]
        return found


code = PantherBackend().convert(SigmaCollection.from_yaml(RULE))
made = {}
exec(code, made)

CASES = [
    ("monitoring.amazonaws.com", "DeleteAlarms", "203.0.113.9", "True", "True"),
    ("monitoring.amazonaws.com", "DeleteAlarms", "10.1.2.3", "False", "False"),
    ("monitoring.amazonaws.com", "DeleteAlarms", "cloudformation.amazonaws.com", "True", "ValueError"),
    ("s3.amazonaws.com", "CreateBucket", "cloudformation.amazonaws.com", "False", "ValueError"),
]
print(f"pysigma-backend-panther {version('pysigma-backend-panther')}, pysigma {version('pysigma')}")
print("rule: DeleteAlarms and not from 10.0.0.0/8")
as_stated = True
for source, name, address, sigma, stated in CASES:
    try:
        said = str(made["rule"](Event(eventSource=source, eventName=name, sourceIPAddress=address)))
    except ValueError:
        said = "ValueError"
    print(f"{name + ' from ' + address:<46} Sigma {sigma:<6} rule {said}")
    as_stated &= said == stated
print("as stated: the rule fails where the caller is a service" if as_stated else "changed")
sys.exit(0 if as_stated else 1)
PY
