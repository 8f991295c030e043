//! `test`, `[`, and the tests that `[[ ]]` shares with them.

use vfs::{Access, FileType, Stat};

use super::{lossy, number};
use crate::env::SetOption;
use crate::exec::Outcome;
use crate::shell::Shell;
use crate::sys::Fd;

pub(super) fn bracket(shell: &mut Shell, args: &[Vec<u8>]) -> Outcome<u8> {
    match args.split_last() {
        Some((last, rest)) if last == b"]" => test(shell, rest),
        _ => {
            shell.complain("missing `]'");
            Ok(2)
        }
    }
}

pub(super) fn test(shell: &mut Shell, args: &[Vec<u8>]) -> Outcome<u8> {
    match evaluate(shell, args) {
        Ok(holds) => Ok(u8::from(!holds)),
        Err(message) => {
            shell.complain(message);
            Ok(2)
        }
    }
}

type Answer = Result<bool, Vec<u8>>;

/// POSIX's rules by the number of arguments.
fn evaluate(shell: &mut Shell, args: &[Vec<u8>]) -> Answer {
    match args {
        [] => Ok(false),
        [one] => Ok(!one.is_empty()),
        [not, one] if not == b"!" => Ok(one.is_empty()),
        [op, arg] => unary_test(shell, op, arg)
            .unwrap_or_else(|| Err([op, &b": unary operator expected"[..]].concat())),
        [left, op, right] if is_binary(op) => binary_test(shell, left, op, right),
        [left, op, right] if op == b"-a" => Ok(!left.is_empty() && !right.is_empty()),
        [left, op, right] if op == b"-o" => Ok(!left.is_empty() || !right.is_empty()),
        [not, rest @ ..] if not == b"!" && rest.len() <= 3 => Ok(!evaluate(shell, rest)?),
        [open, one, close] if open == b"(" && close == b")" => Ok(!one.is_empty()),
        [_, op, _] => Err([op, &b": binary operator expected"[..]].concat()),
        [open, op, arg, close] if open == b"(" && close == b")" => {
            evaluate(shell, &[op.clone(), arg.clone()])
        }
        _ => Expression { shell, args, at: 0, depth: 0 }.all(),
    }
}

/// Expressions of any length: `-o`, `-a`, `!`, parentheses.
struct Expression<'a> {
    shell: &'a mut Shell,
    args: &'a [Vec<u8>],
    at: usize,
    depth: u32,
}

/// So deep may parentheses and `!` nest.
const MAX_DEPTH: u32 = 500;

impl Expression<'_> {
    fn all(mut self) -> Answer {
        let holds = self.or()?;
        match self.args.get(self.at) {
            None => Ok(holds),
            Some(_) => Err(b"too many arguments".to_vec()),
        }
    }

    fn peek(&self, ahead: usize) -> Option<&[u8]> {
        self.args.get(self.at + ahead).map(Vec::as_slice)
    }

    fn or(&mut self) -> Answer {
        let mut holds = self.and()?;
        while self.peek(0) == Some(b"-o") {
            self.at += 1;
            holds |= self.and()?;
        }
        Ok(holds)
    }

    fn and(&mut self) -> Answer {
        let mut holds = self.term()?;
        while self.peek(0) == Some(b"-a") {
            self.at += 1;
            holds &= self.term()?;
        }
        Ok(holds)
    }

    fn term(&mut self) -> Answer {
        self.depth += 1;
        if self.depth > MAX_DEPTH {
            return Err(b"expression too deep".to_vec());
        }
        let result = self.term_inner();
        self.depth -= 1;
        result
    }

    fn term_inner(&mut self) -> Answer {
        let Some(first) = self.peek(0).map(<[u8]>::to_vec) else {
            return Err(b"argument expected".to_vec());
        };
        if first == b"!" {
            self.at += 1;
            return Ok(!self.term()?);
        }
        if first == b"(" {
            self.at += 1;
            let holds = self.or()?;
            if self.peek(0) != Some(b")") {
                // Of `[`, the bracket that closes it is what is found.
                let bracket = (self.shell.builtin == Some("[")).then_some(&b"]"[..]);
                let found = self.peek(0).or(bracket);
                let found = found.map_or(Vec::new(), |found| [b", found ", found].concat());
                return Err([&b"`)' expected"[..], &found].concat());
            }
            self.at += 1;
            return Ok(holds);
        }
        if let (Some(op), Some(right)) = (self.peek(1), self.peek(2))
            && is_binary(op)
        {
            let (op, right) = (op.to_vec(), right.to_vec());
            self.at += 3;
            return binary_test(self.shell, &first, &op, &right);
        }
        if let Some(arg) = self.peek(1).map(<[u8]>::to_vec)
            && is_unary(&first)
        {
            self.at += 2;
            return unary_test(self.shell, &first, &arg).unwrap_or(Ok(false));
        }
        self.at += 1;
        Ok(!first.is_empty())
    }
}

