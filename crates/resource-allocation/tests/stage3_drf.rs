//! Stage 3: dominant resource fairness, the paper's numbers and its four theorems.

use proptest::prelude::*;
use resource_allocation::fairness::{conserves, part_of};
use resource_allocation::tasks::{Launch, Launches, task_counts};
use resource_allocation::theorems::{better_alone, could_grow, envies};
use resource_allocation::{Allocation, Policy, Pool, Problem, Service};

fn drf(problem: &Problem) -> Allocation {
    Policy::Drf.allocator().allocate(problem)
}

fn paper(b: [f64; 2], a: [f64; 2]) -> Problem {
    let pool = Pool::new([("cpu", 9.0), ("memory", 18.0)]).expect("a pool");
    let users = vec![Service::new("B", b), Service::new("A", a)];
    Problem::new(pool, users).expect("it makes sense")
}

fn near(left: f64, right: f64) -> bool {
    (left - right).abs() < 1e-9
}

#[test]
fn the_papers_example_to_the_digit() {
    // Section 4.1: A's tasks need 1 CPU and 4 GB, B's 3 CPUs and 1 GB, of 9 CPUs and 18 GB.
    let problem = paper([3.0, 1.0], [1.0, 4.0]);
    assert_eq!(task_counts(&problem), [2, 3]);
    // Table 1, row by row: who launches, its dominant share, CPU and memory in use.
    let rows: Vec<(usize, f64, Vec<f64>)> = Launches::of(&problem)
        .map(
            |Launch {
                 service,
                 share,
                 used,
             }| (service, share, used),
        )
        .collect();
    let expected = [
        (0, 1.0 / 3.0, [3.0, 1.0]),
        (1, 2.0 / 9.0, [4.0, 5.0]),
        (1, 4.0 / 9.0, [5.0, 9.0]),
        (0, 2.0 / 3.0, [8.0, 10.0]),
        (1, 2.0 / 3.0, [9.0, 14.0]),
    ];
    assert_eq!(rows.len(), expected.len());
    for ((service, share, used), (whose, dominant, sum)) in rows.iter().zip(expected) {
        assert_eq!((*service, &used[..]), (whose, &sum[..]));
        assert!(near(*share, dominant), "{share} {dominant}");
    }
}

#[test]
fn the_papers_example_divided_at_will() {
    // max x, y with x + 3y <= 9, 4x + y <= 18 and 2x/9 = y/3 is x = 3, y = 2.
    let allocation = drf(&paper([9.0, 3.0], [4.5, 18.0]));
    for (grant, expected) in allocation.of(0).iter().zip([6.0, 2.0]) {
        assert!(near(*grant, expected), "{allocation:?}");
    }
    for (grant, expected) in allocation.of(1).iter().zip([3.0, 12.0]) {
        assert!(near(*grant, expected), "{allocation:?}");
    }
}

#[test]
fn when_one_kind_is_used_up_the_others_go_on() {
    let pool = Pool::new([("cpu", 10.0), ("disk", 10.0)]).expect("a pool");
    let services = vec![
        Service::new("cpu only", [10.0, 0.0]),
        Service::new("both", [10.0, 5.0]),
        Service::new("disk only", [0.0, 10.0]),
        Service::new("nothing", [0.0, 0.0]),
    ];
    let problem = Problem::new(pool, services).expect("it makes sense");
    let allocation = drf(&problem);
    // CPU is gone when both have half of it; the disk is then filled by the only one left.
    let expected = [[5.0, 0.0], [5.0, 2.5], [0.0, 7.5], [0.0, 0.0]];
    for (service, row) in expected.iter().enumerate() {
        for (grant, wanted) in allocation.of(service).iter().zip(row) {
            assert!(near(*grant, *wanted), "{allocation:?}");
        }
    }
}

