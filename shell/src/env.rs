//! The environment of a shell: everything a subshell copies.
//!
//! Variables, positional parameters, options, functions, aliases, traps and the state that
//! special parameters show. Cloning is cheap: what is large is shared until written. Not here:
//! running anything (`exec`), the kernel (`sys`).

mod arithmetic;
pub(crate) mod array;
pub(crate) mod assign;
mod error;
pub(crate) mod footprint;
pub(crate) mod host;
mod ifs;
pub(crate) mod option;
pub(crate) mod scope;
mod special;
#[cfg(test)]
mod tests;
pub(crate) mod trap;
pub(crate) mod variable;

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::sync::Arc;

pub(crate) use self::array::{Assoc, Indexed};
pub(crate) use self::assign::{Mode, is_reference, split_subscript};
pub(crate) use self::error::VarError;
pub(crate) use self::footprint::Footprint;
pub(crate) use self::host::Host;
#[cfg(any(test, feature = "testing"))]
pub(crate) use self::host::Nowhere;
pub(crate) use self::ifs::Ifs;
pub(crate) use self::option::{SET_OPTIONS, SHOPTS, SetOption, SetOptions, Shopt, Shopts};
pub(crate) use self::scope::{Depth, ScopeKind, Scopes};
pub(crate) use self::special::BASH_VERSION;
pub(crate) use self::trap::{TrapAction, TrapEvent, Traps};
pub(crate) use self::variable::{Attrs, Value, Variable};

use crate::arith::{self, Key};
use crate::syntax::ast::FunctionDef;

/// A function and what `declare -f` flags it has.
#[derive(Clone, Debug)]
pub(crate) struct Function {
    pub(crate) definition: Arc<FunctionDef>,
    /// Where it was defined: `BASH_SOURCE` during its calls.
    pub(crate) source: Arc<[u8]>,
    pub(crate) readonly: bool,
    pub(crate) exported: bool,
    pub(crate) traced: bool,
}

/// A call of a function or of `source`: one entry of `FUNCNAME`, `BASH_SOURCE`, `BASH_LINENO`.
#[derive(Clone, Debug)]
pub(crate) struct Frame {
    /// The function's name; `source` for a sourced file.
    pub(crate) function: Arc<[u8]>,
    /// The file it comes from.
    pub(crate) source: Arc<[u8]>,
    /// The line of the call.
    pub(crate) call_line: u32,
    pub(crate) is_source: bool,
}

/// Commands that were found in `PATH`: where, and how often they ran.
pub(crate) type Hashed = BTreeMap<Box<[u8]>, (Vec<u8>, u32)>;

/// A limit that `ulimit` has set; `None` is none.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) struct ResourceLimit {
    pub(crate) soft: Option<u64>,
    pub(crate) hard: Option<u64>,
}

/// A scope that is out of sight: what for, and its variables.
pub(crate) type HiddenScope = (ScopeKind, Vec<(Box<[u8]>, Variable)>);

/// Where `getopts` is: what `OPTIND` does not say.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Getopts {
    /// Inside a word of several options; 0 starts the word anew.
    pub(crate) position: usize,
    /// The word that the position belongs to.
    pub(crate) index: usize,
}

