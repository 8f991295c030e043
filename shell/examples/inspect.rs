//! What would a command run? The programs and files of a script, without running it.
//!
//! Needs only the parser: `cargo run --no-default-features --example inspect -- 'make | tee log'`

use std::io::{self, Write};

use agentos_shell::syntax::ast::{
    AndOr, Arg, ArrayElement, AssignValue, Assignment, Command, CompoundKind, CondExpr, List,
    Param, ParamExpansion, ParamOp, Redirect, RedirectKind, Subscript, Word, WordPart,
};
use agentos_shell::syntax::{parse, print_word};

fn main() -> io::Result<()> {
    let script = std::env::args().nth(1).unwrap_or_else(|| {
        "make -j \"$(nproc)\" 2>&1 | tee log && sort <log >sorted && rm -rf \"$dir\"".to_owned()
    });
    let mut out = io::stdout().lock();
    match parse(script.as_bytes()) {
        Err(error) => write!(out, "{}", error.render(script.as_bytes(), "command")),
        Ok(list) => {
            let mut found = Vec::new();
            inspect_list(&list, &mut found);
            found.iter().try_for_each(|line| writeln!(out, "{line}"))
        }
    }
}

fn inspect_list(list: &List, found: &mut Vec<String>) {
    for item in &list.items {
        let AndOr { first, rest } = &*item.and_or;
        for pipeline in std::iter::once(first).chain(rest.iter().map(|(_, pipeline)| pipeline)) {
            pipeline.commands.iter().for_each(|command| inspect_command(command, found));
        }
    }
}

fn inspect_command(command: &Command, found: &mut Vec<String>) {
    match command {
        Command::Simple(simple) => {
            simple.assignments.iter().for_each(|assign| inspect_assignment(assign, found));
            if let Some(Arg::Word(name)) = simple.words.first() {
                found.push(format!("runs {}", text(name)));
            }
            for arg in &simple.words {
                match arg {
                    Arg::Word(word) => inspect_word(word, found),
                    Arg::Assignment(assignment) => inspect_assignment(assignment, found),
                }
            }
            inspect_redirects(&simple.redirects, found);
        }
        Command::Compound(compound) => {
            inspect_compound(&compound.kind, found);
            inspect_redirects(&compound.redirects, found);
        }
        Command::Function(function) => {
            inspect_compound(&function.body.kind, found);
            inspect_redirects(&function.body.redirects, found);
        }
        Command::Coproc(coproc) => inspect_command(&coproc.body, found),
    }
}

fn inspect_compound(kind: &CompoundKind, found: &mut Vec<String>) {
    match kind {
        CompoundKind::Group(list) => inspect_list(list, found),
        CompoundKind::Subshell(list) => inspect_list(list, found),
        CompoundKind::For { words, body, .. } | CompoundKind::Select { words, body, .. } => {
            words.iter().flatten().for_each(|word| inspect_word(word, found));
            inspect_list(body, found);
        }
        CompoundKind::ArithFor { init, condition, update, body } => {
            [init, condition, update].into_iter().for_each(|word| inspect_word(word, found));
            inspect_list(body, found);
        }
        CompoundKind::Case { word, items } => {
            inspect_word(word, found);
            for item in items {
                item.patterns.iter().for_each(|word| inspect_word(word, found));
                inspect_list(&item.body, found);
            }
        }
        CompoundKind::If { branches, otherwise } => {
            for (condition, body) in branches {
                inspect_list(condition, found);
                inspect_list(body, found);
            }
            otherwise.iter().for_each(|body| inspect_list(body, found));
        }
        CompoundKind::While { condition, body, .. } => {
            inspect_list(condition, found);
            inspect_list(body, found);
        }
        CompoundKind::Cond(expression) => inspect_condition(expression, found),
        CompoundKind::Arith(word) => inspect_word(word, found),
    }
}

