//! Programs that must not compile: a borrow can't outlive its scope, and two threads can't share what
//! only one may have.

#[test]
fn unsound_programs_dont_compile() {
    trybuild::TestCases::new().compile_fail("tests/compile_fail/*.rs");
}
