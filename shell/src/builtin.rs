//! The builtins: one table, one file each.
//!
//! Not here: how their redirections and assignments are done (`exec/simple`).

mod alias;
mod cd;
mod command;
mod compgen;
mod complete;
mod control;
mod declare;
mod dirs;
mod echo;
mod eval;
mod getopts;
mod hash;
mod help;
pub(crate) mod jobs;
mod kill;
mod let_;
mod mapfile;
pub(crate) mod printf;
mod read;
mod set;
mod shift;
mod shopt;
pub(crate) mod test;
mod times;
mod trap;
mod type_;
mod ulimit;
mod umask;
mod unset;
mod wait;

pub(crate) use self::complete::Spec as Completion;
pub(crate) use self::declare::split as split_declaration;
use crate::exec::Outcome;
use crate::exec::assign::Assigned;
use crate::shell::Shell;
use crate::sys::Deep;

/// An argument: only declarations see assignments as such.
#[derive(Clone, Debug)]
pub(crate) enum Argument {
    Word(Vec<u8>),
    Assignment(Assigned),
}

impl Argument {
    /// As a string.
    pub(crate) fn text(&self) -> Vec<u8> {
        match self {
            Argument::Word(word) => word.clone(),
            Argument::Assignment(assigned) => assigned.word(),
        }
    }

    pub(crate) fn into_text(self) -> Vec<u8> {
        match self {
            Argument::Word(word) => word,
            Argument::Assignment(assigned) => assigned.word(),
        }
    }
}

/// A builtin that may wait.
type MayWait = for<'a> fn(&'a mut Shell, &'a [Vec<u8>]) -> Deep<'a, Outcome<u8>>;

/// How a builtin is called: with the arguments after its name. It prints into `shell.out`.
#[derive(Clone, Copy)]
pub(crate) enum Run {
    /// Never waits.
    Now(fn(&mut Shell, &[Vec<u8>]) -> Outcome<u8>),
    /// Never waits, and sees assignments.
    Declare(fn(&mut Shell, &[Argument]) -> Outcome<u8>),
    /// May wait.
    Wait(MayWait),
    /// `exec`: its redirections stay.
    Exec(MayWait),
}

/// A row of the table.
pub(crate) struct Builtin {
    pub(crate) name: &'static str,
    /// POSIX's special builtins.
    pub(crate) special: bool,
    pub(crate) run: Run,
    /// What `help` and a wrong option show.
    pub(crate) usage: &'static str,
}

macro_rules! table {
    ($($name:literal $special:literal $run:expr, $usage:literal;)*) => {
        /// Every builtin, by name.
        pub(crate) static TABLE: &[Builtin] = &[$(
            Builtin { name: $name, special: $special, run: $run, usage: $usage },
        )*];
    };
}

