//! How control leaves a command early. Ordinary exit statuses are values, kept in `env.status`.

use kernel::Program;

/// Why the rest of a command is not run.
///
/// What raises one has already written its message, if it has any.
pub(crate) enum Unwind {
    /// `break n`: so many loops are left; at least 1.
    Break(u32),
    /// `continue n`: `n - 1` loops are left, the next goes on.
    Continue(u32),
    /// `return`: of a function or a sourced file; the status is in `env.status`.
    Return,
    /// `exit`, errexit, an error that ends a script: the shell ends with this status, after its
    /// EXIT trap.
    Exit(u8),
    /// An error that ends the command that the reader took from the script (an expansion or
    /// arithmetic error): what follows on later lines still runs, `$?` is this status.
    Error(u8),
    /// An error of a subscript or of an integer's value. It ends more than `Error` does: `eval`
    /// and sourced files, too. A script goes on with its next command, `-c` ends with this status.
    Abandon(u8),
    /// A signal without a trap ends the shell, after its EXIT trap.
    Killed(kernel::Signal),
    /// `exec command`: the process goes on with another body. No EXIT trap is run.
    Exec(Box<dyn Program>),
}

impl std::fmt::Debug for Unwind {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Unwind::Break(n) => write!(f, "Break({n})"),
            Unwind::Continue(n) => write!(f, "Continue({n})"),
            Unwind::Return => f.write_str("Return"),
            Unwind::Exit(status) => write!(f, "Exit({status})"),
            Unwind::Error(status) => write!(f, "Error({status})"),
            Unwind::Abandon(status) => write!(f, "Abandon({status})"),
            Unwind::Killed(signal) => write!(f, "Killed({signal})"),
            Unwind::Exec(_) => f.write_str("Exec"),
        }
    }
}
