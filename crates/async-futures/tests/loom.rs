//! Models: small programs that the checker runs in every interleaving that the memory model allows.
//!
//! `RUSTFLAGS="--cfg loom" cargo test -p async-futures --release --test loom`
//!
//! A lost wake-up is a thread that waits for ever, which the checker reports; so it does with a race
//! on a future or its result, and with memory that is freed twice or never.

#![cfg(loom)]

mod models;
