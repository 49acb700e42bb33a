//! Placeholder until the contest is written.
fn main() {}
