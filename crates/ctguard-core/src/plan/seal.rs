//! The digest over a whole plan, by which an edited file is told from the one that was saved.

use super::Plan;
use crate::hex::hex;
use serde::Serialize;
use serde_json::{Value, json};
use sha2::{Digest, Sha256};
use std::io::{self, Write};

impl Plan {
    /// The digest of all that the plan says. It finds accidents and careless edits; it is no
    /// signature, since anybody can compute it again.
    pub fn digest(&self) -> String {
        // Each field is named, so that none that is added later is forgotten.
        let Self {
            ctguard_plan,
            blueprint,
            as_of,
            scope,
            intent,
            effects,
            changes,
            waiting,
            refusals,
            unknown,
            warnings,
            guards,
            in_sync,
            assumed,
            elsewhere,
            undecided,
            fingerprints,
            sha256: _,
        } = self;
        let mut digest = Sha256::new();
        // Piece by piece: the plan of a fleet is large.
        add(&mut digest, json!([ctguard_plan, blueprint, as_of, scope, intent]));
        add(&mut digest, json!([in_sync, assumed, elsewhere, undecided]));
        add_each(&mut digest, effects);
        add_each(&mut digest, changes);
        add_each(&mut digest, waiting);
        add_each(&mut digest, refusals);
        add_each(&mut digest, unknown);
        add_each(&mut digest, warnings);
        add_each(&mut digest, guards);
        add_each(&mut digest, fingerprints);
        hex(&digest.finalize())
    }

    /// The same plan with its digest.
    #[must_use]
    pub fn sealed(self) -> Self {
        Self { sha256: Some(self.digest()), ..self }
    }

    /// Whether it is as it was when it got its digest; `None` without one.
    pub fn is_intact(&self) -> Option<bool> {
        self.sha256.as_ref().map(|sha256| *sha256 == self.digest())
    }
}

/// Adds a list with its length, so that nothing can pass from one list to the next.
fn add_each<T: Serialize>(digest: &mut Sha256, all: &[T]) {
    add(digest, json!(all.len()));
    for one in all {
        add(digest, json!(one));
    }
}

/// Adds a line of JSON with sorted keys: programs that write the file again may sort them.
fn add(digest: &mut Sha256, mut value: Value) {
    value.sort_all_objects();
    let mut line = Line(digest);
    // Neither can fail: the value is JSON already, and a hash takes all bytes.
    let _ = serde_json::to_writer(&mut line, &value);
    let _ = line.write_all(b"\n");
}

struct Line<'a>(&'a mut Sha256);

impl Write for Line<'_> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.update(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}
