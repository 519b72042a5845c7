"""Runs the scripts of an exported folder with a stand-in for the AWS CLI, and reads the calls that they make."""

import json
import os
import pathlib
import re
import subprocess
import sys
import tempfile

HERE = pathlib.Path(__file__).parent
CTGUARD = sys.argv[1]
SECRET = 'https://u:p$w"\'@hooks.acme.example/in'

# What stands in: it notes each call, and answers as AWS does in the mood that is asked for.
CLI = r"""#!/usr/bin/env bash
printf '%s\n' "$*" | tr '\n' ' ' >>"$CALLS"
echo >>"$CALLS"
if [ "$(wc -l <"$CALLS")" = "${FAILS_AT:-}" ]; then
    cat >/dev/null
    echo 'An error occurred (AccessDenied)' >&2
    exit 254
fi
# What a call names, and whether it was made before.
place=$(printf '%s' "$*" | grep -oE -e '--region [^ ]+ --stack-name [^ ]+')
made() { grep -qE "$1 $place( |\$)" "$CALLS"; }
case "$*" in
*file:///dev/stdin*)
    cat >>"$CALLS.documents"
    ;;
esac
case "$*" in
*get-caller-identity*) echo 111122223333 ;;
*assume-role*) printf 'key\tsecret\ttoken\n' ;;
*list-roots*) echo r-ab12 ;;
*describe-organization*) echo "${IS_OF:-o-sandbox0000}" ;;
*list-stack-sets*) echo 'ctguard-acme-hub ctguard-acme-of-before' ;;
*describe-stack-set-operation*) echo SUCCEEDED ;;
*list-stack-set-operation-results*) [ "$MOOD" != tolerated ] || printf '444455556666\teu-west-1\tbusy\n' ;;
*"describe-stack-set "*)
    case $MOOD in
    new | removed) echo 'An error occurred (StackSetNotFoundException)' >&2; exit 254 ;;
    throttled) echo 'An error occurred (ThrottlingException)' >&2; exit 254 ;;
    *) echo '{}' ;;
    esac
    ;;
*describe-stack-instance*)
    case $MOOD in
    new) echo 'An error occurred (StackInstanceNotFoundException)' >&2; exit 254 ;;
    renamed) echo '{ "StackInstance": { "ParameterOverrides": [{ "ParameterKey": "AccountName", "ParameterValue": "before" }] } }' ;;
    *)
        name=$([[ $* = *"account 222233334444 "* ]] && echo security || echo prod)
        printf '{ "StackInstance": { "ParameterOverrides": [{ "ParameterValue": "%s", "ParameterKey": "AccountName" }] } }' "$name"
        ;;
    esac
    ;;
*describe-stacks*)
    case $MOOD,$(made create-stack && echo made)$(made delete-stack && echo gone) in
    new, | *,gone) echo "An error occurred (ValidationError): Stack with id ${place##* } does not exist" >&2; exit 254 ;;
    rolled-back,) echo ROLLBACK_COMPLETE ;;
    unhappy,) echo UPDATE_ROLLBACK_COMPLETE ;;
    *) echo 'warning: an old program' >&2; echo CREATE_COMPLETE ;;
    esac
    ;;
*"update-stack "*)
    [ "$MOOD" = unhappy ] || { echo 'An error occurred (ValidationError): No updates are to be performed.' >&2; exit 254; }
    ;;
*) echo op-1 ;;
esac
"""
CHANGES = re.compile(r"(create|update|delete)-stack|s3 cp")
PLAIN = re.compile(r"(create|update)-stack ")


def with_its_hub_at_home(blueprint):
    """The hub is in the management account, where no StackSet deploys."""
    return blueprint.replace('hub: { account: "222233334444"', 'hub: { account: "111122223333"')


