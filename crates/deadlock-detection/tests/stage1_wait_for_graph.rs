//! Stage 1: two locks taken in opposite orders close a cycle, which is found the moment it closes, and one
//! who gives way breaks it.

mod oracle;
mod schedules;

use deadlock_detection::graph::{Answer, LockId, LockTable, Misuse, Mode, Party, Wait};
use schedules::run_schedules;

const A: Party = Party(1);
const B: Party = Party(2);
const C: Party = Party(3);
const LEFT: LockId = LockId(10);
const RIGHT: LockId = LockId(20);

use Mode::{Exclusive, Shared};

fn table(held: &[(Party, LockId, Mode)]) -> LockTable {
    let mut table = LockTable::new();
    for (party, lock, mode) in held {
        assert_eq!(table.request(*party, *lock, *mode), Ok(Answer::Granted));
    }
    table
}

fn waits(table: &mut LockTable, party: Party, lock: LockId, mode: Mode) {
    assert_eq!(table.request(party, lock, mode), Ok(Answer::Waits));
}

#[test]
fn opposite_orders_close_a_cycle_with_the_second_wait() {
    let mut table = table(&[(A, LEFT, Exclusive), (B, RIGHT, Exclusive)]);
    waits(&mut table, A, RIGHT, Exclusive);
    assert_eq!(table.cycle_through(A), None, "a wait alone is no deadlock");
    waits(&mut table, B, LEFT, Exclusive);
    let wait = |party, lock, blocked_by| Wait {
        party,
        lock,
        mode: Exclusive,
        blocked_by,
    };
    assert_eq!(
        table.cycle_through(B),
        Some(vec![wait(B, LEFT, A), wait(A, RIGHT, B)])
    );
}

#[test]
fn one_who_gives_way_lets_the_other_go_on() {
    let mut table = table(&[(A, LEFT, Exclusive), (B, RIGHT, Exclusive)]);
    waits(&mut table, A, RIGHT, Exclusive);
    waits(&mut table, B, LEFT, Exclusive);
    assert_eq!(table.withdraw(B), []);
    assert_eq!(table.release(B, RIGHT), Ok(vec![A]));
    assert_eq!(table.held_by(A), [LEFT, RIGHT]);
    assert_eq!(table.cycle_through(A), None);
}

#[test]
fn the_same_order_closes_none() {
    let mut table = table(&[(A, LEFT, Exclusive)]);
    waits(&mut table, B, LEFT, Exclusive);
    assert_eq!(table.request(A, RIGHT, Exclusive), Ok(Answer::Granted));
    assert_eq!(table.cycle_through(B), None);
    assert_eq!(table.release(A, LEFT), Ok(vec![B]));
}

#[test]
fn readers_share_and_a_writer_waits_for_all_of_them() {
    let mut table = table(&[(A, LEFT, Shared), (B, LEFT, Shared), (C, RIGHT, Exclusive)]);
    waits(&mut table, C, LEFT, Exclusive);
    assert_eq!(table.blockers(C).collect::<Vec<_>>(), [A, B]);
    waits(&mut table, B, RIGHT, Exclusive);
    assert_eq!(table.cycle_through(B).map(|cycle| cycle.len()), Some(2));
}

#[test]
fn a_reader_queues_behind_a_waiting_writer_and_so_waits_for_it() {
    // A reads LEFT, B waits to write it, C (which holds RIGHT) wants to read it: C doesn't conflict with A,
    // but it waits for B. When A then waits for C, all three are stuck.
    let mut table = table(&[(A, LEFT, Shared), (C, RIGHT, Exclusive)]);
    waits(&mut table, B, LEFT, Exclusive);
    waits(&mut table, C, LEFT, Shared);
    assert_eq!(table.blockers(C).collect::<Vec<_>>(), [B]);
    waits(&mut table, A, RIGHT, Exclusive);
    assert_eq!(table.cycle_through(A).map(|cycle| cycle.len()), Some(3));
    // The writer in the middle is in the cycle, though it holds nothing; if it leaves, the reader gets in.
    assert_eq!(table.cycle_through(B).map(|cycle| cycle.len()), Some(3));
    assert_eq!(table.withdraw(B), [C]);
    assert_eq!(table.cycle_through(A), None);
}

#[test]
fn misuse_is_refused_and_changes_nothing() {
    let mut table = table(&[(A, LEFT, Shared), (B, RIGHT, Exclusive)]);
    assert_eq!(table.request(A, LEFT, Shared), Err(Misuse::Relock));
    assert_eq!(table.request(A, LEFT, Exclusive), Err(Misuse::Relock));
    assert_eq!(table.release(A, RIGHT), Err(Misuse::NotHeld));
    assert_eq!(table.release(A, LockId(99)), Err(Misuse::NotHeld));
    waits(&mut table, A, RIGHT, Shared);
    assert_eq!(table.request(A, LockId(30), Shared), Err(Misuse::Waiting));
    assert_eq!(table.release(B, RIGHT), Ok(vec![A]));
    assert_eq!(table.held_by(A), [LEFT, RIGHT]);
}

#[test]
fn a_long_cycle_is_found_from_everywhere_in_it() {
    let size = 1_000;
    let mut table = LockTable::new();
    for place in 0..size {
        let granted = table.request(Party(place), LockId(place), Exclusive);
        assert_eq!(granted, Ok(Answer::Granted));
    }
    for place in 0..size {
        assert_eq!(table.cycle_through(Party(place)), None);
        waits(
            &mut table,
            Party(place),
            LockId((place + 1) % size),
            Exclusive,
        );
    }
    for place in [0, 1, 500, 999] {
        let cycle = table.cycle_through(Party(place)).expect("it is closed");
        assert_eq!((cycle.len(), cycle[0].party), (1_000, Party(place)));
    }
}

#[test]
fn random_schedules_agree_with_the_oracle() {
    let (waits, cycles) = run_schedules(labkit::rng::test_seed(), "stage 1", 20_000, 24);
    assert!(
        waits > 10_000 && cycles > 1_000,
        "{waits} waits, {cycles} cycles"
    );
}
