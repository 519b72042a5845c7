#!/usr/bin/env python3
"""Writes the records of an archive into what else people have them in: wrap.py ARCHIVE FOLDER FORM...

Each form gets a folder of its own below FOLDER, with as many files and the same records as the archive; `one` and
`one-lines` have all of them in a single file, as gzip and as it is. Nothing in the records is changed.
"""

import gzip
import json
import pathlib
import re
import sys


def quoted(record):
    return json.dumps(record, ensure_ascii=False)


def event(record):
    account = re.search(r'"recipientAccountId":"(\d+)"', record).group(1)
    region = re.search(r'"awsRegion":"([^"]+)"', record).group(1)
    time = re.search(r'"eventTime":"([^"]+)"', record).group(1)
    source = re.search(r'"eventSource":"([^".]+)', record).group(1)
    return (
        '{"version":"0","id":"00000000-0000-4000-8000-000000000000","detail-type":"AWS API Call via CloudTrail",'
        f'"source":"aws.{source}","account":"{account}","time":"{time}","region":"{region}","resources":[],'
        f'"detail":{record}}}'
    )


def query_row(record):
    return (
        '[{"field":"@timestamp","value":"2026-11-22 10:00:00.000"},'
        f'{{"field":"@message","value":{quoted(record)}}},{{"field":"@ptr","value":"p"}}]'
    )


def listed(name, each):
    return lambda records: f'{{"{name}":[' + ",".join(map(each, records)) + "]}"


def lines(each):
    return lambda records: "\n".join(map(each, records)) + "\n"


FORMS = {
    "records": listed("Records", str),
    "lines": lines(str),
    "events": lines(event),
    "lookup": listed("Events", lambda record: f'{{"EventId":"e","CloudTrailEvent":{quoted(record)}}}'),
    "sns": lines(lambda record: f'{{"Type":"Notification","TopicArn":"t","Message":{quoted(record)}}}'),
    "sqs": listed("Messages", lambda record: f'{{"MessageId":"m","Body":{quoted(record)}}}'),
    "export": lines(lambda record: "2026-11-22T10:00:00.000Z " + record),
    "insights": listed("results", query_row),
    "lake": lines(lambda record: f'{{"eventJson":{quoted(record)}}}'),
    "splunk": lines(lambda record: f'{{"result":{{"_raw":{quoted(record)}}}}}'),
    "csv": lambda records: '"eventjson"\n' + lines(lambda record: '"' + record.replace('"', '""') + '"')(records),
}


def records_of(path):
    """The texts of the records, as they are: one ends where the next begins."""
    text = gzip.open(path, "rt").read()
    inner = text[len('{"Records":[') : -len("]}")]
    begin = '{"eventVersion":'
    return [begin + part.rstrip(",") for part in inner.split(begin)[1:]]


def main():
    archive, folder, *forms = sys.argv[1:]
    paths = sorted(pathlib.Path(archive).rglob("*.json.gz"))
    root = pathlib.Path(folder)
    for form in forms:
        (root / form).mkdir(parents=True, exist_ok=True)
    for number, path in enumerate(paths):
        records = records_of(path)
        for form in forms:
            if form in FORMS:
                with gzip.open(root / form / f"{number:04}.json.gz", "wt", compresslevel=6) as file:
                    file.write(FORMS[form](records))
    for form in forms:
        if form == "one":
            with gzip.open(root / form / "one.json.gz", "wt", compresslevel=6) as file:
                file.write('{"Records":[')
                for number, path in enumerate(paths):
                    file.write(("," if number else "") + ",".join(records_of(path)))
                file.write("]}")
        if form == "one-lines":
            with open(root / form / "one.jsonl", "w") as file:
                for path in paths:
                    file.write(FORMS["lines"](records_of(path)))


main()
