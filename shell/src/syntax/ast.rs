//! The tree of a script, documented as a grammar (POSIX XCU 2.10, and bash's additions).
//!
//! Nothing is expanded here, but everything that quoting and nesting decide is decided: a
//! tree needs no second look at the source. Text is bytes. Bodies that outlive a command
//! (functions, subshells, command substitutions) are shared by `Arc`.

use std::sync::Arc;

use super::error::ParseError;
use super::source::Span;

/// `and_or ((';' | '&' | NEWLINE) and_or)* [';' | '&']`
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct List {
    /// The lists of pipelines, in order.
    pub items: Vec<ListItem>,
}

/// An and-or list and how it is run.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct ListItem {
    /// What is run; shared because a background job outlives its list.
    pub and_or: Arc<AndOr>,
    /// Whether `&` follows it.
    pub background: bool,
}

/// `pipeline (('&&' | '||') pipeline)*`
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct AndOr {
    /// The first pipeline.
    pub first: Pipeline,
    /// The others, each with the operator before it.
    pub rest: Vec<(AndOrOp, Pipeline)>,
}

/// `&&` or `||`.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum AndOrOp {
    /// `&&`
    And,
    /// `||`
    Or,
}

/// `['time' ['-p']] '!'* command (('|' | '|&') command)*`
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Pipeline {
    /// `time` stands before it.
    pub timed: Option<Timed>,
    /// An odd number of `!` stands before it.
    pub negated: bool,
    /// The commands; empty only after a lone `time` or `!`.
    pub commands: Vec<Command>,
    /// `commands[i]` is joined to the next by `|&`: its stderr goes into the pipe, too. One fewer than commands.
    pub pipe_stderr: Vec<bool>,
    /// All of it.
    pub span: Span,
}

/// The form of a `time` prefix.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Timed {
    /// `time`: in bash's format, or that of `TIMEFORMAT`.
    Bash,
    /// `time -p`: in POSIX's.
    Posix,
}

/// One command of a pipeline.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Command {
    /// Assignments, words, redirections.
    Simple(SimpleCommand),
    /// A compound command with its redirections.
    Compound(CompoundCommand),
    /// A function definition.
    Function(Arc<FunctionDef>),
    /// `coproc [NAME] command`
    Coproc(Coproc),
}

/// `(assignment | redirect)* (word | redirect)*`, not all empty.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct SimpleCommand {
    /// The assignments before the command name.
    pub assignments: Vec<Assignment>,
    /// The command name and its arguments.
    pub words: Vec<Arg>,
    /// The redirections, in order.
    pub redirects: Vec<Redirect>,
    /// All of it.
    pub span: Span,
}

/// An argument of a simple command.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Arg {
    /// An ordinary word.
    Word(Word),
    /// `name=value`, `name=(…)`, `name[i]=…`, after a literal declaration command
    /// (`declare typeset local export readonly`, also after `builtin` and `command`), and after
    /// `alias eval let` where bash reads `name=(…)` as one word: those get it as text.
    Assignment(Assignment),
}

/// `name=value`, `name+=value`, `name[subscript]=value`, `name=(…)`
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Assignment {
    /// The variable's name.
    pub name: Box<[u8]>,
    /// What stands between `[` and `]` before the `=`: arithmetic or a key, known at run time.
    pub subscript: Option<Word>,
    /// `+=`
    pub append: bool,
    /// The right-hand side.
    pub value: AssignValue,
    /// All of it.
    pub span: Span,
}

/// The right-hand side of an assignment.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum AssignValue {
    /// One word, not split, tildes after each unquoted `:`.
    Scalar(Word),
    /// `( … )`
    Array(Vec<ArrayElement>),
}

/// An element of `name=( … )`.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum ArrayElement {
    /// A word, expanded as arguments are.
    Word(Word),
    /// `[subscript]=value` or `[subscript]+=value`
    Keyed {
        /// Between the brackets.
        subscript: Word,
        /// `+=`
        append: bool,
        /// The value, not split.
        value: Word,
    },
}

/// A compound command and its redirections.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct CompoundCommand {
    /// Which one.
    pub kind: CompoundKind,
    /// Redirections after it, in order.
    pub redirects: Vec<Redirect>,
    /// Without the redirections.
    pub span: Span,
}

