//! `let`

use crate::exec::Outcome;
use crate::shell::Shell;
use crate::unwind::Unwind;

pub(super) fn let_(shell: &mut Shell, args: &[Vec<u8>]) -> Outcome<u8> {
    let args = match args.first() {
        Some(first) if first == b"--" => args.get(1..).unwrap_or_default(),
        _ => args,
    };
    if args.is_empty() {
        shell.complain("expression expected");
        return Ok(1);
    }
    let mut value = 0;
    for arg in args {
        match crate::arith::eval(arg, &mut shell.env) {
            Ok(result) => value = result,
            Err(error) => {
                shell.complain(&error.message);
                if error.unbound {
                    return Err(Unwind::Exit(1));
                }
                return Ok(1);
            }
        }
    }
    Ok(u8::from(value == 0))
}
