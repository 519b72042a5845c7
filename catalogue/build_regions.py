#!/usr/bin/env python3
"""Write regions.tsv: the regions of every AWS partition, with the partition each belongs to.

Input: botocore's `partitions.json` and `endpoints.json` (Apache-2.0), of which one or the other
names a new region first. Entries such as `aws-global` stand for no region and are left out.

    pip install botocore
    python build_regions.py [OUTPUT_DIR]
"""
import json
import re
import sys
from pathlib import Path

import botocore

HERE = Path(__file__).resolve().parent
SHAPE = re.compile(r"[a-z]+(-[a-z]+)+-[0-9]{1,2}")


def regions():
    data = Path(botocore.__file__).parent / "data"
    for file, key in [("partitions.json", "id"), ("endpoints.json", "partition")]:
        for partition in json.loads((data / file).read_text())["partitions"]:
            for region in partition["regions"]:
                if SHAPE.fullmatch(region):
                    yield region, partition[key]


def main():
    folder = Path(sys.argv[1]) if len(sys.argv) > 1 else HERE
    rows = sorted(set(regions()))
    text = "region\tpartition\n" + "".join(f"{region}\t{partition}\n" for region, partition in rows)
    (folder / "regions.tsv").write_text(text, encoding="utf-8", newline="\n")


if __name__ == "__main__":
    main()
