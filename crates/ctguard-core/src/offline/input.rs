//! Reads events out of a stream, one at a time: as text, so that each can be printed as it came.
//!
//! | input | gives |
//! |---|---|
//! | `{"Records": [ … ]}`, a CloudTrail log file | each record |
//! | `[ … ]` | each element |
//! | one object, or several, in lines or not | each object |
//! | gzip of any of these, of several members too | the same |
//!
//! The stream is split by structure (strings, brackets), and what is inside an event is left to whoever reads
//! it. What is broken is told with its place. After it, the next line goes on in JSON lines; in a list that is
//! cut off, nothing can.

use flate2::bufread::MultiGzDecoder;
use std::io::{self, BufReader, Read};
use std::ops::Range;

/// Longest event that is read, in bytes. CloudTrail's are below 256 KB, or not much above.
const EVENT_MAX_BYTES: usize = 64 * 1024 * 1024;

/// Bytes asked for at once.
const CHUNK_BYTES: usize = 64 * 1024;

/// What begins every gzip member.
const GZIP_MAGIC: [u8; 2] = [0x1f, 0x8b];

/// What a list is left by before the end of its file.
const LOST: &str = "what follows in this file is not read";

/// A stream of events.
pub struct Input<'r> {
    stream: Box<dyn Read + 'r>,
    buffer: Vec<u8>,
    /// Where in the buffer the next thing begins.
    at: usize,
    ended: bool,
    /// What ended the stream too early, told when all before it is used.
    failed: Option<io::Error>,
    mode: Mode,
    /// The line of `at`, from 1.
    line: u64,
    /// Events so far, broken ones too.
    number: u64,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Mode {
    /// Between documents.
    Documents,
    /// Inside a list, which may be the first field of an object.
    List {
        wrapped: bool,
    },
    /// Every line is a document: one was broken before.
    Lines,
    Ended,
}

/// Where an event stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Position {
    /// From 1, counting broken ones too.
    pub number: u64,
    /// The line where it begins, from 1.
    pub line: u64,
}

/// What stands next in a stream.
#[derive(Debug, PartialEq, Eq)]
pub enum Item<'b> {
    /// Text that is an event by its structure; it may still be no JSON.
    Event(Position, &'b [u8]),
    /// Something that is not read, and why.
    Broken(Position, String),
}

/// Where the next event stands in the buffer, or what is broken in its place.
type Advanced = Result<Option<(Position, Range<usize>)>, (Position, String)>;

/// Why the end of a value is not found.
enum Fault {
    Unclosed,
    Mismatched,
    LineBreakInText,
    TooLong,
    Unreadable(io::Error),
}

impl Fault {
    fn words(&self) -> String {
        match self {
            Self::Unclosed => "the file ends inside it".to_owned(),
            Self::Mismatched => "its brackets do not match".to_owned(),
            Self::LineBreakInText => "a line ends inside a text".to_owned(),
            Self::TooLong => format!("it has more than {} MiB", EVENT_MAX_BYTES / 1024 / 1024),
            Self::Unreadable(error) => format!("it cannot be read: {error}"),
        }
    }
}

impl<'r> Input<'r> {
    /// Begins to read; gzip is told by its first bytes, whatever the file is called.
    ///
    /// # Errors
    /// When the first bytes cannot be read.
    pub fn open(stream: impl Read + 'r) -> io::Result<Self> {
        let mut stream = BufReader::with_capacity(CHUNK_BYTES, stream);
        let mut head = Vec::new();
        (&mut stream).take(GZIP_MAGIC.len() as u64).read_to_end(&mut head)?;
        let zipped = head == GZIP_MAGIC;
        let stream = io::Cursor::new(head).chain(stream);
        let stream: Box<dyn Read + 'r> =
            if zipped { Box::new(MultiGzDecoder::new(stream)) } else { Box::new(stream) };
        Ok(Self {
            stream,
            buffer: Vec::new(),
            at: 0,
            ended: false,
            failed: None,
            mode: Mode::Documents,
            line: 1,
            number: 0,
        })
    }

