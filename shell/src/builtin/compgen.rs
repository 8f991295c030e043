//! `compgen`: what a specification of `complete` generates for a word.

use super::complete::Spec;
use super::lossy;
use crate::env::{Ifs, SET_OPTIONS, SHOPTS, Shopt};
use crate::exec::Outcome;
use crate::pattern::{Pattern, PatternOptions};
use crate::shell::Shell;
use crate::syntax::ast::{CommandSub, Subscript, Word, WordPart};
use crate::sys::Deep;

/// Bash's reserved words, in its order.
pub(super) const KEYWORDS: [&str; 22] = [
    "if", "then", "else", "elif", "fi", "case", "esac", "for", "select", "while", "until", "do",
    "done", "in", "function", "time", "{", "}", "!", "[[", "]]", "coproc",
];

pub(super) fn compgen<'a>(shell: &'a mut Shell, args: &'a [Vec<u8>]) -> Deep<'a, Outcome<u8>> {
    Deep::new(async move {
        let options = match shell.options(args, "abcdefgjksuvo:A:G:W:F:C:X:P:S:") {
            Ok(options) => options,
            Err(status) => return Ok(status),
        };
        let spec = match Spec::from_options(shell, &options) {
            Ok(spec) => spec,
            Err(status) => return Ok(status),
        };
        let word = args.get(options.used).cloned().unwrap_or_default();
        if spec.function.is_some() {
            shell.complain("warning: -F option may not work as you expect");
        }
        if spec.command.is_some() {
            shell.complain("warning: -C option may not work as you expect");
        }
        let found = generate(shell, &spec, &word).await?;
        for candidate in &found {
            shell.print([&candidate[..], b"\n"].concat());
        }
        Ok(u8::from(found.is_empty()))
    })
}

/// All candidates, in the order of bash's manual: actions, `-G`, `-W`, `-F`, `-C`; then `-X`, `-P`
/// and `-S` change them.
async fn generate(shell: &mut Shell, spec: &Spec, word: &[u8]) -> Outcome<Vec<Vec<u8>>> {
    let mut found: Vec<Vec<u8>> = Vec::new();
    for action in &spec.actions {
        found.extend(candidates(shell, action, word).unwrap_or_default());
    }
    found.retain(|candidate| candidate.starts_with(word));
    if let Some(pattern) = &spec.glob {
        found.extend(globbed(shell, pattern).await?);
    }
    if let Some(list) = &spec.words {
        let words = words(shell, list).await?;
        found.extend(words.into_iter().filter(|candidate| candidate.starts_with(word)));
    }
    if let Some(function) = &spec.function {
        found.extend(called(shell, function, word).await?);
    }
    if let Some(command) = &spec.command {
        found.extend(printed(shell, command, word).await?);
    }
    if let Some(filter) = &spec.filter {
        exclude(shell, filter, word, &mut found);
    }
    let around = |candidate: Vec<u8>| {
        let prefix = spec.prefix.as_deref().unwrap_or_default();
        [prefix, &candidate, spec.suffix.as_deref().unwrap_or_default()].concat()
    };
    Ok(found.into_iter().map(around).collect())
}

fn literal(text: &[u8]) -> Word {
    Word { parts: vec![WordPart::Literal(text.into())], span: crate::syntax::Span::default() }
}

async fn globbed(shell: &mut Shell, pattern: &[u8]) -> Outcome<Vec<Vec<u8>>> {
    let mut paths = shell.expand_args(&[literal(pattern)]).await?;
    paths.retain(|path| path != pattern || shell.sys.stat(path).is_ok());
    Ok(paths)
}

