//! A TCP server for one line protocol, four times: `Echo: <message>` for every line.
//!
//! What a server does with a line is one statement. What makes it a server is what happens to ten
//! thousand connections that mostly wait, to messages cut anywhere, to peers that never read, and to
//! all of them when it stops. So the protocol is here once, and what differs is *who waits*:
//!
//! - **threads**: each connection has a thread, which sleeps in `read`;
//! - **pool**: a few workers share one `epoll`, and whoever is free serves whichever is ready;
//! - **readiness**: a thread for each core owns its connections and an `epoll` of its own;
//! - **tasks**: each connection is a future, and a runtime (tokio) waits for all of them.
//!
//! What holds for all four:
//!
//! 1. However the bytes of a line arrive, its answer is the same.
//! 2. Memory for a connection is bounded, whatever the peer sends and whether or not it reads.
//! 3. Whoever closed only its writing half gets all its answers.
//! 4. A stop answers what has arrived, ends by its deadline, and leaves no thread and no socket.
//!
//! In reading order: [`framer`] and [`session`] are the protocol, without any input or output.
//! [`service`] is what happens to a line, [`config`] what is allowed. `connection` binds a session to
//! what every server has: `roster` (who is here, and how to tell them to end), `warden` (who has been
//! silent too long), [`statistics`]. [`server`] starts and stops it all, and hands each accepted
//! connection to one of the four in `driver`. On the other side are [`client`], [`load`] (many
//! clients at once), [`memory`] and [`measure`] (what a connection costs).

pub mod client;
pub mod config;
pub mod framer;
pub mod load;
pub mod measure;
pub mod memory;
pub mod server;
pub mod service;
pub mod session;
pub mod statistics;

mod connection;
mod driver;
mod error;
mod roster;
mod warden;

pub use client::Client;
pub use config::{Config, Kind};
pub use error::Error;
pub use server::{Farewell, Server};
pub use service::{Echo, Service};
pub use statistics::Statistics;