table! {
    "." true Run::Wait(eval::source), ". filename [arguments]";
    ":" true Run::Now(control::colon), ":";
    "[" false Run::Now(test::bracket), "[ arg... ]";
    "alias" false Run::Now(alias::alias), "alias [-p] [name[=value] ... ]";
    "bg" false Run::Now(jobs::bg), "bg [job_spec ...]";
    "break" true Run::Now(control::break_), "break [n]";
    "builtin" false Run::Wait(command::builtin), "builtin [shell-builtin [arg ...]]";
    "caller" false Run::Now(control::caller), "caller [expr]";
    "cd" false Run::Now(cd::cd), "cd [-L|[-P [-e]] [-@]] [dir]";
    "command" false Run::Wait(command::command), "command [-pVv] command [arg ...]";
    "compgen" false Run::Wait(compgen::compgen), "compgen [-abcdefgjksuv] [-o option] [-A action] [-G globpat] [-W wordlist] [-F function] [-C command] [-X filterpat] [-P prefix] [-S suffix] [word]";
    "complete" false Run::Now(complete::complete), "complete [-abcdefgjksuv] [-pr] [-DEI] [-o option] [-A action] [-G globpat] [-W wordlist] [-F function] [-C command] [-X filterpat] [-P prefix] [-S suffix] [name ...]";
    "compopt" false Run::Now(complete::compopt), "compopt [-o|+o option] [-DEI] [name ...]";
    "continue" true Run::Now(control::continue_), "continue [n]";
    "declare" false Run::Declare(declare::declare), "declare [-aAfFgiIlnrtux] [name[=value] ...] or declare -p [-aAfFilnrtux] [name ...]";
    "dirs" false Run::Now(dirs::dirs), "dirs [-clpv] [+N] [-N]";
    "disown" false Run::Now(jobs::disown), "disown [-h] [-ar] [jobspec ... | pid ...]";
    "echo" false Run::Now(echo::echo), "echo [-neE] [arg ...]";
    "enable" false Run::Now(command::enable), "enable [-a] [-dnps] [-f filename] [name ...]";
    "eval" true Run::Wait(eval::eval), "eval [arg ...]";
    "exec" true Run::Exec(eval::exec), "exec [-cl] [-a name] [command [argument ...]] [redirection ...]";
    "exit" true Run::Now(control::exit), "exit [n]";
    "export" true Run::Declare(declare::export), "export [-fn] [name[=value] ...] or export -p";
    "false" false Run::Now(control::false_), "false";
    "fg" false Run::Wait(jobs::fg), "fg [job_spec]";
    "getopts" false Run::Now(getopts::getopts), "getopts optstring name [arg ...]";
    "hash" false Run::Now(hash::hash), "hash [-lr] [-p pathname] [-dt] [name ...]";
    "help" false Run::Now(help::help), "help [-dms] [pattern ...]";
    "history" false Run::Now(help::history), "history [-c] [-d offset] [n] or history -anrw [filename] or history -ps arg [arg...]";
    "jobs" false Run::Now(jobs::jobs), "jobs [-lnprs] [jobspec ...] or jobs -x command [args]";
    "kill" false Run::Wait(kill::kill), "kill [-s sigspec | -n signum | -sigspec] pid | jobspec ... or kill -l [sigspec]";
    "let" false Run::Wait(let_::let_), "let arg [arg ...]";
    "local" false Run::Declare(declare::local), "local [option] name[=value] ...";
    "logout" false Run::Now(control::logout), "logout [n]";
    "mapfile" false Run::Wait(mapfile::mapfile), "mapfile [-d delim] [-n count] [-O origin] [-s count] [-t] [-u fd] [-C callback] [-c quantum] [array]";
    "popd" false Run::Now(dirs::popd), "popd [-n] [+N | -N]";
    "printf" false Run::Now(printf::printf), "printf [-v var] format [arguments]";
    "pushd" false Run::Now(dirs::pushd), "pushd [-n] [+N | -N | dir]";
    "pwd" false Run::Now(cd::pwd), "pwd [-LP]";
    "read" false Run::Wait(read::read), "read [-ers] [-a array] [-d delim] [-i text] [-n nchars] [-N nchars] [-p prompt] [-t timeout] [-u fd] [name ...]";
    "readarray" false Run::Wait(mapfile::mapfile), "readarray [-d delim] [-n count] [-O origin] [-s count] [-t] [-u fd] [-C callback] [-c quantum] [array]";
    "readonly" true Run::Declare(declare::readonly), "readonly [-aAf] [name[=value] ...] or readonly -p";
    "return" true Run::Now(control::return_), "return [n]";
    "set" true Run::Now(set::set), "set [-abefhkmnptuvxBCEHPT] [-o option-name] [--] [-] [arg ...]";
    "shift" true Run::Now(shift::shift), "shift [n]";
    "shopt" false Run::Now(shopt::shopt), "shopt [-pqsu] [-o] [optname ...]";
    "source" true Run::Wait(eval::source), "source filename [arguments]";
    "suspend" false Run::Now(jobs::suspend), "suspend [-f]";
    "test" false Run::Now(test::test), "test [expr]";
    "times" true Run::Now(times::times), "times";
    "trap" true Run::Now(trap::trap), "trap [-lp] [[arg] signal_spec ...]";
    "true" false Run::Now(control::true_), "true";
    "type" false Run::Now(type_::type_), "type [-afptP] name [name ...]";
    "typeset" false Run::Declare(declare::declare), "typeset [-aAfFgiIlnrtux] name[=value] ... or typeset -p [-aAfFilnrtux] [name ...]";
    "ulimit" false Run::Now(ulimit::ulimit), "ulimit [-SHabcdefiklmnpqrstuvxPRT] [limit]";
    "umask" false Run::Now(umask::umask), "umask [-p] [-S] [mode]";
    "unalias" false Run::Now(alias::unalias), "unalias [-a] name [name ...]";
    "unset" true Run::Wait(unset::unset), "unset [-f] [-v] [-n] [name ...]";
    "wait" false Run::Wait(wait::wait), "wait [-fn] [-p var] [id ...]";
}

