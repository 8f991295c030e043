//! `dd`: copies blocks. Our own, as uutils' reports its progress from a thread.
//!
//! POSIX's operands, with GNU's `status=`, `iflag=fullblock`, `oflag=append` and the conversions
//! `lcase ucase swab sync notrunc noerror excl nocreat fsync fdatasync`. Not here: EBCDIC, `block`.

use std::fs::{File, OpenOptions};
use std::io::{self, Read, Seek, SeekFrom, Write};
use std::time::Instant;

const NAME: &str = "dd";
const CONVERSIONS: [&str; 10] = [
    "lcase",
    "ucase",
    "swab",
    "sync",
    "notrunc",
    "noerror",
    "excl",
    "nocreat",
    "fsync",
    "fdatasync",
];
/// The largest block: it is held in memory, of which a program has no more than 4 GiB.
const BLOCK_LIMIT: u64 = 1 << 30;

#[derive(Default)]
struct Options {
    input: Option<String>,
    output: Option<String>,
    ibs: usize,
    obs: usize,
    count: Option<u64>,
    skip: u64,
    seek: u64,
    count_bytes: bool,
    skip_bytes: bool,
    seek_bytes: bool,
    conversions: Vec<String>,
    full_block: bool,
    append: bool,
    status: Status,
}

#[derive(Default, PartialEq, Eq)]
enum Status {
    #[default]
    All,
    NoTransfer,
    Silent,
}

/// Blocks that were whole, and blocks that were not.
#[derive(Default)]
struct Records {
    full: u64,
    partial: u64,
}

fn main() {
    agentos_guest::enter_directory(NAME);
    let options = options();
    let start = Instant::now();
    let (read, written, bytes) = copy(&options);
    if options.status == Status::Silent {
        return;
    }
    let mut report = format!(
        "{}+{} records in\n{}+{} records out\n",
        read.full, read.partial, written.full, written.partial
    );
    if options.status == Status::All {
        let seconds = start.elapsed().as_secs_f64().max(1e-9);
        let plural = if bytes == 1 { "byte" } else { "bytes" };
        let rate = scaled(bytes as f64 / seconds);
        report += &format!("{bytes} {plural} copied, {seconds:.6} s, {rate}/s\n");
    }
    let _ = io::stderr().write_all(report.as_bytes());
}

fn copy(options: &Options) -> (Records, Records, u64) {
    let mut input = open_input(options);
    let mut output = open_output(options);
    let (mut read, mut written, mut bytes) = (Records::default(), Records::default(), 0);
    let mut block = vec![0; options.ibs];
    let mut gathered = Vec::new();
    let mut left = options.count;
    while left != Some(0) {
        let want = match left {
            Some(left) if options.count_bytes => {
                options.ibs.min(usize::try_from(left).unwrap_or(usize::MAX))
            }
            _ => options.ibs,
        };
        let len = match read_block(&mut *input, &mut block[..want], options.full_block) {
            Ok(0) => break,
            Ok(len) => len,
            Err(error) => {
                complain(
                    options.input.as_deref().unwrap_or("standard input"),
                    "error reading",
                    &error,
                );
                if !options.has("noerror") {
                    std::process::exit(1);
                }
                break;
            }
        };
        count(&mut read, len == options.ibs);
        left = left.map(|left| left - if options.count_bytes { len as u64 } else { 1 });
        let mut len = len;
        if options.has("sync") && len < options.ibs {
            block[len..].fill(0);
            len = options.ibs;
        }
        convert(&mut block[..len], options);
        bytes += len as u64;
        if options.ibs == options.obs {
            count(&mut written, len == options.obs);
            write(&mut *output, &block[..len], options);
            continue;
        }
        gathered.extend(&block[..len]);
        while gathered.len() >= options.obs {
            let rest = gathered.split_off(options.obs);
            count(&mut written, true);
            write(&mut *output, &gathered, options);
            gathered = rest;
        }
    }
    if !gathered.is_empty() {
        count(&mut written, false);
        write(&mut *output, &gathered, options);
    }
    if let Err(error) = output.finish(options.has("fsync") || options.has("fdatasync")) {
        fatal(options.output.as_deref().unwrap_or("standard output"), "error writing", &error);
    }
    (read, written, bytes)
}

