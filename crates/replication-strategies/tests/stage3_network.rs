//! Stage 3: links and nodes that queue, and what is known of queues.

use labkit::rng::Stream;
use replication_strategies::catalogue::Catalogue;
use replication_strategies::config::{Config, Settings};
use replication_strategies::directory::Directory;
use replication_strategies::network::{Arrival, Network};
use replication_strategies::placement::{NodeSet, Placement};
use replication_strategies::simulator::{Simulator, simulate};
use replication_strategies::strategy::Kind;
use replication_strategies::topology::Topology;

/// Two nodes, a millisecond apart, 8 Mbit/s: a byte takes a microsecond.
fn pair() -> Topology {
    let names = vec!["here".to_owned(), "there".to_owned()];
    Topology::new(names, vec![0, 1_000_000, 2_000_000, 0], 8.0).unwrap()
}

#[test]
fn a_message_waits_for_the_link_then_for_the_distance() {
    let mut network = Network::new(pair());
    assert_eq!(network.send(0, 1, 0, 500, 'a'), 1_500_000);
    // Its link is busy until 500 µs.
    assert_eq!(network.send(0, 1, 100_000, 200, 'b'), 1_700_000);
    // The other direction is a link of its own, and farther.
    assert_eq!(network.send(1, 0, 100_000, 200, 'c'), 2_300_000);
    // By now the first link is idle again.
    assert_eq!(network.send(0, 1, 900_000, 100, 'd'), 2_000_000);
    assert_eq!(network.unaccounted(), 1_000);
    assert_eq!(network.next_at(), 1_500_000);
    let order: Vec<(char, u64, usize)> = std::iter::from_fn(|| network.deliver())
        .map(
            |Arrival {
                 message, at, to, ..
             }| (message, at, to),
        )
        .collect();
    let expected = [
        ('a', 1_500_000, 1),
        ('b', 1_700_000, 1),
        ('d', 2_000_000, 1),
        ('c', 2_300_000, 0),
    ];
    assert_eq!(order, expected);
    assert_eq!((network.next_at(), network.unaccounted()), (u64::MAX, 0));
}

#[test]
fn messages_of_all_links_arrive_in_the_order_of_time() {
    let regions = ["dallas", "toronto", "frankfurt", "tokyo", "sydney"];
    let mut network = Network::new(Topology::of_regions(&regions, 100.0).unwrap());
    let mut chance = Stream::named(3, "sends");
    let (mut expected, mut seen, mut now) = (Vec::new(), Vec::new(), 0);
    for number in 0..20_000_u32 {
        now += chance.below(300_000);
        while network.next_at() <= now {
            seen.extend(
                network
                    .deliver()
                    .map(|arrival| (arrival.at, arrival.message)),
            );
        }
        let (from, to) = (chance.index(5), chance.index(5));
        let bytes = u32::try_from(chance.below(20_000)).unwrap();
        expected.push((network.send(from, to, now, bytes, number), number));
    }
    while let Some(arrival) = network.deliver() {
        seen.push((arrival.at, arrival.message));
    }
    assert!(seen.windows(2).all(|pair| pair[0].0 <= pair[1].0));
    seen.sort_unstable();
    expected.sort_unstable();
    assert_eq!(seen, expected);
}

fn books() -> Directory {
    let catalogue = Catalogue::new(4, 100.0, 3).unwrap();
    let single = Placement::single(&catalogue);
    Directory::new(catalogue, single)
}

/// An object whose home is node 0, and one of the others.
fn object_and_node(books: &Directory) -> (u32, usize) {
    let object = books.catalogue().objects().next().unwrap();
    (object, (books.catalogue().home(object) + 1) % 3)
}

#[test]
fn a_copy_that_is_coming_hears_of_a_write() {
    let mut books = books();
    let (object, node) = object_and_node(&books);
    assert_eq!(books.commit(object), (1, NodeSet::EMPTY));
    books.expect(node, object);
    assert_eq!(books.commit(object), (2, NodeSet::of(node)));
    assert!(!books.holds(node, object));
    // The update overtakes nothing, but may come first: it is a copy, too.
    assert!(books.arrive(node, object, 2));
    assert!(books.holds(node, object));
    assert_eq!(
        books.copied_bytes(),
        u64::from(books.catalogue().size(object))
    );
    assert!(!books.arrive(node, object, 1), "it is there already");
    assert_eq!(books.version_at(node, object), 2);
}

