#!/usr/bin/env python3
"""Build the model of responses: what `detail.responseElements` of each event can hold.

CloudTrail writes it for calls that change something, and `null` for those that only read:
docs.aws.amazon.com/awscloudtrail/latest/userguide/cloudtrail-event-reference-record-contents.html

Inputs as of `build_requests.py`, and the tables in `response_rules.py`.

    pip install botocore
    python build_responses.py [OUTPUT_DIR]

Writes responses.txt, of the same form as requests.txt. An event with no members has no response.
"""
import sys
from pathlib import Path

import request_rules
import response_rules as rules
from build_requests import (Builder, Node, either, events_of, merge_fields, plain, read_tsv,
                            style_of, write)
from request_models import load_services

HERE = Path(__file__).resolve().parent

# How many levels of objects are written; what lies deeper is open.
LEVELS = 4


class Outputs(Builder):
    """Responses have no enumerations: what AWS answers is not what a caller may write."""

    def values(self, shape):
        return ()


def output_of(service, op):
    name = service.operations[op].get("output", {}).get("shape")
    return service.shapes[name] if name else {"type": "structure", "members": {}}


def response_plain(service, op, names):
    shape = output_of(service, op)
    inner = the_one(service, shape)
    if inner and service.directory in rules.UNWRAPPED:
        return Outputs(service, names).fields(inner, LEVELS)
    fields = Outputs(service, names).fields(shape, LEVELS)
    if inner and service.directory in rules.MAYBE_UNWRAPPED:
        return merge_fields(fields, Outputs(service, names).fields(inner, LEVELS))
    payload = shape.get("payload")
    if payload and service.protocol == "rest-json":
        inner = service.shapes[shape["members"][payload]["shape"]]
        if inner["type"] == "structure" and not inner.get("eventstream"):
            fields = merge_fields(fields, Outputs(service, names).fields(inner, LEVELS))
    return fields


def the_one(service, shape):
    """The structure that is all there is in a response."""
    members = list(shape.get("members", {}).values())
    if len(members) != 1:
        return None
    inner = service.shapes[members[0]["shape"]]
    return inner if inner["type"] == "structure" else None


# ------------------------------------------------------------------------------------- ec2
def response_ec2(service, op):
    shape = output_of(service, op)
    if op not in request_rules.EC2_OLD:
        inner = ec2_fields(service, shape, LEVELS + 1, wrapped=True)
        inner |= {"requestId": Node("t"), "xmlns": Node("t"), "return": Node("a")}
        # Whether one that only returns a truth value is wrapped, too, is seen of some only.
        bare = {"requestId": Node("t"), "_return": Node("b")}
        return {op + "Response": Node("o", fields=inner)} | bare
    fields = ec2_fields(service, shape, LEVELS + 1, wrapped=False)
    # Records of before 2016 have `requestID`.
    return fields | {"requestId": Node("t"), "requestID": Node("t"), "_return": Node("b")}


def ec2_fields(service, shape, levels, wrapped):
    """The names of the XML; a list is an object with `items`, or in newer calls with `item`."""
    if levels == 0:
        return None
    fields = {}
    for name, member in shape.get("members", {}).items():
        spelled = member.get("locationName", name[:1].lower() + name[1:])
        fields[spelled] = ec2_node(service, member["shape"], levels - 1, wrapped)
    return fields


def ec2_node(service, shape_name, levels, wrapped):
    shape = service.shapes[shape_name]
    if shape["type"] == "structure":
        fields = ec2_fields(service, shape, levels, wrapped)
        more = rules.EC2_ALSO.get(shape_name, {})
        return Node("a" if wrapped else "o", fields=fields and added(fields, more))
    if shape["type"] == "list":
        inner = ec2_node(service, shape["member"]["shape"], levels, wrapped)
        # Without elements it is `{}`, in newer calls `""`; one element stands without an array.
        names = ["items"] if levels == LEVELS and not wrapped else ["item", "items"]
        elements = {name: Node("l", "o", inner.fields) if inner.fields else Node("a")
                    for name in names}
        return Node("a" if wrapped else "o", fields=elements if levels else None)
    return Node("a") if wrapped else Outputs(service, plain).node(shape_name, levels)


# -------------------------------------------------------------------------------- per event
def response_of(service, op):
    if service.directory == "ec2":
        return response_ec2(service, op)
    names = plain if style_of(service) == "plain" else either
    return response_plain(service, op, names)


def added(fields, more):
    """The fields and those that records have beside them."""
    for name, form in more.items():
        if isinstance(form, str):
            fields = merge_fields({name: Node(form)}, fields) if name not in fields else fields
        elif name in fields and fields[name].fields is not None:
            node = fields[name]
            inner = added(dict(node.fields), form)
            fields = fields | {name: Node(node.form, node.element, inner, node.values)}
    return fields


def reads_without_response(source, name, kinds):
    """Whether a read-only event is known to have no response."""
    if kinds != "api" or source in rules.READ_WITH_RESPONSE_SERVICES:
        return False
    if name.startswith("Get"):
        return source in rules.GET_WITHOUT_RESPONSE
    return name.startswith(("Describe", "List"))


def build():
    """source: {event: (members, confidence is high)}."""
    built, known = {}, events_of()
    facts = {(source, name): (access, kinds)
             for source, name, access, kinds, *_ in read_tsv(HERE / "events.tsv")}
    unsure = set()
    for service in load_services():
        for op in service.operations:
            for source in service.sources(known):
                for event in known.get((source, op), ()):
                    row = one(service, source, op, event, facts.get((source, event)))
                    if row is None:
                        unsure.add((source, event))
                        continue
                    rows = built.setdefault(source, {})
                    rows[event] = merge_fields(rows.get(event, row), row)
    # Of an event of which one service says nothing, nothing is known.
    for source, event in unsure:
        built.get(source, {}).pop(event, None)
    return {source: rows for source, rows in built.items() if rows}


def one(service, source, op, event, fact):
    """The response of an event; none where nothing is known that would be worth a warning."""
    if fact is None or service.directory in rules.LOW_SERVICES:
        return None
    if (source, op) in rules.LOW_EVENTS:
        return None
    access, kinds = fact
    if access == "R" and not known_to_answer(source, op):
        return {} if reads_without_response(source, op, kinds) else None
    if access == "RW" and op.startswith(("Describe", "List", "Get")):
        return None
    fields = response_of(service, op)
    more = rules.ALSO.get(source, {})
    fields = added(added(fields, more.get("*", {})), more.get(op, {}))
    if not fields and source not in rules.NOTHING_KNOWN:
        return None
    return fields


def known_to_answer(source, op):
    return source == "sts.amazonaws.com" and op.startswith("Assume")


def main():
    out = Path(sys.argv[1]) if len(sys.argv) > 1 else HERE
    rows = {source: {event: (fields, True) for event, fields in events.items()}
            for source, events in build().items()}
    write(out / "responses.txt", rows)


if __name__ == "__main__":
    main()
