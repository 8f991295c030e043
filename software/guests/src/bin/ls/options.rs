//! The command line of `ls`.

use std::ffi::{OsStr, OsString};
use std::io::IsTerminal;

use agentos_guest::{print, quote, usage};
use lexopt::Arg;

const HELP: &str = "Usage: ls [OPTION]... [FILE]...
List information about the FILEs (the current directory by default).

  -a, --all                  do not ignore entries starting with .
  -A, --almost-all           do not list implied . and ..
  -b, --escape               print C-style escapes for nongraphic characters
  -B, --ignore-backups       do not list implied entries ending with ~
  -c                         with -lt: sort by, and show, ctime
  -C                         list entries by columns
  -d, --directory            list directories themselves, not their contents
  -f                         list all entries in directory order
  -F, --classify             append indicator (one of */=>@|) to entries
  -g                         like -l, but do not list owner
  -G, --no-group             in a long listing, don't print group names
  -h, --human-readable       with -l and -s, print sizes like 1K 234M 2G
  -H                         follow symbolic links on the command line
  -i, --inode                print the index number of each file
  -I, --ignore=PATTERN       do not list implied entries matching PATTERN
  -k, --kibibytes            1024-byte blocks for disk usage
  -l                         use a long listing format
  -L, --dereference          show information for what a link leads to
  -m                         fill width with a comma separated list of entries
  -n, --numeric-uid-gid      like -l, but list numeric user and group IDs
  -N, --literal              print entry names without quoting
  -o                         like -l, but do not list group information
  -p                         append / indicator to directories
  -q, --hide-control-chars   print ? instead of nongraphic characters
  -Q, --quote-name           enclose entry names in double quotes
  -r, --reverse              reverse order while sorting
  -R, --recursive            list subdirectories recursively
  -s, --size                 print the allocated size of each file, in blocks
  -S                         sort by file size, largest first
  -t                         sort by time, newest first
  -u                         with -lt: sort by, and show, access time
  -U                         do not sort; list entries in directory order
  -v                         natural sort of (version) numbers within text
  -w, --width=COLS           set output width to COLS
  -x                         list entries by lines instead of by columns
  -X                         sort alphabetically by entry extension
  -1                         list one file per line
      --color[=WHEN]         color the output: always, auto or never
      --full-time            like -l --time-style=full-iso
      --group-directories-first
      --sort=WORD  --time=WORD  --format=WORD  --time-style=STYLE  --zero
";

#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Format {
    Long,
    Single,
    Columns,
    Across,
    Commas,
}

#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Sort {
    Name,
    None,
    Size,
    Time,
    Extension,
    Version,
}

#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Hidden {
    Left,
    AlmostAll,
    All,
}

#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Quoting {
    Literal,
    Question,
    Escape,
    Double,
    Shell,
}

#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Mark {
    None,
    Slash,
    FileType,
    Classify,
}

pub(super) struct Options {
    pub(super) format: Format,
    pub(super) sort: Sort,
    pub(super) reverse: bool,
    pub(super) hidden: Hidden,
    pub(super) ignored: Vec<glob::Pattern>,
    pub(super) no_backups: bool,
    pub(super) time: char,
    pub(super) directory: bool,
    pub(super) recursive: bool,
    pub(super) dereference: bool,
    pub(super) dereference_named: bool,
    pub(super) quoting: Quoting,
    pub(super) mark: Mark,
    pub(super) owner: bool,
    pub(super) group: bool,
    pub(super) numeric: bool,
    pub(super) human: Option<u64>,
    pub(super) inode: bool,
    pub(super) blocks: bool,
    pub(super) width: usize,
    pub(super) color: bool,
    pub(super) time_style: String,
    pub(super) directories_first: bool,
    pub(super) zero: bool,
}

