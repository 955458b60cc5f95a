//! What comes after the caller among a handler's arguments waits until the caller has been let in.
//!
//! actix polls all arguments of a handler side by side. Where the caller takes time (a key that has not been heard of yet), the others must neither read
//! the body nor judge the request meanwhile: nobody learns from a 422 what a 401 would hide.

use actix_web::{HttpMessage as _, HttpRequest};
use std::cell::Cell;
use std::future::poll_fn;
use std::rc::Rc;
use std::task::Poll;

/// A request's gate; open where no caller is asked for.
#[derive(Clone)]
pub(crate) struct Gate(Rc<Cell<bool>>);

impl Gate {
    /// Shuts the gate of this request for all arguments that come later.
    pub fn shut(request: &HttpRequest) -> Self {
        let gate = Self(Rc::new(Cell::new(false)));
        request.extensions_mut().insert(gate.clone());
        gate
    }

    /// The gate as the arguments before have left it.
    pub fn of(request: &HttpRequest) -> Self {
        request.extensions().get::<Self>().cloned().unwrap_or_else(|| Self(Rc::new(Cell::new(true))))
    }

    pub fn open(&self) {
        self.0.set(true);
    }

    /// Waits until the gate is open. Nobody has to be woken: whoever opens it is polled in the same turn, before whoever waits.
    pub async fn pass(&self) {
        poll_fn(|_| if self.0.get() { Poll::Ready(()) } else { Poll::Pending }).await;
    }
}
