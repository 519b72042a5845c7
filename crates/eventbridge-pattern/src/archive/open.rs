//! From a file to its text: as it is, or inflated; whole where it is small, a window of it where it is not.
//!
//! A gzip file says at its end how long its text is. That is a hint for the buffer's size and nothing more: it is
//! the length modulo 2³², of the last member only, and anybody may write anything there.

use super::container::{Containers, RATIO_MAX, Unread};
use super::find::check_is_file;
use super::read::{At, Flow, Visit, Walk, What};
use super::window::Window;
use flate2::bufread::GzDecoder;
use std::cell::Cell;
use std::fs::File;
use std::io::{self, BufRead, BufReader, Cursor, Read};
use std::path::Path;
use std::rc::Rc;

/// The longest file that is read at once, in bytes; of larger ones a window.
const FILE_MAX: usize = 4 << 20;

/// The longest text that is inflated at once. CloudTrail's files are mostly below.
#[cfg(feature = "libdeflate")]
const TEXT_MAX: usize = 16 << 20;

/// Bytes of text up to which any ratio is taken.
const RATIO_FREE: u64 = 1 << 30;

/// Levels of gzip in each other that are taken off.
const PACKED_MAX: usize = 3;

const GZIP_MAGIC: [u8; 2] = [0x1f, 0x8b];

/// Reads files one after the other; keeps its buffers for the next.
///
/// ```
/// use eventbridge_pattern::archive::{Reader, What};
/// use std::ops::ControlFlow;
///
/// let text = r#"{"Type": "Notification", "Message": "{\"source\": \"aws.iam\", \"detail\": {}}"}"#;
/// let mut events = Vec::new();
/// Reader::default().stream(&mut text.as_bytes(), &mut |item| {
///     if let What::Event(event) = item.what {
///         events.push(String::from_utf8_lossy(event).into_owned());
///         assert_eq!(item.containers.to_string(), "sns-notification");
///     }
///     ControlFlow::Continue(())
/// });
/// assert_eq!(events, [r#"{"source": "aws.iam", "detail": {}}"#]);
/// ```
pub struct Reader {
    #[cfg(feature = "libdeflate")]
    libdeflate: libdeflater::Decompressor,
    file: Vec<u8>,
    text: Vec<u8>,
    ratio_free: u64,
}

impl Default for Reader {
    fn default() -> Self {
        Self {
            #[cfg(feature = "libdeflate")]
            libdeflate: libdeflater::Decompressor::new(),
            file: Vec::new(),
            text: Vec::new(),
            ratio_free: RATIO_FREE,
        }
    }
}

/// How much was read.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct BytesRead {
    /// Bytes of the file.
    pub file: u64,
    /// Bytes of its text.
    pub text: u64,
}

impl Reader {
    /// Reads a file and hands over what is in it, one by one; what cannot be read, too.
    ///
    /// # Errors
    /// When it cannot be opened, or is a folder.
    pub fn file(&mut self, path: &Path, visit: &mut Visit<'_>) -> io::Result<BytesRead> {
        check_is_file(path)?;
        let mut file = File::open(path)?;
        let about = file.metadata()?;
        if about.is_file() && about.len() == 0 {
            let _ = visit_alone(visit, Unread::Empty);
            return Ok(BytesRead::default());
        }
        let mut head = std::mem::take(&mut self.file);
        head.clear();
        (&mut file).take(FILE_MAX as u64 + 1).read_to_end(&mut head)?;
        let read = match head.len() <= FILE_MAX {
            true => self.whole(&head, visit),
            false => self.stream(&mut Cursor::new(&head).chain(file), visit),
        };
        self.file = head;
        Ok(read)
    }

