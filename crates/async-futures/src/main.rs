//! Flags in, exit code out.

#[cfg(not(loom))]
mod cli;
#[cfg(not(loom))]
mod demo;

#[cfg(not(loom))]
fn main() -> std::process::ExitCode {
    labkit::run::main(labkit::about!(cli::EXAMPLES), cli::run)
}

/// The model checker looks at the library alone.
#[cfg(loom)]
fn main() {}