#[test]
fn a_kind_is_used_up_by_those_who_need_little_of_the_others() {
    // The two that share the disk are the first in the order of need, and too much for it.
    let pool = Pool::new([("cpu", 10.0), ("disk", 10.0)]).expect("a pool");
    let services = vec![
        Service::new("a", [0.0, 8.0]).weight(9.0),
        Service::new("b", [0.0, 6.0]).weight(3.0),
        Service::new("c", [5.0, 0.0]),
        Service::new("d", [5.0, 0.0]),
    ];
    let allocation = drf(&Problem::new(pool, services).expect("it makes sense"));
    let expected = [[0.0, 7.5], [0.0, 2.5], [5.0, 0.0], [5.0, 0.0]];
    for (service, row) in expected.iter().enumerate() {
        for (grant, wanted) in allocation.of(service).iter().zip(row) {
            assert!(near(*grant, *wanted), "{allocation:?}");
        }
    }
}

#[test]
fn a_small_demand_is_met_and_the_rest_shared() {
    let pool = Pool::new([("cpu", 12.0)]).expect("a pool");
    let services = vec![
        Service::new("small", [2.0]),
        Service::new("large", [12.0]),
        Service::new("heavy", [12.0]).weight(4.0),
    ];
    let allocation = drf(&Problem::new(pool, services).expect("it makes sense"));
    let grants: Vec<f64> = allocation.grants().column(0).collect();
    for (grant, expected) in grants.iter().zip([2.0, 2.0, 8.0]) {
        assert!(near(*grant, expected), "{grants:?}");
    }
}

#[test]
fn tasks_go_on_where_others_no_longer_fit() {
    let pool = Pool::new([("cpu", 10.0)]).expect("a pool");
    let users = vec![Service::new("large", [6.0]), Service::new("small", [1.0])];
    let problem = Problem::new(pool, users).expect("it makes sense");
    assert_eq!(task_counts(&problem), [1, 4]);
    // Ten tasks of a tenth fit, although ten times 0.1 is not 1 in binary.
    let pool = Pool::new([("cpu", 1.0)]).expect("a pool");
    let problem = Problem::new(pool, vec![Service::new("a", [0.1])]).expect("it makes sense");
    assert_eq!(task_counts(&problem), [10]);
}

#[test]
fn who_wants_nothing_launches_nothing() {
    let problem = paper([0.0, 0.0], [9.0, 0.0]);
    assert_eq!(task_counts(&problem), [0, 1]);
}

/// Up to twelve services and four kinds; about a third of the demands are zero.
fn problems() -> impl Strategy<Value = Problem> {
    let demand = prop_oneof![1 => Just(0.0), 2 => 0.001..1.0_f64];
    let weight = prop_oneof![1 => Just(1.0), 1 => 0.1..10.0_f64];
    (1..=4_usize, 1..=12_usize).prop_flat_map(move |(kinds, services)| {
        let rows = prop::collection::vec(
            (prop::collection::vec(demand.clone(), kinds), weight.clone()),
            services,
        );
        (prop::collection::vec(1.0..1000.0_f64, kinds), rows).prop_map(|(capacities, rows)| {
            let kinds = capacities.iter().enumerate();
            let pool = Pool::new(kinds.map(|(at, capacity)| (format!("k{at}"), *capacity)));
            let services = rows.into_iter().enumerate().map(|(at, (parts, weight))| {
                let demand: Vec<f64> = parts
                    .iter()
                    .zip(&capacities)
                    .map(|(part, capacity)| part * capacity)
                    .collect();
                Service::new(format!("s{at}"), demand).weight(weight)
            });
            Problem::new(pool.expect("a pool"), services.collect()).expect("it makes sense")
        })
    })
}

