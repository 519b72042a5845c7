//! From a text to the records and events in it, whatever they are wrapped in.
//!
//! A text is documents one after the other, on lines of their own or not: objects, lists, JSON in quotes. An object with a list
//! of a known name is read element by element, so that its length does not matter; every other object is taken whole, and
//! [`shape`](super::shape) says what it is. What carries a text is unwrapped, and the text is read in the same way.
//!
//! Whatever is not read is told with its place. After a document that does not end, each line is taken for a document; in
//! a list that breaks off, nothing that follows can be told apart.

mod lines;

use super::answer::{self, Answer};
use super::container::{Container, Containers, ITEM_MAX, PassedOver, Unread};
use super::row::{self, Columns};
use super::shape::{
    Opening, Shape, is_plainly_record, is_row, is_single, list_named, opening, shape,
};
use super::unwrap::{base64, inflate, unescape};
use super::window::Window;
use super::{carrier, csv, foreign, query};
use crate::skim::{container_end, past_space, string_end, value_end};
use std::ops::ControlFlow;

/// Whether reading goes on.
pub type Flow = ControlFlow<()>;

/// Takes what is found, one by one.
pub type Visit<'v> = dyn FnMut(Item<'_>) -> Flow + 'v;

/// Something that was found in a text.
pub struct Item<'t> {
    /// What it is.
    pub what: What<'t>,
    /// What it was taken out of.
    pub containers: Containers,
    /// Its number in the file, from 1; what is not read counts, too.
    pub number: u64,
    line: &'t dyn Fn() -> u64,
}

/// What was found.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum What<'t> {
    /// The text of a CloudTrail record. Nothing is checked of it but that it closes.
    Record(&'t [u8]),
    /// The text of a record that was made from a row of a table, and the fields for which the table has a column: of others
    /// nothing is known.
    Row(&'t [u8], &'t Columns),
    /// The text of an event as EventBridge has it.
    Event(&'t [u8]),
    /// Something that is known to hold no event.
    PassedOver(PassedOver),
    /// Something that is not read.
    Unread(Unread),
}

impl Item<'_> {
    /// The line of the file on which it begins, from 1; of what was wrapped, that of what it was wrapped in.
    pub fn line(&self) -> u64 {
        (self.line)()
    }
}

/// Where something stands.
#[derive(Clone, Copy)]
pub(super) struct At<'a> {
    pub(super) containers: Containers,
    pub(super) line: &'a dyn Fn() -> u64,
}

impl At<'_> {
    fn inside(self, container: Container) -> Option<Self> {
        Some(Self { containers: self.containers.with(container)?, ..self })
    }
}

/// Reads one file.
pub(super) struct Walk<'v> {
    visit: &'v mut Visit<'v>,
    /// What was found so far.
    number: u64,
    /// Texts and lists that stand in each other where it is.
    depth: usize,
    /// Whether anything but white space and commas was met.
    met_something: bool,
    /// Elements of the list that was read last.
    elements: u64,
    /// Whether results were told of a search that has not ended.
    previewed: bool,
    /// Buffers for texts without their escapes.
    spare: Vec<Vec<u8>>,
}

/// How deep texts and lists may stand in each other, named containers or not.
const NESTED_MAX: usize = 24;

/// The longest buffer that is kept for the next text.
const SPARE_MAX: usize = 1 << 20;

/// Levels of gzip in each other that are taken off.
const PACKED_MAX: usize = 3;

impl<'v> Walk<'v> {
    pub(super) fn new(visit: &'v mut Visit<'v>) -> Self {
        Self {
            visit,
            number: 0,
            depth: 0,
            met_something: false,
            elements: 0,
            previewed: false,
            spare: Vec::new(),
        }
    }

    /// Reads a file's text from its beginning.
    pub(super) fn file(&mut self, window: &mut Window<'_>) -> Flow {
        let containers = Containers::default();
        match foreign::told(window) {
            foreign::Told::Documents => {
                self.documents(window, containers, None)?;
                if self.met_something || window.end_is_told() {
                    return Flow::Continue(());
                }
                self.tell(At { containers, line: &|| 1 }, What::Unread(Unread::Empty))
            }
            foreign::Told::Table(delimiter) => csv::rows(self, window, delimiter),
            foreign::Told::Unread(why) => {
                window.end();
                self.tell(At { containers, line: &|| 1 }, What::Unread(why))
            }
        }
    }