#[test]
fn an_old_copy_isnt_kept_and_one_that_nobody_waits_for_neither() {
    let mut books = books();
    let (object, node) = object_and_node(&books);
    books.expect(node, object);
    books.commit(object);
    assert!(
        !books.invalidate(node, object, 1),
        "there was nothing to lose"
    );
    assert!(!books.arrive(node, object, 0), "it has heard of version 1");
    assert!(!books.holds(node, object));
    books.expect(node, object);
    books.drop_copy(node, object);
    assert!(
        !books.arrive(node, object, 1),
        "it was dropped before it came"
    );
    books.expect(node, object);
    assert!(
        !books.arrive(node, object, 0),
        "it came from a holder that is behind"
    );
    assert_eq!(
        books.holders_to_be(object).len(),
        1,
        "nobody waits any more"
    );
    let home = books.catalogue().home(object);
    books.drop_copy(home, object);
    assert!(books.holds(home, object), "a home never drops");
    assert_eq!(books.copied_bytes(), 0);
}

#[test]
fn a_copy_from_a_holder_that_is_behind_isnt_kept() {
    let mut books = books();
    let (object, node) = object_and_node(&books);
    books.commit(object);
    // Ordered after the commit, it hears of no update; what it gets is from before.
    books.expect(node, object);
    assert!(!books.arrive(node, object, 0));
    assert_eq!(
        books.holders_to_be(object).len(),
        1,
        "nobody waits any more"
    );
}

fn alone(rate: f64) -> Config {
    Config::new(Settings {
        regions: vec!["london".to_owned()],
        replicas: 1,
        rate,
        requests: 3_000_000,
        write_share: 0.0,
        warm_share: 0.05,
        ..Settings::default()
    })
    .unwrap()
}

#[test]
fn a_node_alone_is_an_m_m_1_queue() {
    // 2,000 requests a second can be served. The mean is 1 / (mu - lambda), the response time is
    // exponentially distributed.
    for rate in [400.0, 1_000.0, 1_400.0] {
        let outcome = simulate(&alone(rate), Kind::Full, 11);
        let mean_ms = 1e3 / (2_000.0 - rate);
        let ratio = outcome.mean_ms() / mean_ms;
        assert!((ratio - 1.0).abs() < 0.02, "{rate}: {ratio}");
        let ratio = outcome.p99_ms() / (mean_ms * 100.0_f64.ln());
        assert!((ratio - 1.0).abs() < 0.03, "{rate}, 99 %: {ratio}");
    }
}

fn usual(write_share: f64) -> Config {
    Config::new(Settings {
        write_share,
        requests: 40_000,
        ..Settings::default()
    })
    .unwrap()
}

#[test]
fn full_replication_never_fetches_and_single_placement_never_is_stale() {
    let full = simulate(&usual(0.2), Kind::Full, 5);
    assert_eq!(full.local, full.reads);
    assert!(full.stale > 0, "copies lag behind: {full:?}");
    assert!(full.lags.count() > 0);
    let single = simulate(&usual(0.2), Kind::Single, 5);
    assert_eq!((single.stale, single.lags.count()), (0, 0));
    let share = single.local_share();
    assert!((0.05..0.2).contains(&share), "a tenth lives here: {share}");
}

#[test]
fn every_byte_received_was_sent() {
    for kind in [Kind::Full, Kind::Single, Kind::Random] {
        let outcome = simulate(&usual(0.2), kind, 5);
        assert_eq!(outcome.unaccounted, 0, "{kind:?}");
        assert!(outcome.bytes > 0, "{kind:?}");
    }
}

#[test]
fn a_fetch_takes_the_round_trip_and_an_update_the_way_there() {
    let config = Config::new(Settings {
        regions: vec!["london".to_owned(), "tokyo".to_owned()],
        replicas: 1,
        rate: 1.0,
        requests: 4_000,
        warm_share: 0.0,
        write_share: 0.5,
        service_s: 1e-6,
        ..Settings::default()
    })
    .unwrap();
    // Hardly anything meets: half a round trip of 242 ms and some transmission.
    let full = simulate(&config, Kind::Full, 2);
    assert!((120.0..124.0).contains(&full.lag_ms()), "{}", full.lag_ms());
    // Half of all reads and writes are for the other side.
    let single = simulate(&config, Kind::Single, 2);
    assert!(
        (108.0..136.0).contains(&single.mean_ms()),
        "{}",
        single.mean_ms()
    );
    assert!(
        (242.0..250.0).contains(&single.p99_ms()),
        "{}",
        single.p99_ms()
    );
}

#[test]
fn once_all_is_quiet_replicas_are_up_to_date() {
    let mut simulator = Simulator::new(&usual(0.5), Kind::Random, 9);
    assert!(simulator.run().writes > 1_000);
    let books = simulator.directory();
    for object in books.catalogue().objects() {
        for node in books.holders(object).iter() {
            assert_eq!(books.version_at(node, object), books.newest(object));
        }
    }
}
