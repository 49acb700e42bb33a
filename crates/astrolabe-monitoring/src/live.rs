//! The same nodes as processes: sockets, clocks and measurements around [`crate::agent`].

mod client;
mod key;
mod server;
mod vitals;

pub use client::Client;
pub use key::seal;
pub use server::{Server, Settings, Traffic};
pub use vitals::Vitals;