    /// Tells of something at the beginning of what is at hand, or in the place of what it is wrapped in.
    pub(super) fn tell(&mut self, at: At<'_>, what: What<'_>) -> Flow {
        self.number += 1;
        (self.visit)(Item { what, containers: at.containers, number: self.number, line: at.line })
    }

    fn unread(&mut self, window: &Window<'_>, place: Place<'_>, why: Unread) -> Flow {
        let line = || place.outer.map_or_else(|| window.line(), |line| line());
        self.tell(At { containers: place.containers, line: &line }, What::Unread(why))
    }

    /// Reads documents up to the end. `outer` is the line of what the text is wrapped in.
    fn documents(
        &mut self,
        window: &mut Window<'_>,
        containers: Containers,
        outer: Option<&dyn Fn() -> u64>,
    ) -> Flow {
        self.depth += 1;
        let place = Place { containers, outer };
        let mut by_lines = false;
        while let Some(next) = window.peek() {
            self.met_something |= next != b',';
            match next {
                // Some tools write commas between lines.
                b',' => window.pass(1),
                _ if by_lines => self.one_line(window, place)?,
                b'{' => by_lines = self.object(window, place, true)?.is_by_lines(),
                b'[' => self.nested_list(window, place)?,
                b'"' => self.string(window, place)?,
                _ => self.other_line(window, place)?,
            }
        }
        self.depth -= 1;
        Flow::Continue(())
    }

    /// Reads the object at the beginning of the rest, and leaves it behind. A document that does not end may be a broken
    /// line; then nothing is left behind.
    fn object(&mut self, window: &mut Window<'_>, place: Place<'_>, document: bool) -> Step {
        loop {
            match opening(window.rest()) {
                Opening::Whole => {
                    return match self.carrier(window, place, document) {
                        Some(flow) => flow.map_continue(|()| Next::Value),
                        None => self.whole(window, place, document),
                    };
                }
                Opening::List { container, at, depth } => {
                    let inside = place.containers.with(container);
                    let Some(containers) = inside.filter(|_| self.depth < NESTED_MAX) else {
                        self.too_deep(window, place)?;
                        return Step::Continue(Next::Value);
                    };
                    let mut answer = Answer::opening(container, window.rest(), at);
                    window.pass(at);
                    self.depth += 1;
                    self.list(window, Place { containers, ..place })?;
                    self.depth -= 1;
                    answer.rows = self.elements;
                    self.after_list(window, place, depth, Some(&mut answer))?;
                    if let Some(why) = answer.lacks() {
                        self.unread(window, place, Unread::Incomplete(why))?;
                    }
                    return Step::Continue(Next::Value);
                }
                // It is short, and is looked at as a whole.
                Opening::PassedOver { kind: PassedOver::LogsControl, list: None } => {
                    return self.whole(window, place, document);
                }
                Opening::PassedOver { kind, list } => {
                    let line = || place.outer.map_or_else(|| window.line(), |line| line());
                    let at = At { containers: place.containers, line: &line };
                    self.tell(at, What::PassedOver(kind))?;
                    window.pass(list.unwrap_or(0));
                    self.skip(window, place)?;
                    if list.is_some() {
                        self.after_list(window, place, 1, None)?;
                    }
                    return Step::Continue(Next::Value);
                }
                Opening::Unclear => {
                    if window.rest().len() > ITEM_MAX || !window.more() {
                        return self.whole(window, place, document);
                    }
                }
            }
        }
    }

    /// Reads what the object at the beginning of the rest carries as text, if that can be told at once.
    fn carrier(
        &mut self,
        window: &mut Window<'_>,
        place: Place<'_>,
        document: bool,
    ) -> Option<Flow> {
        let mut plain = self.spare.pop().unwrap_or_default();
        let found = carrier::carried(window.rest(), &mut plain)
            .filter(|found| found.around.is_none() || self.depth + 1 < NESTED_MAX)
            .filter(|found| !document || lines_close(&window.rest()[..found.end]));
        let flow = found.map(|found| {
            let line = || place.outer.map_or_else(|| window.line(), |line| line());
            let at = At { containers: place.containers.lambda(), line: &line };
            let around = match found.around {
                Some(around) => at.inside(around),
                None => Some(at),
            };
            let flow = match around.and_then(|around| around.inside(found.container)) {
                Some(inside) => {
                    self.carried(&plain[..found.length], found.container.as_str(), inside)
                }
                None => self.tell(at, What::Unread(Unread::TooDeep)),
            };
            window.pass(found.end);
            flow
        });
        if plain.capacity() <= SPARE_MAX {
            self.spare.push(plain);
        }
        flow
    }

