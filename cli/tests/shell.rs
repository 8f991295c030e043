//! `agentos shell`, on a terminal of the host's.

use std::process::Command;

use rexpect::session::{PtySession, spawn_command};

const PROMPT: &str = "ready> ";

fn shell() -> PtySession {
    #[expect(clippy::disallowed_methods, reason = "the program under test is one of the host's")]
    let mut command = Command::new(env!("CARGO_BIN_EXE_agentos"));
    command.args(["shell", "--env", &format!("PS1={PROMPT}")]).env("TERM", "xterm");
    let mut session = spawn_command(command, Some(20_000)).expect("a terminal of the host's");
    prompt(&mut session);
    session
}

/// Waits for the next prompt: what is shown before it.
fn prompt(session: &mut PtySession) -> String {
    let shown = session.exp_string(PROMPT).expect("a prompt");
    // The line editor draws the prompt once more when it is ready.
    session.exp_string(PROMPT).expect("the editor");
    shown
}

/// Types a line, and waits for what is shown before the next prompt.
fn type_line(session: &mut PtySession, line: &str) -> String {
    session.send_line(line).expect("typed");
    session.exp_string("\n").expect("the end of the line");
    prompt(session)
}

#[test]
fn commands_are_run_and_the_status_is_the_shells() {
    let mut session = shell();
    assert!(type_line(&mut session, "echo $((6 * 7))").contains("42"));
    assert!(type_line(&mut session, "for i in a b; do echo \"[$i]\"; done").contains("[b]"));
    session.send_line("exit 3").expect("typed");
    session.exp_eof().expect("the end");
    let status = session.process().wait().expect("it ended");
    assert!(format!("{status:?}").contains("3"), "{status:?}");
}

#[test]
fn an_unfinished_command_goes_on_in_the_next_line() {
    let mut session = shell();
    session.send_line("if true").expect("typed");
    session.exp_string("> ").expect("PS2");
    assert!(type_line(&mut session, "then echo yes; fi").contains("yes"));
}

#[test]
fn control_c_ends_a_loop_but_not_the_shell() {
    let mut session = shell();
    session.send_line("while :; do :; done; echo not reached").expect("typed");
    session.exp_string("\n").expect("the end of the line");
    session.send_control('c').expect("typed");
    let shown = prompt(&mut session);
    assert!(!shown.contains("not reached"), "{shown:?}");
    assert!(type_line(&mut session, "echo status $?").contains("status 130"));
}

#[test]
fn control_z_stops_a_program_and_fg_continues_it() {
    let mut session = shell();
    session.send_line("read line; echo got $line").expect("typed");
    session.exp_string("\n").expect("the end of the line");
    session.send_line("text").expect("typed");
    session.exp_string("got text").expect("what was read");
    prompt(&mut session);
    session.send_line("(while :; do :; done)").expect("typed");
    session.exp_string("\n").expect("the end of the line");
    session.send_control('z').expect("typed");
    session.exp_string("Stopped").expect("it stopped");
    prompt(&mut session);
    session.send_line("fg").expect("typed");
    session.exp_string("while").expect("what goes on");
    session.exp_string("\n").expect("the end of the line");
    session.send_control('c').expect("typed");
    prompt(&mut session);
    assert!(!type_line(&mut session, "jobs").contains("Running"));
}

#[test]
fn tab_completes_paths_and_commands() {
    let mut session = shell();
    session.send("cat /etc/pass\t").expect("typed");
    session.flush().expect("typed");
    session.exp_string("passwd").expect("it is completed");
    session.send_control('c').expect("typed");
    prompt(&mut session);
    session.send("unali\t").expect("typed");
    session.flush().expect("typed");
    session.exp_string("unalias").expect("it is completed");
}

#[test]
fn without_a_terminal_it_runs_a_script() {
    #[expect(clippy::disallowed_methods, reason = "the program under test is one of the host's")]
    let mut command = Command::new(env!("CARGO_BIN_EXE_agentos"));
    command.arg("shell").stdin(std::process::Stdio::null());
    let output = command.output().expect("it runs");
    assert_eq!((output.status.code(), output.stdout), (Some(0), Vec::new()));
}
