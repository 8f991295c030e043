//! Random scripts: valid, harmless, ending, the same for the same seed.
//!
//! They use builtins, variables and files of the current directory, and nothing that differs from
//! run to run, so that bash and this shell can run them side by side. The grammar is the templates
//! of `template`, in which `§` and a letter stand for something to be generated ([`Generator::hole`]).
//!
//! Values must not explode in a loop: a value that is assigned refers to one variable at most, and
//! no operator in it makes text longer by more than a constant.

mod template;

use self::template::{
    BARE, COMPOUND, EXTENDED, LENGTHENING, NAMES, OPERANDS, OPERATORS, PATTERNS, REGEXES, SETTINGS,
    SIMPLE, TEXTS,
};
use super::Random;

/// A random script of a few lines.
pub fn script(seed: u64) -> String {
    let mut generator = Generator {
        random: Random::new(seed),
        out: String::new(),
        here_docs: 0,
        value: Value::Free,
        in_function: false,
        in_substitution: false,
        in_quotes: false,
    };
    generator.script();
    generator.out
}

struct Generator {
    random: Random,
    out: String,
    here_docs: usize,
    value: Value,
    in_function: bool,
    /// Bash reads here-documents in substitutions not always as it writes them.
    in_substitution: bool,
    /// Bash expands braces between quotes in quotes.
    in_quotes: bool,
}

/// Whether what is generated is going to be assigned.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Value {
    /// No.
    Free,
    /// Yes, and no variable has been named yet.
    Fresh,
    /// Yes, and one has.
    Used,
}

impl Generator {
    fn script(&mut self) {
        let mut settings = Vec::new();
        for _ in 0..self.random.below(7) {
            settings.push(self.random.pick(SETTINGS));
        }
        // When an unset variable ends a process, bash runs the trap of another there.
        if settings.iter().any(|line| matches!(*line, "set -u" | "set -eu")) {
            settings.retain(|line| !line.ends_with(" EXIT"));
        }
        for line in settings {
            self.put(line);
            self.put("\n");
        }
        for _ in 0..=self.random.below(6) {
            let depth = self.random.below(4);
            self.command(depth);
            self.put("\n");
        }
        if self.random.below(2) == 0 {
            self.put("echo \"$? ${PIPESTATUS[*]} $# $*\"\n");
        }
        if self.random.below(2) == 0 {
            self.put("declare -p a b c x1 r s n 2>/dev/null\n");
        }
    }

    fn put(&mut self, text: &str) {
        self.out.push_str(text);
    }

    /// A template with its holes filled.
    fn fill(&mut self, template: &str, depth: usize) {
        let outer = self.in_substitution;
        self.in_substitution |= ["$(", "<("].iter().any(|opening| template.contains(opening));
        let mut rest = template;
        while let Some((before, after)) = rest.split_once('§') {
            self.put(before);
            let mut letters = after.chars();
            if let Some(letter) = letters.next() {
                self.hole(letter, depth);
            }
            rest = letters.as_str();
        }
        self.put(rest);
        self.in_substitution = outer;
    }

    fn hole(&mut self, letter: char, depth: usize) {
        let inner = depth.saturating_sub(1);
        match letter {
            'c' => self.command(inner),
            'l' => self.list(inner),
            'F' => {
                let outer = std::mem::replace(&mut self.in_function, true);
                self.list(inner);
                self.in_function = outer;
            }
            'w' => self.word(inner),
            // An empty part in quotes beside another one: bash takes it for a character.
            'S' => match self.random.below(3) {
                0 => self.pick(BARE),
                1 => self.reference("$§n"),
                _ => self.reference("\"$§n\""),
            },
            'W' => self.words(inner),
            'v' => self.assigned(|generator| generator.word(inner)),
            'V' => self.assigned(|generator| generator.words(inner)),
            'a' => self.arithmetic(inner.min(2)),
            'h' => self.here_doc(),
            'i' => self.pick(&["0", "1", "2", "3", "-1", "-2", "n", "1+1", "7"]),
            's' => self.pick(&["0", "1", "2", "3"]),
            'b' => self.pick(&["=", "!=", "-eq", "-ne", "-lt", "-ge", "==", "<="]),
            'n' => self.pick(NAMES),
            'k' => self.pick(&["k1", "k2", "$a", "'a b'", "\"$b\""]),
            'f' => self.pick(&["f1", "f2", "f3", "\"f 4\"", "none"]),
            'g' => self.pick(&["f*", "*[12]", "?1", ".*", "f[!1]", "*/", "'f*'", "[[:alpha:]]?"]),
            't' => self.pick(&["foo", "x", "1", "p", "q"]),
            'p' => self.pick(PATTERNS),
            'P' => {
                let extended = self.random.below(3) == 0;
                self.pick(if extended { EXTENDED } else { PATTERNS });
            }
            'x' => self.pick(REGEXES),
            'o' => {
                let operand = self.random.pick(OPERANDS);
                // Bash loses these quotes in braces in substitutions.
                let lost = self.in_substitution && operand.starts_with("$'");
                self.put(if lost { "q" } else { operand });
            }
            'e' => {
                self.pick(&["echo $a", "for q in 1 2; do echo $q; done", "false", "a=1; exit 3"]);
            }
            _ => {}
        }
    }

    fn pick(&mut self, choices: &[&str]) {
        let text = self.random.pick(choices);
        self.put(text);
    }

