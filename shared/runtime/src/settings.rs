//! Settings: one typed struct a service, filled from `MXTR_*` variables and from the files that `*_FILE` variables name.

use kernel::Service;
use secrecy::{ExposeSecret, SecretString};
use serde::de::{self, DeserializeOwned, Deserializer, IntoDeserializer, MapAccess, Visitor};
use std::cell::RefCell;
use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

/// Variables that begin with `MXTR_` and are read by tools, not by services.
const OF_TOOLS: [&str; 3] = ["MXTR_CACHE", "MXTR_LOG", "MXTR_TEST_SERVERS"];

/// A setting that cannot be printed.
#[derive(Clone)]
pub struct Secret(SecretString);

impl Secret {
    pub fn new(text: String) -> Self {
        Self(text.into())
    }

    /// The text itself: for the one place that needs it.
    pub fn expose(&self) -> &str {
        self.0.expose_secret()
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Secret(…)")
    }
}

impl<'de> de::Deserialize<'de> for Secret {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        String::deserialize(deserializer).map(Self::new)
    }
}

/// What is wrong with the settings. Names the variable, never its value.
#[derive(Debug, thiserror::Error)]
pub enum ConfigError {
    #[error("the variable {0} is not known; `mxtr serve --help` lists what there is")]
    Unknown(String),
    #[error("the variable {0} is needed")]
    Missing(String),
    #[error("the file that {0} names cannot be read")]
    File(String, #[source] std::io::Error),
    #[error("{variable} {problem}")]
    Invalid { variable: String, problem: &'static str },
    #[error("both {0} and {0}_FILE are set")]
    Twice(String),
    #[error("the settings do not fit: {0}")]
    Shape(String),
}

impl de::Error for ConfigError {
    fn custom<T: fmt::Display>(message: T) -> Self {
        Self::Shape(message.to_string())
    }

    fn missing_field(field: &'static str) -> Self {
        Self::Missing(format!("MXTR_{}", field.to_uppercase()))
    }
}

/// The variables as they were when the process began.
#[derive(Clone, Debug, Default)]
pub struct Environment(BTreeMap<String, String>);

impl Environment {
    /// Every `MXTR_*` variable of the process.
    #[expect(clippy::disallowed_methods, reason = "this is where settings come from")]
    pub fn of_process() -> Self {
        Self(std::env::vars().filter(|(name, _)| name.starts_with("MXTR_")).collect())
    }

    pub fn get(&self, name: &str) -> Option<&str> {
        self.0.get(name).map(String::as_str)
    }
}

impl FromIterator<(String, String)> for Environment {
    fn from_iter<I: IntoIterator<Item = (String, String)>>(variables: I) -> Self {
        Self(variables.into_iter().collect())
    }
}

/// The settings of a service. A field `database_url` is `MXTR_<SERVICE>_DATABASE_URL`, or `MXTR_DATABASE_URL` for all services;
/// with `_FILE` behind it, the file of that name holds the value (white space around it is dropped).
///
/// # Errors
/// A variable that is unknown, missing, unreadable or of another type. Other services' variables are passed over.
pub fn load<T: DeserializeOwned>(service: Service, environment: &Environment) -> Result<T, ConfigError> {
    let source = Source { prefix: format!("MXTR_{}_", service.name().to_uppercase()), environment, used: RefCell::default() };
    let settings = T::deserialize(Struct { source: &source })?;
    let used = source.used.into_inner();
    let others: Vec<String> =
        Service::ALL.iter().filter(|other| **other != service).map(|other| format!("MXTR_{}_", other.name().to_uppercase())).collect();
    let unknown = environment.0.keys().find(|name| {
        !used.contains(*name) && !OF_TOOLS.contains(&name.as_str()) && !others.iter().any(|other| name.starts_with(other.as_str()))
    });
    unknown.map_or(Ok(settings), |name| Err(ConfigError::Unknown(name.clone())))
}

struct Source<'a> {
    prefix: String,
    environment: &'a Environment,
    used: RefCell<BTreeSet<String>>,
}

impl Source<'_> {
    /// The variable and the value of a field: the service's own before the common one.
    fn value(&self, field: &str) -> Result<Option<(String, String)>, ConfigError> {
        let field = field.to_uppercase();
        let mut found = None;
        for name in [format!("{}{field}", self.prefix), format!("MXTR_{field}")] {
            let file = format!("{name}_FILE");
            self.used.borrow_mut().extend([name.clone(), file.clone()]);
            let value = match (self.environment.get(&name), self.environment.get(&file)) {
                (Some(_), Some(_)) => return Err(ConfigError::Twice(name)),
                (Some(value), None) => Some((name, value.to_owned())),
                (None, Some(path)) => {
                    let text = std::fs::read_to_string(path).map_err(|cause| ConfigError::File(file.clone(), cause))?;
                    Some((file, text.trim().to_owned()))
                }
                (None, None) => None,
            };
            found = found.or(value);
        }
        Ok(found)
    }
}

