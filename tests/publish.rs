//! What `.github/publish.sh` makes of a branch of pages: versions stay byte for byte, and nothing half built is published. The
//! remote is a folder; no network is asked.

#![cfg(all(unix, not(target_arch = "wasm32")))]
#![allow(clippy::unwrap_used)] // a test may fail

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

/// Bytes of files by their paths.
type Site = BTreeMap<String, Vec<u8>>;

#[test]
fn main_is_the_root_and_versions_stay_beside_it() {
    let place = Place::new("root");
    place.build("first");
    place.publish("refs/heads/main").done();
    assert_eq!(place.served(), below("", "first"));
    place.tag("v1.0");
    place.publish("refs/tags/v1.0").done();
    place.build("second");
    place.publish("refs/heads/main").done();
    assert_eq!(place.served(), joined([below("", "second"), below("v/1.0/", "first")]));
    place.tag("v1.1");
    place.publish("refs/tags/v1.1").done();
    let served = joined([below("", "second"), below("v/1.0/", "first"), below("v/1.1/", "second")]);
    assert_eq!(place.served(), served);
    assert_eq!(files_in(&place.at("work/site")), served, "the folder to be deployed is what the branch has");
}

#[test]
fn the_first_thing_published_may_be_a_version() {
    let place = Place::new("version");
    place.build("first");
    place.tag("v1.0.2");
    place.publish("refs/tags/v1.0.2").done();
    assert_eq!(place.served(), below("v/1.0.2/", "first"));
}

#[test]
fn a_version_that_is_there_is_never_changed() {
    let place = Place::new("again");
    place.build("first");
    place.tag("v1.0");
    place.publish("refs/tags/v1.0").done();
    let before = (place.served(), place.tip());
    place.publish("refs/tags/v1.0").refused("v1.0 is published already, and stays as it is");
    // Nor if the tag has been moved to something else.
    place.build("forged");
    place.tag("v1.0");
    place.publish("refs/tags/v1.0").refused("v1.0 is published already, and stays as it is");
    assert_eq!((place.served(), place.tip()), before);
}

#[test]
fn what_is_missing_or_not_as_it_was_built_is_refused() {
    let place = Place::new("dirty");
    place.publish("refs/heads/main").refused("dist/ is missing: ./build.sh build makes it");
    place.build("first");
    place.publish("refs/heads/main").done();
    let before = (place.served(), place.tip());
    let dist = place.at("work/dist");
    let broken = "dist/ is not as it was built; other or missing:";

    fs::remove_file(dist.join("assets/app.js")).unwrap();
    place.publish("refs/heads/main").refused(&format!("{broken}\nassets/app.js"));
    place.build("second");
    fs::write(dist.join("index.html"), "typed over").unwrap();
    fs::write(dist.join("assets/left over.js"), "").unwrap();
    place.publish("refs/heads/main").refused(&format!("{broken}\nassets/left over.js\nindex.html"));
    fs::remove_dir_all(&dist).unwrap();
    place.publish("refs/heads/main").refused("dist/ is missing: ./build.sh build makes it");
    fs::create_dir(&dist).unwrap();
    place.publish("refs/heads/main").refused("dist/ is missing: ./build.sh build makes it");
    assert_eq!((place.served(), place.tip()), before);
}

#[test]
fn only_what_is_committed_and_named_is_published() {
    let place = Place::new("named");
    place.build("first");
    place.tag("v1.0");
    for (name, why) in [
        ("refs/heads/other", "refs/heads/other is neither main nor a version"),
        ("refs/tags/v1.0-rc", "v1.0-rc is no version"),
        ("refs/tags/v../../x", "v../../x is no version"),
        ("refs/tags/v2.0", "what is checked out is not v2.0"),
    ] {
        place.publish(name).refused(why);
    }
    place.build("second");
    place.publish("refs/tags/v1.0").refused("what is checked out is not v1.0");
    fs::write(place.at("work/source"), "edited").unwrap();
    place.publish("refs/heads/main").refused("what is published must be committed first:\n M source");
    assert_eq!(place.tip(), "", "nothing was published");
}

