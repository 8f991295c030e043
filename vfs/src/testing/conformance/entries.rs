//! Names: what makes, removes, links and renames them.

use super::Named;
use super::case::{Case, chmod, link, mkdir, open, rename, rename2, rmdir, stat, symlink, unlink};
use crate::testing::Op;
use crate::{Errno, FileType, Mode, OFlags, RenameFlags};

pub(super) const CASES: &[Named] = &[
    ("mkdir makes what mkdir cannot make again", mkdir_twice),
    ("directories count those below", directory_links),
    ("a directory with entries stays", rmdir_not_empty),
    ("rmdir is for directories, unlink for the rest", wrong_type),
    ("names of 255 bytes are names, longer ones are errors", long_names),
    ("any byte but slash and NUL is a name", odd_names),
    ("a fifo and a socket are entries", special_files),
    ("hard links are one inode", hard_links),
    ("directories have no hard links", hard_link_of_directory),
    ("a link can be linked, and keeps its text", links_to_links),
    ("an open file outlives its name", unlinked_but_open),
    ("an open directory outlives its name and takes nothing", removed_but_open),
    ("rename replaces a file", rename_replaces),
    ("rename of two names of one file does nothing", rename_same_inode),
    ("rename replaces an empty directory only by a directory", rename_directories),
    ("a directory does not move into itself", rename_into_itself),
    ("a moved directory has another parent", rename_moves_directory),
    ("NOREPLACE does not replace", rename_noreplace),
    ("EXCHANGE swaps what the names stand for", rename_exchange),
    ("O_EXCL finds what is there, dangling links too", exclusive),
    ("O_CREAT follows a dangling link", create_through_link),
    ("forty links are followed and no more", link_loops),
    ("a slash behind a name asks for a directory", trailing_slashes),
    ("dots are entries of every directory", dots),
    ("only owners remove from a sticky directory", sticky),
    ("a directory without write permission keeps its names", read_only_directory),
];

fn mkdir_twice(t: &mut Case) {
    t.mkdir("d");
    assert_eq!(t.stat("d").file_type, FileType::Directory);
    t.fails(Errno::EEXIST, mkdir("d"));
    t.fails(Errno::EEXIST, mkdir("d/"));
    t.fails(Errno::ENOENT, mkdir("none/d"));
    t.file("f", 1, 1);
    t.fails(Errno::EEXIST, mkdir("f"));
    t.fails(Errno::ENOTDIR, mkdir("f/d"));
    t.mkdir("e/");
}

fn directory_links(t: &mut Case) {
    t.mkdir("d");
    for sub in ["d/a", "d/b", "d/c"] {
        t.mkdir(sub);
    }
    t.file("d/f", 1, 1);
    t.stat("d");
    t.ok(rmdir("d/b"));
    t.ok(rename("d/c", "c"));
    t.stat("d");
    t.stat("/");
}

fn rmdir_not_empty(t: &mut Case) {
    t.mkdir("d");
    t.file("d/f", 1, 1);
    t.fails(Errno::ENOTEMPTY, rmdir("d"));
    t.ok(unlink("d/f"));
    t.ok(rmdir("d"));
    t.fails(Errno::ENOENT, stat("d"));
    t.fails(Errno::ENOENT, rmdir("d"));
}

fn wrong_type(t: &mut Case) {
    t.mkdir("d");
    t.file("f", 1, 1);
    t.ok(symlink("d", "l"));
    t.fails(Errno::EISDIR, unlink("d"));
    t.fails(Errno::ENOTDIR, rmdir("f"));
    t.fails(Errno::ENOTDIR, rmdir("l"));
    t.fails(Errno::ENOTDIR, rmdir("l/"));
    t.fails(Errno::EINVAL, rmdir("d/."));
    t.fails(Errno::ENOTEMPTY, rmdir("d/.."));
    t.ok(unlink("l"));
    assert_eq!(t.stat("d").file_type, FileType::Directory);
}

fn long_names(t: &mut Case) {
    let name = "n".repeat(255);
    t.file(&name, 1, 1);
    t.stat(&name);
    let longer = "n".repeat(256);
    t.fails(Errno::ENAMETOOLONG, mkdir(&longer));
    t.fails(Errno::ENAMETOOLONG, stat(&longer));
    t.fails(Errno::ENAMETOOLONG, rename(&name, &longer));
    t.fails(Errno::ENAMETOOLONG, symlink("x", &longer));
    t.ok(rename(&name, "short"));
}

