//! What goes wrong around a node, and what it does then.

mod support;

use std::time::Duration;

use astrolabe_monitoring::catalogue::{Catalogue, MOST_QUERIES};
use astrolabe_monitoring::error::Error;
use astrolabe_monitoring::live::{Client, Server, Settings};
use astrolabe_monitoring::message::Action;
use astrolabe_monitoring::query::Query;
use astrolabe_monitoring::simulation::{Plan, measure, theory};
use astrolabe_monitoring::wire::Seal;
use labkit::rng::Stream;
use labkit::sim::{Chaos, Schedule, explore};

use support::{LAB, ROUND, path, plan, until_all_count};

#[test]
fn after_any_trouble_all_are_counted_again() {
    explore(LAB, 8, |seed| {
        let nodes = 20;
        let mut tree = plan(nodes, 0.1, seed).world();
        let chaos = Chaos {
            nodes: 20,
            until: ROUND * 300,
            rounds: 8,
            most_down: 6,
        };
        tree.schedule(Schedule::chaos(seed, &chaos));
        tree.run_until(ROUND * 300);
        until_all_count(&mut tree, nodes, 200);
    });
}

#[test]
fn a_simulation_is_the_same_for_the_same_seed() {
    let run = |seed| {
        let plan = Plan::new(60, 0.1, seed).expect("allowed");
        let (convergence, tree) = measure(&plan, |_| ());
        (
            convergence.change.curve,
            convergence.start.bytes,
            tree.digest(),
        )
    };
    assert_eq!(run(5), run(5));
    assert_ne!(run(5).2, run(6).2);
}

#[test]
fn a_change_is_known_within_the_theory() {
    explore(LAB, 3, |seed| {
        for nodes in [27, 125, 300] {
            let plan = plan(nodes, 0.0, seed);
            let (convergence, _) = measure(&plan, |_| ());
            let rounds = convergence.change.rounds().expect("all know");
            assert!(
                rounds <= 1.2 * theory(plan.nodes),
                "{nodes} nodes took {rounds} rounds"
            );
        }
    });
}

#[test]
fn impossible_plans_are_refused() {
    for (nodes, loss, part) in [
        (0, 0.0, "--nodes must be 1 to 50000, not 0"),
        (50_001, 0.0, "not 50001"),
        (10, -0.1, "--loss must be 0 to 0.5, not -0.1"),
        (10, f64::NAN, "not NaN"),
    ] {
        let error = Plan::new(nodes, loss, 1)
            .expect_err("not allowed")
            .to_string();
        assert!(error.contains(part), "{error}");
    }
}

#[test]
fn too_many_queries_are_refused_and_room_can_be_made() {
    let mut catalogue = Catalogue::default();
    let query = |at| Query::parse(&format!("SELECT MIN(a{at})")).expect("a query");
    for at in 0..MOST_QUERIES {
        catalogue.install(&query(at)).expect("there is room");
    }
    let error = catalogue.install(&query(99)).expect_err("it is full");
    assert!(error.to_string().contains("remove one first"), "{error}");
    catalogue.install(&query(3)).expect("it is there already");
    catalogue.remove(&query(3));
    catalogue.install(&query(99)).expect("there is room again");
    assert!(catalogue.has(&query(99)) && !catalogue.has(&query(3)));
    let heavy = Query::parse("SELECT TOP(16, a), MIN(b)");
    assert!(heavy.is_err(), "one query alone is limited as well");
}

#[test]
fn of_two_changes_to_a_query_the_later_stays() {
    let query = Query::parse("SELECT MAX(cpu)").expect("a query");
    let (mut here, mut there) = (Catalogue::default(), Catalogue::default());
    here.install(&query).expect("there is room");
    let first = here.get(query.key()).cloned().expect("installed");
    assert!(there.merge(&first));
    there.remove(&query);
    let second = there.get(query.key()).cloned().expect("removed");
    assert!(here.merge(&second) && !here.has(&query));
    assert!(!here.merge(&first), "the past doesn't come back");
    let diff = here.diff(&there.digest());
    assert!(diff.newer.is_empty() && diff.wanted.is_empty());
}

fn settings(listen: &str) -> Settings {
    Settings {
        path: path("/a"),
        listen: listen.parse().expect("an address"),
        join: Vec::new(),
        round: ROUND,
        seal: Seal::new(b"key"),
        seed: 1,
    }
}

#[test]
fn a_port_in_use_is_said_with_advice() {
    let first = Server::bind(settings("127.0.0.1:0")).expect("a free port");
    let error = Server::bind(settings(&first.address().to_string())).expect_err("it is taken");
    assert!(matches!(error, Error::Listen { .. }));
    assert!(error.to_string().contains("use port 0"), "{error}");
}

#[test]
fn an_address_that_others_cannot_use_is_refused() {
    let error = Server::bind(settings("0.0.0.0:0")).expect_err("it is no address to call");
    assert!(
        error.to_string().contains("others reach this node"),
        "{error}"
    );
}

#[test]
fn a_node_that_is_not_there_is_said_so_in_time() {
    let gone = Server::bind(settings("127.0.0.1:0"))
        .expect("a free port")
        .address();
    let mut client = Client::new(Seal::new(b"key"), Stream::named(1, "client"));
    let within = Duration::from_millis(250);
    let error = client.ask(gone, Action::Read, &Query::standing(), within);
    assert!(matches!(error, Err(Error::NoAnswer { node, .. }) if node == gone));
}