#[test]
fn two_at_once_are_both_published() {
    let place = Place::new("race");
    place.build("first");
    place.publish("refs/heads/main").done();
    // What another run publishes while this one is about to push.
    place.git("work", &["push", "--quiet", "origin", "origin/pages:refs/heads/before"]);
    place.tag("v1.0");
    place.publish("refs/tags/v1.0").done();
    place.git("remote.git", &["branch", "--quiet", "meanwhile", "pages"]);
    place.git("remote.git", &["branch", "--quiet", "--force", "pages", "before"]);
    let hook = place.at("remote.git/hooks/update");
    fs::create_dir_all(hook.parent().unwrap()).unwrap();
    fs::write(&hook, "#!/bin/sh\n[ -e raced ] && exit 0\ntouch raced\ngit update-ref refs/heads/pages refs/heads/meanwhile\nexit 1\n")
        .unwrap();
    place.run("remote.git", "chmod", &["+x", "hooks/update"]);
    place.build("second");
    place.tag("v1.1");
    place.publish("refs/tags/v1.1").done();
    let served = joined([below("", "first"), below("v/1.0/", "first"), below("v/1.1/", "second")]);
    assert_eq!(place.served(), served);
    assert!(place.at("remote.git/raced").exists(), "the first push was turned away");
}

/// A folder with a repository, `work`, and its remote, `remote.git`.
struct Place {
    folder: PathBuf,
}

impl Place {
    fn new(name: &str) -> Place {
        let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join("publish").join(name);
        let _ = fs::remove_dir_all(&folder);
        fs::create_dir_all(folder.join("work/.github")).unwrap();
        let place = Place { folder };
        let script = Path::new(env!("CARGO_MANIFEST_DIR")).join(".github/publish.sh");
        fs::copy(script, place.at("work/.github/publish.sh")).unwrap();
        fs::write(place.at("work/.gitignore"), "/dist/\n/site/\n").unwrap();
        place.git("", &["init", "--quiet", "--bare", "remote.git"]);
        place.git("work", &["init", "--quiet", "--initial-branch", "main"]);
        place.git("work", &["remote", "add", "origin", place.at("remote.git").to_str().unwrap()]);
        place.commit("begun");
        place
    }

    fn at(&self, path: &str) -> PathBuf {
        self.folder.join(path)
    }

    /// A commit, and `dist/` as a build of it leaves it.
    fn build(&self, name: &str) {
        self.commit(name);
        let dist = self.at("work/dist");
        let _ = fs::remove_dir_all(&dist);
        for (path, bytes) in built(name) {
            let path = dist.join(path);
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(path, bytes).unwrap();
        }
    }

    fn commit(&self, name: &str) {
        fs::write(self.at("work/source"), name).unwrap();
        self.git("work", &["add", "--all"]);
        self.git("work", &["commit", "--quiet", "--message", name]);
    }

    fn tag(&self, name: &str) {
        self.git("work", &["tag", "--force", name]);
    }

    fn publish(&self, name: &str) -> Published {
        Published(self.command("work", ".github/publish.sh").args([name, "site"]).output().unwrap())
    }

    /// What a clone of the branch has, but for the file that keeps Pages from leaving files out.
    fn served(&self) -> Site {
        let _ = fs::remove_dir_all(self.at("served"));
        self.git("", &["clone", "--quiet", "--branch", "pages", "remote.git", "served"]);
        files_in(&self.at("served"))
    }

    /// The branch's newest commit; nothing if it has none.
    fn tip(&self) -> String {
        self.git("remote.git", &["for-each-ref", "--format=%(objectname)", "refs/heads/pages"])
    }

    fn git(&self, folder: &str, arguments: &[&str]) -> String {
        self.run(folder, "git", arguments)
    }

