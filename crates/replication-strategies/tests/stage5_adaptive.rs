//! Stage 5: read gain against write cost.

use labkit::rng;
use replication_strategies::comparison::{ALLOWED, compare_mixes};
use replication_strategies::config::{Config, Settings};
use replication_strategies::directory::Directory;
use replication_strategies::placement::Placement;
use replication_strategies::strategy::{Adaptive, Coherence, Event, Order, Strategy};

/// Two nodes: an object of London is read in Tokyo, and written.
struct Bench {
    adaptive: Adaptive,
    books: Directory,
    object: u32,
}

const TOKYO: usize = 1;

impl Bench {
    fn new() -> Self {
        let config = Config::new(Settings {
            regions: vec!["london".to_owned(), "tokyo".to_owned()],
            replicas: 1,
            objects: 10,
            window_s: 10.0,
            ..Settings::default()
        })
        .unwrap();
        let catalogue = config.catalogue().clone();
        let object = catalogue.objects().find(|o| catalogue.home(*o) == 0);
        let placement = Placement::single(&catalogue);
        Bench {
            adaptive: Adaptive::new(&config),
            books: Directory::new(catalogue, placement),
            object: object.expect("one of ten lives in London"),
        }
    }

    fn hear(&mut self, event: Event, times: usize) -> Vec<Order> {
        let mut orders = Vec::new();
        (0..times).for_each(|_| self.adaptive.on(event, &self.books, &mut orders));
        orders.retain(|order| {
            matches!(order, Order::Copy { object, .. } | Order::Drop { object, .. }
            if *object == self.object)
        });
        orders
    }

    fn read(&mut self, times: usize) -> Vec<Order> {
        let local = self.books.holds(TOKYO, self.object);
        let object = self.object;
        self.hear(
            Event::Read {
                node: TOKYO,
                object,
                local,
            },
            times,
        )
    }

    fn write(&mut self, times: usize) {
        let event = Event::Write {
            node: 0,
            object: self.object,
        };
        assert!(self.hear(event, times).is_empty(), "a write orders nothing");
    }

    fn window(&mut self) -> Vec<Order> {
        self.hear(Event::Window { seconds: 10.0 }, 1)
    }

    fn coherence(&self) -> Coherence {
        self.adaptive.coherence(TOKYO, self.object, &self.books)
    }

    fn hold(&mut self) {
        self.books.expect(TOKYO, self.object);
        assert!(self.books.arrive(TOKYO, self.object, 0));
    }
}

#[test]
fn what_passes_anyway_is_kept_if_it_is_worth_its_place() {
    let mut bench = Bench::new();
    let object = bench.object;
    assert_eq!(
        bench.read(1),
        [Order::Copy {
            node: TOKYO,
            object
        }]
    );
}

#[test]
fn copies_are_updated_while_reads_outweigh_writes_and_invalidated_when_they_dont() {
    let mut bench = Bench::new();
    bench.hold();
    bench.read(100);
    bench.write(10);
    assert_eq!(bench.coherence(), Coherence::Update);
    bench.write(400);
    assert_eq!(bench.coherence(), Coherence::Invalidate);
    // What was counted fades; new reads count more than old writes.
    for _ in 0..40 {
        bench.read(100);
        bench.window();
    }
    assert_eq!(bench.coherence(), Coherence::Update);
}

#[test]
fn the_weights_are_those_of_the_prices() {
    // An update is worth its bytes as soon as the waiting that it saves is: at reads * wait = writes *
    // transfer. London and Tokyo are 242 ms apart.
    let config = Config::new(Settings::default()).unwrap();
    let price = config.settings().price;
    let mut bench = Bench::new();
    bench.hold();
    let size = f64::from(bench.books.catalogue().size(bench.object));
    let wait = price.waiting(0.242 + size * 8.0 / 1e9);
    // Many events, so that what is believed of the mean object hardly matters.
    let writes = 100_000.0;
    let even = writes * price.transfer(size) / wait;
    bench.write(100_000);
    bench.read(count(even * 0.9));
    assert_eq!(bench.coherence(), Coherence::Invalidate);
    bench.read(count(even * 0.2));
    assert_eq!(bench.coherence(), Coherence::Update);
}

fn count(number: f64) -> usize {
    format!("{number:.0}").parse().expect("a whole number")
}

#[test]
fn a_window_ships_what_pays_for_its_shipment() {
    let mut bench = Bench::new();
    let object = bench.object;
    bench.read(50);
    assert_eq!(
        bench.window(),
        [Order::Copy {
            node: TOKYO,
            object
        }]
    );
    bench.hold();
    assert!(bench.window().is_empty(), "it is there");
    let mut quiet = Bench::new();
    assert!(quiet.window().is_empty(), "nobody asked for anything");
}

#[test]
fn nobody_else_is_much_cheaper_at_any_mix() {
    let settings = Settings {
        requests: 60_000,
        ..Settings::default()
    };
    let mixes = compare_mixes(&settings, rng::test_seed(), &|| ()).unwrap();
    assert_eq!(mixes.len(), 5);
    for mix in mixes {
        let ratio = mix.adaptive_ratio();
        assert!(ratio <= ALLOWED, "{} writes: {ratio}", mix.write_share);
        assert!(ratio > 0.3, "{} writes: {ratio}", mix.write_share);
    }
}
