//! `hostname`: the name of the sandbox. It cannot be changed from inside.

use agentos_guest::{fail, fs, print, strerror, usage};
use lexopt::Arg;

const NAME: &str = "hostname";

fn main() {
    let name = match fs::uname() {
        Ok([_, node, ..]) => node.to_string_lossy().into_owned(),
        Err(error) => fail(NAME, 1, &strerror(&error)),
    };
    let mut shown = name.clone();
    let mut parser = lexopt::Parser::from_env();
    loop {
        match parser.next() {
            Ok(None) => break,
            Ok(Some(Arg::Short('s') | Arg::Long("short"))) => {
                shown = name.split('.').next().unwrap_or_default().to_owned();
            }
            Ok(Some(Arg::Short('f') | Arg::Long("fqdn" | "long"))) => shown.clone_from(&name),
            Ok(Some(Arg::Short('d') | Arg::Long("domain"))) => {
                shown =
                    name.split_once('.').map(|(_, domain)| domain.to_owned()).unwrap_or_default();
            }
            Ok(Some(Arg::Short('i' | 'I') | Arg::Long("ip-address" | "all-ip-addresses"))) => {
                shown = "127.0.0.1".to_owned();
            }
            Ok(Some(Arg::Value(_))) => fail(NAME, 1, "you must be root to change the host name"),
            Ok(Some(Arg::Short(letter))) => {
                usage(NAME, 1, &format!("invalid option -- '{letter}'"))
            }
            Ok(Some(Arg::Long(word))) => usage(NAME, 1, &format!("unrecognized option '--{word}'")),
            Err(error) => usage(NAME, 1, &error.to_string()),
        }
    }
    print(NAME, format!("{shown}\n").as_bytes());
}
