"""The service models of botocore, as `build_requests.py` needs them."""
import gzip
import json
from pathlib import Path

import botocore

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
        names = [meta.get("signingName"), meta["endpointPrefix"], directory]
        self.names = {f"{name}.amazonaws.com" for name in names if name}

    def sources(self, events):
        """The event sources of its calls; `events`: (source, operation) of the catalogue.

        Those named as the service signs, answers or is called; where these have not half of its
        operations, the source that has most, too.
        """
        share = {}
        for source, operation in events:
            if operation in self.operations:
                share[source] = share.get(source, 0) + 1
        own = self.names & share.keys()
        if share and max((share[name] for name in own), default=0) * 2 < len(self.operations):
            own = own | {max(sorted(share), key=share.get)}
        return sorted(own)

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
