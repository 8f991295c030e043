//! The command lines of `bash` and `sh`.

use std::sync::Arc;

use kernel::{Disposition, ExitStatus, Program, Signal};

use crate::env::footprint::of_texts;
use crate::env::{Attrs, Env, Mode, SetOption, Shopt, TrapEvent, Variable};
use crate::exec::Outcome;
use crate::shell::{Shell, Source};
use crate::sys::{Body, Ending, Fd, Sys};
use crate::unwind::Unwind;

/// What an embedder decides about a shell.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct ProgramOptions {
    /// Syntax errors show the line with a caret below, instead of in bash's form.
    pub carets: bool,
}

/// The body of a process that runs `bash` or `sh`: what its arguments say. They and the
/// environment are the kernel's.
pub fn program(options: ProgramOptions) -> Box<dyn Program> {
    Body::new(move |sys| main(sys, options))
}

/// What an interactive shell ignores, but `SIGINT`, which it catches (bash manual, "Signals").
pub(crate) const INTERACTIVE_SIGNALS: [Signal; 6] =
    [Signal::INT, Signal::TERM, Signal::TSTP, Signal::TTIN, Signal::TTOU, Signal::QUIT];

/// What the command line asks for.
#[derive(Default)]
struct Invocation {
    command: bool,
    stdin: bool,
    interactive: bool,
    login: bool,
    posix: bool,
    set: Vec<(SetOption, bool)>,
    shopt: Vec<(Shopt, bool)>,
    operands: Vec<Vec<u8>>,
}

async fn main(sys: Sys, options: ProgramOptions) -> Ending {
    let argv = sys.with(|k, pid| k.argv(pid).map(<[_]>::to_vec)).unwrap_or_default();
    let environ = sys.with(|k, pid| k.env(pid).map(<[_]>::to_vec)).unwrap_or_default();
    let mut env = Env::new(Arc::new(sys.clone()), &environ);
    env.footprint.argv_env = (of_texts(&argv) + of_texts(&environ)) as u64;
    let arg0 = argv.first().cloned().unwrap_or_else(|| b"bash".to_vec());
    let base = arg0.rsplit(|byte| *byte == b'/').next().unwrap_or_default();
    let is_sh = base == b"sh" || base == b"-sh";
    env.arg0 = arg0.as_slice().into();
    env.last_argument.clone_from(&arg0);
    let mut shell = Shell::new(env, sys, Source::Stdin);
    shell.carets = options.carets;
    let invocation = match parse_arguments(argv.get(1..).unwrap_or_default()) {
        Ok(invocation) => invocation,
        Err(message) => {
            let text = [&arg0[..], b": ", &message, b"\n"].concat();
            shell.print_error(&text);
            shell.flush_errors().await;
            return Ending::Exit(ExitStatus::Exited(2));
        }
    };
    shell.import_functions(&environ).await;
    shell.start_variables();
    shell.define_bash(&arg0);
    shell.keep_ignored();
    if is_sh || invocation.posix || shell.env.get(b"POSIXLY_CORRECT").is_some() {
        shell.set_option(SetOption::Posix, true);
    }
    let result = shell.run_invocation(invocation).await;
    shell.finish(result).await
}

impl Shell {
    /// Signals that are ignored from the start cannot be trapped.
    fn keep_ignored(&mut self) {
        for signal in Signal::ALL {
            let disposition = self.sys.with(|kernel, pid| kernel.disposition(pid, signal));
            if disposition == Ok(Disposition::Ignore) {
                self.env.traps.fix(TrapEvent::signal(signal));
            }
        }
    }

    /// `BASH`: the file that this shell was started from.
    fn define_bash(&mut self, arg0: &[u8]) {
        let name = arg0.strip_prefix(b"-").unwrap_or(arg0);
        let path = if name.starts_with(b"/") {
            name.to_vec()
        } else if name.contains(&b'/') {
            let cwd = self.env.get(b"PWD").map(std::borrow::Cow::into_owned).unwrap_or_default();
            [&cwd, &b"/"[..], name].concat()
        } else {
            self.search_path(name, None).unwrap_or_else(|_| [b"/bin/", name].concat())
        };
        let variable = Variable::scalar(path, Attrs::NONE);
        self.env.variables.insert_at(0, b"BASH", variable);
    }
}

