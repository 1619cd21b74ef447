//! Lists whose elements are named by ids of a type of their own, so that a tensor's id never indexes operators.

use std::fmt;
use std::marker::PhantomData;
use std::ops::{Index, IndexMut};

/// Names an element of an [`Arena`] of `T`.
pub struct Id<T> {
    index: u32,
    of: PhantomData<fn() -> T>,
}

impl<T> Id<T> {
    /// Place in the arena, from 0.
    pub fn index(self) -> usize {
        self.index as usize
    }

    /// As far behind `to` as this is behind `from`.
    pub fn moved(self, from: Id<T>, to: Id<T>) -> Id<T> {
        Id { index: self.index - from.index + to.index, of: PhantomData }
    }
}

// By hand, because a derive would ask the same of `T`.
impl<T> Clone for Id<T> {
    fn clone(&self) -> Self {
        *self
    }
}
impl<T> Copy for Id<T> {}
impl<T> PartialEq for Id<T> {
    fn eq(&self, other: &Self) -> bool {
        self.index == other.index
    }
}
impl<T> Eq for Id<T> {}
impl<T> PartialOrd for Id<T> {
    fn partial_cmp(&self, other: &Self) -> Option<std::cmp::Ordering> {
        Some(self.cmp(other))
    }
}
impl<T> Ord for Id<T> {
    fn cmp(&self, other: &Self) -> std::cmp::Ordering {
        self.index.cmp(&other.index)
    }
}
impl<T> fmt::Debug for Id<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "#{}", self.index)
    }
}

/// A list that grows at its end only, so that ids stay good and ascend in the order of creation.
#[derive(Clone, Debug)]
pub struct Arena<T> {
    items: Vec<T>,
}

impl<T: PartialEq> PartialEq for Arena<T> {
    fn eq(&self, other: &Self) -> bool {
        self.items == other.items
    }
}

impl<T> Default for Arena<T> {
    fn default() -> Self {
        Arena { items: Vec::new() }
    }
}

impl<T> Arena<T> {
    /// Adds an element and names it.
    pub fn push(&mut self, item: T) -> Id<T> {
        let id = self.next_id();
        self.items.push(item);
        id
    }

    /// Makes room for elements to come.
    pub fn reserve(&mut self, more: usize) {
        self.items.reserve(more);
    }

    /// The id that the next element will get.
    pub fn next_id(&self) -> Id<T> {
        let index = u32::try_from(self.items.len()).expect("limits keep arenas far below 2^32 elements");
        Id { index, of: PhantomData }
    }

    /// Number of elements.
    pub fn len(&self) -> usize {
        self.items.len()
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.items.is_empty()
    }

    /// All ids, ascending.
    pub fn ids(&self) -> impl Iterator<Item = Id<T>> + use<T> {
        (0..self.items.len() as u32).map(|index| Id { index, of: PhantomData })
    }

    /// The ids from one on, up to another that may be the next one's.
    pub fn ids_between(&self, from: Id<T>, to: Id<T>) -> impl Iterator<Item = Id<T>> + use<T> {
        (from.index..to.index).map(|index| Id { index, of: PhantomData })
    }

    /// All elements with their ids.
    pub fn iter(&self) -> impl Iterator<Item = (Id<T>, &T)> {
        self.ids().zip(&self.items)
    }
}

impl<T> Index<Id<T>> for Arena<T> {
    type Output = T;
    fn index(&self, id: Id<T>) -> &T {
        &self.items[id.index()]
    }
}

impl<T> IndexMut<Id<T>> for Arena<T> {
    fn index_mut(&mut self, id: Id<T>) -> &mut T {
        &mut self.items[id.index()]
    }
}
