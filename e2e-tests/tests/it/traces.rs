//! One trace from a request through outbox and Kafka to the consumer, as a collector of OpenTelemetry's protocol gets it.

use e2e_tests::platform::{Platform, send, until};
use h2::server::SendResponse;
use opentelemetry_proto::tonic::collector::trace::v1::ExportTraceServiceRequest;
use opentelemetry_proto::tonic::common::v1::any_value::Value;
use opentelemetry_proto::tonic::trace::v1::Span;
use opentelemetry_proto::tonic::trace::v1::span::SpanKind;
use prost::Message as _;
use reqwest::Method;
use reqwest::header::{CONTENT_TYPE, HeaderMap, HeaderValue};
use serde_json::json;
use std::sync::{Arc, Mutex};
use tokio::net::{TcpListener, TcpStream};

const EXPORT: &str = "/opentelemetry.proto.collector.trace.v1.TraceService/Export";
const TRACE: &str = "4bf92f3577b34da6a3ce929d0e0e4736";
const CALLER: &str = "00f067aa0ba902b7";
const EMAIL: &str = "grace.hopper@canary.example";
const NAME: &str = "Murraycanary";
const TELEPHONE: &str = "+49301234567";
/// Before every message of gRPC: not compressed, and its length in four bytes.
const GRPC_PREFIX: usize = 5;

crate::in_both_shapes! {
    one_trace_goes_from_a_request_through_outbox_and_kafka_to_the_consumer_and_tells_nothing_personal,
}

/// A collector that keeps all messages as they came.
#[derive(Clone, Default)]
struct Collector(Arc<Mutex<Vec<Vec<u8>>>>);

impl Collector {
    /// Returns its address, too.
    async fn start() -> (Self, String) {
        let collector = Self::default();
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = format!("http://{}", listener.local_addr().unwrap());
        let listening = collector.clone();
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                tokio::spawn(listening.clone().serve(stream));
            }
        });
        (collector, address)
    }

    async fn serve(self, stream: TcpStream) {
        let Ok(mut connection) = h2::server::handshake(stream).await else { return };
        while let Some(Ok((request, respond))) = connection.accept().await {
            tokio::spawn(self.clone().answer(request, respond));
        }
    }

    async fn answer(self, request: http::Request<h2::RecvStream>, mut respond: SendResponse<bytes::Bytes>) -> Result<(), h2::Error> {
        assert_eq!(request.uri().path(), EXPORT);
        let (mut body, mut message) = (request.into_body(), Vec::new());
        while let Some(chunk) = body.data().await {
            let chunk = chunk?;
            body.flow_control().release_capacity(chunk.len())?;
            message.extend_from_slice(&chunk);
        }
        self.0.lock().unwrap().push(message.split_off(GRPC_PREFIX));
        let mut head = http::Response::new(());
        head.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static("application/grpc"));
        let mut answer = respond.send_response(head, false)?;
        answer.send_data(vec![0; GRPC_PREFIX].into(), false)?;
        answer.send_trailers(HeaderMap::from_iter([("grpc-status".parse().unwrap(), HeaderValue::from_static("0"))]))
    }

    /// The spans of our trace so far.
    fn trace(&self) -> Vec<Span> {
        let messages = self.0.lock().unwrap();
        let read = messages.iter().map(|message| ExportTraceServiceRequest::decode(message.as_slice()).unwrap());
        let scopes = read.flat_map(|message| message.resource_spans).flat_map(|resource| resource.scope_spans);
        scopes.flat_map(|scope| scope.spans).filter(|span| hex(&span.trace_id) == TRACE).collect()
    }

    /// Whether a text stands anywhere in what was sent, however it is written.
    fn was_told(&self, text: &str) -> bool {
        let messages = self.0.lock().unwrap();
        messages.iter().any(|message| String::from_utf8_lossy(message).to_lowercase().contains(&text.to_lowercase()))
    }
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().fold(String::new(), |text, byte| format!("{text}{byte:02x}"))
}