    /// The next event, or what is broken in its place; `None` at the end.
    pub fn next_item(&mut self) -> Option<Item<'_>> {
        match self.advance() {
            Ok(None) => None,
            Ok(Some((position, range))) => Some(Item::Event(position, &self.buffer[range])),
            Err((position, why)) => Some(Item::Broken(position, why)),
        }
    }

    fn advance(&mut self) -> Advanced {
        loop {
            let next = match self.peek() {
                Ok(next) => next,
                Err(error) => return Err(self.lost(&Fault::Unreadable(error))),
            };
            match (self.mode, next) {
                (Mode::Ended, _) | (_, None) => {
                    let unclosed = matches!(self.mode, Mode::List { .. });
                    self.mode = Mode::Ended;
                    if unclosed {
                        return Err((self.position(), "the file ends inside a list".to_owned()));
                    }
                    return Ok(None);
                }
                (Mode::Documents, Some(b'[')) => {
                    self.consume(self.at + 1);
                    self.mode = Mode::List { wrapped: false };
                }
                (Mode::Documents, Some(b'{')) => match self.records() {
                    Ok(Some(first)) => {
                        self.consume(first);
                        self.mode = Mode::List { wrapped: true };
                    }
                    Ok(None) => return self.document(),
                    Err(error) => return Err(self.lost(&Fault::Unreadable(error))),
                },
                (Mode::Documents | Mode::Lines, Some(_)) => return self.a_line(),
                (Mode::List { .. }, Some(b',')) => self.consume(self.at + 1),
                (Mode::List { wrapped }, Some(b']')) => {
                    self.consume(self.at + 1);
                    self.mode = Mode::Documents;
                    if wrapped {
                        // Other fields may follow, up to the object's end.
                        match self.end_of(self.at, vec![b'}']) {
                            Ok(end) => self.consume(end),
                            Err(fault) => return Err(self.lost(&fault)),
                        }
                    }
                }
                (Mode::List { .. }, Some(_)) => {
                    return match self.end_of(self.at, Vec::new()) {
                        Ok(end) => Ok(Some(self.take(end))),
                        Err(fault) => Err(self.lost(&fault)),
                    };
                }
            }
        }
    }

    /// An object between documents. One that does not end is looked at line by line: perhaps a line was broken.
    fn document(&mut self) -> Advanced {
        match self.end_of(self.at, Vec::new()) {
            Ok(end) => Ok(Some(self.take(end))),
            Err(fault) => {
                let seen = &self.buffer[self.at..];
                let lines = seen.windows(2).any(|pair| pair == b"\n{");
                if !lines || matches!(fault, Fault::Unreadable(_)) {
                    return Err(self.lost(&fault));
                }
                self.mode = Mode::Lines;
                self.a_line()
            }
        }
    }

    /// What stands up to the end of the line.
    fn a_line(&mut self) -> Advanced {
        let mut from = self.at;
        loop {
            if let Some(end) = self.buffer[from..].iter().position(|byte| *byte == b'\n') {
                return Ok(Some(self.take(from + end)));
            }
            from = self.buffer.len();
            if from - self.at > EVENT_MAX_BYTES {
                return Err(self.lost(&Fault::TooLong));
            }
            let before = self.at;
            match self.fill() {
                Ok(true) => from -= before - self.at,
                Ok(false) => return Ok(Some(self.take(self.buffer.len()))),
                Err(error) => return Err(self.lost(&Fault::Unreadable(error))),
            }
        }
    }

    /// Where the list begins in an object whose first field is `Records` and a list.
    fn records(&mut self) -> io::Result<Option<usize>> {
        let mut at = self.at + 1;
        for expected in [&b"\"Records\""[..], b":", b"["] {
            loop {
                match self.buffer.get(at) {
                    Some(byte) if byte.is_ascii_whitespace() => at += 1,
                    Some(_) if self.buffer.len() >= at + expected.len() => break,
                    _ => {
                        let before = self.at;
                        if !self.fill()? {
                            return Ok(None);
                        }
                        at -= before - self.at;
                    }
                }
            }
            if !self.buffer[at..].starts_with(expected) {
                return Ok(None);
            }
            at += expected.len();
        }
        Ok(Some(at))
    }

    /// The end of the value that begins at `from`; with `open` brackets to close, of the value around it.
    fn end_of(&mut self, from: usize, mut open: Vec<u8>) -> Result<usize, Fault> {
        let mut at = from;
        let around = !open.is_empty();
        let (mut in_text, mut escaped) = (false, false);
        loop {
            while let Some(byte) = self.buffer.get(at).copied() {
                at += 1;
                if in_text {
                    match byte {
                        _ if escaped => escaped = false,
                        b'\\' => escaped = true,
                        b'"' => in_text = false,
                        b'\n' => return Err(Fault::LineBreakInText),
                        _ => continue,
                    }
                    if !in_text && open.is_empty() {
                        return Ok(at);
                    }
                    continue;
                }
                match byte {
                    b'"' => in_text = true,
                    b'{' => open.push(b'}'),
                    b'[' => open.push(b']'),
                    b'}' | b']' => match open.pop() {
                        Some(wanted) if wanted == byte && open.is_empty() => return Ok(at),
                        Some(wanted) if wanted == byte => {}
                        // A bare value in a list ends before the bracket.
                        None => return Ok(at - 1),
                        Some(_) => return Err(Fault::Mismatched),
                    },
                    b',' if open.is_empty() => return Ok(at - 1),
                    _ => {}
                }
            }
            if at - self.at > EVENT_MAX_BYTES {
                // Of what stands around a list nothing is kept.
                if !around {
                    return Err(Fault::TooLong);
                }
                self.consume(at);
            }
            let before = self.at;
            match self.fill() {
                Ok(true) => at -= before - self.at,
                Ok(false) => return Err(Fault::Unclosed),
                Err(error) => return Err(Fault::Unreadable(error)),
            }
        }
    }

    /// The next byte that is no space.
    fn peek(&mut self) -> io::Result<Option<u8>> {
        loop {
            if self.number == 0
                && self.line == 1
                && self.buffer[self.at..].starts_with(b"\xef\xbb\xbf")
            {
                self.at += 3;
            }
            let rest = &self.buffer[self.at..];
            if let Some(found) = rest.iter().position(|byte| !byte.is_ascii_whitespace()) {
                let next = rest[found];
                self.consume(self.at + found);
                return Ok(Some(next));
            }
            self.consume(self.buffer.len());
            if !self.fill()? {
                return Ok(None);
            }
        }
    }

    /// Reads more; drops what is behind `at`, so that positions move. Says whether anything came.
    fn fill(&mut self) -> io::Result<bool> {
        if let Some(error) = self.failed.take() {
            self.ended = true;
            return Err(error);
        }
        if self.ended {
            return Ok(false);
        }
        // Moving a long rest forward for every chunk would cost more than the memory.
        if self.at > 0 && self.at >= self.buffer.len() / 2 {
            self.buffer.drain(..self.at);
            self.at = 0;
        }
        let before = self.buffer.len();
        let read = (&mut self.stream).take(CHUNK_BYTES as u64).read_to_end(&mut self.buffer);
        let more = self.buffer.len() > before;
        match read {
            Err(error) if !more => return Err(error),
            Err(error) => self.failed = Some(error),
            Ok(_) => self.ended = !more,
        }
        Ok(more)
    }

    /// Leaves everything before `to` behind.
    fn consume(&mut self, to: usize) {
        let passed = &self.buffer[self.at..to];
        self.line += passed.iter().filter(|byte| **byte == b'\n').count() as u64;
        self.at = to;
    }

    fn take(&mut self, end: usize) -> (Position, Range<usize>) {
        let position = self.position();
        let start = self.at;
        self.consume(end);
        (position, start..end)
    }

    fn position(&mut self) -> Position {
        self.number += 1;
        Position { number: self.number, line: self.line }
    }

    /// Gives the rest of the stream up.
    fn lost(&mut self, fault: &Fault) -> (Position, String) {
        self.mode = Mode::Ended;
        self.ended = true;
        let position = self.position();
        (position, format!("{}; {LOST}", fault.words()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use flate2::Compression;
    use flate2::write::GzEncoder;
    use std::io::Write;

    /// What a stream gives: events as they are, broken ones as `!` and the reason up to `;`.
    fn read(bytes: &[u8]) -> Vec<String> {
        // One byte at a time, so that every place is once the end of what has come.
        let mut dribble = Vec::new();
        for input in [Input::open(bytes), Input::open(Dribble(bytes))] {
            let mut input = input.expect("opens");
            let mut items = Vec::new();
            while let Some(item) = input.next_item() {
                items.push(match item {
                    Item::Event(at, text) => {
                        format!("{}:{} {}", at.number, at.line, String::from_utf8_lossy(text))
                    }
                    Item::Broken(at, why) => {
                        format!(
                            "{}:{} !{}",
                            at.number,
                            at.line,
                            why.split(';').next().unwrap_or("")
                        )
                    }
                });
            }
            dribble.push(items);
        }
        assert_eq!(dribble[0], dribble[1], "the same however it comes");
        dribble.swap_remove(0)
    }

    struct Dribble<'a>(&'a [u8]);

    impl Read for Dribble<'_> {
        fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
            let count = self.0.len().min(1).min(buffer.len());
            buffer[..count].copy_from_slice(&self.0[..count]);
            self.0 = &self.0[count..];
            Ok(count)
        }
    }

    fn gzip(bytes: &[u8]) -> Vec<u8> {
        let mut encoder = GzEncoder::new(Vec::new(), Compression::fast());
        encoder.write_all(bytes).expect("memory");
        encoder.finish().expect("memory")
    }

    #[test]
    fn every_shape_of_input_gives_its_events_as_they_came() {
        for (text, expected) in [
            ("", &[][..]),
            (" \n\t", &[]),
            (r#"{"a":1}"#, &[r#"1:1 {"a":1}"#]),
            ("\u{feff}{\"a\":1}", &[r#"1:1 {"a":1}"#]),
            ("{\"a\":1}\n{\"b\":2}\n", &[r#"1:1 {"a":1}"#, r#"2:2 {"b":2}"#]),
            ("{\"a\":1} {\"b\":2}", &[r#"1:1 {"a":1}"#, r#"2:1 {"b":2}"#]),
            ("{\n  \"a\": [1]\n}\n{}", &["1:1 {\n  \"a\": [1]\n}", "2:4 {}"]),
            ("[]", &[]),
            ("[{\"a\":1},\n {\"b\":2}]", &[r#"1:1 {"a":1}"#, r#"2:2 {"b":2}"#]),
            (r#"{"Records":[]}"#, &[]),
            (r#"{"Records":[{"a":1},{"b":2}]}"#, &[r#"1:1 {"a":1}"#, r#"2:1 {"b":2}"#]),
            (
                "{ \"Records\" :\n[ {\"a\":1} ], \"more\": {\"x\": [\"]}\"]} }\n{\"b\":2}",
                &[r#"1:2 {"a":1}"#, r#"2:3 {"b":2}"#],
            ),
            // No list, or not the first field: the object itself.
            (r#"{"Records":{}}"#, &[r#"1:1 {"Records":{}}"#]),
            (r#"{"x":1,"Records":[{}]}"#, &[r#"1:1 {"x":1,"Records":[{}]}"#]),
            (r#"{"Record":[]}"#, &[r#"1:1 {"Record":[]}"#]),
            // Brackets, quotes and backslashes inside texts are text.
            (r#"[{"a":"}]\"{"},{"b":"\\"}]"#, &[r#"1:1 {"a":"}]\"{"}"#, r#"2:1 {"b":"\\"}"#]),
            ("[1, \"x\", [2], null]", &["1:1 1", "2:1 \"x\"", "3:1 [2]", "4:1 null"]),
        ] {
            assert_eq!(read(text.as_bytes()), expected, "{text}");
            assert_eq!(read(&gzip(text.as_bytes())), expected, "{text}, compressed");
        }
    }

    #[test]
    fn what_is_broken_is_told_and_what_can_be_read_is_read() {
        for (text, expected) in [
            ("nonsense\n{\"a\":1}", &["1:1 nonsense", r#"2:2 {"a":1}"#][..]),
            (
                "{\"a\":\n{\"b\":2}\n{\"c\":3}\n",
                &["1:1 {\"a\":", r#"2:2 {"b":2}"#, r#"3:3 {"c":3}"#],
            ),
            ("{\"a\":\"x\n{\"b\":2}\n", &["1:1 {\"a\":\"x", r#"2:2 {"b":2}"#]),
            ("{\"a\":1]\n{\"b\":2}\n", &["1:1 {\"a\":1]", r#"2:2 {"b":2}"#]),
            ("{\"a\":1}}\n{\"b\":2}", &[r#"1:1 {"a":1}"#, "2:1 }", r#"3:2 {"b":2}"#]),
            ("{\n \"a\":\n", &["1:1 !the file ends inside it"]),
            (r#"{"Records":[{"a":1},{"b":"#, &[r#"1:1 {"a":1}"#, "2:1 !the file ends inside it"]),
            (r#"{"Records":[{"a":1}"#, &[r#"1:1 {"a":1}"#, "2:1 !the file ends inside a list"]),
            (r#"{"Records":[{"a":1}]"#, &[r#"1:1 {"a":1}"#, "2:1 !the file ends inside it"]),
            (r#"[{"a":1},{"b":1]"#, &[r#"1:1 {"a":1}"#, "2:1 !its brackets do not match"]),
        ] {
            assert_eq!(read(text.as_bytes()), expected, "{text}");
        }
    }

    #[test]
    fn several_members_of_gzip_are_one_stream_and_a_cut_one_says_so() {
        let (one, two) = (gzip(b"{\"a\":1}\n"), gzip(b"{\"b\":2}\n"));
        let together = [one.clone(), two].concat();
        assert_eq!(read(&together), [r#"1:1 {"a":1}"#, r#"2:2 {"b":2}"#]);
        let cut = read(&together[..together.len() - 9]);
        assert_eq!(cut[0], r#"1:1 {"a":1}"#);
        assert!(cut.last().is_some_and(|last| last.contains("cannot be read")), "{cut:?}");
    }

    #[test]
    fn long_streams_are_read_a_piece_at_a_time() {
        let event = format!("{{\"a\":\"{}\"}}\n", "x".repeat(1_000));
        let text = event.repeat(2_000);
        let mut input = Input::open(text.as_bytes()).expect("opens");
        let (mut events, mut most) = (0, 0);
        while let Some(Item::Event(..)) = input.next_item() {
            events += 1;
            most = most.max(input.buffer.capacity());
        }
        assert_eq!(events, 2_000);
        assert!(most < 8 * CHUNK_BYTES, "the buffer grew to {most} bytes");
    }
}
