"""Measures ctguard where there is much of one thing, against a server that answers about one account and region.

    load.py CTGUARD

- blueprints of 5 and 8 MB, with more rules than a bus may have, and one of 9 MB, which is more than a file may have: `validate`
- 300 alerts, which are 300 rules on a bus: the first plan
- 100,000 rules of others on the bus, all paged through, since the blueprint's own are missing: the first plan
- a topic with 10,000 subscriptions, each of which is asked for its attributes: a plan
- a topic of others with 10,000 subscriptions, of which the listed one is asked: a plan

The server answers at once and does not throttle. ctguard keeps to the rates that AWS documents, so wall time is mostly
theirs. CPU and memory are the process's own, as the kernel tells them when it ends.
"""

import http.server
import json
import os
import pathlib
import sys
import tempfile
import threading
import urllib.parse

from measure import run

ACCOUNT = "111122223333"
REGION = "us-east-1"
TOPIC = f"arn:aws:sns:{REGION}:{ACCOUNT}:ctguard-load-secops"
PAGE = 100

HEAD = f"""\
version: 1
name: load
regions: [{REGION}]
destinations:
  secops: {{ topic: secops, format: text, subscribers: [{{ email: secops@acme.example }}] }}
routes: {{ high: [secops] }}
alerts:
"""
ALERT = """\
  - {{ id: own-{n}, title: Own {n}, risk: high, events: ["kms:ScheduleKeyDeletion"], why: "w", next: n,
      where: {{ userIdentity.userName: [user-{n}] }} }}
"""


THEIRS = f"arn:aws:sns:{REGION}:{ACCOUNT}:everybody"


def blueprint(alerts):
    return HEAD + "".join(ALERT.format(n=n) for n in range(alerts))


class Account(http.server.BaseHTTPRequestHandler):
    """Answers for an account that has as many rules and subscriptions as its class says."""

    protocol_version = "HTTP/1.1"
    rules = 0
    subscriptions = 0
    calls = 0

    def do_POST(self):
        type(self).calls += 1
        body = self.rfile.read(int(self.headers["content-length"])).decode()
        target = self.headers.get("x-amz-target", "").rpartition(".")[2]
        if target:
            self.json(target, json.loads(body or "{}"))
        else:
            self.form(dict(urllib.parse.parse_qsl(body)))

    def json(self, call, asked):
        if call == "ListRules":
            self.say(self.rule_page(asked))
        elif call == "GetResources":
            self.say({"ResourceTagMappingList": [], "PaginationToken": ""})
        elif call == "DescribeTrails":
            self.say({"trailList": []})
        elif call == "ListEventBuses":
            self.say({"EventBuses": [{"Name": "default"}]})
        elif call == "GetQueueUrl":
            self.say({"__type": "QueueDoesNotExist", "message": "It does not exist."}, 400)
        else:
            self.say({"__type": "ResourceNotFoundException", "message": call}, 400)

    def rule_page(self, asked):
        if "NamePrefix" in asked:
            return {"Rules": []}
        first = int(asked.get("NextToken", 0))
        last = min(first + PAGE, self.rules)
        arn = f"arn:aws:events:{REGION}:{ACCOUNT}:rule/theirs-"
        pattern = json.dumps({"source": ["aws.ec2"], "detail": {"eventName": ["RunInstances"]}})
        page = {
            "Rules": [
                {"Name": f"theirs-{n}", "Arn": f"{arn}{n}", "State": "ENABLED", "EventPattern": pattern}
                for n in range(first, last)
            ]
        }
        return page | ({"NextToken": str(last)} if last < self.rules else {})

    def form(self, asked):
        call = asked.get("Action")
        entry = "<entry><key>{}</key><value>{}</value></entry>".format
        if call == "GetCallerIdentity":
            result = f"<Account>{ACCOUNT}</Account><Arn>arn:aws:iam::{ACCOUNT}:user/test</Arn>"
        elif call == "GetTopicAttributes" and self.subscriptions:
            result = f"<Attributes>{entry('DisplayName', 'load')}</Attributes>"
        elif call == "ListSubscriptionsByTopic" and self.subscriptions:
            first = int(asked.get("NextToken", 0))
            last = min(first + PAGE, self.subscriptions)
            members = "".join(
                f"<member><SubscriptionArn>{TOPIC}:{n}</SubscriptionArn><Protocol>email</Protocol>"
                f"<Endpoint>p{n}@acme.example</Endpoint></member>"
                for n in range(first, last)
            )
            result = f"<Subscriptions>{members}</Subscriptions>"
            result += f"<NextToken>{last}</NextToken>" if last < self.subscriptions else ""
        elif call == "GetSubscriptionAttributes":
            result = f"<Attributes>{entry('RawMessageDelivery', 'false')}</Attributes>"
        elif call == "ListTagsForResource":
            result = "<Tags></Tags>"
        else:
            error = "<Error><Code>NotFound</Code><Message>It does not exist.</Message></Error>"
            return self.send(f"<ErrorResponse>{error}</ErrorResponse>", 404)
        return self.send(f"<{call}Response><{call}Result>{result}</{call}Result></{call}Response>")

    def say(self, value, status=200):
        self.send(json.dumps(value), status)

    def send(self, text, status=200):
        body = text.encode()
        self.send_response(status)
        self.send_header("content-length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def do_GET(self):
        type(self).calls += 1
        self.send("<Error><Code>NoSuchEntity</Code></Error>", 404)

    def log_message(self, *_):
        pass


def measured(name, ctguard, verb, text, rules=0, subscriptions=0):
    handler = type("Account", (Account,), {"rules": rules, "subscriptions": subscriptions, "calls": 0})
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    environment = {
        "AWS_ENDPOINT_URL": f"http://127.0.0.1:{server.server_address[1]}",
        "AWS_ACCESS_KEY_ID": f"AKIA{ACCOUNT}",
        "AWS_SECRET_ACCESS_KEY": "secret",
        "AWS_REGION": REGION,
        "AWS_EC2_METADATA_DISABLED": "true",
        "AWS_CONFIG_FILE": "/dev/null",
        "AWS_SHARED_CREDENTIALS_FILE": "/dev/null",
    }
    with tempfile.TemporaryDirectory() as folder:
        path = pathlib.Path(folder, "ctguard.yaml")
        path.write_text(text)
        took = run(ctguard, verb, "--quiet", path, env=environment, expect=None)
    server.shutdown()
    print(f"| {name} | {handler.calls:,} | {took.wall:.1f} s | {took.cpu:.2f} s | {took.peak:.0f} MiB |", flush=True)
    return took


def main():
    (ctguard,) = sys.argv[1:]
    print(f"load before: {os.getloadavg()[0]:.1f} on {os.cpu_count()} cores\n")
    print("| | calls | wall | CPU | highest memory |\n|---|---|---|---|---|")
    for alerts in (31_000, 51_000, 57_000):
        text = blueprint(alerts)
        name = f"{alerts:,} alerts in {len(text) / 1e6:.1f} MB, `validate` refuses them"
        measured(name, ctguard, "validate", text)
    measured("300 rules on a bus, the first `plan`", ctguard, "plan", blueprint(300))
    one = blueprint(1)
    measured("100,000 rules of others, the first `plan`", ctguard, "plan", one, rules=100_000)
    measured("10,000 subscriptions, `plan`", ctguard, "plan", one, subscriptions=10_000)
    theirs = one.replace("topic: secops", f"topic_arn: {THEIRS}").replace("secops@", "p9999@")
    measured("10,000 subscriptions of others, `plan`", ctguard, "plan", theirs, subscriptions=10_000)


if __name__ == "__main__":
    main()