fn is_unary(op: &[u8]) -> bool {
    matches!(op, [b'-', letter] if b"abcdefghknoprstuvwxzGLNORS".contains(letter))
}

fn is_binary(op: &[u8]) -> bool {
    matches!(
        op,
        b"=" | b"=="
            | b"!="
            | b"<"
            | b">"
            | b"-eq"
            | b"-ne"
            | b"-lt"
            | b"-le"
            | b"-gt"
            | b"-ge"
            | b"-nt"
            | b"-ot"
            | b"-ef"
    )
}

/// `None` when the operator is none.
fn unary_test(shell: &mut Shell, op: &[u8], arg: &[u8]) -> Option<Answer> {
    unary(shell, op, arg).map(Ok)
}

fn binary_test(shell: &mut Shell, left: &[u8], op: &[u8], right: &[u8]) -> Answer {
    if let Some(answer) = binary(shell, left, op, right) {
        return Ok(answer);
    }
    let integer = |text: &[u8]| {
        number(text)
            .ok_or_else(|| format!("{}: integer expression expected", lossy(text)).into_bytes())
    };
    let (left, right) = (integer(left)?, integer(right)?);
    compare_numbers(op, left, right).ok_or_else(|| [op, b": binary operator expected"].concat())
}

/// `-eq` and its kin.
pub(crate) fn compare_numbers(op: &[u8], left: i64, right: i64) -> Option<bool> {
    Some(match op {
        b"-eq" => left == right,
        b"-ne" => left != right,
        b"-lt" => left < right,
        b"-le" => left <= right,
        b"-gt" => left > right,
        b"-ge" => left >= right,
        _ => return None,
    })
}

/// Binary tests of strings and files; `None` for other operators.
pub(crate) fn binary(shell: &Shell, left: &[u8], op: &[u8], right: &[u8]) -> Option<bool> {
    let times = || (shell.sys.stat(left).ok(), shell.sys.stat(right).ok());
    Some(match op {
        b"=" | b"==" => left == right,
        b"!=" => left != right,
        b"<" => left < right,
        b">" => left > right,
        b"-nt" => match times() {
            (Some(left), Some(right)) => left.mtime > right.mtime,
            (left, right) => left.is_some() && right.is_none(),
        },
        b"-ot" => match times() {
            (Some(left), Some(right)) => left.mtime < right.mtime,
            (left, right) => left.is_none() && right.is_some(),
        },
        b"-ef" => match times() {
            (Some(left), Some(right)) => (left.dev, left.ino) == (right.dev, right.ino),
            _ => false,
        },
        _ => return None,
    })
}

