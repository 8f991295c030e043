//! `ps`: the processes of the sandbox, as `/proc` shows them.
//!
//! POSIX's `-A -a -e -f -l -o -p -u`, and BSD's `a`, `u`, `x`. Without an option, the processes of the
//! caller's user: there is seldom a terminal to choose them by.

use std::time::SystemTime;

use agentos_guest::{fs, print, usage};

const NAME: &str = "ps";
/// `_SC_CLK_TCK`, in which `/proc/PID/stat` counts time.
const TICKS: u64 = 100;

#[derive(Default, Clone)]
struct Process {
    pid: u32,
    ppid: u32,
    pgid: u32,
    sid: u32,
    uid: u32,
    state: String,
    comm: String,
    args: String,
    ticks: u64,
    start: u64,
    vsize: u64,
    rss: u64,
}

/// A column: its key, its heading (empty hides it), and whether it is flush right.
struct Column {
    key: String,
    heading: String,
}

const SHORT: &str = "pid,tty,time,comm";
const FULL: &str = "user,pid,ppid,c,stime,tty,time,args";
const LONG: &str = "s,uid,pid,ppid,c,pri,ni,sz,tty,time,comm";
const USER: &str = "user,pid,pcpu,pmem,vsz,rss,tty,stat,stime,time,args";
const HEADINGS: [(&str, &str); 36] = [
    ("pid", "PID"),
    ("ppid", "PPID"),
    ("pgid", "PGID"),
    ("pgrp", "PGRP"),
    ("sid", "SID"),
    ("sess", "SESS"),
    ("user", "USER"),
    ("euser", "EUSER"),
    ("ruser", "RUSER"),
    ("uname", "USER"),
    ("uid", "UID"),
    ("euid", "EUID"),
    ("tty", "TTY"),
    ("tt", "TT"),
    ("tname", "TTY"),
    ("time", "TIME"),
    ("cputime", "TIME"),
    ("etime", "ELAPSED"),
    ("etimes", "ELAPSED"),
    ("stime", "STIME"),
    ("start", "STARTED"),
    ("comm", "COMMAND"),
    ("ucmd", "CMD"),
    ("args", "COMMAND"),
    ("cmd", "CMD"),
    ("command", "COMMAND"),
    ("s", "S"),
    ("state", "S"),
    ("stat", "STAT"),
    ("c", "C"),
    ("pcpu", "%CPU"),
    ("pmem", "%MEM"),
    ("vsz", "VSZ"),
    ("rss", "RSS"),
    ("ni", "NI"),
    ("pri", "PRI"),
];

fn main() {
    let (mut all, mut columns, mut headed) = (false, Vec::new(), true);
    let (mut pids, mut users): (Vec<u32>, Vec<u32>) = (Vec::new(), Vec::new());
    let mut words = std::env::args_os().skip(1).map(|word| word.to_string_lossy().into_owned());
    while let Some(word) = words.next() {
        let (letters, dashed) = match word.strip_prefix('-') {
            Some("-help") => {
                print(NAME, b"Usage: ps [-AaeflwH] [-o FORMAT] [-p PIDS] [-u USERS] [aux]\n");
                return;
            }
            Some("-no-headers" | "-no-heading") => {
                headed = false;
                continue;
            }
            Some(letters) => (letters.to_owned(), true),
            None => (word.clone(), false),
        };
        let mut rest = letters.char_indices();
        while let Some((at, letter)) = rest.next() {
            let mut value = || {
                let attached = &letters[at + letter.len_utf8()..];
                let value =
                    if attached.is_empty() { words.next() } else { Some(attached.to_owned()) };
                value.unwrap_or_else(|| usage(NAME, 1, &format!("option -{letter} needs a value")))
            };
            match letter {
                'A' | 'e' | 'a' | 'x' | 'd' => all = true,
                'f' if dashed => columns = chosen(FULL),
                'l' => columns = chosen(LONG),
                'u' if !dashed => {
                    all = true;
                    columns = chosen(USER);
                }
                'w' | 'H' | 'f' | 'T' | 'j' => {}
                'h' => headed = false,
                'o' | 'O' => {
                    columns.extend(chosen(&value()));
                    break;
                }
                'p' | 'q' => {
                    pids.extend(
                        value().split([',', ' ']).filter_map(|pid| pid.parse::<u32>().ok()),
                    );
                    all = true;
                    break;
                }
                'u' | 'U' => {
                    users.extend(value().split([',', ' ']).filter_map(uid));
                    all = true;
                    break;
                }
                digit if digit.is_ascii_digit() && !dashed => {
                    pids.extend(letters.parse::<u32>().ok());
                    all = true;
                    break;
                }
                _ => usage(NAME, 1, &format!("unsupported option '{word}'")),
            }
        }
    }
    if columns.is_empty() {
        columns = chosen(SHORT);
        if let Some(last) = columns.last_mut() {
            last.heading = "CMD".to_owned();
        }
    }
    let own = fs::ids().map_or(0, |(uid, _)| uid);
    let mut processes = processes();
    processes.retain(|process| {
        (all || process.uid == own)
            && (pids.is_empty() || pids.contains(&process.pid))
            && (users.is_empty() || users.contains(&process.uid))
    });
    show(&processes, &columns, headed);
    std::process::exit(processes.is_empty().into())
}