    fn whole(&mut self, window: &mut Window<'_>, place: Place<'_>, document: bool) -> Step {
        match end_of_whole(window) {
            Ok(end) if document && !lines_close(&window.rest()[..end]) => {
                return Step::Continue(Next::ByLines);
            }
            Ok(end) => {
                let line = || place.outer.map_or_else(|| window.line(), |line| line());
                let at = At { containers: place.containers, line: &line };
                self.item(&window.rest()[..end], at)?;
                window.pass(end);
            }
            Err(why) => {
                if document && line_begins(window.rest()) {
                    return Step::Continue(Next::ByLines);
                }
                if why == Unread::TooLong {
                    self.unread(window, place, why)?;
                    self.skip(window, place)?;
                } else {
                    self.cut_off(window, place)?;
                }
            }
        }
        Step::Continue(Next::Value)
    }

    /// Says what an object is that is at hand as a whole, and reads what it carries.
    pub(super) fn item(&mut self, text: &[u8], at: At<'_>) -> Flow {
        let found = if is_plainly_record(text) { Shape::Record } else { shape(text) };
        let found = match found {
            Shape::Record if is_row(text) => Shape::Columns,
            Shape::Record => return self.record(text, at),
            other => other,
        };
        let at = At { containers: at.containers.lambda(), ..at };
        match found {
            Shape::Record | Shape::Event => self.tell(at, What::Event(text)),
            Shape::Text(container, from) => self.text(text, from, container, at),
            Shape::Base64(container, from) => self.packed(text, from, container, at),
            Shape::Inner(container, from) => {
                let inside = at.inside(container).filter(|_| self.depth < NESTED_MAX);
                let Some(inside) = inside else {
                    return self.tell(at, What::Unread(Unread::TooDeep));
                };
                // `awslogs` and `kinesis` have their text in `data`.
                self.inner(&text[from..], inside)?;
                self.previewed(text, container, at)
            }
            Shape::Columns => match row::of_json(text) {
                Ok((record, columns)) => match at.inside(Container::AthenaRow) {
                    Some(inside) => self.tell(inside, What::Row(&record, &columns)),
                    None => self.tell(at, What::Unread(Unread::TooDeep)),
                },
                Err(why) => self.tell(at, What::Unread(why)),
            },
            Shape::PassedOver(kind) => self.tell(at, passed_over(kind, text)),
            Shape::Unread(why) => self.tell(at, What::Unread(why)),
        }
    }

    /// Hands over a record, or what a query has left of one.
    fn record(&mut self, text: &[u8], at: At<'_>) -> Flow {
        match row::selected(text) {
            Some(columns) => self.tell(at, What::Row(text, &columns)),
            None => self.tell(at, What::Record(text)),
        }
    }

    /// Tells once of a file that a result of Splunk's is one of a search that has not ended.
    fn previewed(&mut self, text: &[u8], container: Container, at: At<'_>) -> Flow {
        if container != Container::Splunk || self.previewed || !answer::is_preview(text) {
            return Flow::Continue(());
        }
        self.previewed = true;
        self.tell(at, What::Unread(Unread::Incomplete(answer::PREVIEW.to_owned())))
    }

    /// Reads the object or list at the beginning of a text, and not what follows it.
    fn inner(&mut self, text: &[u8], at: At<'_>) -> Flow {
        let mut window = Window::whole(text);
        let place = Place { containers: at.containers, outer: Some(at.line) };
        self.depth += 1;
        match text.first() {
            Some(b'[') => self.nested_list(&mut window, place)?,
            _ => {
                self.object(&mut window, place, false)?;
            }
        }
        self.depth -= 1;
        Flow::Continue(())
    }

    /// Reads the JSON text in the string at `from`.
    fn text(&mut self, text: &[u8], from: usize, container: Container, at: At<'_>) -> Flow {
        let Some(inside) = at.inside(container) else {
            return self.tell(at, What::Unread(Unread::TooDeep));
        };
        let mut plain = self.spare.pop().unwrap_or_default();
        let flow = match unescape(text, from, &mut plain) {
            Some(length) => self.carried(&plain[..length], container.as_str(), inside),
            None => self.tell(inside, What::Unread(Unread::NoJsonInside(container.as_str()))),
        };
        if plain.capacity() <= SPARE_MAX {
            self.spare.push(plain);
        }
        flow
    }

