//! Judged against bash: one run of it evaluates all expressions of a test.

use std::borrow::Cow;
use std::collections::BTreeMap;

use super::{ArithError, Key, Variables, eval};

#[derive(Default)]
struct Table(BTreeMap<Vec<u8>, Vec<u8>>);

impl Variables for Table {
    fn is_assoc(&self, _name: &[u8]) -> bool {
        false
    }

    fn get(&self, name: &[u8], key: Option<&Key>) -> Result<Option<Cow<'_, [u8]>>, ArithError> {
        Ok(self.0.get(&full(name, key)).map(|value| Cow::Borrowed(value.as_slice())))
    }

    fn set(&mut self, name: &[u8], key: Option<&Key>, value: i64) -> Result<(), ArithError> {
        self.0.insert(full(name, key), value.to_string().into_bytes());
        Ok(())
    }
}

fn full(name: &[u8], key: Option<&Key>) -> Vec<u8> {
    match key {
        None | Some(Key::Index(0)) => name.to_vec(),
        Some(Key::Index(index)) => [name, format!("[{index}]").as_bytes()].concat(),
        Some(Key::Name(key)) => [name, b"[", key, b"]"].concat(),
    }
}

/// What the expression gives here: the value or the message, then the variables x and y.
fn ours(expression: &str) -> String {
    let mut table = Table::default();
    for (name, value) in [("one", "1"), ("ten", "10"), ("sum", "one + ten"), ("bad", "1 +")] {
        table.0.insert(name.into(), value.into());
    }
    table.0.insert("loop".into(), "loop".into());
    let result = match eval(expression.as_bytes(), &mut table) {
        Ok(value) => value.to_string(),
        Err(error) => String::from_utf8_lossy(&error.message).into_owned(),
    };
    let read = |name: &[u8]| {
        table
            .0
            .get(name)
            .map(|value| String::from_utf8_lossy(value).into_owned())
            .unwrap_or_default()
    };
    format!("{result}|{}|{}|{}", read(b"x"), read(b"y"), read(b"a[1]"))
}

#[expect(clippy::disallowed_methods, reason = "bash is the oracle")]
fn bash(expressions: &[String]) -> Vec<String> {
    let mut script = String::from("one=1 ten=10 sum='one + ten' bad='1 +' loop=loop\n");
    for expression in expressions {
        let quoted = expression.replace('\'', r"'\''");
        script.push_str(&format!(
            "( unset x y a; m=$(let '{quoted}' 2>&1); \
               if [ -n \"$m\" ]; then let '{quoted}' 2>/dev/null; m=${{m#*: line }}; m=${{m#*: let: }}; \
               else eval 'm=$(( {quoted} ))'; fi; printf '%s\\036' \"$m|$x|$y|${{a[1]}}\" )\n"
        ));
    }
    let output = std::process::Command::new("bash").arg("-c").arg(script).output().unwrap();
    let text = String::from_utf8_lossy(&output.stdout).into_owned();
    text.split_terminator('\x1e').map(str::to_owned).collect()
}

#[track_caller]
fn agree(expressions: &[&str]) {
    let owned: Vec<String> = expressions.iter().map(|text| (*text).to_owned()).collect();
    let expected = bash(&owned);
    assert_eq!(expected.len(), owned.len(), "bash answered {expected:#?}");
    let differing: Vec<_> = owned
        .iter()
        .map(|expression| (expression, ours(expression)))
        .zip(expected)
        .filter(|((_, ours), expected)| ours != expected)
        .collect();
    assert!(differing.is_empty(), "{differing:#?}");
}