    /// A value that is going to be assigned.
    fn assigned(&mut self, generate: impl FnOnce(&mut Self)) {
        let outer = self.value;
        if outer == Value::Free {
            self.value = Value::Fresh;
        }
        generate(self);
        self.value = outer;
    }

    /// Whether a variable may be named here.
    fn may_refer(&mut self) -> bool {
        match self.value {
            Value::Free => true,
            Value::Fresh => {
                self.value = Value::Used;
                true
            }
            Value::Used => false,
        }
    }

    fn list(&mut self, depth: usize) {
        for index in 0..=self.random.below(3) {
            if index > 0 {
                self.pick(&["; ", "; ", "\n", " && ", " || "]);
            }
            self.command(depth);
        }
    }

    fn command(&mut self, depth: usize) {
        let compound = depth > 0 && self.random.below(2) == 0;
        if self.in_function && self.random.below(8) == 0 {
            return self.fill("local a=§v b", depth);
        }
        let template = self.random.pick(if compound { COMPOUND } else { SIMPLE });
        self.fill(template, depth);
    }

    fn here_doc(&mut self) {
        if self.in_substitution {
            return self.put(" <<<'h i'");
        }
        self.here_docs += 1;
        let number = self.here_docs;
        let quote = self.random.pick(&["", "", "'", "\""]);
        let text = self.random.pick(TEXTS);
        let body = self.random.pick(&[
            "$a ${b:-\"q\"} \\$c `echo z`",
            "$((1+1)) $(echo s) \"$@\" '$b'",
            "l1\nl2 l3\n",
            "\\\\ \\\n x",
            "${r[@]} ${#a} ${a#?}",
            "a b:c  d",
        ]);
        self.put(&format!(" <<{quote}E{number}{quote}\n{text}{body}\nE{number}\n:"));
    }

    fn words(&mut self, depth: usize) {
        for index in 0..self.random.below(4) {
            if index > 0 {
                self.put(" ");
            }
            self.word(depth);
        }
    }

    fn word(&mut self, depth: usize) {
        for _ in 0..=self.random.below(2) {
            self.part(depth);
        }
    }

    fn part(&mut self, depth: usize) {
        match self.random.below(if depth == 0 { 13 } else { 16 }) {
            0 | 1 => {
                let text = self.random.pick(BARE);
                self.put(if self.in_quotes { text.trim_start_matches('{') } else { text });
            }
            2 => {
                let text = self.random.pick(TEXTS);
                self.put(&format!("'{text}'"));
            }
            3 => {
                let text = self.random.pick(TEXTS).replace('\\', "\\\\");
                self.put(&format!("\"{text}\""));
            }
            4 => self.pick(&["$'a\\tb'", "$'\\x41'", "$'it\\'s'", "\\ ", "\\\\", "$'\\n'"]),
            5 => self.reference("$§n"),
            6 => self.reference("\"$§n\""),
            7 => self.reference_one_of(&[
                "\"$@\"",
                "$*",
                "$@",
                "\"$*\"",
                "$1",
                "\"${2-}\"",
                "${@:2}",
                "\"${r[@]}\"",
                "${r[*]}",
                "\"${r[*]}\"",
                "${r[§i]}",
                "${m[§k]}",
                "\"${s[@]}\"",
                "\"${r[*]#§o}\"",
                "\"${@%§o}\"",
                "${r[@]:1}",
                "\"p${r[@]}s\"",
            ]),
            8 => self.pick(&["$#", "$?", "${#a}", "${#r[@]}", "${#m[@]}", "${#x1}", "$n"]),
            9 | 10 => self.expansion(depth, ""),
            11 | 12 => self.expansion(depth, "\""),
            13 => self.fill("$( §l )", depth),
            14 => self.fill("$((§a))", depth),
            _ => self.fill("\"§t$( §l )\"", depth),
        }
    }

    fn reference(&mut self, template: &str) {
        if self.may_refer() {
            self.fill(template, 0);
        } else {
            self.put("v");
        }
    }

    fn reference_one_of(&mut self, templates: &[&str]) {
        let template = self.random.pick(templates);
        self.reference(template);
    }

    /// `${name…}`, in quotes or not.
    fn expansion(&mut self, depth: usize, quote: &str) {
        if !self.may_refer() {
            return self.put("u");
        }
        let lengthening = self.value == Value::Free && self.random.below(4) == 0;
        let operator = self.random.pick(if lengthening { LENGTHENING } else { OPERATORS });
        self.put(quote);
        self.put("${");
        self.pick(NAMES);
        let outer = self.in_quotes;
        self.in_quotes |= !quote.is_empty();
        self.fill(operator, depth);
        self.in_quotes = outer;
        self.put("}");
        self.put(quote);
    }

    fn arithmetic(&mut self, depth: usize) {
        let operand = self.random.pick(&[
            "1",
            "2",
            "0",
            "0x1f",
            "010",
            "n",
            "n",
            "-1",
            "!0",
            "${#a}",
            "r[0]",
            "~n",
            "(3)",
            "n++",
            "--n",
            "$#",
            "2#101",
            "(n=4)",
            "+n",
            "r[n]",
            "${r[1]:-5}",
        ]);
        self.put(operand);
        if depth > 0 && self.random.below(2) == 0 {
            self.pick(&[
                " + ", " - ", " * ", " / ", " % ", " << ", " >> ", " & ", " | ", " ^ ", " && ",
                " || ", " < ", " >= ", " == ", " != ", ", ", " ? 5 : ", " ** 2 + ",
            ]);
            self.arithmetic(depth - 1);
        }
    }
}
