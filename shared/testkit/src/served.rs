//! HTTP as a client speaks it.

use crate::Key;
use reqwest::{Method, RequestBuilder};
use serde_json::Value;
use std::net::SocketAddr;

/// Somebody who calls a service.
#[derive(Clone)]
pub struct Client {
    http: reqwest::Client,
    base: String,
    bearer: Option<String>,
}

/// An answer, read to its end.
#[derive(Clone, Debug)]
pub struct Answer {
    pub status: u16,
    pub headers: reqwest::header::HeaderMap,
    pub text: String,
}

impl Answer {
    /// The body as JSON; null where it is none.
    pub fn json(&self) -> Value {
        serde_json::from_str(&self.text).unwrap_or(Value::Null)
    }

    /// A header's text.
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name)?.to_str().ok()
    }

    /// The body without what differs from call to call: the trace id.
    pub fn without_instance(&self) -> Value {
        let mut body = self.json();
        if let Some(body) = body.as_object_mut() {
            body.remove("instance");
        }
        body
    }
}

impl Client {
    /// Nobody in particular.
    pub fn anonymous(address: SocketAddr) -> Self {
        Self { http: reqwest::Client::new(), base: format!("http://{address}"), bearer: None }
    }

    /// The holder of this key.
    #[must_use]
    pub fn with(&self, key: &Key) -> Self {
        self.with_bearer(&key.text)
    }

    /// The holder of this token or key.
    #[must_use]
    pub fn with_bearer(&self, bearer: &str) -> Self {
        Self { bearer: Some(bearer.to_owned()), ..self.clone() }
    }

    pub fn request(&self, method: Method, path: &str) -> RequestBuilder {
        let request = self.http.request(method, format!("{}{path}", self.base));
        match &self.bearer {
            Some(bearer) => request.bearer_auth(bearer),
            None => request,
        }
    }

    pub async fn get(&self, path: &str) -> Answer {
        send(self.request(Method::GET, path)).await
    }

    /// Reads for a purpose.
    pub async fn get_for(&self, path: &str, purpose: &str) -> Answer {
        send(self.request(Method::GET, path).header("mxtr-purpose", purpose)).await
    }

    pub async fn post(&self, path: &str, body: &Value) -> Answer {
        send(self.request(Method::POST, path).json(body)).await
    }
}

/// Sends a request and reads the answer.
pub async fn send(request: RequestBuilder) -> Answer {
    let response = request.send().await.expect("the service answers");
    let (status, headers) = (response.status().as_u16(), response.headers().clone());
    Answer { status, headers, text: response.text().await.expect("the answer has an end") }
}

/// Walks every operation of a service's document, ids filled in: a stranger is nobody wherever it is not public, and a key without any right is refused.
pub async fn walk(document: &Value, nobody: &Client, powerless: &Client, id: impl Fn() -> String) {
    let paths = document["paths"].as_object().expect("a document has paths");
    assert!(!paths.is_empty(), "there is something to walk");
    for (path, item) in paths {
        for (method, operation) in item.as_object().expect("a path has operations") {
            let (path, name) = (path.replace("{id}", &id()), method.to_uppercase());
            let call = |client: &Client| send(client.request(name.parse().expect("it is a method"), &path).json(&serde_json::json!({})));
            let public = operation["x-public"] == true;
            assert_eq!(call(nobody).await.status == 401, !public, "{method} {path} as nobody");
            if !public {
                let answer = call(powerless).await;
                assert_eq!(answer.status, 403, "{method} {path} without the right: {}", answer.text);
            }
        }
    }
}
