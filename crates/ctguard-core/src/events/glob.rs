//! Names with `*` and `?` as people type them, without regard to case.

/// Whether a text is more than a plain name.
pub(super) fn is_glob(text: &str) -> bool {
    text.contains(['*', '?'])
}

/// Whether a name is what the glob describes. Both are lowercase.
pub(crate) fn matches(glob: &str, name: &str) -> bool {
    let (glob, name) = (glob.as_bytes(), name.as_bytes());
    let (mut at, mut seen) = (0, 0);
    // Where to go on when what follows the last star does not fit.
    let mut back: Option<(usize, usize)> = None;
    while seen < name.len() {
        match glob.get(at) {
            Some(b'*') => {
                back = Some((at, seen));
                at += 1;
            }
            Some(byte) if *byte == b'?' || *byte == name[seen] => {
                at += 1;
                seen += 1;
            }
            _ => match back {
                Some((star, taken)) => {
                    back = Some((star, taken + 1));
                    at = star + 1;
                    seen = taken + 1;
                }
                None => return false,
            },
        }
    }
    glob[at..].iter().all(|byte| *byte == b'*')
}

#[cfg(test)]
mod tests {
    use super::matches;

    #[test]
    fn stars_and_question_marks_stand_for_any_characters() {
        for (glob, name, yes) in [
            ("*", "", true),
            ("delete*", "deletetrail", true),
            ("delete*", "undelete", false),
            ("*trail", "deletetrail", true),
            ("*trail", "deletetrails", false),
            ("d*e*trail", "deletetrail", true),
            ("a*b*c", "aXbXbXc", true),
            ("get?", "gets", true),
            ("get?", "get", false),
            ("get", "get", true),
            ("", "get", false),
        ] {
            assert_eq!(matches(glob, name), yes, "{glob} {name}");
        }
    }
}
