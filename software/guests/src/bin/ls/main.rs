//! `ls`, `dir` and `vdir`: what is in directories. Our own, as uutils' has no modes and no owners here.
//!
//! POSIX's options and GNU's frequent ones; names in the order of their bytes, as in C.UTF-8; times in
//! UTC. Not here: SELinux contexts, hyperlinks, dired.

mod options;
mod text;

use std::cmp::Ordering;
use std::ffi::{OsStr, OsString};
use std::os::wasi::ffi::OsStrExt;
use std::path::{Path, PathBuf};
use std::time::SystemTime;

use agentos_guest::fs::{self, S_IFDIR, S_IFLNK, Stat};
use agentos_guest::{print, quote, strerror};

use options::{Format, Hidden, Mark, Options, Quoting, Sort, arguments};
use text::{color, escaped, extension, human, indent, shell_quoted, version};

struct Entry {
    name: OsString,
    path: PathBuf,
    stat: Stat,
}

struct Lister {
    options: Options,
    name: &'static str,
    status: i32,
    now: i64,
    printed: bool,
}

fn main() {
    let called = std::env::args_os().next().unwrap_or_default();
    let name = match Path::new(&called).file_name().and_then(OsStr::to_str) {
        Some("dir") => "dir",
        Some("vdir") => "vdir",
        _ => "ls",
    };
    agentos_guest::enter_directory(name);
    let (options, files) = arguments(name);
    let now = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default();
    let now = i64::try_from(now.as_nanos()).unwrap_or(i64::MAX);
    let mut lister = Lister { options, name, status: 0, now, printed: false };
    lister.list(files);
    std::process::exit(lister.status)
}

impl Lister {
    fn list(&mut self, mut names: Vec<OsString>) {
        if names.is_empty() {
            names.push(".".into());
        }
        let several = names.len() > 1;
        let (mut files, mut directories) = (Vec::new(), Vec::new());
        for name in names {
            let path = PathBuf::from(&name);
            match self.stat_named(&path) {
                Ok(stat) if stat.kind() == S_IFDIR && !self.options.directory => {
                    directories.push(Entry { name, path, stat });
                }
                Ok(stat) => files.push(Entry { name, path, stat }),
                Err(error) => {
                    self.complain(2, &format!("cannot access {}", quote(&name)), &error);
                }
            }
        }
        self.sort(&mut files);
        self.sort(&mut directories);
        if !files.is_empty() {
            self.show(&files, &directories);
            self.printed = true;
        }
        let headed = several || self.options.recursive;
        for directory in directories {
            self.directory(&directory.path, headed, 2, &mut vec![identity(&directory.stat)]);
        }
    }

    /// A link on the command line is followed to a directory, unless the entry itself is asked for.
    fn stat_named(&self, path: &Path) -> std::io::Result<Stat> {
        let options = &self.options;
        let link = fs::stat(path.as_os_str(), false)?;
        if link.kind() != S_IFLNK {
            return Ok(link);
        }
        if options.dereference || options.dereference_named {
            return fs::stat(path.as_os_str(), true);
        }
        let shows_links =
            options.format == Format::Long || options.directory || options.mark == Mark::Classify;
        if shows_links {
            return Ok(link);
        }
        let target = fs::stat(path.as_os_str(), true);
        Ok(target.ok().filter(|stat| stat.kind() == S_IFDIR).unwrap_or(link))
    }

    fn directory(&mut self, path: &Path, headed: bool, trouble: i32, above: &mut Vec<(u64, u64)>) {
        let names = match names(path) {
            Ok(names) => names,
            Err(error) => {
                let what = format!("cannot open directory {}", quote(path.as_os_str()));
                return self.complain(trouble, &what, &error);
            }
        };
        if headed {
            let before = if self.printed { "\n" } else { "" };
            let title = self.quoted(path.as_os_str());
            print(self.name, &[before.as_bytes(), &title, b":\n"].concat());
        }
        self.printed = true;
        let mut entries = Vec::new();
        for name in names {
            if !self.is_listed(&name) {
                continue;
            }
            let path = path.join(&name);
            let follow = self.options.dereference;
            let stat = fs::stat(path.as_os_str(), follow);
            // A link that leads nowhere is shown itself.
            let stat = stat.or_else(|error| match fs::stat(path.as_os_str(), false) {
                Ok(stat) if stat.kind() == S_IFLNK => Ok(stat),
                _ => Err(error),
            });
            match stat {
                Ok(stat) => entries.push(Entry { name, path, stat }),
                Err(error) => {
                    let what = format!("cannot access {}", quote(path.as_os_str()));
                    self.complain(1, &what, &error);
                }
            }
        }
        self.sort(&mut entries);
        if self.options.format == Format::Long || self.options.blocks {
            let blocks: u64 = entries.iter().map(|entry| entry.stat.blocks).sum();
            print(self.name, format!("total {}\n", self.block_size(blocks)).as_bytes());
        }
        self.show(&entries, &[]);
        if !self.options.recursive {
            return;
        }
        for entry in entries {
            let is_dot = entry.name == "." || entry.name == "..";
            if entry.stat.kind() != S_IFDIR || is_dot {
                continue;
            }
            let id = identity(&entry.stat);
            if above.contains(&id) {
                let shown = entry.path.display();
                eprintln!("{}: {shown}: not listing already-listed directory", self.name);
                self.status = 2;
                continue;
            }
            above.push(id);
            self.directory(&entry.path, true, 1, above);
            above.pop();
        }
    }

