//! Against std's mpsc, crossbeam-channel, flume and kanal: one to one, four to four, and in batches.

#[cfg(not(loom))]
mod contest;

#[cfg(not(loom))]
fn main() -> std::process::ExitCode {
    contest::main()
}

/// The peers can't be built for the model checker.
#[cfg(loom)]
fn main() {}
