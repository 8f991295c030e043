//! The options of `set` and `shopt`: names, letters, defaults.

/// An option of `set -o`.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
#[repr(u8)]
pub(crate) enum SetOption {
    /// `-a`
    Allexport,
    /// `-B`
    Braceexpand,
    /// Emacs keys; nothing here reads them.
    Emacs,
    /// `-e`
    Errexit,
    /// `-E`
    Errtrace,
    /// `-T`
    Functrace,
    /// `-h`
    Hashall,
    /// `-H`
    Histexpand,
    /// Keep a history.
    History,
    /// Ten end-of-files are ignored.
    Ignoreeof,
    /// Interactive comments.
    InteractiveComments,
    /// `-k`
    Keyword,
    /// `-m`
    Monitor,
    /// `-C`
    Noclobber,
    /// `-n`
    Noexec,
    /// `-f`
    Noglob,
    /// Accepted, without effect.
    Nolog,
    /// `-b`
    Notify,
    /// `-u`
    Nounset,
    /// `-t`
    Onecmd,
    /// `-P`
    Physical,
    /// A pipeline's status is its last failing command's.
    Pipefail,
    /// POSIX mode.
    Posix,
    /// `-p`
    Privileged,
    /// `-v`
    Verbose,
    /// Vi keys; nothing here reads them.
    Vi,
    /// `-x`
    Xtrace,
}

/// Every option with its name and letter, by name.
pub(crate) const SET_OPTIONS: [(SetOption, &str, Option<u8>); 27] = [
    (SetOption::Allexport, "allexport", Some(b'a')),
    (SetOption::Braceexpand, "braceexpand", Some(b'B')),
    (SetOption::Emacs, "emacs", None),
    (SetOption::Errexit, "errexit", Some(b'e')),
    (SetOption::Errtrace, "errtrace", Some(b'E')),
    (SetOption::Functrace, "functrace", Some(b'T')),
    (SetOption::Hashall, "hashall", Some(b'h')),
    (SetOption::Histexpand, "histexpand", Some(b'H')),
    (SetOption::History, "history", None),
    (SetOption::Ignoreeof, "ignoreeof", None),
    (SetOption::InteractiveComments, "interactive-comments", None),
    (SetOption::Keyword, "keyword", Some(b'k')),
    (SetOption::Monitor, "monitor", Some(b'm')),
    (SetOption::Noclobber, "noclobber", Some(b'C')),
    (SetOption::Noexec, "noexec", Some(b'n')),
    (SetOption::Noglob, "noglob", Some(b'f')),
    (SetOption::Nolog, "nolog", None),
    (SetOption::Notify, "notify", Some(b'b')),
    (SetOption::Nounset, "nounset", Some(b'u')),
    (SetOption::Onecmd, "onecmd", Some(b't')),
    (SetOption::Physical, "physical", Some(b'P')),
    (SetOption::Pipefail, "pipefail", None),
    (SetOption::Posix, "posix", None),
    (SetOption::Privileged, "privileged", Some(b'p')),
    (SetOption::Verbose, "verbose", Some(b'v')),
    (SetOption::Vi, "vi", None),
    (SetOption::Xtrace, "xtrace", Some(b'x')),
];

impl SetOption {
    /// The option of `set -o name`.
    pub(crate) fn from_name(name: &[u8]) -> Option<SetOption> {
        SET_OPTIONS.iter().find(|(_, known, _)| known.as_bytes() == name).map(|row| row.0)
    }

    /// The option of `set -letter`.
    pub(crate) fn from_letter(letter: u8) -> Option<SetOption> {
        SET_OPTIONS.iter().find(|row| row.2 == Some(letter)).map(|row| row.0)
    }
}

/// The state of all `set -o` options.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) struct SetOptions(u32);

impl Default for SetOptions {
    /// As in a shell that runs a script.
    fn default() -> SetOptions {
        let mut options = SetOptions(0);
        for option in [SetOption::Braceexpand, SetOption::Hashall, SetOption::InteractiveComments] {
            options.set(option, true);
        }
        options
    }
}

impl SetOptions {
    pub(crate) const fn is(self, option: SetOption) -> bool {
        self.0 & (1 << option as u32) != 0
    }

    pub(crate) fn set(&mut self, option: SetOption, on: bool) {
        let bit = 1 << option as u32;
        self.0 = if on { self.0 | bit } else { self.0 & !bit };
    }

    /// `$SHELLOPTS`: the names of those that are on.
    pub(crate) fn names(self) -> Vec<u8> {
        let on = SET_OPTIONS.iter().filter(|row| self.is(row.0)).map(|row| row.1);
        on.collect::<Vec<_>>().join(":").into_bytes()
    }