fn uid(text: &str) -> Option<u32> {
    text.parse().ok().or_else(|| {
        let table = std::fs::read_to_string("/etc/passwd").ok()?;
        let row = table.lines().find(|row| row.split(':').next() == Some(text))?;
        row.split(':').nth(2)?.parse().ok()
    })
}

/// The columns of a format: `pid,comm=NAME`.
fn chosen(format: &str) -> Vec<Column> {
    let mut columns = Vec::new();
    let mut rest = format;
    while !rest.is_empty() {
        let end = rest.find([',', ' ', '=']).unwrap_or(rest.len());
        let (key, after) = rest.split_at(end);
        let Some((_, known)) = HEADINGS.iter().chain(&[("sz", "SZ")]).find(|(name, _)| {
            *name == key || (*name == "pcpu" && key == "%cpu") || (*name == "pmem" && key == "%mem")
        }) else {
            usage(NAME, 1, &format!("unknown user-defined format specifier \"{key}\""));
        };
        let (heading, after) = match after.strip_prefix('=') {
            // A heading of one's own goes to the end of the word.
            Some(own) => (own.to_owned(), ""),
            None => ((*known).to_owned(), after.trim_start_matches([',', ' '])),
        };
        columns.push(Column { key: key.to_owned(), heading });
        rest = after;
    }
    columns
}

fn processes() -> Vec<Process> {
    let mut all: Vec<Process> = std::fs::read_dir("/proc")
        .into_iter()
        .flatten()
        .flatten()
        .filter_map(|entry| read(entry.file_name().to_str()?.parse().ok()?))
        .collect();
    all.sort_by_key(|process| process.pid);
    all
}

/// What `/proc` says of a process; none when it has ended meanwhile.
fn read(pid: u32) -> Option<Process> {
    let stat = std::fs::read_to_string(format!("/proc/{pid}/stat")).ok()?;
    let (open, close) = (stat.find('(')?, stat.rfind(')')?);
    let fields: Vec<&str> = stat[close + 1..].split_ascii_whitespace().collect();
    let number = |at: usize| fields.get(at).and_then(|text| text.parse::<u64>().ok()).unwrap_or(0);
    let comm = stat[open + 1..close].to_owned();
    let line = std::fs::read(format!("/proc/{pid}/cmdline")).unwrap_or_default();
    let args = String::from_utf8_lossy(&line).trim_end_matches('\0').replace('\0', " ");
    let status = std::fs::read_to_string(format!("/proc/{pid}/status")).unwrap_or_default();
    let uid = status.lines().find_map(|line| line.strip_prefix("Uid:"));
    let uid = uid.and_then(|rest| rest.split_ascii_whitespace().next()?.parse().ok()).unwrap_or(0);
    Some(Process {
        pid,
        ppid: number(1) as u32,
        pgid: number(2) as u32,
        sid: number(3) as u32,
        uid,
        state: fields.first().unwrap_or(&"?").to_string(),
        args: if args.is_empty() { format!("[{comm}]") } else { args },
        comm,
        ticks: number(11) + number(12),
        start: number(19),
        vsize: number(20),
        rss: number(21),
    })
}

