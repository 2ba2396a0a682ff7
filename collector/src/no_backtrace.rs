//! A stack that cannot be walked.
//!
//! The static build leaves the unwinding tables out, so a panic could never show its call stack;
//! but the standard library would still carry all it takes to try: the unwinder, readers of DWARF,
//! of ELF, of compressed sections and of mangled names, a quarter of the binary. The functions of
//! the Itanium C++ ABI by which it would begin stand here instead, and end the walk before the
//! first frame. A panic still says what and where, and aborts.
#![expect(unsafe_code, reason = "takes the place of functions of the C runtime by their names")]

use std::ffi::{c_int, c_void};

/// `_URC_END_OF_STACK`.
const END_OF_STACK: c_int = 5;

// SAFETY: name and signature are the ABI's; the callback is not called.
#[unsafe(no_mangle)]
extern "C" fn _Unwind_Backtrace(_each: *const c_void, _argument: *mut c_void) -> c_int {
    END_OF_STACK
}

// SAFETY: name and signature are the ABI's. Nothing is ever thrown that could be resumed.
#[unsafe(no_mangle)]
extern "C" fn _Unwind_Resume(_exception: *mut c_void) -> ! {
    std::process::abort()
}

/// Functions that would be asked about a frame, if there were one.
macro_rules! nothing_is_known_of_a_frame {
    ($($name:ident($($argument:ty),*))*) => {$(
        // SAFETY: name and signature are the ABI's; no argument is used.
        #[unsafe(no_mangle)]
        extern "C" fn $name($(_: $argument),*) -> usize {
            0
        }
    )*};
}

nothing_is_known_of_a_frame! {
    _Unwind_FindEnclosingFunction(*mut c_void)
    _Unwind_GetCFA(*mut c_void)
    _Unwind_GetDataRelBase(*mut c_void)
    _Unwind_GetIP(*mut c_void)
    _Unwind_GetIPInfo(*mut c_void, *mut c_int)
    _Unwind_GetLanguageSpecificData(*mut c_void)
    _Unwind_GetRegionStart(*mut c_void)
    _Unwind_GetTextRelBase(*mut c_void)
    _Unwind_SetGR(*mut c_void, c_int, usize)
    _Unwind_SetIP(*mut c_void, usize)
}
