//! Random scripts: valid, harmless, ending, the same for the same seed.
//!
//! They use only `echo`, `printf`, `true`, `false`, `:`, variables and files below the current
//! directory, so that bash and this shell can run them side by side.

use super::Random;

/// A random script of a few lines.
pub fn script(seed: u64) -> String {
    let mut generator = Generator { random: Random::new(seed), out: String::new(), here_docs: 0 };
    for _ in 0..=generator.random.below(4) {
        generator.list(3);
        generator.out.push('\n');
    }
    generator.out
}

struct Generator {
    random: Random,
    out: String,
    here_docs: usize,
}

const NAMES: [&str; 4] = ["a", "b", "c", "x1"];
const TEXTS: [&str; 12] =
    ["foo", "bar", "a b", "*", "é", "1", "07", "x=y", "-n", "~", "{p,q}", "a:b"];

impl Generator {
    fn put(&mut self, text: &str) {
        self.out.push_str(text);
    }

    fn list(&mut self, depth: usize) {
        for index in 0..=self.random.below(2) {
            if index > 0 {
                let separator = self.random.pick(&["; ", "\n", " && ", " || "]);
                self.put(separator);
            }
            self.pipeline(depth);
        }
    }

    fn pipeline(&mut self, depth: usize) {
        if self.random.below(8) == 0 {
            self.put("! ");
        }
        self.command(depth);
        if self.random.below(6) == 0 {
            self.put(" | ");
            self.put("{ read -r c; echo \"<$c>\"; }");
        }
    }

    fn command(&mut self, depth: usize) {
        if depth == 0 || self.random.below(3) > 0 {
            return self.simple(depth);
        }
        match self.random.below(9) {
            0 => self.wrap("if ", &["; then ", "; else "], "; fi", depth),
            1 => self.wrap("{ ", &[], "; }", depth),
            2 => self.wrap("( ", &[], " )", depth),
            3 => {
                self.put("for b in ");
                self.word(depth - 1);
                self.put(" ");
                self.word(depth - 1);
                self.wrap("; do ", &[], "; done", depth);
            }
            4 => {
                self.put("case ");
                self.word(depth - 1);
                self.put(" in f*|\"a b\") ");
                self.list(depth - 1);
                let end = self.random.pick(&[";;", ";&", ";;&"]);
                self.put(end);
                self.put(" (*) ");
                self.list(depth - 1);
                self.put(";; esac");
            }
            5 => {
                self.put("f() ");
                self.wrap("{ ", &[], "; }; f", depth);
            }
            6 => {
                self.put("[[ ");
                self.word(depth - 1);
                let operator = self.random.pick(&[" == ", " != ", " < ", " > "]);
                self.put(operator);
                self.word(depth - 1);
                self.put(" ]]");
            }
            7 => {
                self.put("(( ");
                self.arithmetic(depth);
                self.put(" ))");
            }
            _ => self.wrap("for ((i=0; i<2; i++)); do ", &[], "; done", depth),
        }
    }

    /// Lists with fixed text around and between them.
    fn wrap(&mut self, open: &str, between: &[&str], close: &str, depth: usize) {
        self.put(open);
        self.list(depth - 1);
        for text in between {
            self.put(text);
            self.list(depth - 1);
        }
        self.put(close);
    }

    fn simple(&mut self, depth: usize) {
        match self.random.below(9) {
            0 => self.assignment(depth),
            1 => {
                let command = self.random.pick(&["true", "false", ":"]);
                self.put(command);
            }
            2 => {
                self.put("printf '[%s]\\n'");
                self.words(depth);
            }
            3 => {
                self.put("a=(");
                self.words(depth);
                self.put(" ); echo \"${#a[@]}\" \"${a[@]}\"");
            }
            4 => {
                self.put("echo");
                self.words(depth);
                let redirect = self.random.pick(&[" >&2 2>/dev/null", " 2>&1", " >/dev/null"]);
                self.put(redirect);
            }
            5 => self.here_doc(depth),
            _ => {
                self.put("echo");
                self.words(depth);
            }
        }
    }

    fn assignment(&mut self, depth: usize) {
        let name = self.random.pick(&NAMES);
        self.put(name);
        let operator = self.random.pick(&["=", "=", "+="]);
        self.put(operator);
        self.word(depth);
    }

    fn here_doc(&mut self, depth: usize) {
        self.here_docs += 1;
        let delimiter = format!("E{}", self.here_docs);
        let quote = self.random.pick(&["", "'", "\""]);
        let body = format!("{} $a ${{b:-\"q\"}} \\$c `echo z`\n", self.random.pick(&TEXTS));
        self.put(&format!("while read -r c; do echo \"$c\"; done <<{quote}{delimiter}{quote}\n"));
        self.put(&body);
        self.put(&delimiter);
        self.put("\n");
        self.put("echo");
        self.words(depth);
    }

    fn words(&mut self, depth: usize) {
        for _ in 0..=self.random.below(3) {
            self.put(" ");
            self.word(depth);
        }
    }

    fn word(&mut self, depth: usize) {
        for _ in 0..=self.random.below(2) {
            self.part(depth);
        }
    }

    fn part(&mut self, depth: usize) {
        let text = self.random.pick(&TEXTS);
        let name = self.random.pick(&NAMES);
        match self.random.below(if depth == 0 { 7 } else { 11 }) {
            0 => self.put(&format!("'{text}'")),
            1 => self.put(&format!("\"{text}\"")),
            2 => self.put(&format!("${name}")),
            3 => self.put(&format!("\"${name}\"")),
            4 => self.put(&format!("$'\\x41{}\\n'", text.len())),
            5 => self.put("\\ "),
            6 => self.put("w"),
            7 => self.expansion(depth),
            8 => self.wrap("$( ", &[], ")", depth),
            9 => {
                self.put("$((");
                self.arithmetic(depth - 1);
                self.put("))");
            }
            _ => {
                self.put("\"");
                self.expansion(depth);
                self.put("\"");
            }
        }
    }

    fn expansion(&mut self, depth: usize) {
        let name = self.random.pick(&NAMES);
        let operators = [
            "#", "##", "%", "%%", "/", "//", ":-", "-", ":+", "+", ":=", "^", "^^", ",", ",,",
            "@Q", ":1", ":0:2", "",
        ];
        let operator = self.random.pick(&operators);
        if self.random.below(6) == 0 {
            self.put(&format!("${{#{name}}}"));
            return;
        }
        self.put(&format!("${{{name}{operator}"));
        if matches!(operator, "#" | "##" | "%" | "%%" | "/" | "//" | ":-" | "-" | ":+" | "+" | ":=")
        {
            let word = self.random.pick(&["f", "o*", "?", "[a-f]", "'q'", "\"r s\"", "$a"]);
            self.put(word);
            if operator.starts_with('/') {
                self.put("/");
                self.word(depth - 1);
            }
        }
        self.put("}");
    }

    fn arithmetic(&mut self, depth: usize) {
        let operand = self.random.pick(&["1", "2", "0x1f", "i", "(3)", "-1", "!0", "${#a}"]);
        self.put(operand);
        if depth > 0 && self.random.below(2) == 0 {
            let operators = ["+", "-", "*", "<<", "&", "|", "^", "&&", "||", "<", "==", ","];
            let operator = self.random.pick(&operators);
            self.put(&format!(" {operator} "));
            self.arithmetic(depth - 1);
        }
    }
}
