//! Boxed futures that may nest without end on the host's stack.
//!
//! A tree walker recurses: each level of a script is a future inside a future. Polling one, and
//! dropping one that is cut off, makes sure first that there is stack for the next level.

use std::pin::Pin;
use std::task::{Context, Poll};

/// So much stack must be left before a level is entered …
const RED_ZONE: usize = 128 * 1024;
/// … or a new segment of this size is taken.
const SEGMENT: usize = 2 * 1024 * 1024;

/// A boxed future, safe to nest deeply.
pub(crate) struct Deep<'a, T> {
    /// Some, but while it is dropped.
    future: Option<Pin<Box<dyn Future<Output = T> + Send + 'a>>>,
}

impl<'a, T> Deep<'a, T> {
    pub(crate) fn new(future: impl Future<Output = T> + Send + 'a) -> Deep<'a, T> {
        Deep { future: Some(Box::pin(future)) }
    }
}

impl<T> Future for Deep<'_, T> {
    type Output = T;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<T> {
        match &mut self.future {
            Some(future) => stacker::maybe_grow(RED_ZONE, SEGMENT, || future.as_mut().poll(cx)),
            None => Poll::Pending,
        }
    }
}

impl<T> Drop for Deep<'_, T> {
    fn drop(&mut self) {
        if let Some(future) = self.future.take() {
            stacker::maybe_grow(RED_ZONE, SEGMENT, || drop(future));
        }
    }
}