    /// Reads a stream, a window of it at a time.
    pub fn stream(&mut self, source: &mut dyn Read, visit: &mut Visit<'_>) -> BytesRead {
        let read = Rc::new(Cell::new(0));
        let counted = Counted { source, read: Rc::clone(&read) };
        let mut stream: Box<dyn BufRead + '_> =
            Box::new(BufReader::with_capacity(BUFFER_BYTES, counted));
        let mut packed = false;
        for _ in 0..PACKED_MAX {
            let mut magic = [0; GZIP_MAGIC.len()];
            let length = match fill(&mut stream, &mut magic) {
                Ok(length) => length,
                Err(error) => {
                    let _ = visit_alone(visit, why(&error, packed));
                    return BytesRead { file: read.get(), text: 0 };
                }
            };
            let head = Cursor::new(magic).take(length as u64).chain(stream);
            stream = Box::new(head);
            if magic != GZIP_MAGIC {
                break;
            }
            packed = true;
            let inflating = Gunzip {
                decoder: Some(GzDecoder::new(stream)),
                ended: false,
                given: 0,
                free: self.ratio_free,
                read: Rc::clone(&read),
            };
            stream = Box::new(BufReader::with_capacity(BUFFER_BYTES, inflating));
        }
        let mut window = Window::stream(&mut stream, &mut self.text);
        let mut walk = Walk::new(visit);
        let flow = walk.file(&mut window);
        let text = window.offset();
        if let (Flow::Continue(()), Some(error)) = (flow, window.failure()) {
            let line = || window.line();
            let at = At { containers: Containers::default(), line: &line };
            let _ = walk.tell(at, What::Unread(why(&error, packed)));
        }
        BytesRead { file: read.get(), text }
    }

    /// The text of a gzip file that can be inflated at once: of one member, and not too long. What nobody can do without who
    /// reads logs, and so the unit to measure in.
    pub fn inflate<'a>(&'a mut self, gzip: &[u8]) -> Option<&'a [u8]> {
        let length = self.inflated(gzip)?;
        Some(&self.text[..length])
    }

    /// Reads a file that is at hand.
    fn whole(&mut self, file: &[u8], visit: &mut Visit<'_>) -> BytesRead {
        if !file.starts_with(&GZIP_MAGIC) {
            let _ = Walk::new(visit).file(&mut Window::whole(file));
            return BytesRead { file: file.len() as u64, text: file.len() as u64 };
        }
        match self.inflated(file) {
            // Where it is gzip once more, the way that takes off one level after the other.
            Some(length) if !self.text[..length].starts_with(&GZIP_MAGIC) => {
                let _ = Walk::new(visit).file(&mut Window::whole(&self.text[..length]));
                BytesRead { file: file.len() as u64, text: length as u64 }
            }
            // Once more from the beginning, in the way that takes members one by one and keeps what came before a break.
            _ => self.stream(&mut &*file, visit),
        }
    }

    /// Inflates a file of one member and says how long the text is. `None` when it is not that, broken, or too long.
    #[cfg(feature = "libdeflate")]
    fn inflated(&mut self, file: &[u8]) -> Option<usize> {
        use libdeflater::DecompressionError::InsufficientSpace;
        // libdeflate stops after the first member and does not say where that was. CloudTrail's files have one.
        let said = said_length(file);
        if said > TEXT_MAX || may_have_members(file) {
            return None;
        }
        self.reserve(said);
        loop {
            match self.libdeflate.gzip_decompress(file, &mut self.text) {
                // Something follows the data, or it is not what the file's end is about.
                Ok(length) => return (length as u32 as usize == said).then_some(length),
                Err(InsufficientSpace) if self.text.len() < TEXT_MAX => {
                    self.reserve(self.text.len().max(BUFFER_BYTES) * 2);
                }
                Err(_) => return None,
            }
        }
    }

    #[cfg(not(feature = "libdeflate"))]
    fn inflated(&mut self, _: &[u8]) -> Option<usize> {
        None
    }

    #[cfg(feature = "libdeflate")]
    fn reserve(&mut self, room: usize) {
        let room = room.min(TEXT_MAX);
        if self.text.len() < room {
            self.text.reserve_exact(room - self.text.len());
            self.text.resize(room, 0);
        }
    }
}