fn inspect_redirects(redirects: &[Redirect], found: &mut Vec<String>) {
    for redirect in redirects {
        let (verb, word) = match &redirect.kind {
            RedirectKind::Read(word) => ("reads", word),
            RedirectKind::Write(word)
            | RedirectKind::Clobber(word)
            | RedirectKind::Append(word)
            | RedirectKind::WriteBoth(word)
            | RedirectKind::AppendBoth(word) => ("writes", word),
            RedirectKind::ReadWrite(word) => ("opens", word),
            RedirectKind::HereDoc(here_doc) => {
                inspect_word(&here_doc.body, found);
                continue;
            }
            // `>&file` writes a file, `2>&1` does not.
            RedirectKind::DupOutput(word) if !is_descriptor(word) => ("writes", word),
            RedirectKind::DupInput(word)
            | RedirectKind::DupOutput(word)
            | RedirectKind::HereString(word) => {
                inspect_word(word, found);
                continue;
            }
        };
        found.push(format!("{verb} {}", text(word)));
        inspect_word(word, found);
    }
}

/// Substitutions inside a word run commands, too.
fn inspect_word(word: &Word, found: &mut Vec<String>) {
    inspect_parts(&word.parts, found);
}

fn inspect_parts(parts: &[WordPart], found: &mut Vec<String>) {
    for part in parts {
        match part {
            WordPart::Command(substitution) => inspect_list(&substitution.body, found),
            WordPart::Process { body, .. } => inspect_list(body, found),
            WordPart::DoubleQuoted(inner) | WordPart::Localized(inner) => {
                inspect_parts(inner, found);
            }
            WordPart::Arith(word) | WordPart::Subscript(word) => inspect_word(word, found),
            WordPart::Param(expansion) => inspect_parameter(expansion, found),
            WordPart::Invalid(invalid) => found.push(format!("cannot expand: {}", invalid.error)),
            WordPart::Literal(_)
            | WordPart::Escaped(_)
            | WordPart::SingleQuoted(_)
            | WordPart::AnsiC { .. } => {}
        }
    }
}

/// `${x:-$(command)}` runs commands as well.
fn inspect_parameter(expansion: &ParamExpansion, found: &mut Vec<String>) {
    if let Param::Element(_, Subscript::Index(word)) = &expansion.param {
        inspect_word(word, found);
    }
    let words: [Option<&Word>; 2] = match &expansion.op {
        ParamOp::Default { word, .. }
        | ParamOp::Assign { word, .. }
        | ParamOp::Alternative { word, .. } => [Some(word), None],
        ParamOp::Error { word, .. } => [word.as_ref(), None],
        ParamOp::RemovePrefix { pattern, .. } | ParamOp::RemoveSuffix { pattern, .. } => {
            [Some(pattern), None]
        }
        ParamOp::Replace { pattern, replacement, .. } => [Some(pattern), replacement.as_ref()],
        ParamOp::Slice { offset, length } => [Some(offset), length.as_ref()],
        ParamOp::Case { pattern, .. } => [pattern.as_ref(), None],
        ParamOp::None
        | ParamOp::Length
        | ParamOp::Transform(_)
        | ParamOp::Names(_)
        | ParamOp::Keys => [None, None],
    };
    words.into_iter().flatten().for_each(|word| inspect_word(word, found));
}

fn inspect_assignment(assignment: &Assignment, found: &mut Vec<String>) {
    assignment.subscript.iter().for_each(|word| inspect_word(word, found));
    match &assignment.value {
        AssignValue::Scalar(word) => inspect_word(word, found),
        AssignValue::Array(elements) => {
            for element in elements {
                match element {
                    ArrayElement::Word(word) => inspect_word(word, found),
                    ArrayElement::Keyed { subscript, value, .. } => {
                        inspect_word(subscript, found);
                        inspect_word(value, found);
                    }
                }
            }
        }
    }
}

fn inspect_condition(expression: &CondExpr, found: &mut Vec<String>) {
    match expression {
        CondExpr::Or(left, right) | CondExpr::And(left, right) => {
            inspect_condition(left, found);
            inspect_condition(right, found);
        }
        CondExpr::Not(inner) | CondExpr::Group(inner) => inspect_condition(inner, found),
        CondExpr::Word(word) | CondExpr::Unary(_, word) => inspect_word(word, found),
        CondExpr::Binary(left, _, right) => {
            inspect_word(left, found);
            inspect_word(right, found);
        }
    }
}

/// `1`, `3-` or `-`
fn is_descriptor(word: &Word) -> bool {
    let text = text(word);
    text.strip_suffix('-').unwrap_or(&text).bytes().all(|byte| byte.is_ascii_digit())
}

fn text(word: &Word) -> String {
    String::from_utf8_lossy(&print_word(word)).into_owned()
}