#[test]
fn values() {
    agree(&[
        "1",
        "1+2*3",
        "(1+2)*3",
        "2**10",
        "2**3**2",
        "-2**2",
        "7/2",
        "-7/2",
        "-7%3",
        "7%-3",
        "1<<4",
        "-16>>2",
        "1<<65",
        "5&3",
        "5|3",
        "5^3",
        "~5",
        "!5",
        "!0",
        "!!7",
        "1<2",
        "2<=2",
        "3>4",
        "4>=4",
        "1==1",
        "1!=1",
        "1&&0",
        "1||0",
        "0&&(x=5)",
        "1||(x=5)",
        "1?2:3",
        "0?2:3",
        "0?1:0?2:3",
        "1?x=2:(y=3)",
        "0x1F",
        "017",
        "2#101",
        "16#ff",
        "36#Z",
        "64#@",
        "64#_",
        "37#A",
        "64#Zz",
        "x=5",
        "x=y=3",
        "x+=2",
        "x=7,x%=4",
        "x=1,x<<=3",
        "x=9,x>>=1",
        "x=6,x&=3",
        "x=6,x|=1",
        "x=6,x^=2",
        "x=3,x*=4",
        "x=9,x/=2",
        "x=3,x-=5",
        "x++",
        "++x",
        "x--",
        "--x",
        "x=5,x+++2",
        "x=1,y=x+++x",
        "- -5",
        "+ +5",
        "-+-5",
        "--5",
        "++5",
        "sum",
        "sum*2",
        "ten",
        "undefined",
        "1,2,3",
        "(x=1,x+1)",
        "9223372036854775807+1",
        "-9223372036854775808",
        "9223372036854775808",
        "99999999999999999999",
        "a[1]=5",
        "a[one]=7,a[1]++",
        "a[1]=3,a[a[1]-2]+=4",
        " 1 + 1 ",
        "x = 5",
        "x  ++",
        "1 ? 2 : 3",
        "2 ** 0",
        "0 ** 0",
        "-9223372036854775808/-1",
        "-9223372036854775808%-1",
        "x=5, x ? x : 1",
        "1 - -1",
        "1 - - 1",
        "3-2-1",
        "2*3%4",
        "1<2<3",
        "1|2^3&4",
        "1 == 1 == 1",
        "!1+1",
        "~1+1",
        "x=0,0||x++,x",
        "(((((1)))))",
        "x=1,-x++",
        "10#08",
        "0x",
        "1?1?2:3:4",
    ]);
}

#[test]
fn errors() {
    agree(&[
        "1 +",
        "1 2",
        "+",
        "*2",
        "(1",
        "1)",
        "1 ? 2",
        "1 ? : 2",
        "1 ? 2 :",
        "5=3",
        "x+1=2",
        "08",
        "2#2",
        "65#1",
        "1#0",
        "3#",
        "0x1#2",
        "1/0",
        "1 / 0 + 2",
        "x=1,x/=0",
        "1%0",
        "2**-1",
        "@",
        "1 @ 2",
        "1 $ 2",
        "x y",
        "bad",
        "loop",
        "++",
        "x++ = 5",
        "1 = 2",
        "a[",
        ".5",
        "1.5",
        "(x=3) = 4",
        "x=5 y",
        "1 // 2",
        "'1'",
        "1 ** ",
        "x ==",
        "&& 1",
        "0 && 1/0",
        "1 || 1/0",
        "0 ? 1/0 : 3",
        "16#g",
        "1+(2",
        "x=",
        "!",
        "~",
        "a[1]=2)",
        "{}",
        "x;y",
        "0 && bad",
        "1 ? 2 : bad",
        "12abc",
    ]);
}

#[test]
fn depth_is_bounded() {
    let deep = format!("{}1{}", "(".repeat(100_000), ")".repeat(100_000));
    assert!(ours(&deep).contains("expression recursion level exceeded"));
    let deep = format!("{}1", "-".to_string() + &" -".repeat(100_000));
    assert!(ours(&deep).contains("expression recursion level exceeded"));
    let deep = "1?".repeat(100_000);
    assert!(ours(&deep).contains("expression recursion level exceeded"));
    let deep = "x=".repeat(100_000) + "1";
    assert!(ours(&deep).contains("expression recursion level exceeded"));
    let deep = "2**".repeat(100_000) + "1";
    assert!(ours(&deep).contains("expression recursion level exceeded"));
}
