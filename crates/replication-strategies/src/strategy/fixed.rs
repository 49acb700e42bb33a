//! Copies stay where they were placed: full, single, random and hashed replication.

use super::{Event, Order, Strategy};
use crate::directory::Directory;

/// Never orders anything; what it is worth was decided by its placement.
#[derive(Clone, Copy, Debug)]
pub struct Fixed;

impl Strategy for Fixed {
    fn on(&mut self, _event: Event, _books: &Directory, _orders: &mut Vec<Order>) {}
}
