#!/usr/bin/env python3
"""Counts the records of an archive that one rule matches, with DuckDB on one thread: count_with_duckdb.py FOLDER

The two fields that the rule asks for are all that is taken out of each record, as a query would that somebody has
thought about. The rule is the one that jq is given.
"""

import sys

import duckdb

archive = sys.argv[1].replace("'", "''")
database = duckdb.connect()
database.execute("SET threads = 1")
[count] = database.execute(
    f"""
    SELECT count(*) FROM (
        SELECT unnest("Records") AS record FROM read_json(
            '{archive}/**/*.json.gz',
            columns = {{'Records': 'STRUCT("eventName" VARCHAR, "eventSource" VARCHAR)[]'}},
            maximum_object_size = 268435456))
    WHERE record."eventName" = 'CreateUser' AND record."eventSource" = 'iam.amazonaws.com'
    """
).fetchone()
print(count)