class Folder:
    def __init__(self, work, file="organization.yaml", of=lambda blueprint: blueprint):
        self.work, self.out = work, work / "out"
        binaries = work / "bin"
        binaries.mkdir()
        (binaries / "aws").write_text(CLI)
        (binaries / "aws").chmod(0o755)
        (binaries / "sleep").symlink_to("/bin/true")
        self.path = f"{binaries}:{os.environ['PATH']}"
        sandbox = work / "account.json"
        blueprint = work / "ctguard.yaml"
        blueprint.write_text(of((HERE / file).read_text()))
        ids = ["111122223333", "222233334444", "333344445555", "444455556666"]
        accounts = [word for account in ids for word in ("--account", account)]
        base = [CTGUARD, "--sandbox", str(sandbox)]
        for line in (
            ["sandbox", "new", "--bare", "--organization", *accounts],
            ["export", "cloudformation", str(blueprint), "--out", str(self.out), "--quiet"],
        ):
            subprocess.run(base + line, check=True, capture_output=True)
        stacks = json.loads((self.out / "stacks.json").read_text())["stacks"]
        self.variables = {
            f"CTGUARD_{name.upper()}" for one in stacks for name in one["parameters"] if name != "AccountName"
        }
        assert self.variables, "the folder asks for no secret"

    def run(self, script, mood, secrets=True, **more):
        calls = self.work / "calls"
        documents = self.work / "calls.documents"
        for path in (calls, documents):
            path.write_text("")
        env = {"PATH": self.path, "CALLS": str(calls), "MOOD": mood, "CTGUARD_TEMPLATE_BUCKET": "templates", **more}
        if secrets:
            env.update({name: SECRET for name in self.variables})
        line = ["bash", str(self.out / script)]
        done = subprocess.run(line, env=env, capture_output=True, text=True, check=False)
        made = calls.read_text().splitlines()
        self.documents = [json.loads(line) for line in documents.read_text().splitlines()]
        return done, made, [one for one in made if CHANGES.search(one)]


def pairs(document):
    """The names and values of a document."""
    return [(one["ParameterKey"], one["ParameterValue"]) for one in document]


def check(holds, done, *more):
    if not holds:
        raise SystemExit(f"{done.args}: {done.returncode}\n{done.stdout}\n{done.stderr}\n" + "\n".join(map(str, more)))


def main():
    with tempfile.TemporaryDirectory() as work:
        folder = Folder(pathlib.Path(work))
        done, _, changes = folder.run("deploy.sh", "there", secrets=False)
        check(done.returncode == 1 and "CTGUARD_ENDPOINT" in done.stderr and not changes, done, *changes)
        done, made, changes = folder.run("deploy.sh", "new")
        check(done.returncode == 0 and any("create-stack-set" in one for one in changes), done)
        # A secret stands in a document that a call reads, and in no argument of any.
        asked = [one for one in made if "file:///dev/stdin" in one]
        check(asked and len(asked) == len(folder.documents), done, *made)
        given = [value for one in folder.documents for name, value in pairs(one) if name != "AccountName"]
        check(given and all(value == SECRET for value in given), done, *folder.documents)
        check(not any("hooks.acme.example" in one for one in made), done, *made)
        order = [one for one in changes if "create-stack-set" in one or PLAIN.search(one)]
        first = next(one for one in order)
        check("ctguard-acme-hub" in first, done, *order)
        regional = [one for one in made if "sts " in one or "organizations" in one]
        check(regional and all("--region" in one for one in regional), done, *regional)
        done, _, changes = folder.run("deploy.sh", "there")
        check(done.returncode == 0 and not any("create-stack-set" in one for one in changes), done)
        # Another answer than "it is not there" is none.
        done, _, changes = folder.run("deploy.sh", "throttled")
        check(done.returncode == 1 and "Throttling" in done.stderr, done)
        check(not any("create-stack-set" in one for one in changes), done, *changes)
        # What failed within the tolerance is told, and the rest goes on.
        done, _, some = folder.run("deploy.sh", "tolerated")
        check(done.returncode == 1 and "444455556666" in done.stderr, done)
        check(len(some) >= len(changes), done)
        check(any(PLAIN.search(one) for one in some), done)
        # A first creation that failed takes no other.
        done, _, changes = folder.run("deploy.sh", "rolled-back")
        check(done.returncode == 0 and any("delete-stack " in one for one in changes), done, *changes)
        made = [one for one in changes if PLAIN.search(one)]
        check(made and all("create-stack " in one for one in made), done, *changes)
        # One that went back to what it was is none that went well.
        done, _, _ = folder.run("deploy.sh", "unhappy")
        check(done.returncode == 1 and "UPDATE_ROLLBACK_COMPLETE" in done.stderr, done)
        done, _, _ = folder.run("deploy.sh", "there")
        # A StackSet of the blueprint that the folder does not have is named.
        check("ctguard-acme-of-before" in done.stderr and "StackSet ctguard-acme-hub " not in done.stderr, done)
        # The folder is found through a link, and whatever CDPATH says.
        link = folder.work / "link.sh"
        link.symlink_to(folder.out / "deploy.sh")
        done, made, _ = folder.run("../link.sh", "there", CDPATH=str(folder.work))
        check(done.returncode == 0 and any("templates/" in one for one in made), done)
        # What is not there stops the script before anything is changed.
        hub = folder.out / "templates" / "hub.json"
        hub.rename(hub.with_suffix(".away"))
        done, _, changes = folder.run("deploy.sh", "there")
        check(done.returncode == 1 and "hub.json is not there" in done.stderr and not changes, done, *changes)
        hub.with_suffix(".away").rename(hub)
        done, _, changes = folder.run("deploy.sh", "there", CTGUARD_TEMPLATE_BUCKET="")
        check(done.returncode == 1 and "CTGUARD_TEMPLATE_BUCKET" in done.stderr and not changes, done, *changes)
        # Removing what is gone already goes on, and needs no secret.
        done, _, changes = folder.run("remove.sh", "removed", secrets=False)
        check(done.returncode == 0 and not any("stack-set" in one for one in changes), done, *changes)
        check("unbound" not in done.stderr, done)
        done, _, changes = folder.run("remove.sh", "there", secrets=False)
        last = [one for one in changes if "delete-stack-set" in one][-1]
        check(done.returncode == 0 and "ctguard-acme-hub" in last, done, *changes)
        for script in ("deploy.sh", "remove.sh"):
            done, _, changes = folder.run(script, "there", IS_OF="o-of-others")
            check(done.returncode == 1 and "o-of-others" in done.stderr and not changes, done, *changes)
        for script, mood in (("deploy.sh", "new"), ("deploy.sh", "there"), ("remove.sh", "there")):
            stops_at_each_call(folder, script, mood)
    of_a_hub_at_home()
    of_names()
    print("scripts: as they should be in nine moods of AWS, and when any call fails")