    /// Reads what stands as base64 in the string at `from`, perhaps as gzip.
    fn packed(&mut self, text: &[u8], from: usize, container: Container, at: At<'_>) -> Flow {
        let container = match at.containers.last() {
            Some(Container::LogsSubscription) => Container::LogsSubscription,
            _ => container,
        };
        let Some(inside) = at.inside(container) else {
            return self.tell(at, What::Unread(Unread::TooDeep));
        };
        let mut plain = Vec::new();
        let mut bytes =
            unescape(text, from, &mut plain).and_then(|length| base64(&plain[..length]));
        for _ in 0..PACKED_MAX {
            if bytes.as_ref().is_some_and(|bytes| bytes.starts_with(&[0x1f, 0x8b])) {
                bytes = bytes.and_then(|gzip| inflate(&gzip, ITEM_MAX));
            }
        }
        match bytes {
            Some(bytes) => self.carried(&bytes, container.as_str(), inside),
            None => self.tell(inside, What::Unread(Unread::BadPacking(container.as_str()))),
        }
    }

    /// Reads a text that something carried: JSON, or nothing that is read.
    pub(super) fn carried(&mut self, text: &[u8], name: &'static str, at: At<'_>) -> Flow {
        match text.get(past_space(text, 0)) {
            Some(b'{' | b'[' | b'"') if self.depth >= NESTED_MAX => {
                self.tell(at, What::Unread(Unread::TooDeep))
            }
            Some(b'{' | b'[' | b'"') => {
                self.documents(&mut Window::whole(text), at.containers, Some(at.line))
            }
            _ => self.tell(at, What::Unread(Unread::NoJsonInside(name))),
        }
    }

    /// Reads the list at the beginning of the rest.
    fn nested_list(&mut self, window: &mut Window<'_>, place: Place<'_>) -> Flow {
        if query::is_row(window) {
            return self.query_row(window, place);
        }
        let containers = place.containers.with(Container::List);
        match containers.filter(|_| self.depth < NESTED_MAX) {
            Some(containers) => {
                window.pass(1);
                self.depth += 1;
                self.list(window, Place { containers, ..place })?;
                self.depth -= 1;
                Flow::Continue(())
            }
            None => self.too_deep(window, place),
        }
    }

    /// Reads the row of a query in CloudWatch Logs at the beginning of the rest, a list of fields.
    fn query_row(&mut self, window: &mut Window<'_>, place: Place<'_>) -> Flow {
        match end_of_whole(window) {
            Ok(end) => {
                let line = || place.outer.map_or_else(|| window.line(), |line| line());
                let at = At { containers: place.containers.logs_insights(), line: &line };
                let row = &window.rest()[..end];
                match query::message(row) {
                    Some(from) => self.text(row, from, Container::LogsInsights, at)?,
                    None => self.tell(at, What::Unread(Unread::NoMessage))?,
                }
                window.pass(end);
                Flow::Continue(())
            }
            Err(Unread::CutOff) => self.cut_off(window, place),
            Err(why) => {
                self.unread(window, place, why)?;
                self.skip(window, place)
            }
        }
    }

    /// Reads the elements of the list whose bracket is behind.
    fn list(&mut self, window: &mut Window<'_>, place: Place<'_>) -> Flow {
        let mut elements = 0;
        loop {
            let next = window.peek();
            elements += u64::from(next.is_some_and(|next| !b",]".contains(&next)));
            match next {
                None => return self.cut_off(window, place),
                Some(b',') => window.pass(1),
                Some(b']') => {
                    window.pass(1);
                    self.elements = elements;
                    return Flow::Continue(());
                }
                Some(b'{') => {
                    self.object(window, place, false)?;
                }
                Some(b'[') => self.nested_list(window, place)?,
                Some(b'"') => self.string(window, place)?,
                Some(b'}' | b':') => {
                    self.unread(window, place, Unread::BrokenList)?;
                    window.end();
                    return Flow::Continue(());
                }
                Some(_) => {
                    self.unread(window, place, Unread::NotAnObject)?;
                    self.skip(window, place)?;
                }
            }
        }
    }

