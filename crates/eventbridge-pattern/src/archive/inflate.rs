//! From a file's bytes to its text.
//!
//! A gzip file says at its end how long its text is. That is a hint for the buffer's size and nothing more: it is
//! the length modulo 2³², of the last member only, and anybody may write anything there.

use std::io::Read as _;

/// The longest text that a file may have, in bytes. CloudTrail's own files have less than a tenth of that; what is
/// larger is broken or meant to fill memory.
pub const TEXT_MAX: usize = 512 << 20;

/// Room that a buffer grows from when nothing is known.
#[cfg(feature = "libdeflate")]
const TEXT_START: usize = 1 << 20;

/// How many times larger than the file the buffer begins at most, whatever the file says: logs are some ten times
/// larger than their gzip. A text that is larger still makes the buffer grow.
#[cfg(feature = "libdeflate")]
const RATIO_START: usize = 24;

/// Why a file's text could not be had whole.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Unreadable {
    /// It is longer than [`TEXT_MAX`] bytes.
    #[error("its text is longer than {} MiB", TEXT_MAX >> 20)]
    TooLong,
    /// The gzip data is broken or cut off; with what the decoder says.
    #[error("its gzip data is broken or cut off: {0}")]
    BadGzip(String),
}

/// Inflates files one after the other; keeps what it needs for the next.
pub struct Inflater {
    #[cfg(feature = "libdeflate")]
    libdeflate: libdeflater::Decompressor,
    text: Vec<u8>,
}

impl Default for Inflater {
    fn default() -> Self {
        Self {
            #[cfg(feature = "libdeflate")]
            libdeflate: libdeflater::Decompressor::new(),
            text: Vec::new(),
        }
    }
}

impl Inflater {
    /// The text of a file: inflated when it is gzip, or as it is.
    ///
    /// A file that is broken half-way still has the text before the break, which comes with the reason.
    pub fn text<'a>(&'a mut self, file: &'a [u8]) -> (&'a [u8], Option<Unreadable>) {
        if !file.starts_with(&[0x1f, 0x8b]) {
            return (file, None);
        }
        match self.whole(file) {
            Ok(length) => (&self.text[..length], None),
            Err(Some(why)) => (&[], Some(why)),
            // Once more from the beginning, in the way that takes members one by one and keeps what came before a break.
            Err(None) => {
                let why = slowly(file, &mut self.text);
                (&self.text, why)
            }
        }
    }

    /// Inflates a file of one member and says how long the text is. `Err(None)` when it is not that, or broken.
    #[cfg(feature = "libdeflate")]
    fn whole(&mut self, file: &[u8]) -> Result<usize, Option<Unreadable>> {
        use libdeflater::DecompressionError::InsufficientSpace;
        // libdeflate stops after the first member and does not say where that was. CloudTrail's files have one.
        if may_have_members(file) {
            return Err(None);
        }
        let said = said_length(file);
        self.reserve(said.min(file.len().saturating_mul(RATIO_START)));
        loop {
            match self.libdeflate.gzip_decompress(file, &mut self.text) {
                // Something follows the data, or it is not what the file's end is about.
                Ok(length) if length as u32 as usize != said => return Err(None),
                Ok(length) => return Ok(length),
                Err(InsufficientSpace) if self.text.len() >= TEXT_MAX => {
                    return Err(Some(Unreadable::TooLong));
                }
                Err(InsufficientSpace) => self.reserve(self.text.len().max(TEXT_START) * 2),
                Err(_) => return Err(None),
            }
        }
    }

    #[cfg(not(feature = "libdeflate"))]
    fn whole(&mut self, _: &[u8]) -> Result<usize, Option<Unreadable>> {
        Err(None)
    }

    #[cfg(feature = "libdeflate")]
    fn reserve(&mut self, room: usize) {
        if self.text.len() < room {
            self.text.resize(room.min(TEXT_MAX), 0);
        }
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

/// Inflates in small steps, which needs no size beforehand and keeps what came before a break.
fn slowly(file: &[u8], text: &mut Vec<u8>) -> Option<Unreadable> {
    text.clear();
    let mut rest = file;
    while rest.starts_with(&[0x1f, 0x8b]) {
        let mut reader = flate2::bufread::GzDecoder::new(rest);
        let room = TEXT_MAX - text.len();
        let read = (&mut reader).take(room as u64 + 1).read_to_end(text);
        if text.len() > TEXT_MAX {
            text.truncate(TEXT_MAX);
            return Some(Unreadable::TooLong);
        }
        if let Err(error) = read {
            return Some(Unreadable::BadGzip(error.to_string()));
        }
        rest = reader.into_inner();
    }
    rest.iter()
        .any(|byte| *byte != 0)
        .then(|| Unreadable::BadGzip("something else follows the gzip data".to_owned()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use flate2::Compression;
    use flate2::write::GzEncoder;
    use std::io::Write as _;

    fn gzip(text: &[u8]) -> Vec<u8> {
        let mut encoder = GzEncoder::new(Vec::new(), Compression::default());
        encoder.write_all(text).unwrap();
        encoder.finish().unwrap()
    }

    fn long() -> Vec<u8> {
        (0..300_000_u32).flat_map(|n| n.to_string().into_bytes()).collect()
    }

    #[test]
    fn plain_text_is_left_as_it_is() {
        assert_eq!(Inflater::default().text(b"{}"), (b"{}".as_slice(), None));
    }

    #[test]
    fn a_size_that_lies_does_no_harm() {
        let text = long();
        for said in [0_u32, 1, 1_000, u32::MAX] {
            let mut file = gzip(&text);
            let end = file.len() - 4;
            // What is written there is checked by the reader: a lie is broken gzip, with its text intact.
            file[end..].copy_from_slice(&said.to_le_bytes());
            let mut inflater = Inflater::default();
            let (read, why) = inflater.text(&file);
            assert!(read == text, "{said}: {} bytes", read.len());
            assert!(why.is_some(), "{said}: a wrong length must be told");
        }
    }

    #[test]
    fn members_are_read_one_after_the_other_whatever_the_last_ones_size() {
        let file = [gzip(&long()), gzip(b"tail"), gzip(b"")].concat();
        let expected = [long(), b"tail".to_vec()].concat();
        let mut inflater = Inflater::default();
        assert!(inflater.text(&file) == (&expected, None));
        let padded = [file, vec![0; 512]].concat();
        assert!(inflater.text(&padded) == (&expected, None), "zeros after the end are no member");
    }

    #[test]
    fn a_file_that_is_cut_off_keeps_what_came_before() {
        let text = long();
        let file = gzip(&text);
        let mut inflater = Inflater::default();
        for length in [file.len() - 1, file.len() - 9, file.len() / 2, 20, 5, 2] {
            let (read, why) = inflater.text(&file[..length]);
            assert!(text.starts_with(read) && why.is_some(), "{length}");
            assert!(length < file.len() / 2 || read.len() > text.len() / 3, "{length}");
        }
    }

    #[test]
    fn noise_after_the_data_is_told() {
        let file = [gzip(b"text"), b"noise".to_vec()].concat();
        let mut inflater = Inflater::default();
        let (read, why) = inflater.text(&file);
        assert_eq!(read, b"text");
        assert!(why.is_some());
    }

    #[test]
    fn a_short_file_after_a_long_one_has_its_own_text_only() {
        let mut inflater = Inflater::default();
        assert_eq!(inflater.text(&gzip(&long())).0.len(), long().len());
        assert_eq!(inflater.text(&gzip(b"ab")), (b"ab".as_slice(), None));
    }
}
