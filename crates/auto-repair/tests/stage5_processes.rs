//! Stage 5: real processes, started, listened to, ended and replaced.

mod support;

use std::time::Duration;

use auto_repair::child::Behaviour;
use auto_repair::injection::{get, inject};
use auto_repair::ledger::Fault;
use auto_repair::live::parse_resident;
use auto_repair::plan::{Group, Limit, Liveness, Plan, Ready, Restart, Service, Strategy};
use auto_repair::supervisor::{Outcome, State};
use labkit::wait::{until, within};
use support::real::{Live, PATIENCE, is_gone, other, serve, zombies};

fn root() -> Group {
    Group {
        limit: Some(Limit {
            restarts: 100,
            period: Duration::from_secs(10),
        }),
        ..Group::root()
    }
}

#[test]
fn resident_memory_is_read_in_bytes() {
    let status = "Name:\tVmRSS: 7 kB\nVmPeak:\t  999 kB\nVmRSS:\t    1234 kB\nThreads:\t1\n";
    assert_eq!(parse_resident(status), Some(1234 * 1024));
    for bad in [
        "",
        "VmRSS:\t12 MB\n",
        "VmRSS:\tkB\n",
        "Name:\tVmRSS: 7 kB\n",
    ] {
        assert_eq!(parse_resident(bad), None, "{bad:?}");
    }
}

#[test]
fn a_killed_process_is_replaced_and_no_zombie_is_left() {
    within(PATIENCE, || {
        let mut live = Live::start(root(), vec![serve("a"), serve("b")]);
        let (first, beside) = (live.serving("a"), live.serving("b"));
        inject(&live.row("a"), Fault::Crash).expect("it runs");
        let second = live.replaced("a", first);
        assert!(live.says("a failed: signal 9"));
        assert_eq!(live.serving("b"), beside, "its neighbour never noticed");
        assert!(is_gone(first));
        // By itself, with a code.
        let address = live.address("a");
        assert!(get(&address, "/crash").is_err());
        live.replaced("a", second);
        assert!(live.says("a failed: exit code 70"));
        // One that has just ended is one for a moment, in another test too.
        assert!(until(PATIENCE, || zombies().is_empty()), "{:?}", zombies());
        let rows = live.rows();
        assert_eq!(
            live.supervisor.shutdown().expect("it ends"),
            Outcome::Stopped
        );
        assert!(rows.iter().filter_map(|row| row.pid).all(is_gone));
    });
}

#[test]
fn a_frozen_process_is_noticed_by_its_heart_and_by_its_silence() {
    within(PATIENCE, || {
        let asked = Service {
            liveness: Some(Liveness::Http {
                target: "/health".to_owned(),
                every: Duration::from_millis(100),
                within: Duration::from_millis(1500),
            }),
            ..serve("asked")
        };
        let mut live = Live::start(root(), vec![serve("beats"), asked]);
        for name in ["beats", "asked"] {
            let first = live.serving(name);
            inject(&live.row(name), Fault::Hang).expect("it runs");
            live.replaced(name, first);
            assert!(live.says(&format!("{name} failed: no sign of life")));
            assert!(is_gone(first), "SIGKILL reaches who is stopped");
        }
        // Its process runs, and accepts connections, but doesn't answer.
        let first = live.serving("asked");
        let address = live.address("asked");
        get(&address, "/hang").expect("it answers for the last time");
        live.replaced("asked", first);
    });
}

#[test]
fn a_leaking_process_is_stopped_at_its_limit() {
    within(PATIENCE, || {
        let small = Service {
            memory: Some(32 << 20),
            ..serve("a")
        };
        let mut live = Live::start(root(), vec![small]);
        let first = live.serving("a");
        inject(&live.row("a"), Fault::Leak).expect("it answers");
        live.replaced("a", first);
        assert!(live.says("MiB of memory"));
    });
}

#[test]
fn dependants_start_when_what_they_need_is_ready_and_stop_before_it() {
    within(PATIENCE, || {
        let mut slow = other("slow", Behaviour::Serve);
        slow.command
            .extend(["--boot".to_owned(), "200ms".to_owned()]);
        let mut quick = other("quick", Behaviour::Serve);
        quick.needs = vec!["slow".to_owned()];
        let mut live = Live::start(root(), vec![quick, slow]);
        live.serving("quick");
        let said = live.said();
        let place = |part: &str| said.iter().position(|text| text == part).expect(part);
        assert!(place("slow is ready") < place("quick starts"), "{said:?}");
        live.supervisor.stop("root").expect("it runs");
        assert!(live.says("slow has stopped"));
        let said = live.said();
        let place = |part: &str| said.iter().position(|text| text == part).expect(part);
        assert!(
            place("quick has stopped") < place("slow has stopped"),
            "{said:?}"
        );
    });
}