fn odd_names(t: &mut Case) {
    let names: [&[u8]; 5] = [b"\xff\xfe", b" ", b"\n", b"...", b"-rf *"];
    for name in names {
        let spot = crate::testing::Spot { path: name.to_vec(), ..".".into() };
        t.ok(Op::Mknod {
            spot: spot.clone(),
            file_type: FileType::Regular,
            mode: Mode::new(0o600),
        });
        t.ok(Op::Stat { spot, follow: crate::Follow::No });
    }
    t.open(0, ".", OFlags::READ);
    let mut names = names.map(<[u8]>::to_vec).to_vec();
    names.sort();
    assert_eq!(t.names(0, 100), names);
}

fn special_files(t: &mut Case) {
    for (name, file_type) in [("p", FileType::Fifo), ("s", FileType::Socket)] {
        t.ok(Op::Mknod { spot: name.into(), file_type, mode: Mode::new(0o640) });
        assert_eq!(t.stat(name).file_type, file_type);
    }
    t.fails(Errno::ENXIO, open(0, "s", OFlags::READ));
    t.ok(link("p", "q"));
    t.ok(unlink("p"));
    assert_eq!(t.stat("q").nlink, 1);
}

fn hard_links(t: &mut Case) {
    t.file("a", b'x', 10);
    t.mkdir("d");
    t.ok(link("a", "b"));
    t.ok(link("b", "d/c"));
    assert_eq!(t.stat("a").nlink, 3);
    t.file("d/c", b'y', 5);
    t.open(0, "a", OFlags::READ);
    assert_eq!(t.read(0, 0, 10), b"yyyyy");
    t.fails(Errno::EEXIST, link("a", "b"));
    t.fails(Errno::ENOENT, link("none", "e"));
    t.ok(unlink("a"));
    t.ok(unlink("d/c"));
    assert_eq!(t.stat("b").nlink, 1);
}

fn hard_link_of_directory(t: &mut Case) {
    t.mkdir("d");
    t.fails(Errno::EPERM, link("d", "e"));
    t.fails(Errno::EEXIST, link("d", "d"));
}

fn links_to_links(t: &mut Case) {
    t.ok(symlink("none/what\u{e9}ver//x", "l"));
    t.ok(link("l", "m"));
    assert_eq!(t.stat("m").nlink, 2);
    let text = t.ok(Op::ReadLink("m".into()));
    assert_eq!(text, crate::testing::Answer::Bytes("none/what\u{e9}ver//x".into()));
    t.mkdir("d");
    t.fails(Errno::EINVAL, Op::ReadLink("d".into()));
    t.fails(Errno::ENOENT, symlink("", "e"));
    t.fails(Errno::EEXIST, symlink("x", "l"));
}

fn unlinked_but_open(t: &mut Case) {
    t.file("f", b'x', 100_000);
    t.open(0, "f", OFlags::RDWR);
    t.ok(unlink("f"));
    assert_eq!(t.fstat(0).nlink, 0);
    t.ok(Op::Pwrite { slot: 0, offset: 70_000, byte: b'y', len: 3 });
    assert_eq!(t.read(0, 69_999, 5), b"xyyyx");
    t.ok(Op::Ftruncate { slot: 0, size: 10 });
    t.ok(Op::Fchmod { slot: 0, mode: Mode::new(0o600) });
    t.file("f", b'z', 1);
    assert_eq!((t.fstat(0).size, t.stat("f").size), (10, 1));
}

fn removed_but_open(t: &mut Case) {
    t.mkdir("d");
    t.open(0, "d", OFlags::READ);
    t.ok(rmdir("d"));
    assert_eq!(t.fstat(0).nlink, 0);
    let inside =
        |path: &str| crate::testing::Spot { at: crate::testing::At::Slot(0), ..path.into() };
    t.fails(Errno::ENOENT, Op::Mkdir { spot: inside("x"), mode: Mode::new(0o755) });
    t.fails(Errno::ENOENT, Op::Stat { spot: inside("x"), follow: crate::Follow::No });
    t.fails(Errno::ENOENT, Op::ReadDir { slot: 0, take: 10 });
    t.mkdir("d");
    assert_eq!(t.fstat(0).nlink, 0);
}

