use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};

use crate::harness::World;

fn mode(path: &Path) -> u32 {
    fs::metadata(path).unwrap_or_else(|error| panic!("{}: {error}", path.display())).permissions().mode() & 0o777
}

#[test]
fn what_gleaner_makes_is_its_owner_s_and_what_is_ordered_follows_the_umask() {
    let mut world = World::new();
    world.db = world.path("new/deep/g.db");
    world.load_groups(&[crate::harness::group(1), crate::harness::group(2)]);
    world.load_entities(&crate::harness::catalog());
    world.run(&["batch", "create", "--wait"]).exits(0);
    let folder = world.path("new/deep");
    for name in ["new", "new/deep", "new/deep/batch_files"] {
        assert_eq!(mode(&world.path(name)), 0o700, "{name}");
    }
    assert_eq!(mode(&world.db), 0o600);
    let files: Vec<PathBuf> =
        fs::read_dir(folder.join("batch_files")).unwrap().map(|entry| entry.unwrap().path()).collect();
    assert!(files.len() >= 3, "request file, metadata, answers: {files:?}");
    for file in &files {
        assert_eq!(mode(file), 0o600, "{}", file.display());
    }
    let plain = mode(&world.write("plain", ""));
    for (args, name) in [
        (&["export", "groups", "-o", "groups.csv"][..], "groups.csv"),
        (&["report", "-o", "page.html"], "page.html"),
        (&["audit", "links", "--sample", "2", "--to", "audit.csv"], "audit.csv"),
    ] {
        world.run(args).exits(0);
        assert_eq!(mode(&world.path(name)), plain, "{name}");
        fs::set_permissions(world.path(name), fs::Permissions::from_mode(0o640)).unwrap();
    }
    world.run(&["export", "groups", "-o", "groups.csv"]).exits(0);
    assert_eq!(mode(&world.path("groups.csv")), 0o640, "a mode that was there stays");
}
