//! Every problem an answer can name: a closed list, with a page each.

use crate::Problem;
use crate::problem::REASONS;
use actix_web::http::header::CACHE_CONTROL;
use actix_web::{HttpResponse, web};

/// A kind of problem; its page stands at `/problems/<slug>`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Slug {
    pub name: &'static str,
    pub status: u16,
    pub title: &'static str,
    /// What it means and what to do about it.
    pub help: &'static str,
}

macro_rules! problems {
    ($($constant:ident $name:literal $status:literal $title:literal $help:literal)*) => {
        impl Slug {
            $(pub const $constant: Self = Self { name: $name, status: $status, title: $title, help: $help };)*

            /// Every problem there is.
            pub const ALL: &'static [Self] = &[$(Self::$constant),*];
        }
    };
}

problems! {
    NOT_READABLE "not-readable" 400 "The request cannot be read" "The body is no JSON, or a header or a query parameter is missing or malformed. Mend the request; nothing was stored."
    UNAUTHENTICATED "unauthenticated" 401 "Who are you?" "Send an API key or a token that is live: Authorization: Bearer …. A key that was revoked or has ended does not come back."
    FORBIDDEN "forbidden" 403 "The call is refused" "The key's limit does not allow it. The member reason says which part: a verb, a category, a purpose, a network, the tenant. Ask whoever made the key for one that does."
    NOT_FOUND "not-found" 404 "Not found" "There is nothing under this address for you. What belongs to another tenant is answered the same way."
    METHOD_NOT_ALLOWED "method-not-allowed" 405 "The method is not allowed here" "The header Allow names the methods that are."
    CONFLICT "conflict" 409 "The state does not allow it" "Read the resource again: it is in a state in which this cannot be done, or it exists already."
    RUNNING "still-running" 409 "The same request is still running" "A request with this Idempotency-Key has not ended. Repeat it in a moment to get its answer."
    STALE_VERSION "stale-version" 412 "It has changed since you read it" "Read the resource again, look at what changed, and send your change with its new ETag in If-Match."
    TOO_LARGE "too-large" 413 "The body is too large" "Send less at once; the API's document names the limit."
    UNSUPPORTED_TYPE "unsupported-media-type" 415 "The content type is not supported" "Send the content type that the API's document names."
    INVALID "invalid" 422 "The request does not make sense" "The member errors names each field by a JSON pointer, with a code. Nothing was stored."
    KEY_REUSED "idempotency-key-reused" 422 "The Idempotency-Key was used for another request" "Use a new key for a new request."
    RESTRICTED "restricted" 423 "Processing of this person is restricted" "Until the restriction is lifted the data may be stored and nothing else (GDPR 18)."
    VERSION_REQUIRED "version-required" 428 "If-Match is missing" "Read the resource, and send its ETag in If-Match, so that nobody's change is lost."
    TOO_MANY "too-many-requests" 429 "Too many requests" "Wait as long as Retry-After says."
    INTERNAL "internal" 500 "Something went wrong on our side" "Nothing is known to the outside but the trace id in the member instance. Send it to whoever runs the platform."
    UNAVAILABLE "unavailable" 503 "Not available for the moment" "Something that is needed is away. Repeat the request after Retry-After; nothing was stored."
    VIEW_STALE "view-stale" 503 "What is known is too old to decide on" "The service has not heard for longer than its lease what people said and which keys live, and refuses to decide on old facts. Repeat the request after Retry-After."
}

impl Slug {
    /// What a status means where nobody said more.
    pub(crate) fn of_status(status: u16) -> Self {
        let general =
            |slug: &&Self| slug.status == status && **slug != Self::RUNNING && **slug != Self::KEY_REUSED && **slug != Self::VIEW_STALE;
        Self::ALL.iter().find(general).copied().unwrap_or(if status >= 500 { Self::INTERNAL } else { Self::NOT_READABLE })
    }
}

const STYLE: &str =
    "body{font:1.1rem/1.5 system-ui,sans-serif;max-width:40rem;margin:3rem auto;padding:0 1rem;color:#222;background:#fff}a{color:#05c}";

fn html(title: &str, content: &str) -> HttpResponse {
    let page = format!(
        "<!doctype html><html lang=\"en\"><head><meta charset=\"utf-8\"><meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\
         <title>{title} - mxtr</title><style>{STYLE}</style></head><body><main><h1>{title}</h1>{content}</main></body></html>\n"
    );
    HttpResponse::Ok().content_type("text/html; charset=utf-8").insert_header((CACHE_CONTROL, "public, max-age=3600")).body(page)
}

/// The page of a problem. Everything on it is ours.
pub(crate) async fn page(name: web::Path<String>) -> HttpResponse {
    let Some(slug) = Slug::ALL.iter().find(|slug| slug.name == name.as_str()) else { return Problem::new(Slug::NOT_FOUND).response() };
    let reasons = if *slug == Slug::FORBIDDEN {
        format!("<h2>Reasons</h2>{}", list(&REASONS.map(|reason| format!("<code>{reason}</code>"))))
    } else {
        String::new()
    };
    let content = format!(
        "<p><code>{}</code>, status {}</p><p>{}</p>{reasons}<p><a href=\"/problems\">All problems</a></p>",
        slug.name, slug.status, slug.help
    );
    html(slug.title, &content)
}

/// Every problem there is.
pub(crate) async fn index() -> HttpResponse {
    let links: Vec<_> =
        Slug::ALL.iter().map(|slug| format!("<a href=\"/problems/{}\">{}</a> ({})", slug.name, slug.title, slug.status)).collect();
    html("Problems", &list(&links))
}

fn list(items: &[String]) -> String {
    format!("<ul><li>{}</li></ul>", items.join("</li><li>"))
}
