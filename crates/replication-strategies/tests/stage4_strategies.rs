//! Stage 4: the ring, demand, and the cache.

use replication_strategies::catalogue::Catalogue;
use replication_strategies::config::{Config, Settings};
use replication_strategies::directory::Directory;
use replication_strategies::placement::Placement;
use replication_strategies::simulator::simulate;
use replication_strategies::strategy::{
    Coherence, Demand, Event, Kind, Lru, Order, Ring, Source, Strategy, most_popular,
};

#[test]
fn owners_are_different_nodes_and_as_many_as_asked_for() {
    let ring = Ring::new(7);
    for object in 0..500 {
        let mut owners = ring.owners(object, 3);
        assert_eq!(owners, ring.owners(object, 5)[..3]);
        owners.sort_unstable();
        owners.dedup();
        assert_eq!(owners.len(), 3);
        assert!(owners.iter().all(|owner| *owner < 7));
        let mut all = ring.owners(object, 7);
        all.sort_unstable();
        assert_eq!(all, (0..7).collect::<Vec<_>>());
    }
}

#[test]
fn shares_are_even_and_a_new_node_takes_its_own_share_only() {
    let (before, after) = (Ring::new(9), Ring::new(10));
    let mut shares = [0; 10];
    let mut moved = 0;
    for object in 0..20_000 {
        let (old, new) = (before.owners(object, 1)[0], after.owners(object, 1)[0]);
        assert!(
            old == new || new == 9,
            "object {object} went from {old} to {new}"
        );
        moved += usize::from(old != new);
        shares[new] += 1;
    }
    assert_eq!(moved, shares[9]);
    assert!(
        shares.iter().all(|share| (1_200..3_000).contains(share)),
        "{shares:?}"
    );
}

#[test]
fn every_object_has_as_many_copies_as_replicas() {
    let catalogue = Catalogue::new(300, 1e3, 8).unwrap();
    for replicas in [1, 3, 8] {
        let placement = Ring::new(8).placement(&catalogue, replicas);
        for object in catalogue.objects() {
            assert_eq!(placement.holders(object).len(), replicas);
            assert!(placement.holders(object).has(catalogue.home(object)));
        }
    }
}

#[test]
fn the_most_popular_are_chosen_and_what_nobody_wants_is_not() {
    let chosen = |counts: &[f32], top: usize| {
        let wanted = most_popular(counts, top);
        let places = wanted.iter().enumerate().filter(|entry| *entry.1);
        places.map(|entry| entry.0).collect::<Vec<_>>()
    };
    let counts = [3.0, 0.0, 9.0, 3.0, 1.0, 5.0];
    assert_eq!(chosen(&counts, 2), [2, 5]);
    assert_eq!(
        chosen(&counts, 3),
        [0, 2, 5],
        "of equal ones the lower number"
    );
    assert_eq!(chosen(&counts, 6), [0, 2, 3, 4, 5]);
    assert!(chosen(&counts, 0).is_empty());
}

fn books(catalogue: &Catalogue) -> Directory {
    Directory::new(catalogue.clone(), Placement::single(catalogue))
}

#[test]
fn demand_orders_what_its_region_asked_for_and_gives_up_what_it_no_longer_does() {
    let catalogue = Catalogue::new(30, 1e3, 3).unwrap();
    let mut books = books(&catalogue);
    let mut demand = Demand::new(&catalogue, 1);
    let mut away = catalogue.objects().filter(|o| catalogue.home(*o) != 1);
    let (first, second) = (away.next().unwrap(), away.next().unwrap());
    let window = |demand: &mut Demand, books: &Directory, object: u32, times: usize| {
        let mut orders = Vec::new();
        let read = Event::Read {
            node: 1,
            object,
            local: false,
        };
        (0..times).for_each(|_| demand.on(read, books, &mut orders));
        assert!(orders.is_empty(), "only a window's end orders: {orders:?}");
        demand.on(Event::Window { seconds: 1.0 }, books, &mut orders);
        orders.retain(|order| {
            !matches!(order, Order::Drop { node, object }
            if *node == catalogue.home(*object))
        });
        orders
    };
    let copy = |object| Order::Copy { node: 1, object };
    assert_eq!(window(&mut demand, &books, first, 4), [copy(first)]);
    books.expect(1, first);
    assert!(
        window(&mut demand, &books, first, 1).is_empty(),
        "it is on its way"
    );
    assert!(books.arrive(1, first, 0));
    let orders = window(&mut demand, &books, second, 9);
    assert_eq!(orders.len(), 2, "{orders:?}");
    assert!(orders.contains(&copy(second)));
    assert!(orders.contains(&Order::Drop {
        node: 1,
        object: first
    }));
}

