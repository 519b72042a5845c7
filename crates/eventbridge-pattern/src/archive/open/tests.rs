use super::*;
use flate2::Compression;
use flate2::write::GzEncoder;
use std::io::Write as _;

fn gzip(text: &[u8]) -> Vec<u8> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::default());
    encoder.write_all(text).unwrap();
    encoder.finish().unwrap()
}

fn record(id: usize) -> String {
    format!(r#"{{"eventSource":"iam.amazonaws.com","eventName":"CreateUser","eventID":"{id}"}}"#)
}

fn lines(count: usize) -> String {
    (0..count).map(|id| record(id) + "\n").collect()
}

/// The records of a file, and what of it is not read; the same read at once and through a window.
fn read(file: &[u8]) -> (usize, Vec<Unread>) {
    let mut reader = Reader::default();
    let run = |read: &mut dyn FnMut(&mut Visit<'_>)| {
        let (mut records, mut unread) = (0, Vec::new());
        read(&mut |item| {
            match item.what {
                What::Record(text) | What::Row(text, _) => {
                    assert_eq!(text, record(records).as_bytes());
                    records += 1;
                }
                What::Unread(why) => unread.push(why),
                other => panic!("{other:?}"),
            }
            Flow::Continue(())
        });
        (records, unread)
    };
    let at_once = run(&mut |visit| {
        reader.whole(file, visit);
    });
    let windows = run(&mut |visit| {
        reader.stream(&mut &*file, visit);
    });
    assert_eq!(at_once, windows);
    windows
}

#[test]
fn text_is_read_as_it_is_and_gzip_inflated_in_each_other_too() {
    let text = lines(2_000);
    let once = gzip(text.as_bytes());
    for file in [text.as_bytes(), &once, &gzip(&once)] {
        assert_eq!(read(file), (2_000, vec![]));
    }
}

#[test]
fn a_size_that_lies_does_no_harm() {
    let text = lines(20_000);
    for said in [0_u32, 1, 1_000, u32::MAX] {
        let mut file = gzip(text.as_bytes());
        let end = file.len() - 4;
        // What is written there is checked by the reader: a lie is broken gzip, with its text intact.
        file[end..].copy_from_slice(&said.to_le_bytes());
        let (records, unread) = read(&file);
        assert_eq!(records, 20_000, "{said}");
        assert!(matches!(unread.as_slice(), [Unread::BadGzip(_)]), "{said}: {unread:?}");
    }
}

#[test]
fn members_are_read_one_after_the_other_whatever_the_last_ones_size() {
    let (all, tail) = (lines(3_000), record(3_000));
    let file = [gzip(all.as_bytes()), gzip(tail.as_bytes()), gzip(b"")].concat();
    assert_eq!(read(&file), (3_001, vec![]));
    let padded = [file.clone(), vec![0; 512]].concat();
    assert_eq!(read(&padded), (3_001, vec![]), "zeros after the end are no member");
    let (records, unread) = read(&[file, b"noise".to_vec()].concat());
    assert_eq!(records, 3_001);
    assert!(matches!(unread.as_slice(), [Unread::BadGzip(_)]), "{unread:?}");
}

#[test]
fn a_file_that_is_cut_off_keeps_what_came_before_and_gives_one_reason() {
    let file = gzip(lines(30_000).as_bytes());
    for length in [file.len() - 1, file.len() - 9, file.len() / 2, 20, 5, 2] {
        let (records, unread) = read(&file[..length]);
        assert!(matches!(unread.as_slice(), [Unread::BadGzip(_)]), "{length}: {unread:?}");
        assert!(length < file.len() / 2 || records > 10_000, "{length}: {records}");
    }
}

#[test]
fn what_inflates_beyond_measure_is_given_up() {
    let file = gzip(&[&lines(1)[..], &" ".repeat(8_000_000)].concat().into_bytes());
    let mut reader = Reader { ratio_free: 1 << 20, ..Reader::default() };
    let mut unread = Vec::new();
    reader.stream(&mut &*file, &mut |item| {
        if let What::Unread(why) = item.what {
            unread.push(why);
        }
        Flow::Continue(())
    });
    assert_eq!(unread, [Unread::Ratio]);
    assert_eq!(read(&file), (1, vec![]), "up to a gigabyte anything goes");
}

#[test]
fn a_short_file_after_a_long_one_has_its_own_text_only() {
    let mut reader = Reader::default();
    for count in [30_000, 1] {
        let mut records = 0;
        reader.whole(&gzip(lines(count).as_bytes()), &mut |_| {
            records += 1;
            Flow::Continue(())
        });
        assert_eq!(records, count);
    }
}

#[test]
fn a_large_file_takes_no_more_memory_than_a_window() {
    // Two lists of one megabyte each time, 20 MB in all.
    let list = format!("{{\"Records\":[{}]}}\n", vec![record(7); 12_000].join(","));
    let text = list.repeat(20);
    let mut reader = Reader::default();
    for file in [text.clone().into_bytes(), gzip(text.as_bytes())] {
        let mut records = 0;
        let read = reader.stream(&mut &*file, &mut |_| {
            records += 1;
            Flow::Continue(())
        });
        assert_eq!((records, read.text), (240_000, text.len() as u64));
        assert!(reader.text.capacity() < 1 << 20, "{}", reader.text.capacity());
    }
}

#[test]
fn a_file_of_no_bytes_is_told() {
    let file = tempfile::NamedTempFile::new().unwrap();
    let mut told = Vec::new();
    let read = Reader::default().file(file.path(), &mut |item| {
        told.push(format!("{:?}", item.what));
        Flow::Continue(())
    });
    assert_eq!(read.unwrap(), BytesRead::default());
    assert_eq!(told, ["Unread(Empty)"]);
}
