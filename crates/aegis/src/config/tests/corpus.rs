//! Replays the fuzzer's corpus of configuration files: each means something, or is refused where its name
//! says so.

use std::{fs, path::Path};

use super::{super::RawConfig, resolve, root};

#[test]
fn every_file_of_the_corpus_means_something_or_is_refused_as_its_name_says() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../fuzz/corpus/parse_config");
    let mut count = 0;
    for file in fs::read_dir(folder).unwrap().flatten() {
        let name = file.file_name().into_string().unwrap();
        let text = fs::read_to_string(file.path()).unwrap();
        let read = toml::from_str::<RawConfig>(&text).ok();
        if let Some(read) = &read {
            let shown = toml::to_string(read).unwrap();
            let again: RawConfig = toml::from_str(&shown).unwrap();
            assert_eq!(format!("{again:?}"), format!("{read:?}"), "{name}");
        }
        let config = read.and_then(|it| resolve(it, &root()).ok());
        assert_eq!(config.is_some(), name.starts_with("good-"), "{name}");
        count += 1;
    }
    assert!(count >= 10, "{count}");
}
