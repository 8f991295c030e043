use super::*;

#[track_caller]
fn parses(text: &str, host: &str, guest: &str, mode: MountMode) {
    let expected = MountSpec { host: host.into(), guest: guest.into(), mode };
    assert_eq!(text.parse(), Ok(expected));
}

#[track_caller]
fn fails(text: &str, part: &str) {
    let message = text.parse::<MountSpec>().unwrap_err();
    assert!(message.contains(part), "{message}");
}

#[test]
fn modes() {
    parses(".:/w", ".", "/w", MountMode::ReadOnly);
    parses(".:/w:ro", ".", "/w", MountMode::ReadOnly);
    parses("/a/b:/w:rw", "/a/b", "/w", MountMode::ReadWrite);
    parses("x:/w:cow", "x", "/w", MountMode::CopyOnWrite);
    parses("x:/w:mem", "x", "/w", MountMode::Memory);
}

#[test]
fn colons_in_host_path() {
    parses("a:b:/w:rw", "a:b", "/w", MountMode::ReadWrite);
}

#[test]
fn a_relative_guest_path_starts_in_the_working_directory() {
    parses("/h:data:rw", "/h", "data", MountMode::ReadWrite);
    parses("/h:./a//b/", "/h", "a/b", MountMode::ReadOnly);
    parses("/h:.", "/h", ".", MountMode::ReadOnly);
    let at = |text: &str, cwd| text.parse::<MountSpec>().unwrap().at(cwd);
    assert_eq!(at("/h:data", "/"), "/data");
    assert_eq!(at("/h:data", "/home/user"), "/home/user/data");
    assert_eq!(at("/h:.", "/home/user"), "/home/user");
    assert_eq!(at("/h:/abs", "/home/user"), "/abs");
}

#[test]
fn slashes_are_normalized() {
    parses(".:/w//x/", ".", "/w/x", MountMode::ReadOnly);
    parses(".:/", ".", "/", MountMode::ReadOnly);
}

#[test]
fn mistakes_are_named() {
    fails(".", "expected HOST:GUEST");
    fails(".:/w:rx", "`rx` is not one of");
    fails(".:../b", "`..`");
    fails(":/w", "host path before `:` is empty");
    fails(".:/a/../b", "`..`");
}

#[test]
fn one_point_takes_one_mount() {
    let specs =
        |texts: &[&str]| texts.iter().map(|t| t.parse().unwrap()).collect::<Vec<MountSpec>>();
    assert!(check_distinct(&specs(&["a:/a", "b:/ab"]), "/").is_ok());
    for twice in [["a:/a", "b:/a/"], ["a:/a", "b:a"]] {
        assert!(check_distinct(&specs(&twice), "/").unwrap_err().contains("two mounts at /a"));
    }
}
