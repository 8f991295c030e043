//! `time`: how long a pipeline took.

use super::Outcome;
use crate::shell::Shell;
use crate::syntax::ast::{Pipeline, Timed};

/// `time -p`
const POSIX_FORMAT: &[u8] = b"real %2R\nuser %2U\nsys %2S";
/// `time`
const BASH_FORMAT: &[u8] = b"\nreal\t%3lR\nuser\t%3lU\nsys\t%3lS";

const MILLION: u64 = 1_000_000;

impl Shell {
    pub(super) async fn run_timed(&mut self, pipeline: &Pipeline) -> Outcome {
        let start = self.sys.monotonic_ns();
        let user = self.user_ns();
        let result = self.run_untimed(pipeline).await;
        let real = self.sys.monotonic_ns().saturating_sub(start);
        let user = self.user_ns().saturating_sub(user);
        let format = match pipeline.timed {
            Some(Timed::Posix) => POSIX_FORMAT.to_vec(),
            _ => match self.env.get(b"TIMEFORMAT") {
                Some(format) => format.into_owned(),
                None => BASH_FORMAT.to_vec(),
            },
        };
        if !format.is_empty() {
            let text = render(&format, [real, user, 0]);
            self.print_error(&text);
        }
        result
    }

    /// Time of the processor that this process and its children have used.
    pub(crate) fn user_ns(&self) -> u64 {
        self.sys.with(|kernel, pid| kernel.process_cpu_time(pid)).unwrap_or(0)
    }
}

/// Fills in a `TIMEFORMAT`: nanoseconds of real, user, sys.
fn render(format: &[u8], [real, user, sys]: [u64; 3]) -> Vec<u8> {
    let mut text = Vec::new();
    let mut rest = format.iter().copied().peekable();
    while let Some(byte) = rest.next() {
        if byte != b'%' {
            text.push(byte);
            continue;
        }
        let mut precision = 3;
        let mut long = false;
        if let Some(digit) = rest.next_if(u8::is_ascii_digit) {
            precision = usize::from(digit - b'0').min(3);
        }
        if rest.next_if_eq(&b'l').is_some() {
            long = true;
        }
        match rest.next() {
            Some(b'R') => text.extend(seconds(real, precision, long).into_bytes()),
            Some(b'U') => text.extend(seconds(user, precision, long).into_bytes()),
            Some(b'S') => text.extend(seconds(sys, precision, long).into_bytes()),
            Some(b'P') => {
                let percent =
                    if real == 0 { 0.0 } else { (user + sys) as f64 * 100.0 / real as f64 };
                text.extend(format!("{percent:.2}").into_bytes());
            }
            Some(b'%') => text.push(b'%'),
            Some(other) => text.extend([b'%', other]),
            None => text.push(b'%'),
        }
    }
    text.push(b'\n');
    text
}

fn seconds(ns: u64, precision: usize, long: bool) -> String {
    let millis = ns / MILLION;
    let (whole, fraction) = (millis / 1000, format!("{:03}", millis % 1000));
    let fraction = fraction.get(..precision).unwrap_or_default();
    let point = if precision == 0 { "" } else { "." };
    if long {
        format!("{}m{}{point}{fraction}s", whole / 60, whole % 60)
    } else {
        format!("{whole}{point}{fraction}")
    }
}
