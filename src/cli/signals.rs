//! Ctrl-C and SIGTERM, with which CI systems and schedulers end a job.
//!
//! While something is signed in to or read, the first signal ends the command, and its reports say
//! so. While something is changed, the calls in flight finish (`perform.rs`). At a question, the
//! program ends at once.

use crate::error::{CommandError, Exit};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Mutex, Once, PoisonError};
use tokio::sync::oneshot::{self, Sender};

/// Changes are being made: whoever makes them looks after the signals.
static CHANGING: AtomicBool = AtomicBool::new(false);

/// A question is asked, and the only thread waits for its answer.
static ASKING: AtomicBool = AtomicBool::new(false);

/// Something holds as long as this lives.
pub(super) struct Held(&'static AtomicBool);

impl Held {
    fn new(flag: &'static AtomicBool) -> Self {
        flag.store(true, Ordering::SeqCst);
        Self(flag)
    }
}

impl Drop for Held {
    fn drop(&mut self) {
        self.0.store(false, Ordering::SeqCst);
    }
}

/// Leaves the signals to whoever makes changes.
pub(super) fn changing() -> Held {
    Held::new(&CHANGING)
}

/// Lets a signal end the program while a question waits for its answer.
pub(super) fn asking() -> Held {
    Held::new(&ASKING)
}

/// Whether a question waits for its answer.
pub(super) fn is_asking() -> bool {
    ASKING.load(Ordering::SeqCst)
}

/// Whoever does work that a signal ends.
static LISTENER: Mutex<Option<Sender<()>>> = Mutex::new(None);

/// Does the work, or ends with an error at the first signal that nobody else looks after.
///
/// # Errors
/// When a signal came.
pub(super) async fn unless_interrupted<T>(
    work: impl Future<Output = T>,
) -> Result<T, CommandError> {
    let (tell, told) = oneshot::channel();
    *LISTENER.lock().unwrap_or_else(PoisonError::into_inner) = Some(tell);
    // A thread of its own, since a question keeps this one from looking. Once a signal was waited
    // for, the system no longer ends the program by itself, so the thread stays.
    static WATCHER: Once = Once::new();
    WATCHER.call_once(|| drop(std::thread::Builder::new().spawn(watch)));
    let interrupted = async {
        if told.await.is_err() {
            std::future::pending::<()>().await;
        }
    };
    let result = tokio::select! {
        done = work => Ok(done),
        () = interrupted => Err(CommandError {
            exit: Exit::Interrupted,
            ..CommandError::new("interrupted by a signal before there was a result")
        }),
    };
    drop(LISTENER.lock().unwrap_or_else(PoisonError::into_inner).take());
    result
}

fn watch() {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
    let Ok(runtime) = runtime else { return };
    runtime.block_on(async {
        while signal().await.is_ok() {
            if CHANGING.load(Ordering::SeqCst) {
                continue;
            }
            let listener = LISTENER.lock().unwrap_or_else(PoisonError::into_inner).take();
            let listens = listener.filter(|_| !ASKING.load(Ordering::SeqCst));
            if listens.is_none_or(|listener| listener.send(()).is_err()) {
                std::process::exit(i32::from(Exit::Interrupted.code()));
            }
        }
    });
}

/// Waits for a signal.
///
/// # Errors
/// When the system does not let a program wait for it.
#[cfg(unix)]
pub(super) async fn signal() -> std::io::Result<()> {
    use tokio::signal::unix::{SignalKind, signal};
    let mut terminated = signal(SignalKind::terminate())?;
    tokio::select! {
        pressed = tokio::signal::ctrl_c() => pressed,
        _ = terminated.recv() => Ok(()),
    }
}

/// Waits for a signal: Ctrl-C, Ctrl-Break, or that the console is closed.
///
/// # Errors
/// When the system does not let a program wait for it.
#[cfg(windows)]
pub(super) async fn signal() -> std::io::Result<()> {
    use tokio::signal::windows::{ctrl_break, ctrl_close};
    let (mut broken, mut closed) = (ctrl_break()?, ctrl_close()?);
    tokio::select! {
        pressed = tokio::signal::ctrl_c() => pressed,
        _ = broken.recv() => Ok(()),
        _ = closed.recv() => Ok(()),
    }
}

/// Waits for a signal.
///
/// # Errors
/// When the system does not let a program wait for it.
#[cfg(not(any(unix, windows)))]
pub(super) async fn signal() -> std::io::Result<()> {
    tokio::signal::ctrl_c().await
}
