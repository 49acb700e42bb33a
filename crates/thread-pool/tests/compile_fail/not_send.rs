//! An `Rc` has one thread's reference count.

use std::rc::Rc;

fn main() {
    let pool = thread_pool::ThreadPool::builder().build().unwrap();
    let count = Rc::new(1);
    pool.join(|| Rc::strong_count(&count), || ());
}