/// The words of `-W`, split as `IFS` says outside of quotes, then expanded.
async fn words(shell: &mut Shell, list: &[u8]) -> Outcome<Vec<Vec<u8>>> {
    let ifs = shell.env.ifs();
    let mut words = Vec::new();
    for field in fields(list, &ifs) {
        if !field.iter().any(|byte| b"$`'\"\\".contains(byte)) {
            words.push(field);
            continue;
        }
        let text = [b"a[", &field[..], b"]"].concat();
        match crate::syntax::parse_reference(&text) {
            Some((_, Some(Subscript::Index(word)))) => {
                // What an expansion brings is split; blanks that stand there are not.
                let quoted = matches!(word.parts.as_slice(), [WordPart::Literal(_)]);
                if quoted {
                    words.push(shell.expand_word(&word).await?);
                } else {
                    words.extend(shell.expand_args(&[word]).await?);
                }
            }
            _ => words.push(field),
        }
    }
    Ok(words)
}

fn fields(list: &[u8], ifs: &Ifs) -> Vec<Vec<u8>> {
    let (mut fields, mut field) = (Vec::new(), Vec::new());
    let mut quote = None;
    let mut depth = 0_u32;
    let mut bytes = list.iter().copied();
    while let Some(byte) = bytes.next() {
        match (byte, quote) {
            (b'\\', None | Some(b'"')) => {
                field.push(byte);
                field.extend(bytes.next());
                continue;
            }
            (b'\'' | b'"' | b'`', None) => quote = Some(byte),
            (_, Some(open)) if byte == open => quote = None,
            (b'(' | b'{', None) if field.last() == Some(&b'$') || depth > 0 => depth += 1,
            (b')' | b'}', None) => depth = depth.saturating_sub(1),
            _ => {}
        }
        if quote.is_none() && depth == 0 && ifs.contains(byte) {
            fields.push(std::mem::take(&mut field));
        } else {
            field.push(byte);
        }
    }
    fields.push(field);
    fields.retain(|field| !field.is_empty());
    fields
}

/// What a function leaves in `COMPREPLY`.
async fn called(shell: &mut Shell, name: &[u8], word: &[u8]) -> Outcome<Vec<Vec<u8>>> {
    let Some(function) = shell.env.function(name).cloned() else {
        shell.complain(format!("{}: function not found", lossy(name)));
        return Ok(Vec::new());
    };
    let _ = shell.env.unset(b"COMPREPLY");
    let outer = shell.builtin.take();
    shell.env.push_function();
    let args = vec![b"compgen".to_vec(), word.to_vec(), Vec::new()];
    let result = Deep::new(shell.call_function(&function, name, args)).await;
    shell.env.pop_scope();
    shell.builtin = outer;
    result?;
    let reply = shell.env.variable(b"COMPREPLY");
    let values = reply.map(|reply| reply.values().into_iter().map(<[u8]>::to_vec).collect());
    Ok(values.unwrap_or_default())
}

/// The lines that a command prints.
async fn printed(shell: &mut Shell, command: &[u8], word: &[u8]) -> Outcome<Vec<Vec<u8>>> {
    let arguments = [&b"compgen"[..], word, b""].map(crate::expand::quote::single).join(&b' ');
    let text = [command, b" ", &arguments].concat();
    let Ok(list) = crate::syntax::parse(&text) else { return Ok(Vec::new()) };
    let part = WordPart::Command(CommandSub {
        body: std::sync::Arc::new(list),
        backquoted: false,
        raw: None,
        span: crate::syntax::Span::default(),
    });
    let word = Word { parts: vec![part], span: crate::syntax::Span::default() };
    let output = Deep::new(shell.expand_word(&word)).await?;
    let lines = output.split(|byte| *byte == b'\n').filter(|line| !line.is_empty());
    Ok(lines.map(<[u8]>::to_vec).collect())
}

/// `-X`: a pattern of what goes, or with `!` of what stays; `&` is the word.
fn exclude(shell: &Shell, filter: &[u8], word: &[u8], found: &mut Vec<Vec<u8>>) {
    let (filter, stays) = match filter.strip_prefix(b"!") {
        Some(filter) => (filter, true),
        None => (filter, false),
    };
    let mut text = Vec::new();
    let mut bytes = filter.iter().copied().peekable();
    while let Some(byte) = bytes.next() {
        match byte {
            b'\\' if bytes.next_if_eq(&b'&').is_some() => text.push(b'&'),
            b'&' => text.extend_from_slice(word),
            byte => text.push(byte),
        }
    }
    let extglob = shell.env.shopt(Shopt::Extglob);
    let nocase = shell.env.shopt(Shopt::Nocasematch);
    let options = PatternOptions { extglob, nocase, period: false };
    let pattern = Pattern::unquoted(&text, options);
    found.retain(|candidate| pattern.matches(candidate) == stays);
}