fn text<'a>(span: &'a Span, name: &str) -> Option<&'a str> {
    let attribute = span.attributes.iter().find(|attribute| attribute.key == name)?;
    match attribute.value.as_ref()?.value.as_ref()? {
        Value::StringValue(text) => Some(text),
        _ => None,
    }
}

fn find<'a>(spans: &'a [Span], name: &str, service: &str) -> Option<&'a Span> {
    spans.iter().find(|span| span.name == name && text(span, "service") == Some(service))
}

fn transaction<'a>(spans: &'a [Span], name: &str) -> Option<&'a Span> {
    spans.iter().find(|span| span.name == "transaction" && text(span, "name") == Some(name))
}

/// Whether one span is below another.
fn descends(spans: &[Span], span: &Span, from: &Span) -> bool {
    span.parent_span_id == from.span_id
        || spans.iter().find(|other| other.span_id == span.parent_span_id).is_some_and(|parent| descends(spans, parent, from))
}

/// Makes a contact and looks for it, in the trace; returns its tenant.
async fn a_person_comes(platform: &Platform) -> String {
    let (tenant, key) = platform.tenant("acme").await;
    let traced = |path: &str| {
        let request = platform.request(Method::POST, path, &key).header("mxtr-purpose", "client_service:support");
        request.header("traceparent", format!("00-{TRACE}-{CALLER}-01"))
    };
    let body = json!({"email": EMAIL, "first_name": "Grace", "last_name": NAME, "telephone": TELEPHONE});
    let made = send(traced("/v1/contacts").json(&body)).await;
    assert_eq!(made.status, 201, "{}", made.text);
    let found = send(traced("/v1/contacts/search").json(&json!({"email": EMAIL}))).await;
    assert_eq!(found.json()["data"][0]["id"], made.json()["id"], "{}", found.text);
    let refused = send(traced("/v1/contacts").json(&json!({"email": NAME, "telephone": EMAIL}))).await;
    assert_eq!(refused.status, 422, "{}", refused.text);
    tenant
}

async fn one_trace_goes_from_a_request_through_outbox_and_kafka_to_the_consumer_and_tells_nothing_personal(shape: &[&str]) {
    let (collector, address) = Collector::start().await;
    let platform = Platform::start_with(shape, vec![("MXTR_OTLP_ENDPOINT".to_owned(), address)]).await;
    let tenant = a_person_comes(&platform).await;
    until("the consumer's work is in the trace of the request", || async {
        let spans = collector.trace();
        transaction(&spans, "consent.on_contact_changed").is_some()
            && find(&spans, "process contacts.changes", "consent").is_some()
            && find(&spans, "POST /v1/contacts/search", "contacts").is_some()
    })
    .await;

    let spans = collector.trace();
    let request = spans.iter().find(|span| span.name == "POST /v1/contacts" && hex(&span.parent_span_id) == CALLER).unwrap();
    let heard = find(&spans, "process contacts.changes", "consent").unwrap();
    assert_eq!((request.kind, heard.kind), (SpanKind::Server.into(), SpanKind::Consumer.into()));
    assert!(descends(&spans, heard, request), "what is heard was caused by the request: {spans:#?}");
    let parent = spans.iter().find(|span| span.span_id == heard.parent_span_id).unwrap();
    assert_eq!(parent.name, "transaction", "and by the transaction that wrote it into the outbox");
    assert!(descends(&spans, transaction(&spans, "consent.on_contact_changed").unwrap(), heard));

    // In order, so that all are sent.
    drop(platform);
    for seen in [tenant.as_str(), "consent.on_contact_changed", "contacts.changes"] {
        assert!(collector.was_told(seen), "{seen} is in no span");
    }
    for personal in [EMAIL, NAME, TELEPHONE, "301234567", "grace"] {
        assert!(!collector.was_told(personal), "{personal} was told");
    }
}
