//! A lesser wall of files, for systems that let no one have a mount namespace: Landlock, with which
//! any process may take the right to write from itself.
//!
//! It can't hide anything: what the caller may read can be read.

use std::ffi::CString;
use std::os::fd::{AsRawFd, OwnedFd};

use landlock::{
    ABI, AccessFs, Ruleset, RulesetAttr, RulesetCreatedAttr, RulesetError, path_beneath_rules,
};
use nix::errno::Errno;
use nix::libc;

/// Devices that swallow or make bytes and keep none.
const DEVICES: [&str; 3] = ["/dev/null", "/dev/zero", "/dev/full"];

/// What a process can put on to lose the right to write.
#[derive(Debug)]
pub(super) struct Lock(Option<OwnedFd>);

impl Lock {
    /// Prepares the lock; folders that stay writable are the exception.
    pub(super) fn new<'a>(writable: impl Iterator<Item = &'a CString>) -> Self {
        let writable = writable.filter_map(|path| path.to_str().ok());
        let paths: Vec<&str> = writable.chain(DEVICES).collect();
        Lock(rules(&paths).unwrap_or_else(|error| {
            tracing::debug!("no Landlock: {error}");
            None
        }))
    }

    /// Puts it on. Between fork and exec: allocates nothing. The process must have given up gaining
    /// rights (`no_new_privs`).
    pub(super) fn put_on(&self) -> Result<(), Errno> {
        let rules = self.0.as_ref().ok_or(Errno::ENOSYS)?;
        // SAFETY: a system call with a descriptor that is open and a number; it can only take
        // rights from this process.
        let done = unsafe { libc::syscall(libc::SYS_landlock_restrict_self, rules.as_raw_fd(), 0) };
        Errno::result(done).map(drop)
    }
}

/// The kernel's rules, or none if it has no Landlock. Kernels before 6.2 can't keep a file from
/// being truncated.
fn rules(writable: &[&str]) -> Result<Option<OwnedFd>, RulesetError> {
    let writes = AccessFs::from_write(ABI::V3);
    let rules = Ruleset::default()
        .handle_access(writes)?
        .create()?
        .add_rules(path_beneath_rules(writable, writes))?;
    Ok(rules.into())
}
