//! Stage 6: real nodes, real files, real waiting.

use std::ffi::OsStr;
use std::fs;
use std::path::Path;
use std::time::Duration;

use labkit::clock::Stopwatch;
use labkit::rng;
use labkit::shutdown::Shutdown;
use labkit::wait;
use replication_strategies::config::Config;
use replication_strategies::live;
use replication_strategies::live::cluster::Cluster;
use replication_strategies::live::link::Lane;
use replication_strategies::live::store::{Store, content, version_of};
use replication_strategies::live::trial::{disagreements, run_on};
use replication_strategies::simulator::simulate;
use replication_strategies::strategy::Kind;

const LIMIT: Duration = Duration::from_secs(100);

fn start(config: &Config) -> Cluster {
    let program = OsStr::new(env!("CARGO_BIN_EXE_replication-strategies"));
    Cluster::start(program, config.topology()).unwrap()
}

#[test]
fn a_lane_is_first_in_first_out_and_as_long_as_its_distance() {
    let ms = Duration::from_millis;
    let lane = Lane::new(ms(40), 1_000.0);
    assert_eq!(lane.reserve(ms(0), 5_000), ms(45));
    assert_eq!(lane.reserve(ms(2), 1_000), ms(46));
    assert_eq!(lane.reserve(ms(100), 1_000), ms(141));
}

#[test]
fn no_older_version_takes_a_newer_ones_place() {
    let folder = tempfile::tempdir().unwrap();
    let store = Store::new(folder.path().to_owned());
    assert_eq!(store.get(7).unwrap(), None);
    for version in [2, 1, 3] {
        store.put(7, &content(7, version, 100)).unwrap();
        let there = store.get(7).unwrap().unwrap();
        assert_eq!(version_of(&there), Some(version.max(2)));
        assert_eq!(there, content(7, version.max(2), 100));
    }
    store.remove(7, Some(3)).unwrap();
    assert!(store.get(7).unwrap().is_some(), "it isn't older than 3");
    store.remove(7, Some(4)).unwrap();
    assert_eq!(store.get(7).unwrap(), None);
    assert!(store.put(7, b"abc").is_err(), "too short to have a version");
    assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 0);
}

#[test]
fn a_fetch_over_a_link_takes_the_round_trip_and_can_leave_a_copy() {
    wait::within(LIMIT, || {
        let config = live::config(1, 0.0).unwrap();
        let cluster = start(&config);
        let (here, there) = (0, 2);
        let file = content(5, 1, 30_000);
        cluster
            .converse(there)
            .unwrap()
            .ask("PUT 5 30000", &file)
            .unwrap();
        let mut client = cluster.converse(here).unwrap();
        assert_eq!(client.ask("GET 5", &[]).unwrap(), None);
        let link = cluster.link(here, there);
        let watch = Stopwatch::start();
        let pass = client.ask(&format!("FETCH 5 pass {link}"), &[]).unwrap();
        let took = watch.elapsed();
        let least = Duration::from_nanos(config.topology().round_trip_ns(here, there));
        assert!(took >= least, "{took:?} is less than {least:?}");
        assert_eq!(pass.as_deref(), Some(file.as_slice()));
        assert_eq!(client.ask("GET 5", &[]).unwrap(), None);
        client.ask(&format!("FETCH 5 keep {link}"), &[]).unwrap();
        assert_eq!(client.ask("GET 5", &[]).unwrap(), Some(file));
        let missing = client.ask(&format!("FETCH 6 keep {link}"), &[]).unwrap();
        assert_eq!(missing, None);
        assert!(wait::until(LIMIT, || cluster.counts().0 == cluster.counts().1));
        assert!(cluster.counts().0 > 60_000);
    });
}

#[test]
fn live_and_simulated_order_agree() {
    wait::within(LIMIT, || {
        let config = live::config(120, 0.1).unwrap();
        let seed = rng::test_seed();
        let (mut simulated, mut live) = (Vec::new(), Vec::new());
        let mut pids = Vec::new();
        for kind in [Kind::Full, Kind::Single, Kind::Hash, Kind::Lru] {
            let cluster = start(&config);
            pids.extend(cluster.pids());
            let trial = run_on(&cluster, &config, kind, seed, &Shutdown::new()).unwrap();
            assert_eq!(trial.outcome.requests(), 120, "{kind:?}");
            assert_eq!(trial.wrong, 0, "{kind:?}: whole files only");
            assert_eq!(trial.outcome.unaccounted, 0, "{kind:?}: bytes are missing");
            if kind == Kind::Full {
                assert_eq!(trial.outcome.local, trial.outcome.reads);
                let files = fs::read_dir(cluster.folder().join("tokyo")).unwrap();
                assert_eq!(files.count(), 60);
            }
            let expected = simulate(&config, kind, seed);
            assert_eq!(trial.outcome.writes, expected.writes, "the same requests");
            simulated.push((kind, expected.bytes_per_request(), expected.mean_ms()));
            let outcome = trial.outcome;
            live.push((kind, outcome.bytes_per_request(), outcome.mean_ms()));
        }
        let bytes = |of: &[(Kind, f64, f64)]| of.iter().map(|e| (e.0, e.1)).collect::<Vec<_>>();
        let means = |of: &[(Kind, f64, f64)]| of.iter().map(|e| (e.0, e.2)).collect::<Vec<_>>();
        let wrong = disagreements(&bytes(&simulated), &bytes(&live), 1.5);
        assert!(
            wrong.is_empty(),
            "bandwidth: {wrong:?} of {simulated:?}, {live:?}"
        );
        // A busy machine adds milliseconds to everything; a factor of four is beyond that.
        let wrong = disagreements(&means(&simulated), &means(&live), 4.0);
        assert!(
            wrong.is_empty(),
            "response: {wrong:?} of {simulated:?}, {live:?}"
        );
        let gone = |pid: &u32| !Path::new(&format!("/proc/{pid}")).exists();
        assert!(pids.iter().all(gone), "nodes are left");
    });
}
