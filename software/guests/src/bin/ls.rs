//! `ls`, `dir` and `vdir`, by uutils.

fn main() {
    agentos_guest::main(&[
        ("ls", uu_ls::uumain),
        ("dir", uu_dir::uumain),
        ("vdir", uu_vdir::uumain),
    ]);
}
