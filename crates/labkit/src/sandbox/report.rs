//! What the new process tells the caller through a pipe that the program itself never holds: which
//! walls stand (four bytes, before the program starts), and how the program ended (its raw status,
//! where an init process of the sandbox's own has to pass it on).

use std::io::{self, PipeReader, PipeWriter, Read, Write};
use std::os::unix::process::ExitStatusExt;
use std::process::ExitStatus;

use super::Walls;

/// Reads the walls; they have been written by the time the program runs.
pub(super) fn walls(report: &mut PipeReader) -> io::Result<Walls> {
    let mut bytes = [0; 4];
    report.read_exact(&mut bytes)?;
    Ok(Walls::from_bytes(bytes))
}

/// The program's status: through the pipe if there was an init, else the child's own.
pub(super) fn status(
    report: &mut PipeReader,
    walls: &Walls,
    of_child: ExitStatus,
) -> io::Result<ExitStatus> {
    if !walls.processes.is_up() {
        return Ok(of_child);
    }
    let mut bytes = [0; 4];
    report.read_exact(&mut bytes).map_err(|_| {
        io::Error::other("the sandbox's first process was killed; is the machine out of memory?")
    })?;
    Ok(ExitStatus::from_raw(i32::from_ne_bytes(bytes)))
}

/// Written between fork and exec: allocates nothing.
pub(super) fn write_walls(mut report: &PipeWriter, walls: Walls) -> io::Result<()> {
    report.write_all(&walls.to_bytes())
}
