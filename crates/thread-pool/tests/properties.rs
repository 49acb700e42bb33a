//! Random programs and random histories: whatever the pool's settings, the answer is the same.

mod support;

use std::collections::VecDeque;
use std::num::NonZeroUsize;
use std::ptr::NonNull;

use proptest::prelude::*;
use support::in_time;
use thread_pool::deque::{Steal, deque};
use thread_pool::{Overflow, SchedulerKind, ThreadPool};

/// A program of nested work.
#[derive(Clone, Debug)]
enum Program {
    Number(u64),
    Join(Box<Program>, Box<Program>),
    Scope(Vec<Program>),
    Submit(Box<Program>),
    Panic,
}

fn programs() -> impl Strategy<Value = Program> {
    let leaf = prop_oneof![
        9 => (0..1_000_u64).prop_map(Program::Number),
        1 => Just(Program::Panic),
    ];
    leaf.prop_recursive(6, 64, 5, |inner| {
        prop_oneof![
            (inner.clone(), inner.clone()).prop_map(|(a, b)| Program::Join(a.into(), b.into())),
            prop::collection::vec(inner.clone(), 0..5).prop_map(Program::Scope),
            inner.prop_map(|inner| Program::Submit(inner.into())),
        ]
    })
}

/// What the program comes to: a sum, or none if there is a panic anywhere in it.
fn expected(program: &Program) -> Option<u64> {
    match program {
        Program::Number(number) => Some(*number),
        Program::Join(a, b) => Some(expected(a)? + expected(b)?),
        Program::Scope(parts) => parts.iter().map(expected).sum(),
        Program::Submit(inner) => expected(inner),
        Program::Panic => None,
    }
}

/// The same by the pool; panics where the program does.
fn run(pool: &ThreadPool, program: &Program) -> u64 {
    match program {
        Program::Number(number) => *number,
        Program::Join(a, b) => {
            let (a, b) = pool.join(|| run(pool, a), || run(pool, b));
            a + b
        }
        Program::Scope(parts) => {
            let mut sums = vec![0; parts.len()];
            pool.scope(|scope| {
                for (part, sum) in parts.iter().zip(&mut sums) {
                    scope.spawn(move || *sum = run(pool, part));
                }
            });
            sums.iter().sum()
        }
        Program::Submit(inner) => {
            let sum = expected(inner);
            let job = move || sum.unwrap_or_else(|| support::panic_silently("planned"));
            match pool.submit(job) {
                Ok(handle) => handle
                    .join()
                    .unwrap_or_else(|_| support::panic_silently("passed on")),
                Err(refused) => (refused.job)(),
            }
        }
        Program::Panic => support::panic_silently("planned"),
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(200))]

    #[test]
    fn a_program_comes_to_the_same_on_every_pool(
        program in programs(),
        threads in 1..4_usize,
        bound in prop_oneof![Just(1_usize), Just(3), Just(1_000)],
        kind in prop_oneof![Just(SchedulerKind::SharedQueue), Just(SchedulerKind::WorkStealing)],
        overflow in prop_oneof![Just(Overflow::Block), Just(Overflow::Reject), Just(Overflow::RunInCaller)],
    ) {
        let wanted = expected(&program);
        let outcome = in_time(move || {
            let builder = ThreadPool::builder().threads(threads).scheduler(kind);
            let pool = builder.queue_bound(bound).overflow(overflow).build().unwrap();
            std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| run(&pool, &program))).ok()
        });
        prop_assert_eq!(outcome, wanted);
    }

    #[test]
    fn a_deque_alone_is_a_double_ended_queue(steps in prop::collection::vec(0..5_u8, 0..500)) {
        let (owner, stealer) = deque::<u8>();
        let mut model = VecDeque::new();
        for (number, step) in (1..).zip(steps) {
            match step {
                0..=2 => {
                    let item = NonNull::without_provenance(NonZeroUsize::new(number).unwrap());
                    owner.push(item);
                    model.push_back(item);
                }
                3 => prop_assert_eq!(owner.pop(), model.pop_back()),
                _ => {
                    let stolen = match stealer.steal() {
                        Steal::Taken(item) => Some(item),
                        Steal::Empty => None,
                        Steal::Lost => panic!("there is nobody to lose against"),
                    };
                    prop_assert_eq!(stolen, model.pop_front());
                }
            }
            prop_assert_eq!(owner.len(), model.len());
        }
    }
}
