//! Reads the block of one event source.
//!
//! A block is text, one item a line, its parts separated by tabs. Lines of a kind are numbered from
//! 0, and later lines name earlier ones by their number.
//!
//! | line | parts |
//! |---|---|
//! | `%` | the values of an enumeration |
//! | `@` | an object: flags, then its members |
//! | `=` | an event: its name, flags, then its parameters or response elements |
//!
//! Flags: `c` closed, `h` high confidence. A member is `name:form`; the form is a letter
//! ([`form_of`]), after `l` and `m` the letter of the element, then `@N` for the object and `%N` for
//! the enumeration.
//!
//! What cannot be read is left out, and what held it is then open: nothing is said of it.

use super::{Confidence, Form, Parameter, Payload};
use flate2::read::DeflateDecoder;
use std::collections::BTreeMap;
use std::io::Read;

/// Deepest nesting of objects that is read; below it everything is open.
const DEPTH_MAX: usize = 12;

/// Most parameters of an event that are read; objects that come after them are open.
const PARAMETERS_MAX: usize = 50_000;

/// Most bytes that a block may have, inflated.
const BLOCK_MAX_BYTES: u64 = 16 * 1024 * 1024;

/// The events of one source, still as text.
#[derive(Debug, Default)]
pub(super) struct Sheet {
    enumerations: Vec<String>,
    objects: Vec<String>,
    /// By name: flags and parameters.
    events: BTreeMap<String, String>,
}

impl Sheet {
    /// Inflates a block; an empty sheet where that fails.
    pub fn inflate(deflated: &[u8]) -> Sheet {
        let mut text = String::new();
        match DeflateDecoder::new(deflated).take(BLOCK_MAX_BYTES).read_to_string(&mut text) {
            Ok(_) => Sheet::read(&text),
            Err(_) => Sheet::default(),
        }
    }

    /// Sorts the lines of a block by what they are.
    fn read(text: &str) -> Sheet {
        let mut sheet = Sheet::default();
        for line in text.lines() {
            let (kind, rest) = line.split_once('\t').unwrap_or((line, ""));
            match kind {
                "%" => sheet.enumerations.push(rest.to_owned()),
                "@" => sheet.objects.push(rest.to_owned()),
                "=" => {
                    let (name, rest) = rest.split_once('\t').unwrap_or((rest, ""));
                    sheet.events.insert(name.to_owned(), rest.to_owned());
                }
                _ => {}
            }
        }
        sheet
    }

    /// The names of the events.
    #[cfg(test)]
    pub fn events(&self) -> impl Iterator<Item = &str> {
        self.events.keys().map(String::as_str)
    }

    /// What an event has; none where the source has no such event.
    pub fn payload(&self, name: &str) -> Option<Payload> {
        let (flags, members) = split_flags(self.events.get(name)?);
        let mut left = PARAMETERS_MAX;
        let (parameters, whole) = self.members(members, DEPTH_MAX, &mut left);
        Some(Payload {
            confidence: if flags.contains('h') { Confidence::High } else { Confidence::Low },
            closed: flags.contains('c') && whole,
            parameters,
        })
    }

    /// The members in a line, and whether all of them could be read.
    fn members(&self, line: &str, depth: usize, left: &mut usize) -> (Vec<Parameter>, bool) {
        let mut members = Vec::new();
        let mut whole = true;
        for text in line.split('\t').filter(|text| !text.is_empty()) {
            match left.checked_sub(1).and_then(|less| {
                *left = less;
                self.member(text, depth, left)
            }) {
                Some(member) => members.push(member),
                None => whole = false,
            }
        }
        (members, whole)
    }

    fn member(&self, text: &str, depth: usize, left: &mut usize) -> Option<Parameter> {
        let (name, kind) = text.rsplit_once(':')?;
        let (kind, values) = match kind.split_once('%') {
            Some((kind, number)) => (kind, self.enumeration(number)?),
            None => (kind, Vec::new()),
        };
        let (kind, object) = match kind.split_once('@') {
            Some((kind, number)) => (kind, Some(number)),
            None => (kind, None),
        };
        let mut letters = kind.chars();
        let form = form_of(letters.next()?)?;
        let element = match letters.next() {
            Some(letter) => Some(form_of(letter)?),
            None => None,
        };
        let (fields, closed) = match object {
            Some(number) => self.object(number, depth, left)?,
            None => (Vec::new(), !may_hold(form, element)),
        };
        Some(Parameter { name: name.to_owned(), form, element, fields, closed, values })
    }

    fn enumeration(&self, number: &str) -> Option<Vec<String>> {
        let line = self.enumerations.get(number.parse::<usize>().ok()?)?;
        Some(line.split('\t').map(str::to_owned).collect())
    }

    /// The members of an object, and whether they are all there is.
    fn object(
        &self,
        number: &str,
        depth: usize,
        left: &mut usize,
    ) -> Option<(Vec<Parameter>, bool)> {
        let (flags, members) = split_flags(self.objects.get(number.parse::<usize>().ok()?)?);
        let Some(depth) = depth.checked_sub(1) else { return Some((Vec::new(), false)) };
        let (fields, whole) = self.members(members, depth, left);
        Some((fields, flags.contains('c') && whole))
    }
}

