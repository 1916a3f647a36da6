//! Which chunks of a file somebody has: one bit for each.

/// A set of chunks of a file with so many.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct ChunkSet {
    bytes: Vec<u8>, // the first chunk is the highest bit of the first byte; the rest is zero
    chunks: u32,
}

impl ChunkSet {
    /// Returns a set without a chunk, of a file with so many.
    pub fn none(chunks: u32) -> Self {
        Self {
            bytes: vec![0; chunks.div_ceil(8) as usize],
            chunks,
        }
    }

    /// Returns a set of all chunks of a file with so many.
    pub fn all(chunks: u32) -> Self {
        let mut set = Self::none(chunks);
        for chunk in 0..chunks {
            set.insert(chunk);
        }
        set
    }

    /// Reads a set; `None` unless it has just the bytes that it must have, and no bit beyond them.
    pub fn from_bytes(chunks: u32, bytes: &[u8]) -> Option<Self> {
        let spare = (bytes.len() * 8).checked_sub(chunks as usize)?;
        let is_clear = bytes
            .last()
            .is_none_or(|it| u32::from(*it).trailing_zeros() as usize >= spare);
        (spare < 8 && is_clear).then(|| Self {
            bytes: bytes.to_owned(),
            chunks,
        })
    }

    /// Returns the bytes: the first chunk is the highest bit of the first byte.
    pub fn as_bytes(&self) -> &[u8] {
        &self.bytes
    }

    /// Returns how many chunks the file has.
    pub const fn chunks(&self) -> u32 {
        self.chunks
    }

    /// Returns whether a chunk is in it.
    pub fn contains(&self, chunk: u32) -> bool {
        let byte = self.bytes.get(chunk as usize / 8);
        byte.is_some_and(|it| it & bit(chunk) != 0)
    }

    /// Adds a chunk; returns whether it is new. One that the file does not have is not added.
    pub fn insert(&mut self, chunk: u32) -> bool {
        if chunk >= self.chunks || self.contains(chunk) {
            return false;
        }
        if let Some(byte) = self.bytes.get_mut(chunk as usize / 8) {
            *byte |= bit(chunk);
        }
        true
    }

    /// Takes a chunk out; returns whether it was in it.
    pub fn remove(&mut self, chunk: u32) -> bool {
        let was_in = self.contains(chunk);
        if let (true, Some(byte)) = (was_in, self.bytes.get_mut(chunk as usize / 8)) {
            *byte &= !bit(chunk);
        }
        was_in
    }

    /// Returns how many chunks are in it.
    pub fn len(&self) -> u32 {
        self.bytes.iter().map(|it| it.count_ones()).sum()
    }

    /// Returns whether no chunk is in it.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Returns whether every chunk is in it.
    pub fn is_full(&self) -> bool {
        self.len() == self.chunks
    }

    /// Returns the chunks in it, in order.
    pub fn iter(&self) -> impl Iterator<Item = u32> {
        (0..self.chunks).filter(|it| self.contains(*it))
    }
}

const fn bit(chunk: u32) -> u8 {
    0x80 >> (chunk % 8)
}

#[cfg(test)]
mod tests;
