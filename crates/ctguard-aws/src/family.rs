//! A command with the programs that it starts: when it is given up, they end with it.
//!
//! Where no terminal is at hand, the command has a process group of its own, which is killed whole.
//! At a terminal it stays in ctguard's group: a program of another group that asks there for a code
//! would be stopped. Then its descendants are looked up one by one.
//!
//! Source: <https://pubs.opengroup.org/onlinepubs/9799919799/basedefs/V1_chap11.html#tag_11_01_04>

use std::io;
use std::process::Output;
use tokio::process::{Child, Command};

/// A command that runs.
pub(super) struct Family {
    child: Child,
    group: bool,
}

impl Family {
    /// Starts a command.
    ///
    /// # Errors
    ///
    /// When it cannot be started.
    pub(super) fn start(command: &mut Command) -> io::Result<Self> {
        command.kill_on_drop(true);
        let group = own_group(command);
        Ok(Self { child: command.spawn()?, group })
    }

    /// Waits for its end. If the wait is given up, all of them are killed.
    ///
    /// # Errors
    ///
    /// When its output cannot be read.
    pub(super) async fn output(self) -> io::Result<Output> {
        let Self { child, group } = self;
        let pid = child.id();
        let mut waiting = std::pin::pin!(child.wait_with_output());
        // Dropped before the child, whose end would orphan the others.
        let mut rest = Rest { pid, group };
        let output = waiting.as_mut().await;
        // What it left behind on purpose, such as an agent, goes on.
        rest.pid = None;
        output
    }
}

/// What is killed when nobody waits any longer.
struct Rest {
    pid: Option<u32>,
    group: bool,
}

impl Drop for Rest {
    fn drop(&mut self) {
        if let Some(pid) = self.pid {
            kill(pid, self.group);
        }
    }
}

#[cfg(unix)]
fn own_group(command: &mut Command) -> bool {
    let alone = std::fs::File::open("/dev/tty").is_err();
    if alone {
        command.process_group(0);
    }
    alone
}

#[cfg(not(unix))]
fn own_group(_: &mut Command) -> bool {
    false
}

#[cfg(unix)]
fn kill(pid: u32, group: bool) {
    use rustix::process::{Pid, Signal, kill_process, kill_process_group};
    let id = |pid: u32| i32::try_from(pid).ok().and_then(Pid::from_raw);
    // One that has ended meanwhile needs nothing.
    if group {
        let _ = id(pid).map(|group| kill_process_group(group, Signal::KILL));
        return;
    }
    for one in with_descendants(pid).into_iter().filter_map(id) {
        let _ = kill_process(one, Signal::KILL);
    }
}

#[cfg(not(unix))]
fn kill(_: u32, _: bool) {}

/// This process and those below it.
#[cfg(unix)]
fn with_descendants(pid: u32) -> Vec<u32> {
    let listed = std::process::Command::new("ps").args(["-A", "-o", "pid=,ppid="]).output();
    let listed = listed.map(|output| output.stdout).unwrap_or_default();
    let listed = String::from_utf8_lossy(&listed).into_owned();
    tree(&listed, pid)
}

/// The same, by a list of each process with its parent.
#[cfg(unix)]
fn tree(listed: &str, pid: u32) -> Vec<u32> {
    let pairs: Vec<(u32, u32)> = listed
        .lines()
        .filter_map(|line| {
            let mut numbers = line.split_whitespace().map(str::parse);
            Some((numbers.next()?.ok()?, numbers.next()?.ok()?))
        })
        .collect();
    let mut found = vec![pid];
    let mut at = 0;
    while let Some(parent) = found.get(at).copied() {
        let children = pairs.iter().filter(|(child, of)| *of == parent && !found.contains(child));
        let children: Vec<u32> = children.map(|(child, _)| *child).collect();
        found.extend(children);
        at += 1;
    }
    found
}

#[cfg(all(test, unix))]
mod tests {
    use super::*;

    #[test]
    fn descendants_are_found_through_their_parents() {
        let listed = "  1 0\n 10 1\n 11 10\n 12 11\n 20 1\nno numbers\n 10 12\n";
        assert_eq!(tree(listed, 10), [10, 11, 12]);
        assert_eq!(tree(listed, 20), [20]);
        assert!(with_descendants(std::process::id()).contains(&std::process::id()));
    }
}
