//! The wall of files: a mount namespace in which all is read-only but what the plan says.

use std::ffi::CStr;

use nix::errno::Errno;
use nix::libc;
use nix::mount::{MsFlags, mount};

use super::plan::{Hidden, Plan};

const NOTHING: Option<&CStr> = None;

/// Arranges the file system of the calling process, which must have a mount namespace of its own.
pub(super) fn fence(plan: &Plan) -> Result<(), Errno> {
    // Nothing done here may reach the mounts outside.
    mount(
        NOTHING,
        c"/",
        NOTHING,
        MsFlags::MS_REC | MsFlags::MS_PRIVATE,
        NOTHING,
    )?;
    for hidden in &plan.hidden {
        hide(hidden)?;
    }
    if let Some(scratch) = &plan.scratch {
        mount_memory(&scratch.path, &scratch.options, MsFlags::empty())?;
    }
    for folder in &plan.writable {
        mount(
            Some(folder.as_c_str()),
            folder.as_c_str(),
            NOTHING,
            MsFlags::MS_BIND,
            NOTHING,
        )?;
    }
    // Both only make the view complete: where the system refuses them, the old ones stay, readable.
    let bare = MsFlags::MS_NOSUID | MsFlags::MS_NODEV | MsFlags::MS_NOEXEC;
    let _ = mount(Some(c"proc"), c"/proc", Some(c"proc"), bare, NOTHING);
    let shared = mount_memory(c"/dev/shm", c"size=64m,mode=1777", MsFlags::empty()).is_ok();
    set_read_only(c"/", true)?;
    if shared {
        set_read_only(c"/dev/shm", false)?;
    }
    if let Some(scratch) = &plan.scratch {
        set_read_only(&scratch.path, false)?;
    }
    for folder in &plan.writable {
        set_read_only(folder, false)?;
    }
    Ok(())
}

/// Covers a folder with an empty one, or a file with the empty device.
fn hide(hidden: &Hidden) -> Result<(), Errno> {
    if hidden.is_folder {
        return mount_memory(&hidden.path, c"size=4k,mode=755", MsFlags::MS_RDONLY);
    }
    mount(
        Some(c"/dev/null"),
        hidden.path.as_c_str(),
        NOTHING,
        MsFlags::MS_BIND,
        NOTHING,
    )
}

fn mount_memory(path: &CStr, options: &CStr, more: MsFlags) -> Result<(), Errno> {
    let flags = MsFlags::MS_NOSUID | MsFlags::MS_NODEV | more;
    mount(Some(c"tmpfs"), path, Some(c"tmpfs"), flags, Some(options))
}

/// Makes a mount and all below it read-only, or one mount writable again.
fn set_read_only(path: &CStr, read_only: bool) -> Result<(), Errno> {
    let flag = libc::MOUNT_ATTR_RDONLY;
    let attributes = libc::mount_attr {
        attr_set: if read_only { flag } else { 0 },
        attr_clr: if read_only { 0 } else { flag },
        propagation: 0,
        userns_fd: 0,
    };
    let recursive = if read_only { libc::AT_RECURSIVE } else { 0 };
    // SAFETY: path and attributes are valid for the duration of the call, which only reads them;
    // the size is the attributes' own. (Linux 5.12; the C library has no function for it.)
    let done = unsafe {
        libc::syscall(
            libc::SYS_mount_setattr,
            libc::AT_FDCWD,
            path.as_ptr(),
            recursive,
            &raw const attributes,
            size_of::<libc::mount_attr>(),
        )
    };
    Errno::result(done).map(drop)
}