fn count(records: &mut Records, full: bool) {
    if full {
        records.full += 1;
    } else {
        records.partial += 1;
    }
}

fn read_block(input: &mut dyn Read, block: &mut [u8], full: bool) -> io::Result<usize> {
    let mut len = 0;
    loop {
        match input.read(&mut block[len..]) {
            Ok(0) => return Ok(len),
            Ok(n) => len += n,
            Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
            Err(error) => return Err(error),
        }
        if !full || len == block.len() {
            return Ok(len);
        }
    }
}

fn write(output: &mut dyn Sink, block: &[u8], options: &Options) {
    if let Err(error) = output.write_all(block) {
        fatal(options.output.as_deref().unwrap_or("standard output"), "error writing", &error);
    }
}

fn convert(block: &mut [u8], options: &Options) {
    if options.has("swab") {
        block.chunks_exact_mut(2).for_each(|pair| pair.swap(0, 1));
    }
    if options.has("lcase") {
        block.make_ascii_lowercase();
    }
    if options.has("ucase") {
        block.make_ascii_uppercase();
    }
}

/// Where the blocks go.
trait Sink: Write {
    fn finish(&mut self, sync: bool) -> io::Result<()>;
}

impl Sink for File {
    fn finish(&mut self, sync: bool) -> io::Result<()> {
        if sync { self.sync_all() } else { Ok(()) }
    }
}

impl Sink for io::Stdout {
    fn finish(&mut self, _sync: bool) -> io::Result<()> {
        self.flush()
    }
}

fn open_input(options: &Options) -> Box<dyn Read> {
    let skip = offset(options.skip, options.ibs, options.skip_bytes);
    let Some(name) = &options.input else {
        let mut stdin = io::stdin();
        if skip > 0
            && io::copy(&mut stdin.by_ref().take(skip), &mut io::sink()).is_ok_and(|n| n < skip)
        {
            let _ =
                writeln!(io::stderr(), "{NAME}: 'standard input': cannot skip to specified offset");
        }
        return Box::new(stdin);
    };
    let mut file = File::open(name).unwrap_or_else(|error| fatal(name, "failed to open", &error));
    if skip > 0 && file.seek(SeekFrom::Start(skip)).is_err() {
        // What cannot seek is read over.
        if let Err(error) = io::copy(&mut Read::by_ref(&mut file).take(skip), &mut io::sink()) {
            fatal(name, "cannot skip", &error);
        }
    }
    Box::new(file)
}

fn open_output(options: &Options) -> Box<dyn Sink> {
    let seek = offset(options.seek, options.obs, options.seek_bytes);
    let Some(name) = &options.output else { return Box::new(io::stdout()) };
    let excl = options.has("excl");
    let mut open = OpenOptions::new();
    open.write(!options.append)
        .append(options.append)
        .create(!options.has("nocreat"))
        .create_new(excl && !options.has("nocreat"));
    let mut file = open.open(name).unwrap_or_else(|error| fatal(name, "failed to open", &error));
    // Devices cannot be cut, and need not be.
    let regular = file.metadata().is_ok_and(|metadata| metadata.is_file());
    if regular
        && !options.has("notrunc")
        && !options.append
        && let Err(error) = file.set_len(seek)
    {
        fatal(name, "failed to truncate", &error);
    }
    if seek > 0
        && let Err(error) = file.seek(SeekFrom::Start(seek))
    {
        fatal(name, "cannot seek", &error);
    }
    Box::new(file)
}

fn offset(number: u64, block: usize, bytes: bool) -> u64 {
    if bytes { number } else { number.saturating_mul(block as u64) }
}

impl Options {
    fn has(&self, conversion: &str) -> bool {
        self.conversions.iter().any(|known| known == conversion)
    }
}

