#!/usr/bin/env python3
"""Build the model of request parameters: what `detail.requestParameters` of each event can hold.

Inputs:
  botocore      the input shapes of the API operations (Apache-2.0)
  events.tsv, renames.tsv beside this file: which events there are
plus the tables in `request_rules.py`: how CloudTrail spells, service by service.

    pip install botocore
    python build_requests.py [OUTPUT_DIR]

Writes requests.txt (LF, UTF-8; no time stamps, so a rebuild from the same inputs is
byte-identical). Its format is told in crates/ctguard-core/src/record/request/sheet.rs.
"""
import re
import sys
from pathlib import Path

import request_rules as rules
from request_models import load_services

HERE = Path(__file__).resolve().parent

# How many levels of objects are written; what lies deeper is open.
LEVELS = 4
# An enumeration is written when it is a short one.
ENUM_MAX_VALUES = 60
ENUM_MAX_CHARS = 900


class Node:
    """A parameter: form, form of its elements, fields (None: open), values of an enumeration."""

    def __init__(self, form, element=None, fields=None, values=()):
        self.form, self.element, self.fields, self.values = form, element, fields, tuple(values)

    def merge(self, other):
        """What is true of both."""
        if (self.form, self.element) != (other.form, other.element):
            return Node("a")
        values = set(self.values) | set(other.values) if self.values and other.values else ()
        fields = None
        if self.fields is not None and other.fields is not None:
            fields = merge_fields(self.fields, other.fields)
        return Node(self.form, self.element, fields, sorted(values))


def merge_fields(one, other):
    merged = dict(one)
    for name, node in other.items():
        merged[name] = merged[name].merge(node) if name in merged else node
    return merged


def lower(name):
    return name[:1].lower() + name[1:]


def upper(name):
    return name[:1].upper() + name[1:]


SCALARS = {"string": "t", "character": "t", "integer": "n", "long": "n", "short": "n", "byte": "n",
           "float": "n", "double": "n", "bigdecimal": "n", "biginteger": "n", "boolean": "b",
           "timestamp": "d"}


class Builder:
    """Makes nodes of shapes; `names` says how a member is spelled."""

    def __init__(self, service, names):
        self.shapes, self.names = service.shapes, names

    def node(self, shape_name, levels):
        shape = self.shapes[shape_name]
        kind = shape["type"]
        if shape.get("document") or shape.get("eventstream") or kind == "blob":
            return Node("a")
        if kind in SCALARS:
            return Node(SCALARS[kind], values=self.values(shape))
        if shape.get("sensitive"):
            return Node("a")
        if kind == "structure":
            return Node("o", fields=self.fields(shape, levels))
        inner = self.node((shape["member"] if kind == "list" else shape["value"])["shape"], levels)
        form = "l" if kind == "list" else "m"
        if inner.form in "lma":
            return Node(form, inner.form)
        return Node(form, inner.form, inner.fields, inner.values if form == "l" else ())

    def values(self, shape):
        values = shape.get("enum", [])
        long = len(values) > ENUM_MAX_VALUES or sum(map(len, values)) > ENUM_MAX_CHARS
        odd = any("\t" in value or "\n" in value or not value for value in values)
        return () if long or odd or shape.get("sensitive") else sorted(values)

    def fields(self, shape, levels):
        if levels == 0:
            return None
        fields = {}
        for name, member in shape.get("members", {}).items():
            node = self.node(member["shape"], levels - 1)
            if member.get("location") in ("uri", "querystring", "header"):
                # What was text on the wire: `"resourceTypes": "INSTANCE"` for a list.
                node = node if node.form == "t" else Node("a")
            for spelled in self.names(name, member):
                fields = merge_fields(fields, {spelled: node})
        return fields


# ------------------------------------------------------------------------------- spellings
def plain(name, member):
    """The first letter lower: what CloudTrail does nearly everywhere."""
    return [lower(name)]


def either(name, member):
    """Both cases of the first letter, and the name on the wire where it is another.

    For services of whose spelling there is no evidence.
    """
    wire = member.get("locationName", name)
    if member.get("location") in ("header", "headers"):
        wire = name
    if name == lower(name) and wire == name:
        return [name]
    both = [lower(name), wire]
    if wire != lower(wire) and member.get("location") not in ("uri", "querystring"):
        both.append(name)
    return list(dict.fromkeys(both))


# ------------------------------------------------------------------------------- protocols
def request_plain(service, op, names=plain):
    shape = service.input_of(op)
    fields = Builder(service, names).fields(shape, LEVELS)
    payload = shape.get("payload")
    if payload and service.protocol == "rest-json":
        inner = service.shapes[shape["members"][payload]["shape"]]
        if inner["type"] == "structure" and not inner.get("eventstream"):
            fields = merge_fields(fields, Builder(service, names).fields(inner, LEVELS))
    return fields


