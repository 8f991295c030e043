//! `stat`: what is known of files and filesystems. Our own, as uutils' needs a Unix.
//!
//! GNU's options `-L -f -t -c --printf`, and its directives with flags, width and precision.

use std::ffi::{OsStr, OsString};
use std::os::wasi::ffi::OsStrExt;

use agentos_guest::fs::{self, S_IFLNK, Stat, StatFs};
use agentos_guest::{print, quote, strerror, usage};
use lexopt::Arg;

const NAME: &str = "stat";
const HELP: &str = "Usage: stat [OPTION]... FILE...
Display file or file system status.

  -L, --dereference     follow links
  -f, --file-system     display file system status instead of file status
  -c, --format=FORMAT   use the specified FORMAT instead of the default;
                          output a newline after each use of FORMAT
      --printf=FORMAT   like --format, but interpret backslash escapes,
                          and do not output a mandatory trailing newline
  -t, --terse           print the information in terse form
";
const FILE: &str = "  File: %N\n  Size: %-10s\tBlocks: %-10b IO Block: %-6o %F\n\
    Device: %Hd,%Ld\tInode: %-11i Links: %h\n\
    Access: (%04a/%10.10A)  Uid: (%5u/%8U)   Gid: (%5g/%8G)\n\
    Access: %x\nModify: %y\nChange: %z\n Birth: %w\n";
const FILE_TERSE: &str = "%n %s %b %f %u %g %D %i %h %t %T %X %Y %Z %W %o\n";
const FILESYSTEM: &str = "  File: \"%n\"\n    ID: %-8i Namelen: %-7l Type: %T\n\
    Block size: %-10s Fundamental block size: %S\n\
    Blocks: Total: %-10b Free: %-10f Available: %a\nInodes: Total: %-10c Free: %d\n";
const FILESYSTEM_TERSE: &str = "%n %i %l %t %s %S %b %f %a %c %d\n";

#[derive(Default)]
struct Options {
    follow: bool,
    filesystem: bool,
    terse: bool,
    format: Option<String>,
    escapes: bool,
}

fn main() {
    agentos_guest::enter_directory(NAME);
    let (mut options, mut files) = (Options::default(), Vec::new());
    let mut parser = lexopt::Parser::from_env();
    loop {
        match parser.next() {
            Ok(None) => break,
            Ok(Some(Arg::Value(file))) => files.push(file),
            Ok(Some(Arg::Short('L') | Arg::Long("dereference"))) => options.follow = true,
            Ok(Some(Arg::Short('f') | Arg::Long("file-system"))) => options.filesystem = true,
            Ok(Some(Arg::Short('t') | Arg::Long("terse"))) => options.terse = true,
            Ok(Some(Arg::Short('c') | Arg::Long("format"))) => {
                options.format = Some(value(&mut parser) + "\n");
                options.escapes = false;
            }
            Ok(Some(Arg::Long("printf"))) => {
                options.format = Some(value(&mut parser));
                options.escapes = true;
            }
            Ok(Some(Arg::Long("help"))) => {
                print(NAME, HELP.as_bytes());
                std::process::exit(0)
            }
            Ok(Some(Arg::Short(letter))) => {
                usage(NAME, 1, &format!("invalid option -- '{letter}'"))
            }
            Ok(Some(Arg::Long(word))) => usage(NAME, 1, &format!("unrecognized option '--{word}'")),
            Err(error) => usage(NAME, 1, &error.to_string()),
        }
    }
    if files.is_empty() {
        usage(NAME, 1, "missing operand");
    }
    let mut failed = false;
    for file in &files {
        failed |= !show(&options, file);
    }
    std::process::exit(failed.into())
}

fn value(parser: &mut lexopt::Parser) -> String {
    match parser.value() {
        Ok(word) => word.to_string_lossy().into_owned(),
        Err(error) => usage(NAME, 1, &error.to_string()),
    }
}

