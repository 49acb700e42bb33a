//! A job may outlive the body of its scope, so it can't borrow what the body owns.

fn main() {
    let pool = thread_pool::ThreadPool::builder().build().unwrap();
    pool.scope(|scope| {
        let local = 1;
        scope.spawn(|| println!("{local}"));
    });
}
