//! `id`, `whoami`, `groups` and `logname`: who runs this. Our own, as uutils' need a Unix.

use std::path::Path;

use agentos_guest::fs;
use agentos_guest::{fail, print, strerror, usage};
use lexopt::Arg;

const PASSWD: &str = "/etc/passwd";
const GROUP: &str = "/etc/group";

/// Somebody's name and numbers.
struct User {
    name: String,
    uid: u32,
    gid: u32,
}

fn main() {
    let called = std::env::args_os().next().unwrap_or_default();
    let called = Path::new(&called).file_name().unwrap_or_default().to_string_lossy().into_owned();
    agentos_guest::enter_directory(&called);
    match called.as_str() {
        "whoami" => line("whoami", &operandless("whoami").name),
        "logname" => line("logname", &operandless("logname").name),
        "groups" => groups(),
        _ => id(),
    }
}

fn line(name: &str, text: &str) {
    print(name, format!("{text}\n").as_bytes());
}

/// The caller, for a command without operands.
fn operandless(name: &str) -> User {
    if let Some(word) = std::env::args_os().nth(1) {
        usage(name, 1, &format!("extra operand {}", agentos_guest::quote(&word)));
    }
    caller(name)
}

fn caller(name: &str) -> User {
    match fs::ids() {
        Ok((uid, gid)) => {
            let known = fs::name_of(PASSWD, uid);
            if known.is_none() && name != "id" {
                fail(name, 1, &format!("cannot find name for user ID {uid}"));
            }
            User { name: known.unwrap_or_else(|| uid.to_string()), uid, gid }
        }
        Err(error) => fail(name, 1, &strerror(&error)),
    }
}

fn named(command: &str, name: &str) -> Option<User> {
    let table = std::fs::read_to_string(PASSWD).unwrap_or_default();
    let found = table.lines().find_map(|row| {
        let fields: Vec<&str> = row.split(':').collect();
        let (uid, gid) = (fields.get(2)?.parse().ok()?, fields.get(3)?.parse().ok()?);
        let matches = fields[0] == name || name.parse() == Ok(uid);
        matches.then(|| User { name: fields[0].to_owned(), uid, gid })
    });
    if found.is_none() {
        let name = agentos_guest::quote(std::ffi::OsStr::new(name));
        eprintln!("{command}: {name}: no such user");
    }
    found
}

/// The groups of a user, their own first.
fn groups_of(user: &User) -> Vec<u32> {
    let mut all = vec![user.gid];
    let table = std::fs::read_to_string(GROUP).unwrap_or_default();
    for row in table.lines() {
        let fields: Vec<&str> = row.split(':').collect();
        let is_member =
            fields.get(3).is_some_and(|members| members.split(',').any(|m| m == user.name));
        if let Some(gid) = fields.get(2).and_then(|gid| gid.parse().ok())
            && is_member
            && !all.contains(&gid)
        {
            all.push(gid);
        }
    }
    all
}

fn group_name(gid: u32) -> String {
    fs::name_of(GROUP, gid).unwrap_or_else(|| gid.to_string())
}

fn groups() {
    let names: Vec<String> =
        std::env::args_os().skip(1).map(|name| name.to_string_lossy().into_owned()).collect();
    let list =
        |user: &User| groups_of(user).into_iter().map(group_name).collect::<Vec<_>>().join(" ");
    if names.is_empty() {
        return line("groups", &list(&caller("groups")));
    }
    let mut status = 0;
    for name in &names {
        match named("groups", name) {
            Some(user) => line("groups", &format!("{name} : {}", list(&user))),
            None => status = 1,
        }
    }
    std::process::exit(status)
}

fn id() {
    const HELP: &str = "Usage: id [OPTION]... [USER]...
Print user and group information for each specified USER.

  -g, --group    print only the effective group ID
  -G, --groups   print all group IDs
  -n, --name     print a name instead of a number, for -u -g -G
  -r, --real     print the real ID instead of the effective ID, with -u -g -G
  -u, --user     print only the effective user ID
  -z, --zero     delimit entries with NUL characters, not whitespace
";
    let (mut what, mut names, mut zero, mut users) = (None, false, false, Vec::new());
    let mut real = false;
    let mut parser = lexopt::Parser::from_env();
    loop {
        let chosen = match parser.next() {
            Ok(None) => break,
            Ok(Some(Arg::Value(user))) => {
                users.push(user.to_string_lossy().into_owned());
                continue;
            }
            Ok(Some(Arg::Short('u') | Arg::Long("user"))) => 'u',
            Ok(Some(Arg::Short('g') | Arg::Long("group"))) => 'g',
            Ok(Some(Arg::Short('G') | Arg::Long("groups"))) => 'G',
            Ok(Some(Arg::Short('n') | Arg::Long("name"))) => {
                names = true;
                continue;
            }
            Ok(Some(Arg::Short('r') | Arg::Long("real"))) => {
                real = true;
                continue;
            }
            Ok(Some(Arg::Short('z') | Arg::Long("zero"))) => {
                zero = true;
                continue;
            }
            Ok(Some(Arg::Short('a'))) => continue,
            Ok(Some(Arg::Long("help"))) => {
                print("id", HELP.as_bytes());
                std::process::exit(0)
            }
            Ok(Some(Arg::Short(letter))) => {
                usage("id", 1, &format!("invalid option -- '{letter}'"))
            }
            Ok(Some(Arg::Long(word))) => usage("id", 1, &format!("unrecognized option '--{word}'")),
            Err(error) => usage("id", 1, &error.to_string()),
        };
        if what.is_some_and(|known| known != chosen) {
            fail("id", 1, "cannot print \"only\" of more than one choice");
        }
        what = Some(chosen);
    }
    if what.is_none() && (names || real) {
        fail("id", 1, "cannot print only names or real IDs in default format");
    }
    if what.is_none() && zero {
        fail("id", 1, "option --zero not permitted in default format");
    }
    let mut status = 0;
    let wanted = if users.is_empty() {
        vec![caller("id")]
    } else {
        let found: Vec<User> = users.iter().filter_map(|name| named("id", name)).collect();
        status = i32::from(found.len() != users.len());
        found
    };
    let (end, between) = if zero { ("\0", "\0") } else { ("\n", " ") };
    for user in &wanted {
        let group = |gid: u32| if names { group_name(gid) } else { gid.to_string() };
        let text = match what {
            Some('u') if names => user.name.clone(),
            Some('u') => user.uid.to_string(),
            Some('g') => group(user.gid),
            Some(_) => groups_of(user).into_iter().map(group).collect::<Vec<_>>().join(between),
            None => whole(user),
        };
        print("id", format!("{text}{end}").as_bytes());
    }
    std::process::exit(status)
}

/// `uid=1000(user) gid=1000(user) groups=1000(user)`
fn whole(user: &User) -> String {
    let named = |id: u32, name: Option<String>| match name {
        Some(name) => format!("{id}({name})"),
        None => id.to_string(),
    };
    let group = |gid: u32| named(gid, fs::name_of(GROUP, gid));
    let groups: Vec<String> = groups_of(user).into_iter().map(group).collect();
    format!(
        "uid={} gid={} groups={}",
        named(user.uid, fs::name_of(PASSWD, user.uid)),
        group(user.gid),
        groups.join(",")
    )
}
