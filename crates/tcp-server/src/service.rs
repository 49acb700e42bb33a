//! What a server does with a line: the one place that a user of this crate brings.

/// Answers lines. One value serves all connections of a server, from several threads at once.
///
/// Any closure `Fn(&str, &mut Vec<u8>)` is a service. One that panics loses its connection, and no
/// other. How long it may take depends on the server: a blocked service blocks one connection of
/// the thread-per-connection server, one worker of the pool, and a whole core's connections of the
/// other two.
pub trait Service: Send + Sync + 'static {
    /// Appends the answer to `line` (without its line end, invalid UTF-8 replaced by U+FFFD) to
    /// `answer`, without a line end; the server adds the one that the line had.
    fn answer(&self, line: &str, answer: &mut Vec<u8>);
}

impl<F> Service for F
where
    F: Fn(&str, &mut Vec<u8>) + Send + Sync + 'static,
{
    fn answer(&self, line: &str, answer: &mut Vec<u8>) {
        self(line, answer);
    }
}

/// The protocol of the lab: `Echo: ` and the line.
#[derive(Clone, Copy, Debug, Default)]
pub struct Echo;

impl Echo {
    /// What stands before the line.
    pub const PREFIX: &'static str = "Echo: ";
}

impl Service for Echo {
    fn answer(&self, line: &str, answer: &mut Vec<u8>) {
        // BEGIN SOLUTION stage 1: what does the answer consist of?
        answer.extend_from_slice(Echo::PREFIX.as_bytes());
        answer.extend_from_slice(line.as_bytes());
        // END SOLUTION
    }
}