/// Whether there may be members inside that a line without an object does not name.
fn may_hold(form: Form, element: Option<Form>) -> bool {
    let may = |form| matches!(form, Form::Object | Form::List | Form::Map | Form::Any);
    match form {
        Form::List | Form::Map => element.is_none_or(may),
        other => may(other),
    }
}

fn split_flags(line: &str) -> (&str, &str) {
    line.split_once('\t').unwrap_or((line, ""))
}

fn form_of(letter: char) -> Option<Form> {
    Some(match letter {
        't' => Form::Text,
        'n' => Form::Number,
        'b' => Form::Boolean,
        'd' => Form::Time,
        'o' => Form::Object,
        'l' => Form::List,
        'm' => Form::Map,
        'a' => Form::Any,
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::super::Found;
    use super::*;

    fn payload(text: &str) -> Payload {
        Sheet::read(text).payload("Call").expect("the event is there")
    }

    #[test]
    fn each_part_of_a_member_is_read() {
        let request = payload(
            "%\tred\tdark blue\n@\tc\tkey:t\n=\tCall\thc\tcolour:t%0\tcount:n\tlist:lo@0\tset:lt",
        );
        assert_eq!(request.confidence, Confidence::High);
        assert!(request.closed);
        let [colour, count, list, set] = &request.parameters[..] else { panic!("{request:?}") };
        assert_eq!(colour.values, ["red", "dark blue"]);
        assert_eq!((count.form, count.closed), (Form::Number, true));
        assert_eq!((list.form, list.element), (Form::List, Some(Form::Object)));
        assert_eq!((list.fields[0].name.as_str(), list.closed), ("key", true));
        assert_eq!((set.element, set.closed), (Some(Form::Text), true));
        assert_eq!(request.find(&["list", "key"]), Found::Parameter(&list.fields[0]));
        assert!(matches!(request.find(&["set", "key"]), Found::Missing { step: 1, .. }));
    }

    #[test]
    fn what_may_be_an_object_has_its_members() {
        let payload = payload("@\tc\titem:t\n=\tCall\thc\tset:a@0\tother:a");
        assert_eq!(payload.parameters[0].form, Form::Any);
        assert!(matches!(payload.find(&["set", "item"]), Found::Parameter(_)));
        assert!(matches!(payload.find(&["set", "itme"]), Found::Missing { step: 1, .. }));
        assert_eq!(payload.find(&["other", "item"]), Found::Open);
    }

    #[test]
    fn any_key_of_a_map_is_taken() {
        let request = payload("@\tc\tvalue:t\n=\tCall\tc\ttags:mt\trules:mo@0");
        assert_eq!(request.confidence, Confidence::Low);
        assert_eq!(request.find(&["tags", "Owner"]), Found::Open);
        assert!(matches!(request.find(&["tags"]), Found::Parameter(_)));
        assert!(matches!(request.find(&["rules", "a", "value"]), Found::Parameter(_)));
        assert!(matches!(request.find(&["rules", "a", "valeu"]), Found::Missing { step: 2, .. }));
    }

    #[test]
    fn what_cannot_be_read_leaves_its_holder_open() {
        for members in ["a:x", "a", "a:", "a:t%7", "a:t%x", "a:o@9", "a:lx", ":", "a:o@0"] {
            let request = payload(&format!("=\tCall\tc\t{members}\tb:t"));
            assert!(!request.closed, "{members}");
            assert_eq!(request.parameters.len(), 1, "{members}");
        }
    }

    #[test]
    fn an_object_that_holds_itself_comes_to_an_end() {
        let request = payload("@\tc\ta:o@0\tb:o@0\tc:o@0\n=\tCall\tc\ttop:o@0");
        assert_eq!(request.find(&["top"; 1]), Found::Parameter(&request.parameters[0]));
        let deep: Vec<&str> = std::iter::once("top").chain(std::iter::repeat_n("c", 40)).collect();
        assert_eq!(request.find(&deep), Found::Open);
    }

    #[test]
    fn bytes_that_are_no_block_have_no_events() {
        for bytes in [&b""[..], b"\0", b"not deflated", &[0xff; 64], b"K\x04\x00"] {
            assert_eq!(Sheet::inflate(bytes).payload("Call"), None);
        }
        for text in ["", "=", "=\t", "%", "@", "=\tOther", "\t\t\t", "=\tCall2\tc"] {
            assert_eq!(Sheet::read(text).payload("Call"), None, "{text:?}");
        }
    }

    proptest::proptest! {
        #[test]
        fn no_text_makes_it_panic(text in "([%@=]\t(Call\t)?[hc]?(\t[a-c]:?[tnolm]{0,2}([@%][0-3])?){0,4}\n){0,6}") {
            let _ = Sheet::read(&text).payload("Call");
        }
    }
}