def stops_at_each_call(folder, script, mood):
    """Whichever call fails: the script says so, and changes nothing after it."""
    done, calls, _ = folder.run(script, mood)
    check(done.returncode == 0, done, *calls)
    for number in range(1, len(calls) + 1):
        done, made, _ = folder.run(script, mood, FAILS_AT=str(number))
        after = [one for one in made[number:] if CHANGES.search(one)]
        check(done.returncode != 0 and "AccessDenied" in done.stderr and not after, done, made[number - 1], *after)


def of_a_hub_at_home():
    """A template too large for a call, in plain stacks: one address of the bucket's own region serves all."""
    with tempfile.TemporaryDirectory() as work:
        folder = Folder(pathlib.Path(work), of=with_its_hub_at_home)
        done, made, changes = folder.run("deploy.sh", "new")
        puts = [one for one in made if "s3 cp" in one]
        check(done.returncode == 0 and len(puts) == len(set(puts)) and puts == changes[: len(puts)], done, *puts)
        hub = [one for one in changes if PLAIN.search(one) and "--stack-name ctguard-acme-hub " in one]
        url = "--template-url=https://templates.s3.eu-west-1.amazonaws.com/ctguard/acme/templates/hub.json"
        check(hub and all(url in one for one in hub), done, *hub)
        stops_at_each_call(folder, "deploy.sh", "new")


def of_names():
    """An account of a StackSet has its name for itself, and nothing else; it is changed where it is another."""
    with tempfile.TemporaryDirectory() as work:
        folder = Folder(pathlib.Path(work), "names.yaml")
        for mood, verb in (("new", "create"), ("there", "create"), ("renamed", "update")):
            done, made, _ = folder.run("deploy.sh", mood)
            instances = [one for one in made if "-stack-instances" in one and "--parameter-overrides" in one]
            check(done.returncode == 0 and instances, done, *made)
            check(any("update-stack-instances" in one for one in instances) == (verb == "update"), done, *instances)
            asked = [one for one in made if "file:///dev/stdin" in one]
            for call, document in zip(asked, folder.documents, strict=True):
                if "-stack-instances" in call:
                    name = "security" if "Accounts=222233334444," in call else "prod"
                    check(pairs(document) == [("AccountName", name)], done, call, document)
        stops_at_each_call(folder, "deploy.sh", "renamed")


main()
