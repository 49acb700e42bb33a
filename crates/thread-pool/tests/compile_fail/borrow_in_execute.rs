//! Nobody waits for a job of `execute`, so it can't borrow at all.

fn main() {
    let pool = thread_pool::ThreadPool::builder().build().unwrap();
    let local = 1;
    pool.execute(|| println!("{local}")).unwrap();
}