/// Everything a subshell copies.
#[derive(Clone)]
pub(crate) struct Env {
    pub(crate) variables: Scopes,
    /// `$0`
    pub(crate) arg0: Arc<[u8]>,
    /// `$1 …`
    pub(crate) positional: Arc<Vec<Vec<u8>>>,
    /// `set` has changed them since a sourced file began.
    pub(crate) positional_set: bool,
    pub(crate) options: SetOptions,
    pub(crate) shopts: Shopts,
    pub(crate) functions: Arc<BTreeMap<Box<[u8]>, Function>>,
    pub(crate) aliases: Arc<BTreeMap<Box<[u8]>, Vec<u8>>>,
    pub(crate) traps: Traps,
    /// What `complete` has said of commands.
    pub(crate) completions: Arc<BTreeMap<Box<[u8]>, crate::builtin::Completion>>,
    /// The remembered locations of commands, with the number of their uses.
    pub(crate) hash: Arc<Hashed>,
    /// Below the current directory.
    pub(crate) dir_stack: Vec<Vec<u8>>,
    /// The running calls, the outermost first.
    pub(crate) frames: Vec<Frame>,
    /// The path of the script; none for `-c` and standard input.
    pub(crate) script: Option<Arc<[u8]>>,
    /// `$?`
    pub(crate) status: u8,
    /// `${PIPESTATUS[@]}`
    pub(crate) pipe_status: Vec<u8>,
    /// `$!`
    pub(crate) last_background: Option<u32>,
    /// `$$`
    pub(crate) shell_pid: u32,
    /// `$BASH_SUBSHELL`
    pub(crate) subshell_level: u32,
    /// `$LINENO`
    pub(crate) line: u32,
    /// `$_`
    pub(crate) last_argument: Vec<u8>,
    /// `$BASH_COMMAND`
    pub(crate) current_command: Arc<[u8]>,
    /// Letters of `$-` that are no options: `c`, `s`, `i`.
    pub(crate) invocation_letters: Vec<u8>,
    /// Where `getopts` is.
    pub(crate) getopts: Getopts,
    /// Where it was when a function made `OPTIND` its own.
    saved_getopts: Vec<(Depth, Getopts)>,
    pub(crate) host: Arc<dyn Host>,
    /// What `ulimit` has set, by its letter.
    pub(crate) limits: BTreeMap<u8, ResourceLimit>,
    /// Errors of an evaluation that went on: said when the command is done.
    pub(crate) warnings: Vec<Vec<u8>>,
    /// Subscripts met in values of variables, expanded: for the evaluation that runs.
    pub(crate) expansions: Vec<(arith::Subscript, Vec<u8>)>,
    /// What `local -` saved, with the depth of the function that did.
    saved_options: Vec<(Depth, SetOptions)>,
    pub(crate) footprint: Footprint,
    random: special::Random,
    /// `SECONDS` is the monotonic clock and this.
    seconds_offset: i64,
    /// `IFS` as splitting uses it; made when first asked for after a change.
    ifs: Option<Ifs>,
}

impl Env {
    /// A shell's first environment: `NAME=value` strings are its exported variables.
    pub(crate) fn new(host: Arc<dyn Host>, environ: &[Vec<u8>]) -> Env {
        let started = (host.monotonic_ns() / 1_000_000_000) as i64;
        let pid = host.pid();
        let mut env = Env {
            variables: Scopes::default(),
            arg0: Arc::from(&b"bash"[..]),
            positional: Arc::default(),
            positional_set: false,
            options: SetOptions::default(),
            shopts: Shopts::default(),
            functions: Arc::default(),
            aliases: Arc::default(),
            traps: Traps::default(),
            completions: Arc::default(),
            hash: Arc::default(),
            dir_stack: Vec::new(),
            frames: Vec::new(),
            script: None,
            status: 0,
            pipe_status: Vec::new(),
            last_background: None,
            shell_pid: pid,
            subshell_level: 0,
            line: 1,
            last_argument: Vec::new(),
            current_command: Arc::default(),
            invocation_letters: Vec::new(),
            getopts: Getopts::default(),
            saved_getopts: Vec::new(),
            random: special::Random::new(0),
            seconds_offset: -started,
            ifs: None,
            saved_options: Vec::new(),
            footprint: Footprint::default(),
            limits: BTreeMap::new(),
            warnings: Vec::new(),
            expansions: Vec::new(),
            host,
        };
        env.reseed_random();
        for entry in environ {
            let Some(equals) = entry.iter().position(|byte| *byte == b'=') else { continue };
            let (name, value) = (&entry[..equals], &entry[equals + 1..]);
            if is_name(name) {
                env.variables.insert_at(0, name, Variable::scalar(value, Attrs::EXPORT));
            }
        }
        let given =
            |name: &[u8]| env.variables.get(name).map(|v| v.as_scalar().map(<[u8]>::to_vec));
        let options = [given(b"SHELLOPTS").flatten(), given(b"BASHOPTS").flatten()];
        env.define_specials();
        env.take_options(options);
        env
    }

    /// Turns on what the environment's `SHELLOPTS` and `BASHOPTS` name; they stay exported.
    fn take_options(&mut self, given: [Option<Vec<u8>>; 2]) {
        for (name, list) in [&b"SHELLOPTS"[..], b"BASHOPTS"].into_iter().zip(given) {
            let Some(list) = list else { continue };
            for option in list.split(|byte| *byte == b':') {
                if name == b"SHELLOPTS" {
                    if let Some(option) = SetOption::from_name(option) {
                        self.options.set(option, true);
                    }
                } else if let Some(option) = Shopt::from_name(option) {
                    self.shopts.set(option, true);
                }
            }
            if let Some(variable) = self.variables.get_mut(name) {
                variable.attrs |= Attrs::EXPORT;
            }
        }
    }

    // --- reading variables