    fn is_listed(&self, name: &OsStr) -> bool {
        let (bytes, options) = (name.as_bytes(), &self.options);
        match options.hidden {
            Hidden::All => {}
            Hidden::AlmostAll if bytes == b"." || bytes == b".." => return false,
            Hidden::AlmostAll => {}
            Hidden::Left if bytes.starts_with(b".") => return false,
            Hidden::Left => {}
        }
        if options.no_backups && bytes.ends_with(b"~") {
            return false;
        }
        let text = name.to_string_lossy();
        !options.ignored.iter().any(|pattern| pattern.matches(&text))
    }

    fn time(&self, stat: &Stat) -> i64 {
        match self.options.time {
            'a' => stat.atime,
            'c' => stat.ctime,
            _ => stat.mtime,
        }
    }

    fn sort(&self, entries: &mut [Entry]) {
        let by_name = |a: &Entry, b: &Entry| a.name.as_bytes().cmp(b.name.as_bytes());
        let compare = |a: &Entry, b: &Entry| -> Ordering {
            let order = match self.options.sort {
                Sort::None => return Ordering::Equal,
                Sort::Name => Ordering::Equal,
                Sort::Size => b.stat.size.cmp(&a.stat.size),
                Sort::Time => self.time(&b.stat).cmp(&self.time(&a.stat)),
                Sort::Extension => extension(&a.name).cmp(extension(&b.name)),
                Sort::Version => version(a.name.as_bytes(), b.name.as_bytes()),
            };
            let order = order.then_with(|| by_name(a, b));
            if self.options.reverse { order.reverse() } else { order }
        };
        entries.sort_by(compare);
        if self.options.sort == Sort::None && self.options.reverse {
            entries.reverse();
        }
        if self.options.directories_first {
            entries.sort_by_key(|entry| {
                let follows = fs::stat(entry.path.as_os_str(), true);
                !follows.is_ok_and(|stat| stat.kind() == S_IFDIR)
            });
        }
    }

    fn complain(&mut self, status: i32, what: &str, error: &std::io::Error) {
        eprintln!("{}: {what}: {}", self.name, strerror(error));
        self.status = self.status.max(status);
    }

    /// Blocks of 512 bytes in those of 1,024 that GNU counts in.
    fn block_size(&self, blocks: u64) -> String {
        match self.options.human {
            Some(unit) => human(blocks * 512, unit),
            None => blocks.div_ceil(2).to_string(),
        }
    }

    /// Shows entries; the columns of a long listing are as wide as `others` need them, too.
    fn show(&self, entries: &[Entry], others: &[Entry]) {
        match self.options.format {
            Format::Long => self.show_long(entries, others),
            Format::Single => {
                let end: &[u8] = if self.options.zero { b"\0" } else { b"\n" };
                let widths = self.front_widths(entries);
                for entry in entries {
                    print(
                        self.name,
                        &[&self.front(entry, widths)[..], &self.label(entry), end].concat(),
                    );
                }
            }
            Format::Commas => self.show_commas(entries),
            Format::Columns | Format::Across => self.show_columns(entries),
        }
    }

    /// How wide inode numbers and blocks are.
    fn front_widths(&self, entries: &[Entry]) -> (usize, usize) {
        let widest = |text: &dyn Fn(&Entry) -> String| {
            entries.iter().map(|entry| text(entry).len()).max().unwrap_or(0)
        };
        (
            widest(&|entry| entry.stat.ino.to_string()),
            widest(&|entry| self.block_size(entry.stat.blocks)),
        )
    }

