//! Shared values as keys, compared by identity.

use std::hash::{Hash, Hasher};

/// A key that is equal to another when both are the same shared value, and not just equal ones.
///
/// A fleet has many thousands of paths that share a few lists. Results per list are cached under
/// this key, without comparing the lists. The key borrows its value, so the address cannot be
/// reused.
#[derive(Debug)]
pub(crate) struct ByIdentity<'a, T: ?Sized>(pub &'a T);

impl<T: ?Sized> Clone for ByIdentity<'_, T> {
    fn clone(&self) -> Self {
        *self
    }
}

impl<T: ?Sized> Copy for ByIdentity<'_, T> {}

impl<T: ?Sized> PartialEq for ByIdentity<'_, T> {
    fn eq(&self, other: &Self) -> bool {
        std::ptr::eq(self.0, other.0)
    }
}

impl<T: ?Sized> Eq for ByIdentity<'_, T> {}

impl<T: ?Sized> Hash for ByIdentity<'_, T> {
    fn hash<H: Hasher>(&self, state: &mut H) {
        std::ptr::hash(self.0, state);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::HashSet;
    use std::sync::Arc;

    #[test]
    fn holders_of_one_list_have_one_key_and_like_lists_have_two() {
        let list: Arc<[u8]> = [1, 2].into();
        let (held, like): (_, Arc<[u8]>) = (list.clone(), [1, 2].into());
        let keys = [&list, &held, &like, &like].map(|list| ByIdentity::<[u8]>(list));
        assert_eq!(HashSet::from(keys).len(), 2);
        assert_ne!(ByIdentity(&list[..1]), ByIdentity(&list[..]));
    }
}