/// Seconds since the sandbox was started.
fn uptime() -> u64 {
    let text = std::fs::read_to_string("/proc/uptime").unwrap_or_default();
    let seconds = text.split_ascii_whitespace().next().and_then(|text| text.parse::<f64>().ok());
    seconds.unwrap_or(0.0) as u64
}

fn cell(process: &Process, key: &str, now: u64) -> String {
    let clock = |seconds: u64| {
        format!("{:02}:{:02}:{:02}", seconds / 3600, seconds / 60 % 60, seconds % 60)
    };
    let age = now.saturating_sub(process.start / TICKS);
    match key {
        "pid" => process.pid.to_string(),
        "ppid" => process.ppid.to_string(),
        "pgid" | "pgrp" => process.pgid.to_string(),
        "sid" | "sess" => process.sid.to_string(),
        "user" | "euser" | "ruser" | "uname" => {
            fs::name_of("/etc/passwd", process.uid).unwrap_or_else(|| process.uid.to_string())
        }
        "uid" | "euid" => process.uid.to_string(),
        "time" | "cputime" => clock(process.ticks / TICKS),
        "etimes" => age.to_string(),
        "etime" if age < 3600 => format!("{:02}:{:02}", age / 60, age % 60),
        "etime" => clock(age),
        "stime" | "start" => {
            let since = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH);
            let started = since.map_or(0, |since| since.as_secs()).saturating_sub(age);
            fs::date(i64::try_from(started).unwrap_or(0) * 1_000_000_000)[11..16].to_owned()
        }
        "comm" | "ucmd" => process.comm.clone(),
        "args" | "cmd" | "command" => process.args.clone(),
        "s" | "state" | "stat" => process.state.clone(),
        "c" | "ni" => "0".to_owned(),
        "pri" => "20".to_owned(),
        "pcpu" | "pmem" | "%cpu" | "%mem" => "0.0".to_owned(),
        "vsz" => (process.vsize / 1024).to_string(),
        "sz" => (process.vsize / 4096).to_string(),
        "rss" => (process.rss * 4).to_string(),
        _ => "?".to_owned(),
    }
}

fn show(processes: &[Process], columns: &[Column], headed: bool) {
    let now = uptime();
    let rows: Vec<Vec<String>> = processes
        .iter()
        .map(|process| columns.iter().map(|column| cell(process, &column.key, now)).collect())
        .collect();
    let width = |at: usize| {
        let cells = rows.iter().map(|row| row[at].chars().count());
        let heading = columns[at].heading.chars().count();
        // Wide enough that columns of different runs stand below each other.
        let least = match columns[at].key.as_str() {
            "pid" | "ppid" | "pgid" | "pgrp" | "sid" | "sess" => 7,
            "tty" | "tt" | "tname" | "user" | "uname" => 8,
            _ => 0,
        };
        cells.max().unwrap_or(0).max(heading).max(least)
    };
    let line = |cells: &mut dyn Iterator<Item = &str>| {
        let mut text = String::new();
        for (at, cell) in cells.enumerate() {
            let key = columns[at].key.as_str();
            let left = matches!(
                key,
                "user"
                    | "euser"
                    | "ruser"
                    | "uname"
                    | "tty"
                    | "tt"
                    | "tname"
                    | "comm"
                    | "ucmd"
                    | "args"
                    | "cmd"
                    | "command"
                    | "s"
                    | "state"
                    | "stat"
                    | "stime"
            );
            if at > 0 {
                text.push(' ');
            }
            if at + 1 == columns.len() && left {
                text.push_str(cell);
            } else if left {
                text.push_str(&format!("{cell:<0$}", width(at)));
            } else {
                text.push_str(&format!("{cell:>0$}", width(at)));
            }
        }
        text.push('\n');
        print(NAME, text.as_bytes());
    };
    if headed && columns.iter().any(|column| !column.heading.is_empty()) {
        line(&mut columns.iter().map(|column| column.heading.as_str()));
    }
    for row in &rows {
        line(&mut row.iter().map(String::as_str));
    }
}
