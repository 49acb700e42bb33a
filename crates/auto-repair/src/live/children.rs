//! Hearing of ended processes without waiting for them: SIGCHLD as a byte in a pipe.

use std::io::Read;
use std::os::unix::net::UnixStream;

use signal_hook::SigId;
use signal_hook::consts::SIGCHLD;
use signal_hook::low_level;

/// Hears that some process of this program has ended.
#[derive(Debug)]
pub(super) struct Children {
    pub(super) told: UnixStream,
    handler: SigId,
}

impl Children {
    pub(super) fn watch() -> std::io::Result<Self> {
        let (told, teller) = UnixStream::pair()?;
        told.set_nonblocking(true)?;
        Ok(Children {
            told,
            handler: low_level::pipe::register(SIGCHLD, teller)?,
        })
    }

    pub(super) fn drain(&self) {
        // Whatever was told, it is told once: all processes are looked at.
        while (&self.told).read(&mut [0; 64]).is_ok_and(|read| read > 0) {}
    }
}

impl Drop for Children {
    fn drop(&mut self) {
        low_level::unregister(self.handler);
    }
}
