//! The part of a text that is at hand: all of it, or a window that moves along a stream.
//!
//! Whoever reads from it works on [`Window::rest`] with positions from its beginning, asks for [`Window::more`] when that
//! ends too early, and leaves behind with [`Window::pass`] what is done with. Memory is that of the longest thing
//! that somebody waits for the end of.

use crate::skim::past_space;
use std::cell::Cell;
use std::io::{self, Read};

/// Bytes asked for at once.
const CHUNK_BYTES: usize = 256 << 10;

/// A text, or the part of it that is at hand.
pub(super) struct Window<'s> {
    held: Held<'s>,
    /// Where in what is held the rest begins.
    at: usize,
    /// Bytes that are no longer held.
    gone: u64,
    /// Whether somebody has given the rest up.
    given_up: bool,
    /// A position in what is held, and its line, from 1: the last one that somebody asked for.
    line: Cell<(usize, u64)>,
}

enum Held<'s> {
    Whole(&'s [u8]),
    Stream {
        source: &'s mut dyn Read,
        buffer: &'s mut Vec<u8>,
        ended: bool,
        failed: Option<io::Error>,
    },
}

impl<'s> Window<'s> {
    /// A text that is at hand as a whole.
    pub(super) fn whole(text: &'s [u8]) -> Self {
        Self { held: Held::Whole(text), at: 0, gone: 0, given_up: false, line: Cell::new((0, 1)) }
    }

    /// A stream, of which nothing is at hand yet. What the buffer holds is thrown away.
    pub(super) fn stream(source: &'s mut dyn Read, buffer: &'s mut Vec<u8>) -> Self {
        buffer.clear();
        let held = Held::Stream { source, buffer, ended: false, failed: None };
        Self { held, at: 0, gone: 0, given_up: false, line: Cell::new((0, 1)) }
    }

    fn held(&self) -> &[u8] {
        match &self.held {
            Held::Whole(text) => text,
            Held::Stream { buffer, .. } => buffer,
        }
    }

    /// What is at hand and not left behind.
    pub(super) fn rest(&self) -> &[u8] {
        &self.held()[self.at..]
    }

    /// Bytes left behind.
    pub(super) fn offset(&self) -> u64 {
        self.gone + self.at as u64
    }

    /// The line of the beginning of the rest, from 1.
    pub(super) fn line(&self) -> u64 {
        let (from, line) = self.line.get();
        let passed = &self.held()[from.min(self.at)..self.at];
        let line = line + memchr::memchr_iter(b'\n', passed).count() as u64;
        self.line.set((self.at, line));
        line
    }

    /// Leaves so many bytes behind.
    pub(super) fn pass(&mut self, bytes: usize) {
        self.at += bytes;
    }

    /// Makes more of the text at hand, at least as much again; says whether anything came. Positions in the rest stay right.
    pub(super) fn more(&mut self) -> bool {
        if matches!(self.held, Held::Whole(_)) {
            return false;
        }
        let line = self.line();
        let at = self.at;
        let Held::Stream { source, buffer, ended, failed } = &mut self.held else { return false };
        if *ended {
            return false;
        }
        buffer.drain(..at);
        let before = buffer.len();
        let wanted = before.max(CHUNK_BYTES);
        buffer.reserve_exact(wanted);
        let read = source.take(wanted as u64).read_to_end(buffer);
        let came = buffer.len() - before;
        *ended = came < wanted;
        *failed = read.err();
        self.gone += at as u64;
        self.at = 0;
        self.line.set((0, line));
        came > 0
    }

    /// Whether something is left that is no white space; what is, is passed up to there.
    pub(super) fn peek(&mut self) -> Option<u8> {
        loop {
            let rest = self.rest();
            let space = past_space(rest, 0);
            let next = rest.get(space).copied();
            self.pass(space);
            if next.is_some() || !self.more() {
                return next;
            }
        }
    }

    /// Leaves all of it behind, whatever else would come.
    pub(super) fn end(&mut self) {
        self.at = self.held().len();
        self.given_up = true;
        if let Held::Stream { ended, .. } = &mut self.held {
            *ended = true;
        }
    }

    /// Whether it is known why the text ends here: something failed, or the rest was given up.
    pub(super) fn end_is_told(&self) -> bool {
        self.given_up || matches!(&self.held, Held::Stream { failed: Some(_), .. })
    }

    /// What ended the stream too early.
    pub(super) fn failure(&mut self) -> Option<io::Error> {
        match &mut self.held {
            Held::Whole(_) => None,
            Held::Stream { failed, .. } => failed.take(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_stream_is_at_hand_a_piece_at_a_time_and_lines_are_counted_over_all_of_it() {
        let text = "0123456789\n".repeat(100_000);
        let (mut source, mut buffer) = (text.as_bytes(), Vec::new());
        let mut window = Window::stream(&mut source, &mut buffer);
        let mut lines = 0;
        while window.peek().is_some() {
            lines += 1;
            assert_eq!((window.line(), window.offset()), (lines, 11 * (lines - 1)));
            while window.rest().len() < 11 && window.more() {}
            assert!(window.rest().len() < 3 * CHUNK_BYTES);
            window.pass(10);
        }
        assert_eq!(lines, 100_000);
        assert!(buffer.capacity() < 4 * CHUNK_BYTES, "{}", buffer.capacity());
    }

    #[test]
    fn what_ends_a_stream_is_told_after_what_came_before() {
        struct Broken(bool);
        impl Read for Broken {
            fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
                if std::mem::replace(&mut self.0, true) {
                    return Err(io::Error::other("gone"));
                }
                into[..2].copy_from_slice(b"ab");
                Ok(2)
            }
        }
        let (mut source, mut buffer) = (Broken(false), Vec::new());
        let mut window = Window::stream(&mut source, &mut buffer);
        assert_eq!(window.peek(), Some(b'a'));
        assert_eq!(window.rest(), b"ab");
        assert!(!window.more());
        assert!(window.failure().is_some_and(|error| error.to_string() == "gone"));
    }
}