/// Unary tests; `None` when the operator is none.
pub(crate) fn unary(shell: &mut Shell, op: &[u8], arg: &[u8]) -> Option<bool> {
    let [b'-', letter] = op else { return None };
    let stat = |shell: &Shell| stat_of(shell, arg);
    let is = |shell: &Shell, file_type: FileType| {
        stat(shell).is_some_and(|stat| stat.file_type == file_type)
    };
    let has =
        |shell: &Shell, bits: u16| stat(shell).is_some_and(|stat| stat.mode.bits() & bits != 0);
    Some(match letter {
        b'a' | b'e' => stat(shell).is_some(),
        b'b' => is(shell, FileType::BlockDevice),
        b'c' => is(shell, FileType::CharDevice),
        b'd' => is(shell, FileType::Directory),
        b'f' => is(shell, FileType::Regular),
        b'p' => is(shell, FileType::Fifo),
        b'S' => is(shell, FileType::Socket),
        b'h' | b'L' => {
            let stat = shell.sys.lstat(arg).ok();
            stat.is_some_and(|stat| stat.file_type == FileType::Symlink)
        }
        b's' => stat(shell).is_some_and(|stat| stat.size > 0),
        b'g' => has(shell, 0o2000),
        b'u' => has(shell, 0o4000),
        b'k' => has(shell, 0o1000),
        b'r' => shell.sys.access(arg, Access::READ).is_ok(),
        b'w' => shell.sys.access(arg, Access::WRITE).is_ok(),
        b'x' => shell.sys.access(arg, Access::EXEC).is_ok(),
        b'O' => {
            let uid = shell.env.host.euid();
            stat(shell).is_some_and(|stat| stat.uid == uid)
        }
        b'G' => {
            let groups = shell.env.host.groups();
            stat(shell).is_some_and(|stat| groups.first() == Some(&stat.gid))
        }
        b'N' => stat(shell).is_some_and(|stat| stat.mtime > stat.atime),
        b't' => {
            let fd = number(arg).and_then(|fd| u32::try_from(fd).ok());
            fd.is_some_and(|fd| shell.sys.is_tty(Fd(fd)))
        }
        b'n' => !arg.is_empty(),
        b'z' => arg.is_empty(),
        b'o' => SetOption::from_name(arg).is_some_and(|option| shell.env.is(option)),
        b'v' => is_set(shell, arg),
        b'R' => {
            use crate::env::Attrs;
            let variable = shell.env.variables.get(arg);
            variable.is_some_and(|variable| variable.has(Attrs::NAMEREF) && variable.is_set())
        }
        _ => return None,
    })
}

fn stat_of(shell: &Shell, path: &[u8]) -> Option<Stat> {
    shell.sys.stat(path).ok()
}

/// `-v name`, `-v name[subscript]`
fn is_set(shell: &mut Shell, name: &[u8]) -> bool {
    if let Some(position) = number(name).filter(|_| name.iter().all(u8::is_ascii_digit)) {
        let count = shell.env.positional.len() as i64;
        return position == 0 || position <= count;
    }
    let Some((base, subscript)) = crate::env::split_subscript(name) else {
        return shell.env.is_set(name);
    };
    if matches!(subscript, b"@" | b"*") {
        let variable = shell.env.variable(base);
        return variable.is_some_and(|variable| {
            let assoc_key = variable.is_assoc()
                && shell.env.element(base, &crate::arith::Key::Name(subscript.to_vec())).is_some();
            assoc_key || !variable.values().is_empty()
        });
    }
    let subscript = if shell.env.variables.get(base).is_some_and(crate::env::Variable::is_assoc) {
        crate::expand::unquote(subscript, crate::expand::Quotes::All)
    } else {
        subscript.to_vec()
    };
    match shell.env.evaluate_key(base, &subscript) {
        Ok(key) => {
            let found = shell.env.element(base, &key).is_some();
            if !found && shell.env.is_before_start(base, &key) {
                let outer = shell.builtin.take();
                shell.complain([base, b": bad array subscript"].concat());
                shell.builtin = outer;
            }
            found
        }
        Err(error) => {
            shell.complain(error.message());
            false
        }
    }
}
