//! Attacks on what lies above a mounted directory. Each runs on `HostFs` and on `OverlayFs` over
//! it; none may read the canary, change it, or leave anything beside the mount.

use std::collections::BTreeMap;
use std::fs;
use std::os::unix::fs::{MetadataExt, symlink};
use std::os::unix::net::UnixListener;
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use tempfile::TempDir;
use vfs::{
    Errno, FileSystem, FileType, HostFs, Ino, Mode, OverlayFs, RenameFlags, SetStat, Timestamp,
};

use crate::kernel::scratch;
use crate::tree::{NOW, at, content, host_dump, new};

const SECRET: &[u8] = b"the canary sings";
const NONE: RenameFlags = RenameFlags::empty();

/// `outer/canary`, `outer/dir/canary`, and the mounted `outer/mount` with `f` and `sub/f`.
struct Stage(TempDir);

impl Stage {
    fn new() -> Stage {
        let stage = Stage(scratch());
        for dir in ["dir", "mount", "mount/sub"] {
            fs::create_dir(stage.outer(dir)).unwrap();
        }
        for canary in ["canary", "dir/canary", "dir/f"] {
            fs::write(stage.outer(canary), SECRET).unwrap();
        }
        for file in ["f", "sub/f"] {
            fs::write(stage.mount(file), "harmless").unwrap();
        }
        stage
    }

    fn outer(&self, path: &str) -> PathBuf {
        self.0.path().join(path)
    }

    fn mount(&self, path: &str) -> PathBuf {
        self.0.path().join("mount").join(path)
    }

    /// All that is not the guest's. The outer directory's own times change with our set-up.
    fn outside(&self) -> BTreeMap<Vec<u8>, String> {
        let mut all = host_dump(self.0.path());
        let (mount, outer) = (self.outer("mount"), self.outer(""));
        all.retain(|path, _| {
            let path = PathBuf::from(String::from_utf8_lossy(path).into_owned());
            !path.starts_with(&mount) && path != outer
        });
        all
    }

    fn host(&self) -> HostFs {
        HostFs::open(self.outer("mount")).unwrap()
    }

    fn canary(&self) -> u64 {
        fs::metadata(self.outer("canary")).unwrap().ino()
    }
}

/// Runs an attack on both backends. `prepare` is the host's part before the mount.
fn attack(prepare: impl Fn(&Stage), strike: impl Fn(&Stage, &mut dyn FileSystem)) {
    for overlay in [false, true] {
        let stage = Stage::new();
        prepare(&stage);
        let upper = scratch();
        let before = stage.outside();
        if overlay {
            let above = HostFs::open(upper.path()).unwrap();
            strike(&stage, &mut OverlayFs::with_upper(Arc::new(stage.host()), above));
        } else {
            strike(&stage, &mut stage.host());
        }
        assert_eq!(stage.outside(), before, "overlay: {overlay}");
    }
}

fn nothing(_: &Stage) {}

/// Every way to the content of `ino`; none may give the secret.
#[track_caller]
fn assert_safe(fs: &dyn FileSystem, ino: Ino) {
    for found in [Ok(ino), fs.lookup(ino, b"canary"), fs.lookup(ino, b"f")].into_iter().flatten() {
        assert_ne!(content(fs, found).as_deref(), Ok(SECRET));
        if let Some(blob) = fs.blob(found) {
            assert_ne!(blob.bytes().unwrap(), SECRET);
        }
    }
    let _ = fs.read_dir(ino, 0, &mut |entry| {
        assert_ne!(entry.name, b"canary");
        true
    });
}