/// Options up to the first operand.
fn parse_arguments(args: &[Vec<u8>]) -> Result<Invocation, Vec<u8>> {
    let mut invocation = Invocation::default();
    let mut rest = args.iter();
    let invalid = |arg: &[u8]| [arg, b": invalid option"].concat();
    while let Some(arg) = rest.clone().next() {
        if arg == b"-" || arg == b"--" {
            rest.next();
            break;
        }
        if let Some(long) = arg.strip_prefix(b"--") {
            rest.next();
            match long {
                b"posix" => invocation.posix = true,
                b"login" => invocation.login = true,
                b"norc" | b"noprofile" | b"noediting" | b"restricted" => {}
                b"verbose" => invocation.set.push((SetOption::Verbose, true)),
                b"rcfile" | b"init-file" => {
                    rest.next();
                }
                b"version" | b"help" => {
                    invocation.command = true;
                    let text = format!("echo 'GNU bash, version {}'", crate::env::BASH_VERSION);
                    invocation.operands.push(text.into_bytes());
                    return Ok(invocation);
                }
                _ => return Err(invalid(arg)),
            }
            continue;
        }
        let on = match arg.first() {
            Some(b'-') => true,
            Some(b'+') if arg.len() > 1 => false,
            _ => break,
        };
        rest.next();
        for letter in arg.iter().skip(1) {
            match letter {
                b'c' => invocation.command = true,
                b's' if on => invocation.stdin = true,
                b'i' if on => invocation.interactive = true,
                b'l' if on => invocation.login = true,
                b'r' | b'D' => {}
                b'o' => {
                    let name = rest.next().ok_or(b"-o: option requires an argument".to_vec())?;
                    let option = SetOption::from_name(name)
                        .ok_or_else(|| [name, &b": invalid option name"[..]].concat())?;
                    invocation.set.push((option, on));
                }
                b'O' => {
                    let name = rest.next().ok_or(b"-O: option requires an argument".to_vec())?;
                    let option = Shopt::from_name(name)
                        .ok_or_else(|| [name, &b": invalid shell option name"[..]].concat())?;
                    invocation.shopt.push((option, on));
                }
                letter => match SetOption::from_letter(*letter) {
                    Some(option) => invocation.set.push((option, on)),
                    None => return Err(invalid(&[arg[0], *letter])),
                },
            }
        }
    }
    invocation.operands.extend(rest.cloned());
    if invocation.command && invocation.operands.is_empty() {
        return Err(b"-c: option requires an argument".to_vec());
    }
    Ok(invocation)
}

impl Shell {
    /// `PWD`, `SHLVL`, `SHELL`, `PATH`: what every shell has at its start.
    fn start_variables(&mut self) {
        let cwd = self.sys.cwd().unwrap_or_else(|_| b"/".to_vec());
        let kept = self.env.get(b"PWD").map(|value| value.into_owned());
        let same = |path: &[u8]| {
            let here = self.sys.stat(b".");
            path.starts_with(b"/")
                && here.is_ok()
                && self.sys.stat(path).map(|s| (s.dev, s.ino)) == here.map(|s| (s.dev, s.ino))
        };
        let pwd = kept.filter(|path| same(path)).unwrap_or(cwd);
        self.env.variables.insert_at(0, b"PWD", Variable::scalar(pwd, Attrs::EXPORT));
        if self.env.variables.get(b"OLDPWD").is_none() {
            self.env.variables.insert_at(0, b"OLDPWD", Variable::unset(Attrs::EXPORT));
        }
        let level = self.env.get(b"SHLVL").and_then(|t| String::from_utf8_lossy(&t).parse().ok());
        let level = level.unwrap_or(0i64).clamp(0, 999) + 1;
        let level = Variable::scalar(level.to_string(), Attrs::EXPORT);
        self.env.variables.insert_at(0, b"SHLVL", level);
        if self.env.get(b"SHELL").is_none() {
            let shell = Variable::scalar("/bin/bash", Attrs::NONE);
            self.env.variables.insert_at(0, b"SHELL", shell);
        }
        if self.env.get(b"PATH").is_none() {
            let path = Variable::scalar(crate::exec::external::DEFAULT_PATH, Attrs::NONE);
            self.env.variables.insert_at(0, b"PATH", path);
        }
        if let Some(optind) = self.env.variables.get_mut(b"OPTIND") {
            *optind = Variable::scalar("1", Attrs::NONE);
        }
    }