    fn run(&self, folder: &str, program: &str, arguments: &[&str]) -> String {
        let output = self.command(folder, program).args(arguments).output().unwrap();
        assert!(output.status.success(), "{arguments:?}: {}", String::from_utf8_lossy(&output.stderr));
        String::from_utf8(output.stdout).unwrap()
    }

    /// Untouched by whoever runs the test, and by the repository around it.
    fn command(&self, folder: &str, program: &str) -> Command {
        let mut command = Command::new(program);
        command
            .current_dir(self.at(folder))
            .env("GIT_CONFIG_GLOBAL", "/dev/null")
            .env("GIT_CONFIG_NOSYSTEM", "1");
        for name in ["GIT_DIR", "GIT_WORK_TREE", "GIT_INDEX_FILE", "REMOTE"] {
            command.env_remove(name);
        }
        for role in ["AUTHOR", "COMMITTER"] {
            command
                .env(format!("GIT_{role}_NAME"), "test")
                .env(format!("GIT_{role}_EMAIL"), "test@localhost");
        }
        command
    }
}

struct Published(Output);

impl Published {
    #[track_caller]
    fn done(self) {
        assert!(self.0.status.success(), "{}", String::from_utf8_lossy(&self.0.stderr));
    }

    #[track_caller]
    fn refused(self, why: &str) {
        assert_eq!(String::from_utf8_lossy(&self.0.stderr).trim_end(), why);
        assert!(!self.0.status.success(), "{why}");
    }
}

/// What a build leaves: files that tell builds apart, also such as git might change or leave out, and the list of them.
fn built(name: &str) -> Site {
    let file = |path: &str, text: String| (path.to_owned(), text.into_bytes());
    let mut site = Site::from([
        file("index.html", format!("<title>{name}</title>\r\n")),
        file("og.png", format!("picture of {name}")),
        file("assets/app.js", format!("// {name}\n")),
        file("assets/.gitignore", "*\n".to_owned()),
        file("examples/digits/a b.npy", format!("\u{0}{name}")),
        file(&format!("assets/{name}.css"), String::new()),
    ]);
    let listed: Vec<String> = site
        .iter()
        .filter(|(path, _)| *path != "og.png")
        .map(|(path, bytes)| format!("\"{path}\":\"{}\"", &sha256(bytes)[..16]))
        .collect();
    let list = format!("var e=JSON.parse('{{{}}}');", listed.join(","));
    site.insert("service-worker.js".to_owned(), list.into_bytes());
    site
}

fn sha256(bytes: &[u8]) -> String {
    use std::io::Write;
    use std::process::Stdio;
    let mut tool = Command::new("sha256sum").stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().unwrap();
    tool.stdin.take().unwrap().write_all(bytes).unwrap();
    String::from_utf8(tool.wait_with_output().unwrap().stdout).unwrap()
}

/// A build in a folder of the site.
fn below(folder: &str, name: &str) -> Site {
    built(name).into_iter().map(|(path, bytes)| (format!("{folder}{path}"), bytes)).collect()
}

fn joined<const N: usize>(sites: [Site; N]) -> Site {
    sites.into_iter().flatten().collect()
}

/// All but git's own, and the mark that is for the host.
fn files_in(folder: &Path) -> Site {
    let mut site = Site::new();
    let mut folders = vec![folder.to_owned()];
    while let Some(within) = folders.pop() {
        for entry in fs::read_dir(within).unwrap() {
            let path = entry.unwrap().path();
            let name = path.strip_prefix(folder).unwrap().to_str().unwrap().to_owned();
            match name.as_str() {
                ".git" => {}
                ".nojekyll" => assert_eq!(fs::read(&path).unwrap(), b""),
                _ if path.is_dir() => folders.push(path),
                _ => drop(site.insert(name, fs::read(&path).unwrap())),
            }
        }
    }
    site
}
