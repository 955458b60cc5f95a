//! testkit, tried on itself: whether an event that nobody looks at is noticed.

mod outbox;
