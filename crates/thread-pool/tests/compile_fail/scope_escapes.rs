//! Who keeps the scope could spawn into it after its end.

fn main() {
    let pool = thread_pool::ThreadPool::builder().build().unwrap();
    let mut kept = None;
    pool.scope(|scope| kept = Some(scope));
    kept.unwrap().spawn(|| ());
}
