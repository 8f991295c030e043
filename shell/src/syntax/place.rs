//! Puts the bodies of here-documents into a tree that was parsed before them.

use std::sync::Arc;

use super::ast::*;

/// Replaces the numbers that stand for bodies in `list`.
pub(super) fn place(list: &mut List, bodies: &mut [Word]) {
    for item in &mut list.items {
        let Some(and_or) = Arc::get_mut(&mut item.and_or) else { continue };
        let AndOr { first, rest } = and_or;
        for pipeline in std::iter::once(first).chain(rest.iter_mut().map(|(_, p)| p)) {
            pipeline.commands.iter_mut().for_each(|c| command(c, bodies));
        }
    }
}

fn shared(list: &mut Arc<List>, bodies: &mut [Word]) {
    if let Some(list) = Arc::get_mut(list) {
        place(list, bodies);
    }
}

fn command(node: &mut Command, bodies: &mut [Word]) {
    match node {
        Command::Simple(simple) => {
            simple.assignments.iter_mut().for_each(|a| assignment(a, bodies));
            for arg in &mut simple.words {
                match arg {
                    Arg::Word(node) => word(node, bodies),
                    Arg::Assignment(node) => assignment(node, bodies),
                }
            }
            redirects(&mut simple.redirects, bodies);
        }
        Command::Compound(node) => compound(node, bodies),
        Command::Function(node) => {
            if let Some(function) = Arc::get_mut(node) {
                compound(&mut function.body, bodies);
            }
        }
        Command::Coproc(node) => {
            if let Some(body) = Arc::get_mut(&mut node.body) {
                command(body, bodies);
            }
        }
    }
}

fn compound(node: &mut CompoundCommand, bodies: &mut [Word]) {
    match &mut node.kind {
        CompoundKind::Group(list) => place(list, bodies),
        CompoundKind::Subshell(list) => shared(list, bodies),
        CompoundKind::For { words, body, .. } | CompoundKind::Select { words, body, .. } => {
            words.iter_mut().flatten().for_each(|w| word(w, bodies));
            place(body, bodies);
        }
        CompoundKind::ArithFor { init, condition, update, body } => {
            [init, condition, update].into_iter().for_each(|w| word(w, bodies));
            place(body, bodies);
        }
        CompoundKind::Case { word: subject, items } => {
            word(subject, bodies);
            for item in items {
                item.patterns.iter_mut().for_each(|w| word(w, bodies));
                place(&mut item.body, bodies);
            }
        }
        CompoundKind::If { branches, otherwise } => {
            for (condition, body) in branches {
                place(condition, bodies);
                place(body, bodies);
            }
            otherwise.iter_mut().for_each(|list| place(list, bodies));
        }
        CompoundKind::While { condition, body, .. } => {
            place(condition, bodies);
            place(body, bodies);
        }
        CompoundKind::Cond(node) => condition(node, bodies),
        CompoundKind::Arith(node) => word(node, bodies),
    }
    redirects(&mut node.redirects, bodies);
}

fn condition(node: &mut CondExpr, bodies: &mut [Word]) {
    match node {
        CondExpr::Or(left, right) | CondExpr::And(left, right) => {
            condition(left, bodies);
            condition(right, bodies);
        }
        CondExpr::Not(inner) | CondExpr::Group(inner) => condition(inner, bodies),
        CondExpr::Word(node) | CondExpr::Unary(_, node) => word(node, bodies),
        CondExpr::Binary(left, _, right) => {
            word(left, bodies);
            word(right, bodies);
        }
    }
}

fn redirects(nodes: &mut [Redirect], bodies: &mut [Word]) {
    for node in nodes {
        match &mut node.kind {
            RedirectKind::HereDoc(here_doc) => {
                let index = here_doc.body.span.start as usize;
                if let Some(body) = bodies.get_mut(index) {
                    here_doc.body = std::mem::take(body);
                }
            }
            RedirectKind::Read(node)
            | RedirectKind::Write(node)
            | RedirectKind::Clobber(node)
            | RedirectKind::Append(node)
            | RedirectKind::ReadWrite(node)
            | RedirectKind::DupInput(node)
            | RedirectKind::DupOutput(node)
            | RedirectKind::WriteBoth(node)
            | RedirectKind::AppendBoth(node)
            | RedirectKind::HereString(node) => word(node, bodies),
        }
    }
}

fn assignment(node: &mut Assignment, bodies: &mut [Word]) {
    node.subscript.iter_mut().for_each(|w| word(w, bodies));
    match &mut node.value {
        AssignValue::Scalar(value) => word(value, bodies),
        AssignValue::Array(elements) => {
            for element in elements {
                match element {
                    ArrayElement::Word(node) => word(node, bodies),
                    ArrayElement::Keyed { subscript, value, .. } => {
                        word(subscript, bodies);
                        word(value, bodies);
                    }
                }
            }
        }
    }
}

fn word(node: &mut Word, bodies: &mut [Word]) {
    parts(&mut node.parts, bodies);
}

fn parts(nodes: &mut [WordPart], bodies: &mut [Word]) {
    for node in nodes {
        match node {
            WordPart::DoubleQuoted(inner) | WordPart::Localized(inner) => parts(inner, bodies),
            WordPart::Param(expansion) => parameter(expansion, bodies),
            // Backquotes have been parsed, and their here-documents placed, on their own.
            WordPart::Command(substitution) if !substitution.backquoted => {
                shared(&mut substitution.body, bodies);
            }
            WordPart::Process { body, .. } => shared(body, bodies),
            WordPart::Arith(node) | WordPart::Subscript(node) => word(node, bodies),
            _ => {}
        }
    }
}

fn parameter(node: &mut ParamExpansion, bodies: &mut [Word]) {
    if let Param::Element(_, Subscript::Index(node)) = &mut node.param {
        word(node, bodies);
    }
    match &mut node.op {
        ParamOp::Default { word: node, .. }
        | ParamOp::Assign { word: node, .. }
        | ParamOp::Error { word: Some(node), .. }
        | ParamOp::Alternative { word: node, .. }
        | ParamOp::RemovePrefix { pattern: node, .. }
        | ParamOp::RemoveSuffix { pattern: node, .. }
        | ParamOp::Case { pattern: Some(node), .. } => word(node, bodies),
        ParamOp::Replace { pattern, replacement, .. } => {
            word(pattern, bodies);
            replacement.iter_mut().for_each(|w| word(w, bodies));
        }
        ParamOp::Slice { offset, length } => {
            word(offset, bodies);
            length.iter_mut().for_each(|w| word(w, bodies));
        }
        _ => {}
    }
}
