//! Memory that is really used: mapped, written to, and given back to the system when dropped (which
//! an allocator needn't do).

#![expect(unsafe_code, reason = "pages are mapped and unmapped by system calls")]

use std::ffi::c_void;
use std::io;
use std::num::NonZeroUsize;
use std::ptr::NonNull;
use std::slice;

use nix::sys::mman::{MapFlags, ProtFlags, mmap_anonymous, munmap};

/// The smallest page there is: one write in each makes all of them real.
const PAGE: usize = 4096;

/// So much memory in use.
#[derive(Debug)]
pub(super) struct Ballast {
    /// None for no memory at all, which can't be mapped.
    mapped: Option<(NonNull<c_void>, NonZeroUsize)>,
}

impl Ballast {
    /// Fills so many MiB.
    pub(super) fn of(mib: usize) -> io::Result<Self> {
        let too_much = || io::Error::from(io::ErrorKind::OutOfMemory);
        let bytes = mib.checked_mul(1 << 20).ok_or_else(too_much)?;
        let Some(length) = NonZeroUsize::new(bytes) else {
            return Ok(Ballast { mapped: None });
        };
        let writable = ProtFlags::PROT_READ | ProtFlags::PROT_WRITE;
        // SAFETY: a new private mapping at an address of the system's choice overlaps nothing.
        let start = unsafe { mmap_anonymous(None, length, writable, MapFlags::MAP_PRIVATE) }?;
        // SAFETY: the mapping is that long, readable and writable, zeroed, and ours alone.
        let bytes = unsafe { slice::from_raw_parts_mut(start.cast::<u8>().as_ptr(), bytes) };
        for page in bytes.chunks_mut(PAGE) {
            page[0] = 1;
        }
        Ok(Ballast {
            mapped: Some((start, length)),
        })
    }
}

impl Drop for Ballast {
    fn drop(&mut self) {
        if let Some((start, length)) = self.mapped {
            // SAFETY: exactly what was mapped, and no reference to it outlived `of`.
            let unmapped = unsafe { munmap(start, length.get()) };
            debug_assert_eq!(unmapped, Ok(()), "a mapping of ours can be undone");
        }
    }
}
