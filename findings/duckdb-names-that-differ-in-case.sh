#!/usr/bin/env bash
# DuckDB: following the error's own advice, the open security group is read as nothing.
#
# Package:   duckdb 2.0.1 (PyPI)
# Behaviour: Two services log one thing in two spellings: EC2 has `cidrIp`, RDS has `cIDRIP`. With both
#            in what is read, `read_json` stops with `Duplicate name "cIDRIP" … try ignore_errors=true`.
#            With that option the query runs. The spelling that was met first stays, the other one is
#            null, and not even the text of the whole record has the value. Which service loses depends
#            on whose record comes first.
# AWS:       The two spellings are in CloudTrail records of AuthorizeSecurityGroupIngress and
#            AuthorizeDBSecurityGroupIngress. Parameters are logged as each service names them.
#            https://docs.aws.amazon.com/awscloudtrail/latest/userguide/cloudtrail-event-reference-record-contents.html
# Matters:   "Who opened anything to 0.0.0.0/0?" is answered with "nobody", after an option that is
#            said to pass over what is broken. Nothing was broken. `maximum_depth = 3` keeps the
#            parameters as JSON, and both values.
#
# Output seen:
#   duckdb 2.0.1
#   as it is: Not implemented Error: Duplicate name "cIDRIP" in struct auto-detected in JSON, try ignore_errors=true
#   records that have 0.0.0.0/0 anywhere, 1 in the log:
#     ignore_errors = true, EC2 first   0
#     ignore_errors = true, RDS first   1
#     maximum_depth = 3, EC2 first      1
#   as stated: the advice makes the record's value vanish
#
# Exit: 0 as stated, 1 changed, 2 could not be tried.
set -euo pipefail

dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
python3 -m venv "$dir/venv" || exit 2
"$dir/venv/bin/pip" install --quiet --disable-pip-version-check 'duckdb==2.0.1' || exit 2

"$dir/venv/bin/python" - "$dir" <<'PY'
import json
import sys
from pathlib import Path

import duckdb

base = Path(sys.argv[1])
EC2 = {
    "eventSource": "ec2.amazonaws.com",
    "eventName": "AuthorizeSecurityGroupIngress",
    "requestParameters": {"groupId": "sg-0123456789abcdef0", "cidrIp": "10.0.0.0/8"},
}
RDS = {
    "eventSource": "rds.amazonaws.com",
    "eventName": "AuthorizeDBSecurityGroupIngress",
    "requestParameters": {"dBSecurityGroupName": "db", "cIDRIP": "0.0.0.0/0"},
}
for name, records in (("ec2-first", [EC2, RDS]), ("rds-first", [RDS, EC2])):
    (base / f"{name}.json").write_text(json.dumps({"Records": records}))


def count(name, option=""):
    read = f"read_json('{base / name}.json'{option})"
    query = (
        f"SELECT count(*) FROM (SELECT unnest(Records) AS r FROM {read}) "
        "WHERE r::VARCHAR LIKE '%0.0.0.0/0%'"
    )
    return duckdb.sql(query).fetchall()[0][0]


print("duckdb", duckdb.__version__)
try:
    count("ec2-first")
    error = "no error"
except duckdb.Error as met:
    error = str(met).splitlines()[0]
print("as it is:", error)

seen = [
    ("ignore_errors = true, EC2 first", count("ec2-first", ", ignore_errors = true"), 0),
    ("ignore_errors = true, RDS first", count("rds-first", ", ignore_errors = true"), 1),
    ("maximum_depth = 3, EC2 first", count("ec2-first", ", maximum_depth = 3"), 1),
]
print("records that have 0.0.0.0/0 anywhere, 1 in the log:")
for label, found, _ in seen:
    print(f"  {label:<33} {found}")
as_stated = "try ignore_errors=true" in error and all(found == stated for _, found, stated in seen)
print("as stated: the advice makes the record's value vanish" if as_stated else "changed")
sys.exit(0 if as_stated else 1)
PY