/// Shows one file; whether that was possible.
fn show(options: &Options, file: &OsString) -> bool {
    let default = match (options.filesystem, options.terse) {
        (false, false) => FILE,
        (false, true) => FILE_TERSE,
        (true, false) => FILESYSTEM,
        (true, true) => FILESYSTEM_TERSE,
    };
    let format = options.format.as_deref().unwrap_or(default);
    let is_default = options.format.is_none();
    let failed = |what: &str, error: &std::io::Error| {
        eprintln!("{NAME}: {what} {}: {}", quote(file), strerror(error));
        false
    };
    let text = if options.filesystem {
        match fs::statfs(file) {
            Ok(stat) => {
                fill(format, options.escapes, |directive| of_filesystem(directive, file, &stat))
            }
            Err(error) => return failed("cannot read file system information for", &error),
        }
    } else {
        match fs::stat(file, options.follow) {
            Ok(stat) => fill(format, options.escapes, |directive| {
                of_file(directive, file, &stat, is_default)
            }),
            Err(error) => return failed("cannot statx", &error),
        }
    };
    print(NAME, &text);
    true
}

/// One directive: `%-10s` has the letter `s`, `%Hd` the letter `d` and the modifier `H`.
struct Directive {
    letter: u8,
    modifier: u8,
}

/// Replaces the directives of a format.
fn fill(format: &str, escapes: bool, value: impl Fn(&Directive) -> Vec<u8>) -> Vec<u8> {
    let (bytes, mut out, mut at) = (format.as_bytes(), Vec::new(), 0);
    let byte = |at: usize| bytes.get(at).copied().unwrap_or(0);
    while at < bytes.len() {
        match byte(at) {
            b'\\' if escapes => at = escape(bytes, at, &mut out),
            b'%' => {
                let start = at;
                at += 1;
                while matches!(byte(at), b'-' | b'0' | b'+' | b' ' | b'#' | b'\'') {
                    at += 1;
                }
                let flags = &bytes[start + 1..at];
                let number = |at: &mut usize| {
                    let from = *at;
                    while byte(*at).is_ascii_digit() {
                        *at += 1;
                    }
                    format[from..*at].parse::<usize>().ok()
                };
                let width = number(&mut at).unwrap_or(0).min(1 << 16);
                let mut precision = None;
                if byte(at) == b'.' {
                    at += 1;
                    precision = Some(number(&mut at).unwrap_or(0));
                }
                let modifier = if matches!(byte(at), b'H' | b'L') { byte(at) } else { 0 };
                at += usize::from(modifier != 0);
                let letter = byte(at);
                at += 1;
                if letter == b'%' || letter == 0 {
                    out.push(b'%');
                    continue;
                }
                let mut text = value(&Directive { letter, modifier });
                if let Some(precision) = precision {
                    text.truncate(precision);
                }
                let pad = width.saturating_sub(text.len());
                if flags.contains(&b'-') {
                    out.extend(text);
                    out.extend(std::iter::repeat_n(b' ', pad));
                } else {
                    let zero = flags.contains(&b'0') && text.iter().all(u8::is_ascii_hexdigit);
                    out.extend(std::iter::repeat_n(if zero { b'0' } else { b' ' }, pad));
                    out.extend(text);
                }
            }
            other => {
                out.push(other);
                at += 1;
            }
        }
    }
    out
}

/// A backslash escape at `at`; where it ends.
fn escape(bytes: &[u8], at: usize, out: &mut Vec<u8>) -> usize {
    let Some(letter) = bytes.get(at + 1) else {
        out.push(b'\\');
        return at + 1;
    };
    let known = b"abefnrtv\\\"".iter().position(|known| known == letter);
    if let Some(known) = known {
        out.push(b"\x07\x08\x1b\x0c\n\r\t\x0b\\\""[known]);
        return at + 2;
    }
    let digits = |from: usize, most: usize, radix: u32| {
        let rest = bytes[from..].iter().take(most);
        rest.take_while(|digit| (**digit as char).is_digit(radix)).count()
    };
    let (from, count, radix) = match letter {
        b'x' => (at + 2, digits(at + 2, 2, 16), 16),
        _ => (at + 1, digits(at + 1, 3, 8), 8),
    };
    if count == 0 {
        out.extend([b'\\', *letter]);
        return at + 2;
    }
    let text = String::from_utf8_lossy(&bytes[from..from + count]).into_owned();
    out.push((u32::from_str_radix(&text, radix).unwrap_or(0) & 0xff) as u8);
    from + count
}

fn major(dev: u64) -> u64 {
    (dev >> 8 & 0xfff) | (dev >> 32 & !0xfff)
}

fn minor(dev: u64) -> u64 {
    (dev & 0xff) | (dev >> 12 & !0xff)
}