/// Every change that goes through an inode; the canary must not feel any.
fn change_all(fs: &mut dyn FileSystem, ino: Ino) {
    let _ = fs.write_at(ino, 0, b"gotcha", NOW);
    let _ = fs.allocate(ino, 0, 1 << 16, NOW);
    let at = Some(Timestamp::new(77, 0));
    for changes in [
        SetStat { size: Some(0), ..SetStat::default() },
        SetStat { mode: Some(Mode::new(0o777)), ..SetStat::default() },
        SetStat { uid: Some(12), gid: Some(12), ..SetStat::default() },
        SetStat { atime: at, mtime: at, ..SetStat::default() },
    ] {
        let _ = fs.set_stat(ino, &changes, NOW);
    }
    for name in [b"x".as_slice(), b"canary", b"f"] {
        let _ = fs.create(ino, name, FileType::Regular, 0, &new(0o666));
        let _ = fs.mkdir(ino, name, &new(0o777));
        let _ = fs.symlink(ino, name, b"y", &new(0o777));
        let _ = fs.rename((ino, name), (ino, b"z"), NONE, NOW);
        let _ = fs.unlink(ino, name, NOW);
        let _ = fs.rmdir(ino, name, NOW);
    }
    let _ = fs.sync(ino);
}

#[test]
fn a01_dot_dot_is_not_looked_up() {
    attack(nothing, |_, fs| {
        let sub = at(fs, "sub").unwrap();
        for dir in [fs.root(), sub] {
            for name in [b"..".as_slice(), b".", b""] {
                assert_eq!(fs.lookup(dir, name), Err(Errno::EINVAL));
            }
        }
    });
}

#[test]
fn a02_names_with_slashes_are_not_paths() {
    attack(nothing, |stage, fs| {
        let root = fs.root();
        let absolute = stage.outer("canary").into_os_string().into_encoded_bytes();
        for name in [
            b"../canary".as_slice(),
            b"sub/../../canary",
            b"/",
            b"//",
            b"sub/f",
            b"./f",
            b"f/",
            &absolute,
        ] {
            assert_eq!(fs.lookup(root, name), Err(Errno::EINVAL));
        }
    });
}

#[test]
fn a03_nothing_is_created_or_removed_through_dot_dot() {
    attack(nothing, |_, fs| {
        let (root, f) = (fs.root(), at(fs, "f").unwrap());
        for name in [b"../x".as_slice(), b"..", b"../canary", b"../dir", b"sub/../../x"] {
            let made = [
                fs.create(root, name, FileType::Regular, 0, &new(0o644)).map(|_| ()),
                fs.create(root, name, FileType::Fifo, 0, &new(0o644)).map(|_| ()),
                fs.mkdir(root, name, &new(0o755)).map(|_| ()),
                fs.symlink(root, name, b"f", &new(0o777)).map(|_| ()),
                fs.link(f, root, name, NOW),
                fs.unlink(root, name, NOW),
                fs.rmdir(root, name, NOW),
                fs.rename((root, name), (root, b"mine"), NONE, NOW),
                fs.rename((root, b"f"), (root, name), NONE, NOW),
                fs.rename((root, b"f"), (root, name), RenameFlags::EXCHANGE, NOW),
            ];
            assert_eq!(made, [Err(Errno::EINVAL); 10]);
        }
    });
}

#[test]
fn a04_the_root_is_its_own_parent() {
    attack(nothing, |_, fs| {
        assert_eq!(fs.parent(fs.root()), Ok(fs.root()));
        assert_eq!(fs.parent(at(fs, "sub").unwrap()), Ok(fs.root()));
    });
}

#[test]
fn a05_absolute_symlink_is_only_text() {
    attack(
        |stage| symlink(stage.outer("canary"), stage.mount("link")).unwrap(),
        |stage, fs| {
            let link = at(fs, "link").unwrap();
            let target = stage.outer("canary").into_os_string().into_encoded_bytes();
            assert_eq!(fs.read_link(link), Ok(target));
            assert_eq!(fs.read_at(link, 0, &mut [0; 9]), Err(Errno::EINVAL));
            assert_eq!(fs.stat(link).unwrap().file_type, FileType::Symlink);
            assert_safe(fs, link);
            change_all(fs, link);
        },
    );
}

#[test]
fn a06_relative_symlink_is_only_text() {
    attack(
        |stage| symlink("../canary", stage.mount("link")).unwrap(),
        |_, fs| {
            let link = at(fs, "link").unwrap();
            assert_eq!(fs.read_link(link).unwrap(), b"../canary");
            assert_safe(fs, link);
            change_all(fs, link);
        },
    );
}

