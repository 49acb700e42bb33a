//! What goes wrong around an allocation: numbers that make no sense, workers that take too much,
//! programs that are killed.

use resource_allocation::broker::Broker;
use resource_allocation::quantities::Quantities;
use resource_allocation::reclaim::Hysteresis;
use resource_allocation::simulation::simulate;
use resource_allocation::{Error, Policy, Pool, Problem, Service};

#[cfg(target_os = "linux")]
mod ground;

fn refused(services: Vec<Service>) -> String {
    let problem = Problem::new(Pool::of_the_brief(), services);
    problem.expect_err("it makes no sense").to_string()
}

fn one(demand: [f64; 2]) -> Service {
    Service::new("web", demand)
}

#[test]
fn demand_beyond_capacity_is_refused() {
    let said = refused(vec![one([100.5, 0.0])]);
    assert_eq!(
        said,
        "web demands 100.5 of cpu, of which there are 100; demand at most that"
    );
}

#[test]
fn what_is_no_number_is_refused() {
    for wrong in [f64::NAN, f64::INFINITY, -1.0] {
        let said = refused(vec![one([1.0, wrong])]);
        assert!(
            said.starts_with("the demand of web for memory is"),
            "{said}"
        );
        let said = refused(vec![one([1.0, 1.0]).minimum([wrong, 0.0])]);
        assert!(said.starts_with("the minimum of web for cpu is"), "{said}");
        assert!(Pool::new([("cpu", wrong)]).is_err());
    }
    assert!(Pool::new([("cpu", 0.0)]).is_err());
}

#[test]
fn weights_that_are_no_weights_are_refused() {
    for wrong in [0.0, -2.0, f64::NAN, f64::INFINITY] {
        let said = refused(vec![one([1.0, 1.0]).weight(wrong)]);
        assert!(said.starts_with("the weight of web is"), "{said}");
    }
}

#[test]
fn promises_beyond_the_capacity_are_refused_with_their_sum() {
    let service = |name: &str, cpu| Service::new(name, [0.0, 0.0]).minimum([cpu, 0.0]);
    let said = refused(vec![service("a", 60.0), service("b", 45.0)]);
    assert_eq!(
        said,
        "the minima of cpu add up to 105, of which there are 100; promise at most that"
    );
    let exact = vec![service("a", 60.0), service("b", 40.0)];
    assert!(Problem::new(Pool::of_the_brief(), exact).is_ok());
}

#[test]
fn a_refused_demand_changes_nothing() {
    let mut problem =
        Problem::new(Pool::of_the_brief(), vec![one([1.0, 2.0])]).expect("it makes sense");
    assert!(problem.set_demand(0, &[1.0, f64::NAN]).is_err());
    assert!(problem.set_demand(0, &[1.0]).is_err());
    assert_eq!(problem.demands().row(0), [1.0, 2.0]);
}

#[test]
fn a_refused_load_moves_no_claim() {
    let rule = Hysteresis::new(0.5, 0.9, 1.25, 1).expect("ordered");
    let services = vec![one([0.0; 2])];
    let pool = Pool::of_the_brief();
    let mut broker = Broker::new(pool, services, Policy::Drf, rule).expect("it makes sense");
    let load = |cpu: f64| Quantities::of(2, [&[cpu, 0.0][..]]);
    broker.step(&load(40.0)).expect("a load");
    for wrong in [f64::NAN, f64::INFINITY, -1.0] {
        let said = broker.step(&load(wrong)).expect_err("no load").to_string();
        assert!(said.starts_with("the load of web for cpu is"), "{said}");
        assert_eq!(broker.problem().demands().row(0), [50.0, 0.0]);
    }
    let few = Quantities::of(1, [&[1.0][..]]);
    assert!(matches!(broker.step(&few), Err(Error::WrongKinds { .. })));
    // One that is larger than the machine is a load, and claims all of it.
    let cycle = broker.step(&load(1e6)).expect("a load");
    assert_eq!(cycle.allocation.of(0), [100.0, 0.0]);
}

#[test]
fn thresholds_that_chase_each_other_are_refused() {
    for (low, high, headroom, patience) in [
        (0.8, 0.9, 1.25, 3),
        (0.5, 0.7, 1.25, 3),
        (0.5, 1.1, 1.25, 3),
        (0.5, 0.9, 1.25, 0),
        (f64::NAN, 0.9, 1.25, 3),
        (0.5, 0.9, f64::NAN, 3),
        (0.0, 0.9, f64::INFINITY, 3),
        (-0.1, 0.9, 1.25, 3),
    ] {
        let rule = Hysteresis::new(low, high, headroom, patience);
        assert!(matches!(rule, Err(Error::Hysteresis { .. })), "{rule:?}");
    }
}

