"""Writes arguments.json: what the provider hashicorp/aws takes, of the resources that an export has.

    python schema.py WHEEL... >arguments.json

Each wheel is the package cdktf-cdktf-provider-aws of another version, which HashiCorp generated from the schema of one
version of the provider. An argument stands in the table when every one of them has it.
"""

import io
import json
import re
import sys
import tarfile
import zipfile

RESOURCES = """
cloudtrail cloudwatch_event_bus cloudwatch_event_bus_policy cloudwatch_event_rule cloudwatch_event_target iam_role
iam_role_policy s3_bucket s3_bucket_lifecycle_configuration s3_bucket_ownership_controls s3_bucket_policy
s3_bucket_public_access_block s3_bucket_server_side_encryption_configuration s3_bucket_versioning sfn_state_machine
sns_topic sns_topic_policy sns_topic_subscription sqs_queue sqs_queue_policy
""".split()

# What every resource of the generated package has beside its arguments.
META = {"connection", "count", "dependsOn", "forEach", "lifecycle", "provider", "provisioners"}

DOCUMENTED = re.compile(r"providers/hashicorp/aws/([\d.]+)/docs/resources/\w+#(\w+)")


def types_of(wheel):
    with zipfile.ZipFile(wheel) as package:
        inner = next(name for name in package.namelist() if name.endswith(".jsii.tgz"))
        with tarfile.open(fileobj=io.BytesIO(package.read(inner))) as archive:
            return json.load(archive.extractfile("package/.jsii"))["types"]


def config_of(types, resource):
    """The type of a resource's arguments: the package renames some classes, so the constructor is asked."""
    first, *rest = resource.split("_")
    space = first + "".join(word.capitalize() for word in rest)
    name = space[0].upper() + space[1:]
    for known in (name, name + "A"):
        found = types.get(f"@cdktf/provider-aws.{space}.{known}")
        if found and found["kind"] == "class":
            return found["initializer"]["parameters"][2]["type"]["fqn"]
    sys.exit(f"{resource} is not in the package")


def shape(types, kind, versions):
    """A block is a mapping, a list of blocks a list of one, and any other value its name."""
    if "primitive" in kind:
        return kind["primitive"]
    if "collection" in kind:
        inside = shape(types, kind["collection"]["elementtype"], versions)
        return {"map": inside} if kind["collection"]["kind"] == "map" else [inside]
    if "union" in kind:
        own = [one for one in kind["union"]["types"] if one.get("fqn") != "cdktf.IResolvable"]
        return shape(types, own[0], versions)
    if kind["fqn"].startswith("cdktf."):
        return "boolean"
    return {"block": arguments(types, kind["fqn"], versions)}


def arguments(types, fqn, versions):
    all_of = {}
    for property_ in types[fqn]["properties"]:
        if property_["name"] in META:
            continue
        version, name = DOCUMENTED.search(json.dumps(property_["docs"])).groups()
        versions.add(version)
        all_of[name] = {
            "required": not property_.get("optional", False),
            "is": shape(types, property_["type"], versions),
        }
    return all_of


def common(one, other):
    """What both have; what either requires is required."""
    if not (isinstance(one, dict) and isinstance(other, dict)):
        if isinstance(one, list) and isinstance(other, list):
            return [common(one[0], other[0])]
        # A block that may be given once is a list in one version and none in another.
        return one
    if set(one) == set(other) == {"required", "is"}:
        return {"required": one["required"] or other["required"], "is": common(one["is"], other["is"])}
    missing = [name for name in set(one) ^ set(other) if (one.get(name) or other[name]).get("required") is True]
    if missing:
        sys.exit(f"required by one version alone: {missing}")
    return {name: common(one[name], other[name]) for name in sorted(set(one) & set(other))}


def main(wheels):
    table, versions = None, set()
    for wheel in wheels:
        types = types_of(wheel)
        of_it = {f"aws_{name}": arguments(types, config_of(types, name), versions) for name in RESOURCES}
        table = of_it if table is None else {name: common(table[name], of_it[name]) for name in of_it}
    print(json.dumps({"provider": sorted(versions), "resources": table}, indent=1, sort_keys=True))


main(sys.argv[1:])