fn device(directive: &Directive, dev: u64) -> u64 {
    match directive.modifier {
        b'H' => major(dev),
        b'L' => minor(dev),
        _ => dev,
    }
}

fn of_file(directive: &Directive, file: &OsStr, stat: &Stat, is_default: bool) -> Vec<u8> {
    let seconds = |time: i64| time.div_euclid(1_000_000_000).to_string();
    let name =
        |table: &str, id: u32| fs::name_of(table, id).unwrap_or_else(|| "UNKNOWN".to_owned());
    let text = match directive.letter {
        b'a' => format!("{:o}", stat.mode & 0o7777),
        b'A' => fs::symbolic(stat.mode),
        b'b' => stat.blocks.to_string(),
        b'B' => "512".to_owned(),
        b'd' => device(directive, stat.dev).to_string(),
        b'D' => format!("{:x}", stat.dev),
        b'f' => format!("{:x}", stat.mode),
        b'F' => kind(stat).to_owned(),
        b'g' => stat.gid.to_string(),
        b'G' => name("/etc/group", stat.gid),
        b'h' => stat.nlink.to_string(),
        b'i' => stat.ino.to_string(),
        b'm' => mount_point(file, stat),
        b'n' => return file.as_bytes().to_vec(),
        b'N' => return quoted(file, stat, is_default),
        b'o' => "4096".to_owned(),
        b's' => stat.size.to_string(),
        b'r' => device(directive, stat.rdev).to_string(),
        b'R' => format!("{:x}", stat.rdev),
        b't' => format!("{:x}", major(stat.rdev)),
        b'T' => format!("{:x}", minor(stat.rdev)),
        b'u' => stat.uid.to_string(),
        b'U' => name("/etc/passwd", stat.uid),
        // No birth is kept.
        b'w' => "-".to_owned(),
        b'W' => "0".to_owned(),
        b'x' => fs::date(stat.atime),
        b'X' => seconds(stat.atime),
        b'y' => fs::date(stat.mtime),
        b'Y' => seconds(stat.mtime),
        b'z' => fs::date(stat.ctime),
        b'Z' => seconds(stat.ctime),
        _ => "?".to_owned(),
    };
    text.into_bytes()
}

fn kind(stat: &Stat) -> &'static str {
    match stat.kind() {
        fs::S_IFDIR => "directory",
        S_IFLNK => "symbolic link",
        0o020_000 => "character special file",
        0o060_000 => "block special file",
        0o010_000 => "fifo",
        0o140_000 => "socket",
        _ if stat.size == 0 => "regular empty file",
        _ => "regular file",
    }
}

/// A name, and where a symbolic link leads to; between quotes but in the default format.
fn quoted(file: &OsStr, stat: &Stat, bare: bool) -> Vec<u8> {
    let show =
        |name: &OsStr| if bare { name.as_bytes().to_vec() } else { quote(name).into_bytes() };
    let mut text = show(file);
    if stat.kind() == S_IFLNK
        && let Ok(target) = std::fs::read_link(file)
    {
        text.extend(b" -> ");
        text.extend(show(target.as_os_str()));
    }
    text
}

/// The topmost directory on the same filesystem.
fn mount_point(file: &OsStr, stat: &Stat) -> String {
    let Ok(mut path) = std::fs::canonicalize(file) else { return "?".to_owned() };
    while let Some(above) = path.parent() {
        match fs::stat(above.as_os_str(), true) {
            Ok(other) if other.dev == stat.dev => path = above.to_path_buf(),
            _ => break,
        }
    }
    path.display().to_string()
}

fn of_filesystem(directive: &Directive, file: &OsStr, stat: &StatFs) -> Vec<u8> {
    let text = match directive.letter {
        b'a' | b'f' => stat.blocks_free.to_string(),
        b'b' => stat.blocks.to_string(),
        b'c' => stat.files.to_string(),
        b'd' => stat.files_free.to_string(),
        b'i' => "0".to_owned(),
        b'l' => stat.name_max.to_string(),
        b'n' => return file.as_bytes().to_vec(),
        b's' | b'S' => stat.block_size.to_string(),
        b't' => "1021994".to_owned(),
        b'T' => "tmpfs".to_owned(),
        _ => "?".to_owned(),
    };
    text.into_bytes()
}