    /// Reads on behind a list, up to the end of so many objects that it stands in.
    fn after_list(
        &mut self,
        window: &mut Window<'_>,
        place: Place<'_>,
        depth: usize,
        mut answer: Option<&mut Answer>,
    ) -> Flow {
        let mut open = depth;
        while open > 0 {
            match window.peek() {
                None => return self.cut_off(window, place),
                Some(b'}') => {
                    window.pass(1);
                    open -= 1;
                }
                Some(b',') => window.pass(1),
                Some(b'"') => {
                    let Some((key, value)) = key(window) else {
                        return self.cut_off(window, place);
                    };
                    window.pass(value);
                    match (list_named(&key), window.rest().first()) {
                        (Some(container), Some(b'[')) => {
                            let inside = place.containers.with(container);
                            let containers = inside.unwrap_or(place.containers);
                            window.pass(1);
                            self.list(window, Place { containers, ..place })?;
                        }
                        _ => {
                            let end = Answer::asks(&key).then(|| value_at_hand(window)).flatten();
                            if let (Some(answer), Some(end)) = (answer.as_deref_mut(), end) {
                                answer.note(&key, &window.rest()[..end], open > 1);
                            }
                            if is_single(&key) || value_tells(window) {
                                let name = String::from_utf8_lossy(&key[..key.len().min(40)]);
                                let why =
                                    Unread::Unknown(format!("; it is `{name}`, beside a list"));
                                self.unread(window, place, why)?;
                            }
                            self.skip(window, place)?;
                        }
                    }
                }
                Some(_) => {
                    self.unread(window, place, Unread::BrokenList)?;
                    window.end();
                }
            }
        }
        Flow::Continue(())
    }

    /// Reads the JSON in the string at the beginning of the rest, such as what `jq '.Events[].CloudTrailEvent'` prints.
    fn string(&mut self, window: &mut Window<'_>, place: Place<'_>) -> Flow {
        let end = loop {
            match string_end(window.rest(), 0) {
                Some((end, _)) => break end + 1,
                None if window.rest().len() > ITEM_MAX => {
                    self.unread(window, place, Unread::TooLong)?;
                    return self.skip(window, place);
                }
                None if window.more() => {}
                None => return self.cut_off(window, place),
            }
        };
        let mut plain = self.spare.pop().unwrap_or_default();
        let length = unescape(&window.rest()[..end], 0, &mut plain).unwrap_or(0);
        let text = &plain[..length];
        let line = || place.outer.map_or_else(|| window.line(), |line| line());
        let flow = match text.get(past_space(text, 0)) {
            Some(b'{' | b'[') if self.depth < NESTED_MAX => {
                self.documents(&mut Window::whole(text), place.containers, Some(&line))
            }
            _ => {
                let at = At { containers: place.containers, line: &line };
                self.tell(at, What::Unread(Unread::NotAnObject))
            }
        };
        if plain.capacity() <= SPARE_MAX {
            self.spare.push(plain);
        }
        window.pass(end);
        flow
    }

    /// Leaves the value at the beginning of the rest behind, however long.
    fn skip(&mut self, window: &mut Window<'_>, place: Place<'_>) -> Flow {
        let (mut depth, mut inside, mut escaped, mut begun) = (0_u64, false, false, false);
        loop {
            for (at, byte) in window.rest().iter().enumerate() {
                let mut ends = None;
                match byte {
                    _ if escaped => escaped = false,
                    b'\\' if inside => escaped = true,
                    b'"' => {
                        inside = !inside;
                        ends = (!inside && depth == 0).then_some(at + 1);
                    }
                    _ if inside => {}
                    b'{' | b'[' => depth += 1,
                    b'}' | b']' if depth > 0 => {
                        depth -= 1;
                        ends = (depth == 0).then_some(at + 1);
                    }
                    b'}' | b']' | b',' if depth == 0 => ends = Some(at.max(usize::from(!begun))),
                    b' ' | b'\t' | b'\n' | b'\r' if depth == 0 => ends = Some(at),
                    _ => {}
                }
                begun = true;
                if let Some(end) = ends {
                    window.pass(end);
                    return Flow::Continue(());
                }
            }
            window.pass(window.rest().len());
            if !window.more() {
                // A number or word may end with the text.
                let open = depth > 0 || inside;
                return if open { self.cut_off(window, place) } else { Flow::Continue(()) };
            }
        }
    }

    fn too_deep(&mut self, window: &mut Window<'_>, place: Place<'_>) -> Flow {
        self.unread(window, place, Unread::TooDeep)?;
        self.skip(window, place)
    }

