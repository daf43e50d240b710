use super::*;

fn config(vars: &[(&str, &str)]) -> Config {
    Config::from_vars(vars.iter().map(|&(k, v)| (k.into(), v.into())).collect()).unwrap()
}

#[test]
fn what_is_typed_wins_over_the_environment() {
    let c = config(&[("GLEANER_DB", "/tmp/a.db"), ("OPENAI_BASE_URL", "http://localhost:8080/v1/")]);
    assert_eq!(c.db_path(None).unwrap(), Path::new("/tmp/a.db"));
    assert_eq!(c.db_path(Some(Path::new("b.db"))).unwrap(), Path::new("b.db"));
    let url = |c: &Config, typed| c.base_url(typed).unwrap();
    assert_eq!(url(&c, None).as_deref(), Some("http://localhost:8080/v1"));
    assert_eq!(url(&c, Some("http://h/v1")).as_deref(), Some("http://h/v1"));
    assert_eq!(url(&config(&[]), None), None);
}

#[test]
fn a_variable_wins_over_the_file_and_the_file_over_the_default() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("c.toml");
    std::fs::write(&path, "poll_interval = 5\nmax_cost = 2\ndatabase = \"a.db\"\nask_above = 1\n").unwrap();
    let read = |vars: &[(&str, &str)]| config(vars).with_file(Some(&path)).unwrap();
    let (file, both) = (read(&[]), read(&[("GLEANER_POLL_INTERVAL", "7"), ("GLEANER_DB", "b.db")]));
    let seconds = |c: &Config, typed| c.poll_interval_secs(typed).unwrap();
    assert_eq!((seconds(&file, None), seconds(&both, None), seconds(&both, Some(9.0))), (5.0, 7.0, 9.0));
    assert_eq!(seconds(&config(&[]), None), 60.0);
    assert_eq!(file.db_path(None).unwrap(), folder.path().join("a.db"));
    assert_eq!(both.db_path(None).unwrap(), Path::new("b.db"));
    assert_eq!(file.ask_above_usd().unwrap(), Some(1.0));
    assert_eq!(read(&[("GLEANER_YES", "1")]).ask_above_usd().unwrap(), None);
    let limit = |c: &Config| c.max_cost().unwrap().map(|limit| limit.named);
    assert_eq!(limit(&file).as_deref(), Some("`max_cost` = 2"));
    assert_eq!(limit(&read(&[("GLEANER_MAX_COST", "3")])).as_deref(), Some("`GLEANER_MAX_COST` = 3"));
    assert!(config(&[("GLEANER_MAX_COST", "x")]).max_cost().is_err());
    assert!(config(&[]).with_file(Some(Path::new("nowhere.toml"))).is_err());
    assert!(config(&[("GLEANER_CONFIG", "nowhere.toml")]).with_file(None).is_err());
}

#[test]
fn what_is_no_path_is_refused() {
    for path in ["", ":memory:", "file:a.db", "FILE:a.db?mode=memory", "file::memory:"] {
        assert!(config(&[]).db_path(Some(Path::new(path))).is_err(), "{path}");
    }
    for path in [":memory:x", "file:a.db"] {
        assert!(config(&[("GLEANER_DB", path)]).db_path(None).is_err(), "{path}");
    }
    for path in ["./:memory:", "./file:a.db", "a/file:b", "file", "C:\\a.db"] {
        assert_eq!(config(&[]).db_path(Some(Path::new(path))).unwrap(), Path::new(path));
    }
}

#[cfg(unix)]
#[test]
fn a_database_may_have_a_name_of_any_bytes_and_nothing_else() {
    use std::os::unix::ffi::OsStringExt as _;
    let odd = OsString::from_vec(b"/tmp/caf\xe9.db".to_vec());
    let with = |name: &str| Config::from_os_vars([(name.to_owned(), odd.clone())].into_iter());
    assert_eq!(with("GLEANER_DB").unwrap().db_path(None).unwrap(), Path::new(&odd));
    assert_eq!(with("OPENAI_API_KEY").unwrap_err().to_string(), "`OPENAI_API_KEY` is not UTF-8");
    assert!(with("SOMETHING_ELSE").is_ok());
}

#[test]
fn no_secret_is_shown() {
    let shown = format!("{:?}", config(&[("OPENAI_API_KEY", "sk-secret"), ("HTTPS_PROXY", "http://a:pass@b")]));
    assert!(shown.contains("OPENAI_API_KEY") && !shown.contains("sk-secret") && !shown.contains("pass"), "{shown}");
}

#[test]
fn limits_out_of_range_are_wrong_usage() {
    assert_eq!(config(&[("MAX_TOPICS_PER_GROUP", "5")]).max_topics().unwrap(), Some(5));
    assert!(config(&[("MAX_TOPICS_PER_GROUP", "0")]).max_topics().is_err());
    assert!(config(&[("MAX_ENTITIES_PER_GROUP", "many")]).max_entities().is_err());
}

#[test]
fn the_clock_can_be_fixed() {
    let c = config(&[("GLEANER_TEST_CLOCK", "2026-01-02T03:04:05Z"), ("GLEANER_TEST_SLEEP_MS", "0")]);
    assert_eq!(c.now_text(), "2026-01-02T03:04:05Z");
    c.pause(Duration::from_secs(60)).unwrap();
    assert_eq!(c.now_text(), "2026-01-02T03:05:05Z", "as if the pause had lasted");
    assert_eq!(unix_text(0).as_deref(), Some("1970-01-01T00:00:00Z"));
}
