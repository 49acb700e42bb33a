//! Stage 5: limits on real processes; what to write, where, and whether it holds.

#![cfg(target_os = "linux")]

mod ground;

use std::path::Path;

use ground::{PATIENCE, program, session};
use labkit::clock::Deadline;
use labkit::shutdown::Shutdown;
use labkit::wait;
use resource_allocation::live::hierarchy::{Place, places};
use resource_allocation::live::limits::{
    Controller, Limits, PERIOD_US, Scale, Version, nice_parts, nice_values, shrink_first, writes,
};
use resource_allocation::live::{Means, Session};

fn limits(cpus: f64, memory_mib: u64) -> Limits {
    Limits { cpus, memory_mib }
}

fn plan(version: Version, limits: &Limits) -> Vec<(Controller, &'static str, String)> {
    let writes = writes(version, limits).into_iter();
    writes
        .map(|it| (it.controller, it.file, it.value))
        .collect()
}

#[test]
fn each_version_is_told_in_its_own_words() {
    use Controller::{Cpu, Memory};
    // A quarter of a processor, and 16 MiB more than the granted 10 for the program itself.
    let quarter = limits(0.25, 10);
    let expected = [
        (Cpu, "cpu.cfs_period_us", "100000".to_owned()),
        (Cpu, "cpu.cfs_quota_us", "25000".to_owned()),
        (Memory, "memory.limit_in_bytes", "27262976".to_owned()),
    ];
    assert_eq!(plan(Version::V1, &quarter), expected);
    let expected = [
        (Cpu, "cpu.max", "25000 100000".to_owned()),
        (Memory, "memory.max", "27262976".to_owned()),
    ];
    assert_eq!(plan(Version::V2, &quarter), expected);
    // The kernel refuses quotas of less than a millisecond.
    assert_eq!(plan(Version::V1, &limits(0.0, 0))[1].2, "1000");
}

#[test]
fn a_grant_is_told_by_scale() {
    let scale = Scale {
        cpus: 0.01,
        memory_mib: 0.128,
    };
    let half = scale.limits(&[25.0, 500.0]);
    assert_eq!(half, limits(0.25, 64));
    assert_eq!(plan(Version::V2, &half)[0].2, "25000 100000");
    // Of a MiB that isn't whole nobody is told.
    let little = scale.limits(&[0.0, 7.0]);
    assert_eq!(little, limits(0.0, 0));
    assert_eq!(plan(Version::V2, &little)[1].2, (16 << 20).to_string());
}

#[test]
fn who_gives_comes_before_who_gets() {
    let before = [limits(0.5, 10), limits(0.1, 80), limits(0.4, 10)];
    let after = [limits(0.2, 60), limits(0.4, 10), limits(0.4, 10)];
    let order = shrink_first(&before, &after);
    assert_eq!(order.len(), 3);
    assert_eq!(order.last(), Some(&0), "{order:?}");
}

#[test]
fn nice_values_come_close_to_shares() {
    let shares = [0.4, 0.2, 0.1, 0.0].map(|cpus| limits(cpus, 0));
    // 1.25³ is 1.95, and 1.25⁶ is 3.8.
    assert_eq!(nice_values(&shares), [0, 3, 6, 19]);
    let parts = nice_parts(&[0, 3]);
    assert!((parts[0] - 0.661).abs() < 1e-3, "{parts:?}");
    assert_eq!(nice_values(&[limits(0.0, 0), limits(0.0, 0)]), [19, 19]);
}

const SEPARATE: &str = "\
25 30 0:22 / /proc rw,nosuid shared:5 - proc proc rw
31 25 0:26 / /sys/fs/cgroup rw,relatime - tmpfs tmpfs rw,mode=755
32 31 0:27 / /sys/fs/cgroup/cpu,cpuacct rw,nosuid shared:9 - cgroup cgroup rw,cpu,cpuacct
33 31 0:28 / /sys/fs/cgroup/memory rw,nosuid shared:10 - cgroup cgroup rw,memory
34 31 0:29 / /sys/fs/cgroup/unified rw,nosuid shared:11 - cgroup2 cgroup2 rw
";

#[test]
fn both_trees_are_found_side_by_side() {
    let found = places(SEPARATE, "4:memory:/jobs/7\n1:cpu,cpuacct:/\n0::/\n");
    let expected = [
        Place {
            version: Version::V2,
            cpu: "/sys/fs/cgroup/unified".into(),
            memory: "/sys/fs/cgroup/unified".into(),
        },
        Place {
            version: Version::V1,
            cpu: "/sys/fs/cgroup/cpu,cpuacct".into(),
            memory: "/sys/fs/cgroup/memory/jobs/7".into(),
        },
    ];
    assert_eq!(found, expected);
}