def request_either(service, op):
    return request_plain(service, op, either)


def request_apigateway(service, op):
    """Path and query as they are, the body in `createStageInput`.

    Source: docs.aws.amazon.com/apigateway/latest/developerguide/cloudtrail.html
    """
    shape = service.input_of(op)
    builder = Builder(service, plain)
    outside, inside = {}, {}
    for name, member in shape.get("members", {}).items():
        node = builder.node(member["shape"], LEVELS)
        (outside if member.get("location") else inside)[lower(name)] = node
    outside["template"] = Node("b")
    if inside:
        outside[lower(op) + "Input"] = Node("o", fields=inside)
    return outside


def request_s3(service, op):
    """Host, bucket, key, and query and headers by their names on the wire."""
    shape = service.input_of(op)
    fields = {name: Node("t") for name in rules.S3_ANY}
    fields["accessControlList"] = Node("a")
    fields |= {"bucketName": Node("t"), "key": Node("t")}
    query = service.operations[op]["http"]["requestUri"].partition("?")[2]
    for part in filter(None, query.split("&")):
        fields[part.partition("=")[0]] = Node("t")
    for name, member in shape.get("members", {}).items():
        if member.get("location") in ("header", "querystring"):
            fields[member["locationName"]] = Node("t")
        elif member.get("location") is None:
            node = XmlBuilder(service, wire).node(member["shape"], LEVELS)
            if node.form == "o" and node.fields is not None:
                node.fields["xmlns"] = Node("t")
            fields[member.get("locationName", name)] = loosen(node)
    fields |= {name: Node("a") for name in rules.S3_MORE.get(op, ())}
    return fields


class XmlBuilder(Builder):
    """As XML: a list that is not flat is an object with its elements."""

    def node(self, shape_name, levels):
        shape = self.shapes[shape_name]
        node = super().node(shape_name, levels)
        if shape["type"] == "list" and not shape.get("flattened"):
            return Node("o", fields={shape["member"].get("locationName", "member"): node})
        return node


def wire(name, member):
    return [member.get("locationName", name)]


def loosen(node):
    """XML has no types: all is text or a number, and one element of a list looks like a value."""
    if node.form == "o" or (node.form, node.element) == ("l", "o"):
        fields = node.fields and {name: loosen(field) for name, field in node.fields.items()}
        return Node(node.form, node.element, fields)
    return Node("a")


# ------------------------------------------------------------------------------------- ec2
def request_ec2(service, op):
    if op in rules.EC2_OLD:
        return ec2_old(service, op)
    shape = service.input_of(op)
    whole = Node("o", fields=ec2_wrapped(service.shapes, shape, LEVELS + 1))
    return {op + "Request": whole}


def ec2_wrapped(shapes, shape, levels):
    """Newer calls: the query as XML, capitals kept; a list is its elements with `tag`, a number."""
    if levels == 0:
        return None
    fields = {"xmlns": Node("t")}
    for name, member in shape.get("members", {}).items():
        spelled = member.get("queryName") or upper(member.get("locationName", name))
        kind = shapes[member["shape"]]
        if kind["type"] == "structure":
            fields[spelled] = Node("o", fields=ec2_wrapped(shapes, kind, levels - 1))
        elif kind["type"] == "list":
            element = shapes[kind["member"]["shape"]]
            if element["type"] == "structure":
                inner = ec2_wrapped(shapes, element, levels - 1)
            else:
                inner = {"content": Node("a")}
            if inner is not None:
                inner["tag"] = Node("n")
            fields[spelled] = Node("l", "o", inner)
        else:
            fields[spelled] = Node("a")
    return fields


def ec2_old(service, op):
    """Calls of before 2015: first letter lower, lists in `items`, mostly under `...Set`."""
    fields = ec2_old_fields(service, service.input_of(op), op, LEVELS + 1, top=True)
    if op.startswith("Describe"):
        fields.setdefault("filterSet", Node("o"))
    for name in rules.EC2_LESS.get(op, ()):
        del fields[name]
    for name, more in rules.EC2_MORE.get(op, {}).items():
        if isinstance(more, str):
            fields[name] = Node(more)
        else:
            items = {inner: Node("a") for inner in more}
            fields[name] = Node("o", fields={"items": Node("l", "o", items)})
    return fields


