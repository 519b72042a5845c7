"""The service models of botocore, as `build_requests.py` needs them."""
import gzip
import json
from pathlib import Path

import botocore

import build_catalogue

EMPTY = {"type": "structure", "members": {}}


class Shapes(dict):
    """The shapes of a model; one that is not there is an empty structure."""

    def __missing__(self, name):
        return EMPTY


class Service:
    def __init__(self, directory, model):
        self.directory = directory
        meta = model["metadata"]
        self.protocol = meta["protocol"]
        self.operations = model["operations"]
        self.shapes = Shapes(model["shapes"])
        signing = meta.get("signingName") or meta["endpointPrefix"]
        prefixes = build_catalogue.SOURCES.get(directory, [])
        # A name that the source does not have is not written, so one too many does no harm.
        self.prefixes = list(dict.fromkeys([*prefixes, signing, meta["endpointPrefix"], directory]))

    def input_of(self, op):
        name = self.operations[op].get("input", {}).get("shape")
        return self.shapes[name] if name else EMPTY


def load_services():
    data = Path(botocore.__file__).parent / "data"
    for folder in sorted(data.iterdir()):
        versions = sorted(folder.glob("*/service-2.json.gz")) if folder.is_dir() else []
        if versions:
            yield Service(folder.name, json.loads(gzip.decompress(versions[-1].read_bytes())))


def ec2_operations(version):
    """The operations of EC2 in an older version of its API."""
    path = Path(botocore.__file__).parent / "data/ec2" / version / "service-2.json.gz"
    return set(json.loads(gzip.decompress(path.read_bytes()))["operations"])