pub(super) fn arguments(name: &'static str) -> (Options, Vec<OsString>) {
    let terminal = std::io::stdout().is_terminal();
    let columns = std::env::var("COLUMNS").ok().and_then(|text| text.parse().ok());
    let mut options = Options {
        format: match name {
            "dir" => Format::Columns,
            "vdir" => Format::Long,
            _ if terminal => Format::Columns,
            _ => Format::Single,
        },
        sort: Sort::Name,
        reverse: false,
        hidden: Hidden::Left,
        ignored: Vec::new(),
        no_backups: false,
        time: 'm',
        directory: false,
        recursive: false,
        dereference: false,
        dereference_named: false,
        quoting: match name {
            "ls" if terminal => Quoting::Shell,
            "ls" => Quoting::Literal,
            _ => Quoting::Escape,
        },
        mark: Mark::None,
        owner: true,
        group: true,
        numeric: false,
        human: None,
        inode: false,
        blocks: false,
        width: columns.unwrap_or(80),
        color: false,
        time_style: std::env::var("TIME_STYLE").unwrap_or_default(),
        directories_first: false,
        zero: false,
    };
    let (mut files, mut sorted, mut long) = (Vec::new(), false, false);
    let mut parser = lexopt::Parser::from_env();
    let trouble = |message: &str| -> ! { usage(name, 2, message) };
    loop {
        let argument = match parser.next() {
            Ok(None) => break,
            Ok(Some(argument)) => argument,
            Err(error) => trouble(&error.to_string()),
        };
        match argument {
            Arg::Value(file) => files.push(file),
            Arg::Short('a') | Arg::Long("all") => options.hidden = Hidden::All,
            Arg::Short('A') | Arg::Long("almost-all") => options.hidden = Hidden::AlmostAll,
            Arg::Short('b') | Arg::Long("escape") => options.quoting = Quoting::Escape,
            Arg::Short('B') | Arg::Long("ignore-backups") => options.no_backups = true,
            Arg::Short('c') => options.time = 'c',
            Arg::Short('C') => options.format = Format::Columns,
            Arg::Short('d') | Arg::Long("directory") => options.directory = true,
            Arg::Short('f') => {
                (options.hidden, options.sort, sorted) = (Hidden::All, Sort::None, true);
            }
            Arg::Short('F') => options.mark = Mark::Classify,
            Arg::Long("classify") => {
                let when = parser.optional_value().unwrap_or_else(|| "always".into());
                if wanted(&when, terminal).unwrap_or_else(|| invalid(name, "--classify", &when)) {
                    options.mark = Mark::Classify;
                }
            }
            Arg::Long("file-type") => options.mark = Mark::FileType,
            Arg::Short('g') => (options.owner, long) = (false, true),
            Arg::Short('G') | Arg::Long("no-group") => options.group = false,
            Arg::Short('h') | Arg::Long("human-readable") => options.human = Some(1024),
            Arg::Long("si") => options.human = Some(1000),
            Arg::Short('H') | Arg::Long("dereference-command-line") => {
                options.dereference_named = true;
            }
            Arg::Short('i') | Arg::Long("inode") => options.inode = true,
            Arg::Short('I') | Arg::Long("ignore" | "hide") => {
                let text = value(name, &mut parser);
                match glob::Pattern::new(&text) {
                    Ok(pattern) => options.ignored.push(pattern),
                    Err(error) => trouble(&format!("invalid pattern '{text}': {error}")),
                }
            }
            Arg::Short('k') | Arg::Long("kibibytes") => {}
            Arg::Short('l') => long = true,
            Arg::Short('L') | Arg::Long("dereference") => options.dereference = true,
            Arg::Short('m') => options.format = Format::Commas,
            Arg::Short('n') | Arg::Long("numeric-uid-gid") => {
                (options.numeric, long) = (true, true)
            }
            Arg::Short('N') | Arg::Long("literal") => options.quoting = Quoting::Literal,
            Arg::Short('o') => (options.group, long) = (false, true),
            Arg::Short('p') => options.mark = Mark::Slash,
            Arg::Short('q') | Arg::Long("hide-control-chars") => {
                options.quoting = Quoting::Question
            }
            Arg::Long("show-control-chars") => options.quoting = Quoting::Literal,
            Arg::Short('Q') | Arg::Long("quote-name") => options.quoting = Quoting::Double,
            Arg::Short('r') | Arg::Long("reverse") => options.reverse = true,
            Arg::Short('R') | Arg::Long("recursive") => options.recursive = true,
            Arg::Short('s') | Arg::Long("size") => options.blocks = true,
            Arg::Short('S') => (options.sort, sorted) = (Sort::Size, true),
            Arg::Short('t') => (options.sort, sorted) = (Sort::Time, true),
            Arg::Short('u') => options.time = 'a',
            Arg::Short('U') => (options.sort, sorted) = (Sort::None, true),
            Arg::Short('v') => (options.sort, sorted) = (Sort::Version, true),
            Arg::Short('w' | 'T') | Arg::Long("width" | "tabsize") => {
                let text = value(name, &mut parser);
                let Ok(width) = text.parse() else {
                    trouble(&format!("invalid line width: '{text}'"));
                };
                options.width = width;
            }
            Arg::Short('x') => options.format = Format::Across,
            Arg::Short('X') => (options.sort, sorted) = (Sort::Extension, true),
            Arg::Short('1') => {
                if options.format != Format::Long {
                    options.format = Format::Single;
                }
            }
            Arg::Short('Z') | Arg::Long("context") => {
                trouble("there are no security contexts here")
            }
            Arg::Long("color") => {
                let when = parser.optional_value().unwrap_or_else(|| "always".into());
                options.color =
                    wanted(&when, terminal).unwrap_or_else(|| invalid(name, "--color", &when));
            }
            Arg::Long("full-time") => {
                long = true;
                options.time_style = "full-iso".to_owned();
            }
            Arg::Long("time-style") => options.time_style = value(name, &mut parser),
            Arg::Long("group-directories-first") => options.directories_first = true,
            Arg::Long("zero") => {
                (options.zero, options.format) = (true, Format::Single);
                options.quoting = Quoting::Literal;
            }
            Arg::Long("sort") => {
                let word = value(name, &mut parser);
                sorted = true;
                options.sort = match word.as_str() {
                    "none" => Sort::None,
                    "name" => Sort::Name,
                    "size" => Sort::Size,
                    "time" => Sort::Time,
                    "extension" => Sort::Extension,
                    "version" => Sort::Version,
                    _ => invalid(name, "--sort", OsStr::new(&word)),
                };
            }
            Arg::Long("time") => {
                let word = value(name, &mut parser);
                options.time = match word.as_str() {
                    "atime" | "access" | "use" => 'a',
                    "ctime" | "status" => 'c',
                    "mtime" | "modification" => 'm',
                    _ => invalid(name, "--time", OsStr::new(&word)),
                };
            }
            Arg::Long("format") => {
                let word = value(name, &mut parser);
                options.format = match word.as_str() {
                    "long" | "verbose" => Format::Long,
                    "single-column" => Format::Single,
                    "vertical" => Format::Columns,
                    "across" | "horizontal" => Format::Across,
                    "commas" => Format::Commas,
                    _ => invalid(name, "--format", OsStr::new(&word)),
                };
            }
            Arg::Long("help") => {
                print(name, HELP.as_bytes());
                std::process::exit(0)
            }
            Arg::Short(letter) => trouble(&format!("invalid option -- '{letter}'")),
            Arg::Long(word) => trouble(&format!("unrecognized option '--{word}'")),
        }
        if long {
            options.format = Format::Long;
            long = false;
        }
    }
    // Asking for a time without `-l` asks to sort by it.
    if options.time != 'm' && !sorted && options.format != Format::Long {
        options.sort = Sort::Time;
    }
    (options, files)
}

fn value(name: &str, parser: &mut lexopt::Parser) -> String {
    match parser.value() {
        Ok(word) => word.to_string_lossy().into_owned(),
        Err(error) => usage(name, 2, &error.to_string()),
    }
}

fn wanted(when: &OsStr, terminal: bool) -> Option<bool> {
    match when.to_str()? {
        "always" | "yes" | "force" => Some(true),
        "never" | "no" | "none" => Some(false),
        "auto" | "tty" | "if-tty" => Some(terminal),
        _ => None,
    }
}

fn invalid(name: &str, option: &str, word: &OsStr) -> ! {
    usage(name, 2, &format!("invalid argument {} for '{option}'", quote(word)))
}