    async fn run_invocation(&mut self, invocation: Invocation) -> Outcome {
        for (option, on) in &invocation.set {
            self.set_option(*option, *on);
        }
        for (option, on) in &invocation.shopt {
            self.env.shopts.set(*option, *on);
        }
        self.env.shopts.set(Shopt::LoginShell, invocation.login);
        let mut operands = invocation.operands.into_iter();
        if invocation.command {
            let text = operands.next().unwrap_or_default();
            if let Some(arg0) = operands.next() {
                self.env.arg0 = arg0.into();
            }
            self.env.set_positional(operands.collect());
            self.env.invocation_letters = b"c".to_vec();
            self.source = Source::Text;
            if invocation.interactive {
                self.become_interactive();
            }
            return self.run_script(&text).await;
        }
        if !invocation.stdin
            && let Some(path) = operands.next()
        {
            self.env.set_positional(operands.collect());
            return self.run_script_file(path).await;
        }
        self.env.set_positional(operands.collect());
        self.env.invocation_letters = b"s".to_vec();
        let tty = self.sys.is_tty(Fd::STDIN) && self.sys.is_tty(Fd::STDERR);
        if invocation.interactive || tty {
            self.become_interactive();
        }
        self.run_stdin(Fd::STDIN).await
    }

    fn become_interactive(&mut self) {
        self.interactive = true;
        self.env.invocation_letters.push(b'i');
        self.env.shopts.set(Shopt::ExpandAliases, true);
        self.env.options.set(SetOption::Monitor, true);
        for (name, value) in [(&b"PS1"[..], "\\s-\\v\\$ "), (b"PS2", "> ")] {
            if self.env.get(name).is_none() {
                let _ = self.env.assign(name, value.as_bytes().to_vec(), Mode::Set);
            }
        }
        if let (None, Some(home)) = (self.env.get(b"HISTFILE"), self.env.get(b"HOME")) {
            let path = [&home, &b"/.bash_history"[..]].concat();
            self.env.variables.insert_at(0, b"HISTFILE", Variable::scalar(path, Attrs::NONE));
        }
        for signal in INTERACTIVE_SIGNALS {
            let catch = signal == Signal::INT;
            let disposition = if catch { Disposition::Catch } else { Disposition::Ignore };
            let _ = self.sys.with(|k, pid| k.sigaction(pid, signal, disposition));
        }
    }

    /// `bash path args`
    async fn run_script_file(&mut self, path: Vec<u8>) -> Outcome {
        let mut found = path.clone();
        if !path.contains(&b'/')
            && self.sys.stat(&path).is_err()
            && let Ok(in_path) = self.search_path(&path, None)
        {
            found = in_path;
        }
        match self.read_file(&found).await {
            Ok(text) => {
                self.env.arg0 = path.as_slice().into();
                self.env.script = Some(path.as_slice().into());
                self.source = Source::File(path.into());
                let head = text.split(|byte| *byte == b'\n').next().unwrap_or_default();
                if head.contains(&0) {
                    let path = self.env.arg0.to_vec();
                    self.print_error(&[&path, &b": cannot execute binary file\n"[..]].concat());
                    return Err(Unwind::Exit(126));
                }
                self.run_script(&text).await
            }
            Err(error) => {
                let arg0 = self.env.arg0.to_vec();
                let text = [&arg0, &b": "[..], &path, b": ", error.message().as_bytes(), b"\n"];
                self.print_error(&text.concat());
                let status = if error == vfs::Errno::ENOENT { 127 } else { 126 };
                Err(Unwind::Exit(status))
            }
        }
    }

    /// Functions that a parent exported: `BASH_FUNC_name%%=() { … }`.
    pub(crate) async fn import_functions(&mut self, environ: &[Vec<u8>]) {
        for entry in environ {
            let Some(rest) = entry.strip_prefix(b"BASH_FUNC_") else { continue };
            let Some(at) = rest.windows(3).position(|window| window == b"%%=") else { continue };
            let (name, body) = (&rest[..at], &rest[at + 3..]);
            if !body.starts_with(b"() {") {
                continue;
            }
            let text = [name, b" ", body].concat();
            let Ok(list) = crate::syntax::parse(&text) else { continue };
            let Some(item) = list.items.first().filter(|_| list.items.len() == 1) else { continue };
            if let [crate::syntax::ast::Command::Function(definition)] =
                item.and_or.first.commands.as_slice()
            {
                let function = crate::env::Function {
                    definition: Arc::clone(definition),
                    source: Arc::from(&b"environment"[..]),
                    readonly: false,
                    exported: true,
                    traced: false,
                };
                Arc::make_mut(&mut self.env.functions).insert(name.into(), function);
            }
        }
    }
}
