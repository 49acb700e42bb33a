//! Two jobs of a scope may run at once, so they can't both change the same thing.

fn main() {
    let pool = thread_pool::ThreadPool::builder().build().unwrap();
    let mut count = 0;
    pool.scope(|scope| {
        scope.spawn(|| count += 1);
        scope.spawn(|| count += 1);
    });
}
