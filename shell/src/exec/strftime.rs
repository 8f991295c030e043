//! `strftime(3)` in UTC and the C locale: `printf '%(…)T'` and the prompt's `\D{…}`.

const DAYS: [&str; 7] =
    ["Sunday", "Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday"];
const MONTHS: [&str; 12] = [
    "January",
    "February",
    "March",
    "April",
    "May",
    "June",
    "July",
    "August",
    "September",
    "October",
    "November",
    "December",
];

/// A date of the proleptic Gregorian calendar.
struct Date {
    year: i64,
    /// 1 to 12.
    month: usize,
    day: i64,
    /// 0 to 365.
    day_of_year: i64,
    /// Sunday is 0.
    weekday: usize,
    hour: i64,
    minute: i64,
    second: i64,
}

impl Date {
    fn new(seconds: i64) -> Date {
        let (days, rest) = (seconds.div_euclid(86_400), seconds.rem_euclid(86_400));
        let (year, month, day) = civil(days);
        let day_of_year = days - days_from_civil(year, 1, 1);
        Date {
            year,
            month,
            day,
            day_of_year,
            weekday: (days + 4).rem_euclid(7) as usize,
            hour: rest / 3600,
            minute: rest / 60 % 60,
            second: rest % 60,
        }
    }

    /// ISO 8601's week and the year it belongs to.
    fn iso_week(&self) -> (i64, i64) {
        let monday = (self.weekday as i64 + 6) % 7;
        let week = (self.day_of_year - monday + 10) / 7;
        if week < 1 {
            return (self.year - 1, weeks_of(self.year - 1));
        }
        if week > weeks_of(self.year) {
            return (self.year + 1, 1);
        }
        (self.year, week)
    }
}

fn weeks_of(year: i64) -> i64 {
    let first = (days_from_civil(year, 1, 1) + 4).rem_euclid(7);
    let leap = days_from_civil(year + 1, 1, 1) - days_from_civil(year, 1, 1) == 366;
    if first == 4 || (leap && first == 3) { 53 } else { 52 }
}

/// Days since 1970-01-01 to year, month, day: years begin in March for this.
fn civil(days: i64) -> (i64, usize, i64) {
    let days = days + 719_468;
    let era = days.div_euclid(146_097);
    let day_of_era = days.rem_euclid(146_097);
    let year_of_era =
        (day_of_era - day_of_era / 1460 + day_of_era / 36_524 - day_of_era / 146_096) / 365;
    let day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let shifted = (5 * day_of_year + 2) / 153;
    let day = day_of_year - (153 * shifted + 2) / 5 + 1;
    let month = if shifted < 10 { shifted + 3 } else { shifted - 9 };
    let year = year_of_era + era * 400 + i64::from(month <= 2);
    (year, month as usize, day)
}

fn days_from_civil(year: i64, month: i64, day: i64) -> i64 {
    let year = if month <= 2 { year - 1 } else { year };
    let era = year.div_euclid(400);
    let year_of_era = year.rem_euclid(400);
    let shifted = if month > 2 { month - 3 } else { month + 9 };
    let day_of_year = (153 * shifted + 2) / 5 + day - 1;
    era * 146_097 + year_of_era * 365 + year_of_era / 4 - year_of_era / 100 + day_of_year - 719_468
}

/// Fills in a format.
pub(crate) fn strftime(format: &[u8], seconds: i64) -> Vec<u8> {
    // Beyond these no calendar is printed; the arithmetic stays in range.
    let seconds = seconds.clamp(-67_768_040_609_740_800, 67_768_036_191_676_799);
    let date = Date::new(seconds);
    let mut out = Vec::new();
    let mut rest = format.iter().copied();
    while let Some(byte) = rest.next() {
        if byte != b'%' {
            out.push(byte);
            continue;
        }
        let mut letter = rest.next();
        let mut flag = None;
        while let Some(other @ (b'-' | b'_' | b'0' | b'^' | b'#' | b'E' | b'O')) = letter {
            flag = Some(other);
            letter = rest.next();
        }
        match letter {
            Some(letter) => conversion(letter, flag, &date, seconds, &mut out),
            None => out.push(b'%'),
        }
    }
    out
}

fn conversion(letter: u8, flag: Option<u8>, date: &Date, seconds: i64, out: &mut Vec<u8>) {
    let number = |value: i64, width: usize, fill: char| match (flag, fill) {
        (Some(b'-'), _) => value.to_string(),
        (Some(b'_'), _) | (None, ' ') => format!("{value:>width$}"),
        _ => format!("{value:0>width$}"),
    };
    let again = |format: &str| String::from_utf8(strftime(format.as_bytes(), seconds));
    let day = DAYS.get(date.weekday).copied().unwrap_or_default();
    let month = MONTHS.get(date.month - 1).copied().unwrap_or_default();
    let hour12 = if date.hour % 12 == 0 { 12 } else { date.hour % 12 };
    let monday = (date.weekday as i64 + 6) % 7;
    let text = match letter {
        b'a' => day[..3].to_owned(),
        b'A' => day.to_owned(),
        b'b' | b'h' => month[..3].to_owned(),
        b'B' => month.to_owned(),
        b'c' => again("%a %b %e %H:%M:%S %Y").unwrap_or_default(),
        b'C' => number(date.year.div_euclid(100), 2, '0'),
        b'd' => number(date.day, 2, '0'),
        b'D' | b'x' => again("%m/%d/%y").unwrap_or_default(),
        b'e' => number(date.day, 2, ' '),
        b'F' => again("%Y-%m-%d").unwrap_or_default(),
        b'g' => number(date.iso_week().0.rem_euclid(100), 2, '0'),
        b'G' => date.iso_week().0.to_string(),
        b'H' => number(date.hour, 2, '0'),
        b'I' => number(hour12, 2, '0'),
        b'j' => number(date.day_of_year + 1, 3, '0'),
        b'k' => number(date.hour, 2, ' '),
        b'l' => number(hour12, 2, ' '),
        b'm' => number(date.month as i64, 2, '0'),
        b'M' => number(date.minute, 2, '0'),
        b'n' => "\n".to_owned(),
        b'p' => (if date.hour < 12 { "AM" } else { "PM" }).to_owned(),
        b'P' => (if date.hour < 12 { "am" } else { "pm" }).to_owned(),
        b'r' => again("%I:%M:%S %p").unwrap_or_default(),
        b'R' => again("%H:%M").unwrap_or_default(),
        b's' => seconds.to_string(),
        b'S' => number(date.second, 2, '0'),
        b't' => "\t".to_owned(),
        b'T' | b'X' => again("%H:%M:%S").unwrap_or_default(),
        b'u' => (monday + 1).to_string(),
        b'U' => number((date.day_of_year + 7 - date.weekday as i64) / 7, 2, '0'),
        b'V' => number(date.iso_week().1, 2, '0'),
        b'w' => date.weekday.to_string(),
        b'W' => number((date.day_of_year + 7 - monday) / 7, 2, '0'),
        b'y' => number(date.year.rem_euclid(100), 2, '0'),
        b'Y' => number(date.year, 1, '0'),
        b'z' => "+0000".to_owned(),
        b'Z' => "UTC".to_owned(),
        b'%' => "%".to_owned(),
        other => String::from_utf8_lossy(&[b'%', other]).into_owned(),
    };
    let text = if flag == Some(b'^') { text.to_uppercase() } else { text };
    out.extend_from_slice(text.as_bytes());
}