#[test]
fn a07_symlink_to_a_directory_is_not_one() {
    attack(
        |stage| symlink("../dir", stage.mount("link")).unwrap(),
        |_, fs| {
            let link = at(fs, "link").unwrap();
            assert_eq!(fs.lookup(link, b"canary"), Err(Errno::ENOTDIR));
            assert_eq!(fs.read_dir(link, 0, &mut |_| true), Err(Errno::ENOTDIR));
            assert_eq!(
                fs.create(link, b"x", FileType::Regular, 0, &new(0o644)),
                Err(Errno::ENOTDIR)
            );
            assert_eq!(fs.mkdir(link, b"x", &new(0o755)), Err(Errno::ENOTDIR));
            assert_eq!(fs.unlink(link, b"canary", NOW), Err(Errno::ENOTDIR));
            assert_eq!(fs.rename((fs.root(), b"f"), (link, b"x"), NONE, NOW), Err(Errno::ENOTDIR));
            assert_eq!(fs.parent(link), Err(Errno::ENOTDIR));
        },
    );
}

#[test]
fn a08_symlink_swapped_in_between_two_steps_of_a_walk() {
    attack(nothing, |stage, fs| {
        let sub = at(fs, "sub").unwrap();
        fs::rename(stage.mount("sub"), stage.mount("was")).unwrap();
        symlink("../dir", stage.mount("sub")).unwrap();
        assert_safe(fs, sub);
        assert_eq!(fs.lookup(sub, b"canary").ok(), None);
        change_all(fs, sub);
    });
}

#[test]
fn a09_file_replaced_by_a_symlink_after_its_lookup() {
    attack(nothing, |stage, fs| {
        let f = at(fs, "f").unwrap();
        fs::remove_file(stage.mount("f")).unwrap();
        symlink("../canary", stage.mount("f")).unwrap();
        // The host may give the freed number to the link at once.
        assert!(matches!(fs.read_at(f, 0, &mut [0; 9]), Err(Errno::ESTALE | Errno::EINVAL)));
        assert_safe(fs, f);
        change_all(fs, f);
    });
}

#[test]
fn a10_directory_replaced_by_a_symlink_while_open() {
    attack(nothing, |stage, fs| {
        let sub = at(fs, "sub").unwrap();
        fs.pin(sub).unwrap();
        let _ = fs.read_dir(sub, 0, &mut |_| true);
        fs::remove_dir_all(stage.mount("sub")).unwrap();
        symlink("../dir", stage.mount("sub")).unwrap();
        assert_safe(fs, sub);
        change_all(fs, sub);
        fs.unpin(sub);
    });
}

#[test]
fn a11_directory_moved_out_does_not_lead_out() {
    attack(nothing, |stage, fs| {
        let sub = at(fs, "sub").unwrap();
        fs.pin(sub).unwrap();
        // Into another directory of this test, so that what is left outside stays comparable.
        let away = scratch();
        fs::write(away.path().join("canary"), SECRET).unwrap();
        fs::rename(stage.mount("sub"), away.path().join("sub")).unwrap();
        assert!(matches!(fs.lookup(sub, b".."), Err(Errno::EINVAL | Errno::ESTALE)));
        // `..` is where it was, never where it is now.
        assert!(
            matches!(fs.parent(sub), Ok(dir) if dir == fs.root())
                || fs.parent(sub) == Err(Errno::ESTALE)
        );
        assert_safe(fs, sub);
        fs.unpin(sub);
    });
}

#[test]
fn a12_parent_renamed_away_during_a_walk() {
    attack(
        |stage| {
            fs::create_dir_all(stage.mount("sub/one/two")).unwrap();
            fs::create_dir_all(stage.outer("dir/one/two")).unwrap();
            fs::write(stage.outer("dir/one/two/canary"), SECRET).unwrap();
        },
        |stage, fs| {
            let two = at(fs, "sub/one/two").unwrap();
            fs::rename(stage.mount("sub/one"), stage.mount("gone")).unwrap();
            symlink("../../dir/one", stage.mount("sub/one")).unwrap();
            assert_safe(fs, two);
            assert_eq!(fs.lookup(two, b"canary").ok(), None);
            assert!(at(fs, "sub/one/two").is_err());
        },
    );
}

