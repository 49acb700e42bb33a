//! Values under small numbers, which are used again: what an event's token leads to.

/// A table whose free places are reused.
#[derive(Debug)]
pub(super) struct Slab<T> {
    places: Vec<Option<T>>,
    free: Vec<usize>,
}

impl<T> Slab<T> {
    pub(super) fn new() -> Self {
        Slab {
            places: Vec::new(),
            free: Vec::new(),
        }
    }

    /// Reserves a free place.
    pub(super) fn reserve(&mut self) -> usize {
        self.free.pop().unwrap_or_else(|| {
            self.places.push(None);
            self.places.len() - 1
        })
    }

    /// Puts a value into a reserved place.
    pub(super) fn put(&mut self, place: usize, value: T) {
        self.places[place] = Some(value);
    }

    /// What is in a place.
    pub(super) fn get_mut(&mut self, place: usize) -> Option<&mut T> {
        self.places.get_mut(place)?.as_mut()
    }

    /// Gives a place back; what is in it is handed out.
    pub(super) fn release(&mut self, place: usize) -> Option<T> {
        self.free.push(place);
        self.places.get_mut(place)?.take()
    }

    /// Takes everything out.
    pub(super) fn drain(&mut self) -> Vec<T> {
        self.free.clear();
        self.places.drain(..).flatten().collect()
    }
}
