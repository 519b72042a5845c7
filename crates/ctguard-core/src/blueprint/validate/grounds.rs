//! What an alert rests on and serves: web addresses, techniques of ATT&CK, controls.

use super::super::reader::Spanned;
use super::syntax;
use crate::codes;
use crate::diag::Diagnostic;

/// Web addresses.
pub(super) fn addresses(
    written: Vec<Spanned<String>>,
    out: &mut Vec<Diagnostic>,
) -> Option<Vec<String>> {
    let good = |text: &str| syntax::https_url(text).is_ok();
    let help = "write the whole address of a page, such as `https://docs.aws.amazon.com/…`";
    all(written, "the address of a source", good, help, out)
}

/// Techniques: `T1562`, `T1562.008`.
///
/// Source: <https://attack.mitre.org/techniques/enterprise/>
pub(super) fn techniques(
    written: Vec<Spanned<String>>,
    out: &mut Vec<Diagnostic>,
) -> Option<Vec<String>> {
    let digits =
        |text: &str, count| text.len() == count && text.bytes().all(|one| one.is_ascii_digit());
    let good = |text: &str| {
        let Some(number) = text.strip_prefix('T') else { return false };
        match number.split_once('.') {
            None => digits(number, 4),
            Some((technique, part)) => digits(technique, 4) && digits(part, 3),
        }
    };
    let help = "write a technique of ATT&CK, such as `T1562` or `T1562.008`";
    all(written, "a technique of ATT&CK", good, help, out)
}

/// Controls: the framework, a slash, the number.
pub(super) fn controls(
    written: Vec<Spanned<String>>,
    out: &mut Vec<Diagnostic>,
) -> Option<Vec<String>> {
    let framework =
        |one: char| one.is_ascii_lowercase() || one.is_ascii_digit() || "-.".contains(one);
    let number = |one: char| one.is_ascii_alphanumeric() || "-.()".contains(one);
    let good = |text: &str| {
        text.split_once('/').is_some_and(|(name, rest)| {
            let there = !name.is_empty() && !rest.is_empty();
            there && name.chars().all(framework) && rest.chars().all(number)
        })
    };
    let help = "write the framework, a slash and the number: `cis-3.0/4.5`";
    all(written, "a control", good, help, out)
}

/// The texts, if every one is good; in the order written, without repeats.
fn all(
    written: Vec<Spanned<String>>,
    what: &str,
    good: impl Fn(&str) -> bool,
    help: &str,
    out: &mut Vec<Diagnostic>,
) -> Option<Vec<String>> {
    let mut complete = true;
    let mut kept: Vec<String> = Vec::new();
    for text in written {
        if !good(&text.value) {
            complete = false;
            let message = format!("`{}` is not {what}", text.value);
            let said = Diagnostic::error(codes::TEXT_INVALID, message);
            out.push(said.at(Some(text.span.clone())).help(help));
        } else if !kept.contains(&text.value) {
            kept.push(text.value);
        }
    }
    complete.then_some(kept)
}

#[cfg(test)]
mod tests {
    use super::super::super::load_text;
    use jiff::civil::date;

    /// What is said of an alert with this line.
    fn said(line: &str) -> Vec<String> {
        let text = format!(
            "version: 1\nname: acme\nregions: [eu-west-1]\ndestinations: {{ d: {{ topic: t, format: text, subscribers: [{{ email: a@b.example }}] }} }}\nroutes: {{ high: [d] }}\nalerts:\n  - {{ id: a, title: T, risk: high, why: W, next: N, events: [ec2:CreateRoute], {line} }}\n"
        );
        let loaded = load_text("ctguard.yaml", &text, None, date(2026, 11, 22));
        loaded.diagnostics.iter().map(|said| said.message.clone()).collect()
    }

    #[test]
    fn what_an_alert_rests_on_is_written_in_one_form() {
        for good in [
            "sources: ['https://docs.aws.amazon.com/a/b.html']",
            "attack: [T1562, T1562.008]",
            "controls: [cis-3.0/4.5, pci-dss-4.0/10.2.1, 'iso-27001/A.8.15']",
            "sources: [], attack: [], controls: []",
        ] {
            assert_eq!(said(good), Vec::<String>::new(), "{good}");
        }
        for (wrong, named) in [
            ("sources: ['http://a.example/b']", "http://a.example/b"),
            ("sources: [the guide]", "the guide"),
            ("attack: [T156]", "T156"),
            ("attack: [t1562]", "t1562"),
            ("attack: [T1562.8]", "T1562.8"),
            ("controls: ['4.5']", "4.5"),
            ("controls: ['CIS/4.5']", "CIS/4.5"),
            ("controls: ['cis/']", "cis/"),
            ("controls: ['cis/4/5']", "cis/4/5"),
        ] {
            let all = said(wrong);
            assert!(all.iter().any(|one| one.contains(&format!("`{named}`"))), "{wrong}: {all:?}");
        }
    }
}
