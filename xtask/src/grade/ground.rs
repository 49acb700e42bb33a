//! The ground on which submissions are graded: a scratch workspace with the lab, a build folder that
//! all of them share so that dependencies are built once, and the sandbox around both.

use std::fs::{self, File, Permissions};
use std::io::{self, IsTerminal};
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use anyhow::{Context, Result, bail};
use labkit::sandbox::{End, Limits, Run};
use tempfile::TempDir;

use super::build::Binaries;
use super::fence::{BUILD_VARIABLES, Fence};
use super::judge;
use crate::cargo::cargo;
use crate::export::{self, Kind, Tree};
use crate::workspace::{Lab, Workspace};

/// Where submissions are built and run.
pub(super) struct Ground {
    root: PathBuf,
    /// Deletes the folder at the end, unless it is to be kept.
    _temporary: Option<TempDir>,
    /// Held so that no other grader works in the same folder.
    _lock: File,
    lab: String,
    /// The lab's folder in the scratch workspace.
    folder: PathBuf,
    reference: Tree,
    hidden: Tree,
    /// What stands around all that is a submission's.
    pub(super) fence: Fence,
}

/// What came of a submission's build.
pub(super) enum Built {
    /// It ended; some or all of the test files may not have compiled.
    Ended(Binaries),
    /// It was stopped, for this reason.
    Stopped(String),
}

impl Ground {
    /// Lays the ground in a temporary folder or a given one that is kept.
    ///
    /// # Errors
    /// If the folder can't be used, or the lab can't be exported.
    pub(super) fn new(
        workspace: &Workspace,
        lab: &Lab,
        hidden: Option<Tree>,
        keep_in: Option<&Path>,
    ) -> Result<Self> {
        let (root, temporary) = match keep_in {
            Some(folder) => {
                fs::create_dir_all(folder)?;
                (fs::canonicalize(folder)?, None)
            }
            None => {
                let folder = tempfile::Builder::new().prefix("grade-").tempdir()?;
                // Nobody has to get in.
                fs::set_permissions(folder.path(), Permissions::from_mode(0o755))?;
                (fs::canonicalize(folder.path())?, Some(folder))
            }
        };
        let lock = lock(&root)?;
        let mut reference = Tree::read(&lab.folder, &["target"])?;
        reference.remove_under("tests/mutants");
        let inside = lab.folder.strip_prefix(&workspace.root);
        let ground = Ground {
            folder: root
                .join("workspace")
                .join(inside.context("a lab is inside the workspace")?),
            fence: Fence::new(&root),
            root,
            _temporary: temporary,
            _lock: lock,
            lab: lab.name.clone(),
            reference,
            hidden: hidden.unwrap_or_default(),
        };
        fs::create_dir_all(ground.root.join("build"))?;
        renew(ground.fence.scratch())?;
        // Students work with a starter's lints, and so they are judged.
        let base = export::base(workspace, &[lab], Kind::Starter)?;
        base.write(&ground.workspace())?;
        ground.lay(&Tree::default())?;
        export::settle(&ground.workspace())?;
        Ok(ground)
    }

    fn workspace(&self) -> PathBuf {
        self.root.join("workspace")
    }

    /// Puts a submission's sources in the place of the reference's; everything else is the
    /// reference's, and the hidden tests are gone. No source at all stands for the reference's own.
    pub(super) fn lay(&self, source: &Tree) -> Result<()> {
        let mut tree = self.reference.clone();
        let src = self.folder.join("src");
        if source.iter().next().is_some() {
            tree.remove_under("src");
            tree.merge(source.clone());
        }
        // Written anew, no file is older than the last submission's build: cargo compares times.
        renew(&src)?;
        self.remove_hidden()?;
        tree.mirror(&self.folder)
    }

    /// Adds the hidden tests.
    pub(super) fn lay_hidden(&self) -> Result<()> {
        self.hidden.write(&self.folder)
    }

    /// Takes the hidden tests away: their sources, and what was built of them.
    pub(super) fn remove_hidden(&self) -> Result<()> {
        for (path, _) in self.hidden.iter() {
            let source = self.folder.join(path);
            if !self.reference.holds(path) && source.exists() {
                fs::remove_file(source)?;
            }
            let name = path.file_stem().unwrap_or_default().to_string_lossy();
            for folder in ["deps", "incremental"] {
                let folder = self.root.join("build/debug").join(folder);
                remove_starting_with(&folder, &format!("{name}-"))?;
            }
        }
        Ok(())
    }

