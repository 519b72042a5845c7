#!/usr/bin/env bash
# pySigma for DuckDB: "and not denied" loses every call that succeeded.
#
# Packages:  pysigma-backend-duckdb 0.1.4, pysigma 1.5.1, duckdb 2.0.1 (PyPI)
# Behaviour: Sigma's `selection and not filter` becomes `… AND (NOT errorCode='AccessDenied')`. Where a
#            record has no errorCode, SQL's answer is neither true nor false, and the record is left out.
#            The backend is made for trying rules on JSON logs in CI. The SQLite backend of the same
#            family wraps the comparison, so the two disagree on the same rule and log.
# AWS:       errorCode is in a record only if the call failed.
#            https://docs.aws.amazon.com/awscloudtrail/latest/userguide/cloudtrail-event-reference-record-contents.html
# Sigma:     A filter on a field that is not there does not hold, so `not filter` does.
# Matters:   "A trail was stopped, and it was not denied" is the alert that matters most. It finds the
#            failed calls and passes over the one that worked. A rule that is tried on a sample of each
#            is then "mended" until it is no longer the rule that was meant.
#
# Output seen:
#   pysigma-backend-duckdb 0.1.4, duckdb 2.0.1
#   SELECT * FROM logs WHERE eventName='StopLogging' AND (NOT errorCode='AccessDenied')
#   StopLogging that succeeded            Sigma True   query False
#   StopLogging, AccessDenied             Sigma False  query False
#   StopLogging, TrailNotFoundException   Sigma True   query True
#   as stated: the call that succeeded is not found
#
# Exit: 0 as stated, 1 changed, 2 could not be tried.
set -euo pipefail

dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
python3 -m venv "$dir/venv" || exit 2
"$dir/venv/bin/pip" install --quiet --disable-pip-version-check \
  'pysigma-backend-duckdb==0.1.4' 'pysigma==1.5.1' 'duckdb==2.0.1' || exit 2

"$dir/venv/bin/python" - "$dir/log.ndjson" <<'PY'
import json
import sys
from importlib.metadata import version

import duckdb
from sigma.collection import SigmaCollection
from sigma_backend_duckdb import DuckDBBackend

RULE = """
title: A trail was stopped
status: test
logsource: {product: aws, service: cloudtrail}
detection:
  selection:
    eventName: StopLogging
  denied:
    errorCode: AccessDenied
  condition: selection and not denied
level: high
"""
CASES = [
    ("StopLogging that succeeded", None, True, False),
    ("StopLogging, AccessDenied", "AccessDenied", False, False),
    ("StopLogging, TrailNotFoundException", "TrailNotFoundException", True, True),
]

with open(sys.argv[1], "w") as log:
    for label, error, _, _ in CASES:
        record = {"eventName": "StopLogging", "eventID": label}
        if error:
            record["errorCode"] = error
        log.write(json.dumps(record) + "\n")

(query,) = DuckDBBackend().convert(SigmaCollection.from_yaml(RULE))
database = duckdb.connect()
database.execute(f"CREATE TABLE logs AS SELECT * FROM read_json('{sys.argv[1]}')")
found = {row[0] for row in database.execute(f"SELECT eventID FROM ({query})").fetchall()}

print(f"pysigma-backend-duckdb {version('pysigma-backend-duckdb')}, duckdb {duckdb.__version__}")
print(query)
as_stated = True
for label, _, sigma, stated in CASES:
    print(f"{label:<37} Sigma {sigma!s:<6} query {label in found}")
    as_stated &= (label in found) == stated
print("as stated: the call that succeeded is not found" if as_stated else "changed")
sys.exit(0 if as_stated else 1)
PY