const BUFFER_BYTES: usize = 64 << 10;

fn visit_alone(visit: &mut Visit<'_>, why: Unread) -> Flow {
    let at = At { containers: Containers::default(), line: &|| 1 };
    Walk::new(visit).tell(at, What::Unread(why))
}

/// Reads until the buffer is full or the stream ends; says how much that was.
fn fill(stream: &mut dyn Read, buffer: &mut [u8]) -> io::Result<usize> {
    let mut length = 0;
    while length < buffer.len() {
        match stream.read(&mut buffer[length..]) {
            Ok(0) => break,
            Ok(more) => length += more,
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) => return Err(error),
        }
    }
    Ok(length)
}

/// What a failure of a stream means.
fn why(error: &io::Error, packed: bool) -> Unread {
    use io::ErrorKind::{InvalidData, InvalidInput, UnexpectedEof};
    match error.kind() {
        _ if error.get_ref().is_some_and(|inner| inner.is::<Unread>()) => Unread::Ratio,
        InvalidData | InvalidInput | UnexpectedEof if packed => Unread::BadGzip(error.to_string()),
        _ => Unread::Io(error.to_string()),
    }
}

/// The length that the file's end says its text has, modulo 2³².
#[cfg(feature = "libdeflate")]
fn said_length(file: &[u8]) -> usize {
    file.last_chunk::<4>().map_or(0, |bytes| u32::from_le_bytes(*bytes) as usize)
}

/// Whether a second member may begin somewhere in the file. By chance it looks so in one of some hundred files.
#[cfg(feature = "libdeflate")]
fn may_have_members(file: &[u8]) -> bool {
    let body = file.get(10..).unwrap_or_default();
    memchr::memmem::find_iter(body, &[0x1f, 0x8b, 0x08])
        .any(|at| body.get(at + 3).is_some_and(|flags| flags & 0xe0 == 0))
}

/// A stream that counts what was read of it.
struct Counted<'s> {
    source: &'s mut dyn Read,
    read: Rc<Cell<u64>>,
}

impl Read for Counted<'_> {
    fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
        let length = self.source.read(into)?;
        self.read.set(self.read.get() + length as u64);
        Ok(length)
    }
}

/// Inflates the members of a gzip file one after the other. Zeros after the last one are padding.
struct Gunzip<'s> {
    decoder: Option<GzDecoder<Box<dyn BufRead + 's>>>,
    ended: bool,
    given: u64,
    /// Bytes up to which any ratio is taken.
    free: u64,
    /// Bytes of the file.
    read: Rc<Cell<u64>>,
}

impl Read for Gunzip<'_> {
    fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
        while !self.ended {
            let Some(decoder) = &mut self.decoder else { break };
            let length = decoder.read(into)?;
            if length > 0 {
                self.given += length as u64;
                if self.given > self.free && self.given / RATIO_MAX > self.read.get() {
                    self.ended = true;
                    return Err(io::Error::other(Unread::Ratio));
                }
                return Ok(length);
            }
            if into.is_empty() {
                return Ok(0);
            }
            self.next_member()?;
        }
        Ok(0)
    }
}

impl Gunzip<'_> {
    fn next_member(&mut self) -> io::Result<()> {
        let Some(decoder) = self.decoder.take() else { return Ok(()) };
        let mut source = decoder.into_inner();
        loop {
            let rest = source.fill_buf()?;
            match rest.iter().position(|byte| *byte != 0) {
                None if rest.is_empty() => break,
                None => {
                    let zeros = rest.len();
                    source.consume(zeros);
                }
                Some(0) if rest[0] == GZIP_MAGIC[0] => {
                    self.decoder = Some(GzDecoder::new(source));
                    return Ok(());
                }
                Some(_) => {
                    self.ended = true;
                    let why = "something else follows the gzip data";
                    return Err(io::Error::new(io::ErrorKind::InvalidData, why));
                }
            }
        }
        self.ended = true;
        Ok(())
    }
}

#[cfg(test)]
mod tests;
