//! Edge caching: each node keeps what passed it last, as much as its cache holds.

use super::{Coherence, Event, Order, Source, Strategy};
use crate::catalogue::Catalogue;
use crate::directory::Directory;

/// A cache at every node. Copies are invalidated by writes and come from the home.
#[derive(Debug)]
pub struct Lru {
    caches: Vec<Cache>,
}

/// Objects by their last use: a ring of links through two flat arrays. Place `len - 1` is the ring's own,
/// between the most and the least recently used.
#[derive(Debug)]
struct Cache {
    next: Vec<u32>,
    previous: Vec<u32>,
    bytes: u64,
    capacity: u64,
}

/// No neighbour: the object isn't in the cache.
const OUT: u32 = u32::MAX;

impl Lru {
    /// Empty caches of so many bytes each.
    #[must_use]
    pub fn new(catalogue: &Catalogue, capacity: u64) -> Self {
        let cache = || Cache::new(catalogue.len(), capacity);
        Lru {
            caches: (0..catalogue.nodes()).map(|_| cache()).collect(),
        }
    }
}

impl Strategy for Lru {
    fn coherence(&self, _node: usize, _object: u32, _books: &Directory) -> Coherence {
        Coherence::Invalidate
    }

    fn source(&self) -> Source {
        Source::Home
    }

    fn on(&mut self, event: Event, books: &Directory, orders: &mut Vec<Order>) {
        let catalogue = books.catalogue();
        match event {
            Event::Read {
                node,
                object,
                local: true,
            } => self.caches[node].touch(object),
            Event::Read { node, object, .. } => orders.push(Order::Copy { node, object }),
            Event::Arrived { node, object } => {
                let cache = &mut self.caches[node];
                cache.insert(object, catalogue.size(object));
                while let Some(object) = cache.surplus() {
                    cache.remove(object, catalogue.size(object));
                    orders.push(Order::Drop { node, object });
                }
            }
            Event::Lost { node, object } => {
                self.caches[node].remove(object, catalogue.size(object));
            }
            Event::Write { .. } | Event::Window { .. } => (),
        }
    }
}

impl Cache {
    fn new(objects: usize, capacity: u64) -> Self {
        let own = u32::try_from(objects).expect("at most a million objects");
        let mut links = vec![OUT; objects];
        links.push(own);
        Cache {
            next: links.clone(),
            previous: links,
            bytes: 0,
            capacity,
        }
    }

    /// The ring's own place.
    fn own(&self) -> u32 {
        u32::try_from(self.next.len() - 1).expect("at most a million objects")
    }

    fn holds(&self, object: u32) -> bool {
        self.next[object as usize] != OUT
    }

    /// An object was used; one that isn't in the cache (its home is here) isn't touched.
    fn touch(&mut self, object: u32) {
        if self.holds(object) {
            // BEGIN SOLUTION stage 4: out of its place, and to the front
            self.unlink(object);
            self.link_front(object);
            // END SOLUTION
        }
    }

    fn insert(&mut self, object: u32, size: u32) {
        if !self.holds(object) {
            self.link_front(object);
            self.bytes += u64::from(size);
        }
    }

    fn remove(&mut self, object: u32, size: u32) {
        if self.holds(object) {
            self.unlink(object);
            self.bytes -= u64::from(size);
        }
    }

    /// What has to go, if the cache is too full.
    fn surplus(&self) -> Option<u32> {
        // BEGIN SOLUTION stage 4: the one before the ring's own place
        (self.bytes > self.capacity).then(|| self.previous[self.own() as usize])
        // END SOLUTION
    }

    fn link_front(&mut self, object: u32) {
        let own = self.own();
        let second = self.next[own as usize];
        self.next[object as usize] = second;
        self.previous[object as usize] = own;
        self.next[own as usize] = object;
        self.previous[second as usize] = object;
    }

    fn unlink(&mut self, object: u32) {
        let (previous, next) = (self.previous[object as usize], self.next[object as usize]);
        self.next[previous as usize] = next;
        self.previous[next as usize] = previous;
        self.next[object as usize] = OUT;
        self.previous[object as usize] = OUT;
    }
}