/// The compound commands.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum CompoundKind {
    /// `{ list; }`
    Group(List),
    /// `( list )`
    Subshell(Arc<List>),
    /// `for name [in word*]; do list done`
    For {
        /// The variable.
        name: Box<[u8]>,
        /// `None`: the positional parameters.
        words: Option<Vec<Word>>,
        /// The body.
        body: List,
    },
    /// `for ((init; condition; update)) do list done`; an absent part is an empty word.
    ArithFor {
        /// Evaluated once.
        init: Word,
        /// Ends the loop when 0; empty is 1.
        condition: Word,
        /// Evaluated after each round.
        update: Word,
        /// The body.
        body: List,
    },
    /// `select name [in word*]; do list done`
    Select {
        /// The variable.
        name: Box<[u8]>,
        /// `None`: the positional parameters.
        words: Option<Vec<Word>>,
        /// The body.
        body: List,
    },
    /// `case word in ([(] pattern ('|' pattern)* ')' list (';;' | ';&' | ';;&'))* esac`
    Case {
        /// What is matched.
        word: Word,
        /// The items in order.
        items: Vec<CaseItem>,
    },
    /// `if list; then list (elif list; then list)* [else list] fi`
    If {
        /// Conditions and their bodies; the first is `if`'s, the others `elif`'s.
        branches: Vec<(List, List)>,
        /// After `else`.
        otherwise: Option<List>,
    },
    /// `while list; do list done`, or `until`.
    While {
        /// `until` instead of `while`.
        until: bool,
        /// The condition.
        condition: List,
        /// The body.
        body: List,
    },
    /// `[[ expression ]]`
    Cond(CondExpr),
    /// `(( expression ))`, as text to expand like a double-quoted string and then evaluate.
    Arith(Word),
}

/// One item of `case`.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct CaseItem {
    /// The alternatives.
    pub patterns: Vec<Word>,
    /// What is run.
    pub body: List,
    /// How it ends.
    pub end: CaseEnd,
}

/// The end of a `case` item.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum CaseEnd {
    /// `;;`, or nothing before `esac`.
    Break,
    /// `;&`: run the next body.
    FallThrough,
    /// `;;&`: try the next patterns.
    Continue,
}

/// An expression of `[[ ]]`.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum CondExpr {
    /// `a || b`
    Or(Box<CondExpr>, Box<CondExpr>),
    /// `a && b`
    And(Box<CondExpr>, Box<CondExpr>),
    /// `! a`
    Not(Box<CondExpr>),
    /// `( a )`
    Group(Box<CondExpr>),
    /// A word alone: whether it is not empty.
    Word(Word),
    /// `-f word`: the operator with its dash.
    Unary(Box<[u8]>, Word),
    /// `a op b`; the right side of `== = != =~` keeps its quoting, which decides what is a pattern.
    Binary(Word, Box<[u8]>, Word),
}

/// `name() body` or `function name [()] body`
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct FunctionDef {
    /// The name.
    pub name: Box<[u8]>,
    /// `function` stands before it.
    pub keyword: bool,
    /// The body with the redirections that belong to each call.
    pub body: CompoundCommand,
    /// All of it.
    pub span: Span,
}

/// `coproc [NAME] command`
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Coproc {
    /// `COPROC` unless given.
    pub name: Option<Box<[u8]>>,
    /// What runs.
    pub body: Arc<Command>,
    /// All of it.
    pub span: Span,
}

/// `[n | {name}] operator target`
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Redirect {
    /// Which descriptor; `None` is the operator's default.
    pub fd: Option<RedirectFd>,
    /// What is done.
    pub kind: RedirectKind,
    /// All of it.
    pub span: Span,
}

/// The left side of a redirection.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum RedirectFd {
    /// `2>`
    Number(u32),
    /// `{name}>`: a new descriptor of 10 or more, its number in the variable.
    Variable(Box<[u8]>),
}

/// The redirection operators with their targets.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum RedirectKind {
    /// `< word`
    Read(Word),
    /// `> word`
    Write(Word),
    /// `>| word`: although noclobber is set.
    Clobber(Word),
    /// `>> word`
    Append(Word),
    /// `<> word`
    ReadWrite(Word),
    /// `<& word`: a number, a number and `-` (move), or `-` (close).
    DupInput(Word),
    /// `>& word`; with a word that is no number and no descriptor before it: as `&>`.
    DupOutput(Word),
    /// `&> word`
    WriteBoth(Word),
    /// `&>> word`
    AppendBoth(Word),
    /// `<< delimiter`, `<<- delimiter`
    HereDoc(HereDoc),
    /// `<<< word`
    HereString(Word),
}

/// A here-document.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct HereDoc {
    /// The delimiter, quotes removed.
    pub delimiter: Box<[u8]>,
    /// Some of the delimiter was quoted: the body is literal.
    pub quoted: bool,
    /// `<<-`: leading tabs are removed (already done in `body`).
    pub strip_tabs: bool,
    /// The body as it is to be expanded: like a double-quoted string in which `"` is ordinary.
    pub body: Word,
}

/// A word before expansion.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Word {
    /// Its parts; none for an empty word that comes from the grammar (an absent `for ((` part).
    pub parts: Vec<WordPart>,
    /// All of it.
    pub span: Span,
}

