//! Where files are read by other crates, which panic at some that are damaged.

use std::cell::Cell;
use std::panic::{self, AssertUnwindSafe};
use std::sync::Once;

thread_local! {
    /// Whether a panic of this thread ends in [`read`], so that nothing is printed of it.
    static IS_CAUGHT: Cell<bool> = const { Cell::new(false) };
}

/// What a reader gives; nothing if it panics.
pub fn read<T>(read: impl FnOnce() -> T) -> Option<T> {
    static HOOK: Once = Once::new();
    HOOK.call_once(|| {
        let print = panic::take_hook();
        panic::set_hook(Box::new(move |panic| {
            if !IS_CAUGHT.get() {
                print(panic);
            }
        }));
    });
    IS_CAUGHT.set(true);
    let read = panic::catch_unwind(AssertUnwindSafe(read));
    IS_CAUGHT.set(false);
    read.ok()
}
