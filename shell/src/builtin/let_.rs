//! `let`

use crate::arith::ArithErrorKind;
use crate::exec::Outcome;
use crate::shell::Shell;
use crate::sys::Deep;

pub(super) fn let_<'a>(shell: &'a mut Shell, args: &'a [Vec<u8>]) -> Deep<'a, Outcome<u8>> {
    Deep::new(async move {
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
            match shell.evaluate(arg).await? {
                Ok(result) => value = result,
                Err(error) if error.kind != ArithErrorKind::Invalid => {
                    return Err(shell.arith_error(error, b""));
                }
                Err(error) => {
                    shell.complain(&error.message);
                    return Ok(1);
                }
            }
        }
        Ok(u8::from(value == 0))
    })
}