fn rename_replaces(t: &mut Case) {
    t.file("a", b'a', 3);
    t.file("b", b'b', 5);
    t.open(0, "b", OFlags::READ);
    t.ok(rename("a", "b"));
    t.fails(Errno::ENOENT, stat("a"));
    assert_eq!((t.stat("b").size, t.fstat(0).nlink), (3, 0));
    assert_eq!(t.read(0, 0, 9), b"bbbbb");
    t.ok(symlink("b", "l"));
    t.ok(rename("l", "b"));
    assert_eq!(t.stat("b").file_type, FileType::Symlink);
}

fn rename_same_inode(t: &mut Case) {
    t.file("a", 1, 1);
    t.ok(link("a", "b"));
    t.ok(rename("a", "b"));
    assert_eq!((t.stat("a").nlink, t.stat("b").nlink), (2, 2));
    t.ok(rename("a", "a"));
    t.fails(Errno::ENOENT, rename("none", "none"));
}

fn rename_directories(t: &mut Case) {
    for dir in ["d", "empty", "full", "full/x"] {
        t.mkdir(dir);
    }
    t.file("f", 1, 1);
    t.fails(Errno::ENOTEMPTY, rename("d", "full"));
    t.fails(Errno::ENOTDIR, rename("d", "f"));
    t.fails(Errno::EISDIR, rename("f", "d"));
    t.fails(Errno::ENOTDIR, rename("f", "new/"));
    t.ok(rename("full", "empty"));
    t.stat("empty/x");
    t.ok(rename("d", "new/"));
}

fn rename_into_itself(t: &mut Case) {
    t.mkdir("d");
    t.mkdir("d/e");
    t.fails(Errno::EINVAL, rename("d", "d/x"));
    t.fails(Errno::EINVAL, rename("d", "d/e/x"));
    t.fails(Errno::ENOTEMPTY, rename("d/e", "d"));
    t.fails(Errno::EINVAL, rename2("d", "d/e", RenameFlags::EXCHANGE));
    t.fails(Errno::EBUSY, rename("d/.", "x"));
    t.fails(Errno::EBUSY, rename("d/e/..", "x"));
    t.fails(Errno::EBUSY, rename("/", "x"));
}

fn rename_moves_directory(t: &mut Case) {
    for dir in ["a", "b", "a/d"] {
        t.mkdir(dir);
    }
    t.file("a/d/f", 1, 1);
    t.file("b/g", 1, 1);
    t.ok(rename("a/d", "b/e"));
    t.stat("b/e/f");
    t.stat("b/e/../g");
    t.fails(Errno::ENOENT, stat("b/e/../d"));
    assert_eq!((t.stat("a").nlink, t.stat("b").nlink.max(3)), (t.stat("b/e").nlink, 3));
}

fn rename_noreplace(t: &mut Case) {
    t.file("a", 1, 1);
    t.file("b", 2, 2);
    t.fails(Errno::EEXIST, rename2("a", "b", RenameFlags::NOREPLACE));
    t.ok(rename2("a", "c", RenameFlags::NOREPLACE));
    t.fails(Errno::EINVAL, rename2("b", "c", RenameFlags::NOREPLACE | RenameFlags::EXCHANGE));
}

fn rename_exchange(t: &mut Case) {
    t.file("f", b'f', 2);
    t.mkdir("d");
    t.mkdir("d/sub");
    t.mkdir("d/sub/deep");
    t.ok(rename2("f", "d/sub", RenameFlags::EXCHANGE));
    assert_eq!(t.stat("f").file_type, FileType::Directory);
    assert_eq!(t.stat("d/sub").size, 2);
    t.stat("f/deep");
    t.stat("f/../d");
    t.fails(Errno::ENOENT, rename2("f", "none", RenameFlags::EXCHANGE));
}

fn exclusive(t: &mut Case) {
    let exclusive = OFlags::RDWR | OFlags::CREAT | OFlags::EXCL;
    t.open(0, "f", exclusive);
    t.fails(Errno::EEXIST, open(1, "f", exclusive));
    t.ok(symlink("none", "l"));
    t.fails(Errno::EEXIST, open(1, "l", exclusive));
    t.mkdir("d");
    t.fails(Errno::EEXIST, open(1, "d", exclusive));
    t.fails(Errno::EISDIR, open(1, "d", OFlags::READ | OFlags::CREAT));
}

