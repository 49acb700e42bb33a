//! Stage 4: a loop on each core.

mod support;

use support::claims;
use tcp_server::Kind;

const KIND: Kind = Kind::Readiness;

#[test]
fn a_line_is_echoed_in_pieces_or_together() {
    claims::a_line_is_echoed_in_pieces_or_together(KIND);
}

#[test]
fn the_lines_of_one_connection_are_answered_in_order() {
    claims::lines_are_answered_in_order(KIND);
}

#[test]
fn a_crowd_gets_right_answers() {
    claims::a_crowd_gets_right_answers(KIND);
}

#[test]
fn a_half_closed_peer_gets_all_its_answers() {
    claims::a_half_closed_peer_gets_all_its_answers(KIND);
}

#[test]
fn more_than_the_buffers_hold_goes_through_in_order() {
    claims::more_than_the_buffers_hold_goes_through_in_order(KIND);
}

#[test]
fn an_answer_larger_than_all_buffers_arrives_whole() {
    claims::an_answer_larger_than_all_buffers_arrives_whole(KIND);
}

#[test]
fn who_never_reads_stops_nobody_else_on_the_same_loop() {
    claims::who_never_reads_stops_nobody_else(KIND);
}
