//! A platform started as a user starts it, and spoken to as a stranger would.

pub use crate::processes::{descendants, processes, runs, signal};
use reqwest::{Client, Method, RequestBuilder};
use serde_json::{Value, json};
use std::cell::Cell;
use std::collections::HashSet;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

/// One platform at a time: each wants the machine for itself.
static ONE: tokio::sync::Mutex<()> = tokio::sync::Mutex::const_new(());

/// `mxtr up` on a folder of its own.
pub struct Platform {
    folder: PathBuf,
    /// Where the folder is nobody's but this platform's: it goes with it.
    own: Option<tempfile::TempDir>,
    arguments: Vec<String>,
    settings: Vec<(String, String)>,
    up: Child,
    pub http: Client,
    pub base: String,
    pub admin: String,
    /// Nothing where it stands beside another one.
    _alone: Option<tokio::sync::MutexGuard<'static, ()>>,
}

/// An answer, read to its end.
#[derive(Debug)]
pub struct Answer {
    pub status: u16,
    pub text: String,
    pub content_type: String,
}

impl Answer {
    pub fn json(&self) -> Value {
        serde_json::from_str(&self.text).unwrap_or(Value::Null)
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

/// The binary of the same build: beside this program, or beside the folder of a test.
pub fn mxtr() -> PathBuf {
    let this = std::env::current_exe().unwrap();
    let found = this.ancestors().skip(1).take(2).map(|folder| folder.join("mxtr")).find(|binary| binary.is_file());
    found.expect("build it first: cargo build -p mxtr")
}

pub fn data(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("data").join(name)
}

/// An import's counts in the words of the expectations.
pub fn counted(import: &Value) -> Value {
    let counts = &import["counts"];
    let mut said = serde_json::Map::new();
    for name in ["created", "merged"] {
        said.insert(name.to_owned(), counts[name].clone());
    }
    for (reason, rows) in counts["rejected"].as_object().unwrap() {
        said.insert(format!("rejected:{reason}"), rows.clone());
    }
    Value::Object(said)
}

impl Platform {
    pub async fn start(arguments: &[&str]) -> Self {
        Self::start_with(arguments, Vec::new()).await
    }

    /// With settings of `mxtr`'s environment.
    pub async fn start_with(arguments: &[&str], settings: Vec<(String, String)>) -> Self {
        let own = tempfile::tempdir().unwrap();
        let alone = ONE.lock().await;
        Self::start_on(own.path().to_owned(), Some(own), arguments, settings, Some(alone)).await
    }

    /// On a folder that stays, with its data.
    pub async fn start_in(folder: &Path, arguments: &[&str]) -> Self {
        let alone = ONE.lock().await;
        Self::start_on(folder.to_owned(), None, arguments, Vec::new(), Some(alone)).await
    }

    /// Two that look for their ports at the same time.
    pub async fn start_two() -> (Self, Self) {
        let alone = ONE.lock().await;
        let (one, two) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
        let first = Self::start_on(one.path().to_owned(), Some(one), &[], Vec::new(), Some(alone));
        tokio::join!(first, Self::start_on(two.path().to_owned(), Some(two), &[], Vec::new(), None))
    }

    /// A second one beside this one, with these settings.
    pub async fn start_beside(&self, settings: Vec<(String, String)>) -> Self {
        let own = tempfile::tempdir().unwrap();
        Self::start_on(own.path().to_owned(), Some(own), &[], settings, None).await
    }

    async fn start_on(
        folder: PathBuf,
        own: Option<tempfile::TempDir>,
        arguments: &[&str],
        settings: Vec<(String, String)>,
        alone: Option<tokio::sync::MutexGuard<'static, ()>>,
    ) -> Self {
        let arguments: Vec<String> = arguments.iter().map(|&word| word.to_owned()).collect();
        let up = spawn(&folder, &arguments, &settings);
        let mut platform = Self {
            folder,
            own,
            arguments,
            settings,
            up,
            http: Client::builder().no_proxy().build().unwrap(),
            base: String::new(),
            admin: String::new(),
            _alone: alone,
        };
        platform.find().await;
        platform
    }

    pub fn folder(&self) -> PathBuf {
        self.folder.join(".mxtr")
    }

    pub fn state(&self) -> Value {
        serde_json::from_str(&std::fs::read_to_string(self.folder().join("state.json")).unwrap_or_default()).unwrap_or(Value::Null)
    }

    /// Waits until it says where it is.
    async fn find(&mut self) {
        let mut ended = None;
        until("mxtr up says where it is, or has ended", || {
            ended = self.up.try_wait().unwrap();
            std::future::ready(ended.is_some() || self.state()["pid"].as_u64() == Some(self.up.id().into()))
        })
        .await;
        if let Some(status) = ended {
            panic!("mxtr up ended: {status}\n{}", self.log());
        }
        self.base = self.state()["base_url"].as_str().unwrap().to_owned();
        self.admin = std::fs::read_to_string(self.folder().join("admin.key")).unwrap().trim().to_owned();
    }

    /// `kill -9` of everything at once, as when the machine goes away: nobody is told, nobody tidies up. Returns when all have ended.
    pub async fn crash(&mut self) {
        let all = self.everything();
        // Before anything else the guards, which would ask their children to stop in order.
        let guards: HashSet<u32> = processes()
            .into_iter()
            .filter(|(pid, _, command)| all.contains(pid) && command.starts_with("sh "))
            .map(|(pid, ..)| pid)
            .collect();
        let others = [self.up.id()].into_iter().chain(all.iter().copied().filter(|pid| !guards.contains(pid)));
        let pids = guards.iter().copied().chain(others).map(|pid| pid.to_string());
        let _gone = Command::new("kill").arg("-KILL").args(pids).stderr(Stdio::null()).status();
        self.up.wait().unwrap();
        // Reaped, too: to PostgreSQL, a process id that is taken may be another server on its data.
        until("everything is gone", || std::future::ready(processes().iter().all(|(pid, ..)| !all.contains(pid)))).await;
    }

    /// `kill -9` of `mxtr up` alone; returns when everything that it started has ended, which the guards see to.
    pub async fn orphan(&mut self) {
        let all = self.everything();
        self.up.kill().unwrap();
        self.up.wait().unwrap();
        until("no child outlives its killed parent", || std::future::ready(!all.iter().any(|pid| runs(*pid)))).await;
    }

    /// Waits until `mxtr up` has ended by itself: (exit code, what it said).
    pub async fn ended(&mut self) -> (Option<i32>, String) {
        let mut ended = None;
        until("mxtr up has ended", || {
            ended = self.up.try_wait().unwrap();
            std::future::ready(ended.is_some())
        })
        .await;
        (ended.and_then(|status| status.code()), self.log())
    }

    /// What `mxtr up` has said.
    pub fn log(&self) -> String {
        std::fs::read_to_string(self.folder.join("up.log")).unwrap_or_default()
    }

    /// All that `mxtr up` has started, and what that has started.
    pub fn everything(&self) -> Vec<u32> {
        let all = descendants(self.up.id());
        assert!(all.len() >= 3, "PostgreSQL, Kafka and a service at least: {all:?}");
        all
    }

    /// `mxtr up` again, on the same folder.
    pub async fn start_again(&mut self) {
        self.up = spawn(&self.folder, &self.arguments, &self.settings);
        self.find().await;
    }

    pub fn request(&self, method: Method, path: &str, bearer: &str) -> RequestBuilder {
        self.http.request(method, format!("{}{path}", self.base)).bearer_auth(bearer)
    }

    pub async fn get(&self, path: &str, bearer: &str) -> Answer {
        send(self.request(Method::GET, path, bearer)).await
    }

    pub async fn read(&self, path: &str, bearer: &str, purpose: &str) -> Answer {
        send(self.request(Method::GET, path, bearer).header("mxtr-purpose", purpose)).await
    }

    pub async fn post(&self, path: &str, bearer: &str, body: &Value) -> Answer {
        send(self.request(Method::POST, path, bearer).json(body)).await
    }

    /// A new tenant's id and its owner's key.
    pub async fn tenant(&self, name: &str) -> (String, String) {
        let body = json!({
            "name": name, "privacy_policy_url": "https://tenant.example/privacy", "privacy_policy_version": "1",
            "time_zone": "Europe/Berlin", "jurisdiction": "DE", "chosen_services": ["newsletter", "support"],
        });
        let made = self.post("/v1/tenants", &self.admin, &body).await;
        assert_eq!(made.status, 201, "{}", made.text);
        let made = made.json();
        (made["id"].as_str().unwrap().to_owned(), made["owner_key"]["key"].as_str().unwrap().to_owned())
    }

    /// Stages and commits a file; returns the import's id.
    pub async fn commit(&self, file: &str, key: &str) -> String {
        self.commit_csv(std::fs::read(data(file)).unwrap(), key).await
    }

    pub async fn commit_csv(&self, bytes: Vec<u8>, key: &str) -> String {
        let request = self.request(Method::POST, "/v1/imports?source=client&basis=contract", key).header("content-type", "text/csv");
        let staged = send(request.body(bytes)).await;
        assert_eq!(staged.status, 201, "{}", staged.text);
        let id = staged.json()["id"].as_str().unwrap().to_owned();
        let let_go = send(self.request(Method::POST, &format!("/v1/imports/{id}/commit"), key)).await;
        assert_eq!(let_go.status, 202, "{}", let_go.text);
        id
    }

    /// Waits until an import is done, whatever happens meanwhile; returns it.
    pub async fn done(&self, import: &str, key: &str) -> Value {
        let path = format!("/v1/imports/{import}");
        until("the import is done", || async { self.get(&path, key).await.json()["state"] == "done" }).await;
        self.get(&path, key).await.json()
    }

    /// The proof of an entry against a checkpoint that is newer than this one of it, and the proof that the log has only grown between the two.
    pub async fn fresh_proof(&self, old: &Value, key: &str) -> (String, String) {
        let path = format!("/v1/reads/{}/proof", old["leaf"]);
        until("a newer checkpoint speaks for the entry", || async { size(&self.get(&path, key).await.json()) > size(old) }).await;
        let fresh = self.get(&path, key).await;
        let sizes = format!("from={}&to={}", size(old).unwrap(), size(&fresh.json()).unwrap());
        let grown = self.get(&format!("/v1/audit/proofs/consistency?{sizes}"), "").await;
        assert_eq!((fresh.status, grown.status), (200, 200), "{} {}", fresh.text, grown.text);
        (fresh.text, grown.text)
    }

    /// Runs a command of `mxtr` in the platform's folder: (exit code, output).
    pub fn run(&self, arguments: &[&str]) -> (Option<i32>, String) {
        let (code, said, wrong) = self.run_with(arguments, &[]);
        (code, said + &wrong)
    }

    /// The same with settings: (exit code, standard output, standard error).
    pub fn run_with(&self, arguments: &[&str], settings: &[(String, String)]) -> (Option<i32>, String, String) {
        let settings = settings.iter().map(|(name, value)| (name, value));
        let output = Command::new(mxtr()).args(arguments).envs(settings).current_dir(&self.folder).output().unwrap();
        let text = |bytes: Vec<u8>| String::from_utf8_lossy(&bytes).into_owned();
        (output.status.code(), text(output.stdout), text(output.stderr))
    }

    /// The same, where it is to answer as JSON and nothing else.
    pub fn run_json(&self, arguments: &[&str]) -> Value {
        let (code, said, wrong) = self.run_with(arguments, &[]);
        assert_eq!(code, Some(0), "{arguments:?}: {said}{wrong}");
        serde_json::from_str(&said).unwrap_or_else(|_| panic!("{arguments:?} answers no JSON: {said}"))
    }

    /// The processes below `mxtr up` whose command line holds these words, but not their guards.
    pub fn running(&self, words: &str) -> Vec<u32> {
        let below = descendants(self.up.id());
        let is = |(pid, _, command): &(u32, u32, String)| below.contains(pid) && command.contains(words) && !command.starts_with("sh ");
        processes().into_iter().filter(is).map(|(pid, ..)| pid).collect()
    }

    /// Writes a file beside the platform's folder.
    pub fn write(&self, name: &str, text: &str) -> String {
        let path = self.folder.join(name);
        std::fs::write(&path, text).unwrap();
        path.display().to_string()
    }
}

impl Drop for Platform {
    fn drop(&mut self) {
        // What has ended by itself has left its process id to others.
        if matches!(self.up.try_wait(), Ok(None)) && Command::new("kill").args(["-TERM", &self.up.id().to_string()]).status().is_ok() {
            let _ended = self.up.wait();
        }
        if self.own.is_some() {
            forget(&self.folder);
        }
    }
}

/// Removes a platform that does not run, with its data.
pub fn forget(folder: &Path) {
    embedded::forget_lent(&folder.join(".mxtr"));
    let _gone = std::fs::remove_dir_all(folder);
}

/// How many entries the checkpoint of a proof speaks for: its second line.
fn size(proof: &Value) -> Option<u64> {
    proof["checkpoint"].as_str()?.lines().nth(1)?.parse().ok()
}

fn spawn(folder: &Path, arguments: &[String], settings: &[(String, String)]) -> Child {
    let log = std::fs::File::create(folder.join("up.log")).unwrap();
    Command::new(mxtr())
        .args(["up", "--port", "0"])
        .args(arguments)
        .envs(settings.iter().map(|(name, value)| (name, value)))
        .current_dir(folder)
        .stdin(Stdio::null())
        .stdout(log.try_clone().unwrap())
        .stderr(log)
        .spawn()
        .unwrap()
}

/// Sends a request; a 503 says that nothing was stored and that it may be repeated, which is what a client does.
pub async fn send(request: RequestBuilder) -> Answer {
    // A body that streams cannot be sent twice.
    if request.try_clone().is_none() {
        return send_once(request).await;
    }
    let last = Cell::new(None);
    until("what is not available for the moment is again", || async {
        let answer = send_once(request.try_clone().unwrap()).await;
        let done = answer.status != 503;
        last.set(Some(answer));
        done
    })
    .await;
    last.take().unwrap()
}

async fn send_once(request: RequestBuilder) -> Answer {
    let Ok(answer) = request.send().await else { return Answer { status: 0, text: String::new(), content_type: String::new() } };
    let content_type = answer.headers().get("content-type").and_then(|kind| kind.to_str().ok()).unwrap_or_default().to_owned();
    Answer { status: answer.status().as_u16(), content_type, text: answer.text().await.unwrap_or_default() }
}

/// Waits until something holds, by looking again and again.
pub async fn until<F: Future<Output = bool>>(what: &str, mut holds: impl FnMut() -> F) {
    let began = Instant::now();
    while !holds().await {
        assert!(began.elapsed() < Duration::from_secs(90), "waited too long until {what}");
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}
