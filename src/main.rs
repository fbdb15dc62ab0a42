//! The binary: parse, run, exit code.

mod cli;

fn main() -> std::process::ExitCode {
    bound_arenas();
    cli::main()
}

/// glibc gives each thread a heap of its own, and what one thread frees is of no use to the next: with the many short-lived
/// threads of a run that came to a third of the peak memory. Two heaps for two kinds of threads cost no measurable time.
#[cfg(all(target_os = "linux", target_env = "gnu"))]
fn bound_arenas() {
    const ARENAS_MAX: i32 = 2;
    // SAFETY: mallopt only sets a limit of the allocator, and no other thread has been started yet. A refusal (0) changes
    // nothing but the use of memory.
    #[allow(unsafe_code)]
    unsafe {
        libc::mallopt(libc::M_ARENA_MAX, ARENAS_MAX);
    }
}

#[cfg(not(all(target_os = "linux", target_env = "gnu")))]
fn bound_arenas() {}
