//! Examples below the help of every verb.

use std::fmt::Write;

/// Verb, and command lines with what each is for. Each parses: a test tries them.
const EXAMPLES: &[(&str, &[(&str, &str)])] = &[
    (
        "init",
        &[
            ("ctguard init --email secops@acme.example", "one account, every enabled region"),
            (
                "ctguard init --email secops@acme.example --account 111122223333,444455556666 --builtin identity,data",
                "two accounts with a hub in the first",
            ),
        ],
    ),
    (
        "validate",
        &[
            ("ctguard validate", "ctguard.yaml in this folder"),
            ("ctguard validate acme.yaml --format github", "annotations on a pull request"),
        ],
    ),
    (
        "fmt",
        &[
            ("ctguard fmt ctguard.yaml alerts/identity.yaml", "change the files"),
            ("ctguard fmt --check --diff", "in CI: fail, and show what would change"),
        ],
    ),
    (
        "plan",
        &[
            ("ctguard plan", "what apply would change, in every place"),
            (
                "ctguard plan --out plan.json --report markdown=plan.md",
                "save it, and write a comment",
            ),
            ("ctguard plan --region eu-west-1 --account 111122223333", "one place alone"),
        ],
    ),
    (
        "show",
        &[
            ("ctguard show plan.json", "a saved plan, without credentials"),
            ("ctguard show plan.json --format markdown", "the same for a pull request"),
        ],
    ),
    (
        "apply",
        &[
            ("ctguard apply", "show the plan, ask, change"),
            ("ctguard apply plan.json --yes", "exactly a saved plan, or nothing"),
        ],
    ),
    (
        "destroy",
        &[
            ("ctguard destroy", "show what is owned, ask, remove it"),
            ("ctguard destroy --yes --profile staging", "without asking, with a profile"),
        ],
    ),
    (
        "drift",
        &[
            ("ctguard drift", "what has changed, and who did it; exit 2 when something has"),
            ("ctguard drift --format sarif", "for code scanning"),
        ],
    ),
    (
        "verify",
        &[
            ("ctguard verify", "the proof, link by link"),
            ("ctguard verify --strict --report junit=verify.xml", "in CI: assumed links fail, too"),
            ("ctguard verify --shard 3/8 --format json", "one of eight jobs over many accounts"),
        ],
    ),
    (
        "drill",
        &[
            ("ctguard drill", "what could be drilled, and each call that it takes"),
            (
                "ctguard drill ctguard.yaml --all-safe --yes --report junit=drill.xml",
                "raise every alert that a harmless call raises, and wait for the receipts",
            ),
        ],
    ),
    (
        "heal",
        &[
            ("ctguard heal pause --until 2h --reason CHG-1234", "put nothing back of the trail"),
            ("ctguard heal resume", "end the pause before its time"),
        ],
    ),
    (
        "heal pause",
        &[
            ("ctguard heal pause --until 2h --reason CHG-1234", "show the pause, ask, set it"),
            ("ctguard heal pause --until 30m --reason CHG-1234 --yes", "without a question"),
        ],
    ),
    (
        "heal resume",
        &[
            ("ctguard heal resume", "end the pause before its time"),
            ("ctguard heal resume acme.yaml --yes", "of this blueprint, without a question"),
        ],
    ),
    (
        "explain",
        &[
            ("ctguard explain ec2:CreateRoute", "the whole way of one event"),
            ("ctguard explain trail-stopped", "the ways of one alert"),
        ],
    ),
    (
        "events",
        &[
            ("ctguard events 'ec2:*Route'", "how it is logged, where it lands"),
            ("ctguard events --service kms --write --all", "everything that changes keys"),
        ],
    ),
    (
        "events check",
        &[
            ("ctguard events check rules.tf template.yaml", "names and patterns of other tools"),
            ("ctguard events check - --format json", "from standard input"),
        ],
    ),
    (
        "coverage",
        &[
            ("ctguard coverage --framework cis-5.0", "each control, and what is missing"),
            (
                "ctguard coverage --require cis-5.0/4.5 --navigator layer.json",
                "a check, and a layer",
            ),
        ],
    ),
    (
        "import",
        &[
            (
                "ctguard import sigma detections/ --email secops@acme.example --out ctguard.yaml",
                "a blueprint of Sigma rules",
            ),
            ("ctguard import pattern main.tf --alerts", "the alerts of Terraform's rules"),
        ],
    ),
    (
        "export",
        &[
            (
                "ctguard export cloudformation --out deploy/",
                "templates, and a script that deploys them",
            ),
            (
                "ctguard export terraform --out terraform/ --existing live.snap",
                "modules, and blocks that import what exists",
            ),
            ("ctguard export --check deploy/", "in CI: fail when the folder is out of date"),
        ],
    ),
    (
        "import sigma",
        &[
            ("ctguard import sigma rules/ --out sigma.yaml", "every rule of a folder"),
            ("ctguard import sigma one.yml --alerts", "the list of alerts alone"),
        ],
    ),
    (
        "import pattern",
        &[
            ("ctguard import pattern rules.tf template.yaml", "rules of Terraform and SAM"),
            ("ctguard import pattern - --format json", "from standard input"),
        ],
    ),
    (
        "import live",
        &[
            ("ctguard import live --out ctguard.yaml", "every enabled region of one account"),
            (
                "ctguard import live --region us-east-1 --risk high --profile audit",
                "one region, with a profile",
            ),
        ],
    ),
    (
        "match",
        &[
            ("ctguard match --blueprint ctguard.yaml event.json", "which alerts an event fires"),
            ("ctguard match --check pattern.json", "what EventBridge makes of a pattern"),
        ],
    ),
    (
        "test",
        &[
            ("ctguard test", "every alert on its samples"),
            ("ctguard test --show --minimum 2", "the messages, too; two samples each"),
        ],
    ),
    (
        "merge",
        &[
            ("ctguard merge one.json two.json three.json", "reports or plans of shards"),
            ("ctguard merge one.json two.json --format json", "a plan that apply takes"),
        ],
    ),
    (
        "snapshot",
        &[
            ("ctguard snapshot --out live.json", "what was read, for later"),
            ("ctguard snapshot acme.yaml --region us-east-1 --out live.json", "one region"),
        ],
    ),
    (
        "policy",
        &[
            ("ctguard policy all", "every policy, for reading"),
            ("ctguard policy apply --for spoke", "one document, as IAM takes it"),
            ("ctguard policy apply --check", "what the credentials in use lack"),
        ],
    ),
    (
        "schema",
        &[
            ("ctguard schema blueprint", "for editors"),
            ("ctguard schema report", "what verify prints as JSON"),
        ],
    ),
    (
        "replay",
        &[
            ("ctguard replay logs/", "what would have been alerted on in months of logs"),
            ("ctguard replay logs/ --html report.html", "the same as a page"),
        ],
    ),
    (
        "sandbox",
        &[
            ("ctguard sandbox new --sandbox account.json", "an account that is a file"),
            ("ctguard plan --sandbox account.json", "every verb works on it"),
        ],
    ),
    (
        "sandbox new",
        &[
            ("ctguard sandbox new --sandbox account.json", "one account"),
            (
                "ctguard sandbox new --sandbox fleet.json --account 111122223333,444455556666",
                "two accounts; the first is the caller's",
            ),
        ],
    ),
    (
        "sandbox send",
        &[
            ("ctguard sandbox send cloudtrail:StopLogging --sandbox account.json", "an event"),
            ("ctguard sandbox send events.json --sandbox account.json", "each record of a file"),
        ],
    ),
    (
        "sandbox confirm",
        &[
            ("ctguard sandbox confirm --sandbox account.json", "everybody opens the mail"),
            ("ctguard sandbox confirm --topic secops --sandbox account.json", "of one topic"),
        ],
    ),
    (
        "sandbox break",
        &[
            ("ctguard sandbox break disable-rule --sandbox account.json", "the first owned rule"),
            ("ctguard sandbox break stop-trail acme --sandbox account.json", "a trail by name"),
        ],
    ),
    (
        "sandbox queue",
        &[
            (
                "ctguard sandbox queue arn:aws:sqs:us-east-1:111122223333:siem --sandbox account.json",
                "a queue that SNS may send to",
            ),
            (
                "ctguard sandbox queue siem --topic arn:aws:sns:us-east-1:111122223333:ctguard-acme-siem",
                "for one topic",
            ),
        ],
    ),
    (
        "sandbox purge",
        &[
            ("ctguard sandbox purge --sandbox account.json", "the first that holds messages"),
            ("ctguard sandbox purge dead-letters --sandbox account.json", "a queue by name"),
        ],
    ),
    (
        "sandbox advance",
        &[
            ("ctguard sandbox advance --sandbox account.json", "what was not confirmed lapses"),
            ("ctguard verify --sandbox account.json", "and is told"),
        ],
    ),
    (
        "completions",
        &[
            ("ctguard completions bash", "into ~/.local/share/bash-completion/completions/ctguard"),
            ("ctguard completions zsh", "into a folder of $fpath, as _ctguard"),
        ],
    ),
    (
        "man",
        &[
            ("ctguard man", "the page of the program; pipe it into `man -l -`"),
            ("ctguard man --out man1", "a page for every verb"),
        ],
    ),
];

