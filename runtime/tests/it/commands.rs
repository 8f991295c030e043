//! Our own commands, beside the host's GNU tools: the same script prints the same.

use std::process::Command;

use agentos_runtime::Sandbox;

/// Runs a script here and with the host's bash, each in an empty folder of its own.
#[track_caller]
fn same_as_on_the_host(script: &str) {
    if !software::common().is_built() {
        println!("skipped: the commands are not built: {}", software::HOW_TO_BUILD);
        return;
    }
    let folder = tempfile::tempdir().expect("a folder for temporary files");
    let script = format!("umask 022; {script}");
    #[expect(clippy::disallowed_methods, reason = "the host's tools say what is right")]
    let mut bash = Command::new("bash");
    bash.args(["-c", &script]).current_dir(folder.path()).env("LC_ALL", "C");
    let host = bash.output().expect("the host has bash and GNU's tools");
    let mut sandbox = Sandbox::builder().software(software::common()).build().expect("a sandbox");
    let ours = sandbox.execute_command(&script).expect("it runs");
    assert_eq!(ours.stdout_text(), String::from_utf8_lossy(&host.stdout), "{script}");
    assert_eq!(ours.stderr_text(), String::from_utf8_lossy(&host.stderr), "{script}");
    assert_eq!(Some(ours.exit_code), host.status.code(), "{script}");
}

#[test]
fn chmod_sets_modes() {
    same_as_on_the_host(
        "echo hi > f; mkdir d; touch d/x; ln -s none dangling
        chmod 600 f; stat -c '%a %A' f; chmod u+x,go=r f; stat -c %A f
        chmod -R a+rX d; stat -c %A d d/x; chmod +w f; stat -c %A f
        chmod -v 755 f; chmod -v 755 f; chmod -c 644 f; chmod --reference=d f; stat -c %a f
        chmod 4755 f; stat -c '%a %A' f; chmod g+s,o+t d; stat -c '%a %A' d",
    );
}

#[test]
fn chmod_says_what_is_wrong() {
    same_as_on_the_host("touch f; chmod -w f; echo $?; chmod 9 f");
    same_as_on_the_host("chmod; echo $?; chmod 644; echo $?; chmod 644 nofile");
    same_as_on_the_host("ln -s none l; chmod 644 l; echo $?; touch f; chmod zzz f");
    same_as_on_the_host("chmod -f 644 nofile; chmod -Q 644 f");
}

#[test]
fn stat_fills_formats() {
    same_as_on_the_host(
        "echo hi > f; ln f g; ln -s f l; mkdir d
        stat -c '%a %A %s %n %F %h' f d l; stat -L -c %F l; stat --printf '%n\\t%s\\x41\\n' f
        stat -c '[%10s] [%-10s] [%010s] [%.2n] %N' f l; touch -d '2020-02-29 12:34:56 UTC' f
        TZ=UTC stat -c '%y %Y' f; stat nofile",
    );
}

#[test]
fn fifos_are_made() {
    same_as_on_the_host(
        "mkfifo p; stat -c '%F %A' p; mkfifo -m 600 q; stat -c %A q; mkfifo p; echo $?; mkfifo
        (echo through > p &); cat p",
    );
}

#[test]
fn tac_turns_standard_input_around() {
    same_as_on_the_host(
        "printf '1\\n2\\n3\\n' | tac; printf 'a\\nb\\n' > f; tac f; printf x | tac - f
        printf 'a,b,c' | tac -s ,",
    );
}

#[test]
fn which_finds_programs() {
    same_as_on_the_host(
        "mkdir a b; echo > a/prog; echo > b/prog; chmod +x a/prog b/prog; echo > a/plain
        w=$(command -v which); PATH=a:b; $w prog; $w -a prog; $w plain; echo $?; $w b/prog",
    );
}

/// Whether the pack has a command: one that was built before the command was written has not.
fn has(command: &str) -> bool {
    let there = software::common().get(command).is_some();
    if !there {
        println!("skipped: no {command} in the pack: {}", software::HOW_TO_BUILD);
    }
    there
}

