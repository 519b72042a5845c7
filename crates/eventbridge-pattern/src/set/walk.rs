//! Taking the fields that patterns mention out of an event's text.
//!
//! The text is read once from front to back; what no pattern mentions is skipped without looking into it. Where the
//! text is such that the rules of JSON or of patterns need more care than this takes, it says so ([`Doubt`]), and
//! the event is read by the careful way.

use crate::skim::{Broken, Members, past_space, scalar_end, string_end, value_end};

/// Something that this reader leaves to the careful one: a key with an escape, a key twice in one object, arrays
/// in arrays without end, text that is not JSON.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Doubt;

impl From<Broken> for Doubt {
    fn from(_: Broken) -> Self {
        Self
    }
}

/// A string, number, boolean or null that stands at a path.
#[derive(Debug, Clone, Copy)]
pub(super) struct Leaf {
    /// The next leaf of the same path, as its position plus one.
    pub next: u32,
    /// Where its text stands; for a string, between the quotes.
    pub start: u32,
    pub end: u32,
    pub kind: LeafKind,
    /// Whether it was taken from an element of an array: other fields must then be from the same element.
    pub of_element: bool,
    /// Whether it is what `event["a"]["b"]` gives: no array on the way, no key with a dot.
    pub direct: bool,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum LeafKind {
    String,
    /// A string with backslashes.
    Escaped,
    Null,
    True,
    False,
    Number,
}

/// The leaves of an event, a chain for each path.
#[derive(Default)]
pub(super) struct Leaves {
    /// The first of each path, as its position plus one.
    heads: Vec<u32>,
    all: Vec<Leaf>,
}

impl Leaves {
    fn clear(&mut self, paths: usize) {
        self.heads.clear();
        self.heads.resize(paths, 0);
        self.all.clear();
    }

    fn add(&mut self, path: u16, mut leaf: Leaf) {
        let head = &mut self.heads[usize::from(path)];
        leaf.next = *head;
        self.all.push(leaf);
        // There are fewer leaves than bytes, and fewer of those than a `u32` counts.
        *head = u32::try_from(self.all.len()).unwrap_or(0);
    }

    pub(super) fn of(&self, path: u16) -> impl Iterator<Item = Leaf> {
        let at = |position: u32| self.all.get((position as usize).checked_sub(1)?).copied();
        std::iter::successors(at(self.heads[usize::from(path)]), move |leaf| at(leaf.next))
    }
}

/// The keys that lead to the paths that patterns mention.
pub(super) struct Keys {
    nodes: Vec<Node>,
    paths: Vec<String>,
}

pub(super) const ROOT: u16 = 0;

#[derive(Default)]
struct Node {
    /// Paths that end here.
    ends: Vec<u16>,
    /// Whether an object or a list here is for the careful reader, since another field is made from it.
    scalar: bool,
    children: Vec<Child>,
    /// Positions in `children` plus one, by a hash of the key; then the children are asked one by one.
    buckets: Vec<Vec<u8>>,
}

struct Child {
    key: Box<[u8]>,
    node: u16,
    /// Whether the key has a dot, and so stands for two keys or more.
    dotted: bool,
}

const BUCKETS: usize = 64;
/// The most children that one object's keys are kept apart for, and the most keys in a path: each dot in a path
/// may be one in a key, so that every key more doubles the ways to write it.
const CHILDREN_MAX: usize = 255;
pub(super) const KEYS_MAX: usize = 8;
const DEPTH_MAX: u32 = 64;

fn bucket(key: &[u8]) -> usize {
    let ends = key.first().zip(key.last());
    let (first, last) =
        ends.map_or((0, 0), |(first, last)| (usize::from(*first), usize::from(*last)));
    (first ^ last.wrapping_mul(7) ^ key.len().wrapping_mul(29)) % BUCKETS
}

impl Keys {
    pub(super) fn new() -> Self {
        Self { nodes: vec![Node::default()], paths: Vec::new() }
    }

    pub(super) fn find(&self, path: &str) -> Option<u16> {
        self.paths.iter().position(|known| known == path).and_then(|at| u16::try_from(at).ok())
    }

    /// Adds a path; `None` when there are too many, or it is too long.
    pub(super) fn add(&mut self, path: &str) -> Option<u16> {
        if let Some(known) = self.find(path) {
            return Some(known);
        }
        let keys = path.split('.').count();
        if keys > KEYS_MAX || path.split('.').any(str::is_empty) || self.nodes.len() > 30_000 {
            return None;
        }
        let number = u16::try_from(self.paths.len()).ok()?;
        let inserted = self.insert(ROOT, path, number);
        // A path for which there is no room keeps its number, under a name that nobody asks for.
        self.paths.push(inserted.map_or(String::new(), |()| path.to_owned()));
        inserted.map(|()| number)
    }

    /// Every way to write the path: each dot may part two keys or stand in one.
    fn insert(&mut self, node: u16, rest: &str, path: u16) -> Option<()> {
        let end = self.child_or_new(node, rest)?;
        self.nodes[usize::from(end)].ends.push(path);
        for (dot, _) in rest.match_indices('.') {
            let child = self.child_or_new(node, &rest[..dot])?;
            self.insert(child, &rest[dot + 1..], path)?;
        }
        Some(())
    }

    fn child_or_new(&mut self, node: u16, key: &str) -> Option<u16> {
        if let Some((_, child)) = self.nodes[usize::from(node)].child(key.as_bytes()) {
            return Some(child.node);
        }
        let new = u16::try_from(self.nodes.len()).ok()?;
        let parent = &mut self.nodes[usize::from(node)];
        let position = u8::try_from(parent.children.len() + 1).ok()?;
        if parent.children.len() >= CHILDREN_MAX {
            return None;
        }
        parent.buckets.resize_with(BUCKETS, Vec::new);
        parent.buckets[bucket(key.as_bytes())].push(position);
        let dotted = key.contains('.');
        parent.children.push(Child { key: key.as_bytes().into(), node: new, dotted });
        self.nodes.push(Node::default());
        Some(new)
    }