/// Progressive filling as the paper tells it: raise everyone's level to the next event, again and
/// again, looking at everybody each time.
fn by_events(problem: &Problem) -> Vec<f64> {
    let services = 0..problem.services();
    let mut parts = vec![0.0; problem.services()];
    let mut rising: Vec<usize> = services
        .filter(|at| problem.dominant_demand(*at) > 0.0)
        .collect();
    let speed = |at: usize| problem.weights()[at] / problem.dominant_demand(at);
    let mut left = problem.capacities().to_vec();
    while !rising.is_empty() {
        let rate = |kind: usize| -> f64 {
            rising
                .iter()
                .map(|at| speed(*at) * problem.demands().row(*at)[kind])
                .sum()
        };
        let full = rising.iter().map(|at| (1.0 - parts[*at]) / speed(*at));
        let kinds = 0..problem.kinds();
        let empty = kinds
            .filter(|kind| rate(*kind) > 0.0)
            .map(|kind| left[kind] / rate(kind));
        let rise = full.chain(empty).fold(f64::INFINITY, f64::min).max(0.0);
        let rates: Vec<f64> = (0..problem.kinds()).map(rate).collect();
        for at in &rising {
            parts[*at] += rise * speed(*at);
        }
        for (left, rate) in left.iter_mut().zip(rates) {
            *left -= rise * rate;
        }
        let gone = |kind: usize| left[kind] <= 1e-12 * problem.capacities()[kind];
        rising.retain(|at| {
            let demand = problem.demands().row(*at);
            let stopped = (0..problem.kinds()).any(|kind| demand[kind] > 0.0 && gone(kind));
            parts[*at] < 1.0 - 1e-12 && !stopped
        });
    }
    parts
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(400))]

    #[test]
    fn bisection_agrees_with_filling_event_by_event(problem in problems()) {
        let allocation = drf(&problem);
        for (at, part) in by_events(&problem).into_iter().enumerate() {
            for (grant, demand) in allocation.of(at).iter().zip(problem.demands().row(at)) {
                prop_assert!((grant - part * demand).abs() <= 1e-8 * demand, "{grant} {part} {demand}");
            }
        }
    }

    #[test]
    fn nothing_is_granted_twice_or_unasked(problem in problems()) {
        prop_assert!(conserves(&drf(&problem), problem.demands(), problem.capacities()));
    }

    #[test]
    fn sharing_is_never_worse_than_the_own_part_of_everything(problem in problems()) {
        prop_assert!(better_alone(&problem, &drf(&problem)).is_empty());
    }

    #[test]
    fn nobody_envies_anybody(problem in problems()) {
        prop_assert!(envies(&problem, &drf(&problem)).is_empty());
    }

    #[test]
    fn nobody_can_gain_unless_someone_loses(problem in problems()) {
        prop_assert!(could_grow(&problem, &drf(&problem)).is_empty());
    }

    #[test]
    fn nobody_gains_by_a_lie(
        problem in problems(),
        liar in any::<prop::sample::Index>(),
        lie in prop::collection::vec(prop_oneof![Just(0.0), Just(1.0), 0.0..1.0_f64], 4),
    ) {
        let liar = liar.index(problem.services());
        let truth = problem.demands().row(liar).to_vec();
        let honest = part_of(drf(&problem).of(liar), &truth);
        let claimed: Vec<f64> =
            problem.capacities().iter().zip(lie).map(|(capacity, part)| capacity * part).collect();
        let mut lying = problem.clone();
        lying.set_demand(liar, &claimed).expect("a claim within the capacity");
        let gained = part_of(drf(&lying).of(liar), &truth);
        prop_assert!(gained <= honest + 1e-9, "{gained} by a lie, {honest} by the truth");
    }

    #[test]
    fn nobody_gains_by_exaggerating(
        problem in problems(),
        liar in any::<prop::sample::Index>(),
        factor in 0.5..3.0_f64,
    ) {
        let liar = liar.index(problem.services());
        let truth = problem.demands().row(liar).to_vec();
        let honest = part_of(drf(&problem).of(liar), &truth);
        let claimed: Vec<f64> = truth
            .iter()
            .zip(problem.capacities())
            .map(|(demand, capacity)| (demand * factor).min(*capacity))
            .collect();
        let mut lying = problem.clone();
        lying.set_demand(liar, &claimed).expect("a claim within the capacity");
        prop_assert!(part_of(drf(&lying).of(liar), &truth) <= honest + 1e-9);
    }
}