#[test]
fn flock_lets_one_after_the_other() {
    if !has("flock") {
        return;
    }
    same_as_on_the_host(
        "flock l echo locked; echo $?; flock l false; echo $?; flock l sh -c 'exit 5'; echo $?
        flock l -c 'echo a; exit 6'; echo $?; mkdir d; flock d echo dir; flock l nosuch; echo $?
        flock /none/l true; echo $?",
    );
    same_as_on_the_host(
        "mkfifo go; flock l sh -c 'echo held > go; read x < go' & read x < go; echo $x
        flock -n l echo no; echo $?; flock -n -E 9 l echo no; echo $?
        echo on > go; wait; flock -n l echo free",
    );
    same_as_on_the_host(
        "echo 0 > n; for i in 1 2 3 4 5; do
            flock l sh -c 'x=$(cat n); sleep 0.01; echo $((x + 1)) > n' &
        done; wait; cat n",
    );
}

#[test]
fn setsid_leads_a_session() {
    if !has("setsid") {
        return;
    }
    same_as_on_the_host("setsid -w sh -c 'echo in; exit 3'; echo $?; setsid -w nosuch; echo $?");
    same_as_on_the_host(
        "setsid -w sh -c 'cut -d\" \" -f 5,6 < /proc/$$/stat > s'; read group session < s
        [[ $group == $session && $session != $$ ]]; echo $?",
    );
}

#[test]
fn ls_shows_modes_links_sizes_and_times() {
    same_as_on_the_host(
        "export TZ=UTC; mkdir d; echo hi > f; ln f g; ln -s f l; ln -s none broken; mkfifo p
        chmod 755 f; chmod 1777 d; touch -d '2001-02-03 04:05:06 UTC' f d p
        touch -h -d '2001-02-03 04:05:06 UTC' l broken
        ls -go | tail -n +2; ls -goF f d p l; ls -dgo d; ls -go --time-style=long-iso f
        ls -go --full-time f; ls -gohS f g; ls -lgo --time-style=iso f; ls -1F; ls -p",
    );
}

#[test]
fn ls_orders_and_chooses() {
    same_as_on_the_host(
        "mkdir d; touch .h b A a.c file10 file9 d/x d/.y 'a b' z~; echo long > big
        touch -d '2001-02-03 UTC' b; touch -d '2002-02-03 UTC' A
        touch -d '2003-02-03 UTC' .h a.c file10 file9 d 'a b' z~ big
        ls; ls -a; ls -A; ls -r; ls -t; ls -tr; ls -S; ls -X; ls -v; ls -B; ls -I 'f*'; ls -m
        ls -R; ls d b; ls -d d; ls -C; ls -x; ls -Q; ls -b; ls -w 30 -C; ls --group-directories-first
        ls nofile; echo $?; ls nofile b; ls -ad .*h; ls -U | sort; ls --zero | tr '\\0' ,",
    );
}

#[test]
fn cp_keeps_modes() {
    same_as_on_the_host(
        "echo hi > f; chmod 755 f; cp f g; stat -c %A g; chmod 600 g; cp f g; stat -c %A g
        touch -d '2001-02-03 04:05:06 UTC' f; cp -p f h; TZ=UTC stat -c '%A %y' h
        mkdir d; cp f d; chmod 750 d; touch -d '2001-02-03 UTC' d
        cp -r d e; stat -c %A e e/f; cp -a d k; TZ=UTC stat -c '%A %Y' k; cp -r d/. m; ls -go m/f | cut -c1-10
        umask 077; cp f n; stat -c %A n; mkdir t; cp -t t f g; stat -c '%n %A' t/f t/g; cp nofile x",
    );
}

#[test]
fn mkdir_sets_the_mode_that_is_asked_for() {
    same_as_on_the_host(
        "mkdir -m 777 a; mkdir -m u=rwx,go= b; mkdir -pm 700 c/d; mkdir -p -m 711 c; mkdir --mode=1777 e
        umask 077; mkdir f; mkdir -m a+rwx g; stat -c '%n %A' a b c c/d e f g; mkdir -m zz h",
    );
}