#[test]
fn a_modern_host_offers_every_group_above_our_own() {
    let mounts = "29 22 0:25 / /sys/fs/cgroup rw,nosuid shared:4 - cgroup2 cgroup2 rw,nsdelegate\n";
    let found = places(mounts, "0::/user.slice/user-0.slice/session-1.scope\n");
    let places: Vec<&Path> = found.iter().map(|place| &*place.cpu).collect();
    let expected = [
        "/sys/fs/cgroup/user.slice/user-0.slice/session-1.scope",
        "/sys/fs/cgroup/user.slice/user-0.slice",
        "/sys/fs/cgroup/user.slice",
        "/sys/fs/cgroup",
    ];
    assert_eq!(places, expected.map(Path::new));
}

#[test]
fn a_container_sees_its_own_group_as_the_root() {
    let mounts = "\
40 39 0:30 /docker/ab12 /sys/fs/cgroup/cpu ro,nosuid - cgroup cgroup rw,cpu
41 39 0:31 /docker/ab12 /sys/fs/cgroup/memory ro,nosuid - cgroup cgroup rw,memory
";
    let found = places(mounts, "4:memory:/docker/ab12/in\n1:cpu:/docker/ab12\n");
    let expected = Place {
        version: Version::V1,
        cpu: "/sys/fs/cgroup/cpu".into(),
        memory: "/sys/fs/cgroup/memory/in".into(),
    };
    assert_eq!(found, [expected]);
    assert_eq!(places("", "0::/\n"), []);
    assert_eq!(places("no mount at all\n", ""), []);
}

/// Measures until every worker is within 5 % of what it was allotted, or patience ends. A limit that
/// isn't kept never gets there, however long it takes; a busy machine does.
fn settles_within_5_percent(session: &mut Session) -> (bool, String) {
    let deadline = Deadline::after(PATIENCE);
    let window = std::time::Duration::from_micros(20 * PERIOD_US);
    loop {
        let used = session.measure(window, &Shutdown::new());
        let used = used.expect("all live").expect("nobody interrupts");
        let allotted = session.expected(1.0);
        let pairs = allotted.iter().zip(&used);
        let off: Vec<f64> = pairs
            .map(|(allotted, used)| used.cpus / allotted - 1.0)
            .collect();
        let within = off.iter().all(|off| off.abs() <= 0.05);
        if within || deadline.expired() {
            return (within, format!("{allotted:?} allotted, {used:?}"));
        }
    }
}

#[test]
fn shares_of_a_processor_hold_and_move() {
    wait::within(4 * PATIENCE, || {
        let Some(mut session) = session(3) else {
            return;
        };
        for shares in [[0.5, 0.2, 0.1], [0.1, 0.2, 0.5]] {
            session
                .apply(&shares.map(|cpus| limits(cpus, 4)))
                .expect("they can be set");
            assert_eq!(session.expected(1.0), shares);
            let (held, seen) = settles_within_5_percent(&mut session);
            assert!(held, "{seen}");
        }
        session.end().expect("nothing is left");
    });
}

#[test]
fn memory_moves_from_one_to_the_other() {
    wait::within(2 * PATIENCE, || {
        let Some(mut session) = session(2) else {
            return;
        };
        // Both would never fit what the other was limited to before.
        for memory in [[60, 4], [4, 60], [30, 30]] {
            let limits = memory.map(|mib| limits(0.2, mib));
            session
                .apply(&limits)
                .expect("limits can be set and memory filled");
            for (worker, mib) in session.workers().iter_mut().zip(memory) {
                let resident = worker.resident_bytes().expect("it lives") >> 20;
                assert!(
                    (mib..mib + 16).contains(&resident),
                    "{resident} of {mib} MiB"
                );
            }
        }
        session.end().expect("nothing is left");
    });
}

#[test]
fn nice_values_weigh_workers_on_one_processor() {
    wait::within(4 * PATIENCE, || {
        let names = ["small".to_owned(), "large".to_owned()];
        let mut session =
            Session::start(program(), &names, Means::Nice).expect("it needs no rights");
        assert!(!session.is_exact());
        session
            .apply(&[limits(0.1, 4), limits(0.8, 4)])
            .expect("they can be set");
        let deadline = Deadline::after(PATIENCE);
        let window = std::time::Duration::from_secs(1);
        loop {
            let used = session.measure(window, &Shutdown::new());
            let used = used.expect("all live").expect("nobody interrupts");
            // Nine steps of 1.25 are a factor of 7.5.
            let factor = used[1].cpus / used[0].cpus;
            if (6.0..9.0).contains(&factor) {
                break;
            }
            assert!(!deadline.expired(), "{used:?}");
        }
        // Back again: without rights that takes new processes.
        session
            .apply(&[limits(0.8, 4), limits(0.1, 4)])
            .expect("they can be set");
        session.end().expect("there is nothing to remove");
    });
}
