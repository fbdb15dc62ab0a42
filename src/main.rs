//! The binary: parse, run, exit code.

mod cli;

fn main() -> std::process::ExitCode {
    bound_heaps();
    cli::main()
}

/// glibc gives each thread a heap of its own, and what one thread frees is of no use to the next: with the many short-lived
/// threads of a run that came to a third of the peak memory. Two heaps for two kinds of threads cost no measurable time.
///
/// It also keeps ever larger blocks in its heaps, where cells of a mebibyte leave holes that nothing fits: what a run
/// holds then came to five times what it needs, depending on which thread was faster. Large blocks go back at once.
#[cfg(all(target_os = "linux", target_env = "gnu"))]
fn bound_heaps() {
    const HEAPS_MAX: i32 = 2;
    const HEAP_BLOCK_BYTES_MAX: i32 = 1 << 20;
    const FREE_BYTES_MAX: i32 = 8 << 20;
    // SAFETY: mallopt only sets limits of the allocator, and no other thread has been started yet. A refusal (0) changes
    // nothing but the use of memory.
    #[allow(unsafe_code)]
    unsafe {
        libc::mallopt(libc::M_ARENA_MAX, HEAPS_MAX);
        libc::mallopt(libc::M_MMAP_THRESHOLD, HEAP_BLOCK_BYTES_MAX);
        libc::mallopt(libc::M_TRIM_THRESHOLD, FREE_BYTES_MAX);
    }
}

#[cfg(not(all(target_os = "linux", target_env = "gnu")))]
fn bound_heaps() {}