    /// The text ends where it should not. Of a stream that failed, the reason is told in the end.
    fn cut_off(&mut self, window: &mut Window<'_>, place: Place<'_>) -> Flow {
        if !window.end_is_told() {
            self.unread(window, place, Unread::CutOff)?;
        }
        window.end();
        Flow::Continue(())
    }
}

/// Where documents or elements stand: in what, and on which line if the text itself is wrapped.
#[derive(Clone, Copy)]
struct Place<'a> {
    containers: Containers,
    outer: Option<&'a dyn Fn() -> u64>,
}

/// What comes after an object.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Next {
    Value,
    /// It does not end: perhaps a line is broken.
    ByLines,
}

impl Next {
    fn is_by_lines(self) -> bool {
        self == Self::ByLines
    }
}

type Step = ControlFlow<(), Next>;

/// Something that says of itself that it holds no event; if it has the words of a record, it is not believed. What AWS Config
/// keeps has such words of its own.
fn passed_over(kind: PassedOver, text: &[u8]) -> What<'static> {
    match kind != PassedOver::Config && foreign::has_words_of_a_record(text) {
        true => {
            let kind = kind.as_str();
            let why = format!("; it calls itself one of kind {kind}, and has words of a record");
            What::Unread(Unread::Unknown(why))
        }
        false => What::PassedOver(kind),
    }
}

/// Where the object or list at the beginning of the rest ends, once all of it is at hand.
fn end_of_whole(window: &mut Window<'_>) -> Result<usize, Unread> {
    loop {
        match container_end(window.rest(), 0) {
            Some(end) if end <= ITEM_MAX => return Ok(end),
            None if window.rest().len() <= ITEM_MAX => {
                if !window.more() {
                    return Err(Unread::CutOff);
                }
            }
            _ => return Err(Unread::TooLong),
        }
    }
}

/// Whether every text ends on the line on which it begins, as in JSON it must.
fn lines_close(text: &[u8]) -> bool {
    if memchr::memchr(b'\n', text).is_none() {
        return true;
    }
    let mut at = 0;
    while let Some(open) = text.get(at..).and_then(|rest| memchr::memchr(b'"', rest)) {
        let open = at + open;
        let Some((end, _)) = string_end(text, open) else { return false };
        if memchr::memchr(b'\n', &text[open..end]).is_some() {
            return false;
        }
        at = end + 1;
    }
    true
}

/// Whether another object begins on a line of its own.
fn line_begins(text: &[u8]) -> bool {
    memchr::memmem::find(text, b"\n{").is_some()
}

/// Whether the value at the beginning of the rest has words that stand in what carries records or events. A number or word has
/// none; nor is one looked into that is longer than anything that is read, which then is told.
fn value_tells(window: &mut Window<'_>) -> bool {
    loop {
        let rest = window.rest();
        let end = match rest.first() {
            Some(b'{' | b'[') => container_end(rest, 0),
            Some(b'"') => string_end(rest, 0).map(|(end, _)| end + 1),
            _ => return false,
        };
        match end {
            // Without its quotes: a word alone is no key.
            Some(end) => return foreign::has_telling_words(&rest[1..end - 1]),
            None if rest.len() > ITEM_MAX => return true,
            None if window.more() => {}
            None => return false,
        }
    }
}

/// Where the value at the beginning of the rest ends, if it is no longer than anything that is read.
fn value_at_hand(window: &mut Window<'_>) -> Option<usize> {
    loop {
        let length = window.rest().len();
        match value_end(window.rest(), 0) {
            Some(end) if end < length => return Some(end),
            found if length > ITEM_MAX || !window.more() => return found,
            _ => {}
        }
    }
}

/// The key at the beginning of the rest, without escapes, and where its value begins.
fn key(window: &mut Window<'_>) -> Option<(Vec<u8>, usize)> {
    loop {
        let rest = window.rest();
        if let Some((end, escaped)) = string_end(rest, 0) {
            let colon = past_space(rest, end + 1);
            let value = past_space(rest, colon + 1);
            if value < rest.len() {
                let mut key = rest[1..end].to_vec();
                let mut plain = Vec::new();
                if let Some(length) = escaped.then(|| unescape(rest, 0, &mut plain)).flatten() {
                    key = plain[..length].to_vec();
                }
                return (rest[colon] == b':').then_some((key, value));
            }
        }
        if rest.len() > ITEM_MAX || !window.more() {
            return None;
        }
    }
}

#[cfg(test)]
mod tests;