    /// The node that a key of the root leads to.
    pub(super) fn below_root(&self, key: &str) -> Option<u16> {
        self.nodes[usize::from(ROOT)].child(key.as_bytes()).map(|(_, child)| child.node)
    }

    /// Says that an object or a list at this path is for the careful reader.
    pub(super) fn expect_scalar(&mut self, path: &str) {
        let mut node = ROOT;
        for key in path.split('.') {
            match self.nodes[usize::from(node)].child(key.as_bytes()) {
                Some((_, child)) => node = child.node,
                None => return,
            }
        }
        self.nodes[usize::from(node)].scalar = true;
    }

    /// Takes the leaves of the object in `text`, whose keys are those of `node`.
    pub(super) fn walk(&self, text: &[u8], node: u16, leaves: &mut Leaves) -> Result<(), Doubt> {
        leaves.clear(self.paths.len());
        if u32::try_from(text.len()).is_err() {
            return Err(Doubt);
        }
        let start = past_space(text, 0);
        if text.get(start) != Some(&b'{') {
            return Err(Doubt);
        }
        let mut walker = Walker { keys: self, text, leaves };
        let end =
            walker.object(node, start, Arrival { depth: 0, of_element: false, direct: true })?;
        if past_space(text, end) == text.len() { Ok(()) } else { Err(Doubt) }
    }
}

impl Node {
    fn child(&self, key: &[u8]) -> Option<(usize, &Child)> {
        let bucket = self.buckets.get(bucket(key))?;
        bucket.iter().find_map(|position| {
            let position = usize::from(*position) - 1;
            let child = &self.children[position];
            (*child.key == *key).then_some((position, child))
        })
    }
}

struct Walker<'w> {
    keys: &'w Keys,
    text: &'w [u8],
    leaves: &'w mut Leaves,
}

/// How a value was come by.
#[derive(Clone, Copy)]
struct Arrival {
    depth: u32,
    of_element: bool,
    direct: bool,
}

impl Walker<'_> {
    fn object(&mut self, node: u16, at: usize, way: Arrival) -> Result<usize, Doubt> {
        let node = &self.keys.nodes[usize::from(node)];
        let mut members = Members::new(self.text, at);
        let mut seen = [0_u64; 4];
        while let Some(member) = members.next()? {
            if member.escaped {
                return Err(Doubt);
            }
            let end = match node.child(member.key) {
                None => value_end(self.text, member.value).ok_or(Doubt)?,
                Some((position, child)) => {
                    let bit = 1 << (position % 64);
                    if seen[position / 64] & bit != 0 {
                        return Err(Doubt);
                    }
                    seen[position / 64] |= bit;
                    let direct = way.direct && !child.dotted;
                    self.value(child.node, member.value, Arrival { direct, ..way })?
                }
            };
            members.resume(end);
        }
        Ok(members.position())
    }

    fn value(&mut self, node: u16, at: usize, way: Arrival) -> Result<usize, Doubt> {
        let about = &self.keys.nodes[usize::from(node)];
        let first = *self.text.get(at).ok_or(Doubt)?;
        if way.depth > DEPTH_MAX || (about.scalar && matches!(first, b'{' | b'[')) {
            return Err(Doubt);
        }
        let inner = Arrival { depth: way.depth + 1, ..way };
        match first {
            b'{' if about.children.is_empty() => value_end(self.text, at).ok_or(Doubt),
            b'{' => self.object(node, at, inner),
            b'[' => self.list(node, at, inner),
            b'"' => {
                let (end, escaped) = string_end(self.text, at).ok_or(Doubt)?;
                let kind = if escaped { LeafKind::Escaped } else { LeafKind::String };
                self.leaf(about, kind, at + 1, end, way);
                Ok(end + 1)
            }
            _ => {
                let end = scalar_end(self.text, at);
                let kind = match &self.text[at..end] {
                    b"null" => LeafKind::Null,
                    b"true" => LeafKind::True,
                    b"false" => LeafKind::False,
                    [b'-' | b'0'..=b'9', ..] => LeafKind::Number,
                    _ => return Err(Doubt),
                };
                self.leaf(about, kind, at, end, way);
                Ok(end)
            }
        }
    }

    fn list(&mut self, node: u16, at: usize, way: Arrival) -> Result<usize, Doubt> {
        let mut at = past_space(self.text, at + 1);
        if self.text.get(at) == Some(&b']') {
            return Ok(at + 1);
        }
        loop {
            // Plain values in one list may satisfy one field only, so they need no mark.
            let of_element = way.of_element || matches!(self.text.get(at), Some(b'{' | b'['));
            at = self.value(node, at, Arrival { of_element, direct: false, ..way })?;
            at = past_space(self.text, at);
            match self.text.get(at) {
                Some(b',') => at = past_space(self.text, at + 1),
                Some(b']') => return Ok(at + 1),
                _ => return Err(Doubt),
            }
        }
    }

    fn leaf(&mut self, node: &Node, kind: LeafKind, start: usize, end: usize, way: Arrival) {
        // The text is no longer than a `u32` counts.
        let position = |at: usize| u32::try_from(at).unwrap_or(u32::MAX);
        let (start, end) = (position(start), position(end));
        for path in &node.ends {
            let leaf =
                Leaf { next: 0, start, end, kind, of_element: way.of_element, direct: way.direct };
            self.leaves.add(*path, leaf);
        }
    }
}
