//! One value or several, where nearly always it is one.
//!
//! A vector of one costs its own three words and an allocation of its own beside the value. For each of
//! 100,000 keys that is much; here a lone value lies where the key lies.

use std::mem;

/// Values in the order they were pushed.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(crate) enum Few<T> {
    One(T),
    Many(Vec<T>), // none, or two and more
}

impl<T> Few<T> {
    pub(crate) fn as_slice(&self) -> &[T] {
        match self {
            Self::One(value) => std::slice::from_ref(value),
            Self::Many(values) => values,
        }
    }

    pub(crate) fn as_mut_slice(&mut self) -> &mut [T] {
        match self {
            Self::One(value) => std::slice::from_mut(value),
            Self::Many(values) => values,
        }
    }

    pub(crate) fn push(&mut self, value: T) {
        let mut values = self.take();
        values.push(value);
        *self = Self::from(values);
    }

    /// Removes and returns the values that `is_gone` says so of, in order.
    pub(crate) fn extract_if(&mut self, mut is_gone: impl FnMut(&T) -> bool) -> Vec<T> {
        let mut values = self.take();
        let gone = values.extract_if(.., |it| is_gone(it)).collect();
        *self = Self::from(values);
        gone
    }

    fn take(&mut self) -> Vec<T> {
        match mem::replace(self, Self::Many(Vec::new())) {
            Self::One(value) => vec![value],
            Self::Many(values) => values,
        }
    }
}

impl<T> From<Vec<T>> for Few<T> {
    fn from(mut values: Vec<T>) -> Self {
        match values.pop() {
            Some(value) if values.is_empty() => Self::One(value),
            Some(value) => {
                values.push(value);
                Self::Many(values)
            }
            None => Self::Many(values),
        }
    }
}

#[cfg(test)]
mod tests;