    fn front(&self, entry: &Entry, (inode, blocks): (usize, usize)) -> Vec<u8> {
        let mut text = String::new();
        if self.options.inode {
            text.push_str(&format!("{:>inode$} ", entry.stat.ino));
        }
        if self.options.blocks {
            text.push_str(&format!("{:>blocks$} ", self.block_size(entry.stat.blocks)));
        }
        text.into_bytes()
    }

    fn show_long(&self, entries: &[Entry], others: &[Entry]) {
        let size = |entry: &Entry| match (entry.stat.kind(), self.options.human) {
            (0o020_000 | 0o060_000, _) => {
                format!("{}, {}", entry.stat.rdev >> 8 & 0xfff, entry.stat.rdev & 0xff)
            }
            (_, Some(unit)) => human(entry.stat.size, unit),
            _ => entry.stat.size.to_string(),
        };
        let id = |table: &str, id: u32| match self.options.numeric {
            true => id.to_string(),
            false => fs::name_of(table, id).unwrap_or_else(|| id.to_string()),
        };
        let rows: Vec<[String; 5]> = entries
            .iter()
            .chain(others)
            .map(|entry| {
                [
                    entry.stat.nlink.to_string(),
                    id("/etc/passwd", entry.stat.uid),
                    id("/etc/group", entry.stat.gid),
                    size(entry),
                    self.date(self.time(&entry.stat)),
                ]
            })
            .collect();
        let width =
            |column: usize| rows.iter().map(|row| row[column].chars().count()).max().unwrap_or(0);
        let widths = [0, 1, 2, 3, 4].map(width);
        let front = self.front_widths(entries);
        for (entry, [links, owner, group, size, date]) in entries.iter().zip(&rows) {
            let mut line = self.front(entry, front);
            line.extend(fs::symbolic(entry.stat.mode).bytes());
            line.extend(format!(" {links:>0$}", widths[0]).bytes());
            if self.options.owner {
                line.extend(format!(" {owner:<0$}", widths[1]).bytes());
            }
            if self.options.group {
                line.extend(format!(" {group:<0$}", widths[2]).bytes());
            }
            line.extend(format!(" {size:>0$} {date:>1$} ", widths[3], widths[4]).bytes());
            line.extend(self.label(entry));
            if entry.stat.kind() == S_IFLNK
                && let Ok(target) = std::fs::read_link(&entry.path)
            {
                line.extend(b" -> ");
                line.extend(self.quoted(target.as_os_str()));
                if self.options.mark == Mark::Classify
                    && let Ok(stat) = fs::stat(entry.path.as_os_str(), true)
                {
                    line.extend(self.indicator(&stat));
                }
            }
            line.push(if self.options.zero { 0 } else { b'\n' });
            print(self.name, &line);
        }
    }

    fn date(&self, time: i64) -> String {
        let date = fs::date(time);
        let (day, clock) = (&date[..10], &date[11..16]);
        match self.options.time_style.trim_start_matches("posix-") {
            "full-iso" => return date,
            "long-iso" => return format!("{day} {clock}"),
            style => {
                const HALF_A_YEAR: i64 = 31_556_952 / 2 * 1_000_000_000;
                let recent = time <= self.now && time > self.now - HALF_A_YEAR;
                if style == "iso" {
                    return if recent {
                        format!("{} {clock}", &day[5..])
                    } else {
                        format!("{day} ")
                    };
                }
                const MONTHS: &[u8] = b"JanFebMarAprMayJunJulAugSepOctNovDec";
                let month = day[5..7].parse::<usize>().unwrap_or(1).clamp(1, 12) * 3 - 3;
                let month = String::from_utf8_lossy(&MONTHS[month..month + 3]).into_owned();
                let number = day[8..10].trim_start_matches('0');
                if recent {
                    format!("{month} {number:>2} {clock}")
                } else {
                    format!("{month} {number:>2}  {}", &day[..4])
                }
            }
        }
    }

    fn show_commas(&self, entries: &[Entry]) {
        let (mut line, mut column) = (Vec::new(), 0);
        for (at, entry) in entries.iter().enumerate() {
            let mut label = self.front(entry, (0, 0));
            label.extend(self.label(entry));
            let width = self.width_of(&label);
            if at > 0 {
                line.extend(b",");
                if column + width + 3 > self.options.width {
                    line.extend(b"\n");
                    column = 0;
                } else {
                    line.extend(b" ");
                    column += 2;
                }
            }
            column += width;
            line.extend(label);
        }
        if !line.is_empty() {
            line.extend(b"\n");
        }
        print(self.name, &line);
    }