    /// The variable that the name means, namerefs followed; dynamic ones with their value.
    pub(crate) fn variable(&self, name: &[u8]) -> Option<Cow<'_, Variable>> {
        let variable = match self.variables.get(name)? {
            _ if self.is_own_reference(name) => self.variables.get_at(0, name)?,
            variable => variable,
        };
        if !variable.attrs.intersects(Attrs::NAMEREF | Attrs::DYNAMIC) {
            return Some(Cow::Borrowed(variable));
        }
        let target = self.resolve(name)?;
        if let Some(subscript) = &target.subscript {
            let value = self.element_text(&target.name, subscript)?;
            return Some(Cow::Owned(Variable::scalar(value.into_owned(), Attrs::NONE)));
        }
        let variable = self.variables.get(&target.name)?;
        if !variable.has(Attrs::DYNAMIC) {
            return Some(Cow::Borrowed(variable));
        }
        let attrs = variable.attrs.without(Attrs::DYNAMIC);
        if let Some(array) = self.dynamic_assoc(&target.name) {
            return Some(Cow::Owned(Variable { value: Value::Assoc(Arc::new(array)), attrs }));
        }
        Some(Cow::Owned(match self.dynamic_array(&target.name) {
            Some(array) => {
                let attrs = if array.is_empty() { attrs.with(Attrs::INVISIBLE) } else { attrs };
                Variable { value: Value::Indexed(Arc::new(array)), attrs }
            }
            None => Variable::scalar(self.dynamic_scalar(&target.name)?, attrs),
        }))
    }

    /// `$name`: the value of a scalar, element 0 of an array; `None` when unset.
    pub(crate) fn get(&self, name: &[u8]) -> Option<Cow<'_, [u8]>> {
        let variable = match self.variables.get(name)? {
            variable if variable.has(Attrs::NAMEREF) && self.is_own_reference(name) => {
                return self.variables.get_at(0, name)?.as_scalar().map(Cow::Borrowed);
            }
            variable => variable,
        };
        if !variable.attrs.intersects(Attrs::NAMEREF | Attrs::DYNAMIC) {
            return variable.as_scalar().map(Cow::Borrowed);
        }
        let target = self.resolve(name)?;
        if let Some(subscript) = &target.subscript {
            return self.element_text(&target.name, subscript);
        }
        let variable = self.variables.get(&target.name)?;
        if variable.has(Attrs::DYNAMIC) {
            return self.dynamic_scalar(&target.name);
        }
        if variable.has(Attrs::NAMEREF) {
            return None;
        }
        variable.as_scalar().map(Cow::Borrowed)
    }

    /// The element of an evaluated key.
    pub(crate) fn element(&self, name: &[u8], key: &Key) -> Option<Cow<'_, [u8]>> {
        let variable = self.variable(name)?;
        match variable {
            Cow::Borrowed(variable) => variable.element(key).map(Cow::Borrowed),
            Cow::Owned(variable) => variable.element(key).map(|v| Cow::Owned(v.to_vec())),
        }
    }

    /// The element that a nameref's subscript means, if it needs no evaluation with effects.
    fn element_text(&self, name: &[u8], subscript: &[u8]) -> Option<Cow<'_, [u8]>> {
        if self.variables.get(name)?.is_assoc() {
            return self.element(name, &Key::Name(subscript.to_vec()));
        }
        if matches!(subscript, b"@" | b"*") {
            let values = self.variables.get(name)?.values();
            return Some(Cow::Owned(values.join(&b' ')));
        }
        let index = arith::eval(subscript, &mut self.clone()).ok()?;
        self.element(name, &Key::Index(index))
    }

    /// Whether a variable of this name is set: has a value.
    pub(crate) fn is_set(&self, name: &[u8]) -> bool {
        self.get(name).is_some()
    }

    /// `NAME=value` of each exported variable, and of each exported function.
    pub(crate) fn environ(&mut self) -> Arc<Vec<Vec<u8>>> {
        let mut environ = self.variables.environ();
        for name in [&b"SHELLOPTS"[..], b"BASHOPTS"] {
            let exported = self.variables.get(name).is_some_and(|v| v.has(Attrs::EXPORT));
            if exported && let Some(value) = self.dynamic_scalar(name) {
                let entry = [name, b"=", &value].concat();
                let old = [name, b"="].concat();
                let entries = Arc::make_mut(&mut environ);
                entries.retain(|entry| !entry.starts_with(&old));
                entries.push(entry);
            }
        }
        environ
    }

    // --- scopes

    /// Enters a function; its temporary assignments are its first locals.
    pub(crate) fn push_function(&mut self) {
        self.variables.push(ScopeKind::Function);
    }

    /// Opens a scope for the assignments before a builtin or an external command.
    pub(crate) fn push_temporary(&mut self) {
        self.variables.push(ScopeKind::Temporary);
    }

    /// Assigns `name=value` in the topmost scope, exported: `name=value command`.
    ///
    /// # Errors
    /// The visible variable is readonly, arithmetic errors.
    pub(crate) fn assign_temporary(
        &mut self,
        name: &[u8],
        value: Vec<u8>,
        mode: Mode,
    ) -> Result<(), VarError> {
        let name =
            self.resolve(name).map_or_else(|| name.to_vec(), |target| target.name.into_owned());
        let attrs = self.writable(&name)?.without(Attrs::INVISIBLE | Attrs::DYNAMIC);
        let old = match mode {
            Mode::Append => self.get(&name).map(Cow::into_owned),
            Mode::Set => None,
        };
        let value = self.converted(attrs, old, value)?;
        let kept = Attrs::INTEGER | Attrs::UPPER | Attrs::LOWER;
        let kept = Attrs::NONE.with(if attrs.intersects(kept) { attrs } else { Attrs::NONE });
        let variable = Variable::scalar(value, kept | Attrs::EXPORT | Attrs::TEMPORARY);
        let depth = self.variables.depth();
        self.variables.insert_at(depth, &name, variable);
        self.after_change(&name);
        Ok(())
    }

    /// Leaves the topmost scope.
    pub(crate) fn pop_scope(&mut self) {
        let depth = self.variables.depth();
        while let Some((_, options)) = self.saved_options.pop_if(|(at, _)| *at == depth) {
            self.options = options;
        }
        for name in self.variables.pop() {
            self.after_change(&name);
        }
        while let Some((_, getopts)) = self.saved_getopts.pop_if(|(at, _)| *at == depth) {
            self.getopts = getopts;
        }
    }

    /// Takes the topmost scope away until `show_scope`.
    pub(crate) fn hide_scope(&mut self) -> HiddenScope {
        let hidden = (self.variables.top_kind(), self.variables.top());
        for name in self.variables.pop() {
            self.after_change(&name);
        }
        hidden
    }

    /// Puts back what `hide_scope` has taken.
    pub(crate) fn show_scope(&mut self, (kind, variables): HiddenScope) {
        self.variables.push(kind);
        let depth = self.variables.depth();
        for (name, variable) in variables {
            self.variables.insert_at(depth, &name, variable);
            self.after_change(&name);
        }
    }

    /// Leaves the topmost scope; its variables stay in the one below: POSIX asks that of the
    /// assignments before special builtins.
    pub(crate) fn merge_scope(&mut self) {
        let kept = self.variables.top();
        self.pop_scope();
        for (name, mut variable) in kept {
            variable.attrs = variable.attrs.without(Attrs::TEMPORARY);
            match self.variables.get_mut(&name) {
                Some(below) => {
                    below.attrs = below.attrs.without(Attrs::INVISIBLE) | variable.attrs;
                    below.value = variable.value;
                }
                None => self.variables.insert_at(0, &name, variable),
            }
            self.after_change(&name);
        }
    }

    /// `local -`: the options are as now again when the function returns.
    pub(crate) fn save_options(&mut self) {
        let depth = self.variables.function_depth();
        if !self.saved_options.iter().any(|(at, _)| *at == depth) {
            self.saved_options.push((depth, self.options));
        }
    }

    // --- the rest

    /// `$-`
    pub(crate) fn flags(&self) -> Vec<u8> {
        let mut letters = self.options.letters();
        letters.extend_from_slice(&self.invocation_letters);
        letters
    }

    pub(crate) fn is(&self, option: SetOption) -> bool {
        self.options.is(option)
    }

    pub(crate) fn shopt(&self, option: Shopt) -> bool {
        self.shopts.is(option)
    }

    pub(crate) fn function(&self, name: &[u8]) -> Option<&Function> {
        self.functions.get(name)
    }

    pub(crate) fn set_positional(&mut self, values: Vec<Vec<u8>>) {
        self.note_growth(footprint::of_texts(&values));
        self.positional = Arc::new(values);
        self.positional_set = true;
    }

    /// How `IFS` splits now.
    pub(crate) fn ifs(&mut self) -> Ifs {
        if let Some(ifs) = self.ifs {
            return ifs;
        }
        let ifs = Ifs::new(self.get(b"IFS").as_deref());
        self.ifs = Some(ifs);
        ifs
    }
}

/// Whether the text may name a variable.
pub(crate) fn is_name(text: &[u8]) -> bool {
    text.first().is_some_and(|byte| !byte.is_ascii_digit())
        && text.iter().all(|byte| byte.is_ascii_alphanumeric() || *byte == b'_')
}
