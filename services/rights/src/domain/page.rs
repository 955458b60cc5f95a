//! Pages that people see: plain HTML, readable without scripts, by keyboard, and in the dark.

use super::progress::State;
use jiff::civil::Date;

const STYLE: &str = "body{font:1.1rem/1.5 system-ui,sans-serif;max-width:44rem;margin:3rem auto;padding:0 1rem;color:#222;background:#fff}\
    a{color:#05c}dt{font-weight:600}dd{margin:0 0 .4rem 1.5rem}li>dl{margin:.2rem 0 .8rem}:focus-visible{outline:3px solid #05c}\
    @media(prefers-color-scheme:dark){body{color:#eee;background:#111}a{color:#8cf}}";

/// A whole page.
pub fn html(title: &str, content: &str) -> String {
    format!(
        "<!doctype html><html lang=\"en\"><head><meta charset=\"utf-8\"><meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\
         <title>{title}</title><style>{STYLE}</style></head><body><main><h1>{title}</h1>{content}</main></body></html>\n"
    )
}

/// Text that may stand in HTML, attribute values included.
pub fn escaped(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;").replace('"', "&quot;").replace('\'', "&#39;")
}

/// Where a person's request stands.
pub struct Status<'a> {
    pub is_erasure: bool,
    pub state: State,
    pub due: Date,
    /// Whether there is a package to fetch.
    pub package: bool,
    pub refusal: Option<&'a str>,
    /// The address of the page itself.
    pub path: &'a str,
}

/// The page behind a person's own link. It names nobody: whoever holds the link learns no more than how far the request is.
pub fn status(status: &Status<'_>) -> String {
    let asked = if status.is_erasure { "erase what is held about you" } else { "tell you what is held about you" };
    let answer = match status.state {
        State::AwaitingConfirmation => {
            "Your request has arrived. Before anything is handed out or erased, those responsible make sure that it is you who asks."
        }
        State::Finding | State::Planning | State::Collecting | State::Shredding | State::Erasing | State::Scanning => {
            "Your request is being worked on."
        }
        State::Done if status.is_erasure => "What was held about you has been erased.",
        State::Done if status.package => "The answer is ready.",
        State::Done => "The answer was ready and has been taken away again, as its time had passed.",
        State::PersonErased => "What was held about you has been erased, as was asked in another request.",
        State::NothingFound => "Nothing was found about you.",
        State::Refused => "Those responsible could not carry out your request.",
    };
    let package = format!("<p><a href=\"{}/package\" download>Fetch the package (ZIP)</a></p>", escaped(status.path));
    let refusal = status.refusal.map(|refusal| {
        format!("<p>Their reason: {}. You may complain to a supervisory authority.</p>", escaped(&refusal.replace('-', " ")))
    });
    let due = format!(
        "<p>You hear from them by <time datetime=\"{0}\">{0}</time>. Keep this link: nobody can send it to you again.</p>",
        status.due
    );
    let content = [
        format!("<p>You asked to {asked}.</p><p role=\"status\"><strong>{answer}</strong></p>"),
        if status.package { package } else { String::new() },
        refusal.unwrap_or_default(),
        if status.state.is_final() { String::new() } else { due },
    ]
    .concat();
    html("Your request", &content)
}