#[test]
fn a13_hard_link_of_a_symlink_is_one_of_the_link_itself() {
    attack(
        |stage| symlink("../canary", stage.mount("link")).unwrap(),
        |_, fs| {
            let link = at(fs, "link").unwrap();
            fs.link(link, fs.root(), b"hard", NOW).unwrap();
            let hard = at(fs, "hard").unwrap();
            assert_eq!(hard, link);
            assert_eq!(fs.read_link(hard).unwrap(), b"../canary");
            assert_safe(fs, hard);
        },
    );
}

#[test]
fn a14_forged_inode_numbers_reach_nothing() {
    attack(nothing, |stage, fs| {
        let canary = stage.canary();
        let dir = fs::metadata(stage.outer("dir")).unwrap().ino();
        let outer = fs::metadata(stage.outer("")).unwrap().ino();
        for ino in [
            canary,
            canary << 1,
            dir,
            dir << 1,
            outer,
            outer << 1,
            0,
            1,
            2,
            4,
            u64::MAX,
            1 << 60,
            1 << 63,
        ] {
            let ino = Ino(ino);
            // A number that happens to be one of the mount's own is no forgery.
            if [fs.root()].contains(&ino) {
                continue;
            }
            assert_eq!(fs.stat(ino), Err(Errno::ESTALE));
            assert_eq!(fs.pin(ino), Err(Errno::ESTALE));
            assert_safe(fs, ino);
            change_all(fs, ino);
        }
    });
}

#[test]
fn a15_proc_self_root_is_only_text() {
    attack(
        |stage| {
            for (name, target) in
                [("root", "/proc/self/root"), ("cwd", "/proc/self/cwd"), ("fd", "/proc/self/fd/3")]
            {
                symlink(target, stage.mount(name)).unwrap();
            }
        },
        |_, fs| {
            for name in ["root", "cwd", "fd"] {
                let link = at(fs, name).unwrap();
                assert_eq!(fs.lookup(link, b"etc"), Err(Errno::ENOTDIR));
                assert_eq!(fs.read_dir(link, 0, &mut |_| true), Err(Errno::ENOTDIR));
                assert_safe(fs, link);
            }
        },
    );
}

/// The magic links of procfs itself, which an open without `O_NOFOLLOW` jumps through.
#[test]
fn a16_mounted_proc_has_no_way_out() {
    let proc = HostFs::open_read_only("/proc/self").unwrap();
    for name in ["root", "cwd", "exe"] {
        let link = at(&proc, name).unwrap();
        assert_eq!(proc.stat(link).unwrap().file_type, FileType::Symlink);
        assert_eq!(proc.lookup(link, b"etc"), Err(Errno::ENOTDIR));
        assert_eq!(proc.read_at(link, 0, &mut [0; 9]), Err(Errno::EINVAL));
    }
    let stage = Stage::new();
    let open = fs::File::open(stage.outer("canary")).unwrap();
    let fds = at(&proc, "fd").unwrap();
    let mut links = 0;
    proc.read_dir(fds, 0, &mut |entry| {
        links += 1;
        assert_ne!(content(&proc, entry.ino).as_deref(), Ok(SECRET));
        true
    })
    .unwrap();
    assert!(links > 0);
    drop(open);
}

#[test]
fn a17_mounted_dev_opens_no_device() {
    let mut dev = HostFs::open("/dev").unwrap();
    let null = at(&dev, "null").unwrap();
    let stat = dev.stat(null).unwrap();
    assert_eq!((stat.file_type, stat.rdev), (FileType::CharDevice, vfs::makedev(1, 3)));
    for name in ["null", "zero", "tty"] {
        let ino = at(&dev, name).unwrap();
        assert_eq!(dev.read_at(ino, 0, &mut [0; 9]), Err(Errno::EINVAL));
        assert_eq!(dev.write_at(ino, 0, b"x", NOW), Err(Errno::EINVAL));
    }
    let fd = at(&dev, "fd").unwrap();
    assert_eq!(dev.lookup(fd, b"0"), Err(Errno::ENOTDIR));
}