/// Asks the type which fields it has, and fills them.
struct Struct<'a> {
    source: &'a Source<'a>,
}

impl<'de> Deserializer<'de> for Struct<'_> {
    type Error = ConfigError;

    fn deserialize_any<V: Visitor<'de>>(self, _: V) -> Result<V::Value, ConfigError> {
        Err(ConfigError::Shape("settings are structs".to_owned()))
    }

    fn deserialize_struct<V: Visitor<'de>>(
        self,
        _: &'static str,
        fields: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, ConfigError> {
        visitor.visit_map(Fields { source: self.source, names: fields.iter(), current: None })
    }

    serde::forward_to_deserialize_any! {
        bool i8 i16 i32 i64 i128 u8 u16 u32 u64 u128 f32 f64 char str string bytes byte_buf option unit unit_struct newtype_struct seq tuple
        tuple_struct map enum identifier ignored_any
    }
}

struct Fields<'a> {
    source: &'a Source<'a>,
    names: std::slice::Iter<'static, &'static str>,
    /// The variable and the text of the field whose name was said last; nothing where it is nested.
    current: Option<(String, String)>,
}

/// The field under which settings that all services share are nested.
const COMMON: &str = "common";

impl<'de> MapAccess<'de> for Fields<'_> {
    type Error = ConfigError;

    fn next_key_seed<K: de::DeserializeSeed<'de>>(&mut self, seed: K) -> Result<Option<K::Value>, ConfigError> {
        for field in self.names.by_ref() {
            let value = if *field == COMMON { None } else { self.source.value(field)? };
            if value.is_some() || *field == COMMON {
                self.current = value;
                return seed.deserialize((*field).into_deserializer()).map(Some);
            }
        }
        Ok(None)
    }

    fn next_value_seed<V: de::DeserializeSeed<'de>>(&mut self, seed: V) -> Result<V::Value, ConfigError> {
        match self.current.take() {
            Some((variable, text)) => seed.deserialize(Text { variable, text }),
            None => seed.deserialize(Struct { source: self.source }),
        }
    }
}

/// One value: text that is parsed as the type that the field has.
struct Text {
    variable: String,
    text: String,
}

impl Text {
    fn invalid(&self, problem: &'static str) -> ConfigError {
        ConfigError::Invalid { variable: self.variable.clone(), problem }
    }
}

macro_rules! parsed {
    ($($method:ident $visit:ident $kind:ty)*) => {$(
        fn $method<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, ConfigError> {
            let number: $kind = self.text.parse().map_err(|_| self.invalid(concat!("is not a ", stringify!($kind))))?;
            visitor.$visit(number)
        }
    )*};
}

impl<'de> Deserializer<'de> for Text {
    type Error = ConfigError;

    fn deserialize_any<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, ConfigError> {
        let invalid = self.invalid("is not what it should be");
        visitor.visit_string::<ConfigError>(self.text).map_err(|_| invalid)
    }

    fn deserialize_option<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, ConfigError> {
        if self.text.is_empty() { visitor.visit_none() } else { visitor.visit_some(self) }
    }

    fn deserialize_newtype_struct<V: Visitor<'de>>(self, _: &'static str, visitor: V) -> Result<V::Value, ConfigError> {
        visitor.visit_newtype_struct(self)
    }

    fn deserialize_enum<V: Visitor<'de>>(self, _: &'static str, _: &'static [&'static str], visitor: V) -> Result<V::Value, ConfigError> {
        let invalid = self.invalid("is none of the words that it may be");
        visitor.visit_enum(IntoDeserializer::<ConfigError>::into_deserializer(self.text)).map_err(|_| invalid)
    }

    fn deserialize_seq<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, ConfigError> {
        let words: Vec<String> = self.text.split(',').map(str::trim).filter(|word| !word.is_empty()).map(ToOwned::to_owned).collect();
        visitor.visit_seq(de::value::SeqDeserializer::new(words.into_iter()))
    }

    parsed! {
        deserialize_bool visit_bool bool
        deserialize_u8 visit_u8 u8
        deserialize_u16 visit_u16 u16
        deserialize_u32 visit_u32 u32
        deserialize_u64 visit_u64 u64
        deserialize_i64 visit_i64 i64
        deserialize_f64 visit_f64 f64
    }

    serde::forward_to_deserialize_any! {
        i8 i16 i32 i128 u128 f32 char str string bytes byte_buf unit unit_struct tuple tuple_struct map struct identifier ignored_any
    }
}
