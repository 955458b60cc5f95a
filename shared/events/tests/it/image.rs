//! `docs/events.binpb` is what was published. `UPDATE_EVENTS_IMAGE=1 cargo test -p events` accepts what was added; nothing accepts what breaks.

use crate::breaking::breaking;
use prost::Message as _;
use prost_types::field_descriptor_proto::Type;
use prost_types::{DescriptorProto, FileDescriptorSet};
use std::fs;
use std::path::{Path, PathBuf};

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..")
}

/// Compiles every file below this folder, without comments and positions.
fn compile(proto: &Path) -> FileDescriptorSet {
    let mut files = Vec::new();
    collect(proto, &mut files);
    files.sort();
    let mut compiler = protox::Compiler::new([proto]).unwrap();
    compiler.include_imports(true).include_source_info(false).open_files(files).unwrap();
    compiler.file_descriptor_set()
}

fn collect(folder: &Path, files: &mut Vec<PathBuf>) {
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            collect(&path, files);
        } else if path.extension().is_some_and(|extension| extension == "proto") {
            files.push(path);
        }
    }
}

#[test]
fn what_was_published_can_still_be_read() {
    let image = root().join("docs/events.binpb");
    let now = compile(&root().join("proto"));
    // Without it nothing would be a break.
    let published = FileDescriptorSet::decode(fs::read(&image).expect("docs/events.binpb is committed").as_slice()).unwrap();
    assert_eq!(breaking(&published, &now), Vec::<String>::new(), "proto/ breaks what was published: add new fields and messages instead");
    #[expect(clippy::disallowed_methods, reason = "how a person accepts what was added")]
    if std::env::var("UPDATE_EVENTS_IMAGE").is_ok_and(|value| value == "1") {
        fs::write(&image, now.encode_to_vec()).unwrap();
    } else {
        assert!(
            published == now,
            "proto/ has grown; accept it with UPDATE_EVENTS_IMAGE=1 cargo test -p events, and commit docs/events.binpb"
        );
    }
}

/// A package as it was published, and the same with a change planted in it.
fn planted(change: impl FnOnce(&mut FileDescriptorSet)) -> Vec<String> {
    let folder = tempfile::tempdir().unwrap();
    fs::write(
        folder.path().join("planted.proto"),
        r#"syntax = "proto3";
        package planted.v1;
        message Kept {
          bytes id = 1;
          int64 version = 2;
          repeated string names = 3;
          Mood mood = 4;
          oneof body { string text = 5; int64 number = 6; }
          map<string, string> facts = 7;
          message Inner { bytes deep = 1; }
        }
        message Other { Kept kept = 1; }
        enum Mood { MOOD_UNSPECIFIED = 0; MOOD_GOOD = 1; }"#,
    )
    .unwrap();
    let old = compile(folder.path());
    let mut new = old.clone();
    change(&mut new);
    breaking(&old, &new)
}

fn kept(set: &mut FileDescriptorSet) -> &mut DescriptorProto {
    &mut set.file[0].message_type[0]
}

#[test]
fn growing_breaks_nothing() {
    let grown = planted(|set| {
        let mut added = kept(set).field[0].clone();
        (added.name, added.number) = (Some("added".to_owned()), Some(90));
        kept(set).field.push(added);
        let mut message = set.file[0].message_type[1].clone();
        message.name = Some("Added".to_owned());
        set.file[0].message_type.push(message);
        let mut value = set.file[0].enum_type[0].value[1].clone();
        (value.name, value.number) = (Some("MOOD_BAD".to_owned()), Some(2));
        set.file[0].enum_type[0].value.push(value);
    });
    assert_eq!(grown, Vec::<String>::new());
}

#[test]
fn a_field_that_is_gone_is_refused() {
    assert_eq!(planted(|set| drop(kept(set).field.remove(1))), ["planted.v1.Kept.version is gone from number 2"]);
}

#[test]
fn a_field_with_another_number_is_refused() {
    assert_eq!(planted(|set| kept(set).field[1].number = Some(20)), ["planted.v1.Kept.version is gone from number 2"]);
}

#[test]
fn a_number_with_another_name_is_refused() {
    assert_eq!(planted(|set| kept(set).field[1].name = Some("age".to_owned())), ["planted.v1.Kept.version has become age"]);
}

#[test]
fn two_fields_that_changed_places_are_refused() {
    let swapped = planted(|set| {
        kept(set).field[0].number = Some(2);
        kept(set).field[1].number = Some(1);
    });
    assert_eq!(swapped, ["planted.v1.Kept.id has become version", "planted.v1.Kept.version has become id"]);
}

#[test]
fn a_field_of_another_type_is_refused() {
    assert_eq!(planted(|set| kept(set).field[1].set_type(Type::Sint64)), ["planted.v1.Kept.version is of another type"]);
    assert_eq!(
        planted(|set| kept(set).field[2].label = kept(&mut set.clone()).field[0].label),
        ["planted.v1.Kept.names is of another type"]
    );
    let other_message = planted(|set| set.file[0].message_type[1].field[0].type_name = Some(".planted.v1.Kept.Inner".to_owned()));
    assert_eq!(other_message, ["planted.v1.Other.kept is of another type"]);
}

#[test]
fn a_field_that_left_its_oneof_is_refused() {
    assert_eq!(planted(|set| kept(set).field[4].oneof_index = None), ["planted.v1.Kept.text is of another type"]);
}

#[test]
fn a_message_that_is_gone_is_refused() {
    assert_eq!(planted(|set| drop(set.file[0].message_type.remove(1))), ["planted.v1.Other is gone"]);
    let inner = planted(|set| kept(set).nested_type.retain(|message| message.name() != "Inner"));
    assert_eq!(inner, ["planted.v1.Kept.Inner is gone"]);
}

#[test]
fn an_enum_or_a_value_that_is_gone_is_refused() {
    assert_eq!(planted(|set| set.file[0].enum_type.clear()), ["planted.v1.Mood is gone"]);
    assert_eq!(planted(|set| drop(set.file[0].enum_type[0].value.remove(1))), ["planted.v1.Mood.MOOD_GOOD is not 1 any more"]);
    assert_eq!(planted(|set| set.file[0].enum_type[0].value[1].number = Some(3)), ["planted.v1.Mood.MOOD_GOOD is not 1 any more"]);
}