#[test]
fn a18_fifo_is_never_opened_and_never_blocks() {
    attack(
        |stage| {
            let mode = rustix::fs::Mode::from(0o600);
            rustix::fs::mkfifoat(rustix::fs::CWD, stage.mount("fifo"), mode).unwrap();
        },
        |_, fs| {
            let fifo = at(fs, "fifo").unwrap();
            assert_eq!(fs.stat(fifo).unwrap().file_type, FileType::Fifo);
            fs.pin(fifo).unwrap();
            assert_eq!(fs.read_at(fifo, 0, &mut [0; 9]), Err(Errno::EINVAL));
            assert_eq!(fs.write_at(fifo, 0, b"x", NOW), Err(Errno::EINVAL));
            let size = SetStat { size: Some(0), ..SetStat::default() };
            assert_eq!(fs.set_stat(fifo, &size, NOW), Err(Errno::EINVAL));
            fs.unpin(fifo);
        },
    );
}

#[test]
fn a19_fifo_swapped_in_for_a_file_never_blocks() {
    attack(nothing, |stage, fs| {
        let f = at(fs, "f").unwrap();
        fs::remove_file(stage.mount("f")).unwrap();
        let mode = rustix::fs::Mode::from(0o600);
        rustix::fs::mkfifoat(rustix::fs::CWD, stage.mount("f"), mode).unwrap();
        assert!(matches!(fs.read_at(f, 0, &mut [0; 9]), Err(Errno::ESTALE | Errno::EINVAL)));
        assert!(matches!(fs.write_at(f, 0, b"x", NOW), Err(Errno::ESTALE | Errno::EINVAL)));
        assert_eq!(fs.read_at(at(fs, "f").unwrap(), 0, &mut [0; 9]), Err(Errno::EINVAL));
    });
}

#[test]
fn a20_socket_of_the_host_is_only_seen() {
    attack(
        |stage| drop(UnixListener::bind(stage.mount("socket")).unwrap()),
        |_, fs| {
            let socket = at(fs, "socket").unwrap();
            assert_eq!(fs.stat(socket).unwrap().file_type, FileType::Socket);
            assert_eq!(fs.read_at(socket, 0, &mut [0; 9]), Err(Errno::EINVAL));
            assert_eq!(fs.write_at(socket, 0, b"x", NOW), Err(Errno::EINVAL));
        },
    );
}

#[test]
fn a21_no_device_is_made_on_the_host() {
    attack(nothing, |stage, fs| {
        for (name, file_type) in [(b"char", FileType::CharDevice), (b"disk", FileType::BlockDevice)]
        {
            let made = fs.create(fs.root(), name, file_type, vfs::makedev(1, 5), &new(0o666));
            assert_eq!(made, Err(Errno::EPERM));
        }
        assert_eq!(fs::read_dir(stage.mount("")).unwrap().count(), 2);
    });
}

#[test]
fn a22_no_set_user_id_program_is_made_on_the_host() {
    attack(nothing, |stage, fs| {
        let f = at(fs, "f").unwrap();
        for bits in [0o4755, 0o2755, 0o6755] {
            let mode = SetStat { mode: Some(Mode::new(bits)), ..SetStat::default() };
            let _ = fs.set_stat(f, &mode, NOW);
            let _ = fs.create(fs.root(), b"s", FileType::Regular, 0, &new(bits));
        }
        for entry in fs::read_dir(stage.mount("")).unwrap() {
            assert_eq!(entry.unwrap().metadata().unwrap().mode() & 0o6000, 0);
        }
    });
}

#[test]
fn a23_names_that_are_not_text_stay_inside() {
    attack(nothing, |_, fs| {
        for name in [
            b"\xff\xfe".as_slice(),
            b"..\xff",
            b"...",
            b"\xc0\xae\xc0\xae",
            b".. ",
            b"\\..\\",
            b"-rf",
            b"\n",
        ] {
            let ino = fs.create(fs.root(), name, FileType::Regular, 0, &new(0o644)).unwrap();
            assert_eq!(fs.lookup(fs.root(), name), Ok(ino));
            let mut found = false;
            fs.read_dir(fs.root(), 0, &mut |entry| {
                found |= entry.name == name;
                true
            })
            .unwrap();
            assert!(found, "{name:?}");
        }
    });
}