def ec2_old_fields(service, shape, op, levels, top=False):
    shapes = service.shapes
    if levels == 0:
        return None
    fields = {}
    for name, member in shape.get("members", {}).items():
        here = member.get("locationName", name)
        kind = shapes[member["shape"]]
        if kind["type"] == "list":
            element = shapes[kind["member"]["shape"]]
            names, item = rules.ec2_list(op, name, lower(here))
            if element["type"] == "structure":
                inner = ec2_old_fields(service, element, op, levels - 1)
            else:
                inner = {item: Node("a")} if item else None
            items = Node("l", "o", inner)
            node = Node("o", fields={"items": items} if top else {"item": items, "items": items})
            if not top and name in rules.EC2_BARE_LISTS:
                fields[rules.EC2_BARE_LISTS[name]] = Node("l", "o", inner)
        elif kind["type"] == "structure":
            inner = ec2_old_fields(service, kind, op, levels - 1)
            names, node = {lower(here), lower(name)}, Node("o", fields=inner)
        else:
            names = {lower(here), lower(name)}
            names |= set(rules.EC2_RENAMED.get(name, ()))
            form = SCALARS.get(kind["type"], "a")
            if form == "n" and name not in rules.EC2_NUMBERS:
                form = "a"
            # CloudTrail writes CREATE_VOLUME_PERMISSION for the attribute createVolumePermission.
            renamed = name in rules.EC2_RENAMED
            node = Node(form, values=() if renamed else Builder(service, plain).values(kind))
        for spelled in names:
            fields = merge_fields(fields, {spelled: node})
    return fields


# -------------------------------------------------------------------------------- per event
MAKERS = {"plain": request_plain, "either": request_either, "apigateway": request_apigateway,
          "s3": request_s3, "ec2": request_ec2}


def style_of(service):
    if service.directory in rules.STYLES:
        return rules.STYLES[service.directory]
    return "plain" if service.protocol in ("query", "rest-xml") else "either"


def read_tsv(path):
    return [line.split("\t") for line in path.read_text().splitlines()[1:]]


def events_of():
    """(source, operation): the events it is logged as."""
    events = {}
    for source, name, *_ in read_tsv(HERE / "events.tsv"):
        base = re.sub(r"\d{4}_\d{2}_\d{2}$|\d{8}(v\d)?$", "", name)
        for op in {name, base}:
            events.setdefault((source, op), set()).add(name)
    for source, op, name, _mode, *logged in read_tsv(HERE / "renames.tsv"):
        events.setdefault((*logged, source)[:1] + (op,), set()).add(name)
    return events


def build():
    """source: {event: (parameters, confidence is high, closed)}."""
    built = {}
    events = events_of()
    for service in load_services():
        style = style_of(service)
        sources = service.sources(events)
        for op in service.operations:
            fields = MAKERS[style](service, op)
            for source in sources:
                more = rules.ALSO.get(source, {})
                extra = {name: Node(form) for name, form in
                         (more.get("*", {}) | more.get(op, {})).items()}
                for event in events.get((source, op), ()):
                    low = rules.is_low(service.directory, source, op)
                    row = (merge_fields(fields, extra), not low)
                    known = built.setdefault(source, {}).get(event)
                    if known and service.directory in rules.LOW_SERVICES:
                        continue
                    if known:
                        row = (merge_fields(known[0], row[0]), known[1] and row[1])
                    built[source][event] = row
    return built


# ---------------------------------------------------------------------------------- output
class Sheet:
    """The lines of one source; equal objects and enumerations are written once."""

    def __init__(self):
        self.objects, self.enumerations, self.events = {}, {}, []

    def number(self, table, line):
        return table.setdefault(line, len(table))

    def members(self, fields, top=False):
        return "".join(f"\t{name}:{self.kind(node, top)}" for name, node in sorted(fields.items()))

    def kind(self, node, top):
        text = node.form + (node.element or "")
        if node.fields is not None and ("o" in text or text == "a"):
            text += f"@{self.number(self.objects, 'c' + self.members(node.fields))}"
        if node.values and top:
            line = "\t".join(node.values)
            text += f"%{self.number(self.enumerations, line)}"
        return text

    def add(self, event, fields, high):
        flags = "hc" if high else "c"
        self.events.append(f"=\t{event}\t{flags}{self.members(fields, top=True)}")

    def lines(self):
        yield from (f"%\t{line}" for line in self.enumerations)
        yield from (f"@\t{line}" for line in self.objects)
        yield from self.events


def write(path, built):
    """Writes a model, source by source; `built`: {source: {event: (fields, confidence is high)}}."""
    lines = []
    for source, rows in sorted(built.items()):
        sheet = Sheet()
        for event, (fields, high) in sorted(rows.items()):
            sheet.add(event, fields, high)
        lines.append(f"!\t{source}")
        lines.extend(sheet.lines())
    path.write_text("\n".join(lines) + "\n")


def main():
    out = Path(sys.argv[1]) if len(sys.argv) > 1 else HERE
    write(out / "requests.txt", build())


if __name__ == "__main__":
    main()
