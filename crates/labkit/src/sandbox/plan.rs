//! All that the new process will need between fork and exec, where it must not allocate: paths and
//! texts as C strings.

use std::ffi::CString;
use std::fs;
use std::io::{self, PipeWriter};
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::chown;
use std::path::{Path, PathBuf};

use nix::unistd::{Gid, Uid, getegid, geteuid};

use super::enter::Lock;
use super::{Limits, Sandbox};

/// The user that owns nothing, as which foreign code runs when the caller is root.
const NOBODY: u32 = 65534;

/// Sockets at which a service would act for whoever can open them; a read-only file system doesn't
/// keep anyone from connecting.
const SOCKETS: [&str; 4] = [
    "/run/docker.sock",
    "/run/podman/podman.sock",
    "/run/containerd/containerd.sock",
    "/run/dbus/system_bus_socket",
];

/// What the new process does before it becomes the program.
#[derive(Debug)]
pub(super) struct Plan {
    pub(super) limits: Limits,
    pub(super) user: User,
    pub(super) hidden: Vec<Hidden>,
    pub(super) writable: Vec<CString>,
    pub(super) scratch: Option<Scratch>,
    /// For the case that the wall of files can't be raised.
    pub(super) lock: Lock,
    pub(super) report: PipeWriter,
}

/// As whom the program runs, and how the right to raise walls is come by.
#[derive(Debug)]
pub(super) enum User {
    /// The caller is root: it may raise walls, and then becomes nobody.
    Nobody(Uid, Gid),
    /// The caller is root and the program is trusted.
    Root,
    /// The caller is no one special: it gets the right in a user namespace, in which it maps only
    /// itself. The contents of `uid_map` and `gid_map`.
    Own { uids: CString, gids: CString },
}

/// A path that is to look empty.
#[derive(Debug)]
pub(super) struct Hidden {
    pub(super) path: CString,
    pub(super) is_folder: bool,
}

/// The folder in memory.
#[derive(Debug)]
pub(super) struct Scratch {
    pub(super) path: CString,
    /// Options of its mount.
    pub(super) options: CString,
}

impl Plan {
    pub(super) fn new(sandbox: &Sandbox, report: PipeWriter) -> io::Result<Self> {
        let user = User::of(sandbox)?;
        let hidden = hidden_paths(sandbox)?;
        let mut writable = Vec::new();
        for folder in &sandbox.writable {
            let folder = visible(folder, &hidden)?;
            writable.push(text(folder.as_os_str().as_bytes())?);
        }
        let scratch = match &sandbox.scratch {
            Some(folder) => Some(Scratch::new(
                &visible(folder, &hidden)?,
                &user,
                &sandbox.limits,
            )?),
            None => None,
        };
        let hidden = hidden.iter().map(|path| Hidden::new(path));
        let lock = Lock::new(writable.iter().chain(scratch.as_ref().map(|it| &it.path)));
        Ok(Plan {
            limits: sandbox.limits.clone(),
            user,
            hidden: hidden.collect::<io::Result<_>>()?,
            writable,
            scratch,
            lock,
            report,
        })
    }
}

impl User {
    fn of(sandbox: &Sandbox) -> io::Result<Self> {
        let (uid, gid) = (geteuid(), getegid());
        if !uid.is_root() {
            return Ok(User::Own {
                uids: text(format!("{uid} {uid} 1\n").as_bytes())?,
                gids: text(format!("{gid} {gid} 1\n").as_bytes())?,
            });
        }
        Ok(match sandbox.keep_user {
            true => User::Root,
            false => User::Nobody(Uid::from_raw(NOBODY), Gid::from_raw(NOBODY)),
        })
    }
}

impl Hidden {
    fn new(path: &Path) -> io::Result<Self> {
        Ok(Hidden {
            path: text(path.as_os_str().as_bytes())?,
            is_folder: path.is_dir(),
        })
    }
}

impl Scratch {
    fn new(folder: &Path, user: &User, limits: &Limits) -> io::Result<Self> {
        let owner = match user {
            // The folder itself is used where the wall of files can't be raised. A container may
            // know no user nobody; the program then can't become that user either.
            User::Nobody(uid, gid) => chown(folder, Some(uid.as_raw()), Some(gid.as_raw()))
                .ok()
                .map(|()| (*uid, *gid)),
            User::Root | User::Own { .. } => None,
        };
        let (uid, gid) = owner.unwrap_or_else(|| (geteuid(), getegid()));
        let options = format!("size={},mode=700,uid={uid},gid={gid}", limits.scratch);
        Ok(Scratch {
            path: text(folder.as_os_str().as_bytes())?,
            options: text(options.as_bytes())?,
        })
    }
}

/// The caller's hidden paths and the sockets of services, as far as they are there; what is inside
/// a hidden folder is hidden with it.
fn hidden_paths(sandbox: &Sandbox) -> io::Result<Vec<PathBuf>> {
    let runtime = format!("/run/user/{}", geteuid());
    let sockets = SOCKETS.iter().map(Path::new).chain([Path::new(&runtime)]);
    let mut paths: Vec<PathBuf> = sockets
        .filter_map(|path| fs::canonicalize(path).ok())
        .collect();
    for path in &sandbox.hidden {
        paths.push(fs::canonicalize(path).map_err(|error| named(path, &error))?);
    }
    // Sorted, a folder comes before all that is inside it.
    paths.sort();
    let mut hidden: Vec<PathBuf> = Vec::new();
    for path in paths {
        if !hidden.iter().any(|folder| path.starts_with(folder)) {
            hidden.push(path);
        }
    }
    Ok(hidden)
}

/// A folder that must not be inside a hidden one.
fn visible(folder: &Path, hidden: &[PathBuf]) -> io::Result<PathBuf> {
    let folder = fs::canonicalize(folder).map_err(|error| named(folder, &error))?;
    match hidden.iter().find(|hidden| folder.starts_with(hidden)) {
        None => Ok(folder),
        Some(hidden) => Err(io::Error::new(
            io::ErrorKind::InvalidInput,
            format!(
                "{} is inside {}, which is hidden",
                folder.display(),
                hidden.display()
            ),
        )),
    }
}

fn named(path: &Path, error: &io::Error) -> io::Error {
    io::Error::new(error.kind(), format!("{}: {error}", path.display()))
}

fn text(bytes: &[u8]) -> io::Result<CString> {
    Ok(CString::new(bytes)?)
}