#[test]
fn nothing_to_do_is_refused() {
    assert!(refused(vec![]).starts_with("0 services"));
    assert!(refused(vec![one([1.0, 1.0]), one([1.0, 1.0])]).starts_with("web is there twice"));
    let none: [(&str, f64); 0] = [];
    assert!(matches!(Pool::new(none), Err(Error::Kinds { given: 0 })));
    let rule = Hysteresis::default();
    let course = simulate(
        &Pool::of_the_brief(),
        &[one([0.0; 2])],
        Policy::Drf,
        rule,
        &[],
    );
    assert!(matches!(course, Err(Error::Cycles { given: 0, .. })));
}

#[cfg(target_os = "linux")]
mod on_processes {
    use std::ffi::OsStr;
    use std::fs;
    use std::io::{BufRead, BufReader};
    use std::os::unix::process::CommandExt;
    use std::path::PathBuf;
    use std::process::{Child, Command, Output, Stdio};

    use labkit::{skip, wait};
    use nix::sys::signal::{Signal, kill, killpg};
    use nix::unistd::{Pid, geteuid};
    use resource_allocation::Error;
    use resource_allocation::live::hierarchy::places;

    use super::ground::{PATIENCE, limits, program, session};

    /// A user without rights.
    const NOBODY: u32 = 65534;

    /// The groups of the process with this id that are still there.
    fn groups_of(owner: u32) -> Vec<PathBuf> {
        let read = |file: &str| fs::read_to_string(file).expect("Linux has it");
        let places = places(&read("/proc/self/mountinfo"), &read("/proc/self/cgroup"));
        let prefix = format!("lab-resource-allocation.{owner}.");
        let ours = |name: &OsStr| name.to_string_lossy().starts_with(&prefix);
        places
            .iter()
            .flat_map(|place| [&place.cpu, &place.memory])
            .filter_map(|directory| fs::read_dir(directory).ok())
            .flat_map(|entries| entries.flatten().map(|entry| entry.path()))
            .filter(|path| path.file_name().is_some_and(ours))
            .collect()
    }

    /// Whether a process runs; a zombie doesn't.
    fn runs(process: &str) -> bool {
        fs::read_to_string(format!("/proc/{process}/stat"))
            .is_ok_and(|stat| !stat.rsplit(')').next().unwrap_or("").starts_with(" Z"))
    }

    /// The program at work on real processes for longer than any test, and its workers' ids.
    fn at_work(arguments: &[&str]) -> (Child, Vec<String>) {
        let mut child = Command::new(program())
            .args(["live", "--seed", "1", "--services", "3", "--phases", "1000"])
            .args(arguments)
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            // A group of its own, as a shell gives it one: Ctrl-C goes to the whole group.
            .process_group(0)
            .spawn()
            .expect("the program starts");
        let mut lines = BufReader::new(child.stderr.take().expect("piped")).lines();
        let line = lines.next().expect("a line").expect("text");
        let workers = line.strip_prefix("workers: ").expect("their ids");
        let workers = workers.split(' ').map(str::to_owned).collect();
        (child, workers)
    }

    #[test]
    fn who_takes_more_memory_than_granted_is_killed() {
        wait::within(2 * PATIENCE, || {
            let Some(mut session) = session(2) else {
                return;
            };
            let both = [limits(0.3, 8), limits(0.3, 8)];
            session.apply(&both).expect("they can be set");
            let greedy = session.workers()[0]
                .hold(200)
                .expect_err("it exceeds its limit");
            assert!(matches!(greedy, Error::Worker { .. }), "{greedy}");
            assert!(greedy.to_string().contains("SIGKILL"), "{greedy}");
            session.workers()[1].hold(8).expect("the other one lives");
            session.end().expect("nothing is left");
        });
    }

    /// Whom a signal goes to.
    type To = fn(Pid, Signal) -> nix::Result<()>;
    const ALONE: To = |process, signal| kill(process, signal);
    /// Where Ctrl-C at a terminal goes.
    const GROUP: To = |process, signal| killpg(process, signal);

    /// The program at work, after a signal.
    fn signalled(to: To, signal: Signal, arguments: &[&str]) -> (Child, Vec<String>) {
        let (child, workers) = at_work(arguments);
        assert!(workers.iter().all(|worker| runs(worker)), "{workers:?}");
        let lab = Pid::from_raw(i32::try_from(child.id()).expect("a process id"));
        to(lab, signal).expect("it runs");
        (child, workers)
    }

    fn leaves_nothing(lab: u32, workers: &[String]) {
        assert!(
            wait::until(PATIENCE, || !workers.iter().any(|worker| runs(worker))),
            "a worker of {workers:?} goes on"
        );
        assert!(
            wait::until(PATIENCE, || groups_of(lab).is_empty()),
            "{:?} is left",
            groups_of(lab)
        );
    }

