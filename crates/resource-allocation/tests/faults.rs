//! What goes wrong around an allocation: numbers that make no sense, workers that take too much, rights
//! that aren't there.

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
    use std::os::unix::process::CommandExt;
    use std::process::{Command, Output, Stdio};

    use labkit::{skip, wait};
    use nix::unistd::geteuid;
    use resource_allocation::Error;
    use resource_allocation::live::limits::Limits;

    use super::ground::{PATIENCE, program, session};

    /// A user without rights.
    const NOBODY: u32 = 65534;

    fn limits(cpus: f64, memory_mib: u64) -> Limits {
        Limits { cpus, memory_mib }
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
