//! The metrics: a database of this process's own, written to over HTTP as any service would, and its page.

use std::error::Error;
use std::io;
use std::net::{Ipv4Addr, SocketAddr};
use std::thread::{self, JoinHandle};

use labkit::net::bind;
use labkit::services::http;
use labkit::shutdown::Shutdown;
use metrics_logging::config::Config;
use metrics_logging::server::{Service, serve};
use metrics_logging::store::Embedded;
use tempfile::TempDir;

/// The database's name.
const DATABASE: &str = "together";

/// The running database.
pub(crate) struct Journal {
    address: SocketAddr,
    store: Embedded,
    written: u64,
    shutdown: Shutdown,
    server: JoinHandle<io::Result<()>>,
    /// Dropped last: the folder goes with it.
    _folder: TempDir,
}

/// What is left of it.
pub(crate) struct Kept {
    /// Samples that were acknowledged.
    pub(crate) written: u64,
    /// Samples that are there.
    pub(crate) found: u64,
    /// Series that they belong to.
    pub(crate) series: usize,
}

impl Journal {
    /// Opens an empty database in a folder of its own and serves it.
    ///
    /// # Errors
    /// If there is no room for a folder or no port.
    pub(crate) fn start() -> Result<Self, Box<dyn Error>> {
        let folder = tempfile::tempdir()?;
        let store = Embedded::open(folder.path(), Config::default())?;
        let listener = bind((Ipv4Addr::LOCALHOST, 0).into())?;
        let address = listener.local_addr()?;
        let service = Service::new(store.clone(), DATABASE);
        let shutdown = Shutdown::new();
        let told = shutdown.clone();
        Ok(Journal {
            address,
            store,
            written: 0,
            server: thread::spawn(move || serve(listener, service, &told)),
            shutdown,
            _folder: folder,
        })
    }

    /// Where its page is.
    pub(crate) fn address(&self) -> SocketAddr {
        self.address
    }

    /// Writes numbers that are true now, under a measurement.
    ///
    /// # Errors
    /// If the database doesn't acknowledge them.
    pub(crate) fn note(
        &mut self,
        measurement: &str,
        tag: &str,
        fields: &[(&str, f64)],
    ) -> Result<(), Box<dyn Error>> {
        let numbers: Vec<String> = fields
            .iter()
            .map(|(name, number)| format!("{name}={number}"))
            .collect();
        let line = format!("{measurement},{tag} {}\n", numbers.join(","));
        let path = format!("/write?db={DATABASE}");
        let answer = http::post(self.address, &path, "text/plain", line.as_bytes())?;
        if !answer.is_success() {
            return Err(format!("the database said {}: {}", answer.status, answer.text()).into());
        }
        self.written += fields.len() as u64;
        Ok(())
    }

    /// Ends the server and counts what is there.
    ///
    /// # Errors
    /// If the server had failed.
    pub(crate) fn end(self) -> Result<Kept, Box<dyn Error>> {
        self.shutdown.trigger();
        self.server
            .join()
            .map_err(|_| "the database has panicked")??;
        let size = self.store.engine().size();
        Ok(Kept {
            written: self.written,
            found: size.samples,
            series: size.series,
        })
    }
}