#[test]
fn who_ignores_the_request_to_end_is_killed() {
    within(PATIENCE, || {
        let mut stubborn = other("a", Behaviour::Serve);
        stubborn.command.push("--stubborn".to_owned());
        stubborn.grace = Duration::from_millis(100);
        let live = Live::start(root(), vec![stubborn]);
        let pid = live.serving("a");
        live.supervisor.shutdown().expect("it ends");
        assert!(is_gone(pid));
    });
}

#[test]
fn a_crash_loop_ends_and_so_does_waiting_for_who_never_becomes_ready() {
    within(PATIENCE, || {
        let few = Group {
            limit: Some(Limit {
                restarts: 2,
                period: PATIENCE,
            }),
            ..Group::root()
        };
        let mut never = other("never", Behaviour::Hang);
        never.ready_within = Duration::from_millis(100);
        let services = vec![other("poisoned", Behaviour::Crash), never, serve("good")];
        let mut live = Live::start(few, services);
        let good = live.serving("good");
        for name in ["poisoned", "never"] {
            let is_given_up = || live.row(name).status.state == State::Failed;
            assert!(until(PATIENCE, is_given_up), "{name}: {:?}", live.row(name));
            assert_eq!(live.row(name).status.run, 3, "two restarts");
        }
        assert!(live.says("never failed: not ready in time"));
        assert_eq!(live.serving("good"), good);
        let lines = live.supervisor.logs("poisoned").expect("it is known");
        let words = lines
            .iter()
            .filter(|line| line.text.contains("poisoned: this start"));
        assert_eq!(words.count(), 3, "its last words are kept: {lines:?}");
    });
}

#[test]
fn a_program_may_finish_and_output_is_kept_to_the_last_word() {
    within(PATIENCE, || {
        let script = "echo one; echo two >&2; printf 'no end of line'";
        let job = Service {
            restart: Restart::Transient,
            ..Service::new("job", ["sh", "-c", script])
        };
        let loud = Service {
            ready: Ready::Line("3000".to_owned()),
            ..Service::new(
                "loud",
                [
                    "sh",
                    "-c",
                    "i=0; while [ $i -le 3000 ]; do echo $i; i=$((i+1)); done; sleep 1000",
                ],
            )
        };
        let mut live = Live::start(root(), vec![job, loud]);
        assert!(live.says("job has finished"));
        let lines = live.supervisor.logs("job").expect("it is known");
        let mut texts: Vec<String> = lines.iter().map(ToString::to_string).collect();
        texts.sort();
        assert_eq!(texts, ["  no end of line", "  one", "! two"]);
        live.serving("loud");
        let lines = live.supervisor.logs("loud").expect("it is known");
        assert_eq!(lines.len(), 200);
        assert_eq!(lines[199].text, "3000");
    });
}

#[test]
fn services_are_added_while_it_runs() {
    within(PATIENCE, || {
        let mut live = Live::start(root(), vec![serve("a")]);
        let first = live.serving("a");
        live.supervisor.add(serve("b"), "root").expect("a new name");
        live.serving("b");
        let again = live.supervisor.add(serve("b"), "root").expect_err("taken");
        assert!(again.to_string().contains("the name of two"), "{again}");
        let nowhere = live
            .supervisor
            .add(serve("c"), "nowhere")
            .expect_err("no such group");
        assert!(nowhere.to_string().contains("nowhere"), "{nowhere}");
        let missing = Service::new("c", ["no-such-program-anywhere"]);
        let missing = live
            .supervisor
            .add(missing, "root")
            .expect_err("no such program");
        assert!(
            missing.to_string().contains("no-such-program-anywhere"),
            "{missing}"
        );
        assert_eq!(live.serving("a"), first);
        assert!(live.says("b is ready"));
    });
}

#[test]
fn strategies_reach_real_processes() {
    within(PATIENCE, || {
        let groups = vec![
            root().with(["pair", "x"]),
            Group::new("pair", Strategy::OneForAll).with(["l", "r"]),
        ];
        let live =
            Live::of(Plan::new(groups, ["l", "r", "x"].map(serve).to_vec()).expect("a plan"));
        let before = ["l", "r", "x"].map(|name| live.serving(name));
        inject(&live.row("r"), Fault::Crash).expect("it runs");
        live.replaced("r", before[1]);
        live.replaced("l", before[0]);
        assert_eq!(live.serving("x"), before[2]);
    });
}
