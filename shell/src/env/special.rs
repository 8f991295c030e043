//! Variables that are computed when they are read, and those whose assignment does something.

use std::borrow::Cow;
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};

use super::Env;
use super::array::{Assoc, Indexed};
use super::footprint::VARIABLE;
use super::option::{SetOption, Shopt};
use super::variable::{Attrs, Value, Variable};

/// What the reported version is: scripts test it.
pub(crate) const BASH_VERSION: &str = "5.2.15(1)-release";

/// The generator of `RANDOM`: bash's, so that `RANDOM=42` starts the sequence it starts there.
#[derive(Debug)]
pub(super) struct Random(AtomicU32);

impl Clone for Random {
    fn clone(&self) -> Random {
        Random(AtomicU32::new(self.0.load(Ordering::Relaxed)))
    }
}

impl Random {
    pub(super) const fn new(seed: u32) -> Random {
        Random(AtomicU32::new(seed))
    }

    /// The next number of 15 bits (Park and Miller's generator, its halves folded).
    fn next(&self) -> u32 {
        let seed = match self.0.load(Ordering::Relaxed) {
            0 => 123_459_876,
            seed => seed,
        };
        // Signed arithmetic as there: seeds over 2^31 count as negative.
        let (high, low) = (seed as i32 / 127_773, seed as i32 % 127_773);
        let next = low.wrapping_mul(16_807).wrapping_sub(high.wrapping_mul(2_836));
        let next = if next < 0 { next.wrapping_add(0x7fff_ffff) } else { next } as u32;
        self.0.store(next, Ordering::Relaxed);
        ((next >> 16) ^ (next & 0xffff)) & 0x7fff
    }
}

/// The variables with `Attrs::DYNAMIC`, and what else they are.
const DYNAMIC: [(&str, Attrs); 21] = [
    ("BASHPID", Attrs::INTEGER),
    ("BASH_ALIASES", Attrs::NONE),
    ("BASH_ARGV0", Attrs::NONE),
    ("BASH_CMDS", Attrs::NONE),
    ("BASH_COMMAND", Attrs::NONE),
    ("BASH_SUBSHELL", Attrs::NONE),
    ("EPOCHREALTIME", Attrs::NONE),
    ("EPOCHSECONDS", Attrs::NONE),
    ("LINENO", Attrs::INTEGER),
    ("RANDOM", Attrs::INTEGER),
    ("SECONDS", Attrs::INTEGER),
    ("SRANDOM", Attrs::INTEGER),
    ("_", Attrs::NONE),
    ("BASHOPTS", Attrs::READONLY),
    ("SHELLOPTS", Attrs::READONLY),
    ("BASH_LINENO", Attrs::NO_ASSIGN),
    ("BASH_SOURCE", Attrs::NO_ASSIGN),
    ("DIRSTACK", Attrs::NO_ASSIGN),
    ("FUNCNAME", Attrs::NO_ASSIGN),
    ("GROUPS", Attrs::NO_ASSIGN),
    ("PIPESTATUS", Attrs::NONE),
];

const NANOSECONDS: u64 = 1_000_000_000;