    fn show_columns(&self, entries: &[Entry]) {
        let front = self.front_widths(entries);
        let cells: Vec<Vec<u8>> = entries
            .iter()
            .map(|entry| [self.front(entry, front), self.label(entry)].concat())
            .collect();
        let widths: Vec<usize> = cells.iter().map(|cell| self.width_of(cell)).collect();
        if cells.is_empty() {
            return;
        }
        let across = self.options.format == Format::Across;
        let line = if self.options.width == 0 { usize::MAX } else { self.options.width };
        // As many columns as fit, two blanks between them.
        let layout = |columns: usize| -> Option<(usize, Vec<usize>)> {
            let rows = cells.len().div_ceil(columns);
            let mut wide = vec![0; columns];
            for (at, width) in widths.iter().enumerate() {
                let column = if across { at % columns } else { at / rows };
                wide[column] = wide[column].max(*width + 2);
            }
            let total: usize = wide.iter().sum();
            (columns == 1 || total <= line.saturating_add(2).saturating_sub(1))
                .then_some((rows, wide))
        };
        let most = cells.len().min(line / 3 + 1).max(1);
        let Some((columns, (rows, wide))) =
            (1..=most).rev().find_map(|columns| Some((columns, layout(columns)?)))
        else {
            return;
        };
        for row in 0..rows {
            let mut text = Vec::new();
            let (mut column, mut end) = (0, 0);
            let mut from = 0;
            while column < columns {
                let at = if across { row * columns + column } else { column * rows + row };
                if at >= cells.len() {
                    break;
                }
                // GNU moves to a column with tabs where they lead there.
                indent(&mut text, end, from);
                text.extend(&cells[at]);
                end = from + widths[at];
                from += wide[column];
                column += 1;
            }
            text.push(b'\n');
            print(self.name, &text);
        }
    }

    /// Characters of a label as they are shown: colours take no room.
    fn width_of(&self, label: &[u8]) -> usize {
        let (mut width, mut escaped) = (0, false);
        for character in String::from_utf8_lossy(label).chars() {
            match character {
                '\x1b' => escaped = true,
                'm' if escaped => escaped = false,
                _ if escaped => {}
                _ => width += 1,
            }
        }
        width
    }

    /// A name with its quotes, colour and mark.
    fn label(&self, entry: &Entry) -> Vec<u8> {
        let mut name = self.quoted(&entry.name);
        if self.options.color
            && let Some(color) = color(&entry.stat)
        {
            name = [b"\x1b[0m\x1b[", color.as_bytes(), b"m", &name[..], b"\x1b[0m"].concat();
        }
        let long_link = entry.stat.kind() == S_IFLNK && self.options.format == Format::Long;
        if !long_link {
            name.extend(self.indicator(&entry.stat));
        }
        name
    }

    fn indicator(&self, stat: &Stat) -> Option<u8> {
        let mark = self.options.mark;
        match stat.kind() {
            S_IFDIR if mark != Mark::None => Some(b'/'),
            _ if matches!(mark, Mark::None | Mark::Slash) => None,
            S_IFLNK => Some(b'@'),
            0o010_000 => Some(b'|'),
            0o140_000 => Some(b'='),
            0o100_000 if mark == Mark::Classify && stat.mode & 0o111 != 0 => Some(b'*'),
            _ => None,
        }
    }

    fn quoted(&self, name: &OsStr) -> Vec<u8> {
        let bytes = name.as_bytes();
        match self.options.quoting {
            Quoting::Literal => bytes.to_vec(),
            Quoting::Question => {
                let text = name.to_string_lossy();
                text.chars()
                    .map(|c| if c.is_control() { '?' } else { c })
                    .collect::<String>()
                    .into()
            }
            Quoting::Escape => escaped(bytes, b" "),
            Quoting::Double => [b"\"", &escaped(bytes, b"\"")[..], b"\""].concat(),
            Quoting::Shell => shell_quoted(bytes),
        }
    }
}

fn identity(stat: &Stat) -> (u64, u64) {
    (stat.dev, stat.ino)
}

/// The names in a directory, `.` and `..` first.
fn names(path: &Path) -> std::io::Result<Vec<OsString>> {
    let mut names = vec![OsString::from("."), OsString::from("..")];
    for entry in std::fs::read_dir(path)? {
        names.push(entry?.file_name());
    }
    Ok(names)
}
