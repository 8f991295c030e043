use super::*;
use anyhow::bail;

#[test]
fn a_failed_folder_is_not_there_and_the_next_try_starts_clean() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("made");
    let failed = make_dir(&path, |partial| {
        fs::write(partial.join("half"), "x")?;
        bail!("interrupted")
    });
    assert_eq!(failed.unwrap_err().to_string(), "interrupted");
    assert!(!path.exists());
    make_dir(&path, |partial| Ok(fs::write(partial.join("whole"), "x")?)).unwrap();
    assert!(path.join("whole").exists() && !path.join("half").exists());
    make_dir(&path, |_| bail!("not called: it is there")).unwrap();
}

#[test]
fn a_written_file_replaces_the_old_one_whole() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("file");
    write(&path, b"a longer text").unwrap();
    write(&path, b"short").unwrap();
    assert_eq!(fs::read(&path).unwrap(), b"short");
    assert_eq!(fs::read_dir(dir.path()).unwrap().count(), 1);
    remove(&path).unwrap();
    remove(&path).unwrap();
    assert!(!path.exists());
}
