//! A deque has one owner: two threads that push would write the same slot.

fn owner_for_two<T: Sync>(_: &T) {}

fn main() {
    let (owner, _stealer) = thread_pool::deque::deque::<u8>();
    owner_for_two(&owner);
}
