//! What a reader of yesterday could not stand: compares two sets of descriptors by full names.

use prost_types::{DescriptorProto, EnumDescriptorProto, FieldDescriptorProto, FileDescriptorSet};
use std::collections::BTreeMap;

/// Why `new` breaks what `old` has published; empty when it only grew.
pub fn breaking(old: &FileDescriptorSet, new: &FileDescriptorSet) -> Vec<String> {
    let (old, new) = (Known::of(old), Known::of(new));
    let messages = old.messages.iter().flat_map(|(name, before)| match new.messages.get(name) {
        None => vec![format!("{name} is gone")],
        Some(after) => fields(name, before, after),
    });
    let enums = old.enums.iter().flat_map(|(name, before)| match new.enums.get(name) {
        None => vec![format!("{name} is gone")],
        Some(after) => values(name, before, after),
    });
    messages.chain(enums).collect()
}

#[derive(Default)]
struct Known {
    messages: BTreeMap<String, DescriptorProto>,
    enums: BTreeMap<String, EnumDescriptorProto>,
}

impl Known {
    fn of(set: &FileDescriptorSet) -> Self {
        let mut known = Self::default();
        for file in &set.file {
            known.add(file.package(), &file.message_type, &file.enum_type);
        }
        known
    }

    fn add(&mut self, scope: &str, messages: &[DescriptorProto], enums: &[EnumDescriptorProto]) {
        for message in messages {
            let name = format!("{scope}.{}", message.name());
            self.add(&name, &message.nested_type, &message.enum_type);
            self.messages.insert(name, message.clone());
        }
        self.enums.extend(enums.iter().map(|one| (format!("{scope}.{}", one.name()), one.clone())));
    }
}

fn fields(message: &str, before: &DescriptorProto, after: &DescriptorProto) -> Vec<String> {
    let kept = |field: &FieldDescriptorProto| {
        let name = format!("{message}.{}", field.name());
        match after.field.iter().find(|now| now.number() == field.number()) {
            None => Some(format!("{name} is gone from number {}", field.number())),
            Some(now) if now.name() != field.name() => Some(format!("{name} has become {}", now.name())),
            Some(now) if shape(now, after) != shape(field, before) => Some(format!("{name} is of another type")),
            Some(_) => None,
        }
    };
    before.field.iter().filter_map(kept).collect()
}

/// What the wire and the generated code make of a field, its name and number aside.
fn shape<'a>(field: &'a FieldDescriptorProto, of: &'a DescriptorProto) -> (i32, i32, &'a str, bool, Option<&'a str>) {
    let oneof =
        field.oneof_index.and_then(|index| of.oneof_decl.get(usize::try_from(index).ok()?)).map(prost_types::OneofDescriptorProto::name);
    (field.r#type.unwrap_or_default(), field.label.unwrap_or_default(), field.type_name(), field.proto3_optional(), oneof)
}

fn values(name: &str, before: &EnumDescriptorProto, after: &EnumDescriptorProto) -> Vec<String> {
    let gone =
        before.value.iter().filter(|value| !after.value.iter().any(|now| now.name() == value.name() && now.number() == value.number()));
    gone.map(|value| format!("{name}.{} is not {} any more", value.name(), value.number())).collect()
}
