//! Stage 1: full and random selective replication, and what each costs.

use labkit::rng::Stream;
use replication_strategies::asked::{LOCAL_NS, answer, distribute};
use replication_strategies::catalogue::Catalogue;
use replication_strategies::error::Error;
use replication_strategies::placement::{NodeSet, Placement, Served};
use replication_strategies::topology::Topology;

fn three() -> Topology {
    Topology::of_regions(&["washington", "london", "tokyo"], 80.0).unwrap()
}

fn catalogue(objects: usize) -> Catalogue {
    Catalogue::new(objects, 1e6, 3).unwrap()
}

#[test]
fn full_replication_holds_everything_everywhere() {
    let catalogue = catalogue(20);
    let full = Placement::full(&catalogue);
    for object in catalogue.objects() {
        assert_eq!(full.holders(object), NodeSet::first(3));
        for node in 0..3 {
            let served = full.serve(&three(), node, object).unwrap();
            assert_eq!(served, Served::Locally);
        }
    }
}

#[test]
fn random_replication_draws_as_often_as_it_is_told_and_keeps_the_homes() {
    let catalogue = catalogue(3_000);
    let random = Placement::random(&catalogue, 3_000, &mut Stream::named(1, "draws"));
    let again = Placement::random(&catalogue, 3_000, &mut Stream::named(1, "draws"));
    assert_eq!(random, again);
    let copies: usize = catalogue
        .objects()
        .map(|object| {
            let holders = random.holders(object);
            assert!(holders.has(catalogue.home(object)));
            holders.without(catalogue.home(object)).len()
        })
        .sum();
    // An object escapes 3,000 draws of one of 3,000 with probability 1/e; two nodes aren't its home.
    let expected = 2.0 * 3_000.0 * (1.0 - (-1.0_f64).exp());
    assert!((copies as f64 / expected - 1.0).abs() < 0.05, "{copies}");
    let none = Placement::random(&catalogue, 0, &mut Stream::named(1, "draws"));
    assert_eq!(none, Placement::single(&catalogue));
}

#[test]
fn the_nearest_holder_serves_and_a_node_that_isnt_there_is_refused() {
    let topology =
        Topology::of_regions(&["washington", "london", "tokyo", "sydney"], 80.0).unwrap();
    let catalogue = Catalogue::new(8, 1e6, 4).unwrap();
    let at_home = Placement::single(&catalogue);
    let far = catalogue
        .objects()
        .find(|o| catalogue.home(*o) == 3)
        .unwrap();
    // Sydney holds it. Tokyo (115 ms) is nearer to Sydney than Washington (214 ms) and London (261 ms).
    let from = |node: usize, placement: &Placement| placement.serve(&topology, node, far).unwrap();
    assert_eq!(from(1, &at_home), Served::Remotely { from: 3 });
    let with_washington = at_home.clone().with(far, 0);
    assert_eq!(from(1, &with_washington), Served::Remotely { from: 0 });
    assert_eq!(from(2, &with_washington), Served::Remotely { from: 3 });
    assert_eq!(from(0, &with_washington), Served::Locally);
    let refused = at_home.serve(&topology, 4, far);
    assert!(matches!(
        refused,
        Err(Error::NoSuchNode { node: 4, nodes: 4 })
    ));
}

#[test]
fn distribution_is_paid_by_every_copy_and_ends_with_the_last() {
    let topology = three();
    let catalogue = catalogue(1);
    let (home, size) = (catalogue.home(0), u64::from(catalogue.size(0)));
    let full = distribute(&topology, &catalogue, &Placement::full(&catalogue));
    assert_eq!(full.bytes, 2 * size);
    // 80 Mbit/s are 10 MB/s: 100 ns for a byte.
    let others = (0..3).filter(|node| *node != home);
    let farthest = others.map(|node| topology.one_way_ns(home, node)).max();
    assert_eq!(full.last_ns, 100 * size + farthest.unwrap());
    let single = distribute(&topology, &catalogue, &Placement::single(&catalogue));
    assert_eq!((single.bytes, single.last_ns), (0, 0));
}

#[test]
fn copies_over_one_link_wait_for_each_other() {
    let topology = Topology::of_regions(&["london", "tokyo"], 80.0).unwrap();
    let catalogue = Catalogue::new(40, 1e6, 2).unwrap();
    let full = distribute(&topology, &catalogue, &Placement::full(&catalogue));
    let load = |home: usize| -> u64 {
        let of_home = catalogue.objects().filter(|o| catalogue.home(*o) == home);
        of_home.map(|o| 100 * u64::from(catalogue.size(o))).sum()
    };
    let london = load(0) + topology.one_way_ns(0, 1);
    let tokyo = load(1) + topology.one_way_ns(1, 0);
    assert_eq!(full.last_ns, london.max(tokyo));
}

#[test]
fn answers_cost_a_round_trip_unless_they_are_local() {
    let topology = three();
    let catalogue = catalogue(1);
    let (home, size) = (catalogue.home(0), u64::from(catalogue.size(0)));
    let other = (home + 1) % 3;
    let single = Placement::single(&catalogue);
    let answers = answer(&topology, &catalogue, &single, &[(home, 0), (other, 0)]).unwrap();
    assert_eq!((answers.local, answers.remote, answers.bytes), (1, 1, size));
    let remote = LOCAL_NS + topology.round_trip_ns(other, home) + 100 * size;
    assert_eq!(answers.total_ns, LOCAL_NS + remote);
    let full = Placement::full(&catalogue);
    let answers = answer(&topology, &catalogue, &full, &[(home, 0), (other, 0)]).unwrap();
    assert_eq!(
        (answers.local, answers.bytes, answers.total_ns),
        (2, 0, 2 * LOCAL_NS)
    );
}
