//! Making real processes fail, and seeing from outside whether they serve.

use std::io::{self, Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::time::Duration;

use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;

use crate::ledger::Fault;
use crate::live::Row;

/// How long a client waits for an answer: far more than a healthy one takes.
const PATIENCE: Duration = Duration::from_millis(500);

/// Makes the process of a [`child`](crate::child) fail: SIGKILL is a crash, SIGSTOP a hang, and a leak is
/// asked for.
///
/// # Errors
/// If it has no process, or can't be asked; or for a poisoned start, which can't be had from outside.
pub fn inject(row: &Row, fault: Fault) -> io::Result<()> {
    let absent = || io::Error::from(io::ErrorKind::NotFound);
    let pid = row.pid.ok_or_else(absent)?;
    let pid = Pid::from_raw(i32::try_from(pid).map_err(io::Error::other)?);
    match fault {
        Fault::Crash => Ok(kill(pid, Signal::SIGKILL)?),
        Fault::Hang => Ok(kill(pid, Signal::SIGSTOP)?),
        Fault::Leak => {
            let address = row.address.as_deref().ok_or_else(absent)?;
            get(address, "/leak").map(drop)
        }
        Fault::Poison => Err(io::ErrorKind::Unsupported.into()),
    }
}

/// The process that answers at an address, if one does.
#[must_use]
pub fn serving(address: &str) -> Option<u32> {
    get(address, "/health").ok()?.trim().parse().ok()
}

/// Asks for a path, and gives back the body of the answer.
///
/// # Errors
/// If there is no answer within half a second.
pub fn get(address: &str, path: &str) -> io::Result<String> {
    let address: SocketAddr = address.parse().map_err(io::Error::other)?;
    let mut stream = TcpStream::connect_timeout(&address, PATIENCE)?;
    stream.set_read_timeout(Some(PATIENCE))?;
    let request = format!("GET {path} HTTP/1.1\r\nHost: {address}\r\n\r\n");
    stream.write_all(request.as_bytes())?;
    let mut answer = String::new();
    stream.read_to_string(&mut answer)?;
    match answer.split_once("\r\n\r\n") {
        Some((_, body)) => Ok(body.to_owned()),
        None => Err(io::ErrorKind::UnexpectedEof.into()),
    }
}
