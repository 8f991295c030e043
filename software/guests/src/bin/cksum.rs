//! `cksum` and its family, by uutils: they share the hash functions, which are most of each.

fn main() {
    agentos_guest::main(&[
        ("cksum", uu_cksum::uumain),
        ("b2sum", uu_b2sum::uumain),
        ("md5sum", uu_md5sum::uumain),
        ("sha1sum", uu_sha1sum::uumain),
        ("sha224sum", uu_sha224sum::uumain),
        ("sha256sum", uu_sha256sum::uumain),
        ("sha384sum", uu_sha384sum::uumain),
        ("sha512sum", uu_sha512sum::uumain),
        ("sum", uu_sum::uumain),
    ]);
}