fn options() -> Options {
    let mut options = Options { ibs: 512, obs: 512, ..Options::default() };
    for arg in std::env::args().skip(1).filter(|arg| arg != "--") {
        if arg == "--help" {
            println!(
                "Usage: dd [if=FILE] [of=FILE] [bs=N] [ibs=N] [obs=N] [count=N] [skip=N] [seek=N] [conv=LIST] [iflag=LIST] [oflag=LIST] [status=none|noxfer]"
            );
            std::process::exit(0);
        }
        let Some((name, value)) = arg.split_once('=') else {
            usage(&format!("unrecognized operand '{arg}'"));
        };
        match name {
            "if" => options.input = Some(value.to_owned()),
            "of" => options.output = Some(value.to_owned()),
            "bs" => (options.ibs, options.obs) = (block(value), block(value)),
            "ibs" => options.ibs = block(value),
            "obs" => options.obs = block(value),
            "count" => {
                (options.count, options.count_bytes) = (Some(number(value)), in_bytes(value))
            }
            "skip" | "iseek" => {
                (options.skip, options.skip_bytes) = (number(value), in_bytes(value))
            }
            "seek" | "oseek" => {
                (options.seek, options.seek_bytes) = (number(value), in_bytes(value))
            }
            "conv" => options.conversions = list(name, value, &CONVERSIONS),
            "iflag" => {
                let flags = list(name, value, &["fullblock", "count_bytes", "skip_bytes"]);
                options.full_block = flags.iter().any(|flag| flag == "fullblock");
                options.count_bytes |= flags.iter().any(|flag| flag == "count_bytes");
                options.skip_bytes |= flags.iter().any(|flag| flag == "skip_bytes");
            }
            "oflag" => {
                let flags = list(name, value, &["append", "seek_bytes"]);
                options.append = flags.iter().any(|flag| flag == "append");
                options.seek_bytes |= flags.iter().any(|flag| flag == "seek_bytes");
            }
            "status" => {
                options.status = match value {
                    "none" => Status::Silent,
                    "noxfer" => Status::NoTransfer,
                    "progress" => Status::All,
                    _ => usage(&format!("invalid status level: '{value}'")),
                }
            }
            _ => usage(&format!("unrecognized operand '{arg}'")),
        }
    }
    options
}

fn list(name: &str, value: &str, known: &[&str]) -> Vec<String> {
    let words: Vec<String> = value.split(',').map(str::to_owned).collect();
    if let Some(unknown) = words.iter().find(|word| !known.contains(&word.as_str())) {
        usage(&format!("{name}={unknown} is not supported; there are: {}", known.join(" ")));
    }
    words
}

fn block(text: &str) -> usize {
    match number(text) {
        size @ 1..=BLOCK_LIMIT => size as usize,
        _ => usage(&format!("invalid number: '{text}'")),
    }
}

/// GNU's numbers: a product of factors with a suffix each, as in `2x1k`; a `B` at the end counts bytes.
fn number(text: &str) -> u64 {
    text.split('x')
        .try_fold(1, |product: u64, factor| product.checked_mul(self::factor(factor)?))
        .unwrap_or_else(|| usage(&format!("invalid number: '{text}'")))
}

fn factor(text: &str) -> Option<u64> {
    let digits = text.find(|c: char| !c.is_ascii_digit()).unwrap_or(text.len());
    let unit = match &text[digits..] {
        "" | "c" | "B" => 1,
        "w" => 2,
        "b" => 512,
        "k" | "K" | "KiB" => 1 << 10,
        "kB" | "KB" => 1000,
        "M" | "MiB" => 1 << 20,
        "MB" => 1_000_000,
        "G" | "GiB" => 1 << 30,
        "GB" => 1_000_000_000,
        "T" | "TiB" => 1 << 40,
        _ => return None,
    };
    text[..digits].parse::<u64>().ok()?.checked_mul(unit)
}

fn in_bytes(text: &str) -> bool {
    text.ends_with('B') && text[..text.len() - 1].ends_with(|c: char| c.is_ascii_digit())
}

fn scaled(rate: f64) -> String {
    let units = ["B", "kB", "MB", "GB"];
    let step =
        units.iter().enumerate().rev().find(|(power, _)| rate >= 1000_f64.powi(*power as i32));
    let (power, unit) = step.unwrap_or((0, &"B"));
    format!("{:.1} {unit}", rate / 1000_f64.powi(power as i32))
}

fn complain(name: &str, what: &str, error: &io::Error) {
    let error = agentos_guest::strerror(error);
    let _ = writeln!(io::stderr(), "{NAME}: {what} '{name}': {error}");
}

fn fatal(name: &str, what: &str, error: &io::Error) -> ! {
    complain(name, what, error);
    std::process::exit(1)
}

fn usage(message: &str) -> ! {
    agentos_guest::fail(NAME, 1, &format!("{message}\nTry 'dd --help' for more information."))
}
