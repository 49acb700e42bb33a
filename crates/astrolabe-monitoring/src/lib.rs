//! x

pub mod agent;
pub mod aggregate;
pub mod catalogue;
pub mod central;
pub mod detector;
pub mod error;
pub mod live;
pub mod message;
pub mod query;
pub mod row;
pub mod simulation;
pub mod table;
pub mod value;
pub mod wire;
pub mod zone;

pub use error::Error;
