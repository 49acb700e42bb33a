//! A node process: a folder, a listener, and commands.

use std::io;
use std::net::{Ipv4Addr, SocketAddr, TcpStream};
use std::path::PathBuf;
use std::sync::Arc;
use std::thread;

use labkit::net::{Cap, accept_loop, announce, bind};
use labkit::shutdown::Shutdown;

use super::PATIENCE;
use super::store::{Store, version_of};
use super::wire::{Command, Conversation};

/// How many connections a node serves at once.
const MOST_CONNECTIONS: usize = 256;

/// Serves the files of a folder on a free port of the loopback until told to stop.
///
/// # Errors
/// If the folder isn't there, or the node can't listen.
pub fn serve(folder: PathBuf, shutdown: &Shutdown) -> io::Result<()> {
    if !folder.is_dir() {
        let missing = format!("{} is no folder; give --folder one", folder.display());
        return Err(io::Error::new(io::ErrorKind::NotFound, missing));
    }
    let store = Arc::new(Store::new(folder));
    let listener = bind((Ipv4Addr::LOCALHOST, 0).into())?;
    announce("tcp", listener.local_addr()?)?;
    let cap = Cap::new(MOST_CONNECTIONS);
    accept_loop(
        listener,
        &cap,
        shutdown,
        |stream, permit| {
            let store = Arc::clone(&store);
            thread::spawn(move || {
                if let Err(error) = converse(stream, &store) {
                    tracing::debug!("a connection broke: {error}");
                }
                drop(permit);
            });
        },
        drop,
    )
}

/// Obeys the commands of a connection until it closes.
fn converse(stream: TcpStream, store: &Store) -> io::Result<()> {
    let mut peer = Conversation::over(stream)?;
    // Between two commands it may be quiet for as long as it likes.
    while let Some(line) = {
        peer.stream().set_read_timeout(None)?;
        peer.line()?
    } {
        peer.stream().set_read_timeout(Some(PATIENCE))?;
        let Some(command) = Command::parse(&line) else {
            return peer.send("WHAT 0", &[]);
        };
        let body = peer.body(command.body())?;
        match obey(command, &body, store)? {
            Some(answer) => peer.send(&format!("OK {}", answer.len()), &answer)?,
            None => peer.send("NO 0", &[])?,
        }
    }
    Ok(())
}

/// Obeys a command; none if a file isn't there, here or at the other node.
fn obey(command: Command, body: &[u8], store: &Store) -> io::Result<Option<Vec<u8>>> {
    const DONE: Option<Vec<u8>> = Some(Vec::new());
    match command {
        Command::Get(object) => store.get(object),
        Command::Put(object, _) => store.put(object, body).map(|()| DONE),
        Command::Drop(object) => store.remove(object, None).map(|()| DONE),
        Command::Void(object, version) => store.remove(object, Some(version)).map(|()| DONE),
        Command::Fetch(object, keep, address) => fetch(object, keep, address, store),
        Command::Push(object, address) => match store.get(object)? {
            Some(content) => {
                put(object, &content, address)?;
                // Which version it was is all that the asker needs.
                Ok(Some(content[..4.min(content.len())].to_vec()))
            }
            None => Ok(None),
        },
        Command::Tell(object, version, address) => {
            Conversation::with(address)?.ask(&format!("VOID {object} {version}"), &[])
        }
        Command::Send(object, _, address) => put(object, body, address).map(|()| DONE),
    }
}

/// Gets a file from another node, and keeps it if that is wanted.
fn fetch(
    object: u32,
    keep: bool,
    address: SocketAddr,
    store: &Store,
) -> io::Result<Option<Vec<u8>>> {
    // BEGIN SOLUTION stage 6: ask, keep, hand on; what if the other one hasn't got it?
    let content = Conversation::with(address)?.ask(&format!("GET {object}"), &[])?;
    if let Some(content) = content.as_ref().filter(|_| keep) {
        store.put(object, content)?;
    }
    Ok(content)
    // END SOLUTION
}

fn put(object: u32, content: &[u8], address: SocketAddr) -> io::Result<()> {
    if version_of(content).is_none() {
        return Err(io::ErrorKind::InvalidData.into());
    }
    let line = format!("PUT {object} {}", content.len());
    Conversation::with(address)?.ask(&line, content)?;
    Ok(())
}