impl Env {
    /// Defines the variables that every shell has, over what the environment brought.
    pub(super) fn define_specials(&mut self) {
        let arrays = ["BASH_LINENO", "BASH_SOURCE", "DIRSTACK", "FUNCNAME", "GROUPS", "PIPESTATUS"];
        for (name, attrs) in DYNAMIC {
            let attrs = attrs.with(Attrs::DYNAMIC);
            let value = if arrays.contains(&name) {
                Value::Indexed(Arc::default())
            } else if matches!(name, "BASH_ALIASES" | "BASH_CMDS") {
                Value::Assoc(Arc::default())
            } else {
                Value::default()
            };
            self.variables.insert_at(0, name.as_bytes(), Variable { value, attrs });
        }
        let integers =
            [("UID", self.host.uid()), ("EUID", self.host.euid()), ("PPID", self.host.ppid())];
        for (name, value) in integers {
            let attrs = Attrs::READONLY | Attrs::INTEGER;
            self.define(name, &value.to_string(), attrs);
        }
        let version = ["5", "2", "15", "1", "release", "x86_64-pc-linux-gnu"];
        let parts = version.map(|part| part.as_bytes().to_vec());
        let value = Value::Indexed(Arc::new(Indexed::from_values(parts)));
        let parts = Variable { value, attrs: Attrs::READONLY };
        self.variables.insert_at(0, b"BASH_VERSINFO", parts);
        self.define("BASH_VERSION", BASH_VERSION, Attrs::NONE);
        self.define("HOSTTYPE", "x86_64", Attrs::NONE);
        self.define("MACHTYPE", "x86_64-pc-linux-gnu", Attrs::NONE);
        self.define("OSTYPE", "linux-gnu", Attrs::NONE);
        self.define("IFS", " \t\n", Attrs::NONE);
        self.define("OPTIND", "1", Attrs::NONE);
        self.define("OPTERR", "1", Attrs::NONE);
        self.define("PS4", "+ ", Attrs::NONE);
        let hostname = Variable::scalar(self.host.hostname(), Attrs::NONE);
        self.variables.insert_at(0, b"HOSTNAME", hostname);
    }

    fn define(&mut self, name: &str, value: &str, attrs: Attrs) {
        self.variables.insert_at(0, name.as_bytes(), Variable::scalar(value, attrs));
    }

