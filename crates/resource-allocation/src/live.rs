//! Grants on real processes: workers that would take all they can, and a kernel that lets each have
//! what it was granted and no more.
//!
//! [`limits`] and [`hierarchy`] are pure: what to write, where, in which order. [`groups`],
//! [`nice`] and [`worker`] carry it out; [`session`] holds them together; [`janitor`] cleans up
//! after all of them.

mod ballast;
pub mod groups;
pub mod hierarchy;
pub mod janitor;
pub mod limits;
pub mod nice;
pub mod session;
pub mod worker;

pub use session::{Means, Session, Usage};