fn create_through_link(t: &mut Case) {
    t.mkdir("d");
    t.ok(symlink("d/new", "l"));
    t.open(0, "l", OFlags::RDWR | OFlags::CREAT);
    assert_eq!(t.stat("d/new").file_type, FileType::Regular);
    t.fails(Errno::ELOOP, open(1, "l", OFlags::READ | OFlags::NOFOLLOW));
    t.ok(symlink("none/x", "m"));
    t.fails(Errno::ENOENT, open(1, "m", OFlags::RDWR | OFlags::CREAT));
}

fn link_loops(t: &mut Case) {
    t.file("l0", 1, 1);
    for n in 1..=41 {
        t.ok(symlink(&format!("l{}", n - 1), &format!("l{n}")));
    }
    t.open(0, "l40", OFlags::READ);
    t.fails(Errno::ELOOP, open(0, "l41", OFlags::READ));
    t.ok(symlink("me", "me"));
    t.fails(Errno::ELOOP, open(0, "me", OFlags::READ));
    t.fails(Errno::ELOOP, stat("me/x"));
    t.stat("me");
}

fn trailing_slashes(t: &mut Case) {
    t.mkdir("d");
    t.file("f", 1, 1);
    t.ok(symlink("d", "l"));
    t.ok(symlink("f", "lf"));
    assert_eq!(t.stat("d/").file_type, FileType::Directory);
    assert_eq!(t.stat("l/").file_type, FileType::Directory);
    t.fails(Errno::ENOTDIR, stat("f/"));
    t.fails(Errno::ENOTDIR, stat("lf/"));
    t.fails(Errno::ENOTDIR, unlink("l/"));
    t.fails(Errno::EISDIR, unlink("d/"));
    t.fails(Errno::EISDIR, open(0, "new/", OFlags::RDWR | OFlags::CREAT));
    t.fails(Errno::ENOENT, symlink("x", "new/"));
    t.fails(Errno::ENOENT, link("f", "new/"));
}

fn dots(t: &mut Case) {
    t.mkdir("d");
    t.mkdir("d/e");
    t.file("f", 1, 7);
    assert_eq!(t.stat("d/e/../../f").size, 7);
    assert_eq!(t.stat("./d/./e/..//../f").size, 7);
    assert_eq!(t.stat("../../../f").size, 7);
    t.fails(Errno::ENOTDIR, stat("f/.."));
    t.fails(Errno::ENOENT, stat("none/.."));
    t.ok(Op::Chdir("d/e".into()));
    assert_eq!(t.stat("../../f").size, 7);
    t.ok(Op::Chdir("/".into()));
}

fn sticky(t: &mut Case) {
    t.mkdir("d");
    t.ok(chmod("d", 0o1777));
    t.file("d/roots", 1, 1);
    t.mkdir("d/dir");
    t.ok(Op::Become { uid: 1000 });
    t.fails(Errno::EPERM, unlink("d/roots"));
    t.fails(Errno::EPERM, rmdir("d/dir"));
    t.fails(Errno::EPERM, rename("d/roots", "d/x"));
    t.file("d/mine", 1, 1);
    t.fails(Errno::EPERM, rename("d/mine", "d/roots"));
    t.ok(rename("d/mine", "d/x"));
    t.ok(unlink("d/x"));
}

fn read_only_directory(t: &mut Case) {
    t.mkdir("d");
    t.file("d/f", 1, 1);
    t.ok(Op::Become { uid: 1000 });
    t.fails(Errno::EACCES, unlink("d/f"));
    t.fails(Errno::EACCES, mkdir("d/x"));
    t.fails(Errno::EEXIST, mkdir("d/f"));
    t.fails(Errno::EACCES, symlink("x", "d/x"));
    t.fails(Errno::EACCES, rename("d/f", "d/g"));
    t.fails(Errno::EACCES, open(0, "d/new", OFlags::RDWR | OFlags::CREAT));
    t.open(0, "d/f", OFlags::READ | OFlags::CREAT);
    t.fails(Errno::ENOENT, unlink("d/none"));
    t.ok(Op::Become { uid: 0 });
    t.ok(chmod("d", 0o711));
    t.ok(Op::Become { uid: 1000 });
    t.fails(Errno::EACCES, open(1, "d", OFlags::READ));
    t.stat("d/f");
    t.ok(Op::Become { uid: 0 });
    t.ok(chmod("d", 0o700));
    t.ok(Op::Become { uid: 1000 });
    t.fails(Errno::EACCES, stat("d/f"));
}
