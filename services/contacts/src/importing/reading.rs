//! From bytes to rows, on a thread of its own: the file is never in memory as a whole.

use super::CHUNK;
use super::staged::Staged;
use crate::domain::fields::Field;
use crate::domain::import::cell::{incoming, may_be_dialled};
use crate::domain::import::layout::{Mapping, is_called_telephone, recognise};
use crate::domain::import::row::{Fault, blanked, screen};
use aws_lc_rs::digest::{Context, SHA256};
use bytes::Bytes;
use std::io::{self, BufRead as _, BufReader, Read};
use tokio::sync::mpsc;

/// What the reader says, in this order: the header once, chunks, the end.
pub enum Part {
    Header {
        names: Vec<String>,
        recognised: Option<(&'static str, Mapping)>,
    },
    Chunk(Vec<Staged>),
    End {
        sha256: Vec<u8>,
    },
    /// The file has no header that can be read.
    NoHeader,
}

/// The bytes of a request as they come.
struct Stream {
    chunks: mpsc::Receiver<Bytes>,
    current: Bytes,
    hash: Context,
}

impl Read for Stream {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        while self.current.is_empty() {
            match self.chunks.blocking_recv() {
                Some(chunk) => {
                    self.hash.update(&chunk);
                    self.current = chunk;
                }
                None => return Ok(0),
            }
        }
        let taken = self.current.split_to(buffer.len().min(self.current.len()));
        buffer[..taken.len()].copy_from_slice(&taken);
        Ok(taken.len())
    }
}

/// Reads rows until the stream ends or nobody listens any more.
pub fn read(chunks: mpsc::Receiver<Bytes>, parts: &mpsc::Sender<Part>) {
    let stream = Stream { chunks, current: Bytes::new(), hash: Context::new(&SHA256) };
    let mut input = BufReader::with_capacity(64 * 1024, stream);
    let marked = input.fill_buf().is_ok_and(|start| start.starts_with(b"\xef\xbb\xbf"));
    if marked {
        input.consume(3);
    }
    let mut reader = csv::ReaderBuilder::new().has_headers(false).flexible(true).from_reader(input);
    let mut rows = Rows { parts, mapping: None, telephones: Vec::new(), pending: Vec::with_capacity(CHUNK) };
    let Some(()) = rows.header(&mut reader) else {
        // Whoever asked may be gone already.
        let _gone = parts.blocking_send(Part::NoHeader);
        return;
    };
    if rows.all(&mut reader).is_some() {
        let sha256 = reader.into_inner().into_inner().hash.finish().as_ref().to_vec();
        let _gone = parts.blocking_send(Part::End { sha256 });
    }
}

struct Rows<'a> {
    parts: &'a mpsc::Sender<Part>,
    /// Of a layout that is known.
    mapping: Option<Mapping>,
    /// For each column, whether it is called a telephone's.
    telephones: Vec<bool>,
    pending: Vec<Staged>,
}

impl Rows<'_> {
    fn header<R: Read>(&mut self, reader: &mut csv::Reader<R>) -> Option<()> {
        let mut record = csv::ByteRecord::new();
        if !reader.read_byte_record(&mut record).ok()? {
            return None;
        }
        let names: Vec<String> =
            record.iter().map(|cell| std::str::from_utf8(cell).ok().map(|name| name.trim().to_owned())).collect::<Option<_>>()?;
        if names.len() < 2 && names.first().is_none_or(String::is_empty) || names.iter().any(|name| kernel::holds_card_number(name)) {
            return None;
        }
        self.telephones = names.iter().map(|name| is_called_telephone(name)).collect();
        let recognised = recognise(&names);
        self.mapping = recognised.as_ref().map(|(_, mapping)| mapping.clone());
        self.parts.blocking_send(Part::Header { names, recognised }).ok()
    }

    fn all<R: Read>(&mut self, reader: &mut csv::Reader<R>) -> Option<()> {
        let mut record = csv::ByteRecord::new();
        let mut row = 0;
        while reader.read_byte_record(&mut record).ok()? {
            row += 1;
            self.pending.push(self.stage(row, &record));
            if self.pending.len() == CHUNK {
                self.parts.blocking_send(Part::Chunk(std::mem::replace(&mut self.pending, Vec::with_capacity(CHUNK)))).ok()?;
            }
        }
        if !self.pending.is_empty() {
            self.parts.blocking_send(Part::Chunk(std::mem::take(&mut self.pending))).ok()?;
        }
        Some(())
    }

    /// The row as it may be kept: screened before anything of it is stored.
    fn stage(&self, row: u64, record: &csv::ByteRecord) -> Staged {
        let readable = record.iter().all(|cell| std::str::from_utf8(cell).is_ok());
        let cells: Vec<String> = record.iter().map(|cell| String::from_utf8_lossy(cell).into_owned()).collect();
        let known = self.mapping.as_ref().map(|mapping| mapping.position(Field::Telephone));
        let verdict = screen(&cells, self.telephones.len(), |at, cell| match known {
            Some(telephone) => telephone == Some(at),
            // Nobody has said yet what the column is for: its name alone is not enough.
            None => self.telephones.get(at).is_some_and(|telephone| *telephone) && may_be_dialled(incoming(cell)),
        });
        let fault = verdict.err().or((!readable).then_some(Fault::NotUtf8));
        match fault {
            Some(Fault::CardNumber) => Staged { row, cells: blanked(cells), fault },
            _ => Staged { row, cells, fault },
        }
    }
}