#[test]
fn a24_nul_does_not_cut_a_name() {
    attack(nothing, |_, fs| {
        let root = fs.root();
        for name in [b"f\0x".as_slice(), b"..\0", b"\0", b"..\0/canary"] {
            assert_eq!(fs.lookup(root, name), Err(Errno::EINVAL));
            assert_eq!(fs.mkdir(root, name, &new(0o755)), Err(Errno::EINVAL));
            assert_eq!(fs.unlink(root, name, NOW), Err(Errno::EINVAL));
        }
        assert_eq!(fs.symlink(root, b"nul", b"a\0b", &new(0o777)), Err(Errno::EINVAL));
    });
}

#[test]
fn a25_very_long_names_are_refused() {
    attack(nothing, |_, fs| {
        let root = fs.root();
        let longest = [b'n'; 255];
        let ino = fs.create(root, &longest, FileType::Regular, 0, &new(0o644)).unwrap();
        assert_eq!(fs.lookup(root, &longest), Ok(ino));
        for len in [256, 5000, 1 << 20] {
            let name = vec![b'n'; len];
            assert_eq!(fs.lookup(root, &name), Err(Errno::ENAMETOOLONG));
            assert_eq!(fs.mkdir(root, &name, &new(0o755)), Err(Errno::ENAMETOOLONG));
            assert_eq!(fs.rename((root, b"f"), (root, &name), NONE, NOW), Err(Errno::ENAMETOOLONG));
        }
    });
}

#[test]
fn a26_trees_deeper_than_any_path_are_walked() {
    const DEEP: usize = 1500;
    attack(nothing, |_, fs| {
        let mut dir = fs.root();
        for _ in 0..DEEP {
            dir = fs.mkdir(dir, b"deeper", &new(0o755)).unwrap();
        }
        let file = fs.create(dir, b"f", FileType::Regular, 0, &new(0o644)).unwrap();
        assert_eq!(fs.write_at(file, 0, b"down here", NOW), Ok(9));
        let mut ups = 0;
        while dir != fs.root() {
            dir = fs.parent(dir).unwrap();
            ups += 1;
        }
        assert_eq!(ups, DEEP);
        let path = "deeper/".repeat(DEEP) + "f";
        assert_eq!(content(fs, at(fs, &path).unwrap()).unwrap(), b"down here");
        // Another way down for the clean-up: the host's own walk would hit its limit of a path.
        let mut dirs = vec![fs.root()];
        for _ in 0..DEEP {
            dirs.push(fs.lookup(*dirs.last().unwrap(), b"deeper").unwrap());
        }
        fs.unlink(dirs.pop().unwrap(), b"f", NOW).unwrap();
        for dir in dirs.into_iter().rev() {
            fs.rmdir(dir, b"deeper", NOW).unwrap();
        }
    });
}

#[test]
fn a27_symlink_loops_are_not_walked() {
    attack(
        |stage| {
            symlink("loop", stage.mount("loop")).unwrap();
            symlink(".", stage.mount("here")).unwrap();
        },
        |_, fs| {
            for name in ["loop", "here"] {
                let link = at(fs, name).unwrap();
                assert_eq!(fs.lookup(link, name.as_bytes()), Err(Errno::ENOTDIR));
                assert_eq!(fs.read_at(link, 0, &mut [0; 9]), Err(Errno::EINVAL));
            }
        },
    );
}

#[test]
fn a28_creating_at_a_dangling_symlink_creates_nothing_outside() {
    attack(
        |stage| symlink("../fresh", stage.mount("link")).unwrap(),
        |_, fs| {
            let root = fs.root();
            assert_eq!(
                fs.create(root, b"link", FileType::Regular, 0, &new(0o644)),
                Err(Errno::EEXIST)
            );
            assert_eq!(
                fs.create(root, b"link", FileType::Fifo, 0, &new(0o644)),
                Err(Errno::EEXIST)
            );
            assert_eq!(fs.mkdir(root, b"link", &new(0o755)), Err(Errno::EEXIST));
        },
    );
}