#[test]
fn the_least_recently_used_goes_first() {
    let catalogue = Catalogue::new(60, 100.0, 3).unwrap();
    let mut books = books(&catalogue);
    let away: Vec<u32> = catalogue
        .objects()
        .filter(|o| catalogue.home(*o) != 0)
        .collect();
    let [a, b, c, d] = away[..4] else {
        panic!("too few")
    };
    let size = |object| u64::from(catalogue.size(object));
    let mut lru = Lru::new(&catalogue, size(a) + size(b) + size(c));
    assert_eq!(lru.coherence(0, a, &books), Coherence::Invalidate);
    assert_eq!(lru.source(), Source::Home);
    let mut dropped = |event: Event, books: &Directory| {
        let mut orders = Vec::new();
        lru.on(event, books, &mut orders);
        orders
    };
    for object in [a, b, c] {
        let miss = Event::Read {
            node: 0,
            object,
            local: false,
        };
        assert_eq!(dropped(miss, &books), [Order::Copy { node: 0, object }]);
        books.expect(0, object);
        assert!(books.arrive(0, object, 0));
        assert!(dropped(Event::Arrived { node: 0, object }, &books).is_empty());
    }
    let hit = Event::Read {
        node: 0,
        object: a,
        local: true,
    };
    assert!(dropped(hit, &books).is_empty());
    // Lost to a write: its room is free again.
    assert!(dropped(Event::Lost { node: 0, object: c }, &books).is_empty());
    let orders = dropped(Event::Arrived { node: 0, object: d }, &books);
    let expected = if size(d) > size(c) {
        vec![Order::Drop { node: 0, object: b }]
    } else {
        vec![]
    };
    assert_eq!(orders, expected);
    let orders = dropped(Event::Arrived { node: 0, object: c }, &books);
    let first = orders.first().copied();
    let next = if size(d) > size(c) { a } else { b };
    assert_eq!(
        first,
        Some(Order::Drop {
            node: 0,
            object: next
        })
    );
}

fn usual(write_share: f64) -> Config {
    Config::new(Settings {
        write_share,
        requests: 60_000,
        ..Settings::default()
    })
    .unwrap()
}

#[test]
fn what_follows_demand_answers_more_at_home_than_what_was_drawn_at_random() {
    let config = usual(0.02);
    let local = |kind| simulate(&config, kind, 3).local_share();
    let (random, demand, lru) = (local(Kind::Random), local(Kind::Demand), local(Kind::Lru));
    assert!(demand > random + 0.15, "demand {demand}, random {random}");
    assert!(lru > random + 0.15, "lru {lru}, random {random}");
}

#[test]
fn hashing_answers_a_share_of_its_copies_at_home() {
    let config = usual(0.0);
    let share = simulate(&config, Kind::Hash, 3).local_share();
    assert!((share - 0.3).abs() < 0.08, "three of ten nodes: {share}");
}

#[test]
fn a_cache_stays_within_its_budget() {
    let config = usual(0.05);
    let outcome = simulate(&config, Kind::Lru, 3);
    let most = 10.0 * config.budget_bytes() as f64;
    assert!(outcome.copied_bytes <= most && outcome.copied_bytes > most / 2.0);
    assert_eq!(outcome.unaccounted, 0);
}
