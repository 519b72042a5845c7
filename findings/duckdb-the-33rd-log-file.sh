#!/usr/bin/env bash
# DuckDB: a failed sign-in in the 33rd log file is counted as none.
#
# Package:   duckdb 2.0.1 (PyPI)
# Behaviour: `read_json` over many files makes its schema from the first 32 of them. What only later
#            files have is dropped from their records, with no error and no warning. Where the first 32
#            files have only null in a field, as CloudTrail has in responseElements of calls that read,
#            its members can still be asked for: they are null everywhere. A search in the text of whole
#            records finds nothing either. One file with the same records is read in full, and a field
#            that comes too late in one file is an error: only the step from file to file is silent.
#            `sample_size = -1`, which reads as "look at everything", does not help;
#            `union_by_name = true` does, and so does `maximum_sample_files = -1`.
# AWS:       A trail writes many small files, and responseElements is null for calls that only read.
#            https://docs.aws.amazon.com/awscloudtrail/latest/userguide/cloudtrail-event-reference-record-contents.html
# Matters:   An investigation of a quiet account begins with hours of reading calls. The failed sign-ins
#            come in a later file, the query answers 0, and 0 is what one hopes for.
#
# Output seen:
#   duckdb 2.0.1
#   failed sign-ins, 1 in the logs:
#     31 quiet files before it                          1
#     32 quiet files before it                          0
#     32 quiet files, any text "Failed authentication"  0
#     32 quiet files, sample_size = -1                  0
#     32 quiet files, union_by_name = true              1
#     32 quiet files, maximum_sample_files = -1         1
#     one file with all 33 records                      1
#   as stated: no error, and the sign-in is not there
#
# Exit: 0 as stated, 1 changed, 2 could not be tried.
set -euo pipefail

dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
python3 -m venv "$dir/venv" || exit 2
"$dir/venv/bin/pip" install --quiet --disable-pip-version-check 'duckdb==2.0.1' || exit 2

"$dir/venv/bin/python" - "$dir" <<'PY'
import gzip
import json
import sys
from pathlib import Path

import duckdb

base = Path(sys.argv[1])


def record(name, source, **more):
    return {
        "eventVersion": "1.11",
        "eventTime": "2026-11-01T00:00:00Z",
        "eventSource": source,
        "eventName": name,
        "userIdentity": {"type": "IAMUser", "arn": "arn:aws:iam::111122223333:user/someone"},
        **more,
    }


QUIET = record(
    "DescribeInstances", "ec2.amazonaws.com", requestParameters={"maxResults": 5}, responseElements=None
)
SIGN_IN = record(
    "ConsoleLogin",
    "signin.amazonaws.com",
    requestParameters=None,
    responseElements={"ConsoleLogin": "Failure"},
    errorMessage="Failed authentication",
)


def write(name, files):
    folder = base / name
    folder.mkdir()
    for number, records in enumerate(files):
        with gzip.open(folder / f"{number:03}.json.gz", "wt") as out:
            json.dump({"Records": records}, out)
    return folder / "*.json.gz"


def count(glob, option="", where="r.responseElements.ConsoleLogin = 'Failure'"):
    read = f"read_json('{glob}'{option})"
    query = f"SELECT count(*) FROM (SELECT unnest(Records) AS r FROM {read}) WHERE {where}"
    return duckdb.sql(query).fetchall()[0][0]


few = write("few", [[QUIET]] * 31 + [[SIGN_IN]])
many = write("many", [[QUIET]] * 32 + [[SIGN_IN]])
one = write("one", [[QUIET] * 32 + [SIGN_IN]])
TEXT = "r::VARCHAR LIKE '%Failed authentication%'"

seen = [
    ("31 quiet files before it", count(few), 1),
    ("32 quiet files before it", count(many), 0),
    ('32 quiet files, any text "Failed authentication"', count(many, where=TEXT), 0),
    ("32 quiet files, sample_size = -1", count(many, ", sample_size = -1"), 0),
    ("32 quiet files, union_by_name = true", count(many, ", union_by_name = true"), 1),
    ("32 quiet files, maximum_sample_files = -1", count(many, ", maximum_sample_files = -1"), 1),
    ("one file with all 33 records", count(one), 1),
]
print("duckdb", duckdb.__version__)
print("failed sign-ins, 1 in the logs:")
for label, found, _ in seen:
    print(f"  {label:<49} {found}")
as_stated = all(found == stated for _, found, stated in seen)
print("as stated: no error, and the sign-in is not there" if as_stated else "changed")
sys.exit(0 if as_stated else 1)
PY