    #[test]
    fn a_killed_program_leaves_no_worker_and_no_group() {
        wait::within(3 * PATIENCE, || {
            for means in [&["--enforce", "auto"], &["--enforce", "nice"]] {
                let (mut lab, workers) = signalled(ALONE, Signal::SIGKILL, means);
                lab.wait().expect("it is gone");
                leaves_nothing(lab.id(), &workers);
            }
        });
    }

    #[test]
    fn an_interrupted_program_reports_and_leaves_nothing() {
        wait::within(3 * PATIENCE, || {
            for (to, signal) in [(GROUP, Signal::SIGINT), (ALONE, Signal::SIGTERM)] {
                let (lab, workers) = signalled(to, signal, &[]);
                let id = lab.id();
                let output = lab.wait_with_output().expect("it ends");
                assert!(output.status.success(), "{output:?}");
                assert!(String::from_utf8_lossy(&output.stdout).contains("worker processes"));
                leaves_nothing(id, &workers);
            }
        });
    }

    /// The janitors of a program: its children that were started as such.
    fn janitors(lab: u32) -> Vec<String> {
        let children = fs::read_to_string(format!("/proc/{lab}/task/{lab}/children"));
        let children = children.unwrap_or_default();
        let cmdline = |id: &&str| fs::read(format!("/proc/{id}/cmdline")).unwrap_or_default();
        let is_one = |id: &&str| String::from_utf8_lossy(&cmdline(id)).contains("\0janitor\0");
        children
            .split_whitespace()
            .filter(is_one)
            .map(str::to_owned)
            .collect()
    }

    #[test]
    fn the_next_start_sweeps_up_when_the_janitor_was_killed_too() {
        wait::within(4 * PATIENCE, || {
            let Some(first) = session(1) else {
                return;
            };
            first.end().expect("nothing is left");
            let (mut lab, workers) = at_work(&["--enforce", "cgroup"]);
            let janitors = janitors(lab.id());
            assert_eq!(janitors.len(), 1, "one for all groups");
            for janitor in janitors {
                let janitor = Pid::from_raw(janitor.parse().expect("a number"));
                kill(janitor, Signal::SIGKILL).expect("it runs");
            }
            lab.kill().expect("it runs");
            lab.wait().expect("it is gone");
            // The workers' guardians are left to end them; nobody is left to remove the groups.
            assert!(wait::until(PATIENCE, || !workers
                .iter()
                .any(|worker| runs(worker))));
            assert!(!groups_of(lab.id()).is_empty());
            assert!(wait::until(PATIENCE, || {
                session(1)
                    .expect("it was there before")
                    .end()
                    .expect("nothing is left");
                groups_of(lab.id()).is_empty()
            }));
        });
    }

    fn as_nobody(arguments: &'static [&str]) -> Option<Output> {
        if !geteuid().is_root() {
            skip::because("needs root, to give up its rights; run as root");
            return None;
        }
        let mut command = Command::new(program());
        command.args(arguments).uid(NOBODY).gid(NOBODY);
        command.current_dir("/").stdin(Stdio::null());
        match command.output() {
            Ok(output) => Some(output),
            Err(error) => {
                skip::because(&format!("another user can't start the program: {error}"));
                None
            }
        }
    }

    #[test]
    fn without_rights_it_falls_back_and_says_so() {
        wait::within(3 * PATIENCE, || {
            let Some(output) = as_nobody(&["live", "--phases", "2", "--seed", "2"]) else {
                return;
            };
            let said = String::from_utf8_lossy(&output.stderr);
            assert!(said.contains("falling back to nice values"), "{said}");
            let report = String::from_utf8_lossy(&output.stdout);
            let report = report.split_whitespace().collect::<Vec<_>>().join(" ");
            for part in [
                "Control groups can't be used here",
                "limited by nice values on one processor",
            ] {
                assert!(report.contains(part), "{report}");
            }
        });
    }

    #[test]
    fn control_groups_without_rights_are_refused() {
        wait::within(PATIENCE, || {
            let Some(output) = as_nobody(&["live", "--enforce", "cgroup"]) else {
                return;
            };
            let said = String::from_utf8_lossy(&output.stderr);
            assert_eq!(output.status.code(), Some(69), "{said}");
            assert!(
                said.contains("processes can't be limited by control groups"),
                "{said}"
            );
            assert!(said.contains("run as root"), "{said}");
            assert_eq!(said.lines().count(), 1, "{said}");
        });
    }

    #[test]
    fn the_janitor_removes_nothing_that_is_not_ours() {
        wait::within(PATIENCE, || {
            let folder = tempfile::tempdir().expect("a folder");
            let output = Command::new(program())
                .arg("janitor")
                .arg(folder.path())
                .stdin(Stdio::null())
                .output()
                .expect("the program starts");
            assert_eq!(output.status.code(), Some(2), "{output:?}");
            assert!(folder.path().exists());
        });
    }
}