    /// Builds test files of the reference, unfenced: it is trusted, and what it needs is fetched.
    ///
    /// # Errors
    /// If it doesn't compile; hidden tests that don't fit the lab are found here.
    pub(super) fn build_reference(&self, files: &[&str]) -> Result<Binaries> {
        let mut command = self.cargo_build(files);
        if io::stderr().is_terminal() {
            // It takes a while when dependencies are to be built; cargo shows how far it is.
            command.stderr(Stdio::inherit());
        }
        let output = command.output().context("starting cargo")?;
        let binaries = Binaries::read(&output.stdout)?;
        if !output.status.success() {
            let errors = binaries.shared_errors();
            let errors = errors.or_else(|| files.iter().find_map(|file| binaries.errors_of(file)));
            let said = String::from_utf8_lossy(&output.stderr).into_owned();
            bail!("the reference doesn't compile:\n{}", errors.unwrap_or(said));
        }
        Ok(binaries)
    }

    /// Builds test files of a submission in the sandbox.
    ///
    /// # Errors
    /// If the compiler can't be started or understood; code that doesn't compile is none.
    pub(super) fn build(&self, files: &[&str], limits: &Limits) -> Result<Built> {
        let mut command = self.cargo_build(files);
        command.args(["--offline", "--keep-going", "--quiet"]);
        let command = self.fence.with_environment(command, &BUILD_VARIABLES);
        let sandbox = self.fence.sandbox(limits);
        let sandbox = sandbox.writable(self.root.join("build")).keep_user();
        let run = sandbox.run(command).context("starting the compiler")?;
        let reason = match run.end {
            End::Exited(_) => {
                return Ok(Built::Ended(Binaries::read(run.stdout.text().as_bytes())?));
            }
            End::WallTime | End::CpuTime => {
                format!("took more than {}", judge::seconds(limits.wall))
            }
            End::Memory => format!("used more than {} of memory", judge::size(limits.memory)),
            End::Processes => "started too many processes".to_owned(),
            End::Output => format!("printed more than {}", judge::size(limits.output as u64)),
            End::FileSize => format!("wrote more than {}", judge::size(limits.file)),
        };
        Ok(Built::Stopped(reason))
    }

    fn cargo_build(&self, files: &[&str]) -> Command {
        let mut command = cargo(&self.workspace());
        command
            .args(["build", "--locked", "--package", &self.lab])
            .arg("--message-format=json")
            .arg("--target-dir")
            .arg(self.root.join("build"));
        for file in files {
            command.args(["--test", file]);
        }
        command
    }

    /// Runs a test binary in the sandbox, in the lab's folder.
    ///
    /// # Errors
    /// If it can't be started.
    pub(super) fn run(
        &self,
        binary: &Path,
        flags: &[&str],
        seed: u64,
        limits: &Limits,
    ) -> Result<Run> {
        // Without the wall of files, the folder itself was written to.
        renew(self.fence.scratch())?;
        let mut command = Command::new(binary);
        command.args(flags).current_dir(&self.folder);
        let mut command = self.fence.with_environment(command, &["LANG", "LC_ALL"]);
        command
            .env("PATH", "/usr/local/bin:/usr/bin:/bin")
            .env("HOME", self.fence.scratch())
            .env("CARGO_MANIFEST_DIR", &self.folder)
            .env("RUST_BACKTRACE", "0")
            .env(labkit::rng::SEED_VARIABLE, seed.to_string());
        let run = self.fence.sandbox(limits).run(command);
        run.with_context(|| {
            format!(
                "starting {}; as root, tests run as nobody, who must be able to enter its folder",
                binary.display()
            )
        })
    }
}

/// Makes a folder that is empty.
fn renew(folder: &Path) -> Result<()> {
    if folder.exists() {
        fs::remove_dir_all(folder).with_context(|| format!("deleting {}", folder.display()))?;
    }
    fs::create_dir_all(folder).with_context(|| format!("making {}", folder.display()))
}

/// Deletes what a build left under a name.
fn remove_starting_with(folder: &Path, name: &str) -> Result<()> {
    let Ok(entries) = fs::read_dir(folder) else {
        return Ok(());
    };
    for entry in entries {
        let entry = entry?;
        if !entry.file_name().to_string_lossy().starts_with(name) {
            continue;
        }
        if entry.file_type()?.is_dir() {
            fs::remove_dir_all(entry.path())?;
        } else {
            fs::remove_file(entry.path())?;
        }
    }
    Ok(())
}

/// Takes a folder for this process alone, until the file is closed.
fn lock(folder: &Path) -> Result<File> {
    let path = folder.join("lock");
    let file = File::create(&path).with_context(|| format!("making {}", path.display()))?;
    if file.try_lock().is_err() {
        bail!("another grader works in {}", folder.display());
    }
    Ok(file)
}