/// The builtin of this name.
pub(crate) fn find(name: &[u8]) -> Option<&'static Builtin> {
    TABLE.binary_search_by(|row| row.name.as_bytes().cmp(name)).ok().and_then(|at| TABLE.get(at))
}

/// Whether a special builtin has this name.
pub(crate) fn is_special(name: &[u8]) -> bool {
    find(name).is_some_and(|builtin| builtin.special)
}

/// Options before the operands.
pub(crate) struct Options {
    /// The letters in order, with the argument of those that take one.
    pub(crate) letters: Vec<(u8, Option<Vec<u8>>)>,
    /// How many arguments they took.
    pub(crate) used: usize,
}

impl Options {
    pub(crate) fn has(&self, letter: u8) -> bool {
        self.letters.iter().any(|(known, _)| *known == letter)
    }

    /// The argument of the last one of this letter.
    pub(crate) fn value(&self, letter: u8) -> Option<&[u8]> {
        let mut all = self.letters.iter().rev();
        all.find(|(known, _)| *known == letter).and_then(|(_, value)| value.as_deref())
    }
}

impl Shell {
    pub(crate) fn print(&mut self, text: impl AsRef<[u8]>) {
        self.out.extend_from_slice(text.as_ref());
    }

    /// `name: usage: …` of the running builtin; its status.
    pub(crate) fn usage(&mut self) -> u8 {
        let name = self.builtin.unwrap_or_default();
        let usage = find(name.as_bytes()).map_or("", |builtin| builtin.usage);
        self.print_error(format!("{name}: usage: {usage}\n").as_bytes());
        2
    }

    /// Reads options as `getopt(3)` does; a colon in `known` marks those with an argument.
    ///
    /// # Errors
    /// The status, after a message.
    pub(crate) fn options(&mut self, args: &[Vec<u8>], known: &str) -> Result<Options, u8> {
        let known = known.as_bytes();
        let mut options = Options { letters: Vec::new(), used: 0 };
        while let Some(arg) = args.get(options.used) {
            if arg == b"--" {
                options.used += 1;
                break;
            }
            if arg.len() < 2 || arg.first() != Some(&b'-') {
                break;
            }
            options.used += 1;
            let mut position = 1;
            while let Some(letter) = arg.get(position).copied() {
                position += 1;
                let at = known.iter().position(|other| *other == letter && letter != b':');
                let Some(at) = at else {
                    let shown = String::from_utf8_lossy(&[b'-', letter]).into_owned();
                    self.complain(format!("{shown}: invalid option"));
                    return Err(self.usage());
                };
                if known.get(at + 1) != Some(&b':') {
                    options.letters.push((letter, None));
                    continue;
                }
                let rest = arg.get(position..).unwrap_or_default();
                let value = if rest.is_empty() {
                    options.used += 1;
                    args.get(options.used - 1).cloned()
                } else {
                    Some(rest.to_vec())
                };
                let Some(value) = value else {
                    self.complain(format!("-{}: option requires an argument", letter as char));
                    return Err(self.usage());
                };
                options.letters.push((letter, Some(value)));
                break;
            }
        }
        Ok(options)
    }
}

/// A decimal number with a sign, and spaces around it, as bash's `legal_number` takes it.
pub(crate) fn number(text: &[u8]) -> Option<i64> {
    let text = std::str::from_utf8(text).ok()?.trim_matches([' ', '\t', '\n']);
    text.strip_prefix('+').filter(|rest| !rest.starts_with('-')).unwrap_or(text).parse().ok()
}

/// For messages.
pub(crate) fn lossy(text: &[u8]) -> String {
    String::from_utf8_lossy(text).into_owned()
}

#[cfg(test)]
mod tests {
    use super::TABLE;

    #[test]
    fn the_table_is_sorted() {
        assert!(TABLE.is_sorted_by_key(|row| row.name));
    }
}
