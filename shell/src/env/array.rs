//! The two kinds of arrays: what bash keeps behind `a[i]`.
//!
//! Not here: attributes and scopes (`variable`, `scope`), evaluation of subscripts (`assign`).

use std::cmp::Reverse;
use std::collections::BTreeMap;

/// An indexed array: sparse, its indices in order.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub(crate) struct Indexed {
    elements: BTreeMap<u64, Vec<u8>>,
}

impl Indexed {
    /// The elements `0, 1, 2, …`.
    pub(crate) fn from_values(values: impl IntoIterator<Item = Vec<u8>>) -> Indexed {
        Indexed { elements: (0..).zip(values).collect() }
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.elements.is_empty()
    }

    pub(crate) fn get(&self, index: u64) -> Option<&[u8]> {
        self.elements.get(&index).map(Vec::as_slice)
    }

    pub(crate) fn set(&mut self, index: u64, value: Vec<u8>) {
        self.elements.insert(index, value);
    }

    pub(crate) fn remove(&mut self, index: u64) {
        self.elements.remove(&index);
    }

    /// One more than the highest index in use: where `+=( … )` goes on.
    pub(crate) fn end(&self) -> u64 {
        self.elements.last_key_value().map_or(0, |(index, _)| index.saturating_add(1))
    }

    /// What a subscript means: a negative one counts from the end; `None` when before the start.
    pub(crate) fn index(&self, subscript: i64) -> Option<u64> {
        match u64::try_from(subscript) {
            Ok(index) => Some(index),
            Err(_) => self.end().checked_sub(subscript.unsigned_abs()),
        }
    }

    pub(crate) fn iter(&self) -> impl Iterator<Item = (u64, &[u8])> {
        self.elements.iter().map(|(index, value)| (*index, value.as_slice()))
    }

    pub(crate) fn values(&self) -> impl Iterator<Item = &[u8]> {
        self.elements.values().map(Vec::as_slice)
    }

    /// The elements whose index is `start` or more.
    pub(crate) fn values_from(&self, start: u64) -> impl Iterator<Item = &[u8]> {
        self.elements.range(start..).map(|(_, value)| value.as_slice())
    }
}

/// An associative array, listed in the order in which bash lists it.
///
/// Bash chains entries in the buckets of a hash table, newest first, and walks the buckets in
/// order; scripts print what they get. So the order is part of the behaviour, and the tree
/// here is keyed by (bucket, age) with the hash and the growth rule of bash's `hashlib.c`.
#[derive(Clone, Debug)]
pub(crate) struct Assoc {
    entries: BTreeMap<Place, Entry>,
    buckets: u32,
    next_age: u64,
}

type Place = (u32, Reverse<u64>);

#[derive(Clone, Debug)]
struct Entry {
    key: Box<[u8]>,
    value: Vec<u8>,
}

/// Bash's `ASSOC_HASH_BUCKETS`.
const FIRST_BUCKETS: u32 = 1024;
/// Bash's `HASH_REHASH_FACTOR`: so many entries per bucket make it grow …
const LOAD: u64 = 2;
/// … by `HASH_REHASH_MULTIPLIER`.
const GROWTH: u32 = 4;

impl Default for Assoc {
    fn default() -> Assoc {
        Assoc { entries: BTreeMap::new(), buckets: FIRST_BUCKETS, next_age: 0 }
    }
}

impl PartialEq for Assoc {
    fn eq(&self, other: &Assoc) -> bool {
        self.len() == other.len() && self.iter().all(|(key, value)| other.get(key) == Some(value))
    }
}

impl Eq for Assoc {}

impl Assoc {
    pub(crate) fn len(&self) -> usize {
        self.entries.len()
    }

    #[cfg(test)]
    pub(crate) fn is_empty(&self) -> bool {
        self.entries.is_empty()
    }

    pub(crate) fn get(&self, key: &[u8]) -> Option<&[u8]> {
        let place = self.find(key)?;
        self.entries.get(&place).map(|entry| entry.value.as_slice())
    }

    pub(crate) fn set(&mut self, key: &[u8], value: Vec<u8>) {
        if let Some(entry) = self.find(key).and_then(|place| self.entries.get_mut(&place)) {
            entry.value = value;
            return;
        }
        if self.entries.len() as u64 >= u64::from(self.buckets) * LOAD {
            self.grow();
        }
        self.insert(Entry { key: key.into(), value });
    }

    pub(crate) fn remove(&mut self, key: &[u8]) {
        if let Some(place) = self.find(key) {
            self.entries.remove(&place);
        }
    }

    /// Keys and values in bash's order.
    pub(crate) fn iter(&self) -> impl Iterator<Item = (&[u8], &[u8])> {
        self.entries.values().map(|entry| (&*entry.key, entry.value.as_slice()))
    }

    pub(crate) fn values(&self) -> impl Iterator<Item = &[u8]> {
        self.entries.values().map(|entry| entry.value.as_slice())
    }

    fn insert(&mut self, entry: Entry) {
        let place = (bucket(&entry.key, self.buckets), Reverse(self.next_age));
        self.next_age += 1;
        self.entries.insert(place, entry);
    }

    fn find(&self, key: &[u8]) -> Option<Place> {
        let bucket = bucket(key, self.buckets);
        let chain = (bucket, Reverse(u64::MAX))..=(bucket, Reverse(0));
        self.entries.range(chain).find(|(_, entry)| *entry.key == *key).map(|(place, _)| *place)
    }

    fn grow(&mut self) {
        self.buckets = self.buckets.saturating_mul(GROWTH);
        for entry in std::mem::take(&mut self.entries).into_values() {
            self.insert(entry);
        }
    }
}

/// FNV-1 in 32 bits, as bash's `hash_string`, folded to a bucket.
fn bucket(key: &[u8], buckets: u32) -> u32 {
    const OFFSET: u32 = 2_166_136_261;
    const PRIME: u32 = 16_777_619;
    let hash = key.iter().fold(OFFSET, |hash, byte| {
        // Bash adds a `char`, which is signed where its results are known from.
        hash.wrapping_mul(PRIME) ^ (*byte as i8 as u32)
    });
    hash & (buckets - 1)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn indices_count_from_the_end() {
        let mut array = Indexed::from_values([b"a".to_vec(), b"b".to_vec()]);
        array.set(9, b"z".to_vec());
        assert_eq!(array.index(-1), Some(9));
        assert_eq!(array.index(-10), Some(0));
        assert_eq!(array.index(-11), None);
        assert_eq!(array.end(), 10);
    }

    #[test]
    fn keys_come_in_the_order_of_bash() {
        // bash -c 'declare -A a; for k in one two three four five six; do a[$k]=1; done; echo ${!a[@]}'
        let mut array = Assoc::default();
        for key in ["one", "two", "three", "four", "five", "six"] {
            array.set(key.as_bytes(), b"1".to_vec());
        }
        let keys: Vec<&[u8]> = array.iter().map(|(key, _)| key).collect();
        assert_eq!(String::from_utf8_lossy(&keys.join(&b' ')), "four two three six one five");
    }

    #[test]
    fn removed_keys_are_gone() {
        let mut array = Assoc::default();
        array.set(b"k", b"1".to_vec());
        array.set(b"k", b"2".to_vec());
        assert_eq!((array.len(), array.get(b"k")), (1, Some(&b"2"[..])));
        array.remove(b"k");
        assert!(array.is_empty() && array.get(b"k").is_none());
    }
}