#[test]
fn a29_rename_and_unlink_act_on_a_symlink_itself() {
    attack(
        |stage| {
            symlink("../canary", stage.mount("one")).unwrap();
            symlink("../dir", stage.mount("two")).unwrap();
        },
        |_, fs| {
            let root = fs.root();
            fs.rename((root, b"f"), (root, b"one"), NONE, NOW).unwrap();
            assert_eq!(content(fs, at(fs, "one").unwrap()).unwrap(), b"harmless");
            assert_eq!(fs.rmdir(root, b"two", NOW), Err(Errno::ENOTDIR));
            fs.unlink(root, b"two", NOW).unwrap();
            assert_eq!(at(fs, "two"), Err(Errno::ENOENT));
        },
    );
}

#[test]
fn a30_metadata_of_a_symlink_is_its_own() {
    attack(
        |stage| symlink("../canary", stage.mount("link")).unwrap(),
        |_, fs| {
            let link = at(fs, "link").unwrap();
            let time = Timestamp::new(77, 0);
            fs.set_stat(link, &SetStat { mtime: Some(time), ..SetStat::default() }, NOW).unwrap();
            assert_eq!(fs.stat(link).unwrap().mtime, time);
            change_all(fs, link);
        },
    );
}

#[test]
fn a31_listing_has_neither_dot_nor_dot_dot() {
    attack(nothing, |_, fs| {
        fs.read_dir(fs.root(), 0, &mut |entry| {
            assert!(![b".".as_slice(), b".."].contains(&entry.name));
            true
        })
        .unwrap();
        // Cookies that nobody handed out lead nowhere either.
        for cookie in [1, 77, 1 << 40, i64::MAX as u64, u64::MAX] {
            let _ = fs.read_dir(fs.root(), cookie, &mut |entry| {
                assert_ne!(entry.name, b"canary");
                true
            });
        }
    });
}

#[test]
fn a32_mounted_directory_itself_replaced_by_a_symlink() {
    attack(nothing, |stage, fs| {
        fs::rename(stage.outer("mount"), stage.outer("mount.was")).unwrap();
        symlink("dir", stage.outer("mount")).unwrap();
        assert_eq!(at(fs, "canary"), Err(Errno::ENOENT));
        assert_eq!(content(fs, at(fs, "f").unwrap()).unwrap(), b"harmless");
        fs::remove_file(stage.outer("mount")).unwrap();
        fs::rename(stage.outer("mount.was"), stage.outer("mount")).unwrap();
    });
}

#[test]
fn a33_swapping_as_fast_as_the_host_can() {
    attack(
        |stage| symlink("../dir", stage.mount("trap")).unwrap(),
        |stage, fs| {
            let (sub, trap) = (stage.mount("sub"), stage.mount("trap"));
            let stop = AtomicBool::new(false);
            let flags = rustix::fs::RenameFlags::EXCHANGE;
            let here = rustix::fs::CWD;
            std::thread::scope(|scope| {
                scope.spawn(|| {
                    while !stop.load(Ordering::Relaxed) {
                        rustix::fs::renameat_with(here, &sub, here, &trap, flags).unwrap();
                    }
                });
                let (mut reached, mut tries) = (0, 0);
                // On a busy host the walk may lose for long.
                while tries < 3000 || (reached == 0 && tries < 1_000_000) {
                    tries += 1;
                    let Ok(dir) = at(fs, "sub") else { continue };
                    assert_eq!(fs.lookup(dir, b"canary").ok(), None);
                    if let Ok(f) = fs.lookup(dir, b"f")
                        && let Ok(text) = content(fs, f)
                    {
                        assert_eq!(text, b"harmless");
                        reached += 1;
                    }
                }
                stop.store(true, Ordering::Relaxed);
                assert!(reached > 0, "the walk never won, so nothing was tried");
            });
        },
    );
}
