//! What the new process does between fork and exec: raises the walls, sets the limits, lets go of
//! its rights. A wall that the system refuses is reported, not an error.

use std::io;

use nix::errno::Errno;
use nix::fcntl::{OFlag, open};
use nix::libc;
use nix::sched::{CloneFlags, unshare};
use nix::sys::prctl::set_no_new_privs;
use nix::sys::socket::{AddressFamily, SockFlag, SockType, socket};
use nix::sys::stat::Mode;
use nix::unistd::{setgroups, setresgid, setresuid, write};
use std::ffi::CStr;
use std::os::fd::AsRawFd;

pub(super) use super::landlock::Lock;
use super::plan::{Plan, User};
use super::{Wall, Walls, init, mounts, report};

/// Raises what can be raised; on return the process is the one that becomes the program.
pub(super) fn enter(plan: &Plan) -> io::Result<()> {
    let own_namespace = match &plan.user {
        User::Own { uids, gids } => own_user_namespace(uids, gids).is_ok(),
        User::Nobody(..) | User::Root => false,
    };
    let processes = unshare(CloneFlags::CLONE_NEWPID | CloneFlags::CLONE_NEWIPC);
    let network = unshare(CloneFlags::CLONE_NEWNET).and_then(|()| raise_loopback());
    let files = unshare(CloneFlags::CLONE_NEWNS);
    if processes.is_ok() {
        init::step_inside(&plan.report)?;
    }
    let files = files.and_then(|()| mounts::fence(plan));
    // The kernel counts nobody's processes, or those of a user namespace; not root's.
    let own_count = own_namespace || matches!(plan.user, User::Nobody(..));
    plan.limits.apply(own_count)?;
    let user = match plan.user {
        User::Nobody(uid, gid) => wall(
            setgroups(&[])
                .and_then(|()| setresgid(gid, gid, gid))
                .and_then(|()| setresuid(uid, uid, uid)),
        ),
        User::Root => Wall::Unasked,
        User::Own { .. } => Wall::Missing(libc::EPERM),
    };
    set_no_new_privs()?;
    close_on_exec();
    let walls = Walls {
        processes: wall(processes),
        network: wall(network),
        files: match files {
            Ok(()) => Wall::Up,
            // Only now: under Landlock no process may mount anything.
            Err(error) => plan.lock.put_on().map_or(missing(error), |()| Wall::Partly),
        },
        user,
    };
    report::write_walls(&plan.report, walls)
}

fn wall(result: Result<(), Errno>) -> Wall {
    match result {
        Ok(()) => Wall::Up,
        Err(error) => missing(error),
    }
}

fn missing(error: Errno) -> Wall {
    Wall::Missing(error as i32)
}

/// A user namespace in which the caller is itself and no one else, with all rights inside.
fn own_user_namespace(uids: &CStr, gids: &CStr) -> Result<(), Errno> {
    unshare(CloneFlags::CLONE_NEWUSER)?;
    // Without this the kernel doesn't let an unprivileged process map its group.
    write_file(c"/proc/self/setgroups", c"deny")?;
    write_file(c"/proc/self/uid_map", uids)?;
    write_file(c"/proc/self/gid_map", gids)
}

fn write_file(path: &CStr, content: &CStr) -> Result<(), Errno> {
    let file = open(path, OFlag::O_WRONLY | OFlag::O_CLOEXEC, Mode::empty())?;
    write(&file, content.to_bytes()).map(drop)
}

/// A new network namespace has a loopback device that is down.
fn raise_loopback() -> Result<(), Errno> {
    let any = socket(
        AddressFamily::Inet,
        SockType::Datagram,
        SockFlag::SOCK_CLOEXEC,
        None,
    )?;
    // SAFETY: all-zero bytes are a valid `ifreq`.
    let mut request: libc::ifreq = unsafe { std::mem::zeroed() };
    for (to, from) in request.ifr_name.iter_mut().zip(c"lo".to_bytes()) {
        *to = from.cast_signed();
    }
    request.ifr_ifru.ifru_flags = libc::c_short::try_from(libc::IFF_UP).unwrap_or(1);
    // SAFETY: the request is a valid `ifreq` for the duration of the call, which only reads it.
    let done = unsafe { libc::ioctl(any.as_raw_fd(), libc::SIOCSIFFLAGS, &raw const request) };
    Errno::result(done).map(drop)
}

/// Keeps whatever else the caller has open from the program; its three streams stay.
fn close_on_exec() {
    // SAFETY: changes a flag of descriptors; nothing is closed before the exec. Kernels before 5.11
    // refuse, and then only what the caller deliberately left inheritable stays open.
    unsafe {
        libc::syscall(
            libc::SYS_close_range,
            3,
            libc::c_int::MAX,
            libc::CLOSE_RANGE_CLOEXEC,
        )
    };
}