    /// The value of a dynamic variable as it is now.
    pub(super) fn dynamic_scalar(&self, name: &[u8]) -> Option<Cow<'_, [u8]>> {
        let number = |value: u64| Some(Cow::Owned(value.to_string().into_bytes()));
        match name {
            b"BASHPID" => number(u64::from(self.host.pid())),
            b"BASH_ARGV0" => Some(Cow::Borrowed(&self.arg0)),
            b"BASH_COMMAND" => Some(Cow::Borrowed(&self.current_command)),
            b"BASH_SUBSHELL" => number(u64::from(self.subshell_level)),
            b"EPOCHREALTIME" => {
                let now = self.host.realtime_ns();
                let text = format!("{}.{:06}", now / NANOSECONDS, now % NANOSECONDS / 1000);
                Some(Cow::Owned(text.into_bytes()))
            }
            b"EPOCHSECONDS" => number(self.host.realtime_ns() / NANOSECONDS),
            b"LINENO" => number(u64::from(self.line)),
            b"RANDOM" => number(u64::from(self.random.next())),
            b"SECONDS" => {
                let passed = (self.host.monotonic_ns() / NANOSECONDS) as i64;
                Some(Cow::Owned(
                    (passed.wrapping_add(self.seconds_offset)).to_string().into_bytes(),
                ))
            }
            b"SRANDOM" => number(u64::from(self.host.random())),
            b"_" => Some(Cow::Borrowed(&self.last_argument)),
            b"BASHOPTS" => Some(Cow::Owned(self.shopts.names())),
            b"SHELLOPTS" => Some(Cow::Owned(self.options.names())),
            _ => {
                let array = self.dynamic_array(name)?;
                array.get(0).map(|value| Cow::Owned(value.to_vec()))
            }
        }
    }

    /// The elements of a dynamic array as they are now.
    pub(super) fn dynamic_array(&self, name: &[u8]) -> Option<Indexed> {
        let numbers = |numbers: Vec<u32>| {
            Indexed::from_values(numbers.into_iter().map(|n| n.to_string().into_bytes()))
        };
        let calls = || self.frames.iter().rev();
        let called = || calls().any(|frame| !frame.is_source);
        Some(match name {
            b"GROUPS" => numbers(self.host.groups()),
            b"PIPESTATUS" => numbers(self.pipe_status.iter().map(|s| u32::from(*s)).collect()),
            b"DIRSTACK" => {
                let first = self.get(b"PWD").unwrap_or_default().into_owned();
                Indexed::from_values([first].into_iter().chain(self.dir_stack.iter().cloned()))
            }
            b"FUNCNAME" if called() => {
                let names = calls().map(|frame| frame.function.to_vec());
                Indexed::from_values(names.chain(self.script_frame().map(|_| b"main".to_vec())))
            }
            b"FUNCNAME" => Indexed::default(),
            b"BASH_SOURCE" => {
                let sources = calls().map(|frame| frame.source.to_vec());
                Indexed::from_values(sources.chain(self.script_frame()))
            }
            b"BASH_LINENO" => {
                let lines = calls().map(|frame| frame.call_line.to_string().into_bytes());
                Indexed::from_values(lines.chain(self.script_frame().map(|_| b"0".to_vec())))
            }
            _ => return None,
        })
    }

    /// The elements of a dynamic associative array as they are now.
    pub(super) fn dynamic_assoc(&self, name: &[u8]) -> Option<Assoc> {
        let mut array = Assoc::default();
        match name {
            b"BASH_ALIASES" => {
                self.aliases.iter().for_each(|(name, text)| array.set(name, text.clone()));
            }
            b"BASH_CMDS" => {
                self.hash.iter().for_each(|(name, (path, _))| array.set(name, path.clone()));
            }
            _ => return None,
        }
        Some(array)
    }

    /// Assigns an element of a dynamic associative array: defines an alias, or where a command is.
    pub(super) fn assign_dynamic_key(&mut self, name: &[u8], key: &[u8], value: Vec<u8>) {
        self.note_growth(key.len() + value.len() + VARIABLE);
        match name {
            b"BASH_ALIASES" => {
                Arc::make_mut(&mut self.aliases).insert(key.into(), value);
            }
            b"BASH_CMDS" => {
                Arc::make_mut(&mut self.hash).insert(key.into(), (value, 0));
            }
            _ => {}
        }
    }

    /// The bottom entry of the call arrays: a script has one, `-c` text has none.
    fn script_frame(&self) -> Option<Vec<u8>> {
        self.script.as_ref().map(|path| path.to_vec())
    }

    /// Starts the sequence of `RANDOM` anew, as a subshell does.
    pub(crate) fn reseed_random(&mut self) {
        self.random = Random::new(self.host.random() & 0x7fff_ffff);
    }

    /// Assigns to a dynamic variable.
    pub(super) fn assign_dynamic(&mut self, name: &[u8], value: &[u8]) {
        let number = || std::str::from_utf8(value).ok()?.trim().parse::<i64>().ok();
        match name {
            b"RANDOM" => self.random = Random::new(number().unwrap_or(0) as u32),
            b"SECONDS" => {
                let passed = (self.host.monotonic_ns() / NANOSECONDS) as i64;
                self.seconds_offset = number().unwrap_or(0).wrapping_sub(passed);
            }
            b"LINENO" => self.line = number().unwrap_or(0) as u32,
            b"BASH_ARGV0" => self.arg0 = value.into(),
            b"BASH_SUBSHELL" => self.subshell_level = number().unwrap_or(0) as u32,
            b"_" => self.last_argument = value.into(),
            _ => {}
        }
    }

    /// What follows from a change of an ordinary variable.
    pub(super) fn after_change(&mut self, name: &[u8]) {
        self.note_value(name);
        match name {
            b"PATH" => self.hash = Arc::default(),
            b"IFS" => self.ifs = None,
            b"OPTIND" => self.getopts.position = 0,
            b"POSIXLY_CORRECT" => {
                let set = self.variables.get(name).is_some_and(Variable::is_set);
                self.options.set(SetOption::Posix, set);
            }
            b"GLOBIGNORE" => {
                let set = self.get(name).is_some_and(|value| !value.is_empty());
                self.shopts.set(Shopt::Dotglob, set);
            }
            _ => {}
        }
    }
}