/// The examples of a verb, named by its words; `None` where it has none.
pub(super) fn of(verb: &str) -> Option<String> {
    let (_, examples) = EXAMPLES.iter().find(|(known, _)| *known == verb)?;
    Some(text(examples))
}

fn text(examples: &[(&str, &str)]) -> String {
    let mut text = "Examples:".to_owned();
    for (line, what) in examples {
        let _ = write!(text, "\n  {line}\n      {what}");
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cli::Cli;
    use crate::cli::help::command;
    use clap::{Command, CommandFactory};

    /// The verbs that do something, by their words.
    fn verbs(command: &Command, above: &str, found: &mut Vec<String>) {
        for below in command.get_subcommands().filter(|below| below.get_name() != "help") {
            let name = format!("{above}{}", below.get_name());
            found.push(name.clone());
            verbs(below, &format!("{name} "), found);
        }
    }

    #[test]
    fn every_verb_has_two_examples_at_least() {
        let mut all = Vec::new();
        verbs(&Cli::command(), "", &mut all);
        for verb in &all {
            let examples = EXAMPLES.iter().find(|(known, _)| known == verb);
            assert!(examples.is_some_and(|(_, lines)| lines.len() >= 2), "{verb}");
        }
        assert_eq!(all.len(), EXAMPLES.len());
    }

    #[test]
    fn every_example_is_a_command_line_that_is_taken() {
        for (verb, examples) in EXAMPLES {
            for (line, _) in *examples {
                let words = line.split(' ').map(|word| word.trim_matches('\''));
                let taken = command().try_get_matches_from(words);
                assert!(taken.is_ok(), "{verb}: {line}: {:?}", taken.err());
            }
        }
    }
}