/// Whether `-A` knows the action.
pub(super) fn is_action(shell: &mut Shell, action: &str) -> bool {
    candidates(shell, action, b"").is_some()
}

fn candidates(shell: &mut Shell, action: &str, word: &[u8]) -> Option<Vec<Vec<u8>>> {
    let bytes = |name: &str| name.as_bytes().to_vec();
    Some(match action {
        "alias" => shell.env.aliases.keys().map(|name| name.to_vec()).collect(),
        "builtin" | "enabled" => super::TABLE.iter().map(|row| bytes(row.name)).collect(),
        "command" => {
            let mut all = candidates(shell, "alias", word)?;
            for action in ["keyword", "function", "builtin"] {
                all.extend(candidates(shell, action, word)?);
            }
            all.extend(in_path(shell));
            all
        }
        "directory" | "file" => files(shell, word, action == "directory"),
        "export" | "variable" | "arrayvar" => {
            let wanted = |variable: &crate::env::Variable| match action {
                "export" => variable.has(crate::env::Attrs::EXPORT),
                "arrayvar" => variable.is_array(),
                _ => variable.is_set(),
            };
            let all = shell.env.variables.sorted();
            all.into_iter().filter(|(_, v)| wanted(v)).map(|(name, _)| name.to_vec()).collect()
        }
        "function" => shell.env.functions.keys().map(|name| name.to_vec()).collect(),
        "keyword" => KEYWORDS.iter().map(|name| bytes(name)).collect(),
        "job" => shell.jobs.list.iter().map(|job| job.command.clone()).collect(),
        "setopt" => SET_OPTIONS.iter().map(|row| bytes(row.1)).collect(),
        "shopt" => SHOPTS.iter().map(|row| bytes(row.1)).collect(),
        "signal" => {
            kernel::Signal::ALL.iter().map(|s| bytes(&format!("SIG{}", s.name()))).collect()
        }
        "helptopic" => super::TABLE.iter().map(|row| bytes(row.name)).collect(),
        "user" => vec![bytes("root")],
        "group" | "hostname" | "service" | "running" | "stopped" | "disabled" | "binding" => {
            Vec::new()
        }
        _ => return None,
    })
}

fn in_path(shell: &mut Shell) -> Vec<Vec<u8>> {
    let path = shell.env.get(b"PATH").map(|path| path.into_owned()).unwrap_or_default();
    let mut all = Vec::new();
    for directory in path.split(|byte| *byte == b':') {
        let listed = shell.sys.with(|kernel, pid| kernel.read_dir(pid, directory));
        for entry in listed.unwrap_or_default() {
            if shell.sys.is_executable(&[directory, b"/", &entry.name].concat()) {
                all.push(entry.name.to_vec());
            }
        }
    }
    all
}

fn files(shell: &mut Shell, word: &[u8], only_dirs: bool) -> Vec<Vec<u8>> {
    let (directory, last) = match word.iter().rposition(|byte| *byte == b'/') {
        Some(at) => word.split_at(at + 1),
        None => (&b""[..], word),
    };
    let place: &[u8] = if directory.is_empty() { b"." } else { directory };
    let listed = shell.sys.with(|kernel, pid| kernel.read_dir(pid, place)).unwrap_or_default();
    let mut all: Vec<Vec<u8>> = listed
        .into_iter()
        .filter(|entry| entry.name.starts_with(last))
        .filter(|entry| !entry.name.starts_with(b".") || last.starts_with(b"."))
        .map(|entry| [directory, &entry.name].concat())
        .filter(|path| !only_dirs || shell.sys.is_dir(path))
        .collect();
    all.sort();
    all
}