/// A part of a word.
///
/// Glob characters, tildes and braces are not parts: they stand unquoted in `Literal`s and
/// expansion finds them there. An extended glob such as `@(a|"$b")` is likewise literals and
/// parts in a row, its parentheses and bars in the literals.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum WordPart {
    /// Unquoted bytes (inside double quotes: bytes that are quoted by them).
    Literal(Box<[u8]>),
    /// `\c`: one character, quoted. Inside double quotes only where the backslash quotes.
    Escaped(Box<[u8]>),
    /// `'…'`
    SingleQuoted(Box<[u8]>),
    /// `$'…'`
    AnsiC {
        /// With the escapes replaced.
        value: Box<[u8]>,
        /// As written between the quotes.
        raw: Box<[u8]>,
    },
    /// `"…"`
    DoubleQuoted(Vec<WordPart>),
    /// `$"…"`
    Localized(Vec<WordPart>),
    /// `$name`, `${…}`
    Param(Box<ParamExpansion>),
    /// `$( list )`, `` `list` ``, `${ list; }`
    Command(CommandSub),
    /// `$(( expression ))`, `$[ expression ]`: text to expand like a double-quoted string, then evaluate.
    Arith(Word),
    /// `[…]` in arithmetic: a subscript with quotes or expansions, which becomes a key that is not
    /// expanded again.
    Subscript(Word),
    /// `<( list )`, `>( list )`
    Process {
        /// `>(`: the command reads what is written to the name.
        output: bool,
        /// What runs.
        body: Arc<List>,
    },
    /// Text whose error shows only when it is expanded.
    Invalid(Box<Invalid>),
}

/// A part that parses as text but cannot be expanded.
///
/// Bash accepts the script and fails when the word is expanded, so does this tree:
/// - `${a b}` ([`BadSubstitution`](super::ParseErrorKind::BadSubstitution)): expanding it ends the script;
/// - a syntax error inside backquotes: it is reported and the substitution is empty, status 2;
/// - a syntax error in a here-document's body: as for backquotes.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Invalid {
    /// As written, all of it.
    pub text: Box<[u8]>,
    /// What is wrong with it; its lines are those of the script.
    pub error: ParseError,
}

/// A command substitution.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct CommandSub {
    /// What runs.
    pub body: Arc<List>,
    /// Written with backquotes.
    pub backquoted: bool,
    /// As written between backquotes, escapes and all; `None` for the other forms.
    pub raw: Option<Box<[u8]>>,
    /// The line it starts on.
    pub span: Span,
}

/// `$name` or `${…}`
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct ParamExpansion {
    /// `${!…}`: the parameter whose name is the value of this one.
    pub indirect: bool,
    /// Which parameter.
    pub param: Param,
    /// What is done with its value.
    pub op: ParamOp,
    /// Written without braces.
    pub bare: bool,
    /// All of it.
    pub span: Span,
}

/// A parameter.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Param {
    /// A variable.
    Variable(Box<[u8]>),
    /// `name[subscript]`; `@` and `*` alone are `Element`s of all.
    Element(Box<[u8]>, Subscript),
    /// `$1`, `${10}`
    Positional(u32),
    /// `$@ $* $# $? $- $$ $! $0`
    Special(u8),
}

/// What stands between the brackets of `${name[…]}`.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Subscript {
    /// `@`
    At,
    /// `*`
    Star,
    /// Arithmetic, or a key, known at run time.
    Index(Word),
}

/// What `${…}` does beside giving the value.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum ParamOp {
    /// `${x}`
    None,
    /// `${#x}`
    Length,
    /// `${x-word}`, `${x:-word}`
    Default {
        /// With the colon: empty counts as unset.
        colon: bool,
        /// The word.
        word: Word,
    },
    /// `${x=word}`, `${x:=word}`
    Assign {
        /// With the colon.
        colon: bool,
        /// The word.
        word: Word,
    },
    /// `${x?word}`, `${x:?word}`
    Error {
        /// With the colon.
        colon: bool,
        /// The message; `None` when absent.
        word: Option<Word>,
    },
    /// `${x+word}`, `${x:+word}`
    Alternative {
        /// With the colon.
        colon: bool,
        /// The word.
        word: Word,
    },
    /// `${x#pattern}`, `${x##pattern}`
    RemovePrefix {
        /// `##`
        longest: bool,
        /// The pattern.
        pattern: Word,
    },
    /// `${x%pattern}`, `${x%%pattern}`
    RemoveSuffix {
        /// `%%`
        longest: bool,
        /// The pattern.
        pattern: Word,
    },
    /// `${x/pattern/replacement}` and its kin.
    Replace {
        /// Which matches.
        mode: ReplaceMode,
        /// The pattern.
        pattern: Word,
        /// `None` when there is no second slash.
        replacement: Option<Word>,
    },
    /// `${x:offset}`, `${x:offset:length}`
    Slice {
        /// Arithmetic.
        offset: Word,
        /// Arithmetic.
        length: Option<Word>,
    },
    /// `${x^pattern}`, `${x^^}`, `${x,}`, `${x,,}`, `${x~}`, `${x~~}`
    Case {
        /// `^`, `,` or `~`.
        op: u8,
        /// Doubled: all characters, not only the first.
        all: bool,
        /// Which characters; `None` is all.
        pattern: Option<Word>,
    },
    /// `${x@Q}` and its kin: the letter.
    Transform(u8),
    /// `${!prefix*}`, `${!prefix@}`: the names that start so; `true` for `@`.
    Names(bool),
    /// `${!name[@]}`, `${!name[*]}`: the keys; the subscript is in the parameter.
    Keys,
}

/// Which matches of a pattern are replaced.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum ReplaceMode {
    /// `/`
    First,
    /// `//`
    All,
    /// `/#`
    Prefix,
    /// `/%`
    Suffix,
}