    /// The letters of those that are on, in the order of `$-`.
    pub(crate) fn letters(self) -> Vec<u8> {
        let order = b"abefhkmnptuvxBCEHPT";
        let on = |letter: &u8| SetOption::from_letter(*letter).is_some_and(|o| self.is(o));
        order.iter().copied().filter(on).collect()
    }
}

macro_rules! shopts {
    ($($variant:ident $name:literal $default:literal,)*) => {
        /// An option of `shopt`.
        #[derive(Clone, Copy, PartialEq, Eq, Debug)]
        #[repr(u8)]
        pub(crate) enum Shopt { $($variant,)* }

        /// Every option with its name and its default in a script, by name.
        pub(crate) const SHOPTS: &[(Shopt, &str, bool)] = &[$((Shopt::$variant, $name, $default),)*];
    };
}

shopts! {
    Autocd "autocd" false,
    AssocExpandOnce "assoc_expand_once" false,
    CdableVars "cdable_vars" false,
    Cdspell "cdspell" false,
    Checkhash "checkhash" false,
    Checkjobs "checkjobs" false,
    Checkwinsize "checkwinsize" true,
    Cmdhist "cmdhist" true,
    Compat31 "compat31" false,
    Compat32 "compat32" false,
    Compat40 "compat40" false,
    Compat41 "compat41" false,
    Compat42 "compat42" false,
    Compat43 "compat43" false,
    Compat44 "compat44" false,
    CompleteFullquote "complete_fullquote" true,
    Direxpand "direxpand" false,
    Dirspell "dirspell" false,
    Dotglob "dotglob" false,
    Execfail "execfail" false,
    ExpandAliases "expand_aliases" false,
    Extdebug "extdebug" false,
    Extglob "extglob" false,
    Extquote "extquote" true,
    Failglob "failglob" false,
    ForceFignore "force_fignore" true,
    Globasciiranges "globasciiranges" true,
    Globskipdots "globskipdots" true,
    Globstar "globstar" false,
    GnuErrfmt "gnu_errfmt" false,
    Histappend "histappend" false,
    Histreedit "histreedit" false,
    Histverify "histverify" false,
    Hostcomplete "hostcomplete" true,
    Huponexit "huponexit" false,
    InheritErrexit "inherit_errexit" false,
    InteractiveComments "interactive_comments" true,
    Lastpipe "lastpipe" false,
    Lithist "lithist" false,
    LocalvarInherit "localvar_inherit" false,
    LocalvarUnset "localvar_unset" false,
    LoginShell "login_shell" false,
    Mailwarn "mailwarn" false,
    NoEmptyCmdCompletion "no_empty_cmd_completion" false,
    Nocaseglob "nocaseglob" false,
    Nocasematch "nocasematch" false,
    NoexpandTranslation "noexpand_translation" false,
    Nullglob "nullglob" false,
    PatsubReplacement "patsub_replacement" true,
    Progcomp "progcomp" true,
    ProgcompAlias "progcomp_alias" false,
    Promptvars "promptvars" true,
    RestrictedShell "restricted_shell" false,
    ShiftVerbose "shift_verbose" false,
    Sourcepath "sourcepath" true,
    VarredirClose "varredir_close" false,
    XpgEcho "xpg_echo" false,
}

impl Shopt {
    /// The option of `shopt name`.
    pub(crate) fn from_name(name: &[u8]) -> Option<Shopt> {
        SHOPTS.iter().find(|(_, known, _)| known.as_bytes() == name).map(|row| row.0)
    }
}

/// The state of all `shopt` options.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) struct Shopts(u64);

impl Default for Shopts {
    fn default() -> Shopts {
        let mut options = Shopts(0);
        for (option, _, on) in SHOPTS {
            options.set(*option, *on);
        }
        options
    }
}

impl Shopts {
    pub(crate) const fn is(self, option: Shopt) -> bool {
        self.0 & (1 << option as u64) != 0
    }

    pub(crate) fn set(&mut self, option: Shopt, on: bool) {
        let bit = 1 << option as u64;
        self.0 = if on { self.0 | bit } else { self.0 & !bit };
    }

    /// `$BASHOPTS`: the names of those that are on.
    pub(crate) fn names(self) -> Vec<u8> {
        let on = SHOPTS.iter().filter(|row| self.is(row.0)).map(|row| row.1);
        on.collect::<Vec<_>>().join(":").into_bytes()
    }
}
